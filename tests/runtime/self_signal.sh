# proves: P-SELF-01 C-LIFE-04
# The probe runs once for each signal, and the run goes on; what comes first is seen first.
hark=$1
dir=$(mktemp -d)
pid=
trap 'kill $pid 2>/dev/null; rm -rf "$dir"' EXIT
line() { # wait for the n-th line of output
    until [ "$(wc -l <"$dir/out")" -ge "$1" ] || ! kill -0 $pid 2>/dev/null; do sleep 0.02; done
}
: >"$dir/out" >"$dir/err"
"$hark" -e 'begin { @runs = 0; printf("begin\n"); }
self:signal:SIGUSR1 { @runs++; printf("%s %s %d\n", probe, probetype, @runs); if (@runs == 2) { exit(4); } }' \
    >"$dir/out" 2>"$dir/err" &
pid=$!
until grep -q '^Attached 2 probes' "$dir/err" || ! kill -0 $pid 2>/dev/null; do sleep 0.02; done
kill -USR1 $pid
line 2
kill -USR1 $pid
wait $pid
status=$?
pid=
printf 'begin\nself:signal:SIGUSR1 special 1\nself:signal:SIGUSR1 special 2\n\n\n@runs: 2\n' >"$dir/want"
[ $status = 4 ] && diff -u "$dir/want" "$dir/out" || { echo "status $status"; cat "$dir/err"; exit 1; }
