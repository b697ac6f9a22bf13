# proves: L-IMP-01 L-IMP-02 L-IMP-03 D-C-06 D-C-07 D-C-08
# Which files a script may import, and what hark says of the others.
set -u
hark=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { printf '%s\n' "$*"; exit 1; }
umask 022
mkdir -p "$dir/lib/deeper" "$dir/open" "$dir/empty" "$dir/elsewhere"
echo 'macro one() { 1 }' >"$dir/lib/a.bt"
echo 'import "a.bt"; fn two() : int64 { return one() + 1; }' >"$dir/lib/b.bt"
echo 'struct from_header { int a; long b; };' >"$dir/lib/c.h"
echo 'macro hidden() { 7 }' >"$dir/lib/deeper/d.bt"
echo 'not to be read' >"$dir/lib/notes.txt"
echo 'macro evil() { 666 }' >"$dir/lib/evil.bt"
chmod 666 "$dir/lib/evil.bt"
cp "$dir/lib/a.bt" "$dir/open"
chmod 777 "$dir/open"
echo 'config = { max_map_keys = 9 } macro m() { 1 }' >"$dir/config.bt"
echo 'int f(int x) { return x; }' >"$dir/f.bpf.c"
head -c 64 /dev/zero >"$dir/f.bpf.o"
echo 'macro broken( { }' >"$dir/broken.bt"
run() { # text of a script, which is run from another directory
    echo "$1" >"$dir/main.bt"
    (cd "$dir/elsewhere" && "$hark" -q ../main.bt) >"$dir/out" 2>"$dir/err"
    status=$?
}

# A directory: all it has but what lies deeper, is something else, or may be changed by anybody.
run 'import "lib"; BEGIN { print(one()); print(two()); print(sizeof(struct from_header)); exit(); }'
[ "$status $(grep . "$dir/out")" = '0 1
2
16' ] || fail "directory: $(cat "$dir/out" "$dir/err")"
grep -q "WARNING: '../lib/evil.bt' is not imported: anybody may change it" "$dir/err" ||
    fail "no warning: $(cat "$dir/err")"
run 'import "lib"; BEGIN { print(hidden()); }'
[ $status = 1 ] || fail 'import of a directory is recursive'
run 'import "lib"; BEGIN { print(evil()); }'
[ $status = 1 ] || fail 'what anybody may change was imported'
# A file twice is imported once; the library needs no import; absolute paths.
run "import \"lib/b.bt\"; import \"$dir/lib/a.bt\"; import \"stdlib/base.bt\"; BEGIN { print(two()); exit(); }"
[ "$status $(grep . "$dir/out")" = '0 2' ] || fail "files: $(cat "$dir/out" "$dir/err")"

refused() { # path, message
    run "import \"$1\"; BEGIN { exit(); }"
    [ $status = 1 ] && grep -qF -- "$2" "$dir/err" || fail "import \"$1\": status $status, $(cat "$dir/err")"
}
refused none.bt "ERROR: nothing to import: '../none.bt' does not exist"
refused none.bt 'HINT: paths are relative to the script that imports'
refused lib/a "HINT: did you mean '../lib/a.bt'?"
refused lib/notes.txt "ERROR: cannot import '../lib/notes.txt': only .bt and .h files can be imported"
refused open "ERROR: '../open' is not imported: anybody may write into it"
refused empty "ERROR: there is nothing to import in '../empty'"
refused config.bt 'ERROR: an imported script cannot change the configuration'
refused config.bt 'it is imported here'
refused f.bpf.c "ERROR: cannot import '../f.bpf.c': functions of BPF objects and of C code cannot be called"
refused f.bpf.o "ERROR: cannot import '../f.bpf.o': functions of BPF objects and of C code cannot be called"
refused broken.bt 'broken.bt:1:'
ln -s loop.bt "$dir/loop.bt"
refused loop.bt "ERROR: cannot read '../loop.bt': Too many levels of symbolic links"
run 'BEGIN { import "lib/a.bt"; }'
[ $status = 1 ] && grep -q 'ERROR: import must stand before the first probe' "$dir/err" || fail 'import in a block'
