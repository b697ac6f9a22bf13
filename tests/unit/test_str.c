/*
 * test_str.c - slices, numbers, patterns, guesses, the growing buffer, hash maps and vectors
 */
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_compare(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), STR("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(STR(""), (struct str){ NULL, 0 }));
    assert_true(str_eqz(STR("x"), "x"));
    assert_true(str_eqz(STR(""), NULL));
    assert_true(str_eq_nocase(STR("BEGIN"), STR("begin")));
    assert_false(str_eq_nocase(STR("BEGIN"), STR("began")));
    assert_true(str_starts(STR("kprobe:f"), STR("kprobe:")));
    assert_false(str_starts(STR("k"), STR("kprobe")));
    assert_true(str_ends(STR("a.bt"), STR(".bt")));
    assert_false(str_ends(STR("bt"), STR(".bt")));
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("b"), STR("a")) > 0);
    assert_true(str_cmp(STR("a"), STR("aa")) < 0);
    assert_true(str_cmp(STR("aa"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR("a"), STR("a")), 0);
    assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
    assert_true(str_hash(STR("a")) != str_hash(STR("b")));
}

static void test_cut(void **state)
{
    struct str nothing = { NULL, 0 };

    (void)state;
    assert_true(str_eqz(str_sub(STR("hello"), 1, 3), "el"));
    assert_true(str_eqz(str_sub(STR("hello"), 3, 99), "lo"));
    assert_int_equal(str_sub(STR("hello"), 4, 2).n, 0);
    assert_int_equal(str_sub(nothing, 0, 5).n, 0);
    assert_true(str_eqz(str_trim(STR(" \t a b\r\n")), "a b"));
    assert_int_equal(str_trim(STR("  ")).n, 0);
    assert_int_equal(str_find(STR("a:b:c"), ':'), 1);
    assert_int_equal(str_find(STR("abc"), ':'), -1);
    assert_int_equal(str_find(nothing, ':'), -1);
    assert_true(str_contains(STR("hello"), STR("ell")));
    assert_true(str_contains(nothing, nothing));
    assert_false(str_contains(STR("hello"), STR("elo")));
    assert_false(str_contains(STR("a"), STR("ab")));
}

static void glob(const char *pattern, const char *text, bool expected)
{
    if (str_glob(str_from(pattern), str_from(text)) != expected)
        fail_msg("'%s' and '%s'", pattern, text);
}

static void test_glob(void **state)
{
    char many_stars[201], many_as[2001];

    (void)state;
    glob("", "", true);
    glob("", "a", false);
    glob("*", "", true);
    glob("*", "anything", true);
    glob("vfs_*", "vfs_read", true);
    glob("vfs_*", "xvfs_read", false);
    glob("*_read", "vfs_read", true);
    glob("*_read", "vfs_readv", false);
    glob("v*s*d", "vfs_read", true);
    glob("v**d", "vfs_read", true);
    glob("a*b*c", "aXbYbZc", true);
    glob("a*bc", "abcbd", false);
    glob("vfs_[rw]*", "vfs_write", true);
    glob("vfs_[rw]*", "vfs_open", false);
    glob("x[a-c]y", "xby", true);
    glob("x[a-c]y", "xdy", false);
    glob("x[!a-c]y", "xdy", true);
    glob("x[!a-c]y", "xay", false);
    glob("x[]a]y", "x]y", true);
    glob("x[a-]y", "x-y", true);
    glob("x[", "x[", true);
    glob("x[ab", "x[ab", true);
    glob("x[ab", "xa", false);
    glob("*[0-9]", "cpu12", true);
    glob("abc", "abc", true);
    glob("abc", "abcd", false);
    glob("abcd", "abc", false);

    for (size_t i = 0; i < sizeof(many_stars) - 1; i += 2)
        memcpy(many_stars + i, "a*", 2);
    many_stars[sizeof(many_stars) - 2] = 'b'; /* the worst case must end soon */
    many_stars[sizeof(many_stars) - 1] = '\0';
    memset(many_as, 'a', sizeof(many_as) - 1);
    many_as[sizeof(many_as) - 1] = '\0';
    glob(many_stars, many_as, false);

    assert_true(str_is_glob(STR("a*")));
    assert_true(str_is_glob(STR("a[bc]")));
    assert_false(str_is_glob(STR("a[bc")));
    assert_false(str_is_glob(STR("abc")));
}

static void number(const char *text, uint64_t expected)
{
    const char *why = NULL;
    uint64_t value;

    if (!str_to_u64(str_from(text), true, &value, &why))
        fail_msg("'%s': %s", text, why);
    if (value != expected)
        fail_msg("'%s' is %ju", text, (uintmax_t)value);
}

static void no_number(const char *text, const char *part)
{
    const char *why = NULL;
    uint64_t value = 77;

    if (str_to_u64(str_from(text), false, &value, &why))
        fail_msg("'%s' was accepted as %ju", text, (uintmax_t)value);
    if (!str_contains(str_from(why), str_from(part)))
        fail_msg("'%s': %s", text, why);
    assert_int_equal(value, 77);
    assert_false(str_to_u64(str_from(text), false, &value, NULL));
}

