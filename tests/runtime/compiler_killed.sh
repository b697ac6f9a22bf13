# The process that compiles may crash: that is said, and nothing is left behind.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
{
    echo 'BEGIN {'
    for ((i = 0; i < 20000; i++)); do echo "printf(\"$i %d\n\", pid + $i);"; done
    echo '}'
} >"$dir/large.bt"
"$1" "$dir/large.bt" >"$dir/out" 2>"$dir/err" &
hark=$!
child=''
while [ -z "$child" ]; do
    [ -e "/proc/$hark/task/$hark/children" ] || { echo "no compiler was seen"; exit 1; }
    read -r child <"/proc/$hark/task/$hark/children"
done
kill -KILL $child
wait $hark
status=$?
[ $status = 1 ] || { echo "exit status $status"; cat "$dir/err"; exit 1; }
grep -q '^ERROR: internal error: the compiler was ended by signal 9 ' "$dir/err" || { cat "$dir/err"; exit 1; }
[ ! -s "$dir/out" ] || { cat "$dir/out"; exit 1; }
