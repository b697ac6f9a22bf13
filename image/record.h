/*
 * record.h - how a packed record travels
 *
 * A payload is a tuple in which a string has its largest size. A packed record carries only what is
 * used of it:
 *
 *     fixed part, rounded up to 8: each element as in the payload, but of a large one the u32
 *                 number of bytes that are used
 *     tail:       these bytes, one large element after the other, each rounded up to 8
 *
 * Who writes records (codegen) and who reads them (runtime) lay out the fixed part by this file.
 */
#ifndef HARK_IMAGE_RECORD_H
#define HARK_IMAGE_RECORD_H

#include "image/image.h"

/* An element is large if it is a string, a buffer or another value of which only the first part is
 * used, of more than this many bytes: shorter ones are cheaper to send whole. */
enum { RECORD_LARGE = 64 };

bool record_is_large(const struct type *);
/* Of a tuple's elements, does one travel packed? */
bool record_wants_packing(struct types *, const struct type *payload);

/* Where the next element stands in the fixed part; *end, which starts at 0, is where it ends. */
uint32_t record_next(const struct type *elem, uint32_t *end);
/* Bytes of the whole fixed part. */
uint32_t record_fixed(struct types *, const struct type *payload);

/*
 * A packed record of size bytes → the payload's bytes in to, which has payload->size of them. False
 * if the record is damaged: it may come from anywhere.
 */
bool record_unpack(struct types *, const struct type *payload, const void *record, size_t size,
                   void *to);

#endif
