/*
 * reader.h - taking a manifest apart without believing it
 *
 * A reader takes numbers and strings and never passes its end. The first thing that is wrong is
 * remembered and every later read gives zero, so that the code reads straight on and looks at
 * failed once, at the end of each list.
 */
#ifndef HARK_IMAGE_READER_H
#define HARK_IMAGE_READER_H

#include "image/image_impl.h"

/* A type of the table. */
struct reader_type {
    const struct type *type;
    unsigned depth;   /* how deep types are nested in it */
    bool has_members; /* struct, enum */
};

struct reader {
    const char *p, *end;
    struct image *image;
    const struct image_names *names;
    struct err *e;
    bool failed;
    struct str last_line; /* of the location read before */
    VEC(struct reader_type) types;
};

/* What follows reads as zeros. Only the first sentence is kept. */
void reader_fail(struct reader *, const char *fmt, ...) PRINTF_LIKE(2, 3);

uint64_t reader_num(struct reader *);
int64_t reader_int(struct reader *);
uint32_t reader_max(struct reader *, uint32_t max, const char *what); /* a number of at most max */
uint32_t reader_u32(struct reader *, const char *what);
bool reader_bool(struct reader *);
struct str reader_str(struct reader *); /* points into the manifest */
size_t reader_count(struct reader *);   /* of a list; each item has at least one byte */

/* The table of types (decode_types.c); afterwards a reference to one, NULL where there is none. */
void reader_types(struct reader *);
const struct type *reader_type_ref(struct reader *);

#endif
