/*
 * uprobe.c - functions of programs and libraries: uprobe, uretprobe
 *
 * A target is a file and an offset in it. Names are resolved here, while compiling: a path, a
 * program in PATH or "libNAME" becomes a path, a function its file offset. One program serves all
 * targets; where the kernel has multi links, all targets of a file are attached at once.
 */
#include "probes/provider.h"

#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "runtime/attach.h"
#include "symbols/symbols.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/bpf.h of 6.6; Debian 12's headers are older. */
#define ATTACH_TRACE_UPROBE_MULTI 48
#define UPROBE_MULTI_RETURN       1

static bool uprobe_error(const struct attach_parse *p, const char *what)
{
    struct diag *d = diag_error(p->diags, p->at, "%.*s: %s", STRF(p->parts[0]), what);

    diag_hint(p->diags, d, "write %.*s:PATH:FUNCTION, e.g. %.*s:libc:malloc", STRF(p->parts[0]),
              STRF(p->parts[0]));
    return false;
}

/* "malloc", "malloc+4", "0x1234", "mal*": fills func, offset, addr. */
static bool parse_function(const struct attach_parse *p, struct str text, bool is_return,
                           struct target *out)
{
    ptrdiff_t plus = str_find(text, '+');

    if (!text.n)
        return uprobe_error(p, "the function is missing");
    if (attach_number(text, &out->addr)) {
        out->has_addr = true;
        out->func = STR("");
        return true;
    }
    /* C++ names may contain '+': operator+. An offset is '+' and a number at the end. */
    if (plus > 0 && attach_number(str_sub(text, (size_t)plus + 1, text.n), &out->offset)) {
        if (is_return)
            return uprobe_error(p, "a return probe takes no offset");
        text = str_sub(text, 0, (size_t)plus);
    } else if (plus > 0 && !out->lang.n) {
        return uprobe_error(p, "the offset after '+' is no number");
    }
    out->func = text;
    return true;
}

static bool parse_user(const struct attach_parse *p, struct target *out, bool is_return)
{
    unsigned n = p->n_parts - 1;
    uint32_t pid = p->host->config->opt.pid;

    if (n == 1 && pid) { /* uprobe:function with -p: the process's own program */
        out->path = STR("");
        return parse_function(p, p->parts[1], is_return, out);
    }
    if (n < 2 || n > 3)
        return attach_check_parts(
            p, 2, 3, is_return ? "uretprobe:PATH:FUNCTION" : "uprobe:PATH:FUNCTION[+OFFSET]");
    if (!p->parts[1].n && !pid)
        return uprobe_error(p, "the program or library is missing");
    out->path = p->parts[1];
    if (n == 3) {
        if (!str_eqz(p->parts[2], "cpp")) {
            diag_error(p->diags, p->at, "%.*s: '%.*s' is no language; only cpp is known",
                       STRF(p->parts[0]), STRF(p->parts[2]));
            return false;
        }
        out->lang = STR("cpp");
    }
    if (!parse_function(p, p->parts[n], is_return, out))
        return false;
    out->is_pattern =
        str_is_glob(out->path) || (!out->has_addr && str_is_glob(out->func)) || out->lang.n > 0;
    return true;
}

static bool uprobe_parse(const struct attach_parse *p, struct target *out)
{
    return parse_user(p, out, false);
}

static bool uretprobe_parse(const struct attach_parse *p, struct target *out)
{
    return parse_user(p, out, true);
}

/* ---- enumeration ---- */

struct each_ctx {
    const struct host *host;
    const struct target *pattern;
    const char *type;
    const char *path; /* the file being looked at */
    target_fn fn;
    void *arg;
    struct err *e;
    unsigned n_files;
};

static int emit_target(struct each_ctx *ctx, const struct elf_func *f, uint64_t file_offset)
{
    const struct target *p = ctx->pattern;
    struct buf label = { 0 };
    struct target t = *p;
    int rc;

    t.path = str_from(ctx->path);
    t.is_pattern = false;
    t.addr = file_offset;
    t.has_addr = true;
    buf_printf(&label, "%s:%s:", ctx->type, ctx->path);
    if (f && p->lang.n)
        buf_printf(&label, "cpp:\"%.*s\"", STRF(f->demangled));
    else if (f)
        buf_str(&label, f->name);
    else
        buf_printf(&label, "%llu", (unsigned long long)p->addr);
    if (p->offset)
        buf_printf(&label, "+%llu", (unsigned long long)p->offset);
    t.func = f ? f->name : STR("");
    t.label = buf_as_str(&label);
    rc = ctx->fn(ctx->arg, &t);
    buf_free(&label);
    return rc;
}

