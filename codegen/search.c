/*
 * search.c - looking for one text in another, and which of two runs of bytes is greater
 *
 * A literal is looked for with a loop over the text, whose turns look no further than the first
 * letter unless it fits. The verifier walks through all turns of such a loop, so a needle that is
 * known only at run time goes another way: one step compares one letter and moves either along the
 * needle or to the next place in the text, and the kernel repeats the step (bpf_loop). Where we are
 * is kept in scratch memory, of whose contents the verifier knows nothing, so that it walks through
 * the step but once. Kernels without bpf_loop take a limited number of steps.
 */
#include "codegen/codegen_impl.h"

#include "kernel/kernel.h"

#include <errno.h>

#define NEEDLE_BYTES  64         /* longer literals are looked for step by step */
#define KERNEL_STEPS  (1u << 23) /* BPF_MAX_LOOPS */
#define STEPS_BY_JUMP 800        /* the verifier walks through each, and minds 8192 forks at most */
#define STACK_CELLS   400        /* bytes of stack up to which there may be cells */

static LLVMValueRef byte_at(struct cg *cg, LLVMValueRef p, LLVMValueRef i)
{
    return memory_load(cg, cg->i8, LLVMBuildInBoundsGEP2(cg->b, cg->i8, p, &i, 1, ""));
}

static LLVMValueRef is(struct cg *cg, LLVMIntPredicate op, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildICmp(cg->b, op, a, b, "");
}

static LLVMValueRef next_of(struct cg *cg, LLVMValueRef i)
{
    return LLVMBuildAdd(cg->b, i, llvm_const(cg, 1), "");
}

static LLVMValueRef letter(struct cg *cg, char c)
{
    return LLVMConstInt(cg->i8, (unsigned char)c, false);
}

/*
 * On to the next turn, while there is one: a jump, and a conditional one. Verifiers of old take
 * only these for loops; were the test in front, LLVM might place the step there and fall into it.
 */
static void turn_again(struct cg *cg, LLVMValueRef index, uint64_t turns, LLVMBasicBlockRef turn,
                       LLVMBasicBlockRef end)
{
    LLVMValueRef next = next_of(cg, memory_load(cg, cg->i64, index));

    memory_store(cg, next, index);
    block_branch(cg, is(cg, LLVMIntULT, next, llvm_const(cg, turns)), turn, end);
}

/* ---- a literal ---- */

/* The letters after the first, at p[i + 1]: are they those of the needle? */
static LLVMValueRef rest_fits(struct cg *cg, LLVMValueRef p, LLVMValueRef i, struct str needle)
{
    LLVMValueRef sum = letter(cg, 0);

    for (size_t k = 1; k < needle.n; k++) {
        LLVMValueRef at = LLVMBuildAdd(cg->b, i, llvm_const(cg, k), "");
        LLVMValueRef differs = LLVMBuildXor(cg->b, byte_at(cg, p, at), letter(cg, needle.p[k]), "");

        sum = LLVMBuildOr(cg->b, sum, differs, "");
    }
    return is(cg, LLVMIntEQ, sum, letter(cg, 0));
}

static LLVMValueRef find_literal(struct cg *cg, LLVMValueRef p, uint32_t size, struct str needle)
{
    LLVMBasicBlockRef turn = block_new(cg, "search"), more = block_new(cg, "more");
    LLVMBasicBlockRef fits = block_new(cg, "fits");
    LLVMBasicBlockRef found = block_new(cg, "found"), next = block_new(cg, "next");
    LLVMBasicBlockRef end = block_new(cg, "end");
    LLVMValueRef index = memory_slot(cg, cg->i64), result = memory_slot(cg, cg->i64), i, c;
    uint64_t places = size >= needle.n ? size - needle.n + 1 : 0;

    memory_store(cg, llvm_const(cg, 0), index);
    memory_store(cg, llvm_const(cg, (uint64_t)-1), result);
    block_jump(cg, places ? turn : end);
    block_enter(cg, turn);
    i = memory_load(cg, cg->i64, index);
    c = byte_at(cg, p, i);
    block_branch(cg, is(cg, LLVMIntEQ, c, letter(cg, 0)), end, more);
    block_enter(cg, more);
    block_branch(cg, is(cg, LLVMIntEQ, c, letter(cg, needle.p[0])), fits, next);
    block_enter(cg, fits);
    block_branch(cg, rest_fits(cg, p, i, needle), found, next);
    block_enter(cg, found);
    memory_store(cg, i, result);
    block_jump(cg, end);
    block_enter(cg, next);
    turn_again(cg, index, places, turn, end);
    block_enter(cg, end);
    return memory_load(cg, cg->i64, result);
}

/* ---- any text ---- */

enum { STATE_AT, STATE_FIT, STATE_FOUND, STATES }; /* u64 in scratch memory */
enum { CELL_TEXT, CELL_NEEDLE, CELL_STATE, CELLS };

struct search {
    LLVMValueRef text, needle, state;
    uint32_t text_size, needle_size;
};

static LLVMValueRef state_at(struct cg *cg, const struct search *s, unsigned n)
{
    return memory_at(cg, s->state, UINT64_C(8) * n);
}

