# proves: C-FLAG-26
# Files that are no images are refused with a sentence.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" --emit-elf "$dir/x.o" --dry-run -q -e 'BEGIN { printf("%d\n", 1); @a[1] = hist(3); }' >/dev/null || exit 1
size=$(stat -c %s "$dir/x.o")
echo "not an object" >"$dir/text"
: >"$dir/empty"
head -c $((size / 2)) "$dir/x.o" >"$dir/half"
cp /bin/true "$dir/program"
for f in text empty half program missing; do
    "$1" --run-image "$dir/$f" >"$dir/out" 2>"$dir/err"
    status=$?
    [ $status = 1 ] || { echo "$f: exit status $status"; cat "$dir/err"; exit 1; }
    grep -q '^ERROR: ' "$dir/err" || { echo "$f: no message"; exit 1; }
done
