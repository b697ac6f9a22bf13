/*
 * test_record.c - packed records: layout, and damage of every sort
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "image/record.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT = 100 };

/* (uint8, string[100], uint64, string[16], string[100]) */
static const struct type *payload_of(struct types *types)
{
    const struct type *elems[] = { type_int(types, 1, false), type_string(types, TEXT),
                                   type_int(types, 8, false), type_string(types, 16),
                                   type_string(types, TEXT) };

    return type_tuple(types, elems, 5);
}

static void put_length(char *record, uint32_t at, uint32_t n)
{
    memcpy(record + at, &n, sizeof(n));
}

/* 0: number, 4: length, 8: number, 16: text, 32: length; 40: "abc", 48: "x" */
static size_t make(char record[64])
{
    uint64_t number = 0x1122334455667788;

    memset(record, 0, 64);
    record[0] = 7;
    put_length(record, 4, 3);
    memcpy(record + 8, &number, sizeof(number));
    memcpy(record + 16, "short", 6);
    put_length(record, 32, 9);
    memcpy(record + 40, "abc", 3);
    memcpy(record + 48, "12345678", 9);
    return 64;
}

/* In memory of exactly that size, so that a sanitizer sees what is read behind it. */
static bool unpack(struct types *types, const char *record, size_t size, char **out)
{
    const struct type *payload = payload_of(types);
    char *copy = malloc(size ? size : 1), *to = malloc(payload->size);
    bool ok;

    memcpy(copy, record, size);
    memset(to, 0xee, payload->size);
    ok = record_unpack(types, payload, copy, size, to);
    free(copy);
    if (out)
        *out = to;
    else
        free(to);
    return ok;
}

static void elements_come_back(void **state)
{
    struct image *image = image_new();
    const struct type *payload = payload_of(image->types);
    char record[64], *to;
    uint64_t number;
    const struct field *f;
    size_t n;

    (void)state;
    assert_int_equal(record_fixed(image->types, payload), 40);
    assert_true(unpack(image->types, record, make(record), &to));
    f = type_fields(image->types, payload, &n);
    assert_int_equal(to[f[0].offset], 7);
    assert_string_equal(to + f[1].offset, "abc");
    memcpy(&number, to + f[2].offset, sizeof(number));
    assert_true(number == 0x1122334455667788);
    assert_string_equal(to + f[3].offset, "short");
    assert_string_equal(to + f[4].offset, "12345678");
    free(to);
    image_free(image);
}

static void short_records_are_refused(void **state)
{
    struct image *image = image_new();
    char record[64];
    size_t size = make(record);

    (void)state;
    for (size_t n = 0; n < size; n++)
        assert_false(unpack(image->types, record, n, NULL));
    image_free(image);
}

static void wrong_lengths_are_refused(void **state)
{
    static const uint32_t lengths[] = {
        17, 25, TEXT, TEXT + 1, 1u << 31, UINT32_MAX - 7, UINT32_MAX
    };
    struct image *image = image_new();
    char record[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        size_t size = make(record);

        put_length(record, 4, lengths[i]);
        assert_false(unpack(image->types, record, size, NULL));
        size = make(record);
        put_length(record, 32, lengths[i]);
        assert_false(unpack(image->types, record, size, NULL));
    }
    image_free(image);
}

static void a_full_text_has_no_end(void **state)
{
    struct image *image = image_new();
    char record[40 + 104 + 8] = { 0 }, *to;
    const struct field *f;
    size_t n;

    (void)state;
    put_length(record, 4, TEXT);
    memset(record + 40, 'y', TEXT);
    put_length(record, 32, 0);
    assert_true(unpack(image->types, record, sizeof(record), &to));
    f = type_fields(image->types, payload_of(image->types), &n);
    assert_int_equal(strnlen(to + f[1].offset, TEXT), TEXT);
    assert_string_equal(to + f[4].offset, "");
    free(to);
    image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_back),
        cmocka_unit_test(short_records_are_refused),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(a_full_text_has_no_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
