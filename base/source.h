/*
 * source.h - script texts, and places in them
 *
 * A place is a span of byte offsets. All texts of one compilation share one space of offsets: the
 * first source begins at 0, the next one after its end, so that a span alone says where it is from.
 * Lines and columns are computed only when somebody asks for them.
 */
#ifndef HARK_BASE_SOURCE_H
#define HARK_BASE_SOURCE_H

#include "base/str.h"
#include "base/vec.h"

struct span {
    uint32_t begin, end; /* half open */
};

struct source {
    struct str name;     /* "stdin" or a path, as messages show it */
    struct str text;     /* followed by a NUL */
    uint32_t base;       /* offset of text.p[0] */
    VEC(uint32_t) lines; /* where each line begins in the text */
    /* A copy that stands for one expansion of a macro: its name, and where it was expanded. */
    struct str macro;
    struct span expanded_at; /* SPAN_NONE: an ordinary text */
};

struct sources {
    VEC(struct source *) all;
};

/* A span as people read it; lines and columns count from 1, col_end is the first column after. */
struct location {
    struct str file;
    uint32_t line, col, line_end, col_end;
    struct str text;             /* the source line(s), without the last newline */
    struct str macro;            /* it is code of this macro … */
    const struct location *from; /* … which was expanded there; NULL: none */
};

#define SPAN_NONE ((struct span){ UINT32_MAX, UINT32_MAX })

bool span_is_none(struct span);
struct span span_join(struct span first, struct span last); /* from first.begin to last.end */

/* The text is copied into the arena. NULL if all texts together would exceed 4 GB. */
struct source *source_add(struct sources *, struct arena *, struct str name, struct str text);
const struct source *source_of(const struct sources *, struct span); /* NULL for SPAN_NONE */
struct str source_text(const struct sources *, struct span);
/* Index of the line that the offset lies in: source->lines.v[index] is where it begins. */
size_t source_line(const struct source *, size_t offset);
bool source_locate(const struct sources *, struct span, struct location *out);
/* The same with out->from, made in the arena: all the places the code was expanded at. */
bool source_trace(const struct sources *, struct arena *, struct span, struct location *out);

#endif
