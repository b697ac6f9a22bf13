/*
 * kprobe.c - functions of the kernel: kprobe, kretprobe
 *
 * The kernel offers three ways in, and the runtime takes the best it has. One function, with or
 * without offset, or one address: an event of perf's type "kprobe" (libbpf makes one in tracefs
 * where that is missing). Many functions: one multi link, which goes through ftrace and takes a
 * moment for thousands. A kprobe and a kretprobe on the same functions, put together by the
 * compiler: a multi link whose program runs at both ends. Without multi links each function gets an
 * event of its own.
 *
 * Names stay names until they are attached: addresses of the kernel differ from boot to boot, and
 * an image may be kept.
 */
#include "probes/provider.h"

#include "base/config.h"
#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "runtime/attach.h"
#include "symbols/symbols.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/bpf.h of 6.10; Debian 12's headers are older. */
#define ATTACH_TRACE_KPROBE_SESSION 56

/* ---- text ---- */

static bool kprobe_error(const struct attach_parse *p, const char *what, const char *hint)
{
    struct diag *d = diag_error(p->diags, p->at, "%.*s: %s", STRF(p->parts[0]), what);

    if (hint)
        diag_hint(p->diags, d, "%s", hint);
    return false;
}

static bool parse_address(const struct attach_parse *p, const struct target *t, bool is_return)
{
    if (is_return || t->module.n)
        return kprobe_error(p, "an address is not allowed here", "name the function");
    if (!p->host->config->opt.unsafe)
        return kprobe_error(p, "a probe at a raw address can crash the machine",
                            "name the function, or pass --unsafe");
    return true;
}

/* "vfs_read", "vfs_read+4", "0xffffffff81234560", "vfs_*": fills func, offset, addr. */
static bool parse_function(const struct attach_parse *p, struct str text, bool is_return,
                           struct target *out)
{
    ptrdiff_t plus = str_find(text, '+');

    if (attach_number(text, &out->addr)) {
        out->has_addr = true;
        out->func = STR("");
        return parse_address(p, out, is_return);
    }
    out->func = text;
    if (plus >= 0) {
        if (is_return)
            return kprobe_error(p, "a return probe takes no offset", NULL);
        if (!attach_number(str_sub(text, (size_t)plus + 1, text.n), &out->offset))
            return kprobe_error(p, "what stands after '+' is no number",
                                "write kprobe:FUNCTION+OFFSET, e.g. kprobe:vfs_read+4");
        out->func = str_sub(text, 0, (size_t)plus);
        if (str_is_glob(out->func))
            return kprobe_error(p, "an offset needs one function, not a pattern", NULL);
    }
    if (!out->func.n)
        return kprobe_error(p, "the function is missing",
                            "write kprobe:FUNCTION or kprobe:MODULE:FUNCTION");
    return true;
}

/* Is it a name ftrace knows? BTF answers at once, and for nearly all of them. */
static bool is_traceable(const struct host *host, const struct target *t)
{
    uint64_t addr;

    return (!host->config->opt.functions && !t->module.n &&
            kernel_has_func(host->kernel, t->func)) ||
           kernel_function(host->kernel, t->module, t->func, &addr);
}

static bool exists(const struct host *host, const struct target *t)
{
    uint64_t addr;

    return is_traceable(host, t) || symbols_kernel_addr(host->symbols, t->func, &addr);
}

static bool check_target(const struct attach_parse *p, const struct target *t)
{
    struct kernel *kernel = p->host->kernel;

    if (!kernel_has(kernel, FEATURE_KPROBE)) /* each() says so */
        return true;
    if (t->module.n && !kernel_module_loaded(kernel, t->module)) {
        diag_error(p->diags, p->at, "%.*s: no module '%.*s' is loaded", STRF(p->parts[0]),
                   STRF(t->module));
        return false;
    }
    if (!t->is_pattern && !t->has_addr && exists(p->host, t) && !is_traceable(p->host, t))
        diag_warn(p->diags, p->at,
                  "%.*s is not in the kernel's list of traceable functions: attaching will "
                  "probably fail",
                  STRF(t->func));
    return true;
}

