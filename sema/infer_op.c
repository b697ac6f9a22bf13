/*
 * infer_op.c - operators (LANGUAGE.md 3)
 *
 * Arithmetic is done in 64 bits, signed if one side is; a literal takes the sign of the other side.
 * Comparisons convert both sides to the type they share and keep its sign. binary.common tells code
 * generation what both sides become; pointers count as uint64.
 */
#include "sema/sema_impl.h"

static const struct type *wrong(const struct sema *s)
{
    return type_error(sema_types(s));
}

static const struct type *u64(const struct sema *s)
{
    return type_int(sema_types(s), 8, false);
}

/* 64 bits with the sign of t; open if t's is. */
static const struct type *widened(const struct sema *s, const struct type *t)
{
    return t->is_flex ? type_flex_int(sema_types(s), 8)
                      : type_int(sema_types(s), 8, type_is_signed(t));
}

/* ---- unary ---- */

static const struct type *bad_operand(struct sema *s, const struct expr *e, const struct type *t,
                                      const char *wants)
{
    sema_error(s, e->at, "'%s' needs %s, got %s", op_text(e->unary.op), wants,
               sema_type_name(s, t));
    return wrong(s);
}

/* A read at an address of which nothing is known works, or not, by chance. Told once a probe: what
   follows from it is the same mistake. */
static void check_space(struct sema *s, const struct expr *e, enum addr_space as)
{
    struct diag *d;

    if ((as == AS_KERNEL || as == AS_USER) ||
        (as == AS_NONE && s->probe && s->probe->provider && s->probe->provider->as != AS_NONE) ||
        s->space_told)
        return;
    s->space_told = s->report;
    d = sema_warn(s, e->at,
                  "it is not known whether this address is one of the kernel or of a "
                  "program");
    if (d)
        diag_hint(s->c->diags, d, "say which with kptr(…) or uptr(…)");
}

const struct type *infer_deref(struct sema *s, const struct expr *at, const struct type *t,
                               enum addr_space as)
{
    struct diag *d;

    check_space(s, at, as);
    if (t->elem->kind != TYPE_NONE && t->elem->kind != TYPE_FUNC &&
        (t->elem->kind == TYPE_ARRAY || type_is_complete(t->elem)))
        return t->elem;
    d = sema_error(s, at->at, "there is nothing to read behind %s", sema_type_name(s, t));
    if (d)
        diag_hint(s->c->diags, d, "cast it to a pointer to what is there: (struct name *)…");
    return wrong(s);
}

static const struct type *infer_star(struct sema *s, struct expr *e, const struct type *t)
{
    e->as = e->unary.e->as;
    if (t->kind == TYPE_PTR)
        return infer_deref(s, e, t, e->as);
    if (t->kind != TYPE_INT)
        return bad_operand(s, e, t, "a pointer");
    check_space(s, e, e->as);
    return u64(s);
}

static const struct type *infer_address(struct sema *s, struct expr *e)
{
    struct expr *operand = e->unary.e;

    e->as = AS_KERNEL;
    if (operand->kind == EXPR_MAP) {
        operand->type = operand->map.sym->value;
        return type_ptr(sema_types(s), type_none(sema_types(s)));
    }
    if (operand->kind != EXPR_VAR)
        return bad_operand(s, e, infer_expr(s, operand), "a variable or a map");
    infer_expr(s, operand);
    return operand->type ? type_ptr(sema_types(s), infer_settle(s, operand->type)) : NULL;
}

const struct type *infer_unary(struct sema *s, struct expr *e)
{
    const struct type *t;

    if (e->unary.op == OP_ADDR)
        return infer_address(s, e);
    t = infer_value(s, e->unary.e);
    if (!t || t->kind == TYPE_ERROR)
        return t;
    switch (e->unary.op) {
    case OP_NOT:
        return type_is_scalar(t) ? type_bool(sema_types(s))
                                 : bad_operand(s, e, t, "an integer, a bool or a pointer");
    case OP_NEG:
        e->as = e->unary.e->as;
        if (!type_is_integral(t))
            return bad_operand(s, e, t, "an integer");
        return t->is_flex ? type_int(sema_types(s), 8, true) : widened(s, t);
    case OP_BNOT:
        e->as = e->unary.e->as;
        return type_is_integral(t) ? widened(s, t) : bad_operand(s, e, t, "an integer");
    case OP_DEREF:
        return infer_star(s, e, t);
    default:
        BUG("unary operator %s", op_text(e->unary.op));
    }
}

/* ---- ++ and -- ---- */

static const struct type *counted(const struct sema *s, const struct type *t, bool is_dec)
{
    if (is_dec)
        return type_int(sema_types(s), 8, true);
    return t ? widened(s, t) : u64(s);
}

