/*
 * test_diag.c - the text of messages (LANGUAGE.md 19.6)
 */
#include "base/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct sources sources;
    struct diags diags;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->diags = (struct diags){ .arena = &f->arena, .sources = &f->sources };
    source_add(&f->sources, &f->arena, STR("stdin"),
               STR("BEGIN { foo(); }\n\tEND\t{\n bar(\"\xc3\xa4\", $x); }\n"));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    arena_free(&f->arena);
    free(f);
    return 0;
}

static struct span span_of(struct fixture *f, const char *text)
{
    const struct source *s = f->sources.all.v[0];
    const char *at = strstr(s->text.p, text);

    assert_non_null(at);
    return (struct span){ (uint32_t)(at - s->text.p), (uint32_t)(at - s->text.p + strlen(text)) };
}

static void printed(const struct fixture *f, bool warnings, bool colour, const char *expected)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    diag_print(&f->diags, file, warnings, colour);
    fclose(file);
    assert_string_equal(text, expected);
    free(text);
}

static void test_error(void **state)
{
    struct fixture *f = *state;

    diag_error(&f->diags, span_of(f, "foo"), "unknown function '%s'", "foo");
    printed(f, true, false,
            "stdin:1:9-12: ERROR: unknown function 'foo'\n"
            "BEGIN { foo(); }\n"
            "        ~~~\n");
    assert_int_equal(f->diags.errors, 1);
    assert_int_equal(f->diags.warnings, 0);
}

static void test_tabs(void **state)
{
    struct fixture *f = *state;

    diag_error(&f->diags, span_of(f, "END\t{"), "tabs");
    diag_error(&f->diags, span_of(f, "$x"), "umlaut");
    printed(f, true, false,
            "stdin:2:2-7: ERROR: tabs\n"
            "    END    {\n"
            "    ~~~~~~~~\n"
            "stdin:3:12-14: ERROR: umlaut\n"
            " bar(\"\xc3\xa4\", $x); }\n"
            "          ~~\n");
}

static void test_lines(void **state)
{
    struct fixture *f = *state;

    diag_error(&f->diags, span_of(f, "foo(); }\n\tEND"), "two lines");
    printed(f, true, false,
            "stdin:1-2: ERROR: two lines\n"
            "BEGIN { foo(); }\n"
            "    END    {\n");
}

static void test_extras(void **state)
{
    struct fixture *f = *state;
    struct diag *d = diag_error(&f->diags, span_of(f, "foo"), "wrong");

    diag_note(&f->diags, d, span_of(f, "bar"), "%s was here", "first");
    diag_hint(&f->diags, d, "try %d", 1);
    printed(f, true, false,
            "stdin:1:9-12: ERROR: wrong\n"
            "BEGIN { foo(); }\n"
            "        ~~~\n"
            "stdin:3:2-5: first was here\n"
            " bar(\"\xc3\xa4\", $x); }\n"
            " ~~~\n"
            "HINT: try 1\n");
    assert_null(diag_error(&f->diags, span_of(f, "foo"), "wrong")); /* said before */
    diag_hint(&f->diags, NULL, "goes nowhere");
    diag_note(&f->diags, NULL, SPAN_NONE, "goes nowhere");
    assert_int_equal(f->diags.errors, 1);
    assert_non_null(diag_error(&f->diags, span_of(f, "bar"), "wrong"));
    assert_non_null(diag_warn(&f->diags, span_of(f, "foo"), "wrong"));
    assert_int_equal(f->diags.errors, 2);
    assert_int_equal(f->diags.warnings, 1);
}

static void test_order(void **state)
{
    struct fixture *f = *state;

    diag_warn(&f->diags, SPAN_NONE, "careful");
    diag_error(&f->diags, SPAN_NONE, "broken %d", 1);
    diag_warn(&f->diags, SPAN_NONE, "again");
    diag_error(&f->diags, SPAN_NONE, "broken %d", 2);
    printed(f, true, false, "ERROR: broken 1\nERROR: broken 2\nWARNING: careful\nWARNING: again\n");
    printed(f, false, false, "ERROR: broken 1\nERROR: broken 2\n");
}

static void test_colour(void **state)
{
    struct fixture *f = *state;
    struct diag *d = diag_error(&f->diags, span_of(f, "foo"), "red");

    diag_hint(&f->diags, d, "plain");
    diag_note(&f->diags, d, span_of(f, "BEGIN"), "plain");
    diag_warn(&f->diags, SPAN_NONE, "yellow");
    printed(f, true, true,
            "\033[31mstdin:1:9-12: ERROR: red\033[0m\n"
            "BEGIN { foo(); }\n"
            "        ~~~\n"
            "HINT: plain\n"
            "stdin:1:1-6: plain\n"
            "BEGIN { foo(); }\n"
            "~~~~~\n"
            "\033[33mWARNING: yellow\033[0m\n");
}

static void test_end(void **state)
{
    struct fixture *f = *state;
    uint32_t end = (uint32_t)f->sources.all.v[0]->text.n;

    diag_error(&f->diags, (struct span){ end, end }, "unexpected end");
    printed(f, true, false, "stdin:4:1-2: ERROR: unexpected end\n\n~\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tabs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_extras, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_colour, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
