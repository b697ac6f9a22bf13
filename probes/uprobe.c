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
#include "probes/uprobe.h"
#include "probes/uprobe_args.h"
#include "symbols/source.h"
#include "symbols/symbols.h"

#include <errno.h>
#include <string.h>

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

struct programs {
    struct str first;
    unsigned n;
};

static int count_program(void *arg, const char *path)
{
    struct programs *found = arg;

    if (!found->n++)
        found->first = str_from(path);
    return 0;
}

/* D-A-09 */
static void warn_of_several(const struct attach_parse *p, struct str name)
{
    struct programs found = { 0 };

    if (!name.n || p->host->config->opt.pid || str_is_glob(name) || str_find(name, '/') >= 0 ||
        memchr(name.p, '\0', name.n))
        return;
    symbols_each_program(p->host->symbols, name, count_program, &found);
    if (found.n > 1)
        diag_warn(p->diags, p->at, "PATH has %u programs '%.*s': the first is used, %.*s", found.n,
                  STRF(name), STRF(found.first));
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
    warn_of_several(p, out->path);
    return true;
}

static bool uprobe_parse(const struct attach_parse *p, struct target *out)
{
    return uprobe_is_source(p) ? uprobe_parse_source(p, out) : parse_user(p, out, false);
}

static bool uretprobe_parse(const struct attach_parse *p, struct target *out)
{
    if (uprobe_is_source(p))
        return uprobe_error(p, "a source location is no place where a function returns");
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
};

static int emit_target(const struct each_ctx *ctx, const struct elf_func *f, uint64_t file_offset)
{
    const struct target *p = ctx->pattern;
    struct buf label = { 0 };
    struct target t = *p;
    int rc;

    t.addr = file_offset + symbols_in_archive(ctx->path, &t.path);
    t.is_pattern = false;
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
    if (!f->size && !offset) {
        err_set(ctx->e, -EINVAL, "%.*s has no size in the symbols of '%s': it may be no function",
                STRF(f->name), ctx->path);
        err_hint(ctx->e, "pass --unsafe if you are sure that an instruction begins there");
        return -EINVAL;
    }
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

/* Where the parameter list of a demangled name begins; its end if it has none. */
static size_t params_start(struct str name)
{
    const char *end = name.n ? memrchr(name.p, ')', name.n) : NULL;
    unsigned depth = 0;

    for (const char *p = end; p && p >= name.p; p--) {
        depth += *p == ')';
        depth -= *p == '(';
        if (!depth)
            return (size_t)(p - name.p);
    }
    return name.n;
}

/* Templates have their result in front: "int ns::f<int>(int)". Where the name begins. */
static size_t name_start(struct str name)
{
    size_t start = 0;
    int depth = 0;

    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (c == '<' || c == '(')
            depth++;
        else if (c == '>' || c == ')')
            depth--;
        else if (c == ' ' && depth == 0)
            start = i + 1;
    }
    return start;
}

/* "ns::f" matches "ns::f(int)" with and without its parameter list, and without its result. */
static bool cpp_matches(struct str pattern, struct str name)
{
    size_t params = params_start(name), start = name_start(str_sub(name, 0, params));

    return str_glob(pattern, name) || str_glob(pattern, str_sub(name, 0, params)) ||
           str_glob(pattern, str_sub(name, start, name.n)) ||
           str_glob(pattern, str_sub(name, start, params));
}

static int each_func(void *arg, const struct elf_func *f)
{
    struct each_ctx *ctx = arg;
    int rc;

    if (ctx->pattern->lang.n &&
        (str_eq(f->name, f->demangled) || !cpp_matches(ctx->pattern->func, f->demangled)))
        return 0;
    if (!f->size && !ctx->host->config->opt.unsafe)
        return 0; /* named alone it is an error, found by a pattern just not meant */
    rc = check_place(ctx, f, ctx->pattern->offset);
    return rc ? rc : emit_target(ctx, f, f->offset + ctx->pattern->offset);
}

/* An address in the file: of a program, or, if nobody minds, of anything. */
static int each_address(const struct each_ctx *ctx)
{
    const struct target *p = ctx->pattern;
    uint64_t offset = p->addr;
    int rc = symbols_file_offset(ctx->host->symbols, ctx->path, p->addr, &offset, ctx->e);

    if (rc == -ENOEXEC && ctx->host->config->opt.unsafe)
        rc = 0;
    else if (rc == -ENOEXEC)
        err_hint(ctx->e, "--unsafe probes any file at an offset");
    else if (!rc)
        rc = check_address(ctx, p->addr);
    return rc ? rc : emit_target(ctx, NULL, offset);
}

/* Names of Go have brackets: what exists as it is written is no pattern. */
static bool is_pattern(const struct each_ctx *ctx, struct str func)
{
    struct elf_func f;

    return str_is_glob(func) && symbols_func(ctx->host->symbols, ctx->path, func, &f, NULL) != 0;
}

/* Code of the source line: the label says where in which function that is. */
static int each_line_addr(void *arg, uint64_t addr)
{
    const struct each_ctx *ctx = arg;
    struct target here = *ctx->pattern;
    struct each_ctx at = *ctx;
    struct elf_func f;
    int rc = symbols_func_at(ctx->host->symbols, ctx->path, addr, &f, ctx->e);

    if (rc)
        return rc;
    here.offset = addr - f.addr;
    at.pattern = &here;
    return emit_target(&at, &f, f.offset + here.offset);
}

static int each_file(void *arg, const char *path)
{
    struct each_ctx *ctx = arg;
    const struct target *p = ctx->pattern;
    struct elf_func f;
    int rc;

    ctx->path = path;
    if (p->line)
        return symbols_each_line_addr(ctx->host->symbols, path, p->file, p->line, p->col,
                                      each_line_addr, ctx, ctx->e);
    if (p->has_addr)
        return each_address(ctx);
    if (p->lang.n || is_pattern(ctx, p->func))
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

static const char *const uprobe_aliases[] = { "u", NULL };
static const char *const uretprobe_aliases[] = { "ur", NULL };

const struct provider provider_uprobe = {
    .name = "uprobe",
    .aliases = uprobe_aliases,
    .doc = "uprobe:PATH:FUNCTION[+OFFSET], uprobe:PATH@FILE:LINE[:COLUMN]: a function of a program "
           "or library is entered",
    .caps = CAP_ARGS | CAP_ARGN | CAP_FUNC | CAP_CTX | CAP_REGS | CAP_USER | CAP_STACK | CAP_SIGNAL,
    .as = AS_USER,
    .user = true,
    .youngest_first = true,
    .pid_attach = true,
    .parse = uprobe_parse,
    .each = uprobe_each,
    .describe = uprobe_describe,
    .args = uprobe_args,
    .target_caps = uprobe_target_caps,
    .load_field = uprobe_load_field,
    .load = uprobe_load,
    .ctx = uprobe_ctx,
    .program = uprobe_program,
    .before_load = uprobe_before_load,
    .attach = uprobe_attach,
    .wants_all = uprobe_wants_all,
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
    .pid_attach = true,
    .parse = uretprobe_parse,
    .each = uretprobe_each,
    .load = uretprobe_load,
    .ctx = uprobe_ctx,
    .program = uretprobe_program,
    .before_load = uprobe_before_load,
    .attach = uprobe_attach,
    .wants_all = uprobe_wants_all,
    .attach_all = uprobe_attach_all,
};
