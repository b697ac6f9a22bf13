# proves: L-MAP-06 P-KPROBE-06
# Several processes a CPU: where programs can be preempted, the kernel runs none for another task on
# that CPU meanwhile, and tells how often. Every event is either counted or told to be missed.
# (Kernels that do not tell do not preempt.)
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$hark" -e 'tracepoint:syscalls:sys_enter_getsid { @c = count(); @k[comm] = count(); }' \
    >"$dir/out" 2>"$dir/err" &
pid=$!
until grep -q '^Attached' "$dir/err"; do kill -0 $pid || { cat "$dir/err"; exit 1; }; sleep 0.05; done
for i in 1 2 3 4; do "$PROGS/syscalls" getsid 10000 missed_test & workers="${workers:-} $!"; done
# shellcheck disable=SC2086
wait $workers
kill -INT $pid
wait $pid || exit 1
counted=$(sed -n 's/^@c: //p' "$dir/out")
keyed=$(sed -n 's/^@k\[missed_test\]: //p' "$dir/out")
missed=$(sed -n 's/^WARNING: .*sys_enter_getsid: \([0-9]*\) events missed.*/\1/p' "$dir/err")
echo "counted $counted, by key $keyed, missed ${missed:-0}"
[ $((counted + ${missed:-0})) = 40000 ] && [ "$counted" = "$keyed" ] || { cat "$dir/err"; exit 1; }
