/*
 * sema.h - from an AST to a typed AST and a plan, pass by pass
 *
 * Above each pass stands what it needs and what it leaves. A pass reports everything it finds and
 * returns false if it reported an error; the pipeline stops after it. Passes keep their working
 * state to themselves; what later passes must know goes into fields of the AST or of struct
 * compile.
 */
#ifndef HARK_SEMA_SEMA_H
#define HARK_SEMA_SEMA_H

#include "ast/ast.h"
#include "base/config.h"
#include "base/diag.h"
#include "base/host.h"
#include "image/image.h"
#include "probes/provider.h"
#include "types/cdef.h"

struct script_option;

struct compile {
    struct arena *arena; /* text, AST, messages: dropped when the image is ready */
    struct sources *sources;
    struct diags *diags;
    struct config *config; /* the script's settings are added to it by sema_settings() */
    const struct host *host;
    const struct registry *registry;
    struct program *program;
    struct cdefs *cdefs;           /* made by sema_settings() */
    struct image *image;           /* types and manifest live in its arena */
    bool chose_by_btf;             /* attach.c has looked into BTF; the script itself may never */
    bool list_only;                /* -l with a program: stop after attach, no begin and end */
    bool aot;                      /* for --aot: the program will run elsewhere */
    struct macro *library;         /* macro_builtin.c: builtins that are macros, as far as used */
    struct includes *includes;     /* include.c: headers that were read */
    struct script_option *options; /* options.c: what getopt() asks for */
    size_t n_explained;            /* messages that say already what they were expanded from */
};

/* Needs: parse. Leaves: config complete; C part and imports read: cdefs. Looks up no kernel type
 * yet. */
bool sema_settings(struct compile *);

/* Needs: settings. Leaves: no macro calls, no EXPR_TYPEOF arguments; plain AST. */
bool sema_macro(struct compile *);

/* Needs: macro. Leaves: nothing new; nothing in the script that holds only on this machine. */
bool sema_check_aot(struct compile *);

/*
 * Needs: macro. Leaves: probe->provider, targets; wildcards expanded; probes split so that each has
 * one provider and, if per_target, one target with a body of its own (cloned). Probes without
 * targets are gone (missing_probes).
 */
bool sema_attach(struct compile *);

/*
 * Needs: attach. Leaves: no EXPR_IDENT, EXPR_PARAM, EXPR_NPARAMS. Names bound: variables (scopes),
 * maps, builtins, script functions, constants; for_.captured.
 */
bool sema_resolve(struct compile *);

/* Needs: resolve. Leaves: constants folded; builtins with a fold callback replaced. */
bool sema_fold(struct compile *);

/* "-- --help": prints the options of a folded script. false: nobody asked. */
bool sema_print_options(const struct compile *, FILE *);

/* Needs: fold. Leaves: expr->type and ->as everywhere (settled, never flex), var and map types,
   binary.common, field.field; EXPR_SIZEOF and the like are EXPR_INT. */
bool sema_infer(struct compile *);

/* Needs: infer. Leaves: nothing new; every rule of LANGUAGE.md 23 checked, no type is TYPE_ERROR.
 */
bool sema_check(struct compile *);

/* Needs: check. Leaves: image->maps, actions, probes (without links to the AST); probe->fn_name,
   index, map_sym->index, call.action. */
bool sema_plan(struct compile *);

#endif
