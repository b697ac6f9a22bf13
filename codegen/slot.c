/*
 * slot.c - aggregations: per-CPU values updated in place, and read back as one number
 *
 * A builtin's update() opens the slot of its key, adds to it, and closes it. All aggregations live
 * in per-CPU maps, so an update needs no atomics; a key is inserted (as zeros) by the first CPU
 * that meets it. Between open and close stands an if: where no room was left, the update is counted
 * as failed and skipped.
 *
 * Reading adds up what all CPUs have. That is a loop in the kernel, so it is a function of its own,
 * made once for each map that is read.
 */
#include "codegen/codegen_impl.h"

#include "kernel/kernel.h"

/* ---- updating ---- */

static LLVMValueRef lookup(struct cg *cg, const struct cg_slot *slot)
{
    LLVMValueRef args[2] = { cg_map_global(cg, slot->sym->index), slot->key };

    return helper_call(cg, BPF_FUNC_map_lookup_elem, cg->ptr, args, 2);
}

/* A key nobody has used yet. Another CPU may be faster: that is no failure. */
static LLVMValueRef insert(struct cg *cg, const struct cg_slot *slot)
{
    LLVMValueRef args[4] = { cg_map_global(cg, slot->sym->index), slot->key,
                             cg_zeros(cg, slot->map->value_size), llvm_const(cg, BPF_NOEXIST) };
    LLVMValueRef r = helper_call(cg, BPF_FUNC_map_update_elem, cg->i64, args, 4);
    LLVMValueRef p = lookup(cg, slot), missing;
    struct cg_if failed;

    missing = LLVMBuildICmp(cg->b, LLVMIntEQ, p, LLVMConstNull(cg->ptr), "");
    failed = cg_if_unlikely(cg, missing);
    cg_count_failure(cg, SITE_UPDATE, slot->at, "map_update_elem",
                     cg_value(r, cg->i64_type, AS_NONE));
    cg_if_end(cg, &failed);
    return p;
}

static LLVMValueRef lookup_or_insert(struct cg *cg, const struct cg_slot *slot)
{
    LLVMValueRef found = memory_slot(cg, cg->ptr), p = lookup(cg, slot), missing;
    struct cg_if is_new;

    if (slot->map->set_index >= 0) /* an array: always there */
        return p;
    memory_store(cg, p, found);
    missing = LLVMBuildICmp(cg->b, LLVMIntEQ, p, LLVMConstNull(cg->ptr), "");
    is_new = cg_if_unlikely(cg, missing);
    memory_store(cg, insert(cg, slot), found);
    cg_if_end(cg, &is_new);
    return memory_load(cg, cg->ptr, found);
}

static void set_bucket(struct cg *cg, struct cg_slot *slot, struct cg_val bucket)
{
    if (!slot->sym->key) {
        memory_store(cg, cg_convert(cg, bucket, cg->u32).v, slot->key);
        return;
    }
    memory_store(cg, cg_convert(cg, bucket, cg->u64).v,
                 memory_at(cg, slot->key, map_bucket_offset(slot->map)));
}

bool cg_slot_open(struct cg *cg, struct cg_slot *slot, const struct cg_val *bucket)
{
    LLVMBasicBlockRef found = block_new(cg, "slot");

    slot->end = block_new(cg, "end");
    if (!bucket != !slot->map->buckets)
        BUG("buckets and map do not fit");
    if (bucket)
        set_bucket(cg, slot, *bucket);
    slot->value = lookup_or_insert(cg, slot);
    block_branch(cg, LLVMBuildICmp(cg->b, LLVMIntNE, slot->value, LLVMConstNull(cg->ptr), ""),
                 found, slot->end);
    block_enter(cg, found);
    return true;
}

struct cg_val cg_slot_load(struct cg *cg, struct cg_slot *slot, uint32_t offset,
                           const struct type *type)
{
    return cg_load(cg, memory_place(memory_at(cg, slot->value, offset), type));
}

