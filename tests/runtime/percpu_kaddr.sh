# proves: F-SYM-04
# The run queue of a CPU knows its number and who runs on it.
set -u
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $1"; cat "$dir/out" "$dir/err"; exit 1; }

if ! grep -qE ' __per_cpu_offset$' /proc/kallsyms; then
    "$hark" -e 'begin { print(percpu_kaddr("runqueues")); }' >"$dir/out" 2>"$dir/err" && fail "no error"
    grep -q "ERROR: the kernel does not say where its variable 'runqueues' is" "$dir/err" || fail "message"
    exit 0
fi
timeout 300 "$hark" -c "$PROGS/syscalls getppid 40 percpu" -e '
tracepoint:syscalls:sys_enter_getppid /comm == "percpu"/ {
    $here = (struct rq *)percpu_kaddr("runqueues");
    @here[(uint64)$here->cpu == cpu, (uint64)$here->curr == (uint64)curtask] = count();
    $zero = (struct rq *)percpu_kaddr("runqueues", 0);
    @zero = $zero->cpu;
    @none = percpu_kaddr("runqueues", 1000000);
    @negative = percpu_kaddr("runqueues", -1);
}' >"$dir/out" 2>"$dir/err" || {
    grep -q "no per-CPU variable 'runqueues'" "$dir/err" || fail "exit status"
    echo "SKIPPED: the kernel's BTF has no variables"
    exit 77
}
printf '\n\n%s\n' '@here[true, true]: 40' '@negative: 0' '@none: 0' '@zero: 0' | sed '/^$/d' >"$dir/want"
sed '/^$/d' "$dir/out" | diff -u "$dir/want" - || fail "output differs"
exit 0
