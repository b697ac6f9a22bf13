/*
 * json.c - results for programs: one object per line (LANGUAGE.md 18)
 *
 * Everything goes to the stream, also what is said about the run. The blanks are part of the
 * format, and so are two rules no library follows: integers a double would change are strings, and
 * bytes that are not UTF-8 become \u00NN. What remains of JSON fits in this file.
 */
#include "output/out.h"

#include <inttypes.h>

/* Length of the valid UTF-8 character s begins with, or 0. */
static size_t utf8_length(struct str s)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t c;

    if (n < 2)
        return n;
    if (n > s.n || p[0] > 0xf4)
        return 0;
    c = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    return n;
}

static void put_string(struct buf *b, struct str s)
{
    buf_putc(b, '"');
    while (s.n > 0) {
        unsigned char c = (unsigned char)s.p[0];
        size_t n = utf8_length(s);

        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c == '\n')
            buf_puts(b, "\\n");
        else if (c == '\r')
            buf_puts(b, "\\r");
        else if (c == '\t')
            buf_puts(b, "\\t");
        else if (c < 0x20 || n == 0)
            buf_printf(b, "\\u%04x", c);
        else
            buf_add(b, s.p, n);
        s = str_sub(s, MAX(n, (size_t)1), s.n);
    }
    buf_putc(b, '"');
}

/* Does a double keep every digit? */
static bool fits_double(uint64_t magnitude)
{
    const uint64_t limit = UINT64_C(1) << 53;

    while (magnitude > limit && magnitude % 2 == 0)
        magnitude /= 2;
    return magnitude <= limit;
}

static void put_uint(struct buf *b, uint64_t num)
{
    buf_printf(b, fits_double(num) ? "%" PRIu64 : "\"%" PRIu64 "\"", num);
}

static void put_int(struct buf *b, int64_t num)
{
    uint64_t magnitude = num < 0 ? -(uint64_t)num : (uint64_t)num;

    buf_printf(b, fits_double(magnitude) ? "%" PRId64 : "\"%" PRId64 "\"", num);
}

static void put_bytes(struct buf *b, struct str bytes)
{
    buf_putc(b, '[');
    for (size_t i = 0; i < bytes.n; i++)
        buf_printf(b, "%s%d", i ? "," : "", (signed char)bytes.p[i]);
    buf_putc(b, ']');
}

