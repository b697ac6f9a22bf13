/*
 * memory.c - where bytes live, and how they get there
 *
 * One policy for space: what is small (on_stack_limit) lives on the program's stack while there is
 * room, the rest in scratch: one value of a per-CPU array for each program, so that programs that
 * interrupt each other do not meet. Both are handed out like a stack: what a statement took is
 * given back after it; variables keep theirs.
 *
 * No call of memset or memcpy may remain, since BPF has none: LLVM expands small ones into stores,
 * large ones are reads from zeros or from the source by a helper.
 */
#include "codegen/codegen_impl.h"

#define INLINE_BYTES  128 /* LLVM expands copies up to this size for certain */
#define STACK_PROGRAM 256 /* of 512 bytes; the rest is for registers and called functions */
#define STACK_NESTED  96

/* ---- stack and scratch ---- */

/* At the end of the entry block, which gets its jump last. */
static LLVMValueRef entry_alloca(struct cg *cg, LLVMTypeRef type)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cg->b);
    LLVMValueRef slot;

    block_enter(cg, cg->frame->entry);
    slot = LLVMBuildAlloca(cg->b, type, "");
    LLVMSetAlignment(slot, 8);
    block_enter(cg, here);
    return slot;
}

LLVMValueRef memory_slot_kept(struct cg *cg, LLVMTypeRef type)
{
    return entry_alloca(cg, type);
}

LLVMValueRef memory_slot(struct cg *cg, LLVMTypeRef type)
{
    struct cg_frame *frame = cg->frame;
    size_t i = 0;

    while (i < frame->scalars.n && (frame->scalars.v[i].busy || frame->scalars.v[i].type != type))
        i++;
    if (i == frame->scalars.n)
        arena_vec_push(&cg->arena, &frame->scalars,
                       (struct cg_scalar){ entry_alloca(cg, type), type, false });
    frame->scalars.v[i].busy = true;
    arena_vec_push(&cg->arena, &frame->busy_scalars, i);
    return frame->scalars.v[i].slot;
}

static LLVMValueRef lookup_scratch(struct cg *cg)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cg->b);
    LLVMValueRef key = entry_alloca(cg, cg->i32);
    LLVMValueRef args[2] = { cg_map_global(cg, cg_scratch_map(cg)), key };
    LLVMValueRef value;

    block_enter(cg, cg->frame->prologue);
    memory_store(cg, LLVMConstInt(cg->i32, cg->probe->index, false), key);
    value = helper_call(cg, BPF_FUNC_map_lookup_elem, cg->ptr, args, 2);
    block_enter(cg, here);
    return value;
}

LLVMValueRef memory_scratch_base(struct cg *cg)
{
    struct cg_frame *frame = cg->frame;

    if (frame->scratch)
        return frame->scratch;
    switch (frame->kind) {
    case FRAME_PROGRAM:
        frame->scratch = lookup_scratch(cg);
        break;
    case FRAME_BODY:
        frame->scratch = loop_scratch(cg);
        break;
    case FRAME_FUNCTION:
        BUG("a function got no scratch memory");
    }
    return frame->scratch;
}

static LLVMValueRef take_scratch(struct cg *cg, uint32_t size, bool keep)
{
    struct cg_space *space = cg->frame->space;
    uint32_t offset = space->used;

    space->used += ROUND_UP(size, 8);
    space->max = MAX(space->max, space->used);
    if (keep)
        space->floor = space->used;
    return memory_at(cg, memory_scratch_base(cg), offset);
}

static bool fits_stack(struct cg *cg, uint32_t size)
{
    uint32_t room = cg->frame->depth == 0 ? STACK_PROGRAM : STACK_NESTED / cg->frame->depth;

    return size <= cg->in->config->on_stack_limit && cg->frame->stack_used + size <= room;
}

static LLVMValueRef take_stack(struct cg *cg, uint32_t size)
{
    cg->frame->stack_used += size;
    cg->frame->last_stack = entry_alloca(cg, LLVMArrayType2(cg->i8, size));
    return cg->frame->last_stack;
}

