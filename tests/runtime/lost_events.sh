# needs: loop
# proves: O-RUN-01
# Produced = printed + lost, exactly.
err=$(mktemp)
trap 'rm -f "$err"' EXIT
printed=$("$1" -e 'config = { perf_rb_pages = 4 }
    BEGIN { for $i : 0..30000 { printf("%d 0123456789012345678901234567890123456789\n", $i); } }' 2>"$err" |
    grep -c 0123456789)
lost=$(sed -n 's/^WARNING: Total lost event count: //p' "$err")
told=$(sed -n 's/^Lost \([0-9]*\) events$/\1/p' "$err" | paste -sd+ | bc)
[ "$lost" -gt 0 ] && [ $((printed + lost)) = 30000 ] && [ "$told" = "$lost" ] ||
    { echo "printed $printed, lost $lost, told $told: not 30000"; cat "$err"; exit 1; }
