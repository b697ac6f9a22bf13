/*
 * find.c - providers by name; copies of targets
 *
 * Part of the contract: knows the shape of a provider, never a particular one.
 */
#include "probes/provider.h"

/* One- and two-letter aliases are exact ("U" is not "u"); everything longer in any case. */
static bool name_matches(struct str name, const char *word)
{
    struct str w = str_from(word);

    return w.n > 2 ? str_eq_nocase(name, w) : str_eq(name, w);
}

const struct provider *provider_find(const struct registry *reg, struct str name)
{
    for (size_t i = 0; reg->providers[i]; i++) {
        const struct provider *p = reg->providers[i];

        if (name_matches(name, p->name))
            return p;
        for (size_t a = 0; p->aliases && p->aliases[a]; a++) {
            if (name_matches(name, p->aliases[a]))
                return p;
        }
    }
    return NULL;
}

const struct provider *provider_of_image(const struct registry *reg, struct str name)
{
    for (size_t i = 0; reg->providers[i]; i++) {
        const struct provider *p = reg->providers[i];

        if (str_eqz(name, p->name))
            return p;
        for (size_t v = 0; p->variants && p->variants[v]; v++) {
            if (str_eqz(name, p->variants[v]->name))
                return p->variants[v];
        }
    }
    return NULL;
}

bool provider_guess(const struct registry *reg, struct str name, struct str *best)
{
    struct str_guess guess = { .word = name };

    for (size_t i = 0; reg->providers[i]; i++) {
        const struct provider *p = reg->providers[i];

        str_guess_try(&guess, str_from(p->name));
        for (size_t a = 0; p->aliases && p->aliases[a]; a++)
            str_guess_try(&guess, str_from(p->aliases[a]));
    }
    *best = guess.best;
    return str_guess_ok(&guess);
}

struct target target_copy(struct arena *a, const struct target *t)
{
    struct target copy = *t;

    copy.label = str_dup(a, t->label);
    copy.path = str_dup(a, t->path);
    copy.module = str_dup(a, t->module);
    copy.func = str_dup(a, t->func);
    copy.lang = str_dup(a, t->lang);
    copy.file = str_dup(a, t->file);
    copy.args = str_dup(a, t->args);
    return copy;
}
