/*
 * iter.c - programs the kernel runs for each of its tasks, files, maps, symbols …
 *
 * The kernel walks its objects while someone reads the iterator's descriptor, and calls the program
 * for each of them, and once more at the end with none, which is no call for a script. What the
 * script prints travels through the ring like everything else. So that no record is lost although
 * nobody empties the ring during a read, a program that finds it half full asks to be called again
 * with the same object: the read ends, we empty the ring and go on reading.
 *
 * A pinned iterator is not read by us but by whoever opens the pin file, when we are long gone. So
 * its printf() goes where the reader gets it from the kernel (builtins/seq.c).
 *
 * ctx points to struct bpf_iter__OBJECT; the function bpf_iter_OBJECT is what programs attach to.
 */
#include "probes/provider.h"

#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "runtime/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define PIN_FOLDER "/sys/fs/bpf/"

/* What a program returns: see bpf_iter_run_prog() in the kernel. */
enum { GO_ON = 0, SAME_AGAIN = 1 };

static bool iter_parse(const struct attach_parse *p, struct target *out)
{
    struct str pin;

    if (!attach_check_parts(p, 1, 2, "iter:task or iter:task:PIN-FILE"))
        return false;
    out->func = p->parts[1];
    out->is_pattern = str_is_glob(out->func);
    if (!out->func.n) {
        diag_error(p->diags, p->at, "iter needs an object: iter:task");
        return false;
    }
    if (p->n_parts == 3) {
        pin = p->parts[2];
        if (!pin.n) {
            diag_error(p->diags, p->at, "the name of the pin file is missing");
            return false;
        }
        out->path = pin.p[0] == '/' ? pin : str_printf(p->arena, PIN_FOLDER "%.*s", STRF(pin));
    }
    return true;
}

/* ---- which there are ---- */

struct each_ctx {
    struct kernel *kernel;
    const struct target *pattern;
    target_fn fn;
    void *arg;
};

/* The function makes an iterator out of the struct, and its number is what programs attach to. */
static bool find_function(struct kernel *kernel, struct str object, uint32_t *btf_id)
{
    struct buf name = { 0 };
    struct func_info f;
    bool found;

    buf_printf(&name, "bpf_iter_%.*s", STRF(object));
    found = kernel_func_info(kernel, STR("vmlinux"), buf_as_str(&name), 0, &f);
    *btf_id = found ? f.btf_id : 0;
    buf_free(&name);
    return found;
}

static int each_object(void *arg, struct str type)
{
    struct each_ctx *ctx = arg;
    struct target t = { .func = str_sub(type, strlen("bpf_iter__"), type.n),
                        .path = ctx->pattern->path };
    struct buf label = { 0 };
    int rc;

    if (!find_function(ctx->kernel, t.func, &t.code))
        return 0;
    buf_printf(&label, "iter:%.*s", STRF(t.func));
    t.label = buf_as_str(&label);
    rc = ctx->fn(ctx->arg, &t);
    buf_free(&label);
    return rc;
}

static int iter_each(const struct host *host, const struct target *pattern, target_fn fn, void *arg,
                     struct err *e)
{
    struct each_ctx ctx = { host->kernel, pattern, fn, arg };
    struct buf glob = { 0 };
    int rc;

    if (!kernel_has_btf(host->kernel))
        return err_set(e, -ENOENT, "iterators need kernel BTF");
    buf_printf(&glob, "bpf_iter__%.*s", STRF(pattern->func));
    rc = kernel_each_type(host->kernel, 's', buf_as_str(&glob), each_object, &ctx);
    buf_free(&glob);
    return rc;
}

/* ---- the context ---- */

static const struct type *context(struct kernel *kernel, const struct target *t,
                                  struct types *types)
{
    struct str name = str_printf(types_arena(types), "bpf_iter__%.*s", STRF(t->func));

    return kernel_type(kernel, types, 's', name);
}

static const struct type *iter_ctx(const struct host *host, const struct target *t,
                                   struct types *types)
{
    const struct type *ctx = context(host->kernel, t, types);

