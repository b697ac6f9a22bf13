/*
 * stack.c - kstack and ustack: the frames themselves are the value
 *
 *     kstack: { u64 frames; u64 address[limit] }
 *     ustack: { u32 pid; u32 0; u64 frames; u64 address[limit] }   (build_id: 32 bytes a frame)
 *
 * The kernel fills unused frames with zeros, so that stacks can be map keys. Names are looked up
 * when a stack is printed; remember.c sees to it that what its process had mapped is known then.
 */
#include "builtins/builtin.h"

#include "base/host.h"
#include "builtins/shared.h"
#include "codegen/emit.h"
#include "output/value.h"
#include "runtime/event.h"
#include "sema/call.h"
#include "symbols/source.h"
#include "symbols/symbols.h"

#include <linux/bpf.h>
#include <string.h>

#define DEFAULT_LIMIT 127
#define MAX_LIMIT     1024

enum { PARAM_LIMIT, PARAM_MODE };

static const char *const mode_names[] = { "bpftrace", "perf", "raw", "build_id" };

static uint32_t frame_size(const uint64_t param[4])
{
    return param[PARAM_MODE] == STACK_BUILD_ID ? sizeof(struct bpf_stack_build_id) : 8;
}

static uint32_t kstack_size(const uint64_t param[4])
{
    return 8 + 8 * (uint32_t)param[PARAM_LIMIT];
}

static uint32_t ustack_size(const uint64_t param[4])
{
    return 16 + frame_size(param) * (uint32_t)param[PARAM_LIMIT];
}

/* kstack(perf, 3); what is usual is left out. */
static void describe(struct buf *b, const uint64_t param[4])
{
    bool limited = param[PARAM_LIMIT] != DEFAULT_LIMIT;
    uint64_t mode = param[PARAM_MODE];

    if ((mode == STACK_BPFTRACE && !limited) || mode >= ARRAY_LEN(mode_names))
        return;
    buf_printf(b, "(%s", mode_names[mode]);
    if (limited)
        buf_printf(b, ", %u", (unsigned)param[PARAM_LIMIT]);
    buf_putc(b, ')');
}

/* ---- compiling ---- */

/* Mode and limit of kstack, kstack(3), kstack(perf), kstack(perf, 3). Wrong ones are left to check.
 */
static void stack_params(struct sema *s, struct expr *call, uint64_t param[4])
{
    struct str word;
    unsigned n = 0;
    uint64_t limit;

    param[PARAM_LIMIT] = DEFAULT_LIMIT;
    param[PARAM_MODE] = s->c->config->stack_mode;
    if (call_word(call, 0, &word)) {
        n = 1;
        for (size_t i = 0; i < ARRAY_LEN(mode_names); i++) {
            if (str_eqz(word, mode_names[i]))
                param[PARAM_MODE] = i;
        }
    }
    if (call_lit_int(call, n, &limit) && limit >= 1 && limit <= MAX_LIMIT)
        param[PARAM_LIMIT] = limit;
}

static bool stack_check(struct sema *s, struct expr *call)
{
    struct str word;
    unsigned n = call_word(call, 0, &word) ? 1 : 0;
    const struct expr *limit = call_arg(call, n), *extra = call_arg(call, n + 1);
    bool is_kernel = str_eqz(call->call.name, "kstack");
    uint64_t value;
    struct diag *d;

    if (n && is_kernel && str_eqz(word, "build_id")) {
        d = diag_error(s->c->diags, call_arg(call, 0)->at, "kernel stacks have no build ids");
        diag_hint(s->c->diags, d, "use kstack(raw)");
        return false;
    }
    if (extra) {
        d = diag_error(s->c->diags, extra->at, "%.*s() takes a mode, then a limit",
                       STRF(call->call.name));
        diag_hint(s->c->diags, d, "write %.*s(perf, 5)", STRF(call->call.name));
        return false;
    }
    if (limit &&
        (!call_lit_int(call, n, &value) || limit->negative || value < 1 || value > MAX_LIMIT)) {
        diag_error(s->c->diags, limit->at, "the number of frames must be a literal from 1 to %d",
                   MAX_LIMIT);
        return false;
    }
    if (!n && is_kernel && s->c->config->stack_mode == STACK_BUILD_ID)
        diag_warn(s->c->diags, call->at, "kernel stacks have no build ids: printing raw addresses");
    return true;
}

static const struct value_kind kstack_kind, ustack_kind;

static const struct type *kstack_result(struct sema *s, struct expr *call)
{
    uint64_t param[4] = { 0 };

    stack_params(s, call, param);
    if (param[PARAM_MODE] == STACK_BUILD_ID)
        param[PARAM_MODE] = STACK_RAW;
    return type_opaque(sema_types(s), &kstack_kind, param);
}

