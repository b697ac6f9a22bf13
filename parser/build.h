/*
 * build.h - from what the grammar has matched to nodes
 *
 * parser.y calls one of these, or an ast_ constructor, for each rule. They look at the pieces they
 * are given and at nothing else; what is wrong with the form of a piece is said here.
 */
#ifndef HARK_PARSER_BUILD_H
#define HARK_PARSER_BUILD_H

#include "parser/parse.h"

/* ---- values of grammar symbols that are not nodes yet ---- */
struct exprs {
    struct expr *head, *last;
};

struct names {
    struct str *v;
    size_t n, cap;
};

struct element {
    struct str name; /* "" if it has none */
    struct span at;
    struct expr *value;
};

struct elements { /* of parentheses: tuple, record or grouping */
    struct element *v;
    size_t n, cap, n_named;
};

struct stmts {
    struct stmt *head, *last;
    struct expr *open; /* an 'if' or block behind last, not yet known to be the block's value */
};

struct suffixes {
    struct type_suffix *v;
    size_t n, cap;
};

struct macro_params {
    struct macro_param *v;
    size_t n, cap;
};

struct fn_params {
    struct fn_param *v;
    size_t n, cap;
};

struct points {
    struct attach_point *head, *last;
};

struct operand { /* of sizeof and its like: one of the two */
    struct type_expr *type;
    struct expr *expr;
};

struct assign_op {
    bool compound;
    enum op op;
};

void build_open(struct parser *);

/* ---- top level (build_root.c) ---- */
void build_c_item(struct parser *, struct span, struct str text);
void build_config(struct parser *, struct span keyword);
void build_setting(struct parser *, struct span, struct str key, struct span key_at,
                   struct str value, struct span value_at);
struct str build_text(const struct parser *, struct span); /* as written */
void build_import(struct parser *, struct span keyword, struct span, struct str path);
void build_map_decl(struct parser *, struct span, struct str name, struct str kind,
                    struct span kind_at, const struct expr *size);
void build_stray_let(struct parser *, struct span);
struct macro_params build_macro_param(struct parser *, struct macro_params, struct macro_param);
void build_macro(struct parser *, struct span, struct str name, struct span name_at,
                 struct macro_params, struct block);
struct fn_params build_fn_param(struct parser *, struct fn_params, struct fn_param);
void build_function(struct parser *, struct span, struct str name, struct span name_at,
                    struct fn_params, struct type_expr *result, struct block);
struct points build_point(struct points, struct attach_point *, struct span);
void build_probe(struct parser *, struct span, struct points, struct expr *pred, struct block);

/* ---- statements and blocks (build_stmt.c) ---- */
struct stmts build_add(struct parser *, struct stmts, struct stmt *); /* NULL: an empty one */
struct stmts build_add_open(struct parser *, struct stmts, struct expr *);
struct block build_block(struct parser *, struct span, struct stmts, struct stmt *last);
struct block build_void(struct parser *, struct block); /* its value becomes a statement */
struct stmt *build_expr_stmt(struct parser *, enum stmt_kind, struct span, struct expr *);
struct stmt *build_assign(struct parser *, struct span, struct expr *target, struct assign_op,
                          struct expr *value);
struct stmt *build_let(struct parser *, struct span, struct str name, struct span name_at,
                       struct type_expr *, struct expr *init);
struct stmt *build_import_stmt(struct parser *, struct span, struct str path);
struct stmt *build_loop(struct parser *, enum stmt_kind, struct span, struct expr *, struct block);
struct stmt *build_for_map(struct parser *, struct str var, struct span var_at, struct str map,
                           struct span map_at);
struct stmt *build_for_range(struct parser *, struct str var, struct span var_at, struct expr *from,
                             struct expr *to);
struct stmt *build_for(struct span, struct stmt *head, struct block body);

/* ---- expressions and types (build_expr.c) ---- */
struct exprs build_append(struct exprs, struct expr *);
struct elements build_element(struct parser *, struct elements, struct element);
struct expr *build_parens(struct parser *, struct span, struct elements, bool comma);
struct expr *build_number(struct parser *, enum expr_kind, struct span, uint64_t);
struct expr *build_name(struct parser *, enum expr_kind, struct span, struct str);
struct expr *build_incdec(struct parser *, struct span, struct expr *, bool is_dec, bool is_prefix);
struct expr *build_address(struct parser *, struct span, struct expr *);
struct expr *build_ternary(struct parser *, struct span, struct expr *cond, struct expr *then,
                           struct expr *other);
struct expr *build_field(struct parser *, struct span, struct expr *, struct str, bool arrow);
struct expr *build_element_of(struct parser *, struct span, struct expr *, uint64_t);
struct expr *build_index(struct parser *, struct span, struct expr *, struct expr *);
struct expr *build_cast(struct parser *, struct span, struct type_expr *, struct expr *);
struct expr *build_comptime(struct parser *, struct span, struct expr *);
struct expr *build_type_of(struct parser *, enum expr_kind, struct span, struct operand);
struct expr *build_offsetof(struct parser *, struct span, struct operand, struct names path);
struct expr *build_if(struct parser *, struct span, struct expr *cond, struct block then,
                      struct block *other);
struct block *build_else(struct parser *, struct block);
struct block *build_else_if(struct parser *, struct expr *);
struct expr *build_block_expr(struct parser *, struct span, struct block);
struct names build_path(struct parser *, struct names, struct str);
struct type_expr *build_type_name(struct parser *, struct span, char tag, struct str name);
struct type_expr *build_typeof(struct parser *, struct span, struct operand);
struct type_expr *build_type(struct span, struct type_expr *, struct suffixes);
struct suffixes build_suffix(struct parser *, struct suffixes, int kind, uint64_t count);

/* ---- parse.c: what yyparse() found instead of what it could have used; symbols by name ---- */
void parse_report(struct parser *, struct span, const char *found, const char *const *expected,
                  size_t n_expected);
const char *parse_token_name(int token); /* parser.y: for the dump of tokens */

#endif
