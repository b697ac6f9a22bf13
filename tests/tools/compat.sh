#!/bin/bash
# compat.sh HARK FILE.bt - one script through hark and through bpftrace: both must print the same
#
#   // params: WORDS    the script's parameters (shell words; $PROGS is the folder of test programs)
#   // after: COMMAND   run when the script has printed "ready" and all is attached, then SIGINT;
#                       without it the script ends by itself
#   // filter: SED      applied to both outputs, for what is known to differ
set -u
hark=$(realpath "$1")
export HARK_CACHE=off
file=$2
PROGS=$(realpath "${PROGS:-build/tests/testprogs}")
export PROGS
dir=$(mktemp -d)
runner=''
trap 'kill $runner 2>/dev/null; rm -rf "$dir"' EXIT
[ "$(id -u)" = 0 ] || { echo "SKIPPED $file: needs root"; exit 77; }
command -v bpftrace >/dev/null || { echo "SKIPPED $file: needs bpftrace"; exit 77; }

get() { sed -n "s|^// $1: ||p" "$file"; }
after=$(get after)
eval "params=($(get params))"

# hark says "Attached" when it is; of bpftrace one can only see that the kernel has its programs.
attached() {
    if [ "$1" = hark ]; then
        grep -q '^Attached' "$dir/hark.err"
    else
        grep -q '^ready' "$dir/bpftrace.raw" && sleep 1
    fi
}

run() { # name, command…
    name=$1
    shift
    timeout --foreground -k 5 60 "$@" "$file" "${params[@]}" >"$dir/$name.raw" 2>"$dir/$name.err" </dev/null &
    runner=$!
    if [ -n "$after" ]; then
        until attached "$name" || ! kill -0 $runner 2>/dev/null; do sleep 0.02; done
        bash -c "$after" >/dev/null 2>&1
        kill -INT $runner 2>/dev/null
    fi
    wait $runner || { echo "FAILED $file: $name ended with $?"; cat "$dir/$name.raw" "$dir/$name.err"; exit 1; }
    runner=''
    grep -av '^Attaching ' "$dir/$name.raw" | sed -e "$(get filter)" >"$dir/$name"
}
run hark "$hark"
run bpftrace env BPFTRACE_STRLEN=64 bpftrace
[ -s "$dir/bpftrace" ] || { echo "FAILED $file: nothing to compare"; exit 1; }
diff -u "$dir/bpftrace" "$dir/hark" || { echo "FAILED $file"; exit 1; }
echo "ok $file"
