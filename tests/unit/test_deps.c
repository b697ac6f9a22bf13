/*
 * test_deps.c - files that were looked at: the same, changed, gone, come, replaced
 */
#include "base/deps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[] = "/tmp/hark-deps-XXXXXX";
static char a_path[64], b_path[64];

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fputs(text, f) < 0, 0);
    assert_int_equal(fclose(f), 0);
}

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(a_path, sizeof(a_path), "%s/a", dir);
    snprintf(b_path, sizeof(b_path), "%s/b", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(a_path);
    unlink(b_path);
    return rmdir(dir);
}

static int fresh(void **state)
{
    (void)state;
    unlink(b_path);
    write_file(a_path, "one");
    return 0;
}

static struct deps noted(const char *path)
{
    struct deps d = { 0 };

    deps_note(&d, path);
    return d;
}

static bool holds(const struct deps *d)
{
    return deps_hold(buf_as_str(&d->list));
}

static void test_same(void **state)
{
    struct deps d = noted(a_path);

    (void)state;
    deps_note(&d, "/proc/self/limits");
    deps_note(&d, dir);
    assert_true(holds(&d));
    assert_false(d.refused);
    deps_free(&d);
}

static void test_changed(void **state)
{
    struct deps d = noted(a_path);

    (void)state;
    write_file(a_path, "longer");
    assert_false(holds(&d));
    deps_free(&d);
}

static void test_gone(void **state)
{
    struct deps d = noted(a_path);

    (void)state;
    unlink(a_path);
    assert_false(holds(&d));
    deps_free(&d);
}

static void test_come(void **state)
{
    struct deps d = noted(b_path);

    (void)state;
    assert_true(holds(&d));
    write_file(b_path, "two");
    assert_false(holds(&d));
    deps_free(&d);
}

static void test_replaced(void **state)
{
    struct deps d = noted(a_path);

    (void)state;
    write_file(b_path, "one"); /* the same bytes, another file */
    assert_int_equal(rename(b_path, a_path), 0);
    assert_false(holds(&d));
    deps_free(&d);
}

static void test_first_note_counts(void **state)
{
    struct deps d = noted(a_path);

    (void)state;
    write_file(a_path, "longer");
    deps_note(&d, a_path);
    assert_false(holds(&d));
    deps_free(&d);
}

static void test_damaged_list(void **state)
{
    struct deps d = noted(a_path);

    (void)state;
    for (size_t n = 1; n < d.list.n; n++)
        assert_false(deps_hold(str_sub(buf_as_str(&d.list), 0, n)));
    deps_free(&d);
}

static void test_refused(void **state)
{
    struct deps d = { 0 };

    (void)state;
    deps_refuse(&d);
    assert_true(d.refused);
    deps_free(&d);
    d = noted("/dev/zero");
    assert_true(d.refused);
    deps_note(NULL, a_path);
    deps_refuse(NULL);
    deps_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_same, fresh),
        cmocka_unit_test_setup(test_changed, fresh),
        cmocka_unit_test_setup(test_gone, fresh),
        cmocka_unit_test_setup(test_come, fresh),
        cmocka_unit_test_setup(test_replaced, fresh),
        cmocka_unit_test_setup(test_first_note_counts, fresh),
        cmocka_unit_test_setup(test_damaged_list, fresh),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
