/*
 * reader.c - numbers and strings of a manifest, never beyond its end
 */
#include "image/reader.h"

#include <errno.h>
#include <stdarg.h>

void reader_fail(struct reader *r, const char *fmt, ...)
{
    char why[256];
    va_list ap;

    if (r->failed)
        return;
    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    err_set(r->e, -EINVAL, "the image is damaged: %s", why);
    r->failed = true;
}

uint64_t reader_num(struct reader *r)
{
    uint64_t n = 0;

    for (unsigned shift = 0; shift < 64 && !r->failed; shift += 7) {
        if (r->p == r->end)
            break;
        n |= (uint64_t)(*r->p & 0x7f) << shift;
        if (!(*r->p++ & 0x80))
            return n;
    }
    reader_fail(r, "a number does not end");
    return 0;
}

int64_t reader_int(struct reader *r)
{
    uint64_t n = reader_num(r);

    return (int64_t)(n >> 1 ^ (n & 1 ? UINT64_MAX : 0));
}

uint32_t reader_max(struct reader *r, uint32_t max, const char *what)
{
    uint64_t n = reader_num(r);

    if (n <= max)
        return (uint32_t)n;
    reader_fail(r, "%s %ju is more than %u", what, (uintmax_t)n, max);
    return 0;
}

uint32_t reader_u32(struct reader *r, const char *what)
{
    return reader_max(r, UINT32_MAX, what);
}

bool reader_bool(struct reader *r)
{
    return reader_max(r, 1, "a flag");
}

struct str reader_str(struct reader *r)
{
    uint64_t n = reader_num(r);
    struct str s = { r->p, (size_t)n };

    if (r->failed || n >= (uint64_t)(r->end - r->p) || r->p[n] != '\0') {
        reader_fail(r, "a string does not end");
        return STR("");
    }
    r->p += n + 1;
    return s;
}

size_t reader_count(struct reader *r)
{
    uint64_t n = reader_num(r);

    if (n <= (uint64_t)(r->end - r->p))
        return (size_t)n;
    reader_fail(r, "a list does not end");
    return 0;
}
