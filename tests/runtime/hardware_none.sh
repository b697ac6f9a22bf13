# proves: P-PERF-02
# A machine without counters says so; on others the events come.
hark=$1
why=$("$hark" -e 'hardware:cycles:100000 { exit(5); } interval:s:20 { exit(6); }' 2>&1 >/dev/null)
case $? in
5) ;;
255) grep -q "^ERROR: can't attach hardware:cycles:100000: this machine has no hardware counter" <<<"$why" ;;
*) echo "$why"; exit 1 ;;
esac
"$hark" -l 'hardware:*' | grep -qx 'hardware:branches:'
