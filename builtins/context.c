/*
 * context.c - what the probe hands to its program: arguments, results, registers, its own name
 *
 * Where these are is the provider's business (load, args, ctx); here is only what the language says
 * about them.
 */
#include "builtins/builtin.h"

#include "builtins/shared.h"
#include "codegen/emit.h"
#include "probes/provider.h"
#include "sema/call.h"

#include <stdlib.h>
#include <string.h>

/* ---- args ---- */

static const struct type *args_result(struct sema *s, struct expr *call)
{
    struct probe *p = s->probe;
    struct err e = { 0 };

    if (!p || !p->provider->args || !p->n_targets)
        return type_error(sema_types(s)); /* check.c words what is missing */
    call->as = p->provider->as;
    if (!p->args) {
        p->args = p->provider->args(s->c->host, &p->targets[0], sema_types(s), &e);
        if (!p->args) {
            diag_error(s->c->diags, call->at, "%s", e.text);
            p->args = type_error(sema_types(s));
        }
    }
    return p->args;
}

static bool args_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)cg;
    out->where = CG_CTX;
    out->offset = 0;
    out->type = call->type;
    out->as = call->as;
    return true;
}

/* ---- argN ---- */

static unsigned arg_number(const struct expr *call)
{
    return (unsigned)strtoul(call->call.name.p + 3, NULL, 10);
}

static const struct type *argn_result(struct sema *s, struct expr *call)
{
    call->as = s->probe ? s->probe->provider->as : AS_NONE;
    return type_int(sema_types(s), 8, s->probe && s->probe->provider->signed_args);
}

/* Some arguments are in places programs cannot look at. */
static bool check_readable(struct sema *s, const struct expr *call, unsigned n)
{
    const struct probe *p = s->probe;
    struct err e = { 0 };

    if (!p->provider->check_arg || !p->n_targets ||
        !p->provider->check_arg(s->c->host, &p->targets[0], n, &e))
        return true;
    diag_error(s->c->diags, call->at, "arg%u of %.*s cannot be read: %s", n,
               STRF(p->targets[0].label), e.text);
    return false;
}

static bool argn_check(struct sema *s, struct expr *call)
{
    unsigned n = arg_number(call);
    const struct provider *p = s->probe ? s->probe->provider : NULL;
    int limit = -1;

    if (!p)
        return true; /* reported as unusable outside probes */
    if (p->n_args && s->probe->n_targets)
        limit = p->n_args(s->c->host, &s->probe->targets[0]);
    if (limit >= 0 && n >= (unsigned)limit) {
        diag_error(s->c->diags, call->at, "arg%u does not exist: %.*s has %d argument%s", n,
                   STRF(s->probe->targets[0].label), limit, limit == 1 ? "" : "s");
        return false;
    }
    if (limit < 0 && n >= arch_n_args()) {
        struct diag *d = diag_error(s->c->diags, call->at,
                                    "arg%u is not in a register: %s passes %u arguments in "
                                    "registers",
                                    n, arch_name(), arch_n_args());

        diag_hint(s->c->diags, d, "read the stack: *(reg(\"sp\") + 8 * N)");
        return false;
    }
    return check_readable(s, call, n);
}

static bool argn_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    return cg_probe_load(cg, PROBE_ARGN, arg_number(call), out) ||
           cg_error(cg, call->at, "this probe has no arg%u", arg_number(call));
}

/* ---- retval, func, ctx, reg() ---- */

static const struct type *retval_result(struct sema *s, struct expr *call)
{
    const struct provider *p = s->probe ? s->probe->provider : NULL;
    const struct type *t;
    struct err e = { 0 };

    call->as = p ? p->as : AS_NONE;
    if (!p || !p->retval || !s->probe->n_targets)
        return type_int(sema_types(s), 8, false);
    t = p->retval(s->c->host, &s->probe->targets[0], sema_types(s), &e);
    if (t)
        return t;
    if (s->report)
        diag_error(s->c->diags, call->at, "%s", e.text);
    return type_error(sema_types(s));
}

static bool retval_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    return cg_probe_load(cg, PROBE_RETVAL, 0, out) ||
           cg_error(cg, call->at, "this probe has no retval");
}

static bool func_is_user(const struct probe *p)
{
    return p && p->provider->as == AS_USER;
}

static const struct type *func_result(struct sema *s, struct expr *call)
{
    static const uint64_t none[4];

    (void)call;
    return type_opaque(sema_types(s), func_is_user(s->probe) ? &usym_kind : &ksym_kind, none);
}

