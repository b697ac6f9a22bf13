/*
 * btf_funcs.c - functions and raw tracepoints: their parameters as BTF tells them
 *
 * The kernel's BTF has an entry for every function that is not inlined, leading to a prototype;
 * that of a module has one for each of the module's. A tracepoint X is a typedef btf_trace_X for
 * the type of its handlers, and that is what programs are attached to; prototypes behind typedefs
 * have no parameter names, so they are taken from a function with the same parameters.
 */
#include "kernel/btf.h"

#include "kernel/kernel_impl.h"

#include <string.h>

/* Words of a type passed by value; 0: it takes none, or is too long for registers. */
static unsigned slots_of(struct btf_file *b, uint32_t id)
{
    const struct btf_type *t = btf_file_type(b, btf_file_skip(b, id));

    if (btf_is_ptr(t) || btf_is_any_enum(t))
        return 1;
    if (btf_is_int(t) || btf_is_composite(t))
        return t->size && t->size <= 16 ? (t->size + 7) / 8 : 0;
    return 0;
}

/* Parameters from number first on; "..." is none. */
static unsigned count_params(const struct btf_type *proto)
{
    unsigned n = btf_vlen(proto);

    return n && !btf_params(proto)[n - 1].type ? n - 1 : n;
}

static const struct btf_type *proto_of(struct btf_file *b, uint32_t func_id)
{
    const struct btf_type *proto = btf_file_type(b, btf_file_type(b, func_id)->type);

    return btf_is_func_proto(proto) ? proto : NULL;
}

static struct func_info info_of(struct btf_file *b, uint32_t id, const struct btf_type *proto)
{
    unsigned n = count_params(proto);
    const struct btf_type *result = btf_file_type(b, btf_file_skip(b, proto->type));
    struct func_info info = {
        .module = btf_file_module(b),
        .name = str_from(btf_file_name(b, id)),
        .btf_id = id,
        .odd_params = n < btf_vlen(proto),
        .odd_result = btf_is_composite(result),
    };

    for (unsigned i = 0; i < n; i++) {
        unsigned slots = slots_of(b, btf_params(proto)[i].type);

        info.odd_params |= !slots;
        info.n_slots += MAX(slots, 1u);
    }
    return info;
}

static void read_params(const struct btf_reader *r, const struct btf_type *proto, unsigned first,
                        struct func_sig *out)
{
    struct arena *arena = types_arena(r->types);
    unsigned n = count_params(proto);
    const struct btf_param *params = btf_params(proto);
    uint32_t offset = 0;

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
        offset += 8 * MAX(slots_of(r->b, p->type), 1u);
    }
    out->result = btf_make_type(r, proto->type);
}

/* In one module, or anywhere if module is empty. */
static bool find_in(struct kernel *k, struct str module, uint32_t kind, struct str name,
                    struct btf_file **b, uint32_t *id)
{
    if (!module.n)
        return btf_find(k, BTF_BIT(kind), name, b, id);
    *b = btf_module_file(k, module);
    return *b && (*id = btf_file_find(*b, BTF_BIT(kind), name));
}

static bool is_func(struct btf_file *b, uint32_t id, struct str name)
{
    return btf_is_func(btf_file_type(b, id)) && str_eqz(name, btf_file_name(b, id));
}

static bool find_func(struct kernel *k, struct str module, struct str func, uint32_t guess,
                      struct btf_file **b, uint32_t *id)
{
    if (guess && module.n && (*b = btf_module_file(k, module)) && guess >= btf_file_first(*b) &&
        is_func(*b, guess, func)) {
        *id = guess;
        return true;
    }
    return find_in(k, module, BTF_KIND_FUNC, func, b, id);
}

bool kernel_func_info(struct kernel *k, struct str module, struct str func, uint32_t guess,
                      struct func_info *out)
{
    const struct btf_type *proto;
    struct btf_file *b;
    uint32_t id;

    if (!find_func(k, module, func, guess, &b, &id) || !(proto = proto_of(b, id)))
        return false;
    *out = info_of(b, id, proto);
    return true;
}

bool kernel_func(struct kernel *k, struct types *types, struct str module, struct str func,
                 struct func_sig *out)
{
    struct btf_reader r = { .k = k, .types = types };
    const struct btf_type *proto;
    uint32_t id;

    if (!find_func(k, module, func, 0, &r.b, &id) || !(proto = proto_of(r.b, id)))
        return false;
    *out = (struct func_sig){ .info = info_of(r.b, id, proto) };
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

static const struct str trace_prefix = { "btf_trace_", 10 };

static bool find_trace(struct kernel *k, struct str module, struct str event, struct btf_file **b,
                       uint32_t *id)
{
    struct buf name = { 0 };
    bool found;

    buf_printf(&name, "%.*s%.*s", STRF(trace_prefix), STRF(event));
    found = find_in(k, module, BTF_KIND_TYPEDEF, buf_as_str(&name), b, id) && trace_proto(*b, *id);
    buf_free(&name);
    return found;
}

bool kernel_raw_tracepoint(struct kernel *k, struct types *types, struct str module,
                           struct str event, struct func_sig *out)
{
    static const char *const prefixes[] = { "__probestub_", "__traceiter_" };
    struct btf_reader r = { .k = k, .types = types };
    struct arena *arena = types_arena(types);
    const struct btf_type *proto = NULL;
    uint32_t typedef_id;

