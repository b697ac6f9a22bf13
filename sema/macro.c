/*
 * macro.c - replaces calls of the script's macros by their bodies (LANGUAGE.md 10.1)
 *
 * Definitions are checked once, used or not. Then the program is walked from the inside out, so
 * that the arguments of a macro are plain code when the macro is expanded; what comes out is walked
 * again for the macros it uses itself. Some builtins are macros, too; the script's own go before
 * them, but not in what comes out of a builtin.
 */
#include "sema/sema_impl.h"

enum { EXPANSIONS_MAX = 10000, COPIES_MAX = 64 << 20 };

struct chain {
    const struct macro *macro;
    struct span at;
    const struct chain *outer;
};

struct expander {
    struct compile *c;
    const struct chain *chain; /* macros being expanded, innermost first */
    unsigned n;                /* expansions */
    unsigned depth;
    size_t copied;
};

/* ---- definitions ---- */

struct definition {
    struct compile *c;
    const struct macro *m;
    unsigned loops;
};

static bool check_map(void *ctx, struct expr **ep)
{
    struct definition *def = ctx;
    const struct expr *e = *ep;
    struct diag *d;

    if (e->kind != EXPR_MAP || macro_param(def->m, PARAM_MAP, e->map.name))
        return true;
    d = diag_error(def->c->diags, e->at, "macro '%.*s' uses %.*s, which was not passed in",
                   STRF(def->m->name), STRF(e->map.name));
    diag_hint(def->c->diags, d, "make it a parameter: macro %.*s(%.*s)", STRF(def->m->name),
              STRF(e->map.name));
    return true;
}

static bool is_loop(const struct stmt *stmt)
{
    return stmt->kind == STMT_WHILE || stmt->kind == STMT_FOR_RANGE || stmt->kind == STMT_FOR_MAP;
}

static bool enter_stmt(void *ctx, struct stmt *stmt)
{
    struct definition *def = ctx;
    struct diag *d;

    def->loops += is_loop(stmt);
    if (stmt->kind == STMT_LET && macro_param(def->m, PARAM_VAR, stmt->let.name)) {
        d = diag_error(def->c->diags, stmt->let.name_at, "$%.*s is a parameter of the macro",
                       STRF(stmt->let.name));
        diag_hint(def->c->diags, d, "assign to it without let");
    }
    if (!def->loops &&
        (stmt->kind == STMT_BREAK || stmt->kind == STMT_CONTINUE || stmt->kind == STMT_RETURN))
        diag_error(def->c->diags, stmt->at, "a macro cannot jump out of its own body");
    return true;
}

static void leave_stmt(void *ctx, struct stmt *stmt)
{
    struct definition *def = ctx;

    def->loops -= is_loop(stmt);
}

static bool same_parameters(const struct macro *a, const struct macro *b)
{
    if (!str_eq(a->name, b->name) || a->n_params != b->n_params)
        return false;
    for (unsigned i = 0; i < a->n_params; i++) {
        if (a->params[i].kind != b->params[i].kind)
            return false;
    }
    return true;
}

static void check_definition(struct compile *c, struct macro *m)
{
    struct definition def = { .c = c, .m = m };
    struct ast_walker walker = {
        .ctx = &def, .pre_expr = check_map, .pre_stmt = enter_stmt, .post_stmt = leave_stmt
    };
    struct diag *d;

    for (struct macro *old = c->program->macros; old != m; old = old->next) {
        if (!same_parameters(old, m))
            continue;
        d = diag_error(c->diags, m->name_at, "macro '%.*s' is defined twice", STRF(m->name));
        diag_note(c->diags, d, old->name_at, "first here");
    }
    for (unsigned i = 0; i < m->n_params; i++) {
        if (macro_param(m, (int)m->params[i].kind, m->params[i].name) != &m->params[i])
            diag_error(c->diags, m->params[i].at, "two parameters of macro '%.*s' have one name",
                       STRF(m->name));
    }
    ast_walk_block(&walker, &m->body);
}

