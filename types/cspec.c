/*
 * cspec.c - the front of a C declaration: "const unsigned long", "struct x { … }", "size_t"
 *
 * A tag is looked for among the structs whose '}' has not come yet, then in the script, then in
 * the kernel; if all fail it is a struct of the script that may be defined later. A script that
 * takes a struct from the kernel and later defines it itself gets its own in both places: see
 * redirect().
 */
#include "types/cdef_impl.h"

#include <string.h>

enum word {
    W_VOID,
    W_BOOL,
    W_CHAR,
    W_SHORT,
    W_INT,
    W_LONG,
    W_FLOAT,
    W_DOUBLE,
    W_SIGNED,
    W_UNSIGNED
};

static const struct {
    const char *text;
    enum word word;
} words[] = {
    { "void", W_VOID },       { "_Bool", W_BOOL },        { "char", W_CHAR },
    { "short", W_SHORT },     { "int", W_INT },           { "long", W_LONG },
    { "float", W_FLOAT },     { "double", W_DOUBLE },     { "signed", W_SIGNED },
    { "__signed", W_SIGNED }, { "__signed__", W_SIGNED }, { "unsigned", W_UNSIGNED },
};

static const char *const qualifiers[] = {
    "const",      "volatile",     "restrict",   "__const",      "__const__",
    "__volatile", "__volatile__", "__restrict", "__restrict__", "__extension__",
    "_Atomic",    "__rcu",        "__iomem",    "__force",      "__bitwise",
};

static bool accept_qualifier(struct cparser *ps)
{
    for (size_t i = 0; i < ARRAY_LEN(qualifiers); i++) {
        if (cparse_accept(ps, qualifiers[i]))
            return true;
    }
    return false;
}

static bool find_word(const struct ctok *tok, enum word *out)
{
    for (size_t i = 0; tok->kind == CTOK_IDENT && i < ARRAY_LEN(words); i++) {
        if (str_eqz(tok->text, words[i].text)) {
            *out = words[i].word;
            return true;
        }
    }
    return false;
}

/* The type that the words make, NULL if they do not go together. counts: of each enum word. */
static const struct type *type_of_words(struct types *types, const unsigned *counts)
{
    bool is_signed = !counts[W_UNSIGNED];
    bool has_sign = counts[W_SIGNED] + counts[W_UNSIGNED] > 0;
    unsigned sizes = counts[W_SHORT] + counts[W_LONG], all = 0;

    for (int i = 0; i <= W_UNSIGNED; i++) {
        if (counts[i] > (i == W_LONG ? 2u : 1u))
            return NULL;
        all += counts[i];
    }
    if (all == 1 && counts[W_VOID])
        return type_none(types);
    if (all == 1 && counts[W_BOOL])
        return type_bool(types);
    if (all == 1 && (counts[W_FLOAT] || counts[W_DOUBLE]))
        return type_int(types, counts[W_FLOAT] ? 4 : 8, false);
    if (counts[W_VOID] || counts[W_BOOL] || counts[W_FLOAT] || counts[W_DOUBLE] ||
        counts[W_SIGNED] + counts[W_UNSIGNED] > 1)
        return NULL;
    if (counts[W_CHAR]) {
        if (sizes || counts[W_INT])
            return NULL;
        return has_sign ? type_int(types, 1, is_signed) : type_char(types);
    }
    if (counts[W_SHORT] && counts[W_LONG])
        return NULL;
    return type_int(types, counts[W_SHORT] ? 2 : counts[W_LONG] ? 8 : 4, is_signed);
}

static char tag_of(const struct type *t)
{
    return t->kind == TYPE_ENUM ? 'e' : t->is_union ? 'u' : 's';
}

static const char *keyword_of(char tag)
{
    return tag == 'e' ? "enum" : tag == 'u' ? "union" : "struct";
}

static bool has_tag(const struct type *t, char tag, struct str name)
{
    return tag_of(t) == tag && str_eq(t->name, name);
}

static const struct open_tag *find_open(const struct cparser *ps, char tag, struct str name)
{
    const struct open_tag *open = ps->open;

    while (open && !(name.n && has_tag(open->type, tag, name)))
        open = open->outer;
    return open;
}

static const struct type *borrow(struct cparser *ps, char tag, struct str name)
{
    struct cdefs *defs = ps->item->defs;
    const struct type *t = defs->lookup ? defs->lookup(defs->ctx, tag, name) : NULL;
    struct borrowed borrowed = { tag, name, t };

    if (t) {
        borrowed.name = str_dup(defs->diags->arena, name);
        arena_vec_push(defs->diags->arena, &ps->item->state->borrowed, borrowed);
    }
    return t;
}

/* NULL only for an enum nobody knows. */
static const struct type *find_tag(struct cparser *ps, char tag, struct str name)
{
    const struct open_tag *open = find_open(ps, tag, name);
    const struct type *t;

    if (open)
        return open->type;
    if ((t = cdef_type(ps->item->defs, tag, name)) || (t = borrow(ps, tag, name)) || tag == 'e')
        return t;
    return type_struct(ps->item->defs->types, name, tag == 'u', NULL, 0);
}