    return ctx ? type_ptr(types, ctx) : NULL;
}

/* Pointers lie in unions without a name, which make them 8 bytes wide everywhere. */
static struct field unwrapped(struct types *types, const struct field *f)
{
    const struct field *inner;
    struct field result = *f;
    size_t n;

    if (f->name.n || f->type->kind != TYPE_STRUCT || !f->type->is_union)
        return result;
    inner = type_fields(types, f->type, &n);
    if (n) {
        result = inner[0];
        result.offset += f->offset;
    }
    return result;
}

static void iter_describe(const struct host *host, const struct target *t, struct types *types,
                          struct buf *out)
{
    const struct type *ctx = context(host->kernel, t, types);
    const struct field *f;
    size_t n;

    if (!ctx)
        return;
    f = type_fields(types, ctx, &n);
    for (size_t i = 0; i < n; i++) {
        struct field member = unwrapped(types, &f[i]);

        buf_printf(out, "    %.*s %.*s\n", STRF(type_name(types_arena(types), member.type)),
                   STRF(member.name));
    }
}

/* ---- the program ---- */

/* The object is the context's last pointer: all others may be there without it. */
static bool find_object(struct types *types, const struct type *ctx, struct field *object)
{
    const struct field *f;
    size_t n;

    f = type_fields(types, ctx, &n);
    while (n-- > 1) { /* the first is "meta" */
        *object = unwrapped(types, &f[n]);
        if (object->type->kind == TYPE_PTR)
            return true;
    }
    return false;
}

static struct cg_val read_at(struct cg *cg, struct cg_val base, uint32_t offset,
                             const struct type *type)
{
    struct cg_val place = cg_place(cg, type);

    cg_read(cg, place, type->size, cg_op(cg, OP_ADD, base, cg_u64(cg, offset)), AS_KERNEL,
            SPAN_NONE);
    return cg_load(cg, cg_at(cg, place, 0, type));
}

/*
 * To the verifier a pointer in the context may be NULL, and stays so for each load of it: nothing
 * can be added to it. What a helper has copied is a number.
 */
static bool iter_load_field(struct cg *cg, const struct target *t, const struct field *f,
                            struct cg_val *out)
{
    (void)t;
    if (f->type->kind == TYPE_PTR)
        *out = read_at(cg, cg_address(cg, cg_ctx(cg)), f->offset, f->type);
    else
        *out = cg_ctx_load(cg, f->offset, f->type);
    out->as = AS_KERNEL;
    return true;
}

static void leave_if(struct cg *cg, struct cg_val condition, int result)
{
    struct cg_if leave = cg_if_begin(cg, condition);

    cg_return_int(cg, result);
    cg_if_end(cg, &leave);
}

/* Only objects of the process of -p or -c: its tasks, their files, their memory. */
static void filter_process(struct cg *cg, const struct field *task)
{
    struct types *types = cg_types(cg);
    const struct type *u32 = type_int(types, 4, false), *u64 = type_int(types, 8, false);
    size_t wanted = cg_config(cg)->opt.cmd ? offsetof(struct image_ctl, child_pid)
                                           : offsetof(struct image_ctl, pid);
    struct cg_val address;
    struct field tgid;

    if (!type_find_field(types, task->type->elem, STR("tgid"), &tgid))
        return;
    address = read_at(cg, cg_address(cg, cg_ctx(cg)), task->offset, u64);
    leave_if(cg, cg_op(cg, OP_NE, read_at(cg, address, tgid.offset, u32), cg_ctl(cg, wanted, u32)),
             GO_ON);
}

static bool iter_outlives(const struct target *t)
{
    return t->path.n > 0;
}

