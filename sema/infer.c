/*
 * infer.c - gives every expression a type
 *
 * Walks the program again and again, silently. A walk may only move the type of a variable or map
 * upwards: from unknown to known, from a narrow integer or short string to a wider one; never
 * sideways, never back. So it ends. A map learns its types from one use, and the next walk carries
 * them to the others. When a walk changes nothing, what is still unknown is taken for a number (it
 * depends on nothing but itself: @x = @x + 1). Before that, a question of comptime that waits for
 * types may be answered. The last walk speaks: by now each symbol has its
 * type, and whatever does not fit is reported once, where it stands. At the end types that were
 * left open between signed and unsigned are settled.
 */
#include "sema/sema_impl.h"

/* ---- types ---- */

enum addr_space as_join(enum addr_space a, enum addr_space b)
{
    if (a == AS_NONE || a == b)
        return b;
    return b == AS_NONE ? a : AS_MIXED;
}

static const struct type *with_sign(const struct sema *s, const struct type *t, uint64_t sign)
{
    uint64_t param[4] = { sign, t->param[1], t->param[2], t->param[3] };

    return type_opaque(sema_types(s), t->vk, param);
}

static bool is_sign_open(const struct type *t)
{
    return t->kind == TYPE_OPAQUE && t->vk->aggregate && !t->vk->buckets &&
           t->param[0] == SIGN_OPEN;
}

const struct type *infer_reduced(const struct sema *s, const struct type *t)
{
    if (!t || t->kind != TYPE_OPAQUE || !t->vk->castable)
        return t;
    if (is_sign_open(t))
        return type_flex_int(sema_types(s), 8);
    return type_int(sema_types(s), 8, t->param[0] != 0);
}

const struct type *infer_promote(const struct sema *s, const struct type *a, const struct type *b,
                                 bool *lossy)
{
    if (a->kind == TYPE_OPAQUE && b->kind == TYPE_OPAQUE && a->vk == b->vk) {
        if (is_sign_open(a))
            return type_promote(sema_types(s), with_sign(s, a, b->param[0]), b, lossy);
        if (is_sign_open(b))
            return type_promote(sema_types(s), a, with_sign(s, b, a->param[0]), lossy);
    }
    return type_promote(sema_types(s), a, b, lossy);
}

const struct type *infer_settle(const struct sema *s, const struct type *t)
{
    return is_sign_open(t) ? with_sign(s, t, 1) : type_settle(sema_types(s), t);
}

/* ---- statements ---- */

static void infer_let(struct sema *s, struct stmt *stmt)
{
    struct var *var = stmt->let.sym;

    if (var && stmt->let.type)
        infer_var(s, var, NULL, AS_NONE, stmt->at, NULL);
    if (!stmt->let.init)
        return;
    if (infer_is_update(stmt->let.init)) {
        infer_expr(s, stmt->let.init); /* says where it belongs */
        return;
    }
    infer_value(s, stmt->let.init);
    if (var)
        infer_var(s, var, stmt->let.init->type, stmt->let.init->as, stmt->let.init->at,
                  stmt->let.init);
}

static void infer_bound(struct sema *s, struct expr *e)
{
    const struct type *t = infer_value(s, e);

    if (t && t->kind != TYPE_ERROR && t->kind != TYPE_INT && t->kind != TYPE_ENUM)
        sema_error(s, e->at, "a range goes from one integer to another, got %s",
                   sema_type_name(s, t));
}

static void infer_for_range(struct sema *s, struct stmt *stmt)
{
    const struct type *from, *to, *t;

    infer_bound(s, stmt->for_.from);
    infer_bound(s, stmt->for_.to);
    from = stmt->for_.from->type;
    to = stmt->for_.to->type;
    t = from && to ? infer_promote(s, from, to, NULL) : NULL;
    if (t && stmt->for_.sym)
        infer_var(s, stmt->for_.sym, t, AS_NONE, stmt->for_.var_at, NULL);
}

/* A key, as it is read: maps of aggregates as keys hold their number. */
static void infer_for_map(struct sema *s, struct stmt *stmt)
{
    struct map_sym *sym = stmt->for_.map->map.sym;
    const struct type *pair[2] = { sym->key, infer_reduced(s, sym->value) };

    stmt->for_.map->type = sym->value;
    if (pair[0] && pair[1] && stmt->for_.sym)
        infer_var(s, stmt->for_.sym, type_tuple(sema_types(s), pair, 2), AS_NONE, stmt->for_.var_at,
                  NULL);
}

