/*
 * btf_types.c - BTF as hark's types
 *
 * Only what is asked for is translated. A struct that is merely pointed to becomes a type with name
 * and size; its members follow when type_fields() calls btf_load_members(). How to find it again is
 * in its loader id: number of the file (0 the kernel, then modules) and type id. Id 0 means "look
 * for the name": so are structs mentioned that this file only declares, or that come from a
 * tracepoint's format, where BTF has not been opened yet.
 *
 * Modules are opened when a name is not found in the kernel itself.
 *
 * What is delivered can be relied upon even if the file is hostile: every member lies within its
 * struct, and structs contain each other at most BTF_DEPTH_MAX deep.
 */
#include "kernel/btf.h"

#include "kernel/kernel_impl.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

static const struct type *make_type(const struct btf_reader *r, uint32_t id, unsigned depth);

/* ---- files ---- */

bool kernel_has_btf(struct kernel *k)
{
    return k->btf.n || access(k->btf_path, R_OK) == 0;
}

struct btf_file *kernel_btf(struct kernel *k)
{
    if (!k->btf_tried) {
        struct btf_file *b =
            btf_file_open(k->btf_path, STR("vmlinux"), NULL, k->btf_is_kernels && !*k->root, NULL);

        k->btf_tried = true;
        if (b)
            vec_push(&k->btf, b);
    }
    return k->btf.n ? k->btf.v[0] : NULL;
}

static struct btf_file *opened_file(const struct kernel *k, struct str module)
{
    for (size_t i = 0; i < k->btf.n; i++) {
        if (str_eq(btf_file_module(k->btf.v[i]), module))
            return k->btf.v[i];
    }
    return NULL;
}

static int open_module(void *arg, struct str name)
{
    struct kernel *k = arg;
    struct btf_file *b;
    char path[PATH_MAX];

    if (!opened_file(k, name) && kernel_path(k, path, "/sys/kernel/btf/%.*s", STRF(name)) &&
        (b = btf_file_open(path, name, k->btf.v[0], false, NULL)))
        vec_push(&k->btf, b);
    return 0;
}

struct btf_file *btf_module_file(struct kernel *k, struct str module)
{
    if (!kernel_btf(k))
        return NULL;
    if (k->btf_is_kernels && !k->modules_tried && module.n && module.n < NAME_MAX &&
        module.p[0] != '.' && !memchr(module.p, '/', module.n))
        open_module(k, module);
    return opened_file(k, module);
}

static void open_modules(struct kernel *k)
{
    struct arena arena = { 0 };
    struct names modules = { 0 };
    struct dirent *entry;
    char path[PATH_MAX];
    DIR *dir;

    if (k->modules_tried || !k->btf_is_kernels || !kernel_btf(k))
        return;
    k->modules_tried = true;
    if (!kernel_path(k, path, "/sys/kernel/btf") || !(dir = opendir(path)))
        return;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "vmlinux") != 0)
            vec_push(&modules.all, str_dup(&arena, str_from(entry->d_name)));
    }
    closedir(dir);
    names_sort(&modules);
    names_each(&modules, open_module, k);
    vec_free(&modules.all);
    arena_free(&arena);
}

struct btf_file *btf_nth_file(struct kernel *k, size_t i)
{
    if (i == 0)
        return kernel_btf(k);
    open_modules(k);
    return i < k->btf.n ? k->btf.v[i] : NULL;
}

static uint64_t loader_id(const struct btf_reader *r, uint32_t id)
{
    uint64_t file = 0;

    if (id >= btf_file_first(r->b)) {
        while (r->k->btf.v[file] != r->b)
            file++;
    }
    return file << 32 | id;
}

uint32_t btf_kinds(char tag)
{
    switch (tag) {
    case 's':
        return BTF_BIT(BTF_KIND_STRUCT);
    case 'u':
        return BTF_BIT(BTF_KIND_UNION);
    case 'e':
        return BTF_BIT(BTF_KIND_ENUM) | BTF_BIT(BTF_KIND_ENUM64);
    default:
        return BTF_BIT(BTF_KIND_INT) | BTF_BIT(BTF_KIND_FLOAT) | BTF_BIT(BTF_KIND_TYPEDEF);
    }
}

