/*
 * gather.c - a script's text becomes tokens, each with the comments in front of it
 *
 * The scanner leaves comments out, but the places of two tokens say where to look for them: all
 * that stands between them is blank space, comments and perhaps "#!" in the first line.
 */
#include "format/format_impl.h"
#include "lexer/lexer.h"
#include "parser/build.h"
#include "parser/parser.tab.h"

#include <string.h>

/* The text between two tokens, being read. */
struct gap {
    struct str all; /* the whole script */
    size_t pos, end;
    bool newline;       /* since the last token or comment */
    unsigned n_newline; /* how many in a row */
};

/* Takes blank space. */
static void skip_blank(struct gap *g)
{
    g->n_newline = 0;
    for (; g->pos < g->end && strchr(" \t\r\n", g->all.p[g->pos]); g->pos++)
        g->n_newline += g->all.p[g->pos] == '\n';
    g->newline = g->n_newline > 0;
}

static unsigned column(struct str text, size_t pos)
{
    size_t begin = pos;

    while (begin && text.p[begin - 1] != '\n')
        begin--;
    return format_width(str_sub(text, begin, pos));
}

static size_t comment_end(const struct gap *g, bool is_line)
{
    static const char close[] = "*/";
    const char *from = g->all.p + g->pos;
    size_t n = g->end - g->pos;
    const char *end = is_line ? memchr(from, '\n', n)
                      : n > 4 ? memmem(from + 2, n - 2, close, 2)
                              : NULL;

    if (!end)
        return g->end;
    return (size_t)(end - g->all.p) + (is_line ? 0 : 2);
}

static struct comment take_comment(struct gap *g, bool first_in_script)
{
    struct comment c = { .blank_above = g->n_newline > 1,
                         .own_line = g->newline || first_in_script };
    size_t end;

    c.is_line = g->all.p[g->pos] == '#' || g->all.p[g->pos + 1] == '/';
    end = comment_end(g, c.is_line);
    c.text = str_trim(str_sub(g->all, g->pos, end));
    if (str_find(c.text, '\n') >= 0)
        c.col = column(g->all, g->pos);
    g->pos = end;
    return c;
}

/* The text between two tokens: all that is no blank is a comment. */
static void read_gap(struct parser *p, struct token *t, size_t begin, size_t end)
{
    struct gap g = { .all = p->source->text, .pos = begin, .end = end };
    VEC(struct comment) comments = { 0 };

    for (skip_blank(&g); g.pos < g.end; skip_blank(&g)) {
        bool first_in_script = !begin && !comments.n;

        t->newline = t->newline || g.newline;
        arena_vec_push(p->arena, &comments, take_comment(&g, first_in_script));
        t->newline = t->newline || str_find(comments.v[comments.n - 1].text, '\n') >= 0;
    }
    t->newline = t->newline || g.newline;
    t->blank_above = g.n_newline > 1;
    t->comments = comments.v;
    t->n_comments = comments.n;
}

struct tokens format_gather(struct parser *p)
{
    VEC(struct token) tokens = { 0 };
    size_t behind = 0;
    struct span at;
    YYSTYPE value;
    int kind;

    lexer_open(p);
    do {
        struct token t = { 0 };

        kind = lexer_next(&value, &at, p->lexer->scanner);
        if (kind == TOK_YYEOF)
            at.begin = at.end = p->source->base + (uint32_t)p->source->text.n;
        t.kind = kind;
        t.text = kind == TOK_ELEMENT ? str_printf(p->arena, ".%ju", (uintmax_t)value.num)
                                     : build_text(p, at);
        read_gap(p, &t, behind, at.begin - p->source->base);
        behind = at.end - p->source->base;
        arena_vec_push(p->arena, &tokens, t);
    } while (kind != TOK_YYEOF);
    lexer_close(p);
    return (struct tokens){ tokens.v, tokens.n };
}
