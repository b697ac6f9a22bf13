/*
 * convert.c - scalars in registers: loading, converting, operators
 *
 * A scalar VALUE is an LLVM integer of its type's width, a pointer is an i64, a bool an i1; only in
 * memory a bool takes a byte. Signs live in our types, so every operator asks them.
 *
 * BPF had no signed division until recently: it is made from the unsigned one and the signs.
 */
#include "codegen/codegen_impl.h"

LLVMTypeRef llvm_int(struct cg *cg, uint32_t size)
{
    switch (size) {
    case 1:
        return cg->i8;
    case 2:
        return cg->i16;
    case 4:
        return cg->i32;
    case 8:
        return cg->i64;
    }
    BUG("no register of %u bytes", size);
}

LLVMTypeRef llvm_type(struct cg *cg, const struct type *type)
{
    return type->kind == TYPE_BOOL ? cg->i1 : llvm_int(cg, type->size);
}

LLVMValueRef llvm_const(struct cg *cg, uint64_t n)
{
    return LLVMConstInt(cg->i64, n, false);
}

struct cg_val cg_value(LLVMValueRef v, const struct type *type, enum addr_space as)
{
    return (struct cg_val){ .where = CG_VALUE, .v = v, .type = type, .as = as };
}

struct cg_val cg_none(struct cg *cg)
{
    return (struct cg_val){ .where = CG_NONE, .type = type_none(cg_types(cg)) };
}

struct cg_val cg_int(struct cg *cg, const struct type *type, uint64_t n)
{
    if (type->kind == TYPE_BOOL)
        n = n != 0;
    return cg_value(LLVMConstInt(llvm_type(cg, type), n, true), type, AS_NONE);
}

struct cg_val cg_u64(struct cg *cg, uint64_t n)
{
    return cg_int(cg, cg->u64, n);
}

static bool is_signed(const struct type *type)
{
    return type->kind != TYPE_BOOL && type_is_signed(type);
}

static LLVMValueRef to_bool(struct cg *cg, LLVMValueRef v)
{
    if (LLVMTypeOf(v) == cg->i1)
        return v;
    return LLVMBuildICmp(cg->b, LLVMIntNE, v, LLVMConstNull(LLVMTypeOf(v)), "");
}

/* A scalar from memory the program may read itself. */
static struct cg_val load_place(struct cg *cg, struct cg_val val)
{
    LLVMValueRef v = memory_load(cg, llvm_int(cg, val.type->size), val.v);

    if (val.type->kind == TYPE_BOOL)
        v = to_bool(cg, v);
    return cg_value(v, val.type, val.as);
}

static struct cg_val load_remote(struct cg *cg, struct cg_val val)
{
    struct cg_mark mark = memory_mark(cg);
    struct cg_val place = cg_place(cg, val.type);
    struct cg_val addr = cg_value(val.v, cg->u64, val.as);

    cg_read(cg, place, val.type->size, addr, val.as, cg->at);
    place.as = val.as;
    val = load_place(cg, place);
    memory_release(cg, mark); /* it is in a register now */
    return val;
}

struct cg_val cg_load(struct cg *cg, struct cg_val val)
{
    if (val.where == CG_VALUE)
        return val;
    if (!type_is_scalar(val.type)) {
        bool fits = val.type->size == 1 || val.type->size == 2 || val.type->size == 4 ||
                    val.type->size == 8;

        /* The context itself, where its address is wanted: `ctx` as a number. */
        if (val.where == CG_CTX && !fits)
            return memory_remote(cg, val);
        if (!fits)
            BUG("a value of %u bytes does not fit a register", val.type->size);
    }
    switch (val.where) {
    case CG_PLACE:
        return load_place(cg, val);
    case CG_REMOTE:
        return load_remote(cg, val);
    case CG_CTX:
        return cg_ctx_load(cg, val.offset, val.type);
    case CG_VALUE:
    case CG_NONE:
        break;
    }
    BUG("no value to load");
}