void cg_slot_store(struct cg *cg, struct cg_slot *slot, uint32_t offset, struct cg_val val)
{
    memory_store(cg, cg_load(cg, val).v, memory_at(cg, slot->value, offset));
}

void cg_slot_add(struct cg *cg, struct cg_slot *slot, uint32_t offset, struct cg_val val)
{
    struct cg_val old;

    val = cg_load(cg, val);
    old = cg_slot_load(cg, slot, offset, val.type);
    cg_slot_store(cg, slot, offset, cg_op(cg, OP_ADD, old, val));
}

void cg_slot_close(struct cg *cg, struct cg_slot *slot)
{
    map_mark_set(cg, slot->map);
    block_jump(cg, slot->end);
    block_enter(cg, slot->end);
}

/* ---- a function for each CPU ---- */

/* What the loop over CPUs works on: 8-byte cells on the stack of the function around it. */
enum cell { CELL_KEY, CELL_FIRST, CELL_SECOND, CELLS };

static LLVMValueRef cell(struct cg *cg, LLVMValueRef cells, enum cell i)
{
    return memory_at(cg, cells, 8ull * i);
}

static LLVMValueRef load_cell(struct cg *cg, LLVMValueRef cells, enum cell i)
{
    return memory_load(cg, cg->i64, cell(cg, cells, i));
}

struct outlined {
    struct cg_frame frame;
    struct cg_space space;
    struct cg_position back;
    LLVMValueRef fn;
};

static void outlined_open(struct cg *cg, struct outlined *o, const char *name,
                          const char *const *params, unsigned n)
{
    LLVMTypeRef types[4];

    o->back = position_save(cg);
    o->space = (struct cg_space){ 0 };
    for (unsigned i = 0; i < n; i++)
        types[i] = params[i][0] == '*' ? cg->ptr : cg->i64;
    o->fn = function_new(cg, name, LLVMFunctionType(cg->i64, types, n, false), true);
    frame_open(cg, &o->frame, FRAME_FUNCTION, o->fn);
    o->frame.space = &o->space;
    o->frame.depth = 2;
    o->frame.scope = debug_function(cg, o->fn, str_from(name), o->back.at, params, n, true);
    debug_at(cg, o->back.at);
}

static LLVMValueRef outlined_close(struct cg *cg, struct outlined *o)
{
    LLVMBuildRet(cg->b, llvm_const(cg, 0));
    frame_close(cg, &o->frame);
    position_restore(cg, o->back);
    return o->fn;
}

static struct cg_if this_cpu(struct cg *cg, const struct map_sym *sym, LLVMValueRef cpu,
                             LLVMValueRef key, LLVMValueRef *p)
{
    LLVMValueRef args[3] = { cg_map_global(cg, sym->index), key, cpu };
    LLVMValueRef there;

    *p = helper_call(cg, BPF_FUNC_map_lookup_percpu_elem, cg->ptr, args, 3);
    there = LLVMBuildICmp(cg->b, LLVMIntNE, *p, LLVMConstNull(cg->ptr), "");
    return cg_if_begin(cg, cg_value(there, cg->bool_type, AS_NONE));
}

static void loop_cpus(struct cg *cg, LLVMValueRef body, LLVMValueRef cells)
{
    LLVMValueRef args[4] = { NULL, body, cells, llvm_const(cg, 0) };

    args[0] = llvm_wide(cg, cg_ctl(cg, offsetof(struct image_ctl, n_cpus), cg->u32));
    helper_call(cg, BPF_FUNC_loop, cg->i64, args, 4);
}

static bool can_read(struct cg *cg)
{
    struct kernel *kernel = cg->in->host->kernel;

    return kernel_has(kernel, FEATURE_LOOKUP_PERCPU) && kernel_has(kernel, FEATURE_LOOP);
}

/* ---- reading ---- */

enum reduce { REDUCE_SUM, REDUCE_MIN, REDUCE_MAX, REDUCE_AVG };

