/*
 * deps.h - what a compilation looked at: the files whose change makes its result stale
 *
 * kernel/ and symbols/, the doors to the machine, and sema/, which reads headers and imports, note
 * every path they look at, also where there was nothing. What cannot be compared later (a process,
 * a pattern over paths) is refused: such a result is used once and not kept (cli/cache.c).
 */
#ifndef HARK_BASE_DEPS_H
#define HARK_BASE_DEPS_H

#include "base/map.h"
#include "base/str.h"

struct deps {
    struct arena arena;
    struct map seen;
    struct buf list; /* "path\0identity\0", one pair a path */
    bool refused;
};

/* NULL is nobody who listens. */
void deps_note(struct deps *, const char *path);
void deps_refuse(struct deps *);
void deps_free(struct deps *);

/* Is every path of a list as it was noted? */
bool deps_hold(struct str list);

/* Device, inode, size and times of what is at the path as text; "" where nothing is. */
struct str deps_identity(struct arena *, const char *path);

#endif
