/*
 * ast.c - making nodes
 *
 * Only what several places make has a constructor; the rest is ast_expr() or ast_stmt() and setting
 * fields. A new node is zeroed: fields of later passes begin empty.
 */
#include "ast/ast.h"

const char *op_text(enum op op)
{
    static const char *const texts[] = {
        [OP_MUL] = "*",  [OP_DIV] = "/",   [OP_MOD] = "%",  [OP_ADD] = "+", [OP_SUB] = "-",
        [OP_SHL] = "<<", [OP_SHR] = ">>",  [OP_LT] = "<",   [OP_LE] = "<=", [OP_GT] = ">",
        [OP_GE] = ">=",  [OP_EQ] = "==",   [OP_NE] = "!=",  [OP_AND] = "&", [OP_XOR] = "^",
        [OP_OR] = "|",   [OP_LAND] = "&&", [OP_LOR] = "||", [OP_NEG] = "-", [OP_NOT] = "!",
        [OP_BNOT] = "~", [OP_DEREF] = "*", [OP_ADDR] = "&",
    };

    return texts[op];
}

struct expr *ast_expr(struct arena *a, enum expr_kind kind, struct span at)
{
    struct expr *e = ARENA_NEW(a, struct expr);

    e->kind = kind;
    e->at = at;
    return e;
}

struct stmt *ast_stmt(struct arena *a, enum stmt_kind kind, struct span at)
{
    struct stmt *s = ARENA_NEW(a, struct stmt);

    s->kind = kind;
    s->at = at;
    return s;
}

struct expr *ast_int(struct arena *a, struct span at, uint64_t num)
{
    struct expr *e = ast_expr(a, EXPR_INT, at);

    e->num = num;
    return e;
}

struct expr *ast_string(struct arena *a, struct span at, struct str text)
{
    struct expr *e = ast_expr(a, EXPR_STRING, at);

    e->text = text;
    return e;
}

struct expr *ast_unary(struct arena *a, struct span at, enum op op, struct expr *operand)
{
    struct expr *e = ast_expr(a, EXPR_UNARY, at);

    e->unary.op = op;
    e->unary.e = operand;
    return e;
}

struct expr *ast_binary(struct arena *a, struct span at, enum op op, struct expr *l, struct expr *r)
{
    struct expr *e = ast_expr(a, EXPR_BINARY, at);

    e->binary.op = op;
    e->binary.l = l;
    e->binary.r = r;
    return e;
}

struct expr *ast_call(struct arena *a, struct span at, struct str name, struct expr *args,
                      bool parens)
{
    struct expr *e = ast_expr(a, EXPR_CALL, at);

    e->call.name = name;
    e->call.args = args;
    e->call.parens = parens;
    for (; args; args = args->next)
        e->call.n_args++;
    return e;
}

/* @m[a, b] and @m[(a, b)] are the same key: one tuple. */
struct expr *ast_map(struct arena *a, struct span at, struct str name, struct expr *key_list)
{
    struct expr *e = ast_expr(a, EXPR_MAP, at);

    e->map.name = name;
    e->map.key = key_list;
    if (key_list && key_list->next) {
        struct expr *last = key_list;
        struct expr *tuple = ast_expr(a, EXPR_TUPLE, key_list->at);

        tuple->tuple.items = key_list;
        tuple->tuple.is_key_list = true;
        for (tuple->tuple.n = 1; last->next; last = last->next)
            tuple->tuple.n++;
        tuple->at = span_join(key_list->at, last->at);
        e->map.key = tuple;
    }
    return e;
}

struct expr *ast_expr_append(struct expr *list, struct expr *item)
{
    struct expr **end = &list;

    while (*end)
        end = &(*end)->next;
    *end = item;
    return list;
}

struct stmt *ast_stmt_append(struct stmt *list, struct stmt *item)
{
    struct stmt **end = &list;

    while (*end)
        end = &(*end)->next;
    *end = item;
    return list;
}
