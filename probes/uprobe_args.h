/*
 * uprobe_args.h - arguments of functions of programs by name, and places in their source
 */
#ifndef HARK_PROBES_UPROBE_ARGS_H
#define HARK_PROBES_UPROBE_ARGS_H

#include "probes/provider.h"

/* Callbacks of struct provider. */
const struct type *uprobe_args(const struct host *, const struct target *, struct types *,
                               struct err *);
bool uprobe_load_field(struct cg *, const struct target *, const struct field *, struct cg_val *);
void uprobe_describe(const struct host *, const struct target *, struct types *, struct buf *);
/* Each function has its own arguments. */
unsigned uprobe_target_caps(const struct host *);

/* ---- uprobe_source.c ---- */
/* Are these the parts of "program@file.c:12", "program@file.c:12:5"? */
bool uprobe_is_source(const struct attach_parse *);
bool uprobe_parse_source(const struct attach_parse *, struct target *out);

#endif
