/*
 * syscall.h - what tracepoint.c knows of syscall.c
 */
#ifndef HARK_PROBES_SYSCALL_H
#define HARK_PROBES_SYSCALL_H

#include "probes/provider.h"

extern const struct provider provider_syscall;

/*
 * For cheaper(): is the target a tracepoint of one system call, and all that is asked of it known?
 * out gets the call's number as its code.
 */
bool syscall_can_serve(const struct host *, const struct target *, const struct probe_uses *,
                       struct target *out);

#endif
