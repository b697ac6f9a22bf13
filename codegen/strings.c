/*
 * strings.c - copying and comparing text and other runs of bytes
 *
 * A string ends at its first NUL. What stands behind it does not matter when it is printed or
 * compared, but it does in a map key, where the kernel compares all bytes. So strings are "clean"
 * (NUL up to their end) where that is cheap, that is up to STRING_CLEAN bytes, and where it is
 * needed (cg->clean: keys, map values). Longer ones, and those marked raw, may carry old bytes and
 * are cleaned when they are copied into a key.
 *
 * Raw are copies of char arrays of the kernel: these may be addresses or other binary data, and a
 * variable must keep all of it.
 */
#include "codegen/codegen_impl.h"

#include <string.h>

#define CHAIN_BYTES 64 /* longer comparisons become loops */

static bool is_dirty(struct cg_val val)
{
    return val.where != CG_PLACE || val.raw || val.type->size > STRING_CLEAN;
}

/* What probe_read_str leaves out: a last byte that is no NUL. */
static void read_last_byte(struct cg *cg, LLVMValueRef to, uint32_t n, struct cg_val from,
                           struct cg_val length, struct span at)
{
    LLVMValueRef full = LLVMBuildICmp(cg->b, LLVMIntEQ, length.v, llvm_const(cg, n), "");
    struct cg_if last = cg_if_unlikely(cg, full);
    LLVMValueRef addr = LLVMBuildAdd(cg->b, from.v, llvm_const(cg, n - 1), "");

    cg_read(cg, memory_place(memory_at(cg, to, n - 1), cg->u8), 1, cg_value(addr, cg->u64, from.as),
            from.as, at);
    cg_if_end(cg, &last);
}

static LLVMValueRef copy_text(struct cg *cg, LLVMValueRef to, uint32_t n, struct cg_val from,
                              struct span at)
{
    struct cg_val addr, length;

    from = memory_remote(cg, from);
    addr = cg_value(from.v, cg->u64, from.as);
    length = cg_read_str(cg, memory_place(to, cg->u8), n, addr, from.as, false, at);
    read_last_byte(cg, to, n, from, length, at);
    return length.v;
}

LLVMValueRef strings_copy(struct cg *cg, LLVMValueRef to, const struct type *type,
                          struct cg_val val, struct span at)
{
    return copy_text(cg, to, MIN(type->size, val.type->size), val, at);
}

/* Ends a string of n bytes in memory for more. */
static void pad(struct cg *cg, LLVMValueRef to, uint32_t n, uint32_t size)
{
    if (n >= size)
        return;
    if (cg->clean || size <= STRING_CLEAN)
        memory_zero(cg, memory_at(cg, to, n), size - n);
    else
        memory_zero(cg, memory_at(cg, to, n), 1);
}

bool strings_store(struct cg *cg, LLVMValueRef to, const struct type *type, struct cg_val val,
                   struct span at)
{
    uint32_t n = MIN(type->size, val.type->size);
    struct cg_val from;

    if (val.where == CG_PLACE && val.v == to) {
        pad(cg, to, n, type->size);
    } else if (!is_dirty(val)) {
        memory_copy(cg, to, val.v, n);
        pad(cg, to, n, type->size);
    } else if (cg->clean) {
        memory_zero(cg, to, type->size);
        copy_text(cg, to, n, val, at);
    } else if (val.where == CG_PLACE && !val.raw) {
        copy_text(cg, to, n, val, at);
    } else {
        from = memory_remote(cg, val);
        cg_read(cg, memory_place(to, type), n, cg_value(from.v, cg->u64, from.as), from.as, at);
        pad(cg, to, n, type->size);
    }
    return true;
}

/* ---- comparison with a literal: the commonest predicate, so no loop and no copy ---- */

static uint64_t word_of(struct str text, uint32_t at, unsigned width)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < width; i++) {
        unsigned shift = 8 * (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i : width - 1 - i);

        if (at + i < text.n)
            word |= (uint64_t)(unsigned char)text.p[at + i] << shift;
    }
    return word;
}

