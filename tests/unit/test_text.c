/*
 * test_text.c - values and run-time messages in text mode, byte by byte (LANGUAGE.md 17, 19.5)
 */
#include "tests/unit/output_help.h"

#define BAR_52 "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@"

static int begin_text(void **state)
{
    struct catcher *c = calloc(1, sizeof(*c));

    catch_begin(c, "text");
    *state = c;
    return 0;
}

static int end_text(void **state)
{
    catch_end(*state);
    free(*state);
    return 0;
}

static const char *printed(struct catcher *c, const struct value *v)
{
    c->out->ops->value(c->out, v);
    return caught_stream(c);
}

static const char *printed_map(struct catcher *c, const char *name, const struct value *v)
{
    c->out->ops->map(c->out, str_from(name), v);
    return caught_stream(c);
}

static void plain_values(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    struct value *known = value_new(a, VALUE_ENUM);

    known->num = 1;
    known->text = STR("MODE_FAST");
    assert_string_equal(printed(c, value_int(a, -5)), "-5\n");
    assert_string_equal(printed(c, value_int(a, INT64_MIN)), "-9223372036854775808\n");
    assert_string_equal(printed(c, value_uint(a, UINT64_MAX)), "18446744073709551615\n");
    assert_string_equal(printed(c, number(a, VALUE_BOOL, 1)), "true\n");
    assert_string_equal(printed(c, number(a, VALUE_BOOL, 0)), "false\n");
    assert_string_equal(printed(c, string(a, "abcd..")), "abcd..\n");
    assert_string_equal(printed(c, string(a, "")), "\n");
    assert_string_equal(printed(c, number(a, VALUE_PTR, 0xffff888003a1c000)),
                        "0xffff888003a1c000\n");
    assert_string_equal(printed(c, number(a, VALUE_PTR, 0)), "0x0\n");
    assert_string_equal(printed(c, known), "MODE_FAST\n");
    assert_string_equal(printed(c, number(a, VALUE_ENUM, 17)), "17\n");
    assert_string_equal(printed(c, number(a, VALUE_ENUM, (uint64_t)-1)), "-1\n");
    assert_string_equal(printed(c, named(a, VALUE_SYMBOL, "vfs_read")), "vfs_read\n");
    assert_string_equal(printed(c, named(a, VALUE_BYTES, "a~\x7f\n\xff")), "a~\\x7f\\x0a\\xff\n");
    assert_string_equal(printed(c, value_none()), "null\n");
    assert_string_equal(printed(c, named(a, VALUE_STACK, "\n        main+4\n")),
                        "\n        main+4\n\n");
    assert_string_equal(printed(c, stats(a, 3, 2, 6)),
                        "{ .count = 3, .average = 2, .total = 6 }\n");
}

static void composite_values(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    const struct value *one = value_int(a, 1), *two = value_int(a, 2), *three = value_int(a, 3);
    const struct value *pair = ITEMS(a, VALUE_LIST, one, two);

    assert_string_equal(printed(c, ITEMS(a, VALUE_LIST, one, two, three)), "[1,2,3]\n");
    assert_string_equal(printed(c, ITEMS(a, VALUE_LIST, pair, pair)), "[[1,2],[1,2]]\n");
    assert_string_equal(printed(c, value_new(a, VALUE_LIST)), "[]\n");
    assert_string_equal(printed(c, ITEMS(a, VALUE_TUPLE, one, string(a, "a"))), "(1, a)\n");
    assert_string_equal(
        printed(c, ITEMS(a, VALUE_TUPLE, one, string(a, "abc"), ITEMS(a, VALUE_TUPLE, two, three))),
        "(1, abc, (2, 3))\n");
    assert_string_equal(printed(c, ITEMS(a, VALUE_TUPLE, one)), "(1)\n");
    assert_string_equal(printed(c, value_new(a, VALUE_TUPLE)), "()\n");
    assert_string_equal(printed(c, RECORD(a, VALUE_RECORD, "id pos", value_int(a, 7),
                                          RECORD(a, VALUE_RECORD, "x y", one, two))),
                        "{ .id = 7, .pos = { .x = 1, .y = 2 } }\n");
    assert_string_equal(printed(c, value_new(a, VALUE_RECORD)), "{}\n");
}

