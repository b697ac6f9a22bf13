/*
 * decode_types.c - the type table of a manifest
 *
 * A step may only use what earlier steps made, and by value only what is complete; so no type
 * contains itself, and how deep they are nested is known and limited.
 */
#include "image/reader.h"

/* Deeper types would let those who walk through a type run out of stack. */
static const unsigned max_depth = 64;

static struct types *types_of(const struct reader *r)
{
    return r->image->types;
}

static void add_type(struct reader *r, const struct type *t, unsigned depth)
{
    if (t->kind == TYPE_ERROR)
        reader_fail(r, "a type is too large");
    if (depth > max_depth)
        reader_fail(r, "types are nested too deeply");
    if (!r->failed)
        vec_push(&r->types, (struct reader_type){ .type = t, .depth = depth });
}

/* The entry of a number read; NULL after a failure. */
static const struct reader_type *get_entry(struct reader *r)
{
    uint64_t i = reader_num(r);

    if (!r->failed && i >= r->types.n)
        reader_fail(r, "there is no type %ju", (uintmax_t)i);
    return r->failed ? NULL : &r->types.v[i];
}

/* The same for a type used by value. */
static const struct reader_type *get_whole_entry(struct reader *r)
{
    const struct reader_type *t = get_entry(r);

    if (t && t->type->kind == TYPE_STRUCT && !t->has_members) {
        reader_fail(r, "struct %.*s is used without its members", STRF(t->type->name));
        return NULL;
    }
    return t;
}

static void get_int_type(struct reader *r)
{
    uint32_t size = reader_max(r, 8, "the size of an integer");
    uint32_t flags = reader_max(r, INT_SIGNED | INT_CHAR, "flags of an integer");

    if (!size || (size & (size - 1)))
        reader_fail(r, "an integer has %u bytes", size);
    else if (flags & INT_CHAR)
        add_type(r, type_char(types_of(r)), 0);
    else
        add_type(r, type_int(types_of(r), size, flags & INT_SIGNED), 0);
}

/*
 * A struct or enum without members. Equal names are not one type, as in an image both a script and
 * a kernel may have defined the name: each gets an origin of its own.
 */
static void get_declaration(struct reader *r, enum type_kind kind)
{
    const struct type_loader *origin = ARENA_NEW(&r->image->arena, struct type_loader);
    struct str name = reader_str(r);
    uint32_t size;
    bool flag;

    if (kind == TYPE_STRUCT) {
        flag = reader_bool(r);
        add_type(r, type_struct(types_of(r), name, flag, origin, 0), 0);
        return;
    }
    size = reader_max(r, 8, "the size of an enum");
    flag = reader_bool(r);
    if (!size || (size & (size - 1)))
        reader_fail(r, "an enum has %u bytes", size);
    else
        add_type(r, type_enum(types_of(r), name, size, flag, origin, 0), 0);
}

static struct field get_field(struct reader *r, unsigned *depth)
{
    struct field f = { .name = reader_str(r) };
    const struct reader_type *t = get_whole_entry(r);
    uint32_t flags;

    if (t) {
        f.type = t->type;
        *depth = MAX(*depth, t->depth + 1);
    }
    f.offset = reader_u32(r, "the offset of a member");
    f.bit_offset = (uint16_t)reader_max(r, 63, "the first bit of a member");
    f.bit_size = (uint16_t)reader_max(r, 64, "the size of a bit field");
    flags = reader_max(r, FIELD_DATA_LOC | FIELD_REFUSED | AS_USER << FIELD_AS_SHIFT,
                       "flags of a member");
    f.data_loc = flags & FIELD_DATA_LOC;
    f.refused = flags & FIELD_REFUSED;
    f.as = (enum addr_space)(flags >> FIELD_AS_SHIFT);
    return f;
}

static void get_struct_members(struct reader *r, size_t index)
{
    uint32_t size = reader_u32(r, "the size of a struct");
    uint32_t align = reader_u32(r, "the alignment of a struct");
    size_t n = reader_count(r);
    VEC(struct field) fields = { 0 };
    unsigned depth = 1;

    for (size_t i = 0; i < n && !r->failed; i++)
        vec_push(&fields, get_field(r, &depth));
    if (depth > max_depth)
        reader_fail(r, "types are nested too deeply");
    if (!r->failed) {
        type_define_struct(types_of(r), (struct type *)r->types.v[index].type, fields.v, fields.n,
                           size, align);
        r->types.v[index].depth = depth;
    }
    vec_free(&fields);
}

static void get_enum_members(struct reader *r, size_t index)
{
    size_t n = reader_count(r);
    VEC(struct enumerator) values = { 0 };

    for (size_t i = 0; i < n && !r->failed; i++) {
        struct enumerator value = { .name = reader_str(r) };

        value.value = reader_num(r);
        vec_push(&values, value);
    }
    if (!r->failed)
        type_define_enum(types_of(r), (struct type *)r->types.v[index].type, values.v, values.n);
    vec_free(&values);
}

