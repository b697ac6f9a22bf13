/*
 * names.c - bare words: builtins, macros of the C part, enumerators, argument words
 *
 * A word is looked for in the order of LANGUAGE.md 2.3. The replacement of a C macro is text; it is
 * parsed as the expression of a small program of its own, and its nodes get the place where the
 * macro was used, since that is where the user can do something about it.
 */
#include "sema/sema_impl.h"

#include "kernel/kernel.h"
#include "parser/parse.h"

enum { EXPANSIONS_MAX = 10000 };

bool names_is_variable(const struct builtin *fn)
{
    struct signature sig = signature_of(fn);

    return !sig.parens ||
           (sig.n_required == 0 && sig.result != RESULT_VOID && sig.result != RESULT_UPDATE);
}

/* What a name of long ago is called today. */
static const char *old_name(struct str name)
{
    static const struct {
        const char *old, *now;
    } names[] = {
        { "stack", "kstack" },
        { "sym", "ksym" },
        { "override_return", "override" },
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqz(name, names[i].old))
            return names[i].now;
    }
    return NULL;
}

void names_hint(struct compile *c, struct diag *d, struct str name)
{
    struct str_guess guess = { .word = name };
    const char *now = old_name(name);
    struct str best;

    if (now) {
        diag_hint(c->diags, d, "it is called '%s' now", now);
        return;
    }
    if (builtin_guess(c->registry, name, &best))
        str_guess_try(&guess, best);
    for (size_t i = 0; i < c->cdefs->macros.n; i++)
        str_guess_try(&guess, c->cdefs->macros.v[i].name);
    for (size_t i = 0; i < c->cdefs->constants.n; i++)
        str_guess_try(&guess, c->cdefs->constants.v[i].name);
    for (struct function *f = c->program->functions; f; f = f->next)
        str_guess_try(&guess, f->name);
    for (struct macro *m = c->program->macros; m; m = m->next)
        str_guess_try(&guess, m->name);
    if (str_guess_ok(&guess))
        diag_hint(c->diags, d, "did you mean '%.*s'?", STRF(guess.best));
}

bool names_is_value(const struct compile *c, struct str name)
{
    const struct cdef_macro *macro = cdef_macro(c->cdefs, name);

    return builtin_find(c->registry, name) || (macro && !macro->function_like) ||
           cdef_const(c->cdefs, name);
}

/* ---- C macros ---- */

static bool move_expr(void *ctx, struct expr **e)
{
    const struct span *at = ctx;

    (*e)->at = *at;
    if ((*e)->kind == EXPR_CAST)
        (*e)->cast.to->at = *at;
    return true;
}

static bool move_stmt(void *ctx, struct stmt *stmt)
{
    const struct span *at = ctx;

    stmt->at = *at;
    return true;
}

static bool is_value_word(void *ctx, struct str name)
{
    return names_is_value(ctx, name);
}

/* The expression of "begin { _ = (…); }"; NULL if the program is anything else. */
static struct expr *only_expression(const struct program *p)
{
    const struct stmt *stmt = p && p->probes ? p->probes->body.stmts : NULL;

    if (!stmt || stmt->kind != STMT_DISCARD || stmt->next || p->probes->body.value ||
        p->probes->next || p->functions || p->macros || p->map_decls)
        return NULL;
    return stmt->expr;
}

/* NULL: *why says what the text is not. */
static struct expr *parse_body(struct compile *c, const struct cdef_macro *macro, struct str *why)
{
    struct diags diags = { .arena = c->arena, .sources = c->sources };
    struct str text = str_printf(c->arena, "begin { _ = (\n%.*s\n); }", STRF(macro->body));
    struct parser p = {
        .arena = c->arena,
        .diags = &diags,
        .source = source_add(c->sources, c->arena, STR("definitions.h"), text),
        .params = c->config->opt.params.v,
        .n_params = c->config->opt.params.n,
        .is_builtin = is_value_word,
        .ctx = c,
    };
    struct expr *e;

