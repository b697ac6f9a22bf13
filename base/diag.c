/*
 * diag.c - messages about a script: kept until the end, printed with the line they are about
 *
 * Columns in the first line count bytes. The marker below the source line counts what a terminal
 * shows instead, glyph by glyph: a tab is printed as four blanks, a multi-byte character takes one
 * column, a byte that is neither printable nor valid UTF-8 is written as \xNN. Of a very long line
 * only a window around the marker is shown.
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

enum {
    TAB_WIDTH = 4,
    ESCAPE_WIDTH = 4, /* \xNN */
    WIDEST = 200,     /* columns of a line that is shown as a whole */
    WINDOW = 160,     /* columns that are shown of a wider one */
    MIN_CONTEXT = 20, /* columns before a marker that fills the window */
};

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

/* What the terminal shows for one character, or for one byte that is no character. */
struct glyph {
    size_t bytes, columns;
};

/* Bytes of the printable multi-byte character p begins with, 0 if there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    size_t length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (p[0] < 0xc2 || p[0] > 0xf4 || n < length)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((p[0] == 0xc2 && p[1] < 0xa0) ||                                  /* control characters */
        (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) || /* overlong */
        (p[0] == 0xed && p[1] > 0x9f) ||                                  /* surrogates */
        (p[0] == 0xf4 && p[1] > 0x8f))                                    /* beyond Unicode */
        return 0;
    return length;
}

static struct glyph glyph_at(struct str s, size_t i)
{
    const unsigned char *p = (const unsigned char *)s.p + i;
    size_t length;

    if (*p == '\t')
        return (struct glyph){ 1, TAB_WIDTH };
    if (*p >= ' ' && *p < 0x7f)
        return (struct glyph){ 1, 1 };
    length = utf8_length(p, s.n - i);
    return length ? (struct glyph){ length, 1 } : (struct glyph){ 1, ESCAPE_WIDTH };
}

static void print_glyph(FILE *f, struct str s, size_t i, struct glyph g)
{
    if (s.p[i] == '\t')
        fprintf(f, "%*s", TAB_WIDTH, "");
    else if (g.columns == ESCAPE_WIDTH)
        fprintf(f, "\\x%02x", (unsigned char)s.p[i]);
    else
        fwrite(s.p + i, 1, g.bytes, f);
}

/* Columns of a line as shown, counted from 0, half open. */
struct columns {
    size_t begin, end;
};

/* Where the bytes are shown; a glyph of which they are a part belongs to them. */
static struct columns columns_of(struct str line, size_t begin, size_t end)
{
    struct columns c = { 0 };
    struct glyph g;

    for (size_t i = 0; i < line.n; i += g.bytes) {
        g = glyph_at(line, i);
        if (i + g.bytes <= begin)
            c.begin += g.columns;
        if (i < end)
            c.end += g.columns;
    }
    c.end = MAX(c.end, c.begin + 1);
    return c;
}

/* The part of a line of so many columns that is shown: all of it, or what is around the marker. */
static struct columns window_around(size_t width, struct columns marker)
{
    size_t marked = marker.end - marker.begin;
    size_t context =
        marked + 2 * (size_t)MIN_CONTEXT < WINDOW ? (WINDOW - marked) / 2 : MIN_CONTEXT;
    struct columns w = { marker.begin > context ? marker.begin - context : 0, width };

    if (width <= WIDEST)
        return (struct columns){ 0, width };
    w.begin = MIN(w.begin, width - WINDOW);
    w.end = w.begin + WINDOW;
    return w;
}

/* Prints the glyphs that lie in the window as a whole, and makes the window those. */
static void print_window(FILE *f, struct str line, size_t width, struct columns *w)
{
    struct columns shown = { w->end, w->begin };
    struct glyph g;
    size_t column = 0;

    if (w->begin > 0)
        fputs("…", f);
    for (size_t i = 0; i < line.n && column < w->end; i += g.bytes, column += g.columns) {
        g = glyph_at(line, i);
        if (column < w->begin || column + g.columns > w->end)
            continue;
        print_glyph(f, line, i, g);
        shown.begin = MIN(shown.begin, column);
        shown.end = column + g.columns;
    }
    fputs(w->end < width ? "…\n" : "\n", f);
    *w = shown;
}

static void put_times(FILE *f, char c, size_t times)
{
    while (times--)
        fputc(c, f);
}

static void print_marker(FILE *f, struct columns marker, struct columns w)
{
    size_t ellipsis = w.begin > 0;

    marker.end = MAX(MIN(marker.end, w.end), marker.begin + 1);
    put_times(f, ' ', marker.begin - w.begin + ellipsis);
    put_times(f, '~', marker.end - marker.begin);
    fputc('\n', f);
}

static void print_line(FILE *f, struct str line, size_t marked, size_t marked_end, bool mark)
{
    size_t width = columns_of(line, line.n, line.n).begin;
    struct columns marker = columns_of(line, marked, marked_end);
    struct columns w = window_around(width, marker);

    print_window(f, line, width, &w);
    if (mark)
        print_marker(f, marker, w);
}

static void print_source(FILE *f, const struct location *loc)
{
    struct str rest = loc->text;
    ptrdiff_t end;

    if (loc->line == loc->line_end) {
        print_line(f, rest, loc->col - 1, loc->col_end - 1, true);
        return;
    }
    while ((end = str_find(rest, '\n')) >= 0) {
        bool crlf = end > 0 && rest.p[end - 1] == '\r';

        print_line(f, str_sub(rest, 0, (size_t)end - crlf), 0, 0, false);
        rest = str_sub(rest, (size_t)end + 1, rest.n);
    }
    print_line(f, rest, 0, 0, false);
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
