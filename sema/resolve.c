/*
 * resolve.c - binds names: variables to blocks, maps to symbols, calls to builtins and functions
 *
 * One walk through the program in the order of the text. It looks at names and at how they are
 * used, never at types. A block sees the variables that the blocks around it declared before; what
 * a bare word or a call stands for is resolve_expr.c's business.
 */
#include "sema/sema_impl.h"

static void resolve_stmts(struct resolver *, struct block *);

/* ---- statements ---- */

static void resolve_let(struct resolver *r, struct stmt *stmt)
{
    struct var *var;

    if (stmt->let.type)
        resolve_type(r, stmt->let.type);
    if (stmt->let.init)
        resolve_expr(r, &stmt->let.init);
    if (!resolve_check_new(r, stmt->let.name, stmt->let.name_at, false))
        return;
    var = resolve_declare(r, stmt->let.name, stmt->let.name_at);
    var->declared = stmt->let.type;
    var->assigned = stmt->let.init != NULL;
    stmt->let.sym = var;
}

static void resolve_assign(struct resolver *r, struct stmt *stmt)
{
    struct expr *target = stmt->assign.target;
    struct var *var;

    resolve_expr(r, &stmt->assign.value);
    if (target->kind == EXPR_MAP) {
        resolve_write_map(r, target);
        return;
    }
    if (target->kind != EXPR_VAR) /* the parser lets nothing else pass */
        return;
    if (stmt->assign.compound) {
        resolve_change_var(r, target);
        return;
    }
    var = scope_use(r->c->arena, r->scope, target->var.name);
    if (!var)
        var = resolve_declare(r, target->var.name, target->at);
    var->assigned = true;
    target->var.sym = var;
}

static void resolve_for(struct resolver *r, struct stmt *stmt)
{
    struct scope scope = { .outer = r->scope, .loop = stmt };
    struct var *var;

    if (stmt->kind == STMT_FOR_RANGE) {
        resolve_expr(r, &stmt->for_.from);
        resolve_expr(r, &stmt->for_.to);
    } else {
        resolve_whole_map(r, stmt->for_.map);
    }
    resolve_check_new(r, stmt->for_.var, stmt->for_.var_at, true);
    r->scope = &scope;
    var = resolve_declare(r, stmt->for_.var, stmt->for_.var_at);
    var->is_loop_var = var->assigned = var->read = true;
    stmt->for_.sym = var;
    resolve_stmts(r, &stmt->for_.body);
    r->scope = scope.outer;
    scope_close(&scope);
}

static void resolve_stmt(struct resolver *r, struct stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_EXPR:
    case STMT_DISCARD:
    case STMT_RETURN:
        if (stmt->expr)
            resolve_expr(r, &stmt->expr);
        return;
    case STMT_LET:
        resolve_let(r, stmt);
        return;
    case STMT_ASSIGN:
        resolve_assign(r, stmt);
        return;
    case STMT_WHILE:
    case STMT_UNROLL:
        resolve_expr(r, &stmt->loop.cond);
        resolve_block(r, &stmt->loop.body);
        return;
    case STMT_FOR_RANGE:
    case STMT_FOR_MAP:
        resolve_for(r, stmt);
        return;
    case STMT_BREAK:
    case STMT_CONTINUE:
        return;
    case STMT_IMPORT:
        diag_error(r->c->diags, stmt->at, "import must stand before the first probe");
        return;
    }
}

static void resolve_stmts(struct resolver *r, struct block *block)
{
    for (struct stmt *stmt = block->stmts; stmt; stmt = stmt->next)
        resolve_stmt(r, stmt);
    if (block->value)
        resolve_expr(r, &block->value);
}

void resolve_block(struct resolver *r, struct block *block)
{
    struct scope scope = { .outer = r->scope };

    r->scope = &scope;
    resolve_stmts(r, block);
    r->scope = scope.outer;
    scope_close(&scope);
}