static void buffer_styles(void **state)
{
    struct buf b = { 0 };

    (void)state;
    value_bytes(&b, STR("h\\\0"), 'r');
    buf_putc(&b, '|');
    value_bytes(&b, STR("h\n"), 'x');
    buf_putc(&b, '|');
    value_bytes(&b, STR("h\n\xfe"), 'h');
    buf_putc(&b, '|');
    value_bytes(&b, STR(""), 'h');
    assert_string_equal(b.p, "h\\\\x00|\\x68\\x0a|68 0a fe|");
    buf_free(&b);
}

static void texts(void **state)
{
    struct catcher *c = *state;
    const struct out_ops *ops = c->out->ops;

    ops->text(c->out, OUT_PRINTF, STR("hello"));
    ops->text(c->out, OUT_TIME, STR("10:00:01\n"));
    ops->text(c->out, OUT_CAT, STR("a\0b\n"));
    ops->text(c->out, OUT_JOIN, STR("ls -l\n"));
    ops->text(c->out, OUT_SYSTEM, STR("x\n\n"));
    out_flush(c->out);
    assert_memory_equal(take(&c->a, c->stream), "hello10:00:01\na\0b\nls -l\nx\n\n", 28);
}

static void plain_maps(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    const struct value *one = value_int(a, 1), *two = value_int(a, 2), *three = value_int(a, 3);
    const struct value *inner = ITEMS(a, VALUE_TUPLE, two, three);
    struct value *average = value_new(a, VALUE_INT);

    average->num = 4;
    average->as_avg = true;
    assert_string_equal(printed_map(c, "@n", scalar_map(a, value_uint(a, 12))), "@n: 12\n");
    assert_string_equal(
        printed_map(c, "@name",
                    KEYED(a, string(a, "bash"), three, string(a, "sshd"), value_int(a, 7))),
        "@name[bash]: 3\n@name[sshd]: 7\n");
    assert_string_equal(printed_map(c, "@pair",
                                    KEYED(a, ITEMS(a, VALUE_TUPLE, one, string(a, "eth0")),
                                          number(a, VALUE_BOOL, 1))),
                        "@pair[1, eth0]: true\n");
    assert_string_equal(printed_map(c, "@", scalar_map(a, value_int(a, 5))), "@: 5\n");
    assert_string_equal(printed_map(c, "@", KEYED(a, value_int(a, 4242), one)), "@[4242]: 1\n");
    assert_string_equal(printed_map(c, "@m", KEYED(a, ITEMS(a, VALUE_TUPLE, one, inner), inner)),
                        "@m[1, (2, 3)]: (2, 3)\n");
    assert_string_equal(
        printed_map(c, "@m", KEYED(a, RECORD(a, VALUE_RECORD, "a", one), string(a, "v"))),
        "@m[{ .a = 1 }]: v\n");
    assert_string_equal(printed_map(c, "@a", KEYED(a, string(a, "x"), average)), "@a[x]: 4\n");
    assert_string_equal(printed_map(c, "@s", KEYED(a, string(a, "x"), stats(a, 3, 2, 6))),
                        "@s[x]: { .count = 3, .average = 2, .total = 6 }\n");
    assert_string_equal(printed_map(c, "@e", keyed_map(a, 0, NULL)), "");
    assert_string_equal(printed_map(c, "@s", scalar_map(a, string(a, ""))), "@s: \n");
}

static void stack_maps(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    const struct value *stack =
        named(a, VALUE_STACK, "\n        vfs_read+5\n        ksys_read+107\n");
    const struct value *perf = named(
        a, VALUE_STACK, "\n\tffffffff812a3c40 vfs_read+0\n\tffffffff812a4f2b ksys_read+107\n");

    assert_string_equal(printed_map(c, "@", KEYED(a, stack, value_int(a, 21))),
                        "@[\n        vfs_read+5\n        ksys_read+107\n]: 21\n");
    assert_string_equal(
        printed_map(c, "@", KEYED(a, perf, value_int(a, 2))),
        "@[\n\tffffffff812a3c40 vfs_read+0\n\tffffffff812a4f2b ksys_read+107\n]: 2\n");
    assert_string_equal(
        printed_map(c, "@",
                    KEYED(a, ITEMS(a, VALUE_TUPLE, stack, string(a, "bash")), value_int(a, 1))),
        "@[\n        vfs_read+5\n        ksys_read+107\n, bash]: 1\n");
    assert_string_equal(printed_map(c, "@", scalar_map(a, stack)),
                        "@: \n        vfs_read+5\n        ksys_read+107\n\n");
}

