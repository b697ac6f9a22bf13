/*
 * helper.c - calling the kernel: BPF helpers, reading foreign memory, counting failures
 *
 * A helper is a call of a constant address, its number. What can fail is counted at a site: a
 * counter of its own in the control block, with the last error code, and an entry in the manifest
 * that says where in the script it stands. A failure costs a branch and two instructions, never a
 * record.
 */
#include "codegen/codegen_impl.h"

#include "base/host.h"
#include "kernel/kernel.h"

#include <inttypes.h>
#include <string.h>

#define MAX_ARGS 5

LLVMValueRef helper_call(struct cg *cg, unsigned func, LLVMTypeRef result, LLVMValueRef *args,
                         unsigned n)
{
    LLVMTypeRef types[MAX_ARGS], fn_type;
    LLVMValueRef fn;

    if (n > MAX_ARGS)
        BUG("helper %u with %u arguments", func, n);
    for (unsigned i = 0; i < n; i++)
        types[i] = LLVMTypeOf(args[i]);
    fn_type = LLVMFunctionType(result, types, n, false);
    fn = LLVMConstIntToPtr(llvm_const(cg, func), cg->ptr);
    return LLVMBuildCall2(cg->b, fn_type, fn, args, n, "");
}

static LLVMValueRef helper_arg(struct cg *cg, struct cg_val val)
{
    if (val.where == CG_PLACE)
        return val.v;
    return llvm_wide(cg, cg_load(cg, val));
}

struct cg_val cg_helper(struct cg *cg, unsigned func, const struct cg_val *args, unsigned n,
                        const struct type *result)
{
    LLVMValueRef v[MAX_ARGS];
    struct cg_val out;

    if (n > MAX_ARGS)
        BUG("helper %u with %u arguments", func, n);
    for (unsigned i = 0; i < n; i++)
        v[i] = helper_arg(cg, args[i]);
    out = cg_value(helper_call(cg, func, cg->i64, v, n), cg->u64, AS_NONE);
    if (!result)
        return cg_none(cg);
    return cg_convert(cg, out, result);
}

struct cg_val cg_ctl(struct cg *cg, size_t offset, const struct type *type)
{
    return cg_load(cg, memory_place(cg_ctl_ptr(cg, (uint32_t)offset), type));
}

/* ---- counted trouble ---- */

static struct str site_text(enum site_kind kind)
{
    switch (kind) {
    case SITE_DIV_ZERO:
        return STR("division by zero: the result is 1");
    case SITE_BOUNDS:
        return STR("array index out of bounds: element 0 was used");
    case SITE_DELETE:
        return STR("Can't delete map element because it does not exist.");
    case SITE_UPDATE:
        return STR("map element not stored; if the map is full, raise max_map_keys or declare "
                   "the map with a larger size");
    case SITE_STACK:
        return STR("stack not stored");
    case SITE_LOOKUP:
        return STR("map has no such element: zero was used");
    case SITE_SIGNAL:
        return STR("signals have numbers from 1 to 64: nothing was sent");
    case SITE_RING:
    case SITE_READ:
    case SITE_STRING:
    case SITE_OTHER:
        break;
    }
    return STR("");
}

/* Makes the site; returns the offset of its counter. */
static uint32_t new_site(struct cg *cg, enum site_kind kind, struct span at, const char *helper)
{
    struct image *image = cg->in->image;
    struct image_site site = { .kind = kind, .text = site_text(kind) };
    uint32_t index = (uint32_t)image->sites.n;

    site.helper = str_dup(&image->arena, str_from(helper));
    if (!source_trace(cg->in->sources, &image->arena, at, &site.at))
        site.at = (struct location){ 0 };
    arena_vec_push(&image->arena, &image->sites, site);
    return (uint32_t)(ROUND_UP(sizeof(struct image_ctl), 8) + ROUND_UP((size_t)image->n_sets, 8) +
                      index * sizeof(struct image_site_count));
}

static void count_at(struct cg *cg, uint32_t offset, LLVMValueRef code)
{
    uint32_t count = offset + (uint32_t)offsetof(struct image_site_count, count);

    LLVMBuildAtomicRMW(cg->b, LLVMAtomicRMWBinOpAdd, cg_ctl_ptr(cg, count), llvm_const(cg, 1),
                       LLVMAtomicOrderingMonotonic, false);
    if (code)
        memory_store(cg, code,
                     cg_ctl_ptr(cg, offset + (uint32_t)offsetof(struct image_site_count, code)));
}

void cg_count_failure(struct cg *cg, enum site_kind kind, struct span at, const char *helper,
                      struct cg_val result)
{
    uint32_t offset = new_site(cg, kind, at, helper);
    LLVMValueRef code;
    struct cg_if failed;

    if (result.where == CG_NONE) {
        count_at(cg, offset, NULL);
        return;
    }
    code = llvm_wide(cg, cg_convert(cg, cg_load(cg, result), cg->i64_type));
    /* Inlined by the verifier, some helpers (bpf_loop, before Linux 6.4 those on maps) left 32 bits
     * in the register, their sign not extended. */
    code = LLVMBuildTrunc(cg->b, code, cg->i32, "");
    failed = cg_if_unlikely(
        cg, LLVMBuildICmp(cg->b, LLVMIntSLT, code, LLVMConstInt(cg->i32, 0, false), ""));
    count_at(cg, offset, LLVMBuildSExt(cg->b, code, cg->i64, ""));
    cg_if_end(cg, &failed);
}