static LLVMValueRef add_difference(struct cg *cg, LLVMValueRef sum, LLVMValueRef x, LLVMValueRef y)
{
    LLVMValueRef diff = LLVMBuildXor(cg->b, x, y, "");

    diff = LLVMBuildZExt(cg->b, diff, cg->i64, "");
    return sum ? LLVMBuildOr(cg->b, sum, diff, "") : diff;
}

static struct cg_val no_difference(struct cg *cg, LLVMValueRef sum)
{
    LLVMValueRef v = LLVMBuildICmp(cg->b, LLVMIntEQ, sum, llvm_const(cg, 0), "");

    return cg_value(v, cg->bool_type, AS_NONE);
}

/* The first n bytes at p against a text followed by NUL. */
static struct cg_val chain_literal(struct cg *cg, LLVMValueRef p, struct str text, uint32_t n)
{
    LLVMValueRef sum = llvm_const(cg, 0);

    for (uint32_t at = 0; at < n;) {
        LLVMValueRef from = memory_at(cg, p, at);
        unsigned width = memory_align(from, 8);
        LLVMTypeRef type;

        while (width > n - at)
            width /= 2;
        type = llvm_int(cg, width);
        sum = add_difference(cg, at ? sum : NULL, memory_load(cg, type, from),
                             LLVMConstInt(type, word_of(text, at, width), false));
        at += width;
    }
    return no_difference(cg, sum);
}

bool equal_literal(struct cg *cg, struct cg_val val, struct str text, struct cg_val *out)
{
    ptrdiff_t nul = str_find(text, '\0');
    struct cg_val place = val;
    uint32_t n;

    if (nul >= 0)
        text.n = (size_t)nul;
    n = (uint32_t)MIN((size_t)val.type->size, text.n + 1);
    if (n > CHAIN_BYTES) {
        char *bytes = arena_alloc(&cg->arena, n);

        memcpy(bytes, text.p, MIN(text.n, (size_t)n));
        return cg_equal(cg, val, cg_rodata(cg, bytes, n), n, true, out);
    }
    if (val.where != CG_PLACE) {
        struct cg_val from = memory_remote(cg, val);

        place = cg_place_bytes(cg, n);
        cg_read(cg, place, n, cg_value(from.v, cg->u64, from.as), from.as, cg->at);
    }
    *out = chain_literal(cg, place.v, text, n);
    return true;
}

/* ---- comparison of values ---- */

static struct cg_val chain_bytes(struct cg *cg, LLVMValueRef a, LLVMValueRef b, uint32_t n)
{
    LLVMValueRef sum = llvm_const(cg, 0);

    for (uint32_t at = 0; at < n;) {
        LLVMValueRef x = memory_at(cg, a, at), y = memory_at(cg, b, at);
        unsigned width = MIN(memory_align(x, 8), memory_align(y, 8));
        LLVMTypeRef type;

        while (width > n - at)
            width /= 2;
        type = llvm_int(cg, width);
        sum =
            add_difference(cg, at ? sum : NULL, memory_load(cg, type, x), memory_load(cg, type, y));
        at += width;
    }
    return no_difference(cg, sum);
}

static LLVMValueRef byte_at(struct cg *cg, LLVMValueRef p, LLVMValueRef i)
{
    LLVMValueRef at = LLVMBuildInBoundsGEP2(cg->b, cg->i8, p, &i, 1, "");

    return memory_load(cg, cg->i8, at);
}

