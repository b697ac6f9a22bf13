/*
 * call.c - calls of builtins against their signatures; one wording for all of them
 */
#include "sema/sema_impl.h"

/* ---- what callbacks ask ---- */

struct expr *call_arg(const struct expr *call, unsigned n)
{
    struct expr *arg = call->call.args;

    while (arg && n--)
        arg = arg->next;
    return arg;
}

bool call_lit_int(const struct expr *call, unsigned n, uint64_t *out)
{
    const struct expr *arg = call_arg(call, n);

    if (!arg)
        return false;
    if (arg->kind == EXPR_SIZEOF && arg->type_of.of_expr && arg->type_of.of_expr->type &&
        type_is_complete(arg->type_of.of_expr->type)) {
        *out = arg->type_of.of_expr->type->size;
        return true;
    }
    if (arg->kind != EXPR_INT && arg->kind != EXPR_BOOL)
        return false;
    *out = arg->num;
    return true;
}

bool call_lit_str(const struct expr *call, unsigned n, struct str *out)
{
    const struct expr *arg = call_arg(call, n);

    if (!arg || arg->kind != EXPR_STRING)
        return false;
    *out = arg->text;
    return true;
}

bool call_word(const struct expr *call, unsigned n, struct str *out)
{
    struct signature sig = signature_of(call->call.fn);
    struct str word;

    if (!call_lit_str(call, n, &word))
        return false;
    for (unsigned i = 0; i < sig.n_params; i++) {
        if (!signature_word(&sig.params[i], word))
            continue;
        *out = word;
        return true;
    }
    return false;
}

/* ---- number of arguments ---- */

static const char *counted(struct arena *a, unsigned n)
{
    return arena_printf(a, n == 1 ? "%u argument" : "%u arguments", n);
}

static void wrong_count(struct sema *s, const struct expr *call, const struct signature *sig)
{
    struct arena *a = s->c->arena;
    const char *name = call->call.fn->name, *wants;
    unsigned least = sig->n_required, most = sig->n_params;

    if (most == 0 && !sig->variadic)
        wants = "no arguments";
    else if (sig->variadic)
        wants = arena_printf(a, "at least %s", counted(a, least));
    else if (least == most)
        wants = counted(a, least);
    else
        wants =
            arena_printf(a, least + 1 == most ? "%u or %s" : "%u to %s", least, counted(a, most));
    sema_error(s, call->at, "%s() takes %s, got %u", name, wants, call->call.n_args);
}

/* Fewer than there are parameters, and still no place for this one. */
static void misplaced(struct sema *s, const struct expr *call, const struct signature *sig,
                      const struct expr *arg)
{
    for (unsigned i = 0; i < sig->n_params; i++) {
        if (arg->kind != EXPR_STRING || !signature_word(&sig->params[i], arg->text))
            continue;
        sema_error(s, arg->at, "'%.*s' must be argument %u of %s()", STRF(arg->text), i + 1,
                   call->call.fn->name);
        return;
    }
    sema_error(s, arg->at, "%s() cannot use '%.*s' here", call->call.fn->name,
               STRF(sema_text(s, arg->at)));
}

/* Words left out in front do not count as given. */
static bool match_count(struct sema *s, const struct expr *call, const struct signature *sig)
{
    unsigned required = 0;

    for (unsigned i = 0; i < call->call.n_args; i++) {
        const struct sig_param *param = signature_param(sig, call, i);

        if (!param && !sig->variadic) {
            if (call->call.n_args > sig->n_params)
                wrong_count(s, call, sig);
            else
                misplaced(s, call, sig, call_arg(call, i));
            return false;
        }
        required += param && !param->optional;
    }
    if (required == sig->n_required)
        return true;
    wrong_count(s, call, sig);
    return false;
}

/* ---- one argument ---- */

static const char *expectation(struct arena *a, const struct sig_param *param)
{
    static const char *const kinds[] = {
        [ARG_INT] = "an integer",
        [ARG_PTR] = "a pointer",
        [ARG_ADDR] = "a pointer or an integer",
        [ARG_STRING] = "a string",
        [ARG_STRLIKE] = "a string or an array of bytes",
        [ARG_BOOL] = "a condition",
        [ARG_ANY] = "a value",
        [ARG_MAP] = "a map",
        [ARG_KEY] = "a key",
        [ARG_FMT] = "a format string, written out",
        [ARG_VAR] = "a variable",
    };

    if (param->kind == ARG_WORD)
        return arena_printf(a, "one of the words %s", signature_words(a, param));
    if (!param->lit)
        return kinds[param->kind];
    return param->kind == ARG_INT      ? "a literal number"
           : param->kind == ARG_STRING ? "a literal string"
                                       : "a literal";
}

static bool is_byte_array(const struct type *t)
{
    return t->kind == TYPE_ARRAY && t->elem->kind == TYPE_INT && t->elem->size == 1;
}

