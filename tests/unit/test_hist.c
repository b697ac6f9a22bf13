/*
 * test_hist.c - bucket numbers of hist() and lhist() become bounds and labels
 *
 * The number of a sample's bucket is computed here by the rules programs follow (LANGUAGE.md 15.2);
 * whatever sample goes in, the bucket's bounds must hold it.
 */
#include "tests/unit/output_help.h"

static uint64_t log2_index(unsigned k, uint64_t n)
{
    uint64_t parts = UINT64_C(1) << k;
    unsigned m = 0, shift;

    if (n < parts)
        return n + 1;
    while (n >> m > 1)
        m++;
    shift = m - k;
    return ((uint64_t)(shift + 1) << k) + ((n >> shift) & (parts - 1)) + 1;
}

static uint64_t linear_index(const struct hist_linear *h, int64_t n)
{
    if (n < h->min)
        return 0;
    if (n > h->max)
        return 1 + (uint64_t)((h->max - h->min) / h->step);
    return 1 + (uint64_t)((n - h->min) / h->step);
}

static const char *log2_label(struct arena *a, unsigned k, int64_t n)
{
    return str_dup(a, hist_log2_bucket(a, k, n < 0 ? 0 : log2_index(k, (uint64_t)n), 1).label).p;
}

static void log2_labels(void **state)
{
    struct arena a = { 0 };

    (void)state;
    for (unsigned k = 0; k <= 5; k++) {
        assert_string_equal(log2_label(&a, k, -1), "(..., 0)");
        assert_string_equal(log2_label(&a, k, INT64_MIN), "(..., 0)");
        assert_string_equal(log2_label(&a, k, 0), "[0]");
        assert_string_equal(log2_label(&a, k, 1), "[1]");
    }
    assert_string_equal(log2_label(&a, 0, 2), "[2, 4)");
    assert_string_equal(log2_label(&a, 0, 3), "[2, 4)");
    assert_string_equal(log2_label(&a, 0, 256), "[256, 512)");
    assert_string_equal(log2_label(&a, 0, 1023), "[512, 1K)");
    assert_string_equal(log2_label(&a, 0, 1024), "[1K, 2K)");
    assert_string_equal(log2_label(&a, 0, 1 << 20), "[1M, 2M)");
    assert_string_equal(log2_label(&a, 0, INT64_C(1) << 30), "[1G, 2G)");
    assert_string_equal(log2_label(&a, 0, INT64_C(1) << 40), "[1T, 2T)");
    assert_string_equal(log2_label(&a, 0, INT64_C(1) << 50), "[1P, 2P)");
    assert_string_equal(log2_label(&a, 0, INT64_C(1) << 60), "[1E, 2E)");
    assert_string_equal(log2_label(&a, 0, INT64_MAX), "[4E, 8E)");

    assert_string_equal(log2_label(&a, 1, 3), "[3]");
    assert_string_equal(log2_label(&a, 1, 5), "[4, 6)");
    assert_string_equal(log2_label(&a, 1, 6), "[6, 8)");
    assert_string_equal(log2_label(&a, 2, 7), "[7]");
    assert_string_equal(log2_label(&a, 2, 8), "[8, 10)");
    assert_string_equal(log2_label(&a, 2, 14), "[14, 16)");
    assert_string_equal(log2_label(&a, 2, 1024), "[1024, 1280)");
    assert_string_equal(log2_label(&a, 2, 2048), "[2048, 2560)");
    assert_string_equal(log2_label(&a, 2, 4095), "[3584, 4K)");
    assert_string_equal(log2_label(&a, 2, 4096), "[4K, 5K)");
    assert_string_equal(log2_label(&a, 2, 4 << 20), "[4M, 5M)");
    assert_string_equal(log2_label(&a, 2, INT64_MAX), "[7E, 8E)");
    assert_string_equal(log2_label(&a, 5, 63), "[63]");
    assert_string_equal(log2_label(&a, 5, 64), "[64, 66)");
    assert_string_equal(log2_label(&a, 5, 32767), "[32256, 32K)");
    assert_string_equal(log2_label(&a, 5, 32768), "[32K, 33K)");
    arena_free(&a);
}

static void log2_bounds_hold_samples(void **state)
{
    struct arena a = { 0 };

    (void)state;
    for (unsigned k = 0; k <= 5; k++) {
        uint64_t n = 0;

        for (unsigned i = 0; i < 5000; i++) {
            uint64_t index = log2_index(k, n);
            struct value_bucket b = hist_log2_bucket(&a, k, index, i);

            assert_true(index < hist_log2_buckets(k));
            assert_true(b.has_min && b.has_max && b.count == i);
            assert_true((uint64_t)b.min <= n && n <= (uint64_t)b.max);
            n = (i < 2000 ? n + 1 : n * 6364136223846793005u + 1442695040888963407u) >>
                (i < 2000 ? 0 : 1 + i % 60);
        }
        assert_int_equal(log2_index(k, UINT64_MAX), hist_log2_buckets(k) - 1);
        for (uint64_t i = 1; i < hist_log2_buckets(k); i++) {
            struct value_bucket b = hist_log2_bucket(&a, k, i, 0);

            assert_int_equal((uint64_t)b.min, (uint64_t)hist_log2_bucket(&a, k, i - 1, 0).max + 1);
            assert_int_equal(log2_index(k, (uint64_t)b.min), i);
            assert_int_equal(log2_index(k, (uint64_t)b.max), i);
        }
        assert_true(hist_log2_bucket(&a, k, hist_log2_buckets(k) - 1, 0).max ==
                    (int64_t)UINT64_MAX);
    }
    arena_free(&a);
}

