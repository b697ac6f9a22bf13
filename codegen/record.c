/*
 * record.c - events for user space
 *
 * A record is reserved in the ring, filled in place and submitted: a u32 action, a u32 of zeros,
 * then the payload, a tuple. Ordinary records leave a reserve at the end of the ring to those that
 * control the run (exit, clear, …): they are refused while more than ctl.ring_limit bytes wait to
 * be read.
 *
 * Arguments are computed straight into the record, except those that do more than compute: a
 * function called by one may send records itself, and these must come first.
 *
 * The verifier insists that what was reserved is submitted or discarded on every way out, so a
 * frame knows its open records.
 */
#include "codegen/codegen_impl.h"

#define HEADER 8

static const struct image_action *action_of(struct cg *cg, const struct expr *call)
{
    if (!call->call.action || call->call.action_id >= cg->in->image->actions.n)
        BUG("%.*s has no action", STRF(call->call.name));
    return &cg->in->image->actions.v[call->call.action_id];
}

/* ---- arguments that come first ---- */

struct cg_early {
    struct cg_early *next;
    const struct expr *e;
    struct cg_val val;
};

static bool search_effects(void *ctx, struct expr **e)
{
    bool *found = ctx;
    const struct expr *x = *e;

    *found |= x->kind == EXPR_BLOCK || x->kind == EXPR_IF ||
              (x->kind == EXPR_CALL && (x->call.script_fn || x->call.action));
    return !*found;
}

static bool has_effects(struct expr *e)
{
    bool found = false;
    struct ast_walker walker = { .ctx = &found, .pre_expr = search_effects };

    ast_walk_expr(&walker, &e);
    return found;
}

static bool compute_early(struct cg *cg, const struct expr *e, struct cg_record *r)
{
    struct cg_early *early = ARENA_NEW(&cg->arena, struct cg_early);

    early->e = e;
    early->next = r->early;
    r->early = early;
    if (type_is_scalar(e->type))
        return expr_scalar(cg, e, e->type, &early->val);
    early->val = cg_place(cg, e->type);
    return expr_to(cg, e, early->val.v, e->type);
}

static bool compute_all_early(struct cg *cg, const struct expr *call, struct cg_record *r)
{
    for (struct expr *arg = call->call.args; arg; arg = arg->next) {
        if (has_effects(arg) && !compute_early(cg, arg, r))
            return false;
    }
    return true;
}

/* ---- the ring ---- */

/* Unread bytes in the ring. */
static LLVMValueRef waiting(struct cg *cg)
{
    LLVMValueRef args[2] = { cg_map_global(cg, cg_ring_map(cg)),
                             llvm_const(cg, BPF_RB_AVAIL_DATA) };

    return helper_call(cg, BPF_FUNC_ringbuf_query, cg->i64, args, 2);
}

static LLVMValueRef is_full(struct cg *cg)
{
    struct cg_val limit = cg_ctl(cg, offsetof(struct image_ctl, ring_limit), cg->u64);

    return LLVMBuildICmp(cg->b, LLVMIntUGT, waiting(cg), limit.v, "");
}

bool cg_ring_busy(struct cg *cg, struct cg_val *busy)
{
    struct cg_val limit;

    if (!cg->in->image->actions.n)
        return false;
    limit = cg_ctl(cg, offsetof(struct image_ctl, ring_limit), cg->u64);
    *busy = cg_op(cg, OP_GT, cg_value(waiting(cg), cg->u64, AS_NONE),
                  cg_op(cg, OP_SHR, limit, cg_u64(cg, 1)));
    return true;
}

static LLVMValueRef reserve(struct cg *cg, uint32_t size)
{
    LLVMValueRef args[3] = { cg_map_global(cg, cg_ring_map(cg)), llvm_const(cg, size),
                             llvm_const(cg, 0) };

    return helper_call(cg, BPF_FUNC_ringbuf_reserve, cg->ptr, args, 3);
}

