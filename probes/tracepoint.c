/*
 * tracepoint.c - static events of the kernel, with the fields their format files describe
 *
 * The program's context is the event's record, so that `args` is a struct whose offsets are those
 * of the format file. One program may serve many events as long as it does not look at their
 * fields. The kernel treats a return value of 0 as "hide this event from perf", hence 1.
 */
#include "probes/syscall.h"

#include "kernel/kernel.h"
#include "runtime/attach.h"

#include <bpf/libbpf.h>

extern const struct provider provider_tracepoint, provider_rawtracepoint;

static bool tracepoint_parse(const struct attach_parse *p, struct target *out)
{
    unsigned n = p->n_parts - 1;

    if (n == 1 && str_is_glob(p->parts[1])) { /* tracepoint:*open*: any category */
        out->module = STR("*");
        out->func = p->parts[1];
    } else {
        if (!attach_check_parts(p, 2, 2,
                                "tracepoint:category:event, e.g. tracepoint:sched:sched_switch"))
            return false;
        out->module = p->parts[1];
        out->func = p->parts[2];
    }
    if (!out->module.n || !out->func.n) {
        struct diag *d = diag_error(p->diags, p->at, "tracepoint needs a category and an event");

        diag_hint(p->diags, d, "write tracepoint:category:event");
        return false;
    }
    out->is_pattern = str_is_glob(out->module) || str_is_glob(out->func);
    return true;
}

/* Hands one event on as a target. */
struct each_ctx {
    target_fn fn;
    void *arg;
};

static int each_event(void *arg, struct str category, struct str event)
{
    struct each_ctx *ctx = arg;
    struct buf label = { 0 };
    struct target t = { .module = category, .func = event };
    int rc;

    buf_printf(&label, "tracepoint:%.*s:%.*s", STRF(category), STRF(event));
    t.label = buf_as_str(&label);
    rc = ctx->fn(ctx->arg, &t);
    buf_free(&label);
    return rc;
}

static int tracepoint_each(const struct host *host, const struct target *pattern, target_fn fn,
                           void *arg, struct err *e)
{
    struct each_ctx ctx = { fn, arg };

    return kernel_each_tracepoint(host->kernel, pattern->module, pattern->func, each_event, &ctx,
                                  e);
}

static const struct type *tracepoint_args(const struct host *host, const struct target *t,
                                          struct types *types, struct err *e)
{
    const struct tp_format *f = kernel_tracepoint(host->kernel, types, t->module, t->func, e);

    return f ? f->args : NULL;
}

static void tracepoint_describe(const struct host *host, const struct target *t,
                                struct types *types, struct buf *out)
{
    const struct tp_format *f = kernel_tracepoint(host->kernel, types, t->module, t->func, NULL);

    if (f)
        buf_str(out, f->print_types);
}

static void tracepoint_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    *out = (struct prog_spec){
        .section = str_printf(a, "tracepoint/%.*s/%.*s", STRF(t->module), STRF(t->func)),
        .default_return = 1,
    };
}

static int tracepoint_attach(struct session *s, const struct image_probe *p, const struct target *t,
                             struct err *e)
{
    struct arena a = { 0 };
    struct bpf_link *link = bpf_program__attach_tracepoint(
        session_program(s, p), str_dup(&a, t->module).p, str_dup(&a, t->func).p);

    arena_free(&a);
    return session_add_link(s, link, t, e);
}

static int stop(void *arg, const struct func_info *event)
{
    (void)arg;
    (void)event;
    return 1;
}

/*
 * A raw tracepoint is called at the same place, for the same events. Kernel stacks would begin
 * elsewhere.
 */
static const struct provider *tracepoint_cheaper(const struct host *host, struct types *types,
                                                 const struct target *t,
                                                 const struct probe_uses *uses, struct target *out,
                                                 const char **why)
{
    const struct provider *p;

    if (uses->needs & CAP_STACK || uses->needs & ~provider_tracepoint.caps)
        return NULL;
    if ((p = syscall_provider(host, types, t, uses, out))) {
        *why = p == &provider_syscall_exit
                   ? "by a program on raw tracepoint sys_exit, dispatched by number"
                   : "by a program on raw tracepoint sys_enter, dispatched by number";
        return p;
    }
    if (uses->needs & CAP_ARGS || !kernel_has_btf(host->kernel) ||
        !kernel_each_raw_tracepoint(host->kernel, STR("vmlinux"), t->func, stop, NULL))
        return NULL;
    *why = "as a raw tracepoint, since its arguments are not used";
    return &provider_rawtracepoint;
}

static const struct provider *const tracepoint_variants[] = { &provider_syscall_enter,
                                                              &provider_syscall_exit, NULL };
static const char *const tracepoint_aliases[] = { "t", NULL };

const struct provider provider_tracepoint = {
    .name = "tracepoint",
    .aliases = tracepoint_aliases,
    .doc = "tracepoint:category:event: a static event of the kernel",
    .caps = CAP_ARGS | CAP_STACK | CAP_SIGNAL,
    .as = AS_KERNEL,
    .pid_filter = true,
    .parse = tracepoint_parse,
    .each = tracepoint_each,
    .describe = tracepoint_describe,
    .args = tracepoint_args,
    .cheaper = tracepoint_cheaper,
    .variants = tracepoint_variants,
    .program = tracepoint_program,
    .attach = tracepoint_attach,
};
