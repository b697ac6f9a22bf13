/*
 * format.c - format strings: taken apart, checked against arguments, filled in
 *
 * A conversion is what matches one fixed pattern: '%', each flag at most once in the order "-+ #0",
 * width, precision, length, letter. A '%' that starts no match is plain text, so nothing is ever
 * a malformed format; a letter that C has and we do not is the one exception, it is refused rather
 * than printed. Precision, the blank flag and '*' are understood and have no effect.
 */
#include "builtins/format.h"

#include "output/value.h"
#include "sema/call.h"

#include <string.h>

/* ---- taking apart ---- */

/* What is left of the pattern's text, and how to step over its parts. */
struct scan {
    const char *p, *end;
};

static bool take(struct scan *s, char c)
{
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool take_number(struct scan *s, uint32_t *out)
{
    const char *from = s->p;
    uint32_t n = 0;

    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++)
        n = MIN(n * 10 + (uint32_t)(*s->p - '0'), (uint32_t)FORMAT_WIDTH);
    *out = n;
    return s->p > from;
}

static bool take_precision(struct scan *s)
{
    uint32_t ignored;

    return !take(s, '.') || take(s, '*') || take_number(s, &ignored);
}

/* How many bytes of a number the length stands for. */
static uint8_t take_length(struct scan *s)
{
    if (take(s, 'h'))
        return take(s, 'h') ? 1 : 2;
    if (take(s, 'l')) {
        take(s, 'l');
        return 8;
    }
    return take(s, 'j') || take(s, 'z') || take(s, 't') || take(s, 'L') ? 8 : 4;
}

static bool take_conv(struct scan *s, struct format_piece *out)
{
    char c;

    if (s->p == s->end || *s->p == '\0' || !strchr("diuxXocpsregfaEFGAn", *s->p))
        return false;
    c = *s->p++;
    if (c == 'r')
        out->style = take(s, 'x') ? 'x' : take(s, 'h') ? 'h' : 'r';
    else if (c == 'p')
        out->size = 8;
    out->unsupported = strchr("egfaEFGAn", c) && !(c == 'g' && take(s, 'r'));
    out->conv = c == 'i' ? 'd' : c;
    return true;
}

/* s->p stands at a '%'. false: plain text. */
static bool take_conversion(struct scan *s, struct format_piece *out)
{
    struct scan at = { s->p + 1, s->end };

    out->left = take(&at, '-');
    out->plus = take(&at, '+');
    take(&at, ' ');
    out->alternate = take(&at, '#');
    out->zero = take(&at, '0');
    if (!take(&at, '*'))
        take_number(&at, &out->width);
    if (!take_precision(&at))
        return false;
    out->size = take_length(&at);
    if (!take_conv(&at, out))
        return false;
    out->text = (struct str){ s->p, (size_t)(at.p - s->p) };
    s->p = at.p;
    return true;
}

bool format_next(struct str *rest, struct format_piece *out)
{
    struct scan s = { rest->p, rest->p + rest->n };
    const char *percent;

    *out = (struct format_piece){ 0 };
    if (!rest->n)
        return false;
    if (*s.p == '%' && !take_conversion(&s, out)) {
        *out = (struct format_piece){ .text = { s.p, 1 } };
        s.p += rest->n > 1 && s.p[1] == '%' ? 2 : 1;
    } else if (!out->conv) {
        percent = memchr(s.p, '%', rest->n);
        out->text = (struct str){ s.p, percent ? (size_t)(percent - s.p) : rest->n };
        s.p += out->text.n;
    }
    *rest = (struct str){ s.p, (size_t)(s.end - s.p) };
    return true;
}

struct format *format_parse(struct arena *arena, struct str text)
{
    struct format *format = ARENA_NEW(arena, struct format);
    struct format_piece piece, *pieces;
    struct str rest = text;

    while (format_next(&rest, &piece))
        format->n++;
    pieces = ARENA_ARRAY(arena, struct format_piece, format->n);
    for (size_t i = 0; i < format->n; i++)
        format_next(&text, &pieces[i]);
    format->pieces = pieces;
    return format;
}