/* The byte, but NUL behind the end. Goes on in a new block. */
static LLVMValueRef guarded_byte(struct cg *cg, LLVMValueRef p, LLVMValueRef i, uint32_t size)
{
    LLVMBasicBlockRef inside = block_new(cg, "inside"), end = block_new(cg, "end");
    LLVMValueRef slot = memory_slot(cg, cg->i8);

    memory_store(cg, letter(cg, 0), slot);
    block_branch(cg, is(cg, LLVMIntULT, i, llvm_const(cg, size)), inside, end);
    block_enter(cg, inside);
    memory_store(cg, byte_at(cg, p, i), slot);
    block_jump(cg, end);
    block_enter(cg, end);
    return memory_load(cg, cg->i8, slot);
}

/* One step, which leaves for one of two blocks. */
static void step(struct cg *cg, const struct search *s, LLVMBasicBlockRef go_on,
                 LLVMBasicBlockRef stop)
{
    LLVMBasicBlockRef found = block_new(cg, "found"), compare = block_new(cg, "compare");
    LLVMBasicBlockRef differ = block_new(cg, "differ"), same = block_new(cg, "same");
    LLVMBasicBlockRef more = block_new(cg, "more");
    LLVMValueRef at = memory_load(cg, cg->i64, state_at(cg, s, STATE_AT));
    LLVMValueRef fit = memory_load(cg, cg->i64, state_at(cg, s, STATE_FIT)), want, have;

    want = guarded_byte(cg, s->needle, fit, s->needle_size);
    block_branch(cg, is(cg, LLVMIntEQ, want, letter(cg, 0)), found, compare);
    block_enter(cg, found);
    memory_store(cg, at, state_at(cg, s, STATE_FOUND));
    block_jump(cg, stop);
    block_enter(cg, compare);
    have = guarded_byte(cg, s->text, LLVMBuildAdd(cg->b, at, fit, ""), s->text_size);
    block_branch(cg, is(cg, LLVMIntEQ, have, letter(cg, 0)), stop, more);
    block_enter(cg, more);
    block_branch(cg, is(cg, LLVMIntEQ, have, want), same, differ);
    block_enter(cg, same);
    memory_store(cg, next_of(cg, fit), state_at(cg, s, STATE_FIT));
    block_jump(cg, go_on);
    block_enter(cg, differ);
    memory_store(cg, next_of(cg, at), state_at(cg, s, STATE_AT));
    memory_store(cg, llvm_const(cg, 0), state_at(cg, s, STATE_FIT));
    block_jump(cg, go_on);
}

/* The step as a function of its own, called by bpf_loop(). */
static LLVMValueRef step_function(struct cg *cg, const struct search *outside)
{
    static const char *const params[] = { "index", "*cells" };
    LLVMTypeRef types[2] = { cg->i64, cg->ptr };
    const char *name = arena_printf(&cg->arena, "hark_loop_%u", cg->n_loops++);
    struct cg_position back = position_save(cg);
    struct search s = *outside;
    LLVMBasicBlockRef go_on, stop;
    struct cg_frame frame;
    LLVMValueRef fn, cells;

    fn = function_new(cg, name, LLVMFunctionType(cg->i64, types, 2, false), true);
    frame_open(cg, &frame, FRAME_FUNCTION, fn);
    frame.scope = debug_function(cg, fn, str_from(name), back.at, params, 2, true);
    debug_at(cg, back.at);
    cells = LLVMGetParam(fn, 1);
    s.text = memory_load(cg, cg->ptr, memory_at(cg, cells, UINT64_C(8) * CELL_TEXT));
    s.needle = memory_load(cg, cg->ptr, memory_at(cg, cells, UINT64_C(8) * CELL_NEEDLE));
    s.state = memory_load(cg, cg->ptr, memory_at(cg, cells, UINT64_C(8) * CELL_STATE));
    go_on = block_new(cg, "go_on");
    stop = block_new(cg, "stop");
    step(cg, &s, go_on, stop);
    block_enter(cg, stop);
    LLVMBuildRet(cg->b, llvm_const(cg, 1));
    block_enter(cg, go_on);
    LLVMBuildRet(cg->b, llvm_const(cg, 0));
    frame_close(cg, &frame);
    position_restore(cg, back);
    return fn;
}

static bool steps_by_kernel(struct cg *cg, const struct search *s, uint32_t steps)
{
    LLVMValueRef cells = memory_stack(cg, 8 * CELLS, STACK_CELLS), args[4];

    if (!cells)
        return cg_error(cg, cg->at, "there is no room on the stack for another search here");
    memory_store(cg, s->text, memory_at(cg, cells, UINT64_C(8) * CELL_TEXT));
    memory_store(cg, s->needle, memory_at(cg, cells, UINT64_C(8) * CELL_NEEDLE));
    memory_store(cg, s->state, memory_at(cg, cells, UINT64_C(8) * CELL_STATE));
    args[0] = llvm_const(cg, steps);
    args[1] = step_function(cg, s);
    args[2] = cells;
    args[3] = llvm_const(cg, 0);
    helper_call(cg, BPF_FUNC_loop, cg->i64, args, 4);
    return true;
}

