# proves: L-GRAM-04 P-GEN-04
dir=$(mktemp -d "/tmp/hark test:dir,XXXXXX")
trap 'rm -rf "$dir"' EXIT
cp "$PROGS/calls" "$dir/calls"
out=$("$1" -q -c "$PROGS/calls" -e "uprobe:\"$dir/calls\":add { @ = count(); } BEGIN { printf(\"%s\\n\", \"started\"); }" 2>&1) ||
    { echo "$out"; exit 1; }
grep -q '^started$' <<<"$out" || { echo "$out"; exit 1; }
