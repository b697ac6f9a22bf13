/*
 * ast.h - what can be written
 *
 * The parser makes these nodes and looks at nothing but the text; each later pass fills in only the
 * fields marked with its name. Everything lives in the compile arena. Lists are linked by next.
 */
#ifndef HARK_AST_AST_H
#define HARK_AST_AST_H

#include "base/source.h"
#include "types/type.h"

#include <stdio.h>

struct builtin;      /* builtins/builtin.h */
struct provider;     /* probes/provider.h */
struct image_action; /* image/image.h */
struct target;       /* image/image.h */
struct expr;
struct stmt;
struct probe;

/* ---- types as written ---- */
struct type_expr {
    struct span at;
    char tag; /* 's' struct, 'u' union, 'e' enum, 0 a plain name */
    struct str name;
    unsigned n_suffixes; /* applied from left to right */
    struct type_suffix {
        enum { SUFFIX_PTR, SUFFIX_ARRAY, SUFFIX_OPEN_ARRAY } kind;
        uint64_t count;
    } * suffixes;
    struct expr *typeof_expr;      /* typeof(expr); name is empty. May turn out to be a type name */
    struct type_expr *typeof_type; /* typeof(type) */
    const struct type *type;       /* resolve.c or infer.c */
};

/* ---- symbols, made by resolve.c ---- */
struct var {
    struct str name;         /* without '$' */
    struct span at;          /* declaration or first assignment */
    const struct type *type; /* infer.c */
    enum addr_space as;      /* infer.c: where it points, if it is an address */
    struct type_expr *declared;
    bool is_loop_var, is_param;
    bool assigned, read; /* resolve.c, for warnings */
    bool captured;       /* used inside a for body whose outside declares it */
    void *storage;       /* codegen's own */
    struct var *next;    /* all variables of a probe or function */
};

struct map_sym {
    struct str name;              /* with '@' */
    struct span at;               /* first use */
    struct span key_at, value_at; /* where key and value got their types, for messages */
    const struct type *key;       /* infer.c; NULL: scalar (or not yet known) */
    const struct type *value;     /* infer.c; an aggregate kind for count() etc. */
    enum addr_space as;           /* of the value */
    bool keyed, scalar;           /* how it was used; both is an error */
    bool written, read;
    struct map_decl *decl; /* let @m = lruhash(10) */
    int index;             /* plan.c: in image->maps; -1 before */
    struct map_sym *next;
};

/* ---- expressions ---- */
enum expr_kind {
    EXPR_INT,     /* num; also what folding leaves */
    EXPR_BOOL,    /* num */
    EXPR_STRING,  /* text, escapes resolved */
    EXPR_PARAM,   /* $N: num; fold.c turns it into INT or STRING */
    EXPR_NPARAMS, /* $# */
    EXPR_IDENT,   /* text: a name still to be resolved; resolve.c leaves CALL, INT, … */
    EXPR_VAR,
    EXPR_MAP,
    EXPR_CALL,  /* also builtin variables, after resolve.c: no parentheses, no arguments */
    EXPR_UNARY, /* OP_NEG OP_NOT OP_BNOT OP_DEREF OP_ADDR */
    EXPR_INCDEC,
    EXPR_BINARY,
    EXPR_TERNARY, /* also a ?: b, with no b (then == NULL) */
    EXPR_FIELD,   /* e.name, e->name */
    EXPR_ELEMENT, /* e.N */
    EXPR_INDEX,   /* e[i] */
    EXPR_CAST,
    EXPR_TUPLE,
    EXPR_RECORD,
    EXPR_SIZEOF,
    EXPR_OFFSETOF,
    EXPR_TYPEINFO,
    EXPR_TYPEOF, /* only as an argument of a macro */
    EXPR_COMPTIME,
    EXPR_IF, /* if … else …: value, or none as a statement */
    EXPR_BLOCK,
};

enum op {
    OP_MUL,
    OP_DIV,
    OP_MOD,
    OP_ADD,
    OP_SUB,
    OP_SHL,
    OP_SHR,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_EQ,
    OP_NE,
    OP_AND,
    OP_XOR,
    OP_OR,
    OP_LAND,
    OP_LOR,
    OP_NEG,
    OP_NOT,
    OP_BNOT,
    OP_DEREF,
    OP_ADDR,
};
const char *op_text(enum op); /* "+", "<<", … */

struct block {
    struct span at;
    struct stmt *stmts;
    struct expr *value; /* trailing expression, or NULL */
};

