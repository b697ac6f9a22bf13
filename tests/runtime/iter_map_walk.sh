# proves: P-ITER-01
# Iterators that need a map nobody can name say so.
hark=$1
why=$("$hark" -e 'iter:bpf_map_elem { }' 2>&1)
[ $? = 255 ] && grep -q "ERROR: can't attach iter:bpf_map_elem: it walks one BPF map" <<<"$why" || {
    echo "$why"
    exit 1
}
