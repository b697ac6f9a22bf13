/*
 * arena.h - memory that is freed all at once
 *
 *     struct arena a = { 0 };
 *     char *copy = arena_strdup(&a, "hello");
 *     arena_free(&a);
 */
#ifndef HARK_BASE_ARENA_H
#define HARK_BASE_ARENA_H

#include "base/util.h"

#include <stdarg.h>

struct arena_block;

struct arena {
    struct arena_block *last;
};

/* A place in an arena's life, to return to: see arena_rewind(). */
struct arena_mark {
    struct arena_block *block;
    size_t used;
};

/* size bytes, zeroed, aligned for any type. The arena owns them. Never NULL: no memory is fatal. */
void *arena_alloc(struct arena *, size_t size);
void *arena_memdup(struct arena *, const void *, size_t size);
char *arena_strdup(struct arena *, const char *);
char *arena_printf(struct arena *, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *, const char *fmt, va_list) PRINTF_LIKE(2, 0);

/* Everything allocated after the mark is given back; one block is kept for reuse. */
struct arena_mark arena_mark(const struct arena *);
void arena_rewind(struct arena *, struct arena_mark);
void arena_free(struct arena *);

#define ARENA_NEW(a, T)      ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_alloc((a), sizeof(T) * (n)))

#endif
