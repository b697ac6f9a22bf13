/*
 * decode.c - bytes that came from a program become values to print
 *
 * One switch over the kinds of types; what only a builtin understands goes to its value kind. The
 * caller has checked that there are type->size bytes, and nothing is read behind them, whatever
 * they say about lengths. Texts point into the bytes where they can: a value lives as long as both.
 */
#include "runtime/session_impl.h"

#include <string.h>

uint64_t decode_int(const void *bytes, uint32_t size, bool is_signed)
{
    int8_t i8;
    int16_t i16;
    int32_t i32;
    uint64_t u64 = 0;

    switch (size) {
    case 1:
        memcpy(&i8, bytes, 1);
        return is_signed ? (uint64_t)i8 : (uint8_t)i8;
    case 2:
        memcpy(&i16, bytes, 2);
        return is_signed ? (uint64_t)i16 : (uint16_t)i16;
    case 4:
        memcpy(&i32, bytes, 4);
        return is_signed ? (uint64_t)i32 : (uint32_t)i32;
    case 8:
        memcpy(&u64, bytes, 8);
        break;
    default:
        break;
    }
    return u64;
}

static const struct value *number(const struct decode *d, enum value_shape shape, uint64_t num)
{
    struct value *v = value_new(d->arena, shape);

    v->num = num;
    return v;
}

/* A number of an integral type, as that type shows it. */
static const struct value *integral(const struct decode *d, const struct type *t, uint64_t num)
{
    struct value *v;

    if (t->kind == TYPE_ENUM) {
        v = value_new(d->arena, VALUE_ENUM);
        v->num = num;
        v->text = str_from(type_enum_name(d->image->types, t, num));
        return v;
    }
    if (t->kind == TYPE_BOOL)
        return number(d, VALUE_BOOL, num != 0);
    return number(d, t->is_signed ? VALUE_INT : VALUE_UINT, num);
}

/* Text up to the first NUL; where there is none it was cut, and says so. */
static const struct value *string(const struct decode *d, const char *bytes, uint32_t size)
{
    struct str s = { bytes, strnlen(bytes, size) };
    struct str trailer = d->image->config.str_trunc_trailer;

    if (s.n == size && size && trailer.n)
        s = str_printf(d->arena, "%.*s%.*s", STRF(s), STRF(trailer));
    return value_str(d->arena, VALUE_STRING, s);
}

static const struct value *buffer(const struct decode *d, const struct type *t, const char *bytes)
{
    uint32_t room = t->size > 4 ? t->size - 4 : 0;
    uint32_t n = room ? (uint32_t)decode_int(bytes, 4, false) : 0;

    return value_str(d->arena, VALUE_BYTES,
                     room ? (struct str){ bytes + 4, MIN(n, room) } : STR(""));
}

static const struct value *array(const struct decode *d, const struct type *t, const char *bytes)
{
    uint32_t n = t->size ? t->count : 0;
    const struct value **items;
    struct value *v;

    if (t->elem->kind == TYPE_INT && t->elem->is_char)
        return string(d, bytes, t->size);
    items = ARENA_ARRAY(d->arena, const struct value *, n);
    for (uint32_t i = 0; i < n; i++)
        items[i] = decode_value(d, t->elem, bytes + (size_t)i * t->elem->size);
    v = value_new(d->arena, VALUE_LIST);
    v->items.v = items;
    v->items.n = n;
    return v;
}

static const struct value *bit_field(const struct decode *d, const struct field *f,
                                     const char *bytes, uint32_t left)
{
    unsigned unused = 64 - f->bit_size;
    uint64_t unit = 0;

    /* A packed struct may end before the unit its last bit fields are counted in. */
    memcpy(&unit, bytes, MIN(MIN(f->type->size, left), sizeof(unit)));
    unit = unit >> f->bit_offset << unused;
    return integral(d, f->type,
                    type_is_signed(f->type) ? (uint64_t)((int64_t)unit >> unused) : unit >> unused);
}

/* A member of tracepoint records whose text lies elsewhere in the record. */
static const struct value *data_loc(const struct decode *d, const struct type *t, uint32_t loc,
                                    const char *bytes)
{
    uint32_t start = loc & 0xffff, n = loc >> 16;

    if (start > t->size || n > t->size - start)
        return value_str(d->arena, VALUE_STRING, STR(""));
    return value_str(d->arena, VALUE_STRING,
                     (struct str){ bytes + start, strnlen(bytes + start, n) });
}

