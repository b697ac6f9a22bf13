/*
 * lexer.h - the scanner as the parser sees it, and what its files share
 *
 * The scanner decides everything that a grammar with one token of look-ahead cannot: where attach
 * points end, whether '(' opens a cast, whether '/' ends a predicate, whether 'if' begins a
 * statement. It does so from the token before and the text behind, never from the parser's state,
 * so that --dump=tokens shows what the parser gets.
 */
#ifndef HARK_LEXER_LEXER_H
#define HARK_LEXER_LEXER_H

#include "parser/parse.h"

union YYSTYPE; /* values of tokens: %union in parser.y */

struct lexer_state {
    void *scanner;   /* flex's own */
    struct str text; /* what is being scanned: the source, or a parameter's value */
    size_t pos;      /* bytes of it already scanned */
    bool in_param;   /* inside a parameter's value; param_at is the place of its $N */
    struct span param_at;
    struct str outer_text; /* where to go on after it */
    size_t outer_pos;

    int prev;          /* the last token */
    bool shebang_over; /* something has been read: "#!" is no longer special */
    bool let_map;      /* between 'let' and the ')' of a map declaration at root level */
    bool seen_colon;   /* in an attach point */
    bool in_enum;      /* in a C definition */
    unsigned braces;   /* open '{'; in a C definition, its brackets */
    int resume;        /* start condition to return to after a string */
    size_t begin;      /* where in text the token of several pieces began */
    size_t end;        /* C item: where it ends if nothing more belongs to it */
    struct span begin_at;
    struct buf piece; /* the token's value so far */

    VEC(struct str) value_words; /* names that cannot be types: see lexer_note_value() */
    bool in_macro;               /* from 'macro' to its last '}' */
    size_t n_outside;            /* names to keep after it: all but its parameters */

    bool skipping; /* after an error: up to the ';' or '}' that ends the statement */
    unsigned skip_depth;
    bool for_head;     /* between 'for' and its block */
    uint32_t last_end; /* where the last token ended */
    unsigned errors_before;
    bool gave_up;
};

void lexer_open(struct parser *);
void lexer_close(struct parser *);
int lexer_next(union YYSTYPE *, struct span *, void *scanner);

/* The parser has reported the token it got last: leave out the rest of the statement. */
void lexer_recover(struct parser *);

/* As diag_error(), but says nothing more after very many messages. NULL then. */
struct diag *lexer_error(struct parser *, struct span, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- values.c ---- */
bool lexer_begins_statement(const struct lexer_state *); /* the token just read */
bool lexer_decimal(struct str digits, uint64_t *out);    /* false above 2^63 - 1 */
void lexer_take_c_item(struct parser *, union YYSTYPE *, struct span *);
void lexer_take_attach_point(struct parser *, union YYSTYPE *);
void lexer_take_number(struct parser *, struct str, struct span, union YYSTYPE *);
void lexer_take_param(struct parser *, struct str digits, struct span, union YYSTYPE *);
void lexer_take_element(struct parser *, struct str, struct span, union YYSTYPE *);
int lexer_take_word(struct parser *, struct str, union YYSTYPE *);
void lexer_take_escape(struct parser *, struct str, struct span);
void lexer_report_character(struct parser *, unsigned char, struct span);

/* ---- words.c ---- */
int lexer_keyword(struct str);      /* the token of a keyword inside braces, or 0 */
int lexer_root_keyword(struct str); /* the same at root level */
/* Words that can name neither a type in parentheses nor a macro parameter (LANGUAGE.md 2.3). */
bool lexer_is_reserved(struct str);
bool lexer_is_type_word(struct str); /* types that the language itself names */

/* The name is a value (#define, enumerator, macro, macro parameter): "(name) - 1" is no cast. */
void lexer_note_value(struct parser *, struct str name);
bool lexer_is_noted_value(const struct lexer_state *, struct str name);

/* ---- peek.c: all look at the text behind the token just read ---- */
int peek_paren(const struct parser *);           /* what kind of '(' it was */
char peek_next(const struct lexer_state *);      /* the next character of a token; NUL: none */
bool peek_c_body(const struct lexer_state *);    /* after 'struct': [name] '{' follows */
bool peek_statement(const struct lexer_state *); /* after '}': a new statement follows */
/* At root level: does the word begin something else than an attach point? The token, or 0. */
int peek_root_word(const struct lexer_state *, struct str word);

#endif