/* Nothing is attached where it could break the traced program. */
static int check_place(const struct each_ctx *ctx, const struct elf_func *f, uint64_t offset)
{
    if (ctx->host->config->opt.unsafe)
        return 0;
    return symbols_check_boundary(ctx->host->symbols, ctx->path, f, offset, ctx->e);
}

static int check_address(const struct each_ctx *ctx, uint64_t addr)
{
    struct elf_func f;
    int rc;

    if (ctx->host->config->opt.unsafe)
        return 0;
    rc = symbols_func_at(ctx->host->symbols, ctx->path, addr, &f, ctx->e);
    if (rc) {
        err_hint(ctx->e, "pass --unsafe if you are sure that an instruction begins there");
        return rc;
    }
    return check_place(ctx, &f, addr - f.addr);
}

/* "ns::f" matches "ns::f(int)" with and without its parameter list. */
static bool cpp_matches(struct str pattern, struct str name)
{
    ptrdiff_t paren = str_find(name, '(');

    return str_glob(pattern, name) ||
           (paren > 0 && str_glob(pattern, str_sub(name, 0, (size_t)paren)));
}

static int each_func(void *arg, const struct elf_func *f)
{
    struct each_ctx *ctx = arg;
    int rc;

    if (ctx->pattern->lang.n &&
        (str_eq(f->name, f->demangled) || !cpp_matches(ctx->pattern->func, f->demangled)))
        return 0;
    rc = check_place(ctx, f, ctx->pattern->offset);
    return rc ? rc : emit_target(ctx, f, f->offset + ctx->pattern->offset);
}

static int each_file(void *arg, const char *path)
{
    struct each_ctx *ctx = arg;
    const struct target *p = ctx->pattern;
    struct elf_func f;
    uint64_t offset;
    int rc;

    ctx->path = path;
    ctx->n_files++;
    if (p->has_addr) {
        rc = symbols_file_offset(ctx->host->symbols, path, p->addr, &offset, ctx->e);
        if (!rc)
            rc = check_address(ctx, p->addr);
        return rc ? rc : emit_target(ctx, NULL, offset);
    }
    if (p->lang.n || str_is_glob(p->func))
        return symbols_each_func(ctx->host->symbols, path, p->lang.n ? STR("*") : p->func,
                                 each_func, ctx, ctx->e);
    rc = symbols_func(ctx->host->symbols, path, p->func, &f, ctx->e);
    if (rc == -ENOENT && str_is_glob(p->path))
        return 0; /* not every file of a pattern needs to have the function */
    if (!rc)
        rc = check_place(ctx, &f, p->offset);
    return rc ? rc : emit_target(ctx, &f, f.offset + p->offset);
}

static int each_user(const struct host *host, const struct target *pattern, const char *type,
                     target_fn fn, void *arg, struct err *e)
{
    struct each_ctx ctx = {
        .host = host, .pattern = pattern, .type = type, .fn = fn, .arg = arg, .e = e
    };

    return symbols_find_binary(host->symbols, pattern->path, host->config->opt.pid, each_file, &ctx,
                               e);
}

static int uprobe_each(const struct host *host, const struct target *pattern, target_fn fn,
                       void *arg, struct err *e)
{
    return each_user(host, pattern, "uprobe", fn, arg, e);
}

static int uretprobe_each(const struct host *host, const struct target *pattern, target_fn fn,
                          void *arg, struct err *e)
{
    return each_user(host, pattern, "uretprobe", fn, arg, e);
}

/* ---- code ---- */

static bool uprobe_load(struct cg *cg, const struct target *t, enum probe_value what, unsigned n,
                        struct cg_val *out)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
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
    *out = cg_ctx_load(cg, (uint32_t)offset, u64);
    out->as = AS_USER;
    return true;
}

/* At a return the instruction pointer is the caller's: the helper knows the function. */
static bool uretprobe_load(struct cg *cg, const struct target *t, enum probe_value what, unsigned n,
                           struct cg_val *out)
{
    struct cg_val ctx;

    if (what != PROBE_FUNC)
        return uprobe_load(cg, t, what, n, out);
    ctx = cg_ctx(cg);
    *out = cg_helper(cg, BPF_FUNC_get_func_ip, &ctx, 1, type_int(cg_types(cg), 8, false));
    out->as = AS_USER;
    return true;
}

static const struct type *uprobe_ctx(const struct host *host, const struct target *t,
                                     struct types *types)
{
    const struct type *regs = kernel_type(host->kernel, types, 's', STR("pt_regs"));

    (void)t;
    return regs ? type_ptr(types, regs) : NULL;
}

static void uprobe_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("uprobe") };
}

static void uretprobe_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("uretprobe") };
}

/* ---- attachment ---- */

static bool wants_multi(struct session *s, const struct image_probe *p)
{
    return p->targets.n > 1 && kernel_has(session_host(s)->kernel, FEATURE_UPROBE_MULTI);
}

