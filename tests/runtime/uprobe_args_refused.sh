#!/bin/bash
# proves: D-A-23 D-A-07 P-UPROBE-08
# Arguments that are nowhere a program can look, and lines without code, are refused with a reason.
set -u
hark=$1
p=$PROGS/args
status=0
refused() { # attach point, body, text in the message
    local out
    out=$(timeout 60 "$hark" --dry-run -e "uprobe:$p$1 { $2 }" 2>&1) && { echo "FAILED: $1 was taken"; status=1; }
    [[ $out == *"$3"* ]] || { echo "FAILED: $1: $out"; status=1; }
}
refused :floats 'print(args.d)' "programs cannot read 'd': it is in no register or place in memory"
refused :floats 'print(args.nothing)' "has no argument 'nothing'"
refused :_start 'print(args.x)' 'does not know this function'
refused @args.c:115 'print(args.x)' 'it has: number' # the innermost function's
refused @args.c:120 '' 'no code of'
refused @args.c:120 '' 'the next line with code is 122'
refused @args.c:122:99 '' 'begins at line 122, column 99 of args.c'
refused @gs.c:122 '' "was made of no source file 'gs.c'"
exit $status
