/*
 * parse.h - text to AST, and text to tokens for --dump=tokens
 *
 * Looks at nothing but the text: the same text gives the same tree on every machine. Reports every
 * syntax error it can recover from.
 */
#ifndef HARK_PARSER_PARSE_H
#define HARK_PARSER_PARSE_H

#include "ast/ast.h"
#include "base/diag.h"

/*
 * What the scanner and the parser share. The caller fills the first block; words[] are the names of
 * builtins that a cast must not take for types (rule 3 of LANGUAGE.md 2.1): the registry's list, so
 * that the grammar itself knows no builtin.
 */
struct parser {
    struct arena *arena;
    struct diags *diags;
    const struct source *source;
    const struct str *params; /* $1, $2 …: substituted in attach points */
    size_t n_params;
    bool keep_params; /* $1 stays as written, to be formatted */
    bool (*is_builtin)(void *ctx, struct str name);
    void *ctx;

    struct program *program;   /* the result, also when there were errors */
    struct lexer_state *lexer; /* lexer.l's own */
    struct build *build;       /* build.c's own */
};

/* false if anything was reported. */
bool parse_program(struct parser *);

/* One line a token: "line:col kind text". */
void parse_dump_tokens(struct parser *, FILE *);

#endif
