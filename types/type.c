/*
 * type.c - making types, once each
 *
 * A type is first written down in full on the stack, then looked for in a hash table of all types
 * made so far; only an unseen one is copied into the arena. So equal types are one pointer, and
 * everybody may compare with ==. Structs and enums are compared by name and origin only: their
 * members may come later, and may lead back to themselves.
 */
#include "types/type_impl.h"
#include "types/value_kind.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    struct type *type;
    const struct type_loader *origin; /* struct, enum */
    uint64_t id;                      /* struct, enum without a name */
    uint64_t hash;
};

struct types {
    struct arena *arena;
    struct slot *slots; /* open addressing; type is NULL where free */
    size_t n, cap;      /* cap is a power of two */
};

struct types *types_new(struct arena *a)
{
    struct types *types = ARENA_NEW(a, struct types);

    types->arena = a;
    types->cap = 256;
    types->slots = ARENA_ARRAY(a, struct slot, types->cap);
    return types;
}

struct arena *types_arena(struct types *types)
{
    return types->arena;
}

static bool is_named(const struct type *t)
{
    return t->kind == TYPE_STRUCT || t->kind == TYPE_ENUM;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t mix_ptr(uint64_t hash, const void *p)
{
    return mix(hash, (uintptr_t)p);
}

static uint64_t hash_of(const struct slot *s)
{
    const struct type *t = s->type;
    uint64_t hash = mix(0, (uint64_t)t->kind);

    if (is_named(t)) {
        hash = mix_ptr(mix(hash, str_hash(t->name)), s->origin);
        return mix(mix(hash, t->is_union), t->name.n ? 0 : s->id);
    }
    hash = mix(mix(hash, t->size), t->is_signed | t->is_flex << 1 | t->is_char << 2);
    hash = mix_ptr(mix_ptr(mix(hash, t->count), t->elem), t->vk);
    for (size_t i = 0; i < ARRAY_LEN(t->param); i++)
        hash = mix(hash, t->param[i]);
    for (size_t i = 0; i < t->n_fields; i++)
        hash = mix_ptr(mix(hash, str_hash(t->fields[i].name)), t->fields[i].type);
    return hash;
}

static bool same_named(const struct slot *a, const struct slot *b)
{
    return a->origin == b->origin && a->type->is_union == b->type->is_union &&
           str_eq(a->type->name, b->type->name) && (a->type->name.n || a->id == b->id);
}

static bool same_fields(const struct type *a, const struct type *b)
{
    if (a->n_fields != b->n_fields)
        return false;
    for (size_t i = 0; i < a->n_fields; i++) {
        if (a->fields[i].type != b->fields[i].type || !str_eq(a->fields[i].name, b->fields[i].name))
            return false;
    }
    return true;
}

static bool same(const struct slot *a, const struct slot *b)
{
    const struct type *x = a->type, *y = b->type;

    if (a->hash != b->hash || x->kind != y->kind)
        return false;
    if (is_named(x))
        return same_named(a, b);
    return x->size == y->size && x->is_signed == y->is_signed && x->is_flex == y->is_flex &&
           x->is_char == y->is_char && x->elem == y->elem && x->count == y->count &&
           x->vk == y->vk && memcmp(x->param, y->param, sizeof(x->param)) == 0 && same_fields(x, y);
}

static void grow(struct types *types)
{
    struct slot *old = types->slots;
    size_t old_cap = types->cap;

    types->cap *= 2;
    types->slots = ARENA_ARRAY(types->arena, struct slot, types->cap);
    for (size_t i = 0; i < old_cap; i++) {
        size_t at = old[i].hash & (types->cap - 1);

        if (!old[i].type)
            continue;
        while (types->slots[at].type)
            at = (at + 1) & (types->cap - 1);
        types->slots[at] = old[i];
    }
}

/* The slot of a type equal to wanted's, or the free one for it; wanted->hash is filled in. */
static struct slot *find_slot(struct types *types, struct slot *wanted)
{
    size_t i;

    if ((types->n + 1) * 4 > types->cap * 3)
        grow(types);
    wanted->hash = hash_of(wanted);
    i = wanted->hash & (types->cap - 1);
    while (types->slots[i].type && !same(&types->slots[i], wanted))
        i = (i + 1) & (types->cap - 1);
    return &types->slots[i];
}

static struct type *copy_type(struct types *types, const struct type *t)
{
    struct type *copy = arena_memdup(types->arena, t, sizeof(*t));
    struct field *fields = arena_memdup(types->arena, t->fields, t->n_fields * sizeof(*fields));

    for (size_t i = 0; i < t->n_fields; i++)
        fields[i].name = str_dup(types->arena, t->fields[i].name);
    copy->fields = fields;
    copy->name = str_dup(types->arena, t->name);
    return copy;
}

static const struct type *intern(struct types *types, struct type t)
{
    struct slot wanted = { .type = &t };
    struct slot *slot = find_slot(types, &wanted);

    if (!slot->type) {
        wanted.type = copy_type(types, &t);
        *slot = wanted;
        types->n++;
    }
    return slot->type;
}

const struct type *type_error(struct types *types)
{
    return intern(types, (struct type){ .kind = TYPE_ERROR });
}

const struct type *type_none(struct types *types)
{
    return intern(types, (struct type){ .kind = TYPE_NONE });
}

const struct type *type_bool(struct types *types)
{
    return intern(types, (struct type){ .kind = TYPE_BOOL, .size = 1, .align = 1 });
}

static struct type int_of(unsigned size, bool is_signed)
{
    if (size != 1 && size != 2 && size != 4 && size != 8)
        BUG("integer of %u bytes", size);
    return (struct type){ .kind = TYPE_INT, .size = size, .align = size, .is_signed = is_signed };
}

const struct type *type_int(struct types *types, unsigned size, bool is_signed)
{
    return intern(types, int_of(size, is_signed));
}

const struct type *type_flex_int(struct types *types, unsigned size)
{
    struct type t = int_of(size, true);

    t.is_flex = true;
    return intern(types, t);
}

const struct type *type_char(struct types *types)
{
    struct type t = int_of(1, true);

    t.is_char = true;
    return intern(types, t);
}

const struct type *type_ptr(struct types *types, const struct type *to)
{
    return intern(types, (struct type){ .kind = TYPE_PTR, .size = 8, .align = 8, .elem = to });
}

const struct type *type_func(struct types *types, const struct type *result)
{
    return intern(types, (struct type){ .kind = TYPE_FUNC, .elem = result });
}

const struct type *type_array(struct types *types, const struct type *elem, uint32_t count)
{
    uint64_t size = (uint64_t)elem->size * count;

    if (size > INT32_MAX)
        return type_error(types);
    return intern(types, (struct type){ .kind = TYPE_ARRAY,
                                        .size = (uint32_t)size,
                                        .align = elem->align,
                                        .elem = elem,
                                        .count = count });
}

const struct type *type_string(struct types *types, uint32_t size)
{
    return intern(types, (struct type){ .kind = TYPE_STRING, .size = size, .align = 1 });
}

const struct type *type_buffer(struct types *types, uint32_t data_size)
{
    uint32_t size = data_size ? data_size + 4 : 0;

    return intern(types, (struct type){ .kind = TYPE_BUFFER, .size = size, .align = 1 });
}

uint32_t type_tuple_align(const struct type *t)
{
    switch (t->kind) {
    case TYPE_STRING:
    case TYPE_BUFFER:
        return 1;
    case TYPE_ARRAY:
        return type_tuple_align(t->elem);
    case TYPE_STRUCT:
    case TYPE_TUPLE:
    case TYPE_RECORD:
        return MAX(t->align, 1u);
    case TYPE_OPAQUE:
        if (t->vk->tuple_bytes)
            return 1;
        break;
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_ENUM:
    case TYPE_PTR:
    case TYPE_FUNC:
        break;
    }
    if (t->size == 0)
        return 1;
    return t->size == 1 || t->size == 2 || t->size == 4 ? t->size : 8;
}

/* names is NULL for a tuple. */
static const struct type *make_tuple(struct types *types, const struct str *names,
                                     const struct type *const *elems, size_t n)
{
    struct type t = { .kind = names ? TYPE_RECORD : TYPE_TUPLE, .align = 1 };
    struct field *fields = xcalloc(n, sizeof(*fields));
    const struct type *result;
    uint64_t size = 0;

    for (size_t i = 0; i < n && size <= INT32_MAX; i++) {
        uint32_t align = type_tuple_align(elems[i]);

        size = ROUND_UP(size, align);
        fields[i] = (struct field){ .type = elems[i], .offset = (uint32_t)size };
        if (names)
            fields[i].name = names[i];
        size += elems[i]->size;
        t.align = MAX(t.align, align);
    }
    t.size = (uint32_t)ROUND_UP(size, t.align);
    t.fields = fields;
    t.n_fields = (uint32_t)n;
    result = size <= INT32_MAX ? intern(types, t) : type_error(types);
    free(fields);
    return result;
}

const struct type *type_tuple(struct types *types, const struct type *const *elems, size_t n)
{
    return make_tuple(types, NULL, elems, n);
}

const struct type *type_record(struct types *types, const struct str *names,
                               const struct type *const *elems, size_t n)
{
    return n ? make_tuple(types, names, elems, n) : make_tuple(types, NULL, elems, 0);
}

const struct type *type_opaque(struct types *types, const struct value_kind *vk,
                               const uint64_t param[4])
{
    struct type t = { .kind = TYPE_OPAQUE, .vk = vk, .name = str_from(vk->name) };

    if (param)
        memcpy(t.param, param, sizeof(t.param));
    t.size = vk->size || !vk->size_of ? (uint32_t)vk->size : vk->size_of(t.param);
    t.align = vk->align ? (uint32_t)vk->align : 1;
    return intern(types, t);
}

/* The type of that name, or a new one like t. */
static struct type *named(struct types *types, struct type t, const struct type_loader *origin,
                          uint64_t id, bool replace)
{
    struct slot wanted = { .type = &t, .origin = origin, .id = id };
    struct slot *slot = find_slot(types, &wanted);

    if (slot->type && !replace)
        return slot->type;
    if (!slot->type)
        types->n++;
    t.loader = origin;
    t.loader_id = id;
    wanted.type = copy_type(types, &t);
    *slot = wanted;
    return slot->type;
}

static struct type incomplete_struct(struct str name, bool is_union)
{
    return (struct type){ .kind = TYPE_STRUCT, .name = name, .is_union = is_union };
}

static struct type enum_of(struct str name, unsigned size, bool is_signed)
{
    struct type t = int_of(size, is_signed);

    t.kind = TYPE_ENUM;
    t.name = name;
    return t;
}

struct type *type_struct(struct types *types, struct str name, bool is_union,
                         const struct type_loader *origin, uint64_t id)
{
    return named(types, incomplete_struct(name, is_union), origin, id, false);
}

struct type *type_enum(struct types *types, struct str name, unsigned size, bool is_signed,
                       const struct type_loader *origin, uint64_t id)
{
    return named(types, enum_of(name, size, is_signed), origin, id, false);
}

struct type *type_struct_anew(struct types *types, struct str name, bool is_union, uint64_t id)
{
    return named(types, incomplete_struct(name, is_union), NULL, id, true);
}

struct type *type_enum_anew(struct types *types, struct str name, unsigned size, bool is_signed,
                            uint64_t id)
{
    return named(types, enum_of(name, size, is_signed), NULL, id, true);
}

void type_define_struct(struct types *types, struct type *t, const struct field *fields, size_t n,
                        uint32_t size, uint32_t align)
{
    struct field *copy = arena_memdup(types->arena, fields, n * sizeof(*fields));

    for (size_t i = 0; i < n; i++)
        copy[i].name = str_dup(types->arena, fields[i].name);
    t->loader = NULL;
    t->fields = copy;
    t->n_fields = (uint32_t)n;
    t->size = size;
    t->align = MAX(align, 1u);
}

void type_define_enum(struct types *types, struct type *t, const struct enumerator *values,
                      size_t n)
{
    struct enumerator *copy = arena_memdup(types->arena, values, n * sizeof(*values));

    for (size_t i = 0; i < n; i++)
        copy[i].name = str_dup(types->arena, values[i].name);
    t->loader = NULL;
    t->enumerators = copy;
    t->n_enumerators = (uint32_t)n;
}