const struct type *infer_incdec(struct sema *s, struct expr *e)
{
    struct expr *target = e->incdec.e;
    const struct type *t = infer_expr(s, target);
    const struct type *result;

    e->as = target->as;
    if (t && t->kind == TYPE_ERROR)
        return t;
    if (t && t->kind == TYPE_PTR && (target->kind == EXPR_VAR || target->kind == EXPR_MAP)) {
        if (type_is_complete(t->elem))
            return t;
        sema_error(s, e->at, "the size of what %s points to is not known", sema_type_name(s, t));
        return wrong(s);
    }
    if (target->kind == EXPR_MAP && target->map.sym->value &&
        target->map.sym->value->kind == TYPE_OPAQUE) {
        sema_error(s, e->at, "%.*s holds a %s, which cannot be counted up or down",
                   STRF(target->map.name), sema_type_name(s, target->map.sym->value));
        return wrong(s);
    }
    if (t && t->kind != TYPE_INT && t->kind != TYPE_ENUM) {
        sema_error(s, e->at, "'%s' needs an integer or a pointer, got %s",
                   e->incdec.is_dec ? "--" : "++", sema_type_name(s, t));
        return wrong(s);
    }
    result = counted(s, t, e->incdec.is_dec);
    if (target->kind == EXPR_MAP)
        infer_map_value(s, target->map.sym, result, target->as, target->at);
    else if (target->kind == EXPR_VAR)
        infer_var(s, target->var.sym, result, target->as, target->at, NULL);
    return result;
}

/* ---- arithmetic ---- */

static const struct type *infer_pointer_sum(struct sema *s, const struct expr *e)
{
    const struct type *l = e->binary.l->type, *r = e->binary.r->type;
    const struct type *ptr = l->kind == TYPE_PTR ? l : r, *n = ptr == l ? r : l;
    bool possible = e->binary.op == OP_ADD || (e->binary.op == OP_SUB && ptr == l);
    struct diag *d;

    if (!possible || (n->kind != TYPE_INT && n->kind != TYPE_ENUM)) {
        d = sema_error(s, e->at, "'%s' cannot be used on %s and %s", op_text(e->binary.op),
                       sema_type_name(s, l), sema_type_name(s, r));
        if (d)
            diag_hint(s->c->diags, d,
                      "pointers are only moved by a number: p + n, p - n; for the "
                      "plain address write (uint64)p");
        return wrong(s);
    }
    if (type_is_complete(ptr->elem))
        return ptr;
    d = sema_error(s, e->at, "the size of what %s points to is not known", sema_type_name(s, ptr));
    if (d)
        diag_hint(s->c->diags, d, "to move by bytes: (uint8 *)p + n");
    return wrong(s);
}

const struct type *infer_arithmetic(struct sema *s, enum op op, const struct type *l,
                                    const struct type *r, const struct type **common)
{
    struct types *types = sema_types(s);
    const struct type *result;

    if (op == OP_SUB || (type_is_signed(l) && !l->is_flex) || (type_is_signed(r) && !r->is_flex))
        result = type_int(types, 8, true);
    else if (l->is_flex && r->is_flex)
        result = type_flex_int(types, 8);
    else
        result = u64(s);
    /* The bits that >> brings in depend on what is shifted, not on the count. */
    if (common)
        *common = op == OP_SHL || op == OP_SHR ? widened(s, l) : result;
    return result;
}

/* ---- comparisons ---- */

static const struct type *mismatch(struct sema *s, const struct expr *e)
{
    const struct expr *l = e->binary.l, *r = e->binary.r;
    struct diag *d = sema_error(s, e->at, "'%s' cannot be used on %s and %s", op_text(e->binary.op),
                                sema_type_name(s, l->type), sema_type_name(s, r->type));

    if (d) {
        diag_note(s->c->diags, d, l->at, "this is %s", sema_type_name(s, l->type));
        diag_note(s->c->diags, d, r->at, "this is %s", sema_type_name(s, r->type));
    }
    return wrong(s);
}

static void warn_pointers(struct sema *s, const struct expr *e)
{
    const struct type *l = e->binary.l->type, *r = e->binary.r->type;

    if (l->kind == TYPE_PTR && r->kind == TYPE_PTR && l != r && l->elem->kind != TYPE_NONE &&
        r->elem->kind != TYPE_NONE)
        sema_warn(s, e->at, "pointers to different types are compared: %s and %s",
                  sema_type_name(s, l), sema_type_name(s, r));
}

