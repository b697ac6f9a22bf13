/*
 * report.c - results of tests and benchmarks for people (LANGUAGE.md 17.13)
 *
 * Tests in the style of the common runners; what a test printed is shown only if it failed.
 */
#include "output/report.h"

#include <inttypes.h>

enum { NAME_WIDTH = 40 };

/* "[  PASSED  ] ", green or red where colours are wanted. */
static void put_tag(struct out *o, const char *tag, bool good)
{
    if (o->colour)
        buf_printf(&o->buf, "\033[%dm[%s]\033[0m ", good ? 32 : 31, tag);
    else
        buf_printf(&o->buf, "[%s] ", tag);
}

static void put_duration(struct buf *b, uint64_t ns)
{
    static const struct {
        uint64_t ns;
        const char *unit;
    } units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "μs" }, { 1, "ns" } };
    size_t i = 0;

    while (units[i].ns > 1 && ns < units[i].ns)
        i++;
    buf_printf(b, "(%" PRIu64 " %s)\n", ns / units[i].ns, units[i].unit);
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void put_test(struct out *o, const struct out_test *t)
{
    put_tag(o, " RUN      ", true);
    buf_printf(&o->buf, "%.*s\n", STRF(t->name));
    if (!t->passed) {
        buf_str(&o->buf, t->output);
        if (t->output.n && !str_ends(t->output, STR("\n")))
            buf_putc(&o->buf, '\n');
    }
    put_tag(o, t->passed ? "       OK " : "  FAILED  ", t->passed);
    buf_printf(&o->buf, "%.*s ", STRF(t->name));
    put_duration(&o->buf, t->ns);
}

void report_tests(struct out *o, const struct out_test *tests, size_t n)
{
    size_t failed = 0;

    put_tag(o, "==========", true);
    buf_printf(&o->buf, "Running %zu test%s.\n", n, plural(n));
    for (size_t i = 0; i < n; i++) {
        put_test(o, &tests[i]);
        failed += !tests[i].passed;
    }
    put_tag(o, "==========", true);
    buf_printf(&o->buf, "%zu test%s ran.\n", n, plural(n));
    put_tag(o, "  PASSED  ", true);
    buf_printf(&o->buf, "%zu test%s.\n", n - failed, plural(n - failed));
    if (failed) {
        put_tag(o, "  FAILED  ", false);
        buf_printf(&o->buf, "%zu test%s, listed below:\n", failed, plural(failed));
    }
    for (size_t i = 0; i < n; i++) {
        if (tests[i].passed)
            continue;
        put_tag(o, "  FAILED  ", false);
        buf_printf(&o->buf, "%.*s\n", STRF(tests[i].name));
    }
    out_done(o);
}

void report_benches(struct out *o, const struct out_bench *benches, size_t n)
{
    struct buf *b = &o->buf;
    size_t width = NAME_WIDTH, before;

    for (size_t i = 0; i < n; i++)
        width = MAX(width, benches[i].name.n);
    width++;
    before = b->n;
    buf_printf(b, "%-*s%-15s%s", (int)width, "Benchmark", "Time(ns)", "Iterations");
    before = b->n - before;
    buf_putc(b, '\n');
    while (before--)
        buf_putc(b, '-');
    buf_putc(b, '\n');
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%-*.*s%-15" PRIu64 "%" PRIu64 "\n", (int)width, STRF(benches[i].name),
                   benches[i].ns, benches[i].iterations);
    out_done(o);
}
