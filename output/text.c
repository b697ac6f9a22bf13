/*
 * text.c - results for people (LANGUAGE.md 17)
 *
 * Results go to the stream just as they read; what is said about the run goes to stderr.
 */
#include "output/report.h"

#include <inttypes.h>

static void text_attached(struct out *o, unsigned probes)
{
    if (o->quiet)
        return;
    if (probes == 0)
        out_note(o, "No probes to attach\n");
    else
        out_note(o, "Attached %u %s\n", probes, probes == 1 ? "probe" : "probes");
}

static void text_text(struct out *o, enum out_text kind, struct str text)
{
    (void)kind;
    out_write(o, text);
    out_done(o);
}

static void text_value(struct out *o, const struct value *v)
{
    value_text(&o->buf, v);
    buf_putc(&o->buf, '\n');
    out_done(o);
}

/* Pictures start on a line of their own. */
static bool is_picture(const struct value *v)
{
    return v->shape == VALUE_HIST || v->shape == VALUE_SERIES;
}

static void text_map(struct out *o, struct str name, const struct value *v)
{
    struct buf *b = &o->buf;

    for (size_t i = 0; i < v->map.n; i++) {
        buf_str(b, name);
        if (!v->map.scalar) {
            buf_putc(b, '[');
            value_key_text(b, v->map.keys[i]);
            buf_putc(b, ']');
        }
        buf_puts(b, is_picture(v->map.values[i]) ? ":\n" : ": ");
        value_text(b, v->map.values[i]);
        buf_putc(b, '\n');
    }
    out_done(o);
}

static void text_lost(struct out *o, uint64_t events)
{
    out_note(o, "Lost %" PRIu64 " events\n", events);
}

static void text_missed(struct out *o, struct str probe, uint64_t program, uint64_t link)
{
    struct buf b = { 0 };

    if (program + link == 0) {
        out_note(o, "%.*s: no event missed\n", STRF(probe));
        return;
    }
    if (!o->warnings)
        return;
    buf_printf(&b,
               "%.*s: %" PRIu64 " events missed: they came inside another probe, or too many calls "
               "were waiting to return",
               STRF(probe), program + link);
    out_flush(o);
    diag_print_one(stderr, SEVERITY_WARNING, NULL, buf_as_str(&b), o->colour);
    buf_free(&b);
}

static void print_message(struct out *o, enum severity severity, const struct location *at,
                          struct str text)
{
    FILE *to = o->capture ? o->capture : stderr;
    struct buf note = { 0 };

    out_flush(o);
    diag_print_one(to, severity, at, text, o->colour);
    for (; at && at->from; at = at->from) {
        buf_clear(&note);
        buf_printf(&note, "expanded from %.*s()", STRF(at->macro));
        diag_print_one(to, SEVERITY_NOTE, at->from, buf_as_str(&note), o->colour);
    }
    buf_free(&note);
}

static void text_message(struct out *o, enum severity severity, const struct location *at,
                         struct str text)
{
    if (severity == SEVERITY_WARNING && !o->warnings)
        return;
    if (str_ends(text, STR("\n"))) /* errorf("bad\n"): the message ends its line itself */
        text.n--;
    print_message(o, severity, at, text);
}

static void text_trouble(struct out *o, const struct location *at, struct str text,
                         const char *helper, int retcode, uint64_t times)
{
    struct buf b = { 0 };

    if (!o->warnings)
        return;
    buf_str(&b, text);
    if (times > 1)
        buf_printf(&b, " (%" PRIu64 " times)", times);
    if (helper)
        buf_printf(&b, "\nAdditional Info - helper: %s, retcode: %d", helper, retcode);
    print_message(o, SEVERITY_WARNING, at, buf_as_str(&b));
    buf_free(&b);
}

static void text_end(struct out *o)
{
    out_write(o, STR("\n\n"));
    out_done(o);
}

const struct out_ops out_text_ops = {
    .name = "text",
    .attached = text_attached,
    .text = text_text,
    .value = text_value,
    .map = text_map,
    .lost = text_lost,
    .missed = text_missed,
    .message = text_message,
    .trouble = text_trouble,
    .tests = report_tests,
    .benches = report_benches,
    .end = text_end,
};