static void put_hist(struct buf *b, const struct value *v)
{
    buf_putc(b, '[');
    for (size_t i = 0; i < v->hist.n; i++) {
        const struct value_bucket *bucket = &v->hist.v[i];

        buf_puts(b, i ? ",{" : "{");
        if (bucket->has_min) {
            buf_puts(b, "\"min\": ");
            put_uint(b, (uint64_t)bucket->min);
            buf_puts(b, ", ");
        }
        if (bucket->has_max) {
            buf_puts(b, "\"max\": ");
            bucket->has_min ? put_uint(b, (uint64_t)bucket->max) : put_int(b, bucket->max);
            buf_puts(b, ", ");
        }
        buf_puts(b, "\"count\": ");
        put_uint(b, bucket->count);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

static void put_series(struct buf *b, const struct value *v)
{
    buf_putc(b, '[');
    for (size_t i = 0; i < v->series.n; i++) {
        const struct value_point *p = &v->series.v[i];

        buf_puts(b, i ? ",{\"interval_start\":" : "{\"interval_start\":");
        put_string(b, p->start);
        buf_puts(b, ",\"value\":");
        if (!p->has_value)
            buf_puts(b, "null");
        else if (p->is_signed)
            put_int(b, p->value);
        else
            put_uint(b, (uint64_t)p->value);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

static void put_value(struct buf *b, const struct value *v);

static void put_list(struct buf *b, const struct value *v)
{
    buf_putc(b, '[');
    for (size_t i = 0; i < v->items.n; i++) {
        if (i)
            buf_putc(b, ',');
        put_value(b, v->items.v[i]);
    }
    buf_putc(b, ']');
}

static void put_record(struct buf *b, const struct value *v)
{
    buf_putc(b, '{');
    for (size_t i = 0; i < v->items.n; i++) {
        if (i)
            buf_puts(b, ", ");
        put_string(b, v->items.names[i]);
        buf_puts(b, ": ");
        put_value(b, v->items.v[i]);
    }
    buf_putc(b, '}');
}

static void put_value(struct buf *b, const struct value *v)
{
    switch (v->shape) {
    case VALUE_NONE:
    case VALUE_BOOL:
        value_text(b, v);
        break;
    case VALUE_INT:
    case VALUE_ENUM:
        put_int(b, (int64_t)v->num);
        break;
    case VALUE_UINT:
    case VALUE_PTR:
        put_uint(b, v->num);
        break;
    case VALUE_STRING:
    case VALUE_SYMBOL:
    case VALUE_STACK:
        put_string(b, v->text);
        break;
    case VALUE_BYTES:
        put_bytes(b, v->text);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
        put_list(b, v);
        break;
    case VALUE_RECORD:
    case VALUE_STATS:
        put_record(b, v);
        break;
    case VALUE_HIST:
        put_hist(b, v);
        break;
    case VALUE_SERIES:
        put_series(b, v);
        break;
    case VALUE_MAP:
        BUG("a map needs its name: out_ops.map");
    }
}

/* One line is begin(), member() and its value for each further member, end(). */
static void begin(struct out *o, const char *type)
{
    buf_printf(&o->buf, "{\"type\": \"%s\"", type);
}

static struct buf *member(struct out *o, const char *name)
{
    buf_printf(&o->buf, ", \"%s\": ", name);
    return &o->buf;
}

static void end(struct out *o)
{
    buf_puts(&o->buf, "}\n");
    out_done(o);
}

/* "attached_probes" and "lost_events": the number twice, for readers of old and new output. */
static void put_counter(struct out *o, const char *type, const char *what, uint64_t n)
{
    begin(o, type);
    put_uint(member(o, "count"), n);
    buf_printf(member(o, "data"), "{\"%s\": ", what);
    put_uint(&o->buf, n);
    buf_putc(&o->buf, '}');
    end(o);
}

static void json_attached(struct out *o, unsigned probes)
{
    if (o->quiet)
        return;
    if (probes == 0)
        out_note(o, "No probes to attach\n"); /* an error of the run: these are never JSON */
    else
        put_counter(o, "attached_probes", "probes", probes);
}

static void json_text(struct out *o, enum out_text kind, struct str text)
{
    static const char *const types[] = {
        [OUT_PRINTF] = "printf", [OUT_TIME] = "time",      [OUT_CAT] = "cat",
        [OUT_JOIN] = "join",     [OUT_SYSTEM] = "syscall",
    };

    /* The newline text mode adds of its own. */
    if ((kind == OUT_JOIN || kind == OUT_SYSTEM) && str_ends(text, STR("\n")))
        text.n--;
    begin(o, types[kind]);
    put_string(member(o, "data"), text);
    end(o);
}

static void json_value(struct out *o, const struct value *v)
{
    begin(o, "value");
    put_value(member(o, "data"), v);
    end(o);
}

static const char *map_type(const struct value *first)
{
    if (first->shape == VALUE_HIST)
        return "hist";
    if (first->shape == VALUE_STATS || first->as_avg)
        return "stats";
    if (first->shape == VALUE_SERIES)
        return "tseries";
    return "map";
}

static void put_key(struct buf *b, const struct value *key)
{
    struct buf text = { 0 };
    size_t n = 0;

    value_key_text(&text, key);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != ' ')
            text.p[n++] = text.p[i];
    }
    put_string(b, (struct str){ text.p, n });
    buf_free(&text);
}

static void put_entries(struct buf *b, const struct value *v)
{
    buf_putc(b, '{');
    for (size_t i = 0; i < v->map.n; i++) {
        if (i)
            buf_puts(b, ", ");
        put_key(b, v->map.keys[i]);
        buf_puts(b, ": ");
        put_value(b, v->map.values[i]);
    }
    buf_putc(b, '}');
}

static void json_map(struct out *o, struct str name, const struct value *v)
{
    struct buf *b;

    if (v->map.n == 0)
        return;
    begin(o, map_type(v->map.values[0]));
    b = member(o, "data");
    buf_putc(b, '{');
    put_string(b, name);
    buf_puts(b, ": ");
    if (v->map.scalar)
        put_value(b, v->map.values[0]);
    else
        put_entries(b, v);
    buf_putc(b, '}');
    end(o);
}

static void json_missed(struct out *o, struct str probe, uint64_t program, uint64_t link)
{
    begin(o, "missed_events");
    put_uint(member(o, "count"), program + link);
    buf_puts(member(o, "data"), "{\"probe\": ");
    put_string(&o->buf, probe);
    buf_puts(&o->buf, ", \"program\": ");
    put_uint(&o->buf, program);
    buf_puts(&o->buf, ", \"link\": ");
    put_uint(&o->buf, link);
    buf_putc(&o->buf, '}');
    end(o);
}

static void json_lost(struct out *o, uint64_t events)
{
    put_counter(o, "lost_events", "events", events);
}

static void put_location(struct out *o, const struct location *at)
{
    if (!at)
        return;
    put_string(member(o, "filename"), at->file);
    put_uint(member(o, "line"), at->line);
    put_uint(member(o, "col"), at->col);
}

static void json_message(struct out *o, enum severity severity, const struct location *at,
                         struct str text)
{
    if (severity == SEVERITY_WARNING && !o->warnings)
        return;
    begin(o, severity == SEVERITY_ERROR ? "errorf" : "warnf");
    put_string(member(o, "msg"), text);
    put_location(o, at);
    end(o);
}

static void json_trouble(struct out *o, const struct location *at, struct str text,
                         const char *helper, int retcode, uint64_t times)
{
    (void)times;
    if (!o->warnings)
        return;
    begin(o, helper ? "helper_error" : "runtime_error");
    put_string(member(o, "msg"), text);
    if (helper) {
        put_string(member(o, "helper"), str_from(helper));
        put_int(member(o, "retcode"), retcode);
    }
    put_location(o, at);
    end(o);
}

/* {"type": …, "data": {"name": { and the name's members; end_named() closes both. */
static void begin_named(struct out *o, const char *type, struct str name)
{
    begin(o, type);
    buf_putc(member(o, "data"), '{');
    put_string(&o->buf, name);
    buf_puts(&o->buf, ": {");
}

static void end_named(struct out *o)
{
    buf_puts(&o->buf, "}}");
    end(o);
}

static void json_tests(struct out *o, const struct out_test *tests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        begin_named(o, "test_result", tests[i].name);
        buf_puts(&o->buf, "\"duration\": ");
        put_uint(&o->buf, tests[i].ns);
        buf_printf(&o->buf, ", \"passed\": %s, \"output\": ", tests[i].passed ? "true" : "false");
        put_string(&o->buf, tests[i].output);
        end_named(o);
    }
}

static void json_benches(struct out *o, const struct out_bench *benches, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        begin_named(o, "benchmark_result", benches[i].name);
        buf_puts(&o->buf, "\"average\": ");
        put_uint(&o->buf, benches[i].ns);
        buf_puts(&o->buf, ", \"iters\": ");
        put_uint(&o->buf, benches[i].iterations);
        end_named(o);
    }
}

static void json_end(struct out *o)
{
    (void)o;
}

const struct out_ops out_json_ops = {
    .name = "json",
    .attached = json_attached,
    .text = json_text,
    .value = json_value,
    .map = json_map,
    .lost = json_lost,
    .missed = json_missed,
    .message = json_message,
    .trouble = json_trouble,
    .tests = json_tests,
    .benches = json_benches,
    .end = json_end,
};
