/*
 * series.c - tseries(): what a number was in each of the last intervals
 *
 * Time is cut into intervals, numbered from the epoch of the clock (TAI, so that a number times the
 * interval is a time of day). A series is a map whose key ends in a slot, the number modulo the
 * series' length, like a histogram's ends in a bucket. What a slot holds belongs to one interval:
 *
 *     { u64 interval's number; u64 value; u64 more }    more: samples of avg, time of the last one
 *
 * A sample of a later interval starts the slot anew; so old intervals go without anybody clearing
 * them. Each CPU has its slots; merging keeps the latest interval's and puts equals together.
 */
#include "builtins/builtin.h"

#include "codegen/emit.h"
#include "output/value.h"
#include "sema/call.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { MAX_SLOTS = 1000000 };
#define SECOND UINT64_C(1000000000)

enum agg { AGG_LAST, AGG_AVG, AGG_MAX, AGG_MIN, AGG_SUM };
static const char *const agg_names[] = { "last", "avg", "max", "min", "sum" };

enum { PARAM_SIGNED, PARAM_INTERVAL, PARAM_SLOTS, PARAM_AGG };

struct slot {
    uint64_t number, value, more;
};

/* ---- compiling ---- */

/* false: no such word. */
static bool find_agg(const struct expr *call, enum agg *out)
{
    struct str word;

    *out = AGG_LAST;
    if (!call_lit_str(call, 3, &word))
        return true;
    for (size_t i = AGG_AVG; i < ARRAY_LEN(agg_names); i++) {
        if (str_eqz(word, agg_names[i])) {
            *out = (enum agg)i;
            return true;
        }
    }
    return false;
}

/* Of wrong parameters check will tell. */
static const struct type *tseries_result(struct sema *s, struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);
    uint64_t param[4] = { 0 }, n;
    enum agg agg;

    if (arg && !arg->type)
        return NULL;
    find_agg(call, &agg);
    param[PARAM_SIGNED] = arg && type_is_signed(arg->type);
    param[PARAM_INTERVAL] = call_lit_int(call, 1, &n) && n && n <= INT64_MAX ? n : 1;
    param[PARAM_SLOTS] = call_lit_int(call, 2, &n) && n && n <= MAX_SLOTS ? n : 1;
    param[PARAM_AGG] = agg;
    return type_opaque(sema_types(s), call->call.fn->kind, param);
}

static bool tseries_check(struct sema *s, struct expr *call)
{
    const struct expr *interval = call_arg(call, 1), *n = call_arg(call, 2);
    struct diag *d;
    enum agg agg;

    if (interval->negative || interval->num < 1 || interval->num > INT64_MAX) {
        d = diag_error(s->c->diags, interval->at, "tseries(): an interval has 1 ns or more");
        diag_hint(s->c->diags, d, "write it with a unit, like 100ms");
        return false;
    }
    if (n->negative || n->num < 1 || n->num > MAX_SLOTS) {
        diag_error(s->c->diags, n->at, "tseries() keeps 1 to %d intervals", MAX_SLOTS);
        return false;
    }
    if (!find_agg(call, &agg)) {
        diag_error(s->c->diags, call_arg(call, 3)->at,
                   "tseries() combines values by avg, max, min or sum, not by '%.*s'",
                   STRF(call_arg(call, 3)->text));
        return false;
    }
    return call_unstable(s, call->at, s->c->config->unstable_tseries, "tseries");
}

static const struct type *u64(struct cg *cg)
{
    return type_int(cg_types(cg), 8, false);
}

/* The sample's effect on a slot that holds others of its interval (same), or none. */
static void update_slot(struct cg *cg, struct cg_slot *slot, enum agg agg, struct cg_val same,
                        struct cg_val n, struct cg_val now)
{
    struct cg_val old = cg_slot_load(cg, slot, 8, n.type), more;