bool btf_find(struct kernel *k, uint32_t kinds, struct str name, struct btf_file **b, uint32_t *id)
{
    for (size_t i = 0; (*b = btf_nth_file(k, i)); i++) {
        if ((*id = btf_file_find(*b, kinds, name)))
            return true;
    }
    return false;
}

/* ---- types ---- */

static const struct type *make_bytes(const struct btf_reader *r, uint32_t size)
{
    return type_array(r->types, type_int(r->types, 1, false), size);
}

static const struct type *make_int(const struct btf_reader *r, const struct btf_type *t)
{
    unsigned encoding = btf_int_encoding(t);

    if (encoding & BTF_INT_BOOL && t->size == 1)
        return type_bool(r->types);
    if (t->size == 1 && !strcmp(btf_file_string(r->b, t->name_off), "char"))
        return type_char(r->types);
    if (t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8)
        return type_int(r->types, t->size, encoding & BTF_INT_SIGNED);
    return make_bytes(r, t->size); /* __int128 */
}

/*
 * A kernel has a few structs with one name and different members, private to different files. The
 * one we meet first has that name for all of hark; each other one gets an origin of its own.
 */
static const struct type_loader *twin_of(struct kernel *k, uint64_t id)
{
    struct twin *twin;

    for (size_t i = 0; i < k->twins.n; i++) {
        if (k->twins.v[i]->id == id)
            return &k->twins.v[i]->loader;
    }
    twin = xcalloc(1, sizeof(*twin));
    *twin = (struct twin){ .id = id, .loader = k->loader };
    vec_push(&k->twins, twin);
    return &twin->loader;
}

static bool is_other(const struct type *type, uint64_t id)
{
    return type->loader_id && type->loader_id != id;
}

static const struct type *make_enum(const struct btf_reader *r, uint32_t btf_id,
                                    const struct btf_type *t)
{
    struct str name = str_from(btf_file_string(r->b, t->name_off));
    uint64_t id = loader_id(r, btf_id);
    struct type *type;

    if (t->size != 1 && t->size != 2 && t->size != 4 && t->size != 8)
        return make_bytes(r, t->size);
    type = type_enum(r->types, name, t->size, btf_kflag(t), &r->k->loader, id);
    if (is_other(type, id))
        type = type_enum(r->types, name, t->size, btf_kflag(t), twin_of(r->k, id), id);
    return type;
}

static const struct type *make_struct(const struct btf_reader *r, uint32_t btf_id,
                                      const struct btf_type *t)
{
    struct str name = str_from(btf_file_string(r->b, t->name_off));
    uint64_t id = loader_id(r, btf_id);
    struct type *type = type_struct(r->types, name, btf_is_union(t), &r->k->loader, id);

    if (is_other(type, id))
        type = type_struct(r->types, name, btf_is_union(t), twin_of(r->k, id), id);
    if (!type->size && !type->align) { /* new, or so far known by name only */
        type->size = t->size;
        type->align = MAX(btf_file_align(r->b, btf_id), 1u);
        type->loader_id = id;
    }
    return type;
}

/* Bytes are text (LANGUAGE.md 5.4), except where their number is not known. */
static const struct type *make_array(const struct btf_reader *r, const struct btf_array *a,
                                     unsigned depth)
{
    const struct type *elem = make_type(r, a->type, depth + 1);

    if (elem->kind == TYPE_ERROR)
        return elem; /* larger than memory */
    if (elem->kind == TYPE_INT && elem->size == 1 && a->nelems && a->nelems <= INT32_MAX)
        return type_string(r->types, a->nelems);
    return type_array(r->types, elem, a->nelems);
}

