# proves: P-UPROBE-01 P-UPROBE-10
# A stripped program whose symbols are packed inside it (.gnu_debugdata), and one without any.
command -v xz >/dev/null && command -v objcopy >/dev/null || exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
hark=$1
fail() { echo "$*"; exit 1; }
cd "$dir" || exit 1
nm -D "$PROGS/calls" --format=posix --defined-only | awk '{ print $1 }' | sort >dynamic
nm "$PROGS/calls" --format=posix --defined-only | awk '$2 ~ /[Tt]/ { print $1 }' | sort >functions
comm -13 dynamic functions >keep
objcopy --only-keep-debug "$PROGS/calls" debug
objcopy -S --remove-section .gdb_index --remove-section .comment --keep-symbols=keep debug mini
xz mini
strip -o packed "$PROGS/calls"
objcopy --add-section .gnu_debugdata=mini.xz packed
nm packed 2>&1 | grep -q add && fail "not stripped"
out=$("$hark" -q -c "$dir/packed 5" -e "uprobe:$dir/packed:add { @add = count(); }
    uretprobe:$dir/packed:six { @six = retval; } uprobe:$dir/packed:deep* { @deep = count(); }" 2>&1)
for line in '@add: 5' '@six: 21' '@deep: 3'; do
    grep -qx "$line" <<<"$out" || fail "no $line in: $out"
done
strip -o bare "$PROGS/calls"
out=$("$hark" -e "uprobe:$dir/bare:add { @++ }" 2>&1) && fail "attached to what has no name"
grep -q "ERROR: .*no function 'add'\|ERROR: .*has no symbols" <<<"$out" || fail "$out"
# Its place is known all the same.
at=0x$(nm "$PROGS/calls" | awk '$3 == "add" { print $1 }')
out=$("$hark" --unsafe -q -c "$dir/bare 5" -e "uprobe:$dir/bare:$at { @ = count(); }" 2>&1)
grep -qx '@: 5' <<<"$out" || fail "by address: $out"
# What is no program has no functions, but bytes somebody may run.
cp "$PROGS/calls" text && printf 'no program' >text
out=$("$hark" -e "uprobe:$dir/text:main { @++ }" 2>&1) && fail "main of a text"
grep -q "ERROR: '$dir/text' is not an ELF file" <<<"$out" || fail "$out"
out=$("$hark" --dry-run -e "uprobe:$dir/text:0 { @++ }" 2>&1) && fail "0 of a text"
grep -q 'HINT: .*--unsafe' <<<"$out" || fail "$out"
out=$("$hark" --dry-run --unsafe -e "uprobe:$dir/text:0 { @++ }" 2>&1) || fail "$out"
