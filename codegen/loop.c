/*
 * loop.c - while, unroll, and for, whose body becomes a function the kernel calls
 *
 * The body of a for loop is written as a function of its own ("frame" BODY). All it knows of its
 * surroundings comes through cells of 8 bytes on the stack of the function around it:
 *
 *     STATUS   1 after a return in the body: the function around must return too
 *     VALUE    … this value
 *     SCRATCH  its scratch memory
 *     RESULT   the place of a long result, in a fn
 *     START    the first number of a range
 *     PARENT   the cells of the loop around this one
 *     then one for each captured variable: the value of a scalar, written back after the loop, or
 * the address of a longer one
 *
 * While the body is written, captured variables have their storage in these cells. A loop inside
 * the body reaches them through PARENT and gets no copies. Leaving: the kernel goes on after 0 and
 * stops after 1.
 *
 * Kernels without bpf_loop (before 5.17) get an ordinary loop with a constant bound.
 */
#include "codegen/codegen_impl.h"

#include "kernel/kernel.h"

#include <errno.h>

#define KERNEL_TURNS     (1u << 23) /* BPF_MAX_LOOPS */
#define OLD_KERNEL_TURNS 1000       /* the verifier walks through each */
#define STACK_MAX        400        /* bytes; 512 are there, registers want some */
#define GO_ON            0
#define STOP             1

enum cell {
    CELL_STATUS,
    CELL_VALUE,
    CELL_SCRATCH,
    CELL_RESULT,
    CELL_START,
    CELL_PARENT,
    CELL_CAPTURED
};

/* ---- jumps ---- */

struct jumps {
    LLVMBasicBlockRef break_to, continue_to;
    size_t records;
};

static struct jumps set_jumps(struct cg *cg, struct jumps to)
{
    struct cg_frame *f = cg->frame;
    struct jumps outer = { f->break_to, f->continue_to, f->loop_records };

    f->break_to = to.break_to;
    f->continue_to = to.continue_to;
    f->loop_records = to.records;
    return outer;
}

static void leave(struct cg *cg, LLVMBasicBlockRef to, unsigned answer)
{
    record_discard(cg, to ? cg->frame->loop_records : 0);
    if (to)
        block_jump(cg, to);
    else if (cg->frame->kind == FRAME_BODY)
        LLVMBuildRet(cg->b, llvm_const(cg, answer));
    else
        BUG("break or continue outside a loop");
    block_dead(cg);
}

void loop_break(struct cg *cg)
{
    leave(cg, cg->frame->break_to, STOP);
}

void loop_continue(struct cg *cg)
{
    leave(cg, cg->frame->continue_to, GO_ON);
}

/* ---- while, unroll ---- */

bool loop_while(struct cg *cg, const struct stmt *s)
{
    LLVMBasicBlockRef head = block_new(cg, "while"), turn = block_new(cg, "turn");
    LLVMBasicBlockRef next = block_new(cg, "next"), end = block_new(cg, "end");
    struct jumps outer;
    LLVMValueRef cond;
    bool ok;

    block_jump(cg, head);
    block_enter(cg, head);
    if (!expr_cond(cg, s->loop.cond, &cond))
        return false;
    block_branch(cg, cond, turn, end);
    block_enter(cg, turn);
    outer = set_jumps(cg, (struct jumps){ end, next, cg->frame->records.n });
    ok = stmt_block(cg, &s->loop.body, NULL);
    set_jumps(cg, outer);
    block_jump(cg, next);
    block_enter(cg, next);
    block_jump_back(cg, head, end);
    block_enter(cg, end);
    return ok;
}

bool loop_unroll(struct cg *cg, const struct stmt *s)
{
    if (s->loop.cond->kind != EXPR_INT)
        return cg_error(cg, s->loop.cond->at, "unroll needs a number known when compiling");
    for (uint64_t i = 0; i < s->loop.cond->num; i++) {
        if (!stmt_block(cg, &s->loop.body, NULL))
            return false;
    }
    return true;
}

