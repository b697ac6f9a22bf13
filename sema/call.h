/*
 * call.h - what the callbacks of builtins may ask and do while a script is checked
 *
 *     static bool str_check(struct sema *s, struct expr *call)
 *     {
 *         uint64_t n;
 *         if (call_lit_int(call, 1, &n) && n > s->c->config->max_strlen) …
 *     }
 */
#ifndef HARK_SEMA_CALL_H
#define HARK_SEMA_CALL_H

#include "sema/sema.h"

/* Where a pass stands. */
struct sema {
    struct compile *c;
    struct probe *probe; /* NULL inside fn */
    struct function *fn; /* NULL inside a probe */
    unsigned for_depth;  /* > 0: inside a for body */
    bool changed;        /* infer.c: another round is needed */
    bool report;         /* infer.c: the last round, in which mistakes are told */
    bool is_copy;    /* this body was walked before, for another target: its mistakes are known */
    bool space_told; /* infer.c: warned once of an unknown address space */
    struct type_lock *locks; /* infer.c: what sizeof and the like have looked at */
};

static inline struct types *sema_types(const struct sema *s)
{
    return s->c->image->types;
}

static inline struct target *sema_target(const struct sema *s)
{
    return s->probe && s->probe->n_targets ? &s->probe->targets[0] : NULL;
}

/* The n-th argument, from 0; NULL if there is none. */
struct expr *call_arg(const struct expr *call, unsigned n);
/* A literal after folding. Negative numbers come as two's complement (see expr->negative). */
bool call_lit_int(const struct expr *call, unsigned n, uint64_t *out);
bool call_lit_str(const struct expr *call, unsigned n, struct str *out);
/* The word given for a word{} parameter: "perf"; false if the argument is missing or no word. */
bool call_word(const struct expr *call, unsigned n, struct str *out);

/* Type of `args` in this probe; NULL if there is none, which was reported if s->report. */
const struct type *sema_args(struct sema *, struct span);

/*
 * Checks a call against its signature: number of arguments, their kinds, literals, words, maps.
 * infer.c calls it, silently at first, and in its last round with s->report. One wording for all
 * builtins. An argument whose type is not known yet (NULL) fits.
 */
bool call_match(struct sema *, struct expr *call);
/* The result type a signature gives; NULL for "auto" and "kind" (ask the callback). */
const struct type *call_result(struct sema *, const struct expr *call);

/*
 * The literal an option of the script stands for: what the user gave after "--", else a copy of
 * initial, an EXPR_BOOL, EXPR_INT or EXPR_STRING. Disagreement and wrong values are reported.
 */
struct expr *call_option(struct sema *, struct str name, const struct expr *initial,
                         struct str help, struct span at);

/* A feature that config's unstable_NAME warns of or forbids: false, with an error. */
bool call_unstable(struct sema *, struct span, enum config_unstable, const char *name);

/* ---- for plan callbacks ---- */
struct planner {
    struct compile *c;
    struct probe *probe;
    struct function *fn;
};

/*
 * A record of this call: payload types one by one (n may be 0). The entry is in image->actions, its
 * index in call->call.action_id. text, map, num may be filled in by the caller; image arena.
 */
struct image_action *plan_action(struct planner *, struct expr *call,
                                 const struct type *const *payload, size_t n);
/* The location of a span as the manifest keeps it. */
struct location plan_location(struct planner *, struct span);

#endif
