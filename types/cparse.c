/*
 * cparse.c - C declarations to types, by recursive descent
 *
 * Only what defines types: structs, unions, enums, typedefs. The first mistake ends an item. Every
 * function that may call itself counts its depth, so that no text can exhaust the stack.
 */
#include "types/cdef_impl.h"

#include <string.h>

bool cparse_fail(struct cparser *ps, struct span at, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    diag_verror(ps->item->defs->diags, at, fmt, ap);
    va_end(ap);
    ps->item->failed = true;
    return false;
}

bool cparse_unexpected(struct cparser *ps, const char *expected)
{
    if (ps->next->kind == CTOK_END)
        return cparse_fail(ps, ps->next->at, "expected %s, got the end of the definition",
                           expected);
    return cparse_fail(ps, ps->next->at, "expected %s, got '%.*s'", expected, STRF(ps->next->text));
}

void cparse_advance(struct cparser *ps)
{
    ps->last = ps->next->at;
    if (ps->next->kind != CTOK_END)
        ps->next++;
}

bool cparse_accept(struct cparser *ps, const char *text)
{
    if (!ctok_is(ps->next, text))
        return false;
    cparse_advance(ps);
    return true;
}

bool cparse_expect(struct cparser *ps, const char *text)
{
    char quoted[16];

    if (cparse_accept(ps, text))
        return true;
    snprintf(quoted, sizeof(quoted), "'%s'", text);
    return cparse_unexpected(ps, quoted);
}

bool cparse_enter(struct cparser *ps)
{
    if (ps->depth == CPARSE_DEPTH)
        return cparse_fail(ps, ps->next->at, "nested too deeply");
    ps->depth++;
    return true;
}

bool cparse_skip_parens(struct cparser *ps)
{
    size_t depth = 0;

    do {
        if (ps->next->kind == CTOK_END)
            return cparse_unexpected(ps, "')'");
        if (ctok_is(ps->next, "("))
            depth++;
        else if (ctok_is(ps->next, ")"))
            depth--;
        cparse_advance(ps);
    } while (depth);
    return true;
}

static bool is_attribute(struct str name, const char *plain)
{
    if (str_starts(name, STR("__")) && str_ends(name, STR("__")) && name.n > 4)
        name = str_sub(name, 2, name.n - 2);
    return str_eqz(name, plain);
}

static bool parse_aligned(struct cparser *ps, struct cattrs *attrs)
{
    uint64_t align = __BIGGEST_ALIGNMENT__;
    struct span at = ps->last;

    if (cparse_accept(ps, "(")) {
        at = ps->next->at;
        if (!cexpr_parse(ps, &align, NULL) || !cparse_expect(ps, ")"))
            return false;
    }
    if (!align || (align & (align - 1)) || align > 1u << 16)
        return cparse_fail(ps, at, "alignment must be a power of two up to 65536");
    attrs->aligned = MAX(attrs->aligned, (uint32_t)align);
    return true;
}

/* One name inside the double parentheses. What does not change the layout is ignored. */
static bool parse_attribute(struct cparser *ps, struct cattrs *attrs)
{
    static const char *const unsupported[] = {
        "mode",       "vector_size",          "ms_struct",
        "gcc_struct", "scalar_storage_order", "transparent_union"
    };
    struct str name = ps->next->text;

    if (ps->next->kind != CTOK_IDENT)
        return cparse_unexpected(ps, "an attribute");
    cparse_advance(ps);
    for (size_t i = 0; i < ARRAY_LEN(unsupported); i++) {
        if (is_attribute(name, unsupported[i]))
            return cparse_fail(ps, ps->last, "attribute '%.*s' is not supported", STRF(name));
    }
    if (is_attribute(name, "aligned"))
        return parse_aligned(ps, attrs);
    if (is_attribute(name, "packed"))
        attrs->packed = true;
    return !ctok_is(ps->next, "(") || cparse_skip_parens(ps);
}

/* The words by which kernel sources abbreviate attributes. */
static bool accept_annotation(struct cparser *ps, struct cattrs *attrs)
{
    if (cparse_accept(ps, "__packed"))
        attrs->packed = true;
    else if (cparse_accept(ps, "__user"))
        attrs->as = AS_USER;
    else if (cparse_accept(ps, "__kernel"))
        attrs->as = AS_KERNEL;
    else if (cparse_accept(ps, "__percpu"))
        attrs->percpu = true;
    else
        return false;
    return true;
}