static bool parse_kernel(const struct attach_parse *p, struct target *out, bool is_return)
{
    unsigned n = p->n_parts - 1;

    if (!attach_check_parts(p, 1, 2,
                            is_return ? "kretprobe:[MODULE:]FUNCTION"
                                      : "kprobe:[MODULE:]FUNCTION[+OFFSET]"))
        return false;
    out->module = n == 2 ? p->parts[1] : STR("");
    if (!parse_function(p, p->parts[n], is_return, out))
        return false;
    out->is_pattern = str_is_glob(out->module) || (!out->has_addr && str_is_glob(out->func));
    return check_target(p, out);
}

static bool kprobe_parse(const struct attach_parse *p, struct target *out)
{
    return parse_kernel(p, out, false);
}

static bool kretprobe_parse(const struct attach_parse *p, struct target *out)
{
    return parse_kernel(p, out, true);
}

/* ---- enumeration ---- */

struct each_ctx {
    const struct target *pattern;
    const char *type;
    target_fn fn;
    void *arg;
};

static int emit_target(const struct each_ctx *ctx, struct str module, struct str func)
{
    struct buf label = { 0 };
    struct target t = *ctx->pattern;
    int rc;

    t.is_pattern = false;
    t.module = module;
    t.func = func;
    buf_printf(&label, "%s:", ctx->type);
    if (module.n)
        buf_printf(&label, "%.*s:", STRF(module));
    if (t.has_addr)
        buf_printf(&label, "%" PRIu64, t.addr);
    else
        buf_str(&label, func);
    if (t.offset)
        buf_printf(&label, "+%" PRIu64, t.offset);
    t.label = buf_as_str(&label);
    rc = ctx->fn(ctx->arg, &t);
    buf_free(&label);
    return rc;
}

static int each_function(void *arg, const struct kernel_function *f)
{
    const struct each_ctx *ctx = arg;
    struct str module = STR("");

    if (ctx->pattern->module.n)
        module = f->module.n ? f->module : STR("vmlinux");
    return emit_target(ctx, module, f->name);
}

static int each_kernel(const struct host *host, const struct target *pattern, const char *type,
                       target_fn fn, void *arg, struct err *e)
{
    struct each_ctx ctx = { .pattern = pattern, .type = type, .fn = fn, .arg = arg };

    if (!kernel_has(host->kernel, FEATURE_KPROBE)) {
        err_set(e, -EOPNOTSUPP, "this kernel has no kprobes: it was built without CONFIG_KPROBES");
        err_hint(e, "tracepoints are there on every kernel: hark -l 'tracepoint:*'");
        return -EOPNOTSUPP;
    }
    if (pattern->is_pattern)
        return kernel_each_function(host->kernel, pattern->module, pattern->func, each_function,
                                    &ctx, e);
    if (!pattern->has_addr && !exists(host, pattern))
        return 0;
    return emit_target(&ctx, pattern->module, pattern->func);
}

static int kprobe_each(const struct host *host, const struct target *pattern, target_fn fn,
                       void *arg, struct err *e)
{
    return each_kernel(host, pattern, "kprobe", fn, arg, e);
}

static int kretprobe_each(const struct host *host, const struct target *pattern, target_fn fn,
                          void *arg, struct err *e)
{
    return each_kernel(host, pattern, "kretprobe", fn, arg, e);
}

static void kprobe_describe(const struct host *host, const struct target *t, struct types *types,
                            struct buf *out)
{
    struct func_sig sig;

    if (!kernel_func(host->kernel, types, STR(""), t->func, &sig))
        return;
    for (size_t i = 0; i < sig.n_params; i++) {
        struct str type = type_name(types_arena(types), sig.params[i].type);
        unsigned n = sig.params[i].offset / 8;

        if (n < arch_n_args())
            buf_printf(out, "    %.*s arg%u\n", STRF(type), n);
    }
}

static void kretprobe_describe(const struct host *host, const struct target *t, struct types *types,
                               struct buf *out)
{
    struct func_sig sig;

