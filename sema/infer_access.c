/*
 * infer_access.c - parts of values: fields, elements of tuples, arrays by index
 *
 * A field is found through any number of pointers, written with '.' or '->' alike. What a field or
 * element points to lies in the same memory as the object it was read from, unless the field itself
 * says otherwise.
 */
#include "sema/sema_impl.h"

static const struct type *wrong(const struct sema *s)
{
    return type_error(sema_types(s));
}

static bool is_args(const struct expr *e)
{
    return e->kind == EXPR_CALL && e->call.fn && e->call.fn->needs & CAP_ARGS;
}

/* ---- fields ---- */

static void guess_field(struct sema *s, struct diag *d, const struct type *t, struct str name)
{
    struct str_guess guess = { .word = name };
    const struct field *fields;
    struct buf list = { 0 };
    size_t n;

    if (!d)
        return;
    fields = type_fields(sema_types(s), t, &n);
    for (size_t i = 0; i < n; i++) {
        str_guess_try(&guess, fields[i].name);
        if (fields[i].name.n)
            buf_printf(&list, "%s%.*s", list.n ? ", " : "", STRF(fields[i].name));
    }
    if (str_guess_ok(&guess))
        diag_hint(s->c->diags, d, "did you mean '%.*s'?", STRF(guess.best));
    else if (n > 0 && n <= 12)
        diag_hint(s->c->diags, d, "it has: %s", list.p ? list.p : "");
    buf_free(&list);
}

static const struct type *unknown_field(struct sema *s, const struct expr *e,
                                        const struct type *owner)
{
    struct str name = e->field.name;
    struct diag *d;

    if (is_args(e->field.e) && str_starts(name, STR("common_"))) {
        sema_error(s, e->at,
                   "programs cannot read '%.*s': the common fields of tracepoints are out "
                   "of their reach",
                   STRF(name));
        return wrong(s);
    }
    if (is_args(e->field.e)) {
        d = sema_error(s, e->at, "'%.*s' has no argument '%.*s'", STRF(s->probe->targets[0].label),
                       STRF(name));
    } else if (!type_is_complete(owner)) {
        sema_error(s, e->at, "%s is not defined, so its field '%.*s' cannot be read",
                   sema_type_name(s, owner), STRF(name));
        return wrong(s);
    } else {
        d = sema_error(s, e->at, "%s has no field '%.*s'", sema_type_name(s, owner), STRF(name));
    }
    guess_field(s, d, owner, name);
    return wrong(s);
}

static const struct type *no_fields(struct sema *s, const struct expr *e, const struct type *t)
{
    struct diag *d = sema_error(s, e->at, "%s has no fields", sema_type_name(s, t));

    if (d && t->kind == TYPE_TUPLE)
        diag_hint(s->c->diags, d, "elements of tuples have numbers: .0, .1 …");
    else if (d && t->kind == TYPE_INT)
        diag_hint(s->c->diags, d, "say what it points to: ((struct name *)%.*s)->%.*s",
                  STRF(sema_text(s, e->field.e->at)), STRF(e->field.name));
    return wrong(s);
}

static void check_pointer(struct sema *s, const struct expr *e, const struct type *t)
{
    /* The warning about unknown address spaces, but not what infer_deref() says of incomplete
       types: unknown_field() names the field. */
    if (t->kind == TYPE_PTR && type_is_complete(t->elem))
        infer_deref(s, e, t, e->field.e->as);
}

