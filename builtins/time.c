/*
 * time.c - clocks, and points in time as text
 *
 * nsecs counts from boot, suspend included. strftime() turns such a number into wall-clock text
 * when it is printed: the value is { u64 ns; u32 clock; u32 action }, where the action keeps the
 * format.
 */
#include "builtins/builtin.h"

#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "output/value.h"
#include "runtime/event.h"
#include "sema/call.h"

#include <string.h>
#include <time.h>

/* Longest text time() prints (LANGUAGE.md 15.1). */
#define TIME_SIZE 64

enum clock { CLOCK_BOOT, CLOCK_MONO, CLOCK_ATOMIC };

static const struct type *u64(struct cg *cg)
{
    return type_int(cg_types(cg), 8, false);
}

static bool nsecs_check(struct sema *s, struct expr *call)
{
    struct kernel *kernel = s->c->host->kernel;
    struct diag *d;
    struct str mode;

    if (!call_word(call, 0, &mode) || !str_eqz(mode, "tai") ||
        kernel_has(kernel, FEATURE_KTIME_TAI) || !kernel_has(kernel, FEATURE_RINGBUF))
        return true;
    d = diag_error(s->c->diags, call->at,
                   "this kernel has no helper ktime_get_tai_ns, which came with Linux 6.1");
    diag_hint(s->c->diags, d, "nsecs(sw_tai) adds an offset to the boot clock");
    return false;
}

static bool nsecs_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct str mode;

    if (!call_word(call, 0, &mode) || str_eqz(mode, "boot")) {
        *out = cg_helper(cg, BPF_FUNC_ktime_get_boot_ns, NULL, 0, u64(cg));
    } else if (str_eqz(mode, "monotonic")) {
        *out = cg_helper(cg, BPF_FUNC_ktime_get_ns, NULL, 0, u64(cg));
    } else if (str_eqz(mode, "tai")) {
        *out = cg_helper(cg, BPF_FUNC_ktime_get_tai_ns, NULL, 0, u64(cg));
    } else {
        *out = cg_helper(cg, BPF_FUNC_ktime_get_boot_ns, NULL, 0, u64(cg));
        *out = cg_op(cg, OP_ADD, *out, cg_ctl(cg, offsetof(struct image_ctl, tai_offset), u64(cg)));
    }
    return true;
}

static bool elapsed_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    *out = cg_helper(cg, BPF_FUNC_ktime_get_boot_ns, NULL, 0, u64(cg));
    *out = cg_op(cg, OP_SUB, *out, cg_ctl(cg, offsetof(struct image_ctl, start_ns), u64(cg)));
    out->type = u64(cg);
    return true;
}

static bool jiffies_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    *out = cg_helper(cg, BPF_FUNC_jiffies64, NULL, 0, u64(cg));
    return true;
}

/* ---- time() ---- */

static bool time_plan(struct planner *p, struct expr *call)
{
    struct image_action *a = plan_action(p, call, NULL, 0);
    struct str format = STR("%H:%M:%S\n");

    call_lit_str(call, 0, &format);
    a->text = str_dup(&p->c->image->arena, format);
    return true;
}

static bool time_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_none(cg);
    return cg_record_args(cg, call, call->call.n_args);
}

static int time_event(struct session *s, const struct image_action *a, const void *data, size_t len)
{
    time_t now = time(NULL);
    char text[TIME_SIZE + 1];
    struct tm tm;
    size_t n;

    (void)data;
    (void)len;
    if (!localtime_r(&now, &tm))
        return 0;
    n = strftime(text, sizeof(text), str_dup(session_scratch(s), a->text).p, &tm);
    session_out(s)->ops->text(session_out(s), OUT_TIME, (struct str){ text, n });
    return 0;
}

/* ---- strftime() ---- */

/* Which clock the number comes from, judged by the expression. */
static enum clock clock_of(const struct expr *e)
{
    struct str mode;

    if (e->kind != EXPR_CALL || !str_eqz(e->call.name, "nsecs") || !call_word(e, 0, &mode))
        return CLOCK_BOOT;
    if (str_eqz(mode, "monotonic"))
        return CLOCK_MONO;
    return str_eqz(mode, "boot") ? CLOCK_BOOT : CLOCK_ATOMIC;
}

static bool strftime_check(struct sema *s, struct expr *call)
{
    const struct expr *ns = call_arg(call, 1);
    struct diag *d;

    if (clock_of(ns) == CLOCK_MONO) {
        d = diag_error(s->c->diags, ns->at,
                       "strftime() cannot tell the date from the monotonic clock");
        diag_hint(s->c->diags, d, "use nsecs or nsecs(boot)");
        return false;
    }
    if (ns->kind == EXPR_INT && ns->negative) {
        diag_error(s->c->diags, ns->at, "strftime() expects a time that is not negative");
        return false;
    }
    return true;
}

