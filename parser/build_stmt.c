/*
 * build_stmt.c - statements, and what the value of a block is
 *
 * The value of a block is its last expression if no ';' follows. An 'if' or a block needs no ';',
 * so whether it is a statement or the value is known only at the '}': until then it waits in
 * stmts.open.
 */
#include "parser/build.h"

static void append(struct stmts *list, struct stmt *s)
{
    if (list->last)
        list->last->next = s;
    else
        list->head = s;
    list->last = s;
}

/* What comes behind makes it a statement. */
static void flush_open(struct parser *p, struct stmts *list)
{
    if (list->open)
        append(list, build_expr_stmt(p, STMT_EXPR, list->open->at, list->open));
    list->open = NULL;
}

struct stmts build_add(struct parser *p, struct stmts list, struct stmt *s)
{
    flush_open(p, &list);
    if (s)
        append(&list, s);
    return list;
}

struct stmts build_add_open(struct parser *p, struct stmts list, struct expr *e)
{
    flush_open(p, &list);
    list.open = e;
    return list;
}

struct block build_block(struct parser *p, struct span at, struct stmts list, struct stmt *last)
{
    struct expr *value = list.open;

    if (last) {
        value = last->kind == STMT_EXPR ? last->expr : NULL;
        list = build_add(p, list, value ? NULL : last);
    }
    return (struct block){ .at = at, .stmts = list.head, .value = value };
}

struct block build_void(struct parser *p, struct block b)
{
    if (b.value)
        b.stmts = ast_stmt_append(b.stmts, build_expr_stmt(p, STMT_EXPR, b.value->at, b.value));
    b.value = NULL;
    return b;
}

struct stmt *build_expr_stmt(struct parser *p, enum stmt_kind kind, struct span at, struct expr *e)
{
    struct stmt *s = ast_stmt(p->arena, kind, at);

    s->expr = e;
    return s;
}

struct stmt *build_assign(struct parser *p, struct span at, struct expr *target,
                          struct assign_op op, struct expr *value)
{
    struct stmt *s;

    switch (target->kind) {
    case EXPR_VAR:
    case EXPR_MAP:
        s = ast_stmt(p->arena, STMT_ASSIGN, at);
        s->assign.target = target;
        s->assign.value = value;
        s->assign.compound = op.compound;
        s->assign.op = op.op;
        return s;
    case EXPR_IDENT:
        if (str_eqz(target->text, "_") && !op.compound)
            return build_expr_stmt(p, STMT_DISCARD, at, value);
        diag_hint(p->diags, diag_error(p->diags, at, "cannot assign to '%.*s'", STRF(target->text)),
                  "names of variables begin with '$', names of maps with '@'");
        break;
    case EXPR_FIELD:
        diag_error(p->diags, at, "cannot assign to field '%.*s': fields are immutable",
                   STRF(target->field.name));
        break;
    case EXPR_ELEMENT:
        diag_error(p->diags, at, "cannot assign to an element: tuples are immutable");
        break;
    default:
        diag_error(p->diags, at, "only variables and maps can be assigned to");
        break;
    }
    return build_expr_stmt(p, STMT_EXPR, at, value);
}

struct stmt *build_let(struct parser *p, struct span at, struct str name, struct span name_at,
                       struct type_expr *type, struct expr *init)
{
    struct stmt *s = ast_stmt(p->arena, STMT_LET, at);

    s->let.name = name;
    s->let.name_at = name_at;
    s->let.type = type;
    s->let.init = init;
    return s;
}

struct stmt *build_import_stmt(struct parser *p, struct span at, struct str path)
{
    struct stmt *s = ast_stmt(p->arena, STMT_IMPORT, at);

    s->path = path;
    return s;
}

struct stmt *build_loop(struct parser *p, enum stmt_kind kind, struct span at, struct expr *cond,
                        struct block body)
{
    struct stmt *s = ast_stmt(p->arena, kind, at);

    s->loop.cond = cond;
    s->loop.body = body;
    return s;
}

static struct stmt *build_for_head(struct parser *p, enum stmt_kind kind, struct str var,
                                   struct span var_at)
{
    struct stmt *s = ast_stmt(p->arena, kind, var_at);

    s->for_.var = var;
    s->for_.var_at = var_at;
    return s;
}

struct stmt *build_for_map(struct parser *p, struct str var, struct span var_at, struct str map,
                           struct span map_at)
{
    struct stmt *s = build_for_head(p, STMT_FOR_MAP, var, var_at);

    s->for_.map = ast_map(p->arena, map_at, map, NULL);
    return s;
}

struct stmt *build_for_range(struct parser *p, struct str var, struct span var_at,
                             struct expr *from, struct expr *to)
{
    struct stmt *s = build_for_head(p, STMT_FOR_RANGE, var, var_at);

    s->for_.from = from;
    s->for_.to = to;
    return s;
}

struct stmt *build_for(struct span at, struct stmt *head, struct block body)
{
    head->at = at;
    head->for_.body = body;
    return head;
}
