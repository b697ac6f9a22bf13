/*
 * test_decode.c - bytes of every kind of type become the values people read
 *
 * Buffers are allocated to the byte, so that a sanitizer sees every read behind them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "runtime/event.h"

#include <stdlib.h>
#include <string.h>

struct test {
    struct image *image;
    struct types *types;
    struct decode d;
};

static int set_up(void **state)
{
    struct test *t = xcalloc(1, sizeof(*t));

    t->image = image_new();
    t->types = t->image->types;
    t->d = (struct decode){ .image = t->image, .arena = &t->image->arena };
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct test *t = *state;

    image_free(t->image);
    free(t);
    return 0;
}

/* Decodes a copy of exactly type->size bytes and compares the text. */
static void reads(struct test *t, const struct type *type, const void *bytes, const char *text)
{
    void *copy = malloc(type->size ? type->size : 1);
    struct buf b = { 0 };

    memcpy(copy, bytes, type->size);
    value_text(&b, decode_value(&t->d, type, copy));
    if (strcmp(b.p ? b.p : "", text) != 0)
        fail_msg("'%s' instead of '%s'", b.p, text);
    buf_free(&b);
    free(copy);
}

#define READS(t, type, text, ...)                                                                  \
    reads((t), (type), (const uint8_t[]){ __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0 }, (text))

static void integers(void **state)
{
    struct test *t = *state;
    const uint64_t big = UINT64_MAX;
    const int32_t negative = -7;

    READS(t, type_int(t->types, 1, true), "-1", 0xff);
    READS(t, type_int(t->types, 1, false), "255", 0xff);
    READS(t, type_char(t->types), "65", 'A');
    READS(t, type_int(t->types, 2, true), "-2", 0xfe, 0xff);
    READS(t, type_int(t->types, 2, false), "65534", 0xfe, 0xff);
    reads(t, type_int(t->types, 4, true), &negative, "-7");
    reads(t, type_int(t->types, 4, false), &negative, "4294967289");
    reads(t, type_int(t->types, 8, true), &big, "-1");
    reads(t, type_int(t->types, 8, false), &big, "18446744073709551615");
    READS(t, type_bool(t->types), "false", 0);
    READS(t, type_bool(t->types), "true", 2);
    reads(t, type_ptr(t->types, type_none(t->types)), &big, "0xffffffffffffffff");
    READS(t, type_none(t->types), "null", 0);
}

static void enums(void **state)
{
    struct test *t = *state;
    struct type *e = type_enum(t->types, STR("mode"), 4, true, NULL, 0);
    const struct enumerator values[] = { { STR("FAST"), 1 }, { STR("ODD"), (uint64_t)-5 } };
    const int32_t odd = -5, unknown = -6;

    type_define_enum(t->types, e, values, 2);
    READS(t, e, "FAST", 1);
    READS(t, e, "17", 17);
    reads(t, e, &odd, "ODD");
    reads(t, e, &unknown, "-6");
}

static void strings(void **state)
{
    struct test *t = *state;
    const struct type *chars = type_array(t->types, type_char(t->types), 4);
    struct str why;

    reads(t, type_string(t->types, 8), "bash\0xxx", "bash");
    reads(t, type_string(t->types, 4), "abcd", "abcd..");
    reads(t, type_string(t->types, 4), "\0bcd", "");
    reads(t, chars, "ab\0d", "ab");
    reads(t, chars, "abcd", "abcd..");
    reads(t, type_array(t->types, type_char(t->types), 0), "", "");
    config_set(&t->image->config, &t->image->arena, STR("str_trunc_trailer"), STR("~"), &why);
    reads(t, type_string(t->types, 4), "abcd", "abcd~");
    config_set(&t->image->config, &t->image->arena, STR("str_trunc_trailer"), STR(""), &why);
    reads(t, type_string(t->types, 4), "abcd", "abcd");
}

