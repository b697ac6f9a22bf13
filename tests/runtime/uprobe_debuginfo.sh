#!/bin/bash
# proves: C-FLAG-18 D-A-07 D-A-23
# needs: objcopy
# Debug information in separate files: found by build id and by .gnu_debuglink, in --debuginfo and beside the program.
set -u
hark=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
run() { timeout 60 "$hark" -q "${@:2}" -c "$1" -e "uprobe:$1:many { printf(\"got %d %d\n\", args.seventh, args.eighth); exit(); }" 2>&1; }

mkdir "$dir/bin" "$dir/debug"
objcopy --only-keep-debug "$PROGS/args" "$dir/debug/args.debug" || exit 1
objcopy --strip-debug --add-gnu-debuglink="$dir/debug/args.debug" "$PROGS/args" "$dir/bin/args" || exit 1

out=$(run "$dir/bin/args")
[[ $out == *'has no debug information'* ]] || fail "without: $out"
out=$(timeout 60 "$hark" -e "uprobe:$dir/bin/args@args.c:122 { }" 2>&1)
[[ $out == *'has no debug information (DWARF), so no source lines'* ]] || fail "source line without: $out"
out=$(run "$dir/bin/args" --debuginfo "/nowhere:$dir/debug")
[[ $out == 'got 7 -8'* ]] || fail "--debuginfo: $out"
out=$(run "$dir/bin/args" --debuginfo files) # no such folder beside the program
[[ $out == *'has no debug information'* ]] || fail "another folder: $out"

mkdir "$dir/bin/.debug"
cp "$dir/debug/args.debug" "$dir/bin/.debug/"
out=$(run "$dir/bin/args")
[[ $out == 'got 7 -8'* ]] || fail ".debug: $out"
rm -r "$dir/bin/.debug"

# The file of another program does not fit.
mkdir "$dir/wrong"
objcopy --only-keep-debug "$PROGS/calls" "$dir/wrong/args.debug" || exit 1
out=$(run "$dir/bin/args" --debuginfo "$dir/wrong")
[[ $out == *'has no debug information'* ]] || fail "of another program: $out"

# By build id, where there is no link; the file may be called anything.
objcopy --strip-debug "$PROGS/args" "$dir/bin/args" || exit 1
id=$(readelf -n "$PROGS/args" | sed -n 's/.*Build ID: //p')
mkdir -p "$dir/ids/.build-id/${id:0:2}"
cp "$dir/debug/args.debug" "$dir/ids/.build-id/${id:0:2}/${id:2}.debug"
out=$(run "$dir/bin/args")
[[ $out == *'has no debug information'* ]] || fail "no link: $out"
out=$(run "$dir/bin/args" --debuginfo "$dir/ids")
[[ $out == 'got 7 -8'* ]] || fail "build id: $out"
