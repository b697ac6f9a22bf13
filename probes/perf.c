/*
 * perf.c - probes by time and by count: profile, interval, software
 *
 * All are perf events with a program attached: profile one on every CPU (or every thread of -p),
 * interval one on one CPU, software events one on every CPU.
 */
#include "probes/provider.h"

#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "runtime/attach.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- time ---- */

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

/* ---- attachment ---- */

static int attach_cpus(struct session *s, const struct image_probe *p, const struct target *t,
                       struct perf_event_attr *attr, bool only_first, struct err *e)
{
    unsigned *cpus;
    size_t n;
    int rc = kernel_online_cpus(session_host(s)->kernel, session_scratch(s), &cpus, &n, e);

    for (size_t i = 0; i < n && !rc; i++) {
        rc = session_attach_perf(s, p, t, attr, (int)cpus[i], 0, e);
        if (only_first)
            break;
    }
    return rc;
}

/* Every thread there is; those created later inherit the event. */
static int attach_threads(struct session *s, const struct image_probe *p, const struct target *t,
                          struct perf_event_attr *attr, uint32_t pid, struct err *e)
{
    struct dirent *entry;
    char path[64];
    DIR *dir;
    int rc = 0, n = 0;

    snprintf(path, sizeof(path), "/proc/%u/task", pid);
    dir = opendir(path);
    if (!dir)
        return err_set(e, -errno, "process %u has gone", pid);
    attr->inherit = 1;
    attr->inherit_thread = 1;
    while (!rc && (entry = readdir(dir))) {
        unsigned long tid = strtoul(entry->d_name, NULL, 10);

        if (!tid)
            continue;
        rc = session_attach_perf(s, p, t, attr, -1, (uint32_t)tid, e);
        if (rc == -EINVAL && n == 0 && attr->inherit_thread) {
            attr->inherit_thread = 0; /* before Linux 5.13: child processes are followed, too */
            rc = session_attach_perf(s, p, t, attr, -1, (uint32_t)tid, e);
        }
        if (rc == -ESRCH && n > 0) /* a thread that has just ended */
            rc = 0;
        n++;
    }
    closedir(dir);
    return rc;
}

static int attach_event(struct session *s, const struct image_probe *p, const struct target *t,
                        struct perf_event_attr *attr, struct err *e)
{
    uint32_t pid = session_pid(s);

    return pid ? attach_threads(s, p, t, attr, pid, e) : attach_cpus(s, p, t, attr, false, e);
}

static int profile_attach(struct session *s, const struct image_probe *p, const struct target *t,
                          struct err *e)
{
    struct perf_event_attr attr = clock_attr(t);

    return attach_event(s, p, t, &attr, e);
}

static int interval_attach(struct session *s, const struct image_probe *p, const struct target *t,
                           struct err *e)
{
    struct perf_event_attr attr = clock_attr(t);

    return attach_cpus(s, p, t, &attr, true, e);
}

/* ---- software events ---- */

static const struct {
    const char *name, *alias;
    uint32_t config;
    uint64_t count;
} events[] = {
    { "alignment-faults", NULL, PERF_COUNT_SW_ALIGNMENT_FAULTS, 1 },
    { "bpf-output", NULL, PERF_COUNT_SW_BPF_OUTPUT, 1 },
    { "context-switches", "cs", PERF_COUNT_SW_CONTEXT_SWITCHES, 1000 },
    { "cpu-clock", "cpu", PERF_COUNT_SW_CPU_CLOCK, 1000000 },
    { "cpu-migrations", NULL, PERF_COUNT_SW_CPU_MIGRATIONS, 1 },
    { "dummy", NULL, PERF_COUNT_SW_DUMMY, 1 },
    { "emulation-faults", NULL, PERF_COUNT_SW_EMULATION_FAULTS, 1 },
    { "major-faults", NULL, PERF_COUNT_SW_PAGE_FAULTS_MAJ, 1 },
    { "minor-faults", NULL, PERF_COUNT_SW_PAGE_FAULTS_MIN, 100 },
    { "page-faults", "faults", PERF_COUNT_SW_PAGE_FAULTS, 100 },
    { "task-clock", NULL, PERF_COUNT_SW_TASK_CLOCK, 1 },
};