static enum reduce reduce_of(const struct type *type)
{
    struct str name = str_from(type->vk->name);

    if (name.n && name.p[0] == 'u')
        name = str_sub(name, 1, name.n);
    if (str_starts(name, STR("min")))
        return REDUCE_MIN;
    if (str_starts(name, STR("max")))
        return REDUCE_MAX;
    if (str_starts(name, STR("avg")))
        return REDUCE_AVG;
    if (str_starts(name, STR("count")) || str_starts(name, STR("sum")))
        return REDUCE_SUM;
    BUG("%s is not read as a number", type->vk->name);
}

static const struct type *number_type(struct cg *cg, const struct type *aggregate)
{
    return aggregate->param[0] ? cg->i64_type : cg->u64;
}

static void add_to_cell(struct cg *cg, LLVMValueRef cells, enum cell i, LLVMValueRef from)
{
    LLVMValueRef sum =
        LLVMBuildAdd(cg->b, load_cell(cg, cells, i), memory_load(cg, cg->i64, from), "");

    memory_store(cg, sum, cell(cg, cells, i));
}

/* CELL_FIRST: the best value, CELL_SECOND: is there one? p has the same two words. */
static void keep_best(struct cg *cg, const struct type *type, LLVMValueRef cells, LLVMValueRef p)
{
    const struct type *t = number_type(cg, type);
    struct cg_val ours = cg_load(cg, memory_place(cell(cg, cells, CELL_FIRST), t));
    struct cg_val theirs = cg_load(cg, memory_place(p, t));
    struct cg_val set = cg_load(cg, memory_place(memory_at(cg, p, 8), cg->u64));
    struct cg_val better = cg_op(cg, reduce_of(type) == REDUCE_MIN ? OP_LT : OP_GT, theirs, ours);
    LLVMValueRef none =
        LLVMBuildICmp(cg->b, LLVMIntEQ, load_cell(cg, cells, CELL_SECOND), llvm_const(cg, 0), "");
    struct cg_if take = cg_if_begin(cg, set);
    struct cg_if best;

    better.v = LLVMBuildOr(cg->b, better.v, none, "");
    best = cg_if_begin(cg, better);
    memory_store(cg, theirs.v, cell(cg, cells, CELL_FIRST));
    memory_store(cg, llvm_const(cg, 1), cell(cg, cells, CELL_SECOND));
    cg_if_end(cg, &best);
    cg_if_end(cg, &take);
}

static LLVMValueRef make_cpu_body(struct cg *cg, const struct map_sym *sym)
{
    static const char *const params[] = { "cpu", "*cells" };
    enum reduce reduce = reduce_of(sym->value);
    LLVMValueRef cells, key, p;
    struct cg_if there;
    struct outlined o;

    outlined_open(cg, &o, arena_printf(&cg->arena, "hark_add_cpu_%d", sym->index), params, 2);
    cells = LLVMGetParam(o.fn, 1);
    key = memory_load(cg, cg->ptr, cell(cg, cells, CELL_KEY));
    there = this_cpu(cg, sym, LLVMGetParam(o.fn, 0), key, &p);
    if (reduce == REDUCE_MIN || reduce == REDUCE_MAX) {
        keep_best(cg, sym->value, cells, p);
    } else {
        add_to_cell(cg, cells, CELL_FIRST, p);
        if (reduce == REDUCE_AVG)
            add_to_cell(cg, cells, CELL_SECOND, memory_at(cg, p, 8));
    }
    cg_if_end(cg, &there);
    return outlined_close(cg, &o);
}

