# proves: P-USDT-01 C-FLAG-02
# A probe is listed once, however many places it has.
hark=$1
want="usdt:$PROGS/usdt:hark:forms
usdt:$PROGS/usdt:hark:globals
usdt:$PROGS/usdt:hark:guarded
usdt:$PROGS/usdt:hark:loop
usdt:$PROGS/usdt:hark:moved
usdt:$PROGS/usdt:hark:none
usdt:$PROGS/usdt:hark:real
usdt:$PROGS/usdt:hark:sites
usdt:$PROGS/usdt:hark:text
usdt:$PROGS/usdt:hark:twice
usdt:$PROGS/usdt:hark:widths
usdt:$PROGS/usdt:other:loop"
for search in "usdt:$PROGS/usdt" "usdt:$PROGS/usdt:*" "U:$PROGS/usdt:*:*"; do
    got=$("$hark" -l "$search")
    [ "$got" = "$want" ] || { echo "$search: $got"; exit 1; }
done
got=$("$hark" -l "usdt:$PROGS/usdt:other:l*")
[ "$got" = "usdt:$PROGS/usdt:other:loop" ] || { echo "$got"; exit 1; }
# Places that agree on their arguments share a program, and all do if nobody asks for arguments.
count() { "$hark" --dump=plan -e "usdt:$PROGS/usdt:hark:$1" | grep -c '^probe'; }
got="$(count 'twice { @ = sum(arg0); }') $(count 'sites { @ = sum(arg0); }') $(count 'sites { @++; }')"
[ "$got" = "1 3 1" ] || { echo "$got programs"; exit 1; }
