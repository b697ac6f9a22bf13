/*
 * test_format.c - formats taken apart, filled in and checked (LANGUAGE.md 16)
 */
#include "tests/unit/output_help.h"

#include "builtins/format.h"
#include "sema/sema.h"
#include "sema/call.h"

/* A format with its values, as the text printf() makes of it. */
static const char *render(struct arena *a, const char *format, size_t n,
                          const struct value *const *values)
{
    struct str rest = str_from(format);
    struct format_piece piece;
    struct buf b = { 0 };
    const char *text;
    size_t i = 0;

    while (format_next(&rest, &piece)) {
        if (!piece.conv)
            buf_str(&b, piece.text);
        else
            format_value(&b, &piece, i < n ? values[i] : NULL);
        i += piece.conv != 0;
    }
    text = str_dup(a, buf_as_str(&b)).p;
    buf_free(&b);
    return text;
}

#define NUM(n) number(&a, VALUE_INT, (uint64_t)(n))
#define CHECK(want, format, ...)                                                                   \
    assert_string_equal(render(&a, format, COUNT(__VA_ARGS__), VALUES(__VA_ARGS__)), want)
#define CHECK_TEXT(want, format) assert_string_equal(render(&a, format, 0, NULL), want)

static void plain_text(void **state)
{
    struct arena a = { 0 };

    (void)state;
    CHECK_TEXT("", "");
    CHECK_TEXT("hello\n", "hello\n");
    CHECK_TEXT("100%\n", "100%\n");
    CHECK_TEXT("%", "%");
    CHECK_TEXT("%", "%%");
    CHECK_TEXT("%%", "%%%");
    CHECK_TEXT("a%b", "a%%b");
    CHECK_TEXT("%y %B %k", "%y %B %k");
    CHECK_TEXT("%0-5", "%0-5");
    CHECK_TEXT("%ll", "%ll");
    CHECK_TEXT("%5%", "%5%");
    CHECK_TEXT("%-", "%-");
    CHECK_TEXT("%.", "%.");
    CHECK_TEXT("%.y", "%.y");
    CHECK_TEXT("\033[31mred\033[0m", "\033[31mred\033[0m");
    CHECK("%0-5d 7", "%0-5d %d", NUM(7)); /* flags in another order */
    CHECK("%y 7", "%y %d", NUM(7));
    CHECK("%.d 7", "%.d %d", NUM(7));
    arena_free(&a);
}

static void takes_apart(void **state)
{
    struct str rest = STR("a%-+ #012.*lldb");
    struct format_piece p;

    (void)state;
    assert_true(format_next(&rest, &p));
    assert_int_equal(p.conv, 0);
    assert_true(str_eqz(p.text, "a"));
    assert_true(format_next(&rest, &p));
    assert_int_equal(p.conv, 'd');
    assert_true(str_eqz(p.text, "%-+ #012.*lld"));
    assert_true(p.left && p.plus && p.alternate && p.zero && !p.unsupported);
    assert_int_equal(p.width, 12);
    assert_int_equal(p.size, 8);
    assert_true(format_next(&rest, &p));
    assert_true(str_eqz(p.text, "b"));
    assert_false(format_next(&rest, &p));

    rest = STR("%99999999999999999999s");
    assert_true(format_next(&rest, &p));
    assert_int_equal(p.width, FORMAT_WIDTH);

    rest = (struct str){ "%d", 1 }; /* what stands behind the end is not looked at */
    assert_true(format_next(&rest, &p));
    assert_int_equal(p.conv, 0);
    rest = (struct str){ "%l\0d", 4 };
    assert_true(format_next(&rest, &p));
    assert_int_equal(p.conv, 0);
}

