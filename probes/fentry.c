/*
 * fentry.c - entry and return of kernel functions through trampolines, arguments typed by BTF
 *
 * The context is an array of words: the arguments, a struct passed by value in one or two of them,
 * and for fexit the result behind them. A program is loaded for one function, named by its number
 * in the BTF of the kernel or of the module it belongs to; so patterns make one program each.
 */
#include "probes/provider.h"

#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "runtime/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* The kernel's own errno for "this architecture or configuration cannot"; no libc knows it. */
#define KERNEL_ENOTSUPP 524

static bool fentry_parse(const struct attach_parse *p, struct target *out)
{
    if (!attach_check_parts(p, 1, 2, "fentry:function or fentry:module:function"))
        return false;
    out->module = p->n_parts == 3 ? p->parts[1] : STR("");
    out->func = p->parts[p->n_parts - 1];
    if (!out->func.n || (p->n_parts == 3 && !out->module.n)) {
        diag_error(p->diags, p->at, "%.*s needs the name of a function", STRF(p->parts[0]));
        return false;
    }
    out->is_pattern = str_is_glob(out->module) || str_is_glob(out->func);
    return true;
}

/* ---- targets ---- */

/* Can a trampoline hand on what the function is given, and what it returns? */
static bool is_traceable(const struct func_info *f, bool is_exit)
{
    return !f->odd_params && f->n_slots <= arch_n_args() && !(is_exit && f->odd_result);
}

static int refuse(const struct func_info *f, bool is_exit, struct err *e)
{
    const char *type = is_exit ? "fexit" : "fentry";

    if (f->odd_params)
        return err_set(e, -EINVAL,
                       "%s cannot be used for %.*s: it takes a variable number of arguments, or "
                       "large ones by value",
                       type, STRF(f->name));
    if (f->n_slots > arch_n_args())
        return err_set(e, -EINVAL,
                       "%s cannot be used for %.*s: its arguments take %u words, of which %s "
                       "passes %u in registers",
                       type, STRF(f->name), f->n_slots, arch_name(), arch_n_args());
    return err_set(e, -EINVAL, "fexit cannot be used for %.*s: it returns a struct", STRF(f->name));
}

struct each_ctx {
    const struct host *host;
    const char *type;
    bool is_exit;
    bool has_list; /* of what can be patched; what an exact name means the kernel decides */
    target_fn fn;
    void *arg;
    struct func_info found; /* of an exact name */
    unsigned n_found;
    struct str other; /* a second module that has it */
};

static int hand_on(struct each_ctx *ctx, const struct func_info *f)
{
    struct buf label = { 0 };
    struct target t = { .module = f->module, .func = f->name, .code = f->btf_id };
    int rc;

    buf_printf(&label, "%s:%.*s:%.*s", ctx->type, STRF(f->module), STRF(f->name));
    t.label = buf_as_str(&label);
    rc = ctx->fn(ctx->arg, &t);
    buf_free(&label);
    return rc;
}

static int each_match(void *arg, const struct func_info *f)
{
    struct each_ctx *ctx = arg;
    uint64_t addr;

    if (!is_traceable(f, ctx->is_exit))
        return 0;
    if (ctx->has_list && !kernel_function(ctx->host->kernel, f->module, f->name, &addr))
        return 0;
    return hand_on(ctx, f);
}

static int ignore(void *arg, const struct kernel_function *f)
{
    (void)arg;
    (void)f;
    return 0;
}

/* Can the list be read at all? */
static bool has_list(struct kernel *k)
{
    struct err e;

    return kernel_each_function(k, STR(""), STR("vfs_read"), ignore, NULL, &e) == 0;
}

static int note_match(void *arg, const struct func_info *f)
{
    struct each_ctx *ctx = arg;

    if (ctx->n_found++ == 0)
        ctx->found = *f;
    else
        ctx->other = f->module;
    return 0;
}

