# proves: P-USDT-03 D-A-10 D-A-19
# What cannot be read or found is said, with where it is or what it may be.
hark=$1
usdt=$PROGS/usdt
try() { # script, message
    out=$("$hark" --dump=plan -e "$1" 2>&1 >/dev/null) && { echo "accepted: $1"; exit 1; }
    grep -qF -- "$2" <<<"$out" || { echo "$1: $out"; exit 1; }
}
try "usdt:$usdt:hark:real { print(arg0); }" \
    "ERROR: arg0 of usdt:$usdt:hark:real cannot be read: it is a floating-point number ('8f@"
try "usdt:$usdt:hark:loop { print(arg2); }" \
    "ERROR: arg2 does not exist: usdt:$usdt:hark:loop has 2 arguments"
try "usdt:$usdt:hark:loop { print(func); }" "func"
try "usdt:$usdt:hark:lop { }" "HINT: did you mean usdt:$usdt:hark:loop?"
try "usdt:$usdt:harc:loop { }" "HINT: did you mean usdt:$usdt:hark:loop?"
try "usdt:$PROGS/calls:hark:loop { }" "ERROR: '$PROGS/calls' was built without USDT probes"
# A variable whose name strip took away.
[ "$(uname -m)" = x86_64 ] || exit 0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
strip -o "$dir/usdt" "$usdt"
try "usdt:$dir/usdt:hark:globals { print(arg0); }" \
    "cannot be read: it is at 'global_number', whose address the symbols of '$dir/usdt' do not say"
"$hark" -q -c "$dir/usdt 2" -e "usdt:$dir/usdt:loop { @ = count(); }" 2>&1 | grep -qx '@: 3' ||
    { echo "nothing from a stripped program"; exit 1; }
