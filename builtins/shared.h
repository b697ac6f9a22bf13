/*
 * shared.h - what families of builtins need of each other
 */
#ifndef HARK_BUILTINS_SHARED_H
#define HARK_BUILTINS_SHARED_H

#include "codegen/emit.h"
#include "types/value_kind.h"

/* symbol.c: u64 address; { u64 address, u32 pid, u32 reserved }. */
extern const struct value_kind ksym_kind, usym_kind;

/* process.c: the process id user space knows (hark's PID namespace), as a u32. */
bool process_pid(struct cg *, struct cg_val *out);

#endif
