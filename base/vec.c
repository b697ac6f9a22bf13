/*
 * vec.c - how arrays grow: to twice their size, from eight items on
 */
#include "base/vec.h"

#include <string.h>

static size_t grown(size_t cap, size_t item_size)
{
    size_t more = cap ? cap * 2 : 8;

    if (more > SIZE_MAX / 4 / item_size)
        BUG("array of %zu items", more);
    return more;
}

void *vec_grow(void *items, size_t *cap, size_t item_size)
{
    *cap = grown(*cap, item_size);
    return xrealloc(items, *cap * item_size);
}

void *arena_vec_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t item_size)
{
    void *more;

    *cap = grown(*cap, item_size);
    more = arena_alloc(a, *cap * item_size);
    return n ? memcpy(more, items, n * item_size) : more;
}
