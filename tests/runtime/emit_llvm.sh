# proves: C-FLAG-26
# --emit-llvm writes the module before and after optimisation, and the run goes on.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" -q --verify-llvm-ir --emit-llvm "$dir/x" -e 'BEGIN { @a = 3; printf("runs\n"); }' >"$dir/out" || exit 1
grep -qx runs "$dir/out" || { cat "$dir/out"; exit 1; }
for file in x.original.ll x.optimized.ll; do
    grep -q '^target triple = "bpf' "$dir/$file" && grep -q '^define .*{' "$dir/$file" || { echo "$file"; exit 1; }
done
[ "$(wc -l <"$dir/x.original.ll")" -gt "$(grep -vc '^ *$' "$dir/x.optimized.ll")" ] || { wc -l "$dir"/*.ll; exit 1; }
"$1" --emit-llvm /no/such/folder/x -e 'BEGIN { }' 2>"$dir/err"
[ $? = 1 ] && grep -q '/no/such/folder/x.original.ll' "$dir/err"