/* total / count, 0 without any. */
static LLVMValueRef average(struct cg *cg, const struct type *type, LLVMValueRef cells)
{
    struct cg_val total =
        cg_value(load_cell(cg, cells, CELL_FIRST), number_type(cg, type), AS_NONE);
    LLVMValueRef count = load_cell(cg, cells, CELL_SECOND), result = memory_slot(cg, cg->i64);
    struct cg_if some;

    memory_store(cg, llvm_const(cg, 0), result);
    some = cg_if_begin(cg, cg_value(count, cg->u64, AS_NONE));
    memory_store(cg, convert_divide(cg, total, count).v, result);
    cg_if_end(cg, &some);
    return memory_load(cg, cg->i64, result);
}

static LLVMValueRef make_reader(struct cg *cg, const struct map_sym *sym)
{
    static const char *const params[] = { "*key" };
    LLVMValueRef body = make_cpu_body(cg, sym), cells, result;
    struct outlined o;

    outlined_open(cg, &o, arena_printf(&cg->arena, "hark_read_map_%d", sym->index), params, 1);
    cells = memory_slot_kept(cg, LLVMArrayType2(cg->i64, CELLS));
    memory_store(cg, LLVMGetParam(o.fn, 0), cell(cg, cells, CELL_KEY));
    memory_store(cg, llvm_const(cg, 0), cell(cg, cells, CELL_FIRST));
    memory_store(cg, llvm_const(cg, 0), cell(cg, cells, CELL_SECOND));
    loop_cpus(cg, body, cells);
    result = reduce_of(sym->value) == REDUCE_AVG ? average(cg, sym->value, cells)
                                                 : load_cell(cg, cells, CELL_FIRST);
    LLVMBuildRet(cg->b, result);
    block_dead(cg);
    return outlined_close(cg, &o);
}

bool slot_read(struct cg *cg, const struct map_sym *sym, LLVMValueRef key, struct cg_val *out)
{
    LLVMTypeRef type = LLVMFunctionType(cg->i64, &cg->ptr, 1, false);
    struct cg_bpf_map *map;
    LLVMValueRef reader;

    if (!can_read(cg))
        return cg_error(cg, cg->at,
                        "reading %.*s in a program needs Linux 5.19 "
                        "(bpf_map_lookup_percpu_elem)",
                        STRF(sym->name));
    cg_map_global(cg, sym->index);
    map = &cg->maps.v[sym->index];
    if (!map->reader) {
        reader = make_reader(cg, sym);
        cg->maps.v[sym->index].reader = reader;
    }
    reader = cg->maps.v[sym->index].reader;
    *out = cg_value(LLVMBuildCall2(cg->b, type, reader, &key, 1, ""), number_type(cg, sym->value),
                    AS_NONE);
    return true;
}

/* ---- clearing a scalar map ---- */

struct clear {
    const struct map_sym *sym;
    LLVMValueRef cpu; /* NULL: this one only */
};

static bool clear_bucket(struct cg *cg, struct cg_val i, void *arg)
{
    struct clear *c = arg;
    struct cg_slot slot = { .sym = c->sym, .map = map_of(cg, c->sym) };
    LLVMValueRef p;
    struct cg_if there;

    slot.key = cg_place(cg, cg->u32).v;
    memory_store(cg, cg_convert(cg, i, cg->u32).v, slot.key);
    if (c->cpu) {
        there = this_cpu(cg, c->sym, c->cpu, slot.key, &p);
    } else {
        p = lookup(cg, &slot);
        there =
            cg_if_begin(cg, cg_value(LLVMBuildPtrToInt(cg->b, p, cg->i64, ""), cg->u64, AS_NONE));
    }
    memory_zero(cg, p, slot.map->value_size);
    cg_if_end(cg, &there);
    return true;
}

bool slot_clear(struct cg *cg, const struct map_sym *sym)
{
    static const char *const params[] = { "cpu", "*cells" };
    uint32_t n = MAX(map_of(cg, sym)->buckets, 1u);
    struct clear c = { .sym = sym };
    struct outlined o;

    if (!can_read(cg)) /* older kernels reach this CPU's copy only */
        return cg_repeat(cg, n, clear_bucket, &c);
    outlined_open(cg, &o, arena_printf(&cg->arena, "hark_clear_%u", cg->n_loops++), params, 2);
    c.cpu = LLVMGetParam(o.fn, 0);
    if (!cg_repeat(cg, n, clear_bucket, &c))
        return false;
    outlined_close(cg, &o);
    loop_cpus(cg, o.fn, memory_slot_kept(cg, cg->i64));
    return true;
}