static void histograms(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    const struct hist_linear linear = { 0, 10, 10 };
    const struct value *lat = BUCKETS(a, hist_log2_bucket(a, 0, 0, 1), hist_log2_bucket(a, 0, 1, 0),
                                      hist_log2_bucket(a, 0, 2, 4), hist_log2_bucket(a, 0, 3, 2));
    const struct value *len =
        BUCKETS(a, hist_linear_bucket(a, &linear, 0, 1), hist_linear_bucket(a, &linear, 1, 3),
                hist_linear_bucket(a, &linear, 2, 2));

    assert_string_equal(
        printed_map(c, "@lat", KEYED(a, string(a, "read"), lat)),
        "@lat[read]:\n"
        "(..., 0)               1 |@@@@@@@@@@@@@                                       |\n"
        "[0]                    0 |                                                    |\n"
        "[1]                    4 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
        "[2, 4)                 2 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |\n"
        "\n");
    assert_string_equal(
        printed_map(c, "@len", scalar_map(a, len)),
        "@len:\n"
        "(..., 0)               1 |@@@@@@@@@@@@@@@@@                                   |\n"
        "[0, 10)                3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
        "[10, ...)              2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@                  |\n"
        "\n");
    assert_string_equal(printed_map(c, "@h", scalar_map(a, buckets(a, 0, NULL))), "@h:\n\n");
    assert_string_equal(printed_map(c, "@h", scalar_map(a, BUCKETS(a, { .label = STR("[7]") }))),
                        "@h:\n[7]                    0 |" /* div made all counts zero */
                        "                                                    |\n\n");
    assert_string_equal(
        printed_map(
            c, "@h",
            scalar_map(a, BUCKETS(a, { .count = UINT64_MAX, .label = STR("[1000000, 2000000)") }))),
        "@h:\n[1000000, 2000000)18446744073709551615 |" BAR_52 "|\n\n");
    assert_string_equal(
        printed_map(c, "@h",
                    KEYED(a, value_int(a, 1), BUCKETS(a, hist_log2_bucket(a, 0, 11, 1)),
                          value_int(a, 2), BUCKETS(a, hist_log2_bucket(a, 0, 12, 123)))),
        "@h[1]:\n[512, 1K)              1 |" BAR_52 "|\n\n"
        "@h[2]:\n[1K, 2K)             123 |" BAR_52 "|\n\n");
}

static size_t bar_of(struct catcher *c, uint64_t count, uint64_t max)
{
    struct arena *a = &c->a;
    const char *text = text_of(a, BUCKETS(a, { .count = count, .label = STR("[0]") },
                                          { .count = max, .label = STR("[1]") }));

    return strspn(strchr(text, '|') + 1, "@");
}

static void bars_are_cut_in_single_precision(void **state)
{
    struct catcher *c = *state;

    assert_int_equal(bar_of(c, 0, 52), 0);
    assert_int_equal(bar_of(c, 1, 53), 0);
    assert_int_equal(bar_of(c, 1, 52), 1);
    assert_int_equal(bar_of(c, 51, 52), 51);
    assert_int_equal(bar_of(c, 52, 53), 51);
    assert_int_equal(bar_of(c, 12345, 54321), 11);
    /* 51 in doubles and in integers; as floats the counts are equal. */
    assert_int_equal(bar_of(c, 99999999, 100000000), 52);
    for (uint64_t max = 1; max < 200; max++) {
        for (uint64_t count = 0; count <= max; count++) {
            volatile float share = (float)count / (float)max, bar = share * 52.0f;

            assert_int_equal(bar_of(c, count, max), (size_t)bar);
        }
        arena_free(&c->a);
    }
}

static struct value_point point(const char *label, bool is_signed, int64_t value)
{
    return (struct value_point){
        .label = str_from(label), .has_value = true, .is_signed = is_signed, .value = value
    };
}

