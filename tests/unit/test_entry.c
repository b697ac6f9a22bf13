/*
 * test_entry.c - an entry of the cache gives back what was put in, and nothing once it was touched
 */
#include "image/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct buf make(void)
{
    struct buf b = { 0 };

    buf_puts(&b, "what stood there before");
    entry_pack(&b, STR("the key"), STR("a\0b\0"), STR("\177ELF and so on"));
    return b;
}

static bool opens(struct str entry, const char *key)
{
    struct str deps, elf;

    return entry_unpack(entry, str_from(key), &deps, &elf);
}

static void test_whole(void **state)
{
    struct buf b = make();
    struct str deps, elf;

    (void)state;
    assert_true(entry_unpack(buf_as_str(&b), STR("the key"), &deps, &elf));
    assert_true(str_eq(deps, STR("a\0b\0")));
    assert_true(str_eq(elf, STR("\177ELF and so on")));
    buf_free(&b);
}

static void test_other_key(void **state)
{
    struct buf b = make();

    (void)state;
    assert_false(opens(buf_as_str(&b), "the kez"));
    assert_false(opens(buf_as_str(&b), "the key and more"));
    assert_false(opens(buf_as_str(&b), ""));
    buf_free(&b);
}

static void test_cut_anywhere(void **state)
{
    struct buf b = make();

    (void)state;
    for (size_t n = 0; n < b.n; n++)
        assert_false(opens(str_sub(buf_as_str(&b), 0, n), "the key"));
    buf_putc(&b, 'x');
    assert_false(opens(buf_as_str(&b), "the key"));
    buf_free(&b);
}

static void test_any_bit_changed(void **state)
{
    struct buf b = make();

    (void)state;
    for (size_t i = 0; i < b.n * 8; i++) {
        b.p[i / 8] ^= (char)(1 << i % 8);
        assert_false(opens(buf_as_str(&b), "the key"));
        b.p[i / 8] ^= (char)(1 << i % 8);
    }
    assert_true(opens(buf_as_str(&b), "the key"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_other_key),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_any_bit_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
