/*
 * options.c - what a script lets its user set: getopt("name", default, "help")
 *
 * Each call names an option; while calls are folded the options are collected, each once, and every
 * call becomes the literal that the words after "--" say, or the default. When all are known, words
 * that name none of them are refused: so a misspelt option never runs with its default unnoticed.
 */
#include "sema/sema_impl.h"

static const struct options *given(const struct compile *c)
{
    return &c->config->opt;
}

static bool same_default(const struct expr *a, const struct expr *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == EXPR_STRING)
        return str_eq(a->text, b->text);
    return a->num == b->num && a->negative == b->negative;
}

/* ---- the words after "--" ---- */

static struct str word_name(struct str word)
{
    ptrdiff_t equals = str_find(word, '=');

    return equals < 0 ? word : str_sub(word, 0, (size_t)equals);
}

/* The last one wins. *has_value: it had a '='. */
static bool find_word(const struct compile *c, struct str name, struct str *value, bool *has_value)
{
    for (size_t i = given(c)->named.n; i-- > 0;) {
        struct str word = given(c)->named.v[i];

        if (!str_eq(word_name(word), name))
            continue;
        *has_value = word.n > name.n;
        *value = str_sub(word, name.n + 1, word.n);
        return true;
    }
    return false;
}

static bool read_bool(struct str text, uint64_t *out)
{
    static const char *const yes[] = { "true", "1", "yes", "on" };
    static const char *const no[] = { "false", "0", "no", "off" };

    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        *out = str_eq_nocase(text, str_from(yes[i]));
        if (*out || str_eq_nocase(text, str_from(no[i])))
            return true;
    }
    return false;
}

static bool read_number(struct str text, struct expr *out)
{
    bool negative = text.n && text.p[0] == '-';
    uint64_t n;

    if (!str_to_u64(str_sub(text, negative, text.n), true, &n, NULL) ||
        (negative && n > (uint64_t)INT64_MAX + 1))
        return false;
    literal_put(out, (struct literal){ negative && n, n });
    return true;
}

static const char *expectation(const struct script_option *o)
{
    return o->initial->kind == EXPR_BOOL  ? "true or false"
           : o->initial->kind == EXPR_INT ? "a number"
                                          : "a text";
}

/* out is a copy of the default. */
static void read_word(struct compile *c, const struct script_option *o, struct expr *out)
{
    struct str value;
    struct diag *d;
    bool has_value, ok;

    if (!find_word(c, o->name, &value, &has_value))
        return;
    if (!has_value) {
        ok = o->initial->kind == EXPR_BOOL;
        out->num = ok ? 1 : out->num;
    } else if (o->initial->kind == EXPR_BOOL) {
        ok = read_bool(value, &out->num);
    } else if (o->initial->kind == EXPR_INT) {
        ok = read_number(value, out);
    } else {
        out->text = value;
        ok = true;
    }
    if (ok)
        return;
    if (has_value)
        d = diag_error(c->diags, SPAN_NONE, "option --%.*s expects %s, got '%.*s'", STRF(o->name),
                       expectation(o), STRF(value));
    else
        d = diag_error(c->diags, SPAN_NONE, "option --%.*s expects %s", STRF(o->name),
                       expectation(o));
    diag_hint(c->diags, d, "write --%.*s=VALUE", STRF(o->name));
}

/* ---- the script's side ---- */

static struct script_option *find_option(const struct compile *c, struct str name)
{
    struct script_option *o = c->options;

    while (o && !str_eq(o->name, name))
        o = o->next;
    return o;
}

static struct script_option *add_option(struct compile *c, struct str name,
                                        const struct expr *initial, struct str help, struct span at)
{
    struct script_option *o = ARENA_NEW(c->arena, struct script_option), **end = &c->options;

    *o = (struct script_option){ .name = name, .help = help, .initial = initial, .at = at };
    while (*end)
        end = &(*end)->next;
    *end = o;
    return o;
}

