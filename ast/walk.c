/*
 * walk.c - visit every expression and statement below a node
 *
 * The one place that knows the children of each kind, for passes that look at two kinds of twenty.
 * Works on the pointers that hold the nodes, so that a callback may put another node there. Nothing
 * here limits the depth of the recursion: parse_program() lets no tree through that is too deep.
 */
#include "ast/ast.h"

static void walk_type(const struct ast_walker *w, struct type_expr *t)
{
    for (; t; t = t->typeof_type) {
        if (t->typeof_expr)
            ast_walk_expr(w, &t->typeof_expr);
    }
}

/* Steps through the pointers that hold the items: a callback may replace any of them. */
static void walk_list(const struct ast_walker *w, struct expr **list)
{
    for (; *list; list = &(*list)->next)
        ast_walk_expr(w, list);
}

static void walk_children(const struct ast_walker *w, struct expr *e)
{
    switch (e->kind) {
    case EXPR_INT:
    case EXPR_BOOL:
    case EXPR_STRING:
    case EXPR_PARAM:
    case EXPR_NPARAMS:
    case EXPR_IDENT:
    case EXPR_VAR:
        break;
    case EXPR_MAP:
        if (e->map.key)
            ast_walk_expr(w, &e->map.key);
        break;
    case EXPR_CALL:
        walk_list(w, &e->call.args);
        break;
    case EXPR_UNARY:
        ast_walk_expr(w, &e->unary.e);
        break;
    case EXPR_INCDEC:
        ast_walk_expr(w, &e->incdec.e);
        break;
    case EXPR_BINARY:
        ast_walk_expr(w, &e->binary.l);
        ast_walk_expr(w, &e->binary.r);
        break;
    case EXPR_TERNARY:
        ast_walk_expr(w, &e->ternary.cond);
        if (e->ternary.then)
            ast_walk_expr(w, &e->ternary.then);
        ast_walk_expr(w, &e->ternary.other);
        break;
    case EXPR_FIELD:
        ast_walk_expr(w, &e->field.e);
        break;
    case EXPR_ELEMENT:
        ast_walk_expr(w, &e->element.e);
        break;
    case EXPR_INDEX:
        ast_walk_expr(w, &e->index.e);
        ast_walk_expr(w, &e->index.i);
        break;
    case EXPR_CAST:
        walk_type(w, e->cast.to);
        ast_walk_expr(w, &e->cast.e);
        break;
    case EXPR_TUPLE:
    case EXPR_RECORD:
        walk_list(w, &e->tuple.items);
        break;
    case EXPR_SIZEOF:
    case EXPR_OFFSETOF:
    case EXPR_TYPEINFO:
    case EXPR_TYPEOF:
        walk_type(w, e->type_of.of_type);
        if (e->type_of.of_expr)
            ast_walk_expr(w, &e->type_of.of_expr);
        break;
    case EXPR_COMPTIME:
        ast_walk_expr(w, &e->comptime);
        break;
    case EXPR_IF:
        ast_walk_expr(w, &e->if_.cond);
        ast_walk_block(w, &e->if_.then);
        if (e->if_.other)
            ast_walk_block(w, e->if_.other);
        break;
    case EXPR_BLOCK:
        ast_walk_block(w, &e->block);
        break;
    }
}

void ast_walk_expr(const struct ast_walker *w, struct expr **e)
{
    struct expr *next = (*e)->next;

    if (!w->pre_expr || w->pre_expr(w->ctx, e)) {
        walk_children(w, *e);
        if (w->post_expr)
            w->post_expr(w->ctx, e);
    }
    (*e)->next = next; /* a replacement takes the old node's place in its list */
}

static void walk_stmt(const struct ast_walker *w, struct stmt *s)
{
    if (w->pre_stmt && !w->pre_stmt(w->ctx, s))
        return;
    switch (s->kind) {
    case STMT_EXPR:
    case STMT_DISCARD:
    case STMT_RETURN:
        if (s->expr)
            ast_walk_expr(w, &s->expr);
        break;
    case STMT_LET:
        walk_type(w, s->let.type);
        if (s->let.init)
            ast_walk_expr(w, &s->let.init);
        break;
    case STMT_ASSIGN:
        ast_walk_expr(w, &s->assign.target);
        ast_walk_expr(w, &s->assign.value);
        break;
    case STMT_WHILE:
    case STMT_UNROLL:
        ast_walk_expr(w, &s->loop.cond);
        ast_walk_block(w, &s->loop.body);
        break;
    case STMT_FOR_RANGE:
        ast_walk_expr(w, &s->for_.from);
        ast_walk_expr(w, &s->for_.to);
        ast_walk_block(w, &s->for_.body);
        break;
    case STMT_FOR_MAP:
        ast_walk_expr(w, &s->for_.map);
        ast_walk_block(w, &s->for_.body);
        break;
    case STMT_BREAK:
    case STMT_CONTINUE:
    case STMT_IMPORT:
        break;
    }
    if (w->post_stmt)
        w->post_stmt(w->ctx, s);
}

void ast_walk_block(const struct ast_walker *w, struct block *b)
{
    for (struct stmt *s = b->stmts; s; s = s->next)
        walk_stmt(w, s);
    if (b->value)
        ast_walk_expr(w, &b->value);
}

void ast_walk_probe(const struct ast_walker *w, struct probe *p)
{
    if (p->pred)
        ast_walk_expr(w, &p->pred);
    ast_walk_block(w, &p->body);
}
