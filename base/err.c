/*
 * err.c - filling in the sentence about what the machine refused
 *
 * A struct err is plain memory of the caller; texts that do not fit are cut.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return code;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    e->hint[0] = '\0';
    return code;
}

int err_prefix(struct err *e, int code, const char *fmt, ...)
{
    char old[sizeof(e->text)];
    va_list ap;
    int n;

    if (!e)
        return code;
    memcpy(old, e->text, sizeof(old));
    va_start(ap, fmt);
    n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(e->text))
        snprintf(e->text + n, sizeof(e->text) - (size_t)n, "%s", old);
    return code;
}

void err_hint(struct err *e, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return;
    va_start(ap, fmt);
    vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
    va_end(ap);
}