    if (!kernel_func(host->kernel, types, STR(""), t->func, &sig))
        return;
    if (sig.result->kind == TYPE_NONE)
        buf_puts(out, "    void\n");
    else
        buf_printf(out, "    %.*s retval\n", STRF(type_name(types_arena(types), sig.result)));
}

/* ---- code ---- */

static bool kprobe_load(struct cg *cg, const struct target *t, enum probe_value what, unsigned n,
                        struct cg_val *out)
{
    int offset = -1;

    (void)t;
    switch (what) {
    case PROBE_ARGN:
        offset = arch_arg_offset(n);
        break;
    case PROBE_RETVAL:
        offset = arch_retval_offset();
        break;
    case PROBE_FUNC:
        offset = arch_ip_offset();
        break;
    case PROBE_REG:
        offset = (int)n;
        break;
    }
    if (offset < 0)
        return false;
    *out = cg_ctx_load(cg, (uint32_t)offset, type_int(cg_types(cg), 8, false));
    out->as = AS_KERNEL;
    return true;
}

/*
 * At a return the instruction pointer is the caller's. A helper knows the function; where it is
 * missing, the program has one target, whose address it is.
 */
static bool kretprobe_load(struct cg *cg, const struct target *t, enum probe_value what, unsigned n,
                           struct cg_val *out)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    struct cg_val ctx;
    uint64_t addr;

    if (what != PROBE_FUNC)
        return kprobe_load(cg, t, what, n, out);
    if (kernel_has(cg_host(cg)->kernel, FEATURE_GET_FUNC_IP)) {
        ctx = cg_ctx(cg);
        *out = cg_helper(cg, BPF_FUNC_get_func_ip, &ctx, 1, u64);
    } else if (symbols_kernel_addr(cg_host(cg)->symbols, t->func, &addr)) {
        *out = cg_int(cg, u64, addr);
    } else {
        return false;
    }
    out->as = AS_KERNEL;
    return true;
}

static unsigned kretprobe_target_caps(const struct host *host)
{
    return kernel_has(host->kernel, FEATURE_GET_FUNC_IP) ? 0 : CAP_FUNC;
}

/* A program that serves both ends must be able to ask at which one it is. */
static bool kprobe_has_session(const struct host *host)
{
    return kernel_has(host->kernel, FEATURE_KPROBE_SESSION) &&
           kernel_has_func(host->kernel, STR("bpf_session_is_return"));
}

static const struct type *kprobe_ctx(const struct host *host, const struct target *t,
                                     struct types *types)
{
    const struct type *regs = kernel_type(host->kernel, types, 's', STR("pt_regs"));

    (void)t;
    return regs ? type_ptr(types, regs) : NULL;
}

static void kprobe_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("kprobe") };
}

static void kretprobe_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("kretprobe") };
}

/* ---- attachment ---- */

static bool is_return(const struct image_probe *p)
{
    return str_eqz(p->provider, "kretprobe");
}

/* Functions of modules are found by address only, which not every kernel lists. */
static bool fits_multi(struct kernel *kernel, const struct target *t)
{
    return !t->has_addr && !t->offset && (!t->module.n || kernel_function_addresses(kernel));
}

static bool wants_multi(struct session *s, const struct image_probe *p)
{
    struct kernel *kernel = session_host(s)->kernel;

    if (p->is_session)
        return true;
    if (p->targets.n < 2 || !kernel_has(kernel, FEATURE_KPROBE_MULTI))
        return false;
    for (size_t i = 0; i < p->targets.n; i++) {
        if (!fits_multi(kernel, &p->targets.v[i]))
            return false;
    }
    return true;
}

static enum bpf_attach_type multi_type(const struct image_probe *p)
{
    return p->is_session ? (enum bpf_attach_type)ATTACH_TRACE_KPROBE_SESSION
                         : BPF_TRACE_KPROBE_MULTI;
}

static int kprobe_before_load(struct session *s, const struct image_probe *p, struct err *e)
{
    if (!wants_multi(s, p))
        return 0;
    if (bpf_program__set_expected_attach_type(session_program(s, p), multi_type(p)))
        return err_set(e, -EINVAL, "libbpf refused the multi kprobe attach type");
    return 0;
}

