/*
 * check_flow.c - where control goes: jumps, loops, statements that are never reached, values that
 * nobody uses
 */
#include "sema/sema_impl.h"

#include "kernel/kernel.h"

enum loop { LOOP_NONE, LOOP_REAL, LOOP_UNROLL };
enum { UNROLL_MAX = 100 };

/* On the way through the body of a probe or function. */
struct flow {
    struct sema *s;
    const struct function *f;
    enum loop loop;                                /* the innermost */
    unsigned loop_depth;                           /* for and while */
    const struct stmt *with_value, *without_value; /* returns inside loops */
};

static void flow_expr(struct flow *, struct expr **);
static void flow_block(struct flow *, struct block *);

/* ---- expressions: look for blocks, leave the rest to check_expr() ---- */

static bool enter_block(void *ctx, struct expr **ep)
{
    struct flow *flow = ctx;
    struct expr *e = *ep;

    if (e->kind == EXPR_BLOCK) {
        flow_block(flow, &e->block);
        return false;
    }
    if (e->kind != EXPR_IF)
        return true;
    flow_expr(flow, &e->if_.cond);
    flow_block(flow, &e->if_.then);
    if (e->if_.other)
        flow_block(flow, e->if_.other);
    return false;
}

static void flow_expr(struct flow *flow, struct expr **e)
{
    struct ast_walker walker = { .ctx = flow, .pre_expr = enter_block };

    check_expr(flow->s, e);
    ast_walk_expr(&walker, e);
}

/* ---- values nobody uses ---- */

/* Of these the effect counts, not the result. Calls are told, so that they report a failure. */
static bool has_effect(struct expr *e)
{
    if (e->kind != EXPR_CALL)
        return e->kind == EXPR_INCDEC;
    e->call.dropped = true;
    return e->call.fn && e->call.fn->flags & BUILTIN_EFFECT;
}

static void check_dropped(struct flow *flow, struct expr *e)
{
    struct str text = sema_text(flow->s, e->at);
    struct diag *d;

    switch (e->kind) {
    case EXPR_IF:
        if (e->if_.then.value)
            check_dropped(flow, e->if_.then.value);
        if (e->if_.other && e->if_.other->value)
            check_dropped(flow, e->if_.other->value);
        return;
    case EXPR_BLOCK:
        if (e->block.value)
            check_dropped(flow, e->block.value);
        return;
    case EXPR_TERNARY:
        if (e->ternary.then)
            check_dropped(flow, e->ternary.then);
        check_dropped(flow, e->ternary.other);
        return;
    default:
        break;
    }
    if (e->type->kind == TYPE_NONE || e->type->kind == TYPE_ERROR || has_effect(e))
        return;
    d = sema_warn(flow->s, e->at, "the value of '%.*s' is not used", STRF(text));
    if (d)
        diag_hint(flow->s->c->diags, d, "if that is meant: _ = %.*s;", STRF(text));
}

/* ---- loops ---- */

/* true where it cannot be known: without privileges the kernel says no to everything. */
static bool kernel_can(const struct flow *flow, enum kernel_feature feature)
{
    struct kernel *kernel = flow->s->c->host->kernel;

    return kernel_has(kernel, feature) || !kernel_has(kernel, FEATURE_RINGBUF);
}

static void check_count(struct flow *flow, const struct expr *count)
{
    struct literal n;

    if (count->type->kind == TYPE_ERROR)
        return;
    if (!literal_of(count, &n) || count->kind != EXPR_INT)
        sema_error(flow->s, count->at, "how often to unroll must be a literal number");
    else if (n.negative || n.size < 1 || n.size > UNROLL_MAX)
        sema_error(flow->s, count->at, "a loop can be unrolled 1 to %d times, not %s%ju",
                   UNROLL_MAX, n.negative ? "-" : "", (uintmax_t)n.size);
}

static void check_loop_map(struct flow *flow, const struct expr *map)
{
    const struct map_sym *sym = map->map.sym;
    const struct type *t = sym->value;

    if (!sym->keyed)
        sema_error(flow->s, map->at, "%.*s has no keys to loop over", STRF(sym->name));
    else if (t->kind == TYPE_OPAQUE && t->vk->aggregate && !t->vk->castable)
        sema_error(flow->s, map->at,
                   "programs cannot read the values of %.*s (%s), so they cannot loop over it",
                   STRF(sym->name), sema_type_name(flow->s, t));
    else if (!kernel_can(flow, FEATURE_FOR_EACH_MAP))
        sema_error(flow->s, map->at,
                   "this kernel cannot loop over maps (it has no helper "
                   "for_each_map_elem, which came with Linux 5.13)");
}

static void loop_body(struct flow *flow, struct block *body, enum loop loop)
{
    enum loop outer = flow->loop;

    flow->loop = loop;
    flow->loop_depth += loop == LOOP_REAL;
    flow_block(flow, body);
    flow->loop_depth -= loop == LOOP_REAL;
    flow->loop = outer;
}

static void flow_while(struct flow *flow, struct stmt *stmt)
{
    struct diag *d = sema_warn(flow->s, stmt->loop.cond->at,
                               "while is going away: the kernel may not see that it ends");

    if (d)
        diag_hint(flow->s->c->diags, d, "count instead: for $i : 0..n { … }, and leave with break");
    flow_expr(flow, &stmt->loop.cond);
    loop_body(flow, &stmt->loop.body, LOOP_REAL);
}

