/*
 * symbol.c - addresses that are printed as names, and names that become addresses
 *
 * ksym and usym values are looked up when printed. kaddr() is known while compiling. uaddr() needs
 * the address a program was loaded at: the probed function's run-time address tells it.
 */
#include "builtins/builtin.h"

#include "base/host.h"
#include "builtins/shared.h"
#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "output/value.h"
#include "sema/call.h"
#include "symbols/symbols.h"

#include <string.h>

static const struct type *u64(struct cg *cg)
{
    return type_int(cg_types(cg), 8, false);
}

/* ---- ksym(), usym() ---- */

static const struct value *named(const struct decode *d, bool known, const struct sym *sym,
                                 uint64_t addr)
{
    if (known)
        return value_str(d->arena, VALUE_SYMBOL, sym->name);
    return value_str(d->arena, VALUE_SYMBOL,
                     str_printf(d->arena, "0x%llx", (unsigned long long)addr));
}

static const struct value *ksym_decode(const struct decode *d, const struct type *t,
                                       const void *bytes)
{
    struct sym sym;
    uint64_t addr;

    (void)t;
    memcpy(&addr, bytes, sizeof(addr));
    return named(d, symbols_kernel(d->host->symbols, addr, &sym), &sym, addr);
}

static const struct value *usym_decode(const struct decode *d, const struct type *t,
                                       const void *bytes)
{
    struct {
        uint64_t addr;
        uint32_t pid, flags;
    } v;
    struct sym sym;
    bool known;

    (void)t;
    memcpy(&v, bytes, sizeof(v));
    known = symbols_user(d->host->symbols, v.pid, v.addr, &sym);
    if (!known && v.flags & USYM_IS_PROBED) {
        remember_probed(d->host, d->image, v.pid, v.addr);
        known = symbols_user(d->host->symbols, v.pid, v.addr, &sym);
    }
    return named(d, known, &sym, v.addr);
}

const struct value_kind ksym_kind = {
    .name = "ksym",
    .size = 8,
    .align = 8,
    .decode = ksym_decode,
};

const struct value_kind usym_kind = {
    .name = "usym",
    .size = 16,
    .align = 8,
    .tuple_bytes = true,
    .decode = usym_decode,
};

static bool store_address(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct cg_val addr = { 0 }, place;

    if (!cg_expr(cg, call_arg(call, 0), &addr))
        return false;
    addr = cg_convert(cg, cg_load(cg, addr), u64(cg));
    place = cg_result_place(cg, out, call->type);
    return cg_store(cg, cg_at(cg, place, 0, u64(cg)), u64(cg), addr, call->at);
}

static bool usym_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u32 = type_int(cg_types(cg), 4, false);
    struct cg_val pid;

    return store_address(cg, call, out) && process_pid(cg, &pid) && remember_emit(cg, call, pid) &&
           cg_store(cg, cg_at(cg, *out, 8, u32), u32, pid, call->at) &&
           cg_store(cg, cg_at(cg, *out, 12, u32), u32, cg_int(cg, u32, 0), call->at);
}

/* ---- kaddr() ---- */

static const struct type *kaddr_result(struct sema *s, struct expr *call)
{
    call->as = AS_KERNEL;
    return type_int(sema_types(s), 8, false);
}

static bool kaddr_check(struct sema *s, struct expr *call)
{
    uint64_t *addr = ARENA_NEW(s->c->arena, uint64_t);
    struct str name = STR("");

    call_lit_str(call, 0, &name);
    if (!symbols_kernel_addr(s->c->host->symbols, name, addr)) {
        diag_error(s->c->diags, call_arg(call, 0)->at, "the kernel has no symbol '%.*s'",
                   STRF(name));
        return false;
    }
    call->call.priv = addr;
    return true;
}

static bool kaddr_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_u64(cg, *(const uint64_t *)call->call.priv);
    out->as = AS_KERNEL;
    return true;
}

/* ---- percpu_kaddr() ---- */

/* A per-CPU variable's own address counts from where each CPU's copies begin. */
struct percpu {
    uint64_t variable, offsets; /* offsets: the kernel's table of these, by CPU */
};

static bool percpu_check(struct sema *s, struct expr *call)
{
    struct percpu *of = ARENA_NEW(s->c->arena, struct percpu);
    struct symbols *symbols = s->c->host->symbols;
    struct str name = STR("");
    struct diag *d;

    call_lit_str(call, 0, &name);
    if (!kernel_is_percpu(s->c->host->kernel, name)) {
        diag_error(s->c->diags, call_arg(call, 0)->at, "the kernel has no per-CPU variable '%.*s'",
                   STRF(name));
        return false;
    }
    if (!symbols_kernel_addr(symbols, name, &of->variable) ||
        !symbols_kernel_addr(symbols, STR("__per_cpu_offset"), &of->offsets)) {
        d = diag_error(s->c->diags, call_arg(call, 0)->at,
                       "the kernel does not say where its variable '%.*s' is", STRF(name));
        diag_hint(s->c->diags, d, "it was built without CONFIG_KALLSYMS_ALL, or hides addresses");
        return false;
    }
    call->call.priv = of;
    return true;
}