static void iter_enter(struct cg *cg, const struct target *t)
{
    struct types *types = cg_types(cg);
    const struct type *ctx = context(cg_host(cg)->kernel, t, types);
    const struct type *u64 = type_int(types, 8, false);
    const struct options *opt = &cg_config(cg)->opt;
    struct cg_val busy;
    struct field f;

    if (ctx && find_object(types, ctx, &f))
        leave_if(cg, cg_op(cg, OP_EQ, cg_ctx_load(cg, f.offset, u64), cg_u64(cg, 0)), GO_ON);
    if (!t->path.n && cg_ring_busy(cg, &busy))
        leave_if(cg, busy, SAME_AGAIN);
    if (ctx && (opt->pid || opt->cmd) && type_find_field(types, ctx, STR("task"), &f))
        filter_process(cg, &f);
}

static void iter_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    *out = (struct prog_spec){
        .section = str_printf(a, "iter/%.*s", STRF(t->func)),
        .when = WHEN_READ,
        .default_return = GO_ON,
        .fixed_return = true,
    };
}

/* ---- attachment ---- */

static int iter_before_load(struct session *s, const struct image_probe *p, struct err *e)
{
    (void)e;
    if (p->targets.n)
        session_set_typed(s, p, BPF_TRACE_ITER, p->targets.v[0].code, 0);
    return 0;
}

static int make_link(int program, union bpf_iter_link_info *info)
{
    LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = info,
                .iter_info_len = info ? sizeof(*info) : 0);

    return bpf_link_create(program, 0, BPF_TRACE_ITER, &opts);
}

/*
 * Kernels since 6.1 walk only the tasks of a process if asked to; others refuse or ignore that, and
 * the program picks its own. The walk over cgroups has several orders, and none by default.
 */
static int link_iterator(struct session *s, int program, const struct target *t)
{
    union bpf_iter_link_info info = { .task.pid = session_pid(s) };
    int fd;

    if (str_eqz(t->func, "cgroup"))
        info = (union bpf_iter_link_info){ .cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE };
    else if (!str_starts(t->func, STR("task")) || !info.task.pid)
        return make_link(program, NULL);
    fd = make_link(program, &info);
    return fd < 0 ? make_link(program, NULL) : fd;
}

static int pin(struct session *s, int link, const struct target *t, struct err *e)
{
    int rc = bpf_obj_pin(link, str_dup(session_scratch(s), t->path).p);

    if (rc)
        return err_set(e, rc, "can't pin the iterator to %.*s: %s", STRF(t->path), strerror(-rc));
    session_note(s, "Program pinned to %.*s\n", STRF(t->path));
    return 0;
}

static int read_later(struct session *s, int link, const struct target *t, struct err *e)
{
    int fd = bpf_iter_create(link);

    if (fd < 0)
        return err_set(e, fd, "can't start %.*s: %s", STRF(t->label), strerror(-fd));
    return session_add_output(s, fd);
}

static int iter_attach(struct session *s, const struct image_probe *p, const struct target *t,
                       struct err *e)
{
    int fd = link_iterator(s, bpf_program__fd(session_program(s, p)), t);

    if (fd == -EBADF)
        return err_set(e, fd, "can't attach %.*s: it walks one BPF map, and none can be named",
                       STRF(t->label));
    if (fd < 0)
        return err_set(e, fd, "can't attach %.*s: %s", STRF(t->label), strerror(-fd));
    session_add_fd(s, fd);
    return t->path.n ? pin(s, fd, t, e) : read_later(s, fd, t, e);
}

static const char *const iter_aliases[] = { "it", NULL };

const struct provider provider_iter = {
    .name = "iter",
    .aliases = iter_aliases,
    .doc = "iter:task: once for each task, open file, map …; then the run ends",
    .caps = CAP_CTX | CAP_STACK | CAP_PATH | CAP_SKB,
    .as = AS_KERNEL,
    .youngest_first = true,
    .parse = iter_parse,
    .each = iter_each,
    .describe = iter_describe,
    .ctx = iter_ctx,
    .outlives = iter_outlives,
    .enter = iter_enter,
    .load_field = iter_load_field,
    .program = iter_program,
    .before_load = iter_before_load,
    .attach = iter_attach,
};
