# proves: C-LIFE-01
# A tracepoint whose arguments are not used is attached as a raw one: the same count, and the name
# of what was written. With arguments it stays what it is.
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
run() { # file, options
    : >"$dir/err"
    "$hark" "${@:2}" "$dir/x.bt" >"$dir/$1" 2>"$dir/err" &
    pid=$!
    until grep -q '^Attached' "$dir/err"; do
        kill -0 $pid 2>/dev/null || { cat "$dir/err"; exit 1; }
        sleep 0.02
    done
    "$PROGS/syscalls" fork 6 choose_tp
    "$PROGS/syscalls" getppid 11 choose_tp
    kill -TERM $pid
    wait $pid || { cat "$dir/err"; exit 1; }
}
cat >"$dir/x.bt" <<'END'
tracepoint:sched:sched_process_fork /comm == "choose_tp"/ { @fork[probe, probetype] = count(); }
tracepoint:raw_syscalls:sys_enter /comm == "choose_tp"/ { @calls = count(); }
tracepoint:raw_syscalls:sys_enter /comm == "choose_tp" && args.id == 110/ { @by_id = count(); }
END
run exact --exact-probes -v
grep 'as a raw tracepoint' "$dir/err" && exit 1
run chosen -v
[ "$(grep -c 'as a raw tracepoint' "$dir/err")" = 2 ] || { cat "$dir/err"; exit 1; }
diff "$dir/exact" "$dir/chosen" || exit 1
grep -q '^@fork\[tracepoint:sched:sched_process_fork, tracepoint\]: 6$' "$dir/chosen" || { cat "$dir/chosen"; exit 1; }
[ "$(uname -m)" != x86_64 ] || grep -q '^@by_id: 11$' "$dir/chosen" || { cat "$dir/chosen"; exit 1; }
