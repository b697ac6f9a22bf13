/*
 * parse.c - a script becomes a program, or a list of sentences about what is wrong with it
 *
 * bison says which symbol it met and which ones it could have used. Most of the latter are
 * operators, which may follow any expression and help nobody; what people need to hear is the
 * token that closes what they have begun. So the expected symbols are looked through for those.
 */
#include "parser/parse.h"

#include "lexer/lexer.h"
#include "parser/build.h"
#include "parser/parser.tab.h"

#include <ctype.h>
#include <string.h>

/* Deep enough for a sum of ten thousand terms, shallow enough for every pass's recursion. */
enum { MAX_DEPTH = 10200 };

/* ---- words for syntax errors ---- */
struct expectation {
    const char *const *names;
    size_t n;
};

static bool has(const struct expectation *e, const char *name)
{
    for (size_t i = 0; i < e->n; i++) {
        if (strcmp(e->names[i], name) == 0)
            return true;
    }
    return false;
}

/* Symbols worth naming, and how; as many as belong together are named together. */
static const struct {
    const char *name, *text;
} closers[] = {
    { "/ after a predicate", "'/' after the predicate" },
    { "','", "','" },
    { "')'", "')'" },
    { "']'", "']'" },
    { "':'", "':'" },
    { "..", "'..'" },
    { "'='", "'='" },
    { "'{'", "'{'" },
    { "'}'", "'}'" },
    { "( of a condition", "a condition" },
    { "identifier", "a name" },
    { "variable", "a variable ($name)" },
    { "map", "a map (@name)" },
    { "string", "a string" },
    { "integer", "a number" },
};

static void put_closers(struct buf *b, const struct expectation *e)
{
    unsigned n = 0;

    for (size_t i = 0; i < ARRAY_LEN(closers); i++) {
        if (has(e, closers[i].name))
            buf_printf(b, "%s%s", n++ ? " or " : "", closers[i].text);
    }
    if (!n)
        buf_puts(b, e->n ? e->names[0] : "nothing");
}

static void put_expected(struct buf *b, const struct expectation *e, bool at_end)
{
    bool expression = has(e, "variable") && has(e, "string") && has(e, "integer");

    if (has(e, "attach point"))
        buf_puts(b, has(e, "macro") ? "a probe" : "an attach point");
    else if (at_end && has(e, "'}'"))
        buf_puts(b, "'}'");
    else if (has(e, "break"))
        buf_puts(b, expression ? "a statement" : "a field name");
    else if (expression)
        buf_puts(b, "an expression");
    else if (has(e, "string") && has(e, "true"))
        buf_puts(b, "a value: a number, a string, true, false or a word");
    else if (has(e, "struct"))
        buf_puts(b, "a type");
    else if (has(e, "';'"))
        buf_puts(b, "';'");
    else
        put_closers(b, e);
}

/* The token as written, short and printable. */
static struct str quote_token(struct parser *p, struct span at, const char *name)
{
    enum { LONGEST = 40 };
    struct str text = build_text(p, at);
    struct buf b = { 0 };
    struct str quoted;

    if (strcmp(name, "end of input") == 0)
        return STR("end of input");
    for (size_t i = 0; i < text.n && i < LONGEST; i++)
        buf_printf(&b, isprint((unsigned char)text.p[i]) ? "%c" : "\\x%02x",
                   (unsigned char)text.p[i]);
    if (text.n > LONGEST)
        buf_puts(&b, "...");
    quoted = str_printf(p->arena, strcmp(name, "string") == 0 ? "string %.*s" : "'%.*s'",
                        STRF(buf_as_str(&b)));
    buf_free(&b);
    return quoted;
}

/* Symbols that go on with an expression. Those of one character have quotes in their names. */
static bool is_operator(const char *name)
{
    char first = name[0] == '\'' ? name[1] : name[0];

    return strchr("*/%+-<>&^|?.[=!", first) != NULL;
}

static void add_hint(struct parser *p, struct diag *d, const char *found,
                     const struct expectation *e)
{
    if (p->lexer->let_map)
        diag_hint(p->diags, d, "a map is declared like this: let @name = lruhash(1000);");
    else if (p->lexer->for_head && (has(e, "':'") || (has(e, "variable") && e->n <= 2)))
        diag_hint(p->diags, d, "loops go over a range or a map: for $i : 0..10 { }");
    else if (has(e, ".."))
        diag_hint(p->diags, d, "expected a map or a range, as in for $i : 0..10 { }");
    else if (strcmp(found, "'='") == 0 && has(e, "=="))
        diag_hint(p->diags, d, "'==' compares; '=' is for statements");
    else if (strcmp(found, "->") == 0 && has(e, "'.'") && has(e, "')'"))
        diag_hint(p->diags, d, "offsetof() takes dots only: offsetof(struct S, a.b)");
    else if (is_operator(found) && !has(e, found) && !has(e, "';'") &&
             (has(e, "'{'") || (has(e, "')'") && e->n == 1)))
        diag_hint(p->diags, d, "put the whole expression in parentheses");
    else if (has(e, "attach point") && has(e, "macro"))
        diag_hint(p->diags, d,
                  "a probe looks like this: tracepoint:sched:sched_switch { @ = count(); }");
}

void parse_report(struct parser *p, struct span at, const char *found, const char *const *expected,
                  size_t n_expected)
{
    struct expectation e = { expected, n_expected };
    bool at_end = strcmp(found, "end of input") == 0;
    struct buf b = { 0 };
    struct diag *d;

    put_expected(&b, &e, at_end);
    d = diag_error(p->diags, at, "unexpected %.*s, expected %.*s", STRF(quote_token(p, at, found)),
                   STRF(buf_as_str(&b)));
    buf_free(&b);
    add_hint(p, d, found, &e);
}

/* ---- depth ---- */
struct depth {
    struct diags *diags;
    unsigned now;
    bool exceeded;
};

static bool enter(struct depth *d, struct span at)
{
    if (d->now >= MAX_DEPTH) {
        if (!d->exceeded)
            diag_error(d->diags, at, "nested too deeply");
        d->exceeded = true;
    }
    return !d->exceeded && ++d->now;
}

static bool enter_expr(void *ctx, struct expr **e)
{
    return enter(ctx, (*e)->at);
}

static void leave_expr(void *ctx, struct expr **e)
{
    struct depth *d = ctx;

    (void)e;
    d->now--;
}

static bool enter_stmt(void *ctx, struct stmt *s)
{
    return enter(ctx, s->at);
}

static void leave_stmt(void *ctx, struct stmt *s)
{
    struct depth *d = ctx;

    (void)s;
    d->now--;
}

/* bison's stack bounds most nesting, but not chains like a + b + c: those lean to the left. */
static void check_depth(struct parser *p)
{
    struct depth d = { .diags = p->diags };
    struct ast_walker walker = { &d, enter_expr, leave_expr, enter_stmt, leave_stmt };

    for (struct macro *m = p->program->macros; m; m = m->next)
        ast_walk_block(&walker, &m->body);
    for (struct function *f = p->program->functions; f; f = f->next)
        ast_walk_block(&walker, &f->body);
    for (struct probe *probe = p->program->probes; probe; probe = probe->next)
        ast_walk_probe(&walker, probe);
    if (d.exceeded) {
        p->program->macros = NULL;
        p->program->functions = NULL;
        p->program->probes = NULL;
    }
}

bool parse_program(struct parser *p)
{
    unsigned before = p->diags->errors;

    build_open(p);
    lexer_open(p);
    yyparse(p->lexer->scanner, p);
    lexer_close(p);
    check_depth(p);
    return p->diags->errors == before;
}
