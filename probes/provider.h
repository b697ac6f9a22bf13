/*
 * provider.h - the shape of a probe type
 *
 * A provider is one file in probes/. parse() splits an attach point; each() enumerates concrete
 * targets: listing, wildcards and "did you mean" all call it, so they cannot disagree. What
 * attach() attaches is a bpf_link (or a perf event fd) given to the session, so nobody needs to
 * detach.
 */
#ifndef HARK_PROBES_PROVIDER_H
#define HARK_PROBES_PROVIDER_H

#include "base/diag.h"
#include "base/err.h"
#include "base/host.h"
#include "builtins/builtin.h"
#include "image/image.h"

/* What a program can be asked to read from its context. */
enum probe_value { PROBE_ARGN, PROBE_RETVAL, PROBE_FUNC, PROBE_REG };

/* An attach point on its way from text to target. */
struct attach_parse {
    struct str *parts; /* between ':'; quotes removed; parts[0] is the probe type */
    unsigned n_parts;
    struct arena *arena; /* for what the target keeps (image arena) */
    const struct host *host;
    struct diags *diags;
    struct span at; /* of the attach point */
};

typedef int (*target_fn)(void *arg, const struct target *);

/* What kind of BPF program serves a probe. */
struct prog_spec {
    struct str
        section; /* e.g. "tracepoint/sched/sched_switch", "perf_event": bpftool must know it */
    struct str typed_section; /* of bodies that need CAP_SKB, where that takes another type */
    enum image_when when;
    int default_return; /* of a body that falls off its end: 0; tracepoints 1 */
    bool fixed_return;  /* always that: the kernel takes no other */
};

/* What a body asks of its probe: sema/uses.c. */
struct probe_uses {
    unsigned needs;         /* CAP_… of its builtins */
    uint64_t argn;          /* bit n: argN; the last one: that and all above */
    VEC(struct str) fields; /* of args, by name */
    bool whole_args;        /* args otherwise than as args.name */
    bool target;            /* something that differs from target to target, besides the name */
    bool name;              /* `probe` */
    bool name_at_compile;   /* … where a string is wanted that is known while compiling */
};

struct provider {
    const char *name;
    const char *probetype;      /* what the `probetype` builtin says; NULL: the name */
    const char *const *aliases; /* ends with NULL; or NULL. Matched like the name: in any case if
                                   longer than 2 letters */
    unsigned caps;              /* CAP_… its programs offer */
    enum addr_space as;         /* of argN, retval, reg() and pointers in args */
    const char *doc;            /* one line, for the docs: "tracepoint:category:event" */
    bool user;                  /* targets are programs: not part of an unqualified -l */
    bool unlisted;              /* listed only when named: the other end of what is listed */
    bool pid_filter;            /* -p is a test at the start of the program, not at attachment */
    bool youngest_first;        /* the kernel runs what was attached last first: see 13.16 */
    const struct provider *returns; /* of the probes at the other end, where has_session says */
    bool (*has_session)(const struct host *); /* that one program can serve both; or NULL */
    bool pid_attach;  /* -p is said when attaching; with --follow a test, too */
    bool single;      /* each target has exactly one program anyway (args are fixed) */
    bool signed_args; /* argN is int64, not uint64 */
    bool own_args; /* where argN is says target.args: only targets that agree share a program that
                      reads it */

    /* The text after the first ':'. false: reported through diag_error(p->diags, p->at, …). */
    bool (*parse)(const struct attach_parse *, struct target *out);
    /*
     * Concrete targets a (possibly pattern) target stands for, each complete with its label, in a
     * stable order, none twice. 0, -errno with a sentence, or what fn returned if not 0. Enumerates
     * nothing and returns 0 if nothing matches. fn's target is valid only during the call (names
     * must be copied with target_copy()). NULL: the target is always itself.
     */
    int (*each)(const struct host *, const struct target *pattern, target_fn, void *arg,
                struct err *);
    /* Shown by -l for a type whose targets are no closed set: "interval:s:" …; NULL: like each. */
    int (*list)(const struct host *, const struct target *pattern, target_fn, void *arg,
                struct err *);
    /* -lv: appends lines "    type name\n" for one target. */
    void (*describe)(const struct host *, const struct target *, struct types *, struct buf *);
    /*
     * Type of `args`: a struct whose field offsets are those in the program's context. NULL: none;
     * a sentence in the err.
     */
    const struct type *(*args)(const struct host *, const struct target *, struct types *,
                               struct err *);
    /* Of the caps, those that take one program a target on this kernel. NULL: none. */
    unsigned (*target_caps)(const struct host *);
    /* Number of argN this target has (for a better message), or -1 if only the registers limit it.
     */
    int (*n_args)(const struct host *, const struct target *);
    /* Type of retval, and with -errno's sentence NULL if there is none; NULL: a number. */
    const struct type *(*retval)(const struct host *, const struct target *, struct types *,
                                 struct err *);
    /* Can argN be read? 0, or -errno with the reason why not. NULL: always. */
    int (*check_arg)(const struct host *, const struct target *, unsigned n, struct err *);
    /* argN, retval, func, a register by its byte offset in struct pt_regs (n). */
    bool (*load)(struct cg *, const struct target *, enum probe_value, unsigned n,
                 struct cg_val *out);
    /* A field of args (of ctx, if there are no args), where the context is not simply a struct;
       NULL: loaded at its offset. */
    bool (*load_field)(struct cg *, const struct target *, const struct field *,
                       struct cg_val *out);
    /* Type of ctx: "struct pt_regs *" …; NULL without CAP_CTX. */
    const struct type *(*ctx)(const struct host *, const struct target *, struct types *);

