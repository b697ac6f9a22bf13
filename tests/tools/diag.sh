#!/bin/sh
# diag.sh HARK [NAME...] - compares what hark says about each tests/diag/*.bt with the x.err beside it
#
#   // args: WORDS          options in front of the file
#   // params: WORDS        the script's parameters
#   // env: NAME=VALUE
# Scripts are compiled up to the plan, nothing is loaded. Exit status: 1 if x.err has an error, 0 if
# it has only warnings. UPDATE=1 writes the x.err of the given names (all those that have one
# already, if none are given): read them before commit.
set -u
hark=$(realpath "$1")
shift
PROGS=$(realpath "${PROGS:-build/tests/testprogs}")
export PROGS
cd "$(dirname "$0")/../diag" || exit 2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0

given=$#
[ $# -gt 0 ] || set -- *.bt
for script; do
    name=${script%.bt}
    get() { sed -n "s|^// $1: ||p" "$name.bt"; }
    # shellcheck disable=SC2046 disable=SC2086 # several words
    eval "env $(get env) timeout 60 \"\$hark\" --dump=plan $(get args) $name.bt $(get params)" \
        >"$tmp/out" 2>"$tmp/err" </dev/null
    status=$?
    if [ "${UPDATE:-}" ] && { [ $given -gt 0 ] || [ -e "$name.err" ]; }; then
        cp "$tmp/err" "$name.err"
    fi
    if [ ! -e "$name.err" ]; then
        echo "tests/diag/$name.bt: there is no $name.err"
        failed=$((failed + 1))
        continue
    fi
    if grep -q 'ERROR: ' "$name.err"; then want=1; else want=0; fi
    if [ $status -ne $want ]; then
        echo "tests/diag/$name.bt: exit status $status, expected $want"
        cat "$tmp/err"
        failed=$((failed + 1))
    elif ! diff -u "$name.err" "$tmp/err"; then
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done
echo "tests/diag: $passed passed, $failed failed"
[ $failed -eq 0 ]
