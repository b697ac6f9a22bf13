/*
 * report.c - messages of the passes, and the names of things in them
 *
 * infer.c walks the program many times; only the walk with s->report speaks.
 */
#include "sema/sema_impl.h"

/* A body that was copied for many targets makes its mistakes in each copy. */
static bool is_told(const struct diags *diags, struct span at)
{
    for (size_t i = 0; i < diags->all.n; i++) {
        const struct diag *d = diags->all.v[i];

        if (d->severity == SEVERITY_ERROR && d->at.begin == at.begin && d->at.end == at.end)
            return true;
    }
    return false;
}

struct diag *sema_error(struct sema *s, struct span at, const char *fmt, ...)
{
    struct diag *d;
    va_list ap;

    if (!s->report || (s->is_copy && is_told(s->c->diags, at)))
        return NULL;
    va_start(ap, fmt);
    d = diag_verror(s->c->diags, at, fmt, ap);
    va_end(ap);
    return d;
}

struct diag *sema_warn(struct sema *s, struct span at, const char *fmt, ...)
{
    const char *text;
    va_list ap;

    if (!s->report)
        return NULL;
    va_start(ap, fmt);
    text = arena_vprintf(s->c->arena, fmt, ap);
    va_end(ap);
    return diag_warn(s->c->diags, at, "%s", text);
}

bool call_unstable(struct sema *s, struct span at, enum config_unstable allowed, const char *name)
{
    struct diag *d;

    if (allowed == UNSTABLE_WARN)
        sema_warn(s, SPAN_NONE, "%s() is not stable yet", name); /* once, wherever it is used */
    if (allowed != UNSTABLE_ERROR)
        return true;
    d = sema_error(s, at, "%s() is not stable yet and must be switched on", name);
    if (d)
        diag_hint(s->c->diags, d, "config = { unstable_%s = enable }", name);
    return false;
}

const char *sema_type_name(const struct sema *s, const struct type *t)
{
    return t ? type_name(s->c->arena, infer_settle(s, t)).p : "unknown";
}

struct str sema_text(const struct sema *s, struct span at)
{
    return source_text(s->c->sources, at);
}

static void explain(struct compile *c, struct diag *d)
{
    const struct source *s = source_of(c->sources, d->at);

    if (d->has_chain)
        return;
    for (; s && !span_is_none(s->expanded_at); s = source_of(c->sources, s->expanded_at))
        diag_note(c->diags, d, s->expanded_at, "expanded from %.*s()", STRF(s->macro));
}

bool sema_end(struct compile *c, unsigned errors)
{
    for (; c->n_explained < c->diags->all.n; c->n_explained++)
        explain(c, c->diags->all.v[c->n_explained]);
    return c->diags->errors == errors;
}
