#!/bin/sh
# Compares every #include with tests/layers.txt: a folder may include itself, what its line lists,
# and system headers. Also: exit() only in cli/main.c. Prints what is forbidden; fails if anything is.
set -eu
cd "$(dirname "$0")/../.."

awk '
BEGIN {
    contract["builtins/builtin.h"] = contract["probes/provider.h"] = 1
    # Contracts live in folders of others.
    split("builtins/find.c probes/find.c probes/parts.c probes/arch.c builtins/builtin.h probes/provider.h", c, " ")
    for (i in c) in_contracts[c[i]] = 1
    while ((getline line < "tests/layers.txt") > 0) {
        if (line ~ /^#/ || line !~ /:/) continue
        folder = line; sub(/:.*/, "", folder)
        rest = line; sub(/^[^:]*:/, "", rest)
        n = split(rest, words, " ")
        known[folder] = 1
        for (i = 1; i <= n; i++) allowed[folder, words[i]] = 1
    }
}
function folder_of(path) { sub(/\/.*/, "", path); return path }
/^#include "/ {
    inc = $2; gsub(/"/, "", inc)
    from = FILENAME in in_contracts ? "contracts" : folder_of(FILENAME)
    to = folder_of(inc)
    if (inc !~ /\// || to == folder_of(FILENAME) || (from, "*") in allowed) next
    if ((from, to) in allowed || (from, inc) in allowed) next
    if (inc in contract && ((from, "contracts") in allowed || from == "contracts")) next
    printf "%s:%d: %s may not include %s (tests/layers.txt)\n", FILENAME, FNR, from, inc
    bad = 1
}
/(^|[^a-z_])_?exit\(/ && !/^ *\*|\/\*/ && FILENAME != "cli/main.c" && FILENAME !~ /runtime\/child.c|runtime\/detach.c|base\/util.c/ {
    printf "%s:%d: only cli/main.c may exit\n", FILENAME, FNR
    bad = 1
}
END { if (bad) exit 1; print "layers: 1 passed, 0 failed" }
' $(find base types ast lexer parser image output kernel symbols sema codegen runtime builtins probes cli \
    -name '*.[chly]' | sort)
