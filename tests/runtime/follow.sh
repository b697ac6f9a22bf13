# proves: C-FLAG-08 C-FLAG-09
# --follow: the processes that -p's or -c's one starts count, whatever the type of the probe, and
# theirs; others do not.
dir=$(mktemp -d)
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
hark=$1
pids=''
fail() { echo "$*"; cat "$dir/out" "$dir/err"; exit 1; }
script="
tracepoint:syscalls:sys_enter_getppid /comm == \"followed\"/ { @tp = count(); }
rawtracepoint:sched_process_exec { @raw = count(); }
uprobe:$PROGS/calls:add { @u = count(); }
uretprobe:$PROGS/calls:six { @ur = count(); }
usdt:$PROGS/usdt:hark:loop { @usdt = count(); }
software:page-faults:1 /comm == \"followed\"/ { @faults = count(); }
profile:hz:99 { @profile = count(); }
"
cat >"$dir/tree" <<C
$PROGS/calls 3
$PROGS/syscalls getppid 4 followed
(/bin/sh -c "$PROGS/usdt 5; $PROGS/calls 2; true"; true) >/dev/null
$PROGS/syscalls fault 6 followed
C
want() {
    for line in '@tp: 4' '@u: 5' '@ur: 2' '@usdt: 5'; do
        grep -qxF -- "$line" "$dir/out" || fail "$1: no $line"
    done
    grep -Eq '^@faults: [1-9]' "$dir/out" || fail "$1: no faults"
    grep -q 'hark_followed' "$dir/out" && fail "our own map is printed"
}
"$hark" --follow -c "/bin/sh $dir/tree" -e "$script" >"$dir/out" 2>"$dir/err" &
run=$!
until grep -q ^Attached "$dir/err" || ! kill -0 $run 2>/dev/null; do sleep 0.02; done
"$PROGS/calls" 100
"$PROGS/syscalls" getppid 100 followed
wait $run || fail "-c"
want -c

# -p: also children that were there before
cat >"$dir/parent" <<C
/bin/sh -c 'read line <$dir/fifo; . $dir/tree'
C
mkfifo "$dir/fifo"
/bin/sh "$dir/parent" >/dev/null &
parent=$!
pids=$parent
until pgrep -P $parent >/dev/null; do sleep 0.02; done
: >"$dir/err"
"$hark" --follow -p $parent -e "$script" >"$dir/out" 2>"$dir/err" &
run=$!
pids="$pids $run"
until grep -q ^Attached "$dir/err" || ! kill -0 $run 2>/dev/null; do sleep 0.02; done
"$PROGS/calls" 100
"$PROGS/syscalls" getppid 100 followed
echo >"$dir/fifo"
wait $run || fail "-p"
want -p
# Without --follow -c traces the command itself.
"$hark" -c "/bin/sh $dir/tree" -e "uprobe:$PROGS/calls:add { @u = count(); }" >"$dir/out" 2>"$dir/err"
grep -q '^@u' "$dir/out" && fail "children count without --follow"
out=$("$hark" --follow -e 'begin { }' 2>&1) && fail "--follow without a process"
grep -qx 'ERROR: --follow needs a process: -p or -c' <<<"$out" || fail "$out"
