# proves: P-UPROBE-03 P-UPROBE-10
# A probe may be where an instruction of the function begins, by offset or by address, and nowhere
# else; --unsafe is the way out.
hark=$1
calls=$PROGS/calls
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# Offsets of the instructions of a function, the first left out.
boundaries() {
    objdump -d --disassemble="$1" "$calls" |
        sed -n 's/^ *\([0-9a-f]*\):\t.*/\1/p' |
        while read -r addr; do
            [ "$addr" ] || continue
            : "${start:=$addr}"
            echo $((0x$addr - 0x$start))
        done | sed 1d
}