/* ---- the program ---- */

static void warn_unassigned(struct resolver *r)
{
    for (const struct var *v = *r->vars; v; v = v->next) {
        if (!v->assigned)
            diag_warn(r->c->diags, v->at, "$%.*s is declared, but nothing is ever assigned to it",
                      STRF(v->name));
    }
}

static void resolve_function(struct resolver *r, struct function *f)
{
    struct scope scope = { 0 };
    struct diag *d;

    for (struct function *g = r->c->program->functions; g != f; g = g->next) {
        if (!str_eq(g->name, f->name))
            continue;
        d = diag_error(r->c->diags, f->name_at, "function '%.*s' is defined twice", STRF(f->name));
        diag_note(r->c->diags, d, g->name_at, "first here");
    }
    r->vars = r->vars_end = &f->vars;
    r->scope = &scope;
    for (unsigned i = 0; i < f->n_params; i++) {
        struct fn_param *param = &f->params[i];
        struct var *var;

        resolve_type(r, param->type);
        resolve_check_new(r, param->name, param->at, false);
        var = resolve_declare(r, param->name, param->at);
        var->declared = param->type;
        var->is_param = var->assigned = true;
        param->sym = var;
    }
    resolve_type(r, f->result);
    resolve_block(r, &f->body);
    warn_unassigned(r);
    r->scope = NULL;
    scope_close(&scope);
}

static void resolve_probe(struct resolver *r, struct probe *probe)
{
    r->vars = r->vars_end = &probe->vars;
    if (probe->pred)
        resolve_expr(r, &probe->pred);
    resolve_block(r, &probe->body);
    warn_unassigned(r);
}

static void check_decls(struct resolver *r)
{
    struct diags *diags = r->c->diags;
    struct diag *d;

    for (struct map_decl *decl = r->c->program->map_decls; decl; decl = decl->next) {
        for (struct map_decl *old = r->c->program->map_decls; old != decl; old = old->next) {
            if (!str_eq(old->name, decl->name))
                continue;
            d = diag_error(diags, decl->at, "%.*s is declared twice", STRF(decl->name));
            diag_note(diags, d, old->at, "first here");
            break;
        }
        if (!decl->sym)
            diag_warn(diags, decl->at, "%.*s is declared but never used", STRF(decl->name));
    }
}

/* A map that nobody fills is a wrong name. */
static void check_written(struct resolver *r)
{
    struct diag *d;

    for (struct map_sym *sym = r->c->program->maps; sym; sym = sym->next) {
        struct str_guess guess = { .word = str_sub(sym->name, 1, sym->name.n) };

        if (sym->written)
            continue;
        d = diag_error(r->c->diags, sym->at, "nothing is ever stored in %.*s", STRF(sym->name));
        for (struct map_sym *other = r->c->program->maps; other; other = other->next) {
            if (other->written)
                str_guess_try(&guess, str_sub(other->name, 1, other->name.n));
        }
        if (str_guess_ok(&guess))
            diag_hint(r->c->diags, d, "did you mean @%.*s?", STRF(guess.best));
    }
}

static void decide_maps(struct resolver *r)
{
    for (size_t i = 0; i < r->undecided.n; i++) {
        struct expr *e = r->undecided.v[i];

        e->map.whole = e->map.sym->keyed;
        e->map.sym->scalar |= !e->map.whole;
    }
}

bool sema_resolve(struct compile *c)
{
    struct resolver r = { .c = c, .names = { .c = c }, .maps_end = &c->program->maps };
    unsigned errors = c->diags->errors;

    for (struct function *f = c->program->functions; f; f = f->next)
        resolve_function(&r, f);
    for (struct probe *probe = c->program->probes; probe; probe = probe->next)
        resolve_probe(&r, probe);
    decide_maps(&r);
    check_decls(&r);
    check_written(&r);
    map_free(&r.maps);
    return sema_end(c, errors);
}
