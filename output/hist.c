/*
 * hist.c - buckets of histograms: from their number to bounds, a label and a bar
 *
 * A bound of a log2 bucket is mantissa << shift. Splitting each power of two in 2^bits parts gives
 * the mantissa bits + 1 digits, so the labels take their suffix from the shift alone: with bits = 2
 * the value 4096 is 4 << 10, that is 4K, but 1024 is 4 << 8 and stays as it is.
 */
#include "output/hist.h"
#include "output/draw.h"

#include <inttypes.h>

enum { LABEL_WIDTH = 16, COUNT_WIDTH = 8, BAR_WIDTH = 52 };

struct bound {
    uint64_t mantissa;
    unsigned shift;
};

/* The smallest sample of a bucket that is not the one for negative samples. */
static struct bound log2_bound(unsigned bits, uint64_t index)
{
    uint64_t parts = UINT64_C(1) << bits, i = index - 1;

    if (i < parts)
        return (struct bound){ i, 0 };
    return (struct bound){ parts + (i & (parts - 1)), (unsigned)(i >> bits) - 1 };
}

static uint64_t bound_value(struct bound b)
{
    return b.mantissa << b.shift;
}

static const char *bound_text(struct arena *a, struct bound b)
{
    static const char *const suffix[] = { "", "K", "M", "G", "T", "P", "E" };

    return arena_printf(a, "%" PRIu64 "%s", b.mantissa << b.shift % 10, suffix[b.shift / 10]);
}

uint64_t hist_log2_buckets(unsigned bits)
{
    /* The last one is that of UINT64_MAX, whose highest bit is number 63. */
    return ((65 - (uint64_t)bits) << bits) + 1;
}

struct value_bucket hist_log2_bucket(struct arena *a, unsigned bits, uint64_t index, uint64_t count)
{
    struct value_bucket bucket = { .count = count, .has_max = true };
    struct bound low, next;

    if (index == 0) {
        bucket.max = -1;
        bucket.label = STR("(..., 0)");
        return bucket;
    }
    index = MIN(index, hist_log2_buckets(bits) - 1);
    low = log2_bound(bits, index);
    next = log2_bound(bits, index + 1);
    bucket.has_min = true;
    bucket.min = (int64_t)bound_value(low);
    /* Beyond the last one is 2^64. */
    bucket.max = index == hist_log2_buckets(bits) - 1 ? (int64_t)UINT64_MAX
                                                      : (int64_t)(bound_value(next) - 1);
    if (bucket.min == bucket.max)
        bucket.label = str_printf(a, "[%" PRId64 "]", bucket.min);
    else
        bucket.label = str_printf(a, "[%s, %s)", bound_text(a, low), bound_text(a, next));
    return bucket;
}

static const char *linear_text(struct arena *a, int64_t bound, int64_t step)
{
    const int64_t kilo = 1024, mega = kilo * kilo;

    if (step % kilo == 0 && bound && bound % mega == 0)
        return arena_printf(a, "%" PRId64 "M", bound / mega);
    if (step % kilo == 0 && bound && bound % kilo == 0)
        return arena_printf(a, "%" PRId64 "K", bound / kilo);
    return arena_printf(a, "%" PRId64, bound);
}

uint64_t hist_linear_buckets(const struct hist_linear *h)
{
    return (uint64_t)((h->max - h->min) / h->step) + 2;
}

struct value_bucket hist_linear_bucket(struct arena *a, const struct hist_linear *h, uint64_t index,
                                       uint64_t count)
{
    struct value_bucket bucket = { .count = count };
    uint64_t last = hist_linear_buckets(h) - 1;

    if (index == 0) {
        bucket.has_max = true;
        bucket.max = h->min - 1;
        bucket.label = str_printf(a, "(..., %s)", linear_text(a, h->min, h->step));
    } else if (index >= last) {
        bucket.has_min = true;
        bucket.min = h->max;
        bucket.label = str_printf(a, "[%s, ...)", linear_text(a, h->max, h->step));
    } else {
        bucket.has_min = bucket.has_max = true;
        bucket.min = h->min + (int64_t)(index - 1) * h->step;
        bucket.max = bucket.min + h->step - 1;
        if (h->step == 1)
            bucket.label = str_printf(a, "[%" PRId64 "]", bucket.min);
        else
            bucket.label = str_printf(a, "[%s, %s)", linear_text(a, bucket.min, h->step),
                                      linear_text(a, bucket.min + h->step, h->step));
    }
    return bucket;
}

/* Single precision is part of the format: it decides the length where the quotient is close. */
static size_t bar_length(uint64_t count, uint64_t max)
{
    return max ? (size_t)((float)count / (float)max * (float)BAR_WIDTH) : 0;
}

void draw_hist(struct buf *b, const struct value *v)
{
    uint64_t max = 0;

    for (size_t i = 0; i < v->hist.n; i++)
        max = MAX(max, v->hist.v[i].count);
    for (size_t i = 0; i < v->hist.n; i++) {
        const struct value_bucket *bucket = &v->hist.v[i];
        size_t length = bar_length(bucket->count, max);

        buf_printf(b, "%-*.*s%*" PRIu64 " |", LABEL_WIDTH, STRF(bucket->label), COUNT_WIDTH,
                   bucket->count);
        buf_fill(b, '@', length);
        buf_fill(b, ' ', BAR_WIDTH - length);
        buf_puts(b, "|\n");
    }
}
