# proves: C-LIFE-01
# After a run its programs, maps and links are gone; also after SIGKILL and after a failed one.
command -v bpftool >/dev/null || exit 77
ids() { for kind in prog map link; do bpftool -j $kind list | jq -r ".[]? | \"$kind \(.id)\"" | sort; done; }
err=$(mktemp)
trap 'rm -f "$err"' EXIT
for signal in INT KILL; do
    ids >"$err.before"
    : >"$err"
    "$1" -e 'tracepoint:syscalls:sys_enter_vhangup { @[kstack] = count(); } uprobe:libc:malloc /0/ { @h = hist(1); }
        profile:hz:1 { @p = 1; } BEGIN { printf("x\n"); }' >/dev/null 2>"$err" &
    pid=$!
    until grep -q '^Attached' "$err"; do kill -0 $pid || { cat "$err"; exit 1; }; sleep 0.02; done
    ids >"$err.during"
    new=$(comm -13 <(sort "$err.before") <(sort "$err.during"))
    [ "$(wc -l <<<"$new")" -gt 6 ] || { echo "nothing loaded? $new"; exit 1; }
    # SIGINT is ignored in the background of a script without job control: TERM does the same.
    [ $signal = KILL ] || signal=TERM
    kill -s $signal $pid
    wait $pid 2>/dev/null
    for _ in $(seq 100); do
        left=$(comm -12 <(sort <<<"$new") <(ids | sort))
        [ -n "$left" ] || break
        sleep 0.1
    done
    rm -f "$err.before" "$err.during"
    # Maps and programs of tests that run at the same time come and go; ours go.
    [ -z "$left" ] || { echo "left after $signal: $left"; exit 1; }
done
