/*
 * query.c - questions about types
 *
 * Kernel structs are read when their members are asked for; that is the only place where a type
 * changes after it was made.
 */
#include "types/type.h"

bool type_is_integral(const struct type *t)
{
    return t->kind == TYPE_INT || t->kind == TYPE_BOOL || t->kind == TYPE_ENUM;
}

bool type_is_scalar(const struct type *t)
{
    return type_is_integral(t) || t->kind == TYPE_PTR;
}

bool type_is_signed(const struct type *t)
{
    return (t->kind == TYPE_INT || t->kind == TYPE_ENUM) && t->is_signed;
}

bool type_is_complete(const struct type *t)
{
    switch (t->kind) {
    case TYPE_STRUCT:
        return t->size != 0 || t->align != 0; /* an empty struct has an alignment too */
    case TYPE_ARRAY:
        return t->count != 0 && type_is_complete(t->elem);
    case TYPE_STRING:
    case TYPE_BUFFER:
        return t->size != 0;
    case TYPE_NONE:
    case TYPE_FUNC:
        return false;
    case TYPE_ERROR:
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_ENUM:
    case TYPE_PTR:
    case TYPE_TUPLE:
    case TYPE_RECORD:
    case TYPE_OPAQUE:
        return true;
    }
    return false;
}

/* The loader is taken off first, so that a struct that asks for itself while loading ends. */
static void load(struct types *types, const struct type *t)
{
    struct type *writable = (struct type *)t;
    const struct type_loader *loader = t->loader;

    if (!loader)
        return;
    writable->loader = NULL;
    if (loader->load)
        loader->load(loader->ctx, t->loader_id, types, writable);
}

const struct field *type_fields(struct types *types, const struct type *t, size_t *n)
{
    load(types, t);
    *n = t->n_fields;
    return t->fields;
}

const struct enumerator *type_enumerators(struct types *types, const struct type *t, size_t *n)
{
    load(types, t);
    *n = t->n_enumerators;
    return t->enumerators;
}

/* Nested anonymous structs lie within each other, so the recursion ends where the definition does.
 */
bool type_find_field(struct types *types, const struct type *t, struct str name, struct field *out)
{
    size_t n;
    const struct field *fields = type_fields(types, t, &n);

    for (size_t i = 0; i < n; i++) {
        if (fields[i].name.n) {
            if (!str_eq(fields[i].name, name))
                continue;
            *out = fields[i];
            return true;
        }
        if (t->kind == TYPE_STRUCT && fields[i].type->kind == TYPE_STRUCT &&
            type_find_field(types, fields[i].type, name, out)) {
            out->offset += fields[i].offset;
            return true;
        }
    }
    return false;
}

const char *type_enum_name(struct types *types, const struct type *t, uint64_t value)
{
    size_t n;
    const struct enumerator *values = type_enumerators(types, t, &n);

    for (size_t i = 0; i < n; i++) {
        if (values[i].value == value)
            return values[i].name.p;
    }
    return NULL;
}