static bool func_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    const struct type *u32 = type_int(cg_types(cg), 4, false);
    struct cg_val addr = { 0 }, pid, place;

    if (!cg_probe_load(cg, PROBE_FUNC, 0, &addr))
        return cg_error(cg, call->at, "this probe does not know its function");
    place = cg_result_place(cg, out, call->type);
    if (!cg_store(cg, cg_at(cg, place, 0, u64), u64, addr, call->at))
        return false;
    if (!func_is_user(cg_probe(cg)))
        return true;
    return process_pid(cg, &pid) && cg_store(cg, cg_at(cg, place, 8, u32), u32, pid, call->at) &&
           cg_store(cg, cg_at(cg, place, 12, u32), u32, cg_int(cg, u32, USYM_IS_PROBED), call->at);
}

static const struct type *ctx_result(struct sema *s, struct expr *call)
{
    const struct provider *p = s->probe ? s->probe->provider : NULL;
    const struct type *t = NULL;

    call->as = AS_KERNEL;
    if (p && p->ctx && s->probe->n_targets)
        t = p->ctx(s->c->host, &s->probe->targets[0], sema_types(s));
    return t ? t : type_int(sema_types(s), 8, false);
}

static bool ctx_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_address(cg, cg_ctx(cg));
    out->type = call->type;
    out->as = AS_KERNEL;
    return true;
}

static const struct type *reg_result(struct sema *s, struct expr *call)
{
    call->as = s->probe ? s->probe->provider->as : AS_NONE;
    return type_int(sema_types(s), 8, false);
}

static bool reg_check(struct sema *s, struct expr *call)
{
    struct str name = STR("");

    call_lit_str(call, 0, &name);
    if (arch_reg_offset(name) >= 0)
        return true;
    diag_error(s->c->diags, call_arg(call, 0)->at, "%s has no register '%.*s'", arch_name(),
               STRF(name));
    return false;
}

static bool reg_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct str name = STR("");

    call_lit_str(call, 0, &name);
    return cg_probe_load(cg, PROBE_REG, (unsigned)arch_reg_offset(name), out) ||
           cg_error(cg, call->at, "this probe has no registers");
}

/* ---- usermode ---- */

static bool usermode_check(struct sema *s, struct expr *call)
{
    if (arch_reg_offset(STR("cs")) >= 0)
        return true;
    diag_error(s->c->diags, call->at, "usermode is known on x86_64 only, not on %s", arch_name());
    return false;
}

/* Without registers: hark itself test-runs begin and end; what else there is runs in the kernel. */
static void usermode_fold(struct sema *s, struct expr **call)
{
    const struct provider *p = s->probe ? s->probe->provider : NULL;
    struct prog_spec spec = { 0 };

    if (!p || p->caps & CAP_REGS || !s->probe->n_targets)
        return;
    p->program(&s->probe->targets[0], s->c->arena, &spec);
    *call = ast_int(s->c->arena, (*call)->at, spec.when != WHEN_EVENT && spec.when != WHEN_READ);
    (*call)->type = type_int(sema_types(s), 1, false);
}

/* The lowest bits of the code segment are the ring the CPU was in: 3 for programs. */
static bool usermode_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct cg_val cs;

    if (!cg_probe_load(cg, PROBE_REG, (unsigned)arch_reg_offset(STR("cs")), &cs))
        return cg_error(cg, call->at, "this probe has no registers");
    cs.as = AS_NONE;
    *out = cg_convert(cg, cg_op(cg, OP_NE, cg_op(cg, OP_AND, cs, cg_u64(cg, 3)), cg_u64(cg, 0)),
                      call->type);
    return true;
}

/* ---- override() ---- */

static bool override_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct cg_val args[2] = { cg_ctx(cg) };

    *out = cg_none(cg);
    if (!cg_expr(cg, call_arg(call, 0), &args[1]))
        return false;
    args[1] = cg_convert(cg, cg_load(cg, args[1]), type_int(cg_types(cg), 8, false));
    cg_helper(cg, BPF_FUNC_override_return, args, 2, NULL);
    return true;
}

/* ---- names known while compiling ---- */

static void probe_fold(struct sema *s, struct expr **call)
{
    const struct target *t = sema_target(s);

    if (t && s->probe->n_targets == 1)
        *call = ast_string(s->c->arena, (*call)->at, t->label);
}

/* Of one program for many targets: as wide as the longest name. */
static const struct type *probe_result(struct sema *s, struct expr *call)
{
    size_t n = 0;

    (void)call;
    for (size_t i = 0; s->probe && i < s->probe->n_targets; i++)
        n = MAX(n, s->probe->targets[i].label.n);
    return type_string(sema_types(s), (uint32_t)n + 1);
}

