# proves: C-LIFE-01
# timeout(1) signals its child and then its process group: hark gets the same signal twice at once,
# and must still print its maps. (Where tests get more TIMEOUT, machines need longer to attach.)
long=$((${TIMEOUT:-60} / 20))
for i in 1 2 3; do
    out=$(timeout -s TERM "$long" "$1" -q -e 'BEGIN { @n = 3; } interval:s:100, tracepoint:syscalls:sys_enter_vhangup { @x = 1; } END { printf("end\n"); }')
    grep -q '^end$' <<<"$out" && grep -q '^@n: 3$' <<<"$out" || { echo "run $i printed: $out"; exit 1; }
done
