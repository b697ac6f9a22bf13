/*
 * session.c - the life of a run, from the image to the last map
 *
 * open brings everything into the kernel and attaches nothing. run is one sequence: begin probes,
 * attach, open the gate, wait, shut the gate, end probes, what is left in the ring, maps, losses.
 * The gate makes all probes begin and end at one moment; that is why maps can be printed before
 * anything is detached, which may take the kernel seconds. close undoes whatever open and run did.
 */
#include "runtime/session_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 100 }; /* how often counters are read */

/* ---- for builtins and providers ---- */

const struct image *session_image(const struct session *s)
{
    return s->image;
}

const struct host *session_host(const struct session *s)
{
    return s->host;
}

const struct config *session_config(const struct session *s)
{
    return &s->config;
}

struct out *session_out(struct session *s)
{
    return s->out;
}

struct loop *session_loop(struct session *s)
{
    return s->loop;
}

struct arena *session_scratch(struct session *s)
{
    return &s->scratch;
}

struct arena *session_arena(struct session *s)
{
    return &s->arena;
}

const sigset_t *session_child_signals(const struct session *s)
{
    return &s->old_mask;
}

struct decode session_decode(struct session *s)
{
    return (struct decode){ .host = s->host, .image = s->image, .arena = &s->scratch };
}

/* ---- about the run ---- */