LLVMValueRef llvm_wide(struct cg *cg, struct cg_val val)
{
    LLVMTypeRef type = LLVMTypeOf(val.v);

    if (type == cg->i64)
        return val.v;
    return is_signed(val.type) && type != cg->i1 ? LLVMBuildSExt(cg->b, val.v, cg->i64, "")
                                                 : LLVMBuildZExt(cg->b, val.v, cg->i64, "");
}

LLVMValueRef llvm_bool(struct cg *cg, struct cg_val val)
{
    return to_bool(cg, cg_load(cg, val).v);
}

struct cg_val cg_convert(struct cg *cg, struct cg_val val, const struct type *type)
{
    LLVMTypeRef to = llvm_type(cg, type);
    LLVMValueRef v;

    val = cg_load(cg, val);
    v = val.v;
    if (type->kind == TYPE_BOOL)
        v = to_bool(cg, v);
    else if (LLVMTypeOf(v) == cg->i1)
        v = LLVMBuildZExt(cg->b, v, to, "");
    else
        v = LLVMBuildIntCast2(cg->b, v, to, is_signed(val.type), "");
    return cg_value(v, type, val.as);
}

/* ---- operators ---- */

static LLVMIntPredicate predicate_of(enum op op, bool sign)
{
    switch (op) {
    case OP_LT:
        return sign ? LLVMIntSLT : LLVMIntULT;
    case OP_LE:
        return sign ? LLVMIntSLE : LLVMIntULE;
    case OP_GT:
        return sign ? LLVMIntSGT : LLVMIntUGT;
    case OP_GE:
        return sign ? LLVMIntSGE : LLVMIntUGE;
    case OP_EQ:
        return LLVMIntEQ;
    default:
        return LLVMIntNE;
    }
}

static LLVMValueRef absolute(struct cg *cg, LLVMValueRef v, LLVMValueRef *negative)
{
    *negative = LLVMBuildICmp(cg->b, LLVMIntSLT, v, LLVMConstNull(LLVMTypeOf(v)), "");
    return LLVMBuildSelect(cg->b, *negative, LLVMBuildNeg(cg->b, v, ""), v, "");
}

static LLVMValueRef divide_signed(struct cg *cg, bool modulo, LLVMValueRef a, LLVMValueRef b)
{
    LLVMValueRef minus_a, minus_b, minus, v;

    a = absolute(cg, a, &minus_a);
    b = absolute(cg, b, &minus_b);
    v = modulo ? LLVMBuildURem(cg->b, a, b, "") : LLVMBuildUDiv(cg->b, a, b, "");
    minus = modulo ? minus_a : LLVMBuildXor(cg->b, minus_a, minus_b, "");
    return LLVMBuildSelect(cg->b, minus, LLVMBuildNeg(cg->b, v, ""), v, "");
}

static LLVMValueRef divide_known(struct cg *cg, bool modulo, bool sign, LLVMValueRef a,
                                 LLVMValueRef b)
{
    if (sign)
        return divide_signed(cg, modulo, a, b);
    return modulo ? LLVMBuildURem(cg->b, a, b, "") : LLVMBuildUDiv(cg->b, a, b, "");
}

struct cg_val convert_divide(struct cg *cg, struct cg_val a, LLVMValueRef b)
{
    return cg_value(divide_known(cg, false, is_signed(a.type), a.v, b), a.type, AS_NONE);
}

/* A zero divisor is counted, and the result is 1. */
static LLVMValueRef divide(struct cg *cg, bool modulo, bool sign, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef result, zero;
    struct cg_if branch;

    if (LLVMIsAConstantInt(b) && !LLVMIsNull(b))
        return divide_known(cg, modulo, sign, a, b);
    result = memory_slot(cg, type);
    zero = LLVMBuildICmp(cg->b, LLVMIntEQ, b, LLVMConstNull(type), "");
    branch = cg_if_unlikely(cg, zero);
    cg_count_failure(cg, SITE_DIV_ZERO, cg->at, "", cg_none(cg));
    memory_store(cg, LLVMConstInt(type, 1, false), result);
    cg_if_else(cg, &branch);
    memory_store(cg, divide_known(cg, modulo, sign, a, b), result);
    cg_if_end(cg, &branch);
    return memory_load(cg, type, result);
}