    /*
     * The provider that shows a body which asks no more than this the very same for less, or NULL.
     * out, a copy of the target, becomes what that one wants; the label stays. why: a few words.
     */
    const struct provider *(*cheaper)(const struct host *, struct types *, const struct target *,
                                      const struct probe_uses *, struct target *out,
                                      const char **why);
    const struct provider *const *variants; /* what only cheaper() leads to; ends with NULL */
    /* The code of the target that a program of several is run for. NULL: cannot tell. */
    void (*which)(struct cg *, struct cg_val *out);

    void (*program)(const struct target *, struct arena *, struct prog_spec *);
    /* Does the program outlive us? Then it can send no records. NULL: no. */
    bool (*outlives)(const struct target *);
    /* Code every program begins with, before the predicate; it may leave. NULL: none. */
    void (*enter)(struct cg *, const struct target *);

    /*
     * Runtime. before_load may set the program's expected attach type …; NULL: nothing to do.
     * attach adds links through session_add_link()/session_add_fd(); e says which target failed.
     */
    int (*before_load)(struct session *, const struct image_probe *, struct err *);
    int (*attach)(struct session *, const struct image_probe *, const struct target *,
                  struct err *);
    /* The kernel took no program of this kind: a better sentence in e, if there is one. */
    void (*explain)(const struct host *, const struct target *, int rc, struct err *);
    /*
     * All targets at once (multi links), if wants_all (or that is NULL); NULL: attach one by one.
     * A target that is refused goes through session_refuse().
     */
    bool (*wants_all)(struct session *, const struct image_probe *);
    int (*attach_all)(struct session *, const struct image_probe *, struct err *);
};

extern const struct provider *const probe_providers[]; /* probes/registry.c; ends with NULL */

/* By name or alias; pattern: the n-th that matches a glob. NULL if there is none. */
const struct provider *provider_find(const struct registry *, struct str name);
/* The one an image names: exactly, variants too. */
const struct provider *provider_of_image(const struct registry *, struct str name);
bool provider_guess(const struct registry *, struct str name, struct str *best);

/* Deep copy of a target's strings. */
struct target target_copy(struct arena *, const struct target *);

/*
 * Splits an attach point at ':' outside quotes and removes the quotes (\c inside them is c).
 * false: unbalanced quotes, reported. Lives in probes/parts.c; sema/ and cli/list.c use it.
 */
bool attach_split(struct arena *, struct str text, struct span at, struct diags *,
                  struct str **parts, unsigned *n);
/* A number as attach points write it (LANGUAGE.md 1.4 and 0b). */
bool attach_number(struct str, uint64_t *out);
/* "wrong number of parts" (D-A-02), in one wording. min and max count parts after the type. */
bool attach_check_parts(const struct attach_parse *, unsigned min, unsigned max, const char *form);

/* ---- arch.c: where this architecture keeps arguments; offsets in struct pt_regs, -1 if unknown
 * ---- */
int arch_arg_offset(unsigned n);
unsigned arch_n_args(void);
int arch_retval_offset(void);
int arch_ip_offset(void);
int arch_sp_offset(void);
int arch_reg_offset(struct str name);
/* What the calling convention of user programs (probes/uprobe_args.c) depends on. */
int arch_dwarf_offset(int reg);     /* of a register by the number DWARF gives it */
int arch_stack_args(void);          /* stack pointer → first argument in memory, at entry */
bool arch_has_large_pointers(void); /* structs above 16 bytes: an address is passed */
bool arch_has_result_arg(void);     /* the address for a large result comes as first argument */

/* In the registers a system call came with: its n-th argument, its number. */
int arch_syscall_arg_offset(unsigned n);
int arch_syscall_number_offset(void);
const char *arch_name(void);

#endif