/* ---- cells ---- */

static LLVMValueRef cell(struct cg *cg, LLVMValueRef cells, unsigned i)
{
    return memory_at(cg, cells, 8ull * i);
}

LLVMValueRef loop_scratch(struct cg *cg)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cg->b);
    LLVMValueRef p;

    block_enter(cg, cg->frame->entry);
    p = memory_load(cg, cg->ptr, cell(cg, cg->frame->ctx, CELL_SCRATCH));
    block_enter(cg, here);
    return p;
}

LLVMValueRef loop_result_place(struct cg *cg)
{
    if (cg->frame->kind != FRAME_BODY)
        return cg->frame->result_place;
    return memory_load(cg, cg->ptr, cell(cg, cg->frame->ctx, CELL_RESULT));
}

const struct cg_frame *loop_root(const struct cg_frame *frame)
{
    while (frame->kind == FRAME_BODY)
        frame = frame->parent;
    return frame;
}

void loop_return(struct cg *cg, LLVMValueRef v)
{
    struct cg_frame *frame = cg->frame;

    if (!v)
        v = LLVMConstInt(cg->i64, (uint64_t)loop_root(frame)->default_return, true);
    frame->returns = true;
    memory_store(cg, llvm_const(cg, 1), cell(cg, frame->ctx, CELL_STATUS));
    memory_store(cg, v, cell(cg, frame->ctx, CELL_VALUE));
    LLVMBuildRet(cg->b, llvm_const(cg, STOP));
}

/* ---- captured variables ---- */

static bool by_value(const struct cg_var *v)
{
    return v->kind == VAR_SCALAR || v->kind == VAR_REF;
}

static LLVMTypeRef slot_type(struct cg *cg, const struct var *var, const struct cg_var *v)
{
    return v->kind == VAR_REF ? cg->i64 : llvm_int(cg, var_type(var)->size);
}

/*
 * Zero, which the verifier does not know: a variable that begins with a number it knows has another
 * one after each turn, and it would follow turn after turn until it gives up.
 */
static LLVMValueRef unknown_zero(struct cg *cg)
{
    struct cg_val gate = cg_ctl(cg, offsetof(struct image_ctl, gate), cg->u32);

    return LLVMBuildLShr(cg->b, llvm_wide(cg, gate), llvm_const(cg, GATE_BITS), "");
}

static LLVMValueRef forget(struct cg *cg, LLVMValueRef v, LLVMValueRef zero)
{
    return LLVMBuildXor(cg->b, v, LLVMBuildTrunc(cg->b, zero, LLVMTypeOf(v), ""), "");
}

static bool capture(struct cg *cg, const struct stmt *s, LLVMValueRef cells)
{
    LLVMValueRef zero = s->for_.n_captured ? unknown_zero(cg) : NULL;

    for (unsigned i = 0; i < s->for_.n_captured; i++) {
        const struct var *var = s->for_.captured[i];
        const struct cg_var *v = var_storage(cg, s->for_.captured[i]);
        LLVMValueRef to = cell(cg, cells, CELL_CAPTURED + i);

        if (v->kind == VAR_CTX || v->home)
            continue; /* its members are an error in the body; or it is in cells already */
        if (v->frame != cg->frame)
            return cg_error(cg, s->at, "$%.*s cannot be used inside this loop", STRF(var->name));
        if (by_value(v))
            memory_store(cg, forget(cg, memory_load(cg, slot_type(cg, var, v), v->slot), zero), to);
        else
            memory_store(cg, v->slot, to);
    }
    return true;
}

