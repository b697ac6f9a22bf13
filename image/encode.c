/*
 * encode.c - an image's manifest as bytes (image_impl.h has the format)
 *
 * Types are found by walking from what the runtime decodes: keys, values, payloads. By value a
 * struct brings its members; through a pointer only its name, since nobody follows a pointer any
 * more once the record has left the kernel. Without that rule one pointer to a kernel struct would
 * drag in the whole kernel. The type table comes first but is complete last, so table and rest are
 * written to two buffers.
 */
#include "image/image_impl.h"

#include <string.h>

/* A type that has a number. */
struct known {
    const struct type *type; /* its bytes are the key in the map */
    uint32_t index;
    bool has_members;
};

struct writer {
    struct str last_line; /* of the location written before */
    const struct image *image;
    struct arena arena; /* struct known */
    struct map known;
    uint32_t n_types;
    struct buf types, rest;
};

static void put_num(struct buf *b, uint64_t n)
{
    while (n >= 0x80) {
        buf_putc(b, (char)(n | 0x80));
        n >>= 7;
    }
    buf_putc(b, (char)n);
}

static void put_int(struct buf *b, int64_t n)
{
    put_num(b, ((uint64_t)n << 1) ^ (n < 0 ? UINT64_MAX : 0));
}

static void put_str(struct buf *b, struct str s)
{
    put_num(b, s.n);
    buf_str(b, s);
    buf_putc(b, '\0');
}

static struct str key_of(const struct type *const *t)
{
    return (struct str){ (const char *)t, sizeof(*t) };
}

/* The type whose step was just written gets the next number. */
static struct known *add_known(struct writer *w, const struct type *t)
{
    struct known *k = ARENA_NEW(&w->arena, struct known);

    k->type = t;
    k->index = w->n_types++;
    map_set(&w->known, key_of(&k->type), k);
    return k;
}

static struct known *find_known(struct writer *w, const struct type *t)
{
    return map_get(&w->known, key_of(&t));
}

static uint32_t put_type(struct writer *w, const struct type *t);

/* Structs and enums without their members. */
static struct known *declare(struct writer *w, const struct type *t)
{
    struct known *k = find_known(w, t);

    if (k)
        return k;
    put_num(&w->types, t->kind);
    put_str(&w->types, t->name);
    if (t->kind == TYPE_STRUCT) {
        put_num(&w->types, t->is_union);
    } else {
        put_num(&w->types, t->size);
        put_num(&w->types, t->is_signed);
    }
    return add_known(w, t);
}

/* What a pointer points to, as far as anybody wants to know. */
static uint32_t put_pointee(struct writer *w, const struct type *t)
{
    switch (t->kind) {
    case TYPE_STRUCT:
    case TYPE_ENUM:
        return declare(w, t)->index;
    case TYPE_PTR:
    case TYPE_BOOL:
    case TYPE_INT:
        return put_type(w, t);
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_ARRAY:
    case TYPE_STRING:
    case TYPE_BUFFER:
    case TYPE_TUPLE:
    case TYPE_RECORD:
    case TYPE_FUNC:
    case TYPE_OPAQUE:
        break;
    }
    return put_type(w, type_none(w->image->types));
}

static void put_struct_members(struct writer *w, const struct known *k)
{
    size_t n;
    const struct field *fields = type_fields(w->image->types, k->type, &n);
    uint32_t *index = ARENA_ARRAY(&w->arena, uint32_t, n);

    for (size_t i = 0; i < n; i++)
        index[i] = put_type(w, fields[i].type);
    put_num(&w->types, STEP_MEMBERS);
    put_num(&w->types, k->index);
    put_num(&w->types, k->type->size);
    put_num(&w->types, k->type->align);
    put_num(&w->types, n);
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &fields[i];

        put_str(&w->types, f->name);
        put_num(&w->types, index[i]);
        put_num(&w->types, f->offset);
        put_num(&w->types, f->bit_offset);
        put_num(&w->types, f->bit_size);
        put_num(&w->types, (f->data_loc ? FIELD_DATA_LOC : 0) | (f->refused ? FIELD_REFUSED : 0) |
                               (unsigned)f->as << FIELD_AS_SHIFT);
    }
}

static void put_enum_members(struct writer *w, const struct known *k)
{
    size_t n;
    const struct enumerator *values = type_enumerators(w->image->types, k->type, &n);

    put_num(&w->types, STEP_MEMBERS);
    put_num(&w->types, k->index);
    put_num(&w->types, n);
    for (size_t i = 0; i < n; i++) {
        put_str(&w->types, values[i].name);
        put_num(&w->types, values[i].value);
    }
}

