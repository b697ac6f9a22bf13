/*
 * arena.c - blocks of memory, each bigger than the one before, freed together
 *
 * Only the newest block is allocated from. What is left over in an older one is lost, which is
 * cheaper than keeping track of it. After a rewind one block stays behind as the spare of the
 * block returned to, so that a loop of "mark, use, rewind" does not call malloc() each time.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_STEP = 1 << 20 };

struct arena_block {
    struct arena_block *older, *spare;
    size_t used, cap;
    alignas(max_align_t) char bytes[];
};

static bool fits(const struct arena_block *block, size_t size)
{
    return block && size <= block->cap - block->used;
}

static struct arena_block *block_new(size_t cap)
{
    struct arena_block *block = xrealloc(NULL, sizeof(*block) + cap);

    *block = (struct arena_block){ .cap = cap };
    return block;
}

static void block_free(struct arena_block *block)
{
    free(block->spare);
    free(block);
}

static struct arena_block *next_block(struct arena_block *last, size_t size)
{
    struct arena_block *block = last ? last->spare : NULL;
    size_t cap = last ? MIN(last->cap * 2, (size_t)LARGEST_STEP) : FIRST_BLOCK;

    if (last)
        last->spare = NULL;
    if (!fits(block, size)) {
        free(block);
        block = block_new(MAX(cap, size));
    }
    block->older = last;
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *p;

    if (size > SIZE_MAX / 4)
        BUG("allocation of %zu bytes", size);
    size = ROUND_UP(size, alignof(max_align_t));
    if (!fits(a->last, size))
        a->last = next_block(a->last, size);
    p = a->last->bytes + a->last->used;
    a->last->used += size;
    return memset(p, 0, size);
}

void *arena_memdup(struct arena *a, const void *from, size_t size)
{
    void *p = arena_alloc(a, size);

    return size ? memcpy(p, from, size) : p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_memdup(a, s, strlen(s) + 1);
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    char text[256]; /* long enough for most, so that formatting is done once */
    va_list again;
    char *p;
    int n;

    va_copy(again, ap);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    if (n < 0) { /* only an invalid wide character or 2 GB of text; neither is ours */
        text[0] = '\0';
        n = 0;
    }
    if ((size_t)n < sizeof(text)) {
        p = arena_memdup(a, text, (size_t)n + 1);
    } else {
        p = arena_alloc(a, (size_t)n + 1);
        vsnprintf(p, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    char *p;

    va_start(ap, fmt);
    p = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return p;
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){ a->last, a->last ? a->last->used : 0 };
}

void arena_rewind(struct arena *a, struct arena_mark to)
{
    struct arena_block *kept = NULL;

    while (a->last != to.block) {
        struct arena_block *older = a->last->older;

        if (kept)
            block_free(kept);
        kept = a->last;
        a->last = older;
    }
    if (kept) {
        free(kept->spare);
        kept->spare = NULL;
        kept->older = NULL;
        kept->used = 0;
    }
    if (!to.block) {
        a->last = kept; /* nothing to hang it on: the arena starts again with it */
        return;
    }
    if (kept) {
        free(to.block->spare);
        to.block->spare = kept;
    }
    to.block->used = to.used;
}

void arena_free(struct arena *a)
{
    while (a->last) {
        struct arena_block *older = a->last->older;

        block_free(a->last);
        a->last = older;
    }
}
