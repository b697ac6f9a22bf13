# proves: F-SYS-01 F-SYS-02 B-VAR-19
# A cgroup of our own, in which a program runs: its id and its path.
set -u
hark=$1
top=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$top" ] || exit 77
dir=$top/hark-test-$$
mkdir "$dir" || exit 77
trap 'rmdir "$dir"' EXIT
fail() { echo "$1"; exit 1; }

out=$("$hark" -q -e "BEGIN { \$id = cgroupid(\"$dir\"); print(cgroup_path(\$id, \"unified\"));
    @p[cgroup_path(\$id, \"uni*\")] = 1; print(cgroup_path(\$id, \"none\")); print((1, cgroup_path(\$id, \"unified\"))); }") || fail "no run"
want="unified:/hark-test-$$

(1, unified:/hark-test-$$)


@p[unified:/hark-test-$$]: 1"
[ "$out" = "$want" ] || fail "paths: $out"

# Counts only what runs inside.
out=$(
    echo $BASHPID >"$dir/cgroup.procs"
    exec "$hark" -q -c "$PROGS/syscalls getppid 5" -e "
        tracepoint:syscalls:sys_enter_getppid /cgroup == cgroupid(\"$dir\")/ { @in = count(); }
        tracepoint:syscalls:sys_enter_getppid /pid == cpid && cgroup != cgroupid(\"$dir\")/ { @other = count(); }"
) || fail "no count"
echo "$out" | grep -q '^@in: 5$' || fail "counts: $out"
echo "$out" | grep -q '@other' && fail "counts: $out"
while [ -s "$dir/cgroup.procs" ]; do sleep 0.02; done
exit 0
