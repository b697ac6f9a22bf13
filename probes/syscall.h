/*
 * syscall.h - what tracepoint.c knows of syscall.c
 */
#ifndef HARK_PROBES_SYSCALL_H
#define HARK_PROBES_SYSCALL_H

#include "probes/provider.h"

extern const struct provider provider_syscall_enter, provider_syscall_exit;

/*
 * For cheaper(): one of the two, if the target is a tracepoint of one system call and all that is
 * asked of it can be known; out gets the call's number as its code. Else NULL.
 */
const struct provider *syscall_provider(const struct host *, struct types *, const struct target *,
                                        const struct probe_uses *, struct target *out);

#endif
