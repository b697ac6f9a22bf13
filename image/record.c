/*
 * record.c - packed records: their layout, and taking them apart
 */
#include "image/record.h"

#include <string.h>

bool record_is_large(const struct type *t)
{
    if (t->size <= RECORD_LARGE)
        return false;
    return t->kind == TYPE_STRING || t->kind == TYPE_BUFFER ||
           (t->kind == TYPE_OPAQUE && t->vk->counted);
}

bool record_wants_packing(struct types *types, const struct type *payload)
{
    size_t n;
    const struct field *f = type_fields(types, payload, &n);

    for (size_t i = 0; i < n; i++) {
        if (record_is_large(f[i].type))
            return true;
    }
    return false;
}

uint32_t record_next(const struct type *elem, uint32_t *end)
{
    bool large = record_is_large(elem);
    uint32_t at = ROUND_UP(*end, large ? (uint32_t)sizeof(uint32_t) : type_tuple_align(elem));

    *end = at + (large ? (uint32_t)sizeof(uint32_t) : elem->size);
    return at;
}

uint32_t record_fixed(struct types *types, const struct type *payload)
{
    uint32_t end = 0;
    size_t n;
    const struct field *f = type_fields(types, payload, &n);

    for (size_t i = 0; i < n; i++)
        record_next(f[i].type, &end);
    return ROUND_UP(end, 8);
}

/* A large element: used bytes of it are there. What is behind them would not be looked at, but only
 * a string is sure to say so itself. */
static void unpack_large(const struct type *t, const char *bytes, uint32_t used, char *to)
{
    memcpy(to, bytes, used);
    if (t->kind == TYPE_STRING && used < t->size)
        to[used] = '\0';
    else
        memset(to + used, 0, t->size - used);
}

bool record_unpack(struct types *types, const struct type *payload, const void *record, size_t size,
                   void *to)
{
    const char *fixed = record;
    size_t tail = record_fixed(types, payload), n;
    const struct field *f = type_fields(types, payload, &n);
    uint32_t end = 0, used;

    if (tail > size)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct type *t = f[i].type;
        uint32_t at = record_next(t, &end);

        if (!record_is_large(t)) {
            memcpy((char *)to + f[i].offset, fixed + at, t->size);
            continue;
        }
        memcpy(&used, fixed + at, sizeof(used));
        if (used > t->size || ROUND_UP((size_t)used, 8) > size - tail)
            return false;
        unpack_large(t, fixed + tail, used, (char *)to + f[i].offset);
        tail += ROUND_UP((size_t)used, 8);
    }
    return true;
}
