/*
 * expr.c - expressions: one switch over their kinds
 *
 * cg_expr() leaves a value where it is found: a field of a kernel struct stays an address, a map
 * value stays in the map. Only who needs the bytes fetches them (cg_load, cg_store). expr_to() is
 * for those who know the place a value is wanted in, so that strings and tuples are built there at
 * once.
 */
#include "codegen/codegen_impl.h"

/* ---- literals ---- */

static bool string_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    uint32_t size = e->type->kind == TYPE_STRING ? e->type->size : (uint32_t)e->text.n + 1;
    char *bytes;

    if (out->into && out->into_size >= size) {
        struct cg_val place = cg_result_place(cg, out, e->type);

        memory_bytes(cg, place.v, e->text, size);
        return true;
    }
    bytes = arena_alloc(&cg->arena, size);
    for (uint32_t i = 0; i < size && i < e->text.n; i++)
        bytes[i] = e->text.p[i];
    *out = memory_place(cg_rodata(cg, bytes, size).v, e->type);
    return true;
}

static bool store_elements(struct cg *cg, const struct expr *e, LLVMValueRef place,
                           const struct type *type)
{
    const struct expr *item = e->tuple.items;
    bool clean = cg->clean;
    const struct field *f;
    uint32_t end = 0;
    size_t n;

    f = type_fields(cg_types(cg), type, &n);
    for (size_t i = 0; i < n; i++, item = item->next) {
        if (!item)
            BUG("a tuple of %zu elements has only %zu", n, i);
        memory_zero(cg, memory_at(cg, place, end), f[i].offset - end);
        cg->clean = clean || f[i].type->size <= STRING_CLEAN;
        if (!expr_to(cg, item, memory_at(cg, place, f[i].offset), f[i].type))
            return false;
        cg->clean = clean;
        end = f[i].offset + f[i].type->size;
    }
    memory_zero(cg, memory_at(cg, place, end), type->size - end);
    return true;
}

static bool tuple_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    struct cg_val place = cg_result_place(cg, out, e->type);

    return store_elements(cg, e, place.v, e->type);
}

/* ---- operators ---- */

static uint64_t step_of(const struct type *ptr)
{
    return ptr->elem && ptr->elem->size ? ptr->elem->size : 1;
}

static bool is_pointer(const struct type *type)
{
    return type->kind == TYPE_PTR;
}

/* Pointer and number, in either order. */
static struct cg_val pointer_arith(struct cg *cg, enum op op, struct cg_val l, struct cg_val r)
{
    struct cg_val p = is_pointer(l.type) ? l : r, n = is_pointer(l.type) ? r : l;
    struct cg_val wide = cg_value(llvm_wide(cg, cg_load(cg, n)), cg->u64, AS_NONE);

    p = cg_load(cg, p);
    wide = cg_op(cg, OP_MUL, wide, cg_u64(cg, step_of(p.type)));
    return cg_op(cg, op, p, wide);
}

bool expr_arith(struct cg *cg, enum op op, struct cg_val l, struct cg_val r,
                const struct type *result, struct cg_val *out)
{
    bool with_pointer = is_pointer(l.type) || is_pointer(r.type);
    struct cg_val a, b;

    l = cg_load(cg, l);
    r = cg_load(cg, r);
    if (with_pointer && is_pointer(result) && (op == OP_ADD || op == OP_SUB)) {
        *out = pointer_arith(cg, op, l, r);
        out->type = result;
        return true;
    }
    a = cg_convert(cg, l, result);
    b = cg_convert(cg, r, result);
    *out = cg_op(cg, op, a, b);
    out->as = l.as == r.as || r.as == AS_NONE ? l.as : l.as == AS_NONE ? r.as : AS_NONE;
    return true;
}

