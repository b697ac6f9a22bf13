/*
 * builtin.h - the shape of a builtin variable or function
 *
 * A builtin is one entry in the table of its family (builtins/<family>.c). The compiler and the
 * runtime know only this shape. All callbacks are optional.
 *
 * Signatures (sig) do most of the checking; sema/call.c words every wrong call alike:
 *
 *     result [ "(" [ param { "," param } ] ")" ]        no parentheses: a variable only, like
 * curtask param  = [ "lit " ] type | "word" "{" a "|" b "}" | "[" param "]" | "..."
 *
 *     type of a parameter: int  ptr  addr (int or ptr)  string  str-like (string, array of bytes)
 *                          bool  any  map (the whole map)  key (any, of the map's key type)  fmt
 *     result: void  bool  int32 int64 uint8 … uint64  string (max_strlen)  string[N]
 *             kind (.kind, an opaque value)  update (only as the right side of @m = f())
 *             auto (the result callback knows)
 *
 *     "uint64"  "kind([word{perf|raw}], [lit int])"  "void(fmt, ...)"  "bool(map, [key])"
 *
 * "lit" wants a literal after folding. Everything in brackets may be left out from the right; a
 * variable that also takes arguments ("kstack") has all its parameters in brackets, and may be
 * written without parentheses.
 */
#ifndef HARK_BUILTINS_BUILTIN_H
#define HARK_BUILTINS_BUILTIN_H

#include "ast/ast.h"
#include "types/value_kind.h"

struct cg;
struct cg_val;
struct cg_slot;
struct planner;
struct sema;
struct session;

/* What a probe's provider can offer, and a builtin may need. */
enum cap {
    CAP_ARGS = 1 << 0, /* args: arguments by name */
    CAP_ARGN = 1 << 1, /* arg0, arg1, … */
    CAP_RETVAL = 1 << 2,
    CAP_FUNC = 1 << 3, /* func */
    CAP_CTX = 1 << 4,  /* ctx as a pointer to a struct */
    CAP_REGS = 1 << 5, /* reg(): a struct pt_regs is at hand */
    CAP_USER = 1 << 6, /* probes in programs: uaddr() */
    CAP_SIGNAL = 1 << 7,
    CAP_OVERRIDE = 1 << 8,
    CAP_PATH = 1 << 9,   /* bpf_d_path */
    CAP_SKB = 1 << 10,   /* skboutput, socket_cookie */
    CAP_STACK = 1 << 11, /* kstack, ustack: the program type has bpf_get_stack */
};

enum builtin_flags {
    BUILTIN_PER_TARGET = 1 << 0, /* value depends on the target: forces one program a target */
    BUILTIN_CONTEXT = 1 << 1,    /* reads the program's context: not in for bodies, not in fn */
    BUILTIN_UNSAFE = 1 << 2,     /* needs --unsafe */
    BUILTIN_PROBE = 1 << 3,      /* not in fn */
    BUILTIN_BARE = 1 << 4, /* a word the parser never takes for a type: args ctx kstack … (2.3) */
    BUILTIN_NUMBERED = 1 << 5, /* name is a prefix: arg0, arg1, …; see expr->call.name */
    BUILTIN_EFFECT = 1 << 6,   /* does something: its result may be dropped */
    BUILTIN_LEAVES = 1 << 7,   /* ends the probe, as return does */
    BUILTIN_TEXT = 1 << 8,     /* its only argument is text, even if it looks like a number */
    BUILTIN_NAME = 1 << 9,     /* the target's name: a provider may tell it while running (which) */
};

struct builtin {
    const char *name;
    const char *sig;
    const char *doc; /* one line; docs/BUILTINS.md is printed from these */
    unsigned needs;  /* CAP_… */
    unsigned flags;  /* BUILTIN_… */
    unsigned helper; /* BPF helper without which it cannot work; 0 = none */
    const struct value_kind *kind;
    /* A definition in the language itself, "macro is_err(p) { … }": macro.c replaces the calls, so
       there is no other callback. sig is for the documentation. */
    const char *macro;

    /* infer.c: type of the result when sig says "auto", or the params of an opaque kind. NULL
       result: not known yet (another round will tell). Sets call->as if the value is an address. */
    const struct type *(*result)(struct sema *, struct expr *call);
    /* check.c: rules the signature cannot say. Reports and returns false. */
    bool (*check)(struct sema *, struct expr *call);
    /* fold.c, optional: replaces a call that is known while compiling (*call). */
    void (*fold)(struct sema *, struct expr **call);
    bool (*plan)(struct planner *, struct expr *call); /* scratch, an action */
    bool (*emit)(struct cg *, const struct expr *call, struct cg_val *out);
    /* @m = f(), @m[k] = f(): updates the slot. */
    bool (*update)(struct cg *, const struct expr *call, struct cg_slot *slot);
    /* Runtime: a record of this builtin's action. len was checked against the payload's size. */
    int (*event)(struct session *, const struct image_action *, const void *data, size_t len);
};

struct provider;
struct out_ops;

/* The three tables, as cli/pipeline.c hands them to everyone. Each ends with NULL. */
struct registry {
    const struct builtin *const *families; /* families[i] is a table ending with a NULL name */
    const struct provider *const *providers;
    const struct out_ops *const *formats;
};

extern const struct builtin *const builtin_families[]; /* builtins/registry.c */

/* Exact name, or for BUILTIN_NUMBERED the prefix followed by a number without leading zero. */
const struct builtin *builtin_find(const struct registry *, struct str name);
const struct value_kind *builtin_kind(const struct registry *, struct str name);
/* "did you mean" for a name that is none. */
bool builtin_guess(const struct registry *, struct str name, struct str *best);

#endif