static const struct type *ustack_result(struct sema *s, struct expr *call)
{
    uint64_t param[4] = { 0 };

    stack_params(s, call, param);
    return type_opaque(sema_types(s), &ustack_kind, param);
}

/* Frames to place + offset, their number to the u64 before. */
static bool emit_frames(struct cg *cg, const struct expr *call, struct cg_val place,
                        uint32_t offset, uint64_t flags)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    const struct type *i64 = type_int(cg_types(cg), 8, true);
    uint32_t each = frame_size(call->type->param);
    uint32_t bytes = each * (uint32_t)call->type->param[PARAM_LIMIT];
    struct cg_val args[] = { cg_ctx(cg), cg_at(cg, place, offset, NULL), cg_u64(cg, bytes),
                             cg_u64(cg, flags) };
    struct cg_val got = cg_helper(cg, BPF_FUNC_get_stack, args, ARRAY_LEN(args), i64), n;

    cg_count_failure(cg, SITE_STACK, call->at, "get_stack", got);
    n = cg_op(cg, OP_DIV, cg_convert(cg, got, u64), cg_u64(cg, each));
    n = cg_select(cg, cg_op(cg, OP_LT, got, cg_int(cg, i64, 0)), cg_u64(cg, 0), n);
    return cg_store(cg, cg_at(cg, place, offset - 8, u64), u64, n, call->at);
}

static bool kstack_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    return emit_frames(cg, call, cg_result_place(cg, out, call->type), 8, 0);
}

static bool ustack_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u32 = type_int(cg_types(cg), 4, false);
    struct cg_val place = cg_result_place(cg, out, call->type), pid;
    uint64_t flags = BPF_F_USER_STACK;

    if (call->type->param[PARAM_MODE] == STACK_BUILD_ID)
        flags |= BPF_F_USER_BUILD_ID;
    return process_pid(cg, &pid) && remember_emit(cg, call, pid) &&
           cg_store(cg, cg_at(cg, place, 0, u32), u32, pid, call->at) &&
           cg_store(cg, cg_at(cg, place, 4, u32), u32, cg_int(cg, u32, 0), call->at) &&
           emit_frames(cg, call, place, 16, flags);
}

/* ---- running ---- */

/* "@dir/file.c:123" */
static void add_place(struct buf *b, const struct source_frame *place)
{
    if (place && place->file.n)
        buf_printf(b, "@%.*s:%u", STRF(place->file), place->line);
}

/* place: of its code in the source, or NULL. */
static void add_frame(struct buf *b, unsigned mode, uint64_t addr, bool known,
                      const struct sym *sym, bool is_user, const struct source_frame *place)
{
    unsigned long long a = addr, offset = known ? sym->offset : 0;

    switch ((enum config_stack_mode)mode) {
    case STACK_RAW:
    case STACK_BUILD_ID:
        buf_printf(b, "%llx\n", a);
        break;
    case STACK_BPFTRACE:
        if (known)
            buf_printf(b, "        %.*s+%llu", STRF(sym->name), offset);
        else
            buf_printf(b, "        0x%llx", a);
        add_place(b, place);
        buf_putc(b, '\n');
        break;
    case STACK_PERF:
        if (known)
            buf_printf(b, "\t%llx %.*s+%llu", a, STRF(sym->name), offset);
        else
            buf_printf(b, "\t%llx 0x%llx", a, a);
        add_place(b, place);
        if (is_user && sym->module.n)
            buf_printf(b, " (%.*s)", STRF(sym->module));
        else if (is_user)
            buf_puts(b, " ([unknown])");
        buf_putc(b, '\n');
        break;
    }
}

static void add_inlined(struct buf *b, unsigned mode, uint64_t addr, const struct source_frame *f)
{
    if (mode == STACK_PERF) {
        buf_printf(b, "\t%llx %.*s (inlined)\n", (unsigned long long)addr, STRF(f->inlined));
        return;
    }
    buf_printf(b, "        [inlined] %.*s", STRF(f->inlined));
    add_place(b, f);
    buf_putc(b, '\n');
}

/* A function of a program, behind those that were inlined into it. */
static void add_user_frame(struct buf *b, const struct decode *d, unsigned mode, uint32_t pid,
                           uint64_t addr, bool is_return)
{
    const struct source_frame *frames = NULL;
    struct sym sym = { 0 };
    bool known = mode != STACK_RAW && symbols_user(d->host->symbols, pid, addr, &sym);
    size_t n = known && d->image->config.show_debug_info
                   ? symbols_user_source(d->host->symbols, pid, addr, is_return, &frames)
                   : 0;

    for (size_t i = 0; i + 1 < n; i++)
        add_inlined(b, mode, addr, &frames[i]);
    add_frame(b, mode, addr, known, &sym, true, n ? &frames[n - 1] : NULL);
}