/* A table in read-only data, in which the program looks up whom it is run for. */
static bool probe_name_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct probe *p = cg_probe(cg);
    uint32_t width = (call->type->size + 7) & ~7u, last = 0;
    struct cg_val n = { 0 }, table;
    char *names;

    for (size_t i = 0; i < p->n_targets; i++)
        last = MAX(last, p->targets[i].code);
    names = xcalloc(last + 1, width);
    for (size_t i = 0; i < p->n_targets; i++)
        memcpy(names + (size_t)p->targets[i].code * width, p->targets[i].label.p,
               p->targets[i].label.n);
    table = cg_rodata(cg, names, (last + 1) * width);
    free(names);
    p->provider->which(cg, &n);
    n = cg_op(cg, OP_MUL, cg_bounded(cg, n, last), cg_u64(cg, width));
    *out = cg_at_val(cg, table, n, call->type);
    return true;
}

static void probetype_fold(struct sema *s, struct expr **call)
{
    const struct provider *p = s->probe ? s->probe->written : NULL;
    const char *name;

    if (!p)
        return;
    name = p->probetype ? p->probetype : p->name;
    *call = ast_string(s->c->arena, (*call)->at, str_from(name));
}

/* sarg0, sarg1 …: once arguments on the stack. */
static bool sarg_check(struct sema *s, struct expr *call)
{
    struct diag *d =
        diag_error(s->c->diags, call->at, "'%.*s' no longer exists", STRF(call->call.name));

    diag_hint(s->c->diags, d, "read the stack: *(reg(\"sp\") + 8)");
    return false;
}

const struct builtin builtins_context[] = {
    {
        .name = "args",
        .sig = "auto",
        .doc = "The probe's arguments by name: args.filename.",
        .needs = CAP_ARGS,
        .flags = BUILTIN_PER_TARGET | BUILTIN_CONTEXT | BUILTIN_PROBE | BUILTIN_BARE,
        .result = args_result,
        .emit = args_emit,
    },
    {
        .name = "arg",
        .sig = "auto",
        .doc = "arg0, arg1 …: the probe's arguments by position.",
        .needs = CAP_ARGN,
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE | BUILTIN_BARE | BUILTIN_NUMBERED,
        .result = argn_result,
        .check = argn_check,
        .emit = argn_emit,
    },
    {
        .name = "sarg",
        .sig = "uint64",
        .doc = "sarg0, sarg1 …: removed; an error that says what to write instead.",
        .flags = BUILTIN_NUMBERED,
        .check = sarg_check,
    },
    {
        .name = "retval",
        .sig = "auto",
        .doc = "What the traced function returns.",
        .needs = CAP_RETVAL,
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE,
        .result = retval_result,
        .emit = retval_emit,
    },
    {
        .name = "func",
        .sig = "auto",
        .doc = "Name of the traced function.",
        .needs = CAP_FUNC,
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE,
        .result = func_result,
        .emit = func_emit,
    },
    {
        .name = "ctx",
        .sig = "auto",
        .doc = "Pointer to the program's context.",
        .needs = CAP_CTX,
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE | BUILTIN_BARE,
        .result = ctx_result,
        .emit = ctx_emit,
    },
    {
        .name = "reg",
        .sig = "auto(lit string)",
        .doc = "A register of the traced code: reg(\"sp\").",
        .needs = CAP_REGS,
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE,
        .result = reg_result,
        .check = reg_check,
        .emit = reg_emit,
    },
    {
        .name = "usermode",
        .sig = "uint8",
        .doc = "1 if the probe interrupted a program, 0 if the kernel itself (x86_64).",
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE,
        .check = usermode_check,
        .fold = usermode_fold,
        .emit = usermode_emit,
    },
    {
        .name = "override",
        .sig = "void(int)",
        .doc = "The traced function returns this number instead of running.",
        .needs = CAP_OVERRIDE,
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE | BUILTIN_UNSAFE,
        .helper = BPF_FUNC_override_return,
        .emit = override_emit,
    },
    {
        .name = "probe",
        .sig = "auto",
        .doc = "Full name of the probe.",
        .flags = BUILTIN_PER_TARGET | BUILTIN_PROBE | BUILTIN_NAME,
        .fold = probe_fold,
        .result = probe_result,
        .emit = probe_name_emit,
    },
    {
        .name = "probetype",
        .sig = "auto",
        .doc = "Type of the probe: tracepoint, uprobe, special …",
        .flags = BUILTIN_PROBE,
        .fold = probetype_fold,
    },
    { .name = NULL },
};
