/*
 * shared.h - what families of builtins need of each other
 */
#ifndef HARK_BUILTINS_SHARED_H
#define HARK_BUILTINS_SHARED_H

#include "codegen/emit.h"
#include "types/value_kind.h"

/* symbol.c: u64 address; { u64 address, u32 pid, u32 flags }. */
enum { USYM_IS_PROBED = 1 }; /* `func`: the address is that of one of the image's uprobes */
extern const struct value_kind ksym_kind, usym_kind;

/* remember.c: plan, code and event of builtins whose values are named by a process's maps. */
bool remember_plan(struct planner *, struct expr *call);
bool remember_emit(struct cg *, const struct expr *call, struct cg_val pid);
int remember_event(struct session *, const struct image_action *, const void *data, size_t len);
/* The process, if its maps were never read, has run into one of the image's uprobes at addr. */
void remember_probed(const struct host *, const struct image *, uint32_t pid, uint64_t addr);

/* string.c: the address of what is to be read, and its address space. */
bool string_address(struct cg *, const struct expr *, struct cg_val *addr, enum addr_space *);

/* process.c: the process id user space knows (hark's PID namespace), as a u32. */
bool process_pid(struct cg *, struct cg_val *out);

#endif
