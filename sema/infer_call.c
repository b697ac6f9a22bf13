/*
 * infer_call.c - calls: may this be used here, do the arguments fit, what comes out
 *
 * A builtin says what it needs (builtin->needs, flags), a probe's provider what it offers (caps);
 * neither knows the other. Results come from the signature, or from the builtin's callback once the
 * types of all arguments are known.
 */
#include "sema/sema_impl.h"

static const struct type *wrong(const struct sema *s)
{
    return type_error(sema_types(s));
}

/* ---- may it be used here? ---- */

/* Of these a provider either has what is needed, or there is nothing to read. */
enum {
    CAPS_OF_PROBE = CAP_ARGS | CAP_ARGN | CAP_RETVAL | CAP_FUNC | CAP_CTX | CAP_REGS | CAP_USER
};

/* "kretprobe, fexit, uretprobe": where it can be used. */
static void hint_providers(struct sema *s, struct diag *d, const struct builtin *fn)
{
    const struct provider *const *p = s->c->registry->providers;
    struct buf list = { 0 };

    for (; *p; p++) {
        if ((fn->needs & ~(*p)->caps) == 0)
            buf_printf(&list, "%s%s", list.n ? ", " : "", (*p)->name);
    }
    if (list.n)
        diag_hint(s->c->diags, d, "it can be used in: %s", list.p);
    buf_free(&list);
}

/* Where arguments have names, the result of a system call is one of them. */
static void hint_instead(struct sema *s, struct diag *d, const struct expr *e)
{
    const struct provider *provider = s->probe->provider;
    unsigned needs = e->call.fn->needs;
    const struct type *args;
    struct field field;

    if (needs & CAP_RETVAL && provider->caps & CAP_ARGS) {
        args = sema_args(&(struct sema){ .c = s->c, .probe = s->probe }, e->at);
        if (args && type_find_field(sema_types(s), args, STR("ret"), &field)) {
            diag_hint(s->c->diags, d, "use args.ret");
            return;
        }
    }
    if (needs & CAP_ARGN && provider->caps & CAP_ARGS)
        diag_hint(s->c->diags, d, "arguments have names here: args.name");
    else if (needs & CAP_ARGS && provider->caps & CAP_ARGN)
        diag_hint(s->c->diags, d, "arguments have numbers here: arg0, arg1 …");
    else
        hint_providers(s, d, e->call.fn);
}

static bool allowed_in_fn(struct sema *s, const struct expr *e)
{
    const struct builtin *fn = e->call.fn;

    if (!(fn->flags & (BUILTIN_PROBE | BUILTIN_CONTEXT | BUILTIN_PER_TARGET)) &&
        !(fn->needs & CAPS_OF_PROBE))
        return true;
    sema_error(s, e->at, "'%.*s' depends on the probe and cannot be used in a function",
               STRF(e->call.name));
    return false;
}

static bool allowed_in_probe(struct sema *s, const struct expr *e)
{
    const struct builtin *fn = e->call.fn;
    const struct provider *provider = s->probe->provider;
    struct diag *d;

    s->probe->needs |= fn->needs;
    if (!(fn->needs & ~provider->caps))
        return true;
    d = sema_error(s, e->at, "'%.*s' cannot be used in %s probes", STRF(e->call.name),
                   provider->name);
    if (d)
        hint_instead(s, d, e);
    return false;
}

static bool is_allowed(struct sema *s, const struct expr *e)
{
    const struct builtin *fn = e->call.fn;
    struct diag *d;

    if (fn->flags & BUILTIN_UNSAFE && !s->c->config->opt.unsafe) {
        d = sema_error(s, e->at, "'%s' can change the system and is not allowed", fn->name);
        if (d)
            diag_hint(s->c->diags, d, "run with --unsafe");
        return false;
    }
    if (s->fn ? !allowed_in_fn(s, e) : s->probe && !allowed_in_probe(s, e))
        return false;
    if (s->for_depth && fn->flags & BUILTIN_CONTEXT) {
        d = sema_error(s, e->at, "'%.*s' cannot be used in the body of a for loop",
                       STRF(e->call.name));
        if (d)
            diag_hint(s->c->diags, d, "put it into a variable before the loop: $x = %.*s%s;",
                      STRF(sema_text(s, e->at)), fn->needs & CAP_ARGS ? ".name" : "");
        return false;
    }
    return true;
}

/* ---- args ---- */

const struct type *sema_args(struct sema *s, struct span at)
{
    struct probe *probe = s->probe;
    struct target *target = sema_target(s);
    struct err err = { 0 };
    struct diag *d;

    if (!probe || !target)
        return NULL;
    if (!probe->args && probe->provider->args)
        probe->args = probe->provider->args(s->c->host, target, sema_types(s), &err);
    if (probe->args)
        return probe->args;
    d = sema_error(s, at, "the arguments of '%.*s' are not known%s%s", STRF(target->label),
                   err.text[0] ? ": " : "", err.text);
    if (d && err.hint[0])
        diag_hint(s->c->diags, d, "%s", err.hint);
    return NULL;
}

/* ---- calls of builtins ---- */

static struct map_sym *first_map(const struct expr *call)
{
    const struct expr *first = call->call.args;

    return first && first->kind == EXPR_MAP ? first->map.sym : NULL;
}

