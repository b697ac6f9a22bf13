# proves: B-VAR-01 B-VAR-02 F-SYS-05 C-FLAG-08
# In a PID namespace pid and tid are its numbers, and -p names a process by them; init gives the
# numbers of the initial one.
command -v unshare >/dev/null || exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
hark=$1
fail() { echo "$*"; cat "$dir"/out* "$dir"/err*; exit 1; }
cat >"$dir/inside" <<C
$PROGS/syscalls -w getppid 5 inside &
traced=\$!
echo \$traced >$dir/traced
until [ "\$(cat /proc/\$traced/comm)" = inside ] || [ "\$(cat /proc/\$traced/comm)" = syscalls ]; do :; done
$hark -p \$traced -e '
tracepoint:syscalls:sys_enter_getppid {
    @n = count(); @pid = pid; @tid = tid(curr_ns); @init = pid(init) != pid; @same = pid(init) == tid(init);
}' >$dir/out 2>$dir/err &
run=\$!
until grep -q ^Attached $dir/err || ! kill -0 \$run; do sleep 0.02; done
$PROGS/syscalls getppid 7
kill -USR1 \$traced
wait \$run
C
unshare -p -f --mount-proc /bin/bash "$dir/inside" >"$dir/out2" 2>"$dir/err2" || fail "status $?"
traced=$(cat "$dir/traced")
for line in '@n: 5' "@pid: $traced" "@tid: $traced" '@init: true' '@same: true'; do
    grep -qxF -- "$line" "$dir/out" || fail "no $line"
done