/* ---- filling in ---- */

/* What was appended since from, widened with blanks; n bytes of it are the piece to align. */
static void pad(struct buf *b, const struct format_piece *f, size_t from, size_t n)
{
    size_t rest = b->n - from - n, blanks = f->width > n ? f->width - n : 0;
    size_t to = f->left ? from + n : from;

    if (!blanks)
        return;
    buf_fill(b, ' ', blanks);
    memmove(b->p + to + blanks, b->p + to, f->left ? rest : n + rest);
    memset(b->p + to, ' ', blanks);
}

static uint64_t cut(const struct format_piece *f, uint64_t num)
{
    unsigned unused = 64 - 8u * f->size;

    if (f->conv == 'd')
        return (uint64_t)((int64_t)(num << unused) >> unused);
    return num << unused >> unused;
}

/* Sign or prefix, then zeros if the format wants some, then digits. */
static void put_number(struct buf *b, const struct format_piece *f, uint64_t num)
{
    const char *digits = f->conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    const char *prefix = "";
    unsigned base = f->conv == 'd' || f->conv == 'u' ? 10 : f->conv == 'o' ? 8 : 16;
    size_t from = b->n, n;
    char text[24], *p = text + sizeof(text);
    uint64_t v = cut(f, num);

    if (f->conv == 'd') {
        prefix = (int64_t)v < 0 ? "-" : f->plus ? "+" : "";
        v = (int64_t)v < 0 ? -v : v;
    } else if (v && (f->conv == 'p' || (f->alternate && base != 10))) {
        prefix = base == 8 ? "0" : f->conv == 'X' ? "0X" : "0x";
    }
    do {
        *--p = digits[v % base];
        v /= base;
    } while (v);
    n = strlen(prefix) + (size_t)(text + sizeof(text) - p);
    buf_puts(b, prefix);
    if (f->zero && !f->left && f->width > n)
        buf_fill(b, '0', f->width - n);
    buf_add(b, p, (size_t)(text + sizeof(text) - p));
    pad(b, f, from, b->n - from);
}

/* How much of a value's text the width is about: of composite values only what opens them. */
static size_t first_piece(const struct value *v, size_t n)
{
    switch (v->shape) {
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_RECORD:
    case VALUE_STATS:
        return MIN(n, (size_t)1);
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_ENUM:
    case VALUE_PTR:
    case VALUE_STRING:
    case VALUE_BYTES:
    case VALUE_SYMBOL:
    case VALUE_STACK:
    case VALUE_HIST:
    case VALUE_SERIES:
    case VALUE_MAP:
        break;
    }
    return n;
}

static bool is_number(const struct value *v)
{
    return v->shape == VALUE_INT || v->shape == VALUE_UINT || v->shape == VALUE_BOOL ||
           v->shape == VALUE_ENUM || v->shape == VALUE_PTR;
}

/* NULL, or why the value cannot be formatted. Scripts are checked; records may be damaged. */
static const char *put_value(struct buf *b, const struct format_piece *f, const struct value *v)
{
    size_t from = b->n;

    if (!v)
        return "no value";
    if (f->conv == 's') {
        if (v->shape == VALUE_MAP)
            return "a whole map";
        value_text(b, v);
        pad(b, f, from, first_piece(v, b->n - from));
        return NULL;
    }
    if (f->conv == 'r') {
        if (v->shape != VALUE_BYTES)
            return "not a buffer";
        value_bytes(b, v->text, f->style);
        pad(b, f, from, b->n - from);
        return NULL;
    }
    if (!is_number(v))
        return "not a number";
    if (f->conv == 'c')
        buf_putc(b, (char)v->num);
    else if (f->conv == 'g')
        format_gfp(b, v->num);
    else
        put_number(b, f, v->num);
    if (f->conv == 'c' || f->conv == 'g')
        pad(b, f, from, b->n - from);
    return NULL;
}

