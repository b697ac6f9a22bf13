/*
 * space.c - is there a blank between two tokens, and could a line end there?
 *
 * One pass from left to right. What a token means to its neighbours follows from the one before it
 * (is '-' an operator or a sign?) and from the brackets around it (is ':' part of a ?: or of a
 * declaration?).
 */
#include "format/format_impl.h"
#include "parser/parser.tab.h"

#include <ctype.h>
#include <string.h>

/* A bracket that is open. */
struct bracket {
    int kind;
    size_t index;     /* of its token */
    unsigned n_marks; /* '?' that wait for their ':' */
};

struct spacer {
    struct tokens t;
    VEC(struct bracket) open;
    unsigned n_marks; /* of ':' outside of brackets */
    bool operand;     /* the token before ends an operand */
    bool prefix;      /* … is an operator in front of its operand, or a cast */
    bool in_for;      /* between 'for' and its block */
};

unsigned format_width(struct str text)
{
    unsigned col = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\t')
            col = (col / FORMAT_TAB + 1) * FORMAT_TAB;
        else
            col += (text.p[i] & 0xc0) != 0x80; /* UTF-8: bytes after the first take no place */
    }
    return col;
}

static bool opens(int kind)
{
    return kind == '(' || kind == '[' || kind == '{' || kind == TOK_STMT_BRACE ||
           kind == TOK_COND_PAREN || kind == TOK_TYPE_PAREN || kind == TOK_CAST_PAREN ||
           kind == TOK_PRED_BEGIN;
}

static bool closes(int kind)
{
    return kind == ')' || kind == ']' || kind == '}' || kind == TOK_PRED_END;
}

static bool is_brace(int kind)
{
    return kind == '{' || kind == '}' || kind == TOK_STMT_BRACE;
}

static bool is_assignment(int kind)
{
    switch (kind) {
    case '=':
    case TOK_ADD_ASSIGN:
    case TOK_SUB_ASSIGN:
    case TOK_MUL_ASSIGN:
    case TOK_DIV_ASSIGN:
    case TOK_MOD_ASSIGN:
    case TOK_AND_ASSIGN:
    case TOK_OR_ASSIGN:
    case TOK_XOR_ASSIGN:
    case TOK_SHL_ASSIGN:
    case TOK_SHR_ASSIGN:
        return true;
    }
    return false;
}

static bool is_binary(int kind)
{
    switch (kind) {
    case TOK_SHL:
    case TOK_SHR:
    case TOK_LE:
    case TOK_GE:
    case TOK_EQ:
    case TOK_NE:
        return true;
    }
    return kind > 0 && kind < 128 && strchr("+-*/%&|^<>", kind);
}

static bool is_prefix(int kind)
{
    return kind == TOK_INC || kind == TOK_DEC || (kind > 0 && kind < 128 && strchr("-+*&!~", kind));
}

/* Would the two be read as something else without a blank? */
static bool would_merge(struct str l, struct str r)
{
    char a = l.n ? l.p[l.n - 1] : ' ', b = r.n ? r.p[0] : ' ';
    bool word_a = isalnum((unsigned char)a) || a == '_',
         word_b = isalnum((unsigned char)b) || b == '_';

    if ((word_a || a == '$' || a == '@') && word_b)
        return true;
    return (a == b && strchr("+-&|<>./=", a)) || (a == '-' && b == '>') || (a == '/' && b == '*') ||
           (b == '=' && strchr("+-*/%&|^<>!", a));
}

static unsigned *marks(struct spacer *s)
{
    return s->open.n ? &s->open.v[s->open.n - 1].n_marks : &s->n_marks;
}

static int innermost(const struct spacer *s)
{
    return s->open.n ? s->open.v[s->open.n - 1].kind : 0;
}

/* A blank in front of '(' of any kind, '[' and what begins an operand? */
static bool space_before_operand(const struct spacer *s, int prev, int kind)
{
    if (s->prefix)
        return false;
    if (kind == '[')
        return !s->operand;
    if (kind == '(' || kind == TOK_TYPE_PAREN)
        return prev != TOK_IDENT && prev != TOK_SIZEOF && prev != TOK_OFFSETOF &&
               prev != TOK_TYPEINFO && prev != TOK_TYPEOF;
    return true;
}