/* An option may be asked for at many places, which must be of one mind. */
static bool check_again(struct compile *c, struct script_option *o, const struct expr *initial,
                        struct str help, struct span at)
{
    const char *what = !same_default(o->initial, initial) ? "default" : "description";
    struct diag *d;

    if (same_default(o->initial, initial) && (!help.n || !o->help.n || str_eq(help, o->help))) {
        if (!o->help.n)
            o->help = help;
        return true;
    }
    d = diag_error(c->diags, at, "option '%.*s' has another %s here", STRF(o->name), what);
    diag_note(c->diags, d, o->at, "its %s is given here", what);
    return false;
}

struct expr *call_option(struct sema *s, struct str name, const struct expr *initial,
                         struct str help, struct span at)
{
    struct script_option *o = find_option(s->c, name);
    struct expr *value = ast_expr(s->c->arena, initial->kind, at);

    if (o && !check_again(s->c, o, initial, help, at))
        return value;
    if (!o)
        o = add_option(s->c, name, initial, help, at);
    *value = *initial;
    value->at = at;
    value->next = NULL;
    read_word(s->c, o, value);
    return value;
}

/* ---- when all are known ---- */

static void option_line(struct buf *b, const struct script_option *o)
{
    const struct expr *e = o->initial;
    size_t from = b->n;

    buf_printf(b, "  --%.*s", STRF(o->name));
    if (e->kind == EXPR_INT)
        buf_printf(b, "=NUMBER");
    else if (e->kind == EXPR_STRING)
        buf_printf(b, "=TEXT");
    buf_fill(b, ' ', b->n - from < 24 ? 24 - (b->n - from) : 1);
    if (o->help.n)
        buf_printf(b, "%.*s ", STRF(o->help));
    if (e->kind == EXPR_INT)
        buf_printf(b, "(default: %s%ju)", e->negative ? "-" : "",
                   (uintmax_t)(e->negative ? -e->num : e->num));
    else if (e->kind == EXPR_STRING)
        buf_printf(b, "(default: \"%.*s\")", STRF(e->text));
    else
        buf_printf(b, "(default: %s)", e->num ? "true" : "false");
    buf_putc(b, '\n');
}

static struct str options_text(const struct compile *c)
{
    struct buf b = { 0 };
    struct str text;

    for (const struct script_option *o = c->options; o; o = o->next)
        option_line(&b, o);
    text = str_dup(c->arena, buf_as_str(&b));
    buf_free(&b);
    return text;
}

static bool wants_help(const struct compile *c)
{
    for (size_t i = 0; i < given(c)->named.n; i++) {
        if (str_eqz(given(c)->named.v[i], "help"))
            return true;
    }
    return false;
}

bool sema_print_options(const struct compile *c, FILE *f)
{
    struct str list = options_text(c);

    if (!wants_help(c))
        return false;
    if (list.n)
        fprintf(f, "Options of the script:\n%.*s", STRF(list));
    else
        fputs("The script has no options.\n", f);
    return true;
}

void options_check(struct compile *c)
{
    struct buf unknown = { 0 };
    struct str list;
    unsigned n = 0;
    struct diag *d;

    for (size_t i = 0; i < given(c)->named.n && !wants_help(c); i++) {
        struct str name = word_name(given(c)->named.v[i]);

        if (!find_option(c, name))
            buf_printf(&unknown, "%s--%.*s", n++ ? ", " : "", STRF(name));
    }
    if (n) {
        d = diag_error(c->diags, SPAN_NONE, "unknown option%s of the script: %.*s",
                       n == 1 ? "" : "s", STRF(buf_as_str(&unknown)));
        list = options_text(c);
        if (list.n)
            diag_hint(c->diags, d, "the script's options are\n%.*s",
                      STRF(str_sub(list, 0, list.n - 1)));
        else
            diag_hint(c->diags, d, "the script has no options");
    }
    buf_free(&unknown);
}
