/*
 * events.c - records from the ring become calls of builtins
 *
 * A record is { u32 action; u32 reserved; payload }, and hostile: the action must exist and the
 * payload must be as long as its type before a byte of it is looked at. What travels packed is
 * unpacked first, so builtins always see the payload as it was planned. Records come in batches, so
 * that a flood of them never keeps the loop from signals and timers.
 *
 * The kernel wakes us for a record only if we had read all before it. So we need not ask programs
 * to save wake-ups: where records come often, we wait a little before we read, and all but the
 * first of those that gather meanwhile wake nobody. A record that comes after a while is read at
 * once.
 */
#include "runtime/session_impl.h"

#include "image/record.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

enum {
    BATCH = 4096,            /* records between two turns of the loop */
    MAX_NAP_MS = 5,          /* how long records may gather */
    OFTEN_NS = 20 * 1000000, /* records that come within this time come often */
};

struct record {
    uint32_t action;
    uint32_t reserved;
    char payload[];
};

/* As many bytes as its type has, or NULL. */
static const char *payload_of(struct session *s, const struct image_action *action,
                              const char *bytes, size_t size)
{
    const struct type *payload = action->payload;

    if (action->packed)
        return record_unpack(s->image->types, payload, bytes, size, s->unpacked) ? s->unpacked
                                                                                 : NULL;
    return size < (payload ? payload->size : 0) ? NULL : bytes;
}

void events_handle(struct session *s, const void *bytes, size_t size)
{
    const struct record *r = bytes;
    const struct image_action *action;
    struct arena_mark mark = arena_mark(&s->scratch);
    const char *payload;
    int rc;

    if (size < sizeof(*r) || r->action >= s->image->actions.n) {
        s->bad_records++;
        return;
    }
    action = &s->image->actions.v[r->action];
    payload = payload_of(s, action, r->payload, size - sizeof(*r));
    if (!payload) {
        s->bad_records++;
        return;
    }
    if (action->fn->event) {
        rc = action->fn->event(s, action, payload, size - sizeof(*r));
        if (rc < 0)
            session_error(s, action, "%s failed: %s", action->fn->name, strerror(-rc));
    }
    arena_rewind(&s->scratch, mark);
}

/* libbpf counts a record as read before it calls us; a negative result only stops it. */
static int on_record(void *arg, void *data, size_t size)
{
    struct session *s = arg;

    s->bytes_read += size;
    if (s->discard)
        s->discarded_records++;
    else
        events_handle(s, data, size);
    if (s->out->error) /* nobody reads any more */
        s->ended = s->discard = true;
    return ++s->handled < BATCH ? 0 : -ECANCELED;
}

/* One batch. True if there may be more. */
static bool consume(struct session *s)
{
    bool more;

    if (!s->ring)
        return false;
    s->handled = 0;
    s->bytes_read = 0;
    out_batch(s->out, true);
    more = ring_buffer__consume(s->ring) == -ECANCELED;
    out_batch(s->out, false);
    return more;
}

void events_drain(struct session *s)
{
    while (consume(s))
        continue;
}

static uint64_t now_ns(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Lets records gather, unless they come rarely. A signal ends it. */
static void nap(const struct session *s)
{
    struct pollfd signal = { .fd = s->signal_fd, .events = POLLIN };

    if (s->nap_ms && now_ns() - s->read_at < OFTEN_NS)
        poll(&signal, 1, (int)s->nap_ms);
}

/* So long that they fill no more than a part of the ring. */
static void adapt_nap(struct session *s)
{
    if (s->bytes_read > s->ring_size / 8)
        s->nap_ms /= 2;
    else if (s->bytes_read < s->ring_size / 16 && s->nap_ms < MAX_NAP_MS)
        s->nap_ms++;
}

static int on_ready(void *arg, int fd, uint32_t events)
{
    struct session *s = arg;

    (void)fd;
    (void)events;
    nap(s);
    consume(s);
    adapt_nap(s);
    s->read_at = now_ns();
    return s->ended;
}

static char *make_room(const struct image *image)
{
    size_t most = 0;

    for (size_t i = 0; i < image->actions.n; i++) {
        if (image->actions.v[i].packed)
            most = MAX(most, (size_t)image->actions.v[i].payload->size);
    }
    return most ? xcalloc(1, most) : NULL;
}

int events_open(struct session *s, struct err *e)
{
    s->unpacked = make_room(s->image);
    s->kept = xcalloc(s->image->actions.n, sizeof(*s->kept));
    for (size_t i = 0; i < s->image->maps.n; i++) {
        int fd = bpf_map__fd(s->maps[i]);

        if (s->image->maps.v[i].role != MAP_RING)
            continue;
        s->ring_size = bpf_map__max_entries(s->maps[i]);
        s->ring = ring_buffer__new(fd, on_record, s, NULL);
        if (!s->ring)
            return err_set(e, -errno, "can't read the event buffer: %s", strerror(errno));
        return loop_add(s->loop, fd, on_ready, s, e);
    }
    return 0;
}

void events_close(struct session *s)
{
    ring_buffer__free(s->ring);
    free(s->unpacked);
    free(s->kept);
    buf_free(&s->text);
}

/* ---- for builtins ---- */

struct buf *session_text(struct session *s)
{
    buf_clear(&s->text);
    return &s->text;
}

void **session_kept(struct session *s, const struct image_action *action)
{
    return &s->kept[action - s->image->actions.v];
}

void session_exit(struct session *s, int status)
{
    s->status = status & 0xff;
    s->ended = true;
    s->discard = true;
}

void session_error(struct session *s, const struct image_action *action, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    out_flush(s->out);
    diag_print_one(stderr, SEVERITY_ERROR, action->at.line ? &action->at : NULL, str_from(text),
                   s->out->colour);
}
