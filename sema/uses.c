/*
 * uses.c - what a body asks of its probe, as far as its words tell
 *
 * Asked while attach points become programs, before anything has a type: whether one program can
 * serve many targets, and which of the ways to see an event will do, depends on the builtins in the
 * body alone. A word that may be something else (a variable of C text, say) counts as a use: that
 * costs a program or a cheaper way, never correctness.
 */
#include "sema/sema_impl.h"

enum { WORD_DEPTH_MAX = 8 }; /* of macros in macros, functions in functions */

struct search {
    const struct compile *c;
    struct probe_uses *uses;
    size_t names, plain_names; /* `probe`; where any string will do */
    unsigned depth;
};

static bool is_word_char(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           ch == '_';
}

static void use_word(struct search *s, struct str name);

/* The text of a C macro: any word in it may be what matters. */
static void use_text(struct search *s, struct str text)
{
    for (size_t i = 0; i < text.n;) {
        size_t end = i;

        while (end < text.n && is_word_char(text.p[end]))
            end++;
        if (end > i)
            use_word(s, str_sub(text, i, end));
        i = end > i ? end : i + 1;
    }
}

static void use_builtin(struct search *s, const struct builtin *fn, struct str name)
{
    struct probe_uses *uses = s->uses;
    uint64_t n;

    uses->needs |= fn->needs;
    if (fn->flags & BUILTIN_NAME)
        s->names++;
    else if (fn->flags & BUILTIN_PER_TARGET)
        uses->target = true;
    if (fn->needs & CAP_ARGS)
        uses->whole_args = true;
    if (fn->needs & CAP_ARGN && fn->flags & BUILTIN_NUMBERED &&
        str_to_u64(str_sub(name, str_from(fn->name).n, name.n), false, &n, NULL))
        uses->argn |= UINT64_C(1) << MIN(n, 63u);
}

static void use_word(struct search *s, struct str name)
{
    const struct builtin *fn = builtin_find(s->c->registry, name);
    const struct cdef_macro *macro = fn ? NULL : cdef_macro(s->c->cdefs, name);

    if (fn) {
        use_builtin(s, fn, name);
    } else if (macro && s->depth < WORD_DEPTH_MAX) {
        s->depth++;
        use_text(s, macro->body);
        s->depth--;
    }
}

static struct str word_of(const struct expr *e)
{
    if (e->kind == EXPR_IDENT)
        return e->text;
    return e->kind == EXPR_CALL && !e->call.n_args ? e->call.name : STR("");
}

static bool is_builtin_with(const struct search *s, const struct expr *e, unsigned needs,
                            unsigned flags)
{
    struct str word = word_of(e);
    const struct builtin *fn = word.n ? builtin_find(s->c->registry, word) : NULL;

    return fn && (fn->needs & needs) == needs && (fn->flags & flags) == flags;
}

static void count_plain(struct search *s, const struct expr *list)
{
    for (; list; list = list->next)
        s->plain_names += is_builtin_with(s, list, 0, BUILTIN_NAME);
}

/* Parts of keys and what is printed need not be known while compiling. */
static void find_plain(struct search *s, const struct expr *e)
{
    const struct builtin *fn;

    if (e->kind == EXPR_MAP && e->map.key && e->map.key->kind == EXPR_TUPLE &&
        e->map.key->tuple.is_key_list)
        count_plain(s, e->map.key->tuple.items);
    else if (e->kind == EXPR_MAP && e->map.key)
        s->plain_names += is_builtin_with(s, e->map.key, 0, BUILTIN_NAME);
    else if (e->kind == EXPR_CALL && e->call.args &&
             (fn = builtin_find(s->c->registry, e->call.name)) && signature_of(fn).variadic)
        count_plain(s, e->call.args->next);
}

static bool use_expr(void *ctx, struct expr **ep);

static void use_function(struct search *s, struct str name)
{
    struct ast_walker walker = { .ctx = s, .pre_expr = use_expr };

    for (struct function *f = s->c->program->functions; f; f = f->next) {
        if (!str_eq(f->name, name) || s->depth >= WORD_DEPTH_MAX)
            continue;
        s->depth++;
        ast_walk_block(&walker, &f->body);
        s->depth--;
    }
}

static bool use_expr(void *ctx, struct expr **ep)
{
    struct search *s = ctx;
    const struct expr *e = *ep;

    if (e->kind == EXPR_FIELD && is_builtin_with(s, e->field.e, CAP_ARGS, 0)) {
        s->uses->needs |= CAP_ARGS;
        s->uses->target = true;
        arena_vec_push(s->c->arena, &s->uses->fields, e->field.name);
        return false;
    }
    find_plain(s, e);
    if (e->kind == EXPR_IDENT) {
        use_word(s, e->text);
    } else if (e->kind == EXPR_CALL) {
        use_word(s, e->call.name);
        use_function(s, e->call.name);
    }
    return true;
}

struct probe_uses uses_of(const struct compile *c, struct probe *probe)
{
    struct probe_uses uses = { 0 };
    struct search s = { .c = c, .uses = &uses };
    struct ast_walker walker = { .ctx = &s, .pre_expr = use_expr };

    ast_walk_probe(&walker, probe);
    uses.name = s.names > 0;
    uses.name_at_compile = s.names > s.plain_names;
    return uses;
}
