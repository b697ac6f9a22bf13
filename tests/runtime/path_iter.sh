# proves: F-SYS-11 D-F-17
# needs: iter dpath
# The name of a file this shell holds open, and what path() cannot follow.
set -u
hark=$1
dir=$(realpath "$(mktemp -d)")
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $1"; cat "$dir/out" "$dir/err"; exit 1; }

exec 7>"$dir/held"
timeout 300 "$hark" -e 'iter:task_file { @[path(ctx.file.f_path)] = count(); @short[path(ctx.file.f_path, 5)] = count(); }' \
    >"$dir/out" 2>"$dir/err" || fail "exit status $?"
grep -qx "@\[$dir/held\]: [1-9][0-9]*" "$dir/out" || fail "the file is missing"
# Kernels before 5.15 give nothing at all when there is not enough room.
grep -qE '^@short\[(held)?\]: ' "$dir/out" || fail "the end of its name is missing"
"$hark" -e 'iter:task_file { $f = ctx.file; print(path($f.f_path)); }' >"$dir/out" 2>"$dir/err" && fail "no error"
grep -q 'ERROR: the kernel wants a pointer it can follow' "$dir/err" || fail "message"
exit 0