static void warn_lossy(struct sema *s, const struct expr *e)
{
    const struct expr *u = type_is_signed(e->binary.l->type) ? e->binary.r : e->binary.l;
    struct diag *d =
        sema_warn(s, e->at, "%s and %s are compared as int64", sema_type_name(s, e->binary.l->type),
                  sema_type_name(s, e->binary.r->type));

    if (d)
        diag_hint(s->c->diags, d, "say it with a cast: (int64)%.*s", STRF(sema_text(s, u->at)));
}

static bool only_equal(enum op op)
{
    return op == OP_EQ || op == OP_NE;
}

static bool can_be_equal(const struct type *t)
{
    switch (t->kind) {
    case TYPE_STRING:
    case TYPE_BUFFER:
    case TYPE_TUPLE:
    case TYPE_RECORD:
    case TYPE_BOOL:
        return true;
    case TYPE_ARRAY:
        return type_is_scalar(t->elem) || can_be_equal(t->elem);
    case TYPE_OPAQUE:
        return !t->vk->aggregate;
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_INT:
    case TYPE_ENUM:
    case TYPE_PTR:
    case TYPE_STRUCT:
    case TYPE_FUNC:
        return false;
    }
    return false;
}

/* The type both sides are compared as; NULL: reported. */
static const struct type *infer_common(struct sema *s, const struct expr *e)
{
    const struct type *l = e->binary.l->type, *r = e->binary.r->type, *common;
    bool lossy = false;

    if (l->kind == TYPE_PTR || r->kind == TYPE_PTR) {
        bool possible =
            type_is_scalar(l) && type_is_scalar(r) && l->kind != TYPE_BOOL && r->kind != TYPE_BOOL;

        warn_pointers(s, e);
        return possible ? u64(s) : NULL;
    }
    common = infer_promote(s, l, r, &lossy);
    if (!common) {
        if (l->kind == TYPE_ARRAY && r->kind == TYPE_ARRAY)
            sema_error(s, e->at,
                       "only arrays of one type and length can be compared, not %s and "
                       "%s",
                       sema_type_name(s, l), sema_type_name(s, r));
        return NULL;
    }
    if (lossy)
        warn_lossy(s, e);
    if (common->kind == TYPE_INT || common->kind == TYPE_ENUM ||
        (only_equal(e->binary.op) && can_be_equal(common)))
        return common;
    return NULL;
}

static const struct type *infer_comparison(struct sema *s, struct expr *e)
{
    const struct type *l = e->binary.l->type, *r = e->binary.r->type;
    const struct type *common = infer_common(s, e);
    struct diag *d;

    e->binary.common = common;
    if (common)
        return type_bool(sema_types(s));
    if (l->kind == TYPE_ARRAY && r->kind == TYPE_ARRAY && l != r)
        return wrong(s);
    if (l->kind != r->kind || !can_be_equal(l) || only_equal(e->binary.op))
        return mismatch(s, e);
    d = sema_error(s, e->at, "'%s' cannot be used on %s", op_text(e->binary.op),
                   sema_type_name(s, l));
    if (d)
        diag_hint(s->c->diags, d, "only == and != can");
    return wrong(s);
}

static const struct type *infer_logic(struct sema *s, struct expr *e)
{
    infer_condition(s, e->binary.l);
    infer_condition(s, e->binary.r);
    e->binary.common = type_bool(sema_types(s));
    return type_bool(sema_types(s));
}

static void join_spaces(struct sema *s, struct expr *e)
{
    enum addr_space l = e->binary.l->as, r = e->binary.r->as;

    e->as = as_join(l, r);
    if (e->as == AS_MIXED && l != AS_MIXED && r != AS_MIXED)
        sema_warn(s, e->at, "an address of the kernel and one of a program are mixed");
}

const struct type *infer_sum(struct sema *s, struct expr *e)
{
    const struct type *l = e->binary.l->type, *r = e->binary.r->type;

    join_spaces(s, e);
    if (l->kind == TYPE_PTR || r->kind == TYPE_PTR) {
        e->binary.common = u64(s);
        return infer_pointer_sum(s, e);
    }
    if (!type_is_integral(l) || !type_is_integral(r))
        return mismatch(s, e);
    return infer_arithmetic(s, e->binary.op, l, r, &e->binary.common);
}

const struct type *infer_binary(struct sema *s, struct expr *e)
{
    enum op op = e->binary.op;
    const struct type *l, *r;

    if (op == OP_LAND || op == OP_LOR)
        return infer_logic(s, e);
    l = infer_value(s, e->binary.l);
    r = infer_value(s, e->binary.r);
    if (!l || !r)
        return op >= OP_LT && op <= OP_NE ? type_bool(sema_types(s)) : NULL;
    if (l->kind == TYPE_ERROR || r->kind == TYPE_ERROR)
        return wrong(s);
    if (op >= OP_LT && op <= OP_NE)
        return infer_comparison(s, e);
    return infer_sum(s, e);
}
