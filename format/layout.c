/*
 * layout.c - where lines begin and end
 *
 * Tokens are collected into one line until the statement, setting or head is over; then the line is
 * written, over several if it is too long. What stays on one line is decided by how it was written:
 * formatting twice gives what formatting once gave.
 */
#include "format/format_impl.h"
#include "parser/parser.tab.h"

#include <string.h>

/* A token or comment of the line being collected. */
struct piece {
    struct str text;
    unsigned col; /* of a comment: where it was */
    unsigned depth;
    enum break_cost cost;
    bool space, must_break; /* in front */
};

struct scope {
    bool root, statement; /* of a probe, macro or function; of an if, a loop or alone */
    int first;            /* of the statement it belongs to, as in struct layout */
    unsigned parens;
};

struct layout {
    struct tokens t;
    struct buf *out;
    VEC(struct piece) line;
    unsigned level;     /* of the line */
    bool ended;         /* the line is complete; only a comment may follow */
    bool blank;         /* the next line is to be behind an empty one */
    bool break_next;    /* a comment has ended the line in the middle of a statement */
    bool at_block_head; /* nothing has been written behind '{', or at all */

    VEC(struct scope) blocks;
    int first;       /* the first token of the statement */
    unsigned parens; /* open brackets since it began */
    size_t flat_end; /* tokens up to this one stay on the line */
};

/* ---- lines ---- */
/* Of a comment of several lines only the first counts: the others may move. */
static unsigned flat_width(const struct piece *p, bool first)
{
    ptrdiff_t end = str_find(p->text, '\n');

    return format_width(end < 0 ? p->text : str_sub(p->text, 0, (size_t)end)) +
           (!first && p->space);
}

static void put_blanks(struct layout *l, unsigned level, unsigned more)
{
    buf_fill(l->out, '\t', level);
    buf_fill(l->out, ' ', more);
}

/* A comment whose first line has moved from column was to is: the other lines follow. */
static void put_comment(struct layout *l, struct str text, unsigned was, unsigned is)
{
    for (;;) {
        ptrdiff_t end = str_find(text, '\n');
        struct str line = end < 0 ? text : str_sub(text, 0, (size_t)end);
        size_t lead = 0;
        unsigned col;

        buf_str(l->out, line);
        if (end < 0)
            return;
        while (strchr(" \t\r", l->out->p[l->out->n - 1]))
            l->out->n--;
        buf_putc(l->out, '\n');
        text = str_sub(text, (size_t)end + 1, text.n);
        if (was == is)
            continue;
        while (lead < text.n && (text.p[lead] == ' ' || text.p[lead] == '\t'))
            lead++;
        col = format_width(str_sub(text, 0, lead)) + is;
        text = str_sub(text, lead, text.n);
        if (col > was)
            put_blanks(l, (col - was) / FORMAT_TAB, (col - was) % FORMAT_TAB);
    }
}

static void put_piece(struct layout *l, const struct piece *p, unsigned col)
{
    if (str_starts(p->text, STR("/*")))
        put_comment(l, p->text, p->col, col);
    else
        buf_str(l->out, p->text);
}

/* How many pieces from i on stay on this line, which they begin at col. */
static size_t take_line(const struct layout *l, size_t i, unsigned col)
{
    size_t end = i, best = 0;
    unsigned cost = UINT32_MAX;

    for (; end < l->line.n; end++) {
        const struct piece *p = &l->line.v[end];
        unsigned this = p->depth * BREAK_NEVER + p->cost;

        if (end > i && p->must_break)
            return end - i;
        col += flat_width(p, end == i);
        if (col > FORMAT_LINE && best)
            return best;
        if (end > i && p->cost != BREAK_NEVER && this <= cost) {
            cost = this;
            best = end - i;
        }
    }
    return end - i;
}

static void end_line(struct layout *l)
{
    unsigned more = 0;

    for (size_t i = 0, n; i < l->line.n; i += n) {
        unsigned col = l->level * FORMAT_TAB + more;

        n = take_line(l, i, col);
        put_blanks(l, l->level, more);
        for (size_t k = i; k < i + n; k++) {
            const struct piece *p = &l->line.v[k];

            if (k > i && p->space)
                buf_putc(l->out, ' ');
            put_piece(l, p, col + (k > i && p->space));
            col += flat_width(p, k == i);
        }
        buf_putc(l->out, '\n');
        more = 4;
    }
    l->line.n = 0;
    l->ended = false;
    l->break_next = false;
}

