/*
 * comptime.c - questions that are answered while compiling: is_str() and its relatives, fail()
 *
 * An argument is looked at and never evaluated. Types may not be known when the folding pass comes
 * by; if comptime asks again when they are.
 */
#include "builtins/builtin.h"
#include "builtins/format.h"

#include "codegen/emit.h"
#include "output/value.h"
#include "sema/call.h"

/* ---- is_…() ---- */

static bool is_str(const struct expr *e)
{
    return e->type->kind == TYPE_STRING;
}

static bool is_ptr(const struct expr *e)
{
    return e->type->kind == TYPE_PTR;
}

static bool is_array(const struct expr *e)
{
    return e->type->kind == TYPE_ARRAY;
}

static bool is_integer(const struct expr *e)
{
    return e->type->kind == TYPE_INT || e->type->kind == TYPE_ENUM;
}

static bool is_unsigned_integer(const struct expr *e)
{
    return is_integer(e) && !e->type->is_signed;
}

static bool is_literal(const struct expr *e)
{
    return e->kind == EXPR_INT || e->kind == EXPR_BOOL || e->kind == EXPR_STRING ||
           e->kind == EXPR_SIZEOF || e->kind == EXPR_OFFSETOF;
}

static bool answer(const struct expr *call)
{
    static const struct {
        const char *name;
        bool (*is)(const struct expr *);
    } questions[] = {
        { "is_str", is_str },         { "is_ptr", is_ptr },
        { "is_array", is_array },     { "is_integer", is_integer },
        { "is_literal", is_literal }, { "is_unsigned_integer", is_unsigned_integer },
    };

    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        if (str_eqz(call->call.name, questions[i].name))
            return questions[i].is(call_arg(call, 0));
    }
    BUG("no question: %.*s()", STRF(call->call.name));
}

/* Before types are known, only what is written shows that it is a literal. */
static void is_fold(struct sema *s, struct expr **call)
{
    const struct expr *arg = call_arg(*call, 0);
    struct expr *e;

    if (!arg || arg->next || (!arg->type && !is_literal(arg)) ||
        (!arg->type && !str_eqz((*call)->call.name, "is_literal")))
        return;
    e = ast_expr(s->c->arena, EXPR_BOOL, (*call)->at);
    e->num = answer(*call);
    *call = e;
}

static bool is_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_int(cg, type_bool(cg_types(cg)), answer(call));
    return true;
}

/* ---- is_scalar() ---- */

static void is_scalar_fold(struct sema *s, struct expr **call)
{
    const struct expr *map = call_arg(*call, 0);
    struct expr *e;

    if (!map || map->next || map->kind != EXPR_MAP || !map->map.sym)
        return;
    e = ast_expr(s->c->arena, EXPR_BOOL, (*call)->at);
    e->num = !map->map.sym->keyed;
    *call = e;
}

/* ---- fail() ---- */

static const struct value *literal_value(struct arena *a, const struct expr *e)
{
    struct value *v;

    if (e->kind == EXPR_STRING)
        return value_str(a, VALUE_STRING, e->text);
    if (e->kind == EXPR_INT)
        return e->negative ? value_int(a, (int64_t)e->num) : value_uint(a, e->num);
    v = value_new(a, VALUE_BOOL);
    v->num = e->num;
    return v;
}

static bool literals_only(struct sema *s, const struct expr *call)
{
    for (const struct expr *arg = call_arg(call, 1); arg; arg = arg->next) {
        struct str text = source_text(s->c->sources, arg->at);

        if (arg->kind == EXPR_STRING || arg->kind == EXPR_INT || arg->kind == EXPR_BOOL)
            continue;
        diag_error(s->c->diags, arg->at,
                   "fail() shows only literals; '%.*s' is known only when the program runs",
                   STRF(text));
        return false;
    }
    return true;
}

/* Whoever comes here is alive: if comptime has dropped the rest. */
static bool fail_check(struct sema *s, struct expr *call)
{
    const struct expr *arg = call_arg(call, 1);
    struct str rest = call_arg(call, 0)->text;
    struct format_piece piece;
    struct buf text = { 0 };

    if (!format_check(s, call) || !literals_only(s, call))
        return false;
    while (format_next(&rest, &piece)) {
        if (!piece.conv) {
            buf_str(&text, piece.text);
            continue;
        }
        format_value(&text, &piece, literal_value(s->c->arena, arg));
        arg = arg->next;
    }
    diag_error(s->c->diags, call->at, "%.*s", STRF(buf_as_str(&text)));
    buf_free(&text);
    return false;
}

#define QUESTION(NAME, DOC)                                                                        \
    {                                                                                              \
        .name = NAME, .sig = "bool(any)", .doc = DOC, .fold = is_fold, .emit = is_emit,            \
    }

const struct builtin builtins_comptime[] = {
    QUESTION("is_str", "While compiling: is it a string?"),
    QUESTION("is_ptr", "While compiling: is it a pointer?"),
    QUESTION("is_array", "While compiling: is it an array?"),
    QUESTION("is_integer", "While compiling: is it an integer?"),
    QUESTION("is_unsigned_integer", "While compiling: is it an unsigned integer?"),
    QUESTION("is_literal", "While compiling: is its value known?"),
    {
        .name = "is_scalar",
        .sig = "bool(map)",
        .doc = "While compiling: is it a map without keys?",
        .fold = is_scalar_fold,
    },
    {
        .name = "fail",
        .sig = "void(fmt, ...)",
        .doc = "Refuses to compile, with this text; for branches of if comptime.",
        .check = fail_check,
    },
    { .name = NULL },
};
