/*
 * tokens.c - the tokens of a script, one a line, for --dump=tokens
 *
 * Shows the scanner's decisions: the kind tells which of several kinds of '(' or '{' it saw.
 */
#include "lexer/lexer.h"
#include "parser/parser.tab.h"

static void put_text(FILE *f, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            fputs("\\n", f);
        else if (text.p[i] == '\t')
            fputs("\\t", f);
        else
            fputc(text.p[i], f);
    }
}

/* The text as written, but for attach points: there parameters have been replaced. */
static struct str token_text(const struct parser *p, int token, const YYSTYPE *value,
                             struct span at)
{
    return token == TOK_ATTACH_POINT ? value->point->text : build_text(p, at);
}

struct place {
    uint32_t offset, line, col;
};

/* Tokens come in order, so lines are counted along the way. */
static void move_to(struct place *at, const struct source *source, uint32_t begin)
{
    for (; at->offset < begin - source->base; at->offset++) {
        at->col++;
        if (source->text.p[at->offset] == '\n') {
            at->line++;
            at->col = 1;
        }
    }
}

void parse_dump_tokens(struct parser *p, FILE *f)
{
    struct place place = { 0, 1, 1 };
    struct span at;
    YYSTYPE value;
    int token;

    lexer_open(p);
    while ((token = lexer_next(&value, &at, p->lexer->scanner)) != TOK_YYEOF) {
        p->lexer->skipping = false; /* leave nothing out after a mistake */
        if (token == TOK_YYerror)
            continue;
        move_to(&place, p->source, at.begin);
        fprintf(f, "%u:%u\t%s\t", place.line, place.col, parse_token_name(token));
        put_text(f, token_text(p, token, &value, at));
        fputc('\n', f);
    }
    lexer_close(p);
}