static void infer_loop_body(struct sema *s, struct block *body)
{
    s->for_depth++;
    infer_block(s, body);
    s->for_depth--;
}

static void infer_return(struct sema *s, struct stmt *stmt)
{
    const struct type *t = stmt->expr ? infer_expr(s, stmt->expr) : type_none(sema_types(s));
    const struct type *want;
    const char *name;

    if (!t || t->kind == TYPE_ERROR)
        return;
    if (!s->fn) {
        if (stmt->expr && t->kind != TYPE_INT && t->kind != TYPE_ENUM && t->kind != TYPE_NONE &&
            t->kind != TYPE_BOOL)
            sema_error(s, stmt->expr->at, "a probe can return only an integer, got %s",
                       sema_type_name(s, t));
        return;
    }
    want = typename_infer(s, s->fn->result);
    if (!want || want->kind == TYPE_ERROR)
        return;
    if ((want->kind == TYPE_NONE) != (t->kind == TYPE_NONE)) {
        sema_error(s, stmt->at, "function '%.*s' returns %s, not %s", STRF(s->fn->name),
                   sema_type_name(s, want), sema_type_name(s, t));
        return;
    }
    name = arena_printf(s->c->arena, "the result of '%.*s'", STRF(s->fn->name));
    if (stmt->expr && want->kind != TYPE_NONE)
        infer_fits(s, want, stmt->expr, name);
}

static void infer_stmt(struct sema *s, struct stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_EXPR:
        infer_expr(s, stmt->expr);
        return;
    case STMT_DISCARD:
        infer_expr(s, stmt->expr);
        return;
    case STMT_LET:
        infer_let(s, stmt);
        return;
    case STMT_ASSIGN:
        if (stmt->assign.target->kind == EXPR_MAP)
            infer_assign_map(s, stmt);
        else
            infer_assign_var(s, stmt);
        return;
    case STMT_WHILE:
        infer_condition(s, stmt->loop.cond);
        infer_block(s, &stmt->loop.body);
        return;
    case STMT_UNROLL:
        infer_value(s, stmt->loop.cond);
        infer_block(s, &stmt->loop.body);
        return;
    case STMT_FOR_RANGE:
        infer_for_range(s, stmt);
        infer_loop_body(s, &stmt->for_.body);
        return;
    case STMT_FOR_MAP:
        infer_for_map(s, stmt);
        infer_loop_body(s, &stmt->for_.body);
        return;
    case STMT_RETURN:
        infer_return(s, stmt);
        return;
    case STMT_BREAK:
    case STMT_CONTINUE:
    case STMT_IMPORT:
        return;
    }
}

const struct type *infer_block(struct sema *s, struct block *block)
{
    for (struct stmt *stmt = block->stmts; stmt; stmt = stmt->next)
        infer_stmt(s, stmt);
    return block->value ? infer_expr(s, block->value) : type_none(sema_types(s));
}

/* ---- walks ---- */

static void infer_function(struct sema *s, struct function *f)
{
    const struct type *result = typename_infer(s, f->result);

    s->fn = f;
    s->space_told = false;
    for (unsigned i = 0; i < f->n_params; i++) {
        struct var *var = f->params[i].sym;

        infer_var(s, var, NULL, AS_NONE, f->params[i].at, NULL);
        if (var->type && (var->type->kind == TYPE_NONE || !type_is_complete(var->type)))
            sema_error(s, f->params[i].type->at, "parameter $%.*s cannot be of type %s",
                       STRF(f->params[i].name), sema_type_name(s, var->type));
    }
    if (result && result->kind != TYPE_NONE && result->kind != TYPE_ERROR &&
        !type_is_complete(result))
        sema_error(s, f->result->at, "function '%.*s' cannot return %s", STRF(f->name),
                   sema_type_name(s, result));
    infer_block(s, &f->body);
    s->fn = NULL;
}

static void infer_probe(struct sema *s, struct probe *probe)
{
    s->probe = probe;
    s->space_told = false;
    if (probe->pred)
        infer_condition(s, probe->pred);
    infer_block(s, &probe->body);
    s->probe = NULL;
}