const struct type *infer_field(struct sema *s, struct expr *e)
{
    const struct type *t = infer_value(s, e->field.e), *owner = t;
    struct field *field = &e->field.field;

    if (!t || t->kind == TYPE_ERROR)
        return t;
    while (owner->kind == TYPE_PTR)
        owner = owner->elem;
    if (owner->kind != TYPE_STRUCT && owner->kind != TYPE_RECORD)
        return no_fields(s, e, t);
    if (!type_find_field(sema_types(s), owner, e->field.name, field))
        return unknown_field(s, e, owner);
    if (field->refused && is_args(e->field.e)) {
        sema_error(s, e->at,
                   "programs cannot read '%.*s': it is in no register or place in memory "
                   "that is known here",
                   STRF(e->field.name));
        return wrong(s);
    }
    if (field->refused) {
        sema_error(s, e->at, "'%.*s' of %s is kept per CPU; programs cannot follow such a pointer",
                   STRF(e->field.name), sema_type_name(s, owner));
        return wrong(s);
    }
    check_pointer(s, e, t);
    e->field.owner = owner;
    e->as = field->as != AS_NONE ? field->as : e->field.e->as;
    return field->type;
}

/* ---- tuples ---- */

static const struct type *tuple_item(struct sema *s, struct expr *e, const struct type *t,
                                     uint64_t n)
{
    size_t count;
    const struct field *fields = type_fields(sema_types(s), t, &count);

    if (n < count)
        return fields[n].type;
    sema_error(s, e->at,
               count ? "element %ju: the tuple %s has only %zu, counted from 0"
                     : "element %ju: the tuple %s has %zu",
               (uintmax_t)n, sema_type_name(s, t), count);
    return wrong(s);
}

const struct type *infer_element(struct sema *s, struct expr *e)
{
    const struct type *t = infer_value(s, e->element.e);

    if (!t || t->kind == TYPE_ERROR)
        return t;
    e->as = e->element.e->as;
    if (t->kind == TYPE_TUPLE)
        return tuple_item(s, e, t, e->element.n);
    sema_error(s, e->at, "only tuples have numbered elements, got %s", sema_type_name(s, t));
    return wrong(s);
}

/* ---- arrays ---- */

/* t[1] is t.1 */
static const struct type *index_tuple(struct sema *s, struct expr *e, const struct type *t)
{
    struct expr *tuple = e->index.e;
    struct literal n;

    if (!literal_of(e->index.i, &n) || n.negative) {
        sema_error(s, e->index.i->at, "the elements of a tuple are chosen by a literal number");
        return wrong(s);
    }
    e->as = tuple->as;
    e->kind = EXPR_ELEMENT;
    e->element.e = tuple;
    e->element.n = n.size;
    return tuple_item(s, e, t, n.size);
}

static bool index_in_range(struct sema *s, const struct expr *e, const struct type *t,
                           uint64_t length)
{
    struct literal n;

    if (!literal_of(e->index.i, &n))
        return true;
    if (n.negative) {
        sema_error(s, e->index.i->at, "an index cannot be negative");
        return false;
    }
    if (n.size < length)
        return true;
    sema_error(s, e->index.i->at, "index %ju is beyond the end of %s", (uintmax_t)n.size,
               sema_type_name(s, t));
    return false;
}

const struct type *infer_index(struct sema *s, struct expr *e)
{
    const struct type *t = infer_value(s, e->index.e);
    const struct type *i = infer_value(s, e->index.i);

    if (!t || !i || t->kind == TYPE_ERROR || i->kind == TYPE_ERROR)
        return t && i ? wrong(s) : NULL;
    if (t->kind == TYPE_TUPLE)
        return index_tuple(s, e, t);
    if (i->kind != TYPE_INT && i->kind != TYPE_ENUM) {
        sema_error(s, e->index.i->at, "an index must be an integer, got %s", sema_type_name(s, i));
        return wrong(s);
    }
    e->as = e->index.e->as;
    switch (t->kind) {
    case TYPE_ARRAY:
        return index_in_range(s, e, t, t->count ? t->count : UINT64_MAX) ? t->elem : wrong(s);
    case TYPE_STRING:
        return index_in_range(s, e, t, t->size ? t->size : UINT64_MAX)
                   ? type_int(sema_types(s), 1, true)
                   : wrong(s);
    case TYPE_PTR:
        return index_in_range(s, e, t, UINT64_MAX) ? infer_deref(s, e, t, e->as) : wrong(s);
    default:
        sema_error(s, e->at, "%s cannot be indexed", sema_type_name(s, t));
        return wrong(s);
    }
}