    switch (agg) {
    case AGG_LAST:
        cg_slot_store(cg, slot, 8, n);
        cg_slot_store(cg, slot, 16, now);
        return;
    case AGG_AVG:
        more = cg_slot_load(cg, slot, 16, u64(cg));
        more = cg_op(cg, OP_ADD, cg_select(cg, same, more, cg_u64(cg, 0)), cg_u64(cg, 1));
        cg_slot_store(cg, slot, 16, more);
        old = cg_op(cg, OP_ADD, old, n);
        break;
    case AGG_SUM:
        old = cg_op(cg, OP_ADD, old, n);
        break;
    case AGG_MIN:
    case AGG_MAX:
        old = cg_select(cg, cg_op(cg, agg == AGG_MIN ? OP_LT : OP_GT, n, old), n, old);
        break;
    }
    cg_slot_store(cg, slot, 8, cg_select(cg, same, old, n));
}

static bool tseries_update(struct cg *cg, const struct expr *call, struct cg_slot *slot)
{
    const uint64_t *param = call->type->param;
    struct cg_val n = { 0 }, now, number, place, same;

    if (!cg_expr(cg, call_arg(call, 0), &n))
        return false;
    n = cg_load(cg, n);
    n = cg_convert(cg, n, type_int(cg_types(cg), 8, type_is_signed(n.type)));
    now = cg_helper(cg, BPF_FUNC_ktime_get_boot_ns, NULL, 0, u64(cg));
    now = cg_op(cg, OP_ADD, now, cg_ctl(cg, offsetof(struct image_ctl, tai_offset), u64(cg)));
    number = cg_op(cg, OP_DIV, now, cg_u64(cg, param[PARAM_INTERVAL]));
    place = cg_op(cg, OP_MOD, number, cg_u64(cg, param[PARAM_SLOTS]));
    if (!cg_slot_open(cg, slot, &place))
        return false;
    same = cg_op(cg, OP_EQ, cg_slot_load(cg, slot, 0, u64(cg)), number);
    update_slot(cg, slot, (enum agg)param[PARAM_AGG], same, n, now);
    cg_slot_store(cg, slot, 0, number);
    cg_slot_close(cg, slot);
    return true;
}

/* ---- in user space ---- */

static struct slot get_slot(const void *bytes, size_t i)
{
    struct slot slot;

    memcpy(&slot, (const char *)bytes + i * sizeof(slot), sizeof(slot));
    return slot;
}

static bool is_less(const struct type *t, uint64_t a, uint64_t b)
{
    return t->param[PARAM_SIGNED] ? (int64_t)a < (int64_t)b : a < b;
}

static void tseries_merge(const struct type *t, void *into, const void *from)
{
    struct slot a = get_slot(into, 0), b = get_slot(from, 0);

    if (b.number > a.number) {
        a = b;
    } else if (b.number == a.number && b.number) {
        switch ((enum agg)t->param[PARAM_AGG]) {
        case AGG_LAST:
            a = b.more > a.more ? b : a;
            break;
        case AGG_AVG:
        case AGG_SUM:
            a.value += b.value;
            a.more += b.more;
            break;
        case AGG_MIN:
            a = is_less(t, b.value, a.value) ? b : a;
            break;
        case AGG_MAX:
            a = is_less(t, a.value, b.value) ? b : a;
            break;
        }
    }
    memcpy(into, &a, sizeof(a));
}

static uint32_t tseries_slots(const struct type *t)
{
    return (uint32_t)MIN(MAX(t->param[PARAM_SLOTS], UINT64_C(1)), (uint64_t)MAX_SLOTS);
}

static int64_t slot_value(const struct type *t, struct slot slot)
{
    if (t->param[PARAM_AGG] != AGG_AVG || slot.more == 0 || slot.more > INT64_MAX)
        return (int64_t)slot.value;
    return t->param[PARAM_SIGNED] ? (int64_t)slot.value / (int64_t)slot.more
                                  : (int64_t)(slot.value / slot.more);
}