static void lengths(void **state)
{
    struct arena a = { 0 };

    (void)state;
    CHECK("0", "%d", NUM(INT64_C(1) << 40));
    CHECK("1099511627776", "%ld", NUM(INT64_C(1) << 40));
    CHECK("1099511627776", "%lld", NUM(INT64_C(1) << 40));
    CHECK("1099511627776", "%jd", NUM(INT64_C(1) << 40));
    CHECK("1099511627776", "%zd", NUM(INT64_C(1) << 40));
    CHECK("1099511627776", "%td", NUM(INT64_C(1) << 40));
    CHECK("1099511627776", "%Ld", NUM(INT64_C(1) << 40));
    CHECK("78abcdef", "%x", NUM(0x12345678abcdef));
    CHECK("12345678abcdef", "%lx", NUM(0x12345678abcdef));
    CHECK("44", "%hhd", NUM(300));
    CHECK("-1", "%hhd", NUM(255));
    CHECK("4464", "%hd", NUM(70000));
    CHECK("ff ffff ffffffff ffffffffffffffff", "%hhx %hx %x %lx", NUM(-1), NUM(-1), NUM(-1),
          NUM(-1));
    CHECK("-1", "%ld", number(&a, VALUE_UINT, UINT64_MAX));
    CHECK("18446744073709551615", "%lu", number(&a, VALUE_UINT, UINT64_MAX));
    CHECK("4294967295", "%u", NUM(-1));
    CHECK("-9223372036854775808", "%ld", NUM(INT64_MIN));
    CHECK("1777777777777777777777", "%lo", NUM(-1));
    arena_free(&a);
}

static void flags(void **state)
{
    struct arena a = { 0 };

    (void)state;
    CHECK("[    7] [7    ] [00007]", "[%5d] [%-5d] [%05d]", NUM(7), NUM(7), NUM(7));
    CHECK("[-0003] [   -3] [-3   ]", "[%05d] [%5d] [%-05d]", NUM(-3), NUM(-3), NUM(-3));
    CHECK("[+5] [-5] [+0] [+0005] [   +5]", "[%+d] [%+i] [%+d] [%+05d] [%+5d]", NUM(5), NUM(-5),
          NUM(0), NUM(5), NUM(5));
    CHECK("5 5", "%+u %+x", NUM(5), NUM(5));
    CHECK("5", "% d", NUM(5));
    CHECK("[0xff] [0XFF] [010] [0] [0]", "[%#x] [%#X] [%#o] [%#x] [%#o]", NUM(255), NUM(255),
          NUM(8), NUM(0), NUM(0));
    CHECK("[  0xff] [0x00ff] [0xff  ]", "[%#6x] [%#06x] [%-#6x]", NUM(255), NUM(255), NUM(255));
    CHECK("7 7", "%*d %.3d", NUM(7), NUM(7));
    CHECK("12345", "%2d", NUM(12345));
    CHECK("[A] [    B] [C    ]", "[%c] [%5c] [%-5c]", NUM(65), NUM(66), NUM(67 + 256));
    CHECK("0 0x1000 0xffffffffffffffff", "%p %p %p", number(&a, VALUE_PTR, 0),
          number(&a, VALUE_PTR, 4096), number(&a, VALUE_PTR, UINT64_MAX));
    CHECK("[  0x1000] [0x1000  ]", "[%8p] [%-8p]", number(&a, VALUE_PTR, 4096),
          number(&a, VALUE_PTR, 4096));
    arena_free(&a);
}

static void any_value(void **state)
{
    struct arena a = { 0 };
    const struct value *tuple = ITEMS(&a, VALUE_TUPLE, NUM(1), string(&a, "x"));
    struct value *mode = value_new(&a, VALUE_ENUM);

    (void)state;
    mode->num = 2;
    mode->text = STR("FAST");
    CHECK("[ab] [   ab] [ab   ] [ab]", "[%s] [%5s] [%-5s] [%.1s]", string(&a, "ab"),
          string(&a, "ab"), string(&a, "ab"), string(&a, "ab"));
    CHECK("-7 [   12]", "%s [%5s]", NUM(-7), NUM(12));
    CHECK("true 1 0x10 FAST 2", "%s %d %s %s %d", number(&a, VALUE_BOOL, 1),
          number(&a, VALUE_BOOL, 1), number(&a, VALUE_PTR, 16), mode, mode);
    CHECK("(1, x)", "%s", tuple);
    CHECK("[    (1, x)]", "[%5s]", tuple); /* the width is the bracket's */
    CHECK("[(    1, x)]", "[%-5s]", tuple);
    CHECK("[  { .a = 1 }]", "[%3s]", RECORD(&a, VALUE_RECORD, "a", NUM(1)));
    CHECK("[  [1,2]]", "[%3s]", ITEMS(&a, VALUE_LIST, NUM(1), NUM(2)));
    CHECK("[   vfs_read]", "[%11s]", named(&a, VALUE_SYMBOL, "vfs_read"));
    arena_free(&a);
}

