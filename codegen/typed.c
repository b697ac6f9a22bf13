/*
 * typed.c - pointers as the verifier knows them
 *
 * In programs typed by BTF the verifier follows pointers from the context on: it knows that
 * args.file is a struct file, that what lies at its f_path is a struct path, and what a pointer
 * loaded from there points to. Some helpers take nothing else. Elsewhere we read memory through
 * helpers and calculate as we please, and the verifier sees numbers. So an argument of such a
 * helper is written once more, by plain loads along the members that lead to it. It must begin in
 * the context: a variable holds a number.
 */
#include "codegen/codegen_impl.h"

static bool is_builtin(const struct expr *e, const char *name)
{
    return e->kind == EXPR_CALL && e->call.fn && str_eqz(e->call.name, name);
}

/* Where a chain begins: args.x, ctx.x, retval. */
static bool is_start(const struct expr *e)
{
    if (e->kind == EXPR_FIELD)
        return is_builtin(e->field.e, "args") || is_builtin(e->field.e, "ctx");
    return is_builtin(e, "retval");
}

static bool is_pointer(const struct expr *e)
{
    return e->type->kind == TYPE_PTR;
}

static bool typed_value(struct cg *cg, const struct expr *e, LLVMValueRef *out, struct cg_if *);

/* The value is a pointer: itself. It is a struct: its address. */
static bool typed_member(struct cg *cg, const struct expr *e, LLVMValueRef *out,
                         struct cg_if *guard)
{
    LLVMValueRef p;

    if (e->field.field.bit_size || e->field.field.data_loc ||
        !typed_value(cg, e->field.e, &p, guard))
        return false;
    p = LLVMBuildAdd(cg->b, p, llvm_const(cg, e->field.field.offset), "");
    if (is_pointer(e)) {
        p = LLVMBuildLoad2(cg->b, cg->i64, LLVMBuildIntToPtr(cg->b, p, cg->ptr, ""), "");
        LLVMSetAlignment(p, 8);
        LLVMSetVolatile(p, true);
    }
    *out = p;
    return true;
}

/* What the context holds may be NULL; members that are NULL read as zeros. */
static bool typed_start(struct cg *cg, const struct expr *e, LLVMValueRef *out, struct cg_if *guard)
{
    struct cg_val v = { 0 };
    LLVMValueRef there;
    bool ok = true;

    if (!is_pointer(e))
        return false;
    if (e->kind == EXPR_FIELD && is_builtin(e->field.e, "ctx")) {
        v = cg_ctx_load(cg, e->field.field.offset, cg->u64);
    } else {
        cg->keep_typed = true;
        ok = cg_expr(cg, e, &v);
        cg->keep_typed = false;
    }
    if (!ok || v.where != CG_VALUE)
        return false;
    there = LLVMBuildICmp(cg->b, LLVMIntNE, v.v, llvm_const(cg, 0), "");
    *guard = cg_if_begin(cg, cg_value(there, cg->bool_type, AS_NONE));
    *out = v.v;
    return true;
}

static bool typed_value(struct cg *cg, const struct expr *e, LLVMValueRef *out, struct cg_if *guard)
{
    if (is_start(e))
        return typed_start(cg, e, out, guard);
    if (e->kind == EXPR_FIELD)
        return typed_member(cg, e, out, guard);
    if (e->kind == EXPR_CAST && is_pointer(e))
        return typed_value(cg, e->cast.e, out, guard);
    if (e->kind == EXPR_UNARY && e->unary.op == OP_DEREF) /* a struct is its address here */
        return typed_value(cg, e->unary.e, out, guard);
    return false;
}

bool cg_typed_begin(struct cg *cg, const struct expr *e, struct cg_val *out, struct cg_if *guard)
{
    LLVMValueRef p;

    if (!typed_value(cg, e, &p, guard))
        return cg_error(cg, e->at,
                        "the kernel wants a pointer it can follow: write members of args or "
                        "retval, not a variable");
    *out = cg_value(p, cg->u64, AS_KERNEL);
    return true;
}