static const struct type *make_type(const struct btf_reader *r, uint32_t id, unsigned depth)
{
    const struct btf_type *t;

    id = btf_file_skip(r->b, id);
    t = btf_file_type(r->b, id);
    if (depth > BTF_DEPTH_MAX)
        return type_none(r->types);
    switch (btf_kind(t)) {
    case BTF_KIND_INT:
        return make_int(r, t);
    case BTF_KIND_FLOAT:
        return make_bytes(r, t->size);
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
        return make_enum(r, id, t);
    case BTF_KIND_PTR:
        return type_ptr(r->types, make_type(r, t->type, depth + 1));
    case BTF_KIND_ARRAY:
        return make_array(r, btf_array(t), depth);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        return make_struct(r, id, t);
    case BTF_KIND_FWD:
        return type_struct(r->types, str_from(btf_file_string(r->b, t->name_off)), btf_kflag(t),
                           &r->k->loader, 0);
    case BTF_KIND_FUNC_PROTO:
        return type_func(r->types, make_type(r, t->type, depth + 1));
    default:
        return type_none(r->types);
    }
}

void btf_read_tags(const struct btf_reader *r, uint32_t id, struct field *field)
{
    const struct btf_type *t = btf_file_type(r->b, btf_file_skip(r->b, id));

    if (!btf_is_ptr(t))
        return;
    t = btf_file_type(r->b, t->type);
    for (unsigned i = 0; i < BTF_DEPTH_MAX && btf_is_mod(t); i++) {
        const char *tag = btf_file_string(r->b, t->name_off);

        /* With the flag set it is some other attribute of the compiler's. */
        if (btf_is_type_tag(t) && !btf_kflag(t)) {
            if (!strcmp(tag, "user"))
                field->as = AS_USER;
            else if (strcmp(tag, "rcu") != 0)
                field->refused = true;
        }
        t = btf_file_type(r->b, t->type);
    }
}

/*
 * Finds the storage unit of a bit field: bytes of the declared type at its natural place, or (in a
 * packed struct, where it may lie across two of them) a wider integer further to the left.
 */
static bool place_bits(const struct btf_reader *r, const struct btf_place *m, uint32_t struct_size,
                       struct field *field)
{
    uint64_t byte = m->bit_offset / 8;

    for (uint64_t size = MAX(field->type->size, 1u); size <= 8; size *= 2) {
        uint64_t start = byte / size * size;
        uint64_t first;

        if (start + size > struct_size)
            start = struct_size >= size ? struct_size - size : 0;
        first = m->bit_offset - start * 8;
        if (start * 8 > m->bit_offset || first + m->bit_size > size * 8)
            continue;
        if (size != field->type->size)
            field->type = type_int(r->types, (unsigned)size, type_is_signed(field->type));
        field->offset = (uint32_t)start;
        field->bit_offset = (uint16_t)first;
        field->bit_size = (uint16_t)m->bit_size;
        return start + size <= struct_size;
    }
    return false;
}

static bool read_member(const struct btf_reader *r, const struct btf_type *t, unsigned i,
                        struct field *field)
{
    struct btf_place m = btf_file_member(r->b, t, i);

    field->name = str_from(btf_file_string(r->b, btf_members(t)[i].name_off));
    field->type = make_type(r, m.type, 0);
    if (field->type->kind == TYPE_ERROR)
        return false;
    btf_read_tags(r, m.type, field);
    if (m.bit_size)
        return type_is_integral(field->type) && place_bits(r, &m, t->size, field);
    field->offset = m.bit_offset / 8;
    return m.bit_offset % 8 == 0 && (uint64_t)field->offset + field->type->size <= t->size;
}

static void load_struct(const struct btf_reader *r, uint32_t id, struct type *type)
{
    const struct btf_type *t = btf_file_type(r->b, id);
    unsigned align = btf_file_align(r->b, id);
    struct field *fields = xcalloc(btf_vlen(t) + 1u, sizeof(*fields));
    size_t n = 0;

    for (unsigned i = 0; align && i < btf_vlen(t); i++) {
        if (read_member(r, t, i, &fields[n]))
            n++;
        else
            fields[n] = (struct field){ 0 };
    }
    type_define_struct(r->types, type, fields, n, t->size, MAX(align, 1u));
    free(fields);
}

struct enumerator btf_enumerator(struct btf_file *b, const struct btf_type *t, unsigned i)
{
    const struct btf_enum *e = btf_enum(t) + i;