/* A struct or enum by value. The mark is set first: members may point back. */
static uint32_t put_named(struct writer *w, const struct type *t)
{
    struct known *k = declare(w, t);

    if (k->has_members)
        return k->index;
    k->has_members = true;
    if (t->kind == TYPE_STRUCT)
        put_struct_members(w, k);
    else
        put_enum_members(w, k);
    return k->index;
}

/* Tuples and records: their layout follows from their elements. */
static uint32_t put_tuple(struct writer *w, const struct type *t)
{
    size_t n;
    const struct field *fields = type_fields(w->image->types, t, &n);
    uint32_t *index = ARENA_ARRAY(&w->arena, uint32_t, n);

    for (size_t i = 0; i < n; i++)
        index[i] = put_type(w, fields[i].type);
    put_num(&w->types, t->kind);
    put_num(&w->types, n);
    for (size_t i = 0; i < n; i++) {
        put_num(&w->types, index[i]);
        if (t->kind == TYPE_RECORD)
            put_str(&w->types, fields[i].name);
    }
    return add_known(w, t)->index;
}

static void put_opaque(struct writer *w, const struct type *t)
{
    put_num(&w->types, t->kind);
    put_str(&w->types, str_from(t->vk->name));
    for (size_t i = 0; i < ARRAY_LEN(t->param); i++)
        put_num(&w->types, t->param[i]);
    put_num(&w->types, t->size);
}

/* Types that are one step, made of at most one other. */
static void put_simple(struct writer *w, const struct type *t, uint32_t elem)
{
    struct buf *b = &w->types;

    put_num(b, t->kind);
    switch (t->kind) {
    case TYPE_INT:
        put_num(b, t->size);
        put_num(b, (t->is_signed ? INT_SIGNED : 0) | (t->is_char ? INT_CHAR : 0));
        break;
    case TYPE_PTR:
        put_num(b, elem);
        break;
    case TYPE_ARRAY:
        put_num(b, elem);
        put_num(b, t->count);
        break;
    case TYPE_STRING:
        put_num(b, t->size);
        break;
    case TYPE_BUFFER:
        put_num(b, t->size ? t->size - 4 : 0);
        break;
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_BOOL:
    case TYPE_ENUM:
    case TYPE_STRUCT:
    case TYPE_TUPLE:
    case TYPE_RECORD:
    case TYPE_FUNC:
    case TYPE_OPAQUE:
        break;
    }
}

/* Writes the steps a type needs, unless they are there already; its number. */
static uint32_t put_type(struct writer *w, const struct type *t)
{
    const struct known *k = find_known(w, t);
    uint32_t elem = 0;

    if (t->kind == TYPE_STRUCT || t->kind == TYPE_ENUM)
        return put_named(w, t);
    if (k)
        return k->index;
    if (t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD)
        return put_tuple(w, t);
    if (t->kind == TYPE_FUNC)
        return put_type(w, type_none(w->image->types));
    if (t->kind == TYPE_OPAQUE) {
        put_opaque(w, t);
        return add_known(w, t)->index;
    }
    if (t->kind == TYPE_PTR)
        elem = put_pointee(w, t->elem);
    else if (t->kind == TYPE_ARRAY)
        elem = put_type(w, t->elem);
    put_simple(w, t, elem);
    return add_known(w, t)->index;
}

/* In the rest of the manifest: 0 for no type, else its number plus one. */
static void put_type_ref(struct writer *w, const struct type *t)
{
    put_num(&w->rest, t ? (uint64_t)put_type(w, t) + 1 : 0);
}

/* Many things in a script stand on one line: the line is written for the first of them. */
static void put_place(struct writer *w, const struct location *at)
{
    struct buf *b = &w->rest;
    bool same = at->text.p == w->last_line.p && at->text.n == w->last_line.n;

    put_str(b, at->file);
    put_num(b, at->line);
    put_num(b, at->col);
    put_num(b, at->line_end);
    put_num(b, at->col_end);
    put_num(b, same);
    if (!same)
        put_str(b, at->text);
    w->last_line = at->text;
}

static void put_location(struct writer *w, const struct location *at)
{
    put_place(w, at);
    for (; at->from; at = at->from) {
        put_num(&w->rest, true);
        put_str(&w->rest, at->macro);
        put_place(w, at->from);
    }
    put_num(&w->rest, false);
}

