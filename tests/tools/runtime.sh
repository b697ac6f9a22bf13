#!/bin/bash
# runtime.sh HARK FILE - runs one script on the live kernel and checks what its comments say
#
#   // proves: IDs          features of LANGUAGE.md 26 this test shows
#   // args: WORDS          options of hark (shell words; $PROGS is the folder of test programs)
#   // params: WORDS        the script's parameters (shell words)
#   // env: NAME=VALUE      may be repeated
#   // before: COMMAND      started first, in the background; $BEFORE is its pid afterwards
#   // after: COMMAND       run as soon as hark is attached; then hark gets SIGINT
#   // signal: NAME         another signal than INT; "none": the run ends by itself
#   // expect: REGEX        some line of standard output (grep -E)
#   // expect_not: REGEX    no line of it
#   // error: REGEX         some line of standard error
#   // error_not: REGEX     no line of it
#   // filter: SED          applied to standard output before it is compared with "out:"
#   // status: N            exit status (0)
#   // needs: WORDS         else skipped (77): root, programs (bpftool …), and whatever `hark --info`
#                           answers with yes or no (kprobe, fentry, lsm, watchpoint, loop, module_btf …)
#   /* out:                 the whole of standard output: the lines up to the one with the end
#   /* err:                 of the comment; the same for standard error, without "Attached …";
#                           the script is called FILE there
# A FILE.sh is a test of its own: run with HARK as $1 and $PROGS set; 0 passed, 77 skipped. It may say
# what it needs in a line "# needs: WORDS".
# Waits for hark to be attached, never for time; TIMEOUT (seconds, 60) is when a test has failed.
#
# Also runs in emulated machines (tests/vm), where starting a program costs a tenth of a second: so
# what bash can do by itself, it does.
set -u
hark=$(realpath "$1")
file=$2
PROGS=$(realpath "${PROGS:-build/tests/testprogs}")
export PROGS
limit=${TIMEOUT:-60} # also of the end: timeout(1) counts from the signal it hands on
export HARK_CACHE=${HARK_CACHE:-off} # each test compiles

# ---- what the file says: lines of each directive, and the blocks ----
declare -A said=() block=()
in=''
mapfile -t lines <"$file"
for line in "${lines[@]}"; do
    if [ "$line" = '*/' ]; then
        in=''
    elif [ -n "$in" ]; then
        block[$in]+=$line$'\n'
    elif [[ $line =~ ^'/* '(out|err):$ ]]; then
        in=${BASH_REMATCH[1]}
        block[$in]=''
    elif [[ $line =~ ^('//'|'#')' '([a-z_]+):' '(.*)$ ]]; then
        said[${BASH_REMATCH[2]}]+=${BASH_REMATCH[3]}$'\n'
    fi
done
get() { # directive, name of a variable
    printf -v "$2" '%s' "${said[$1]:-}"
    printf -v "$2" '%s' "${!2%$'\n'}"
}

# ---- can it run here? ----
skip() { echo "SKIPPED $file: needs $1"; exit 77; }
[ "$EUID" = 0 ] || skip root
get needs needs
if [ -n "$needs" ]; then
    declare -A has=([root]=yes)
    while read -r left right; do # "module btf: yes" is about module_btf
        [ -z "$left" ] || has[${left// /_}]=$right
    done < <(grep -oE '[a-z][a-z0-9_ ]*: (yes|no|unknown)\b' <<<"${HARK_INFO:-$("$hark" --info)}" |
        sed 's/\([^ ]\) \([^ ]*:\)/\1_\2/g; s/: / /')
    for need in $needs; do
        case ${has[$need]:-} in
        yes) ;;
        '') command -v "$need" >/dev/null || skip "$need" ;;
        *) skip "$need" ;;
        esac
    done
fi

case $file in
*.sh)
    timeout -k 5 "$limit" bash "$file" "$hark"
    status=$?
    case $status in
    0) echo "ok $file" ;;
    77) echo "SKIPPED $file" ;;
    *) echo "FAILED $file: exit status $status" ;;
    esac
    exit $status
    ;;
