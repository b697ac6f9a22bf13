/*
 * macro_subst.c - one expansion: a copy of a macro's body with its parameters replaced
 *
 * Parameters become what was given for them; every other variable gets a name nobody can write
 * ("x#3"), so that it is the macro's own. Places move into a copy of the script's text (see struct
 * expansion).
 */
#include "sema/sema_impl.h"

const struct macro_param *macro_param(const struct macro *m, int kind, struct str name)
{
    for (unsigned i = 0; i < m->n_params; i++) {
        if ((int)m->params[i].kind == kind && str_eq(m->params[i].name, name))
            return &m->params[i];
    }
    return NULL;
}

static struct expr *arg_of(const struct macro_use *use, int kind, struct str name)
{
    const struct macro_param *param = macro_param(use->macro, kind, name);

    return param ? use->args[param - use->macro->params] : NULL;
}

static void move(const struct macro_use *use, struct span *at)
{
    if (use->macro->is_builtin)
        *at = use->call;
    if (use->macro->is_builtin || span_is_none(*at))
        return;
    at->begin = (uint32_t)(at->begin + use->shift);
    at->end = (uint32_t)(at->end + use->shift);
}

static struct str own_name(const struct macro_use *use, struct str name)
{
    struct expr *arg = arg_of(use, PARAM_VAR, name);

    if (arg)
        return arg->var.name;
    return str_printf(use->c->arena, "%.*s#%u", STRF(name), use->number);
}

/* ---- types ---- */

static struct expr *type_argument(const struct macro_use *use, struct str name, struct span at)
{
    struct expr *arg = arg_of(use, PARAM_EXPR, name);
    struct diag *d;

    if (!arg || arg->kind == EXPR_TYPEOF)
        return arg ? ast_clone_expr(use->c->arena, arg) : NULL;
    d = diag_error(use->c->diags, arg->at, "%.*s() needs a type for '%.*s'", STRF(use->macro->name),
                   STRF(name));
    diag_note(use->c->diags, d, at, "it is used as a type here");
    diag_hint(use->c->diags, d, "types are given as typeof(struct name)");
    return NULL;
}

static void replace_type(const struct macro_use *use, struct type_expr *te)
{
    struct expr *type;

    for (; te; te = te->typeof_type) {
        move(use, &te->at);
        if (te->tag || !te->name.n || !(type = type_argument(use, te->name, te->at)))
            continue;
        te->name = STR("");
        te->typeof_type = type->type_of.of_type;
        te->typeof_expr = type->type_of.of_expr;
        return;
    }
}

/* sizeof(T), where T is a parameter. */
static void replace_operand(const struct macro_use *use, struct expr *e)
{
    struct expr *operand = e->type_of.of_expr, *arg;

    replace_type(use, e->type_of.of_type);
    if (!operand || operand->kind != EXPR_IDENT)
        return;
    arg = arg_of(use, PARAM_EXPR, operand->text);
    if (!arg || arg->kind != EXPR_TYPEOF)
        return;
    arg = ast_clone_expr(use->c->arena, arg);
    e->type_of.of_type = arg->type_of.of_type;
    e->type_of.of_expr = arg->type_of.of_expr;
}

/* a.b.c → its names, outermost last; 0 if it is something else. */
static unsigned chain_of(const struct expr *e, struct str *names, unsigned max)
{
    unsigned n;

    if (e->kind == EXPR_IDENT && max) {
        names[0] = e->text;
        return 1;
    }
    if (e->kind != EXPR_FIELD || e->field.arrow || !max)
        return 0;
    n = chain_of(e->field.e, names, max - 1);
    if (!n)
        return 0;
    names[n] = e->field.name;
    return n + 1;
}

/* offsetof(T, member), where member is a parameter. */
static void replace_path(const struct macro_use *use, struct expr *e)
{
    enum { MAX_PATH = 64 };
    struct str names[MAX_PATH];
    VEC(struct str) path = { 0 };

    for (unsigned i = 0; i < e->type_of.n_path; i++) {
        struct expr *arg = arg_of(use, PARAM_EXPR, e->type_of.path[i]);
        unsigned n = arg ? chain_of(arg, names, MAX_PATH) : 0;

        if (arg && !n)
            diag_error(use->c->diags, arg->at, "%.*s() needs the name of a field for '%.*s'",
                       STRF(use->macro->name), STRF(e->type_of.path[i]));
        if (!n)
            arena_vec_push(use->c->arena, &path, e->type_of.path[i]);
        for (unsigned j = 0; j < n; j++)
            arena_vec_push(use->c->arena, &path, names[j]);
    }
    e->type_of.path = path.v;
    e->type_of.n_path = (unsigned)path.n;
}

/* ---- expressions, statements ---- */

static bool replace_ident(const struct macro_use *use, struct expr **ep)
{
    struct expr *e = *ep, *arg = arg_of(use, PARAM_EXPR, e->text);
    struct diag *d;

    if (!arg)
        return true;
    if (arg->kind == EXPR_TYPEOF) {
        d = diag_error(use->c->diags, arg->at, "%.*s() needs an expression for '%.*s', not a type",
                       STRF(use->macro->name), STRF(e->text));
        diag_note(use->c->diags, d, e->at, "it is used as an expression here");
        return false;
    }
    *ep = ast_clone_expr(use->c->arena, arg);
    (*ep)->parenthesised = true;
    return false; /* what the caller gave means what it means there */
}

static bool replace_expr(void *ctx, struct expr **ep)
{
    struct macro_use *use = ctx;
    struct expr *e = *ep, *arg;

    move(use, &e->at);
    e->generated = use->macro->is_builtin;
    switch (e->kind) {
    case EXPR_IDENT:
        return replace_ident(use, ep);
    case EXPR_VAR:
        e->var.name = own_name(use, e->var.name);
        return true;
    case EXPR_MAP:
        arg = arg_of(use, PARAM_MAP, e->map.name);
        if (arg)
            e->map.name = arg->map.name;
        return true;
    case EXPR_CAST:
        replace_type(use, e->cast.to);
        return true;
    case EXPR_IF:
        move(use, &e->if_.then.at);
        if (e->if_.other)
            move(use, &e->if_.other->at);
        return true;
    case EXPR_BLOCK:
        move(use, &e->block.at);
        return true;
    case EXPR_OFFSETOF:
        replace_path(use, e);
        replace_operand(use, e);
        return true;
    case EXPR_SIZEOF:
    case EXPR_TYPEINFO:
    case EXPR_TYPEOF:
        replace_operand(use, e);
        return true;
    default:
        return true;
    }
}

static bool replace_stmt(void *ctx, struct stmt *stmt)
{
    struct macro_use *use = ctx;

    move(use, &stmt->at);
    if (stmt->kind == STMT_LET) {
        move(use, &stmt->let.name_at);
        stmt->let.name = own_name(use, stmt->let.name);
        replace_type(use, stmt->let.type);
    } else if (stmt->kind == STMT_FOR_RANGE || stmt->kind == STMT_FOR_MAP) {
        move(use, &stmt->for_.var_at);
        stmt->for_.var = own_name(use, stmt->for_.var);
    }
    return true;
}

bool macro_substitute(struct macro_use *use, struct block *out)
{
    struct ast_walker walker = { .ctx = use, .pre_expr = replace_expr, .pre_stmt = replace_stmt };
    unsigned errors = use->c->diags->errors;

    *out = ast_clone_block(use->c->arena, &use->macro->body);
    ast_walk_block(&walker, out);
    return use->c->diags->errors == errors;
}