static void infer_arg(struct sema *s, const struct expr *call, struct expr *arg,
                      const struct sig_param *param)
{
    struct map_sym *map = first_map(call);

    if (param && param->kind == ARG_KEY && map) {
        infer_map_key(s, map, arg);
    } else if (param && param->kind == ARG_VAR && arg->kind == EXPR_VAR) {
        if (map)
            infer_var(s, arg->var.sym, infer_reduced(s, map->value), map->as, arg->at, NULL);
        infer_expr(s, arg);
    } else {
        infer_expr(s, arg);
    }
}

/* false: something is not known yet, or wrong. */
static bool infer_args(struct sema *s, struct expr *call)
{
    struct signature sig = signature_of(call->call.fn);
    bool known = true, wrong_type = false;
    unsigned i = 0;

    for (struct expr *arg = call->call.args; arg; arg = arg->next, i++) {
        infer_arg(s, call, arg, signature_param(&sig, call, i));
        known &= arg->type != NULL;
        wrong_type |= arg->type && arg->type->kind == TYPE_ERROR;
    }
    return call_match(s, call) && known && !wrong_type;
}

/* Where an address that a builtin gives points to, unless its callback knows better. */
static enum addr_space default_space(const struct sema *s, const struct builtin *fn)
{
    const unsigned from_probe = CAP_ARGS | CAP_ARGN | CAP_RETVAL | CAP_REGS | CAP_CTX;

    return fn->needs & from_probe && s->probe ? s->probe->provider->as : AS_NONE;
}

static const struct type *builtin_result(struct sema *s, struct expr *call)
{
    const struct builtin *fn = call->call.fn;
    const struct type *t = NULL;

    call->as = default_space(s, fn);
    if (fn->result)
        t = fn->result(s, call);
    if (!t)
        t = call_result(s, call);
    if (!t && !fn->result && fn->kind)
        t = type_opaque(sema_types(s), fn->kind, (uint64_t[4]){ 0 });
    if (!t && !fn->result && fn->needs & CAP_ARGS && s->probe)
        t = s->probe->args;
    return t;
}

bool infer_is_update(const struct expr *e)
{
    return e->kind == EXPR_CALL && e->call.fn && signature_of(e->call.fn).result == RESULT_UPDATE;
}

/* Only literals so far: sum(1). Whether that is signed, other uses may decide. */
static const struct type *with_open_sign(struct sema *s, const struct expr *call,
                                         const struct type *t)
{
    const struct expr *arg = call->call.args;

    if (!arg || !arg->type || !arg->type->is_flex || t->kind != TYPE_OPAQUE || !t->vk->aggregate ||
        t->vk->buckets || t->param[0] != 1)
        return t;
    return type_opaque(sema_types(s), t->vk,
                       (uint64_t[4]){ SIGN_OPEN, t->param[1], t->param[2], t->param[3] });
}

const struct type *infer_update(struct sema *s, struct expr *call)
{
    const struct type *t;

    call->as = AS_NONE;
    if (!is_allowed(s, call))
        return wrong(s);
    if (!infer_args(s, call))
        return s->report ? wrong(s) : NULL;
    t = builtin_result(s, call);
    return t ? with_open_sign(s, call, t) : NULL;
}

static const struct type *misplaced_update(struct sema *s, struct expr *call)
{
    struct diag *d = sema_error(s, call->at,
                                "%s() makes sense only as all of the right side of a map "
                                "assignment",
                                call->call.fn->name);

    infer_args(s, call);
    if (d)
        diag_hint(s->c->diags, d, "@name = %.*s;", STRF(sema_text(s, call->at)));
    return wrong(s);
}

static const struct type *infer_builtin(struct sema *s, struct expr *call)
{
    const struct builtin *fn = call->call.fn;

    if (!is_allowed(s, call))
        return wrong(s);
    if (infer_is_update(call))
        return misplaced_update(s, call);
    if (fn->needs & CAP_ARGS && !sema_args(s, call->at))
        return wrong(s);
    if (infer_args(s, call))
        return builtin_result(s, call);
    /* What the signature alone says is true in any case. */
    return s->report ? wrong(s) : call_result(s, call);
}

/* ---- calls of functions of the script ---- */

static const struct type *infer_script_call(struct sema *s, struct expr *call)
{
    struct function *f = call->call.script_fn;
    struct expr *arg = call->call.args;
    struct diag *d;

    for (struct expr *a = arg; a; a = a->next)
        infer_value(s, a);
    if (call->call.n_args != f->n_params) {
        d = sema_error(s, call->at, "%.*s() takes %u argument%s, got %u", STRF(f->name),
                       f->n_params, f->n_params == 1 ? "" : "s", call->call.n_args);
        if (d)
            diag_note(s->c->diags, d, f->name_at, "it is defined here");
        return wrong(s);
    }
    for (unsigned i = 0; arg; i++, arg = arg->next) {
        const struct type *want = f->params[i].sym ? f->params[i].sym->type : NULL;

        if (want && s->report)
            infer_fits(s, want, arg,
                       arena_printf(s->c->arena, "parameter $%.*s of %.*s()",
                                    STRF(f->params[i].name), STRF(f->name)));
    }
    return typename_infer(s, f->result);
}

const struct type *infer_call(struct sema *s, struct expr *call)
{
    if (call->call.script_fn)
        return infer_script_call(s, call);
    return infer_builtin(s, call);
}