/* ---- which macro is meant ---- */

static bool accepts(const struct macro_param *param, const struct expr *arg)
{
    switch (param->kind) {
    case PARAM_EXPR:
        return true;
    case PARAM_VAR:
        return arg->kind == EXPR_VAR;
    case PARAM_MAP:
        return arg->kind == EXPR_MAP && !arg->map.key;
    }
    return false;
}

/* How well it fits: the number of parameters that want just this; -1: not at all. */
static int rate(const struct macro *m, struct expr *const *args, unsigned n)
{
    int special = 0;

    if (m->n_params != n)
        return -1;
    for (unsigned i = 0; i < n; i++) {
        if (!accepts(&m->params[i], args[i]))
            return -1;
        special += m->params[i].kind != PARAM_EXPR;
    }
    return special;
}

/* *named: is there any macro of that name? */
static const struct macro *choose(const struct compile *c, struct str name,
                                  struct expr *const *args, unsigned n, const struct macro **named)
{
    const struct macro *best = NULL;
    int best_rate = -1;

    *named = NULL;
    for (const struct macro *m = c->program->macros; m; m = m->next) {
        int rating;

        if (!str_eq(m->name, name))
            continue;
        *named = m;
        rating = rate(m, args, n);
        if (rating > best_rate) {
            best = m;
            best_rate = rating;
        }
    }
    return best;
}

static void no_overload(struct expander *x, const struct expr *e, const struct macro *m,
                        struct expr *const *args, unsigned n)
{
    static const char *const wanted[] = {
        [PARAM_EXPR] = "an expression",
        [PARAM_VAR] = "a variable",
        [PARAM_MAP] = "a map without key",
    };
    struct diags *diags = x->c->diags;
    struct diag *d;

    if (m->is_builtin) {
        diag_error(diags, e->at, "%.*s() takes %u argument%s, got %u", STRF(m->name), m->n_params,
                   m->n_params == 1 ? "" : "s", n);
        return;
    }
    if (m->n_params != n) {
        d = diag_error(diags, e->at, "macro %.*s() takes %u argument%s, got %u", STRF(m->name),
                       m->n_params, m->n_params == 1 ? "" : "s", n);
        diag_note(diags, d, m->name_at, "it is defined here");
        return;
    }
    d = diag_error(diags, e->at, "the arguments do not fit macro %.*s()", STRF(m->name));
    for (unsigned i = 0; i < n; i++) {
        if (!accepts(&m->params[i], args[i]))
            diag_note(diags, d, args[i]->at, "%s is expected here", wanted[m->params[i].kind]);
    }
    diag_note(diags, d, m->name_at, "it is defined here");
}

/* ---- expansion ---- */

static void recursion(struct expander *x, const struct expr *e, const struct macro *m)
{
    struct diag *d = diag_error(x->c->diags, e->at, "macro '%.*s' expands itself", STRF(m->name));

    if (d)
        d->has_chain = true;
    for (const struct chain *link = x->chain; link; link = link->outer) {
        diag_note(x->c->diags, d, link->at, "inside of %.*s()", STRF(link->macro->name));
        if (link->macro == m)
            return;
    }
}

static bool may_expand(struct expander *x, const struct expr *e, const struct macro *m)
{
    for (const struct chain *link = x->chain; link; link = link->outer) {
        if (link->macro == m) {
            recursion(x, e, m);
            return false;
        }
    }
    if (x->n++ < EXPANSIONS_MAX)
        return true;
    if (x->n == EXPANSIONS_MAX + 1)
        diag_error(x->c->diags, e->at, "more than %d macros to expand", EXPANSIONS_MAX);
    return false;
}

/*
 * Expanded code points into a copy of the script's text of its own, so that its place tells which
 * expansion it belongs to. The copy has the same name and lines. Gives the distance to it, 0 if
 * there are too many of them.
 */
