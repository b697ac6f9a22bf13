/*
 * test_arena.c - memory of an arena: aligned, zeroed, kept until it is rewound; and struct err
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_alloc(void **state)
{
    static const char zeros[100000];
    struct arena a = { 0 };
    unsigned char *all[200];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        size_t size = i * 37 % 5000;

        all[i] = arena_alloc(&a, size);
        assert_int_equal((uintptr_t)all[i] % alignof(max_align_t), 0);
        assert_memory_equal(all[i], zeros, size);
        memset(all[i], (int)i, size);
    }
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        for (size_t k = 0; k < i * 37 % 5000; k++)
            assert_int_equal(all[i][k], i);
    }
    assert_memory_equal(arena_alloc(&a, sizeof(zeros)), zeros, sizeof(zeros));
    assert_non_null(arena_alloc(&a, 0));
    arena_free(&a);
    assert_null(a.last);
    arena_free(&a);
}

static void test_text(void **state)
{
    struct arena a = { 0 };
    char big[1000];
    struct str s;

    (void)state;
    assert_string_equal(arena_strdup(&a, "hello"), "hello");
    assert_string_equal(arena_printf(&a, "%s=%d", "x", 42), "x=42");
    assert_memory_equal(arena_memdup(&a, "a\0b", 3), "a\0b", 3);
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    assert_string_equal(arena_printf(&a, "%s", big), big);
    s = str_dup(&a, (struct str){ "hello", 4 });
    assert_string_equal(s.p, "hell");
    assert_string_equal(str_dup(&a, (struct str){ NULL, 0 }).p, "");
    assert_string_equal(str_printf(&a, "%03d", 7).p, "007");
    assert_string_equal(str_from(NULL).p, "");
    arena_free(&a);
}

static void test_rewind(void **state)
{
    static const char zeros[10000];
    struct arena a = { 0 };
    struct arena_mark start = arena_mark(&a), middle;
    struct arena_block *block;
    char *kept;

    (void)state;
    kept = arena_strdup(&a, "kept");
    middle = arena_mark(&a);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 20; i++)
            memset(arena_alloc(&a, 3000), 0xaa, 3000);
        arena_rewind(&a, middle);
        assert_string_equal(kept, "kept");
    }
    assert_memory_equal(arena_alloc(&a, 10000), zeros, 10000); /* reused memory is zeroed too */
    arena_rewind(&a, start);
    block = a.last;
    assert_non_null(block);
    memset(arena_alloc(&a, 100), 0xaa, 100);
    assert_ptr_equal(a.last, block); /* one block stayed */
    arena_rewind(&a, start);
    assert_memory_equal(arena_alloc(&a, 100), zeros, 100);
    arena_rewind(&a, arena_mark(&a));
    arena_free(&a);
}

static void test_err(void **state)
{
    struct err e = { 0 };
    char big[2000];

    (void)state;
    err_hint(&e, "stale");
    assert_int_equal(err_set(&e, -ENOENT, "no %s", "file"), -ENOENT);
    assert_string_equal(e.text, "no file");
    assert_string_equal(e.hint, "");
    err_hint(&e, "create %d", 1);
    assert_int_equal(err_prefix(&e, -EIO, "%s: ", "open"), -EIO);
    assert_string_equal(e.text, "open: no file");
    assert_string_equal(e.hint, "create 1");
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    err_prefix(&e, -1, "%s", big);
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    assert_int_equal(err_set(NULL, -EINVAL, "unseen"), -EINVAL);
    assert_int_equal(err_prefix(NULL, -EINVAL, "unseen"), -EINVAL);
    err_hint(NULL, "unseen");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_err),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
