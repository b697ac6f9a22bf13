/*
 * resolve_expr.c - binds the names in expressions
 *
 * Decides which variable a $name is, whether a map is used as a whole, with a key or without one,
 * and what a call calls. Bare words are names.c's.
 */
#include "sema/sema_impl.h"

/* ---- variables ---- */

static void undefined_var(struct resolver *r, struct str name, struct span at)
{
    struct diags *diags = r->c->diags;
    struct diag *d = diag_error(diags, at, "undefined variable $%.*s", STRF(name));
    struct str_guess guess = { .word = name };

    for (const struct var *v = *r->vars; v; v = v->next) {
        if (!str_eq(v->name, name))
            continue;
        diag_note(diags, d, v->at, "this $%.*s exists only inside its own block", STRF(name));
        diag_hint(diags, d, "declare it before that block: let $%.*s;", STRF(name));
        return;
    }
    for (const struct scope *s = r->scope; s; s = s->outer) {
        for (size_t i = 0; i < s->vars.cap; i++) {
            if (s->vars.slots[i].hash)
                str_guess_try(&guess, s->vars.slots[i].key);
        }
    }
    if (str_guess_ok(&guess))
        diag_hint(diags, d, "did you mean $%.*s?", STRF(guess.best));
}

static struct var *use_var(struct resolver *r, struct expr *e)
{
    e->var.sym = scope_use(r->c->arena, r->scope, e->var.name);
    if (!e->var.sym)
        undefined_var(r, e->var.name, e->at);
    return e->var.sym;
}

static void read_var(struct resolver *r, struct expr *e)
{
    struct var *var = use_var(r, e);

    if (!var)
        return;
    if (!var->assigned && !var->read && !r->sizeof_depth)
        diag_warn(r->c->diags, e->at, "$%.*s is read before anything was assigned to it",
                  STRF(var->name));
    var->read = true;
}

void resolve_change_var(struct resolver *r, struct expr *e)
{
    struct var *var = use_var(r, e);

    if (var)
        var->assigned = var->read = true;
}

/* Reports a variable of that name that is visible already. */
bool resolve_check_new(struct resolver *r, struct str name, struct span at, bool loop)
{
    const struct var *old = scope_find(r->scope, name);
    struct diag *d;

    if (!old)
        return true;
    d = diag_error(r->c->diags, at,
                   loop ? "loop variable $%.*s would hide another variable"
                        : "$%.*s is declared again",
                   STRF(name));
    diag_note(r->c->diags, d, old->at, "$%.*s is %s here", STRF(name),
              old->is_param      ? "a parameter"
              : old->is_loop_var ? "the loop variable"
                                 : "declared");
    diag_hint(r->c->diags, d, "use another name");
    return false;
}

struct var *resolve_declare(struct resolver *r, struct str name, struct span at)
{
    struct var *var = scope_declare(r->c->arena, r->scope, name, at);

    *r->vars_end = var;
    r->vars_end = &var->next;
    return var;
}

/* ---- maps ---- */

static struct map_sym *map_sym(struct resolver *r, struct str name, struct span at)
{
    struct map_sym *sym = map_get(&r->maps, name);

    if (sym)
        return sym;
    sym = ARENA_NEW(r->c->arena, struct map_sym);
    sym->name = name;
    sym->at = at;
    sym->key_at = sym->value_at = SPAN_NONE;
    sym->index = -1;
    for (struct map_decl *decl = r->c->program->map_decls; decl; decl = decl->next) {
        if (str_eq(decl->name, name) && !sym->decl) {
            sym->decl = decl;
            decl->sym = sym;
        }
    }
    map_set(&r->maps, name, sym);
    *r->maps_end = sym;
    r->maps_end = &sym->next;
    return sym;
}

static void mixed_use(struct resolver *r, const struct expr *e, const struct map_sym *sym)
{
    struct diag *d;

    if (e->map.key) {
        d = diag_error(r->c->diags, e->at, "%.*s is used without a key elsewhere", STRF(sym->name));
        diag_note(r->c->diags, d, sym->value_at, "here it has no key");
        return;
    }
    d = diag_error(r->c->diags, e->at, "%.*s needs a key", STRF(sym->name));
    diag_note(r->c->diags, d, sym->key_at, "here it has a key");
}

