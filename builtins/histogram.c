/*
 * histogram.c - hist() and lhist(): how often numbers fell where
 *
 * A histogram is a map whose key ends in a bucket's number and whose value is a counter: { u64 }.
 * So only buckets that were hit take memory, and an update is one increment. The program computes
 * the number (LANGUAGE.md 15.2), output/hist.h knows what it stands for. Only signed
 * samples can be negative.
 *
 * hist: param[0] is the number of bits each power of two is split by. lhist: param[0] to param[2]
 * are min, max, step.
 */
#include "builtins/builtin.h"

#include "codegen/emit.h"
#include "output/hist.h"
#include "output/value.h"
#include "sema/call.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_BITS = 5, MAX_LINEAR = 1000 };

static const struct type *u64(struct cg *cg)
{
    return type_int(cg_types(cg), 8, false);
}

static const struct type *i64(struct cg *cg)
{
    return type_int(cg_types(cg), 8, true);
}

static bool sample(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct cg_val v = { 0 };

    if (!cg_expr(cg, call_arg(call, 0), &v))
        return false;
    v = cg_load(cg, v);
    *out = cg_convert(cg, v, type_is_signed(v.type) ? i64(cg) : u64(cg));
    return true;
}

/* value, or bucket 0 for samples below a bound. */
static struct cg_val unless_below(struct cg *cg, struct cg_val n, int64_t bound,
                                  struct cg_val bucket)
{
    struct cg_val below;

    if (bound == 0 && !type_is_signed(n.type))
        return bucket;
    below = cg_op(cg, OP_LT, n, cg_int(cg, n.type, (uint64_t)bound));
    return cg_select(cg, below, cg_u64(cg, 0), bucket);
}

static bool count_bucket(struct cg *cg, struct cg_slot *slot, struct cg_val bucket)
{
    if (!cg_slot_open(cg, slot, &bucket))
        return false;
    cg_slot_add(cg, slot, 0, cg_u64(cg, 1));
    cg_slot_close(cg, slot);
    return true;
}

static uint64_t get_count(const void *counts, size_t i)
{
    uint64_t n;

    memcpy(&n, (const char *)counts + i * sizeof(n), sizeof(n));
    return n;
}

/* ---- hist() ---- */

static unsigned log2_bits(const struct expr *call)
{
    uint64_t bits = 0;

    call_lit_int(call, 1, &bits);
    return (unsigned)MIN(bits, (uint64_t)MAX_BITS);
}

static const struct type *hist_result(struct sema *s, struct expr *call)
{
    const uint64_t param[4] = { log2_bits(call) };

    return type_opaque(sema_types(s), call->call.fn->kind, param);
}

static bool hist_check(struct sema *s, struct expr *call)
{
    const struct expr *bits = call_arg(call, 1);

    if (!bits || bits->num <= MAX_BITS)
        return true;
    diag_error(s->c->diags, bits->at,
               "hist() can split powers of two by 0 to %d bits, got %s%" PRIu64, MAX_BITS,
               bits->negative ? "-" : "", bits->negative ? -bits->num : bits->num);
    return false;
}

/* Position of the highest bit of the numbers 0 to 15, in two bits each. */
#define LOG2_TABLE UINT64_C(0xffffaa50)

/*
 * Of n with its highest bit at m, the bits + 1 highest digits are n >> shift with shift = m - bits,
 * or all of n if it has fewer. Then the bucket is 1 + (shift << bits) + (n >> shift). shift is the
 * position of the highest bit of n >> bits, found by halving.
 */
static struct cg_val log2_bucket(struct cg *cg, struct cg_val n, unsigned bits)
{
    struct cg_val v = cg_convert(cg, n, u64(cg)), rest = v, shift = cg_u64(cg, 0), last;

