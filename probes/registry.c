/*
 * registry.c - the table of probe types; a new one is one line here
 *
 * The order is that of listings only: providers match by exact name or alias.
 */
#include "probes/provider.h"

extern const struct provider provider_begin, provider_end, provider_self, provider_test,
    provider_bench, provider_kprobe, provider_kretprobe, provider_tracepoint,
    provider_rawtracepoint, provider_fentry, provider_fexit, provider_uprobe, provider_uretprobe,
    provider_usdt, provider_profile, provider_interval, provider_software, provider_hardware,
    provider_watchpoint, provider_iter;

const struct provider *const probe_providers[] = {
    &provider_begin,      &provider_end,        &provider_self,
    &provider_test,       &provider_bench,      &provider_kprobe,
    &provider_kretprobe,  &provider_tracepoint, &provider_rawtracepoint,
    &provider_fentry,     &provider_fexit,      &provider_uprobe,
    &provider_uretprobe,  &provider_usdt,       &provider_profile,
    &provider_interval,   &provider_software,   &provider_hardware,
    &provider_watchpoint, &provider_iter,       NULL,
};
