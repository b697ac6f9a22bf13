/*
 * values.c - what a token means: numbers, names, escapes, attach points, C items
 *
 * Called by the rules of lexer.l with the text they matched. A wrong text is reported here, and the
 * token gets a harmless value, so that parsing goes on and no second message follows from it.
 */
#include "lexer/lexer.h"
#include "parser/build.h"
#include "parser/parser.tab.h"

#include <ctype.h>
#include <string.h>

bool lexer_begins_statement(const struct lexer_state *s)
{
    return s->prev == '{' || s->prev == TOK_STMT_BRACE || s->prev == ';' || s->prev == '}';
}

bool lexer_decimal(struct str digits, uint64_t *out)
{
    uint64_t n = 0;

    for (size_t i = 0; i < digits.n; i++) {
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(digits.p[i] - '0'), &n))
            return false;
    }
    *out = n;
    return n <= INT64_MAX;
}

static void note_macro(struct parser *p, struct str item)
{
    size_t begin = 1, end;

    while (begin < item.n && (item.p[begin] == ' ' || item.p[begin] == '\t'))
        begin++;
    item = str_sub(item, begin, item.n);
    if (!str_starts(item, STR("define")))
        return;
    item = str_trim(str_sub(item, sizeof("define") - 1, item.n));
    for (end = 0; end < item.n && (isalnum((unsigned char)item.p[end]) || item.p[end] == '_');)
        end++;
    lexer_note_value(p, str_sub(item, 0, end));
}

void lexer_take_c_item(struct parser *p, YYSTYPE *value, struct span *at)
{
    struct lexer_state *s = p->lexer;
    struct str text = str_trim(str_sub(s->text, s->begin, s->end));

    value->text = str_dup(p->arena, text);
    *at = s->begin_at;
    if (!s->in_param)
        at->end = at->begin + (uint32_t)text.n;
    if (text.n && text.p[0] == '#')
        note_macro(p, text);
}

/* "name=type:rest" names the probe. */
void lexer_take_attach_point(struct parser *p, YYSTYPE *value)
{
    struct str text = str_dup(p->arena, buf_as_str(&p->lexer->piece));
    struct attach_point *ap = ARENA_NEW(p->arena, struct attach_point);
    size_t n = 0;

    while (n < text.n && (isalnum((unsigned char)text.p[n]) || text.p[n] == '_'))
        n++;
    ap->text = text;
    if (n && n < text.n && text.p[n] == '=' && !isdigit((unsigned char)text.p[0])) {
        ap->name = str_sub(text, 0, n);
        ap->text = str_sub(text, n + 1, text.n);
    }
    value->point = ap;
}

void lexer_take_number(struct parser *p, struct str text, struct span at, YYSTYPE *value)
{
    const char *why;

    value->num = 0;
    if (!str_to_u64(text, false, &value->num, &why))
        lexer_error(p, at, "%s", why);
}

void lexer_take_param(struct parser *p, struct str digits, struct span at, YYSTYPE *value)
{
    if (!lexer_decimal(digits, &value->num))
        lexer_error(p, at, "number of a parameter is too large: the limit is %jd",
                    (intmax_t)INT64_MAX);
    else if (value->num == 0)
        lexer_error(p, at, "parameters are counted from 1: there is no $0");
}

void lexer_take_element(struct parser *p, struct str text, struct span at, YYSTYPE *value)
{
    if (!lexer_decimal(str_trim(str_sub(text, 1, text.n)), &value->num))
        lexer_error(p, at, "index of a tuple element is too large");
}

int lexer_take_word(struct parser *p, struct str text, YYSTYPE *value)
{
    int token = lexer_keyword(text);

    value->text = str_dup(p->arena, text);
    if (p->lexer->in_macro && !p->lexer->braces) { /* name, then parameters */
        lexer_note_value(p, text);
        if (!p->lexer->n_outside)
            p->lexer->n_outside = p->lexer->value_words.n;
    }
    if (token == TOK_IF && lexer_begins_statement(p->lexer))
        return TOK_STMT_IF;
    return token ? token : TOK_IDENT;
}

void lexer_take_escape(struct parser *p, struct str text, struct span at)
{
    static const char letters[] = "ntr\"\\", bytes[] = "\n\t\r\"\\";
    struct buf *piece = &p->lexer->piece;
    const char *letter = text.p[1] ? strchr(letters, text.p[1]) : NULL;
    unsigned long byte;

    if (letter) {
        buf_putc(piece, bytes[letter - letters]);
        return;
    }
    if (text.p[1] >= '0' && text.p[1] <= '7') {
        byte = strtoul(text.p + 1, NULL, 8);
    } else if (text.n > 2) {
        byte = strtoul(text.p + 2, NULL, 16);
    } else {
        diag_hint(p->diags, lexer_error(p, at, "unknown escape sequence in a string"),
                  "known are \\n \\t \\r \\\" \\\\ \\ooo (octal) \\xHH (hexadecimal)");
        return;
    }
    if (byte > UINT8_MAX)
        lexer_error(p, at, "octal escape sequence is too large: the limit is \\377");
    else
        buf_putc(piece, (char)byte);
}

void lexer_report_character(struct parser *p, unsigned char c, struct span at)
{
    struct diag *d = isprint(c) ? lexer_error(p, at, "unexpected '%c'", c)
                                : lexer_error(p, at, "unexpected '\\x%02x'", c);

    if (c == '\'')
        diag_hint(p->diags, d, "strings are written with double quotes");
}