static bool wants_space(struct spacer *s, const struct token *p, const struct token *t)
{
    int prev = p->kind, kind = t->kind;

    if (kind == ')' || kind == ']' || kind == ',' || kind == ';' || kind == '.' ||
        kind == TOK_ARROW || kind == TOK_ELEMENT || kind == TOK_RANGE || kind == TOK_PRED_END)
        return false;
    if (is_brace(kind))
        return prev != '(' && prev != '[' && prev != TOK_PRED_BEGIN;
    if (is_brace(prev))
        return true;
    if (opens(prev) || prev == '.' || prev == TOK_ARROW || prev == TOK_RANGE)
        return false;
    if (kind == ':')
        return *marks(s) ? prev != '?' : s->in_for;
    if ((kind == TOK_INC || kind == TOK_DEC) && s->operand)
        return false;
    if (kind == '*' && prev == '*' && innermost(s) == TOK_CAST_PAREN)
        return false;
    if (prev == ',' || prev == ':')
        return true;
    return space_before_operand(s, prev, kind);
}

static enum break_cost cost_of(const struct spacer *s, int prev, int kind)
{
    if (prev == ',')
        return BREAK_COMMA;
    if (kind == TOK_LAND || kind == TOK_LOR || kind == '?' || (kind == ':' && !s->in_for))
        return BREAK_LOGIC;
    if (s->operand && is_binary(kind) && innermost(s) != TOK_CAST_PAREN)
        return BREAK_OPERATOR;
    return is_assignment(prev) ? BREAK_ASSIGN : BREAK_NEVER;
}

/* Does the token end an operand, so that an operator or nothing follows? */
static bool ends_operand(const struct spacer *s, int prev, int kind, int closed)
{
    switch (kind) {
    case TOK_IDENT:
    case TOK_VAR:
    case TOK_MAP:
    case TOK_INTEGER:
    case TOK_PARAM:
    case TOK_NPARAMS:
    case TOK_STRING:
    case TOK_TRUE:
    case TOK_FALSE:
    case TOK_ELEMENT:
    case ']':
        return true;
    case ')':
        return closed != TOK_CAST_PAREN && closed != TOK_COND_PAREN;
    case '}':
        return closed != TOK_STMT_BRACE;
    case TOK_INC:
    case TOK_DEC:
        return s->operand;
    default:
        return prev == '.' || prev == TOK_ARROW; /* a field may have any name */
    }
}

static void pass(struct spacer *s, size_t i)
{
    struct token *t = &s->t.v[i];
    int prev = i ? s->t.v[i - 1].kind : 0, closed = 0;
    bool operand;

    if (closes(t->kind) && s->open.n) {
        struct bracket b = s->open.v[--s->open.n];

        closed = b.kind;
        s->t.v[b.index].partner = i;
    }
    t->depth = (unsigned)s->open.n;
    if (i) {
        t->space = prev == TOK_ATTACH_POINT
                       ? t->kind != ','
                       : wants_space(s, t - 1, t) || would_merge(t[-1].text, t->text);
        t->cost = t->space ? cost_of(s, prev, t->kind) : BREAK_NEVER;
    }
    if (t->kind == '?')
        ++*marks(s);
    else if (t->kind == ':' && *marks(s))
        --*marks(s);
    else if (t->kind == ';')
        *marks(s) = 0;
    if (t->kind == TOK_FOR)
        s->in_for = true;
    else if (is_brace(t->kind))
        s->in_for = false;
    operand = ends_operand(s, prev, t->kind, closed);
    s->prefix = (!s->operand && is_prefix(t->kind)) || closed == TOK_CAST_PAREN;
    s->operand = operand;
    if (opens(t->kind))
        vec_push(&s->open, (struct bracket){ t->kind, i, 0 });
}

void format_space(struct tokens t)
{
    struct spacer s = { .t = t };

    for (size_t i = 0; i < t.n; i++)
        pass(&s, i);
    vec_free(&s.open);
}