static void flow_for(struct flow *flow, struct stmt *stmt)
{
    if (stmt->kind == STMT_FOR_MAP) {
        check_loop_map(flow, stmt->for_.map);
    } else {
        flow_expr(flow, &stmt->for_.from);
        flow_expr(flow, &stmt->for_.to);
    }
    flow->s->for_depth++;
    loop_body(flow, &stmt->for_.body, LOOP_REAL);
    flow->s->for_depth--;
}

/* ---- jumps ---- */

/* exit() is a return, too. */
static bool is_exit(const struct expr *e)
{
    return e->kind == EXPR_CALL && e->call.fn && e->call.fn->flags & BUILTIN_LEAVES;
}

static bool is_jump(const struct stmt *stmt)
{
    return stmt->kind == STMT_BREAK || stmt->kind == STMT_CONTINUE || stmt->kind == STMT_RETURN ||
           (stmt->kind == STMT_EXPR && is_exit(stmt->expr));
}

static void check_jump(struct flow *flow, const struct stmt *stmt)
{
    const char *word = stmt->kind == STMT_BREAK ? "break" : "continue";

    if (flow->loop == LOOP_UNROLL)
        sema_error(flow->s, stmt->at, "%s cannot be used in unroll, whose rounds are copies", word);
    else if (flow->loop == LOOP_NONE)
        sema_error(flow->s, stmt->at, "%s stands outside of any loop", word);
}

static void flow_return(struct flow *flow, struct stmt *stmt)
{
    const struct stmt *other;
    struct diag *d;

    if (stmt->expr)
        flow_expr(flow, &stmt->expr);
    if (flow->f || !flow->loop_depth)
        return;
    if (stmt->expr && !flow->with_value)
        flow->with_value = stmt;
    if (!stmt->expr && !flow->without_value)
        flow->without_value = stmt;
    other = stmt->expr ? flow->without_value : flow->with_value;
    if (!other)
        return;
    d = sema_error(flow->s, stmt->at, "this return has %s value, another one in a loop has %s",
                   stmt->expr ? "a" : "no", stmt->expr ? "none" : "one");
    if (d)
        diag_note(flow->s->c->diags, d, other->at, "the other one");
}

/* ---- statements ---- */

static void flow_stmt(struct flow *flow, struct stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_EXPR:
        flow_expr(flow, &stmt->expr);
        check_dropped(flow, stmt->expr);
        return;
    case STMT_DISCARD:
        flow_expr(flow, &stmt->expr);
        return;
    case STMT_LET:
        if (stmt->let.init)
            flow_expr(flow, &stmt->let.init);
        return;
    case STMT_ASSIGN:
        if (stmt->assign.target->kind == EXPR_MAP && stmt->assign.target->map.key)
            flow_expr(flow, &stmt->assign.target->map.key);
        flow_expr(flow, &stmt->assign.value);
        return;
    case STMT_WHILE:
        flow_while(flow, stmt);
        return;
    case STMT_UNROLL:
        check_count(flow, stmt->loop.cond);
        loop_body(flow, &stmt->loop.body, LOOP_UNROLL);
        return;
    case STMT_FOR_RANGE:
    case STMT_FOR_MAP:
        flow_for(flow, stmt);
        return;
    case STMT_BREAK:
    case STMT_CONTINUE:
        check_jump(flow, stmt);
        return;
    case STMT_RETURN:
        flow_return(flow, stmt);
        return;
    case STMT_IMPORT:
        return;
    }
}

static void flow_block(struct flow *flow, struct block *block)
{
    bool told = false;

    for (struct stmt *stmt = block->stmts; stmt; stmt = stmt->next) {
        flow_stmt(flow, stmt);
        if (!is_jump(stmt) || told || (!stmt->next && !block->value))
            continue;
        told = true;
        sema_warn(flow->s, stmt->next ? stmt->next->at : block->value->at,
                  stmt->next ? "this statement is never reached" : "this value is never reached");
    }
    if (block->value)
        flow_expr(flow, &block->value);
}

/* Does control never fall off the block's end? */
static bool returns(const struct block *block);

static bool stmt_returns(const struct stmt *stmt)
{
    const struct expr *e = stmt->kind == STMT_EXPR ? stmt->expr : NULL;

    if (stmt->kind == STMT_RETURN)
        return true;
    if (e && e->kind == EXPR_BLOCK)
        return returns(&e->block);
    return e && e->kind == EXPR_IF && e->if_.other && returns(&e->if_.then) &&
           returns(e->if_.other);
}

static bool returns(const struct block *block)
{
    const struct expr *e = block->value;

    for (const struct stmt *stmt = block->stmts; stmt; stmt = stmt->next) {
        if (stmt_returns(stmt))
            return true;
    }
    if (e && e->kind == EXPR_BLOCK)
        return returns(&e->block);
    return e && e->kind == EXPR_IF && e->if_.other && returns(&e->if_.then) &&
           returns(e->if_.other);
}

void check_body(struct sema *s, struct expr **pred, struct block *body, const struct function *f)
{
    struct flow flow = { .s = s, .f = f };

    if (*pred)
        flow_expr(&flow, pred);
    flow_block(&flow, body);
    if (body->value)
        check_dropped(&flow, body->value);
    if (f && f->result->type && f->result->type->kind != TYPE_NONE && !returns(body))
        sema_error(s, f->name_at, "function '%.*s' does not return a %s on every path",
                   STRF(f->name), sema_type_name(s, f->result->type));
}