static void buffers(void **state)
{
    struct arena a = { 0 };
    const struct value *bytes = value_str(&a, VALUE_BYTES, (struct str){ "a\0\xff", 3 });

    (void)state;
    CHECK("a\\x00\\xff", "%r", bytes);
    CHECK("\\x61\\x00\\xff", "%rx", bytes);
    CHECK("61 00 ff", "%rh", bytes);
    CHECK("[  61 00 ff] [61 00 ff  ]", "[%10rh] [%-10rh]", bytes, bytes);
    CHECK("a\\x00\\xff", "%s", bytes);
    arena_free(&a);
}

static void allocation_flags(void **state)
{
    struct arena a = { 0 };

    (void)state;
    CHECK("0", "%gr", NUM(0));
    CHECK("GFP_KERNEL", "%gr", NUM(0xcc0));
    CHECK("GFP_ATOMIC", "%gr", NUM(0x820));
    CHECK("GFP_KERNEL|__GFP_ZERO", "%gr", NUM(0xdc0));
    CHECK("GFP_HIGHUSER_MOVABLE|__GFP_COMP", "%gr", NUM(0x140cca));
    CHECK("__GFP_IO|0x80000000", "%lgr", NUM(0x80000040));
    arena_free(&a);
}

static void damaged_records(void **state)
{
    struct arena a = { 0 };

    (void)state;
    CHECK_TEXT("!{no value}", "%d");
    CHECK("!{not a number}", "%d", string(&a, "x"));
    CHECK("!{not a buffer}", "%r", NUM(1));
    CHECK("!{unknown conversion}", "%f", NUM(1));
    CHECK("!{a whole map}", "%s", scalar_map(&a, NUM(1)));
    arena_free(&a);
}

/* ---- checks ---- */

struct checker {
    struct arena a;
    struct sources sources;
    struct diags diags;
    struct image *image;
    struct compile c;
    struct sema s;
    struct expr *args;
};

static void check_begin(struct checker *k)
{
    memset(k, 0, sizeof(*k));
    k->diags.arena = &k->a;
    k->diags.sources = &k->sources;
    k->image = image_new();
    k->c = (struct compile){ .arena = &k->a, .diags = &k->diags, .image = k->image };
    k->s.c = &k->c;
}

static void check_end(struct checker *k)
{
    image_free(k->image);
    arena_free(&k->a);
}

/* The n-th thing added stands at bytes 10 * n. */
static void add(struct checker *k, struct expr *e)
{
    unsigned n = 0;

    for (struct expr *other = k->args; other; other = other->next)
        n++;
    e->at = (struct span){ 10 * n, 10 * n + 5 };
    k->args = ast_expr_append(k->args, e);
}

static void add_arg(struct checker *k, const struct type *t)
{
    struct expr *e = ast_int(&k->a, SPAN_NONE, 0);

    e->type = t;
    add(k, e);
}

/* "" if the call is fine, else its first message; *at is where. */
static const char *check(struct checker *k, const char *format, size_t n,
                         const struct type *const *types, uint32_t *at)
{
    struct expr *call;
    bool ok;

    k->args = NULL;
    k->diags.all.n = 0;
    add(k, ast_string(&k->a, SPAN_NONE, str_from(format)));
    for (size_t i = 0; i < n; i++)
        add_arg(k, types[i]);
    call = ast_call(&k->a, (struct span){ 0, 99 }, STR("printf"), k->args, true);
    ok = format_check(&k->s, call);
    assert_int_equal(ok, k->diags.all.n == 0);
    if (ok)
        return "";
    *at = k->diags.all.v[0]->at.begin;
    return k->diags.all.v[0]->text.p;
}

