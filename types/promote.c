/*
 * promote.c - the type that two values share (LANGUAGE.md 5.3)
 *
 * The result never fits less than either side, with one exception that *lossy tells about: there
 * is no integer for both int64 and uint64, so they become int64.
 */
#include "types/type.h"
#include "types/value_kind.h"

#include <stdlib.h>
#include <string.h>

static const struct type *promote_ints(struct types *types, const struct type *a,
                                       const struct type *b, bool *lossy)
{
    unsigned size = MAX(a->size, b->size);
    const struct type *is, *us; /* the signed and the unsigned one */

    if (a->is_flex && b->is_flex)
        return type_flex_int(types, size);
    if (a->is_flex || b->is_flex)
        return type_int(types, size, a->is_flex ? b->is_signed : a->is_signed);
    if (a->is_signed == b->is_signed)
        return type_int(types, size, a->is_signed);
    is = a->is_signed ? a : b;
    us = a->is_signed ? b : a;
    if (is->size > us->size)
        return type_int(types, is->size, true);
    if (size < 8)
        return type_int(types, size * 2, true);
    if (lossy)
        *lossy = true;
    return type_int(types, 8, true);
}

static const struct type *promote_pointers(struct types *types, const struct type *a,
                                           const struct type *b, bool *lossy)
{
    const struct type *to;

    if (a->elem->kind != TYPE_INT || b->elem->kind != TYPE_INT)
        return NULL;
    to = promote_ints(types, a->elem, b->elem, lossy);
    return type_ptr(types, to);
}

static const struct field *field_of(const struct type *t, struct str name)
{
    for (uint32_t i = 0; i < t->n_fields; i++) {
        if (str_eq(t->fields[i].name, name))
            return &t->fields[i];
    }
    return NULL;
}

static const struct type *promote_fields(struct types *types, const struct type *a,
                                         const struct type *b, bool *lossy)
{
    const struct type **elems = xcalloc(a->n_fields, sizeof(*elems));
    struct str *names = xcalloc(a->n_fields, sizeof(*names));
    bool fits = a->n_fields == b->n_fields;
    const struct type *result = NULL;

    for (uint32_t i = 0; fits && i < a->n_fields; i++) {
        const struct field *other =
            a->kind == TYPE_RECORD ? field_of(b, a->fields[i].name) : &b->fields[i];

        names[i] = a->fields[i].name;
        elems[i] = other ? type_promote(types, a->fields[i].type, other->type, lossy) : NULL;
        fits = elems[i] != NULL;
    }
    if (fits)
        result = a->kind == TYPE_RECORD ? type_record(types, names, elems, a->n_fields)
                                        : type_tuple(types, elems, a->n_fields);
    free(elems);
    free(names);
    return result;
}

/* Aggregates of single numbers come in a signed and an unsigned form, told apart by param[0]. */
static const struct type *promote_opaque(const struct type *a, const struct type *b)
{
    bool numbers = a->vk->aggregate && (!a->vk->buckets || a->vk->has_sign);

    if (a->vk != b->vk || !numbers ||
        memcmp(a->param + 1, b->param + 1, sizeof(a->param) - sizeof(a->param[0])) != 0)
        return NULL;
    return a->param[0] ? a : b;
}

const struct type *type_promote(struct types *types, const struct type *a, const struct type *b,
                                bool *lossy)
{
    if (a == b || b->kind == TYPE_ERROR)
        return a;
    if (a->kind == TYPE_ERROR)
        return b;
    if ((a->kind == TYPE_INT || a->kind == TYPE_ENUM) &&
        (b->kind == TYPE_INT || b->kind == TYPE_ENUM))
        return promote_ints(types, a, b, lossy);
    if (a->kind != b->kind)
        return NULL;
    switch (a->kind) {
    case TYPE_STRING:
    case TYPE_BUFFER:
        return a->size > b->size ? a : b;
    case TYPE_PTR:
        return promote_pointers(types, a, b, lossy);
    case TYPE_TUPLE:
    case TYPE_RECORD:
        return promote_fields(types, a, b, lossy);
    case TYPE_OPAQUE:
        return promote_opaque(a, b);
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_ENUM:
    case TYPE_ARRAY:
    case TYPE_STRUCT:
    case TYPE_FUNC:
        return NULL;
    }
    return NULL;
}

const struct type *type_settle(struct types *types, const struct type *t)
{
    const struct type **elems, *result;
    struct str *names;

    if (t->is_flex)
        return type_int(types, t->size, true);
    if (t->kind != TYPE_TUPLE && t->kind != TYPE_RECORD)
        return t;
    elems = xcalloc(t->n_fields, sizeof(*elems));
    names = xcalloc(t->n_fields, sizeof(*names));
    for (uint32_t i = 0; i < t->n_fields; i++) {
        elems[i] = type_settle(types, t->fields[i].type);
        names[i] = t->fields[i].name;
    }
    result = t->kind == TYPE_RECORD ? type_record(types, names, elems, t->n_fields)
                                    : type_tuple(types, elems, t->n_fields);
    free(elems);
    free(names);
    return result;
}

/* value may be the number itself (two's complement) or what stands behind the minus. */
const struct type *type_of_literal(struct types *types, uint64_t value, bool negative)
{
    uint64_t limit; /* the largest value of a signed type with as many bits */

    if (negative && (int64_t)value < 0)
        value = -value;
    for (unsigned size = 1; size <= 8; size *= 2) {
        limit = INT64_MAX >> (64 - size * 8);
        if (value <= limit + negative)
            return negative ? type_int(types, size, true) : type_flex_int(types, size);
    }
    return type_int(types, 8, negative);
}
