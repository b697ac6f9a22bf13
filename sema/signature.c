/*
 * signature.c - reads the signatures of builtins: "kind([word{perf|raw}], [lit int])"
 *
 * The language is described in builtins/builtin.h. A signature is short and read anew each time:
 * no cache, nothing to keep in step.
 */
#include "sema/sema_impl.h"

static const struct result_name {
    const char *name;
    enum result_kind kind;
    unsigned bytes;
    bool is_signed;
} results[] = {
    { "void", RESULT_VOID, 0, false },     { "bool", RESULT_BOOL, 1, false },
    { "int8", RESULT_INT, 1, true },       { "int16", RESULT_INT, 2, true },
    { "int32", RESULT_INT, 4, true },      { "int64", RESULT_INT, 8, true },
    { "uint8", RESULT_INT, 1, false },     { "uint16", RESULT_INT, 2, false },
    { "uint32", RESULT_INT, 4, false },    { "uint64", RESULT_INT, 8, false },
    { "string", RESULT_STRING, 0, false }, { "kind", RESULT_KIND, 0, false },
    { "update", RESULT_UPDATE, 0, false }, { "auto", RESULT_AUTO, 0, false },
};

static const struct arg_name {
    const char *name;
    enum arg_kind kind;
} args[] = {
    { "int", ARG_INT },       { "ptr", ARG_PTR },          { "addr", ARG_ADDR },
    { "string", ARG_STRING }, { "str-like", ARG_STRLIKE }, { "bool", ARG_BOOL },
    { "any", ARG_ANY },       { "map", ARG_MAP },          { "key", ARG_KEY },
    { "fmt", ARG_FMT },       { "var", ARG_VAR },          { "word", ARG_WORD },
};

static void skip_blanks(const char **p)
{
    while (**p == ' ')
        (*p)++;
}

static bool take(const char **p, char c)
{
    skip_blanks(p);
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static struct str take_word(const char **p)
{
    const char *from;

    skip_blanks(p);
    from = *p;
    while ((**p >= 'a' && **p <= 'z') || (**p >= '0' && **p <= '9') || **p == '-' || **p == '_')
        (*p)++;
    return (struct str){ from, (size_t)(*p - from) };
}

static bool read_result(const char **p, struct signature *out)
{
    struct str word = take_word(p);

    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        if (!str_eqz(word, results[i].name))
            continue;
        out->result = results[i].kind;
        out->bytes = results[i].bytes;
        out->is_signed = results[i].is_signed;
        if (out->result != RESULT_STRING || !take(p, '['))
            return true;
        while (**p >= '0' && **p <= '9')
            out->bytes = out->bytes * 10 + (unsigned)(*(*p)++ - '0');
        return take(p, ']');
    }
    return false;
}

static bool read_words(const char **p, struct sig_param *param)
{
    const char *from;

    if (!take(p, '{'))
        return false;
    from = *p;
    while (**p && **p != '}')
        (*p)++;
    param->words = (struct str){ from, (size_t)(*p - from) };
    return param->words.n && take(p, '}');
}

static bool read_param(const char **p, struct sig_param *param)
{
    struct str word = take_word(p);

    if (str_eqz(word, "lit")) {
        param->lit = true;
        word = take_word(p);
    }
    for (size_t i = 0; i < ARRAY_LEN(args); i++) {
        if (!str_eqz(word, args[i].name))
            continue;
        param->kind = args[i].kind;
        return param->kind != ARG_WORD || read_words(p, param);
    }
    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        if (results[i].kind == RESULT_INT && str_eqz(word, results[i].name)) {
            param->kind = ARG_INT;
            return true;
        }
    }
    return false;
}

static bool read_params(const char **p, struct signature *out)
{
    if (take(p, ')'))
        return true;
    do {
        struct sig_param *param = &out->params[out->n_params];
        bool optional = take(p, '[');

        skip_blanks(p);
        if (str_starts(str_from(*p), STR("..."))) {
            *p += 3;
            out->variadic = true;
            return (!optional || take(p, ']')) && take(p, ')');
        }
        if (out->n_params == SIG_PARAMS || !read_param(p, param))
            return false;
        param->optional = optional;
        if (optional && !take(p, ']'))
            return false;
        out->n_params++;
        out->n_required += !optional;
    } while (take(p, ','));
    return take(p, ')');
}

bool signature_read(const char *text, struct signature *out)
{
    const char *p = text;

    *out = (struct signature){ 0 };
    if (!read_result(&p, out))
        return false;
    out->parens = take(&p, '(');
    if (out->parens && !read_params(&p, out))
        return false;
    skip_blanks(&p);
    return *p == '\0';
}

struct signature signature_of(const struct builtin *fn)
{
    struct signature sig;

    if (!signature_read(fn->sig, &sig))
        BUG("signature of %s: %s", fn->name, fn->sig);
    return sig;
}

bool signature_word(const struct sig_param *param, struct str word)
{
    struct str rest = param->words;

    while (param->kind == ARG_WORD && rest.n) {
        ptrdiff_t bar = str_find(rest, '|');
        size_t end = bar < 0 ? rest.n : (size_t)bar;

        if (str_eq(str_sub(rest, 0, end), word))
            return true;
        rest = str_sub(rest, end + 1, rest.n);
    }
    return false;
}

const char *signature_words(struct arena *a, const struct sig_param *param)
{
    struct buf b = { 0 };
    const char *text;

    for (size_t i = 0; i < param->words.n; i++) {
        if (param->words.p[i] == '|')
            buf_puts(&b, ", ");
        else
            buf_putc(&b, param->words.p[i]);
    }
    text = str_dup(a, buf_as_str(&b)).p;
    buf_free(&b);
    return text;
}

const struct sig_param *signature_param(const struct signature *sig, const struct expr *call,
                                        unsigned n)
{
    const struct expr *arg = call->call.args;
    unsigned p = 0;

    for (unsigned i = 0; arg; i++, arg = arg->next, p++) {
        while (p < sig->n_params && sig->params[p].kind == ARG_WORD && sig->params[p].optional &&
               !(arg->kind == EXPR_STRING && signature_word(&sig->params[p], arg->text)))
            p++;
        if (i == n)
            return p < sig->n_params ? &sig->params[p] : NULL;
    }
    return NULL;
}
