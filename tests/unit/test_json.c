/*
 * test_json.c - the lines of JSON mode, byte by byte (LANGUAGE.md 18)
 */
#include "tests/unit/output_help.h"

static int begin_json(void **state)
{
    struct catcher *c = calloc(1, sizeof(*c));

    catch_begin(c, "json");
    *state = c;
    return 0;
}

static int end_json(void **state)
{
    catch_end(*state);
    free(*state);
    return 0;
}

/* Only what stands behind "data", so that tests show what they are about. */
static const char *data(struct catcher *c, const struct value *v)
{
    static const char head[] = "{\"type\": \"value\", \"data\": ";
    char *line;
    size_t n;

    c->out->ops->value(c->out, v);
    line = arena_strdup(&c->a, caught_stream(c));
    n = strlen(line);
    assert_true(n > 2 && strcmp(line + n - 2, "}\n") == 0);
    line[n - 2] = '\0';
    assert_memory_equal(line, head, sizeof(head) - 1);
    return line + sizeof(head) - 1;
}

static const char *map_line(struct catcher *c, const char *name, const struct value *v)
{
    c->out->ops->map(c->out, str_from(name), v);
    return caught_stream(c);
}

static void run_lines(void **state)
{
    struct catcher *c = *state;
    struct out *o = c->out;

    o->ops->attached(o, 2);
    assert_string_equal(
        caught_stream(c),
        "{\"type\": \"attached_probes\", \"count\": 2, \"data\": {\"probes\": 2}}\n");
    o->ops->lost(o, 9);
    assert_string_equal(caught_stream(c),
                        "{\"type\": \"lost_events\", \"count\": 9, \"data\": {\"events\": 9}}\n");
    o->ops->end(o);
    assert_string_equal(caught_stream(c), "");
    assert_string_equal(caught_errors(c), "");
    o->ops->attached(o, 0);
    assert_string_equal(caught_stream(c), "");
    assert_string_equal(caught_errors(c), "No probes to attach\n");
    o->quiet = true;
    o->ops->attached(o, 2);
    o->ops->attached(o, 0);
    assert_string_equal(caught_stream(c), "");
    assert_string_equal(caught_errors(c), "");
}

static void texts(void **state)
{
    struct catcher *c = *state;
    struct out *o = c->out;

    o->ops->text(o, OUT_PRINTF, STR("hello\n"));
    assert_string_equal(caught_stream(c), "{\"type\": \"printf\", \"data\": \"hello\\n\"}\n");
    o->ops->text(o, OUT_TIME, STR("10:00:01\n"));
    assert_string_equal(caught_stream(c), "{\"type\": \"time\", \"data\": \"10:00:01\\n\"}\n");
    o->ops->text(o, OUT_CAT, STR("a\tb"));
    assert_string_equal(caught_stream(c), "{\"type\": \"cat\", \"data\": \"a\\tb\"}\n");
    o->ops->text(o, OUT_JOIN, STR("ls -l\n"));
    assert_string_equal(caught_stream(c), "{\"type\": \"join\", \"data\": \"ls -l\"}\n");
    o->ops->text(o, OUT_SYSTEM, STR("x\n\n"));
    assert_string_equal(caught_stream(c), "{\"type\": \"syscall\", \"data\": \"x\\n\"}\n");
}

static void numbers(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    struct value *known = value_new(a, VALUE_ENUM);

    known->num = 1;
    known->text = STR("MODE_FAST");
    assert_string_equal(data(c, value_int(a, -5)), "-5");
    assert_string_equal(data(c, value_uint(a, 0)), "0");
    assert_string_equal(data(c, value_uint(a, 9007199254740991)), "9007199254740991");
    assert_string_equal(data(c, value_uint(a, 9007199254740992)), "9007199254740992");
    assert_string_equal(data(c, value_uint(a, 9007199254740993)), "\"9007199254740993\"");
    assert_string_equal(data(c, value_uint(a, 9007199254740994)), "9007199254740994");
    assert_string_equal(data(c, value_uint(a, UINT64_C(1) << 63)), "9223372036854775808");
    assert_string_equal(data(c, value_uint(a, UINT64_MAX)), "\"18446744073709551615\"");
    assert_string_equal(data(c, value_int(a, -9007199254740992)), "-9007199254740992");
    assert_string_equal(data(c, value_int(a, -9007199254740993)), "\"-9007199254740993\"");
    assert_string_equal(data(c, value_int(a, INT64_MAX)), "\"9223372036854775807\"");
    assert_string_equal(data(c, value_int(a, INT64_MIN)), "-9223372036854775808");
    assert_string_equal(data(c, number(a, VALUE_PTR, 0x1000)), "4096");
    assert_string_equal(data(c, number(a, VALUE_PTR, 0xffff888003a1c000)), "18446612682130964480");
    assert_string_equal(data(c, number(a, VALUE_PTR, 0xffff888003a1c001)),
                        "\"18446612682130964481\"");
    assert_string_equal(data(c, known), "1");
    assert_string_equal(data(c, number(a, VALUE_ENUM, (uint64_t)-1)), "-1");
    assert_string_equal(data(c, number(a, VALUE_BOOL, 1)), "true");
    assert_string_equal(data(c, number(a, VALUE_BOOL, 0)), "false");
    assert_string_equal(data(c, value_none()), "null");
}

