/*
 * cmacro.c - #define, and putting macros in their places
 *
 * A macro is not replaced inside its own replacement, so replacing ends; but it may take
 * exponential time, so steps are counted. Joining (##) and quoting (#) of arguments are not
 * supported: they make sense only in headers, and those are left to a real compiler.
 */
#include "types/cdef_impl.h"

#include <string.h>

enum { EXPANSIONS_MAX = 1 << 18, EXPANSION_DEPTH = 100 };

/* The macros being replaced right now, innermost first. */
struct active {
    struct str name;
    const struct active *outer;
};

static bool expand(struct citem *item, const struct ctok *in, size_t n, const struct active *active,
                   struct ctoks *out);

const struct cdef_macro *cdef_macro(const struct cdefs *c, struct str name)
{
    for (size_t i = 0; i < c->macros.n; i++) {
        if (str_eq(c->macros.v[i].name, name))
            return &c->macros.v[i];
    }
    return NULL;
}

static void define(struct cdefs *c, struct cdef_macro macro)
{
    cmacro_undef(c, macro.name);
    arena_vec_push(types_arena(c->types), &c->macros, macro);
}

void cmacro_undef(struct cdefs *c, struct str name)
{
    for (size_t i = 0; i < c->macros.n; i++) {
        if (!str_eq(c->macros.v[i].name, name))
            continue;
        c->macros.n--;
        memmove(&c->macros.v[i], &c->macros.v[i + 1], (c->macros.n - i) * sizeof(c->macros.v[0]));
        return;
    }
}

void cdef_predefine(struct cdefs *c, struct str name, struct str body)
{
    struct arena *a = types_arena(c->types);

    define(c, (struct cdef_macro){
                  .name = str_dup(a, name), .body = str_dup(a, str_trim(body)), .at = SPAN_NONE });
}

static void keep_params(struct citem *item, struct cdef_macro *m, const struct ctoks *names)
{
    struct arena *a = types_arena(item->defs->types);
    struct str *params = ARENA_ARRAY(a, struct str, names->n);

    for (size_t i = 0; i < names->n; i++)
        params[i] =
            m->variadic && i + 1 == names->n ? STR("__VA_ARGS__") : str_dup(a, names->v[i].text);
    m->params = params;
    m->n_params = names->n;
}

/* The parameters behind '('. Returns how many tokens they and their ')' take; 0: reported. */
static size_t define_params(struct citem *item, struct cdef_macro *m, const struct ctok *toks,
                            size_t n)
{
    struct ctoks names = { 0 };
    size_t i = 0;

    if (n && ctok_is(&toks[0], ")"))
        return 1;
    for (; i + 1 < n; i += 2) {
        m->variadic = ctok_is(&toks[i], "...");
        if (!m->variadic && toks[i].kind != CTOK_IDENT)
            break;
        arena_vec_push(&item->scratch, &names, toks[i]);
        if (ctok_is(&toks[i + 1], ")")) {
            keep_params(item, m, &names);
            return i + 2;
        }
        if (m->variadic || !ctok_is(&toks[i + 1], ","))
            break;
    }
    citem_error(item, n ? toks[MIN(i, n - 1)].at : m->at, "malformed parameters of macro '%.*s'",
                STRF(m->name));
    return 0;
}

/* The replacement as written, but for comments and joined lines, which become blanks. */
static struct str body_text(struct citem *item, const struct ctok *toks, size_t n)
{
    const char *begin = toks[0].text.p;
    size_t length = (size_t)(toks[n - 1].text.p - begin) + toks[n - 1].text.n;
    char *text = arena_alloc(types_arena(item->defs->types), length + 1);

    memset(text, ' ', length);
    for (size_t i = 0; i < n; i++)
        memcpy(text + (toks[i].text.p - begin), toks[i].text.p, toks[i].text.n);
    return (struct str){ text, length };
}

void cmacro_define(struct citem *item, const struct ctok *toks, size_t n, struct span at)
{
    struct arena *a = types_arena(item->defs->types);
    struct cdef_macro macro = { .body = STR("") };
    size_t i = 1, used;

    if (!n || toks[0].kind != CTOK_IDENT || ctok_is(&toks[0], "defined")) {
        citem_error(item, n ? toks[0].at : at, "#define needs a name");
        return;
    }
    macro.name = str_dup(a, toks[0].text);
    macro.at = (struct span){ toks[0].at.end, toks[0].at.end };
    if (n > 1 && ctok_is(&toks[1], "(") && !toks[1].spaced) {
        macro.function_like = true;
        used = define_params(item, &macro, toks + 2, n - 2);
        if (!used)
            return;
        i = 2 + used;
    } else if (n > 1 && !toks[1].spaced) {
        citem_error(item, toks[1].at, "blank space expected after the name of macro '%.*s'",
                    STRF(macro.name));
        return;
    }
    if (i < n) {
        macro.body = body_text(item, toks + i, n - i);
        macro.at = (struct span){ toks[i].at.begin, toks[n - 1].at.end };
    }
    define(item->defs, macro);
}