static void time_series(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    const struct value *load =
        SERIES(a, "hh:mm:ss.ms", point("12:00:00.100", true, 0), point("12:00:00.200", true, 5),
               point("12:00:00.300", true, 10), { .label = STR("12:00:00.400") });

    assert_string_equal(printed_map(c, "@load", scalar_map(a, load)),
                        "@load:\n"
                        "             0                                                  10\n"
                        "hh:mm:ss.ms  |___________________________________________________|\n"
                        "12:00:00.100 *                                                   | 0\n"
                        "12:00:00.200 |                         *                         | 5\n"
                        "12:00:00.300 |                                                   * 10\n"
                        "12:00:00.400 |                                                   | -\n"
                        "             v___________________________________________________v\n"
                        "             0                                                  10\n"
                        "\n");
    assert_string_equal(
        printed_map(
            c, "@t",
            KEYED(a, string(a, "k"),
                  SERIES(a, "hh:mm:ss", point("12:00:00", true, -10), point("12:00:01", true, 30),
                         { .label = STR("12:00:02") }, point("12:00:03", true, 0)))),
        "@t[k]:\n"
        "         -10                                                30\n"
        "hh:mm:ss |___________________________________________________|\n"
        "12:00:00 *            .                                      | -10\n"
        "12:00:01 |            .                                      * 30\n"
        "12:00:02 |            .                                      | -\n"
        "12:00:03 |            *                                      | 0\n"
        "         v___________________________________________________v\n"
        "         -10                                                30\n"
        "\n");
    assert_string_equal(printed_map(c, "@t", scalar_map(a, series(a, "hh:mm:ss", 0, NULL))),
                        "@t:\n<no data>\n\n");
    assert_string_equal(
        printed_map(c, "@t", scalar_map(a, SERIES(a, "hh:mm:ss", { .label = STR("12:00:02") }))),
        "@t:\n<no data>\n\n");
}

static void time_series_of_equal_values(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;

    /* One more on each side, except beyond the type; the header's micro sign is one column. */
    assert_string_equal(text_of(a, SERIES(a, "hh:mm:ss.μs", point("12:00:00.000001", false, 5))),
                        "                4                                                   6\n"
                        "hh:mm:ss.μs     |___________________________________________________|\n"
                        "12:00:00.000001 |                         *                         | 5\n"
                        "                v___________________________________________________v\n"
                        "                4                                                   6\n");
    assert_string_equal(text_of(a, SERIES(a, "h", point("t", false, 0))),
                        "  0                                                   1\n"
                        "h |___________________________________________________|\n"
                        "t *                                                   | 0\n"
                        "  v___________________________________________________v\n"
                        "  0                                                   1\n");
    assert_string_equal(text_of(a, SERIES(a, "h", point("t", true, 0))),
                        "  -1                                                  1\n"
                        "h |___________________________________________________|\n"
                        "t |                         *                         | 0\n"
                        "  v___________________________________________________v\n"
                        "  -1                                                  1\n");
    assert_string_equal(
        text_of(a, SERIES(a, "h", point("t", true, INT64_MAX))),
        "  9223372036854775806               9223372036854775807\n"
        "h |___________________________________________________|\n"
        "t |                                                   * 9223372036854775807\n"
        "  v___________________________________________________v\n"
        "  9223372036854775806               9223372036854775807\n");
}

static void time_series_over_the_whole_range(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;

    assert_string_equal(text_of(a, SERIES(a, "h", point("a", true, INT64_MIN),
                                          point("b", true, INT64_MAX), point("c", true, 1))),
                        "  -9223372036854775808              9223372036854775807\n"
                        "h |___________________________________________________|\n"
                        "a *                         .                         | "
                        "-9223372036854775808\n"
                        "b |                         .                         * "
                        "9223372036854775807\n"
                        "c |                         *                         | 1\n"
                        "  v___________________________________________________v\n"
                        "  -9223372036854775808              9223372036854775807\n");
    assert_string_equal(text_of(a, SERIES(a, "h", point("a", false, 0), point("b", false, -1))),
                        "  0                                18446744073709551615\n"
                        "h |___________________________________________________|\n"
                        "a *                                                   | 0\n"
                        "b |                                                   * "
                        "18446744073709551615\n"
                        "  v___________________________________________________v\n"
                        "  0                                18446744073709551615\n");
}

