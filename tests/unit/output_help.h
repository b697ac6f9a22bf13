/*
 * output_help.h - for the tests of output/: values made by hand, and what a format makes of them
 */
#ifndef HARK_TESTS_UNIT_OUTPUT_HELP_H
#define HARK_TESTS_UNIT_OUTPUT_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "output/hist.h"
#include "output/out.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An open format, and the files that catch what it writes. */
struct catcher {
    struct arena a;
    struct out *out;
    char stream[32], errors[32];
    int old_stderr;
};

static inline void catch_begin(struct catcher *c, const char *format)
{
    struct config config = {
        .opt = { .format = format, .output = c->stream, .warnings = WARNINGS_DEFAULT }
    };
    int fd;

    memset(&c->a, 0, sizeof(c->a));
    strcpy(c->stream, "/tmp/hark-test-XXXXXX");
    strcpy(c->errors, "/tmp/hark-test-XXXXXX");
    close(mkstemp(c->stream));
    fd = mkstemp(c->errors);
    c->old_stderr = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
    assert_int_equal(out_open(&c->out, &config, NULL), 0);
}

static inline void catch_end(struct catcher *c)
{
    out_close(c->out);
    dup2(c->old_stderr, STDERR_FILENO);
    close(c->old_stderr);
    unlink(c->stream);
    unlink(c->errors);
    arena_free(&c->a);
}

/* All the file holds; it is emptied. */
static inline char *take(struct arena *a, const char *path)
{
    char *text = arena_alloc(a, 64 * 1024);
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, 64 * 1024 - 1);

    close(fd);
    assert_true(n >= 0);
    assert_int_equal(truncate(path, 0), 0);
    return text;
}

/* What has been written since the last question. */
static inline const char *caught_stream(struct catcher *c)
{
    const char *text;

    assert_int_equal(out_flush(c->out), 0);
    text = take(&c->a, c->stream);
    lseek(c->out->fd, 0, SEEK_SET);
    return text;
}

static inline const char *caught_errors(struct catcher *c)
{
    const char *text = take(&c->a, c->errors);

    lseek(STDERR_FILENO, 0, SEEK_SET);
    return text;
}

static inline const char *text_of(struct arena *a, const struct value *v)
{
    struct buf b = { 0 };
    const char *text;

    value_text(&b, v);
    text = str_dup(a, buf_as_str(&b)).p;
    buf_free(&b);
    return text;
}

static inline const struct value *named(struct arena *a, enum value_shape shape, const char *text)
{
    return value_str(a, shape, str_from(text));
}

static inline const struct value *string(struct arena *a, const char *text)
{
    return named(a, VALUE_STRING, text);
}

static inline const struct value *number(struct arena *a, enum value_shape shape, uint64_t num)
{
    struct value *v = value_new(a, shape);

    v->num = num;
    return v;
}

static inline const struct value *items(struct arena *a, enum value_shape shape, size_t n,
                                        const struct value *const *v)
{
    struct value *list = value_new(a, shape);

    list->items.v = arena_memdup(a, v, n * sizeof(*v));
    list->items.n = n;
    return list;
}

#define VALUES(...)          ((const struct value *const[]){ __VA_ARGS__ })
#define COUNT(...)           (sizeof(VALUES(__VA_ARGS__)) / sizeof(const struct value *))
#define ITEMS(a, shape, ...) items((a), (shape), COUNT(__VA_ARGS__), VALUES(__VA_ARGS__))

/* names separated by blanks */
static inline const struct value *record(struct arena *a, enum value_shape shape, const char *names,
                                         size_t n, const struct value *const *v)
{
    struct value *r = value_new(a, shape);
    struct str *name = ARENA_ARRAY(a, struct str, n);

    r->items.v = arena_memdup(a, v, n * sizeof(*v));
    r->items.n = n;
    r->items.names = name;
    for (size_t i = 0; i < n; i++) {
        name[i] = (struct str){ names, strcspn(names, " ") };
        names += name[i].n + 1;
    }
    return r;
}

#define RECORD(a, shape, names, ...)                                                               \
    record((a), (shape), (names), COUNT(__VA_ARGS__), VALUES(__VA_ARGS__))

static inline const struct value *stats(struct arena *a, uint64_t count, int64_t average,
                                        int64_t total)
{
    return RECORD(a, VALUE_STATS, "count average total", value_uint(a, count),
                  value_int(a, average), value_int(a, total));
}

static inline const struct value *buckets(struct arena *a, size_t n, const struct value_bucket *v)
{
    struct value *h = value_new(a, VALUE_HIST);

    h->hist.v = n ? arena_memdup(a, v, n * sizeof(*v)) : NULL;
    h->hist.n = n;
    return h;
}

#define BUCKETS(a, ...)                                                                            \
    buckets((a), sizeof((struct value_bucket[]){ __VA_ARGS__ }) / sizeof(struct value_bucket),     \
            (struct value_bucket[]){ __VA_ARGS__ })

static inline const struct value *scalar_map(struct arena *a, const struct value *value)
{
    struct value *m = value_new(a, VALUE_MAP);

    m->map.scalar = true;
    m->map.n = 1;
    m->map.values = arena_memdup(a, &value, sizeof(value));
    return m;
}

/* key, value, key, value … */
static inline const struct value *keyed_map(struct arena *a, size_t n,
                                            const struct value *const *pairs)
{
    const struct value **keys = ARENA_ARRAY(a, const struct value *, n / 2 + 1);
    const struct value **values = ARENA_ARRAY(a, const struct value *, n / 2 + 1);
    struct value *m = value_new(a, VALUE_MAP);

    for (size_t i = 0; i < n / 2; i++) {
        keys[i] = pairs[2 * i];
        values[i] = pairs[2 * i + 1];
    }
    m->map.n = n / 2;
    m->map.keys = keys;
    m->map.values = values;
    return m;
}

#define KEYED(a, ...) keyed_map((a), COUNT(__VA_ARGS__), VALUES(__VA_ARGS__))

static inline const struct value *series(struct arena *a, const char *header, size_t n,
                                         const struct value_point *v)
{
    struct value *s = value_new(a, VALUE_SERIES);

    s->series.v = n ? arena_memdup(a, v, n * sizeof(*v)) : NULL;
    s->series.n = n;
    s->series.unit_header = str_from(header);
    return s;
}

#define SERIES(a, header, ...)                                                                     \
    series((a), (header),                                                                          \
           sizeof((struct value_point[]){ __VA_ARGS__ }) / sizeof(struct value_point),             \
           (struct value_point[]){ __VA_ARGS__ })

#endif