    if (btf_is_enum64(t)) {
        const struct btf_enum64 *wide = btf_enum64(t) + i;

        return (struct enumerator){ .name = str_from(btf_file_string(b, wide->name_off)),
                                    .value = btf_enum64_value(wide) };
    }
    return (struct enumerator){
        .name = str_from(btf_file_string(b, e->name_off)),
        .value = btf_kflag(t) ? (uint64_t)(int64_t)e->val : (uint32_t)e->val,
    };
}

static void load_enum(const struct btf_reader *r, uint32_t id, struct type *type)
{
    const struct btf_type *t = btf_file_type(r->b, id);
    struct enumerator *values = xcalloc(btf_vlen(t) + 1u, sizeof(*values));

    for (unsigned i = 0; i < btf_vlen(t); i++)
        values[i] = btf_enumerator(r->b, t, i);
    type_define_enum(r->types, type, values, btf_vlen(t));
    free(values);
}

void btf_load_members(void *ctx, uint64_t loader_id, struct types *types, struct type *type)
{
    struct btf_reader r = { .k = ctx, .types = types };
    uint32_t id = (uint32_t)loader_id;

    if (id) {
        r.b = r.k->btf.v[loader_id >> 32];
    } else {
        char tag = type->kind == TYPE_ENUM ? 'e' : type->is_union ? 'u' : 's';

        if (!btf_find(r.k, btf_kinds(tag), type->name, &r.b, &id))
            return;
    }
    if (type->kind == TYPE_ENUM)
        load_enum(&r, id, type);
    else
        load_struct(&r, id, type);
}

const struct type *btf_make_type(const struct btf_reader *r, uint32_t id)
{
    return make_type(r, id, 0);
}

const struct type *kernel_type(struct kernel *k, struct types *types, char tag, struct str name)
{
    struct btf_reader r = { .k = k, .types = types };
    uint32_t id;

    return btf_find(k, btf_kinds(tag), name, &r.b, &id) ? make_type(&r, id, 0) : NULL;
}

bool kernel_is_percpu(struct kernel *k, struct str variable)
{
    struct btf_file *b;
    uint32_t id;

    return btf_find(k, BTF_BIT(BTF_KIND_VAR), variable, &b, &id);
}

const struct type *kernel_type_later(struct kernel *k, struct types *types, char tag,
                                     struct str name)
{
    return type_struct(types, name, tag == 'u', &k->loader, 0);
}

bool kernel_enum_const(struct kernel *k, struct types *types, struct str name, uint64_t *value,
                       const struct type **type)
{
    struct btf_reader r = { .k = k, .types = types };

    for (size_t file = 0; (r.b = btf_nth_file(k, file)); file++) {
        uint32_t end = btf_file_end(r.b);

        for (uint32_t id = btf_file_first(r.b); id < end; id++) {
            const struct btf_type *t = btf_file_type(r.b, id);

            for (unsigned i = 0; btf_is_any_enum(t) && i < btf_vlen(t); i++) {
                struct enumerator e = btf_enumerator(r.b, t, i);

                if (!str_eq(e.name, name))
                    continue;
                *value = e.value;
                *type = make_enum(&r, id, t);
                return (*type)->kind == TYPE_ENUM;
            }
        }
    }
    return false;
}

int kernel_each_type(struct kernel *k, char tag, struct str glob, kernel_name_fn fn, void *arg)
{
    struct names names = { 0 };
    struct btf_file *b;
    int rc;

    for (size_t file = 0; (b = btf_nth_file(k, file)); file++) {
        uint32_t end = btf_file_end(b);

        for (uint32_t id = btf_file_first(b); id < end; id++) {
            const struct btf_type *t = btf_file_type(b, id);
            struct str name = str_from(btf_file_string(b, t->name_off));

            if (btf_kinds(tag) & BTF_BIT(btf_kind(t)) && name.n && str_glob(glob, name))
                vec_push(&names.all, name);
        }
    }
    names_sort(&names);
    rc = names_each(&names, fn, arg);
    vec_free(&names.all);
    return rc;
}

uint64_t kernel_btf_identity(struct kernel *k)
{
    if (!k->btf_identity && k->btf.n)
        k->btf_identity = btf_file_hash(k->btf.v[0]);
    return k->btf_identity;
}
