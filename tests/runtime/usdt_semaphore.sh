# proves: P-USDT-04 C-FLAG-11 P-USDT-02
# A guarded probe is open while somebody listens: in processes that ran before, that start later, or
# with -p in that one alone; and is shut again afterwards.
usdt=$PROGS/usdt
dir=$(mktemp -d)
pids=''
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
fail() { echo "$*"; cat "$dir"/*; exit 1; }
hark=$1
attached() { # waits for the run in the background
    until grep -q ^Attached "$dir/err" || ! kill -0 "$1"; do sleep 0.02; done
}
[ "$("$usdt" 3)" = 0 ] || fail "open though nobody listens"

"$usdt" -w 4 >"$dir/before" &
before=$!
"$usdt" -w 5 >"$dir/other" &
other=$!
pids="$before $other"
"$hark" --usdt-file-activation -e "usdt:$usdt:hark:guarded { @[pid] = count(); }" \
    >"$dir/out" 2>"$dir/err" &
run=$!
pids="$pids $run"
attached $run
"$usdt" 6 >"$dir/later" &
later=$!
wait $later
kill -USR1 $before
wait $before
kill -INT $run
wait $run || fail "hark failed"
grep -q "^@\[$before\]: 4$" "$dir/out" || fail "before: not 4"
grep -q "^@\[$later\]: 6$" "$dir/out" || fail "later: not 6"
[ "$(cat "$dir/before") $(cat "$dir/later")" = "4 6" ] || fail "the guard"
[ "$("$usdt" 3)" = 0 ] || fail "still open"

# -p: the first process only; the target may be left out
: >"$dir/err"
"$hark" -p $other -e 'usdt:guarded { @ = count(); } usdt::hark:guarded { @named = count(); }' \
    >"$dir/out" 2>"$dir/err" &
run=$!
pids="$pids $run"
attached $run
[ "$("$usdt" 7)" = 0 ] || fail "open in another process"
kill -USR1 $other
wait $run || fail "hark failed"
grep -q '^@: 5$' "$dir/out" && grep -q '^@named: 5$' "$dir/out" || fail "-p: not 5"
[ "$(cat "$dir/other")" = 5 ] || fail "the guard with -p"
