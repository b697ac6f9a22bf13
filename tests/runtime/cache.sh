# What was compiled once is not compiled again, until something it was made from has changed; an
# entry that cannot be trusted is as good as none.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
hark=$1
export HARK_CACHE=$dir/cache
unset BPFTRACE_MAX_STRLEN

cat >a.bt <<'END'
#include "a.h"
BEGIN { printf("%d %d %s\n", ANSWER, $1, str($2)); exit(); }
END
echo '#define ANSWER 41' >a.h
echo 'import "b.bt"; BEGIN { printf("%d\n", twice(21)); exit(); }' >import.bt
echo 'macro twice(x) { x * 2 }' >b.bt

fail() { echo "$1"; cat out err; exit 1; }
# how, expected output, arguments: runs hark and looks whether it compiled
run() {
    local how=$1 want=$2
    shift 2
    "$hark" --timings "$@" >out 2>err || fail "failed: $*"
    [ "$(cat out)" = "$want" ] || fail "wrong output of $*"
    if grep -q '^parse ' err; then
        [ "$how" = cold ] || fail "compiled: $*"
    else
        [ "$how" = warm ] || fail "not compiled: $*"
    fi
}
cold() { run cold "$@"; }
warm() { run warm "$@"; }

cold '41 1 x' a.bt 1 x
warm '41 1 x' a.bt 1 x
cold '41 2 x' a.bt 2 x # another parameter
warm '41 1 x' a.bt 1 x
[ "$(stat -c %a cache)" = 700 ] || fail "rights of the directory"
[ "$(stat -c %a cache/* | sort -u)" = 600 ] || fail "rights of the entries"
cold '41 1 x' --no-cache a.bt 1 x
HARK_CACHE=off cold '41 1 x' a.bt 1 x
BPFTRACE_MAX_STRLEN=32 cold '41 1 x' a.bt 1 x # another setting

# ---- what it was made from ----
echo '#define ANSWER 42' >a.h.new && mv a.h.new a.h
cold '42 1 x' a.bt 1 x
warm '42 1 x' a.bt 1 x
cold 42 import.bt
warm 42 import.bt
echo 'macro twice(x) { x * 2 + 1 }' >b.bt
cold 43 import.bt
warm 43 import.bt
mkdir sub
cp a.bt sub
echo '#define ANSWER 1' >sub/a.h
cold '1 1 x' sub/a.bt 1 x
(cd sub && cold '1 1 x' a.bt 1 x && warm '1 1 x' a.bt 1 x) || exit 1

# ---- a program with a probe in it ----
cp "$PROGS/calls" prog
program='uprobe:./prog:add { @ = count(); } BEGIN { printf("begin\n"); exit(); }'
cold begin -e "$program"
warm begin -e "$program"
cp "$PROGS/calls" other && mv other prog # the same bytes, another file
cold begin -e "$program"
warm begin -e "$program"

# ---- what is not kept ----
warns='BEGIN { $x = 1; if ($x == 1) { let $y; print(1); } exit(); }'
for i in 1 2; do
    cold 1 -e "$warns" # a warning is said each time
    grep -q WARNING err || fail "no warning"
done
if "$hark" -e 'BEGIN { nothing_of_that_name(); }' >out 2>err; then fail "compiled"; fi
ls cache >before
if "$hark" -e 'BEGIN { nothing_of_that_name(); }' >out 2>err; then fail "kept"; fi
ls cache | cmp - before || fail "something was kept of a wrong script"

# ---- entries that cannot be trusted ----
e='BEGIN { printf("fine\n"); exit(); }'
rm -r cache
cold fine -e "$e"
warm fine -e "$e"
entry=$(echo cache/*)
size=$(stat -c %s "$entry")
printf 'X' | dd of="$entry" bs=1 seek=$((size - 100)) conv=notrunc 2>dd.err || fail "dd"
cold fine -e "$e" # one byte changed
warm fine -e "$e"
truncate -s $((size / 2)) "$entry"
cold fine -e "$e"
: >"$entry"
cold fine -e "$e"
warm fine -e "$e"
chmod 666 "$entry"
cold fine -e "$e" # anybody could have written it
warm fine -e "$e"
chown 12345 "$entry"
cold fine -e "$e" # somebody else's
warm fine -e "$e"
mv "$entry" aside && ln -s ../aside "$entry"
cold fine -e "$e" # a link
warm fine -e "$e"
[ ! -L "$entry" ] || fail "the link is still there"
cold other -e 'BEGIN { printf("other\n"); exit(); }'
for other in cache/*; do
    [ "$other" = "$entry" ] || mv "$other" "$entry"
done
cold fine -e "$e" # of another script
warm fine -e "$e"
rm "$entry" && mkfifo "$entry"
cold fine -e "$e" # nobody waits for a writer
chmod 777 cache
cold fine -e "$e"
cold fine -e "$e"
chmod 700 cache && chown 12345 cache
cold fine -e "$e"
cold fine -e "$e"
chown 0 cache && rm -r cache && ln -s . cache
cold fine -e "$e"
cold fine -e "$e"
rm cache && : >cache
cold fine -e "$e"
rm cache

# ---- many at once ----
for i in 1 2 3 4 5 6; do
    "$hark" --timings -e "$e" >"many.$i" 2>"err.$i" &
done
wait
for i in 1 2 3 4 5 6; do
    [ "$(cat "many.$i")" = fine ] || fail "one of many: $(cat "many.$i")"
done
warm fine -e "$e"
[ "$(ls cache | wc -l)" = 1 ] || fail "more than one entry: $(ls cache)"
