/*
 * seq.h - text the kernel formats by itself: printf() of a pinned iterator, debugf(); see seq.c
 */
#ifndef HARK_BUILTINS_SEQ_H
#define HARK_BUILTINS_SEQ_H

#include "builtins/format.h"
#include "codegen/emit.h"

/* seq: as cg_seq() gives it. */
bool seq_emit(struct cg *, const struct expr *call, struct cg_val seq);

/*
 * The same piece of a format in the kernel's words; false: it has none for it. Every number becomes
 * one of 64 bits.
 */
bool seq_put_piece(struct buf *, const struct format_piece *);
/* The argument as the kernel's helpers take it: a number of 64 bits, or where a string is. */
bool seq_argument(struct cg *, const struct format_piece *, const struct expr *arg,
                  struct cg_val *out);

#endif
