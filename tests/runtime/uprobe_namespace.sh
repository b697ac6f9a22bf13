# proves: P-UPROBE-09
# With -p paths are those of the process, whose mount namespace may have other files there.
command -v unshare >/dev/null || exit 77
dir=$(mktemp -d)
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
hark=$1
fail() { echo "$*"; cat "$dir/out" "$dir/err"; exit 1; }
mkdir "$dir/place"
cp /bin/true "$dir/place/usdt"
cat >"$dir/inside" <<C
mount -t tmpfs none $dir/place
cp $PROGS/usdt $dir/place/usdt
exec $dir/place/usdt -w 5
C
unshare -m /bin/sh "$dir/inside" >/dev/null &
app=$!
pids=$app
until [ "$(readlink /proc/$app/exe)" = "$dir/place/usdt" ]; do sleep 0.02; done
"$hark" -p $app -e "
uprobe:$dir/place/usdt:moved { @path = count(); }
uprobe:moved { @omitted = count(); }
uretprobe:moved { @returned = count(); }
usdt:$dir/place/usdt:hark:loop { @usdt = count(); }
usdt:guarded { @guarded = count(); }
" >"$dir/out" 2>"$dir/err" &
run=$!
pids="$pids $run"
until grep -q ^Attached "$dir/err" || ! kill -0 $run; do sleep 0.02; done
kill -USR1 $app
wait $run || fail "hark failed"
for line in '@path: 1' '@omitted: 1' '@returned: 1' '@usdt: 5' '@guarded: 5'; do
    grep -qx "$line" "$dir/out" || fail "no $line"
done
out=$("$hark" -e "uprobe:$dir/place/usdt:moved { @++ }" 2>&1) && fail "found outside"
exit 0
