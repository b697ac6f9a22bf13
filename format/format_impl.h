/*
 * format_impl.h - what the files of format/ share: tokens with all that stood around them
 */
#ifndef HARK_FORMAT_FORMAT_IMPL_H
#define HARK_FORMAT_FORMAT_IMPL_H

#include "format/format.h"

struct comment {
    struct str text;
    unsigned col;     /* of several lines: where the first one begins, from 0, as editors show it */
    bool is_line;     /* ends with its line: //… or #!… */
    bool own_line;    /* first in its line */
    bool blank_above; /* behind an empty line */
};

/* How good a place for a line break is the blank before a token? Less is better. */
enum break_cost {
    BREAK_COMMA,
    BREAK_LOGIC, /* before && || ? : */
    BREAK_OPERATOR,
    BREAK_ASSIGN,
    BREAK_NEVER,
};

struct token {
    int kind;
    struct str text;
    struct comment *comments; /* between the token before and this one */
    size_t n_comments;
    bool newline;     /* a line ended somewhere between them */
    bool blank_above; /* behind an empty line (after the last comment) */

    /* space.c */
    bool space;     /* a blank in front, where no line ends */
    unsigned depth; /* brackets around it */
    enum break_cost cost;
    size_t partner; /* of '{': its '}' */
};

struct tokens {
    struct token *v; /* the last one is TOK_YYEOF */
    size_t n;
};

/* gather.c */
struct tokens format_gather(struct parser *);

/* space.c: fills in the last block of struct token */
void format_space(struct tokens);
unsigned format_width(struct str text); /* in columns, of one line */

/* layout.c */
void format_layout(struct tokens, struct buf *out);

enum { FORMAT_TAB = 4, FORMAT_LINE = 100 };

#endif