static LLVMValueRef shift(struct cg *cg, enum op op, bool sign, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef mask = LLVMConstInt(type, LLVMGetIntTypeWidth(type) - 1, false);
    LLVMValueRef count = LLVMBuildAnd(cg->b, b, mask, "");

    if (op == OP_SHL)
        return LLVMBuildShl(cg->b, a, count, "");
    return sign ? LLVMBuildAShr(cg->b, a, count, "") : LLVMBuildLShr(cg->b, a, count, "");
}

static LLVMValueRef integer_op(struct cg *cg, enum op op, bool sign, LLVMValueRef a, LLVMValueRef b)
{
    switch (op) {
    case OP_MUL:
        return LLVMBuildMul(cg->b, a, b, "");
    case OP_DIV:
    case OP_MOD:
        return divide(cg, op == OP_MOD, sign, a, b);
    case OP_ADD:
        return LLVMBuildAdd(cg->b, a, b, "");
    case OP_SUB:
        return LLVMBuildSub(cg->b, a, b, "");
    case OP_SHL:
    case OP_SHR:
        return shift(cg, op, sign, a, b);
    case OP_AND:
        return LLVMBuildAnd(cg->b, a, b, "");
    case OP_XOR:
        return LLVMBuildXor(cg->b, a, b, "");
    case OP_OR:
        return LLVMBuildOr(cg->b, a, b, "");
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
    case OP_EQ:
    case OP_NE:
        return LLVMBuildICmp(cg->b, predicate_of(op, sign), a, b, "");
    case OP_LAND:
    case OP_LOR:
    case OP_NEG:
    case OP_NOT:
    case OP_BNOT:
    case OP_DEREF:
    case OP_ADDR:
        break;
    }
    BUG("operator %d has not two integer operands", op);
}

struct cg_val cg_op(struct cg *cg, enum op op, struct cg_val a, struct cg_val b)
{
    LLVMValueRef v;

    a = cg_load(cg, a);
    b = cg_load(cg, b);
    if (LLVMTypeOf(b.v) != LLVMTypeOf(a.v))
        b = cg_convert(cg, b, a.type);
    v = integer_op(cg, op, is_signed(a.type), a.v, b.v);
    if (LLVMTypeOf(v) == cg->i1)
        return cg_value(v, cg->bool_type, AS_NONE);
    return cg_value(v, a.type, a.as);
}

struct cg_val cg_not(struct cg *cg, struct cg_val val)
{
    return cg_value(LLVMBuildNot(cg->b, llvm_bool(cg, val), ""), cg->bool_type, AS_NONE);
}

struct cg_val cg_select(struct cg *cg, struct cg_val cond, struct cg_val a, struct cg_val b)
{
    a = cg_load(cg, a);
    b = cg_convert(cg, b, a.type);
    return cg_value(LLVMBuildSelect(cg->b, llvm_bool(cg, cond), a.v, b.v, ""), a.type, a.as);
}

struct cg_val cg_bswap(struct cg *cg, struct cg_val val)
{
    unsigned id = LLVMLookupIntrinsicID("llvm.bswap", sizeof("llvm.bswap") - 1);
    LLVMValueRef fn;
    LLVMTypeRef type;

    val = cg_load(cg, val);
    type = LLVMTypeOf(val.v);
    if (type == cg->i8 || type == cg->i1)
        return val;
    fn = LLVMGetIntrinsicDeclaration(cg->module, id, &type, 1);
    val.v =
        LLVMBuildCall2(cg->b, LLVMIntrinsicGetType(cg->context, id, &type, 1), fn, &val.v, 1, "");
    return val;
}
