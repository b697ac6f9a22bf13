# proves: C-FLAG-29 C-FLAG-06 C-LIFE-02 C-FLAG-28 C-FLAG-16
# Wrong command lines: exit status 1 and a sentence; nothing on standard output.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
wrong() { # regex of the message, arguments…
    regex=$1
    shift
    "$hark" "$@" >"$dir/out" 2>"$dir/err" </dev/null
    status=$?
    [ $status = 1 ] || { echo "hark $*: exit status $status"; exit 1; }
    [ ! -s "$dir/out" ] || { echo "hark $*: on standard output:"; cat "$dir/out"; exit 1; }
    grep -qE -- "$regex" "$dir/err" || { echo "hark $*: expected $regex"; cat "$dir/err"; exit 1; }
}
hark=$1
wrong Usage
wrong Usage --no-such-option
wrong ERROR -q
wrong ERROR -e ''
wrong ERROR -e '   '
wrong 'ERROR.*/no/such/file' /no/such/file.bt
wrong ERROR -p 0 -e 'BEGIN { }'
wrong ERROR -p x -e 'BEGIN { }'
wrong ERROR -p 999999999 -e 'BEGIN { }'
wrong 'ERROR.*-p and -c|ERROR.*-c and -p' -p 1 -c true -e 'BEGIN { }'
wrong 'ERROR.*xml' -f xml -e 'BEGIN { }'
wrong 'ERROR.*most' -B most -e 'BEGIN { }'
wrong 'ERROR.*-k' -kk -e 'BEGIN { }'
wrong 'ERROR.*-k' -k --no-warnings -e 'BEGIN { }'
wrong ERROR -d no_such_stage -e 'BEGIN { }'
wrong ERROR -p 4194303 -e 'BEGIN { }'
"$hark" -h >"$dir/out" && grep -q Usage "$dir/out" || exit 1
[[ "$("$hark" -V)" =~ ^hark\ v[0-9]+\.[0-9]+\.[0-9]+$ ]] || exit 1
[[ "$("$hark" --version)" = "$("$hark" -V)" ]] || exit 1
"$hark" -q -b --btf --usdt-file-activation -e 'BEGIN { }' >/dev/null || exit 1
