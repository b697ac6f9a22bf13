/*
 * hash.c - long keys on kernels whose maps take only short ones
 *
 * The BPF map's key is a hash of 128 bits, and a second map (image_map.keys_map) has the key of
 * each hash, for whoever prints the first. Two lanes of 64 bits each mix in one word after the
 * other; a step is a bijection of the lane, so keys that differ in one word only never collide, and
 * others with a probability of 2^-128.
 *
 * An event looks its key up in the second map and adds it if it is not there. Between two CPUs of
 * which one deletes the entry that the other is changing, an entry may be without a key until it is
 * changed again; it is not printed then.
 */
#include "codegen/codegen_impl.h"

#define LANE_START 0xcbf29ce484222325u /* of FNV-1a */
#define LANE_A     0x9e3779b97f4a7c15u /* 2^64 divided by the golden ratio */
#define LANE_B     0xc2b2ae3d27d4eb4fu /* a prime of xxHash */

static int keys_index(const struct image_map *map)
{
    return (int)map->keys_map - 1;
}

struct mixing {
    LLVMValueRef key, lanes[2];
};

/* lane = (lane ^ word) * factor, its upper half into the lower */
static void mix(struct cg *cg, LLVMValueRef lane, LLVMValueRef word, uint64_t factor)
{
    LLVMValueRef v = LLVMBuildXor(cg->b, memory_load(cg, cg->i64, lane), word, "");

    v = LLVMBuildMul(cg->b, v, llvm_const(cg, factor), "");
    v = LLVMBuildXor(cg->b, v, LLVMBuildLShr(cg->b, v, llvm_const(cg, 32), ""), "");
    memory_store(cg, v, lane);
}

static bool mix_word(struct cg *cg, struct cg_val i, void *arg)
{
    struct mixing *m = arg;
    struct cg_val offset = cg_op(cg, OP_MUL, i, cg_u64(cg, sizeof(uint64_t)));
    struct cg_val at =
        cg_at_val(cg, memory_place(m->key, type_none(cg_types(cg))), offset, cg->u64);
    LLVMValueRef word = memory_load(cg, cg->i64, at.v);

    mix(cg, m->lanes[0], word, LANE_A);
    mix(cg, m->lanes[1], word, LANE_B);
    return true;
}

LLVMValueRef hash_key(struct cg *cg, const struct image_map *map, LLVMValueRef key)
{
    LLVMValueRef out = cg_place_bytes(cg, map->key_size).v;
    struct mixing m = { key, { memory_slot(cg, cg->i64), memory_slot(cg, cg->i64) } };

    memory_store(cg, llvm_const(cg, LANE_START), m.lanes[0]);
    memory_store(cg, llvm_const(cg, LANE_START), m.lanes[1]);
    cg_repeat(cg, ROUND_UP(map->key->size, 8) / 8, mix_word, &m);
    memory_store(cg, memory_load(cg, cg->i64, m.lanes[0]), out);
    memory_store(cg, memory_load(cg, cg->i64, m.lanes[1]), memory_at(cg, out, 8));
    return out;
}

void hash_remember(struct cg *cg, const struct image_map *map, LLVMValueRef hash, LLVMValueRef key)
{
    LLVMValueRef args[4] = { cg_map_global(cg, keys_index(map)), hash, key,
                             llvm_const(cg, BPF_ANY) };
    LLVMValueRef p = helper_call(cg, BPF_FUNC_map_lookup_elem, cg->ptr, args, 2), r;
    struct cg_if unknown =
        cg_if_unlikely(cg, LLVMBuildICmp(cg->b, LLVMIntEQ, p, LLVMConstNull(cg->ptr), ""));

    r = helper_call(cg, BPF_FUNC_map_update_elem, cg->i64, args, 4);
    cg_count_failure(cg, SITE_UPDATE, cg->at, "map_update_elem",
                     cg_value(r, cg->i64_type, AS_NONE));
    cg_if_end(cg, &unknown);
}

void hash_forget(struct cg *cg, const struct image_map *map, LLVMValueRef hash)
{
    LLVMValueRef args[2] = { cg_map_global(cg, keys_index(map)), hash };

    helper_call(cg, BPF_FUNC_map_delete_elem, cg->i64, args, 2);
}