/* One element, or the value of a scalar map. */
static struct map_sym *use_map(struct resolver *r, struct expr *e)
{
    struct map_sym *sym = map_sym(r, e->map.name, e->at);

    e->map.sym = sym;
    if (e->map.key) {
        if (sym->scalar)
            mixed_use(r, e, sym);
        if (!sym->keyed)
            sym->key_at = e->at;
        sym->keyed = true;
        resolve_expr(r, &e->map.key);
        return sym;
    }
    if (sym->keyed)
        mixed_use(r, e, sym);
    if (!sym->scalar)
        sym->value_at = e->at;
    sym->scalar = true;
    return sym;
}

void resolve_whole_map(struct resolver *r, struct expr *e)
{
    e->map.sym = map_sym(r, e->map.name, e->at);
    e->map.whole = true;
    e->map.sym->read = true;
}

void resolve_write_map(struct resolver *r, struct expr *e)
{
    use_map(r, e)->written = true;
    if (r->sizeof_depth)
        diag_error(r->c->diags, e->at,
                   "%.*s cannot be changed here: the operand of sizeof, "
                   "offsetof and typeof is not evaluated",
                   STRF(e->map.name));
}

/* ---- types ---- */

/* A bare word in sizeof(word), typeof(word) may be the name of a type. */
static struct type_expr *word_as_type(struct resolver *r, const struct expr *e)
{
    struct type_expr *te;

    if (e->kind != EXPR_IDENT || names_is_value(r->c, e->text) ||
        !typename_by_name(r->c, 0, e->text))
        return NULL;
    te = ARENA_NEW(r->c->arena, struct type_expr);
    te->at = e->at;
    te->name = e->text;
    return te;
}

void resolve_type(struct resolver *r, struct type_expr *te)
{
    if (te->typeof_expr && (te->typeof_type = word_as_type(r, te->typeof_expr)))
        te->typeof_expr = NULL;
    if (te->typeof_expr) {
        r->sizeof_depth++;
        resolve_expr(r, &te->typeof_expr);
        r->sizeof_depth--;
        return;
    }
    if (te->typeof_type)
        resolve_type(r, te->typeof_type);
    typename_resolve(r->c, te);
}

static void resolve_type_of(struct resolver *r, struct expr *e)
{
    if (e->type_of.of_expr && (e->type_of.of_type = word_as_type(r, e->type_of.of_expr)))
        e->type_of.of_expr = NULL;
    r->sizeof_depth++;
    if (e->type_of.of_type)
        resolve_type(r, e->type_of.of_type);
    else if (e->type_of.of_expr)
        resolve_expr(r, &e->type_of.of_expr);
    r->sizeof_depth--;
}

/* ---- calls ---- */

static void unknown_function(struct resolver *r, const struct expr *e)
{
    const struct cdef_macro *macro = cdef_macro(r->c->cdefs, e->call.name);
    struct diag *d;

    if (macro) {
        d = diag_error(r->c->diags, e->at,
                       macro->function_like
                           ? "'%.*s' is a macro of the C part, which only the C part can call"
                           : "'%.*s' is a macro of the C part and takes no arguments",
                       STRF(e->call.name));
        if (macro->function_like)
            diag_hint(r->c->diags, d, "write it as: macro %.*s(…) { … }", STRF(e->call.name));
        return;
    }
    d = diag_error(r->c->diags, e->at, "unknown function '%.*s'", STRF(e->call.name));
    names_hint(r->c, d, e->call.name);
}

/* delete(@m[k]) is delete(@m, k). */
static void split_element(struct resolver *r, struct expr *call, struct expr *arg)
{
    struct expr *map = ast_map(r->c->arena, arg->at, arg->map.name, NULL);

    map->next = arg->map.key;
    call->call.args = map;
    call->call.n_args = 2;
}

