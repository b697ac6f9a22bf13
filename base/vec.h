/*
 * vec.h - growing arrays
 *
 *     VEC(int) v = { 0 };
 *     vec_push(&v, 42);
 *     for (size_t i = 0; i < v.n; i++) use(v.v[i]);
 *     vec_free(&v);
 *
 * vec_push() keeps the items on the heap, arena_vec_push() in an arena. Do not mix them on one
 * vector.
 */
#ifndef HARK_BASE_VEC_H
#define HARK_BASE_VEC_H

#include "base/arena.h"

#include <stdlib.h>

#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *v;                                                                                      \
        size_t n, cap;                                                                             \
    }

#define vec_push(vec, ...)                                                                         \
    do {                                                                                           \
        if ((vec)->n == (vec)->cap)                                                                \
            (vec)->v = vec_grow((vec)->v, &(vec)->cap, sizeof(*(vec)->v));                         \
        (vec)->v[(vec)->n++] = (__VA_ARGS__);                                                      \
    } while (0)

#define arena_vec_push(arena, vec, ...)                                                            \
    do {                                                                                           \
        if ((vec)->n == (vec)->cap)                                                                \
            (vec)->v =                                                                             \
                arena_vec_grow((arena), (vec)->v, (vec)->n, &(vec)->cap, sizeof(*(vec)->v));       \
        (vec)->v[(vec)->n++] = (__VA_ARGS__);                                                      \
    } while (0)

#define vec_free(vec) (free((vec)->v), (vec)->v = NULL, (vec)->n = (vec)->cap = 0)

void *vec_grow(void *items, size_t *cap, size_t item_size);
void *arena_vec_grow(struct arena *, void *items, size_t n, size_t *cap, size_t item_size);

#endif