static const struct type *find_typedef(struct cparser *ps, struct str name)
{
    struct cdefs *defs = ps->item->defs;
    const struct type *t = cdef_type(defs, 0, name);

    if (t)
        return t;
    t = type_basic(defs->types, name);
    if (t && t->kind != TYPE_STRING && t->kind != TYPE_BUFFER) /* words of scripts, not of C */
        return t;
    return borrow(ps, 0, name);
}

/* t with pointers to from turned into pointers to to. */
static const struct type *redirected(struct types *types, const struct type *t,
                                     const struct type *from, const struct type *to)
{
    const struct type *elem;

    if (t->kind != TYPE_PTR && t->kind != TYPE_ARRAY && t->kind != TYPE_FUNC)
        return t;
    elem = t->kind == TYPE_PTR && t->elem == from ? to : redirected(types, t->elem, from, to);
    if (elem == t->elem)
        return t;
    if (t->kind == TYPE_PTR)
        return type_ptr(types, elem);
    return t->kind == TYPE_ARRAY ? type_array(types, elem, t->count) : type_func(types, elem);
}

static void redirect(struct cdefs *defs, const struct type *from, const struct type *to)
{
    for (size_t i = 0; i < defs->tags.n; i++) {
        struct field *fields = (struct field *)defs->tags.v[i]->fields;

        for (size_t k = 0; k < defs->tags.v[i]->n_fields; k++)
            fields[k].type = redirected(defs->types, fields[k].type, from, to);
    }
    for (size_t i = 0; i < defs->n_typedefs; i++)
        defs->typedefs[i].type = defs->typedefs[i].type == from
                                     ? to
                                     : redirected(defs->types, defs->typedefs[i].type, from, to);
}

/* From now on the script's type of that name is t. */
static void publish_tag(struct cparser *ps, const struct type *t)
{
    struct cdefs *defs = ps->item->defs;
    struct cdef_state *state = ps->item->state;
    char tag = tag_of(t);

    for (size_t i = 0; i < defs->tags.n; i++) {
        if (!has_tag(defs->tags.v[i], tag, t->name))
            continue;
        defs->tags.n--;
        memmove(&defs->tags.v[i], &defs->tags.v[i + 1],
                (defs->tags.n - i) * sizeof(defs->tags.v[0]));
        break;
    }
    arena_vec_push(types_arena(defs->types), &defs->tags, t);
    for (size_t i = 0; i < state->borrowed.n; i++) {
        const struct borrowed *b = &state->borrowed.v[i];

        if (b->tag == tag && str_eq(b->name, t->name) && b->type != t)
            redirect(defs, b->type, t);
    }
}

/* Behind '{' of a struct or union, to behind its attributes. */
static bool define_struct(struct cparser *ps, char tag, struct str name, struct cspec *spec)
{
    struct types *types = ps->item->defs->types;
    struct type *t = name.n ? type_struct(types, name, tag == 'u', NULL, 0) : NULL;
    struct cmembers members = { 0 };
    struct open_tag open = { .outer = ps->open };
    bool ok;

    if (find_open(ps, tag, name))
        return cparse_fail(ps, spec->at, "'%s %.*s' is defined inside itself", keyword_of(tag),
                           STRF(name));
    if (!t || type_is_complete(t))
        t = type_struct_anew(types, name, tag == 'u', 0);
    open.type = t;
    ps->open = &open;
    ok = cparse_members(ps, &members);
    ps->open = open.outer;
    if (!ok || !cparse_attributes(ps, &spec->attrs) ||
        !clayout_define(ps, t, &members, &spec->attrs))
        return false;
    spec->type = t;
    if (name.n)
        publish_tag(ps, t);
    return true;
}

struct enum_values {
    struct enumerator *v;
    size_t n, cap;
};

static bool parse_enumerators(struct cparser *ps, const struct type *t, struct enum_values *values,
                              bool *negative, bool *huge)
{
    struct arena *a = types_arena(ps->item->defs->types);
    bool is_signed = true;
    uint64_t value = 0;

    while (!cparse_accept(ps, "}")) {
        struct enumerator e = { str_dup(a, ps->next->text), value };
        struct cattrs ignored = { 0 };

        if (ps->next->kind != CTOK_IDENT)
            return cparse_unexpected(ps, "a name in enum");
        cparse_advance(ps);
        if (!cparse_attributes(ps, &ignored))
            return false;
        if (cparse_accept(ps, "=")) {
            if (!cexpr_parse(ps, &e.value, &is_signed))
                return false;
        } else if (values->n && value == 0 && !is_signed) {
            return cparse_fail(ps, ps->last, "value of '%.*s' does not fit 64 bits", STRF(e.name));
        }
        *negative |= is_signed && (int64_t)e.value < 0;
        *huge |= !is_signed && e.value > INT64_MAX;
        arena_vec_push(&ps->item->scratch, values, e);
        arena_vec_push(a, &ps->item->defs->constants, (struct cdef_const){ e.name, e.value, t });
        if (e.value == INT64_MAX)
            is_signed = false;
        value = e.value + 1;
        if (!cparse_accept(ps, ",") && !ctok_is(ps->next, "}"))
            return cparse_unexpected(ps, "',' or '}' in enum");
    }
    return true;
}

