/*
 * list.h - hark -l, hark --info, hark --builtins: what there is
 */
#ifndef HARK_CLI_LIST_H
#define HARK_CLI_LIST_H

#include "base/host.h"
#include "builtins/builtin.h"

#include <stdio.h>

/* search may be empty: everything in the kernel. Returns the exit status. */
int list_probes(struct str search, const struct host *, const struct registry *);
int list_info(const struct host *, const struct registry *);
void list_builtins(const struct registry *, FILE *);

#endif