static void start_and_end(void **state)
{
    struct catcher *c = *state;
    struct out *o = c->out;

    o->ops->attached(o, 1);
    assert_string_equal(caught_errors(c), "Attached 1 probe\n");
    o->ops->attached(o, 4);
    assert_string_equal(caught_errors(c), "Attached 4 probes\n");
    o->ops->attached(o, 0);
    assert_string_equal(caught_errors(c), "No probes to attach\n");
    o->ops->lost(o, 12);
    assert_string_equal(caught_errors(c), "Lost 12 events\n");
    o->quiet = true;
    o->ops->attached(o, 4);
    o->ops->attached(o, 0);
    assert_string_equal(caught_errors(c), "");
    assert_string_equal(caught_stream(c), "");
    o->ops->end(o);
    assert_string_equal(caught_stream(c), "\n\n");
}

static const struct location at_delete = {
    .file = { "stdin", 5 },
    .line = 1,
    .col = 9,
    .line_end = 1,
    .col_end = 22,
    .text = { "BEGIN { delete(@m, 3); @m[1] = 1 }", 34 },
};

static void trouble(void **state)
{
    struct catcher *c = *state;
    struct out *o = c->out;
    struct str text = STR("Can't delete map element because it does not exist.");

    o->ops->trouble(o, &at_delete, text, "map_delete_elem", -2, 1);
    assert_string_equal(
        caught_errors(c),
        "stdin:1:9-22: WARNING: Can't delete map element because it does not exist.\n"
        "Additional Info - helper: map_delete_elem, retcode: -2\n"
        "BEGIN { delete(@m, 3); @m[1] = 1 }\n"
        "        ~~~~~~~~~~~~~\n");
    o->ops->trouble(o, &at_delete, text, "map_delete_elem", -2, 3);
    assert_string_equal(
        caught_errors(c),
        "stdin:1:9-22: WARNING: Can't delete map element because it does not exist. (3 times)\n"
        "Additional Info - helper: map_delete_elem, retcode: -2\n"
        "BEGIN { delete(@m, 3); @m[1] = 1 }\n"
        "        ~~~~~~~~~~~~~\n");
    o->ops->trouble(o, &at_delete, STR("Division by zero"), NULL, 0, 1);
    assert_string_equal(caught_errors(c), "stdin:1:9-22: WARNING: Division by zero\n"
                                          "BEGIN { delete(@m, 3); @m[1] = 1 }\n"
                                          "        ~~~~~~~~~~~~~\n");
    o->ops->trouble(o, NULL, STR("Division by zero"), NULL, 0, 2);
    assert_string_equal(caught_errors(c), "WARNING: Division by zero (2 times)\n");
    o->warnings = false;
    o->ops->trouble(o, &at_delete, text, "map_delete_elem", -2, 1);
    assert_string_equal(caught_errors(c), "");
    assert_string_equal(caught_stream(c), "");
}

static void script_messages(void **state)
{
    struct catcher *c = *state;
    struct out *o = c->out;

    o->ops->message(o, SEVERITY_ERROR, &at_delete, STR("bad 3\n"));
    assert_string_equal(caught_errors(c), "stdin:1:9-22: ERROR: bad 3\n"
                                          "BEGIN { delete(@m, 3); @m[1] = 1 }\n"
                                          "        ~~~~~~~~~~~~~\n");
    o->ops->message(o, SEVERITY_WARNING, NULL, STR("odd"));
    assert_string_equal(caught_errors(c), "WARNING: odd\n");
    o->warnings = false;
    o->ops->message(o, SEVERITY_WARNING, NULL, STR("odd"));
    o->ops->message(o, SEVERITY_ERROR, NULL, STR("bad"));
    assert_string_equal(caught_errors(c), "ERROR: bad\n");
    o->colour = true;
    o->ops->message(o, SEVERITY_ERROR, NULL, STR("bad"));
    assert_string_equal(caught_errors(c), "\033[31mERROR: bad\033[0m\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_text, end_text)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain_values),
        TEST(composite_values),
        TEST(buffer_styles),
        TEST(texts),
        TEST(plain_maps),
        TEST(stack_maps),
        TEST(histograms),
        TEST(bars_are_cut_in_single_precision),
        TEST(time_series),
        TEST(time_series_of_equal_values),
        TEST(time_series_over_the_whole_range),
        TEST(start_and_end),
        TEST(trouble),
        TEST(script_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