bool cparse_attributes(struct cparser *ps, struct cattrs *attrs)
{
    for (;;) {
        if (accept_annotation(ps, attrs))
            continue;
        if (!cparse_accept(ps, "__attribute__") && !cparse_accept(ps, "__attribute"))
            return true;
        if (!cparse_expect(ps, "(") || !cparse_expect(ps, "("))
            return false;
        while (!ctok_is(ps->next, ")")) {
            if (!parse_attribute(ps, attrs))
                return false;
            if (!cparse_accept(ps, ",") && !ctok_is(ps->next, ")"))
                return cparse_unexpected(ps, "',' or ')' after an attribute");
        }
        if (!cparse_expect(ps, ")") || !cparse_expect(ps, ")"))
            return false;
    }
}

/* Pointers to pointers to arrays …: others walk along such chains by recursion. */
static bool check_chain(struct cparser *ps, const struct type *t)
{
    unsigned length = 0;

    for (; t->kind == TYPE_PTR || t->kind == TYPE_ARRAY || t->kind == TYPE_FUNC; t = t->elem) {
        if (++length > CPARSE_DEPTH)
            return cparse_fail(ps, ps->last, "type is nested too deeply");
    }
    return true;
}

static bool make_array(struct cparser *ps, const struct type *elem, uint64_t count, struct span at,
                       const struct type **out)
{
    struct types *types = ps->item->defs->types;
    size_t n;

    if (elem->kind == TYPE_STRUCT) /* one of the kernel may have to be read first */
        type_fields(types, elem, &n);
    if (!type_is_complete(elem))
        return cparse_fail(ps, at, "array of the incomplete type '%s'",
                           type_name(&ps->item->scratch, elem).p);
    if (count > INT32_MAX / MAX(elem->size, 1u))
        return cparse_fail(ps, at, "array is too large");
    if (elem->is_char && count)
        *out = type_string(types, (uint32_t)count);
    else
        *out = type_array(types, elem, (uint32_t)count);
    return true;
}

/* "[2][3]" or "(int, char)" behind a name. */
static bool parse_suffixes(struct cparser *ps, const struct type *base, const struct type **out)
{
    struct span begin = ps->next->at;
    uint64_t count = 0;
    bool ok, is_signed = false;

    *out = base;
    if (ctok_is(ps->next, "(")) {
        *out = type_func(ps->item->defs->types, base);
        return cparse_skip_parens(ps);
    }
    if (!cparse_accept(ps, "["))
        return true;
    if (!ctok_is(ps->next, "]") && !cexpr_parse(ps, &count, &is_signed))
        return false;
    if (!cparse_expect(ps, "]") || !cparse_enter(ps))
        return false;
    if (is_signed && (int64_t)count < 0)
        return cparse_fail(ps, span_join(begin, ps->last), "array size is negative");
    ok = parse_suffixes(ps, base, out);
    ps->depth--;
    return ok && make_array(ps, *out, count, span_join(begin, ps->last), out);
}

/* Does '(' begin a declarator in parentheses, not the parameters of a function? */
static bool starts_nested(struct cparser *ps)
{
    struct cparser inside = *ps;

    if (!ctok_is(ps->next, "("))
        return false;
    inside.next++;
    if (ctok_is(inside.next, "*") || ctok_is(inside.next, "("))
        return true;
    return inside.next->kind == CTOK_IDENT && !cspec_starts_type(&inside);
}

/* "(*name)(int)": what follows the parentheses belongs to the type inside them. */
static bool parse_nested(struct cparser *ps, const struct type *base, struct cdeclarator *out)
{
    struct cparser inside = *ps;
    const struct type *t;

    inside.next++;
    return cparse_skip_parens(ps) && parse_suffixes(ps, base, &t) &&
           cparse_declarator(&inside, t, out) && cparse_expect(&inside, ")");
}

bool cparse_declarator(struct cparser *ps, const struct type *base, struct cdeclarator *out)
{
    static const char *const words[] = { "const",      "volatile",     "restrict",
                                         "__restrict", "__restrict__", "__rcu" };
    struct cattrs ignored = { 0 };
    bool ok;

    if (!cparse_enter(ps))
        return false;
    while (cparse_accept(ps, "*")) {
        base = type_ptr(ps->item->defs->types, base);
        for (size_t i = 0; i < ARRAY_LEN(words);)
            i = cparse_accept(ps, words[i]) ? 0 : i + 1;
        if (!check_chain(ps, base) || !cparse_attributes(ps, &ignored))
            return false;
    }
    *out = (struct cdeclarator){ .at = ps->next->at, .type = base };
    if (starts_nested(ps)) {
        ok = parse_nested(ps, base, out);
    } else {
        if (ps->next->kind == CTOK_IDENT) {
            out->name = ps->next->text;
            cparse_advance(ps);
        }
        ok = parse_suffixes(ps, base, &out->type);
    }
    ps->depth--;
    return ok && check_chain(ps, out->type);
}