static int each_func(const struct host *host, const struct target *pattern, struct each_ctx *ctx,
                     struct err *e)
{
    struct str module = pattern->module.n ? pattern->module : STR("*");

    if (!kernel_has_btf(host->kernel)) {
        err_set(e, -EOPNOTSUPP, "%s needs the kernel's BTF: there is no /sys/kernel/btf/vmlinux",
                ctx->type);
        err_hint(e, "its kernel was built without CONFIG_DEBUG_INFO_BTF; use kprobe");
        return -EOPNOTSUPP;
    }
    if (pattern->is_pattern) {
        ctx->has_list = has_list(host->kernel);
        return kernel_each_func(host->kernel, module, pattern->func, each_match, ctx);
    }
    kernel_each_func(host->kernel, module, pattern->func, note_match, ctx);
    if (!ctx->n_found)
        return 0;
    if (ctx->n_found > 1) {
        err_set(e, -EINVAL, "several modules have a function %.*s: %.*s and %.*s%s",
                STRF(pattern->func), STRF(ctx->found.module), STRF(ctx->other),
                ctx->n_found > 2 ? " and more" : "");
        err_hint(e, "say which: %s:%.*s:%.*s", ctx->type, STRF(ctx->found.module),
                 STRF(pattern->func));
        return -EINVAL;
    }
    if (!is_traceable(&ctx->found, ctx->is_exit))
        return refuse(&ctx->found, ctx->is_exit, e);
    return hand_on(ctx, &ctx->found);
}

static int fentry_each(const struct host *host, const struct target *pattern, target_fn fn,
                       void *arg, struct err *e)
{
    struct each_ctx ctx = { .host = host, .type = "fentry", .fn = fn, .arg = arg };

    return each_func(host, pattern, &ctx, e);
}

static int fexit_each(const struct host *host, const struct target *pattern, target_fn fn,
                      void *arg, struct err *e)
{
    struct each_ctx ctx = { .host = host, .type = "fexit", .is_exit = true, .fn = fn, .arg = arg };

    return each_func(host, pattern, &ctx, e);
}

/* ---- arguments ---- */

static bool signature(const struct host *host, const struct target *t, struct types *types,
                      struct func_sig *sig, struct err *e)
{
    if (kernel_func(host->kernel, types, t->module, t->func, sig))
        return true;
    err_set(e, -ENOENT, "the arguments of %.*s are not in the kernel's BTF", STRF(t->func));
    return false;
}

static const struct type *fentry_args(const struct host *host, const struct target *t,
                                      struct types *types, struct err *e)
{
    struct func_sig sig;
    struct type *args;

    if (!signature(host, t, types, &sig, e))
        return NULL;
    args = type_struct(types, str_printf(types_arena(types), "%.*s_args", STRF(t->func)), false,
                       NULL, sig.info.btf_id);
    if (!type_is_complete(args))
        type_define_struct(types, args, sig.params, sig.n_params, 8 * sig.info.n_slots, 8);
    return args;
}

static const struct type *fexit_retval(const struct host *host, const struct target *t,
                                       struct types *types, struct err *e)
{
    struct func_sig sig;

    if (!signature(host, t, types, &sig, e))
        return NULL;
    if (sig.result->kind != TYPE_NONE)
        return sig.result;
    err_set(e, -EINVAL, "%.*s returns nothing", STRF(t->func));
    return NULL;
}

static void describe(const struct host *host, const struct target *t, struct types *types,
                     struct buf *out, bool is_exit)
{
    struct func_sig sig;

    if (!signature(host, t, types, &sig, NULL))
        return;
    for (size_t i = 0; i < sig.n_params; i++) {
        struct str type = type_name(types_arena(types), sig.params[i].type);

        buf_printf(out, "    %.*s %.*s\n", STRF(type), STRF(sig.params[i].name));
    }
    if (is_exit && sig.result->kind != TYPE_NONE)
        buf_printf(out, "    %.*s retval\n", STRF(type_name(types_arena(types), sig.result)));
}