    *why = STR("");
    if (!p.source || !parse_program(&p)) {
        if (diags.all.n)
            *why = diags.all.v[0]->text;
        return NULL;
    }
    e = only_expression(p.program);
    return e;
}

struct c_calls {
    const struct compile *c;
    bool found;
};

static bool look_for_c_call(void *ctx, struct expr **ep)
{
    struct c_calls *calls = ctx;
    const struct cdef_macro *m =
        (*ep)->kind == EXPR_CALL ? cdef_macro(calls->c->cdefs, (*ep)->call.name) : NULL;

    calls->found = calls->found || (m && m->function_like);
    return !calls->found;
}

/* Does the body call macros that only C can call? */
static bool calls_c(const struct compile *c, struct expr *body)
{
    struct c_calls calls = { .c = c };
    const struct ast_walker walker = { .ctx = &calls, .pre_expr = look_for_c_call };

    ast_walk_expr(&walker, &body);
    return calls.found;
}

/* "((unsigned long int)0)" and "_IOR(0x12, 114, size_t)" are constants in C. */
static struct expr *evaluate_body(struct compile *c, const struct cdef_macro *macro)
{
    struct expr *e;
    uint64_t value;
    bool is_signed;

    if (!cdef_evaluate(c->cdefs, macro->body, &value, &is_signed))
        return NULL;
    e = ast_int(c->arena, macro->at, value);
    e->negative = is_signed && (int64_t)value < 0;
    return e;
}

static bool is_being_replaced(const struct name_chain *chain, struct str name)
{
    while (chain && !str_eq(chain->name, name))
        chain = chain->outer;
    return chain;
}

static void report_recursion(struct compile *c, struct span at, struct str name,
                             const struct name_chain *chain)
{
    struct str path = name;

    for (; chain; chain = chain->outer) {
        path = str_printf(c->arena, "%.*s, %.*s", STRF(chain->name), STRF(path));
        if (str_eq(chain->name, name))
            break;
    }
    diag_error(c->diags, at, "macro '%.*s' leads back to itself: %.*s", STRF(name), STRF(path));
}

static bool expand_macro(struct names *n, struct expr **ep, const struct cdef_macro *macro)
{
    struct compile *c = n->c;
    struct span at = (*ep)->at;
    struct ast_walker mover = { .ctx = &at, .pre_expr = move_expr, .pre_stmt = move_stmt };
    struct expr *next = (*ep)->next, *e, *constant = NULL;
    struct diag *d;
    struct str why;

    if (n->expansions++ >= EXPANSIONS_MAX) {
        if (n->expansions == EXPANSIONS_MAX + 1)
            diag_error(c->diags, at, "more than %d macros to replace", EXPANSIONS_MAX);
        return false;
    }
    e = macro->body.n ? parse_body(c, macro, &why) : NULL;
    if (macro->body.n && (!e || calls_c(c, e)))
        constant = evaluate_body(c, macro);
    e = constant ? constant : e;
    if (!e) {
        d = diag_error(c->diags, at, "macro '%.*s' is not an expression", STRF(macro->name));
        if (macro->body.n && !span_is_none(macro->at))
            diag_note(c->diags, d, macro->at, "it stands for '%.*s'", STRF(macro->body));
        return false;
    }
    ast_walk_expr(&mover, &e);
    e->next = next;
    e->parenthesised = true;
    *ep = e;
    return true;
}

/* ---- the words ---- */

/* Where the word stands, if not in the script itself. */
static void note_macro(struct compile *c, struct diag *d, const struct name_chain *chain)
{
    const struct cdef_macro *macro = chain ? cdef_macro(c->cdefs, chain->name) : NULL;

    if (macro && !span_is_none(macro->at))
        diag_note(c->diags, d, macro->at, "in what '%.*s' stands for", STRF(chain->name));
}