static const struct value *member(const struct decode *d, const struct type *t,
                                  const struct field *f, const char *bytes)
{
    uint32_t left = f->offset <= t->size ? t->size - f->offset : 0;

    if (f->bit_size && left)
        return bit_field(d, f, bytes + f->offset, left);
    if (f->data_loc && left >= 4)
        return data_loc(d, t, (uint32_t)decode_int(bytes + f->offset, 4, false), bytes);
    if (f->type->size > left)
        return value_none();
    return decode_value(d, f->type, bytes + f->offset);
}

/* Members being collected; those of anonymous structs stand among their neighbours. */
struct members {
    const struct value **v;
    struct str *names;
    size_t n;
};

static bool is_anonymous(const struct field *f)
{
    return f->name.n == 0 && f->type->kind == TYPE_STRUCT;
}

static size_t count_members(const struct decode *d, const struct type *t)
{
    size_t n, total = 0;
    const struct field *fields = type_fields(d->image->types, t, &n);

    for (size_t i = 0; i < n; i++)
        total += is_anonymous(&fields[i]) ? count_members(d, fields[i].type) : 1;
    return total;
}

static void add_members(const struct decode *d, const struct type *t, const char *bytes,
                        struct members *m)
{
    size_t n;
    const struct field *fields = type_fields(d->image->types, t, &n);

    for (size_t i = 0; i < n; i++) {
        const struct field *f = &fields[i];

        if (!is_anonymous(f)) {
            m->v[m->n] = member(d, t, f, bytes);
            m->names[m->n++] = f->name;
        } else if (f->offset <= t->size && f->type->size <= t->size - f->offset) {
            add_members(d, f->type, bytes + f->offset, m);
        }
    }
}

static const struct value *structure(const struct decode *d, const struct type *t,
                                     const char *bytes)
{
    size_t n = count_members(d, t);
    struct members m = { .v = ARENA_ARRAY(d->arena, const struct value *, n),
                         .names = ARENA_ARRAY(d->arena, struct str, n) };
    struct value *v = value_new(d->arena, VALUE_RECORD);

    add_members(d, t, bytes, &m);
    v->items.v = m.v;
    v->items.names = m.names;
    v->items.n = m.n;
    return v;
}

/* Tuples and records made in a script. */
static const struct value *tuple(const struct decode *d, const struct type *t, const char *bytes)
{
    size_t n;
    const struct field *fields = type_fields(d->image->types, t, &n);
    const struct value **items = ARENA_ARRAY(d->arena, const struct value *, n);
    struct str *names = t->kind == TYPE_RECORD ? ARENA_ARRAY(d->arena, struct str, n) : NULL;
    struct value *v = value_new(d->arena, names ? VALUE_RECORD : VALUE_TUPLE);

    for (size_t i = 0; i < n; i++) {
        items[i] = decode_value(d, fields[i].type, bytes + fields[i].offset);
        if (names)
            names[i] = fields[i].name;
    }
    v->items.v = items;
    v->items.names = names;
    v->items.n = n;
    return v;
}

const struct value *decode_value(const struct decode *d, const struct type *t, const void *bytes)
{
    switch (t->kind) {
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_ENUM:
        return integral(d, t, decode_int(bytes, t->size, type_is_signed(t)));
    case TYPE_PTR:
        return number(d, VALUE_PTR, decode_int(bytes, 8, false));
    case TYPE_ARRAY:
        return array(d, t, bytes);
    case TYPE_STRING:
        return string(d, bytes, t->size);
    case TYPE_BUFFER:
        return buffer(d, t, bytes);
    case TYPE_STRUCT:
        return structure(d, t, bytes);
    case TYPE_TUPLE:
    case TYPE_RECORD:
        return tuple(d, t, bytes);
    case TYPE_OPAQUE:
        return t->vk->decode ? t->vk->decode(d, t, bytes) : value_none();
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_FUNC:
        break;
    }
    return value_none();
}

unsigned action_elements(const struct image_action *action)
{
    return action->payload ? action->payload->n_fields : 0;
}

const struct value *decode_element(const struct decode *d, const struct image_action *action,
                                   const void *data, unsigned i)
{
    const struct field *fields;
    size_t n;

    if (!action->payload)
        return NULL;
    fields = type_fields(d->image->types, action->payload, &n);
    if (i >= n)
        return NULL;
    return decode_value(d, fields[i].type, (const char *)data + fields[i].offset);
}