static void buffers(void **state)
{
    struct test *t = *state;
    const struct type *type = type_buffer(t->types, 4);

    READS(t, type, "ab", 2, 0, 0, 0, 'a', 'b', 'c', 'd');
    READS(t, type, "", 0, 0, 0, 0, 'a', 'b', 'c', 'd');
    READS(t, type, "abcd", 0xff, 0xff, 0xff, 0xff, 'a', 'b', 'c', 'd'); /* no more than there is */
    READS(t, type_buffer(t->types, 0), "", 9);
}

static void arrays(void **state)
{
    struct test *t = *state;
    const struct type *pair = type_array(t->types, type_int(t->types, 2, true), 2);

    READS(t, pair, "[1,-1]", 1, 0, 0xff, 0xff);
    READS(t, type_array(t->types, pair, 2), "[[1,2],[3,4]]", 1, 0, 2, 0, 3, 0, 4, 0);
    READS(t, type_array(t->types, type_int(t->types, 1, true), 3), "[65,0,1]", 65, 0, 1);
    READS(t, type_array(t->types, pair, 0), "[]", 0);
}

static void tuples(void **state)
{
    struct test *t = *state;
    const struct type *u8 = type_int(t->types, 1, false);
    const struct type *inner_elems[] = { u8, type_string(t->types, 2) };
    const struct type *inner = type_tuple(t->types, inner_elems, 2);
    const struct type *elems[] = { type_int(t->types, 4, true), inner, u8 };
    const struct str names[] = { STR("a"), STR("b"), STR("c") };

    READS(t, type_tuple(t->types, elems, 3), "(1, (2, x), 3)", 1, 0, 0, 0, 2, 'x', 0, 3);
    READS(t, type_record(t->types, names, elems, 3), "{ .a = 1, .b = (2, x), .c = 3 }", 1, 0, 0, 0,
          2, 'x', 0, 3);
    READS(t, type_tuple(t->types, NULL, 0), "()", 0);
}

static void structs(void **state)
{
    struct test *t = *state;
    const struct type *u8 = type_int(t->types, 1, false);
    struct type *pos = type_struct(t->types, STR("pos"), false, NULL, 0);
    struct type *anonymous = type_struct(t->types, STR(""), true, NULL, 1);
    struct type *s = type_struct(t->types, STR("s"), false, NULL, 0);
    struct type *empty = type_struct(t->types, STR("empty"), false, NULL, 0);
    const struct field xy[] = { { .name = STR("x"), .type = u8 },
                                { .name = STR("y"), .type = u8, .offset = 1 } };
    const struct field either[] = { { .name = STR("n"), .type = u8 },
                                    { .name = STR("f"), .type = type_bool(t->types) } };
    const struct field all[] = {
        { .name = STR("id"), .type = u8 },
        { .name = STR("pos"), .type = pos, .offset = 1 },
        { .type = anonymous, .offset = 3 },
        { .name = STR("tail"), .type = type_array(t->types, u8, 0), .offset = 4 },
    };

    type_define_struct(t->types, pos, xy, 2, 2, 1);
    type_define_struct(t->types, anonymous, either, 2, 1, 1);
    type_define_struct(t->types, s, all, 4, 4, 1);
    type_define_struct(t->types, empty, NULL, 0, 0, 1);
    READS(t, s, "{ .id = 7, .pos = { .x = 1, .y = 2 }, .n = 5, .f = true, .tail = [] }", 7, 1, 2,
          5);
    READS(t, empty, "{}", 0);
}

static void bit_fields(void **state)
{
    struct test *t = *state;
    const struct type *u32 = type_int(t->types, 4, false), *s32 = type_int(t->types, 4, true);
    struct type *s = type_struct(t->types, STR("bits"), false, NULL, 0);
    struct type *packed = type_struct(t->types, STR("packed"), false, NULL, 0);
    const struct field fields[] = {
        { .name = STR("a"), .type = u32, .bit_size = 3 },
        { .name = STR("b"), .type = s32, .bit_offset = 3, .bit_size = 5 },
        { .name = STR("c"), .type = u32, .bit_offset = 8, .bit_size = 24 },
        { .name = STR("d"),
          .type = type_int(t->types, 8, false),
          .offset = 8,
          .bit_offset = 4,
          .bit_size = 60 },
    };

    type_define_struct(t->types, s, fields, 4, 16, 8);
    READS(t, s, "{ .a = 5, .b = -1, .c = 197121, .d = 1 }", 0xfd, 1, 2, 3, 0, 0, 0, 0, 0x10, 0, 0,
          0, 0, 0, 0, 0);
    type_define_struct(t->types, packed, fields, 2, 1, 1); /* one byte, units of four */
    READS(t, packed, "{ .a = 5, .b = -1 }", 0xfd);
}

