# proves: F-SYS-06 F-SYS-13
# Names of other processes, where the kernel lets programs look for them.
set -u
hark=$1
dir=$(mktemp -d)
sleep 600 &
other=$!
trap 'kill $other 2>/dev/null; rm -rf "$dir"' EXIT
fail() { echo "FAILED: $1"; cat "$dir/out" "$dir/err"; exit 1; }
run() { timeout 300 "$hark" -e "$1" >"$dir/out" 2>"$dir/err" </dev/null; }

run 'tracepoint:sched:sched_switch { exit(); }
    begin { print((kfunc_exist("bpf_task_from_pid"), kfunc_exist("no_such"), kfunc_exist("vfs_read"))); }' ||
    fail "kfunc_exist"
exists=$(sed -n 's/^(\(true\|false\), false, false)$/\1/p' "$dir/out")
[ -n "$exists" ] || fail "kfunc_exist"
run 'tracepoint:sched:sched_switch { print((kfunc_allowed("bpf_task_from_pid"), kfunc_allowed("vfs_read"))); exit(); }' ||
    fail "kfunc_allowed"
allowed=$(sed -n 's/^(\(true\|false\), false)$/\1/p;T;q' "$dir/out")
[ -n "$allowed" ] || fail "kfunc_allowed"

script="tracepoint:sched:sched_switch { printf(\"<%s> <%s>\\n\", comm($other), comm(999999999)); exit(); }"
case $exists,$allowed in
true,true)
    run "$script" || fail "comm(pid)"
    grep -qx '<sleep> <N/A>' "$dir/out" || fail "names"
    grep -q 'No such process' "$dir/err" || fail "warning"
    ;;
true,false)
    run "$script" && fail "no error"
    grep -q 'ERROR: comm() of another process cannot be used here' "$dir/err" || fail "message"
    ;;
false,false)
    run "$script" || fail "comm(pid)"
    grep -qx '<\[unknown\]> <\[unknown\]>' "$dir/out" || fail "names"
    grep -q 'WARNING: this kernel cannot find a process by its number' "$dir/err" || fail "warning"
    ;;
*) fail "allowed what does not exist" ;;
esac
exit 0