static bool fits_enum(const struct enum_values *values, unsigned size, bool is_signed)
{
    uint64_t max = UINT64_MAX >> (64 - size * 8);

    for (size_t i = 0; i < values->n; i++) {
        int64_t value = (int64_t)values->v[i].value;

        if (is_signed ? value < -(int64_t)(max / 2) - 1 || value > (int64_t)(max / 2)
                      : values->v[i].value > max)
            return false;
    }
    return true;
}

static bool define_enum(struct cparser *ps, struct str name, struct cspec *spec)
{
    struct types *types = ps->item->defs->types;
    struct type *t = type_enum_anew(types, name, 4, false, 0);
    struct enum_values values = { 0 };
    bool negative = false, huge = false;
    unsigned size;

    if (ctok_is(ps->next, "}"))
        return cparse_unexpected(ps, "a name in enum");
    if (!parse_enumerators(ps, t, &values, &negative, &huge) ||
        !cparse_attributes(ps, &spec->attrs))
        return false;
    if (negative && huge)
        return cparse_fail(ps, spec->at, "values of the enum do not fit one type");
    for (size = spec->attrs.packed ? 1 : 4; size < 8; size *= 2) {
        if (fits_enum(&values, size, negative))
            break;
    }
    t->size = t->align = size;
    t->is_signed = negative;
    type_define_enum(types, t, values.v, values.n);
    spec->type = t;
    if (name.n)
        publish_tag(ps, t);
    return true;
}

/* Behind the keyword. */
static bool parse_tagged(struct cparser *ps, char tag, struct cspec *spec)
{
    struct str name = { 0 };
    bool ok;

    if (!cparse_attributes(ps, &spec->attrs))
        return false;
    spec->at = ps->next->at;
    spec->defines = true;
    if (ps->next->kind == CTOK_IDENT) {
        name = ps->next->text;
        cparse_advance(ps);
    }
    if (cparse_accept(ps, "{")) {
        if (!cparse_enter(ps))
            return false;
        ok = tag == 'e' ? define_enum(ps, name, spec) : define_struct(ps, tag, name, spec);
        ps->depth--;
        spec->attrs = (struct cattrs){ 0 }; /* they were the type's, not the members' */
        return ok;
    }
    if (!name.n)
        return cparse_unexpected(ps, tag == 'e' ? "a name or '{' after 'enum'"
                                                : "a name or '{' after 'struct' or 'union'");
    spec->type = find_tag(ps, tag, name);
    if (!spec->type)
        return cparse_fail(ps, spec->at, "unknown enum '%.*s'", STRF(name));
    return true;
}

static char accept_tag_keyword(struct cparser *ps)
{
    if (cparse_accept(ps, "struct"))
        return 's';
    if (cparse_accept(ps, "union"))
        return 'u';
    return cparse_accept(ps, "enum") ? 'e' : '\0';
}

bool cspec_starts_type(struct cparser *ps)
{
    struct cparser look = *ps;
    enum word word;

    if (look.next->kind != CTOK_IDENT)
        return false;
    if (accept_qualifier(&look) || accept_tag_keyword(&look) || find_word(look.next, &word))
        return true;
    return !cdef_const(ps->item->defs, look.next->text) && find_typedef(ps, look.next->text);
}

/* One word or tag of the type. Returns false if reported; *more is false if the type has ended. */
static bool parse_word(struct cparser *ps, struct cspec *spec, unsigned *counts, bool *has_words,
                       bool *more)
{
    enum word word;
    char tag;

    if (find_word(ps->next, &word) && !spec->type) {
        counts[word]++;
        *has_words = true;
        cparse_advance(ps);
        return true;
    }
    if (!spec->type && !*has_words && (tag = accept_tag_keyword(ps)))
        return parse_tagged(ps, tag, spec);
    if (!spec->type && !*has_words && ps->next->kind == CTOK_IDENT) {
        spec->type = find_typedef(ps, ps->next->text);
        if (!spec->type)
            return cparse_fail(ps, ps->next->at, "unknown type '%.*s'", STRF(ps->next->text));
        cparse_advance(ps);
        return true;
    }
    *more = false;
    return true;
}

bool cspec_parse(struct cparser *ps, struct cspec *spec)
{
    unsigned counts[W_UNSIGNED + 1] = { 0 };
    bool has_words = false, more = true;
    struct span begin = ps->next->at;

    *spec = (struct cspec){ .at = begin };
    while (more) {
        if (cparse_accept(ps, "typedef")) {
            spec->is_typedef = true;
            continue;
        }
        if (accept_qualifier(ps))
            continue;
        if (!cparse_attributes(ps, &spec->attrs) ||
            !parse_word(ps, spec, counts, &has_words, &more))
            return false;
    }
    if (has_words && !(spec->type = type_of_words(ps->item->defs->types, counts)))
        return cparse_fail(ps, span_join(begin, ps->last), "unsupported type");
    if (!spec->type)
        return cparse_unexpected(ps, "a type");
    return true;
}