static void write_back(struct cg *cg, const struct stmt *s, LLVMValueRef cells)
{
    for (unsigned i = 0; i < s->for_.n_captured; i++) {
        const struct var *var = s->for_.captured[i];
        const struct cg_var *v = var->storage;

        if (by_value(v) && !v->home)
            memory_store(cg,
                         memory_load(cg, slot_type(cg, var, v), cell(cg, cells, CELL_CAPTURED + i)),
                         v->slot);
    }
}

/* The cells of a loop at or around the current body. */
static LLVMValueRef cells_of(struct cg *cg, const struct cg_frame *home)
{
    const struct cg_frame *frame = cg->frame;
    LLVMValueRef cells = frame->ctx;

    for (; frame != home; frame = frame->parent)
        cells = memory_load(cg, cg->ptr, cell(cg, cells, CELL_PARENT));
    return cells;
}

/* Inside the body: storage of captured variables is in the cells. Gives the storage outside. */
static void **rebind(struct cg *cg, const struct stmt *s)
{
    void **outside = ARENA_ARRAY(&cg->arena, void *, s->for_.n_captured + 1);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cg->b);

    block_enter(cg, cg->frame->setup);
    for (unsigned i = 0; i < s->for_.n_captured; i++) {
        struct var *var = s->for_.captured[i];
        const struct cg_var *old = var->storage;
        struct cg_var *v = arena_memdup(&cg->arena, old, sizeof(*old));
        LLVMValueRef p;

        v->frame = cg->frame;
        if (!v->home) {
            v->home = cg->frame;
            v->cell = CELL_CAPTURED + i;
        }
        p = cell(cg, cells_of(cg, v->home), v->cell);
        if (v->kind != VAR_CTX)
            v->slot = by_value(v) ? p : memory_load(cg, cg->ptr, p);
        outside[i] = var->storage;
        var->storage = v;
    }
    block_enter(cg, here);
    return outside;
}

static void unbind(const struct stmt *s, void **outside)
{
    for (unsigned i = 0; i < s->for_.n_captured; i++) {
        struct cg_var *inside = s->for_.captured[i]->storage;

        s->for_.captured[i]->storage = outside[i];
        ((struct cg_var *)outside[i])->raw |= inside->raw;
    }
}

/* ---- the body as a function ---- */

struct body {
    struct cg_frame frame;
    struct cg_position back;
    LLVMValueRef fn;
    void **outside;
};

static void body_open(struct cg *cg, struct body *body, const struct stmt *s,
                      const char *const *params, unsigned n)
{
    struct cg_frame *parent = cg->frame;
    LLVMTypeRef types[4];
    const char *name = arena_printf(&cg->arena, "hark_loop_%u", cg->n_loops++);

    body->back = position_save(cg);
    for (unsigned i = 0; i < n; i++)
        types[i] = params[i][0] == '*' ? cg->ptr : cg->i64;
    body->fn = function_new(cg, name, LLVMFunctionType(cg->i64, types, n, false), true);
    frame_open(cg, &body->frame, FRAME_BODY, body->fn);
    body->frame.parent = parent;
    body->frame.space = parent->space;
    body->frame.depth = parent->depth + 1;
    body->frame.ctx = LLVMGetParam(body->fn, n - 1);
    body->frame.scope = debug_function(cg, body->fn, str_from(name), s->at, params, n, true);
    debug_at(cg, s->at);
    body->outside = rebind(cg, s);
}

static LLVMValueRef body_close(struct cg *cg, struct body *body, const struct stmt *s)
{
    unbind(s, body->outside);
    LLVMBuildRet(cg->b, llvm_const(cg, GO_ON));
    frame_close(cg, &body->frame);
    s->for_.sym->storage = NULL;
    position_restore(cg, body->back);
    return body->fn;
}

/* A variable of the body that only exists there. */
static void declare_loop_var(struct cg *cg, const struct stmt *s)
{
    s->for_.sym->storage = NULL;
    var_zero(cg, s->for_.sym);
}