/* No room: counted; code continues at the end. */
static LLVMValueRef reserve_or_count(struct cg *cg, const struct image_action *action,
                                     uint32_t size, struct cg_record *r)
{
    LLVMBasicBlockRef ask = block_new(cg, "reserve"), lost = block_new(cg, "lost");
    LLVMBasicBlockRef fill = block_new(cg, "record");
    LLVMValueRef p;

    r->guard.end = block_new(cg, "end");
    if (action->control)
        block_jump(cg, ask);
    else
        block_branch(cg, is_full(cg), lost, ask);
    block_enter(cg, ask);
    p = reserve(cg, size);
    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntEQ, p, LLVMConstNull(cg->ptr), ""), lost, fill);
    block_enter(cg, lost);
    cg_count_failure(cg, SITE_RING, cg->at, "ringbuf_reserve", cg_none(cg));
    block_jump(cg, r->guard.end);
    block_enter(cg, fill);
    return p;
}

bool cg_record_begin(struct cg *cg, const struct expr *call, struct cg_record *r)
{
    const struct image_action *action = action_of(cg, call);
    uint32_t size = HEADER + (action->payload ? action->payload->size : 0);

    debug_at(cg, call->at);
    if (outlives_us(cg))
        return cg_error(cg, call->at,
                        "'%.*s' cannot be used here: nobody is left to do it when the pinned "
                        "program runs",
                        STRF(call->call.name));
    *r = (struct cg_record){ .action = action, .at = call->at };
    if (!compute_all_early(cg, call, r))
        return false;
    debug_at(cg, call->at);
    r->base = reserve_or_count(cg, action, size, r);
    arena_vec_push(&cg->arena, &cg->frame->records, r->base);
    /* id and the zeros after it as one word */
    memory_store(cg,
                 llvm_const(cg, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                                    ? call->call.action_id
                                    : (uint64_t)call->call.action_id << 32),
                 r->base);
    return true;
}

static struct field element_of(struct cg *cg, const struct cg_record *r, unsigned i)
{
    const struct field *f;
    size_t n = 0;

    if (r->action->payload)
        f = type_fields(cg_types(cg), r->action->payload, &n);
    if (i >= n)
        BUG("record %.*s has no element %u", STRF(r->action->builtin), i);
    return f[i];
}

struct cg_val cg_record_place(struct cg *cg, struct cg_record *r, unsigned i)
{
    struct field f = element_of(cg, r, i);

    return memory_place(memory_at(cg, r->base, HEADER + f.offset), f.type);
}

bool cg_record_expr(struct cg *cg, struct cg_record *r, unsigned i, const struct expr *e)
{
    struct cg_val place = cg_record_place(cg, r, i);

    for (const struct cg_early *early = r->early; early; early = early->next) {
        if (early->e == e)
            return cg_store(cg, place, place.type, early->val, e->at);
    }
    return expr_to(cg, e, place.v, place.type);
}

static void call_with_record(struct cg *cg, unsigned func, LLVMValueRef record)
{
    LLVMValueRef args[2] = { record, llvm_const(cg, 0) };

    helper_call(cg, func, cg->i64, args, 2);
}

bool cg_record_end(struct cg *cg, struct cg_record *r)
{
    debug_at(cg, r->at);
    call_with_record(cg, BPF_FUNC_ringbuf_submit, r->base);
    cg->frame->records.n--;
    block_jump(cg, r->guard.end);
    block_enter(cg, r->guard.end);
    return true;
}

bool cg_record_args(struct cg *cg, const struct expr *call, unsigned first_arg)
{
    const struct expr *arg = call->call.args;
    struct cg_record r;

    for (unsigned i = 0; i < first_arg && arg; i++)
        arg = arg->next;
    if (!cg_record_begin(cg, call, &r))
        return false;
    for (unsigned i = 0; arg; i++, arg = arg->next) {
        if (!cg_record_expr(cg, &r, i, arg))
            return false;
    }
    return cg_record_end(cg, &r);
}

void record_discard(struct cg *cg, size_t from)
{
    for (size_t i = cg->frame->records.n; i > from; i--)
        call_with_record(cg, BPF_FUNC_ringbuf_discard, cg->frame->records.v[i - 1]);
}
