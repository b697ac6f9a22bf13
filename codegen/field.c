/*
 * field.c - parts of values: members, elements, what pointers point to
 *
 * A part of something in memory is that memory at an offset; a part of something foreign is an
 * address. Only a scalar is fetched at once, since it is what the whole chain was written for: one
 * read for `curtask->mm->pgd` costs as many helper calls as there are arrows.
 */
#include "codegen/codegen_impl.h"

enum addr_space cg_space(struct cg *cg, const struct expr *e)
{
    if (e->as != AS_NONE)
        return e->as;
    return cg->probe ? cg->probe->provider->as : AS_NONE;
}

static struct cg_val remote(struct cg_val addr, const struct type *type, enum addr_space as)
{
    return (struct cg_val){ .where = CG_REMOTE, .v = addr.v, .type = type, .as = as };
}

struct cg_val field_at(struct cg *cg, struct cg_val val, uint32_t offset, const struct type *type)
{
    switch (val.where) {
    case CG_PLACE:
        val.v = memory_at(cg, val.v, offset);
        break;
    case CG_REMOTE:
        if (offset)
            val.v = LLVMBuildAdd(cg->b, val.v, llvm_const(cg, offset), "");
        break;
    case CG_CTX:
        val.offset += offset;
        break;
    case CG_NONE:
    case CG_VALUE:
        BUG("a value in a register has no parts");
    }
    val.type = type;
    val.into = NULL;
    return val;
}

/* Scalars are wanted, the rest waits. */
static void finish(struct cg *cg, struct cg_val part, const struct expr *e, struct cg_val *out)
{
    if (type_is_scalar(part.type)) {
        part = cg_load(cg, part);
        if (type_is_scalar(e->type))
            part = cg_convert(cg, part, e->type);
        part.as = e->as;
    }
    *out = part;
}

/* Is it `ctx`, just made a number? Then members are loaded as the verifier wants it. */
static bool is_context(struct cg *cg, struct cg_val v)
{
    return v.where == CG_VALUE && cg->frame->kind == FRAME_PROGRAM && LLVMIsAPtrToIntInst(v.v) &&
           LLVMGetOperand(v.v, 0) == cg->frame->ctx;
}

/* Follows pointers until what they point to is no pointer. */
static bool follow(struct cg *cg, const struct expr *of, struct cg_val v, struct cg_val *out)
{
    const struct type *type = v.type;
    enum addr_space as = v.as != AS_NONE ? v.as : cg_space(cg, of);

    if (type->kind != TYPE_PTR || !type->elem)
        return cg_error(cg, of->at, "this has no members");
    if (is_context(cg, v) && type->elem->kind == TYPE_STRUCT) {
        *out = (struct cg_val){ .where = CG_CTX, .type = type->elem };
        return true;
    }
    v = cg_load(cg, v);
    for (type = type->elem; type->kind == TYPE_PTR; type = type->elem)
        v = cg_load(cg, remote(v, type, as));
    *out = remote(v, type, as);
    return true;
}

static bool owner_of(struct cg *cg, const struct expr *of, struct cg_val *out)
{
    struct cg_val v = { 0 };

    if (!cg_expr(cg, of, &v))
        return false;
    if (v.where != CG_VALUE && v.where != CG_NONE && v.type->kind != TYPE_PTR) {
        *out = v;
        return true;
    }
    return follow(cg, of, v, out);
}

static struct cg_val bit_field(struct cg *cg, struct cg_val unit, const struct field *f)
{
    unsigned bits = f->type->size * 8;
    const struct type *type = type_int(cg_types(cg), f->type->size, type_is_signed(f->type));

    unit.type = type;
    unit = cg_load(cg, unit);
    unit = cg_op(cg, OP_SHL, unit, cg_int(cg, type, bits - f->bit_offset - f->bit_size));
    return cg_op(cg, OP_SHR, unit, cg_int(cg, type, bits - f->bit_size));
}

/* The u32 in the record says where in the record the data is. */
static struct cg_val data_loc(struct cg *cg, struct cg_val owner, const struct field *f,
                              const struct type *type)
{
    struct cg_val loc = cg_load(cg, field_at(cg, owner, f->offset, cg->u32));
    struct cg_val base = memory_remote(cg, owner), offset;

    offset = cg_convert(cg, cg_op(cg, OP_AND, loc, cg_int(cg, cg->u32, 0xffff)), cg->u64);
    base.v = LLVMBuildAdd(cg->b, base.v, offset.v, "");
    if (type_is_scalar(type))
        return cg_value(base.v, type, base.as);
    return remote(base, type, base.as);
}

/*
 * A char array of a C definition is a string with room for a NUL that is not there: what can be
 * read is only the array.
 */
static const struct type *type_in_memory(struct cg *cg, const struct field *f,
                                         const struct type *type)
{
    if (type_is_scalar(f->type))
        return f->type;
    if (type->kind == TYPE_STRING && f->type->size && f->type->size < type->size)
        return type_string(cg_types(cg), f->type->size);
    return type;
}

