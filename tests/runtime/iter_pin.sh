# proves: P-ITER-02
# A pinned iterator prints for whoever reads its file when hark is gone, as hark itself would.
hark=$1
grep -q ' /sys/fs/bpf bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf || { echo "needs bpffs"; exit 77; }
dir=$(mktemp -d)
name=hark_test_$$
sleep 1000 &
sleep=$!
trap 'rm -rf "$dir" "/sys/fs/bpf/$name"; kill $sleep' EXIT
body='/ctx->task->pid == $1/ { printf("%s 100%% %8d|%08x|%u|%p|%d\n", ctx->task->comm, ctx->task->pid, 0xabc, (uint8)-1, 0x1234, (int8)-1); }'
"$hark" -e "iter:task:$name $body" $sleep >"$dir/out" 2>"$dir/err" || { cat "$dir/err"; exit 1; }
grep -qx "Program pinned to /sys/fs/bpf/$name" "$dir/err" || { cat "$dir/err"; exit 1; }
"$hark" -q -e "config = { print_maps_on_exit = 0 } iter:task $body" $sleep | sed '$d' | sed '$d' >"$dir/want"
for _ in 1 2; do
    cat "/sys/fs/bpf/$name" >"$dir/got" && diff -u "$dir/want" "$dir/got" || exit 1
done
grep -q "^sleep 100% " "$dir/got" || { echo "nothing printed"; exit 1; }
# The file is there already.
"$hark" -e "iter:task:$name { }" >"$dir/out" 2>"$dir/err"
[ $? = 255 ] && grep -q "^ERROR: can't pin the iterator to /sys/fs/bpf/$name: File exists" "$dir/err" || {
    cat "$dir/err"
    exit 1
}
refused() { # regex, body
    why=$("$hark" -e "iter:task:${name}_no $2" 2>&1)
    [ $? = 1 ] && grep -qE -- "$1" <<<"$why" || { echo "$why"; exit 1; }
}
refused "'time' cannot be used here: nobody is left" '{ time(); }'
refused "a pinned iterator cannot print '%o'" '{ printf("%o", 8); }'
refused "a pinned iterator can print strings and numbers only" '{ printf("%s", kstack); }'
refused "at most 12 values" '{ printf("%d%d%d%d%d%d%d%d%d%d%d%d%d", 1,2,3,4,5,6,7,8,9,10,11,12,13); }'
