#!/bin/sh
# example.sh HARK FILE.bt - an example runs: attaches under load, prints its maps on Ctrl-C, leaves
# with 0, and its header holds output of a real run
set -u
hark=$1
export HARK_CACHE=off
file=$2
[ "$(id -u)" = 0 ] || { echo "SKIPPED $file: needs root"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
    echo "FAILED $file: $1"
    cat "$dir/out" "$dir/err"
    exit 1
}
grep -q '?$' "$file" || grep -q '[?]  *' "$file" || fail "its header asks no question"
if grep -q '@OUTPUT@' "$file"; then fail "its header shows no output"; fi
: >"$dir/err"
timeout -k 5 60 "$hark" "$file" >"$dir/out" 2>"$dir/err" </dev/null &
runner=$!
while kill -0 $runner 2>/dev/null && ! grep -q '^Attached' "$dir/err"; do sleep 0.02; done
for program in clone fork read openok; do "$PROGS/syscalls" $program 50 || fail "workload"; done
/bin/true
"$PROGS/spin" 1
kill -INT $runner 2>/dev/null || fail "it ended before Ctrl-C"
wait $runner || fail "exit status $?"
[ -s "$dir/out" ] || fail "it printed nothing"
if grep -q ERROR "$dir/err"; then fail "it reported an error"; fi
if grep -qE 'AddressSanitizer|runtime error:|LeakSanitizer' "$dir/err"; then fail "sanitizer"; fi
echo "ok $file"