static bool logic_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    LLVMValueRef result = memory_slot(cg, cg->i8), l, r;
    struct cg_if right;

    if (!expr_cond(cg, e->binary.l, &l))
        return false;
    memory_store(cg, l, result);
    if (e->binary.op == OP_LOR)
        l = LLVMBuildNot(cg->b, l, "");
    right = cg_if_begin(cg, cg_value(l, cg->bool_type, AS_NONE));
    if (!expr_cond(cg, e->binary.r, &r))
        return false;
    memory_store(cg, r, result);
    cg_if_end(cg, &right);
    *out = cg_load(cg, memory_place(result, cg->bool_type));
    return true;
}

static bool is_comparison(enum op op)
{
    return op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE || op == OP_EQ || op == OP_NE;
}

static bool equality_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct expr *l = e->binary.l, *r = e->binary.r;
    struct cg_val a = { 0 }, b = { 0 };
    bool ok;

    if (l->kind == EXPR_STRING) {
        l = e->binary.r;
        r = e->binary.l;
    }
    if (!cg_expr(cg, l, &a))
        return false;
    if (r->kind == EXPR_STRING && a.where != CG_VALUE)
        ok = equal_literal(cg, a, r->text, out);
    else
        ok = cg_expr(cg, r, &b) && equal_values(cg, a, b, e->binary.common, out);
    if (ok && e->binary.op == OP_NE)
        *out = cg_not(cg, *out);
    return ok;
}

static bool compare_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct expr *l = e->binary.l, *r = e->binary.r;
    const struct type *common = e->binary.common;
    struct cg_val a, b;
    bool lossy;

    if (!type_is_scalar(l->type) || !type_is_scalar(r->type)) {
        bool reads_map = l->kind == EXPR_MAP || r->kind == EXPR_MAP;

        if (!reads_map || !common || !type_is_scalar(common)) {
            if (e->binary.op != OP_EQ && e->binary.op != OP_NE)
                return cg_error(cg, e->at, "these values can only be compared with == and !=");
            return equality_emit(cg, e, out);
        }
    }
    if (!common)
        common = type_promote(cg_types(cg), l->type, r->type, &lossy);
    if (!common || !type_is_scalar(common))
        common = cg->u64;
    if (!expr_scalar(cg, l, common, &a) || !expr_scalar(cg, r, common, &b))
        return false;
    *out = cg_op(cg, e->binary.op, a, b);
    return true;
}

static bool binary_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    struct cg_val l = { 0 }, r = { 0 };

    if (e->binary.op == OP_LAND || e->binary.op == OP_LOR)
        return logic_emit(cg, e, out);
    if (is_comparison(e->binary.op))
        return compare_emit(cg, e, out);
    if (!cg_expr(cg, e->binary.l, &l))
        return false;
    l = cg_load(cg, l); /* before the right side changes it */
    return cg_expr(cg, e->binary.r, &r) && expr_arith(cg, e->binary.op, l, r, e->type, out);
}

static bool address_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct expr *of = e->unary.e;
    struct cg_var *var;

    if (of->kind == EXPR_MAP && of->map.sym) {
        *out = cg_address(cg, cg_map(cg, of->map.sym->index));
    } else if (of->kind == EXPR_VAR) {
        var = var_storage(cg, of->var.sym);
        if (var->kind == VAR_CTX)
            *out = cg_address(cg, cg_ctx(cg));
        else if (var->kind == VAR_REF)
            *out = cg_value(memory_load(cg, cg->i64, var->slot), e->type, var->as);
        else
            *out = cg_address(cg, memory_place(var->slot, var_type(of->var.sym)));
    } else {
        return cg_error(cg, e->at, "only variables and maps have an address");
    }
    out->type = e->type;
    return true;
}