static void resolve_map_arg(struct resolver *r, struct expr *call, struct expr *arg, bool takes_key)
{
    struct diag *d;

    if (arg->kind != EXPR_MAP) {
        d = diag_error(r->c->diags, arg->at, "%.*s() expects a map", STRF(call->call.name));
        diag_hint(r->c->diags, d, "maps are written @name");
        resolve_expr(r, &arg);
        return;
    }
    if (!arg->map.key) {
        resolve_whole_map(r, arg);
        return;
    }
    d = diag_error(r->c->diags, arg->at, "%.*s() expects a map, not one of its elements",
                   STRF(call->call.name));
    if (takes_key)
        diag_hint(r->c->diags, d, "one map and one key at a time: %.*s(%.*s, key)",
                  STRF(call->call.name), STRF(arg->map.name));
    else
        diag_hint(r->c->diags, d, "write %.*s(%.*s)", STRF(call->call.name), STRF(arg->map.name));
    use_map(r, arg);
}

/* A variable the call fills: it may be new. */
static void resolve_var_arg(struct resolver *r, struct expr *call, struct expr *arg)
{
    if (arg->kind != EXPR_VAR) {
        diag_error(r->c->diags, arg->at, "%.*s() expects a variable to fill",
                   STRF(call->call.name));
        resolve_expr(r, &arg);
        return;
    }
    arg->var.sym = scope_use(r->c->arena, r->scope, arg->var.name);
    if (!arg->var.sym)
        arg->var.sym = resolve_declare(r, arg->var.name, arg->at);
    arg->var.sym->assigned = true;
}

static void resolve_arg(struct resolver *r, struct expr *call, struct expr **arg,
                        const struct signature *sig, const struct sig_param *param)
{
    const struct name_chain *chain = r->chain;
    bool takes_key = sig->n_params > 1 && sig->params[1].kind == ARG_KEY;
    struct name_chain inner;

    if (param && param->kind == ARG_MAP) {
        resolve_map_arg(r, call, *arg, takes_key);
    } else if (param && param->kind == ARG_VAR) {
        resolve_var_arg(r, call, *arg);
    } else if (param && param->kind == ARG_ANY && (*arg)->kind == EXPR_MAP && !(*arg)->map.key) {
        /* What shows a value shows the map; what computes something wants the scalar's value. */
        resolve_whole_map(r, *arg);
        if (sig->result != RESULT_VOID)
            arena_vec_push(r->c->arena, &r->undecided, *arg);
    } else if ((*arg)->kind == EXPR_IDENT) {
        if (!names_resolve(&r->names, arg, call, chain, &inner))
            return;
        r->chain = &inner;
        resolve_expr(r, arg);
        r->chain = chain;
    } else {
        resolve_expr(r, arg);
    }
}

static void resolve_builtin_call(struct resolver *r, struct expr *e)
{
    struct signature sig = signature_of(e->call.fn);
    struct expr *first = e->call.args;
    unsigned i = 0;

    if (first && first->kind == EXPR_MAP && first->map.key && e->call.n_args == 1 &&
        sig.n_params > 1 && sig.params[0].kind == ARG_MAP && sig.params[1].kind == ARG_KEY)
        split_element(r, e, first);
    for (struct expr **arg = &e->call.args; *arg; arg = &(*arg)->next, i++)
        resolve_arg(r, e, arg, &sig, signature_param(&sig, e, i));
}

static void resolve_call(struct resolver *r, struct expr *e)
{
    if (e->call.fn && !e->call.parens)
        return;
    for (struct function *f = r->c->program->functions; f; f = f->next) {
        if (str_eq(f->name, e->call.name))
            e->call.script_fn = f;
    }
    if (!e->call.script_fn)
        e->call.fn = builtin_find(r->c->registry, e->call.name);
    if (e->call.fn) {
        resolve_builtin_call(r, e);
        return;
    }
    if (!e->call.script_fn)
        unknown_function(r, e);
    for (struct expr **arg = &e->call.args; *arg; arg = &(*arg)->next)
        resolve_expr(r, arg);
}

/* ---- expressions ---- */

static void resolve_list(struct resolver *r, struct expr **list)
{
    for (; *list; list = &(*list)->next)
        resolve_expr(r, list);
}