static void walk(struct sema *s)
{
    const struct probe *before = NULL;

    for (struct function *f = s->c->program->functions; f; f = f->next)
        infer_function(s, f);
    for (struct probe *probe = s->c->program->probes; probe; probe = probe->next) {
        s->is_copy =
            before && before->points == probe->points && before->provider == probe->provider;
        infer_probe(s, probe);
        before = probe;
    }
    s->is_copy = false;
}

static unsigned count_symbols(const struct program *p)
{
    unsigned n = 0;

    for (const struct map_sym *m = p->maps; m; m = m->next)
        n += 2;
    for (const struct function *f = p->functions; f; f = f->next) {
        for (const struct var *v = f->vars; v; v = v->next)
            n++;
    }
    for (const struct probe *probe = p->probes; probe; probe = probe->next) {
        for (const struct var *v = probe->vars; v; v = v->next)
            n++;
    }
    return n;
}

/*
 * An honest type has few steps to climb: four widths, a sign, some strings. What is still climbing
 * after so many walks feeds on itself: $s = str($p, sizeof($s)).
 */
static bool walk_until_quiet(struct sema *s)
{
    unsigned limit = 64 + 16 * count_symbols(s->c->program);

    for (unsigned i = 0; i < limit; i++) {
        s->changed = false;
        walk(s);
        if (!s->changed)
            return true;
    }
    return false;
}

static bool seed_var(struct sema *s, struct var *v)
{
    for (; v; v = v->next) {
        if (v->type)
            continue;
        v->type = type_flex_int(sema_types(s), 1);
        return true;
    }
    return false;
}

/* Takes one symbol of unknown type for a number. false: all are known. */
static bool seed(struct sema *s)
{
    struct program *p = s->c->program;

    for (struct map_sym *m = p->maps; m; m = m->next) {
        if (m->value && (m->key || !m->keyed))
            continue;
        if (m->value) {
            m->key = type_flex_int(sema_types(s), 1);
        } else {
            m->value = type_flex_int(sema_types(s), 1);
            m->value_at = SPAN_NONE; /* no use said so */
        }
        return true;
    }
    for (struct function *f = p->functions; f; f = f->next) {
        if (seed_var(s, f->vars))
            return true;
    }
    for (struct probe *probe = p->probes; probe; probe = probe->next) {
        if (seed_var(s, probe->vars))
            return true;
    }
    return false;
}

/* ---- the end: nothing is left open ---- */

static bool settle_expr(void *ctx, struct expr **ep)
{
    const struct sema *s = ctx;
    struct expr *e = *ep;

    e->type = e->type ? infer_settle(s, e->type) : type_error(sema_types(s));
    if (e->as == AS_MIXED)
        e->as = AS_NONE;
    if (e->kind == EXPR_BINARY)
        e->binary.common =
            e->binary.common ? infer_settle(s, e->binary.common) : type_error(sema_types(s));
    if (e->kind == EXPR_FIELD && e->field.owner)
        e->field.owner = infer_settle(s, e->field.owner);
    return true;
}

static void settle_vars(const struct sema *s, struct var *v)
{
    for (; v; v = v->next) {
        v->type = infer_settle(s, v->type);
        if (v->as == AS_MIXED)
            v->as = AS_NONE;
    }
}

static void settle(struct sema *s)
{
    struct ast_walker walker = { .ctx = s, .pre_expr = settle_expr };
    struct program *p = s->c->program;

    for (struct map_sym *m = p->maps; m; m = m->next) {
        m->value = infer_settle(s, m->value);
        m->key = m->key ? infer_settle(s, m->key) : NULL;
        if (m->as == AS_MIXED)
            m->as = AS_NONE;
    }
    for (struct function *f = p->functions; f; f = f->next) {
        settle_vars(s, f->vars);
        ast_walk_block(&walker, &f->body);
    }
    for (struct probe *probe = p->probes; probe; probe = probe->next) {
        settle_vars(s, probe->vars);
        ast_walk_probe(&walker, probe);
    }
}

bool sema_infer(struct compile *c)
{
    struct sema s = { .c = c };
    unsigned errors = c->diags->errors;

    do {
        if (walk_until_quiet(&s))
            continue;
        diag_error(c->diags, c->program->probes ? c->program->probes->at : SPAN_NONE,
                   "types do not settle: some type grows with its own size");
        return false;
    } while (infer_decide(&s) || seed(&s));
    s.report = true;
    walk(&s);
    settle(&s);
    return sema_end(c, errors);
}