/* ---- counting keys ---- */

/* For each bucket below the one at hand: if the key has it, CELL_SECOND becomes 0. */
static LLVMValueRef make_below_body(struct cg *cg, const struct map_sym *sym)
{
    static const char *const params[] = { "bucket", "*cells" };
    struct cg_slot slot = { .sym = sym, .map = map_of(cg, sym) };
    LLVMValueRef cells, p;
    struct cg_if there;
    struct outlined o;

    outlined_open(cg, &o, arena_printf(&cg->arena, "hark_below_%u", cg->n_loops++), params, 2);
    cells = LLVMGetParam(o.fn, 1);
    slot.key = memory_load(cg, cg->ptr, cell(cg, cells, CELL_KEY));
    memory_store(cg, LLVMGetParam(o.fn, 0), memory_at(cg, slot.key, map_bucket_offset(slot.map)));
    p = lookup(cg, &slot);
    there = cg_if_begin(cg, cg_value(LLVMBuildPtrToInt(cg->b, p, cg->i64, ""), cg->u64, AS_NONE));
    memory_store(cg, llvm_const(cg, 0), cell(cg, cells, CELL_SECOND));
    cg_if_end(cg, &there);
    return outlined_close(cg, &o);
}

/* For each element: counts those of the lowest bucket that their key has. */
static LLVMValueRef make_key_body(struct cg *cg, const struct map_sym *sym)
{
    static const char *const params[] = { "*map", "*key", "*value", "*cells" };
    uint32_t offset = (uint32_t)map_bucket_offset(map_of(cg, sym));
    LLVMValueRef below = make_below_body(cg, sym), key, args[4], cells, sum;
    struct outlined o;

    outlined_open(cg, &o, arena_printf(&cg->arena, "hark_count_keys_%u", cg->n_loops++), params, 4);
    key = LLVMGetParam(o.fn, 1);
    cells = LLVMGetParam(o.fn, 3);
    memory_copy(cg, memory_load(cg, cg->ptr, cell(cg, cells, CELL_KEY)), key, offset);
    memory_store(cg, llvm_const(cg, 1), cell(cg, cells, CELL_SECOND));
    args[0] = memory_load(cg, cg->i64, memory_at(cg, key, offset));
    args[1] = below;
    args[2] = cells;
    args[3] = llvm_const(cg, 0);
    helper_call(cg, BPF_FUNC_loop, cg->i64, args, 4);
    sum = LLVMBuildAdd(cg->b, load_cell(cg, cells, CELL_FIRST), load_cell(cg, cells, CELL_SECOND),
                       "");
    memory_store(cg, sum, cell(cg, cells, CELL_FIRST));
    return outlined_close(cg, &o);
}

struct cg_val slot_count_keys(struct cg *cg, const struct map_sym *sym)
{
    LLVMValueRef args[4] = { cg_map_global(cg, sym->index), make_key_body(cg, sym), NULL,
                             llvm_const(cg, 0) };
    LLVMValueRef cells = memory_slot(cg, LLVMArrayType2(cg->i64, CELLS));

    memory_store(cg, cg_place_bytes(cg, map_of(cg, sym)->key_size).v, cell(cg, cells, CELL_KEY));
    memory_store(cg, llvm_const(cg, 0), cell(cg, cells, CELL_FIRST));
    args[2] = cells;
    helper_call(cg, BPF_FUNC_for_each_map_elem, cg->i64, args, 4);
    return cg_value(load_cell(cg, cells, CELL_FIRST), cg->i64_type, AS_NONE);
}
