/*
 * infer_expr.c - the type of each kind of expression, and where values meet a declared type
 *
 * infer_expr() is the one switch over expressions; what is more than a few lines lives in a file of
 * its own subject. NULL is "not known yet", type_error() is "reported, or will be in the last
 * walk".
 */
#include "sema/sema_impl.h"

/* Enumerators got their type in resolve.c, sizes from sizeof. */
static const struct type *infer_literal(const struct sema *s, const struct expr *e)
{
    return e->type ? e->type : type_of_literal(sema_types(s), e->num, e->negative);
}

static const struct type *infer_var_use(struct expr *e)
{
    e->as = e->var.sym->as;
    return e->var.sym->type;
}

/* ---- conditions and branches ---- */

static bool is_condition(const struct type *t)
{
    return type_is_scalar(t) || t->kind == TYPE_ERROR;
}

void infer_condition(struct sema *s, struct expr *e)
{
    const struct type *t = infer_expr(s, e);
    struct diag *d;

    if (!t || is_condition(t))
        return;
    d = sema_error(s, e->at, "a condition must be an integer, a bool or a pointer, got %s",
                   sema_type_name(s, t));
    if (d && t->kind == TYPE_STRING)
        diag_hint(s->c->diags, d, "compare it: … != \"\"");
}

/* The type of two branches; either may be unknown yet. */
static const struct type *infer_branches(struct sema *s, struct expr *e, const struct type *a,
                                         const struct type *b)
{
    const struct type *t;

    if (!a || !b)
        return a ? a : b;
    if (a->kind == TYPE_NONE || b->kind == TYPE_NONE)
        return type_none(sema_types(s));
    t = infer_promote(s, a, b, NULL);
    if (t)
        return t;
    sema_error(s, e->at, "the branches have different types: %s and %s", sema_type_name(s, a),
               sema_type_name(s, b));
    return type_error(sema_types(s));
}

static const struct type *infer_ternary(struct sema *s, struct expr *e)
{
    struct expr *then = e->ternary.then;
    const struct type *a, *b;

    if (infer_is_comptime(e))
        return infer_comptime(s, e->ternary.cond);
    infer_condition(s, e->ternary.cond);
    a = then ? infer_expr(s, then) : e->ternary.cond->type;
    b = infer_expr(s, e->ternary.other);
    e->as = as_join(then ? then->as : e->ternary.cond->as, e->ternary.other->as);
    return infer_branches(s, e, a, b);
}

static const struct type *infer_if(struct sema *s, struct expr *e)
{
    const struct type *a, *b;

    if (infer_is_comptime(e))
        return infer_comptime(s, e->if_.cond);
    infer_condition(s, e->if_.cond);
    a = infer_block(s, &e->if_.then);
    if (!e->if_.other)
        return type_none(sema_types(s));
    b = infer_block(s, e->if_.other);
    if (e->if_.then.value && e->if_.other->value)
        e->as = as_join(e->if_.then.value->as, e->if_.other->value->as);
    return infer_branches(s, e, a, b);
}

static const struct type *infer_block_expr(struct sema *s, struct expr *e)
{
    const struct type *t = infer_block(s, &e->block);

    if (e->block.value)
        e->as = e->block.value->as;
    return t;
}

/* ---- tuples, records ---- */

/* What may be part of a tuple. */
static const struct type *infer_item(struct sema *s, struct expr *item)
{
    const struct type *t = infer_value(s, item);

    if (!t || t->kind != TYPE_OPAQUE || !t->vk->aggregate)
        return t;
    sema_error(s, item->at, "a %s is kept in its map as a whole and cannot be put into a tuple",
               sema_type_name(s, t));
    return type_error(sema_types(s));
}

static const struct type *infer_tuple(struct sema *s, struct expr *e)
{
    struct arena *a = s->c->arena;
    const struct type **types = ARENA_ARRAY(a, const struct type *, e->tuple.n + 1);
    bool known = true, wrong = false;
    unsigned n = 0;

    for (struct expr *item = e->tuple.items; item; item = item->next) {
        types[n] = infer_item(s, item);
        known &= types[n] != NULL;
        wrong |= types[n] && types[n]->kind == TYPE_ERROR;
        n++;
    }
    if (!known)
        return NULL;
    if (wrong)
        return type_error(sema_types(s));
    return e->kind == EXPR_RECORD ? type_record(sema_types(s), e->tuple.names, types, n)
                                  : type_tuple(sema_types(s), types, n);
}

/* ---- the switch ---- */