static bool type_fits(const struct sig_param *param, const struct type *t)
{
    switch (param->kind) {
    case ARG_INT:
        return type_is_integral(t);
    case ARG_PTR:
        return t->kind == TYPE_PTR;
    case ARG_ADDR:
        return type_is_scalar(t);
    case ARG_STRING:
    case ARG_FMT:
        return t->kind == TYPE_STRING;
    case ARG_STRLIKE:
        return t->kind == TYPE_STRING || is_byte_array(t);
    case ARG_BOOL:
        return type_is_scalar(t);
    case ARG_ANY:
    case ARG_KEY:
    case ARG_VAR:
        return t->kind != TYPE_NONE;
    case ARG_MAP:
        return true;
    case ARG_WORD:
        return false;
    }
    return false;
}

static bool is_literal(const struct expr *arg)
{
    return arg->kind == EXPR_INT || arg->kind == EXPR_BOOL || arg->kind == EXPR_STRING ||
           arg->kind == EXPR_SIZEOF || arg->kind == EXPR_OFFSETOF;
}

static void wrong_arg(struct sema *s, const struct expr *call, const struct sig_param *param,
                      const struct expr *arg, bool only_literal)
{
    const char *wants = expectation(s->c->arena, param);
    struct str text = sema_text(s, arg->at);
    struct diag *d;

    if (only_literal)
        d = sema_error(s, arg->at, "%s() expects %s; '%.*s' is known only when the program runs",
                       call->call.fn->name, wants, STRF(text));
    else
        d = sema_error(s, arg->at, "%s() expects %s, got %s", call->call.fn->name, wants,
                       sema_type_name(s, arg->type));
    if (d && text.n > 1 && text.p[0] == '$' && text.p[1] >= '0' && text.p[1] <= '9' &&
        (param->kind == ARG_FMT || param->kind == ARG_STRING))
        diag_hint(s->c->diags, d, "str(%.*s) is the parameter's text", STRF(text));
    else if (d && param->kind == ARG_ADDR && arg->type->kind == TYPE_STRUCT)
        diag_hint(s->c->diags, d, "take one of its fields: %.*s.name", STRF(text));
}

/* Counters that fill a map's slot are no values. */
static bool is_whole_only(const struct expr *arg)
{
    return arg->type->kind == TYPE_OPAQUE && arg->type->vk->aggregate &&
           !(arg->kind == EXPR_MAP && arg->map.whole);
}

static bool match_arg(struct sema *s, const struct expr *call, const struct sig_param *param,
                      const struct expr *arg)
{
    struct diag *d;

    if (!arg->type || arg->type->kind == TYPE_ERROR)
        return true;
    if (arg->type->kind == TYPE_NONE) {
        sema_error(s, arg->at, "'%.*s' has no value that %s() could use",
                   STRF(sema_text(s, arg->at)), call->call.fn->name);
        return false;
    }
    if ((!param || param->kind == ARG_ANY) && is_whole_only(arg)) {
        d = sema_error(s, arg->at, "'%.*s' is %s, which is no value: print() shows the whole map",
                       STRF(sema_text(s, arg->at)), sema_type_name(s, arg->type));
        if (d && arg->kind == EXPR_MAP)
            diag_hint(s->c->diags, d, "print(%.*s)", STRF(arg->map.name));
        return false;
    }
    if (!param)
        return true;
    if (param->kind == ARG_WORD && arg->kind == EXPR_STRING && signature_word(param, arg->text))
        return true;
    if (!type_fits(param, arg->type)) {
        wrong_arg(s, call, param, arg, false);
        return false;
    }
    if ((param->lit && !is_literal(arg)) || (param->kind == ARG_FMT && arg->kind != EXPR_STRING)) {
        wrong_arg(s, call, param, arg, true);
        return false;
    }
    return true;
}

bool call_match(struct sema *s, struct expr *call)
{
    struct signature sig = signature_of(call->call.fn);
    const struct expr *arg = call->call.args;
    bool ok = true;

    if (!match_count(s, call, &sig))
        return false;
    for (unsigned i = 0; arg; i++, arg = arg->next)
        ok &= match_arg(s, call, signature_param(&sig, call, i), arg);
    return ok;
}

const struct type *call_result(struct sema *s, const struct expr *call)
{
    struct signature sig = signature_of(call->call.fn);
    struct types *types = sema_types(s);

    switch (sig.result) {
    case RESULT_VOID:
        return type_none(types);
    case RESULT_BOOL:
        return type_bool(types);
    case RESULT_INT:
        return type_int(types, sig.bytes, sig.is_signed);
    case RESULT_STRING:
        return type_string(types, sig.bytes ? sig.bytes : (uint32_t)s->c->config->max_strlen);
    case RESULT_KIND:
    case RESULT_UPDATE:
    case RESULT_AUTO:
        return NULL;
    }
    return NULL;
}
