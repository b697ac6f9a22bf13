# proves: C-FLAG-25 C-FLAG-11
for stage in ast types codegen codegen-opt parse dis; do
    out=$("$1" -q -d $stage -e 'BEGIN { printf("a run %d\n", 5); @x = hist(1); }' 2>&1) || { echo "-d $stage: $out"; exit 1; }
    grep -q '^a run 5$' <<<"$out" && [ "$(wc -l <<<"$out")" -gt 6 ] || { echo "-d $stage: $out"; exit 1; }
done
"$1" -d libbpf,verifier -q -e 'BEGIN { }' >/dev/null 2>&1 || { echo "-d libbpf,verifier"; exit 1; }
"$1" --dump=all -e 'BEGIN { printf("x\n"); @x = hist(1); }' | grep -q 'hist' || exit 1
"$1" -v -e 'BEGIN { printf("x\n"); }' | grep -q '^x$' || exit 1
"$1" --builtins | grep -q strftime || exit 1
