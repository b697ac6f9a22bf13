/*
 * build_expr.c - expressions and types as written
 */
#include "parser/build.h"

#include "base/map.h"

struct exprs build_append(struct exprs list, struct expr *e)
{
    if (list.last)
        list.last->next = e;
    else
        list.head = e;
    list.last = e;
    return list;
}

/* ---- parentheses: (e), tuples, records ---- */
struct elements build_element(struct parser *p, struct elements all, struct element element)
{
    arena_vec_push(p->arena, &all, element);
    all.n_named += element.name.n > 0;
    return all;
}

static void check_record(struct parser *p, const struct elements *all, bool comma)
{
    struct map seen = { 0 };

    for (size_t i = 0; i < all->n; i++) {
        struct element *e = &all->v[i];

        if (!e->name.n) {
            diag_hint(p->diags,
                      diag_error(p->diags, e->at, "every element of a record needs a name"),
                      "write (name = value, ...), or no names at all for a tuple");
            continue;
        }
        if (map_get(&seen, e->name))
            diag_error(p->diags, e->at, "the record already has an element '%.*s'", STRF(e->name));
        map_set(&seen, e->name, e);
    }
    if (comma)
        diag_error(p->diags, all->v[all->n - 1].at,
                   "no ',' may follow the last element of a record");
    map_free(&seen);
}

struct expr *build_parens(struct parser *p, struct span at, struct elements all, bool comma)
{
    struct exprs items = { 0 };
    struct names names = { 0 };
    struct expr *e;

    if (all.n == 1 && !all.n_named && !comma) {
        all.v[0].value->parenthesised = true;
        return all.v[0].value;
    }
    if (all.n_named)
        check_record(p, &all, comma);
    for (size_t i = 0; i < all.n; i++) {
        items = build_append(items, all.v[i].value);
        if (all.n_named)
            arena_vec_push(p->arena, &names, all.v[i].name);
    }
    e = ast_expr(p->arena, all.n_named ? EXPR_RECORD : EXPR_TUPLE, at);
    e->tuple.items = items.head;
    e->tuple.n = (unsigned)all.n;
    e->tuple.names = names.v;
    return e;
}

/* ---- leaves ---- */
struct expr *build_number(struct parser *p, enum expr_kind kind, struct span at, uint64_t num)
{
    struct expr *e = ast_expr(p->arena, kind, at);

    e->num = num;
    return e;
}

struct expr *build_name(struct parser *p, enum expr_kind kind, struct span at, struct str name)
{
    struct expr *e = ast_expr(p->arena, kind, at);

    if (kind == EXPR_VAR)
        e->var.name = name;
    else
        e->text = name;
    return e;
}

/* ---- operators ---- */
struct expr *build_incdec(struct parser *p, struct span at, struct expr *operand, bool is_dec,
                          bool is_prefix)
{
    struct expr *e = ast_expr(p->arena, EXPR_INCDEC, at);

    if (operand->kind != EXPR_VAR && operand->kind != EXPR_MAP)
        diag_error(p->diags, operand->at, "'%s' works only on variables and maps",
                   is_dec ? "--" : "++");
    e->incdec.e = operand;
    e->incdec.is_dec = is_dec;
    e->incdec.is_prefix = is_prefix;
    return e;
}

struct expr *build_address(struct parser *p, struct span at, struct expr *operand)
{
    if (operand->kind != EXPR_VAR && (operand->kind != EXPR_MAP || operand->map.key))
        diag_error(p->diags, operand->at, "'&' works only on variables and whole maps");
    return ast_unary(p->arena, at, OP_ADDR, operand);
}

struct expr *build_ternary(struct parser *p, struct span at, struct expr *cond, struct expr *then,
                           struct expr *other)
{
    struct expr *e = ast_expr(p->arena, EXPR_TERNARY, at);

    e->ternary.cond = cond;
    e->ternary.then = then;
    e->ternary.other = other;
    return e;
}

