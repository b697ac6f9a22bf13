# proves: P-WATCH-01 D-A-25
# There are four debug registers; and what no register can do.
hark=$1
expect() { # regex, script
    why=$("$hark" -e "$2" 2>&1)
    status=$?
    [ $status = 255 ] && grep -qE -- "$1" <<<"$why" || { echo "status $status: $why"; exit 1; }
}
many=
for i in 0 1 2 3 4; do many="$many watchpoint:0x1000000$i:1:w { }"; done
expect "^ERROR: can't attach watchpoint:[0-9]*:1:w: all debug registers are in use" "$many"
expect "^ERROR: can't attach watchpoint:4097:8:w: .*multiple of the length" 'watchpoint:0x1001:8:w { }'
