/*
 * map.c - open addressing with linear probing; a power of two slots, at most 3/4 of them used
 *
 * A slot's hash is never 0, so a 0 there means that the slot is free.
 */
#include "base/map.h"

#include <stdlib.h>

static uint64_t hash_of(struct str key)
{
    uint64_t hash = str_hash(key);

    return hash ? hash : 1;
}

/* The slot of key, or the free one where it belongs. There is always a free slot. */
static struct map_slot *find_slot(struct map_slot *slots, size_t cap, struct str key, uint64_t hash)
{
    size_t i = hash & (cap - 1);

    while (slots[i].hash && !(slots[i].hash == hash && str_eq(slots[i].key, key)))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static void grow(struct map *m)
{
    size_t cap = m->cap ? m->cap * 2 : 16;
    struct map_slot *slots = xcalloc(cap, sizeof(*slots));

    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].hash)
            *find_slot(slots, cap, m->slots[i].key, m->slots[i].hash) = m->slots[i];
    }
    free(m->slots);
    m->slots = slots;
    m->cap = cap;
}

void *map_get(const struct map *m, struct str key)
{
    return m->cap ? find_slot(m->slots, m->cap, key, hash_of(key))->value : NULL;
}

void map_set(struct map *m, struct str key, void *value)
{
    uint64_t hash = hash_of(key);
    struct map_slot *slot;

    if ((m->n + 1) * 4 > m->cap * 3)
        grow(m);
    slot = find_slot(m->slots, m->cap, key, hash);
    if (!slot->hash) {
        *slot = (struct map_slot){ .key = key, .hash = hash };
        m->n++;
    }
    slot->value = value;
}

void map_free(struct map *m)
{
    free(m->slots);
    *m = (struct map){ 0 };
}
