/*
 * counter.c - probes by count: every so many events of the kernel (software) or the CPU (hardware)
 */
#include "probes/perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>

struct event {
    const char *name, *alias;
    uint32_t config;
    uint64_t count; /* unless the script gives another */
};

static const struct event software_events[] = {
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
    { NULL, NULL, 0, 0 },
};

static const struct event hardware_events[] = {
    { "backend-stalls", NULL, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, 1000000 },
    { "branch-instructions", "branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS, 100000 },
    { "branch-misses", NULL, PERF_COUNT_HW_BRANCH_MISSES, 100000 },
    { "bus-cycles", NULL, PERF_COUNT_HW_BUS_CYCLES, 100000 },
    { "cache-misses", NULL, PERF_COUNT_HW_CACHE_MISSES, 1000000 },
    { "cache-references", NULL, PERF_COUNT_HW_CACHE_REFERENCES, 1000000 },
    { "cpu-cycles", "cycles", PERF_COUNT_HW_CPU_CYCLES, 1000000 },
    { "frontend-stalls", NULL, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, 1000000 },
    { "instructions", NULL, PERF_COUNT_HW_INSTRUCTIONS, 1000000 },
    { "ref-cycles", NULL, PERF_COUNT_HW_REF_CPU_CYCLES, 1000000 },
    { NULL, NULL, 0, 0 },
};

static bool is_called(const struct event *event, struct str name)
{
    return str_eqz(name, event->name) || (event->alias && str_eqz(name, event->alias));
}

static void no_such_event(const struct attach_parse *p, const char *type,
                          const struct event *events, struct str name)
{
    struct str_guess guess = { .word = name };
    struct diag *d;

    for (const struct event *event = events; event->name; event++) {
        str_guess_try(&guess, str_from(event->name));
        if (event->alias)
            str_guess_try(&guess, str_from(event->alias));
    }
    d = diag_error(p->diags, p->at, "there is no %s event '%.*s'", type, STRF(name));
    if (str_guess_ok(&guess))
        diag_hint(p->diags, d, "did you mean '%s:%.*s'?", type, STRF(guess.best));
    else
        diag_hint(p->diags, d, "hark -l '%s:*' lists them", type);
}

static bool counter_parse(const struct attach_parse *p, struct target *out, const char *type,
                          const struct event *events, const char *form)
{
    const struct event *event = events;

    if (!attach_check_parts(p, 1, 2, form))
        return false;
    out->func = p->parts[1];
    if (p->n_parts == 3 && p->parts[2].n && !attach_number(p->parts[2], &out->period)) {
        diag_error(p->diags, p->at, "%s: '%.*s' is no count", type, STRF(p->parts[2]));
        return false;
    }
    while (event->name && !is_called(event, out->func))
        event++;
    if (!event->name) {
        no_such_event(p, type, events, out->func);
        return false;
    }
    out->code = event->config;
    if (!out->period)
        out->period = event->count;
    out->label = str_printf(p->arena, "%s:%.*s:%llu", type, STRF(out->func),
                            (unsigned long long)out->period);
    return true;
}

static bool software_parse(const struct attach_parse *p, struct target *out)
{
    return counter_parse(p, out, "software", software_events, "software:page-faults:100");
}

static bool hardware_parse(const struct attach_parse *p, struct target *out)
{
    return counter_parse(p, out, "hardware", hardware_events, "hardware:cache-misses:1000000");
}

static int counter_list(const char *type, const struct event *events, target_fn fn, void *arg)
{
    int rc = 0;

    for (const struct event *event = events; event->name && !rc; event++) {
        const char *names[] = { event->name, event->alias };

        for (size_t n = 0; n < 2 && names[n] && !rc; n++) {
            char label[64];
            struct target t = { 0 };

            snprintf(label, sizeof(label), "%s:%s:", type, names[n]);
            t.label = str_from(label);
            rc = fn(arg, &t);
        }
    }
    return rc;
}

static int software_list(const struct host *host, const struct target *pattern, target_fn fn,
                         void *arg, struct err *e)
{
    (void)host;
    (void)pattern;
    (void)e;
    return counter_list("software", software_events, fn, arg);
}

static int hardware_list(const struct host *host, const struct target *pattern, target_fn fn,
                         void *arg, struct err *e)
{
    (void)host;
    (void)pattern;
    (void)e;
    return counter_list("hardware", hardware_events, fn, arg);
}

static struct perf_event_attr counter_attr(const struct target *t, uint32_t type)
{
    struct perf_event_attr attr = { .size = sizeof(attr), .type = type, .config = t->code };

    attr.sample_period = t->period;
    return attr;
}

static int software_attach(struct session *s, const struct image_probe *p, const struct target *t,
                           struct err *e)
{
    struct perf_event_attr attr = counter_attr(t, PERF_TYPE_SOFTWARE);

    return perf_attach_event(s, p, t, &attr, e);
}

static int hardware_attach(struct session *s, const struct image_probe *p, const struct target *t,
                           struct err *e)
{
    struct perf_event_attr attr = counter_attr(t, PERF_TYPE_HARDWARE);
    int rc = perf_attach_event(s, p, t, &attr, e);

    if (rc == -ENOENT || rc == -EOPNOTSUPP || rc == -ENODEV)
        return err_set(e, rc,
                       "can't attach %.*s: this machine has no hardware counter for it (virtual "
                       "machines often have none at all)",
                       STRF(t->label));
    return rc;
}

static const char *const software_aliases[] = { "s", NULL };
static const char *const hardware_aliases[] = { "h", NULL };

const struct provider provider_software = {
    .name = "software",
    .aliases = software_aliases,
    .doc = "software:page-faults:100: every so many software events of the kernel",
    .caps = CAP_REGS | CAP_STACK,
    .as = AS_NONE,
    .pid_attach = true,
    .parse = software_parse,
    .list = software_list,
    .load = perf_load,
    .program = perf_program,
    .attach = software_attach,
};

const struct provider provider_hardware = {
    .name = "hardware",
    .aliases = hardware_aliases,
    .doc = "hardware:cache-misses:1000000: every so many events the CPU counts",
    .caps = CAP_REGS | CAP_STACK,
    .as = AS_NONE,
    .pid_attach = true,
    .parse = hardware_parse,
    .list = hardware_list,
    .load = perf_load,
    .program = perf_program,
    .attach = hardware_attach,
};
