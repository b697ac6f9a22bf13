/*
 * tests.c - hark --test and hark --bench: programs are run, not attached
 *
 * Each by itself, through the kernel's test-run. What a test prints is caught and belongs to its
 * result.
 */
#include "runtime/session_impl.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

enum {
    BENCH_NS = 1000000,     /* how much time a benchmark should take at least */
    BENCH_MAX = 1000000000, /* and how often it is run at most */
    SKIP = 1,               /* what a benchmark returns that is not to be measured */
};

struct outcome {
    uint32_t result;
    uint32_t ns; /* of one run, on average */
};

static struct str name_of(const struct image_probe *p)
{
    return p->targets.n ? p->targets.v[0].func : p->fn;
}

static int run(struct session *s, const struct image_probe *p, unsigned times,
               struct outcome *outcome, struct err *e)
{
    char packet[14] = { 0 }; /* an Ethernet header, the least the kernel takes */
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
                .repeat = (int)times);
    int rc = bpf_prog_test_run_opts(bpf_program__fd(session_program(s, p)), &opts);

    if (rc)
        return err_set(e, rc, "can't run %.*s: %s", STRF(name_of(p)), strerror(-rc));
    *outcome = (struct outcome){ opts.retval, opts.duration };
    return 0;
}

/* What is in the ring becomes text, now in *output (the session's scratch memory). */
static int collect_output(struct session *s, struct str *output, struct err *e)
{
    struct out_capture capture;
    int rc = out_capture_begin(s->out, &capture);

    if (rc)
        return err_set(e, rc, "can't catch the output of a test: %s", strerror(-rc));
    events_drain(s);
    losses_report(s);
    *output = out_capture_end(s->out, &capture, &s->scratch);
    return 0;
}

static int run_test(struct session *s, const struct image_probe *p, struct out_test *test,
                    struct err *e)
{
    struct outcome outcome = { 0 };
    int rc;

    s->status = 0;
    s->discard = s->ended = false;
    s->out->errors = 0;
    if ((rc = run(s, p, 1, &outcome, e)) || (rc = collect_output(s, &test->output, e)))
        return rc;
    test->name = name_of(p);
    test->ns = outcome.ns;
    test->passed = outcome.result == 0 && s->status == 0 && s->out->errors == 0;
    return 0;
}

/* Ten times as often, until it took long enough to be measured. False: it does not want to be. */
static int run_bench(struct session *s, const struct image_probe *p, struct out_bench *bench,
                     bool *skipped, struct err *e)
{
    struct outcome outcome = { 0 };
    struct str ignored;
    unsigned times = 1;
    int rc;

    for (;; times *= 10) {
        s->discard = true;
        if ((rc = run(s, p, times, &outcome, e)) || (rc = collect_output(s, &ignored, e)))
            return rc;
        *skipped = outcome.result == SKIP;
        if (*skipped || times == BENCH_MAX || (uint64_t)outcome.ns * times >= BENCH_NS)
            break;
    }
    *bench = (struct out_bench){ name_of(p), outcome.ns, times };
    return 0;
}

static int run_tests(struct session *s, struct err *e)
{
    struct out_test *tests = xcalloc(s->image->probes.n, sizeof(*tests));
    size_t n = 0;
    int rc = 0, failed = 0;

    for (size_t i = 0; i < s->image->probes.n && !rc; i++) {
        if (s->image->probes.v[i].when != WHEN_TEST)
            continue;
        rc = run_test(s, &s->image->probes.v[i], &tests[n], e);
        failed |= !rc && !tests[n].passed;
        n++;
    }
    if (!rc)
        s->out->ops->tests(s->out, tests, n);
    s->status = failed;
    free(tests);
    return rc;
}

static int run_benches(struct session *s, struct err *e)
{
    struct out_bench *benches = xcalloc(s->image->probes.n, sizeof(*benches));
    bool skipped = false;
    size_t n = 0;
    int rc = 0;

    for (size_t i = 0; i < s->image->probes.n && !rc; i++) {
        if (s->image->probes.v[i].when != WHEN_BENCH)
            continue;
        rc = run_bench(s, &s->image->probes.v[i], &benches[n], &skipped, e);
        n += !skipped;
    }
    if (!rc)
        s->out->ops->benches(s->out, benches, n);
    free(benches);
    return rc;
}

int tests_run(struct session *s, struct err *e)
{
    load_set_start(s);
    load_set_gate(s, GATE_SPECIAL);
    return s->config.opt.run == RUN_TESTS ? run_tests(s, e) : run_benches(s, e);
}