/* What the body needs from here, now that it is known. */
static void prepare_cells(struct cg *cg, const struct body *body, LLVMValueRef cells)
{
    if (cg->frame->kind == FRAME_BODY)
        memory_store(cg, cg->frame->ctx, cell(cg, cells, CELL_PARENT));
    if (body->frame.returns)
        memory_store(cg, llvm_const(cg, 0), cell(cg, cells, CELL_STATUS));
    if (body->frame.scratch)
        memory_store(cg, memory_scratch_base(cg), cell(cg, cells, CELL_SCRATCH));
    if (loop_root(cg->frame)->result_place)
        memory_store(cg, loop_result_place(cg), cell(cg, cells, CELL_RESULT));
}

static void obey_return(struct cg *cg, const struct body *body, LLVMValueRef cells)
{
    struct cg_if returned;

    if (!body->frame.returns)
        return;
    returned = cg_if_begin(cg, cg_load(cg, memory_place(cell(cg, cells, CELL_STATUS), cg->u64)));
    frame_return(cg, memory_load(cg, cg->i64, cell(cg, cells, CELL_VALUE)));
    cg_if_end(cg, &returned);
}

/* The kernel takes no other memory than the stack for these. NULL: reported. */
static LLVMValueRef new_cells(struct cg *cg, const struct stmt *s)
{
    uint32_t size = 8 * (CELL_CAPTURED + s->for_.n_captured);
    LLVMValueRef cells = memory_stack(cg, size, STACK_MAX);

    if (!cells)
        cg_error(cg, s->at, "this loop uses too many variables of its surroundings: %u",
                 s->for_.n_captured);
    return cells;
}

/* ---- ranges ---- */

struct range {
    struct cg_val from;
    LLVMValueRef turns; /* i64 */
};

static bool evaluate_range(struct cg *cg, const struct stmt *s, struct range *r)
{
    const struct type *type = var_type(s->for_.sym);
    struct cg_val to, wide_from, wide_to, some;

    if (!expr_scalar(cg, s->for_.from, type, &r->from) || !expr_scalar(cg, s->for_.to, type, &to))
        return false;
    some = cg_op(cg, OP_LT, r->from, to);
    wide_from = cg_convert(cg, r->from, cg->i64_type);
    wide_to = cg_convert(cg, to, cg->i64_type);
    r->turns = LLVMBuildSelect(cg->b, some.v, LLVMBuildSub(cg->b, wide_to.v, wide_from.v, ""),
                               llvm_const(cg, 0), "");
    return true;
}

static LLVMValueRef range_body(struct cg *cg, const struct stmt *s, struct body *body)
{
    static const char *const params[] = { "index", "*cells" };
    LLVMValueRef start, i;

    body_open(cg, body, s, params, 2);
    declare_loop_var(cg, s);
    start = memory_load(cg, cg->i64, cell(cg, body->frame.ctx, CELL_START));
    i = LLVMBuildAdd(cg->b, start, LLVMGetParam(body->fn, 0), "");
    if (!var_store(cg, s->for_.sym, cg_value(i, cg->u64, AS_NONE), s->for_.var_at) ||
        !stmt_block(cg, &s->for_.body, NULL)) {
        body_close(cg, body, s);
        return NULL;
    }
    return body_close(cg, body, s);
}

/*
 * Not called for nothing: a verifier that knows there are no turns drops the body as dead code, and
 * then misses it. The kernel counts in 32 bits and refuses more than 2^23 turns.
 */
static void call_loop(struct cg *cg, const struct stmt *s, LLVMValueRef turns, LLVMValueRef body,
                      LLVMValueRef cells)
{
    LLVMValueRef most = llvm_const(cg, KERNEL_TURNS + 1);
    LLVMValueRef too_many = LLVMBuildICmp(cg->b, LLVMIntUGT, turns, most, "");
    LLVMValueRef args[4] = { NULL, body, cells, llvm_const(cg, 0) }, r;
    struct cg_if some = cg_if_begin(cg, cg_value(turns, cg->u64, AS_NONE));

    args[0] = LLVMBuildSelect(cg->b, too_many, most, turns, "");
    r = helper_call(cg, BPF_FUNC_loop, cg->i64, args, 4);
    cg_count_failure(cg, SITE_OTHER, s->at, "loop", cg_value(r, cg->i64_type, AS_NONE));
    cg_if_end(cg, &some);
}

