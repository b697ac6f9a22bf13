# proves: C-FLAG-26
# An image written by one process and run by another does the same; bpftool can load it, too.
dir=$(mktemp -d)
pin=/sys/fs/bpf/hark_test_$$
trap 'rm -rf "$dir" "$pin"' EXIT
cat >"$dir/x.bt" <<'END'
struct s { int a; };
let @lru = lruhash(5);
BEGIN { printf("hello %s %d\n", "image", 5); @n = 3; @h = hist(7); @s["x", 1] = stats(4); print((1, "t")); @lru[1] = 1; clear(@lru); }
tracepoint:syscalls:sys_enter_getppid /comm == "image_saved"/ { @c[comm] = count(); exit(4); }
END { printf("end\n"); @m[1] = 1; delete(@m, 3); }
END
work() { until grep -q '^Attached' "$dir/$1.err"; do sleep 0.02; done; "$PROGS/syscalls" getppid 1 image_saved; }
: >"$dir/a.err" >"$dir/b.err"
"$1" --emit-elf "$dir/x.o" "$dir/x.bt" >"$dir/a.out" 2>"$dir/a.err" & work a; wait $!; a=$?
"$1" --run-image "$dir/x.o" >"$dir/b.out" 2>"$dir/b.err" & work b; wait $!; b=$?
[ $a = 4 ] && [ $b = 4 ] || { echo "exit status $a, $b"; cat "$dir"/*.err; exit 1; }
diff "$dir/a.out" "$dir/b.out" && diff "$dir/a.err" "$dir/b.err" || exit 1
grep -q '^@c\[image_saved\]: 1$' "$dir/b.out" || { cat "$dir/b.out"; exit 1; }
bpftool prog loadall "$dir/x.o" "$pin" >"$dir/load" 2>&1 || { echo "bpftool cannot load it:"; tail -30 "$dir/load"; exit 1; }
[ "$(ls "$pin" | wc -l)" -ge 3 ] || { ls "$pin"; exit 1; }
