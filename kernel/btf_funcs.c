/*
 * btf_funcs.c - functions and raw tracepoints: their parameters as BTF tells them
 *
 * The kernel's BTF has an entry for every function that is not inlined, leading to a prototype. A
 * tracepoint X is a typedef btf_trace_X for the type of its handlers, and that is what programs are
 * attached to; prototypes behind typedefs have no parameter names, so they are taken from a
 * function with the same parameters.
 */
#include "kernel/btf.h"

#include "kernel/kernel_impl.h"

/* Parameters from number first on. A struct by value takes as many words as it has begun. */
static void read_params(const struct btf_reader *r, const struct btf_type *proto, unsigned first,
                        struct func_sig *out)
{
    struct arena *arena = types_arena(r->types);
    unsigned n = btf_vlen(proto);
    const struct btf_param *params = btf_params(proto);
    uint32_t offset = 0;

    if (n && !params[n - 1].type) /* "..." */
        n--;
    out->n_params = n > first ? n - first : 0;
    out->params = ARENA_ARRAY(arena, struct field, out->n_params + 1);
    for (unsigned i = 0; i < out->n_params; i++) {
        const struct btf_param *p = &params[first + i];
        struct field *field = &out->params[i];

        field->name = str_from(btf_file_string(r->b, p->name_off));
        if (!field->name.n)
            field->name = str_printf(arena, "arg%u", i);
        field->type = btf_make_type(r, p->type);
        field->offset = offset;
        btf_read_tags(r, p->type, field);
        offset += field->type->kind == TYPE_STRUCT && field->type->size <= 16
                      ? ROUND_UP(MAX(field->type->size, 1u), 8u)
                      : 8;
    }
    out->result = btf_make_type(r, proto->type);
    out->module = btf_file_module(r->b);
}

bool kernel_func(struct kernel *k, struct types *types, struct str func, struct func_sig *out)
{
    struct btf_reader r = { .k = k, .types = types };
    const struct btf_type *proto;
    uint32_t id;

    if (!btf_find(k, BTF_BIT(BTF_KIND_FUNC), func, &r.b, &id))
        return false;
    proto = btf_file_type(r.b, btf_file_type(r.b, id)->type);
    if (!btf_is_func_proto(proto))
        return false;
    *out = (struct func_sig){ .btf_id = id };
    read_params(&r, proto, 0, out);
    return true;
}

bool kernel_has_func(struct kernel *k, struct str func)
{
    struct btf_file *b;
    uint32_t id;

    return btf_find(k, BTF_BIT(BTF_KIND_FUNC), func, &b, &id);
}

/* The prototype of a tracepoint's handlers, if id is a typedef btf_trace_X. */
static const struct btf_type *trace_proto(struct btf_file *b, uint32_t id)
{
    const struct btf_type *t = btf_file_type(b, btf_file_skip(b, id));

    if (btf_is_ptr(t))
        t = btf_file_type(b, btf_file_skip(b, t->type));
    return btf_is_func_proto(t) ? t : NULL;
}

static bool find_trace(struct kernel *k, struct str event, struct btf_file **b, uint32_t *id)
{
    struct buf name = { 0 };
    bool found;

    buf_printf(&name, "btf_trace_%.*s", STRF(event));
    found =
        btf_find(k, BTF_BIT(BTF_KIND_TYPEDEF), buf_as_str(&name), b, id) && trace_proto(*b, *id);
    buf_free(&name);
    return found;
}

bool kernel_raw_tracepoint(struct kernel *k, struct types *types, struct str event,
                           struct func_sig *out)
{
    static const char *const prefixes[] = { "__probestub_", "__traceiter_" };
    struct btf_reader r = { .k = k, .types = types };
    struct arena *arena = types_arena(types);
    const struct btf_type *proto = NULL;
    uint32_t typedef_id;

    /* Programs attach to the typedef; the functions are where the parameters have names. */
    if (!find_trace(k, event, &r.b, &typedef_id))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(prefixes) && !proto; i++) {
        struct str name = str_printf(arena, "%s%.*s", prefixes[i], STRF(event));
        uint32_t id;

        id = btf_file_find(r.b, BTF_BIT(BTF_KIND_FUNC), name);
        proto = id ? btf_file_type(r.b, btf_file_type(r.b, id)->type) : NULL;
        if (proto && !btf_is_func_proto(proto))
            proto = NULL;
    }
    if (!proto && !(proto = trace_proto(r.b, typedef_id)))
        return false;
    *out = (struct func_sig){ .btf_id = typedef_id };
    read_params(&r, proto, 1, out);
    for (size_t i = 0; i < out->n_params; i++)
        out->params[i].offset = (uint32_t)(8 * i);
    out->result = type_none(types);
    return true;
}

int kernel_each_raw_tracepoint(struct kernel *k, struct str glob, kernel_name_fn fn, void *arg)
{
    const struct str prefix = STR("btf_trace_");
    struct names names = { 0 };
    struct btf_file *b;
    uint32_t found;
    int rc;

    if (!str_is_glob(glob))
        return find_trace(k, glob, &b, &found) ? fn(arg, glob) : 0;
    for (size_t file = 0; (b = btf_nth_file(k, file)); file++) {
        uint32_t end = btf_file_end(b);

        for (uint32_t id = btf_file_first(b); id < end; id++) {
            const struct btf_type *t = btf_file_type(b, id);
            struct str name = str_from(btf_file_string(b, t->name_off));

            if (!btf_is_typedef(t) || !str_starts(name, prefix))
                continue;
            name = str_sub(name, prefix.n, name.n);
            if (name.n && str_glob(glob, name) && trace_proto(b, id))
                vec_push(&names.all, name);
        }
    }
    names_sort(&names);
    rc = names_each(&names, fn, arg);
    vec_free(&names.all);
    return rc;
}