    if (bits)
        rest = cg_op(cg, OP_SHR, v, cg_u64(cg, bits));
    for (unsigned step = 32; step >= 4; step /= 2) {
        struct cg_val limit = cg_u64(cg, (UINT64_C(1) << step) - 1);
        struct cg_val more = cg_op(cg, OP_GT, rest, limit);
        struct cg_val by = cg_select(cg, more, cg_u64(cg, step), cg_u64(cg, 0));

        shift = cg_op(cg, OP_OR, shift, by);
        rest = cg_op(cg, OP_SHR, rest, by);
    }
    last = cg_op(cg, OP_SHR, cg_u64(cg, LOG2_TABLE), cg_op(cg, OP_SHL, rest, cg_u64(cg, 1)));
    shift = cg_op(cg, OP_OR, shift, cg_op(cg, OP_AND, last, cg_u64(cg, 3)));
    v = cg_op(cg, OP_SHR, v, shift);
    if (bits)
        shift = cg_op(cg, OP_SHL, shift, cg_u64(cg, bits));
    v = cg_op(cg, OP_ADD, cg_op(cg, OP_ADD, v, shift), cg_u64(cg, 1));
    return unless_below(cg, n, 0, v);
}

static bool hist_update(struct cg *cg, const struct expr *call, struct cg_slot *slot)
{
    struct cg_val n;

    return sample(cg, call, &n) && count_bucket(cg, slot, log2_bucket(cg, n, log2_bits(call)));
}

static uint32_t hist_buckets(const struct type *t)
{
    return (uint32_t)hist_log2_buckets((unsigned)MIN(t->param[0], (uint64_t)MAX_BITS));
}

/* ---- lhist() ---- */

/* The three literals; false if they make no histogram. */
static bool linear_bounds(const struct expr *call, struct hist_linear *out)
{
    uint64_t min, max, step;

    if (!call_lit_int(call, 1, &min) || !call_lit_int(call, 2, &max) ||
        !call_lit_int(call, 3, &step) || max > INT64_MAX || min >= max || step < 1 ||
        step > max - min || (max - min) / step > MAX_LINEAR)
        return false;
    *out = (struct hist_linear){ (int64_t)min, (int64_t)max, (int64_t)step };
    return true;
}

static const struct type *lhist_result(struct sema *s, struct expr *call)
{
    struct hist_linear h = { 0, 1, 1 }; /* of wrong bounds check will tell */
    uint64_t param[4] = { 0 };

    linear_bounds(call, &h);
    param[0] = (uint64_t)h.min;
    param[1] = (uint64_t)h.max;
    param[2] = (uint64_t)h.step;
    return type_opaque(sema_types(s), call->call.fn->kind, param);
}

static bool lhist_check(struct sema *s, struct expr *call)
{
    const struct expr *min = call_arg(call, 1), *max = call_arg(call, 2), *step = call_arg(call, 3);
    struct hist_linear h;
    struct diag *d;

    if (linear_bounds(call, &h))
        return true;
    for (unsigned i = 1; i <= 3; i++) {
        const struct expr *e = call_arg(call, i);

        if ((int64_t)e->num >= 0)
            continue;
        diag_error(s->c->diags, e->at, "lhist() expects bounds and a step from 0 to %" PRId64,
                   INT64_MAX);
        return false;
    }
    if (min->num >= max->num) {
        diag_error(s->c->diags, span_join(min->at, max->at),
                   "lhist(): min %" PRIu64 " is not below max %" PRIu64, min->num, max->num);
    } else if (step->num < 1 || step->num > max->num - min->num) {
        diag_error(s->c->diags, step->at,
                   "lhist(): the step must be from 1 to max - min, here %" PRIu64 ", got %" PRIu64,
                   max->num - min->num, step->num);
    } else {
        d = diag_error(s->c->diags, call->at, "lhist() has at most %d buckets, here %" PRIu64,
                       MAX_LINEAR, (max->num - min->num) / step->num);
        diag_hint(s->c->diags, d, "use a step of %" PRIu64 " or more",
                  (max->num - min->num + MAX_LINEAR - 1) / MAX_LINEAR);
    }
    return false;
}

/* 1 + (n - min) / step, with n brought down to max: above it all is one bucket. */
static struct cg_val linear_bucket(struct cg *cg, struct cg_val n, const struct hist_linear *h)
{
    struct cg_val v = cg_convert(cg, n, u64(cg)), range = cg_u64(cg, (uint64_t)(h->max - h->min));

    if (h->min)
        v = cg_op(cg, OP_SUB, v, cg_u64(cg, (uint64_t)h->min));
    v = cg_select(cg, cg_op(cg, OP_GT, v, range), range, v);
    if (h->step > 1)
        v = cg_op(cg, OP_DIV, v, cg_u64(cg, (uint64_t)h->step));
    return unless_below(cg, n, h->min, cg_op(cg, OP_ADD, v, cg_u64(cg, 1)));
}