struct expr {
    enum expr_kind kind;
    struct span at;
    const struct type *type; /* infer.c; never NULL after check.c */
    enum addr_space as;      /* infer.c: where the value points, if it is an address */
    bool negative;           /* INT: num is a negative number's two's complement */
    bool parenthesised;      /* as written: (e) */
    bool generated;          /* of a builtin that is a macro: no advice about it */
    struct expr *next;       /* next argument, element … */
    union {
        uint64_t num;
        struct str text;
        struct {
            struct str name;
            struct var *sym; /* resolve.c */
        } var;
        struct {
            struct str name;     /* with '@' */
            struct expr *key;    /* several parts: one TUPLE (is_key_list); NULL: none */
            struct map_sym *sym; /* resolve.c */
            bool whole;          /* resolve.c: stands for the map itself (print(@m)) */
        } map;
        struct {
            struct str name;
            struct expr *args;
            unsigned n_args;
            bool parens;                 /* written with () */
            const struct builtin *fn;    /* resolve.c; NULL if it calls a script function */
            struct function *script_fn;  /* resolve.c */
            struct image_action *action; /* plan.c, if it sends records */
            unsigned action_id;          /* plan.c */
            bool dropped;                /* check_flow.c: nobody looks at the result */
            void *priv;                  /* the builtin's own, made in check or plan (arena) */
        } call;
        struct {
            enum op op;
            struct expr *e;
        } unary;
        struct {
            struct expr *e;
            bool is_dec, is_prefix;
        } incdec;
        struct {
            enum op op;
            struct expr *l, *r;
            const struct type *common; /* infer.c: what both sides are converted to */
        } binary;
        struct {
            struct expr *cond, *then, *other;
        } ternary;
        struct {
            struct expr *e;
            struct str name;
            bool arrow;
            struct field field;       /* infer.c: offset from the start of the object */
            const struct type *owner; /* infer.c: the struct */
        } field;
        struct {
            struct expr *e;
            uint64_t n;
        } element;
        struct {
            struct expr *e, *i;
        } index;
        struct {
            struct type_expr *to;
            struct expr *e;
        } cast;
        struct {
            struct expr *items; /* TUPLE, RECORD */
            unsigned n;
            struct str *names; /* RECORD */
            bool is_key_list;  /* made from @m[a, b] */
        } tuple;
        struct {
            struct type_expr *of_type; /* one of the two; a bare name is an expression first */
            struct expr *of_expr;
            struct str *path; /* OFFSETOF: a.b.c */
            unsigned n_path;
        } type_of; /* SIZEOF OFFSETOF TYPEINFO TYPEOF */
        struct expr *comptime;
        struct {
            struct expr *cond;
            struct block then;
            struct block *other; /* else if …: a block whose value or only statement is an IF */
        } if_;
        struct block block;
    };
};

/* ---- statements ---- */
enum stmt_kind {
    STMT_EXPR,
    STMT_DISCARD, /* _ = e; */
    STMT_LET,
    STMT_ASSIGN,
    STMT_WHILE,
    STMT_UNROLL,
    STMT_FOR_RANGE,
    STMT_FOR_MAP,
    STMT_BREAK,
    STMT_CONTINUE,
    STMT_RETURN,
    STMT_IMPORT,
};

struct stmt {
    enum stmt_kind kind;
    struct span at;
    struct stmt *next;
    union {
        struct expr *expr; /* EXPR, DISCARD, RETURN (may be NULL) */
        struct {
            struct str name;
            struct span name_at;
            struct type_expr *type; /* or NULL */
            struct expr *init;      /* or NULL */
            struct var *sym;        /* resolve.c */
        } let;
        struct {
            struct expr *target; /* VAR or MAP */
            struct expr *value;
            bool compound; /* op= */
            enum op op;
        } assign;
        struct {
            struct expr *cond; /* WHILE: condition; UNROLL: count */
            struct block body;
        } loop;
        struct {
            struct str var;
            struct span var_at;
            struct var *sym;        /* resolve.c */
            struct expr *from, *to; /* RANGE */
            struct expr *map;       /* MAP: an EXPR_MAP without key */
            struct block body;
            struct var **captured; /* resolve.c: outer variables the body uses */
            unsigned n_captured;
        } for_;
        struct str path; /* IMPORT */
    };
};

/* ---- top level ---- */
struct attach_point {
    struct span at;
    struct str text; /* parameters replaced; quotes still there; without name= */
    struct str name; /* name=type:…, or "" */
    struct attach_point *next;
};

struct probe {
    struct span at; /* attach points, for messages about the probe */
    struct attach_point *points;
    struct expr *pred; /* or NULL */
    struct block body;
    bool unfiltered; /* runs for all processes whatever -p says: hark's own */