#define TYPES(...)   ((const struct type *const[]){ __VA_ARGS__ })
#define N_TYPES(...) (sizeof(TYPES(__VA_ARGS__)) / sizeof(const struct type *))
#define ACCEPTS(format, ...)                                                                       \
    assert_string_equal(check(&k, format, N_TYPES(__VA_ARGS__), TYPES(__VA_ARGS__), &at), "")
#define REFUSES(where, text, format, ...)                                                          \
    do {                                                                                           \
        assert_string_equal(check(&k, format, N_TYPES(__VA_ARGS__), TYPES(__VA_ARGS__), &at),      \
                            text);                                                                 \
        assert_int_equal(at, where);                                                               \
    } while (0)

static void fitting_arguments(void **state)
{
    struct checker k;
    struct types *t;
    uint32_t at;

    (void)state;
    check_begin(&k);
    t = k.image->types;
    ACCEPTS("%d %i %u %x %X %o %c %p %gr\n", type_int(t, 8, true), type_int(t, 1, false),
            type_bool(t), type_int(t, 4, true), type_ptr(t, type_char(t)), type_int(t, 2, true),
            type_char(t), type_ptr(t, type_none(t)), type_int(t, 4, false));
    ACCEPTS("%s %s %s", type_string(t, 16), type_int(t, 8, true), type_buffer(t, 4));
    ACCEPTS("%r %rx %rh", type_buffer(t, 4), type_buffer(t, 4), type_buffer(t, 4));
    ACCEPTS("100%% %d %y", type_bool(t));
    check_end(&k);
}

static void wrong_arguments(void **state)
{
    struct checker k;
    struct types *t;
    const struct type *i, *s;
    uint32_t at;

    (void)state;
    check_begin(&k);
    t = k.image->types;
    i = type_int(t, 8, true);
    s = type_string(t, 16);
    REFUSES(0,
            "printf(): no argument for '%-5ld': the format has 2 conversions, the call 1 argument",
            "%d %-5ld", i);
    REFUSES(20,
            "printf(): no conversion for this argument: the format has 1 conversion, the call 2 "
            "arguments",
            "%d%%", i, i);
    REFUSES(0, "a format cannot have '%5.2f'", "%5.2f", i);
    REFUSES(0, "a format cannot have '%n'", "%d %n", i, i);
    REFUSES(20, "'%ld' expects an integer or a pointer, got string[16]", "%s %ld", i, s);
    REFUSES(10, "'%rx' expects a buffer, got string[16]", "%rx", s);
    check_end(&k);
}

static void too_many_arguments(void **state)
{
    const struct type *types[FORMAT_ARGS + 1];
    struct buf format = { 0 };
    struct checker k;
    uint32_t at;

    (void)state;
    check_begin(&k);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        types[i] = type_bool(k.image->types);
    for (size_t i = 0; i < FORMAT_ARGS; i++)
        buf_puts(&format, "%d");
    assert_string_equal(check(&k, format.p, FORMAT_ARGS, types, &at), "");
    buf_puts(&format, "%d");
    assert_string_equal(check(&k, format.p, FORMAT_ARGS + 1, types, &at),
                        "printf() takes at most 127 arguments after the format");
    buf_free(&format);
    check_end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text),
        cmocka_unit_test(takes_apart),
        cmocka_unit_test(lengths),
        cmocka_unit_test(flags),
        cmocka_unit_test(any_value),
        cmocka_unit_test(buffers),
        cmocka_unit_test(allocation_flags),
        cmocka_unit_test(damaged_records),
        cmocka_unit_test(fitting_arguments),
        cmocka_unit_test(wrong_arguments),
        cmocka_unit_test(too_many_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
