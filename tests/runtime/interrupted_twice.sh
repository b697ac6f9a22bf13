# proves: C-LIFE-01
# A second signal while maps are printed does no harm; a closed pipe ends the run.
"$1" -e 'BEGIN { for $i : 0..4000 { @m[$i] = $i; } } interval:s:100 { @x = 1; }' >/dev/null 2>&1 &
pid=$!
sleep 0.5
kill -TERM $pid; kill -TERM $pid 2>/dev/null
wait $pid
status=$?
[ $status = 0 ] || { echo "exit status $status"; exit 1; }
timeout 20 "$1" -q -e 'interval:ms:1 { printf("0123456789\n"); }' 2>/dev/null | head -3 >/dev/null
[ "${PIPESTATUS[0]}" != 124 ] || { echo "does not end when nobody reads"; exit 1; }
