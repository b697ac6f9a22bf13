/*
 * sema_impl.h - what the files of sema/ know of each other
 */
#ifndef HARK_SEMA_SEMA_IMPL_H
#define HARK_SEMA_SEMA_IMPL_H

#include "base/deps.h"
#include "base/map.h"
#include "sema/call.h"

/* ---- options.c: what getopt() asks for ---- */
struct script_option {
    struct str name, help;
    const struct expr *initial; /* EXPR_BOOL, EXPR_INT or EXPR_STRING */
    struct span at;             /* where it was first asked for */
    struct script_option *next;
};

/* When all are known: reports words after "--" that name none of them. */
void options_check(struct compile *);

/* ---- signature.c: the language of builtin->sig (builtin.h) ---- */
enum result_kind {
    RESULT_VOID,
    RESULT_BOOL,
    RESULT_INT,
    RESULT_STRING,
    RESULT_KIND,
    RESULT_UPDATE,
    RESULT_AUTO,
};

enum arg_kind {
    ARG_INT,
    ARG_PTR,
    ARG_ADDR,
    ARG_STRING,
    ARG_STRLIKE,
    ARG_BOOL,
    ARG_ANY,
    ARG_MAP,
    ARG_KEY,
    ARG_FMT,
    ARG_VAR, /* a variable that the call fills with a value of the map's value type */
    ARG_WORD,
};

struct sig_param {
    enum arg_kind kind;
    bool lit, optional;
    struct str words; /* ARG_WORD: "a|b" */
};

enum { SIG_PARAMS = 8 };

struct signature {
    enum result_kind result;
    unsigned bytes; /* RESULT_INT; RESULT_STRING: 0 is max_strlen */
    bool is_signed;
    bool parens; /* has a list of parameters */
    bool variadic;
    unsigned n_params, n_required;
    struct sig_param params[SIG_PARAMS];
};

/* false: not a signature. */
bool signature_read(const char *text, struct signature *out);
/* The signature of a builtin; a wrong one is our bug. */
struct signature signature_of(const struct builtin *);
bool signature_word(const struct sig_param *, struct str word);
const char *signature_words(struct arena *, const struct sig_param *); /* "a, b" */
/*
 * The parameter the n-th argument belongs to: optional words may be left out also in front. NULL:
 * one of the variadic, or one too many.
 */
const struct sig_param *signature_param(const struct signature *, const struct expr *call,
                                        unsigned n);

/* ---- uses.c ---- */
struct probe_uses uses_of(const struct compile *, struct probe *);

