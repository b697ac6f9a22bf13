/*
 * check.c - the rules that are left when all types are known (LANGUAGE.md 23)
 *
 * Types that do not fit were reported by infer.c. Here: rules builtins have of their own, sizes,
 * what this kernel can do, control flow (check_flow.c), declared maps (check_map.c). Afterwards
 * code generation may rely on every type.
 */
#include "sema/sema_impl.h"

#include "kernel/kernel.h"

#include <linux/bpf.h>

/* ---- what the kernel has ---- */

static const struct helper_feature {
    unsigned helper;
    enum kernel_feature feature;
    const char *what;
} helpers[] = {
    { BPF_FUNC_get_func_ip, FEATURE_GET_FUNC_IP, "bpf_get_func_ip" },
    { BPF_FUNC_probe_write_user, FEATURE_WRITE_USER, "bpf_probe_write_user" },
    { BPF_FUNC_d_path, FEATURE_D_PATH, "bpf_d_path" },
    { BPF_FUNC_override_return, FEATURE_OVERRIDE,
      "bpf_override_return (CONFIG_FUNCTION_ERROR_INJECTION)" },
    { BPF_FUNC_ktime_get_tai_ns, FEATURE_KTIME_TAI, "bpf_ktime_get_tai_ns" },
};

/* Without the right to ask, the kernel seems to have nothing; then loading will tell. */
static bool kernel_lacks(const struct sema *s, enum kernel_feature feature)
{
    struct kernel *kernel = s->c->host->kernel;

    return !kernel_has(kernel, feature) && kernel_has(kernel, FEATURE_RINGBUF);
}

static void check_helper(struct sema *s, const struct expr *call)
{
    for (size_t i = 0; i < ARRAY_LEN(helpers); i++) {
        if (helpers[i].helper == call->call.fn->helper && kernel_lacks(s, helpers[i].feature))
            sema_error(s, call->at, "'%.*s' needs %s, which this kernel does not have",
                       STRF(call->call.name), helpers[i].what);
    }
}

/* ---- expressions ---- */

static void check_string(struct sema *s, const struct expr *e)
{
    uint64_t max = s->c->config->max_strlen;
    struct diag *d;

    if (e->text.n < max)
        return;
    d = sema_error(s, e->at, "the string is %zu bytes long; %ju are allowed", e->text.n,
                   (uintmax_t)(max ? max - 1 : 0));
    if (d)
        diag_hint(s->c->diags, d, "config = { max_strlen = %zu }", e->text.n + 1);
}

/* Counters of other CPUs are read to get one number out of them. */
static void check_reduced(struct sema *s, const struct expr *e)
{
    const struct type *t = e->map.sym->value;

    if (!e->map.whole && t->kind == TYPE_OPAQUE && t->vk->castable &&
        kernel_lacks(s, FEATURE_LOOKUP_PERCPU))
        sema_error(s, e->at,
                   "this kernel cannot read a %s in a program: it has no helper "
                   "map_lookup_percpu_elem, which came with Linux 5.19",
                   type_name(s->c->arena, t).p);
}

/* What only the compiler reads may be of any length. */
static bool is_compile_time(const struct sig_param *param)
{
    return param && (param->lit || param->kind == ARG_FMT || param->kind == ARG_WORD);
}

static void check_call(struct sema *s, struct expr *call)
{
    const struct builtin *fn = call->call.fn;
    struct signature sig = { 0 };
    unsigned i = 0;

    if (fn) {
        sig = signature_of(fn);
        check_helper(s, call);
        if (fn->check && call->type->kind != TYPE_ERROR)
            fn->check(s, call);
    }
    for (struct expr **arg = &call->call.args; *arg; arg = &(*arg)->next, i++) {
        if ((*arg)->kind != EXPR_STRING || !fn || !is_compile_time(signature_param(&sig, call, i)))
            check_expr(s, arg);
    }
}