static void begin_line(struct layout *l, unsigned level, bool blank)
{
    end_line(l);
    if ((blank || l->blank) && !l->at_block_head)
        buf_putc(l->out, '\n');
    l->blank = false;
    l->at_block_head = false;
    l->level = level;
}

static bool at_start(const struct layout *l)
{
    return l->ended || !l->line.n;
}

static void add_comment(struct layout *l, const struct comment *c, unsigned level)
{
    struct piece p = { .text = c->text, .col = c->col, .cost = BREAK_NEVER, .space = true };

    if (at_start(l) && (c->own_line || !l->line.n)) {
        begin_line(l, level, c->blank_above);
        l->ended = true;
    } else if (!at_start(l)) {
        p.must_break = c->own_line || l->break_next;
        l->break_next = c->own_line || c->is_line;
    }
    vec_push(&l->line, p);
}

/* ---- what stays on one line ---- */
/* Do the tokens from the one at begin up to the one at end stand on one line without comments? */
static bool written_flat(const struct layout *l, size_t begin, size_t end)
{
    for (size_t i = begin + 1; i <= end; i++) {
        if (l->t.v[i].newline || l->t.v[i].n_comments)
            return false;
    }
    return true;
}

static bool begins_statement_block(int kind)
{
    return kind == TOK_STMT_IF || kind == TOK_STMT_BRACE || kind == TOK_WHILE || kind == TOK_FOR ||
           kind == TOK_UNROLL;
}

/* At most one statement, and none with blocks of its own. */
static bool holds_little(const struct layout *l, size_t open)
{
    size_t close = l->t.v[open].partner;

    for (size_t i = open + 1; i < close; i++) {
        if (begins_statement_block(l->t.v[i].kind) ||
            (l->t.v[i].kind == ';' && i + 1 < close && l->t.v[i].depth == l->t.v[open].depth + 1))
            return false;
    }
    return true;
}

/* Do the tokens from begin to end fit behind what the line has already? */
static bool fits(const struct layout *l, size_t begin, size_t end)
{
    unsigned col = l->level * FORMAT_TAB;

    for (size_t i = 0; i < l->line.n && !l->ended; i++)
        col += flat_width(&l->line.v[i], i == 0);
    for (size_t i = begin; i <= end && col <= FORMAT_LINE; i++)
        col += format_width(l->t.v[i].text) + l->t.v[i].space;
    return col <= FORMAT_LINE;
}

static bool is_open_brace(const struct token *t)
{
    return t->kind == '{' || t->kind == TOK_STMT_BRACE;
}

/* A probe, macro or function that stays on one line: where it ends, or 0. */
static size_t flat_root(const struct layout *l, size_t begin)
{
    size_t open = begin;

    while (!is_open_brace(&l->t.v[open]) || l->t.v[open].depth) {
        if (l->t.v[open].kind == TOK_YYEOF)
            return 0;
        open++;
    }
    if (!written_flat(l, begin, l->t.v[open].partner) || !holds_little(l, open) ||
        !fits(l, begin, l->t.v[open].partner))
        return 0;
    return l->t.v[open].partner;
}

/* A block inside an expression, with all else branches and the rest of the statement. */
static size_t flat_value(const struct layout *l, size_t open)
{
    size_t close = l->t.v[open].partner, end;

    for (end = open; l->t.v[end].kind != ';' && l->t.v[end].kind != TOK_YYEOF; end++) {
        if (is_open_brace(&l->t.v[end])) {
            if (!holds_little(l, end) || !written_flat(l, end, l->t.v[end].partner))
                return 0;
            close = end = l->t.v[end].partner;
        } else if (l->t.v[end].kind == '}') {
            break;
        }
    }
    return fits(l, open, end) ? close : 0;
}

/* ---- tokens ---- */
static void add_token(struct layout *l, const struct token *t)
{
    vec_push(&l->line, (struct piece){
                           .text = t->text,
                           .depth = t->depth,
                           .cost = t->cost,
                           .space = t->space,
                           .must_break = l->break_next,
                       });
    l->break_next = false;
}

static bool is_root_head(int kind)
{
    return kind == TOK_ATTACH_POINT || kind == TOK_MACRO || kind == TOK_FN;
}

