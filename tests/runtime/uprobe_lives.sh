# proves: P-UPROBE-01 P-UPROBE-09 C-FLAG-08
# Programs that are deleted or replaced while they are traced, and a process that forks, becomes
# another program, and ends.
dir=$(mktemp -d)
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
hark=$1
pids=''
fail() { echo "$*"; cat "$dir/out" "$dir/err"; exit 1; }
start() { # arguments of hark
    "$hark" "$@" >"$dir/out" 2>"$dir/err" &
    run=$!
    pids="$pids $run"
    until grep -q ^Attached "$dir/err" || ! kill -0 $run; do sleep 0.02; done
}
want() { for line; do grep -qxF -- "$line" "$dir/out" || fail "no $line"; done; }
cp "$PROGS/calls" "$dir/calls"

# Replaced by another file: the old one is traced on, the new one is not.
start -e "uprobe:$dir/calls:add { @[comm] = count(); } uprobe:$dir/calls:add { @f[func] = count(); }"
mkdir "$dir/new" && cp "$PROGS/calls" "$dir/new/calls" && ln "$dir/calls" "$dir/old"
mv "$dir/new/calls" "$dir/calls"
"$dir/calls" 3
"$dir/old" 4
rm "$dir/old"
kill -INT $run
wait $run || fail "replaced"
want '@[old]: 4' '@f[add]: 4'
grep -q '@\[calls\]' "$dir/out" && fail "the new file is traced"

# Deleted while it runs: -p finds it all the same.
cp "$PROGS/usdt" "$dir/gone"
"$dir/gone" -w 6 >/dev/null &
gone=$!
pids="$pids $gone"
until grep -q "$dir/gone" /proc/$gone/maps; do sleep 0.02; done
rm "$dir/gone"
start -p $gone -e 'uprobe:moved { @moved = count(); } usdt:/proc/'$gone'/exe:hark:loop { @ = count(); }'
kill -USR1 $gone
wait $run || fail "deleted"
want '@moved: 1' '@: 6'

# A shell that forks a program, then becomes it: every one of them is counted, and pids are theirs.
cat >"$dir/script" <<C
$PROGS/calls 2
$PROGS/calls 3 &
wait
exec $PROGS/calls 4
C
start -c "/bin/sh $dir/script" -e "uprobe:$PROGS/calls:add { @self = count(); }
    tracepoint:sched:sched_process_exec /cpid == pid/ { @execs++ }"
wait $run || fail "exec"
want '@self: 4' '@execs: 2'
# Without a process all are meant.
start -e "uprobe:$PROGS/calls:add /comm == \"calls\"/ { @[ppid] = count(); }"
/bin/sh "$dir/script" &
shell=$!
wait $shell
kill -INT $run
wait $run || fail "all"
want "@[$shell]: 5" "@[$$]: 4"
