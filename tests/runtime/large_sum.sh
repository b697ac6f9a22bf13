# A sum of as many map values as one likes: each is added as soon as it is read, so that the
# program's stack holds one of them and not all.
n=200
reads=$(for ((i = 1; i < n; i++)); do printf ' + @a[%d]' "$i"; done)
out=$("$1" -q -e "BEGIN { @a[0] = 3; @a[199] = 4; @s = @a[0]$reads; exit(); }") || exit 1
grep -qx '@s: 7' <<<"$out" || { echo "$out"; exit 1; }
