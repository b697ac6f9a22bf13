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
set -u
hark=$(realpath "$1")
file=$2
PROGS=$(realpath "${PROGS:-build/tests/testprogs}")
export PROGS

# What this kernel and machine lack of the words given, as one word.
lacking() {
    [ "$(id -u)" = 0 ] || { echo root; return; }
    [ $# -gt 0 ] || return
    # "module btf: yes" becomes "module_btf:yes"
    info=${HARK_INFO:-$("$hark" --info)}
    info=$(grep -oE '[a-z][a-z0-9_ ]*: (yes|no)\b' <<<"$info" | sed 's/: /:/; s/ /_/g')
    for word; do
        case $'\n'$info$'\n' in
        *$'\n'"$word:yes"$'\n'*) ;;
        *$'\n'"$word:no"$'\n'*) echo "$word"; return ;;
        *) command -v "$word" >/dev/null || { echo "$word"; return; } ;;
        esac
    done
}

# shellcheck disable=SC2046 # words
lacks=$(lacking $(sed -nE 's,^(//|#) needs: ,,p' "$file" | sed 's/\broot\b//g'))
[ -z "$lacks" ] || { echo "SKIPPED $file: needs $lacks"; exit 77; }
case $file in
*.sh)
    timeout -k 5 "${TIMEOUT:-60}" bash "$file" "$hark"
    status=$?
    case $status in
    0) echo "ok $file" ;;
    77) echo "SKIPPED $file" ;;
    *) echo "FAILED $file: exit status $status" ;;
    esac
    exit $status
    ;;
esac
dir=$(mktemp -d)
pid='' BEFORE=''
trap 'kill $BEFORE $pid 2>/dev/null; rm -rf "$dir"' EXIT

get() { sed -n "s|^// $1: ||p" "$file"; }
block() { awk -v name="/* $1:" '$0 == "*/" { on = 0 } on; $0 == name { on = 1 }' "$file"; }
fail() {
    printf 'FAILED %s: %s\n' "$file" "$1"
    printf -- '--- stdout\n'; head -60 "$dir/out"
    printf -- '--- stderr\n'; head -60 "$dir/err"
    exit 1
}

: >"$dir/out" >"$dir/err"
while IFS= read -r setting; do
    [ -z "$setting" ] || export "${setting?}"
done <<<"$(get env)"
before=$(get before)
if [ -n "$before" ]; then
    bash -c "exec $before" >"$dir/before" 2>&1 &
    BEFORE=$!
    export BEFORE
    # It is there when it is no shell any more.
    while [ "$(cat "/proc/$BEFORE/comm" 2>/dev/null)" = bash ]; do sleep 0.02; done
fi
eval "options=($(get args))"
eval "params=($(get params))"
# shellcheck disable=SC2154 # made by eval
timeout --foreground -k 5 "${TIMEOUT:-60}" "$hark" "${options[@]}" "$file" "${params[@]}" \
    >"$dir/out" 2>"$dir/err" </dev/null &
pid=$!

# Attached, or already over.
while kill -0 "$pid" 2>/dev/null && ! grep -q '^Attached' "$dir/err" &&
    ! grep -q '"attached_probes"' "$dir/out"; do
    sleep 0.02
done
after=$(get after)
signal=$(get signal)
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
want=$(get status)
[ "$status" = "${want:-0}" ] || fail "exit status $status, expected ${want:-0}"

check() { # directive, file, must it be there?
    get "$1" | while IFS= read -r regex; do
        if grep -qE -- "$regex" "$dir/$2"; then found=1; else found=0; fi
        [ "$found" = "$3" ] || { printf '%s: %s\n' "$1" "$regex"; exit 1; }
    done
}
why=$(check expect out 1 && check expect_not out 0 && check error err 1 && check error_not err 0) ||
    fail "$why"
if grep -q '^/\* out:$' "$file"; then
    block out >"$dir/want"
    sed -e "$(get filter)" "$dir/out" >"$dir/got"
    diff -u "$dir/want" "$dir/got" >"$dir/diff" || fail "output differs
$(cat "$dir/diff")"
fi
if grep -q '^/\* err:$' "$file"; then
    block err >"$dir/want"
    grep -v '^Attached [0-9]* probes\?$' "$dir/err" | sed "s|^$file:|FILE:|" >"$dir/got"
    diff -u "$dir/want" "$dir/got" >"$dir/diff" || fail "messages differ
$(cat "$dir/diff")"
fi
grep -qE '^(// (expect|expect_not|error|status): |/\* (out|err):$)' "$file" ||
    fail "the test checks nothing"
# Sanitizers report and change the status; be sure.
if grep -qE 'AddressSanitizer|runtime error:|LeakSanitizer' "$dir/err"; then fail "sanitizer report"; fi
echo "ok $file"
