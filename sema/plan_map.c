/*
 * plan_map.c - what the kernel has to know of each map of the script (LANGUAGE.md 7.3)
 *
 *     value        scalar                          keyed
 *     plain        array of one                    hash
 *     aggregate    per-CPU array of one            per-CPU hash
 *     histogram    per-CPU array of buckets        per-CPU hash, key followed by the bucket's
 * number
 *
 * Where the kernel takes no long keys, a hash map's key is a hash of ours, and a second map knows
 * the keys.
 *
 * Arrays cannot be empty, so a byte of global data (set_index) says whether a scalar map has a
 * value.
 */
#include "sema/sema_impl.h"

#include "kernel/kernel.h"

#include <linux/bpf.h>

/* What every kernel takes, without the bucket number that histograms add. */
#define KEY_MAX 504

static const struct declared {
    const char *name;
    uint32_t bpf_type;
} declared[] = {
    { "hash", BPF_MAP_TYPE_HASH },
    { "lruhash", BPF_MAP_TYPE_LRU_HASH },
    { "percpuhash", BPF_MAP_TYPE_PERCPU_HASH },
    { "percpulruhash", BPF_MAP_TYPE_LRU_PERCPU_HASH },
};

static void plan_scalar(struct compile *c, struct image_map *m)
{
    m->bpf_type = m->per_cpu ? BPF_MAP_TYPE_PERCPU_ARRAY : BPF_MAP_TYPE_ARRAY;
    m->max_entries = m->buckets ? m->buckets : 1;
    m->key_size = sizeof(uint32_t);
    m->set_index = (int)c->image->n_sets++;
}

/* Without privileges nothing is known about the kernel, and nothing will be loaded. */
static bool is_too_long(struct compile *c, const struct type *key)
{
    struct kernel *kernel = c->host->kernel;

    return key->size > KEY_MAX && !kernel_has(kernel, FEATURE_LARGE_KEYS) &&
           kernel_has(kernel, FEATURE_RINGBUF);
}

static void plan_keys(struct compile *c, struct image_map *m)
{
    struct arena *a = &c->image->arena;
    struct str name = str_sub(m->name, 1, m->name.n);
    bool lru = m->bpf_type == BPF_MAP_TYPE_LRU_HASH || m->bpf_type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
    struct image_map keys = {
        .name = str_printf(a, "keys of %.*s", STRF(m->name)),
        .elf_name = str_printf(a, "hark_keys_%.*s", STRF(name)),
        .role = MAP_KEYS,
        .bpf_type = lru ? BPF_MAP_TYPE_LRU_HASH : BPF_MAP_TYPE_HASH,
        .max_entries = m->max_entries,
        .key_size = IMAGE_HASH,
        .value_size = ROUND_UP(m->key->size, 8u),
        .set_index = -1,
    };

    arena_vec_push(a, &c->image->maps, keys);
    m->keys_map = (uint32_t)c->image->maps.n;
}

static void plan_keyed(struct compile *c, struct image_map *m, const struct map_decl *decl)
{
    m->bpf_type = m->per_cpu ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH;
    m->max_entries = (uint32_t)MIN(c->config->max_map_keys, (uint64_t)UINT32_MAX);
    m->set_index = -1;
    for (size_t i = 0; decl && i < ARRAY_LEN(declared); i++) {
        if (!str_eqz(decl->kind, declared[i].name))
            continue;
        m->bpf_type = declared[i].bpf_type;
        m->max_entries = (uint32_t)decl->size;
    }
    if (is_too_long(c, m->key))
        plan_keys(c, m);
    m->key_size = m->keys_map ? IMAGE_HASH : m->key->size;
    if (m->buckets)
        m->key_size = ROUND_UP(m->key_size, 8u) + (uint32_t)sizeof(uint64_t);
}

static void plan_map(struct compile *c, struct map_sym *sym)
{
    struct arena *a = &c->image->arena;
    const struct type *value = sym->value;
    bool aggregate = value->kind == TYPE_OPAQUE && value->vk->aggregate;
    struct image_map m = {
        .name = str_dup(a, sym->name),
        .elf_name = str_printf(a, "AT_%.*s", STRF(str_sub(sym->name, 1, sym->name.n))),
        .role = MAP_USER,
        .key = sym->keyed ? sym->key : NULL,
        .value = value,
        .per_cpu = aggregate,
    };

    if (c->config->opt.follow && str_eqz(sym->name, IMAGE_FOLLOWED))
        m.role = MAP_OTHER;
    if (aggregate && value->vk->buckets)
        m.buckets = value->vk->buckets(value);
    m.value_size = value->size; /* with buckets: of one */
    if (m.key)
        plan_keyed(c, &m, sym->decl);
    else
        plan_scalar(c, &m);
    sym->index = (int)c->image->maps.n;
    arena_vec_push(a, &c->image->maps, m);
}

void plan_maps(struct compile *c)
{
    for (struct map_sym *sym = c->program->maps; sym; sym = sym->next)
        plan_map(c, sym);
}
