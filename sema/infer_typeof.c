/*
 * infer_typeof.c - sizeof, offsetof, typeinfo: questions about types, answered while compiling
 *
 * The operand is never evaluated. Where it is a type, fold.c has the answer already; where it is an
 * expression, the answer is certain only in the last walk of infer.c, when its type is.
 */
#include "sema/sema_impl.h"

static const struct type *wrong(const struct sema *s)
{
    return type_error(sema_types(s));
}

static void become_number(struct compile *c, struct expr *e, uint64_t n)
{
    literal_put(e, (struct literal){ false, n });
    e->type = type_int(c->image->types, 8, false);
}

/* The place of a.b.c; *at_fault gets the index of the name that is unknown. */
static bool find_path(struct types *types, const struct type *t, const struct expr *e,
                      uint64_t *offset, unsigned *at_fault)
{
    struct field field;

    *offset = 0;
    for (unsigned i = 0; i < e->type_of.n_path; i++) {
        *at_fault = i;
        if (t->kind != TYPE_STRUCT || !type_find_field(types, t, e->type_of.path[i], &field))
            return false;
        *offset += field.offset + field.bit_offset / 8;
        t = field.type;
    }
    return true;
}

/* offsetof() looks at what a pointer points to. */
static const struct type *object_type(const struct type *t)
{
    while (t->kind == TYPE_PTR)
        t = t->elem;
    return t;
}

static const struct type *operand_type(const struct expr *e)
{
    if (e->type_of.of_type)
        return e->type_of.of_type->type;
    return e->type_of.of_expr ? e->type_of.of_expr->type : NULL;
}

bool typeof_fold(struct compile *c, struct expr *e)
{
    const struct type *t = operand_type(e);
    uint64_t offset;
    unsigned fault;

    if (!t || t->kind == TYPE_ERROR)
        return false;
    if (e->kind == EXPR_SIZEOF && type_is_complete(t)) {
        become_number(c, e, t->size);
        return true;
    }
    if (e->kind != EXPR_OFFSETOF || !find_path(c->image->types, object_type(t), e, &offset, &fault))
        return false;
    become_number(c, e, offset);
    return true;
}

static const struct type *bad_operand(struct sema *s, struct expr *e, const struct type *t)
{
    const struct type *object = object_type(t);
    uint64_t offset;
    unsigned fault = 0;

    if (e->kind == EXPR_SIZEOF) {
        sema_error(s, e->at, "the size of %s is not known", sema_type_name(s, t));
    } else if (object->kind != TYPE_STRUCT) {
        sema_error(s, e->at, "offsetof() is about structs and unions, not %s",
                   sema_type_name(s, t));
    } else {
        find_path(sema_types(s), object, e, &offset, &fault);
        sema_error(s, e->at, "%s has no field '%.*s'", sema_type_name(s, object),
                   STRF(e->type_of.path[fault]));
    }
    return wrong(s);
}

/* ---- typeinfo ---- */

static struct str base_name(const struct type *t)
{
    static const char *const names[] = {
        [TYPE_ERROR] = "unknown", [TYPE_NONE] = "void",     [TYPE_BOOL] = "bool",
        [TYPE_INT] = "int",       [TYPE_ENUM] = "enum",     [TYPE_PTR] = "pointer",
        [TYPE_ARRAY] = "array",   [TYPE_STRING] = "string", [TYPE_BUFFER] = "buffer",
        [TYPE_STRUCT] = "struct", [TYPE_TUPLE] = "tuple",   [TYPE_RECORD] = "record",
        [TYPE_FUNC] = "function", [TYPE_OPAQUE] = "opaque",
    };

    if (t->kind == TYPE_OPAQUE)
        return t->name;
    return t->kind == TYPE_STRUCT && t->is_union ? STR("union") : str_from(names[t->kind]);
}

/* (btf_id = …, base_type = "int", full_type = "uint64") */
static void become_info(struct sema *s, struct expr *e, const struct type *t)
{
    struct arena *a = s->c->arena;
    struct str *names = ARENA_ARRAY(a, struct str, 3);
    struct expr *items;

    names[0] = STR("btf_id");
    names[1] = STR("base_type");
    names[2] = STR("full_type");
    items = ast_int(a, e->at, t->loader ? t->loader_id : 0);
    items = ast_expr_append(items, ast_string(a, e->at, base_name(t)));
    items = ast_expr_append(items, ast_string(a, e->at, str_from(sema_type_name(s, t))));
    e->kind = EXPR_RECORD;
    e->tuple.items = items;
    e->tuple.n = 3;
    e->tuple.names = names;
    e->tuple.is_key_list = false;
}

static const struct type *infer_info(struct sema *s, struct expr *e, const struct type *t)
{
    if (!call_unstable(s, e->at, s->c->config->unstable_typeinfo, "typeinfo"))
        return wrong(s);
    become_info(s, e, infer_settle(s, t));
    return infer_expr(s, e);
}

const struct type *infer_type_of(struct sema *s, struct expr *e)
{
    const struct type *t = e->type_of.of_type ? typename_infer(s, e->type_of.of_type)
                                              : infer_value(s, e->type_of.of_expr);

    if (e->type_of.of_expr)
        infer_lock(s, e->type_of.of_expr);

    if (!t || t->kind == TYPE_ERROR)
        return t && e->kind != EXPR_TYPEINFO ? type_int(sema_types(s), 8, false) : t;
    if (e->kind == EXPR_TYPEINFO)
        return infer_info(s, e, t);
    if (s->report && !typeof_fold(s->c, e))
        return bad_operand(s, e, t);
    return type_int(sema_types(s), 8, false);
}
