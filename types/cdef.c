/*
 * cdef.c - items of the C part: preprocessor lines are obeyed, the rest becomes types
 *
 * An item's text is cut into tokens once. Lines that begin with '#' are directives; what stands
 * between them, if #if lets it live, has its macros replaced and goes to cparse.c as a whole.
 * Nesting of #if outlives an item and is all that struct cdef_state keeps, next to what was asked
 * of the kernel.
 */
#include "types/cdef_impl.h"

void citem_error(struct citem *item, struct span at, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    diag_verror(item->defs->diags, at, fmt, ap);
    va_end(ap);
    item->failed = true;
}

const struct cdef_const *cdef_const(const struct cdefs *c, struct str name)
{
    for (size_t i = c->constants.n; i-- > 0;) {
        if (str_eq(c->constants.v[i].name, name))
            return &c->constants.v[i];
    }
    return NULL;
}

const struct type *cdef_type(const struct cdefs *c, char tag, struct str name)
{
    for (size_t i = 0; tag == 0 && i < c->n_typedefs; i++) {
        if (str_eq(c->typedefs[i].name, name))
            return c->typedefs[i].type;
    }
    for (size_t i = 0; tag != 0 && i < c->tags.n; i++) {
        const struct type *t = c->tags.v[i];

        if (str_eq(t->name, name) && (t->kind == TYPE_ENUM) == (tag == 'e') &&
            t->is_union == (tag == 'u'))
            return t;
    }
    return NULL;
}

static bool is_live(const struct cdef_state *state)
{
    return !state->conds.n || state->conds.v[state->conds.n - 1].live;
}

/* A line of tokens; toks[n] belongs to the next one. */
struct line {
    const struct ctok *toks;
    size_t n;
    struct span at; /* of the directive's word */
};

/* "defined X" and "defined(X)" are decided before macros are replaced. */
static bool decide_defined(struct citem *item, const struct line *line, struct ctoks *out)
{
    for (size_t i = 0; i < line->n; i++) {
        struct ctok tok = line->toks[i];

        if (ctok_is(&tok, "defined")) {
            bool parens = i + 1 < line->n && ctok_is(&line->toks[i + 1], "(");
            size_t name = i + 1 + parens, end = name + parens;

            if (end >= line->n || line->toks[name].kind != CTOK_IDENT ||
                (parens && !ctok_is(&line->toks[end], ")"))) {
                citem_error(item, tok.at, "'defined' needs a name");
                return false;
            }
            tok.text = cdef_macro(item->defs, line->toks[name].text) ? STR("1") : STR("0");
            tok.kind = CTOK_NUMBER;
            i = end;
        }
        arena_vec_push(&item->scratch, out, tok);
    }
    return true;
}

static bool evaluate(struct citem *item, const struct line *line)
{
    struct ctoks decided = { 0 }, toks = { 0 };
    struct cparser ps = { .item = item, .directive = true };
    struct ctok end = { .kind = CTOK_END, .at = line->at };
    uint64_t value;

    if (!decide_defined(item, line, &decided) || !cmacro_expand(item, decided.v, decided.n, &toks))
        return false;
    arena_vec_push(&item->scratch, &toks, end);
    ps.next = toks.v;
    if (ps.next->kind == CTOK_END) {
        citem_error(item, line->at, "condition expected");
        return false;
    }
    if (!cexpr_parse(&ps, &value, NULL))
        return false;
    if (ps.next->kind != CTOK_END) {
        cparse_unexpected(&ps, "the end of the condition");
        return false;
    }
    return value != 0;
}

static bool is_defined(struct citem *item, const struct line *line)
{
    if (line->n && line->toks[0].kind == CTOK_IDENT)
        return cdef_macro(item->defs, line->toks[0].text) != NULL;
    citem_error(item, line->at, "name expected");
    return false;
}

static void do_if(struct citem *item, const struct line *line, struct str word)
{
    struct cond cond = { .at = line->at, .outer_live = is_live(item->state) };

    if (cond.outer_live) {
        if (str_eqz(word, "if"))
            cond.live = evaluate(item, line);
        else
            cond.live = is_defined(item, line) == str_eqz(word, "ifdef");
    }
    cond.taken = cond.live || item->failed; /* no branch of a wrong #if counts */
    arena_vec_push(item->defs->diags->arena, &item->state->conds, cond);
}

/* elif, else, endif */
static void do_branch(struct citem *item, const struct line *line, struct str word)
{
    struct cdef_state *state = item->state;
    struct cond *cond = state->conds.n ? &state->conds.v[state->conds.n - 1] : NULL;

    if (!cond || (cond->had_else && !str_eqz(word, "endif"))) {
        citem_error(item, line->at, cond ? "#%.*s after #else" : "#%.*s without #if", STRF(word));
        return;
    }
    if (str_eqz(word, "endif")) {
        state->conds.n--;
        return;
    }
    cond->live = false;
    if (str_eqz(word, "else"))
        cond->had_else = true;
    if (!cond->outer_live || cond->taken)
        return;
    cond->live = str_eqz(word, "else") || evaluate(item, line);
    cond->taken = cond->live || item->failed;
}

static struct str text_of(const struct line *line)
{
    const struct ctok *last = &line->toks[line->n ? line->n - 1 : 0];
    const char *begin = line->toks[0].text.p;

    return line->n ? (struct str){ begin, (size_t)(last->text.p - begin) + last->text.n } : STR("");
}

