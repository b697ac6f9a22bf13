# proves: D-A-09
# A bare program name that PATH has twice: the first is used, and hark says so. Two names of one file
# are one program.
set -u
hark=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/a" "$dir/b" "$dir/c"
cp /bin/sleep "$dir/a/twice"
cp /bin/sleep "$dir/b/twice"
ln -s "$dir/a/twice" "$dir/c/twice"
export PATH="$dir/a:$dir/b:$dir/c:$PATH"
got=$("$hark" --unsafe --dump=attach -e 'uprobe:twice:0x1000 { }' 2>&1 >/dev/null)
[[ $got = "stdin:1:1-"*"WARNING: PATH has 2 programs 'twice': the first is used, $dir/a/twice"* ]] || { echo "$got"; exit 1; }
"$hark" --unsafe --dump=plan -e 'uprobe:twice:0x1000 { }' 2>/dev/null | grep -qF "uprobe:$dir/a/twice:4096" || exit 1
rm "$dir/b/twice"
got=$("$hark" --unsafe --dump=plan -e 'uprobe:twice:0x1000 { }' 2>&1 >/dev/null)
[ -z "$got" ] || { echo "$got"; exit 1; }