void session_progress(const struct session *s, const char *fmt, ...)
{
    va_list ap;

    if (!s->config.opt.verbose)
        return;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void session_warn(struct session *s, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    if (s->config.opt.warnings == WARNINGS_NONE)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    out_flush(s->out);
    diag_print_one(stderr, SEVERITY_WARNING, NULL, str_from(text), s->out->colour);
}

/* ---- open ---- */

int session_check(const struct config *config, struct err *e)
{
    const struct options *opt = &config->opt;

    if (opt->pid)
        return process_check(opt->pid, e);
    return opt->cmd ? child_check(opt->cmd, e) : 0;
}

static int open_processes(struct session *s, struct err *e)
{
    const struct options *opt = &s->config.opt;

    if (opt->pid)
        return process_open(s, opt->pid, e);
    return opt->cmd ? child_open(s, opt->cmd, e) : 0;
}

int session_open(struct session **out, struct image *image, const struct host *host,
                 const struct registry *registry, struct out *results, struct err *e)
{
    struct session *s = xcalloc(1, sizeof(*s));
    int rc;

    s->image = image;
    s->host = host;
    s->registry = registry;
    s->out = results;
    s->config = image->config;
    s->config.opt = host->config->opt;
    s->signal_fd = s->process_fd = s->child.pid_fd = s->child.socket_fd = -1;
    losses_open(s);
    if ((rc = signals_open(s, e)) || (rc = loop_open(&s->loop, e)) || (rc = open_processes(s, e)) ||
        (rc = load_open(s, e)) || (rc = events_open(s, e)) || (rc = packets_open(s, e))) {
        session_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void session_close(struct session *s)
{
    if (!s)
        return;
    signals_release(s); /* detaching may take long */
    attach_close(s);
    packets_close(s);
    events_close(s);
    load_close(s);
    child_close(s);
    loop_close(s->loop);
    signals_close(s);
    losses_close(s);
    arena_free(&s->scratch);
    arena_free(&s->arena);
    free(s);
}

int session_exit_code(const struct session *s)
{
    return s->status;
}

/* ---- the loop's callbacks ---- */

static int on_tick(void *arg, int fd, uint32_t events)
{
    struct session *s = arg;

    (void)fd;
    (void)events;
    losses_report(s);
    return s->ended;
}

static int on_signal(void *arg, int fd, uint32_t events)
{
    struct session *s = arg;
    struct err e = { 0 };

    (void)fd;
    (void)events;
    if (signals_read(s) == SIGUSR1 && attach_run_programs(s, WHEN_SIGNAL, &e))
        session_warn(s, "%s", e.text);
    if (!s->interrupted)
        return 0;
    s->discard = true;
    s->ended = true;
    return 1;
}

/* A pidfd is readable once its process has ended. */
static int on_process_end(void *arg, int fd, uint32_t events)
{
    struct session *s = arg;

    (void)fd;
    (void)events;
    s->ended = true;
    return 1;
}

/* ---- run ---- */

static int watch(struct session *s, struct err *e)
{
    int rc = loop_add(s->loop, s->signal_fd, on_signal, s, e);

    if (!rc)
        rc = loop_timer(s->loop, TICK_MS, on_tick, s, e);
    if (!rc && s->process_fd >= 0)
        rc = loop_add(s->loop, s->process_fd, on_process_end, s, e);
    if (!rc && s->child.pid_fd >= 0)
        rc = loop_add(s->loop, s->child.pid_fd, on_process_end, s, e);
    return rc;
}

/* Iterators: reading runs their program. EAGAIN: it wants the ring emptied before it goes on. */
static int read_outputs(struct session *s, struct err *e)
{
    char chunk[4096];
    ssize_t n;

    for (size_t i = 0; i < s->outputs.n; i++) {
        while ((n = read(s->outputs.v[i], chunk, sizeof(chunk))) != 0) {
            if (n < 0 && errno != EINTR && errno != EAGAIN)
                return err_set(e, -errno, "can't read an iterator: %s", strerror(errno));
            if (signals_read(s))
                s->discard = s->ended = true;
            events_drain(s);
            losses_report(s);
            if (s->ended)
                return 0;
        }
    }
    return 0;
}

/* Is there anything that records may still come from? */
static bool has_events(const struct session *s)
{
    for (size_t i = 0; i < s->image->probes.n; i++) {
        enum image_when when = s->image->probes.v[i].when;

        if (when == WHEN_SIGNAL || when == WHEN_EVENT)
            return true;
    }
    return false;
}

static int start(struct session *s, struct err *e)
{
    int rc;

    load_set_start(s);
    load_set_gate(s, GATE_SPECIAL);
    rc = attach_run_programs(s, WHEN_BEGIN, e);
    if (!rc)
        rc = attach_all(s, e);
    if (!rc && signals_read(s))
        rc = err_set(e, -EINTR, "interrupted while attaching");
    return rc;
}

static int wait_for_end(struct session *s, struct err *e)
{
    int rc = read_outputs(s, e);

    if (rc || s->interrupted || !has_events(s))
        return rc;
    rc = loop_run(s->loop, NULL, NULL);
    return rc < 0 ? err_set(e, rc, "the event loop failed: %s", strerror(-rc)) : 0;
}

static int compare_names(const void *a, const void *b)
{
    const struct image_map *x = *(const struct image_map *const *)a;
    const struct image_map *y = *(const struct image_map *const *)b;

    return str_cmp(x->name, y->name);
}

static void print_map(struct session *s, const struct image_map *m)
{
    int index = (int)(m - s->image->maps.v);
    struct arena_mark mark = arena_mark(&s->scratch);
    const struct value *v;
    struct err e = { 0 };

    if (maps_is_set(s, index)) {
        if (maps_collect(s, index, 0, 0, &v, &e))
            session_warn(s, "%s", e.text);
        else if (!maps_is_empty(v))
            s->out->ops->map(s->out, m->name, v);
    }
    arena_rewind(&s->scratch, mark);
}

static void print_maps(struct session *s)
{
    const struct image_map **maps = xcalloc(s->image->maps.n, sizeof(struct image_map *));
    size_t n = 0;

    for (size_t i = 0; i < s->image->maps.n; i++) {
        if (s->image->maps.v[i].role == MAP_USER)
            maps[n++] = &s->image->maps.v[i];
    }
    qsort(maps, n, sizeof(struct image_map *), compare_names);
    for (size_t i = 0; i < n && !s->out->error; i++)
        print_map(s, maps[i]);
    free(maps);
}

/*
 * What is in the ring when a signal or exit() ends the run is thrown away; then end probes speak.
 * If those fail, what the others have found is printed all the same.
 */
static int finish(struct session *s, struct err *e)
{
    int rc;

    load_set_gate(s, GATE_SPECIAL);
    signals_release(s);
    child_stop(s);
    events_drain(s);
    packets_drain(s);
    s->discard = s->out->error != 0;
    rc = attach_run_programs(s, WHEN_END, e);
    events_drain(s);
    losses_summary(s);
    s->out->ops->end(s->out);
    if (s->config.print_maps_on_exit)
        print_maps(s);
    if (s->discarded_records)
        session_progress(s, "%ju records were not handled", (uintmax_t)s->discarded_records);
    return rc;
}

int session_run(struct session *s, struct err *e)
{
    int rc;

    if (s->image->probes.n == 0) { /* all were missing, and that was to be ignored */
        s->out->ops->attached(s->out, 0);
        s->status = 1;
        return 0;
    }
    if (s->config.opt.run != RUN_PROBES)
        return s->config.opt.dry_run ? 0 : tests_run(s, e);
    if ((rc = start(s, e)) || (rc = watch(s, e)) || (rc = follow_first(s, e)))
        return rc;
    if (!s->config.opt.dry_run) {
        load_set_gate(s, GATE_EVENTS | GATE_SPECIAL);
        rc = follow_descendants(s, e);
        if (!rc)
            rc = child_release(s, e);
    }
    if (rc)
        return rc;
    s->out->ops->attached(s->out, s->n_attached);
    if (s->config.opt.dry_run)
        return 0;
    if ((rc = wait_for_end(s, e)))
        return rc;
    return finish(s, e);
}
