/*
 * clone.c - deep copies, for macros: each expansion gets its own tree
 *
 * Copies field by field what the parser fills in. What later passes found out about the original
 * (symbols, types) may not be true of the copy and is not copied. Texts are shared: they never
 * change.
 */
#include "ast/ast.h"

static struct type_expr *clone_type(struct arena *a, const struct type_expr *t)
{
    struct type_expr *copy;

    if (!t)
        return NULL;
    copy = arena_memdup(a, t, sizeof(*t));
    copy->type = NULL;
    copy->suffixes = arena_memdup(a, t->suffixes, t->n_suffixes * sizeof(*t->suffixes));
    copy->typeof_expr = ast_clone_expr(a, t->typeof_expr);
    copy->typeof_type = clone_type(a, t->typeof_type);
    return copy;
}

static struct expr *clone_list(struct arena *a, const struct expr *list)
{
    struct expr *copy = NULL, **end = &copy;

    for (; list; list = list->next) {
        *end = ast_clone_expr(a, list);
        end = &(*end)->next;
    }
    return copy;
}

static struct block *clone_else(struct arena *a, const struct block *b)
{
    struct block copy;

    if (!b)
        return NULL;
    copy = ast_clone_block(a, b);
    return arena_memdup(a, &copy, sizeof(copy));
}

struct expr *ast_clone_expr(struct arena *a, const struct expr *e)
{
    struct expr *copy;

    if (!e)
        return NULL;
    copy = ast_expr(a, e->kind, e->at);
    copy->negative = e->negative;
    copy->parenthesised = e->parenthesised;
    copy->generated = e->generated;
    switch (e->kind) {
    case EXPR_INT:
    case EXPR_BOOL:
    case EXPR_PARAM:
        copy->num = e->num;
        break;
    case EXPR_STRING:
    case EXPR_IDENT:
        copy->text = e->text;
        break;
    case EXPR_NPARAMS:
        break;
    case EXPR_VAR:
        copy->var.name = e->var.name;
        break;
    case EXPR_MAP:
        copy->map.name = e->map.name;
        copy->map.key = ast_clone_expr(a, e->map.key);
        break;
    case EXPR_CALL:
        copy->call.name = e->call.name;
        copy->call.args = clone_list(a, e->call.args);
        copy->call.n_args = e->call.n_args;
        copy->call.parens = e->call.parens;
        break;
    case EXPR_UNARY:
        copy->unary.op = e->unary.op;
        copy->unary.e = ast_clone_expr(a, e->unary.e);
        break;
    case EXPR_INCDEC:
        copy->incdec = e->incdec;
        copy->incdec.e = ast_clone_expr(a, e->incdec.e);
        break;
    case EXPR_BINARY:
        copy->binary.op = e->binary.op;
        copy->binary.l = ast_clone_expr(a, e->binary.l);
        copy->binary.r = ast_clone_expr(a, e->binary.r);
        break;
    case EXPR_TERNARY:
        copy->ternary.cond = ast_clone_expr(a, e->ternary.cond);
        copy->ternary.then = ast_clone_expr(a, e->ternary.then);
        copy->ternary.other = ast_clone_expr(a, e->ternary.other);
        break;
    case EXPR_FIELD:
        copy->field.e = ast_clone_expr(a, e->field.e);
        copy->field.name = e->field.name;
        copy->field.arrow = e->field.arrow;
        break;
    case EXPR_ELEMENT:
        copy->element.e = ast_clone_expr(a, e->element.e);
        copy->element.n = e->element.n;
        break;
    case EXPR_INDEX:
        copy->index.e = ast_clone_expr(a, e->index.e);
        copy->index.i = ast_clone_expr(a, e->index.i);
        break;
    case EXPR_CAST:
        copy->cast.to = clone_type(a, e->cast.to);
        copy->cast.e = ast_clone_expr(a, e->cast.e);
        break;
    case EXPR_TUPLE:
    case EXPR_RECORD:
        copy->tuple = e->tuple;
        copy->tuple.items = clone_list(a, e->tuple.items);
        break;
    case EXPR_SIZEOF:
    case EXPR_OFFSETOF:
    case EXPR_TYPEINFO:
    case EXPR_TYPEOF:
        copy->type_of = e->type_of;
        copy->type_of.of_type = clone_type(a, e->type_of.of_type);
        copy->type_of.of_expr = ast_clone_expr(a, e->type_of.of_expr);
        break;
    case EXPR_COMPTIME:
        copy->comptime = ast_clone_expr(a, e->comptime);
        break;
    case EXPR_IF:
        copy->if_.cond = ast_clone_expr(a, e->if_.cond);
        copy->if_.then = ast_clone_block(a, &e->if_.then);
        copy->if_.other = clone_else(a, e->if_.other);
        break;
    case EXPR_BLOCK:
        copy->block = ast_clone_block(a, &e->block);
        break;
    }
    return copy;
}

static struct stmt *clone_stmt(struct arena *a, const struct stmt *s)
{
    struct stmt *copy = ast_stmt(a, s->kind, s->at);

    switch (s->kind) {
    case STMT_EXPR:
    case STMT_DISCARD:
    case STMT_RETURN:
        copy->expr = ast_clone_expr(a, s->expr);
        break;
    case STMT_LET:
        copy->let.name = s->let.name;
        copy->let.name_at = s->let.name_at;
        copy->let.type = clone_type(a, s->let.type);
        copy->let.init = ast_clone_expr(a, s->let.init);
        break;
    case STMT_ASSIGN:
        copy->assign = s->assign;
        copy->assign.target = ast_clone_expr(a, s->assign.target);
        copy->assign.value = ast_clone_expr(a, s->assign.value);
        break;
    case STMT_WHILE:
    case STMT_UNROLL:
        copy->loop.cond = ast_clone_expr(a, s->loop.cond);
        copy->loop.body = ast_clone_block(a, &s->loop.body);
        break;
    case STMT_FOR_RANGE:
    case STMT_FOR_MAP:
        copy->for_.var = s->for_.var;
        copy->for_.var_at = s->for_.var_at;
        copy->for_.from = ast_clone_expr(a, s->for_.from);
        copy->for_.to = ast_clone_expr(a, s->for_.to);
        copy->for_.map = ast_clone_expr(a, s->for_.map);
        copy->for_.body = ast_clone_block(a, &s->for_.body);
        break;
    case STMT_BREAK:
    case STMT_CONTINUE:
        break;
    case STMT_IMPORT:
        copy->path = s->path;
        break;
    }
    return copy;
}

struct block ast_clone_block(struct arena *a, const struct block *b)
{
    struct block copy = { .at = b->at };
    struct stmt **end = &copy.stmts;

    for (const struct stmt *s = b->stmts; s; s = s->next) {
        *end = clone_stmt(a, s);
        end = &(*end)->next;
    }
    copy.value = ast_clone_expr(a, b->value);
    return copy;
}
