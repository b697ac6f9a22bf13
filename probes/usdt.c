/*
 * usdt.c - the probes a program's authors built into it
 *
 * A target is one site: a nop in a file that a note names (symbols/usdt.c). A name may have many
 * sites, each with its arguments in other registers, so sites whose arguments are in the same
 * places share a program and the others get their own. Where a note refers to a variable, the
 * address is put in while enumerating: as a number, or as a distance from the instruction pointer,
 * which at a site is the site's own address.
 */
#include "probes/provider.h"

#include "codegen/emit.h"
#include "probes/uprobe.h"
#include "probes/usdt_args.h"
#include "symbols/symbols.h"

#include <elf.h>
#include <errno.h>

#define FORM "usdt:PATH:PROVIDER:NAME"

/* ---- parsing ---- */

static bool usdt_error(const struct attach_parse *p, const char *what)
{
    struct diag *d = diag_error(p->diags, p->at, "usdt: %s", what);

    diag_hint(p->diags, d, "write " FORM ", usdt:PATH:NAME, or usdt:NAME with -p");
    return false;
}

static bool usdt_parse(const struct attach_parse *p, struct target *out)
{
    uint32_t pid = p->host->config->opt.pid;
    unsigned n = p->n_parts - 1;

    if (!attach_check_parts(p, 1, 3, FORM))
        return false;
    out->path = n > 1 ? p->parts[1] : STR("");
    out->module = n > 2 ? p->parts[2] : STR("");
    out->func = p->parts[n];
    if (!out->func.n)
        return usdt_error(p, "the name of the probe is missing");
    if (!out->path.n && !pid)
        return usdt_error(p, "neither a program nor, with -p, a process is named");
    if (!out->path.n)
        out->path = STR("*"); /* all the process has mapped */
    out->is_pattern = str_is_glob(out->path) || str_is_glob(out->module) || str_is_glob(out->func);
    return true;
}

/* ---- enumeration ---- */

struct each_ctx {
    const struct host *host;
    const struct target *pattern;
    const char *path; /* the file being looked at */
    target_fn fn;
    void *arg;
    struct err *e;
    unsigned n_sites; /* matching or not */
};

/*
 * Appends an argument with the address of its variable in place of the name. As it was if there is
 * no such variable, or its address is not fixed: check_arg() explains.
 */
static void resolve_arg(const struct each_ctx *ctx, const struct usdt_site *site, struct str text,
                        struct buf *out)
{
    size_t at = (size_t)(str_find(text, '@') + 1);
    struct str operand = str_sub(text, at, text.n);
    ptrdiff_t paren = str_find(operand, '(');
    struct usdt_arg arg;
    uint64_t addr, size;
    bool is_pie;

    if (usdt_arg_parse(site->machine, text, &arg, NULL) || !arg.symbol.n ||
        (!arg.from_ip && site->is_pie) ||
        symbols_object(ctx->host->symbols, ctx->path, arg.symbol, &addr, &size, &is_pie, NULL)) {
        buf_str(out, text);
        return;
    }
    addr += (uint64_t)arg.number;
    if (arg.from_ip)
        addr -= site->addr;
    buf_str(out, str_sub(text, 0, at));
    if (arg.place == USDT_CONST)
        buf_putc(out, '$');
    buf_printf(out, "%lld", (long long)addr);
    if (paren >= 0)
        buf_str(out, str_sub(operand, (size_t)paren, operand.n));
}

static void resolve_args(const struct each_ctx *ctx, const struct usdt_site *site, struct buf *out)
{
    unsigned n = usdt_args_count(site->args);

    for (unsigned i = 0; i < n; i++) {
        if (i)
            buf_putc(out, ' ');
        resolve_arg(ctx, site, usdt_args_at(site->args, i), out);
    }
}

static int each_site(void *arg, const struct usdt_site *site)
{
    struct each_ctx *ctx = arg;
    const struct target *p = ctx->pattern;
    struct buf label = { 0 }, args = { 0 };
    struct target t = {
        .module = site->provider,
        .func = site->name,
        .addr = site->offset,
        .has_addr = true,
        .semaphore = site->semaphore,
        .code = site->machine,
    };
    uint64_t skip = symbols_in_archive(ctx->path, &t.path);
    int rc;

    t.addr += skip;
    if (t.semaphore)
        t.semaphore += skip;
    ctx->n_sites++;
    if ((p->module.n && !str_glob(p->module, site->provider)) || !str_glob(p->func, site->name))
        return 0;
    resolve_args(ctx, site, &args);
    buf_printf(&label, "usdt:%s:%.*s:%.*s", ctx->path, STRF(site->provider), STRF(site->name));
    t.args = buf_as_str(&args);
    t.label = buf_as_str(&label);
    rc = ctx->fn(ctx->arg, &t);
    buf_free(&args);
    buf_free(&label);
    return rc;
}

static int each_file(void *arg, const char *path)
{
    struct each_ctx *ctx = arg;

    ctx->path = path;
    return symbols_each_usdt(ctx->host->symbols, path, each_site, ctx, ctx->e);
}

