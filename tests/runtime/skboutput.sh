# proves: F-NET-05 F-NET-06
# Packets of one process: whole ones, the beginnings of some, and some that find no room.
set -u
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $1"; cat "$dir/out" "$dir/err"; exit 1; }
bytes() { od -An -v -tx1 -j "$2" -N "$3" "$1" | tr -d ' \n'; }

cat >"$dir/script.bt" <<END
rawtracepoint:net_dev_queue /comm == "packet_test" && args.skb.len == 46/ {
    @result[skboutput("$dir/whole", args.skb, args.skb.len, 14)] = count();
    skboutput("$dir/short", args.skb, 20, 14);
}
rt:netif_receive_skb /comm == "packet_test" && args.skb.len == 32/ {
    skboutput("$dir/whole", args.skb, 1 << 40, 0);
}
END
"$hark" -c "$PROGS/syscalls udp 4 packet_test" "$dir/script.bt" >"$dir/out" 2>"$dir/err" ||
    fail "exit status $?"
[ "$(grep @ "$dir/out")" = "@result[0]: 4" ] || fail "results"
for file in whole short; do
    [ "$(bytes "$dir/$file" 0 24)" = 4d3cb2a1020004000000000000000000ffff000065000000 ] ||
        fail "head of $file"
done
# 24 bytes of head; packets have 16 before their own 32, or the first 20 of these.
[ "$(stat -c %s "$dir/whole")" = $((24 + 8 * (16 + 32))) ] || fail "size of a whole file"
[ "$(stat -c %s "$dir/short")" = $((24 + 4 * (16 + 20))) ] || fail "size of a short file"
for i in 0 1 2 3 4 5 6 7; do
    at=$((24 + i * 48))
    [ "$(bytes "$dir/whole" $((at + 8)) 8)" = 2000000020000000 ] || fail "lengths of packet $i"
    [ "$(bytes "$dir/whole" $((at + 16)) 4)" = 45000020 ] || fail "IP header of packet $i"
    [ "$(bytes "$dir/whole" $((at + 44)) 4)" = 6861726b ] || fail "contents of packet $i"
    seconds=$((0x$(od -An -tx4 -j $at -N 4 "$dir/whole" | tr -d ' ')))
    ((seconds <= $(date +%s) && seconds > $(date +%s) - 600)) || fail "time of packet $i"
done
[ "$(bytes "$dir/short" 32 8)" = 1400000020000000 ] || fail "lengths of a cut packet"
if command -v tcpdump >/dev/null; then
    n=$(tcpdump -nr "$dir/whole" 2>/dev/null | grep -c '127.0.0.1.[0-9]* > 127.0.0.1.9: UDP, length 4')
    [ "$n" = 8 ] || fail "tcpdump finds $n packets"
fi

# A buffer of one page cannot take packets of two.
cat >"$dir/lost.bt" <<END
config = { perf_rb_pages = 1 }
rt:net_dev_queue /args.skb.len == 8165/ {
    @refused[skboutput("$dir/lost", args.skb, args.skb.len, 14) > 0] = count();
}
END
for i in 1 2 3; do
    echo 'dd if=/dev/zero bs=8123 count=1 status=none >/dev/udp/127.0.0.1/9' >>"$dir/send"
done
"$hark" -c "bash $dir/send" "$dir/lost.bt" >"$dir/out" 2>"$dir/err" || fail "exit status $?"
[ "$(grep @ "$dir/out")" = "@refused[true]: 3" ] || fail "results of those lost"
grep -q '^WARNING: Total lost event count: 3$' "$dir/err" || fail "number of those lost"
[ "$(stat -c %s "$dir/lost")" = 24 ] || fail "size of a file without packets"

# A file that cannot be made ends the run before it begins.
"$hark" -e 'rt:net_dev_queue { skboutput("/nowhere/x", args.skb, 1, 0); }' >"$dir/out" 2>"$dir/err" &&
    fail "no error"
grep -q "^ERROR: can't write /nowhere/x: No such file or directory$" "$dir/err" || fail "message"

# Cookies of sockets in the same kind of program.
"$hark" -l rt:sock_send_length | grep -q . || exit 0 # since Linux 6.3
"$hark" -c "$PROGS/syscalls udp 4 packet_test" -e '
    rt:sock_send_length /comm == "packet_test"/ { @[socket_cookie(args.sk)] = arg1; @n = len(@); }
    end { clear(@); }' >"$dir/out" 2>"$dir/err" || fail "exit status $?"
[ "$(grep @ "$dir/out")" = "@n: 4" ] || fail "number of cookies"