static bool software_parse(const struct attach_parse *p, struct target *out)
{
    struct str_guess guess;
    struct diag *d;

    if (!attach_check_parts(p, 1, 2, "software:page-faults:100"))
        return false;
    out->func = p->parts[1];
    if (p->n_parts == 3 && p->parts[2].n && !attach_number(p->parts[2], &out->period)) {
        diag_error(p->diags, p->at, "software: '%.*s' is no count", STRF(p->parts[2]));
        return false;
    }
    guess = (struct str_guess){ .word = out->func };
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        if (str_eqz(out->func, events[i].name) ||
            (events[i].alias && str_eqz(out->func, events[i].alias))) {
            out->code = events[i].config;
            if (!out->period)
                out->period = events[i].count;
            out->label = str_printf(p->arena, "software:%.*s:%llu", STRF(out->func),
                                    (unsigned long long)out->period);
            return true;
        }
        str_guess_try(&guess, str_from(events[i].name));
        if (events[i].alias)
            str_guess_try(&guess, str_from(events[i].alias));
    }
    d = diag_error(p->diags, p->at, "there is no software event '%.*s'", STRF(out->func));
    if (str_guess_ok(&guess))
        diag_hint(p->diags, d, "did you mean 'software:%.*s'?", STRF(guess.best));
    else
        diag_hint(p->diags, d, "hark -l 'software:*' lists them");
    return false;
}

static int software_list(const struct host *host, const struct target *pattern, target_fn fn,
                         void *arg, struct err *e)
{
    int rc = 0;

    (void)host;
    (void)pattern;
    (void)e;
    for (size_t i = 0; i < ARRAY_LEN(events) && !rc; i++) {
        const char *names[] = { events[i].name, events[i].alias };

        for (size_t n = 0; n < 2 && names[n] && !rc; n++) {
            char label[64];
            struct target t = { 0 };

            snprintf(label, sizeof(label), "software:%s:", names[n]);
            t.label = str_from(label);
            rc = fn(arg, &t);
        }
    }
    return rc;
}

static int software_attach(struct session *s, const struct image_probe *p, const struct target *t,
                           struct err *e)
{
    struct perf_event_attr attr = {
        .size = sizeof(attr),
        .type = PERF_TYPE_SOFTWARE,
        .config = t->code,
    };

    attr.sample_period = t->period;
    return attach_event(s, p, t, &attr, e);
}

/* ---- what they share ---- */

/* struct bpf_perf_event_data begins with the interrupted registers. */
static bool perf_load(struct cg *cg, const struct target *t, enum probe_value what, unsigned n,
                      struct cg_val *out)
{
    (void)t;
    if (what != PROBE_REG)
        return false;
    *out = cg_ctx_load(cg, n, type_int(cg_types(cg), 8, false));
    return true;
}

static void perf_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("perf_event") };
}

static const char *const profile_aliases[] = { "p", NULL };
static const char *const interval_aliases[] = { "i", NULL };
static const char *const software_aliases[] = { "s", NULL };

const struct provider provider_profile = {
    .name = "profile",
    .aliases = profile_aliases,
    .doc = "profile:hz:99: samples every CPU at a rate",
    .caps = CAP_REGS | CAP_STACK | CAP_SIGNAL,
    .as = AS_NONE,
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

const struct provider provider_software = {
    .name = "software",
    .aliases = software_aliases,
    .doc = "software:page-faults:100: every so many software events of the kernel",
    .caps = CAP_REGS | CAP_STACK,
    .as = AS_NONE,
    .parse = software_parse,
    .list = software_list,
    .load = perf_load,
    .program = perf_program,
    .attach = software_attach,
};
