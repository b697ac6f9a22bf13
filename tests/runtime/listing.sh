# proves: C-FLAG-02 C-FLAG-03 C-FLAG-05 C-FLAG-04
hark=$1
expect() { # regex, arguments…
    regex=$1
    shift
    out=$("$hark" "$@" 2>&1) || { echo "hark $*: exit status $?"; exit 1; }
    grep -qE -- "$regex" <<<"$out" || { echo "hark $*: expected $regex"; head -20 <<<"$out"; exit 1; }
}
expect '^tracepoint:sched:sched_switch$' -l 'tracepoint:sched:*'
expect '^tracepoint:sched:sched_switch$' -l 't:sched:sched_sw*'
expect '^tracepoint:syscalls:sys_enter_getppid$' -l '*getppid*'
expect '^rawtracepoint:vmlinux:sched_switch$' -l 'rawtracepoint:sched_switch'
expect '^    pid_t prev_pid$' -lv 'tracepoint:sched:sched_switch'
expect '^    char( prev_comm\[16\]|\[16\] prev_comm)$' -lv 'tracepoint:sched:sched_switch'
expect '^software:faults:$' -l 'software:*'
expect '^software:page-faults:$' -l 'software:*'
expect '^interval:ms:$' -l 'interval:*'
expect '^profile:hz:$' -l 'profile:*'
expect '^tracepoint:' -l
expect '^uprobe:.*/calls:deepest$' -l "uprobe:$PROGS/calls:deep*"
expect '^uprobe:.*/calls:add$' -l "uprobe:$PROGS/calls:*"
expect '^uretprobe:.*/calls:add$' -l "uretprobe:$PROGS/calls:add"
expect '^tracepoint:syscalls:sys_enter_getppid$' -l -e 'tracepoint:syscalls:sys_enter_getpp* { } BEGIN { }'
expect '^tracepoint:syscalls:sys_enter_getuid$' -l 'tracepoint:syscalls:sys_enter_getpp*,tracepoint:syscalls:sys_enter_getuid'
expect '^struct task_struct$' -l 'struct task_str*'
expect '^enum bpf_prog_type$' -l 'enum bpf_prog_type'
expect 'vmlinux: struct list_head \{' -lv 'struct list_head'
[ -z "$("$hark" -l 'tracepoint:no_such:*')" ] || { echo "found no_such"; exit 1; }
[ "$("$hark" -l 'tracepoint:sched:*' | grep -vc '^tracepoint:sched:[a-z_]*$')" = 0 ] || { echo "strange lines"; exit 1; }
"$hark" -l 'tracepoint:sched:*' | sort -c || { echo "not sorted"; exit 1; }
! "$hark" -l -e 'BEGIN { } END { }' | grep -q . || { echo "begin is listed"; exit 1; }
# What has nothing to list lists nothing, and without a word; what this kernel has not is no news.
[ -z "$("$hark" -l test 2>&1)$("$hark" -l 'bench:*' 2>&1)" ] || { echo "listed tests"; exit 1; }
[ -z "$("$hark" -l 2>&1 >/dev/null)" ] || { echo "a plain -l complains"; exit 1; }
