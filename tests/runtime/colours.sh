# proves: C-ENV-03 O-RUN-05
red=$(BPFTRACE_COLOR=always "$1" -e 'BEGIN { print(x); }' 2>&1 >/dev/null)
grep -q $'\033\[31m.*ERROR.*\033\[0m' <<<"$red" || { echo "no red: $red"; exit 1; }
yellow=$(BPFTRACE_COLOR=always "$1" -q -e 'BEGIN { 5; }' 2>&1 >/dev/null)
grep -q $'\033\[33m.*WARNING.*\033\[0m' <<<"$yellow" || { echo "no yellow: $yellow"; exit 1; }
for mode in never auto; do
    ! BPFTRACE_COLOR=$mode "$1" -e 'BEGIN { print(x); }' 2>&1 | grep -q $'\033' || { echo "$mode has colours"; exit 1; }
done
BPFTRACE_COLOR=pink "$1" -q -e 'BEGIN { }' 2>&1 | grep -q '^WARNING: ' || { echo "pink is no colour"; exit 1; }
