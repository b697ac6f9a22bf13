/*
 * parts.c - an attach point's text, split into its parts
 *
 * Parts are separated by ':'. Double quotes keep ':' and blanks together; inside them \c means c.
 * The parser has already replaced $N and cut off name=.
 */
#include "probes/provider.h"

bool attach_split(struct arena *arena, struct str text, struct span at, struct diags *diags,
                  struct str **parts, unsigned *n)
{
    VEC(struct str) list = { 0 };
    char *bytes = arena_alloc(arena, text.n + 1);
    size_t used = 0, start = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == '"') {
            quoted = !quoted;
        } else if (quoted && c == '\\' && i + 1 < text.n) {
            bytes[used++] = text.p[++i];
        } else if (!quoted && c == ':') {
            arena_vec_push(arena, &list, (struct str){ bytes + start, used - start });
            start = used;
        } else {
            bytes[used++] = c;
        }
    }
    if (quoted) {
        diag_error(diags, at, "attach point has a quote that is not closed: %.*s", STRF(text));
        return false;
    }
    arena_vec_push(arena, &list, (struct str){ bytes + start, used - start });
    *parts = list.v;
    *n = (unsigned)list.n;
    return true;
}

bool attach_number(struct str s, uint64_t *out)
{
    return str_to_u64(s, true, out, NULL);
}

bool attach_check_parts(const struct attach_parse *p, unsigned min, unsigned max, const char *form)
{
    unsigned n = p->n_parts - 1;
    struct diag *d;

    if (n >= min && n <= max)
        return true;
    if (min == max)
        d = diag_error(p->diags, p->at, "%.*s takes %u part%s after its name, got %u",
                       STRF(p->parts[0]), min, min == 1 ? "" : "s", n);
    else
        d = diag_error(p->diags, p->at, "%.*s takes %u to %u parts after its name, got %u",
                       STRF(p->parts[0]), min, max, n);
    diag_hint(p->diags, d, "write %s", form);
    return false;
}