static const struct value *stack_value(const struct decode *d, struct buf *b)
{
    const struct value *v = value_str(d->arena, VALUE_STACK, str_dup(d->arena, buf_as_str(b)));

    buf_free(b);
    return v;
}

static const struct value *kstack_decode(const struct decode *d, const struct type *t,
                                         const void *bytes)
{
    const uint64_t *words = bytes;
    uint64_t n = MIN(words[0], (t->size - 8) / 8);
    struct buf b = { 0 };

    buf_putc(&b, '\n');
    for (uint64_t i = 0; i < n; i++) {
        struct sym sym = { 0 };
        bool known = t->param[PARAM_MODE] != STACK_RAW &&
                     symbols_kernel(d->host->symbols, words[1 + i], &sym);

        add_frame(&b, (unsigned)t->param[PARAM_MODE], words[1 + i], known, &sym, false, NULL);
    }
    return stack_value(d, &b);
}

static void add_build_id(struct buf *b, const struct bpf_stack_build_id *f)
{
    if (f->status != BPF_STACK_BUILD_ID_VALID) {
        buf_printf(b, "%llx\n", (unsigned long long)f->ip);
        return;
    }
    for (size_t i = 0; i < sizeof(f->build_id); i++)
        buf_printf(b, "%02x", f->build_id[i]);
    buf_printf(b, " 0x%02llx\n", (unsigned long long)f->offset);
}

static const struct value *ustack_decode(const struct decode *d, const struct type *t,
                                         const void *bytes)
{
    const unsigned char *p = bytes;
    struct buf b = { 0 };
    uint32_t pid;
    uint64_t n;

    memcpy(&pid, p, sizeof(pid));
    memcpy(&n, p + 8, sizeof(n));
    n = MIN(n, (t->size - 16) / frame_size(t->param));
    buf_putc(&b, '\n');
    for (uint64_t i = 0; i < n; i++) {
        const unsigned char *frame = p + 16 + i * frame_size(t->param);
        struct bpf_stack_build_id id;
        uint64_t addr;

        if (t->param[PARAM_MODE] == STACK_BUILD_ID) {
            memcpy(&id, frame, sizeof(id));
            add_build_id(&b, &id);
            continue;
        }
        memcpy(&addr, frame, sizeof(addr));
        if (!addr)
            continue; /* not code: the kernel followed what is no frame pointer */
        add_user_frame(&b, d, (unsigned)t->param[PARAM_MODE], pid, addr, i > 0);
    }
    return stack_value(d, &b);
}

static struct kind_count kstack_counted(const struct type *t)
{
    (void)t;
    return (struct kind_count){ .at = 0, .head = 8, .each = 8 };
}

static struct kind_count ustack_counted(const struct type *t)
{
    return (struct kind_count){ .at = 8, .head = 16, .each = frame_size(t->param) };
}

static const struct value_kind kstack_kind = {
    .name = "kstack",
    .counted = kstack_counted,
    .size_of = kstack_size,
    .describe = describe,
    .align = 8,
    .decode = kstack_decode,
};

static const struct value_kind ustack_kind = {
    .name = "ustack",
    .counted = ustack_counted,
    .size_of = ustack_size,
    .describe = describe,
    .align = 8,
    .decode = ustack_decode,
};

const struct builtin builtins_stack[] = {
    {
        .name = "kstack",
        .sig = "kind([word{bpftrace|perf|raw|build_id}], [lit int])",
        .doc = "Kernel stack; optional mode and number of frames.",
        .needs = CAP_STACK,
        .flags = BUILTIN_CONTEXT | BUILTIN_BARE,
        .kind = &kstack_kind,
        .result = kstack_result,
        .check = stack_check,
        .emit = kstack_emit,
    },
    {
        .name = "ustack",
        .sig = "kind([word{bpftrace|perf|raw|build_id}], [lit int])",
        .doc = "User stack; optional mode and number of frames.",
        .needs = CAP_STACK,
        .flags = BUILTIN_CONTEXT | BUILTIN_BARE,
        .kind = &ustack_kind,
        .result = ustack_result,
        .check = stack_check,
        .plan = remember_plan,
        .emit = ustack_emit,
        .event = remember_event,
    },
    { .name = NULL },
};