static bool percpu_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct percpu *of = call->call.priv;
    struct cg_val place = cg_place(cg, u64(cg)), cpu = { 0 }, addr;
    struct cg_if valid;

    cg_store(cg, place, u64(cg), cg_u64(cg, 0), call->at);
    if (!call_arg(call, 1))
        cpu = cg_helper(cg, BPF_FUNC_get_smp_processor_id, NULL, 0, u64(cg));
    else if (!cg_expr(cg, call_arg(call, 1), &cpu))
        return false;
    cpu = cg_convert(cg, cg_load(cg, cpu), u64(cg));
    addr = cg_convert(
        cg, cg_ctl(cg, offsetof(struct image_ctl, n_cpus), type_int(cg_types(cg), 4, false)),
        u64(cg));
    valid = cg_if_begin(cg, cg_op(cg, OP_LT, cpu, addr));
    addr = cg_op(cg, OP_MUL, cpu, cg_u64(cg, 8));
    cg_read(cg, place, 8, cg_op(cg, OP_ADD, addr, cg_u64(cg, of->offsets)), AS_KERNEL, call->at);
    addr = cg_op(cg, OP_ADD, cg_load(cg, cg_at(cg, place, 0, u64(cg))), cg_u64(cg, of->variable));
    cg_store(cg, place, u64(cg), addr, call->at);
    cg_if_end(cg, &valid);
    *out = cg_load(cg, cg_at(cg, place, 0, u64(cg)));
    out->as = AS_KERNEL;
    return true;
}

/* ---- uaddr() ---- */

/* Run-time address = where the probe was hit + distance between the two in the file. */
struct uaddr {
    uint64_t distance;
    bool fixed; /* not position-independent: distance is the address */
};

static const struct type *uaddr_result(struct sema *s, struct expr *call)
{
    const struct target *t = sema_target(s);
    struct str name = STR("");
    uint64_t addr, size = 8;
    bool pie;

    call->as = AS_USER;
    if (t && t->path.n && call_lit_str(call, 0, &name))
        symbols_object(s->c->host->symbols, str_dup(s->c->arena, t->path).p, name, &addr, &size,
                       &pie, NULL);
    if (size != 1 && size != 2 && size != 4)
        size = 8;
    return type_ptr(sema_types(s), type_int(sema_types(s), (unsigned)size, true));
}

static bool uaddr_check(struct sema *s, struct expr *call)
{
    struct uaddr *u = ARENA_NEW(s->c->arena, struct uaddr);
    const struct target *t = sema_target(s);
    struct str name = STR("");
    uint64_t addr, size, probed;
    struct err e = { 0 };
    const char *path;
    bool pie;

    if (!t)
        return true; /* reported as unusable here */
    call_lit_str(call, 0, &name);
    path = str_dup(s->c->arena, t->path).p;
    if (symbols_object(s->c->host->symbols, path, name, &addr, &size, &pie, &e)) {
        diag_error(s->c->diags, call_arg(call, 0)->at, "%s", e.text);
        return false;
    }
    u->fixed = !pie;
    u->distance = addr;
    if (pie) {
        if (symbols_file_address(s->c->host->symbols, path, t->addr, &probed, &e)) {
            diag_error(s->c->diags, call->at, "%s", e.text);
            return false;
        }
        u->distance = addr - probed;
    }
    call->call.priv = u;
    return true;
}

static bool uaddr_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct uaddr *u = call->call.priv;
    struct cg_val func = { 0 };

    if (u->fixed) {
        *out = cg_u64(cg, u->distance);
    } else {
        if (!cg_probe_load(cg, PROBE_FUNC, 0, &func))
            return cg_error(cg, call->at, "this probe does not know its function's address");
        *out = cg_op(cg, OP_ADD, func, cg_u64(cg, u->distance));
    }
    out->type = call->type;
    out->as = AS_USER;
    return true;
}

/* ---- kptr(), uptr() ---- */

static const struct type *space_result(struct sema *s, struct expr *call)
{
    const struct expr *e = call_arg(call, 0);

    (void)s;
    call->as = str_eqz(call->call.name, "kptr") ? AS_KERNEL : AS_USER;
    return e ? e->type : NULL;
}

static bool space_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    if (!cg_expr(cg, call_arg(call, 0), out))
        return false;
    *out = cg_load(cg, *out);
    out->as = call->as;
    return true;
}

const struct builtin builtins_symbol[] = {
    {
        .name = "ksym",
        .sig = "kind(addr)",
        .doc = "Name of a kernel address.",
        .kind = &ksym_kind,
        .emit = store_address,
    },
    {
        .name = "usym",
        .sig = "kind(addr)",
        .doc = "Name of an address of the current process.",
        .kind = &usym_kind,
        .plan = remember_plan,
        .emit = usym_emit,
        .event = remember_event,
    },
    {
        .name = "kaddr",
        .sig = "auto(lit string)",
        .doc = "Address of a kernel symbol.",
        .result = kaddr_result,
        .check = kaddr_check,
        .emit = kaddr_emit,
    },
    {
        .name = "percpu_kaddr",
        .sig = "auto(lit string, [int])",
        .doc = "Address of this or another CPU's copy of a per-CPU variable; 0: no such CPU.",
        .result = kaddr_result,
        .check = percpu_check,
        .emit = percpu_emit,
    },
    {
        .name = "uaddr",
        .sig = "auto(lit string)",
        .doc = "Address of a variable of the probed program, as a pointer of its size.",
        .needs = CAP_USER,
        .flags = BUILTIN_PER_TARGET | BUILTIN_CONTEXT | BUILTIN_PROBE,
        .result = uaddr_result,
        .check = uaddr_check,
        .emit = uaddr_emit,
    },
    {
        .name = "kptr",
        .sig = "auto(addr)",
        .doc = "The same address, read as kernel memory.",
        .result = space_result,
        .emit = space_emit,
    },
    {
        .name = "uptr",
        .sig = "auto(addr)",
        .doc = "The same address, read as user memory.",
        .result = space_result,
        .emit = space_emit,
    },
    { .name = NULL },
};