void format_value(struct buf *b, const struct format_piece *f, const struct value *v)
{
    const char *reason = f->unsupported ? "unknown conversion" : put_value(b, f, v);

    if (reason)
        buf_printf(b, "!{%s}", reason);
}

/* ---- checking ---- */

static bool check_conversions(struct sema *s, const struct expr *fmt)
{
    struct str rest = fmt->text;
    struct format_piece f;
    struct diag *d;

    while (format_next(&rest, &f)) {
        if (!f.unsupported)
            continue;
        d = diag_error(s->c->diags, fmt->at, "a format cannot have '%.*s'", STRF(f.text));
        diag_hint(s->c->diags, d, "%%d prints an integer; a percent sign is written %%%%");
        return false;
    }
    return true;
}

static bool check_counts(struct sema *s, const struct expr *call)
{
    const struct expr *fmt = call->call.args, *extra;
    struct str name = call->call.name, rest = fmt->text, first_missing = STR("");
    unsigned given = call->call.n_args - 1, wanted = 0;
    struct format_piece f;
    struct diag *d;

    while (format_next(&rest, &f)) {
        wanted += f.conv != 0;
        if (f.conv && wanted == given + 1)
            first_missing = f.text;
    }
    if (given > FORMAT_ARGS) {
        diag_error(s->c->diags, call->at, "%.*s() takes at most %d arguments after the format",
                   STRF(name), FORMAT_ARGS);
    } else if (wanted > given) {
        d = diag_error(s->c->diags, fmt->at,
                       "%.*s(): no argument for '%.*s': the format has %u conversion%s, the call "
                       "%u argument%s",
                       STRF(name), STRF(first_missing), wanted, wanted == 1 ? "" : "s", given,
                       given == 1 ? "" : "s");
        diag_hint(s->c->diags, d, "a percent sign is written %%%%");
    } else if (wanted < given) {
        extra = fmt->next;
        for (unsigned i = 0; i < wanted; i++)
            extra = extra->next;
        d = diag_error(s->c->diags, extra->at,
                       "%.*s(): no conversion for this argument: the format has %u conversion%s, "
                       "the call %u argument%s",
                       STRF(name), wanted, wanted == 1 ? "" : "s", given, given == 1 ? "" : "s");
        diag_hint(s->c->diags, d, "%%s prints a value of any type");
    }
    return given <= FORMAT_ARGS && wanted == given;
}

static bool check_argument(struct sema *s, const struct format_piece *f, const struct expr *arg)
{
    const struct type *t = arg->type;
    struct diag *d;

    if (!type_is_complete(t)) {
        diag_error(s->c->diags, arg->at, "the size of %.*s is not known",
                   STRF(type_name(s->c->arena, t)));
        return false;
    }
    if (f->conv == 's' || (f->conv == 'r' ? t->kind == TYPE_BUFFER : type_is_scalar(t)))
        return true;
    d = diag_error(s->c->diags, arg->at, "'%.*s' expects %s, got %.*s", STRF(f->text),
                   f->conv == 'r' ? "a buffer" : "an integer or a pointer",
                   STRF(type_name(s->c->arena, t)));
    diag_hint(s->c->diags, d,
              f->conv == 'r' ? "buf() makes buffers" : "%%s prints a value of any type");
    return false;
}

bool format_check(struct sema *s, struct expr *call)
{
    const struct expr *fmt = call->call.args, *arg;
    struct format_piece f;
    struct str rest;
    bool ok = true;

    if (fmt->kind != EXPR_STRING)
        BUG("the format of %.*s() is no literal", STRF(call->call.name));
    if (!check_conversions(s, fmt) || !check_counts(s, call))
        return false;
    rest = fmt->text;
    arg = fmt->next;
    while (format_next(&rest, &f)) {
        if (!f.conv)
            continue;
        ok = check_argument(s, &f, arg) && ok;
        arg = arg->next;
    }
    return ok;
}
