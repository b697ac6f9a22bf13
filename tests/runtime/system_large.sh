# proves: F-OUT-08
# What a command prints is taken up to a limit; beyond it, the loss is told, and the rest still runs.
set -u
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$hark" -q --unsafe -e 'BEGIN { system("head -c 1000 /dev/zero | tr \"\\\\0\" y"); system("head -c 17000000 /dev/zero; exit 3"); printf("after\n"); }' \
    >"$dir/out" 2>"$dir/err" || exit 1
size=$(stat -c %s "$dir/out")
[ "$size" = $((1001 + 16 * 1024 * 1024 + 1 + 6 + 2)) ] || { echo "size $size"; exit 1; }
grep -q "ERROR: .*system(): 'head -c 17000000 .*' printed more than 16 MB; the last 222784 bytes were dropped" "$dir/err" || { cat "$dir/err"; exit 1; }
grep -q "ended with status 3" "$dir/err" || { cat "$dir/err"; exit 1; }
tail -c 8 "$dir/out" | head -1 | grep -q '^after$' || exit 1