static void test_number(void **state)
{
    (void)state;
    number("0", 0);
    number("123", 123);
    number("1_000_000", 1000000);
    number("18446744073709551615", UINT64_MAX);
    number("0x1F", 31);
    number("0XfF", 255);
    number("0xffff_ffff", 0xffffffff);
    number("0xffffffffffffffff", UINT64_MAX);
    number("0x5e5", 1509);
    number("0755", 0755);
    number("00", 0);
    number("0b101", 5);
    number("1e6", 1000000);
    number("5e9", 5000000000);
    number("1e1_0", 10000000000);
    number("1e19", 10000000000000000000u);
    number("10u", 10);
    number("10UL", 10);
    number("10ull", 10);
    number("10ll", 10);
    number("0x10l", 16);
    number("4294967295u", 4294967295);
    number("9223372036854775807ll", INT64_MAX);
    number("3ns", 3);
    number("3us", 3000);
    number("3ms", 3000000);
    number("3s", 3000000000);
    number("3m", 180000000000);
    number("3h", 10800000000000);
    number("3d", 259200000000000);
    number("1e3s", 1000000000000);
    no_number("", "expected a number");
    no_number("abc", "expected a number");
    no_number("-1", "expected a number");
    no_number("_1", "expected a number");
    no_number("1_", "'_' must stand between");
    no_number("1_ms", "'_' must stand between");
    no_number("0x", "expected a digit");
    no_number("0x_1", "expected a digit");
    no_number("0b1", "binary");
    no_number("089", "does not fit the base");
    no_number("1lul", "unknown suffix");
    no_number("1ulll", "unknown suffix");
    no_number("1MS", "unknown suffix");
    no_number("1 ", "unknown suffix");
    no_number("1.5", "unknown suffix");
    no_number("18446744073709551616", "too large");
    no_number("0x10000000000000000", "too large");
    no_number("4294967296u", "too large for the suffix 'u'");
    no_number("9223372036854775808l", "signed suffix");
    no_number("18446744073709551615us", "too large");
    no_number("300000d", "too large");
    no_number("12e3", "one digit from 1 to 9");
    no_number("0e3", "one digit from 1 to 9");
    no_number("1e0", "must not begin with 0");
    no_number("1e", "expected an exponent");
    no_number("1e-3", "expected an exponent");
    no_number("2e19", "too large");
    no_number("1e99999999999999999999", "too large");
}

static void guess(const char *word, const char *expected)
{
    static const char *const names[] = { "printf", "print", "count", "kstack", "ustack",
                                         "pid",    "comm",  "nsecs", "BEGIN" };
    struct str_guess g = { .word = str_from(word) };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        str_guess_try(&g, str_from(names[i]));
    if (str_guess_ok(&g) != (expected != NULL))
        fail_msg("'%s': '%.*s'", word, STRF(g.best));
    if (expected)
        assert_true(str_eqz(g.best, expected));
}

static void test_guess(void **state)
{
    char longest[300];

    (void)state;
    guess("prinft", "printf");
    guess("cuont", "count");
    guess("comn", "comm");
    guess("nsec", "nsecs");
    guess("begin", "BEGIN");
    guess("stack", "kstack");
    guess("pod", "pid");
    guess("x", NULL);
    guess("", NULL);
    guess("something", NULL);
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    guess(longest, NULL);
}

static void test_buf(void **state)
{
    struct buf b = { 0 };
    char big[1000];

    (void)state;
    assert_string_equal(buf_as_str(&b).p, "");
    buf_clear(&b);
    buf_str(&b, STR("abc"));
    buf_putc(&b, '-');
    buf_puts(&b, "def");
    buf_fill(&b, '.', 3);
    buf_printf(&b, "%d", 42);
    buf_printf(&b, "%s", "");
    assert_string_equal(b.p, "abc-def...42");
    assert_int_equal(b.n, strlen(b.p));
    buf_clear(&b);
    assert_string_equal(b.p, "");
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    for (int i = 0; i < 5; i++)
        buf_printf(&b, "%s", big);
    assert_int_equal(b.n, 5 * 999);
    assert_int_equal(strlen(b.p), 5 * 999);
    buf_add(&b, NULL, 0);
    buf_free(&b);
    assert_null(b.p);
}

static void test_map(void **state)
{
    struct arena a = { 0 };
    struct map m = { 0 };
    static int values[1000];

    (void)state;
    assert_null(map_get(&m, STR("x")));
    for (int i = 0; i < 1000; i++)
        map_set(&m, str_printf(&a, "key%d", i), &values[i]);
    assert_int_equal(m.n, 1000);
    for (int i = 0; i < 1000; i++)
        assert_ptr_equal(map_get(&m, str_printf(&a, "key%d", i)), &values[i]);
    assert_null(map_get(&m, STR("key1000")));
    map_set(&m, STR("key7"), &values[8]);
    assert_int_equal(m.n, 1000);
    assert_ptr_equal(map_get(&m, STR("key7")), &values[8]);
    map_set(&m, STR(""), &values[1]);
    assert_ptr_equal(map_get(&m, (struct str){ NULL, 0 }), &values[1]);
    map_free(&m);
    assert_int_equal(m.n, 0);
    arena_free(&a);
}

static void test_vec(void **state)
{
    struct pair {
        int a, b;
    };
    VEC(struct pair) heap = { 0 };
    VEC(int) kept = { 0 };
    struct arena a = { 0 };

    (void)state;
    for (int i = 0; i < 100; i++) {
        vec_push(&heap, (struct pair){ i, -i });
        arena_vec_push(&a, &kept, i);
    }
    assert_int_equal(heap.n, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(heap.v[i].b, -i);
        assert_int_equal(kept.v[i], i);
    }
    vec_free(&heap);
    assert_null(heap.v);
    assert_int_equal(heap.cap, 0);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare), cmocka_unit_test(test_cut),   cmocka_unit_test(test_glob),
        cmocka_unit_test(test_number),  cmocka_unit_test(test_guess), cmocka_unit_test(test_buf),
        cmocka_unit_test(test_map),     cmocka_unit_test(test_vec),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
