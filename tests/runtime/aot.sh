# proves: C-FLAG-27
# A program written by --aot does what the script does, without the script, and takes options of a run.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "$1"; cat "$dir/err"; exit 1; }
cat >"$dir/x.bt" <<'END'
BEGIN { printf("compiled %d\n", 7); @n = 3; }
tracepoint:syscalls:sys_enter_getppid /comm == "aot"/ { @c[comm] = count(); exit(4); }
END
"$1" --aot "$dir/x" "$dir/x.bt" >"$dir/out" 2>"$dir/err" || fail "--aot: status $?"
[ ! -s "$dir/out" ] || fail "--aot ran the script"
rm "$dir/x.bt"
[ -x "$dir/x" ] || fail "it is not executable"
: >"$dir/err"
"$dir/x" >"$dir/out" 2>"$dir/err" & pid=$!
until grep -q '^Attached 2 probes' "$dir/err"; do kill -0 $pid || fail "it did not attach"; sleep 0.02; done
"$PROGS/syscalls" getppid 1 aot
wait $pid
[ $? = 4 ] || fail "status"
diff - "$dir/out" <<'END' || exit 1
compiled 7


@c[aot]: 1
@n: 3
END
"$1" --aot "$dir/w" -e 'BEGIN { printf("short\n"); }' && "$dir/w" -q -f json -o "$dir/json" || fail "options"
grep -q '"short\\n"' "$dir/json" || fail "-f json -o FILE"
"$dir/x" word >"$dir/out" 2>"$dir/err" && fail "parameters are taken"
grep -q 'no parameters' "$dir/err" || fail "message"
"$dir/x" -e 'BEGIN { }' >"$dir/out" 2>"$dir/err" && fail "another script is taken"
"$1" --aot "$dir/y" -k -e 'BEGIN { }' >"$dir/out" 2>"$dir/err" && fail "-k is taken"
[ ! -e "$dir/y" ] || fail "it was written"
"$1" --aot /no/such/folder/y -e 'BEGIN { }' >"$dir/out" 2>"$dir/err" && fail "nowhere to write to"
grep -q '/no/such/folder/y' "$dir/err" || fail "message"
# one byte less, and it is hark
head -c -1 "$dir/x" >"$dir/z"
chmod +x "$dir/z"
[[ "$("$dir/z" -V)" = "$("$1" -V)" ]] && [[ "$("$dir/z" -q -e 'BEGIN { printf("z\n"); }')" = z ]]
