/*
 * test.c - test and bench: programs that hark --test and hark --bench run by themselves
 *
 * They are XDP programs, which the kernel's test-run can repeat and time; the packet they are given
 * means nothing. A test has passed if it returns 0.
 */
#include "probes/provider.h"

static bool named_parse(const struct attach_parse *p, struct target *out, const char *type)
{
    struct diag *d;

    if (p->n_parts == 2 && p->parts[1].n) {
        out->func = p->parts[1];
        out->label = str_printf(p->arena, "%s:%.*s", type, STRF(out->func));
        return true;
    }
    d = diag_error(p->diags, p->at, "%s needs a name and nothing else", type);
    diag_hint(p->diags, d, "write %s:NAME", type);
    return false;
}

static bool test_parse(const struct attach_parse *p, struct target *out)
{
    return named_parse(p, out, "test");
}

static bool bench_parse(const struct attach_parse *p, struct target *out)
{
    return named_parse(p, out, "bench");
}

static void test_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("xdp"), .when = WHEN_TEST };
}

static void bench_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("xdp"), .when = WHEN_BENCH };
}

const struct provider provider_test = {
    .name = "test",
    .doc = "test:name: run by hark --test; passes if it returns 0",
    .as = AS_NONE,
    .user = true,
    .single = true,
    .parse = test_parse,
    .program = test_program,
};

const struct provider provider_bench = {
    .name = "bench",
    .probetype = "benchmark",
    .doc = "bench:name: run by hark --bench again and again, and timed",
    .as = AS_NONE,
    .user = true,
    .single = true,
    .parse = bench_parse,
    .program = bench_program,
};
