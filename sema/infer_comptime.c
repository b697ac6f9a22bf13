/*
 * infer_comptime.c - decides what is known while compiling only because types are
 *
 * "if comptime (is_str($x))": as long as that is open, neither branch is looked at. When the walks
 * of infer.c have come to rest, the first open question whose types are known is answered, its
 * branch joins the program, and the walks go on. What was asked about keeps its type from then on.
 */
#include "sema/sema_impl.h"

bool infer_is_comptime(const struct expr *e)
{
    return e->kind == EXPR_COMPTIME || (e->kind == EXPR_IF && e->if_.cond->kind == EXPR_COMPTIME) ||
           (e->kind == EXPR_TERNARY && e->ternary.cond->kind == EXPR_COMPTIME);
}

/* Still open: in the last walk, that is a mistake. */
const struct type *infer_comptime(struct sema *s, struct expr *e)
{
    const struct type *t;

    e->type = NULL;
    t = infer_expr(s, e->comptime);
    if (!s->report)
        return NULL;
    if (!t || t->kind != TYPE_ERROR)
        sema_error(s, e->at, "'%.*s' is not known while compiling",
                   STRF(sema_text(s, e->comptime->at)));
    return e->type = type_error(sema_types(s));
}

/* ---- answers ---- */

struct decider {
    struct sema *s;
    bool known, decided;
    VEC(struct expr *) looked_at; /* variables and maps in the question */
};

static bool look(void *ctx, struct expr **ep)
{
    struct decider *d = ctx;
    struct expr *e = *ep;

    d->known = d->known && e->type && e->type->kind != TYPE_ERROR;
    if (e->kind == EXPR_VAR || e->kind == EXPR_MAP)
        arena_vec_push(d->s->c->arena, &d->looked_at, e);
    return true;
}

static struct expr **question(struct expr *e)
{
    return e->kind == EXPR_IF        ? &e->if_.cond->comptime
           : e->kind == EXPR_TERNARY ? &e->ternary.cond->comptime
                                     : &e->comptime;
}

static bool decide(void *ctx, struct expr **ep)
{
    struct decider *d = ctx;
    struct ast_walker looker = { .ctx = d, .pre_expr = look };

    if (d->decided || !infer_is_comptime(*ep))
        return !d->decided;
    d->known = true;
    d->looked_at.n = 0;
    ast_walk_expr(&looker, question(*ep));
    d->decided = d->known && fold_comptime(d->s, ep);
    for (size_t i = 0; d->decided && i < d->looked_at.n; i++)
        infer_lock(d->s, d->looked_at.v[i]);
    return false;
}

bool infer_decide(struct sema *s)
{
    struct decider d = { .s = s };
    struct ast_walker walker = { .ctx = &d, .pre_expr = decide };
    struct program *p = s->c->program;

    for (struct function *f = p->functions; f; f = f->next) {
        s->fn = f;
        ast_walk_block(&walker, &f->body);
    }
    s->fn = NULL;
    for (struct probe *probe = p->probes; probe; probe = probe->next) {
        s->probe = probe;
        ast_walk_probe(&walker, probe);
    }
    s->probe = NULL;
    return d.decided;
}
