/*
 * check_map.c - maps as a whole: does a declared type fit what the map is used for?
 */
#include "sema/sema_impl.h"

static const struct map_kind {
    const char *name;
    bool per_cpu;
} kinds[] = {
    { "hash", false },
    { "lruhash", false },
    { "percpuhash", true },
    { "percpulruhash", true },
};

static void unknown_kind(struct compile *c, const struct map_decl *decl)
{
    struct str_guess guess = { .word = decl->kind };
    struct diag *d =
        diag_error(c->diags, decl->kind_at, "unknown map type '%.*s'", STRF(decl->kind));

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        str_guess_try(&guess, str_from(kinds[i].name));
    if (str_guess_ok(&guess))
        diag_hint(c->diags, d, "did you mean '%.*s'?", STRF(guess.best));
    else
        diag_hint(c->diags, d, "one of: hash, lruhash, percpuhash, percpulruhash");
}

static void check_decl(struct compile *c, const struct map_decl *decl)
{
    const struct map_kind *kind = NULL;
    const struct type *value;
    bool per_cpu;
    struct diag *d;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eqz(decl->kind, kinds[i].name))
            kind = &kinds[i];
    }
    if (!kind) {
        unknown_kind(c, decl);
        return;
    }
    if (decl->size == 0 || decl->size > UINT32_MAX) {
        diag_error(c->diags, decl->at, "%.*s needs room for 1 to %u entries", STRF(decl->name),
                   UINT32_MAX);
        return;
    }
    if (!decl->sym)
        return;
    value = decl->sym->value;
    per_cpu = value->kind == TYPE_OPAQUE && value->vk->aggregate;
    if (kind->per_cpu == per_cpu || value->kind == TYPE_ERROR)
        return;
    d = diag_error(c->diags, decl->kind_at, "a %s cannot hold what %.*s is used for: %s",
                   kind->name, STRF(decl->name), type_name(c->arena, value).p);
    if (!span_is_none(decl->sym->value_at))
        diag_note(c->diags, d, decl->sym->value_at, "it is used like this");
    diag_hint(c->diags, d, "declare it as %s%s(%ju)", per_cpu ? "percpu" : "",
              str_eqz(decl->kind, "lruhash") || str_eqz(decl->kind, "percpulruhash") ? "lruhash"
                                                                                     : "hash",
              (uintmax_t)decl->size);
}

void check_map_decls(struct compile *c)
{
    for (const struct map_decl *decl = c->program->map_decls; decl; decl = decl->next)
        check_decl(c, decl);
}