static void open_block(struct layout *l, size_t i)
{
    struct scope b = {
        .root = !l->blocks.n && is_root_head(l->first),
        .first = l->first,
        .parens = l->parens,
    };

    b.statement = b.root || (!l->blocks.n && l->first == TOK_CONFIG) ||
                  (!l->parens && begins_statement_block(l->first));
    if (i >= l->flat_end && !b.statement) {
        size_t end = flat_value(l, i);

        l->flat_end = end ? end : l->flat_end;
    }
    if (i < l->flat_end || l->t.v[i].partner == l->flat_end) {
        add_token(l, &l->t.v[i]);
        return;
    }
    if (b.root && l->line.n && !l->ended)
        begin_line(l, 0, false);
    add_token(l, &l->t.v[i]);
    vec_push(&l->blocks, b);
    l->ended = true;
    l->at_block_head = true;
    l->parens = 0;
}

static void close_block(struct layout *l, size_t i)
{
    struct scope b = l->blocks.v[--l->blocks.n];
    int next = l->t.v[i + 1].kind;

    l->at_block_head = true; /* no empty line in front of '}' */
    begin_line(l, (unsigned)l->blocks.n, false);
    add_token(l, &l->t.v[i]);
    l->first = b.first;
    l->parens = b.parens;
    l->ended = b.statement && next != TOK_ELSE && next != ';';
    if (!l->blocks.n)
        l->blank = true;
}

/* Is the line complete with this token, outside of what stays on one line? */
static bool ends_line(const struct layout *l, size_t i)
{
    const struct token *t = &l->t.v[i], *next = t + 1;

    switch (t->kind) {
    case ';':
    case TOK_C_ITEM:
        return true;
    case TOK_ATTACH_POINT:
        return next->kind != ',';
    case ',':
        return !l->blocks.n && l->first == TOK_ATTACH_POINT && !t->depth;
    case TOK_PRED_END:
        return true;
    case ')': /* of a macro's or function's head, of a map's declaration */
        return !l->blocks.n && !t->depth &&
               ((is_root_head(l->first) && is_open_brace(next)) ||
                (l->first == TOK_LET && next->kind != ';'));
    default:
        return !l->blocks.n && is_root_head(l->first) && is_open_brace(next) && !next->depth;
    }
}

static void begin_statement(struct layout *l, size_t i)
{
    const struct token *t = &l->t.v[i];

    begin_line(l, (unsigned)l->blocks.n, t->blank_above);
    l->parens = 0;
    if (l->blocks.n) {
        l->first = t->kind == TOK_ELSE ? TOK_STMT_IF : t->kind;
    } else if (t->kind != ',' && t->kind != TOK_PRED_BEGIN && !is_open_brace(t) &&
               !(t->kind == TOK_ATTACH_POINT && i && t[-1].kind == ',')) {
        l->first = t->kind;
        if (is_root_head(t->kind))
            l->flat_end = flat_root(l, i);
    }
}

/* Lines of a probe's head belong together: no empty one between them. */
static bool inside_head(const struct layout *l, size_t i)
{
    const struct token *t = &l->t.v[i];

    return !l->blocks.n && i &&
           (t->kind == TOK_PRED_BEGIN || is_open_brace(t) || t[-1].kind == ',');
}

static void lay_out(struct layout *l, size_t i)
{
    struct token *t = &l->t.v[i];
    bool flat = i <= l->flat_end && l->flat_end;

    if (t->kind == TOK_ELSE && t->n_comments && !l->parens && begins_statement_block(l->first))
        l->ended = true; /* "} // why" stays, and "else" begins a line */
    for (size_t k = 0; k < t->n_comments; k++)
        add_comment(l, &t->comments[k], (unsigned)l->blocks.n);
    if (t->kind == TOK_YYEOF)
        return;
    if (t->kind == '}' && !flat && l->blocks.n) {
        close_block(l, i);
        return;
    }
    if (inside_head(l, i))
        t->blank_above = false;
    if (at_start(l))
        begin_statement(l, i);
    if (is_open_brace(t)) {
        open_block(l, i);
        return;
    }
    add_token(l, t);
    if (t->kind == '(' || t->kind == '[' || t->kind == TOK_TYPE_PAREN ||
        t->kind == TOK_CAST_PAREN || t->kind == TOK_COND_PAREN)
        l->parens++;
    else if ((t->kind == ')' || t->kind == ']') && l->parens)
        l->parens--;
    flat = i <= l->flat_end && l->flat_end;
    if (flat ? i == l->flat_end && !l->blocks.n && !t->depth : ends_line(l, i))
        l->ended = true;
}

void format_layout(struct tokens t, struct buf *out)
{
    struct layout l = { .t = t, .out = out, .at_block_head = true };

    for (size_t i = 0; i < t.n; i++)
        lay_out(&l, i);
    end_line(&l);
    vec_free(&l.line);
    vec_free(&l.blocks);
}
