/*
 * peek.c - decisions that need a look at the text behind the current token
 *
 * The grammar has one token of look-ahead and knows no names; some of LANGUAGE.md 2.1 needs more.
 * The functions here read ahead without consuming anything: over blank space and comments, over a
 * word, over the suffixes of a type. The answer is a token kind of its own, so that the grammar
 * stays free of conflicts.
 */
#include "lexer/lexer.h"
#include "parser/build.h"
#include "parser/parser.tab.h"

#include <ctype.h>
#include <string.h>

struct cursor {
    struct str text;
    size_t pos;
};

static struct cursor cursor_here(const struct lexer_state *s)
{
    return (struct cursor){ s->text, s->pos };
}

/* The character n places ahead; NUL at the end of the text. */
static char char_at(const struct cursor *c, size_t n)
{
    return c->pos + n < c->text.n ? c->text.p[c->pos + n] : '\0';
}

static void skip_line(struct cursor *c)
{
    while (c->pos < c->text.n && c->text.p[c->pos] != '\n')
        c->pos++;
}

static void skip_comment(struct cursor *c)
{
    for (c->pos += 2; c->pos < c->text.n; c->pos++) {
        if (char_at(c, 0) == '*' && char_at(c, 1) == '/') {
            c->pos += 2;
            return;
        }
    }
}