static bool unary_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    struct cg_val v;
    LLVMValueRef cond;

    switch (e->unary.op) {
    case OP_NOT:
        if (!expr_cond(cg, e->unary.e, &cond))
            return false;
        *out = cg_value(LLVMBuildNot(cg->b, cond, ""), cg->bool_type, AS_NONE);
        return true;
    case OP_NEG:
    case OP_BNOT:
        if (!expr_scalar(cg, e->unary.e, e->type, &v))
            return false;
        v.v = e->unary.op == OP_NEG ? LLVMBuildNeg(cg->b, v.v, "") : LLVMBuildNot(cg->b, v.v, "");
        *out = v;
        return true;
    case OP_DEREF:
        return deref_emit(cg, e, out);
    case OP_ADDR:
        return address_emit(cg, e, out);
    default:
        BUG("operator %d has not one operand", e->unary.op);
    }
}

static bool incdec_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct expr *of = e->incdec.e;
    enum op op = e->incdec.is_dec ? OP_SUB : OP_ADD;
    struct cg_val old, now, one = cg_int(cg, cg->i64_type, 1);

    if (of->kind == EXPR_MAP)
        return map_modify(cg, of, op, one, !e->incdec.is_prefix, out);
    if (of->kind != EXPR_VAR)
        return cg_error(cg, e->at, "only variables and maps can be counted up or down");
    if (!var_load(cg, of->var.sym, e->at, &old))
        return false;
    old = cg_load(cg, old);
    if (!expr_arith(cg, op, old, one, var_type(of->var.sym), &now) ||
        !var_store(cg, of->var.sym, now, e->at))
        return false;
    *out = cg_convert(cg, e->incdec.is_prefix ? now : old, e->type);
    return true;
}

/* ---- choices ---- */

/* Where the branches of a choice put its value. */
struct choice {
    LLVMValueRef place;
    const struct type *type; /* NULL: no value */
};

static struct choice choice_begin(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    struct choice c = { 0 };

    if (e->type->kind == TYPE_NONE)
        return c;
    c.type = e->type;
    if (type_is_scalar(e->type))
        c.place = memory_slot(cg, llvm_int(cg, e->type->size));
    else
        c.place = cg_result_place(cg, out, e->type).v;
    cg->frame->mixed_stack = true;
    return c;
}

static void choice_end(struct cg *cg, const struct choice *c, const struct expr *e,
                       struct cg_val *out)
{
    if (!c->type) {
        *out = cg_none(cg);
        return;
    }
    *out = memory_place(c->place, c->type);
    if (type_is_scalar(c->type)) {
        out->as = e->as;
        *out = cg_load(cg, *out);
    }
}

static bool choose_expr(struct cg *cg, const struct choice *c, const struct expr *e)
{
    struct cg_val ignored = { 0 };

    return c->type ? expr_to(cg, e, c->place, c->type) : cg_expr(cg, e, &ignored);
}

static bool choose_block(struct cg *cg, const struct choice *c, const struct block *block)
{
    struct cg_val val = { 0 };

    if (!c->type)
        return stmt_block(cg, block, NULL);
    if (!stmt_block(cg, block, &val))
        return false;
    if (val.where == CG_NONE) /* the block was left by a jump */
        return true;
    return cg_store(cg, memory_place(c->place, c->type), c->type, val, block->at);
}

/* a ?: b, with a evaluated once. */
static bool elvis_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    struct choice c = choice_begin(cg, e, out);
    struct cg_val a = { 0 };
    struct cg_if i;

    if (!c.type)
        return cg_error(cg, e->at, "'?:' needs values on both sides");
    if (!cg_expr(cg, e->ternary.cond, &a))
        return false;
    a = cg_load(cg, a);
    i = cg_if_begin(cg, a);
    if (!cg_store(cg, memory_place(c.place, c.type), c.type, a, e->at))
        return false;
    cg_if_else(cg, &i);
    if (!choose_expr(cg, &c, e->ternary.other))
        return false;
    cg_if_end(cg, &i);
    choice_end(cg, &c, e, out);
    return true;
}