/* ---- report.c ---- */
/* An error if s->report, else NULL. */
struct diag *sema_error(struct sema *, struct span, const char *fmt, ...) PRINTF_LIKE(3, 4);
struct diag *sema_warn(struct sema *, struct span, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* For "%s" in a message: the name of a type; what is not known is "unknown". */
const char *sema_type_name(const struct sema *, const struct type *);
/* "macro 'F' …": text as written in the script. */
struct str sema_text(const struct sema *, struct span);

/*
 * The end of a pass that began with so many errors: true if none was added. Messages about code
 * that came out of a macro get the places it was expanded at.
 */
bool sema_end(struct compile *, unsigned errors);

/* ---- include.c: cdefs->include; ctx is the struct compile ---- */
bool include_header(void *ctx, struct str name, bool angle, struct str *why);
bool path_read(struct compile *, struct str path, struct str *text); /* noted in host->deps */
struct str path_dir(struct str path);                                /* "" if it has none */
struct str path_real(struct arena *, struct str path); /* itself, if there is no such file */

/* ---- import.c ---- */
bool import_is_builtin(void *compile, struct str name); /* for struct parser */
void import_scripts(struct compile *);
/* Probes of our own, in front of those of the script; -p does not apply to them. */
void import_text(struct compile *, struct str name, struct str text);

/* ---- follow.c ---- */
void follow_children(struct compile *); /* if --follow was given */

/* ---- macro*.c ---- */
struct macro_use {
    struct compile *c;
    const struct macro *macro;
    struct expr **args; /* of the call, as many as parameters */
    struct span call;
    unsigned number; /* makes names of variables unique */
    int64_t shift;   /* from the macro's text to its copy */
};
/* The definition of a builtin that is a macro; NULL: there is none. */
const struct macro *macro_of_builtin(struct compile *, struct str name);
/* The macro's body with its parameters replaced. false: reported. */
bool macro_substitute(struct macro_use *, struct block *out);
const struct macro_param *macro_param(const struct macro *, int kind, struct str name);

/* Trees that are deeper than what the parser lets through are refused. */
enum { DEPTH_MAX = 10200 };

/* ---- scope.c: variables and the blocks they live in ---- */
struct scope {
    struct scope *outer;
    struct stmt *loop; /* the for statement whose body this is, or NULL */
    struct map vars;   /* name → struct var */
};
struct var *scope_find(const struct scope *, struct str name);
/* Also notes the variable as captured in the for bodies between its declaration and its use. */
struct var *scope_use(struct arena *, const struct scope *, struct str name);
struct var *scope_declare(struct arena *, struct scope *, struct str name, struct span);
void scope_close(struct scope *);

/* ---- names.c: words that are not variables, maps or calls ---- */
struct names {
    struct compile *c;
    unsigned expansions; /* C macros replaced so far */
};
/*
 * Replaces an EXPR_IDENT by what it stands for. What comes out may hold further names. call: the
 * builtin call it is an argument of, or NULL. false: reported.
 */
struct name_chain; /* C macros being replaced */
bool names_resolve(struct names *, struct expr **, const struct expr *call,
                   const struct name_chain *, struct name_chain *inner);
struct name_chain {
    struct str name;
    const struct name_chain *outer;
};
/* Does the word mean a value, so that sizeof(word) is about that value? */
bool names_is_value(const struct compile *, struct str name);
/* Can a builtin be used without parentheses? */
bool names_is_variable(const struct builtin *);
/* "did you mean", or what became of an old name. d may be NULL. */
void names_hint(struct compile *, struct diag *d, struct str name);

/* ---- resolve*.c ---- */
struct resolver {
    struct compile *c;
    struct names names;
    struct var **vars;     /* all variables of the probe or function */
    struct var **vars_end; /* the end of that list */
    struct map maps;       /* name → struct map_sym */
    struct map_sym **maps_end;
    struct scope *scope;
    const struct name_chain *chain; /* C macros being replaced */
    unsigned sizeof_depth;          /* > 0: inside an operand that is not evaluated */
    unsigned depth;                 /* of nesting, macros replaced */
    VEC(struct expr *) undecided;   /* maps without key given to functions that take anything */
};
void resolve_expr(struct resolver *, struct expr **);
void resolve_type(struct resolver *, struct type_expr *);
void resolve_block(struct resolver *, struct block *);
/* A variable that must exist gets another value. */
void resolve_change_var(struct resolver *, struct expr *);
/* A variable of that name must not be visible yet. */
bool resolve_check_new(struct resolver *, struct str name, struct span, bool loop);
struct var *resolve_declare(struct resolver *, struct str name, struct span);
void resolve_whole_map(struct resolver *, struct expr *); /* the map itself, not a value in it */
void resolve_write_map(struct resolver *, struct expr *);

/* ---- typename.c: struct type_expr → type ---- */
/*
 * Sets te->type, if it can be known without types of expressions. false: reported. typeof(expr)
 * stays NULL until typename_infer().
 */
bool typename_resolve(struct compile *, struct type_expr *);
/* Quietly: a type by its bare name, or NULL. */
const struct type *typename_by_name(struct compile *, char tag, struct str name);
/* NULL: not known yet. */
const struct type *typename_infer(struct sema *, struct type_expr *);
/* "T[]", whose length the operand of the cast decides. */
bool type_is_open_array(const struct type *);

/* ---- literal.c: exact arithmetic on literals (LANGUAGE.md 3.2, 10.3) ---- */
enum literal_result { LITERAL_OK, LITERAL_OVERFLOW, LITERAL_UNDERFLOW, LITERAL_DIV_ZERO };
struct literal {
    bool negative; /* never of zero */
    uint64_t size; /* without the sign */
};
bool literal_of(const struct expr *, struct literal *); /* EXPR_INT, EXPR_BOOL */
void literal_put(struct expr *, struct literal);        /* makes it an EXPR_INT */
enum literal_result literal_binary(enum op, struct literal, struct literal, struct literal *out);
int literal_cmp(struct literal, struct literal);
/* Does an integer type hold it? */
bool literal_fits(struct literal, const struct type *);

/* ---- fold.c ---- */
/*
 * "comptime e", and if and ?: with such a condition, which sema_fold() could not decide: now that
 * types are known. true: *ep is replaced.
 */
bool fold_comptime(struct sema *, struct expr **);

/* ---- infer*.c ---- */
bool infer_is_comptime(const struct expr *); /* one of those of fold_comptime() */
/* Decides the first that can be; false: there is none. */
bool infer_decide(struct sema *);
const struct type *infer_comptime(struct sema *, struct expr *);
const struct type *infer_expr(struct sema *, struct expr *);
const struct type *infer_block(struct sema *, struct block *); /* type of its value, or none */
/* infer_expr() of something that must have a value; TYPE_NONE is reported. */
const struct type *infer_value(struct sema *, struct expr *);
void infer_condition(struct sema *, struct expr *);
const struct type *infer_unary(struct sema *, struct expr *);
const struct type *infer_incdec(struct sema *, struct expr *);
const struct type *infer_binary(struct sema *, struct expr *);
/* The same for operands whose types are known already. */
const struct type *infer_sum(struct sema *, struct expr *);
/* The type of l op r for two operand types (NULL: unknown); *common may be NULL. */
const struct type *infer_arithmetic(struct sema *, enum op, const struct type *l,
                                    const struct type *r, const struct type **common);
/* What is behind a pointer of type t. */
const struct type *infer_deref(struct sema *, const struct expr *at, const struct type *t,
                               enum addr_space);
const struct type *infer_cast(struct sema *, struct expr *);
const struct type *infer_field(struct sema *, struct expr *);
const struct type *infer_element(struct sema *, struct expr *);
const struct type *infer_index(struct sema *, struct expr *);
const struct type *infer_type_of(struct sema *, struct expr *); /* sizeof and the like */
/* sizeof and offsetof of something whose type is known become an EXPR_INT; silently. */
bool typeof_fold(struct compile *, struct expr *);
const struct type *infer_call(struct sema *, struct expr *);
/* @m = f() with a call that updates: the type the map gets from it. */
const struct type *infer_update(struct sema *, struct expr *call);
bool infer_is_update(const struct expr *);                  /* count() and the like */
const struct type *infer_map(struct sema *, struct expr *); /* reading it */
/* The key of a use of @m[key], NULL for none: widens the map's key type. */
void infer_map_key(struct sema *, struct map_sym *, struct expr *key);
void infer_assign_map(struct sema *, struct stmt *);
void infer_assign_var(struct sema *, struct stmt *);
/* The variable holds values of this type, too. value may be NULL. */
void infer_var(struct sema *, struct var *, const struct type *, enum addr_space, struct span,
               struct expr *value);
void infer_map_value(struct sema *, struct map_sym *, const struct type *, enum addr_space,
                     struct span);
/*
 * sizeof, typeof and typeinfo fix the type of the variable or map they look at: what is stored in
 * it further down must fit what it was by then.
 */
struct type_lock {
    const void *sym; /* struct var or struct map_sym */
    const struct type *type;
    struct span at;
    struct type_lock *next;
};
void infer_lock(struct sema *, const struct expr *inspected);
/* What a program reads from an aggregate: its number. Other types as they are. */
const struct type *infer_reduced(const struct sema *, const struct type *);
const struct type *infer_promote(const struct sema *, const struct type *, const struct type *,
                                 bool *lossy);
const struct type *infer_settle(const struct sema *, const struct type *);

/*
 * May a value be stored where a type is declared? Reports what does not fit (what: "$x",
 * "parameter $w") and warns where something may be lost.
 */
bool infer_fits(struct sema *, const struct type *to, const struct expr *value, const char *what);

/* Two different address spaces come together: of that, nothing is known. Settled to AS_NONE. */
#define AS_MIXED ((enum addr_space)(AS_USER + 1))
enum addr_space as_join(enum addr_space, enum addr_space);

/* Aggregates whose sign only literals decided so far: param[0]. Settled to signed. */
enum { SIGN_OPEN = 2 };

/* ---- check*.c ---- */
void check_map_decls(struct compile *);
/* An expression and all below it. */
void check_expr(struct sema *, struct expr **);
/* Predicate (*pred may be NULL) and body of a probe, or function f: jumps, loops, dropped values,
   and all expressions. */
void check_body(struct sema *, struct expr **pred, struct block *, const struct function *f);

/* ---- plan_map.c ---- */
void plan_maps(struct compile *);

/* ---- pair.c ---- */
/* Probes whose programs can be one: fills probe->entry, probe->exit. */
void attach_pairs(struct compile *);

#endif
