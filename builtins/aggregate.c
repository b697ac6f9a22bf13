/*
 * aggregate.c - count() sum() min() max() avg() stats(): numbers added up in the kernel
 *
 * Each CPU keeps its own copy, so updates need no atomics; who reads adds the copies up (merge).
 *
 *     count, sum     { u64 total }
 *     min, max       { u64 value; u64 is_set }
 *     avg, stats     { u64 total; u64 count }
 *
 * One kind serves signed and unsigned numbers: param[0] of the type is not 0 for signed ones, and
 * 64-bit additions are the same for both.
 */
#include "builtins/builtin.h"

#include "codegen/emit.h"
#include "output/value.h"
#include "sema/call.h"

#include <string.h>

/* ---- in the program ---- */

static const struct type *aggregate_result(struct sema *s, struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);
    uint64_t param[4] = { 0 };

    if (arg && !arg->type)
        return NULL;
    param[0] = arg && type_is_signed(arg->type);
    return type_opaque(sema_types(s), call->call.fn->kind, param);
}

/* The argument as 64 bits. */
static bool sample(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *arg = call_arg(call, 0);
    struct cg_val v = { 0 };

    if (!cg_expr(cg, arg, &v))
        return false;
    v = cg_load(cg, v);
    *out = cg_convert(cg, v, type_int(cg_types(cg), 8, type_is_signed(v.type)));
    return true;
}

static bool count_update(struct cg *cg, const struct expr *call, struct cg_slot *slot)
{
    (void)call;
    if (!cg_slot_open(cg, slot, NULL))
        return false;
    cg_slot_add(cg, slot, 0, cg_u64(cg, 1));
    cg_slot_close(cg, slot);
    return true;
}

static bool sum_update(struct cg *cg, const struct expr *call, struct cg_slot *slot)
{
    struct cg_val n;

    if (!sample(cg, call, &n) || !cg_slot_open(cg, slot, NULL))
        return false;
    cg_slot_add(cg, slot, 0, n);
    cg_slot_close(cg, slot);
    return true;
}

static bool avg_update(struct cg *cg, const struct expr *call, struct cg_slot *slot)
{
    struct cg_val n;

    if (!sample(cg, call, &n) || !cg_slot_open(cg, slot, NULL))
        return false;
    cg_slot_add(cg, slot, 0, n);
    cg_slot_add(cg, slot, 8, cg_u64(cg, 1));
    cg_slot_close(cg, slot);
    return true;
}

/* Keeps n if it is the first number of this CPU, or better than the one there. */
static bool extreme_update(struct cg *cg, const struct expr *call, struct cg_slot *slot,
                           enum op better)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    struct cg_val n, old, first;

    if (!sample(cg, call, &n) || !cg_slot_open(cg, slot, NULL))
        return false;
    old = cg_slot_load(cg, slot, 0, n.type);
    first = cg_op(cg, OP_EQ, cg_slot_load(cg, slot, 8, u64), cg_u64(cg, 0));
    old = cg_select(cg, cg_op(cg, better, n, old), n, old);
    cg_slot_store(cg, slot, 0, cg_select(cg, first, n, old));
    cg_slot_store(cg, slot, 8, cg_u64(cg, 1));
    cg_slot_close(cg, slot);
    return true;
}

static bool min_update(struct cg *cg, const struct expr *call, struct cg_slot *slot)
{
    return extreme_update(cg, call, slot, OP_LT);
}

static bool max_update(struct cg *cg, const struct expr *call, struct cg_slot *slot)
{
    return extreme_update(cg, call, slot, OP_GT);
}

/* ---- in user space ---- */

struct pair {
    uint64_t value; /* or total */
    uint64_t count; /* or is_set */
};

static uint64_t get_number(const void *bytes)
{
    uint64_t n;

    memcpy(&n, bytes, sizeof(n));
    return n;
}

static struct pair get_pair(const void *bytes)
{
    struct pair p;

    memcpy(&p, bytes, sizeof(p));
    return p;
}

static bool is_signed(const struct type *t)
{
    return t->param[0] != 0;
}

/* The divisor is 1 or more; what no quotient can be, a count above INT64_MAX, gives 0. */
static uint64_t quotient(const struct type *t, uint64_t n, uint64_t by)
{
    if (by == 0 || by > INT64_MAX)
        return 0;
    return is_signed(t) ? (uint64_t)((int64_t)n / (int64_t)by) : n / by;
}

static uint64_t average(const struct type *t, const void *bytes)
{
    struct pair p = get_pair(bytes);

    return quotient(t, p.value, p.count);
}

/* As something that compares unsigned in the order of the numbers. */
static int64_t sort_key(const struct type *t, uint64_t n)
{
    return (int64_t)(is_signed(t) ? n ^ (UINT64_C(1) << 63) : n);
}

static const struct value *number(const struct decode *d, const struct type *t, uint64_t n)
{
    return is_signed(t) ? value_int(d->arena, (int64_t)n) : value_uint(d->arena, n);
}

static void sum_merge(const struct type *t, void *into, const void *from)
{
    uint64_t total = get_number(into) + get_number(from);

    (void)t;
    memcpy(into, &total, sizeof(total));
}

static int64_t sum_order(const struct type *t, const void *merged)
{
    return sort_key(t, get_number(merged));
}

static void first_divide(const struct type *t, void *merged, uint64_t div)
{
    uint64_t n = quotient(t, get_number(merged), div);

    memcpy(merged, &n, sizeof(n));
}

static const struct value *first_decode(const struct decode *d, const struct type *t,
                                        const void *bytes)
{
    return number(d, t, get_number(bytes));
}