static void resolve_unary(struct resolver *r, struct expr **ep)
{
    struct expr *e = *ep, *operand = e->unary.e;

    if (e->unary.op == OP_ADDR && operand->kind == EXPR_MAP && !operand->map.key) {
        resolve_whole_map(r, operand);
        return;
    }
    if (e->unary.op == OP_ADDR && operand->kind == EXPR_VAR) {
        resolve_change_var(r, operand);
        return;
    }
    resolve_expr(r, &e->unary.e);
    operand = e->unary.e;
    /* *args is args: scripts of old treat it as a pointer. */
    if (e->unary.op == OP_DEREF && operand->kind == EXPR_CALL && operand->call.fn &&
        operand->call.fn->needs & CAP_ARGS) {
        operand->next = e->next;
        operand->at = e->at;
        *ep = operand;
    }
}

static void resolve_incdec(struct resolver *r, struct expr *e)
{
    struct expr *target = e->incdec.e;

    if (target->kind == EXPR_VAR) {
        resolve_change_var(r, target);
    } else if (target->kind == EXPR_MAP) {
        resolve_write_map(r, target);
        target->map.sym->read = true;
    } else {
        resolve_expr(r, &e->incdec.e);
    }
}

static void resolve_ident(struct resolver *r, struct expr **ep)
{
    const struct name_chain *chain = r->chain;
    struct name_chain inner;

    if (!names_resolve(&r->names, ep, NULL, chain, &inner))
        return;
    r->chain = &inner;
    resolve_expr(r, ep);
    r->chain = chain;
}

static void resolve_kind(struct resolver *r, struct expr **ep)
{
    struct expr *e = *ep;

    switch (e->kind) {
    case EXPR_INT:
    case EXPR_BOOL:
    case EXPR_STRING:
    case EXPR_PARAM:
    case EXPR_NPARAMS:
        return;
    case EXPR_IDENT:
        resolve_ident(r, ep);
        return;
    case EXPR_VAR:
        read_var(r, e);
        return;
    case EXPR_MAP:
        use_map(r, e)->read = true;
        return;
    case EXPR_CALL:
        resolve_call(r, e);
        return;
    case EXPR_UNARY:
        resolve_unary(r, ep);
        return;
    case EXPR_INCDEC:
        resolve_incdec(r, e);
        return;
    case EXPR_BINARY:
        resolve_expr(r, &e->binary.l);
        resolve_expr(r, &e->binary.r);
        return;
    case EXPR_TERNARY:
        resolve_expr(r, &e->ternary.cond);
        if (e->ternary.then)
            resolve_expr(r, &e->ternary.then);
        resolve_expr(r, &e->ternary.other);
        return;
    case EXPR_FIELD:
        resolve_expr(r, &e->field.e);
        return;
    case EXPR_ELEMENT:
        resolve_expr(r, &e->element.e);
        return;
    case EXPR_INDEX:
        resolve_expr(r, &e->index.e);
        resolve_expr(r, &e->index.i);
        return;
    case EXPR_CAST:
        resolve_type(r, e->cast.to);
        resolve_expr(r, &e->cast.e);
        return;
    case EXPR_TUPLE:
    case EXPR_RECORD:
        resolve_list(r, &e->tuple.items);
        return;
    case EXPR_SIZEOF:
    case EXPR_OFFSETOF:
    case EXPR_TYPEINFO:
        resolve_type_of(r, e);
        return;
    case EXPR_TYPEOF:
        diag_error(r->c->diags, e->at, "a type can be given only to macros");
        return;
    case EXPR_COMPTIME:
        resolve_expr(r, &e->comptime);
        return;
    case EXPR_IF:
        resolve_expr(r, &e->if_.cond);
        resolve_block(r, &e->if_.then);
        if (e->if_.other)
            resolve_block(r, e->if_.other);
        return;
    case EXPR_BLOCK:
        resolve_block(r, &e->block);
        return;
    }
}

void resolve_expr(struct resolver *r, struct expr **ep)
{
    if (r->depth >= DEPTH_MAX) {
        diag_error(r->c->diags, (*ep)->at, "nested too deeply, after macros were replaced");
        return;
    }
    r->depth++;
    resolve_kind(r, ep);
    r->depth--;
}