static int usdt_each(const struct host *host, const struct target *pattern, target_fn fn, void *arg,
                     struct err *e)
{
    struct each_ctx ctx = { .host = host, .pattern = pattern, .fn = fn, .arg = arg, .e = e };
    int rc = symbols_find_binary(host->symbols, pattern->path, host->config->opt.pid, each_file,
                                 &ctx, e);

    if (rc == 0 && !ctx.n_sites && !str_is_glob(pattern->path))
        return err_set(e, -ENOENT, "'%s' was built without USDT probes", ctx.path);
    return rc;
}

/* ---- arguments ---- */

static int usdt_n_args(const struct host *host, const struct target *t)
{
    (void)host;
    return (int)usdt_args_count(t->args);
}

static int usdt_check_arg(const struct host *host, const struct target *t, unsigned n,
                          struct err *e)
{
    struct usdt_arg arg;
    int rc = usdt_arg_parse(t->code, usdt_args_at(t->args, n), &arg, e);

    (void)host;
    if (rc == 0 && arg.symbol.n)
        return err_set(e, -ENOENT,
                       "it is at '%.*s', whose address the symbols of '%.*s' do not say",
                       STRF(arg.symbol), STRF(t->path));
    return rc;
}

static struct cg_val load_register(struct cg *cg, int offset)
{
    return cg_ctx_load(cg, (uint32_t)offset, type_int(cg_types(cg), 8, false));
}

static struct cg_val memory_address(struct cg *cg, const struct usdt_arg *arg, bool is_32)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    struct cg_val addr = cg_u64(cg, (uint64_t)arg->number), index;

    if (arg->base >= 0)
        addr = cg_op(cg, OP_ADD, load_register(cg, arg->base), addr);
    if (arg->index >= 0) {
        index = load_register(cg, arg->index);
        if (arg->index_is_32)
            index = cg_convert(
                cg, cg_convert(cg, index, type_int(cg_types(cg), 4, arg->index_is_signed)), u64);
        addr = cg_op(cg, OP_ADD, addr, cg_op(cg, OP_MUL, index, cg_u64(cg, arg->scale)));
    }
    if (is_32)
        addr = cg_op(cg, OP_AND, addr, cg_u64(cg, UINT32_MAX));
    return addr;
}

static struct cg_val load_arg(struct cg *cg, const struct usdt_arg *arg, bool is_32)
{
    const struct type *type = type_int(cg_types(cg), arg->size, arg->is_signed);
    struct cg_val v = { 0 };

    switch (arg->place) {
    case USDT_CONST:
        v = cg_u64(cg, (uint64_t)arg->number);
        break;
    case USDT_REGISTER:
        v = load_register(cg, arg->base);
        if (arg->shift)
            v = cg_op(cg, OP_SHR, v, cg_u64(cg, arg->shift));
        break;
    case USDT_MEMORY:
        v = memory_address(cg, arg, is_32);
        v.where = CG_REMOTE;
        v.type = type;
        v.as = AS_USER;
        return cg_load(cg, v);
    }
    return cg_convert(cg, v, type);
}

static bool usdt_load(struct cg *cg, const struct target *t, enum probe_value what, unsigned n,
                      struct cg_val *out)
{
    struct usdt_arg arg;

    switch (what) {
    case PROBE_ARGN:
        if (usdt_arg_parse(t->code, usdt_args_at(t->args, n), &arg, NULL))
            return false;
        *out =
            cg_convert(cg, load_arg(cg, &arg, t->code == EM_386), type_int(cg_types(cg), 8, true));
        break;
    case PROBE_FUNC: /* not for func: uaddr() counts from here */
        *out = load_register(cg, arch_ip_offset());
        break;
    case PROBE_REG:
        *out = load_register(cg, (int)n);
        break;
    case PROBE_RETVAL:
        return false;
    }
    out->as = AS_USER;
    return true;
}

static void usdt_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("uprobe") };
}

static const char *const usdt_aliases[] = { "U", NULL };

const struct provider provider_usdt = {
    .name = "usdt",
    .aliases = usdt_aliases,
    .doc = "usdt:PATH:[PROVIDER:]NAME: a probe that a program was built with is passed",
    .caps = CAP_ARGN | CAP_CTX | CAP_REGS | CAP_USER | CAP_STACK | CAP_SIGNAL,
    .as = AS_USER,
    .user = true,
    .youngest_first = true,
    .pid_attach = true,
    .signed_args = true,
    .own_args = true,
    .parse = usdt_parse,
    .each = usdt_each,
    .n_args = usdt_n_args,
    .check_arg = usdt_check_arg,
    .load = usdt_load,
    .ctx = uprobe_ctx,
    .program = usdt_program,
    .before_load = uprobe_before_load,
    .attach = uprobe_attach,
    .wants_all = uprobe_wants_all,
    .attach_all = uprobe_attach_all,
};