LLVMValueRef memory_keep(struct cg *cg, uint32_t size)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cg->b);
    LLVMValueRef p;

    size = ROUND_UP(MAX(size, 1u), 8);
    if (fits_stack(cg, size)) {
        cg->frame->mixed_stack = true;
        return take_stack(cg, size);
    }
    block_enter(cg, cg->frame->setup);
    p = take_scratch(cg, size, true);
    block_enter(cg, here);
    return p;
}

LLVMValueRef memory_scratch(struct cg *cg, uint32_t size)
{
    return size ? take_scratch(cg, size, false) : LLVMConstNull(cg->ptr);
}

static LLVMValueRef reuse_temp(struct cg *cg, uint32_t size)
{
    struct cg_frame *frame = cg->frame;

    for (size_t i = 0; i < frame->temps.n; i++) {
        struct cg_temp *t = &frame->temps.v[i];

        if (t->busy || t->size < size || t->size > 2 * size)
            continue;
        t->busy = true;
        frame->mixed_stack = true;
        arena_vec_push(&cg->arena, &frame->busy, i);
        return t->slot;
    }
    return NULL;
}

static LLVMValueRef new_temp(struct cg *cg, uint32_t size)
{
    struct cg_frame *frame = cg->frame;
    LLVMValueRef slot = take_stack(cg, size);

    arena_vec_push(&cg->arena, &frame->busy, frame->temps.n);
    arena_vec_push(&cg->arena, &frame->temps, (struct cg_temp){ slot, size, true });
    return slot;
}

static LLVMValueRef take_temp(struct cg *cg, uint32_t size)
{
    LLVMValueRef slot = reuse_temp(cg, size);

    if (slot)
        return slot;
    if (!fits_stack(cg, size))
        return take_scratch(cg, size, false);
    return new_temp(cg, size);
}

LLVMValueRef memory_stack(struct cg *cg, uint32_t size, uint32_t limit)
{
    LLVMValueRef slot = reuse_temp(cg, size);

    if (slot)
        return slot;
    return cg->frame->stack_used + size <= limit ? new_temp(cg, size) : NULL;
}

struct cg_mark memory_mark(struct cg *cg)
{
    return (struct cg_mark){ cg->frame->busy.n, cg->frame->busy_scalars.n, cg->frame->space->used };
}

void memory_release(struct cg *cg, struct cg_mark mark)
{
    struct cg_frame *frame = cg->frame;

    while (frame->busy.n > mark.n_busy)
        frame->temps.v[frame->busy.v[--frame->busy.n]].busy = false;
    while (frame->busy_scalars.n > mark.n_scalars)
        frame->scalars.v[frame->busy_scalars.v[--frame->busy_scalars.n]].busy = false;
    frame->space->used = MAX(mark.used, frame->space->floor);
}

/* ---- places ---- */

struct cg_val memory_place(LLVMValueRef v, const struct type *type)
{
    return (struct cg_val){ .where = CG_PLACE, .v = v, .type = type };
}

struct cg_val cg_place_bytes(struct cg *cg, uint32_t size)
{
    LLVMValueRef v = take_temp(cg, ROUND_UP(MAX(size, 1u), 8));

    return memory_place(v, type_array(cg_types(cg), cg->u8, size));
}

struct cg_val cg_place(struct cg *cg, const struct type *type)
{
    return memory_place(cg_place_bytes(cg, type->size).v, type);
}

struct cg_val cg_result_place(struct cg *cg, struct cg_val *out, const struct type *type)
{
    LLVMValueRef into = out->into;

    if (!into || out->into_size < type->size)
        into = cg_place(cg, type).v;
    *out = memory_place(into, type);
    return *out;
}

LLVMValueRef memory_at(struct cg *cg, LLVMValueRef base, uint64_t offset)
{
    LLVMValueRef index = llvm_const(cg, offset);

    return offset ? LLVMBuildInBoundsGEP2(cg->b, cg->i8, base, &index, 1, "") : base;
}

