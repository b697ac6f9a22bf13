/*
 * diag.c - messages about a script: kept until the end, printed with the line they are about
 *
 * Columns in the first line count bytes. The marker below the source line counts what a terminal
 * shows instead: a tab is printed as four blanks, a multi-byte character takes one column.
 */
#include "base/diag.h"

#include <string.h>

static const char *const severity_names[] = {
    [SEVERITY_ERROR] = "ERROR: ",
    [SEVERITY_WARNING] = "WARNING: ",
    [SEVERITY_NOTE] = "",
};

static const char *const severity_colours[] = {
    [SEVERITY_ERROR] = "\033[31m",
    [SEVERITY_WARNING] = "\033[33m",
    [SEVERITY_NOTE] = "",
};

enum { TAB_WIDTH = 4 };

/* NULL if the same has been said at the same place before. */
static struct diag *append(struct diags *d, enum severity severity, struct span at, const char *fmt,
                           va_list ap)
{
    struct str text = str_from(arena_vprintf(d->arena, fmt, ap));
    struct diag *diag;

    for (size_t i = 0; i < d->all.n; i++) {
        const struct diag *old = d->all.v[i];

        if (old->severity == severity && old->at.begin == at.begin && old->at.end == at.end &&
            str_eq(old->text, text))
            return NULL;
    }
    diag = ARENA_NEW(d->arena, struct diag);
    diag->severity = severity;
    diag->at = at;
    diag->text = text;
    arena_vec_push(d->arena, &d->all, diag);
    if (severity == SEVERITY_ERROR)
        d->errors++;
    else
        d->warnings++;
    return diag;
}

struct diag *diag_verror(struct diags *d, struct span at, const char *fmt, va_list ap)
{
    return append(d, SEVERITY_ERROR, at, fmt, ap);
}

struct diag *diag_error(struct diags *d, struct span at, const char *fmt, ...)
{
    struct diag *diag;
    va_list ap;

    va_start(ap, fmt);
    diag = append(d, SEVERITY_ERROR, at, fmt, ap);
    va_end(ap);
    return diag;
}

struct diag *diag_warn(struct diags *d, struct span at, const char *fmt, ...)
{
    struct diag *diag;
    va_list ap;

    va_start(ap, fmt);
    diag = append(d, SEVERITY_WARNING, at, fmt, ap);
    va_end(ap);
    return diag;
}

static void add_extra(struct diags *d, struct diag *to, struct span at, const char *fmt, va_list ap)
{
    struct diag_extra extra = { at, str_from(arena_vprintf(d->arena, fmt, ap)) };

    arena_vec_push(d->arena, &to->extra, extra);
}

void diag_hint(struct diags *d, struct diag *to, const char *fmt, ...)
{
    va_list ap;

    if (!to)
        return;
    va_start(ap, fmt);
    add_extra(d, to, SPAN_NONE, fmt, ap);
    va_end(ap);
}

void diag_note(struct diags *d, struct diag *to, struct span at, const char *fmt, ...)
{
    va_list ap;

    if (!to)
        return;
    va_start(ap, fmt);
    add_extra(d, to, at, fmt, ap);
    va_end(ap);
}

/* How many columns a terminal needs for the bytes. */
static size_t width(struct str s)
{
    size_t columns = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\t')
            columns += TAB_WIDTH;
        else if (((unsigned char)s.p[i] & 0xc0) != 0x80) /* not inside a UTF-8 character */
            columns++;
    }
    return columns;
}

static void put_times(FILE *f, char c, size_t times)
{
    while (times--)
        fputc(c, f);
}

static void print_source(FILE *f, const struct location *loc)
{
    size_t before, marked;

    for (size_t i = 0; i < loc->text.n; i++) {
        if (loc->text.p[i] == '\t')
            put_times(f, ' ', TAB_WIDTH);
        else
            fputc(loc->text.p[i], f);
    }
    fputc('\n', f);
    if (loc->line != loc->line_end)
        return;
    before = width(str_sub(loc->text, 0, loc->col - 1));
    marked = width(str_sub(loc->text, loc->col - 1, loc->col_end - 1));
    put_times(f, ' ', before);
    put_times(f, '~', MAX(marked, (size_t)1));
    fputc('\n', f);
}

void diag_print_one(FILE *f, enum severity severity, const struct location *loc, struct str text,
                    bool colour)
{
    const char *begin = colour ? severity_colours[severity] : "";

    fputs(begin, f);
    if (loc && loc->line == loc->line_end)
        fprintf(f, "%.*s:%u:%u-%u: ", STRF(loc->file), loc->line, loc->col, loc->col_end);
    else if (loc)
        fprintf(f, "%.*s:%u-%u: ", STRF(loc->file), loc->line, loc->line_end);
    fprintf(f, "%s%.*s%s\n", severity_names[severity], STRF(text), *begin ? "\033[0m" : "");
    if (loc)
        print_source(f, loc);
}

static void print_at(const struct diags *d, FILE *f, enum severity severity, struct span at,
                     struct str text, bool colour)
{
    struct location loc;
    bool located = d->sources && source_locate(d->sources, at, &loc);

    diag_print_one(f, severity, located ? &loc : NULL, text, colour);
}

static void print_diag(const struct diags *d, FILE *f, const struct diag *diag, bool colour)
{
    print_at(d, f, diag->severity, diag->at, diag->text, colour);
    for (size_t i = 0; i < diag->extra.n; i++) {
        const struct diag_extra *extra = &diag->extra.v[i];

        if (span_is_none(extra->at))
            fprintf(f, "HINT: %.*s\n", STRF(extra->text));
        else
            print_at(d, f, SEVERITY_NOTE, extra->at, extra->text, colour);
    }
}

void diag_print(const struct diags *d, FILE *f, bool warnings, bool colour)
{
    for (size_t i = 0; i < d->all.n; i++) {
        if (d->all.v[i]->severity == SEVERITY_ERROR)
            print_diag(d, f, d->all.v[i], colour);
    }
    for (size_t i = 0; warnings && i < d->all.n; i++) {
        if (d->all.v[i]->severity == SEVERITY_WARNING)
            print_diag(d, f, d->all.v[i], colour);
    }
}
