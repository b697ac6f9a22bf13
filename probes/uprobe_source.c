/*
 * uprobe_source.c - "uprobe:program@file.c:12:5": a source location instead of a function
 *
 * The text was split at ':'; program and file are one part, line and column are the next ones.
 */
#include "probes/uprobe_args.h"

#include "base/config.h"

#include <string.h>
#include <unistd.h>

/* The '@' in front of the file: paths may have some, too. -1: there is none. */
static ptrdiff_t at_sign(struct str part)
{
    const char *at = part.n ? memrchr(part.p, '@', part.n) : NULL;

    return at ? at - part.p : -1;
}

bool uprobe_is_source(const struct attach_parse *p)
{
    struct arena a = { 0 };
    bool is_source;

    if (p->n_parts < 2 || at_sign(p->parts[1]) < 0)
        return false;
    is_source = access(str_dup(&a, p->parts[1]).p, F_OK) != 0;
    arena_free(&a);
    return is_source;
}

static bool refuse(const struct attach_parse *p, const char *what)
{
    struct diag *d = diag_error(p->diags, p->at, "%.*s: %s", STRF(p->parts[0]), what);

    diag_hint(p->diags, d, "write uprobe:PATH@FILE:LINE or uprobe:PATH@FILE:LINE:COLUMN");
    return false;
}

static bool position(struct str text, uint32_t *out)
{
    uint64_t n;

    if (!attach_number(text, &n) || n == 0 || n > INT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

bool uprobe_parse_source(const struct attach_parse *p, struct target *out)
{
    ptrdiff_t at = at_sign(p->parts[1]);

    out->path = str_sub(p->parts[1], 0, (size_t)at);
    out->file = str_sub(p->parts[1], (size_t)at + 1, p->parts[1].n);
    out->func = STR("");
    if (!out->file.n)
        return refuse(p, "the source file behind '@' is missing");
    if (str_is_glob(out->path) || str_is_glob(out->file))
        return refuse(p, "a source location takes no patterns");
    if (!out->path.n && !p->host->config->opt.pid)
        return refuse(p, "the program or library in front of '@' is missing");
    if (p->n_parts < 3 || p->n_parts > 4 || !position(p->parts[2], &out->line) ||
        (p->n_parts == 4 && !position(p->parts[3], &out->col)))
        return refuse(p, "a source location is a file, a line and perhaps a column");
    return true;
}
