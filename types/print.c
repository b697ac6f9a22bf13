/*
 * print.c - the names of types, as scripts write them and messages show them
 */
#include "types/value_kind.h"

static void put_type(struct buf *b, const struct type *t);

static void put_tag(struct buf *b, const char *keyword, struct str name)
{
    if (name.n)
        buf_printf(b, "%s %.*s", keyword, STRF(name));
    else
        buf_printf(b, "%s (anonymous)", keyword);
}

static void put_pointer(struct buf *b, const struct type *to)
{
    if (to->kind == TYPE_FUNC) {
        put_type(b, to->elem);
        buf_puts(b, " (*)()");
        return;
    }
    put_type(b, to);
    buf_puts(b, to->kind == TYPE_PTR ? "*" : " *");
}

/* C writes the outermost length first: two rows of three are int32[2][3]. */
static void put_array(struct buf *b, const struct type *t)
{
    const struct type *elem = t;

    while (elem->kind == TYPE_ARRAY)
        elem = elem->elem;
    put_type(b, elem);
    for (; t->kind == TYPE_ARRAY; t = t->elem)
        buf_printf(b, "[%u]", t->count);
}

static void put_fields(struct buf *b, const struct type *t)
{
    buf_putc(b, '(');
    for (uint32_t i = 0; i < t->n_fields; i++) {
        if (i)
            buf_putc(b, ',');
        if (t->kind == TYPE_RECORD)
            buf_printf(b, "%.*s=", STRF(t->fields[i].name));
        put_type(b, t->fields[i].type);
    }
    buf_putc(b, ')');
}

static void put_type(struct buf *b, const struct type *t)
{
    switch (t->kind) {
    case TYPE_ERROR:
        buf_puts(b, "unknown");
        return;
    case TYPE_NONE:
        buf_puts(b, "void");
        return;
    case TYPE_BOOL:
        buf_puts(b, "bool");
        return;
    case TYPE_INT:
        buf_printf(b, "%sint%u", t->is_signed ? "" : "u", t->size * 8);
        return;
    case TYPE_ENUM:
        put_tag(b, "enum", t->name);
        return;
    case TYPE_PTR:
        put_pointer(b, t->elem);
        return;
    case TYPE_ARRAY:
        put_array(b, t);
        return;
    case TYPE_STRING:
        buf_puts(b, "string");
        if (t->size)
            buf_printf(b, "[%u]", t->size);
        return;
    case TYPE_BUFFER:
        buf_puts(b, "buffer");
        if (t->size)
            buf_printf(b, "[%u]", t->size - 4);
        return;
    case TYPE_STRUCT:
        put_tag(b, t->is_union ? "union" : "struct", t->name);
        return;
    case TYPE_TUPLE:
    case TYPE_RECORD:
        put_fields(b, t);
        return;
    case TYPE_FUNC:
        put_type(b, t->elem);
        buf_puts(b, " ()");
        return;
    case TYPE_OPAQUE:
        buf_str(b, t->name);
        if (t->vk->describe)
            t->vk->describe(b, t->param);
        return;
    }
}

struct str type_name(struct arena *a, const struct type *t)
{
    struct buf b = { 0 };
    struct str name;

    put_type(&b, t);
    name = str_dup(a, buf_as_str(&b));
    buf_free(&b);
    return name;
}