static void do_include(struct citem *item, const struct line *line)
{
    struct cdefs *defs = item->defs;
    struct str text = text_of(line), why = STR("it needs a C compiler");
    bool angle = text.n && text.p[0] == '<';
    struct str path = str_sub(text, 1, text.n ? text.n - 1 : 0);

    if (text.n < 3 || (angle ? text.p[text.n - 1] != '>' : line->toks[0].kind != CTOK_STRING) ||
        (!angle && line->n != 1)) {
        citem_error(item, line->at, "#include needs <file> or \"file\"");
        return;
    }
    if (defs->include && defs->include(defs->ctx, path, angle, &why))
        return;
    citem_error(item, (struct span){ line->at.begin, line->toks[line->n - 1].at.end },
                "cannot include '%.*s': %.*s", STRF(path), STRF(why));
}

static void do_undef(struct citem *item, const struct line *line)
{
    if (line->n && line->toks[0].kind == CTOK_IDENT)
        cmacro_undef(item->defs, line->toks[0].text);
    else
        citem_error(item, line->at, "#undef needs a name");
}

static void do_live(struct citem *item, const struct line *line, struct str word)
{
    struct str text = text_of(line);

    if (str_eqz(word, "define")) {
        cmacro_define(item, line->toks, line->n, line->at);
    } else if (str_eqz(word, "undef")) {
        do_undef(item, line);
    } else if (str_eqz(word, "include")) {
        do_include(item, line);
    } else if (str_eqz(word, "error")) {
        citem_error(item, line->at, "%.*s", STRF(text.n ? text : STR("#error")));
    } else if (str_eqz(word, "warning")) {
        diag_warn(item->defs->diags, line->at, "%.*s", STRF(text.n ? text : STR("#warning")));
    } else if (str_eqz(word, "pragma")) {
        if (line->n && ctok_is(&line->toks[0], "pack"))
            citem_error(item, line->at,
                        "#pragma pack is not supported; use __attribute__((packed))");
    } else {
        citem_error(item, line->at, "unknown preprocessor line '#%.*s'", STRF(word));
    }
}

/* toks[0] is '#'. */
static void obey(struct citem *item, const struct ctok *toks, size_t n)
{
    struct line line;
    struct str word;

    if (n == 1) /* a '#' alone is allowed, and means nothing */
        return;
    word = toks[1].text;
    line = (struct line){ toks + 2, n - 2, span_join(toks[0].at, toks[1].at) };
    if (str_eqz(word, "if") || str_eqz(word, "ifdef") || str_eqz(word, "ifndef"))
        do_if(item, &line, word);
    else if (str_eqz(word, "elif") || str_eqz(word, "else") || str_eqz(word, "endif"))
        do_branch(item, &line, word);
    else if (is_live(item->state))
        do_live(item, &line, word);
}

static size_t directive_end(const struct ctoks *all, size_t i)
{
    do
        i++;
    while (!all->v[i].line_start);
    return i;
}

/* From i to the next directive, or the end. */
static size_t text_end(const struct ctoks *all, size_t i)
{
    while (all->v[i].kind != CTOK_END && !(all->v[i].line_start && ctok_is(&all->v[i], "#")))
        i++;
    return i;
}

static void process(struct citem *item)
{
    struct ctoks all = { 0 }, live = { 0 };
    size_t i = 0, end;

    clex(item, item->text, NULL, &all);
    while (!item->failed && all.v[i].kind != CTOK_END) {
        if (all.v[i].line_start && ctok_is(&all.v[i], "#")) {
            end = directive_end(&all, i);
            obey(item, &all.v[i], end - i);
        } else {
            end = text_end(&all, i);
            if (is_live(item->state))
                cmacro_expand(item, &all.v[i], end - i, &live);
        }
        i = end;
    }
    arena_vec_push(&item->scratch, &live, all.v[all.n - 1]);
    if (!item->failed)
        cparse_items(item, live.v);
}

bool cdef_item(struct cdefs *c, struct cdef_state **state, struct str text, struct span at)
{
    struct citem item = { .defs = c, .text = text, .at = at };

    if (!*state)
        *state = ARENA_NEW(c->diags->arena, struct cdef_state);
    item.state = *state;
    process(&item);
    arena_free(&item.scratch);
    return !item.failed;
}

bool cdef_evaluate(struct cdefs *c, struct str text, uint64_t *value, bool *is_signed)
{
    struct diags *heard = c->diags;
    struct diags unheard = { .arena = heard->arena, .sources = heard->sources };
    struct cdef_state state = { 0 };
    struct citem item = { .defs = c, .state = &state, .text = text, .at = SPAN_NONE };
    struct ctoks raw = { 0 }, toks = { 0 };
    struct cparser ps = { .item = &item };
    bool ok;

    c->diags = &unheard;
    clex(&item, text, &item.at, &raw);
    ok = !item.failed && raw.n > 1 && cmacro_expand(&item, raw.v, raw.n - 1, &toks);
    arena_vec_push(&item.scratch, &toks, (struct ctok){ .kind = CTOK_END, .at = item.at });
    ps.next = toks.v;
    ok = ok && ps.next->kind != CTOK_END && cexpr_parse(&ps, value, is_signed) &&
         ps.next->kind == CTOK_END && !item.failed;
    c->diags = heard;
    arena_free(&item.scratch);
    return ok;
}

bool cdef_end(struct cdefs *c, struct cdef_state *state)
{
    for (size_t i = 0; state && i < state->conds.n; i++)
        diag_error(c->diags, state->conds.v[i].at, "#if without #endif");
    return !state || !state->conds.n;
}