struct cg_val cg_at(struct cg *cg, struct cg_val place, uint32_t offset, const struct type *type)
{
    return memory_place(memory_at(cg, place.v, offset), type ? type : type_none(cg_types(cg)));
}

struct cg_val cg_at_val(struct cg *cg, struct cg_val place, struct cg_val offset,
                        const struct type *type)
{
    LLVMValueRef index = llvm_wide(cg, cg_load(cg, offset));
    LLVMValueRef v = LLVMBuildInBoundsGEP2(cg->b, cg->i8, place.v, &index, 1, "");

    return memory_place(v, type ? type : type_none(cg_types(cg)));
}

struct cg_val cg_address(struct cg *cg, struct cg_val place)
{
    return cg_value(LLVMBuildPtrToInt(cg->b, place.v, cg->i64, ""), cg->u64, AS_KERNEL);
}

struct cg_val memory_remote(struct cg *cg, struct cg_val val)
{
    const struct type *type = val.type;
    LLVMValueRef addr = NULL;

    switch (val.where) {
    case CG_REMOTE:
        return val;
    case CG_PLACE:
        addr = cg_address(cg, val).v;
        break;
    case CG_CTX:
        addr = LLVMBuildAdd(cg->b, cg_address(cg, cg_ctx(cg)).v, llvm_const(cg, val.offset), "");
        break;
    case CG_NONE:
    case CG_VALUE:
        BUG("a value in a register has no address");
    }
    return (struct cg_val){ .where = CG_REMOTE, .v = addr, .type = type, .as = AS_KERNEL };
}

/* ---- loads and stores ---- */

/* What the index is a multiple of: all of it, or what it was multiplied with. */
static uint64_t step_of(LLVMValueRef index)
{
    LLVMValueRef factor = LLVMIsAInstruction(index) && LLVMGetInstructionOpcode(index) == LLVMMul
                              ? LLVMGetOperand(index, 1)
                              : index;

    return LLVMIsAConstantInt(factor) ? LLVMConstIntGetZExtValue(factor) : 1;
}

/*
 * How far a pointer is aligned, as the verifier will see it. Everything that memory comes from is
 * aligned to 8: stack slots, scratch, map values, records.
 */
unsigned memory_align(LLVMValueRef p, unsigned most)
{
    unsigned align = 8;

    while (LLVMIsAGetElementPtrInst(p) ||
           (LLVMIsAConstantExpr(p) && LLVMGetConstOpcode(p) == LLVMGetElementPtr)) {
        LLVMValueRef index = LLVMGetOperand(p, 1);
        uint64_t offset = step_of(index);

        while (offset % align)
            align /= 2;
        p = LLVMGetOperand(p, 0);
    }
    return MIN(align, most);
}

static unsigned size_of(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMPointerTypeKind ? 8 : LLVMGetIntTypeWidth(type) / 8;
}

LLVMValueRef memory_load(struct cg *cg, LLVMTypeRef type, LLVMValueRef p)
{
    LLVMValueRef v = LLVMBuildLoad2(cg->b, type, p, "");

    LLVMSetAlignment(v, memory_align(p, size_of(type)));
    return v;
}

LLVMValueRef memory_store(struct cg *cg, LLVMValueRef v, LLVMValueRef p)
{
    LLVMValueRef store;

    if (LLVMTypeOf(v) == cg->i1)
        v = LLVMBuildZExt(cg->b, v, cg->i8, "");
    store = LLVMBuildStore(cg->b, v, p);
    LLVMSetAlignment(store, memory_align(p, size_of(LLVMTypeOf(v))));
    return store;
}

static void read_kernel(struct cg *cg, LLVMValueRef to, LLVMValueRef from, uint32_t size)
{
    LLVMValueRef args[3] = { to, llvm_const(cg, size), from };

    helper_call(cg, BPF_FUNC_probe_read_kernel, cg->i64, args, 3);
}