static struct cg_val loop_bytes(struct cg *cg, LLVMValueRef a, LLVMValueRef b, uint32_t n,
                                bool strings)
{
    LLVMBasicBlockRef head = block_new(cg, "compare");
    LLVMBasicBlockRef same = block_new(cg, "same"), next = block_new(cg, "next");
    LLVMBasicBlockRef end = block_new(cg, "end"), differ = block_new(cg, "differ");
    LLVMValueRef index = memory_slot(cg, cg->i64), result = memory_slot(cg, cg->i8);
    LLVMValueRef i, x, zero = LLVMConstInt(cg->i8, 0, false);

    memory_store(cg, llvm_const(cg, 0), index);
    memory_store(cg, LLVMConstInt(cg->i8, 1, false), result);
    block_jump(cg, head);
    block_enter(cg, head);
    i = memory_load(cg, cg->i64, index);
    x = byte_at(cg, a, i);
    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntEQ, x, byte_at(cg, b, i), ""), same, differ);
    block_enter(cg, differ);
    memory_store(cg, zero, result);
    block_jump(cg, end);
    block_enter(cg, same);
    if (strings)
        block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntEQ, x, zero, ""), end, next);
    else
        block_jump(cg, next);
    block_enter(cg, next);
    i = LLVMBuildAdd(cg->b, i, llvm_const(cg, 1), "");
    memory_store(cg, i, index);
    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntULT, i, llvm_const(cg, n), ""), head, end);
    block_enter(cg, end);
    return cg_load(cg, memory_place(result, cg->bool_type));
}

bool cg_equal(struct cg *cg, struct cg_val a, struct cg_val b, uint32_t n, bool strings,
              struct cg_val *out)
{
    if (!cg_in_memory(cg, a, &a, cg->at) || !cg_in_memory(cg, b, &b, cg->at))
        return false;
    if (!strings && n <= CHAIN_BYTES)
        *out = chain_bytes(cg, a.v, b.v, n);
    else if (!n)
        *out = cg_int(cg, cg->bool_type, 1);
    else
        *out = loop_bytes(cg, a.v, b.v, n, strings);
    return true;
}

static bool equal_scalars(struct cg *cg, struct cg_val a, struct cg_val b,
                          const struct type *common, struct cg_val *out)
{
    bool lossy;

    if (!common)
        common = type_promote(cg_types(cg), a.type, b.type, &lossy);
    if (!common)
        common = cg->u64;
    *out = cg_op(cg, OP_EQ, cg_convert(cg, a, common), cg_convert(cg, b, common));
    return true;
}

static bool equal_fields(struct cg *cg, struct cg_val a, struct cg_val b, struct cg_val *out)
{
    struct cg_val all = cg_int(cg, cg->bool_type, 1), one;
    const struct field *f, *g;
    size_t n, m;

    f = type_fields(cg_types(cg), a.type, &n);
    g = type_fields(cg_types(cg), b.type, &m);
    for (size_t i = 0; i < n; i++) {
        struct field other = { 0 };

        if (f[i].name.n ? !type_find_field(cg_types(cg), b.type, f[i].name, &other) : i >= m)
            BUG("tuples do not match");
        if (!f[i].name.n)
            other = g[i];
        if (!equal_values(cg, field_at(cg, a, f[i].offset, f[i].type),
                          field_at(cg, b, other.offset, other.type), NULL, &one))
            return false;
        all.v = LLVMBuildAnd(cg->b, all.v, llvm_bool(cg, one), "");
    }
    *out = all;
    return true;
}

/* A copy without old bytes behind the used part. */
static bool clean_copy(struct cg *cg, struct cg_val *val)
{
    struct cg_val copy = cg_place(cg, val->type);
    bool clean = cg->clean, ok;

    cg->clean = true;
    ok = cg_store(cg, copy, val->type, *val, cg->at);
    cg->clean = clean;
    *val = copy;
    return ok;
}

bool equal_values(struct cg *cg, struct cg_val a, struct cg_val b, const struct type *common,
                  struct cg_val *out)
{
    uint32_t n = MIN(a.type->size, b.type->size);

    if (type_is_scalar(a.type) && type_is_scalar(b.type))
        return equal_scalars(cg, a, b, common, out);
    if (a.type->kind == TYPE_TUPLE || a.type->kind == TYPE_RECORD)
        return equal_fields(cg, a, b, out);
    if (a.type->kind == TYPE_BUFFER && (!clean_copy(cg, &a) || !clean_copy(cg, &b)))
        return false;
    return cg_equal(cg, a, b, n, a.type->kind == TYPE_STRING, out);
}