static void fentry_describe(const struct host *host, const struct target *t, struct types *types,
                            struct buf *out)
{
    describe(host, t, types, out, false);
}

static void fexit_describe(const struct host *host, const struct target *t, struct types *types,
                           struct buf *out)
{
    describe(host, t, types, out, true);
}

/* A word of the context. */
static struct cg_val load_word(struct cg *cg, uint32_t offset)
{
    return cg_ctx_load(cg, offset, type_int(cg_types(cg), 8, false));
}

/* Kernels before 5.13 let programs load pointers to structs and text only. */
static struct cg_val read_word(struct cg *cg, uint32_t offset)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    struct cg_val place = cg_place(cg, u64), addr = cg_address(cg, cg_ctx(cg));

    cg_read(cg, place, 8, cg_op(cg, OP_ADD, addr, cg_u64(cg, offset)), AS_KERNEL, SPAN_NONE);
    return cg_load(cg, place);
}

static bool is_pointer_to_number(const struct type *type)
{
    return type->kind == TYPE_PTR && type->elem && type_is_scalar(type->elem) &&
           type->elem->size > 1;
}

static struct cg_val load_scalar(struct cg *cg, uint32_t offset, const struct type *type)
{
    struct cg_val word;

    if (is_pointer_to_number(type))
        return cg_convert(cg, read_word(cg, offset), type);
    word = load_word(cg, offset);
    if (type->kind == TYPE_PTR)
        word = cg_plain(cg, word);
    return cg_convert(cg, word, type);
}

/* The verifier hands out the context in whole words. */
static void load_struct(struct cg *cg, const struct field *f, struct cg_val *out)
{
    uint32_t size = ROUND_UP(f->type->size, 8u);
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    struct cg_val place = cg_place_bytes(cg, size);

    for (uint32_t i = 0; i < size; i += 8)
        cg_store(cg, cg_at(cg, place, i, u64), u64, load_word(cg, f->offset + i), SPAN_NONE);
    *out = cg_at(cg, place, 0, f->type);
}

static bool fentry_load_field(struct cg *cg, const struct target *t, const struct field *f,
                              struct cg_val *out)
{
    (void)t;
    if (!type_is_scalar(f->type)) {
        load_struct(cg, f, out);
        return true;
    }
    *out = load_scalar(cg, f->offset, f->type);
    out->as = f->as ? f->as : AS_KERNEL;
    return true;
}

static bool load_func(struct cg *cg, struct cg_val *out)
{
    struct cg_val ctx = cg_ctx(cg);

    *out = cg_helper(cg, BPF_FUNC_get_func_ip, &ctx, 1, type_int(cg_types(cg), 8, false));
    return true;
}

static bool fentry_load(struct cg *cg, const struct target *t, enum probe_value what, unsigned n,
                        struct cg_val *out)
{
    struct func_sig sig;

    (void)n;
    switch (what) {
    case PROBE_FUNC:
        return load_func(cg, out);
    case PROBE_RETVAL:
        if (!signature(cg_host(cg), t, cg_types(cg), &sig, NULL) || !type_is_scalar(sig.result))
            return false;
        *out = load_scalar(cg, 8 * sig.info.n_slots, sig.result);
        out->as = AS_KERNEL;
        return true;
    case PROBE_ARGN:
    case PROBE_REG:
        break;
    }
    return false;
}

/* ---- programs ---- */

static void fentry_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    *out = (struct prog_spec){ .section = str_printf(a, "fentry/%.*s", STRF(t->func)) };
}

static void fexit_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    *out = (struct prog_spec){ .section = str_printf(a, "fexit/%.*s", STRF(t->func)) };
}

static int prepare(struct session *s, const struct image_probe *p, unsigned attach_type,
                   struct err *e)
{
    const struct target *t = &p->targets.v[0];
    struct func_info f;
    int fd = 0;

