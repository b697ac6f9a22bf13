/*
 * test_source.c - spans to lines and columns, over several texts in one space of offsets
 */
#include "base/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;
static struct sources sources;

static int setup(void **state)
{
    (void)state;
    memset(&arena, 0, sizeof(arena));
    memset(&sources, 0, sizeof(sources));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct location locate(uint32_t begin, uint32_t end)
{
    struct location loc;

    assert_true(source_locate(&sources, (struct span){ begin, end }, &loc));
    return loc;
}

static void located(uint32_t begin, uint32_t end, const char *expected)
{
    struct location loc = locate(begin, end);
    char *got = arena_printf(&arena, "%.*s:%u:%u-%u:%u |%.*s|", STRF(loc.file), loc.line, loc.col,
                             loc.line_end, loc.col_end, STRF(loc.text));

    assert_string_equal(got, expected);
}

static void test_one(void **state)
{
    (void)state;
    source_add(&sources, &arena, STR("x"), STR("abc def\nghi\n\nlast"));
    located(0, 3, "x:1:1-1:4 |abc def|");
    located(4, 7, "x:1:5-1:8 |abc def|");
    located(4, 8, "x:1:5-1:8 |abc def|"); /* the line break included */
    located(7, 8, "x:1:8-1:9 |abc def|"); /* only the line break */
    located(8, 11, "x:2:1-2:4 |ghi|");
    located(12, 13, "x:3:1-3:2 ||");
    located(13, 17, "x:4:1-4:5 |last|");
    located(17, 17, "x:4:5-4:6 |last|"); /* the end of the text */
    located(8, 8, "x:2:1-2:2 |ghi|");
    located(4, 10, "x:1:5-2:3 |abc def\nghi|");
    located(0, 17, "x:1:1-4:5 |abc def\nghi\n\nlast|");
    located(8, 13, "x:2:1-2:4 |ghi|"); /* empty lines at the end do not count */
    located(13, 999, "x:4:1-4:5 |last|");
    located(9, 2, "x:2:2-2:3 |ghi|"); /* the wrong way round */
}

static void test_several(void **state)
{
    struct source *a, *b, *c;

    (void)state;
    a = source_add(&sources, &arena, STR("a"), STR("one"));
    b = source_add(&sources, &arena, STR("b"), STR(""));
    c = source_add(&sources, &arena, STR("c"), STR("two\r\nthree\r\n"));
    assert_int_equal(a->base, 0);
    assert_int_equal(a->text.p[a->text.n], '\0');
    assert_ptr_equal(source_of(&sources, (struct span){ 3, 3 }), a);
    assert_ptr_equal(source_of(&sources, (struct span){ b->base, b->base }), b);
    assert_ptr_equal(source_of(&sources, (struct span){ c->base, c->base }), c);
    located(c->base + 5, c->base + 10, "c:2:1-2:6 |three|");
    located(c->base, c->base + 3, "c:1:1-1:4 |two|");
    assert_true(str_eqz(source_text(&sources, (struct span){ c->base + 1, c->base + 3 }), "wo"));
    assert_true(str_eqz(source_text(&sources, (struct span){ 1, 99 }), "ne"));
    assert_int_equal(source_text(&sources, (struct span){ 2, 1 }).n, 0);
}

static void test_none(void **state)
{
    struct location loc;
    struct span joined;

    (void)state;
    assert_true(span_is_none(SPAN_NONE));
    assert_null(source_of(&sources, SPAN_NONE));
    assert_false(source_locate(&sources, SPAN_NONE, &loc));
    assert_false(source_locate(&sources, (struct span){ 5, 6 }, &loc));
    assert_int_equal(source_text(&sources, SPAN_NONE).n, 0);
    joined = span_join((struct span){ 3, 5 }, (struct span){ 8, 9 });
    assert_int_equal(joined.begin, 3);
    assert_int_equal(joined.end, 9);
    joined = span_join(SPAN_NONE, (struct span){ 8, 9 });
    assert_int_equal(joined.begin, 8);
    joined = span_join((struct span){ 3, 5 }, SPAN_NONE);
    assert_int_equal(joined.end, 5);
    assert_null(source_add(&sources, &arena, STR("huge"), (struct str){ "x", UINT32_MAX }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several, setup, teardown),
        cmocka_unit_test_setup_teardown(test_none, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
