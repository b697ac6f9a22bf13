# proves: C-LIFE-01
# Events of system calls, as written and by one program on all calls: the same counts, arguments and
# names; several bodies on one number run in the order of the script; 32-bit calls are left out.
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
run() { # file, options: the output of the script, sorted
    : >"$dir/err"
    "$hark" "${@:2}" "$dir/x.bt" >"$dir/$1" 2>"$dir/err" &
    pid=$!
    until grep -q '^Attached' "$dir/err"; do
        kill -0 $pid 2>/dev/null || { cat "$dir/err"; exit 1; }
        sleep 0.02
    done
    "$PROGS/syscalls" getppid 7 choose_sys
    "$PROGS/syscalls" open 5 choose_sys
    "$PROGS/syscalls" read 16 choose_sys
    "$PROGS/compat_calls" 9
    kill -TERM $pid
    wait $pid || { cat "$dir/err"; exit 1; }
    sort -o "$dir/$1" "$dir/$1"
}
both() { # says what -v must tell of the choice, then lines that must be there
    run exact --exact-probes -v
    grep -q 'dispatched by number' "$dir/err" && { echo "--exact-probes chose"; exit 1; }
    run chosen -v
    grep -q "$1" "$dir/err" || { echo "nothing was chosen:"; cat "$dir/err"; exit 1; }
    diff "$dir/exact" "$dir/chosen" || { echo "differs for:"; cat "$dir/x.bt"; exit 1; }
    HARK_EXACT_PROBES=1 run env -v
    diff "$dir/exact" "$dir/env" && ! grep -q 'dispatched by number' "$dir/err" || exit 1
    for line in "${@:2}"; do
        grep -qxF -- "$line" "$dir/chosen" || { echo "missing: $line"; cat "$dir/chosen"; exit 1; }
    done
}

# One program for one event.
echo 'tracepoint:syscalls:sys_enter_getppid /comm == "choose_sys"/ { @[probe, probetype] = count(); }' >"$dir/x.bt"
both 'sys_enter_getppid: .*dispatched by number' '@[tracepoint:syscalls:sys_enter_getppid, tracepoint]: 7'

# One program for many.
echo 'tracepoint:syscalls:sys_enter_get*pid, tracepoint:syscalls:sys_exit_open*, tracepoint:syscalls:sys_exit_read
    /comm == "choose_sys"/ { @[probe] = count(); }' >"$dir/x.bt"
both 'more: .*dispatched by number' '@[tracepoint:syscalls:sys_enter_getppid]: 7' \
    '@[tracepoint:syscalls:sys_exit_read]: 16' '@[tracepoint:syscalls:sys_exit_openat]: 21'
# And for all there are: no more programs than ends.
echo 'tracepoint:syscalls:sys_enter_*, tracepoint:syscalls:sys_exit_* { @[probe] = count(); }' >"$dir/x.bt"
n=$("$hark" --dump=plan "$dir/x.bt" | grep -c 'raw_tracepoint/sys_e')
[ "$n" = 2 ] || { echo "$n programs"; "$hark" --dump=plan "$dir/x.bt" | cut -c 1-200 | head; exit 1; }

# Arguments of every sort, the result, the number; several bodies on one number.
cat >"$dir/x.bt" <<'END'
tracepoint:syscalls:sys_enter_openat /comm == "choose_sys"/ {
    @dfd[args.dfd] = count(); @name[str(args.filename)] = count(); @flags[args.flags & 3] = count();
    @nr[args.__syscall_nr] = count(); @first = 1;
}
tracepoint:syscalls:sys_enter_read /comm == "choose_sys"/ { @fd = max(args.fd); @size[args.count] = count(); }
tracepoint:syscalls:sys_exit_read /comm == "choose_sys"/ { @ret = hist(args.ret); @ret_nr[args.__syscall_nr] = count(); }
tracepoint:syscalls:sys_exit_openat /comm == "choose_sys"/ { @opened[args.ret < 0 ? args.ret : 0] = count(); }
tracepoint:syscalls:sys_enter_openat /comm == "choose_sys" && @first/ { @first = 2; @second = count(); }
tracepoint:syscalls:sys_enter_openat, tracepoint:syscalls:sys_enter_read /comm == "choose_sys"/ { @both[probe] = count(); }
END
both 'sys_enter_openat: .*dispatched by number' '@dfd[-100]: 21' '@name[/no/such/file]: 5' '@first: 2' \
    '@second: 21' '@opened[-2]: 5' '@both[tracepoint:syscalls:sys_enter_read]: 16'

# System call 20 is another one in the table for 32-bit programs.
echo 'tracepoint:syscalls:sys_enter_writev, tracepoint:syscalls:sys_exit_writev, tracepoint:syscalls:sys_enter_getpid
    /comm == "compat_calls"/ { @[probe] = count(); }' >"$dir/x.bt"
both 'more: .*dispatched by number' '@[tracepoint:syscalls:sys_enter_writev]: 9' '@[tracepoint:syscalls:sys_exit_writev]: 9'
echo 'tracepoint:syscalls:sys_enter_writev /comm == "compat_calls"/ { @ = count(); }' >"$dir/x.bt"
both 'sys_enter_writev: .*dispatched by number' '@: 9'

# One that cannot be chosen: kernel stacks would begin elsewhere.
echo 'tracepoint:syscalls:sys_enter_getppid { @[kstack] = count(); }' >"$dir/x.bt"
"$hark" -v --dry-run "$dir/x.bt" 2>&1 | grep 'dispatched by number' && exit 1
exit 0