struct expr *build_field(struct parser *p, struct span at, struct expr *object, struct str name,
                         bool arrow)
{
    struct expr *e = ast_expr(p->arena, EXPR_FIELD, at);

    e->field.e = object;
    e->field.name = name;
    e->field.arrow = arrow;
    return e;
}

struct expr *build_element_of(struct parser *p, struct span at, struct expr *tuple, uint64_t n)
{
    struct expr *e = ast_expr(p->arena, EXPR_ELEMENT, at);

    e->element.e = tuple;
    e->element.n = n;
    return e;
}

struct expr *build_index(struct parser *p, struct span at, struct expr *object, struct expr *i)
{
    struct expr *e = ast_expr(p->arena, EXPR_INDEX, at);

    e->index.e = object;
    e->index.i = i;
    return e;
}

struct expr *build_cast(struct parser *p, struct span at, struct type_expr *to,
                        struct expr *operand)
{
    struct expr *e = ast_expr(p->arena, EXPR_CAST, at);

    e->cast.to = to;
    e->cast.e = operand;
    return e;
}

struct expr *build_comptime(struct parser *p, struct span at, struct expr *operand)
{
    struct expr *e = ast_expr(p->arena, EXPR_COMPTIME, at);

    e->comptime = operand;
    return e;
}

struct expr *build_type_of(struct parser *p, enum expr_kind kind, struct span at,
                           struct operand operand)
{
    struct expr *e = ast_expr(p->arena, kind, at);

    e->type_of.of_type = operand.type;
    e->type_of.of_expr = operand.expr;
    return e;
}

struct expr *build_offsetof(struct parser *p, struct span at, struct operand operand,
                            struct names path)
{
    struct expr *e = build_type_of(p, EXPR_OFFSETOF, at, operand);

    e->type_of.path = path.v;
    e->type_of.n_path = (unsigned)path.n;
    return e;
}

struct names build_path(struct parser *p, struct names path, struct str name)
{
    arena_vec_push(p->arena, &path, name);
    return path;
}

/* ---- if and blocks as expressions ---- */
struct expr *build_if(struct parser *p, struct span at, struct expr *cond, struct block then,
                      struct block *other)
{
    struct expr *e = ast_expr(p->arena, EXPR_IF, at);

    e->if_.cond = cond;
    e->if_.then = then;
    e->if_.other = other;
    return e;
}

struct block *build_else(struct parser *p, struct block b)
{
    return arena_memdup(p->arena, &b, sizeof(b));
}

struct block *build_else_if(struct parser *p, struct expr *e)
{
    return build_else(p, (struct block){ .at = e->at, .value = e });
}

struct expr *build_block_expr(struct parser *p, struct span at, struct block b)
{
    struct expr *e = ast_expr(p->arena, EXPR_BLOCK, at);

    b.at = at;
    e->block = b;
    return e;
}

/* ---- types ---- */
struct type_expr *build_type_name(struct parser *p, struct span at, char tag, struct str name)
{
    struct type_expr *t = ARENA_NEW(p->arena, struct type_expr);

    t->at = at;
    t->tag = tag;
    t->name = name;
    return t;
}

struct type_expr *build_typeof(struct parser *p, struct span at, struct operand operand)
{
    struct type_expr *t = build_type_name(p, at, 0, STR(""));

    t->typeof_expr = operand.expr;
    t->typeof_type = operand.type;
    return t;
}

struct type_expr *build_type(struct span at, struct type_expr *t, struct suffixes suffixes)
{
    t->at = at;
    t->suffixes = suffixes.v;
    t->n_suffixes = (unsigned)suffixes.n;
    return t;
}

struct suffixes build_suffix(struct parser *p, struct suffixes all, int kind, uint64_t count)
{
    struct type_suffix suffix = { .count = count };

    suffix.kind = kind;
    arena_vec_push(p->arena, &all, suffix);
    return all;
}
