/*
 * infer_cast.c - which casts there are (LANGUAGE.md 5.5)
 */
#include "sema/sema_impl.h"

static const struct type *wrong(const struct sema *s)
{
    return type_error(sema_types(s));
}

static bool is_whole_number(const struct type *t)
{
    return t->kind == TYPE_INT || t->kind == TYPE_ENUM || t->kind == TYPE_BOOL;
}

/* Arrays whose bytes are the number. */
static bool is_number_array(const struct type *t)
{
    return t->kind == TYPE_ARRAY && (t->elem->kind == TYPE_INT || t->elem->kind == TYPE_BOOL);
}

static const struct type *impossible(struct sema *s, const struct expr *e, const struct type *to,
                                     const struct type *from)
{
    struct diag *d = sema_error(s, e->at, "%s cannot be cast to %s", sema_type_name(s, from),
                                sema_type_name(s, to));

    if (d && to->kind == TYPE_STRUCT)
        diag_hint(s->c->diags, d, "cast to a pointer: (%s *)%.*s", sema_type_name(s, to),
                  STRF(sema_text(s, e->cast.e->at)));
    else if (d && to->kind == TYPE_STRING)
        diag_hint(s->c->diags, d, "str(…) reads a string at an address");
    else if (d && from->kind == TYPE_STRUCT)
        diag_hint(s->c->diags, d, "take one of its fields");
    return wrong(s);
}

static const struct type *bad_size(struct sema *s, const struct expr *e, const struct type *to,
                                   const struct type *from)
{
    sema_error(s, e->at, "%s has %u bytes, %s has %u: the cast needs the same number",
               sema_type_name(s, from), from->size, sema_type_name(s, to), to->size);
    return wrong(s);
}

static const struct type *cast_to_number(struct sema *s, const struct expr *e,
                                         const struct type *to, const struct type *from)
{
    if (is_whole_number(from) || from->kind == TYPE_PTR)
        return to;
    if (!is_number_array(from))
        return impossible(s, e, to, from);
    return from->size == to->size ? to : bad_size(s, e, to, from);
}

static const struct type *cast_to_enum(struct sema *s, const struct expr *e, const struct type *to,
                                       const struct type *from)
{
    const struct expr *value = e->cast.e;

    if (!is_whole_number(from))
        return impossible(s, e, to, from);
    if (value->kind != EXPR_INT || type_enum_name(sema_types(s), to, value->num))
        return to;
    sema_error(s, e->at, "%s has no enumerator with the value %s%ju", sema_type_name(s, to),
               value->negative ? "-" : "", (uintmax_t)(value->negative ? -value->num : value->num));
    return wrong(s);
}

/* T[]: as many elements as the value has bytes for. */
static const struct type *cast_to_open_array(struct sema *s, const struct expr *e,
                                             const struct type *to, const struct type *from)
{
    const struct type *elem = to->elem;
    bool from_bytes = from->kind == TYPE_STRING || is_number_array(from);

    if (!is_whole_number(from) && !(from_bytes && elem->size == 1))
        return impossible(s, e, to, from);
    if (elem->size && from->size && from->size % elem->size == 0)
        return type_array(sema_types(s), elem, from->size / elem->size);
    sema_error(s, e->at, "%s (%u byte%s) does not divide into elements of type %s",
               sema_type_name(s, from), from->size, from->size == 1 ? "" : "s",
               sema_type_name(s, elem));
    return wrong(s);
}

static const struct type *cast_to_array(struct sema *s, const struct expr *e, const struct type *to,
                                        const struct type *from)
{
    if (to->elem->kind != TYPE_INT && to->elem->kind != TYPE_BOOL)
        return impossible(s, e, to, from);
    if (type_is_open_array(to))
        return cast_to_open_array(s, e, to, from);
    if (from->kind == TYPE_STRING || from->kind == TYPE_BOOL)
        return from->size == to->size ? to : bad_size(s, e, to, from);
    if (!is_whole_number(from))
        return impossible(s, e, to, from);
    if (from->size == to->size || (to->size <= 8 && to->size > from->size))
        return to;
    return bad_size(s, e, to, from);
}

static const struct type *cast_to_string(struct sema *s, const struct expr *e,
                                         const struct type *to, const struct type *from)
{
    if (from->kind != TYPE_STRING)
        return impossible(s, e, to, from);
    if (!to->size)
        return from;
    if (from->size <= to->size)
        return to;
    sema_error(s, e->at, "%s does not fit into %s", sema_type_name(s, from), sema_type_name(s, to));
    return wrong(s);
}

static const struct type *cast(struct sema *s, const struct expr *e, const struct type *to,
                               const struct type *from)
{
    if (from->kind == TYPE_STRUCT && from != to)
        return impossible(s, e, to, from);
    switch (to->kind) {
    case TYPE_INT:
        return cast_to_number(s, e, to, from);
    case TYPE_ENUM:
        return cast_to_enum(s, e, to, from);
    case TYPE_BOOL:
        return type_is_scalar(from) || from->kind == TYPE_STRING ? to : impossible(s, e, to, from);
    case TYPE_PTR:
        return type_is_scalar(from) && from->kind != TYPE_BOOL ? to : impossible(s, e, to, from);
    case TYPE_ARRAY:
        return cast_to_array(s, e, to, from);
    case TYPE_STRING:
        return cast_to_string(s, e, to, from);
    case TYPE_OPAQUE: /* a number that gets a meaning: (username_t)uid */
        if (is_whole_number(from) && to->size == 8 && !to->vk->aggregate)
            return to;
        return from == to ? to : impossible(s, e, to, from);
    case TYPE_TUPLE:
    case TYPE_RECORD: /* typeof() of one */
        return infer_promote(s, to, from, NULL) == to ? to : impossible(s, e, to, from);
    case TYPE_BUFFER:
    case TYPE_STRUCT:
        return from == to ? to : impossible(s, e, to, from);
    case TYPE_ERROR:
        return to;
    case TYPE_NONE:
    case TYPE_FUNC:
        return impossible(s, e, to, from);
    }
    return impossible(s, e, to, from);
}

/* What is of the right type already in one use of a macro may not be in another. */
static bool in_macro(struct sema *s, struct span at)
{
    struct location where;

    return source_trace(s->c->sources, s->c->arena, at, &where) && where.macro.n > 0;
}

const struct type *infer_cast(struct sema *s, struct expr *e)
{
    const struct type *to = typename_infer(s, e->cast.to);
    const struct type *from = infer_value(s, e->cast.e);

    if (!to || !from)
        return to && !type_is_open_array(to) && to->kind != TYPE_STRING ? to : NULL;
    if (to->kind == TYPE_ERROR || from->kind == TYPE_ERROR)
        return wrong(s);
    e->as = e->cast.e->as;
    if (to->kind == TYPE_PTR && e->as == AS_NONE && s->probe && s->probe->provider)
        e->as = s->probe->provider->as;
    if (to == from && e->cast.e->kind != EXPR_INT && !e->generated && !in_macro(s, e->at))
        sema_warn(s, e->at, "the cast changes nothing: this is %s already",
                  sema_type_name(s, from));
    return cast(s, e, to, from);
}
