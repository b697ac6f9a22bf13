/*
 * registry.c - the families of builtins; a new one is one line here
 */
#include "builtins/builtin.h"

extern const struct builtin builtins_aggregate[], builtins_context[], builtins_control[],
    builtins_histogram[], builtins_map[], builtins_net[], builtins_print[], builtins_process[],
    builtins_stack[], builtins_string[], builtins_symbol[], builtins_time[];

const struct builtin *const builtin_families[] = {
    builtins_print,
    builtins_aggregate,
    builtins_histogram,
    builtins_map,
    builtins_control,
    builtins_string,
    builtins_time,
    builtins_process,
    builtins_stack,
    builtins_symbol,
    builtins_net,
    builtins_context,
    NULL,
};
