/*
 * map.c - maps: keys, reading, writing, deleting
 *
 * sema_plan() decided what BPF map serves a map of the script; this file follows image_map. Scalar
 * maps are arrays with one element and a byte in the control block that says whether anybody has
 * written to it. A key is built in one place on the stack (or scratch), with every byte defined,
 * because the kernel compares them all.
 *
 * A missing key reads as zero. What changes a value in place looks it up once; only a new key costs
 * an insertion. Aggregations are in slot.c.
 */
#include "codegen/codegen_impl.h"

#include "kernel/kernel.h"

#include <errno.h>

const struct image_map *map_of(struct cg *cg, const struct map_sym *sym)
{
    if (!sym || sym->index < 0 || (size_t)sym->index >= cg->in->image->maps.n)
        BUG("a map without a plan");
    return &cg->in->image->maps.v[sym->index];
}

static bool is_scalar_map(const struct image_map *map)
{
    return map->set_index >= 0;
}

static LLVMValueRef set_ptr(struct cg *cg, const struct image_map *map)
{
    return cg_ctl_ptr(cg,
                      (uint32_t)ROUND_UP(sizeof(struct image_ctl), 8) + (uint32_t)map->set_index);
}

/* Tests first: all CPUs write this line, and once is enough. */
void map_mark_set(struct cg *cg, const struct image_map *map)
{
    LLVMValueRef p, is_new;
    struct cg_if first;

    if (!is_scalar_map(map))
        return;
    p = set_ptr(cg, map);
    is_new = LLVMBuildICmp(cg->b, LLVMIntEQ, memory_load(cg, cg->i8, p),
                           LLVMConstInt(cg->i8, 0, false), "");
    first = cg_if_unlikely(cg, is_new);
    memory_store(cg, LLVMConstInt(cg->i8, 1, false), p);
    cg_if_end(cg, &first);
}

/* ---- keys ---- */

/* The key of every scalar map: zero, made once in a function. */
static LLVMValueRef zero_key(struct cg *cg)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cg->b);

    if (!cg->frame->zero_key) {
        cg->frame->zero_key = memory_slot_kept(cg, cg->i32);
        block_enter(cg, cg->frame->setup);
        memory_store(cg, LLVMConstInt(cg->i32, 0, false), cg->frame->zero_key);
        block_enter(cg, here);
    }
    return cg->frame->zero_key;
}

/* A key that stands in memory exactly as the map wants it. */
static bool key_as_found(struct cg *cg, const struct image_map *map, const struct type *type,
                         const struct expr *e, LLVMValueRef *out, bool *found)
{
    struct cg_val v = { 0 };

    *found = false;
    if ((e->kind != EXPR_VAR && e->kind != EXPR_ELEMENT) || type_is_scalar(type) || map->buckets ||
        e->type != type || map->key_size != type->size || !memory_is_clean(cg, type))
        return true;
    if (!cg_expr(cg, e, &v))
        return false;
    if (v.where == CG_PLACE && !v.raw) {
        *out = v.v;
        *found = true;
    }
    return true;
}

static bool build_key(struct cg *cg, const struct image_map *map, const struct type *type,
                      const struct expr *e, LLVMValueRef *out)
{
    bool padded = map->buckets || map->keys_map;
    uint32_t used = padded ? ROUND_UP(type->size, 8) : map->key_size;
    bool clean = cg->clean, ok;

    *out = cg_place_bytes(cg, MAX(used, map->key_size)).v;
    cg->clean = true;
    ok = expr_to(cg, e, *out, type);
    cg->clean = clean;
    if (ok && used > type->size)
        memory_zero(cg, memory_at(cg, *out, type->size), used - type->size);
    return ok;
}

static void use_hash(struct cg *cg, const struct image_map *map, bool add, LLVMValueRef *key)
{
    LLVMValueRef hash = hash_key(cg, map, *key);

    if (add)
        hash_remember(cg, map, hash, *key);
    *key = hash;
}

uint64_t map_bucket_offset(const struct image_map *map)
{
    return map->key_size - sizeof(uint64_t);
}

bool map_key(struct cg *cg, const struct map_sym *sym, const struct expr *key, bool add,
             LLVMValueRef *out)
{
    const struct image_map *map = map_of(cg, sym);
    bool found;

    if (is_scalar_map(map) || !sym->key) {
        *out = map->buckets ? cg_place(cg, cg->u32).v : zero_key(cg);
        return true;
    }
    if (!key) {
        cg_error(cg, cg->at, "%.*s needs a key here", STRF(sym->name));
        return false;
    }
    if (!key_as_found(cg, map, sym->key, key, out, &found))
        return false;
    if (!found && !build_key(cg, map, sym->key, key, out))
        return false;
    if (map->keys_map)
        use_hash(cg, map, add, out);
    return true;
}