static int refused(const struct target *t, int rc, struct err *e)
{
    switch (-rc) {
    case EILSEQ:
        return err_set(e, rc, "can't attach %.*s: no instruction begins there", STRF(t->label));
    case EADDRNOTAVAIL:
        return err_set(e, rc,
                       "can't attach %.*s: there are several functions of that name, and the "
                       "kernel does not know which is meant",
                       STRF(t->label));
    case EINVAL:
    case ERANGE:
        return err_set(e, rc, "can't attach %.*s: %s", STRF(t->label),
                       t->offset     ? "the offset is not in the function, or the kernel forbids "
                                       "probes there"
                       : t->has_addr ? "there is no code at that address, or the kernel forbids "
                                       "probes there"
                                     : "the kernel forbids probes in that function");
    case ENOENT:
    case ESRCH:
        return err_set(e, rc,
                       "can't attach %.*s: the kernel has no such function, or it cannot "
                       "be traced",
                       STRF(t->label));
    case EOPNOTSUPP:
        return err_set(e, rc, "can't attach %.*s: the kernel does not allow override() there",
                       STRF(t->label));
    }
    return 1; /* nothing special about kprobes */
}

/* "module:function" is what the kernel takes where it takes a name. */
static struct str symbol_of(struct arena *a, const struct target *t)
{
    if (t->module.n && !str_eqz(t->module, "vmlinux"))
        return str_printf(a, "%.*s:%.*s", STRF(t->module), STRF(t->func));
    return str_dup(a, t->func);
}

static struct bpf_link *attach_at(struct session *s, const struct image_probe *p,
                                  const char *symbol, uint64_t offset)
{
    LIBBPF_OPTS(bpf_kprobe_opts, opts, .offset = offset, .retprobe = is_return(p));
    struct bpf_link *link;

    errno = 0;
    link = bpf_program__attach_kprobe_opts(session_program(s, p), symbol, &opts);
    return link && !libbpf_get_error(link) ? link : NULL;
}

/*
 * By name. Kernels up to 6.12 take no names with modules, and none takes one that several functions
 * have: the list of functions may know the address, which for patterns is the one that was meant.
 */
static int kprobe_attach(struct session *s, const struct image_probe *p, const struct target *t,
                         struct err *e)
{
    struct kernel *kernel = session_host(s)->kernel;
    struct arena a = { 0 };
    struct bpf_link *link;
    uint64_t addr = 0;
    int rc = 0;

    if (t->has_addr) {
        link = attach_at(s, p, NULL, t->addr);
    } else {
        link = attach_at(s, p, symbol_of(&a, t).p, t->offset);
        if (!link && (errno == EADDRNOTAVAIL || (errno == ENOENT && t->module.n))) {
            rc = -errno;
            if (kernel_function(kernel, t->module, t->func, &addr) && addr)
                link = attach_at(s, p, NULL, addr + t->offset);
            else
                errno = -rc;
        }
    }
    arena_free(&a);
    if (!link && (rc = refused(t, -MAX(errno, 1), e)) <= 0)
        return rc;
    return session_add_link(s, link, t, e);
}

/* The part of union bpf_attr that makes such links; libbpf 1.1 knows no sessions. */
struct multi_attr {
    uint32_t prog_fd, target_fd, attach_type, flags;
    uint32_t multi_flags, n;
    uint64_t symbols, addresses, cookies;
};

struct multi {
    struct session *s;
    const struct image_probe *p;
    const char **symbols; /* or */
    uint64_t *addresses;
};

static int open_multi(const struct multi *m, size_t first, size_t n)
{
    struct multi_attr attr = {
        .prog_fd = (uint32_t)bpf_program__fd(session_program(m->s, m->p)),
        .attach_type = multi_type(m->p),
        .multi_flags = is_return(m->p) ? BPF_F_KPROBE_MULTI_RETURN : 0,
        .n = (uint32_t)n,
        .symbols = m->addresses ? 0 : (uintptr_t)(m->symbols + first),
        .addresses = m->addresses ? (uintptr_t)(m->addresses + first) : 0,
    };
    long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

    return fd < 0 ? -errno : (int)fd;
}