static int uprobe_before_load(struct session *s, const struct image_probe *p, struct err *e)
{
    if (!wants_multi(s, p))
        return 0;
    if (bpf_program__set_expected_attach_type(session_program(s, p),
                                              (enum bpf_attach_type)ATTACH_TRACE_UPROBE_MULTI))
        return err_set(e, -EINVAL, "libbpf refused the multi uprobe attach type");
    return 0;
}

static bool is_return(const struct image_probe *p)
{
    return str_eqz(p->provider, "uretprobe");
}

static int uprobe_attach(struct session *s, const struct image_probe *p, const struct target *t,
                         struct err *e)
{
    LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = is_return(p));
    uint32_t pid = session_pid(s);
    struct arena a = { 0 };
    struct bpf_link *link = bpf_program__attach_uprobe_opts(
        session_program(s, p), pid ? (pid_t)pid : -1, str_dup(&a, t->path).p, t->addr, &opts);

    arena_free(&a);
    return session_add_link(s, link, t, e);
}

/* One link for n offsets in one file. libbpf 1.1 does not know this kind of link yet. */
static int attach_multi(struct session *s, const struct image_probe *p, const char *path,
                        const uint64_t *offsets, uint32_t n, struct err *e)
{
    struct {
        uint32_t prog_fd, target_fd, attach_type, flags;
        uint64_t path, offsets, ref_ctr_offsets, cookies;
        uint32_t cnt, multi_flags, pid, pad;
    } attr = {
        .prog_fd = (uint32_t)bpf_program__fd(session_program(s, p)),
        .attach_type = ATTACH_TRACE_UPROBE_MULTI,
        .path = (uint64_t)(uintptr_t)path,
        .offsets = (uint64_t)(uintptr_t)offsets,
        .cnt = n,
        .multi_flags = is_return(p) ? UPROBE_MULTI_RETURN : 0,
        .pid = session_pid(s),
    };
    int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

    if (fd < 0)
        return err_set(e, -errno, "cannot attach %u functions of %s: %s", n, path, strerror(errno));
    return session_add_fd(s, fd);
}

/* Targets come sorted by file: one link each. */
static int uprobe_attach_all(struct session *s, const struct image_probe *p, struct err *e)
{
    struct arena a = { 0 };
    uint64_t *offsets = ARENA_ARRAY(&a, uint64_t, p->targets.n);
    int rc = 0;

    if (!wants_multi(s, p)) {
        for (size_t i = 0; i < p->targets.n && !rc; i++)
            rc = uprobe_attach(s, p, &p->targets.v[i], e);
        arena_free(&a);
        return rc;
    }
    for (size_t i = 0, n; i < p->targets.n && !rc; i += n) {
        struct str path = p->targets.v[i].path;

        for (n = 0; i + n < p->targets.n && str_eq(p->targets.v[i + n].path, path); n++)
            offsets[n] = p->targets.v[i + n].addr;
        rc = attach_multi(s, p, str_dup(&a, path).p, offsets, (uint32_t)n, e);
    }
    arena_free(&a);
    return rc;
}

static const char *const uprobe_aliases[] = { "u", NULL };
static const char *const uretprobe_aliases[] = { "ur", NULL };

const struct provider provider_uprobe = {
    .name = "uprobe",
    .aliases = uprobe_aliases,
    .doc = "uprobe:PATH:FUNCTION[+OFFSET]: a function of a program or library is entered",
    .caps = CAP_ARGN | CAP_FUNC | CAP_CTX | CAP_REGS | CAP_USER | CAP_STACK | CAP_SIGNAL,
    .as = AS_USER,
    .user = true,
    .youngest_first = true,
    .parse = uprobe_parse,
    .each = uprobe_each,
    .load = uprobe_load,
    .ctx = uprobe_ctx,
    .program = uprobe_program,
    .before_load = uprobe_before_load,
    .attach = uprobe_attach,
    .attach_all = uprobe_attach_all,
};

const struct provider provider_uretprobe = {
    .name = "uretprobe",
    .aliases = uretprobe_aliases,
    .doc = "uretprobe:PATH:FUNCTION: a function of a program or library returns",
    .caps = CAP_RETVAL | CAP_FUNC | CAP_CTX | CAP_REGS | CAP_USER | CAP_STACK | CAP_SIGNAL,
    .as = AS_USER,
    .user = true,
    .youngest_first = true,
    .parse = uretprobe_parse,
    .each = uretprobe_each,
    .load = uretprobe_load,
    .ctx = uprobe_ctx,
    .program = uretprobe_program,
    .before_load = uprobe_before_load,
    .attach = uprobe_attach,
    .attach_all = uprobe_attach_all,
};