esac

# ---- run it ----
dir=$(mktemp -d)
pid='' BEFORE=''
trap 'kill $BEFORE $pid 2>/dev/null; rm -rf "$dir"' EXIT
exec {never}<> <(:)

fail() {
    printf 'FAILED %s: %s\n' "$file" "$1"
    printf -- '--- stdout\n'; head -60 "$dir/out"
    printf -- '--- stderr\n'; head -60 "$dir/err"
    exit 1
}
moment() { read -rt 0.02 -u "$never"; } # nothing is ever written there
holds() { # file, text
    IFS= read -r -d '' content <"$dir/$1"
    [[ $content == *"$2"* ]]
}

: >"$dir/out" >"$dir/err"
get env env
while IFS= read -r setting; do
    [ -z "$setting" ] || export "${setting?}"
done <<<"$env"
get before before
if [ -n "$before" ]; then
    bash -c "exec $before" >"$dir/before" 2>&1 &
    BEFORE=$!
    export BEFORE
    # It is there when it is no shell any more.
    while read -r comm <"/proc/$BEFORE/comm" && [ "$comm" = bash ]; do moment; done 2>/dev/null
fi
get args args
get params params
eval "options=($args)"
eval "params=($params)"
# shellcheck disable=SC2154 # made by eval
timeout --foreground -k "$limit" "$limit" "$hark" "${options[@]}" "$file" "${params[@]}" \
    >"$dir/out" 2>"$dir/err" </dev/null {never}>&- &
pid=$!

# Attached, or already over.
while kill -0 "$pid" 2>/dev/null && ! holds err 'Attached ' && ! holds out '"attached_probes"'; do
    moment
done
get after after
get signal signal
if [ -n "$after" ] && kill -0 "$pid" 2>/dev/null; then
    bash -c "$after" >"$dir/after" 2>&1 || fail "the workload failed: $(cat "$dir/after")"
fi
if [ -n "$after$signal" ] && [ "$signal" != none ]; then
    # timeout(1) hands the signal on to hark; --foreground: once
    kill -s "${signal:-INT}" "$pid" 2>/dev/null
fi
wait "$pid"
status=$?
pid=''

# ---- is it as it should be? ----
get status want
[ "$status" = "${want:-0}" ] || fail "exit status $status, expected ${want:-0}"

check() { # directive, file, must it be there?
    get "$1" regexes
    [ -n "$regexes" ] || return 0
    while IFS= read -r regex; do
        if grep -qE -- "$regex" "$dir/$2"; then found=1; else found=0; fi
        [ "$found" = "$3" ] || fail "$1: $regex"
    done <<<"$regexes"
}
same() { # block, file, what differs
    printf '%s' "${block[$1]}" >"$dir/want"
    diff -u "$dir/want" "$2" >"$dir/diff" || fail "$3
$(cat "$dir/diff")"
}
check expect out 1
check expect_not out 0
check error err 1
check error_not err 0
if [ -v "block[out]" ]; then
    get filter filter
    if [ -n "$filter" ]; then
        sed -e "$filter" "$dir/out" >"$dir/got"
        same out "$dir/got" 'output differs'
    else
        same out "$dir/out" 'output differs'
    fi
fi
if [ -v "block[err]" ]; then
    grep -v '^Attached [0-9]* probes\?$' "$dir/err" | sed "s|^$file:|FILE:|" >"$dir/got"
    same err "$dir/got" 'messages differ'
fi
[ -n "${said[expect]:-}${said[expect_not]:-}${said[error]:-}${said[status]:-}" ] ||
    [ ${#block[@]} -gt 0 ] || fail 'the test checks nothing'
# Sanitizers report and change the status; be sure.
if holds err AddressSanitizer || holds err 'runtime error:' || holds err LeakSanitizer; then
    fail 'sanitizer report'
fi
echo "ok $file"
