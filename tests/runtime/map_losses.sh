# proves: L-MAP-05
# Updates a full map refused are counted: tried = stored + lost. (The number of a place is told.)
err=$(mktemp)
trap 'rm -f "$err"' EXIT
out=$("$1" -e 'config = { max_map_keys = 10 } BEGIN { for $i : 0..1000 { @m[$i] = $i; } }' 2>"$err")
[ "$(grep -c '^@m\[' <<<"$out")" = 10 ] || { echo "not 10 keys: $out"; exit 1; }
grep -q 'WARNING: .*990' "$err" || { echo "990 lost updates are not told"; cat "$err"; exit 1; }
