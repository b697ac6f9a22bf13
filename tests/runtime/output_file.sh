# proves: C-FLAG-12 C-FLAG-14 C-FLAG-01
# -o, -B, - and -e: results go where they should, and only they.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
script='BEGIN { printf("a\n"); @n = 1; warnf("w"); }'
want=$(printf 'a\n\n\n@n: 1')
for buffering in line full none; do
    echo old content >"$dir/o"
    "$1" -B $buffering -o "$dir/o" -e "$script" >"$dir/out" 2>"$dir/err" || exit 1
    [ ! -s "$dir/out" ] && [ "$(cat "$dir/o")" = "$want" ] || { echo "-B $buffering:"; cat "$dir/o" "$dir/out"; exit 1; }
    grep -q '^Attached 1 probe$' "$dir/err" && grep -q 'WARNING: w' "$dir/err" || { cat "$dir/err"; exit 1; }
done
[ "$(echo "$script" | "$1" -q --no-warnings - 2>&1)" = "$want" ] || { echo "-: wrong output"; exit 1; }
[ "$(echo 'BEGIN { printf("%s %d\n", str($1), $2); }' | "$1" -q - word 7 2>&1)" = "word 7" ] || { echo "- with parameters"; exit 1; }
[ "$("$1" -q -e 'BEGIN { print(1); }' -e 'BEGIN { print(2); }')" = 2 ] || { echo "the last -e wins"; exit 1; }
"$1" -o /no/such/dir/file -e "$script" 2>"$dir/err"; status=$?
[ $status = 1 ] && grep -q '^ERROR: .*/no/such/dir/file' "$dir/err" || { echo "$status"; cat "$dir/err"; exit 1; }
