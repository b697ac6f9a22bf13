# proves: P-ITER-01
# Far more text than the ring holds arrives complete and in order: all symbols of the kernel.
hark=$1
"$hark" -l iter:ksym | grep -q . || { echo "needs iter:ksym (Linux 6.0)"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# Programs come and go while we look; what is compiled into the kernel stays.
BPFTRACE_PERF_RB_PAGES=64 "$hark" -q -e 'iter:ksym { printf("%s|%s\n", ctx->ksym->name, ctx->ksym->module_name); }' \
    >"$dir/out" 2>"$dir/err" || { cat "$dir/err"; exit 1; }
awk -F'|' '$1 != "" && $2 == "" { print $1 }' "$dir/out" >"$dir/got"
awk 'NF == 3 { print $3 }' /proc/kallsyms >"$dir/want"
[ "$(wc -l <"$dir/want")" -gt 50000 ] || { echo "so few symbols?"; exit 1; }
[ ! -s "$dir/err" ] || { cat "$dir/err"; exit 1; }
diff "$dir/want" "$dir/got" | head -20
cmp "$dir/want" "$dir/got"
