/*
 * seq.h - printf() into the output of a pinned iterator; see seq.c
 */
#ifndef HARK_BUILTINS_SEQ_H
#define HARK_BUILTINS_SEQ_H

#include "codegen/emit.h"

/* seq: as cg_seq() gives it. */
bool seq_emit(struct cg *, const struct expr *call, struct cg_val seq);

#endif
