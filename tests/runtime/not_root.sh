# proves: C-LIFE-05
# Without privileges: a sentence that names what is missing, status 1.
command -v setpriv >/dev/null || exit 77
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp "$1" "$copy/hark" && chmod 755 "$copy" "$copy/hark"
out=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$copy/hark" -e 'BEGIN { }' 2>&1)
status=$?
[ $status = 1 ] && grep -qE '^ERROR: .*CAP_' <<<"$out" || { echo "$status: $out"; exit 1; }
setpriv --reuid 65534 --regid 65534 --clear-groups "$copy/hark" -V >/dev/null || exit 1