    /* Programs attach to the typedef; the functions are where the parameters have names. */
    if (!find_trace(k, module, event, &r.b, &typedef_id))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(prefixes) && !proto; i++) {
        struct str name = str_printf(arena, "%s%.*s", prefixes[i], STRF(event));
        uint32_t id = btf_file_find(r.b, BTF_BIT(BTF_KIND_FUNC), name);

        proto = id ? proto_of(r.b, id) : NULL;
    }
    if (!proto && !(proto = trace_proto(r.b, typedef_id)))
        return false;
    *out = (struct func_sig){
        .info = { .module = btf_file_module(r.b), .name = event, .btf_id = typedef_id }
    };
    read_params(&r, proto, 1, out);
    for (size_t i = 0; i < out->n_params; i++)
        out->params[i].offset = (uint32_t)(8 * i);
    out->info.n_slots = (unsigned)out->n_params;
    out->result = type_none(types);
    return true;
}

/* ---- enumerating ---- */

struct found_funcs {
    VEC(struct func_info) all;
};

static int compare_funcs(const void *a, const void *b)
{
    return str_cmp(((const struct func_info *)a)->name, ((const struct func_info *)b)->name);
}

/*
 * Sorted, the first of each name. The callback may call into kernel/ again, as nothing is being
 * read any more.
 */
static int hand_out(struct found_funcs *found, kernel_func_fn fn, void *arg)
{
    int rc = 0;

    if (found->all.n)
        qsort(found->all.v, found->all.n, sizeof(*found->all.v), compare_funcs);
    for (size_t i = 0; i < found->all.n && !rc; i++) {
        if (!i || !str_eq(found->all.v[i].name, found->all.v[i - 1].name))
            rc = fn(arg, &found->all.v[i]);
    }
    vec_free(&found->all);
    return rc;
}

/* What is wanted of a record; false: nothing. */
typedef bool (*pick_fn)(struct btf_file *, uint32_t id, struct str glob, struct func_info *out);

static bool pick_func(struct btf_file *b, uint32_t id, struct str glob, struct func_info *out)
{
    const struct btf_type *t = btf_file_type(b, id), *proto;
    struct str name;

    if (!btf_is_func(t))
        return false;
    name = str_from(btf_file_string(b, t->name_off));
    if (!name.n || !str_glob(glob, name) || !(proto = proto_of(b, id)))
        return false;
    *out = info_of(b, id, proto);
    return true;
}

static bool pick_trace(struct btf_file *b, uint32_t id, struct str glob, struct func_info *out)
{
    const struct btf_type *t = btf_file_type(b, id);
    struct str name = str_from(btf_file_string(b, t->name_off));

    if (!btf_is_typedef(t) || !str_starts(name, trace_prefix))
        return false;
    name = str_sub(name, trace_prefix.n, name.n);
    if (!name.n || !str_glob(glob, name) || !trace_proto(b, id))
        return false;
    *out = (struct func_info){ .module = btf_file_module(b), .name = name, .btf_id = id };
    return true;
}

static int each_in_file(struct btf_file *b, pick_fn pick, struct str glob, kernel_func_fn fn,
                        void *arg)
{
    struct found_funcs found = { 0 };
    uint32_t end = btf_file_end(b);

    for (uint32_t id = btf_file_first(b); id < end; id++) {
        struct func_info info;

        if (pick(b, id, glob, &info))
            vec_push(&found.all, info);
    }
    return hand_out(&found, fn, arg);
}

static int each_match(struct kernel *k, struct str module_glob, pick_fn pick, struct str glob,
                      kernel_func_fn fn, void *arg)
{
    struct btf_file *b;
    int rc = 0;

    if (!str_is_glob(module_glob)) {
        b = btf_module_file(k, module_glob);
        return b ? each_in_file(b, pick, glob, fn, arg) : 0;
    }
    for (size_t file = 0; !rc && (b = btf_nth_file(k, file)); file++) {
        if (str_glob(module_glob, btf_file_module(b)))
            rc = each_in_file(b, pick, glob, fn, arg);
    }
    return rc;
}

int kernel_each_func(struct kernel *k, struct str module_glob, struct str glob, kernel_func_fn fn,
                     void *arg)
{
    struct func_info info;
    struct btf_file *b;
    int rc = 0;

    if (str_is_glob(glob))
        return each_match(k, module_glob, pick_func, glob, fn, arg);
    if (!str_is_glob(module_glob))
        return kernel_func_info(k, module_glob, glob, 0, &info) ? fn(arg, &info) : 0;
    for (size_t file = 0; !rc && (b = btf_nth_file(k, file)); file++) {
        struct str module = btf_file_module(b);

        if (str_glob(module_glob, module) && kernel_func_info(k, module, glob, 0, &info))
            rc = fn(arg, &info);
    }
    return rc;
}

int kernel_each_raw_tracepoint(struct kernel *k, struct str module_glob, struct str glob,
                               kernel_func_fn fn, void *arg)
{
    struct func_info info;
    struct btf_file *b;
    uint32_t id;

    if (str_is_glob(glob) || (str_is_glob(module_glob) && !str_eqz(module_glob, "*")))
        return each_match(k, module_glob, pick_trace, glob, fn, arg);
    /* Names of tracepoints are unique. */
    if (!find_trace(k, str_is_glob(module_glob) ? STR("") : module_glob, glob, &b, &id))
        return 0;
    info = (struct func_info){ .module = btf_file_module(b), .name = glob, .btf_id = id };
    return fn(arg, &info);
}