static void get_members(struct reader *r)
{
    const struct reader_type *t = get_entry(r);
    size_t index;

    if (!t)
        return;
    index = (size_t)(t - r->types.v);
    if (t->has_members) {
        reader_fail(r, "a type is defined twice");
        return;
    }
    if (t->type->kind == TYPE_STRUCT)
        get_struct_members(r, index);
    else if (t->type->kind == TYPE_ENUM)
        get_enum_members(r, index);
    else
        reader_fail(r, "a type without members is given some");
    r->types.v[index].has_members = true;
}

static void get_array_type(struct reader *r)
{
    const struct reader_type *t = get_whole_entry(r);
    uint32_t count = reader_u32(r, "the length of an array");

    if (t)
        add_type(r, type_array(types_of(r), t->type, count), t->depth + 1);
}

static void get_pointer_type(struct reader *r)
{
    const struct reader_type *t = get_entry(r);

    if (t)
        add_type(r, type_ptr(types_of(r), t->type), t->depth + 1);
}

static void get_tuple_type(struct reader *r, enum type_kind kind)
{
    size_t n = reader_count(r);
    VEC(const struct type *) elems = { 0 };
    VEC(struct str) names = { 0 };
    unsigned depth = 0;

    for (size_t i = 0; i < n && !r->failed; i++) {
        const struct reader_type *t = get_whole_entry(r);

        if (kind == TYPE_RECORD)
            vec_push(&names, reader_str(r));
        if (t) {
            vec_push(&elems, t->type);
            depth = MAX(depth, t->depth);
        }
    }
    if (!r->failed && kind == TYPE_RECORD)
        add_type(r, type_record(types_of(r), names.v, elems.v, n), depth + 1);
    else if (!r->failed)
        add_type(r, type_tuple(types_of(r), elems.v, n), depth + 1);
    vec_free(&elems);
    vec_free(&names);
}

static void get_opaque_type(struct reader *r)
{
    struct str name = reader_str(r);
    const struct value_kind *vk;
    const struct type *t;
    uint64_t param[4];
    uint32_t size;

    for (size_t i = 0; i < ARRAY_LEN(param); i++)
        param[i] = reader_num(r);
    size = reader_u32(r, "the size of a value");
    if (r->failed)
        return;
    vk = r->names->kind(r->names->ctx, name);
    if (!vk) {
        reader_fail(r, "there are no values of kind '%.*s'", STRF(name));
        return;
    }
    t = type_opaque(types_of(r), vk, param);
    if (t->size != size)
        reader_fail(r, "a value of kind '%.*s' has %u bytes instead of %u", STRF(name), t->size,
                    size);
    add_type(r, t, 0);
}

static void get_step(struct reader *r)
{
    uint32_t step = reader_max(r, STEP_MEMBERS, "a step");

    if (step == STEP_MEMBERS) {
        get_members(r);
        return;
    }
    switch ((enum type_kind)step) {
    case TYPE_NONE:
        add_type(r, type_none(types_of(r)), 0);
        return;
    case TYPE_BOOL:
        add_type(r, type_bool(types_of(r)), 0);
        return;
    case TYPE_INT:
        get_int_type(r);
        return;
    case TYPE_PTR:
        get_pointer_type(r);
        return;
    case TYPE_ARRAY:
        get_array_type(r);
        return;
    case TYPE_STRING:
        add_type(r, type_string(types_of(r), reader_max(r, INT32_MAX, "the size of a string")), 0);
        return;
    case TYPE_BUFFER:
        add_type(r, type_buffer(types_of(r), reader_max(r, INT32_MAX, "the size of a buffer")), 0);
        return;
    case TYPE_ENUM:
    case TYPE_STRUCT:
        get_declaration(r, (enum type_kind)step);
        return;
    case TYPE_TUPLE:
    case TYPE_RECORD:
        get_tuple_type(r, (enum type_kind)step);
        return;
    case TYPE_OPAQUE:
        get_opaque_type(r);
        return;
    case TYPE_ERROR:
    case TYPE_FUNC:
        break;
    }
    reader_fail(r, "there is no type of kind %u", step);
}

void reader_types(struct reader *r)
{
    size_t n = reader_count(r);
    const char *end = r->end;

    if (r->failed)
        return;
    r->end = r->p + n;
    while (r->p < r->end && !r->failed)
        get_step(r);
    r->end = end;
}

const struct type *reader_type_ref(struct reader *r)
{
    uint64_t i = reader_num(r);

    if (r->failed || i == 0)
        return NULL;
    if (i > r->types.n) {
        reader_fail(r, "there is no type %ju", (uintmax_t)i);
        return NULL;
    }
    if (r->types.v[i - 1].type->kind == TYPE_STRUCT && !r->types.v[i - 1].has_members)
        reader_fail(r, "a struct is used without its members");
    return r->types.v[i - 1].type;
}