static bool unknown_word(struct compile *c, const struct expr *e, const struct expr *call,
                         const struct name_chain *chain)
{
    struct str name = e->text;
    const struct cdef_macro *macro = cdef_macro(c->cdefs, name);
    struct signature sig =
        call && call->call.fn ? signature_of(call->call.fn) : (struct signature){ .n_params = 0 };
    struct diag *d;

    if (macro) {
        d = diag_error(c->diags, e->at,
                       "'%.*s' is a macro with parameters, which only the C part can use",
                       STRF(name));
        note_macro(c, d, chain);
        return false;
    }
    for (unsigned i = 0; i < sig.n_params; i++) {
        if (sig.params[i].kind != ARG_WORD)
            continue;
        d = diag_error(c->diags, e->at, "%s() does not know the word '%.*s'", call->call.fn->name,
                       STRF(name));
        diag_hint(c->diags, d, "one of: %s", signature_words(c->arena, &sig.params[i]));
        return false;
    }
    for (struct function *f = c->program->functions; f; f = f->next) {
        if (!str_eq(f->name, name))
            continue;
        d = diag_error(c->diags, e->at, "'%.*s' is a function", STRF(name));
        diag_hint(c->diags, d, "call it: %.*s(…)", STRF(name));
        return false;
    }
    d = diag_error(c->diags, e->at, "unknown identifier '%.*s'", STRF(name));
    note_macro(c, d, chain);
    names_hint(c, d, name);
    return false;
}

static bool use_builtin(struct compile *c, struct expr **ep, const struct builtin *fn)
{
    struct expr *e = *ep, *call;
    struct diag *d;

    if (!names_is_variable(fn)) {
        d = diag_error(c->diags, e->at, "'%s' is a function and needs parentheses", fn->name);
        diag_hint(c->diags, d, signature_of(fn).n_required ? "write %s(…)" : "write %s()",
                  fn->name);
        return false;
    }
    call = ast_call(c->arena, e->at, e->text, NULL, false);
    call->call.fn = fn;
    call->next = e->next;
    call->parenthesised = e->parenthesised;
    *ep = call;
    return true;
}

static void use_constant(struct compile *c, struct expr **ep, uint64_t value,
                         const struct type *type)
{
    struct expr *e = ast_int(c->arena, (*ep)->at, value);

    e->type = type;
    e->negative = type && type->is_signed && (int64_t)value < 0;
    e->next = (*ep)->next;
    e->parenthesised = (*ep)->parenthesised;
    *ep = e;
}

static bool is_word_of(const struct expr *call, struct str name)
{
    struct signature sig;

    if (!call || !call->call.fn)
        return false;
    sig = signature_of(call->call.fn);
    for (unsigned i = 0; i < sig.n_params; i++) {
        if (signature_word(&sig.params[i], name))
            return true;
    }
    return false;
}

bool names_resolve(struct names *n, struct expr **ep, const struct expr *call,
                   const struct name_chain *chain, struct name_chain *inner)
{
    struct compile *c = n->c;
    struct expr *e = *ep;
    const struct builtin *fn = builtin_find(c->registry, e->text);
    const struct cdef_macro *macro = cdef_macro(c->cdefs, e->text);
    const struct cdef_const *constant;
    const struct type *type;
    uint64_t value;

    *inner = (struct name_chain){ .name = e->text, .outer = chain };
    if (is_word_of(call, e->text)) {
        e->kind = EXPR_STRING;
        return true;
    }
    if (fn)
        return use_builtin(c, ep, fn);
    /* As in C, a macro is not replaced inside of itself: "#define SOCK_STREAM SOCK_STREAM". */
    if (macro && !macro->function_like && !is_being_replaced(chain, e->text))
        return expand_macro(n, ep, macro);
    if ((constant = cdef_const(c->cdefs, e->text))) {
        use_constant(c, ep, constant->value, constant->type);
        return true;
    }
    if ((!macro || !macro->function_like) &&
        kernel_enum_const(c->host->kernel, c->image->types, e->text, &value, &type)) {
        use_constant(c, ep, value, type);
        return true;
    }
    if (macro && !macro->function_like) {
        report_recursion(c, e->at, e->text, chain);
        return false;
    }
    return unknown_word(c, e, call, chain);
}