static bool ternary_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    struct choice c;
    struct cg_if i;
    LLVMValueRef cond;

    if (!e->ternary.then)
        return elvis_emit(cg, e, out);
    c = choice_begin(cg, e, out);
    if (!expr_cond(cg, e->ternary.cond, &cond))
        return false;
    i = cg_if_begin(cg, cg_value(cond, cg->bool_type, AS_NONE));
    if (!choose_expr(cg, &c, e->ternary.then))
        return false;
    cg_if_else(cg, &i);
    if (!choose_expr(cg, &c, e->ternary.other))
        return false;
    cg_if_end(cg, &i);
    choice_end(cg, &c, e, out);
    return true;
}

static bool if_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    struct choice c = choice_begin(cg, e, out);
    struct cg_if i;
    LLVMValueRef cond;

    if (!expr_cond(cg, e->if_.cond, &cond))
        return false;
    i = cg_if_begin(cg, cg_value(cond, cg->bool_type, AS_NONE));
    if (!choose_block(cg, &c, &e->if_.then))
        return false;
    if (e->if_.other) {
        cg_if_else(cg, &i);
        if (!choose_block(cg, &c, e->if_.other))
            return false;
    }
    cg_if_end(cg, &i);
    choice_end(cg, &c, e, out);
    return true;
}

/* ---- casts ---- */

static bool is_bytes(const struct type *type)
{
    return type->kind == TYPE_ARRAY || type->kind == TYPE_STRING;
}

/* Bytes in memory as an integer of that size. */
static bool bytes_to_int(struct cg *cg, struct cg_val v, const struct type *to, struct span at,
                         struct cg_val *out)
{
    struct cg_val place;

    if (v.type->size != 1 && v.type->size != 2 && v.type->size != 4 && v.type->size != 8)
        return cg_error(cg, at, "%u bytes are no integer", v.type->size);
    if (!cg_in_memory(cg, v, &place, at))
        return false;
    place.type = type_int(cg_types(cg), v.type->size, false);
    *out = cg_convert(cg, place, to);
    return true;
}

static bool string_to_bool(struct cg *cg, struct cg_val v, struct cg_val *out)
{
    struct cg_val first = cg_load(cg, field_at(cg, v, 0, cg->u8));

    *out = cg_convert(cg, first, cg->bool_type);
    return true;
}

static bool cast_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct expr *of = e->cast.e;
    const struct type *to = e->type;
    struct cg_val v = { .into = out->into, .into_size = out->into_size };

    if (!cg_expr(cg, of, &v))
        return false;
    if (type_is_scalar(to)) {
        if (v.where == CG_VALUE || type_is_scalar(v.type))
            *out = cg_convert(cg, v, to);
        else if (to->kind == TYPE_BOOL && v.type->kind == TYPE_STRING)
            return string_to_bool(cg, v, out);
        else if (is_bytes(v.type))
            return bytes_to_int(cg, v, to, e->at, out);
        else if (v.where == CG_CTX || v.where == CG_REMOTE)
            *out = cg_convert(cg, cg_value(memory_remote(cg, v).v, cg->u64, v.as), to);
        else
            *out = cg_convert(cg, v, to);
        out->as = e->as != AS_NONE ? e->as : v.as;
        return true;
    }
    if (v.where != CG_VALUE && v.type->size == to->size && is_bytes(to) && is_bytes(v.type)) {
        *out = v; /* the same bytes */
        out->type = to;
        return true;
    }
    if (type_is_scalar(v.type))
        v = cg_load(cg, v);
    *out = (struct cg_val){ .into = out->into, .into_size = out->into_size };
    return cg_store(cg, cg_result_place(cg, out, to), to, v, e->at);
}

/* ---- the switch ---- */

static bool call_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct builtin *fn = e->call.fn;

    if (e->call.script_fn)
        return function_call(cg, e, out);
    if (!fn || !fn->emit)
        return cg_error(cg, e->at, "%.*s cannot be used here", STRF(e->call.name));
    if ((fn->flags & BUILTIN_CONTEXT) && cg_in_callback(cg))
        return cg_error(cg, e->at,
                        "%.*s cannot be read inside a for loop: copy it to a variable before",
                        STRF(e->call.name));
    out->type = NULL;
    if (!fn->emit(cg, e, out))
        return false;
    if (!out->type)
        out->type = e->type;
    if (out->as == AS_NONE)
        out->as = e->as;
    return true;
}

