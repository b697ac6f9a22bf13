/*
 * attach.c - programs meet the events they wait for
 *
 * How a probe is attached only its provider knows. Here is what they share: the order, what happens
 * if a target refuses, and keeping what was attached. begin, end and signal probes wait for
 * nothing; their programs are run by hand.
 */
#include "runtime/session_impl.h"

#include "probes/provider.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The others are run by hand. */
static bool is_attached(const struct image_probe *p)
{
    return p->when == WHEN_EVENT || p->when == WHEN_READ;
}

/* ---- for providers ---- */

struct bpf_program *session_program(struct session *s, const struct image_probe *p)
{
    return s->programs[p - s->image->probes.v];
}

/* What an errno of attaching means for who wrote the script. */
static const char *reason(int error)
{
    switch (error) {
    case E2BIG:
        return "the kernel runs at most 64 programs on one tracepoint or perf event, those of "
               "other tracers included";
    case EEXIST:
        return "the same program is already attached there";
    case ENOENT:
        return "the kernel has no such event, or it is gone by now";
    case EPERM:
    case EACCES:
        return "permission denied: it takes CAP_PERFMON, and the kernel's settings "
               "(perf_event_paranoid, lockdown) may forbid it";
    case EOPNOTSUPP:
        return "this kernel or this machine does not support that event";
    case EBUSY:
        return "in use: another tracer has it to itself";
    case EMFILE:
    case ENFILE:
        return "there are no file descriptors left: raise the limit with ulimit -n, or attach "
               "fewer probes";
    default:
        return strerror(error);
    }
}

int session_cannot_attach(const struct target *t, int rc, struct err *e)
{
    return err_set(e, rc, "can't attach %.*s: %s", STRF(t->label), reason(-rc));
}

int session_add_link(struct session *s, struct bpf_link *link, const struct target *t,
                     struct err *e)
{
    int rc = link ? (int)libbpf_get_error(link) : -MAX(errno, 1);

    if (rc)
        return session_cannot_attach(t, rc, e);
    vec_push(&s->held, (struct held){ .link = link, .fd = -1 });
    return 0;
}

int session_add_fd(struct session *s, int fd)
{
    vec_push(&s->held, (struct held){ .fd = fd });
    return 0;
}

int session_add_output(struct session *s, int fd)
{
    vec_push(&s->outputs, fd);
    return 0;
}

void session_note(struct session *s, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    out_note(s->out, "%s", text);
}

uint32_t session_pid(const struct session *s)
{
    if (s->config.opt.follow)
        return 0; /* the programs look themselves */
    return s->child.pid ? (uint32_t)s->child.pid : s->config.opt.pid;
}

int session_attach_perf(struct session *s, const struct image_probe *p, const struct target *t,
                        struct perf_event_attr *attr, int cpu, uint32_t pid, struct err *e)
{
    int fd = (int)syscall(SYS_perf_event_open, attr, pid ? (pid_t)pid : -1, cpu, -1,
                          PERF_FLAG_FD_CLOEXEC);
    struct bpf_link *link;
    int rc;

    if (fd < 0)
        return session_cannot_attach(t, -errno, e);
    link = bpf_program__attach_perf_event(session_program(s, p), fd);
    rc = session_add_link(s, link, t, e);
    if (rc)
        close(fd); /* otherwise the link owns it */
    else if (attr->type == PERF_TYPE_BREAKPOINT)
        s->held.v[s->held.n - 1].watched = attr->bp_addr;
    return rc;
}

int session_refuse(struct session *s, int rc, unsigned n, struct err *e)
{
    s->n_refused += n;
    switch ((enum config_missing)s->config.missing_probes) {
    case MISSING_ERROR:
        if (!e->hint[0])
            err_hint(e, "config = { missing_probes = \"warn\" } goes on without it");
        return rc;
    case MISSING_WARN:
        session_warn(s, "%s", e->text);
        return 0;
    case MISSING_IGNORE:
        break;
    }
    return 0;
}

bool session_unwatch(struct session *s, uint64_t addr)
{
    size_t kept = 0, n = s->held.n;

    for (size_t i = 0; i < n; i++) {
        if (addr && s->held.v[i].watched == addr)
            bpf_link__destroy(s->held.v[i].link);
        else
            s->held.v[kept++] = s->held.v[i];
    }
    s->held.n = kept;
    return kept < n;
}

