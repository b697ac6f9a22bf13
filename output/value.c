/*
 * value.c - values, and the text people read
 *
 * The same text serves print(), %s in printf and the keys of maps in both formats; that is why it
 * is made here and not in text.c.
 */
#include "output/value.h"
#include "output/draw.h"

#include <inttypes.h>

struct value *value_new(struct arena *a, enum value_shape shape)
{
    struct value *v = ARENA_NEW(a, struct value);

    v->shape = shape;
    return v;
}

const struct value *value_none(void)
{
    static const struct value none = { .shape = VALUE_NONE };

    return &none;
}

const struct value *value_int(struct arena *a, int64_t num)
{
    struct value *v = value_new(a, VALUE_INT);

    v->num = (uint64_t)num;
    return v;
}

const struct value *value_uint(struct arena *a, uint64_t num)
{
    struct value *v = value_new(a, VALUE_UINT);

    v->num = num;
    return v;
}

const struct value *value_str(struct arena *a, enum value_shape shape, struct str text)
{
    struct value *v = value_new(a, shape);

    v->text = text;
    return v;
}

static void put_uint(struct buf *b, uint64_t num)
{
    char digits[24], *p = digits + sizeof(digits);

    do {
        *--p = (char)('0' + num % 10);
        num /= 10;
    } while (num);
    buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

static void put_int(struct buf *b, int64_t num)
{
    if (num < 0)
        buf_putc(b, '-');
    put_uint(b, num < 0 ? -(uint64_t)num : (uint64_t)num);
}

void value_bytes(struct buf *b, struct str bytes, char style)
{
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];

        if (style == 'h')
            buf_printf(b, "%s%02x", i ? " " : "", c);
        else if (style == 'r' && c >= ' ' && c <= '~')
            buf_putc(b, (char)c);
        else
            buf_printf(b, "\\x%02x", c);
    }
}

static void items_text(struct buf *b, const struct value *v, const char *separator)
{
    for (size_t i = 0; i < v->items.n; i++) {
        if (i)
            buf_puts(b, separator);
        value_text(b, v->items.v[i]);
    }
}

static void record_text(struct buf *b, const struct value *v)
{
    buf_putc(b, '{');
    for (size_t i = 0; i < v->items.n; i++) {
        buf_printf(b, "%s .%.*s = ", i ? "," : "", STRF(v->items.names[i]));
        value_text(b, v->items.v[i]);
    }
    buf_puts(b, v->items.n ? " }" : "}");
}

void value_text(struct buf *b, const struct value *v)
{
    switch (v->shape) {
    case VALUE_NONE:
        buf_puts(b, "null");
        break;
    case VALUE_BOOL:
        buf_puts(b, v->num ? "true" : "false");
        break;
    case VALUE_INT:
        put_int(b, (int64_t)v->num);
        break;
    case VALUE_UINT:
        put_uint(b, v->num);
        break;
    case VALUE_ENUM:
        if (v->text.n)
            buf_str(b, v->text);
        else
            put_int(b, (int64_t)v->num);
        break;
    case VALUE_PTR:
        buf_printf(b, "0x%" PRIx64, v->num);
        break;
    case VALUE_STRING:
    case VALUE_SYMBOL:
    case VALUE_STACK:
        buf_str(b, v->text);
        break;
    case VALUE_BYTES:
        value_bytes(b, v->text, 'r');
        break;
    case VALUE_LIST:
        buf_putc(b, '[');
        items_text(b, v, ",");
        buf_putc(b, ']');
        break;
    case VALUE_TUPLE:
        buf_putc(b, '(');
        items_text(b, v, ", ");
        buf_putc(b, ')');
        break;
    case VALUE_RECORD:
    case VALUE_STATS:
        record_text(b, v);
        break;
    case VALUE_HIST:
        draw_hist(b, v);
        break;
    case VALUE_SERIES:
        draw_series(b, v);
        break;
    case VALUE_MAP:
        BUG("the text of a map needs its name: out_ops.map");
    }
}

void value_key_text(struct buf *b, const struct value *key)
{
    if (key->shape == VALUE_TUPLE)
        items_text(b, key, ", ");
    else
        value_text(b, key);
}