static bool expr_any(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    switch (e->kind) {
    case EXPR_INT:
    case EXPR_BOOL:
        *out = cg_int(cg, e->type, e->num);
        out->as = e->as;
        return true;
    case EXPR_STRING:
        return string_emit(cg, e, out);
    case EXPR_VAR:
        return var_load(cg, e->var.sym, e->at, out);
    case EXPR_MAP:
        return map_load(cg, e, out);
    case EXPR_CALL:
        return call_emit(cg, e, out);
    case EXPR_UNARY:
        return unary_emit(cg, e, out);
    case EXPR_INCDEC:
        return incdec_emit(cg, e, out);
    case EXPR_BINARY:
        return binary_emit(cg, e, out);
    case EXPR_TERNARY:
        return ternary_emit(cg, e, out);
    case EXPR_FIELD:
        return field_emit(cg, e, out);
    case EXPR_ELEMENT:
        return element_emit(cg, e, out);
    case EXPR_INDEX:
        return index_emit(cg, e, out);
    case EXPR_CAST:
        return cast_emit(cg, e, out);
    case EXPR_TUPLE:
    case EXPR_RECORD:
        return tuple_emit(cg, e, out);
    case EXPR_COMPTIME:
        return cg_expr(cg, e->comptime, out);
    case EXPR_IF:
        return if_emit(cg, e, out);
    case EXPR_BLOCK:
        return stmt_block(cg, &e->block, out);
    case EXPR_PARAM:
    case EXPR_NPARAMS:
    case EXPR_IDENT:
    case EXPR_SIZEOF:
    case EXPR_OFFSETOF:
    case EXPR_TYPEINFO:
    case EXPR_TYPEOF:
        break;
    }
    BUG("expression %d is left over", e->kind);
}

bool cg_expr(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    struct span outer = cg->at;
    bool ok;

    *out = (struct cg_val){ .into = out->into, .into_size = out->into_size };
    if (!e->type)
        BUG("expression %d has no type", e->kind);
    debug_at(cg, e->at);
    ok = expr_any(cg, e, out);
    debug_at(cg, outer);
    return ok;
}

bool expr_scalar(struct cg *cg, const struct expr *e, const struct type *type, struct cg_val *out)
{
    struct cg_val v = { 0 };

    if (!cg_expr(cg, e, &v))
        return false;
    debug_at(cg, e->at);
    *out = cg_convert(cg, v, type);
    return true;
}

bool expr_cond(struct cg *cg, const struct expr *e, LLVMValueRef *out)
{
    struct cg_val v = { 0 };

    if (!cg_expr(cg, e, &v))
        return false;
    *out = llvm_bool(cg, v);
    return true;
}

bool expr_to(struct cg *cg, const struct expr *e, LLVMValueRef place, const struct type *type)
{
    bool is_tuple = e->kind == EXPR_TUPLE || e->kind == EXPR_RECORD;
    bool same_shape = e->type == type || (e->type->kind == TYPE_STRING &&
                                          type->kind == TYPE_STRING && e->type->size <= type->size);
    struct cg_val v = { 0 };

    if (is_tuple && type->kind == TYPE_TUPLE)
        return store_elements(cg, e, place, type);
    if (e->kind == EXPR_STRING && type->kind == TYPE_STRING) {
        memory_bytes(cg, place, e->text, type->size);
        return true;
    }
    if (same_shape && !type_is_scalar(type)) {
        v.into = place;
        v.into_size = type->size;
        if (cg->clean && type->kind == TYPE_BUFFER)
            memory_zero(cg, place, type->size);
    }
    return cg_expr(cg, e, &v) && cg_store(cg, memory_place(place, type), type, v, e->at);
}
