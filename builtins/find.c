/*
 * find.c - builtins by name
 *
 * Part of the contract: knows the shape of a builtin, never a particular one. The tables come with
 * the registry, so that tests may bring smaller ones.
 */
#include "builtins/builtin.h"

#include <string.h>

/* "arg" and "arg12", but not "arg", "arg01" or "argx". */
static bool numbered_matches(const struct builtin *b, struct str name)
{
    struct str prefix = str_from(b->name);

    if (!str_starts(name, prefix) || name.n == prefix.n || name.n > prefix.n + 6)
        return false;
    if (name.p[prefix.n] == '0' && name.n > prefix.n + 1)
        return false;
    for (size_t i = prefix.n; i < name.n; i++) {
        if (name.p[i] < '0' || name.p[i] > '9')
            return false;
    }
    return true;
}

const struct builtin *builtin_find(const struct registry *reg, struct str name)
{
    for (size_t f = 0; reg->families[f]; f++) {
        for (const struct builtin *b = reg->families[f]; b->name; b++) {
            if (b->flags & BUILTIN_NUMBERED ? numbered_matches(b, name) : str_eqz(name, b->name))
                return b;
        }
    }
    return NULL;
}

const struct value_kind *builtin_kind(const struct registry *reg, struct str name)
{
    for (size_t f = 0; reg->families[f]; f++) {
        for (const struct builtin *b = reg->families[f]; b->name; b++) {
            if (b->kind && str_eqz(name, b->kind->name))
                return b->kind;
        }
    }
    return NULL;
}

bool builtin_guess(const struct registry *reg, struct str name, struct str *best)
{
    struct str_guess guess = { .word = name };

    for (size_t f = 0; reg->families[f]; f++) {
        for (const struct builtin *b = reg->families[f]; b->name; b++) {
            if (!(b->flags & BUILTIN_NUMBERED))
                str_guess_try(&guess, str_from(b->name));
        }
    }
    *best = guess.best;
    return str_guess_ok(&guess);
}
