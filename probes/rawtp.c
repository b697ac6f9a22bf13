/*
 * rawtp.c - tracepoints before any formatting: the arguments as the kernel passes them
 *
 * The context is an array of u64, one an argument. We load the BPF_PROG_TYPE_RAW_TRACEPOINT kind of
 * program: it serves any number of events and needs no BTF at load time; names and types of the
 * arguments come from BTF while compiling. Only helpers that want pointers the verifier knows
 * (CAP_SKB) take the other kind, loaded for one event as BTF describes it.
 */
#include "probes/provider.h"

#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "runtime/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

/* include/linux/bpf.h: MAX_BPF_FUNC_ARGS */
#define MAX_RAW_ARGS 12

static bool rawtp_parse(const struct attach_parse *p, struct target *out)
{
    if (!attach_check_parts(p, 1, 2, "rawtracepoint:event or rawtracepoint:module:event"))
        return false;
    out->module = p->n_parts == 3 ? p->parts[1] : STR("");
    out->func = p->parts[p->n_parts - 1];
    if (!out->func.n) {
        diag_error(p->diags, p->at, "rawtracepoint needs an event");
        return false;
    }
    out->is_pattern = str_is_glob(out->module) || str_is_glob(out->func);
    return true;
}

struct each_ctx {
    target_fn fn;
    void *arg;
};

static int each_event(void *arg, const struct func_info *event)
{
    struct each_ctx *ctx = arg;
    struct buf label = { 0 };
    struct target t = { .module = event->module, .func = event->name };
    int rc;

    buf_printf(&label, "rawtracepoint:%.*s:%.*s", STRF(t.module), STRF(t.func));
    t.label = buf_as_str(&label);
    rc = ctx->fn(ctx->arg, &t);
    buf_free(&label);
    return rc;
}

static int rawtp_each(const struct host *host, const struct target *pattern, target_fn fn,
                      void *arg, struct err *e)
{
    struct each_ctx ctx = { fn, arg };
    struct str module = pattern->module.n ? pattern->module : STR("*");

    if (!kernel_has_btf(host->kernel)) {
        const struct func_info event = { .module = STR("vmlinux"), .name = pattern->func };

        if (pattern->is_pattern)
            return err_set(e, -ENOENT, "patterns of raw tracepoints need kernel BTF");
        return each_event(&ctx, &event); /* the kernel will say whether it exists */
    }
    return kernel_each_raw_tracepoint(host->kernel, module, pattern->func, each_event, &ctx);
}

static const struct type *rawtp_args(const struct host *host, const struct target *t,
                                     struct types *types, struct err *e)
{
    struct func_sig sig;
    struct type *args;

    if (!kernel_raw_tracepoint(host->kernel, types, t->module, t->func, &sig)) {
        err_set(e, -ENOENT, "arguments of rawtracepoint:%.*s are not in the kernel's BTF",
                STRF(t->func));
        return NULL;
    }
    args = type_struct(types, str_printf(types_arena(types), "%.*s_args", STRF(t->func)), false,
                       NULL, sig.info.btf_id);
    if (!type_is_complete(args))
        type_define_struct(types, args, sig.params, sig.n_params, (uint32_t)(8 * sig.n_params), 8);
    return args;
}

static int rawtp_n_args(const struct host *host, const struct target *t)
{
    struct arena a = { 0 };
    struct func_sig sig;
    int n = kernel_raw_tracepoint(host->kernel, types_new(&a), t->module, t->func, &sig)
                ? (int)sig.n_params
                : MAX_RAW_ARGS;

    arena_free(&a);
    return n;
}

static void rawtp_describe(const struct host *host, const struct target *t, struct types *types,
                           struct buf *out)
{
    struct func_sig sig;

    if (!kernel_raw_tracepoint(host->kernel, types, t->module, t->func, &sig))
        return;
    for (size_t i = 0; i < sig.n_params; i++) {
        struct str type = type_name(types_arena(types), sig.params[i].type);

        buf_printf(out, "    %.*s %.*s\n", STRF(type), STRF(sig.params[i].name));
    }
}

