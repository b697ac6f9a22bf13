/*
 * out.c - the stream results go to
 *
 * Formats append to a buffer and say when a message is complete; only then is something written,
 * so a message is never torn by what goes to stderr. The first failed write is remembered, what
 * comes later is dropped: who opened the stream looks at out->error and ends the run.
 */
#include "output/out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than this is never held back. */
enum { HOLD_SIZE = 64 * 1024 };

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, p, n);

        if (written >= 0) {
            p += written;
            n -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd pfd = { .fd = fd, .events = POLLOUT };

            poll(&pfd, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* Writes the first n bytes of the buffer. */
static void write_out(struct out *o, size_t n)
{
    struct buf *b = &o->buf;

    if (o->capture)
        fwrite(b->p, 1, n, o->capture);
    else if (!o->error)
        o->error = write_all(o->fd, b->p, n);
    if (o->error || n == b->n) {
        buf_clear(b);
        return;
    }
    memmove(b->p, b->p + n, b->n - n + 1); /* with the NUL */
    b->n -= n;
}

int out_flush(struct out *o)
{
    write_out(o, o->buf.n);
    return o->error;
}

void out_write(struct out *o, struct str text)
{
    buf_str(&o->buf, text);
}

/* How much of the buffer has to be written once a message is complete. */
static size_t due(const struct out *o)
{
    const char *newline;

    if (o->error || o->buf.n >= HOLD_SIZE)
        return o->buf.n;
    switch (o->buffering) {
    case BUFFERING_LINE:
        if (o->batch)
            return 0;
        newline = o->buf.n ? memrchr(o->buf.p, '\n', o->buf.n) : NULL;
        return newline ? (size_t)(newline - o->buf.p) + 1 : 0;
    case BUFFERING_FULL:
        return 0;
    case BUFFERING_NONE:
        break;
    }
    return o->buf.n;
}

void out_done(struct out *o)
{
    size_t n = due(o);

    if (n > 0)
        write_out(o, n);
}

void out_batch(struct out *o, bool begins)
{
    o->batch = begins;
    if (!begins && o->buffering == BUFFERING_LINE)
        out_done(o);
}

void out_note(struct out *o, const char *fmt, ...)
{
    va_list ap;

    out_flush(o);
    va_start(ap, fmt);
    vfprintf(o->capture ? o->capture : stderr, fmt, ap);
    va_end(ap);
}

void out_close(struct out *o)
{
    if (!o)
        return;
    out_flush(o);
    if (o->fd != STDOUT_FILENO)
        close(o->fd);
    buf_free(&o->buf);
    free(o);
}

int out_capture_begin(struct out *o, struct out_capture *c)
{
    out_flush(o);
    *c = (struct out_capture){ .ops = o->ops };
    o->capture = open_memstream(&c->text, &c->n);
    if (!o->capture)
        return -errno;
    o->ops = &out_text_ops;
    return 0;
}

struct str out_capture_end(struct out *o, struct out_capture *c, struct arena *arena)
{
    struct str text;

    out_flush(o);
    fclose(o->capture);
    o->capture = NULL;
    o->ops = c->ops;
    text = str_dup(arena, (struct str){ c->text, c->n });
    free(c->text);
    return text;
}

static const struct out_ops *find_format(const char *name)
{
    for (const struct out_ops *const *f = out_formats(); *f; f++) {
        if (strcmp((*f)->name, name) == 0)
            return *f;
    }
    return NULL;
}

static int no_such_format(struct err *e, const char *name)
{
    struct buf known = { 0 };

    for (const struct out_ops *const *f = out_formats(); *f; f++)
        buf_printf(&known, "%s%s", known.n ? ", " : "", (*f)->name);
    err_set(e, -EINVAL, "unknown output format '%s'", name);
    err_hint(e, "there are: %s", known.p);
    buf_free(&known);
    return -EINVAL;
}

int out_open(struct out **out, const struct config *config, struct err *e)
{
    const struct options *opt = &config->opt;
    const char *format = opt->format ? opt->format : out_text_ops.name;
    const struct out_ops *ops = find_format(format);
    int fd = STDOUT_FILENO;
    struct out *o;

    if (!ops)
        return no_such_format(e, format);
    if (opt->output) {
        fd = open(opt->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (fd < 0)
            return err_set(e, -errno, "can't open output file '%s': %s", opt->output,
                           strerror(errno));
    }
    o = xcalloc(1, sizeof(*o));
    o->ops = ops;
    o->fd = fd;
    o->buffering = opt->buffering;
    o->colour = opt->colour;
    o->quiet = opt->quiet;
    o->warnings = opt->warnings != WARNINGS_NONE;
    *out = o;
    return 0;
}