/* Digits behind the second that an interval asks for. */
static unsigned fraction_digits(uint64_t interval)
{
    return interval >= SECOND             ? 0
           : interval >= SECOND / 1000    ? 3
           : interval >= SECOND / 1000000 ? 6
                                          : 9;
}

static struct str unit_header(unsigned digits)
{
    return digits == 0   ? STR("hh:mm:ss")
           : digits == 3 ? STR("hh:mm:ss.ms")
           : digits == 6 ? STR("hh:mm:ss.\xce\xbcs")
                         : STR("hh:mm:ss.ns");
}

/* Whole seconds by which the clock of the numbers is ahead of the time of day. */
static int64_t leap_seconds(void)
{
    struct timespec tai, wall;
    int64_t ns;

    clock_gettime(CLOCK_TAI, &tai);
    clock_gettime(CLOCK_REALTIME, &wall);
    ns = (int64_t)(tai.tv_sec - wall.tv_sec) * (int64_t)SECOND + (tai.tv_nsec - wall.tv_nsec);
    return (ns + (int64_t)SECOND / 2) / (int64_t)SECOND;
}

static struct value_point make_point(const struct decode *d, const struct type *t, uint64_t number,
                                     int64_t leap)
{
    uint64_t ns = number * t->param[PARAM_INTERVAL], fraction = ns % SECOND;
    unsigned digits = fraction_digits(t->param[PARAM_INTERVAL]);
    time_t seconds = (time_t)(ns / SECOND) - leap;
    struct value_point p = { .is_signed = t->param[PARAM_SIGNED] != 0 };
    char date[64] = "", part[16];
    struct tm tm;

    if (localtime_r(&seconds, &tm))
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(part, sizeof(part), "%09" PRIu64, fraction);
    p.start = str_printf(d->arena, "%s.%s", date, part);
    if (localtime_r(&seconds, &tm))
        strftime(date, sizeof(date), "%H:%M:%S", &tm);
    p.label = str_printf(d->arena, digits ? "%s.%.*s" : "%s", date, (int)digits, part);
    return p;
}

/* From the first interval that has a value to the last one. */
static const struct value *tseries_decode(const struct decode *d, const struct type *t,
                                          const void *bytes)
{
    struct value *v = value_new(d->arena, VALUE_SERIES);
    uint64_t n = tseries_slots(t), first = UINT64_MAX, last = 0;
    struct value_point *points;
    int64_t leap = leap_seconds();

    for (size_t i = 0; i < n; i++)
        last = MAX(last, get_slot(bytes, i).number);
    for (size_t i = 0; i < n; i++) {
        uint64_t number = get_slot(bytes, i).number;

        if (number && last - number < n)
            first = MIN(first, number);
    }
    v->series.unit_header = unit_header(fraction_digits(t->param[PARAM_INTERVAL]));
    if (!last)
        return v;
    v->series.n = last - first + 1;
    v->series.v = points = ARENA_ARRAY(d->arena, struct value_point, v->series.n);
    for (uint64_t number = first; number <= last; number++) {
        struct slot slot = get_slot(bytes, number % n);
        struct value_point *p = &points[number - first];

        *p = make_point(d, t, number, leap);
        p->has_value = slot.number == number;
        p->value = p->has_value ? slot_value(t, slot) : 0;
    }
    return v;
}

static const struct value_kind tseries_kind = {
    .name = "tseries_t",
    .size = sizeof(struct slot),
    .align = 8,
    .aggregate = true,
    .buckets = tseries_slots,
    .has_sign = true,
    .merge = tseries_merge,
    .decode = tseries_decode,
};

const struct builtin builtins_series[] = {
    {
        .name = "tseries",
        .sig = "update(int, lit int, lit int, [lit string])",
        .doc = "A number over time: tseries(n, interval, intervals kept, \"avg|max|min|sum\").",
        .kind = &tseries_kind,
        .result = tseries_result,
        .check = tseries_check,
        .update = tseries_update,
    },
    { .name = NULL },
};