static bool visit(void *ctx, struct expr **ep)
{
    struct sema *s = ctx;
    struct expr *e = *ep;

    if (e->type->kind == TYPE_ERROR)
        sema_error(s, e->at, "the type of '%.*s' cannot be worked out", STRF(sema_text(s, e->at)));
    switch (e->kind) {
    case EXPR_STRING:
        check_string(s, e);
        return true;
    case EXPR_MAP:
        check_reduced(s, e);
        return true;
    case EXPR_CALL:
        check_call(s, e);
        return false;
    case EXPR_IF: /* check_flow.c comes to their blocks, and with them to what is inside */
    case EXPR_BLOCK:
        return false;
    default:
        return true;
    }
}

void check_expr(struct sema *s, struct expr **e)
{
    struct ast_walker walker = { .ctx = s, .pre_expr = visit };

    ast_walk_expr(&walker, e);
}

/* ---- functions ---- */

struct callees {
    struct compile *c;
    VEC(struct function *) found;
};

static bool note_callee(void *ctx, struct expr **ep)
{
    struct callees *callees = ctx;
    struct function *f = (*ep)->kind == EXPR_CALL ? (*ep)->call.script_fn : NULL;

    for (size_t i = 0; f && i < callees->found.n; i++) {
        if (callees->found.v[i] == f)
            return true;
    }
    if (f)
        arena_vec_push(callees->c->arena, &callees->found, f);
    return true;
}

/* The kernel loads no program whose functions call themselves, on whatever way. */
static void check_recursion(struct compile *c, struct function *f)
{
    struct callees callees = { .c = c };
    struct ast_walker walker = { .ctx = &callees, .pre_expr = note_callee };

    ast_walk_block(&walker, &f->body);
    for (size_t i = 0; i < callees.found.n; i++) {
        if (callees.found.v[i] == f) {
            diag_error(c->diags, f->name_at, "function '%.*s' calls itself, which BPF cannot do",
                       STRF(f->name));
            return;
        }
        ast_walk_block(&walker, &callees.found.v[i]->body);
    }
}

/* ---- types of the script against the kernel's ---- */

static bool same_members(struct types *types, const struct type *a, const struct type *b)
{
    size_t n, m;
    const struct field *x = type_fields(types, a, &n), *y = type_fields(types, b, &m);

    if (a->size != b->size || n != m)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(x[i].name, y[i].name) || x[i].offset != y[i].offset)
            return false;
    }
    return true;
}

/* Only where the kernel's types are at hand anyway: the script may be of one mind with itself. */
static void check_conflicts(struct compile *c)
{
    struct kernel *kernel = c->host->kernel;

    if (c->includes || c->chose_by_btf) /* headers are meant to repeat the kernel's types */
        return;
    for (size_t i = 0; kernel_btf_identity(kernel) && i < c->cdefs->tags.n; i++) {
        const struct type *t = c->cdefs->tags.v[i], *theirs;
        char tag = t->kind == TYPE_ENUM ? 'e' : t->is_union ? 'u' : 's';

        theirs = kernel_type(kernel, c->image->types, tag, t->name);
        if (theirs && theirs->kind == t->kind && t->kind == TYPE_STRUCT &&
            !same_members(c->image->types, t, theirs))
            diag_warn(c->diags, SPAN_NONE,
                      "%s is defined differently in the kernel; the script's definition is used",
                      type_name(c->arena, t).p);
    }
}

bool sema_check(struct compile *c)
{
    unsigned errors = c->diags->errors;

    for (struct function *f = c->program->functions; f; f = f->next) {
        struct sema s = { .c = c, .fn = f, .report = true };

        check_body(&s, &(struct expr *){ NULL }, &f->body, f);
        check_recursion(c, f);
    }
    for (struct probe *probe = c->program->probes; probe; probe = probe->next) {
        struct sema s = { .c = c, .probe = probe, .report = true };

        check_body(&s, &probe->pred, &probe->body, NULL);
    }
    check_map_decls(c);
    check_conflicts(c);
    return sema_end(c, errors);
}