static unsigned rawtp_target_caps(const struct host *host)
{
    (void)host;
    return CAP_SKB;
}

/* The verifier forbids to calculate with typed pointers. */
static struct cg_val load_word(struct cg *cg, uint32_t offset)
{
    struct cg_val word = cg_ctx_load(cg, offset, type_int(cg_types(cg), 8, false));

    return cg_probe(cg)->needs & CAP_SKB ? cg_plain(cg, word) : word;
}

static bool rawtp_load(struct cg *cg, const struct target *t, enum probe_value what, unsigned n,
                       struct cg_val *out)
{
    (void)t;
    if (what != PROBE_ARGN)
        return false;
    *out = load_word(cg, 8 * n);
    out->as = AS_KERNEL;
    return true;
}

/* Every argument fills 8 bytes, whatever its type. */
static bool rawtp_load_field(struct cg *cg, const struct target *t, const struct field *f,
                             struct cg_val *out)
{
    (void)t;
    *out = load_word(cg, f->offset);
    if (type_is_scalar(f->type))
        *out = cg_convert(cg, *out, f->type);
    out->as = f->as ? f->as : AS_KERNEL;
    return true;
}

static void rawtp_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    *out = (struct prog_spec){
        .section = str_printf(a, "raw_tracepoint/%.*s", STRF(t->func)),
        .typed_section = str_printf(a, "tp_btf/%.*s", STRF(t->func)),
    };
}

static bool is_typed(const struct image_probe *p)
{
    return str_starts(p->section, STR("tp_btf/"));
}

static int note_event(void *arg, const struct func_info *event)
{
    *(struct func_info *)arg = *event;
    return 1;
}

static int rawtp_before_load(struct session *s, const struct image_probe *p, struct err *e)
{
    const struct target *t = &p->targets.v[0];
    struct func_info event;
    int fd = 0;

    if (!is_typed(p))
        return 0;
    if (!kernel_each_raw_tracepoint(session_host(s)->kernel, t->module, t->func, note_event,
                                    &event))
        return err_set(e, -ENOENT, "the kernel's BTF has no raw tracepoint %.*s", STRF(t->func));
    if (!str_eqz(t->module, "vmlinux") && (fd = session_module_btf(s, t->module, e)) < 0)
        return fd;
    session_set_typed(s, p, BPF_TRACE_RAW_TP, event.btf_id, fd);
    return 0;
}

static int rawtp_attach(struct session *s, const struct image_probe *p, const struct target *t,
                        struct err *e)
{
    struct arena a = { 0 };
    const char *name = is_typed(p) ? NULL : str_dup(&a, t->func).p;
    int fd = bpf_raw_tracepoint_open(name, bpf_program__fd(session_program(s, p)));

    arena_free(&a);
    if (fd < 0)
        return err_set(e, fd,
                       fd == -ENOENT ? "there is no raw tracepoint %.*s"
                                     : "the kernel refused raw tracepoint %.*s",
                       STRF(t->func));
    return session_add_fd(s, fd);
}

static const char *const rawtp_aliases[] = { "rt", NULL };

const struct provider provider_rawtracepoint = {
    .name = "rawtracepoint",
    .aliases = rawtp_aliases,
    .doc = "rawtracepoint:event: a tracepoint with its arguments as the kernel passes them",
    .caps = CAP_ARGS | CAP_ARGN | CAP_STACK | CAP_SIGNAL | CAP_SKB,
    .as = AS_KERNEL,
    .pid_filter = true,
    .parse = rawtp_parse,
    .each = rawtp_each,
    .describe = rawtp_describe,
    .args = rawtp_args,
    .target_caps = rawtp_target_caps,
    .n_args = rawtp_n_args,
    .load = rawtp_load,
    .load_field = rawtp_load_field,
    .program = rawtp_program,
    .before_load = rawtp_before_load,
    .attach = rawtp_attach,
};