static int64_t copy_text(struct expander *x, const struct macro *m, struct span call)
{
    struct compile *c = x->c;
    const struct source *original = source_of(c->sources, m->at);
    struct source *copy;

    if (m->is_builtin || !original || x->copied + original->text.n > COPIES_MAX)
        return 0;
    copy = source_add(c->sources, c->arena, original->name, original->text);
    if (!copy)
        return 0;
    x->copied += original->text.n;
    copy->macro = m->name;
    copy->expanded_at = call;
    return (int64_t)copy->base - original->base;
}

static void expand_program_part(struct expander *, struct block *);

static void expand(struct expander *x, struct expr **ep, const struct macro *m, struct expr **args)
{
    struct expr *e = *ep, *result;
    struct chain link = { .macro = m, .at = e->at, .outer = x->chain };
    struct macro_use use = { .c = x->c, .macro = m, .args = args, .call = e->at };
    struct block body;

    if (!may_expand(x, e, m))
        return;
    use.number = x->n;
    use.shift = copy_text(x, m, e->at);
    if (!macro_substitute(&use, &body))
        return;
    x->chain = &link;
    expand_program_part(x, &body);
    x->chain = link.outer;
    if (body.value && !body.stmts) {
        result = body.value;
    } else {
        result = ast_expr(x->c->arena, EXPR_BLOCK, e->at);
        result->block = body;
    }
    result->next = e->next;
    result->parenthesised = true;
    *ep = result;
}

static void expand_call(struct expander *x, struct expr **ep)
{
    struct expr *e = *ep, **args = NULL;
    bool call = e->kind == EXPR_CALL;
    struct str name = call ? e->call.name : e->text;
    bool in_builtin = x->chain && x->chain->macro->is_builtin;
    const struct macro *named = NULL, *m = NULL;
    unsigned n = 0;

    if (call) {
        args = ARENA_ARRAY(x->c->arena, struct expr *, e->call.n_args + 1);
        for (struct expr *arg = e->call.args; arg; arg = arg->next)
            args[n++] = arg;
    }
    if (!in_builtin)
        m = choose(x->c, name, args, n, &named);
    if (!m && call && (m = macro_of_builtin(x->c, name)) && m->n_params != n) {
        named = m;
        m = NULL;
    }
    if (m)
        expand(x, ep, m, args);
    else if (named && call && (named->is_builtin || !builtin_find(x->c->registry, name)))
        no_overload(x, e, named, args, n);
}

static bool enter_expr(void *ctx, struct expr **ep)
{
    struct expander *x = ctx;

    if (x->depth >= DEPTH_MAX) {
        diag_error(x->c->diags, (*ep)->at, "nested too deeply, after macros were expanded");
        return false;
    }
    x->depth++;
    return true;
}

static void leave_expr(void *ctx, struct expr **ep)
{
    struct expander *x = ctx;

    if ((*ep)->kind == EXPR_CALL || (*ep)->kind == EXPR_IDENT)
        expand_call(x, ep);
    x->depth--;
}

static void expand_program_part(struct expander *x, struct block *block)
{
    struct ast_walker walker = { .ctx = x, .pre_expr = enter_expr, .post_expr = leave_expr };

    ast_walk_block(&walker, block);
}

bool sema_macro(struct compile *c)
{
    struct expander x = { .c = c };
    struct ast_walker walker = { .ctx = &x, .pre_expr = enter_expr, .post_expr = leave_expr };
    unsigned errors = c->diags->errors;

    for (struct macro *m = c->program->macros; m; m = m->next)
        check_definition(c, m);
    if (c->diags->errors != errors)
        return false;
    for (struct function *f = c->program->functions; f; f = f->next)
        expand_program_part(&x, &f->body);
    for (struct probe *probe = c->program->probes; probe; probe = probe->next)
        ast_walk_probe(&walker, probe);
    return sema_end(c, errors);
}