void memory_copy(struct cg *cg, LLVMValueRef to, LLVMValueRef from, uint32_t size)
{
    unsigned to_align = memory_align(to, 8), from_align = memory_align(from, 8);

    if (to == from || size == 0)
        return;
    if (size <= INLINE_BYTES)
        LLVMBuildMemCpy(cg->b, to, to_align, from, from_align, llvm_const(cg, size));
    else
        read_kernel(cg, to, from, size);
}

void memory_zero(struct cg *cg, LLVMValueRef to, uint32_t size)
{
    LLVMValueRef zero = LLVMConstInt(cg->i8, 0, false);

    if (size == 0)
        return;
    if (size <= INLINE_BYTES)
        LLVMBuildMemSet(cg->b, to, zero, llvm_const(cg, size), memory_align(to, 8));
    else
        read_kernel(cg, to, cg_zeros(cg, size), size);
}

/* The bytes of a text, then NUL up to size: as immediate values if there are few. */
void memory_bytes(struct cg *cg, LLVMValueRef to, struct str bytes, uint32_t size)
{
    uint32_t n = MIN((uint32_t)bytes.n, size);

    if (n > INLINE_BYTES) {
        memory_copy(cg, to, cg_rodata(cg, bytes.p, n).v, n);
        memory_zero(cg, memory_at(cg, to, n), size - n);
        return;
    }
    for (uint32_t at = 0; at < n;) {
        LLVMValueRef p = memory_at(cg, to, at);
        unsigned width = memory_align(p, 8);
        uint64_t word = 0;

        while (width > size - at)
            width /= 2;
        for (unsigned i = 0; i < width && at + i < n; i++)
            word |= (uint64_t)(unsigned char)bytes.p[at + i]
                    << 8 * (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i : width - 1 - i);
        memory_store(cg, LLVMConstInt(llvm_int(cg, width), word, false), p);
        at += width;
        if (at >= n && at < size)
            memory_zero(cg, memory_at(cg, to, at), size - at);
    }
    if (n == 0)
        memory_zero(cg, to, size);
}

void cg_zero(struct cg *cg, struct cg_val place, uint32_t size)
{
    memory_zero(cg, place.v, size);
}

/* ---- storing values ---- */

static void copy_bytes(struct cg *cg, LLVMValueRef to, struct cg_val from, uint32_t size,
                       struct span at)
{
    struct cg_val remote;

    if (from.where == CG_PLACE) {
        memory_copy(cg, to, from.v, size);
        return;
    }
    remote = memory_remote(cg, from);
    cg_read(cg, memory_place(to, from.type), size, cg_value(remote.v, cg->u64, remote.as),
            remote.as, at);
}

/* The used part of a buffer, the rest zero. */
static bool store_clean_buffer(struct cg *cg, struct cg_val to, const struct type *type,
                               struct cg_val from, struct span at)
{
    struct cg_val size = cg_at(cg, from, 0, cg->u32), data = cg_at(cg, from, 4, NULL);
    uint32_t max = MIN(type->size, from.type->size) - 4;

    memory_zero(cg, to.v, type->size);
    size = cg_load(cg, size);
    cg_read_sized(cg, cg_at(cg, to, 4, NULL), size, max, cg_address(cg, data), AS_KERNEL, at);
    memory_store(cg, size.v, to.v);
    return true;
}

static bool store_bytes(struct cg *cg, struct cg_val to, const struct type *type,
                        struct cg_val from, struct span at)
{
    uint32_t n = MIN(type->size, from.type->size);

    if (type->kind == TYPE_BUFFER && cg->clean && from.where == CG_PLACE && to.v != from.v)
        return store_clean_buffer(cg, to, type, from, at);
    if (from.where != CG_PLACE || to.v != from.v)
        copy_bytes(cg, to.v, from, n, at);
    if (n < type->size && (type->kind != TYPE_BUFFER || cg->clean))
        memory_zero(cg, memory_at(cg, to.v, n), type->size - n);
    return true;
}