static bool lhist_update(struct cg *cg, const struct expr *call, struct cg_slot *slot)
{
    struct hist_linear h;
    struct cg_val n;

    if (!linear_bounds(call, &h))
        BUG("lhist() was not checked");
    return sample(cg, call, &n) && count_bucket(cg, slot, linear_bucket(cg, n, &h));
}

/* Of a type; it may come from a damaged image. */
static struct hist_linear linear_of(const struct type *t)
{
    struct hist_linear h = { (int64_t)t->param[0], (int64_t)t->param[1], (int64_t)t->param[2] };

    if (h.min < 0 || h.max <= h.min || h.step < 1 || (h.max - h.min) / h.step > MAX_LINEAR)
        return (struct hist_linear){ 0, 1, 1 };
    return h;
}

static uint32_t lhist_buckets(const struct type *t)
{
    struct hist_linear h = linear_of(t);

    return (uint32_t)hist_linear_buckets(&h);
}

/* ---- in user space ---- */

static uint32_t n_buckets(const struct type *t)
{
    return t->vk->buckets(t);
}

static void counter_merge(const struct type *t, void *into, const void *from)
{
    uint64_t n = get_count(into, 0) + get_count(from, 0);

    (void)t;
    memcpy(into, &n, sizeof(n));
}

static int64_t samples(const struct type *t, const void *counts)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < n_buckets(t); i++)
        total += get_count(counts, i);
    return (int64_t)total;
}

static void hist_divide(const struct type *t, void *counts, uint64_t div)
{
    for (uint32_t i = 0; i < n_buckets(t) && div; i++) {
        uint64_t n = get_count(counts, i) / div;

        memcpy((char *)counts + i * sizeof(n), &n, sizeof(n));
    }
}

static struct value_bucket bucket(const struct decode *d, const struct type *t, uint32_t i,
                                  uint64_t count)
{
    struct hist_linear h;

    if (t->vk->buckets == hist_buckets)
        return hist_log2_bucket(d->arena, (unsigned)MIN(t->param[0], (uint64_t)MAX_BITS), i, count);
    h = linear_of(t);
    return hist_linear_bucket(d->arena, &h, i, count);
}

static const struct value *decode(const struct decode *d, const struct type *t, const void *counts)
{
    struct value *v = value_new(d->arena, VALUE_HIST);
    uint32_t first = 0, end = n_buckets(t);
    struct value_bucket *buckets;

    while (end > 0 && !get_count(counts, end - 1))
        end--;
    while (first < end && !get_count(counts, first))
        first++;
    buckets = ARENA_ARRAY(d->arena, struct value_bucket, end - first);
    for (uint32_t i = first; i < end; i++)
        buckets[i - first] = bucket(d, t, i, get_count(counts, i));
    v->hist.v = buckets;
    v->hist.n = end - first;
    return v;
}

static const struct value_kind hist_kind = {
    .name = "hist_t",
    .size = 8,
    .align = 8,
    .aggregate = true,
    .buckets = hist_buckets,
    .merge = counter_merge,
    .order = ORDER_UNSIGNED,
    .order_value = samples,
    .divide = hist_divide,
    .decode = decode,
};

static const struct value_kind lhist_kind = {
    .name = "lhist_t",
    .size = 8,
    .align = 8,
    .aggregate = true,
    .buckets = lhist_buckets,
    .merge = counter_merge,
    .order = ORDER_UNSIGNED,
    .order_value = samples,
    .decode = decode,
};

const struct builtin builtins_histogram[] = {
    {
        .name = "hist",
        .sig = "update(int, [lit int])",
        .doc = "Histogram by powers of two, each split in 2^k parts: hist(n, k).",
        .kind = &hist_kind,
        .result = hist_result,
        .check = hist_check,
        .update = hist_update,
    },
    {
        .name = "lhist",
        .sig = "update(int, lit int, lit int, lit int)",
        .doc = "Histogram in equal steps: lhist(n, min, max, step).",
        .kind = &lhist_kind,
        .result = lhist_result,
        .check = lhist_check,
        .update = lhist_update,
    },
    { .name = NULL },
};
