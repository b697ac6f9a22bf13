/*
 * map_read.c - reading BPF maps, many entries a system call
 *
 * A batch is a number of whole hash buckets; the kernel remembers the next one in a cookie that we
 * hand back. Where a kernel or a map type has no batches, keys are walked one by one.
 */
#include "runtime/map_read.h"

#include "base/util.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_BYTES = 1 << 20, /* what a batch may take */
    BATCH_MIN = 64,
    BATCH_MAX = 4096,
};

struct reading {
    int fd;
    uint32_t key_size, max_entries;
    uint64_t stride;
    uint32_t room; /* entries that fit keys and values */
    char *keys, *values;
    char *cookie, *next_cookie;
    map_entry_fn fn;
    void *arg;
};

static bool is_per_cpu(enum bpf_map_type type)
{
    return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
           type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

uint64_t map_read_stride(const struct bpf_map *map, uint32_t n_cpus)
{
    uint64_t size = bpf_map__value_size(map);

    return is_per_cpu(bpf_map__type(map)) ? ROUND_UP(size, 8) * n_cpus : size;
}

static void make_room(struct reading *r, uint32_t entries)
{
    r->room = entries;
    r->keys = xrealloc(r->keys, (size_t)entries * r->key_size);
    r->values = xrealloc(r->values, (size_t)(entries * r->stride));
}

static int call(struct reading *r, uint32_t n)
{
    int rc = 0;

    for (uint32_t i = 0; i < n && !rc; i++)
        rc = r->fn(r->arg, r->keys + (size_t)i * r->key_size, r->values + i * r->stride);
    return rc;
}

/* The next batch. -ENOENT: it was the last; *n is right in both cases. */
static int read_batch(struct reading *r, bool remove, bool first, uint32_t *n)
{
    const char *from = first ? NULL : r->cookie;
    int rc;

    for (;;) {
        *n = r->room;
        rc = remove ? bpf_map_lookup_and_delete_batch(r->fd, (void *)from, r->next_cookie, r->keys,
                                                      r->values, n, NULL)
                    : bpf_map_lookup_batch(r->fd, (void *)from, r->next_cookie, r->keys, r->values,
                                           n, NULL);
        if (rc != -ENOSPC || r->room > r->max_entries)
            return rc;
        make_room(r, r->room * 2); /* one bucket has more entries than there was room */
    }
}

/* *any: something was read, it is too late to start in another way. */
static int read_batches(struct reading *r, bool remove, bool *any)
{
    for (;;) {
        char *swap = r->cookie;
        uint32_t n;
        int rc = read_batch(r, remove, !*any, &n), stop;

        if (rc && rc != -ENOENT)
            return rc;
        *any = true;
        stop = call(r, n);
        if (stop || rc)
            return stop;
        r->cookie = r->next_cookie;
        r->next_cookie = swap;
    }
}

/* The walk ends for sure, even if programs keep deleting the key it stands at. */
static int read_one_by_one(struct reading *r, bool remove)
{
    char *key = r->cookie, *next = r->next_cookie;
    int rc = bpf_map_get_next_key(r->fd, NULL, next);

    for (uint32_t i = 0; i < r->max_entries && !rc; i++) {
        memcpy(key, next, r->key_size);
        rc = bpf_map_get_next_key(r->fd, key, next);
        memcpy(r->keys, key, r->key_size);
        if (bpf_map_lookup_elem(r->fd, r->keys, r->values) == 0) {
            int stop = call(r, 1);

            if (stop)
                return stop;
        }
        if (remove)
            bpf_map_delete_elem(r->fd, key);
    }
    return rc == -ENOENT ? 0 : rc;
}

int map_read_all(const struct bpf_map *map, uint32_t n_cpus, bool remove, map_entry_fn fn,
                 void *arg)
{
    struct reading r = { .fd = bpf_map__fd(map),
                         .key_size = bpf_map__key_size(map),
                         .max_entries = bpf_map__max_entries(map),
                         .stride = map_read_stride(map, n_cpus),
                         .fn = fn,
                         .arg = arg };
    uint64_t fitting = BATCH_BYTES / (r.key_size + r.stride);
    bool any = false;
    int rc;

    make_room(&r, (uint32_t)MIN(MAX(fitting, (uint64_t)BATCH_MIN), (uint64_t)BATCH_MAX));
    r.cookie = xcalloc(1, r.key_size + sizeof(uint64_t));
    r.next_cookie = xcalloc(1, r.key_size + sizeof(uint64_t));
    rc = read_batches(&r, remove, &any);
    if (rc && !any)
        rc = read_one_by_one(&r, remove);
    free(r.keys);
    free(r.values);
    free(r.cookie);
    free(r.next_cookie);
    return rc;
}
