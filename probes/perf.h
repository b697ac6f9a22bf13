/*
 * perf.h - what probe types made of perf events share
 */
#ifndef HARK_PROBES_PERF_H
#define HARK_PROBES_PERF_H

#include "probes/provider.h"

struct perf_event_attr;

/* On every CPU; only_first: on one of them. */
int perf_attach_cpus(struct session *, const struct image_probe *, const struct target *,
                     struct perf_event_attr *, bool only_first, struct err *);
/* For every thread of -p or -c, those to come included; without either on every CPU. */
int perf_attach_event(struct session *, const struct image_probe *, const struct target *,
                      struct perf_event_attr *, struct err *);

/* For struct provider: the context begins with the interrupted registers. */
bool perf_load(struct cg *, const struct target *, enum probe_value, unsigned n,
               struct cg_val *out);
void perf_program(const struct target *, struct arena *, struct prog_spec *);

#endif