static const struct type *type_of(struct sema *s, struct expr *e)
{
    switch (e->kind) {
    case EXPR_INT:
        return infer_literal(s, e);
    case EXPR_BOOL:
        return type_bool(sema_types(s));
    case EXPR_STRING:
        return type_string(sema_types(s), (uint32_t)e->text.n + 1);
    case EXPR_VAR:
        return infer_var_use(e);
    case EXPR_MAP:
        return infer_map(s, e);
    case EXPR_CALL:
        return infer_call(s, e);
    case EXPR_UNARY:
        return infer_unary(s, e);
    case EXPR_INCDEC:
        return infer_incdec(s, e);
    case EXPR_BINARY:
        return infer_binary(s, e);
    case EXPR_TERNARY:
        return infer_ternary(s, e);
    case EXPR_FIELD:
        return infer_field(s, e);
    case EXPR_ELEMENT:
        return infer_element(s, e);
    case EXPR_INDEX:
        return infer_index(s, e);
    case EXPR_CAST:
        return infer_cast(s, e);
    case EXPR_TUPLE:
    case EXPR_RECORD:
        return infer_tuple(s, e);
    case EXPR_SIZEOF:
    case EXPR_OFFSETOF:
    case EXPR_TYPEINFO:
        return infer_type_of(s, e);
    case EXPR_COMPTIME:
        return infer_comptime(s, e);
    case EXPR_IF:
        return infer_if(s, e);
    case EXPR_BLOCK:
        return infer_block_expr(s, e);
    case EXPR_PARAM:
    case EXPR_NPARAMS:
    case EXPR_IDENT:
    case EXPR_TYPEOF:
        break;
    }
    BUG("expression kind %d after resolve and fold", (int)e->kind);
}

const struct type *infer_expr(struct sema *s, struct expr *e)
{
    e->as = AS_NONE;
    e->type = type_of(s, e);
    return e->type;
}

const struct type *infer_value(struct sema *s, struct expr *e)
{
    const struct type *t = infer_expr(s, e);

    if (!t || t->kind != TYPE_NONE)
        return t;
    sema_error(s, e->at, "'%.*s' has no value", STRF(sema_text(s, e->at)));
    return type_error(sema_types(s));
}

/* ---- values and declared types ---- */

static void lossy(struct sema *s, const struct type *to, const struct expr *value, const char *what)
{
    struct diag *d = sema_warn(s, value->at, "%s is %s; a value of type %s may not survive that",
                               what, sema_type_name(s, to), sema_type_name(s, value->type));
    struct str text = sema_text(s, value->at);

    if (d && text.n <= 40)
        diag_hint(s->c->diags, d,
                  str_find(text, ' ') < 0 ? "if that is meant: (%s)%.*s"
                                          : "if that is meant: (%s)(%.*s)",
                  sema_type_name(s, to), STRF(text));
}

static bool fits_integer(struct sema *s, const struct type *to, const struct expr *value,
                         const char *what)
{
    const struct type *t = value->type;
    struct literal number;

    if (literal_of(value, &number)) {
        if (literal_fits(number, to))
            return true;
        sema_error(s, value->at, "%s is %s, which cannot hold %s%ju", what, sema_type_name(s, to),
                   number.negative ? "-" : "", (uintmax_t)number.size);
        return false;
    }
    if (t->is_flex ? t->size > to->size
                   : t->size > to->size || (t->size == to->size && t->is_signed != to->is_signed) ||
                         (t->is_signed && !to->is_signed))
        lossy(s, to, value, what);
    return true;
}

bool infer_fits(struct sema *s, const struct type *to, const struct expr *value, const char *what)
{
    const struct type *t = value->type;
    struct diag *d;

    if (!t || t == to || t->kind == TYPE_ERROR || to->kind == TYPE_ERROR)
        return true;
    if ((to->kind == TYPE_INT || to->kind == TYPE_ENUM) &&
        (t->kind == TYPE_INT || t->kind == TYPE_ENUM))
        return fits_integer(s, to, value, what);
    if ((to->kind == TYPE_STRING || to->kind == TYPE_BUFFER) && to->kind == t->kind &&
        (t->size <= to->size || !to->size))
        return true;
    if ((to->kind == TYPE_TUPLE || to->kind == TYPE_RECORD || to->kind == TYPE_OPAQUE) &&
        infer_promote(s, to, t, NULL))
        return true;
    d = sema_error(s, value->at, "%s is %s and cannot take %s", what, sema_type_name(s, to),
                   sema_type_name(s, t));
    if (d && to->kind == TYPE_PTR && (t->kind == TYPE_INT || t->kind == TYPE_PTR))
        diag_hint(s->c->diags, d, "cast it: (%s)%.*s", sema_type_name(s, to),
                  STRF(sema_text(s, value->at)));
    return false;
}