    /* The image's number counts only if the function is still there. */
    if (!kernel_func_info(session_host(s)->kernel, t->module, t->func, t->code, &f))
        return err_set(e, -ENOENT, "the kernel's BTF has no function %.*s in %.*s", STRF(t->func),
                       STRF(t->module));
    if (!str_eqz(t->module, "vmlinux") && (fd = session_module_btf(s, t->module, e)) < 0)
        return fd;
    session_set_typed(s, p, attach_type, f.btf_id, fd);
    return 0;
}

static int fentry_before_load(struct session *s, const struct image_probe *p, struct err *e)
{
    return prepare(s, p, BPF_TRACE_FENTRY, e);
}

static int fexit_before_load(struct session *s, const struct image_probe *p, struct err *e)
{
    return prepare(s, p, BPF_TRACE_FEXIT, e);
}

static void explain(const struct host *host, const struct target *t, int rc, struct err *e)
{
    if (kernel_has(host->kernel, FEATURE_FENTRY))
        return;
    err_set(e, rc, "can't attach %.*s: this kernel does not run BPF programs at functions (%s)",
            STRF(t->label), rc == -KERNEL_ENOTSUPP ? "not supported" : strerror(-rc));
    err_hint(e, "fentry and fexit need CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS on x86-64 or arm64, "
                "and a kernel that is not locked; kprobe may do");
}

static int refused(const struct host *host, const struct target *t, int rc, struct err *e)
{
    switch (-rc) {
    case E2BIG:
        return err_set(e, rc, "can't attach %.*s: a function takes at most 38 programs",
                       STRF(t->label));
    case EBUSY:
        return err_set(e, rc,
                       "can't attach %.*s: the function cannot be patched, or a live patch or "
                       "another tracer has it",
                       STRF(t->label));
    default:
        err_set(e, rc, "can't attach %.*s: %s", STRF(t->label),
                rc == -KERNEL_ENOTSUPP ? "not supported" : strerror(-rc));
        explain(host, t, rc, e);
        return rc;
    }
}

static int fentry_attach(struct session *s, const struct image_probe *p, const struct target *t,
                         struct err *e)
{
    int fd = bpf_raw_tracepoint_open(NULL, bpf_program__fd(session_program(s, p)));

    return fd < 0 ? refused(session_host(s), t, fd, e) : session_add_fd(s, fd);
}

static const char *const fentry_aliases[] = { "f", "kfunc", NULL };

const struct provider provider_fentry = {
    .name = "fentry",
    .aliases = fentry_aliases,
    .doc = "fentry:function, fentry:module:function: a kernel function is entered",
    .caps = CAP_ARGS | CAP_FUNC | CAP_STACK | CAP_SIGNAL | CAP_PATH | CAP_SKB,
    .as = AS_KERNEL,
    .pid_filter = true,
    .youngest_first = true,
    .single = true,
    .parse = fentry_parse,
    .each = fentry_each,
    .describe = fentry_describe,
    .args = fentry_args,
    .load = fentry_load,
    .load_field = fentry_load_field,
    .program = fentry_program,
    .before_load = fentry_before_load,
    .attach = fentry_attach,
    .explain = explain,
};

static const char *const fexit_aliases[] = { "fr", "kretfunc", NULL };

const struct provider provider_fexit = {
    .name = "fexit",
    .aliases = fexit_aliases,
    .doc = "fexit:function, fexit:module:function: a kernel function returns",
    .unlisted = true,
    .caps = CAP_ARGS | CAP_RETVAL | CAP_FUNC | CAP_STACK | CAP_SIGNAL | CAP_PATH | CAP_SKB,
    .as = AS_KERNEL,
    .pid_filter = true,
    .youngest_first = true,
    .single = true,
    .parse = fentry_parse,
    .each = fexit_each,
    .describe = fexit_describe,
    .args = fentry_args,
    .retval = fexit_retval,
    .load = fentry_load,
    .load_field = fentry_load_field,
    .program = fexit_program,
    .before_load = fexit_before_load,
    .attach = fentry_attach,
    .explain = explain,
};