bool field_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct field *f = &e->field.field;
    struct cg_val owner = { 0 };

    if (!owner_of(cg, e->field.e, &owner))
        return false;
    debug_at(cg, e->at);
    if (owner.where == CG_CTX) {
        if (cg_in_callback(cg))
            return cg_error(cg, e->at,
                            "the probe's arguments cannot be read inside a for loop: "
                            "copy them to a variable before");
        if (cg->probe && cg->probe->provider->load_field && owner.offset == 0 &&
            (owner.type == cg->probe->args || !cg->probe->provider->args))
            return cg->probe->provider->load_field(cg, cg_target(cg), f, out);
    }
    if (f->data_loc)
        *out = data_loc(cg, owner, f, e->type);
    else if (f->bit_size)
        *out = cg_convert(cg, bit_field(cg, field_at(cg, owner, f->offset, f->type), f), e->type);
    else
        finish(cg, field_at(cg, owner, f->offset, type_in_memory(cg, f, e->type)), e, out);
    return true;
}

static bool tuple_element(struct cg *cg, const struct expr *e, const struct expr *of, uint64_t i,
                          struct cg_val *out)
{
    struct cg_val tuple = { 0 };
    const struct field *f;
    size_t n;

    if (!cg_expr(cg, of, &tuple))
        return false;
    f = type_fields(cg_types(cg), tuple.type, &n);
    if (i >= n)
        return cg_error(cg, e->at, "the tuple has only %zu elements", n);
    finish(cg, field_at(cg, tuple, f[i].offset, f[i].type), e, out);
    return true;
}

bool element_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    return tuple_element(cg, e, e->element.e, e->element.n, out);
}

/* i where it is below count, else 0 and a mark against the script. */
static LLVMValueRef checked_index(struct cg *cg, struct cg_val i, uint64_t count)
{
    LLVMValueRef slot = memory_slot(cg, cg->i64), index = llvm_wide(cg, cg_load(cg, i)), beyond;
    struct cg_if outside;

    if (!count) /* a flexible array: nobody knows its end */
        return index;
    memory_store(cg, index, slot);
    beyond = LLVMBuildICmp(cg->b, LLVMIntUGE, index, llvm_const(cg, count), "");
    outside = cg_if_unlikely(cg, beyond);
    cg_count_failure(cg, SITE_BOUNDS, cg->at, "", cg_none(cg));
    memory_store(cg, llvm_const(cg, 0), slot);
    cg_if_end(cg, &outside);
    return helper_bounded(cg, memory_load(cg, cg->i64, slot), count - 1);
}

static struct cg_val element_at(struct cg *cg, struct cg_val array, LLVMValueRef index,
                                const struct type *elem)
{
    LLVMValueRef offset = LLVMBuildMul(cg->b, index, llvm_const(cg, MAX(elem->size, 1u)), "");

    if (array.where == CG_PLACE)
        return cg_at_val(cg, array, cg_value(offset, cg->u64, AS_NONE), elem);
    array = memory_remote(cg, array);
    array.v = LLVMBuildAdd(cg->b, array.v, offset, "");
    return remote(array, elem, array.as);
}

bool index_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct expr *of = e->index.e, *i = e->index.i;
    struct cg_val array = { 0 }, index = { 0 };
    const struct type *type, *elem;
    uint64_t count = 0;

    if (of->type->kind == TYPE_TUPLE && i->kind == EXPR_INT)
        return tuple_element(cg, e, of, i->num, out);
    if (!cg_expr(cg, of, &array))
        return false;
    type = array.type;
    elem = type->kind == TYPE_STRING ? e->type : type->elem;
    if (!elem)
        return cg_error(cg, e->at, "this has no elements");
    if (type->kind == TYPE_PTR)
        array = remote(cg_load(cg, array), elem, array.as != AS_NONE ? array.as : cg_space(cg, of));
    else
        count = type->kind == TYPE_STRING ? type->size : type->count;

    if (i->kind == EXPR_INT && i->num < UINT32_MAX / MAX(elem->size, 1u) && !i->negative) {
        finish(cg, field_at(cg, array, (uint32_t)i->num * elem->size, elem), e, out);
        return true;
    }
    if (!cg_expr(cg, i, &index))
        return false;
    debug_at(cg, e->at);
    finish(cg, element_at(cg, array, checked_index(cg, index, count), elem), e, out);
    return true;
}

bool deref_emit(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct expr *of = e->unary.e;
    struct cg_val v = { 0 };
    enum addr_space as;

    if (!cg_expr(cg, of, &v))
        return false;
    if (v.where != CG_VALUE && !type_is_scalar(v.type)) { /* *args, *ctx */
        *out = v;
        return true;
    }
    v = cg_load(cg, v);
    as = v.as != AS_NONE ? v.as : cg_space(cg, of);
    if (v.type->kind == TYPE_PTR) {
        finish(cg, remote(v, type_is_scalar(e->type) ? v.type->elem : e->type, as), e, out);
        return true;
    }
    /* A number that is an address: as many bytes as the number has. */
    finish(cg, remote(cg_convert(cg, v, cg->u64), type_int(cg_types(cg), v.type->size, false), as),
           e, out);
    return true;
}