static void put_config(struct writer *w)
{
    struct buf *b = &w->rest;

    put_num(b, CONFIG_KEYS);
    for (int i = 0; i < CONFIG_KEYS; i++) {
        put_str(b, str_from(config_key_name((enum config_key)i)));
        put_str(b, config_get(&w->image->config, &w->arena, (enum config_key)i));
    }
}

static void put_map(struct writer *w, const struct image_map *m)
{
    struct buf *b = &w->rest;

    put_str(b, m->name);
    put_str(b, m->elf_name);
    put_num(b, m->role);
    put_num(b, m->bpf_type);
    put_num(b, m->max_entries);
    put_type_ref(w, m->key);
    put_type_ref(w, m->value);
    put_num(b, m->buckets);
    put_num(b, m->per_cpu);
    put_num(b, m->key_size);
    put_num(b, m->value_size);
    put_num(b, m->keys_map);
    put_int(b, m->set_index);
}

static void put_action(struct writer *w, const struct image_action *a)
{
    struct buf *b = &w->rest;

    put_str(b, a->builtin);
    put_type_ref(w, a->payload);
    put_str(b, a->text);
    put_int(b, a->map);
    for (size_t i = 0; i < ARRAY_LEN(a->num); i++)
        put_int(b, a->num[i]);
    put_num(b, a->packed);
    put_num(b, a->control);
    put_location(w, &a->at);
}

static void put_target(struct buf *b, const struct target *t)
{
    put_str(b, t->label);
    put_str(b, t->path);
    put_str(b, t->module);
    put_str(b, t->func);
    put_str(b, t->lang);
    put_str(b, t->file);
    put_num(b, t->addr);
    put_num(b, t->offset);
    put_num(b, t->semaphore);
    put_num(b, t->period);
    put_num(b, t->line);
    put_num(b, t->col);
    put_num(b, t->len);
    put_num(b, t->code);
    put_num(b, (t->has_addr ? TARGET_HAS_ADDR : 0) | (t->is_hz ? TARGET_IS_HZ : 0) |
                   (t->is_pattern ? TARGET_IS_PATTERN : 0));
}

static void put_probe(struct buf *b, const struct image_probe *p)
{
    put_str(b, p->provider);
    put_str(b, p->fn);
    put_str(b, p->section);
    put_num(b, p->when);
    put_num(b, p->is_session);
    put_num(b, p->targets.n);
    for (size_t i = 0; i < p->targets.n; i++)
        put_target(b, &p->targets.v[i]);
}

static void put_site(struct writer *w, const struct image_site *s)
{
    struct buf *b = &w->rest;

    put_num(b, s->kind);
    put_str(b, s->helper);
    put_str(b, s->text);
    put_location(w, &s->at);
}

static void put_rest(struct writer *w)
{
    const struct image *image = w->image;
    struct buf *b = &w->rest;

    put_str(b, image->source_name);
    put_config(w);
    put_num(b, image->btf_identity);
    put_num(b, image->uses_map_iteration ? FLAG_MAP_ITERATION : 0);
    put_num(b, image->n_sets);
    put_num(b, image->maps.n);
    for (size_t i = 0; i < image->maps.n; i++)
        put_map(w, &image->maps.v[i]);
    put_num(b, image->actions.n);
    for (size_t i = 0; i < image->actions.n; i++)
        put_action(w, &image->actions.v[i]);
    put_num(b, image->probes.n);
    for (size_t i = 0; i < image->probes.n; i++)
        put_probe(b, &image->probes.v[i]);
    put_num(b, image->sites.n);
    for (size_t i = 0; i < image->sites.n; i++)
        put_site(w, &image->sites.v[i]);
}

struct str image_encode(const struct image *image, struct arena *arena)
{
    struct writer w = { .image = image };
    struct buf all = { 0 };
    struct str result;

    put_rest(&w);
    buf_add(&all, IMAGE_MAGIC, sizeof(IMAGE_MAGIC));
    put_num(&all, IMAGE_VERSION);
    put_num(&all, w.types.n);
    buf_str(&all, buf_as_str(&w.types));
    buf_str(&all, buf_as_str(&w.rest));
    result = str_dup(arena, buf_as_str(&all));
    buf_free(&all);
    buf_free(&w.types);
    buf_free(&w.rest);
    map_free(&w.known);
    arena_free(&w.arena);
    return result;
}