static bool strftime_plan(struct planner *p, struct expr *call)
{
    struct image_action *a = plan_action(p, call, NULL, 0);
    struct str format = STR("");

    call_lit_str(call, 0, &format);
    a->text = str_dup(&p->c->image->arena, format);
    return true;
}

static bool strftime_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u32 = type_int(cg_types(cg), 4, false);
    struct cg_val place = cg_result_place(cg, out, call->type), ns = { 0 };
    const struct expr *arg = call_arg(call, 1);

    return cg_expr(cg, arg, &ns) && cg_store(cg, cg_at(cg, place, 0, NULL), u64(cg), ns, arg->at) &&
           cg_store(cg, cg_at(cg, place, 8, NULL), u32, cg_int(cg, u32, clock_of(arg)), arg->at) &&
           cg_store(cg, cg_at(cg, place, 12, NULL), u32, cg_int(cg, u32, call->call.action_id),
                    arg->at);
}

static int64_t clock_offset(clockid_t from)
{
    struct timespec wall, other;

    clock_gettime(from, &other);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (int64_t)(wall.tv_sec - other.tv_sec) * 1000000000 + (wall.tv_nsec - other.tv_nsec);
}

/* strftime(3) with three more conversions: %f microseconds, %l milliseconds, %k nanoseconds. */
static struct str format_time(struct arena *arena, struct str format, int64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / 1000000000);
    unsigned long ns = (unsigned long)(wall_ns % 1000000000);
    struct buf expanded = { 0 };
    struct tm tm;
    size_t size = format.n * 16 + 256, n;
    char *text = arena_alloc(arena, size);

    for (size_t i = 0; i < format.n; i++) {
        char next = i + 1 < format.n ? format.p[i + 1] : 0;

        if (format.p[i] != '%' || (next != 'f' && next != 'l' && next != 'k')) {
            buf_putc(&expanded, format.p[i]);
            if (format.p[i] == '%' && next)
                buf_putc(&expanded, format.p[++i]);
            continue;
        }
        i++;
        if (next == 'f')
            buf_printf(&expanded, "%06lu", ns / 1000);
        else if (next == 'l')
            buf_printf(&expanded, "%03lu", ns / 1000000);
        else
            buf_printf(&expanded, "%09lu", ns);
    }
    n = expanded.n && localtime_r(&seconds, &tm) ? strftime(text, size, expanded.p, &tm) : 0;
    buf_free(&expanded);
    return (struct str){ text, n };
}

static const struct value *timestamp_decode(const struct decode *d, const struct type *t,
                                            const void *bytes)
{
    struct {
        uint64_t ns;
        uint32_t clock, action;
    } v;
    int64_t offset;

    (void)t;
    memcpy(&v, bytes, sizeof(v));
    if (v.action >= d->image->actions.n)
        return value_str(d->arena, VALUE_SYMBOL, STR(""));
    offset = clock_offset(v.clock == CLOCK_ATOMIC ? CLOCK_TAI : CLOCK_BOOTTIME);
    return value_str(
        d->arena, VALUE_SYMBOL,
        format_time(d->arena, d->image->actions.v[v.action].text, (int64_t)v.ns + offset));
}

static const struct value_kind timestamp_kind = {
    .name = "timestamp",
    .size = 16,
    .align = 8,
    .tuple_bytes = true,
    .decode = timestamp_decode,
};

const struct builtin builtins_time[] = {
    {
        .name = "nsecs",
        .sig = "uint64([word{boot|monotonic|tai|sw_tai}])",
        .doc = "Nanoseconds since boot, time in suspend included.",
        .flags = BUILTIN_BARE,
        .check = nsecs_check,
        .emit = nsecs_emit,
    },
    {
        .name = "elapsed",
        .sig = "uint64",
        .doc = "Nanoseconds since tracing started.",
        .emit = elapsed_emit,
    },
    {
        .name = "jiffies",
        .sig = "uint64",
        .doc = "The kernel's tick counter.",
        .helper = BPF_FUNC_jiffies64,
        .emit = jiffies_emit,
    },
    {
        .name = "time",
        .sig = "void([lit string])",
        .doc = "Prints the time of day, by a strftime(3) format.",
        .plan = time_plan,
        .emit = time_emit,
        .event = time_event,
    },
    {
        .name = "strftime",
        .sig = "kind(lit string, int)",
        .doc = "A number of nsecs as date and time.",
        .kind = &timestamp_kind,
        .check = strftime_check,
        .plan = strftime_plan,
        .emit = strftime_emit,
    },
    { .name = NULL },
};
