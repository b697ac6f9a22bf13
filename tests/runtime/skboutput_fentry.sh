# proves: F-NET-05
# needs: fentry
# Packets as functions of the kernel get them.
set -u
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $1"; cat "$dir/out" "$dir/err"; exit 1; }

cat >"$dir/script.bt" <<END
fentry:ip_output /comm == "packet_test" && args.skb.len == 32/ {
    @result[skboutput("$dir/file", args.skb, args.skb.len, 0)] = count();
}
END
"$hark" -c "$PROGS/syscalls udp 4 packet_test" "$dir/script.bt" >"$dir/out" 2>"$dir/err" ||
    fail "exit status $?"
[ "$(grep @ "$dir/out")" = "@result[0]: 4" ] || fail "results"
[ "$(stat -c %s "$dir/file")" = $((24 + 4 * (16 + 32))) ] || fail "size"
[ "$(od -An -v -tx1 "$dir/file" | tr -d ' \n' | grep -o 6861726b | wc -l)" = 4 ] || fail "contents"
