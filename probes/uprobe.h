/*
 * uprobe.h - what everything that sets breakpoints in programs shares: uprobe, uretprobe, usdt
 */
#ifndef HARK_PROBES_UPROBE_H
#define HARK_PROBES_UPROBE_H

#include "probes/provider.h"

/* Callbacks of struct provider. A target is path, addr (file offset), semaphore. */
const struct type *uprobe_ctx(const struct host *, const struct target *, struct types *);
int uprobe_before_load(struct session *, const struct image_probe *, struct err *);
int uprobe_attach(struct session *, const struct image_probe *, const struct target *,
                  struct err *);
bool uprobe_wants_all(struct session *, const struct image_probe *);
int uprobe_attach_all(struct session *, const struct image_probe *, struct err *);

#endif