static void extreme_merge(const struct type *t, void *into, const void *from, bool want_less)
{
    struct pair best = get_pair(into), other = get_pair(from);
    bool less =
        is_signed(t) ? (int64_t)other.value < (int64_t)best.value : other.value < best.value;

    if (other.count && (!best.count || less == want_less))
        memcpy(into, &other, sizeof(other));
}

static void min_merge(const struct type *t, void *into, const void *from)
{
    extreme_merge(t, into, from, true);
}

static void max_merge(const struct type *t, void *into, const void *from)
{
    extreme_merge(t, into, from, false);
}

/* Unsigned whatever the type is: so it has always been printed. */
static int64_t extreme_order(const struct type *t, const void *merged)
{
    (void)t;
    return (int64_t)get_number(merged);
}

static void avg_merge(const struct type *t, void *into, const void *from)
{
    struct pair sum = get_pair(into), other = get_pair(from);

    (void)t;
    sum.value += other.value;
    sum.count += other.count;
    memcpy(into, &sum, sizeof(sum));
}

static int64_t avg_order(const struct type *t, const void *merged)
{
    return sort_key(t, average(t, merged));
}

static void avg_divide(const struct type *t, void *merged, uint64_t div)
{
    struct pair p = { quotient(t, average(t, merged), div), 1 };

    memcpy(merged, &p, sizeof(p));
}

static const struct value *avg_decode(const struct decode *d, const struct type *t,
                                      const void *bytes)
{
    struct value *v = value_new(d->arena, is_signed(t) ? VALUE_INT : VALUE_UINT);

    v->num = average(t, bytes);
    v->as_avg = true;
    return v;
}

static const struct value *stats_decode(const struct decode *d, const struct type *t,
                                        const void *bytes)
{
    static const struct str names[] = { { "count", 5 }, { "average", 7 }, { "total", 5 } };
    const struct value **items = ARENA_ARRAY(d->arena, const struct value *, ARRAY_LEN(names));
    struct value *v = value_new(d->arena, VALUE_STATS);
    struct pair p = get_pair(bytes);

    items[0] = value_uint(d->arena, p.count);
    items[1] = number(d, t, quotient(t, average(t, bytes), MAX(d->div, UINT64_C(1))));
    items[2] = number(d, t, p.value);
    v->items.v = items;
    v->items.names = names;
    v->items.n = ARRAY_LEN(names);
    return v;
}

static const struct value_kind count_kind = {
    .name = "count_t",
    .size = 8,
    .align = 8,
    .aggregate = true,
    .castable = true,
    .merge = sum_merge,
    .order = ORDER_UNSIGNED,
    .order_value = sum_order,
    .divide = first_divide,
    .decode = first_decode,
};

static const struct value_kind sum_kind = {
    .name = "sum_t",
    .size = 8,
    .align = 8,
    .aggregate = true,
    .castable = true,
    .merge = sum_merge,
    .order = ORDER_UNSIGNED,
    .order_value = sum_order,
    .divide = first_divide,
    .decode = first_decode,
};

static const struct value_kind min_kind = {
    .name = "min_t",
    .size = 16,
    .align = 8,
    .aggregate = true,
    .castable = true,
    .merge = min_merge,
    .order = ORDER_UNSIGNED,
    .order_value = extreme_order,
    .divide = first_divide,
    .decode = first_decode,
};

static const struct value_kind max_kind = {
    .name = "max_t",
    .size = 16,
    .align = 8,
    .aggregate = true,
    .castable = true,
    .merge = max_merge,
    .order = ORDER_UNSIGNED,
    .order_value = extreme_order,
    .divide = first_divide,
    .decode = first_decode,
};

static const struct value_kind avg_kind = {
    .name = "avg_t",
    .size = 16,
    .align = 8,
    .aggregate = true,
    .castable = true,
    .merge = avg_merge,
    .order = ORDER_UNSIGNED,
    .order_value = avg_order,
    .divide = avg_divide,
    .decode = avg_decode,
};

static const struct value_kind stats_kind = {
    .name = "stats_t",
    .size = 16,
    .align = 8,
    .aggregate = true,
    .merge = avg_merge,
    .order = ORDER_UNSIGNED,
    .order_value = avg_order,
    .decode = stats_decode,
};

const struct builtin builtins_aggregate[] = {
    {
        .name = "count",
        .sig = "update()",
        .doc = "Counts how often it is reached: @m[k] = count().",
        .kind = &count_kind,
        .result = aggregate_result,
        .update = count_update,
    },
    {
        .name = "sum",
        .sig = "update(int)",
        .doc = "Total of the numbers.",
        .kind = &sum_kind,
        .result = aggregate_result,
        .update = sum_update,
    },
    {
        .name = "min",
        .sig = "update(int)",
        .doc = "Smallest of the numbers.",
        .kind = &min_kind,
        .result = aggregate_result,
        .update = min_update,
    },
    {
        .name = "max",
        .sig = "update(int)",
        .doc = "Largest of the numbers.",
        .kind = &max_kind,
        .result = aggregate_result,
        .update = max_update,
    },
    {
        .name = "avg",
        .sig = "update(int)",
        .doc = "Average of the numbers, an integer.",
        .kind = &avg_kind,
        .result = aggregate_result,
        .update = avg_update,
    },
    {
        .name = "stats",
        .sig = "update(int)",
        .doc = "Count, average and total of the numbers.",
        .kind = &stats_kind,
        .result = aggregate_result,
        .update = avg_update,
    },
    { .name = NULL },
};