/* Types of a damaged image may lie about where members are. */
static void members_outside(void **state)
{
    struct test *t = *state;
    const struct type *u32 = type_int(t->types, 4, false);
    struct type *inner = type_struct(t->types, STR("in"), false, NULL, 0);
    struct type *anonymous = type_struct(t->types, STR(""), false, NULL, 2);
    struct type *s = type_struct(t->types, STR("s"), false, NULL, 0);
    const struct field one[] = { { .name = STR("x"), .type = u32 } };
    const struct field fields[] = {
        { .name = STR("a"), .type = u32, .offset = 2 },
        { .name = STR("b"), .type = u32, .offset = UINT32_MAX },
        { .name = STR("c"), .type = u32, .offset = 4, .bit_size = 3 },
        { .name = STR("d"), .type = inner, .offset = 3 },
        { .type = anonymous, .offset = 3 },
    };

    type_define_struct(t->types, inner, one, 1, 4, 4);
    type_define_struct(t->types, anonymous, one, 1, 4, 4);
    type_define_struct(t->types, s, fields, 5, 4, 4);
    READS(t, s, "{ .a = null, .b = null, .c = null, .d = null }", 1, 2, 3, 4);
}

static void data_loc(void **state)
{
    struct test *t = *state;
    struct type *s = type_struct(t->types, STR("args"), false, NULL, 0);
    const struct field fields[] = {
        { .name = STR("name"),
          .type = type_array(t->types, type_char(t->types), 0),
          .data_loc = true },
    };

    type_define_struct(t->types, s, fields, 1, 8, 4);
    READS(t, s, "{ .name = abc }", 4, 0, 4, 0, 'a', 'b', 'c', 0);
    READS(t, s, "{ .name =  }", 4, 0, 5, 0, 'a', 'b', 'c', 'd'); /* ends behind the record */
    READS(t, s, "{ .name =  }", 0xff, 0xff, 0xff, 0xff, 'a', 'b', 'c', 'd');
}

static const struct value *decode_sum(const struct decode *d, const struct type *t,
                                      const void *bytes)
{
    const uint8_t *b = bytes;

    return value_uint(d->arena, b[0] + b[1] + t->param[0]);
}

static void opaque(void **state)
{
    static const struct value_kind sum = { .name = "sum", .size = 2, .decode = decode_sum };
    static const struct value_kind mute = { .name = "mute", .size = 1 };
    struct test *t = *state;

    READS(t, type_opaque(t->types, &sum, (uint64_t[]){ 100, 0, 0, 0 }), "103", 1, 2);
    READS(t, type_opaque(t->types, &mute, NULL), "null", 1);
}

static void elements(void **state)
{
    struct test *t = *state;
    const struct type *elems[] = { type_int(t->types, 1, true), type_bool(t->types) };
    const struct image_action action = { .payload = type_tuple(t->types, elems, 2) };
    const struct image_action empty = { 0 };
    const uint8_t bytes[] = { 0xfb, 1 };

    assert_int_equal(action_elements(&action), 2);
    assert_int_equal(decode_element(&t->d, &action, bytes, 0)->num, -5);
    assert_int_equal(decode_element(&t->d, &action, bytes, 1)->shape, VALUE_BOOL);
    assert_null(decode_element(&t->d, &action, bytes, 2));
    assert_int_equal(action_elements(&empty), 0);
    assert_null(decode_element(&t->d, &empty, bytes, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(integers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(enums, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(buffers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(arrays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tuples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(structs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bit_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_outside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(data_loc, set_up, tear_down),
        cmocka_unit_test_setup_teardown(opaque, set_up, tear_down),
        cmocka_unit_test_setup_teardown(elements, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