/* Does a copy of the bytes carry what should not be seen? */
static bool may_be_dirty(struct cg *cg, const struct type *type)
{
    const struct field *f;
    size_t n;

    if (type->kind == TYPE_STRING)
        return type->size > STRING_CLEAN;
    if (type->kind == TYPE_BUFFER)
        return true;
    if (type->kind != TYPE_TUPLE && type->kind != TYPE_RECORD)
        return false;
    f = type_fields(cg_types(cg), type, &n);
    for (size_t i = 0; i < n; i++) {
        if (may_be_dirty(cg, f[i].type))
            return true;
    }
    return false;
}

bool memory_is_clean(struct cg *cg, const struct type *type)
{
    return !may_be_dirty(cg, type);
}

static bool source_field(struct cg *cg, const struct type *from, const struct field *to, size_t i,
                         struct field *out)
{
    const struct field *f;
    size_t n;

    if (to->name.n)
        return type_find_field(cg_types(cg), from, to->name, out);
    f = type_fields(cg_types(cg), from, &n);
    if (i < n)
        *out = f[i];
    return i < n;
}

static bool store_fields(struct cg *cg, struct cg_val to, const struct type *type,
                         struct cg_val from, struct span at)
{
    const struct field *f;
    uint32_t end = 0;
    size_t n;

    f = type_fields(cg_types(cg), type, &n);
    for (size_t i = 0; i < n; i++) {
        struct field src;

        if (!source_field(cg, from.type, &f[i], i, &src))
            BUG("tuples do not match");
        memory_zero(cg, memory_at(cg, to.v, end), f[i].offset - end);
        if (!cg_store(cg, cg_at(cg, to, f[i].offset, f[i].type), f[i].type,
                      field_at(cg, from, src.offset, src.type), at))
            return false;
        end = f[i].offset + f[i].type->size;
    }
    memory_zero(cg, memory_at(cg, to.v, end), type->size - end);
    return true;
}

/* A register whose bytes are the value: an opaque kind made from a number, an array cast from one.
 */
static bool store_register(struct cg *cg, struct cg_val to, const struct type *type,
                           struct cg_val from)
{
    LLVMValueRef v = llvm_wide(cg, from);

    if (type->size > 8) {
        memory_store(cg, v, to.v);
        memory_zero(cg, memory_at(cg, to.v, 8), type->size - 8);
        return true;
    }
    if (type->size != 1 && type->size != 2 && type->size != 4 && type->size != 8) {
        LLVMValueRef whole = cg_place_bytes(cg, 8).v;

        memory_store(cg, v, whole);
        memory_copy(cg, to.v, whole, type->size);
        return true;
    }
    memory_store(cg, LLVMBuildIntCast2(cg->b, v, llvm_int(cg, type->size), false, ""), to.v);
    return true;
}

bool cg_store(struct cg *cg, struct cg_val place, const struct type *type, struct cg_val val,
              struct span at)
{
    struct cg_val to = memory_place(place.v, type);

    if (val.where == CG_NONE)
        BUG("no value to store");
    if (type_is_scalar(type)) {
        memory_store(cg, cg_convert(cg, val, type).v, to.v);
        return true;
    }
    if (val.where == CG_VALUE)
        return store_register(cg, to, type, val);
    if (type->kind == TYPE_STRING)
        return strings_store(cg, to.v, type, val, at);
    if ((type->kind == TYPE_TUPLE || type->kind == TYPE_RECORD) &&
        !(val.where == CG_PLACE && val.v == to.v && val.type == type)) {
        if (type != val.type || (cg->clean && may_be_dirty(cg, type)))
            return store_fields(cg, to, type, val, at);
    }
    return store_bytes(cg, to, type, val, at);
}

bool cg_in_memory(struct cg *cg, struct cg_val val, struct cg_val *place, struct span at)
{
    if (val.where == CG_PLACE) {
        *place = val;
        return true;
    }
    *place = cg_place(cg, val.type);
    return cg_store(cg, *place, val.type, val, at);
}
