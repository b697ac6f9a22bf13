/*
 * fuzz_format.c - any bytes as a format string: taken apart and filled with values of every shape,
 * and as the literal of a printf() that is compiled
 */
#include "builtins/format.h"
#include "output/value.h"
#include "tests/fuzz/compile.h"

static void fill(struct str format)
{
    static const struct value none = { .shape = VALUE_NONE };
    static const struct value number = { .shape = VALUE_INT, .num = (uint64_t)-7 };
    static const struct value large = { .shape = VALUE_UINT, .num = UINT64_MAX };
    static const struct value text = { .shape = VALUE_STRING, .text = { "te\xff\0xt", 6 } };
    static const struct value bytes = { .shape = VALUE_BYTES, .text = { "\0\1\xfe%", 4 } };
    static const struct value pointer = { .shape = VALUE_PTR, .num = 0xffff888000000000 };
    static const struct value *const items[] = { &number, &text, &bytes };
    static const struct value tuple = { .shape = VALUE_TUPLE, .items = { items, NULL, 3 } };
    static const struct value *const values[] = { &none,  &number,  &large, &text,
                                                  &bytes, &pointer, &tuple, NULL };
    struct format_piece piece;
    struct buf out = { 0 };
    size_t n = 0;

    while (format_next(&format, &piece)) {
        if (piece.conv)
            format_value(&out, &piece, values[n++ % ARRAY_LEN(values)]);
        else
            buf_add(&out, piece.text.p, piece.text.n);
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = { 0 };

    /* Widths are real: without a bound the output is gigabytes. */
    if (size > 512)
        return 0;
    fill((struct str){ (const char *)data, size });
    buf_puts(&text, "BEGIN { printf(\"");
    for (size_t i = 0; i < size; i++) {
        if (data[i] > ' ' && data[i] < 0x7f && data[i] != '"' && data[i] != '\\')
            buf_add(&text, &data[i], 1);
        else
            buf_printf(&text, "\\x%02x", data[i]);
    }
    buf_puts(&text, "\", 1, \"a\", (1, 2), nsecs, comm, kstack, -1); }");
    fuzz_compile(buf_as_str(&text), false);
    buf_free(&text);
    return 0;
}