static void skip_layout(struct cursor *c)
{
    for (;;) {
        char first = char_at(c, 0), second = char_at(c, 1);

        if (first && strchr(" \t\r\n", first))
            c->pos++;
        else if (first == '/' && second == '/')
            skip_line(c);
        else if (first == '/' && second == '*')
            skip_comment(c);
        else
            return;
    }
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static struct str take_word(struct cursor *c)
{
    size_t begin = c->pos;

    if (isdigit((unsigned char)char_at(c, 0)))
        return STR("");
    while (is_word_char(char_at(c, 0)))
        c->pos++;
    return str_sub(c->text, begin, c->pos);
}

/* What stands behind a '(' if it can be read as a type. */
struct guess {
    struct str word; /* the first word */
    bool keyword;    /* struct, union, enum or typeof: nothing else than a type */
    bool star, array;
};

static bool is_tag_keyword(struct str word)
{
    return str_eqz(word, "struct") || str_eqz(word, "union") || str_eqz(word, "enum");
}

/* Takes "[4]" or "[]". */
static bool take_length(struct cursor *c)
{
    c->pos++;
    skip_layout(c);
    if (char_at(c, 0) != ']' && !isdigit((unsigned char)char_at(c, 0)))
        return false;
    while (is_word_char(char_at(c, 0)))
        c->pos++;
    skip_layout(c);
    if (char_at(c, 0) != ']')
        return false;
    c->pos++;
    return true;
}

/* false if it cannot be a type. For typeof the cursor stays behind the keyword. */
static bool take_type(struct cursor *c, struct guess *g)
{
    skip_layout(c);
    *g = (struct guess){ .word = take_word(c) };
    if (!g->word.n)
        return false;
    if (str_eqz(g->word, "typeof")) {
        g->keyword = true;
        return true;
    }
    if (is_tag_keyword(g->word)) {
        g->keyword = true;
        skip_layout(c);
        if (!take_word(c).n)
            return false;
    }
    for (;;) {
        skip_layout(c);
        if (char_at(c, 0) == '*') {
            g->star = true;
            c->pos++;
        } else if (char_at(c, 0) == '[') {
            g->array = true;
            if (!take_length(c))
                return false;
        } else {
            return true;
        }
    }
}

/* Is it the name of a value, so that it cannot be the name of a type? */
static bool is_builtin(const struct parser *p, struct str word)
{
    return lexer_is_reserved(word) || (p->is_builtin && p->is_builtin(p->ctx, word));
}

/* Operators that need an operand at both sides or only behind them: '-', '*', '&'. */
static bool is_unary_or_binary(const struct cursor *c)
{
    char first = char_at(c, 0), second = char_at(c, 1);

    switch (first) {
    case '-':
        return second != '-' && second != '>' && second != '=';
    case '&':
        return second != '&' && second != '=';
    case '*':
        return second != '=';
    default:
        return false;
    }
}

/* Tokens that cannot come behind a complete expression. */
static bool begins_operand(const struct cursor *c)
{
    char first = char_at(c, 0), second = char_at(c, 1);

    if (is_word_char(first) || (first && strchr("$@\"(~", first)))
        return true;
    if (first == '!')
        return second != '=';
    if ((first == '+' || first == '-') && second == first) { /* (uint8)++$x, but not (x)++ */
        struct cursor behind = { c->text, c->pos + 2 };

        skip_layout(&behind);
        return char_at(&behind, 0) == '$' || char_at(&behind, 0) == '@';
    }
    return false;
}

/*
 * A cast if the parentheses hold what can be a type and an operand follows. Before '-', '*' and '&'
 * both readings make sense, "(uint64) -1" and "(LIMIT) - 1"; then it is a cast unless the name is
 * known to be a value.
 */
static bool is_cast(const struct parser *p, const struct cursor *after_paren, const struct guess *g)
{
    struct cursor c = *after_paren;

    if (g->keyword || g->star)
        return true;
    if (is_builtin(p, g->word))
        return false;
    skip_layout(&c);
    if (is_unary_or_binary(&c))
        return !lexer_is_noted_value(p->lexer, g->word);
    return begins_operand(&c);
}

int peek_paren(const struct parser *p)
{
    struct cursor c = cursor_here(p->lexer);
    struct guess g;

    switch (p->lexer->prev) {
    case TOK_IF:
    case TOK_STMT_IF:
    case TOK_WHILE:
    case TOK_UNROLL:
        return TOK_COND_PAREN;
    case TOK_IDENT:
    case TOK_FOR:
        return '(';
    case TOK_SIZEOF:
    case TOK_OFFSETOF:
    case TOK_TYPEINFO:
    case TOK_TYPEOF: /* a bare name counts as an expression, which sema looks up */
        if (!take_type(&c, &g) || !(g.keyword || g.star || g.array))
            return '(';
        if (!g.keyword && !g.star &&
            (is_builtin(p, g.word) || lexer_is_noted_value(p->lexer, g.word)))
            return '(';
        return g.keyword || char_at(&c, 0) == ')' || char_at(&c, 0) == ',' ? TOK_TYPE_PAREN : '(';
    default:
        if (!take_type(&c, &g) || (!g.keyword && char_at(&c, 0) != ')'))
            return '(';
        c.pos++;
        return is_cast(p, &c, &g) ? TOK_CAST_PAREN : '(';
    }
}

char peek_next(const struct lexer_state *s)
{
    struct cursor c = cursor_here(s);

    skip_layout(&c);
    return char_at(&c, 0);
}

/* "__attribute__((packed))", "__packed": what may stand between "struct" and the name. */
static void skip_attributes(struct cursor *c)
{
    struct cursor at = *c;

    for (; str_starts(take_word(&at), STR("__")); *c = at) {
        unsigned depth = 0;

        skip_layout(&at);
        do {
            depth += char_at(&at, 0) == '(';
            depth -= depth && char_at(&at, 0) == ')';
            at.pos += char_at(&at, 0) == '(' || char_at(&at, 0) == ')' || depth;
        } while (depth && at.pos < at.text.n);
        skip_layout(&at);
        if (char_at(&at, 0) == '{')
            return; /* it was the name */
    }
}

bool peek_c_body(const struct lexer_state *s)
{
    struct cursor c = cursor_here(s);

    skip_layout(&c);
    skip_attributes(&c);
    take_word(&c);
    skip_layout(&c);
    return char_at(&c, 0) == '{';
}

bool peek_statement(const struct lexer_state *s)
{
    struct cursor c = cursor_here(s);
    char next;

    skip_layout(&c);
    next = char_at(&c, 0);
    return next == '$' || next == '@' || next == '{' ||
           (is_word_char(next) && !str_eqz(take_word(&c), "else"));
}

int peek_root_word(const struct lexer_state *s, struct str word)
{
    int token = lexer_root_keyword(word);
    struct cursor c = cursor_here(s);
    char first = char_at(&c, 0), second = char_at(&c, 1);

    if (!token || !first || strchr(" \t\r\n({\"@;", first) ||
        (first == '/' && (second == '/' || second == '*')))
        return token;
    c.pos++;
    skip_layout(&c);
    return token == TOK_CONFIG && first == '=' && char_at(&c, 0) == '{' ? token : 0;
}
