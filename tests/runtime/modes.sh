# proves: C-FLAG-22
hark=$1
expect() { # status, regex, arguments…
    want=$1 regex=$2
    shift 2
    text=$("$hark" "$@" 2>&1)
    status=$?
    [ $status = "$want" ] && grep -qE -- "$regex" <<<"$text" || { echo "$*: $status: $text"; exit 1; }
}
expect 0 '^$' --mode codegen -e 'begin { printf("compiled, not run"); }'
expect 1 'ERROR: .*undefined' --mode codegen -e 'begin { undefined(); }'
expect 0 '^object +[0-9.]+ ms$' --mode compiler-bench -e 'begin { printf("x"); }'
expect 1 'ERROR: --test, --bench and --mode cannot be used together' --test --bench -e 'test:a { }'
expect 1 'ERROR: --test, --bench and --mode cannot be used together' --mode codegen --test -e 'test:a { }'
expect 1 "ERROR: --mode: 'fast' is none of" --mode fast -e 'test:a { }'
expect 1 "ERROR: --probe-filter: '\(' is no regular expression" --probe-filter '(' -e 'begin { }'
expect 1 'No probes to attach' --test -e 'begin { }'
expect 1 'No probes to attach' -e 'test:a { } bench:b { }'
expect 1 'No probes to attach' --probe-filter nothing -e 'begin { }'
export BPFTRACE_COLOR=always
expect 0 '32m\[       OK' --test -e 'test:a { }'
