#!/bin/sh
# compat.sh HARK FILE.bt - one script through hark and through bpftrace: both must print the same
#
#   // after: COMMAND   run when attached, as in runtime.sh; without it the script ends by itself
#   // filter: SED      applied to both outputs, for what is known to differ
set -u
hark=$1
file=$2
PROGS=${PROGS:-build/tests/testprogs}
export PROGS
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
[ "$(id -u)" = 0 ] || { echo "SKIPPED $file: needs root"; exit 77; }
command -v bpftrace >/dev/null || { echo "SKIPPED $file: needs bpftrace"; exit 77; }

get() { sed -n "s|^// $1: ||p" "$file"; }
after=$(get after)
filter=$(get filter)

run() { # name, command…
    name=$1
    shift
    timeout -k 5 60 "$@" "$file" >"$dir/$name.raw" 2>"$dir/$name.err" </dev/null &
    runner=$!
    if [ -n "$after" ]; then
        while kill -0 $runner 2>/dev/null && ! cat "$dir/$name.raw" "$dir/$name.err" | grep -q '^Attach'; do
            sleep 0.02
        done
        # bpftrace says "Attaching" before it does: the script's BEGIN says when it is ready.
        while kill -0 $runner 2>/dev/null && ! grep -q '^ready' "$dir/$name.raw"; do sleep 0.02; done
        [ "$name" = hark ] || sleep 1
        sh -c "$after" >/dev/null 2>&1
        kill -INT $runner
    fi
    wait $runner || { echo "FAILED $file: $name ended with $?"; cat "$dir/$name.err"; exit 1; }
    grep -v '^Attaching ' "$dir/$name.raw" | sed -e "${filter:-s/^//}" >"$dir/$name"
}
run hark "$hark"
run bpftrace env BPFTRACE_STRLEN=64 bpftrace
[ -s "$dir/bpftrace" ] || { echo "FAILED $file: nothing to compare"; exit 1; }
diff -u "$dir/bpftrace" "$dir/hark" || { echo "FAILED $file"; exit 1; }
echo "ok $file"
