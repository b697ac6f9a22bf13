/*
 * library.c - builtins that are written in the language itself
 *
 * Each is a macro, expanded like one of the script (sema/macro_builtin.c), and its variables are
 * its own. A script may define a macro of the same name, which then takes its place.
 */
#include "builtins/builtin.h"

const struct builtin builtins_library[] = {
    {
        .name = "assert",
        .sig = "void(bool, string)",
        .doc = "Reports an error and ends the run with status 1, unless the condition holds.",
        .macro = "macro assert(cond, message) {"
                 "    if (!(cond)) { errorf(\"assert failed: %s\", message); exit (1); }"
                 "}",
    },
    {
        .name = "static_assert",
        .sig = "void(lit bool, lit string)",
        .doc = "Refuses to compile, unless the condition holds.",
        .macro = "macro static_assert(cond, message) {"
                 "    if comptime (!(cond)) { fail(\"%s\", message); }"
                 "}",
    },
    {
        .name = "is_err",
        .sig = "bool(addr)",
        .doc = "Is the pointer an error number of the kernel, -4095 to -1?",
        .macro = "macro is_err(p) { $n = (int64)(p); $n >= -4095 && $n < 0 }",
    },
    {
        .name = "container_of",
        .sig = "auto(addr, any, any)",
        .doc = "container_of(p, typeof(struct T), member): the T that p is the member of.",
        .macro = "macro container_of(p, T, member) {"
                 "    (T *)((uint64)(p) - offsetof(T, member))"
                 "}",
    },
    {
        .name = "strcontains",
        .sig = "bool(string, string)",
        .doc = "Is the second string part of the first?",
        .macro = "macro strcontains(haystack, needle) { strstr(haystack, needle) >= 0 }",
    },
    { .name = NULL },
};