/* ---- the three operations of the kernel ---- */

static LLVMValueRef lookup(struct cg *cg, const struct map_sym *sym, LLVMValueRef key)
{
    LLVMValueRef args[2] = { cg_map_global(cg, sym->index), key };

    return helper_call(cg, BPF_FUNC_map_lookup_elem, cg->ptr, args, 2);
}

static LLVMValueRef is_there(struct cg *cg, LLVMValueRef p)
{
    return LLVMBuildICmp(cg->b, LLVMIntNE, p, LLVMConstNull(cg->ptr), "");
}

static struct cg_if if_there(struct cg *cg, LLVMValueRef p)
{
    return cg_if_begin(cg, cg_value(is_there(cg, p), cg->bool_type, AS_NONE));
}

static void update(struct cg *cg, const struct map_sym *sym, LLVMValueRef key, LLVMValueRef value,
                   struct span at)
{
    LLVMValueRef args[4] = { cg_map_global(cg, sym->index), key, value, llvm_const(cg, BPF_ANY) };
    LLVMValueRef r = helper_call(cg, BPF_FUNC_map_update_elem, cg->i64, args, 4);

    cg_count_failure(cg, SITE_UPDATE, at, "map_update_elem", cg_value(r, cg->i64_type, AS_NONE));
}

/* ---- reading ---- */

static bool is_aggregate(const struct type *type)
{
    return type->kind == TYPE_OPAQUE && type->vk && type->vk->aggregate;
}

static void count_missing(struct cg *cg, const struct image_map *map, struct span at)
{
    if (cg->in->config->opt.warnings == WARNINGS_ALL && !is_scalar_map(map))
        cg_count_failure(cg, SITE_LOOKUP, at, "map_lookup_elem",
                         cg_int(cg, cg->i64_type, (uint64_t)-ENOENT));
}

static struct cg_val load_scalar(struct cg *cg, const struct image_map *map, LLVMValueRef p,
                                 const struct type *type, struct span at)
{
    LLVMTypeRef t = llvm_int(cg, type->size);
    LLVMValueRef slot = memory_slot(cg, t);
    struct cg_if there;

    memory_store(cg, LLVMConstInt(t, 0, false), slot);
    there = if_there(cg, p);
    memory_store(cg, memory_load(cg, t, p), slot);
    cg_if_else(cg, &there);
    count_missing(cg, map, at);
    cg_if_end(cg, &there);
    return cg_load(cg, memory_place(slot, type));
}

/* Where nobody offered a place, the value stays in the map; zeros stand in for a missing one. */
static struct cg_val refer(struct cg *cg, const struct image_map *map, LLVMValueRef p,
                           const struct type *type, struct span at)
{
    LLVMValueRef slot = memory_slot(cg, cg->ptr);
    struct cg_if there = if_there(cg, p);

    memory_store(cg, p, slot);
    cg_if_else(cg, &there);
    memory_store(cg, cg_zeros(cg, type->size), slot);
    count_missing(cg, map, at);
    cg_if_end(cg, &there);
    return memory_place(memory_load(cg, cg->ptr, slot), type);
}

static bool copy_into(struct cg *cg, const struct image_map *map, LLVMValueRef p,
                      const struct type *type, struct span at, struct cg_val *out)
{
    struct cg_val to = cg_result_place(cg, out, type);
    struct cg_if there = if_there(cg, p);
    bool only_nul = type->kind == TYPE_STRING && !cg->clean && type->size > STRING_CLEAN;

    if (!cg_store(cg, to, type, memory_place(p, type), at))
        return false;
    cg_if_else(cg, &there);
    memory_zero(cg, to.v, only_nul ? 1 : type->size);
    count_missing(cg, map, at);
    cg_if_end(cg, &there);
    return true;
}

