# proves: P-UPROBE-03 P-UPROBE-10
# Of all places in a function a probe may be where an instruction begins, by offset or by address,
# and nowhere else; --unsafe is the way out of what cannot be known.
calls=$PROGS/calls
command -v objdump >/dev/null || exit 77
try() { # place, options…
    place=$1
    shift
    "$hark" "$@" -q --dry-run -e "uprobe:$calls:$place { @ = count(); }" 2>&1
}
fail() { echo "$*"; exit 1; }
hark=$1
starts=" $(objdump -d --disassemble=six "$calls" | sed -n 's/^ *\([0-9a-f]*\):\t.*/\1/p' | tr '\n' ' ')"
first=${starts# }
first=$((0x${first%% *}))
set -- $starts
[ $# -gt 3 ] || fail "no instructions of six: $starts"
last=$((0x${!#} - first))
for ((i = 1; i <= last; i++)); do
    addr=$(printf %x $((first + i)))
    for place in "six+$i" "0x$addr"; do
        if [[ $starts = *" $addr "* ]]; then
            out=$(try "$place") || fail "$place: $out"
        else
            out=$(try "$place") && fail "$place is inside an instruction, and hark does not mind"
            grep -q 'ERROR: .*inside an instruction' <<<"$out" || fail "$place: $out"
        fi
    done
done
out=$(try six+4096) && fail "six+4096 is behind its end"
grep -q 'ERROR: .*beyond the end' <<<"$out" || fail "$out"
# The program's own start has no size in the symbol table, its header is no function.
out=$(try 0x10) && fail "0x10 is no code"
grep -q 'HINT: .*--unsafe' <<<"$out" || fail "$out"
out=$(try 0x10 --unsafe) || fail "0x10 --unsafe: $out"
# It works at run time, too.
out=$("$hark" -q -c "$calls 3" -e "uprobe:$calls:six+$((0x$3 - first)) { @ = count(); }" 2>&1)
grep -q '^@: 1$' <<<"$out" || fail "$out"
