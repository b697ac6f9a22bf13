/*
 * map.h - a hash map from text to a pointer
 *
 *     struct map m = { 0 };
 *     map_set(&m, STR("pid"), entry);
 *     entry = map_get(&m, STR("pid"));
 *     map_free(&m);
 *
 * The map keeps key.p, not a copy: keys must live as long as the map.
 */
#ifndef HARK_BASE_MAP_H
#define HARK_BASE_MAP_H

#include "base/str.h"

struct map {
    struct map_slot {
        struct str key;
        void *value;
        uint64_t hash;
    } * slots;
    size_t n, cap;
};

void *map_get(const struct map *, struct str key); /* NULL if absent */
void map_set(struct map *, struct str key, void *value);
void map_free(struct map *); /* the table, not the values */

#endif