static bool steps_by_jumps(struct cg *cg, const struct search *s, uint32_t steps)
{
    LLVMBasicBlockRef turn = block_new(cg, "search"), next = block_new(cg, "next");
    LLVMBasicBlockRef cut = block_new(cg, "cut"), end = block_new(cg, "end");
    LLVMValueRef index = memory_slot(cg, cg->i64);

    memory_store(cg, llvm_const(cg, 0), index);
    block_jump(cg, turn);
    block_enter(cg, turn);
    step(cg, s, next, end);
    block_enter(cg, next);
    turn_again(cg, index, MIN(steps, STEPS_BY_JUMP), turn, cut);
    block_enter(cg, cut);
    if (steps > STEPS_BY_JUMP)
        cg_count_failure(cg, SITE_OTHER, cg->at, "loop",
                         cg_int(cg, cg->i64_type, (uint64_t)-E2BIG));
    block_jump(cg, end);
    block_enter(cg, end);
    return true;
}

/* A copy in scratch memory: the verifier of old kernels lets no index into the stack. */
static bool to_scratch(struct cg *cg, struct cg_val val, LLVMValueRef *out)
{
    *out = memory_scratch(cg, val.type->size);
    return cg_store(cg, memory_place(*out, val.type), val.type, val, cg->at);
}

static bool find_text(struct cg *cg, struct cg_val text, struct cg_val needle, LLVMValueRef *out)
{
    struct search s = { .text_size = text.type->size, .needle_size = needle.type->size };
    uint64_t steps = ((uint64_t)s.text_size + 1) * (s.needle_size + 1);
    uint32_t most = (uint32_t)MIN(steps, KERNEL_STEPS);

    if (!to_scratch(cg, text, &s.text) || !to_scratch(cg, needle, &s.needle))
        return false;
    s.state = memory_scratch(cg, 8 * STATES);
    memory_store(cg, llvm_const(cg, 0), state_at(cg, &s, STATE_AT));
    memory_store(cg, llvm_const(cg, 0), state_at(cg, &s, STATE_FIT));
    memory_store(cg, llvm_const(cg, (uint64_t)-1), state_at(cg, &s, STATE_FOUND));
    if (kernel_has(cg->in->host->kernel, FEATURE_LOOP) ? !steps_by_kernel(cg, &s, most)
                                                       : !steps_by_jumps(cg, &s, most))
        return false;
    *out = memory_load(cg, cg->i64, state_at(cg, &s, STATE_FOUND));
    return true;
}

bool cg_find_text(struct cg *cg, struct cg_val text, const struct expr *needle, struct cg_val *out)
{
    struct str literal = needle->kind == EXPR_STRING ? needle->text : STR("");
    struct cg_val what = { 0 };
    LLVMValueRef at;

    if (needle->kind == EXPR_STRING && !literal.n) {
        at = llvm_const(cg, 0);
    } else if (literal.n && literal.n <= NEEDLE_BYTES) {
        if (!cg_in_memory(cg, text, &text, cg->at))
            return false;
        at = find_literal(cg, text.v, text.type->size, literal);
    } else if (!cg_expr(cg, needle, &what) || !find_text(cg, text, what, &at)) {
        return false;
    }
    *out = cg_value(at, cg->i64_type, AS_NONE);
    return true;
}

/* ---- order ---- */

struct cg_val cg_order(struct cg *cg, struct cg_val a, struct cg_val b, uint32_t max,
                       struct cg_val n)
{
    LLVMBasicBlockRef turn = block_new(cg, "compare");
    LLVMBasicBlockRef inside = block_new(cg, "inside"), next = block_new(cg, "next");
    LLVMBasicBlockRef differ = block_new(cg, "differ"), end = block_new(cg, "end");
    LLVMValueRef index = memory_slot(cg, cg->i64), result = memory_slot(cg, cg->i32);
    LLVMValueRef limit = llvm_wide(cg, n), i, x, y, less;

    memory_store(cg, llvm_const(cg, 0), index);
    memory_store(cg, LLVMConstInt(cg->i32, 0, false), result);
    block_jump(cg, turn);
    block_enter(cg, turn);
    i = memory_load(cg, cg->i64, index);
    block_branch(cg, is(cg, LLVMIntULT, i, limit), inside, end);
    block_enter(cg, inside);
    x = byte_at(cg, a.v, i);
    y = byte_at(cg, b.v, i);
    block_branch(cg, is(cg, LLVMIntEQ, x, y), next, differ);
    block_enter(cg, differ);
    less = is(cg, LLVMIntULT, x, y);
    memory_store(cg,
                 LLVMBuildSelect(cg->b, less, LLVMConstInt(cg->i32, (uint64_t)-1, true),
                                 LLVMConstInt(cg->i32, 1, false), ""),
                 result);
    block_jump(cg, end);
    block_enter(cg, next);
    turn_again(cg, index, max, turn, end);
    block_enter(cg, end);
    return cg_value(memory_load(cg, cg->i32, result), type_int(cg_types(cg), 4, true), AS_NONE);
}