bool map_load(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    const struct map_sym *sym = e->map.sym;
    const struct image_map *map = map_of(cg, sym);
    const struct type *type = sym->value;
    LLVMValueRef key, p;

    if (e->map.whole || !type)
        return cg_error(cg, e->at, "%.*s as a whole has no value", STRF(e->map.name));
    if (is_aggregate(type) && !type->vk->castable)
        return cg_error(cg, e->at, "%.*s cannot be read in a program: print the whole map",
                        STRF(e->map.name));
    if (!map_key(cg, sym, e->map.key, false, &key))
        return false;
    if (is_aggregate(type))
        return slot_read(cg, sym, key, out);
    p = lookup(cg, sym, key);
    if (type_is_scalar(type))
        *out = load_scalar(cg, map, p, type, e->at);
    else if (out->into && out->into_size >= type->size)
        return copy_into(cg, map, p, type, e->at, out);
    else
        *out = refer(cg, map, p, type, e->at);
    out->as = sym->as;
    return true;
}

/* ---- writing ---- */

/* The value in memory as the map keeps it. */
static bool value_place(struct cg *cg, const struct map_sym *sym, const struct expr *value,
                        LLVMValueRef *out)
{
    const struct type *type = sym->value;
    bool clean = cg->clean, ok;
    struct cg_val v = { 0 };

    if (!type_is_scalar(type) && (value->kind == EXPR_VAR || value->kind == EXPR_MAP) &&
        value->type == type && memory_is_clean(cg, type)) {
        if (!cg_expr(cg, value, &v))
            return false;
        if (v.where == CG_PLACE && !v.raw) {
            *out = v.v;
            return true;
        }
    }
    *out = cg_place_bytes(cg, MAX(type->size, map_of(cg, sym)->value_size)).v;
    cg->clean = true;
    ok = v.where != CG_NONE ? cg_store(cg, memory_place(*out, type), type, v, value->at)
                            : expr_to(cg, value, *out, type);
    cg->clean = clean;
    if (ok && map_of(cg, sym)->value_size > type->size)
        memory_zero(cg, memory_at(cg, *out, type->size), map_of(cg, sym)->value_size - type->size);
    return ok;
}

static bool assign_scalar_map(struct cg *cg, const struct expr *m, const struct expr *value)
{
    const struct map_sym *sym = m->map.sym;
    const struct type *type = sym->value;
    struct cg_val v = { 0 };
    LLVMValueRef key, p, from;
    struct cg_if there;

    if (type_is_scalar(type)) {
        if (!expr_scalar(cg, value, type, &v))
            return false;
    } else {
        if (!value_place(cg, sym, value, &from))
            return false;
        v = memory_place(from, type);
    }
    if (!map_key(cg, sym, NULL, true, &key))
        return false;
    p = lookup(cg, sym, key);
    there = if_there(cg, p);
    if (type_is_scalar(type))
        memory_store(cg, v.v, p);
    else
        memory_copy(cg, p, v.v, type->size);
    map_mark_set(cg, map_of(cg, sym));
    cg_if_end(cg, &there);
    return true;
}

static bool assign_aggregate(struct cg *cg, const struct expr *m, const struct expr *value)
{
    const struct map_sym *sym = m->map.sym;
    struct cg_slot slot = { .sym = sym, .map = map_of(cg, sym), .at = m->at };

    if (!map_key(cg, sym, m->map.key, true, &slot.key))
        return false;
    debug_at(cg, value->at);
    return value->call.fn->update(cg, value, &slot);
}

bool map_assign(struct cg *cg, const struct expr *m, const struct expr *value)
{
    const struct map_sym *sym = m->map.sym;
    LLVMValueRef key, from;

    if (value->kind == EXPR_CALL && value->call.fn && value->call.fn->update)
        return assign_aggregate(cg, m, value);
    if (is_aggregate(sym->value))
        return cg_error(cg, value->at, "%.*s can only be changed by its aggregation",
                        STRF(m->map.name));
    if (is_scalar_map(map_of(cg, sym)))
        return assign_scalar_map(cg, m, value);
    if (!map_key(cg, sym, m->map.key, true, &key) || !value_place(cg, sym, value, &from))
        return false;
    debug_at(cg, m->at);
    update(cg, sym, key, from, m->at);
    return true;
}

/* Only += and -= of words whose result nobody wants can be done without losing others' changes. */
static bool is_atomic(enum op op, const struct type *type, const struct cg_val *out)
{
    return !out && (op == OP_ADD || op == OP_SUB) && type->kind == TYPE_INT &&
           (type->size == 4 || type->size == 8);
}

