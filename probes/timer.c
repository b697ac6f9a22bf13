/*
 * timer.c - probes by time: profile and interval
 *
 * Both are the CPU clock as a perf event: profile on every CPU (or every thread of -p), interval on
 * one.
 */
#include "probes/perf.h"

#include <linux/perf_event.h>
#include <stdio.h>

static const struct {
    const char *unit;
    uint64_t ns; /* 0: times a second */
} units[] = { { "hz", 0 }, { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 } };

static bool time_error(const struct attach_parse *p, const char *what)
{
    struct diag *d = diag_error(p->diags, p->at, "%.*s: %s", STRF(p->parts[0]), what);

    diag_hint(p->diags, d, "write %.*s:hz:99, %.*s:s:1, %.*s:ms:10, %.*s:us:500 or %.*s:10ms",
              STRF(p->parts[0]), STRF(p->parts[0]), STRF(p->parts[0]), STRF(p->parts[0]),
              STRF(p->parts[0]));
    return false;
}

/* profile:99 is nanoseconds by the rules, and never meant so. */
static bool unit_error(const struct attach_parse *p)
{
    struct str type = p->parts[0], n = p->parts[1];
    bool profile = str_starts(type, STR("p"));
    struct diag *d;

    d = diag_error(p->diags, p->at, "%.*s: %.*s is %.*s ns, and the shortest duration is 1 us",
                   STRF(type), STRF(n), STRF(n));
    diag_hint(p->diags, d,
              profile ? "for %.*s times a second: %.*s:hz:%.*s" : "for %.*s seconds: %.*s:s:%.*s",
              STRF(n), STRF(type), STRF(n));
    return false;
}

static bool is_plain_number(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return true;
}

/* "interval:1s" or "interval:1000000000". */
static bool parse_duration(const struct attach_parse *p, struct target *out)
{
    uint64_t ns;

    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (str_eqz(p->parts[1], units[i].unit))
            return time_error(p, "a number is missing after the unit");
    }
    if (!attach_number(p->parts[1], &ns))
        return time_error(p, "this is no duration");
    if (ns > 0 && ns < 1000 && is_plain_number(p->parts[1]))
        return unit_error(p);
    if (ns < 1000)
        return time_error(p, "the shortest duration is 1 us");
    out->func = STR("us");
    out->period = ns;
    out->label = str_printf(p->arena, "us:%llu", (unsigned long long)(ns / 1000));
    return true;
}

static bool parse_unit(const struct attach_parse *p, struct target *out)
{
    uint64_t n;

    if (!attach_number(p->parts[2], &n) || n == 0)
        return time_error(p, "the rate must be a positive number");
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!str_eqz(p->parts[1], units[i].unit))
            continue;
        out->func = p->parts[1];
        out->is_hz = units[i].ns == 0;
        if (out->is_hz && n > 1000000)
            return time_error(p, "the highest rate is 1000000 Hz");
        if (!out->is_hz && n > UINT64_MAX / units[i].ns)
            return time_error(p, "the duration is too long");
        out->period = out->is_hz ? n : n * units[i].ns;
        out->label = str_printf(p->arena, "%s:%llu", units[i].unit, (unsigned long long)n);
        return true;
    }
    return time_error(p, "the unit is none of hz, s, ms, us");
}

static bool time_parse(const struct attach_parse *p, struct target *out, const char *type)
{
    if (p->n_parts < 2 || p->n_parts > 3)
        return attach_check_parts(p, 1, 2, type[0] == 'p' ? "profile:hz:99" : "interval:s:1");
    if (!(p->n_parts == 2 ? parse_duration(p, out) : parse_unit(p, out)))
        return false;
    out->label = str_printf(p->arena, "%s:%.*s", type, STRF(out->label));
    return true;
}

static bool profile_parse(const struct attach_parse *p, struct target *out)
{
    return time_parse(p, out, "profile");
}

static bool interval_parse(const struct attach_parse *p, struct target *out)
{
    return time_parse(p, out, "interval");
}

static int list_units(const char *type, target_fn fn, void *arg)
{
    int rc = 0;

    for (size_t i = 0; i < ARRAY_LEN(units) && !rc; i++) {
        char label[32];
        struct target t = { 0 };

        snprintf(label, sizeof(label), "%s:%s:", type, units[i].unit);
        t.label = str_from(label);
        rc = fn(arg, &t);
    }
    return rc;
}

static int profile_list(const struct host *host, const struct target *pattern, target_fn fn,
                        void *arg, struct err *e)
{
    (void)host;
    (void)pattern;
    (void)e;
    return list_units("profile", fn, arg);
}

static int interval_list(const struct host *host, const struct target *pattern, target_fn fn,
                         void *arg, struct err *e)
{
    (void)host;
    (void)pattern;
    (void)e;
    return list_units("interval", fn, arg);
}

static struct perf_event_attr clock_attr(const struct target *t)
{
    struct perf_event_attr attr = {
        .size = sizeof(attr),
        .type = PERF_TYPE_SOFTWARE,
        .config = PERF_COUNT_SW_CPU_CLOCK,
        .freq = t->is_hz,
    };

    attr.sample_period = t->period; /* a union with sample_freq */
    return attr;
}

static int profile_attach(struct session *s, const struct image_probe *p, const struct target *t,
                          struct err *e)
{
    struct perf_event_attr attr = clock_attr(t);

    return perf_attach_event(s, p, t, &attr, e);
}

static int interval_attach(struct session *s, const struct image_probe *p, const struct target *t,
                           struct err *e)
{
    struct perf_event_attr attr = clock_attr(t);

    return perf_attach_cpus(s, p, t, &attr, true, e);
}

static const char *const profile_aliases[] = { "p", NULL };
static const char *const interval_aliases[] = { "i", NULL };

const struct provider provider_profile = {
    .name = "profile",
    .aliases = profile_aliases,
    .doc = "profile:hz:99: samples every CPU at a rate",
    .caps = CAP_REGS | CAP_STACK | CAP_SIGNAL,
    .as = AS_NONE,
    .pid_attach = true,
    .user = true,
    .parse = profile_parse,
    .list = profile_list,
    .load = perf_load,
    .program = perf_program,
    .attach = profile_attach,
};

const struct provider provider_interval = {
    .name = "interval",
    .aliases = interval_aliases,
    .doc = "interval:s:1: fires on one CPU every so often",
    .caps = CAP_REGS | CAP_STACK,
    .as = AS_NONE,
    .user = true,
    .parse = interval_parse,
    .list = interval_list,
    .load = perf_load,
    .program = perf_program,
    .attach = interval_attach,
};
