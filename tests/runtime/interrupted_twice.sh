# proves: C-LIFE-01
# The same signal twice at once (timeout(1) sends it to its child and to the group) loses no maps; a
# closed pipe ends the run.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for i in $(seq 15); do
    : >"$dir/err"
    "$1" -e 'BEGIN { for $i : 0..1000 { @m[$i] = $i; } }
        interval:s:100, tracepoint:syscalls:sys_enter_vhangup { @x = 1; }' >"$dir/out" 2>"$dir/err" &
    pid=$!
    until grep -q '^Attached' "$dir/err"; do kill -0 $pid || { cat "$dir/err"; exit 1; }; sleep 0.01; done
    kill -TERM $pid
    kill -TERM $pid 2>/dev/null
    wait $pid
    [ "$(grep -c '^@m\[' "$dir/out")" = 1000 ] || { echo "run $i: the maps are missing"; exit 1; }
done
timeout 20 "$1" -q -e 'interval:ms:1 { printf("0123456789\n"); }' 2>/dev/null | head -3 >/dev/null
[ "${PIPESTATUS[0]}" != 124 ] || { echo "does not end when nobody reads"; exit 1; }