static bool range_by_kernel(struct cg *cg, const struct stmt *s)
{
    LLVMValueRef cells = new_cells(cg, s);
    struct range range;
    struct body body;

    if (!cells || !evaluate_range(cg, s, &range) || !capture(cg, s, cells))
        return false;
    memory_store(cg, llvm_wide(cg, range.from), cell(cg, cells, CELL_START));
    if (!range_body(cg, s, &body))
        return false;
    prepare_cells(cg, &body, cells);
    call_loop(cg, s, range.turns, body.fn, cells);
    write_back(cg, s, cells);
    obey_return(cg, &body, cells);
    return true;
}

/* Says so where the bound ended the loop too early. */
static void count_cut(struct cg *cg, const struct stmt *s, const struct range *r)
{
    LLVMValueRef more =
        LLVMBuildICmp(cg->b, LLVMIntUGT, r->turns, llvm_const(cg, OLD_KERNEL_TURNS), "");
    struct cg_if cut = cg_if_unlikely(cg, more);

    cg_count_failure(cg, SITE_OTHER, s->at, "loop", cg_int(cg, cg->i64_type, (uint64_t)-E2BIG));
    cg_if_end(cg, &cut);
}

static bool range_by_jumps(struct cg *cg, const struct stmt *s)
{
    LLVMBasicBlockRef head = block_new(cg, "for"), more = block_new(cg, "more");
    LLVMBasicBlockRef turn = block_new(cg, "turn"), next = block_new(cg, "next");
    LLVMBasicBlockRef cut = block_new(cg, "cut"), end = block_new(cg, "end");
    LLVMValueRef index = memory_slot(cg, cg->i64), i;
    struct range range;
    struct jumps outer;
    struct cg_val value;
    bool ok;

    if (!evaluate_range(cg, s, &range))
        return false;
    declare_loop_var(cg, s);
    memory_store(cg, llvm_const(cg, 0), index);
    block_jump_back(cg, head, end);
    block_enter(cg, head);
    i = memory_load(cg, cg->i64, index);
    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntULT, i, llvm_const(cg, OLD_KERNEL_TURNS), ""),
                 more, cut);
    block_enter(cg, cut);
    count_cut(cg, s, &range);
    block_jump(cg, end);
    block_enter(cg, more);
    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntULT, i, range.turns, ""), turn, end);
    block_enter(cg, turn);
    value = cg_value(LLVMBuildAdd(cg->b, llvm_wide(cg, range.from), i, ""), cg->u64, AS_NONE);
    outer = set_jumps(cg, (struct jumps){ end, next, cg->frame->records.n });
    ok = var_store(cg, s->for_.sym, value, s->for_.var_at) && stmt_block(cg, &s->for_.body, NULL);
    set_jumps(cg, outer);
    block_jump(cg, next);
    block_enter(cg, next);
    memory_store(cg, LLVMBuildAdd(cg->b, i, llvm_const(cg, 1), ""), index);
    block_jump(cg, head);
    block_enter(cg, end);
    return ok;
}

bool loop_range(struct cg *cg, const struct stmt *s)
{
    return kernel_has(cg->in->host->kernel, FEATURE_LOOP) ? range_by_kernel(cg, s)
                                                          : range_by_jumps(cg, s);
}

/* ---- maps ---- */

static LLVMValueRef each_element(struct cg *cg, int map_index, LLVMValueRef body,
                                 LLVMValueRef cells)
{
    LLVMValueRef args[4] = { cg_map_global(cg, map_index), body, cells, llvm_const(cg, 0) };

    return helper_call(cg, BPF_FUNC_for_each_map_elem, cg->i64, args, 4);
}

