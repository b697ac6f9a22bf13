/*
 * registry.c - the families of builtins; a new one is one line here
 */
#include "builtins/builtin.h"

extern const struct builtin builtins_aggregate[], builtins_cgroup[], builtins_comptime[],
    builtins_context[], builtins_control[], builtins_debug[], builtins_histogram[],
    builtins_kfunc[], builtins_library[], builtins_map[], builtins_names[], builtins_net[],
    builtins_options[], builtins_print[], builtins_process[], builtins_series[], builtins_signal[],
    builtins_skb[], builtins_stack[], builtins_string[], builtins_symbol[], builtins_text[],
    builtins_time[], builtins_typed[];

const struct builtin *const builtin_families[] = {
    builtins_print,   builtins_debug,   builtins_aggregate, builtins_histogram, builtins_kfunc,
    builtins_series,  builtins_map,     builtins_control,   builtins_string,    builtins_text,
    builtins_names,   builtins_time,    builtins_typed,     builtins_skb,       builtins_process,
    builtins_cgroup,  builtins_signal,  builtins_stack,     builtins_symbol,    builtins_net,
    builtins_context, builtins_options, builtins_library,   builtins_comptime,  NULL,
};