static bool is_active(const struct active *active, struct str name)
{
    for (; active; active = active->outer) {
        if (str_eq(active->name, name))
            return true;
    }
    return false;
}

static bool count_step(struct citem *item, const struct ctok *tok)
{
    if (++item->expansions <= EXPANSIONS_MAX)
        return true;
    citem_error(item, tok->at, "macro '%.*s' expands to too much text", STRF(tok->text));
    return false;
}

struct args {
    struct ctoks *v;
    size_t n, cap;
};

/*
 * The arguments at in[at], which is '('. A variadic macro's last parameter takes what is left.
 * Returns the index behind ')', or 0: reported.
 */
static size_t collect_args(struct citem *item, const struct cdef_macro *m, const struct ctok *in,
                           size_t n, size_t at, struct args *args)
{
    size_t nested = 0;

    arena_vec_push(&item->scratch, args, (struct ctoks){ 0 });
    for (size_t i = at + 1; i < n; i++) {
        bool last = m->variadic && args->n == m->n_params;

        if (!nested && ctok_is(&in[i], ")"))
            return i + 1;
        if (!nested && !last && ctok_is(&in[i], ",")) {
            arena_vec_push(&item->scratch, args, (struct ctoks){ 0 });
            continue;
        }
        if (ctok_is(&in[i], "("))
            nested++;
        if (ctok_is(&in[i], ")"))
            nested--;
        arena_vec_push(&item->scratch, &args->v[args->n - 1], in[i]);
    }
    citem_error(item, in[at].at, "arguments of macro '%.*s' have no ')'", STRF(m->name));
    return 0;
}

static ptrdiff_t param_index(const struct cdef_macro *m, const struct ctok *tok)
{
    for (size_t i = 0; tok->kind == CTOK_IDENT && i < m->n_params; i++) {
        if (str_eq(m->params[i], tok->text))
            return (ptrdiff_t)i;
    }
    return -1;
}

/* The body of m, arguments put in. Returns false if something was reported. */
static bool substitute(struct citem *item, const struct cdef_macro *m, const struct ctok *use,
                       const struct args *args, const struct active *active, struct ctoks *out)
{
    struct ctoks body = { 0 };

    clex(item, m->body, &use->at, &body);
    for (size_t i = 0; i + 1 < body.n; i++) {
        ptrdiff_t param = param_index(m, &body.v[i]);

        if (!count_step(item, use))
            return false;
        if (ctok_is(&body.v[i], "#") || ctok_is(&body.v[i], "##")) {
            citem_error(item, use->at, "macro '%.*s': '%.*s' is not supported", STRF(m->name),
                        STRF(body.v[i].text));
            return false;
        }
        if (param < 0)
            arena_vec_push(&item->scratch, out, body.v[i]);
        else if ((size_t)param < args->n &&
                 !expand(item, args->v[param].v, args->v[param].n, active, out))
            return false;
    }
    return true;
}

/* Replaces the macro at in[*i] and moves *i behind it. */
static bool expand_one(struct citem *item, const struct cdef_macro *m, const struct ctok *in,
                       size_t n, size_t *i, const struct active *active, struct ctoks *out)
{
    const struct ctok *use = &in[*i];
    struct active inner = { m->name, active };
    struct args args = { 0 };
    struct ctoks replaced = { 0 };
    size_t given, end = *i + 1;

    if (m->function_like) {
        end = collect_args(item, m, in, n, end, &args);
        if (!end)
            return false;
        given = args.n == 1 && !args.v[0].n && m->n_params == 0 ? 0 : args.n;
        if (given != m->n_params && !(m->variadic && given + 1 == m->n_params)) {
            citem_error(item, use->at, "macro '%.*s' takes %zu arguments, got %zu", STRF(m->name),
                        m->n_params, given);
            return false;
        }
    }
    *i = end;
    return substitute(item, m, use, &args, active, &replaced) &&
           expand(item, replaced.v, replaced.n, &inner, out);
}

static bool expand(struct citem *item, const struct ctok *in, size_t n, const struct active *active,
                   struct ctoks *out)
{
    size_t i = 0;

    if (n && item->expansion_depth == EXPANSION_DEPTH) {
        citem_error(item, in[0].at, "macros are nested too deeply");
        return false;
    }
    item->expansion_depth++;
    while (i < n && !item->failed) {
        const struct cdef_macro *m =
            in[i].kind == CTOK_IDENT ? cdef_macro(item->defs, in[i].text) : NULL;
        bool replace = m && !is_active(active, in[i].text) &&
                       (!m->function_like || (i + 1 < n && ctok_is(&in[i + 1], "(")));

        if (!count_step(item, &in[i]))
            break;
        if (!replace)
            arena_vec_push(&item->scratch, out, in[i++]);
        else if (!expand_one(item, m, in, n, &i, active, out))
            break;
    }
    item->expansion_depth--;
    return i == n;
}

bool cmacro_expand(struct citem *item, const struct ctok *in, size_t n, struct ctoks *out)
{
    return expand(item, in, n, NULL, out);
}
