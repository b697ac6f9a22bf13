/*
 * names.c - numbers by name: strerror, signal_name, syscall_name
 *
 * The names are strings of 64 bytes in a read-only table of the program, made only if a script asks
 * for one; the value is the entry itself, so that it costs an index and no copy. Behind the last
 * number stands what all others are called.
 */
#include "builtins/builtin.h"
#include "builtins/syscalls.h"

#include "codegen/emit.h"
#include "sema/call.h"

#include <string.h>

enum { NAME_SIZE = 64, ERRORS = 134, SIGNALS = 65 };

static const char *const syscalls[] = {
#define SYSCALL(NAME) [__NR_##NAME] = #NAME,
#include "builtins/syscalls.inc" /* made by the build */
};

static const char *syscall_text(unsigned n)
{
    return n < ARRAY_LEN(syscalls) ? syscalls[n] : NULL;
}

static const char *error_text(unsigned n)
{
    return strerrordesc_np((int)n);
}

static const char *signal_text(unsigned n)
{
    return sigdescr_np((int)n);
}

struct names {
    const char *fn;
    unsigned n;
    const char *(*text)(unsigned);
    const char *unknown;
};

static const struct names all_names[] = {
    { "strerror", ERRORS, error_text, "Unknown error" },
    { "signal_name", SIGNALS, signal_text, "N/A" },
    { "syscall_name", ARRAY_LEN(syscalls), syscall_text, "Unknown syscall" },
};

static const struct names *names_of(const struct expr *call)
{
    for (size_t i = 0; i < ARRAY_LEN(all_names); i++) {
        if (str_eqz(call->call.name, all_names[i].fn))
            return &all_names[i];
    }
    BUG("%.*s() has no names", STRF(call->call.name));
}

static char *make_table(const struct names *names)
{
    char *table = xcalloc(names->n + 1, NAME_SIZE);

    for (unsigned i = 0; i <= names->n; i++) {
        const char *text = i < names->n ? names->text(i) : NULL;

        text = text ? text : names->unknown;
        memcpy(table + (size_t)i * NAME_SIZE, text, MIN(strlen(text), NAME_SIZE - 1u));
    }
    return table;
}

static bool names_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *i64 = type_int(cg_types(cg), 8, true);
    const struct names *names = names_of(call);
    struct cg_val n = { 0 }, zero = cg_int(cg, i64, 0);
    char *table;

    if (!cg_expr(cg, call_arg(call, 0), &n))
        return false;
    n = cg_convert(cg, cg_load(cg, n), i64);
    if (names->text == error_text) /* -ENOENT, as the kernel has it */
        n = cg_select(cg, cg_op(cg, OP_LT, n, zero), cg_op(cg, OP_SUB, zero, n), n);
    table = make_table(names);
    *out = cg_table(cg, table, names->n + 1, call->type, n);
    free(table);
    return true;
}

const struct builtin builtins_names[] = {
    {
        .name = "strerror",
        .sig = "string[64](int)",
        .doc = "What an errno means; its sign does not matter.",
        .emit = names_emit,
    },
    {
        .name = "signal_name",
        .sig = "string[64](int)",
        .doc = "What a signal means: 2 is Interrupt.",
        .emit = names_emit,
    },
    {
        .name = "syscall_name",
        .sig = "string[64](int)",
        .doc = "Name of a system call by its number on this machine.",
        .emit = names_emit,
    },
    { .name = NULL },
};
