# proves: F-OUT-11
# debugf() prints into the kernel's trace buffer, and its lines are those printf() would print. A
# tracing instance of our own sees them whatever others do with the common buffer.
set -u
hark=$1
instance=/sys/kernel/tracing/instances/hark_debugf_$$
mkdir "$instance" || exit 1
trap 'rmdir "$instance"' EXIT
event=$instance/events/bpf_trace/bpf_trace_printk/enable
[ -e "$event" ] || exit 77 # before 5.9 there was no event for it
echo 1 >"$event"
script='BEGIN { $s = "text"; $n = (int16)-3;
debugf("A %d %s %x", $n, $s, (uint8)511); printf("A %d %s %x\n", $n, $s, (uint8)511);
debugf("B 100%% %p", kptr(0x1234)); printf("B 100%% %p\n", kptr(0x1234));
debugf("C %hhd %lu %lld", 257, (uint64)-1, -5); printf("C %hhd %lu %lld\n", 257, (uint64)-1, -5);
debugf("D"); printf("D\n"); exit(); }'
printed=$("$hark" -q --no-warnings -e "$script") || exit 1
traced=$(sed -n 's/.*bpf_trace_printk: //p' "$instance/trace" | grep -v '^$')
[ "$traced" = "$printed" ] || { printf 'printf:\n%s\ndebugf:\n%s\n' "$printed" "$traced"; exit 1; }
[ "$(head -1 <<<"$printed")" = 'A -3 text ff' ]