static bool parse_member(struct cparser *ps, const struct cspec *spec, struct cmember *m)
{
    bool is_signed;

    *m = (struct cmember){ .attrs = spec->attrs };
    m->decl = (struct cdeclarator){ .type = spec->type, .at = ps->next->at };
    if (!ctok_is(ps->next, ":")) {
        if (!cparse_declarator(ps, spec->type, &m->decl))
            return false;
        if (!m->decl.name.n)
            return cparse_unexpected(ps, "the name of a member");
    }
    if (cparse_accept(ps, ":")) {
        m->is_bits = true;
        if (!cexpr_parse(ps, &m->bits, &is_signed))
            return false;
    }
    return cparse_attributes(ps, &m->attrs);
}

static bool parse_member_list(struct cparser *ps, struct cmembers *members)
{
    struct cspec spec;
    struct cmember m;

    if (!cspec_parse(ps, &spec))
        return false;
    if (spec.is_typedef)
        return cparse_fail(ps, spec.at, "typedef inside a struct");
    if (spec.defines && cparse_accept(ps, ";")) {
        m = (struct cmember){ .attrs = spec.attrs, .decl = { .type = spec.type, .at = spec.at } };
        if (spec.type->kind == TYPE_STRUCT && !spec.type->name.n)
            arena_vec_push(&ps->item->scratch, members, m);
        return true;
    }
    do {
        if (!parse_member(ps, &spec, &m))
            return false;
        arena_vec_push(&ps->item->scratch, members, m);
    } while (cparse_accept(ps, ","));
    return cparse_expect(ps, ";");
}

bool cparse_members(struct cparser *ps, struct cmembers *members)
{
    while (!cparse_accept(ps, "}")) {
        if (ps->next->kind == CTOK_END)
            return cparse_unexpected(ps, "'}'");
        if (!cparse_accept(ps, ";") && !parse_member_list(ps, members))
            return false;
    }
    return true;
}

static void publish_typedef(struct cdefs *defs, struct str name, const struct type *t)
{
    struct arena *a = types_arena(defs->types);
    size_t i = 0;

    while (i < defs->n_typedefs && !str_eq(defs->typedefs[i].name, name))
        i++;
    if (i == defs->cap_typedefs)
        defs->typedefs =
            arena_vec_grow(a, defs->typedefs, i, &defs->cap_typedefs, sizeof(*defs->typedefs));
    if (i == defs->n_typedefs)
        defs->n_typedefs++;
    defs->typedefs[i].name = str_dup(a, name);
    defs->typedefs[i].type = t;
}

static bool parse_typedef(struct cparser *ps, const struct cspec *spec)
{
    struct cattrs attrs = spec->attrs;
    struct cdeclarator decl;

    do {
        if (!cparse_declarator(ps, spec->type, &decl))
            return false;
        if (!decl.name.n)
            return cparse_unexpected(ps, "a name after 'typedef'");
        if (!cparse_attributes(ps, &attrs))
            return false;
        if (attrs.aligned > decl.type->align)
            return cparse_fail(ps, decl.at, "typedefs with an alignment are not supported");
        publish_typedef(ps->item->defs, decl.name, decl.type);
    } while (cparse_accept(ps, ","));
    return true;
}

static bool parse_item(struct cparser *ps)
{
    static const char *const others[] = { "static", "extern", "inline", "register",
                                          "_Static_assert" };
    struct cspec spec;

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (ctok_is(ps->next, others[i]))
            return cparse_unexpected(ps, "a definition of a struct, union, enum or typedef");
    }
    if (!cspec_parse(ps, &spec))
        return false;
    if (spec.is_typedef) {
        if (!parse_typedef(ps, &spec))
            return false;
    } else if (!spec.defines) {
        return cparse_fail(ps, spec.at, "only struct, union, enum and typedef can be defined here");
    }
    return ps->next->kind == CTOK_END || cparse_expect(ps, ";");
}

void cparse_items(struct citem *item, const struct ctok *toks)
{
    struct cparser ps = { .item = item, .next = toks };

    while (ps.next->kind != CTOK_END) {
        if (!cparse_accept(&ps, ";") && !parse_item(&ps))
            return;
    }
}
