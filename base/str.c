/*
 * str.c - comparing and cutting slices of text, and the growing buffer
 *
 * Numbers are in number.c, patterns in glob.c, "did you mean" in guess.c.
 */
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct str str_from(const char *cstr)
{
    return cstr ? (struct str){ cstr, strlen(cstr) } : STR("");
}

struct str str_dup(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);

    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct str){ p, s.n };
}

struct str str_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    char *p;

    va_start(ap, fmt);
    p = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return str_from(p);
}

struct str str_sub(struct str s, size_t from, size_t to)
{
    to = MIN(to, s.n);
    from = MIN(from, to);
    return (struct str){ s.n ? s.p + from : s.p, to - from };
}

struct str str_trim(struct str s)
{
    while (s.n && isspace((unsigned char)s.p[s.n - 1]))
        s.n--;
    while (s.n && isspace((unsigned char)s.p[0])) {
        s.p++;
        s.n--;
    }
    return s;
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eqz(struct str a, const char *cstr)
{
    return str_eq(a, str_from(cstr));
}

bool str_eq_nocase(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq(str_sub(s, 0, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_sub(s, s.n - suffix.n, s.n), suffix);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = MIN(a.n, b.n);
    int order = n ? memcmp(a.p, b.p, n) : 0;

    return order ? order : (a.n > b.n) - (a.n < b.n);
}

ptrdiff_t str_find(struct str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

    return at ? at - s.p : -1;
}

bool str_contains(struct str s, struct str needle)
{
    return needle.n == 0 || (s.n && memmem(s.p, s.n, needle.p, needle.n));
}

/* FNV-1a: short, and good enough for names. */
uint64_t str_hash(struct str s)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return hash;
}

/* Room for n more bytes and the NUL behind them. */
static char *reserve(struct buf *b, size_t n)
{
    if (n > SIZE_MAX / 4)
        BUG("text of %zu bytes", n);
    if (b->n + n + 1 > b->cap) {
        b->cap = MAX(b->cap * 2, b->n + n + 1);
        b->cap = MAX(b->cap, (size_t)64);
        b->p = xrealloc(b->p, b->cap);
    }
    return b->p + b->n;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
    char *to = reserve(b, n);

    if (n)
        memcpy(to, bytes, n);
    to[n] = '\0';
    b->n += n;
}

void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}

void buf_puts(struct buf *b, const char *cstr)
{
    buf_str(b, str_from(cstr));
}

void buf_putc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_fill(struct buf *b, char c, size_t times)
{
    char *to = reserve(b, times);

    memset(to, c, times);
    to[times] = '\0';
    b->n += times;
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    char *to = reserve(b, 63);
    size_t room = b->cap - b->n;
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(to, room, fmt, ap);
    if (n >= 0 && (size_t)n >= room)
        vsnprintf(reserve(b, (size_t)n), (size_t)n + 1, fmt, again);
    if (n > 0)
        b->n += (size_t)n;
    b->p[b->n] = '\0';
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    if (b->p)
        b->p[0] = '\0';
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ 0 };
}

struct str buf_as_str(const struct buf *b)
{
    return b->p ? (struct str){ b->p, b->n } : STR("");
}