/* ---- reading ---- */

struct reader {
    unsigned func;
    const char *name;
};

static struct reader reader_of(enum addr_space as)
{
    switch (as) {
    case AS_KERNEL:
        return (struct reader){ BPF_FUNC_probe_read_kernel, "probe_read_kernel" };
    case AS_USER:
        return (struct reader){ BPF_FUNC_probe_read_user, "probe_read_user" };
    case AS_NONE:
        break;
    }
    return (struct reader){ BPF_FUNC_probe_read, "probe_read" };
}

static struct reader str_reader_of(enum addr_space as)
{
    switch (as) {
    case AS_KERNEL:
        return (struct reader){ BPF_FUNC_probe_read_kernel_str, "probe_read_kernel_str" };
    case AS_USER:
        return (struct reader){ BPF_FUNC_probe_read_user_str, "probe_read_user_str" };
    case AS_NONE:
        break;
    }
    return (struct reader){ BPF_FUNC_probe_read_str, "probe_read_str" };
}

static LLVMValueRef read_with(struct cg *cg, struct reader reader, LLVMValueRef to,
                              LLVMValueRef size, struct cg_val addr)
{
    LLVMValueRef args[3] = { to, size, helper_arg(cg, addr) };

    return helper_call(cg, reader.func, cg->i64, args, 3);
}

void cg_read(struct cg *cg, struct cg_val to, uint32_t size, struct cg_val addr, enum addr_space as,
             struct span at)
{
    struct reader reader = reader_of(as);
    LLVMValueRef r = read_with(cg, reader, to.v, llvm_const(cg, size), addr);

    cg_count_failure(cg, SITE_READ, at, reader.name, cg_value(r, cg->i64_type, AS_NONE));
}

LLVMValueRef helper_opaque(struct cg *cg, LLVMValueRef v)
{
    LLVMTypeRef fn_type = LLVMFunctionType(cg->i64, &cg->i64, 1, false);
    LLVMValueRef fn =
        LLVMGetInlineAsm(fn_type, "", 0, "=r,0", 4, true, false, LLVMInlineAsmDialectATT, false);

    return LLVMBuildCall2(cg->b, fn_type, fn, &v, 1, "");
}

/* Negated, any pointer becomes a number; helper_opaque() keeps LLVM from seeing through it. */
struct cg_val cg_plain(struct cg *cg, struct cg_val val)
{
    if (cg->keep_typed)
        return val;
    val.v = helper_opaque(cg, LLVMBuildNeg(cg->b, val.v, ""));
    val.v = LLVMBuildNeg(cg->b, val.v, "");
    return val;
}

LLVMValueRef helper_bounded(struct cg *cg, LLVMValueRef v, uint64_t max)
{
    LLVMValueRef slot = memory_slot(cg, cg->i64);
    struct cg_if above;

    v = helper_opaque(cg, v);
    memory_store(cg, v, slot);
    above = cg_if_unlikely(cg, LLVMBuildICmp(cg->b, LLVMIntUGT, v, llvm_const(cg, max), ""));
    memory_store(cg, llvm_const(cg, max), slot);
    cg_if_end(cg, &above);
    return memory_load(cg, cg->i64, slot);
}

struct cg_val cg_bounded(struct cg *cg, struct cg_val val, uint64_t max)
{
    return cg_value(helper_bounded(cg, llvm_wide(cg, cg_load(cg, val)), max), cg->u64, AS_NONE);
}

struct cg_val cg_table(struct cg *cg, const void *entries, uint32_t n, const struct type *entry,
                       struct cg_val index)
{
    struct cg_val table = cg_rodata(cg, entries, n * entry->size);
    struct cg_val i = cg_bounded(cg, index, n - 1);

    i = cg_op(cg, OP_MUL, i, cg_u64(cg, entry->size));
    return cg_at_val(cg, table, i, entry);
}

void cg_read_sized(struct cg *cg, struct cg_val to, struct cg_val size, uint32_t max,
                   struct cg_val addr, enum addr_space as, struct span at)
{
    struct reader reader = reader_of(as);
    LLVMValueRef n = helper_bounded(cg, llvm_wide(cg, cg_load(cg, size)), max);
    LLVMValueRef r = read_with(cg, reader, to.v, n, addr);

    cg_count_failure(cg, SITE_READ, at, reader.name, cg_value(r, cg->i64_type, AS_NONE));
}

struct cg_val cg_read_str(struct cg *cg, struct cg_val to, uint32_t size, struct cg_val addr,
                          enum addr_space as, bool zero, struct span at)
{
    struct reader reader = str_reader_of(as);
    uint32_t whole = to.type && to.type->kind == TYPE_STRING ? MAX(size, to.type->size) : size;
    struct cg_val result;

    /* Small strings are always complete: see strings.c. */
    if (zero || cg->clean || whole <= STRING_CLEAN)
        memory_zero(cg, to.v, whole);
    result =
        cg_value(read_with(cg, reader, to.v, llvm_const(cg, size), addr), cg->i64_type, AS_NONE);
    cg_count_failure(cg, SITE_STRING, at, reader.name, result);
    return result;
}
