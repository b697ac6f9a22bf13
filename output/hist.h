/*
 * hist.h - what the bucket numbers of hist() and lhist() stand for
 *
 *     struct value_bucket b = hist_log2_bucket(arena, 0, 11, count);    // [512, 1K)
 *
 * Programs count under bucket numbers (LANGUAGE.md 15.2: there a number is made from a sample).
 * Here a number becomes what people read: a label, and inclusive bounds. A number past the last
 * bucket counts as the last one.
 */
#ifndef HARK_OUTPUT_HIST_H
#define HARK_OUTPUT_HIST_H

#include "output/value.h"

/* hist(n, bits): bits from 0 to 5; bucket 0 holds the negative samples. */
uint64_t hist_log2_buckets(unsigned bits);
struct value_bucket hist_log2_bucket(struct arena *, unsigned bits, uint64_t index, uint64_t count);

/* lhist(n, min, max, step). */
struct hist_linear {
    int64_t min, max, step; /* 0 <= min < max, step >= 1 */
};
uint64_t hist_linear_buckets(const struct hist_linear *); /* with the open ones at both ends */
struct value_bucket hist_linear_bucket(struct arena *, const struct hist_linear *, uint64_t index,
                                       uint64_t count);

#endif
