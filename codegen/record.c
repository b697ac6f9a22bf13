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
 *
 * Records with long strings, buffers or stacks are packed (image/record.h): their real length is
 * known only in the end, so they are written to scratch memory and copied into the ring. The tail
 * grows by a number that is known at run time; before each use it is bounded anew, since old
 * verifiers forget the bounds of what was kept on the stack in between.
 */
#include "codegen/codegen_impl.h"

#include "image/record.h"

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

/* A record in the ring to be filled, or where there is no room, on to r->lost. */
static LLVMValueRef reserve_record(struct cg *cg, uint32_t size, struct cg_record *r)
{
    LLVMBasicBlockRef fill = block_new(cg, "record");
    LLVMValueRef p = reserve(cg, size);

    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntEQ, p, LLVMConstNull(cg->ptr), ""), r->lost, fill);
    block_enter(cg, fill);
    arena_vec_push(&cg->arena, &cg->frame->records, p);
    return p;
}

/* Room for the record with everything it can have. */
static LLVMValueRef packing_place(struct cg *cg, const struct type *payload)
{
    uint32_t size = HEADER + record_fixed(cg_types(cg), payload);
    const struct field *f;
    size_t n;

    f = type_fields(cg_types(cg), payload, &n);
    for (size_t i = 0; i < n; i++) {
        if (record_is_large(f[i].type))
            size += ROUND_UP(f[i].type->size, 8);
    }
    return memory_scratch(cg, size);
}

static void open_record(struct cg *cg, struct cg_record *r)
{
    const struct type *payload = r->action->payload;

    r->lost = block_new(cg, "lost");
    r->end = block_new(cg, "end");
    if (!r->action->control) {
        LLVMBasicBlockRef room = block_new(cg, "room");

        block_branch(cg, is_full(cg), r->lost, room);
        block_enter(cg, room);
    }
    if (r->action->packed)
        r->base = packing_place(cg, payload);
    else
        r->base = reserve_record(cg, HEADER + (payload ? payload->size : 0), r);
}

bool cg_record_begin(struct cg *cg, const struct expr *call, struct cg_record *r)
{
    debug_at(cg, call->at);
    if (outlives_us(cg)) {
        cg_error(cg, call->at,
                 "'%.*s' cannot be used here: nobody is left to do it when the pinned program runs",
                 STRF(call->call.name));
        return false;
    }
    *r = (struct cg_record){ .action = action_of(cg, call), .at = call->at };
    if (!compute_all_early(cg, call, r))
        return false;
    debug_at(cg, call->at);
    r->words = llvm_const(cg, 0);
    open_record(cg, r);
    /* id and the zeros after it as one word */
    memory_store(cg,
                 llvm_const(cg, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                                    ? call->call.action_id
                                    : (uint64_t)call->call.action_id << 32),
                 r->base);
    return true;
}

/* ---- elements ---- */

/* Its type, and where it stands in the record's fixed part. */
static struct field element_of(struct cg *cg, const struct cg_record *r, unsigned i)
{
    const struct field *f = NULL;
    struct field element;
    uint32_t end = 0;
    size_t n = 0;

    if (r->action->payload)
        f = type_fields(cg_types(cg), r->action->payload, &n);
    if (i >= n)
        BUG("record %.*s has no element %u", STRF(r->action->builtin), i);
    element = f[i];
    for (unsigned k = 0; r->action->packed && k <= i; k++)
        element.offset = record_next(f[k].type, &end);
    element.offset += HEADER;
    return element;
}

struct cg_val cg_record_place(struct cg *cg, struct cg_record *r, unsigned i)
{
    struct field f = element_of(cg, r, i);

    if (r->action->packed)
        BUG("elements of %.*s have no place", STRF(r->action->builtin));
    return memory_place(memory_at(cg, r->base, f.offset), f.type);
}

static uint32_t fixed_size(struct cg *cg, const struct cg_record *r)
{
    return HEADER + record_fixed(cg_types(cg), r->action->payload);
}

/* Bytes of the tail so far, never more than there can be. */
static LLVMValueRef tail_size(struct cg *cg, const struct cg_record *r)
{
    LLVMValueRef words = r->words;

    if (r->max_words)
        words = helper_bounded(cg, words, r->max_words);
    return LLVMBuildMul(cg->b, words, llvm_const(cg, 8), "");
}

static LLVMValueRef tail_place(struct cg *cg, const struct cg_record *r)
{
    LLVMValueRef end = memory_at(cg, r->base, fixed_size(cg, r)), index;

    if (!r->max_words)
        return end;
    index = tail_size(cg, r);
    return LLVMBuildInBoundsGEP2(cg->b, cg->i8, end, &index, 1, "");
}

static LLVMValueRef at_most(struct cg *cg, LLVMValueRef v, uint64_t max)
{
    LLVMValueRef more = LLVMBuildICmp(cg->b, LLVMIntUGT, v, llvm_const(cg, max), "");

    return LLVMBuildSelect(cg->b, more, llvm_const(cg, max), v, "");
}

/* The element at the end of the tail has that many bytes: a length, or negative where there is
 * none.
 */
