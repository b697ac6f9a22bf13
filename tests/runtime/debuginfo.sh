# proves: C-FLAG-18
# Symbols of a stripped program come from a debug file in a directory named by --debuginfo.
# needs: objcopy strip
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "$1"; cat "$dir/out" "$dir/err"; exit 1; }
program=$PROGS/calls
mkdir "$dir/bin" "$dir/debug"
cp "$program" "$dir/bin/p" && objcopy --remove-section=.note.gnu.build-id "$dir/bin/p" &&
    objcopy --only-keep-debug "$dir/bin/p" "$dir/debug/p.debug" && strip "$dir/bin/p" &&
    (cd "$dir/debug" && objcopy --add-gnu-debuglink=p.debug ../bin/p) || exit 1
list() { "$1" "${@:2}" -l "uprobe:$dir/bin/p:main" >"$dir/out" 2>"$dir/err"; }
list "$1"
grep -q ':main$' "$dir/out" && fail "it was found without --debuginfo"
list "$1" --debuginfo "$dir/debug"
grep -q ':main$' "$dir/out" || fail "--debuginfo DIR"
list "$1" --debuginfo "/no/such:../debug"
grep -q ':main$' "$dir/out" || fail "--debuginfo of a list with a directory beside the program"