static void add_atomically(struct cg *cg, LLVMValueRef p, enum op op, struct cg_val v,
                           const struct type *type)
{
    LLVMValueRef by = cg_convert(cg, v, type).v;

    if (op == OP_SUB)
        by = LLVMBuildNeg(cg->b, by, "");
    LLVMBuildAtomicRMW(cg->b, LLVMAtomicRMWBinOpAdd, p, by, LLVMAtomicOrderingMonotonic, false);
}

/* What "op=" computes with: 64 bits, like the operator itself. */
bool map_compute(struct cg *cg, enum op op, struct cg_val old, struct cg_val v,
                 const struct type *type, struct cg_val *out)
{
    const struct type *wide =
        type_is_signed(type) || type_is_signed(v.type) ? cg->i64_type : cg->u64;

    return expr_arith(cg, op, old, v, type->kind == TYPE_PTR ? type : wide, out);
}

static bool modify_value(struct cg *cg, const struct map_sym *sym, LLVMValueRef p, enum op op,
                         struct cg_val v, LLVMValueRef old_slot, LLVMValueRef new_slot)
{
    struct cg_val old = cg_load(cg, memory_place(p, sym->value)), now;

    if (!map_compute(cg, op, old, v, sym->value, &now))
        return false;
    now = cg_convert(cg, now, sym->value);
    memory_store(cg, old.v, old_slot);
    memory_store(cg, now.v, new_slot);
    memory_store(cg, now.v, p);
    return true;
}

bool map_modify(struct cg *cg, const struct expr *m, enum op op, struct cg_val v, bool want_old,
                struct cg_val *out)
{
    const struct map_sym *sym = m->map.sym;
    const struct image_map *map = map_of(cg, sym);
    const struct type *type = sym->value;
    LLVMValueRef key, p, old_slot, new_slot;
    struct cg_if there;

    if (!type_is_scalar(type))
        return cg_error(cg, m->at, "the value of %.*s is no number", STRF(m->map.name));
    if (!map_key(cg, sym, m->map.key, true, &key))
        return false;
    debug_at(cg, m->at);
    old_slot = memory_slot(cg, llvm_int(cg, type->size));
    new_slot = cg_place(cg, type).v;
    if (out)
        memory_store(cg, LLVMConstInt(llvm_int(cg, type->size), 0, false), old_slot);
    p = lookup(cg, sym, key);
    there = if_there(cg, p);
    if (is_atomic(op, type, out))
        add_atomically(cg, p, op, v, type);
    else if (!modify_value(cg, sym, p, op, v, old_slot, new_slot))
        return false;
    map_mark_set(cg, map);
    cg_if_else(cg, &there);
    memory_store(cg, LLVMConstInt(llvm_int(cg, type->size), 0, false), new_slot);
    if (!modify_value(cg, sym, new_slot, op, v, old_slot, new_slot))
        return false;
    if (!is_scalar_map(map)) /* an array's element is always there */
        update(cg, sym, key, new_slot, m->at);
    cg_if_end(cg, &there);
    if (out) {
        *out = cg_load(cg, memory_place(want_old ? old_slot : new_slot, type));
        out->as = sym->as;
    }
    return true;
}

/* ---- functions of maps ---- */

static const struct expr *key_of(const struct expr *m, const struct expr *key)
{
    return key ? key : m->map.key;
}

bool cg_map_has(struct cg *cg, const struct expr *m, const struct expr *key, struct cg_val *out)
{
    const struct map_sym *sym = m->map.sym;
    LLVMValueRef k;

    if (map_of(cg, sym)->buckets)
        return cg_error(cg, m->at, "the keys of a histogram cannot be looked up");
    if (!map_key(cg, sym, key_of(m, key), false, &k))
        return false;
    *out = cg_value(is_there(cg, lookup(cg, sym, k)), cg->bool_type, AS_NONE);
    return true;
}

static bool zero_value(struct cg *cg, struct cg_val i, void *arg)
{
    const struct map_sym *sym = arg;
    LLVMValueRef key = cg_place(cg, cg->u32).v, p;
    struct cg_if there;

    memory_store(cg, cg_convert(cg, i, cg->u32).v, key);
    p = lookup(cg, sym, key);
    there = if_there(cg, p);
    memory_zero(cg, p, map_of(cg, sym)->value_size);
    cg_if_end(cg, &there);
    return true;
}

/* A scalar map: forgets that it was set. Per-CPU copies of other CPUs are cleared by the kernel
   side of slot_clear(). */
