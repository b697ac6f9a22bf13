/*
 * test_type.c - interning, layout of tuples, names, promotion, lazily read structs
 */
#include "types/type.h"
#include "types/value_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;
static struct types *types;

static uint32_t stack_size(const uint64_t param[4])
{
    return (uint32_t)(8 + 8 * param[0]);
}

static uint32_t some_buckets(const struct type *t)
{
    return (uint32_t)t->param[0];
}

static const struct value_kind sum_kind = {
    .name = "sum_t", .size = 8, .align = 8, .aggregate = true, .castable = true
};
static const struct value_kind hist_kind = {
    .name = "hist_t", .size = 8, .align = 8, .aggregate = true, .buckets = some_buckets
};
static const struct value_kind mac_kind = {
    .name = "macaddr_t", .size = 6, .align = 1, .tuple_bytes = true
};
static const struct value_kind stack_kind = { .name = "kstack", .align = 8, .size_of = stack_size };

static int setup(void **state)
{
    (void)state;
    memset(&arena, 0, sizeof(arena));
    types = types_new(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const struct type *opaque(const struct value_kind *vk, uint64_t a, uint64_t b)
{
    return type_opaque(types, vk, (const uint64_t[4]){ a, b });
}

static const struct type *i(unsigned size)
{
    return type_int(types, size, true);
}

static const struct type *u(unsigned size)
{
    return type_int(types, size, false);
}

static const struct type *flex(unsigned size)
{
    return type_flex_int(types, size);
}

#define TUPLE(...)                                                                                 \
    type_tuple(types, (const struct type *const[]){ __VA_ARGS__ },                                 \
               sizeof((const struct type *const[]){ __VA_ARGS__ }) / sizeof(struct type *))

static const struct type *record(const char *n1, const struct type *t1, const char *n2,
                                 const struct type *t2)
{
    return type_record(types, (const struct str[]){ str_from(n1), str_from(n2) },
                       (const struct type *const[]){ t1, t2 }, 2);
}

static void test_interned(void **state)
{
    const struct type *all[3000];

    (void)state;
    assert_ptr_equal(i(4), i(4));
    assert_ptr_not_equal(i(4), u(4));
    assert_ptr_not_equal(i(4), flex(4));
    assert_ptr_not_equal(i(1), type_char(types));
    assert_ptr_equal(type_ptr(types, i(4)), type_ptr(types, i(4)));
    assert_ptr_not_equal(type_ptr(types, i(4)), type_ptr(types, u(4)));
    assert_ptr_equal(type_array(types, i(4), 3), type_array(types, i(4), 3));
    assert_ptr_not_equal(type_array(types, i(4), 3), type_array(types, i(4), 4));
    assert_ptr_equal(TUPLE(i(1), u(8)), TUPLE(i(1), u(8)));
    assert_ptr_not_equal(TUPLE(i(1), u(8)), TUPLE(u(8), i(1)));
    assert_ptr_equal(record("a", i(4), "b", u(4)), record("a", i(4), "b", u(4)));
    assert_ptr_not_equal(record("a", i(4), "b", u(4)), record("b", i(4), "a", u(4)));
    assert_ptr_not_equal(record("a", i(4), "b", u(4)), TUPLE(i(4), u(4)));
    assert_ptr_equal(opaque(&sum_kind, 1, 0), opaque(&sum_kind, 1, 0));
    assert_ptr_not_equal(opaque(&sum_kind, 1, 0), opaque(&sum_kind, 0, 0));
    assert_ptr_not_equal(opaque(&sum_kind, 1, 0), opaque(&hist_kind, 1, 0));
    assert_ptr_equal(types_arena(types), &arena);
    for (uint32_t n = 0; n < ARRAY_LEN(all); n++)
        all[n] = type_string(types, n + 1);
    for (uint32_t n = 0; n < ARRAY_LEN(all); n++)
        assert_ptr_equal(type_string(types, n + 1), all[n]);
}

static void test_sizes(void **state)
{
    const struct type *t;
    size_t n;

    (void)state;
    assert_int_equal(type_bool(types)->size, 1);
    assert_int_equal(type_ptr(types, type_none(types))->size, 8);
    assert_int_equal(type_array(types, u(2), 5)->size, 10);
    assert_int_equal(type_array(types, u(2), 5)->align, 2);
    assert_int_equal(type_array(types, u(8), UINT32_MAX)->kind, TYPE_ERROR);
    assert_int_equal(type_buffer(types, 60)->size, 64);
    assert_int_equal(type_buffer(types, 0)->size, 0);
    assert_int_equal(opaque(&stack_kind, 10, 0)->size, 88);
    assert_int_equal(opaque(&mac_kind, 0, 0)->size, 6);

    t = TUPLE(i(1), type_string(types, 5), i(2), u(8), opaque(&mac_kind, 0, 0), i(4));
    assert_int_equal(type_fields(types, t, &n)[1].offset, 1);
    assert_int_equal(n, 6);
    assert_int_equal(t->fields[2].offset, 6);
    assert_int_equal(t->fields[3].offset, 8);
    assert_int_equal(t->fields[4].offset, 16);
    assert_int_equal(t->fields[5].offset, 24);
    assert_int_equal(t->size, 32);
    assert_int_equal(t->align, 8);
    assert_int_equal(TUPLE(i(1), type_array(types, i(2), 3))->size, 8);
    assert_int_equal(TUPLE(i(1), type_buffer(types, 3))->size, 8);
    assert_int_equal(TUPLE(i(1), opaque(&stack_kind, 2, 0))->size, 32);
    assert_int_equal(TUPLE(i(1), TUPLE(i(2), i(1)))->size, 6);
    assert_int_equal(type_tuple(types, NULL, 0)->size, 0);
    assert_int_equal(type_tuple_align(type_bool(types)), 1);
    assert_int_equal(type_tuple_align(type_none(types)), 1);

    assert_true(type_is_integral(type_bool(types)));
    assert_false(type_is_integral(type_ptr(types, i(4))));
    assert_true(type_is_scalar(type_ptr(types, i(4))));
    assert_false(type_is_scalar(type_string(types, 4)));
    assert_true(type_is_signed(i(4)));
    assert_false(type_is_signed(u(4)));
    assert_false(type_is_signed(type_bool(types)));
    assert_false(type_is_complete(type_none(types)));
    assert_false(type_is_complete(type_string(types, 0)));
    assert_true(type_is_complete(type_string(types, 1)));
}

static void named(const struct type *t, const char *expected)
{
    assert_string_equal(type_name(&arena, t).p, expected);
}

static void test_names(void **state)
{
    const struct type *s = type_struct(types, STR("file"), false, NULL, 0);

    (void)state;
    named(i(8), "int64");
    named(u(1), "uint8");
    named(flex(2), "int16");
    named(type_char(types), "int8");
    named(type_bool(types), "bool");
    named(type_none(types), "void");
    named(type_string(types, 16), "string[16]");
    named(type_string(types, 0), "string");
    named(type_buffer(types, 64), "buffer[64]");
    named(type_buffer(types, 0), "buffer");
    named(s, "struct file");
    named(type_ptr(types, s), "struct file *");
    named(type_ptr(types, type_ptr(types, s)), "struct file **");
    named(type_ptr(types, type_none(types)), "void *");
    named(type_struct(types, STR("u"), true, NULL, 0), "union u");
    named(type_struct(types, STR(""), false, NULL, 1), "struct (anonymous)");
    named(type_enum(types, STR("E"), 4, false, NULL, 0), "enum E");
    named(type_array(types, i(4), 4), "int32[4]");
    named(type_array(types, type_array(types, i(4), 3), 2), "int32[2][3]");
    named(type_ptr(types, type_array(types, i(4), 3)), "int32[3] *");
    named(type_ptr(types, type_func(types, i(4))), "int32 (*)()");
    named(TUPLE(i(8), type_string(types, 5)), "(int64,string[5])");
    named(type_tuple(types, NULL, 0), "()");
    named(record("a", i(8), "b", TUPLE(i(1))), "(a=int64,b=(int8))");
    named(opaque(&sum_kind, 0, 0), "sum_t");
}

static void basic(const char *name, const struct type *expected)
{
    assert_ptr_equal(type_basic(types, str_from(name)), expected);
}

static void test_basic(void **state)
{
    (void)state;
    basic("int8", i(1));
    basic("uint64", u(8));
    basic("bool", type_bool(types));
    basic("void", type_none(types));
    basic("char", type_char(types));
    basic("string", type_string(types, 0));
    basic("buffer", type_buffer(types, 0));
    basic("int", i(4));
    basic("unsigned", u(4));
    basic("long", i(8));
    basic("u8", u(1));
    basic("__s32", i(4));
    basic("size_t", u(8));
    basic("pid_t", i(4));
    basic("uid_t", u(4));
    basic("uintptr_t", u(8));
    basic("int16_t", i(2));
    basic("struct", NULL);
    basic("", NULL);
    assert_int_equal(type_basic(types, STR("string"))->size, 0);
}

/* Both ways round, unless the result depends on the order. */
static void promotes(const struct type *a, const struct type *b, const struct type *expected,
                     bool lossy)
{
    bool l = false, r = false;
    const struct type *ab = type_promote(types, a, b, &l), *ba = type_promote(types, b, a, &r);

    if (ab != expected || ba != expected || l != lossy || r != lossy)
        fail_msg("%s and %s: %s%s, expected %s%s", type_name(&arena, a).p, type_name(&arena, b).p,
                 ab ? type_name(&arena, ab).p : "mismatch", l ? " (lossy)" : "",
                 expected ? type_name(&arena, expected).p : "mismatch", lossy ? " (lossy)" : "");
    assert_ptr_equal(type_promote(types, a, b, NULL), expected);
}

static void test_promote_ints(void **state)
{
    const struct type *e = type_enum(types, STR("E"), 4, false, NULL, 0);
    const struct type *other = type_enum(types, STR("F"), 4, true, NULL, 0);

    (void)state;
    promotes(i(4), i(4), i(4), false);
    promotes(i(1), i(8), i(8), false);
    promotes(u(2), u(4), u(4), false);
    promotes(u(4), flex(1), u(4), false);
    promotes(u(1), flex(4), u(4), false);
    promotes(i(1), flex(2), i(2), false);
    promotes(flex(1), flex(4), flex(4), false);
    promotes(i(8), u(4), i(8), false);
    promotes(i(4), u(4), i(8), false);
    promotes(i(1), u(4), i(8), false);
    promotes(i(1), u(1), i(2), false);
    promotes(i(8), u(8), i(8), true);
    promotes(i(1), u(8), i(8), true);
    promotes(type_char(types), u(1), i(2), false);
    promotes(type_char(types), i(1), i(1), false);
    promotes(e, e, e, false);
    promotes(e, i(4), i(8), false);
    promotes(e, other, i(8), false);
    promotes(e, flex(1), u(4), false);
    promotes(type_bool(types), type_bool(types), type_bool(types), false);
    promotes(type_bool(types), i(4), NULL, false);
    promotes(type_bool(types), flex(1), NULL, false);
    promotes(i(4), type_ptr(types, i(4)), NULL, false);
}

static void test_promote_others(void **state)
{
    const struct type *s = type_struct(types, STR("s"), false, NULL, 0);
    const struct type *none = type_none(types), *error = type_error(types);
    const struct type *ab = record("a", i(4), "b", u(1));

    (void)state;
    promotes(type_string(types, 4), type_string(types, 16), type_string(types, 16), false);
    promotes(type_string(types, 4), i(4), NULL, false);
    promotes(type_string(types, 4), type_buffer(types, 4), NULL, false);
    promotes(type_buffer(types, 4), type_buffer(types, 8), type_buffer(types, 8), false);
    promotes(TUPLE(i(1), type_string(types, 2)), TUPLE(u(4), type_string(types, 9)),
             TUPLE(i(8), type_string(types, 9)), false);
    promotes(TUPLE(i(8)), TUPLE(u(8)), TUPLE(i(8)), true);
    promotes(TUPLE(i(1)), TUPLE(i(1), i(1)), NULL, false);
    promotes(TUPLE(i(1)), TUPLE(type_bool(types)), NULL, false);
    assert_ptr_equal(type_promote(types, ab, record("b", u(4), "a", i(8)), NULL),
                     record("a", i(8), "b", u(4)));
    promotes(ab, record("a", i(4), "c", u(1)), NULL, false);
    promotes(ab, TUPLE(i(4), u(1)), NULL, false);
    promotes(type_ptr(types, s), type_ptr(types, s), type_ptr(types, s), false);
    promotes(type_ptr(types, i(4)), type_ptr(types, i(8)), type_ptr(types, i(8)), false);
    promotes(type_ptr(types, i(4)), type_ptr(types, s), NULL, false);
    promotes(type_ptr(types, none), type_ptr(types, s), NULL, false);
    promotes(type_array(types, i(4), 2), type_array(types, i(4), 3), NULL, false);
    promotes(s, type_struct(types, STR("t"), false, NULL, 0), NULL, false);
    promotes(none, none, none, false);
    promotes(none, i(4), NULL, false);
    promotes(error, i(4), i(4), false);
    promotes(error, error, error, false);
    promotes(error, none, none, false);
    promotes(opaque(&sum_kind, 0, 0), opaque(&sum_kind, 1, 0), opaque(&sum_kind, 1, 0), false);
    promotes(opaque(&sum_kind, 0, 1), opaque(&sum_kind, 1, 2), NULL, false);
    promotes(opaque(&hist_kind, 0, 0), opaque(&hist_kind, 1, 0), NULL, false);
    promotes(opaque(&stack_kind, 5, 0), opaque(&stack_kind, 6, 0), NULL, false);
    promotes(opaque(&stack_kind, 5, 0), opaque(&stack_kind, 5, 0), opaque(&stack_kind, 5, 0),
             false);
    promotes(opaque(&sum_kind, 0, 0), i(8), NULL, false);
}

static void test_literals(void **state)
{
    (void)state;
    assert_ptr_equal(type_of_literal(types, 0, false), flex(1));
    assert_ptr_equal(type_of_literal(types, 127, false), flex(1));
    assert_ptr_equal(type_of_literal(types, 128, false), flex(2));
    assert_ptr_equal(type_of_literal(types, 32768, false), flex(4));
    assert_ptr_equal(type_of_literal(types, 0x80000000, false), flex(8));
    assert_ptr_equal(type_of_literal(types, INT64_MAX, false), flex(8));
    assert_ptr_equal(type_of_literal(types, UINT64_MAX, false), u(8));
    assert_ptr_equal(type_of_literal(types, 1, true), i(1));
    assert_ptr_equal(type_of_literal(types, 128, true), i(1));
    assert_ptr_equal(type_of_literal(types, 129, true), i(2));
    assert_ptr_equal(type_of_literal(types, (uint64_t)-128, true), i(1));
    assert_ptr_equal(type_of_literal(types, (uint64_t)-129, true), i(2));
    assert_ptr_equal(type_of_literal(types, (uint64_t)INT64_MIN, true), i(8));
    assert_ptr_equal(type_settle(types, flex(2)), i(2));
    assert_ptr_equal(type_settle(types, u(2)), u(2));
    assert_ptr_equal(type_settle(types, TUPLE(flex(1), TUPLE(flex(2)))), TUPLE(i(1), TUPLE(i(2))));
    assert_ptr_equal(type_settle(types, record("a", flex(1), "b", u(1))),
                     record("a", i(1), "b", u(1)));
}

/* ---- structs that are read when asked for ---- */

static void load(void *ctx, uint64_t id, struct types *all, struct type *t)
{
    struct field fields[] = {
        { .name = STR("next"), .type = type_ptr(all, t), .offset = 0 },
        { .name = STR("pid"), .type = type_int(all, 4, true), .offset = 8 },
    };
    size_t n;

    assert_int_equal(id, 7);
    ++*(int *)ctx;
    type_fields(all, t, &n); /* asking while loading must end */
    assert_int_equal(n, 0);
    type_define_struct(all, t, fields, 2, 16, 8);
}

static void test_lazy(void **state)
{
    int loads = 0;
    const struct type_loader loader = { &loads, load };
    struct type *t = type_struct(types, STR("task"), false, &loader, 7);
    struct field f;
    size_t n;

    (void)state;
    assert_ptr_equal(type_struct(types, STR("task"), false, &loader, 8), t);
    assert_ptr_not_equal(type_struct(types, STR("task"), false, NULL, 7), t);
    assert_ptr_not_equal(type_struct(types, STR("task"), true, &loader, 7), t);
    assert_ptr_not_equal(type_struct(types, STR(""), false, &loader, 1),
                         type_struct(types, STR(""), false, &loader, 2));
    assert_ptr_equal(type_struct(types, STR(""), false, &loader, 1),
                     type_struct(types, STR(""), false, &loader, 1));
    assert_false(type_is_complete(t));
    assert_int_equal(loads, 0);
    assert_true(type_find_field(types, t, STR("pid"), &f));
    assert_int_equal(f.offset, 8);
    assert_false(type_find_field(types, t, STR("gone"), &f));
    assert_true(type_is_complete(t));
    assert_string_equal(type_fields(types, t, &n)[0].name.p, "next");
    assert_int_equal(n, 2);
    assert_int_equal(loads, 1);
}

static void test_fields(void **state)
{
    struct type *inner = type_struct(types, STR(""), true, NULL, 1);
    struct type *outer = type_struct(types, STR("outer"), false, NULL, 0);
    struct type *e = type_enum(types, STR("E"), 4, true, NULL, 0);
    struct enumerator values[] = { { STR("A"), 1 }, { STR("B"), (uint64_t)-1 } };
    struct field in[] = { { .name = STR("x"), .type = u(4) },
                          { .name = STR("y"), .type = u(8), .offset = 4 } };
    struct field out[] = { { .name = STR("a"), .type = u(8) },
                           { .name = STR(""), .type = inner, .offset = 8 } };
    struct field f;
    size_t n;

    (void)state;
    assert_false(type_is_complete(inner));
    type_define_struct(types, inner, in, 2, 12, 4);
    type_define_struct(types, outer, out, 2, 24, 8);
    assert_true(type_find_field(types, outer, STR("y"), &f));
    assert_int_equal(f.offset, 12);
    assert_false(type_find_field(types, outer, STR(""), &f));
    assert_false(type_find_field(types, TUPLE(i(4)), STR("x"), &f));
    type_define_enum(types, e, values, 2);
    assert_int_equal(type_enumerators(types, e, &n)[1].value, (uint64_t)-1);
    assert_int_equal(n, 2);
    assert_string_equal(type_enum_name(types, e, (uint64_t)-1), "B");
    assert_null(type_enum_name(types, e, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_interned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_basic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_promote_ints, setup, teardown),
        cmocka_unit_test_setup_teardown(test_promote_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_literals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lazy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
