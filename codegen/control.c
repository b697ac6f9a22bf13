/*
 * control.c - basic blocks: branches, repetition, leaving
 *
 * There is always a current block that takes instructions. After a jump it is one nobody reaches;
 * LLVM removes it.
 */
#include "codegen/codegen_impl.h"

#define UNROLL_MAX 8

LLVMBasicBlockRef block_new(struct cg *cg, const char *name)
{
    return LLVMAppendBasicBlockInContext(cg->context, cg->frame->fn, name);
}

void block_enter(struct cg *cg, LLVMBasicBlockRef block)
{
    LLVMPositionBuilderAtEnd(cg->b, block);
}

void block_dead(struct cg *cg)
{
    block_enter(cg, block_new(cg, "dead"));
}

void block_jump(struct cg *cg, LLVMBasicBlockRef to)
{
    LLVMBuildBr(cg->b, to);
}

void block_branch(struct cg *cg, LLVMValueRef cond, LLVMBasicBlockRef then, LLVMBasicBlockRef other)
{
    LLVMBuildCondBr(cg->b, cond, then, other);
}

/*
 * The end of a loop's turn. Verifiers before Linux 6.7 take a loop only if its way back is a jump,
 * but LLVM likes to place blocks so that the last one runs into the first. Behind a branch,
 * whatever it depends on, they are content; this one depends on what LLVM cannot see.
 */
void block_jump_back(struct cg *cg, LLVMBasicBlockRef head, LLVMBasicBlockRef end)
{
    LLVMValueRef always = helper_opaque(cg, llvm_const(cg, 1));

    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntNE, always, llvm_const(cg, 0), ""), head, end);
}

static struct cg_if if_begin(struct cg *cg, LLVMValueRef cond, LLVMValueRef *branch)
{
    LLVMBasicBlockRef then = block_new(cg, "then");
    struct cg_if i = { .other = block_new(cg, "else"), .end = NULL };

    *branch = LLVMBuildCondBr(cg->b, cond, then, i.other);
    block_enter(cg, then);
    return i;
}

struct cg_if cg_if_begin(struct cg *cg, struct cg_val cond)
{
    LLVMValueRef branch;

    return if_begin(cg, llvm_bool(cg, cond), &branch);
}

static LLVMValueRef unlikely_weights(struct cg *cg)
{
    LLVMMetadataRef items[3];

    if (!cg->unlikely) {
        items[0] = LLVMMDStringInContext2(cg->context, "branch_weights", 14);
        items[1] = LLVMValueAsMetadata(LLVMConstInt(cg->i32, 1, false));
        items[2] = LLVMValueAsMetadata(LLVMConstInt(cg->i32, 2000, false));
        cg->unlikely =
            LLVMMetadataAsValue(cg->context, LLVMMDNodeInContext2(cg->context, items, 3));
    }
    return cg->unlikely;
}

struct cg_if cg_if_unlikely(struct cg *cg, LLVMValueRef cond)
{
    LLVMValueRef branch;
    struct cg_if i = if_begin(cg, cond, &branch);

    LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(cg->context, "prof", 4), unlikely_weights(cg));
    return i;
}

void cg_if_else(struct cg *cg, struct cg_if *i)
{
    i->end = block_new(cg, "end");
    block_jump(cg, i->end);
    block_enter(cg, i->other);
}

void cg_if_end(struct cg *cg, struct cg_if *i)
{
    if (!i->end)
        i->end = i->other; /* there was no else */
    block_jump(cg, i->end);
    block_enter(cg, i->end);
}

void cg_return(struct cg *cg)
{
    frame_return(cg, NULL);
}

void cg_return_int(struct cg *cg, int result)
{
    frame_return(cg, LLVMConstInt(cg->i64, (uint64_t)result, true));
}

bool cg_repeat(struct cg *cg, uint32_t n, bool (*body)(struct cg *, struct cg_val i, void *),
               void *arg)
{
    LLVMBasicBlockRef head, end;
    LLVMValueRef slot, i;

    if (n <= UNROLL_MAX) {
        for (uint32_t k = 0; k < n; k++) {
            if (!body(cg, cg_u64(cg, k), arg))
                return false;
        }
        return true;
    }
    head = block_new(cg, "repeat");
    end = block_new(cg, "end");
    slot = memory_slot(cg, cg->i64);
    memory_store(cg, llvm_const(cg, 0), slot);
    block_jump(cg, head);

    block_enter(cg, head);
    i = memory_load(cg, cg->i64, slot);
    if (!body(cg, cg_value(i, cg->u64, AS_NONE), arg))
        return false;
    i = LLVMBuildAdd(cg->b, i, llvm_const(cg, 1), "");
    memory_store(cg, i, slot);
    /* Tested here, not in the head: see block_jump_back(). */
    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntULT, i, llvm_const(cg, n), ""), head, end);
    block_enter(cg, end);
    return true;
}