static void append(struct cg *cg, struct cg_record *r, const struct field *f, LLVMValueRef used)
{
    LLVMValueRef none = LLVMBuildICmp(cg->b, LLVMIntSLT, used, llvm_const(cg, 0), ""), words;

    used = at_most(cg, LLVMBuildSelect(cg->b, none, llvm_const(cg, 0), used, ""), f->type->size);
    memory_store(cg, LLVMBuildTrunc(cg->b, used, cg->i32, ""), memory_at(cg, r->base, f->offset));
    words = LLVMBuildAdd(cg->b, used, llvm_const(cg, 7), "");
    words = LLVMBuildLShr(cg->b, words, llvm_const(cg, 3), "");
    r->words = r->max_words ? LLVMBuildAdd(cg->b, r->words, words, "") : words;
    r->max_words += ROUND_UP(f->type->size, 8) / 8;
}

static bool append_text(struct cg *cg, struct cg_record *r, const struct field *f,
                        struct cg_val val, LLVMValueRef place, struct span at)
{
    LLVMValueRef used;

    if (val.where != CG_PLACE || val.v != place)
        used = strings_copy(cg, place, f->type, val, at);
    else
        used = val.length ? val.length : llvm_const(cg, f->type->size);
    append(cg, r, f, used);
    return true;
}

static struct kind_count counted(const struct type *t)
{
    if (t->kind == TYPE_BUFFER)
        return (struct kind_count){ .at = 0, .head = 4, .each = 1 };
    return t->vk->counted(t);
}

static bool append_counted(struct cg *cg, struct cg_record *r, const struct field *f,
                           struct cg_val val, LLVMValueRef place, struct span at)
{
    const struct type *number = f->type->kind == TYPE_BUFFER ? cg->u32 : cg->u64;
    struct kind_count c = counted(f->type);
    struct cg_val to = memory_place(place, f->type), used;

    if (!cg_store(cg, to, f->type, val, at))
        return false;
    used = cg_convert(cg, cg_load(cg, cg_at(cg, to, c.at, number)), cg->u64);
    used.v = at_most(cg, used.v, (f->type->size - c.head) / c.each);
    used = cg_op(cg, OP_ADD, cg_op(cg, OP_MUL, used, cg_u64(cg, c.each)), cg_u64(cg, c.head));
    append(cg, r, f, used.v);
    return true;
}

static bool append_large(struct cg *cg, struct cg_record *r, const struct field *f,
                         const struct expr *e, const struct cg_val *early)
{
    LLVMValueRef place = tail_place(cg, r);
    struct cg_val val = { 0 };

    if (e->kind == EXPR_STRING && f->type->kind == TYPE_STRING) {
        uint32_t size = MIN((uint32_t)e->text.n + 1, f->type->size);

        memory_bytes(cg, place, e->text, size);
        append(cg, r, f, llvm_const(cg, size));
        return true;
    }
    if (early) {
        val = *early;
    } else {
        if (e->type == f->type) {
            val.into = place;
            val.into_size = f->type->size;
        }
        if (!cg_expr(cg, e, &val))
            return false;
    }
    return f->type->kind == TYPE_STRING ? append_text(cg, r, f, val, place, e->at)
                                        : append_counted(cg, r, f, val, place, e->at);
}

bool cg_record_expr(struct cg *cg, struct cg_record *r, unsigned i, const struct expr *e)
{
    struct field f = element_of(cg, r, i);
    const struct cg_val *early = NULL;
    struct cg_val place;

    for (const struct cg_early *x = r->early; x && !early; x = x->next) {
        if (x->e == e)
            early = &x->val;
    }
    if (r->action->packed && record_is_large(f.type))
        return append_large(cg, r, &f, e, early);
    place = memory_place(memory_at(cg, r->base, f.offset), f.type);
    if (early)
        return cg_store(cg, place, place.type, *early, e->at);
    return expr_to(cg, e, place.v, place.type);
}

static void call_with_record(struct cg *cg, unsigned func, LLVMValueRef record)
{
    LLVMValueRef args[2] = { record, llvm_const(cg, 0) };

    helper_call(cg, func, cg->i64, args, 2);
}

/* The packed record into the ring. Where it does not fit, on to r->lost. */
static void output(struct cg *cg, struct cg_record *r)
{
    LLVMValueRef size =
        LLVMBuildAdd(cg->b, tail_size(cg, r), llvm_const(cg, fixed_size(cg, r)), "");
    LLVMValueRef args[4] = { cg_map_global(cg, cg_ring_map(cg)), r->base, size, llvm_const(cg, 0) };
    LLVMValueRef rc = helper_call(cg, BPF_FUNC_ringbuf_output, cg->i64, args, 4);

    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntNE, rc, llvm_const(cg, 0), ""), r->lost, r->end);
}

bool cg_record_end(struct cg *cg, struct cg_record *r)
{
    debug_at(cg, r->at);
    if (r->action->packed) {
        output(cg, r);
    } else {
        call_with_record(cg, BPF_FUNC_ringbuf_submit, r->base);
        cg->frame->records.n--;
        block_jump(cg, r->end);
    }
    block_enter(cg, r->lost);
    cg_count_failure(cg, SITE_RING, r->at, r->action->packed ? "ringbuf_output" : "ringbuf_reserve",
                     cg_none(cg));
    block_jump(cg, r->end);
    block_enter(cg, r->end);
    return true;
}

bool cg_record_args(struct cg *cg, const struct expr *call, unsigned first_arg)
{
    const struct expr *arg = call->call.args;
    struct cg_record r = { 0 };

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