static void strings(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;

    assert_string_equal(data(c, string(a, "")), "\"\"");
    assert_string_equal(data(c, string(a, "\"\\\n\r\t/")), "\"\\\"\\\\\\n\\r\\t/\"");
    assert_string_equal(data(c, string(a, "\x01\x08\x1b\x1f\x7f")),
                        "\"\\u0001\\u0008\\u001b\\u001f\x7f\"");
    assert_string_equal(data(c, value_str(a, VALUE_STRING, STR("a\0b"))), "\"a\\u0000b\"");
    assert_string_equal(data(c, named(a, VALUE_STACK, "\n        main+4\n")),
                        "\"\\n        main+4\\n\"");
    assert_string_equal(data(c, named(a, VALUE_SYMBOL, "::1")), "\"::1\"");
}

static void utf8(void **state)
{
    static const char *const good[] = {
        "\xc2\x80",         "\xc3\xa4",         "\xdf\xbf",         "\xe0\xa0\x80",
        "\xe2\x82\xac",     "\xed\x9f\xbf",     "\xee\x80\x80",     "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf",
    };
    static const struct {
        const char *bytes, *json;
    } bad[] = {
        { "\x80", "\"\\u0080\"" },
        { "a\xff"
          "b",
          "\"a\\u00ffb\"" },
        { "\xc3", "\"\\u00c3\"" }, /* cut off, as by the size of a string */
        { "\xe2\x82", "\"\\u00e2\\u0082\"" },
        { "\xc3(", "\"\\u00c3(\"" },
        { "\xc0\xaf", "\"\\u00c0\\u00af\"" }, /* longer than needed */
        { "\xc1\xbf", "\"\\u00c1\\u00bf\"" },
        { "\xe0\x9f\xbf", "\"\\u00e0\\u009f\\u00bf\"" },
        { "\xf0\x8f\xbf\xbf", "\"\\u00f0\\u008f\\u00bf\\u00bf\"" },
        { "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"" },            /* half of a pair */
        { "\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"" }, /* past the last */
        { "\xf8\x88\x80\x80\x80", "\"\\u00f8\\u0088\\u0080\\u0080\\u0080\"" },
        { "\xff\xc3\xa4", "\"\\u00ff\xc3\xa4\"" },
    };
    struct catcher *c = *state;

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_string_equal(data(c, string(&c->a, good[i])),
                            arena_printf(&c->a, "\"%s\"", good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_string_equal(data(c, string(&c->a, bad[i].bytes)), bad[i].json);
    /* The text ends before the character does, though the bytes go on. */
    assert_string_equal(data(c, value_str(&c->a, VALUE_STRING, (struct str){ "\xe2\x82\xac", 2 })),
                        "\"\\u00e2\\u0082\"");
}

static void composites(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    const struct value *one = value_int(a, 1), *two = value_int(a, 2);
    const struct value *pair = ITEMS(a, VALUE_LIST, one, two);

    assert_string_equal(data(c, ITEMS(a, VALUE_TUPLE, one, string(a, "a"))), "[1,\"a\"]");
    assert_string_equal(
        data(c, ITEMS(a, VALUE_TUPLE, ITEMS(a, VALUE_TUPLE, one, pair), value_none())),
        "[[1,[1,2]],null]");
    assert_string_equal(data(c, value_new(a, VALUE_TUPLE)), "[]");
    assert_string_equal(data(c, value_new(a, VALUE_LIST)), "[]");
    assert_string_equal(data(c, value_new(a, VALUE_RECORD)), "{}");
    assert_string_equal(data(c, RECORD(a, VALUE_RECORD, "id pos", value_int(a, 7),
                                       RECORD(a, VALUE_RECORD, "x y", one, pair))),
                        "{\"id\": 7, \"pos\": {\"x\": 1, \"y\": [1,2]}}");
    assert_string_equal(data(c, named(a, VALUE_BYTES, "h\x7f\x80\xff")), "[104,127,-128,-1]");
    assert_string_equal(data(c, named(a, VALUE_BYTES, "")), "[]");
    assert_string_equal(data(c, stats(a, 3, 2, 6)), "{\"count\": 3, \"average\": 2, \"total\": 6}");
}

static void plain_maps(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;

    assert_string_equal(map_line(c, "@n", scalar_map(a, value_uint(a, 12))),
                        "{\"type\": \"map\", \"data\": {\"@n\": 12}}\n");
    assert_string_equal(
        map_line(c, "@name",
                 KEYED(a, string(a, "bash"), value_int(a, 3), string(a, "sshd"), value_int(a, 7))),
        "{\"type\": \"map\", \"data\": {\"@name\": {\"bash\": 3, \"sshd\": 7}}}\n");
    assert_string_equal(map_line(c, "@t", scalar_map(a, ITEMS(a, VALUE_TUPLE, value_int(a, 1)))),
                        "{\"type\": \"map\", \"data\": {\"@t\": [1]}}\n");
    assert_string_equal(map_line(c, "@e", keyed_map(a, 0, NULL)), "");
}

static void keys(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    const struct value *one = value_int(a, 1);
    const struct value *inner = ITEMS(a, VALUE_TUPLE, one, string(a, "x y"));

    assert_string_equal(
        map_line(c, "@", KEYED(a, ITEMS(a, VALUE_TUPLE, one, string(a, "a b")), one)),
        "{\"type\": \"map\", \"data\": {\"@\": {\"1,ab\": 1}}}\n");
    assert_string_equal(
        map_line(c, "@",
                 KEYED(a, value_int(a, -1), one, ITEMS(a, VALUE_TUPLE, one, inner), one,
                       RECORD(a, VALUE_RECORD, "a", one), one, string(a, "q\"\n"), one,
                       named(a, VALUE_STACK, "\n        f+1\n        g+2\n"), one, string(a, ""),
                       one, number(a, VALUE_PTR, 16), one, number(a, VALUE_BOOL, 1), one)),
        "{\"type\": \"map\", \"data\": {\"@\": {\"-1\": 1, \"1,(1,xy)\": 1, \"{.a=1}\": 1, "
        "\"q\\\"\\n\": 1, \"\\nf+1\\ng+2\\n\": 1, \"\": 1, \"0x10\": 1, \"true\": 1}}}\n");
}

static void histograms(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    const struct hist_linear linear = { 5, 15, 10 };

    assert_string_equal(map_line(c, "@h",
                                 scalar_map(a, BUCKETS(a, hist_log2_bucket(a, 0, 3, 1),
                                                       hist_log2_bucket(a, 0, 4, 5)))),
                        "{\"type\": \"hist\", \"data\": {\"@h\": [{\"min\": 2, \"max\": 3, "
                        "\"count\": 1},{\"min\": 4, \"max\": 7, \"count\": 5}]}}\n");
    assert_string_equal(
        map_line(c, "@h",
                 KEYED(a, string(a, "k"),
                       BUCKETS(a, hist_log2_bucket(a, 0, 0, 2), hist_log2_bucket(a, 0, 1, 3)))),
        "{\"type\": \"hist\", \"data\": {\"@h\": {\"k\": [{\"max\": -1, \"count\": 2},"
        "{\"min\": 0, \"max\": 0, \"count\": 3}]}}}\n");
    assert_string_equal(map_line(c, "@l",
                                 scalar_map(a, BUCKETS(a, hist_linear_bucket(a, &linear, 0, 1),
                                                       hist_linear_bucket(a, &linear, 1, 2),
                                                       hist_linear_bucket(a, &linear, 2, 3)))),
                        "{\"type\": \"hist\", \"data\": {\"@l\": [{\"max\": 4, \"count\": 1},"
                        "{\"min\": 5, \"max\": 14, \"count\": 2},{\"min\": 15, \"count\": 3}]}}\n");
    assert_string_equal(
        map_line(c, "@h", scalar_map(a, BUCKETS(a, hist_log2_bucket(a, 0, 64, UINT64_MAX)))),
        "{\"type\": \"hist\", \"data\": {\"@h\": [{\"min\": 4611686018427387904, "
        "\"max\": \"9223372036854775807\", \"count\": \"18446744073709551615\"}]}}\n");
    assert_string_equal(map_line(c, "@h", scalar_map(a, buckets(a, 0, NULL))),
                        "{\"type\": \"hist\", \"data\": {\"@h\": []}}\n");
}

static void stats_maps(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;
    struct value *average = value_new(a, VALUE_INT);

    average->num = 2;
    average->as_avg = true;
    assert_string_equal(map_line(c, "@s", scalar_map(a, stats(a, 3, 2, 6))),
                        "{\"type\": \"stats\", \"data\": {\"@s\": {\"count\": 3, \"average\": 2, "
                        "\"total\": 6}}}\n");
    assert_string_equal(map_line(c, "@s", KEYED(a, string(a, "k"), stats(a, 3, 2, 6))),
                        "{\"type\": \"stats\", \"data\": {\"@s\": {\"k\": {\"count\": 3, "
                        "\"average\": 2, \"total\": 6}}}}\n");
    assert_string_equal(map_line(c, "@a", scalar_map(a, average)),
                        "{\"type\": \"stats\", \"data\": {\"@a\": 2}}\n");
    assert_string_equal(map_line(c, "@a", KEYED(a, value_int(a, 1), average)),
                        "{\"type\": \"stats\", \"data\": {\"@a\": {\"1\": 2}}}\n");
}

static void time_series(void **state)
{
    struct catcher *c = *state;
    struct arena *a = &c->a;

    assert_string_equal(
        map_line(c, "@t",
                 scalar_map(a, SERIES(a, "hh:mm:ss.ms",
                                      { .start = STR("2026-01-02T10:00:00.100000000"),
                                        .has_value = true,
                                        .value = 9 }))),
        "{\"type\": \"tseries\", \"data\": {\"@t\": "
        "[{\"interval_start\":\"2026-01-02T10:00:00.100000000\",\"value\":9}]}}\n");
    assert_string_equal(
        map_line(
            c, "@t",
            KEYED(
                a, string(a, "k"),
                SERIES(a, "", { .start = STR("a"), .has_value = true, .value = -1 },
                       { .start = STR("b") },
                       { .start = STR("c"), .has_value = true, .is_signed = true, .value = -1 }))),
        "{\"type\": \"tseries\", \"data\": {\"@t\": {\"k\": "
        "[{\"interval_start\":\"a\",\"value\":\"18446744073709551615\"},"
        "{\"interval_start\":\"b\",\"value\":null},{\"interval_start\":\"c\",\"value\":-1}]}}}\n");
}

static void messages(void **state)
{
    static const struct location at = {
        .file = { "stdin", 5 },
        .line = 1,
        .col = 9,
        .line_end = 1,
        .col_end = 22,
    };
    struct catcher *c = *state;
    struct out *o = c->out;

    o->ops->message(o, SEVERITY_ERROR, &at, STR("bad 3"));
    assert_string_equal(caught_stream(c), "{\"type\": \"errorf\", \"msg\": \"bad 3\", "
                                          "\"filename\": \"stdin\", \"line\": 1, \"col\": 9}\n");
    o->ops->message(o, SEVERITY_WARNING, &at, STR("odd"));
    assert_string_equal(caught_stream(c), "{\"type\": \"warnf\", \"msg\": \"odd\", "
                                          "\"filename\": \"stdin\", \"line\": 1, \"col\": 9}\n");
    o->ops->trouble(o, &at, STR("No such file or directory"), "map_delete_elem", -2, 3);
    assert_string_equal(
        caught_stream(c),
        "{\"type\": \"helper_error\", \"msg\": \"No such file or directory\", "
        "\"helper\": \"map_delete_elem\", \"retcode\": -2, \"filename\": \"stdin\", \"line\": 1, "
        "\"col\": 9}\n");
    o->ops->trouble(o, &at, STR("Division by zero"), NULL, 0, 1);
    assert_string_equal(caught_stream(c),
                        "{\"type\": \"runtime_error\", \"msg\": \"Division by zero\", "
                        "\"filename\": \"stdin\", \"line\": 1, \"col\": 9}\n");
    o->ops->trouble(o, NULL, STR("x"), NULL, 0, 1);
    assert_string_equal(caught_stream(c), "{\"type\": \"runtime_error\", \"msg\": \"x\"}\n");
    o->warnings = false;
    o->ops->trouble(o, &at, STR("x"), NULL, 0, 1);
    o->ops->message(o, SEVERITY_WARNING, &at, STR("odd"));
    assert_string_equal(caught_stream(c), "");
    o->ops->message(o, SEVERITY_ERROR, NULL, STR("bad"));
    assert_string_equal(caught_stream(c), "{\"type\": \"errorf\", \"msg\": \"bad\"}\n");
    assert_string_equal(caught_errors(c), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_json, end_json)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(run_lines),  TEST(texts),      TEST(numbers),     TEST(strings),
        TEST(utf8),       TEST(composites), TEST(plain_maps),  TEST(keys),
        TEST(histograms), TEST(stats_maps), TEST(time_series), TEST(messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