/* $kv = (key, value) */
static bool bind_pair(struct cg *cg, const struct stmt *s, struct body *body)
{
    const struct map_sym *sym = s->for_.map->map.sym;
    LLVMValueRef key = LLVMGetParam(body->fn, 1), value = LLVMGetParam(body->fn, 2);
    const struct type *pair = var_type(s->for_.sym);
    struct cg_val to, v;
    const struct field *f;
    size_t n;

    declare_loop_var(cg, s);
    to = memory_place(var_storage(cg, s->for_.sym)->slot, pair);
    f = type_fields(cg_types(cg), pair, &n);
    if (n != 2)
        BUG("a loop variable over a map has %zu elements", n);
    v = memory_place(value, sym->value);
    if (sym->value->kind == TYPE_OPAQUE && sym->value->vk->aggregate &&
        !slot_read(cg, sym, key, &v))
        return false;
    return cg_store(cg, cg_at(cg, to, f[0].offset, f[0].type), f[0].type,
                    memory_place(key, sym->key), s->for_.var_at) &&
           cg_store(cg, cg_at(cg, to, f[1].offset, f[1].type), f[1].type, v, s->for_.var_at);
}

static LLVMValueRef map_body(struct cg *cg, const struct stmt *s, struct body *body)
{
    static const char *const params[] = { "*map", "*key", "*value", "*cells" };
    bool ok;

    body_open(cg, body, s, params, 4);
    ok = bind_pair(cg, s, body) && stmt_block(cg, &s->for_.body, NULL);
    body_close(cg, body, s);
    return ok ? body->fn : NULL;
}

bool loop_map(struct cg *cg, const struct stmt *s)
{
    const struct map_sym *sym = s->for_.map->map.sym;
    LLVMValueRef cells;
    struct body body;

    if (!kernel_has(cg->in->host->kernel, FEATURE_FOR_EACH_MAP))
        return cg_error(cg, s->at, "for over a map needs Linux 5.13 (bpf_for_each_map_elem)");
    if (map_of(cg, sym)->keys_map)
        return cg_error(cg, s->for_.map->at, "for over %.*s needs Linux 5.11 (keys that long)",
                        STRF(sym->name));
    if (!sym->key || map_of(cg, sym)->buckets)
        return cg_error(cg, s->for_.map->at, "the elements of %.*s cannot be visited",
                        STRF(sym->name));
    cells = new_cells(cg, s);
    if (!cells || !capture(cg, s, cells) || !map_body(cg, s, &body))
        return false;
    prepare_cells(cg, &body, cells);
    each_element(cg, sym->index, body.fn, cells);
    write_back(cg, s, cells);
    obey_return(cg, &body, cells);
    return true;
}

LLVMValueRef loop_count(struct cg *cg, int map_index)
{
    LLVMTypeRef types[4] = { cg->ptr, cg->ptr, cg->ptr, cg->ptr };
    static const char *const params[] = { "*map", "*key", "*value", "*unused" };
    struct cg_position back;
    struct cg_frame frame;

    if (!cg->count_body) {
        back = position_save(cg);
        cg->count_body = function_new(cg, "hark_count_element",
                                      LLVMFunctionType(cg->i64, types, 4, false), true);
        frame_open(cg, &frame, FRAME_FUNCTION, cg->count_body);
        frame.scope =
            debug_function(cg, cg->count_body, STR("hark_count_element"), back.at, params, 4, true);
        debug_at(cg, back.at);
        LLVMBuildRet(cg->b, llvm_const(cg, GO_ON));
        frame_close(cg, &frame);
        position_restore(cg, back);
    }
    return each_element(cg, map_index, cg->count_body, LLVMConstNull(cg->ptr));
}