/* ---- programs without an event ---- */

static int run_program(struct session *s, const struct image_probe *p, struct err *e)
{
    uint64_t context[12] = { 0 }; /* as much as a raw tracepoint may have */
    LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = context, .ctx_size_in = sizeof(context));
    int rc = bpf_prog_test_run_opts(bpf_program__fd(session_program(s, p)), &opts);
    struct str label = p->targets.n ? p->targets.v[0].label : p->fn;

    return rc ? err_set(e, rc, "can't run %.*s: %s", STRF(label), strerror(-rc)) : 0;
}

int attach_run_programs(struct session *s, enum image_when when, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; i < s->image->probes.n && !rc; i++) {
        const struct image_probe *p = &s->image->probes.v[i];

        if (p->when == when)
            rc = run_program(s, p, e);
    }
    return rc;
}

/* ---- the rest ---- */

enum { PROGRESS_MS = 1000 }; /* attaching that takes longer says what it is at */

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Once, if it takes long: functions that are attached one by one take milliseconds each. */
static void say_progress(struct session *s)
{
    if (!s->attach_begun)
        s->attach_begun = now_ms();
    if (s->attach_said || now_ms() < s->attach_begun + PROGRESS_MS)
        return;
    fprintf(stderr, "attaching: %u probes so far …\n", s->n_attached);
    s->attach_said = true;
}

static int attach_targets(struct session *s, const struct image_probe *p,
                          const struct provider *provider, struct err *e)
{
    int rc = 0;

    for (size_t i = 0; i < p->targets.n && !rc; i++) {
        if (signals_read(s))
            return err_set(e, -EINTR, "interrupted while attaching");
        say_progress(s);
        *e = (struct err){ 0 };
        rc = provider->attach(s, p, &p->targets.v[i], e);
        if (rc)
            rc = session_refuse(s, rc, 1, e);
        else
            s->n_attached++;
    }
    return rc;
}

static int attach_by_provider(struct session *s, const struct image_probe *p, struct err *e)
{
    const struct provider *provider = provider_of_image(s->registry, p->provider);
    unsigned n_refused = s->n_refused;
    int rc;

    if (!provider->attach_all || (provider->wants_all && !provider->wants_all(s, p)))
        return provider->attach ? attach_targets(s, p, provider, e) : 0;
    if (signals_read(s))
        return err_set(e, -EINTR, "interrupted while attaching");
    *e = (struct err){ 0 };
    rc = provider->attach_all(s, p, e);
    if (!provider->wants_all && rc)
        return session_refuse(s, rc, 1, e);
    if (!rc)
        s->n_attached +=
            ((unsigned)p->targets.n - (s->n_refused - n_refused)) * (1 + p->is_session);
    return rc;
}

static int attach_probe(struct session *s, const struct image_probe *p, struct err *e)
{
    size_t first = s->held.n;
    int rc = attach_by_provider(s, p, e);

    for (size_t i = first; i < s->held.n; i++)
        s->held.v[i].probe = (size_t)(p - s->image->probes.v);
    return rc;
}

static bool is_youngest_first(const struct session *s, const struct image_probe *p)
{
    return provider_of_image(s->registry, p->provider)->youngest_first;
}

/*
 * What the kernel runs youngest first is attached in a second pass and backwards: so bodies on one
 * event run in the order of the script (LANGUAGE.md 13.16).
 */
int attach_all(struct session *s, struct err *e)
{
    size_t n = s->image->probes.n;
    unsigned by_hand = 0;
    int rc = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        const struct image_probe *p = &s->image->probes.v[i];

        if (!is_attached(p))
            by_hand++;
        else if (!is_youngest_first(s, p))
            rc = attach_probe(s, p, e);
    }
    for (size_t i = n; i-- > 0 && !rc;) {
        const struct image_probe *p = &s->image->probes.v[i];

        if (is_attached(p) && is_youngest_first(s, p))
            rc = attach_probe(s, p, e);
    }
    if (!rc && n > by_hand && !s->n_attached)
        rc = err_set(e, -ENOENT, "none of the probes could be attached");
    s->n_attached += by_hand;
    return rc;
}
