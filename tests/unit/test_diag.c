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

/* A line of `before` dots, the marked text, and `after` dots. */
static void mark_in_long_line(struct fixture *f, size_t before, const char *marked, size_t after)
{
    struct buf line = { 0 };
    const struct source *s;
    uint32_t begin;

    buf_fill(&line, '.', before);
    buf_puts(&line, marked);
    buf_fill(&line, '.', after);
    buf_putc(&line, '\n');
    s = source_add(&f->sources, &f->arena, STR("long"), buf_as_str(&line));
    buf_free(&line);
    begin = s->base + (uint32_t)before;
    diag_error(&f->diags, (struct span){ begin, begin + (uint32_t)strlen(marked) }, "here");
}

static void printed_long(const struct fixture *f, const char *first, const char *left,
                         size_t before, const char *marked, size_t after, const char *right,
                         size_t blanks, size_t marks)
{
    struct buf expected = { 0 };

    buf_printf(&expected, "%s: ERROR: here\n%s", first, left);
    buf_fill(&expected, '.', before);
    buf_puts(&expected, marked);
    buf_fill(&expected, '.', after);
    buf_printf(&expected, "%s\n", right);
    buf_fill(&expected, ' ', blanks);
    buf_fill(&expected, '~', marks);
    buf_putc(&expected, '\n');
    printed(f, true, false, expected.p);
    buf_free(&expected);
}

static void test_long_whole(void **state)
{
    mark_in_long_line(*state, 197, "foo", 0);
    printed_long(*state, "long:1:198-201", "", 197, "foo", 0, "", 197, 3);
}

static void test_long_begin(void **state)
{
    mark_in_long_line(*state, 0, "foo", 198);
    printed_long(*state, "long:1:1-4", "", 0, "foo", 157, "…", 0, 3);
}

static void test_long_middle(void **state)
{
    mark_in_long_line(*state, 500, "foo1", 500);
    printed_long(*state, "long:1:501-505", "…", 78, "foo1", 78, "…", 79, 4);
}

static void test_long_end(void **state)
{
    mark_in_long_line(*state, 500, "foo", 0);
    printed_long(*state, "long:1:501-504", "…", 157, "foo", 0, "", 158, 3);
}

/* Behind the last character of a long line. */
static void test_long_behind(void **state)
{
    mark_in_long_line(*state, 500, "", 0);
    printed_long(*state, "long:1:501-502", "…", 160, "", 0, "", 161, 1);
}

/* A marker wider than the window ends with it. */
static void test_long_marker(void **state)
{
    struct buf marked = { 0 };

    buf_fill(&marked, 'x', 300);
    mark_in_long_line(*state, 100, marked.p, 100);
    marked.p[140] = '\0';
    printed_long(*state, "long:1:101-401", "…", 20, marked.p, 0, "…", 21, 140);
    buf_free(&marked);
}

/* Wide glyphs are shown as a whole or not at all; the marker stays below its text. */
static void test_long_glyphs(void **state)
{
    struct fixture *f = *state;
    struct buf text = { 0 };
    uint32_t base;

    buf_fill(&text, '\1', 100);
    buf_puts(&text, "foo");
    buf_fill(&text, '\t', 100);
    base = source_add(&f->sources, &f->arena, STR("wide"), buf_as_str(&text))->base;
    buf_free(&text);
    diag_error(&f->diags, (struct span){ base + 100, base + 103 }, "here");
    buf_puts(&text, "wide:1:101-104: ERROR: here\n…");
    for (int i = 0; i < 19; i++)
        buf_puts(&text, "\\x01");
    buf_puts(&text, "foo");
    buf_fill(&text, ' ', 4 * 19);
    buf_puts(&text, "…\n");
    buf_fill(&text, ' ', 1 + 4 * 19);
    buf_puts(&text, "~~~\n");
    printed(f, true, false, text.p);
    buf_free(&text);
}

static void test_bytes(void **state)
{
    struct fixture *f = *state;
    const struct source *s = source_add(&f->sources, &f->arena, STR("bytes"),
                                        STR("\x1b[31m \xff\xc3 \xe2\x82\xac \xed\xa0\x80 x\n"
                                            "a\x7f\r\n\xc2\x85z\n"));

    diag_error(&f->diags, (struct span){ s->base + 6, s->base + 7 }, "invalid");
    diag_error(&f->diags, (struct span){ s->base + 10, s->base + 11 }, "inside");
    diag_error(&f->diags, (struct span){ s->base + 17, s->base + 18 }, "after");
    diag_error(&f->diags, (struct span){ s->base + 19, s->base + 25 }, "lines");
    printed(f, true, false,
            "bytes:1:7-8: ERROR: invalid\n"
            "\\x1b[31m \\xff\\xc3 \xe2\x82\xac \\xed\\xa0\\x80 x\n"
            "         ~~~~\n"
            "bytes:1:11-12: ERROR: inside\n"
            "\\x1b[31m \\xff\\xc3 \xe2\x82\xac \\xed\\xa0\\x80 x\n"
            "                  ~\n"
            "bytes:1:18-19: ERROR: after\n"
            "\\x1b[31m \\xff\\xc3 \xe2\x82\xac \\xed\\xa0\\x80 x\n"
            "                                 ~\n"
            "bytes:2-3: ERROR: lines\n"
            "a\\x7f\n"
            "\\xc2\\x85z\n");
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
        cmocka_unit_test_setup_teardown(test_long_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_begin, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_marker, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_glyphs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