/* One function the kernel does not want makes it refuse all: those are found by halving. */
static int attach_range(const struct multi *m, size_t first, size_t n, struct err *e)
{
    const struct target *t = &m->p->targets.v[first];
    int fd = open_multi(m, first, n), rc;

    if (fd >= 0)
        return session_add_fd(m->s, fd);
    if (n > 1 && (fd == -EINVAL || fd == -ENOENT || fd == -ESRCH || fd == -EOPNOTSUPP)) {
        rc = attach_range(m, first, n / 2, e);
        return rc ? rc : attach_range(m, first + n / 2, n - n / 2, e);
    }
    rc = refused(t, fd, e);
    if (rc > 0)
        rc = err_set(e, fd, "can't attach %.*s and %zu more: %s", STRF(t->label), n - 1,
                     strerror(-fd));
    return session_refuse(m->s, rc, (unsigned)n, e);
}

/* Names will do for functions that were named, if not in which module they are. */
static bool wants_addresses(struct kernel *kernel, const struct image_probe *p)
{
    for (size_t i = 0; i < p->targets.n; i++) {
        if (p->targets.v[i].module.n)
            return true;
    }
    return kernel_function_addresses(kernel);
}

static int attach_multi(struct session *s, const struct image_probe *p, struct err *e)
{
    struct kernel *kernel = session_host(s)->kernel;
    size_t n = p->targets.n;
    struct arena a = { 0 };
    struct multi m = {
        .s = s,
        .p = p,
        .symbols = ARENA_ARRAY(&a, const char *, n),
        .addresses = wants_addresses(kernel, p) ? ARENA_ARRAY(&a, uint64_t, n) : NULL,
    };
    int rc;

    for (size_t i = 0; i < n; i++) {
        const struct target *t = &p->targets.v[i];
        uint64_t addr = 0;

        m.symbols[i] = str_dup(&a, t->func).p;
        if (m.addresses && kernel_function(kernel, t->module, t->func, &addr) && addr)
            m.addresses[i] = addr;
        else
            m.addresses = NULL; /* all have one, or none is used */
    }
    rc = attach_range(&m, 0, n, e);
    arena_free(&a);
    return rc;
}

static const char *const kprobe_aliases[] = { "k", NULL };
static const char *const kretprobe_aliases[] = { "kr", NULL };

extern const struct provider provider_kretprobe;

const struct provider provider_kprobe = {
    .name = "kprobe",
    .aliases = kprobe_aliases,
    .doc = "kprobe:[MODULE:]FUNCTION[+OFFSET]: a function of the kernel is entered",
    .caps = CAP_ARGN | CAP_FUNC | CAP_CTX | CAP_REGS | CAP_STACK | CAP_SIGNAL | CAP_OVERRIDE,
    .as = AS_KERNEL,
    .pid_filter = true,
    .youngest_first = true,
    .returns = &provider_kretprobe,
    .has_session = kprobe_has_session,
    .parse = kprobe_parse,
    .each = kprobe_each,
    .describe = kprobe_describe,
    .load = kprobe_load,
    .ctx = kprobe_ctx,
    .program = kprobe_program,
    .before_load = kprobe_before_load,
    .attach = kprobe_attach,
    .wants_all = wants_multi,
    .attach_all = attach_multi,
};

const struct provider provider_kretprobe = {
    .name = "kretprobe",
    .aliases = kretprobe_aliases,
    .doc = "kretprobe:[MODULE:]FUNCTION: a function of the kernel returns",
    .caps = CAP_RETVAL | CAP_FUNC | CAP_CTX | CAP_REGS | CAP_STACK | CAP_SIGNAL,
    .as = AS_KERNEL,
    .pid_filter = true,
    .unlisted = true,
    .parse = kretprobe_parse,
    .each = kretprobe_each,
    .describe = kretprobe_describe,
    .load = kretprobe_load,
    .target_caps = kretprobe_target_caps,
    .ctx = kprobe_ctx,
    .program = kretprobe_program,
    .before_load = kprobe_before_load,
    .attach = kprobe_attach,
    .wants_all = wants_multi,
    .attach_all = attach_multi,
};