static void log2_odd_numbers(void **state)
{
    struct arena a = { 0 };
    struct value_bucket b = hist_log2_bucket(&a, 3, 0, 7);

    (void)state;
    assert_true(!b.has_min && b.has_max && b.max == -1 && b.count == 7);
    b = hist_log2_bucket(&a, 0, UINT64_MAX, 1); /* no program makes it; must not break anything */
    assert_true(b.max == (int64_t)UINT64_MAX && b.min == INT64_MIN);
    arena_free(&a);
}

static const char *linear_label(struct arena *a, int64_t min, int64_t max, int64_t step, int64_t n)
{
    struct hist_linear h = { min, max, step };

    return str_dup(a, hist_linear_bucket(a, &h, linear_index(&h, n), 1).label).p;
}

static void linear_labels(void **state)
{
    struct arena a = { 0 };

    (void)state;
    assert_string_equal(linear_label(&a, 0, 10, 10, -1), "(..., 0)");
    assert_string_equal(linear_label(&a, 0, 10, 10, 0), "[0, 10)");
    assert_string_equal(linear_label(&a, 0, 10, 10, 9), "[0, 10)");
    assert_string_equal(linear_label(&a, 0, 10, 10, 10), "[10, ...)");
    assert_string_equal(linear_label(&a, 0, 10, 10, 11), "[10, ...)");
    assert_string_equal(linear_label(&a, 5, 8, 1, 4), "(..., 5)");
    assert_string_equal(linear_label(&a, 5, 8, 1, 5), "[5]");
    assert_string_equal(linear_label(&a, 5, 8, 1, 7), "[7]");
    assert_string_equal(linear_label(&a, 5, 8, 1, 8), "[8, ...)");
    /* A range that does not divide evenly. */
    assert_string_equal(linear_label(&a, 0, 10, 3, 8), "[6, 9)");
    assert_string_equal(linear_label(&a, 0, 10, 3, 9), "[10, ...)");
    /* Suffixes need a step of whole kilos. */
    assert_string_equal(linear_label(&a, 0, 4096, 1024, -5), "(..., 0)");
    assert_string_equal(linear_label(&a, 0, 4096, 1024, 0), "[0, 1K)");
    assert_string_equal(linear_label(&a, 0, 4096, 1024, 1024), "[1K, 2K)");
    assert_string_equal(linear_label(&a, 0, 4096, 1024, 9999), "[4K, ...)");
    assert_string_equal(linear_label(&a, 0, 4096, 512, 1024), "[1024, 1536)");
    assert_string_equal(linear_label(&a, 100, 4196, 1024, 1500), "[1124, 2148)");
    assert_string_equal(linear_label(&a, 0, 2 << 20, 512 << 10, 1040000), "[512K, 1M)");
    assert_string_equal(linear_label(&a, 0, 2 << 20, 512 << 10, 1 << 20), "[1M, 1536K)");
    assert_string_equal(linear_label(&a, 0, 2 << 20, 512 << 10, 2 << 20), "[2M, ...)");
    assert_string_equal(linear_label(&a, 0, INT64_C(2) << 30, 1 << 30, 1), "[0, 1024M)");
    arena_free(&a);
}

static void linear_bounds_hold_samples(void **state)
{
    static const struct hist_linear h[] = {
        { 0, 10, 10 },
        { 0, 100, 7 },
        { 3, 4, 1 },
        { 1000, 5000, 1024 },
        { 0, INT64_MAX, INT64_MAX / 1000 + 1 },
    };
    struct arena a = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(h); i++) {
        uint64_t last = hist_linear_buckets(&h[i]) - 1;
        struct value_bucket b = hist_linear_bucket(&a, &h[i], 0, 3);

        assert_true(!b.has_min && b.has_max && b.max == h[i].min - 1 && b.count == 3);
        b = hist_linear_bucket(&a, &h[i], last, 4);
        assert_true(b.has_min && !b.has_max && b.min == h[i].max && b.count == 4);
        assert_int_equal(linear_index(&h[i], INT64_MAX), last);
        for (uint64_t n = 1; n < last; n++) {
            b = hist_linear_bucket(&a, &h[i], n, 0);
            assert_true(b.has_min && b.has_max);
            assert_int_equal(linear_index(&h[i], b.min), n);
            assert_int_equal(linear_index(&h[i], b.max), n);
            assert_int_equal(b.min, hist_linear_bucket(&a, &h[i], n - 1, 0).max + 1);
        }
        b = hist_linear_bucket(&a, &h[i], UINT64_MAX, 1);
        assert_true(b.min == h[i].max && !b.has_max);
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log2_labels),
        cmocka_unit_test(log2_bounds_hold_samples),
        cmocka_unit_test(log2_odd_numbers),
        cmocka_unit_test(linear_labels),
        cmocka_unit_test(linear_bounds_hold_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
