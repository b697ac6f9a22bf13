/*
 * typename.c - types as written in a script → types
 *
 * A name is looked for in the C part of the script, among the types every C compiler knows, among
 * the kinds of values builtins make, and at last in the kernel's BTF, so that BTF is opened only
 * for names nobody else knows.
 */
#include "sema/sema_impl.h"

#include "kernel/kernel.h"

static const struct type *kernel_lookup(struct compile *c, char tag, struct str name)
{
    return c->cdefs->lookup ? c->cdefs->lookup(c->cdefs->ctx, tag, name) : NULL;
}

/* count_t, inet, username_t …; usum_t is the unsigned form of sum_t. */
static const struct type *kind_by_name(struct compile *c, struct str name)
{
    const struct value_kind *kind = builtin_kind(c->registry, name);
    uint64_t param[4] = { 0 };

    if (!kind && str_starts(name, STR("u")))
        kind = builtin_kind(c->registry, str_sub(name, 1, name.n));
    else if (kind && kind->aggregate && !kind->buckets)
        param[0] = !str_eqz(name, "count_t");
    if (!kind || (name.p[0] == 'u' && !str_eqz(name, kind->name) && !kind->aggregate))
        return NULL;
    return type_opaque(c->image->types, kind, param);
}

const struct type *typename_by_name(struct compile *c, char tag, struct str name)
{
    const struct type *t = cdef_type(c->cdefs, tag, name);

    if (!t && !tag)
        t = type_basic(c->image->types, name);
    if (!t && !tag)
        t = kind_by_name(c, name);
    if (!t)
        t = kernel_lookup(c, tag, name);
    if (!t && !tag)
        t = cdef_type(c->cdefs, 's', name); /* scripts of old left out the keyword */
    if (!t && !tag)
        t = kernel_lookup(c, 's', name);
    return t;
}

bool type_is_open_array(const struct type *t)
{
    return t->kind == TYPE_ARRAY && t->count == 0;
}

/* string[16], buffer[8], inet[16]: the number is part of the base type. */
static bool takes_size(const struct type_expr *te, const struct type *base)
{
    return te->n_suffixes && te->suffixes[0].kind == SUFFIX_ARRAY && !te->typeof_expr &&
           !te->typeof_type && !te->tag &&
           (((base->kind == TYPE_STRING || base->kind == TYPE_BUFFER) && !base->size) ||
            base->kind == TYPE_OPAQUE);
}

static const struct type *sized(struct types *types, const struct type *base, uint64_t n)
{
    if (base->kind == TYPE_OPAQUE)
        return base;
    if (n == 0 || n > INT32_MAX / 2)
        return NULL;
    return base->kind == TYPE_STRING ? type_string(types, (uint32_t)n)
                                     : type_buffer(types, (uint32_t)n);
}

static bool bad_type(struct compile *c, struct type_expr *te, const char *why)
{
    struct str text = source_text(c->sources, te->at);

    diag_error(c->diags, te->at, "type '%.*s' is not possible: %s", STRF(text), why);
    te->type = type_error(c->image->types);
    return false;
}

static bool add_array(struct compile *c, struct type_expr *te, const struct type_suffix *suffix,
                      const struct type **t)
{
    uint64_t count = suffix->kind == SUFFIX_OPEN_ARRAY ? 0 : suffix->count;

    if (!type_is_complete(*t))
        return bad_type(c, te, "the size of the elements is not known");
    if (type_is_open_array(*t))
        return bad_type(c, te, "only the first length may be left out");
    if (suffix->kind == SUFFIX_ARRAY && count == 0)
        return bad_type(c, te, "an array needs at least one element");
    if (count > INT32_MAX || (uint64_t)(*t)->size * count > INT32_MAX)
        return bad_type(c, te, "it is too large");
    *t = type_array(c->image->types, *t, (uint32_t)count);
    return true;
}

/* As in C, the first of several lengths is the outermost. */
static bool add_suffixes(struct compile *c, struct type_expr *te, const struct type *base)
{
    const struct type *t = base;
    unsigned i = 0;

    if (takes_size(te, base)) {
        t = sized(c->image->types, base, te->suffixes[i++].count);
        if (!t)
            return bad_type(c, te, "its size must be from 1 to 1 GB");
    }
    while (i < te->n_suffixes) {
        unsigned run = i;

        if (te->suffixes[i].kind == SUFFIX_PTR) {
            t = type_ptr(c->image->types, t);
            i++;
            continue;
        }
        while (run < te->n_suffixes && te->suffixes[run].kind != SUFFIX_PTR)
            run++;
        for (unsigned j = run; j > i; j--) {
            if (!add_array(c, te, &te->suffixes[j - 1], &t))
                return false;
        }
        i = run;
    }
    te->type = t;
    return true;
}

static int try_name(void *guess, struct str name)
{
    str_guess_try(guess, name);
    return 0;
}

static bool unknown_type(struct compile *c, struct type_expr *te)
{
    static const struct {
        char tag;
        const char *keyword;
    } tags[] = { { 's', "struct " }, { 'u', "union " }, { 'e', "enum " }, { 0, "type " } };
    const struct cdef_macro *macro = cdef_macro(c->cdefs, te->name);
    struct str_guess guess = { .word = te->name };
    const char *keyword = "";
    struct diag *d;

    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        if (tags[i].tag == te->tag)
            keyword = tags[i].keyword;
    }
    d = diag_error(c->diags, te->at, "unknown %s'%.*s'", te->tag ? keyword : "type ",
                   STRF(te->name));
    te->type = type_error(c->image->types);
    for (size_t i = 0; i < c->cdefs->tags.n; i++)
        str_guess_try(&guess, c->cdefs->tags.v[i]->name);
    kernel_each_type(c->host->kernel, te->tag ? te->tag : 's', STR("*"), try_name, &guess);
    if (!te->tag && te->n_suffixes == 0 && macro && !macro->function_like)
        diag_hint(c->diags, d, "'%.*s' is a macro; to calculate with it leave out its parentheses",
                  STRF(te->name));
    else if (str_guess_ok(&guess))
        diag_hint(c->diags, d, "did you mean '%.*s'?", STRF(guess.best));
    else if (!kernel_has_btf(c->host->kernel))
        diag_hint(c->diags, d, "this kernel has no BTF; define the type in the script");
    return false;
}

bool typename_resolve(struct compile *c, struct type_expr *te)
{
    const struct type *base;

    if (te->typeof_expr)
        return true;
    if (te->typeof_type) {
        if (!typename_resolve(c, te->typeof_type))
            return false;
        base = te->typeof_type->type;
        return !base || add_suffixes(c, te, base);
    }
    base = typename_by_name(c, te->tag, te->name);
    return base ? add_suffixes(c, te, base) : unknown_type(c, te);
}

const struct type *typename_infer(struct sema *s, struct type_expr *te)
{
    const struct type *base = NULL;

    if (te->type && !te->typeof_expr)
        return te->type;
    if (te->typeof_expr) {
        base = infer_value(s, te->typeof_expr);
        infer_lock(s, te->typeof_expr);
    } else if (te->typeof_type) {
        base = typename_infer(s, te->typeof_type);
    }
    if (!base)
        return NULL;
    te->type = NULL;
    add_suffixes(s->c, te, infer_settle(s, base));
    return te->type;
}