static bool delete_scalar(struct cg *cg, const struct map_sym *sym, struct cg_val *out)
{
    const struct image_map *map = map_of(cg, sym);
    LLVMValueRef p = set_ptr(cg, map);

    *out = cg_load(cg, memory_place(p, cg->bool_type));
    memory_store(cg, LLVMConstInt(cg->i8, 0, false), p);
    if (map->per_cpu)
        return slot_clear(cg, sym);
    return cg_repeat(cg, MAX(map->buckets, 1u), zero_value, (void *)sym);
}

struct bucket_delete {
    const struct map_sym *sym;
    LLVMValueRef key, found;
    uint32_t offset;
};

static LLVMValueRef delete_elem(struct cg *cg, const struct map_sym *sym, LLVMValueRef key)
{
    LLVMValueRef args[2] = { cg_map_global(cg, sym->index), key };

    return helper_call(cg, BPF_FUNC_map_delete_elem, cg->i64, args, 2);
}

static bool delete_bucket(struct cg *cg, struct cg_val i, void *arg)
{
    struct bucket_delete *d = arg;
    LLVMValueRef r;
    struct cg_if ok;

    memory_store(cg, i.v, memory_at(cg, d->key, d->offset));
    r = delete_elem(cg, d->sym, d->key);
    ok = cg_if_begin(cg, cg_value(LLVMBuildICmp(cg->b, LLVMIntEQ, r, llvm_const(cg, 0), ""),
                                  cg->bool_type, AS_NONE));
    memory_store(cg, llvm_const(cg, 0), d->found);
    cg_if_end(cg, &ok);
    return true;
}

/* The result of the helper, for all buckets of the key together. */
static bool delete_key(struct cg *cg, const struct map_sym *sym, LLVMValueRef key,
                       LLVMValueRef *result)
{
    const struct image_map *map = map_of(cg, sym);
    struct bucket_delete d = { sym, key, NULL, 0 };

    if (map->keys_map)
        hash_forget(cg, map, key);
    if (!map->buckets) {
        *result = delete_elem(cg, sym, key);
        return true;
    }
    d.offset = (uint32_t)map_bucket_offset(map);
    d.found = memory_slot(cg, cg->i64);
    memory_store(cg, LLVMConstInt(cg->i64, (uint64_t)-ENOENT, true), d.found);
    if (!cg_repeat(cg, map->buckets, delete_bucket, &d))
        return false;
    *result = memory_load(cg, cg->i64, d.found);
    return true;
}

/* The verifier follows no loop further than 8192 times. */
enum { DELETE_BUCKETS = 8000 };

bool cg_map_delete(struct cg *cg, const struct expr *m, const struct expr *key, bool report,
                   struct cg_val *out)
{
    const struct map_sym *sym = m->map.sym;
    LLVMValueRef k, r;

    if (map_of(cg, sym)->buckets > DELETE_BUCKETS)
        return cg_error(cg, m->at, "delete(%.*s) would have to remove %u intervals, more than %d",
                        STRF(sym->name), map_of(cg, sym)->buckets, DELETE_BUCKETS);
    if (is_scalar_map(map_of(cg, sym)))
        return delete_scalar(cg, sym, out);
    if (!map_key(cg, sym, key_of(m, key), false, &k) || !delete_key(cg, sym, k, &r))
        return false;
    if (report)
        cg_count_failure(cg, SITE_DELETE, cg->at, "map_delete_elem",
                         cg_value(r, cg->i64_type, AS_NONE));
    r = LLVMBuildICmp(cg->b, LLVMIntEQ, r, llvm_const(cg, 0), "");
    *out = cg_value(r, cg->bool_type, AS_NONE);
    return true;
}

bool cg_map_len(struct cg *cg, const struct expr *m, struct cg_val *out)
{
    bool has_buckets = map_of(cg, m->map.sym)->buckets != 0;

    if (!kernel_has(cg->in->host->kernel, FEATURE_FOR_EACH_MAP))
        return cg_error(cg, m->at, "len(%.*s) needs Linux 5.13 (bpf_for_each_map_elem)",
                        STRF(m->map.name));
    if (has_buckets && !kernel_has(cg->in->host->kernel, FEATURE_LOOP))
        return cg_error(cg, m->at, "len(%.*s) of a histogram needs Linux 5.17 (bpf_loop)",
                        STRF(m->map.name));
    *out = has_buckets ? slot_count_keys(cg, m->map.sym)
                       : cg_value(loop_count(cg, m->map.sym->index), cg->i64_type, AS_NONE);
    return true;
}