    /* attach.c: probes are split until each has one provider and, if its body needs it, one target
     */
    const struct provider *provider;
    const struct provider *written; /* the type in the script; provider may do the same for less */
    struct target *targets;         /* image arena */
    size_t n_targets;
    bool per_target;            /* body depends on the target: exactly one target */
    struct probe *entry, *exit; /* pair.c: the other end, if one program serves both; or NULL */
    struct str fn_name;         /* plan.c: name of the BPF program */
    const struct type *args;    /* infer.c: type of `args`, when used */
    unsigned needs;             /* infer.c: CAP_… of the builtins it calls */
    struct var *vars;           /* resolve.c */
    unsigned index;             /* plan.c: in image->probes */
    struct probe *next;
};

struct map_decl {
    struct span at;
    struct str name; /* with '@' */
    struct str kind; /* "lruhash" … */
    struct span kind_at;
    uint64_t size;
    struct map_sym *sym; /* resolve.c; NULL: never used */
    struct map_decl *next;
};

struct macro {
    struct span at, name_at;
    struct str name;
    struct macro_param {
        enum { PARAM_EXPR, PARAM_VAR, PARAM_MAP } kind;
        struct str name; /* VAR without '$', MAP with '@' */
        struct span at;
    } * params;
    unsigned n_params;
    struct block body;
    bool is_builtin; /* what comes out of it stands where it was called */
    struct macro *next;
};

struct function {
    struct span at, name_at;
    struct str name;
    struct fn_param {
        struct str name;
        struct span at;
        struct type_expr *type;
        struct var *sym; /* resolve.c */
    } * params;
    unsigned n_params;
    struct type_expr *result;
    struct block body;
    struct var *vars; /* resolve.c */
    void *storage;    /* codegen's own */
    struct function *next;
};

/* An item of the C part: a preprocessor line or a definition, verbatim. */
struct c_item {
    struct span at;
    struct str text;
    struct c_item *next;
};

struct setting {
    struct span at, key_at, value_at;
    struct str key, value; /* value: escapes of strings resolved, else as written */
    struct setting *next;
};

struct import {
    struct span at;
    struct str path;
    struct import *next;
};

struct program {
    struct c_item *c_items;
    struct setting *settings;
    struct span config_at; /* SPAN_NONE: no config block */
    struct import *imports;
    struct map_decl *map_decls;
    struct macro *macros;
    struct function *functions;
    struct probe *probes;

    struct map_sym *maps; /* resolve.c: all maps, in order of first use */
};

/* ---- constructors (ast.c); used by the parser and by passes that rewrite ---- */
struct expr *ast_expr(struct arena *, enum expr_kind, struct span);
struct expr *ast_int(struct arena *, struct span, uint64_t);
struct expr *ast_string(struct arena *, struct span, struct str);
struct expr *ast_unary(struct arena *, struct span, enum op, struct expr *);
struct expr *ast_binary(struct arena *, struct span, enum op, struct expr *, struct expr *);
struct expr *ast_call(struct arena *, struct span, struct str name, struct expr *args, bool parens);
struct expr *ast_map(struct arena *, struct span, struct str name, struct expr *key_list);
struct stmt *ast_stmt(struct arena *, enum stmt_kind, struct span);
/* Appends to a list linked by next; list may be NULL. Returns the list's head. */
struct expr *ast_expr_append(struct expr *list, struct expr *item);
struct stmt *ast_stmt_append(struct stmt *list, struct stmt *item);

/* ---- walk.c ---- */
/*
 * Calls pre before and post after the children of each expression and statement, in source order.
 * Expressions inside written types (typeof) are children too. Any callback may be NULL. pre
 * returning false skips the node's children (and its post). Callbacks get the pointer that holds
 * the node, so that they may replace it.
 */
struct ast_walker {
    void *ctx;
    bool (*pre_expr)(void *ctx, struct expr **);
    void (*post_expr)(void *ctx, struct expr **);
    bool (*pre_stmt)(void *ctx, struct stmt *);
    void (*post_stmt)(void *ctx, struct stmt *);
};
void ast_walk_expr(const struct ast_walker *, struct expr **);
void ast_walk_block(const struct ast_walker *, struct block *);
void ast_walk_probe(const struct ast_walker *, struct probe *); /* predicate, then body */

/* ---- clone.c: deep copies of what the parser made; fields of later passes start empty ---- */
struct expr *ast_clone_expr(struct arena *, const struct expr *);
struct block ast_clone_block(struct arena *, const struct block *);

/* ---- print.c: --dump=parse (tree, one node a line) and types (the same with types) ---- */
void ast_dump(const struct program *, FILE *, bool with_types);

#endif
