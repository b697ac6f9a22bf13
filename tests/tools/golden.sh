#!/bin/sh
# golden.sh - run a command on every x.bt of a folder and compare what it prints
#
#     golden.sh FOLDER COMMAND...         e.g. golden.sh tests/parser build/parse_dump ast
#     UPDATE=1 golden.sh FOLDER COMMAND...  rewrite the expectations; read the diff before commit
#
# Beside x.bt lies x.out (standard output of a run that succeeds) or x.err (standard error of one
# that fails). A line "// args: a b" in x.bt adds words behind the file name. The command runs in
# FOLDER, so that messages name files the same way everywhere.

if [ $# -lt 2 ]; then
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi

folder=$1
shift
program=$(realpath "$1") || exit 2
shift
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0

cd "$folder" || exit 2

for script in *.bt; do
    [ -e "$script" ] || continue
    name=${script%.bt}
    args=$(sed -n 's,^// args: ,,p' "$script")
    # shellcheck disable=SC2086 # several words
    timeout 60 "$program" "$@" "$script" $args >"$tmp/out" 2>"$tmp/err" </dev/null
    status=$?

    kind=out other=err
    [ $status -eq 0 ] || kind=err other=out

    if [ $status -gt 1 ]; then # killed, or never ran
        echo "$folder/$script: exit status $status"
        cat "$tmp/err"
    elif [ -n "$UPDATE" ]; then
        rm -f "$name.$other"
        cmp -s "$tmp/$kind" "$name.$kind" || cp "$tmp/$kind" "$name.$kind"
        passed=$((passed + 1))
        continue
    elif [ -e "$name.$other" ]; then
        echo "$folder/$script: exit status $status, but there is a $name.$other"
        cat "$tmp/err"
    elif diff -u "$name.$kind" "$tmp/$kind"; then
        passed=$((passed + 1))
        continue
    fi
    failed=$((failed + 1))
done

echo "$folder: $passed passed, $failed failed"
[ $failed -eq 0 ]
