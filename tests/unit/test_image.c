/*
 * test_image.c - an image survives being written and read, and what is no image is refused
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "builtins/builtin.h"
#include "tests/unit/image_help.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a registry of two kinds and one builtin ---- */

static uint32_t pair_size(const uint64_t param[4])
{
    return (uint32_t)param[0] * 8;
}

static uint32_t hist_buckets(const struct type *t)
{
    return (uint32_t)t->param[0];
}

static const struct value_kind pair_kind = { .name = "pair", .align = 8, .size_of = pair_size };
static const struct value_kind hist_kind = {
    .name = "hist", .size = 8, .align = 8, .aggregate = true, .buckets = hist_buckets
};
static const struct builtin printf_builtin = { .name = "printf" };

static const struct value_kind *find_kind(const void *ctx, struct str name)
{
    (void)ctx;
    return str_eqz(name, "pair") ? &pair_kind : str_eqz(name, "hist") ? &hist_kind : NULL;
}

static const struct builtin *find_builtin(const void *ctx, struct str name)
{
    (void)ctx;
    return str_eqz(name, "printf") ? &printf_builtin : NULL;
}

static const struct image_names names = { find_kind, find_builtin, NULL };

/* ---- making images ---- */

static const struct type *tuple_of(struct image *image, const struct type *t)
{
    return type_tuple(image->types, &t, 1);
}

static void add_action(struct image *image, const struct type *payload)
{
    arena_vec_push(
        &image->arena, &image->actions,
        (struct image_action){
            .builtin = STR("printf"), .payload = payload, .text = STR("%d\n"), .map = -1 });
}

static void add_map(struct image *image, const char *name, const struct type *key,
                    const struct type *value)
{
    arena_vec_push(&image->arena, &image->maps,
                   (struct image_map){ .name = str_from(name),
                                       .elf_name = STR("AT_x"),
                                       .bpf_type = BPF_MAP_TYPE_HASH,
                                       .max_entries = 10,
                                       .key = key,
                                       .value = value,
                                       .key_size = key ? key->size : 4,
                                       .value_size = value->size,
                                       .set_index = -1 });
}

static int encode_and_decode(const struct image *image, struct arena *a, struct image **out,
                             struct err *e)
{
    struct str elf = elf_with(a, ".hark", image_encode(image, a));

    return image_decode(out, elf, &names, e);
}

/* What comes back; the test fails if nothing does. */
static struct image *round_trip(const struct image *image)
{
    struct arena a = { 0 };
    struct image *back = NULL;
    struct err e = { 0 };

    if (encode_and_decode(image, &a, &back, &e))
        fail_msg("%s", e.text);
    arena_free(&a);
    return back;
}

/* A payload of one type, and back. */
static const struct type *type_round_trip(struct image *image, const struct type *t,
                                          struct image **back)
{
    size_t n;

    add_action(image, tuple_of(image, t));
    *back = round_trip(image);
    return type_fields((*back)->types, (*back)->actions.v[image->actions.n - 1].payload, &n)->type;
}

#define assert_str(s, text) assert_true(str_eqz((s), (text)))

/* ---- tests ---- */

static void empty(void **state)
{
    struct image *image = image_new(), *back;

    (void)state;
    back = round_trip(image);
    assert_int_equal(back->maps.n + back->actions.n + back->probes.n + back->sites.n, 0);
    assert_true(back->elf.n > 0);
    image_free(back);
    image_free(image);
    image_free(NULL);
}

static void config(void **state)
{
    struct image *image = image_new(), *back;
    struct str why;

    (void)state;
    config_set(&image->config, &image->arena, STR("max_map_keys"), STR("77"), &why);
    config_set(&image->config, &image->arena, STR("missing_probes"), STR("warn"), &why);
    config_set(&image->config, &image->arena, STR("print_maps_on_exit"), STR("0"), &why);
    config_set(&image->config, &image->arena, STR("str_trunc_trailer"), STR("~"), &why);
    back = round_trip(image);
    for (int i = 0; i < CONFIG_KEYS; i++) {
        struct str wanted = config_get(&image->config, &image->arena, (enum config_key)i);
        struct str got = config_get(&back->config, &back->arena, (enum config_key)i);

        assert_true(str_eq(wanted, got));
    }
    assert_int_equal(back->config.max_map_keys, 77);
    assert_int_equal(back->config.missing_probes, MISSING_WARN);
    assert_false(back->config.print_maps_on_exit);
    image_free(back);
    image_free(image);
}

static void simple_types(void **state)
{
    struct image *image = image_new(), *back;
    struct types *types = image->types;
    const struct type *all[] = {
        type_bool(types),
        type_int(types, 1, true),
        type_int(types, 2, false),
        type_int(types, 8, true),
        type_char(types),
        type_ptr(types, type_none(types)),
        type_array(types, type_int(types, 4, false), 3),
        type_string(types, 64),
        type_buffer(types, 60),
    };
    const struct type *payload = type_tuple(types, all, ARRAY_LEN(all));
    const struct field *fields;
    size_t n;

    (void)state;
    add_action(image, payload);
    back = round_trip(image);
    assert_int_equal(back->actions.v[0].payload->size, payload->size);
    fields = type_fields(back->types, back->actions.v[0].payload, &n);
    assert_int_equal(n, ARRAY_LEN(all));
    for (size_t i = 0; i < n; i++) {
        const struct type *t = fields[i].type;

        assert_int_equal(t->kind, all[i]->kind);
        assert_int_equal(t->size, all[i]->size);
        assert_int_equal(t->align, all[i]->align);
        assert_int_equal(t->is_signed, all[i]->is_signed);
        assert_int_equal(t->is_char, all[i]->is_char);
        assert_int_equal(t->count, all[i]->count);
    }
    assert_ptr_equal(fields[0].type, type_bool(back->types)); /* interned there too */
    image_free(back);
    image_free(image);
}

static void enums(void **state)
{
    struct image *image = image_new(), *back;
    struct type *mode = type_enum(image->types, STR("mode"), 4, true, NULL, 0);
    const struct enumerator values[] = { { STR("FAST"), 1 }, { STR("NONE"), UINT64_MAX } };
    const struct type *t;

    (void)state;
    type_define_enum(image->types, mode, values, 2);
    t = type_round_trip(image, mode, &back);
    assert_str(t->name, "mode");
    assert_string_equal(type_enum_name(back->types, t, 1), "FAST");
    assert_string_equal(type_enum_name(back->types, t, UINT64_MAX), "NONE");
    assert_null(type_enum_name(back->types, t, 2));
    image_free(back);
    image_free(image);
}

/* struct node { struct node *next; enum …; struct { unsigned low : 3, high : 5; }; char name[4]; }
 */
static void structs(void **state)
{
    struct image *image = image_new(), *back;
    struct types *types = image->types;
    struct type *node = type_struct(types, STR("node"), false, NULL, 0);
    struct type *bits = type_struct(types, STR(""), true, NULL, 5);
    const struct type *u32 = type_int(types, 4, false);
    const struct field bit_fields[] = {
        { .name = STR("low"), .type = u32, .bit_size = 3 },
        { .name = STR("high"), .type = u32, .bit_offset = 3, .bit_size = 5, .as = AS_USER },
    };
    const struct field node_fields[] = {
        { .name = STR("next"), .type = type_ptr(types, node) },
        { .type = bits, .offset = 8 },
        { .name = STR("name"), .type = type_array(types, type_char(types), 4), .offset = 12 },
    };
    struct field found;
    const struct type *t;
    const struct field *f;
    size_t n;

    (void)state;
    type_define_struct(types, bits, bit_fields, 2, 4, 4);
    type_define_struct(types, node, node_fields, 3, 16, 8);
    t = type_round_trip(image, node, &back);
    assert_int_equal(t->size, 16);
    assert_int_equal(t->align, 8);
    f = type_fields(back->types, t, &n);
    assert_int_equal(n, 3);
    assert_ptr_equal(f[0].type->elem, t);
    assert_true(f[1].type->is_union);
    assert_true(type_find_field(back->types, t, STR("high"), &found));
    assert_int_equal(found.offset, 8);
    assert_int_equal(found.bit_offset, 3);
    assert_int_equal(found.bit_size, 5);
    assert_int_equal(found.as, AS_USER);
    assert_true(f[2].type->elem->is_char);
    image_free(back);
    image_free(image);
}

static void must_not_load(void *ctx, uint64_t id, struct types *types, struct type *t)
{
    (void)ctx;
    (void)id;
    (void)types;
    fail_msg("members of struct %.*s were read", STRF(t->name));
}

/* Through a pointer only the name travels, and nobody reads what it points to. */
static void pointees(void **state)
{
    const struct type_loader loader = { NULL, must_not_load };
    struct image *image = image_new(), *back;
    struct type *task = type_struct(image->types, STR("task_struct"), false, &loader, 42);
    const struct type *t;
    size_t n;

    (void)state;
    t = type_round_trip(image, type_ptr(image->types, type_ptr(image->types, task)), &back);
    assert_int_equal(t->kind, TYPE_PTR);
    assert_int_equal(t->elem->kind, TYPE_PTR);
    assert_str(t->elem->elem->name, "task_struct");
    assert_false(type_is_complete(t->elem->elem));
    type_fields(back->types, t->elem->elem, &n);
    assert_int_equal(n, 0);
    image_free(back);
    image_free(image);
}

/* First only pointed to, then by value: the members come after all. */
static void pointee_becomes_whole(void **state)
{
    struct image *image = image_new(), *back;
    struct types *types = image->types;
    struct type *s = type_struct(types, STR("s"), false, NULL, 0);
    const struct field field = { .name = STR("x"), .type = type_bool(types) };
    const struct type *elems[] = { type_ptr(types, s), s, type_array(types, s, 2) };
    const struct field *f;
    size_t n;

    (void)state;
    type_define_struct(types, s, &field, 1, 1, 1);
    elems[2] = type_array(types, s, 2);
    add_action(image, type_tuple(types, elems, 3));
    back = round_trip(image);
    f = type_fields(back->types, back->actions.v[0].payload, &n);
    assert_ptr_equal(f[0].type->elem, f[1].type);
    assert_ptr_equal(f[2].type->elem, f[1].type);
    assert_int_equal(f[2].type->size, 2);
    image_free(back);
    image_free(image);
}

/* One name, two structs: the script's and the kernel's. */
static void equal_names(void **state)
{
    const struct type_loader loader = { NULL, NULL };
    struct image *image = image_new(), *back;
    struct types *types = image->types;
    struct type *a = type_struct(types, STR("s"), false, NULL, 0);
    struct type *b = type_struct(types, STR("s"), false, &loader, 0);
    const struct field field = { .name = STR("x"), .type = type_int(types, 8, false) };
    const struct type *elems[] = { a, b };
    const struct field *f;
    size_t n;

    (void)state;
    type_define_struct(types, a, NULL, 0, 0, 1);
    type_define_struct(types, b, &field, 1, 8, 8);
    add_action(image, type_tuple(types, elems, 2));
    back = round_trip(image);
    f = type_fields(back->types, back->actions.v[0].payload, &n);
    assert_int_equal(f[0].type->size, 0);
    assert_int_equal(f[1].type->size, 8);
    image_free(back);
    image_free(image);
}

static void records_and_kinds(void **state)
{
    struct image *image = image_new(), *back;
    struct types *types = image->types;
    const struct type *elems[] = { type_int(types, 1, true),
                                   type_opaque(types, &pair_kind, (uint64_t[]){ 2, 7, 8, 9 }) };
    const struct str field_names[] = { STR("n"), STR("p") };
    const struct type *t = type_round_trip(image, type_record(types, field_names, elems, 2), &back);
    size_t n;
    const struct field *f = type_fields(back->types, t, &n);

    (void)state;
    assert_int_equal(t->kind, TYPE_RECORD);
    assert_int_equal(t->size, 24);
    assert_str(f[1].name, "p");
    assert_ptr_equal(f[1].type->vk, &pair_kind);
    assert_int_equal(f[1].type->size, 16);
    assert_int_equal(f[1].type->param[3], 9);
    image_free(back);
    image_free(image);
}

static void maps_and_sites(void **state)
{
    struct image *image = image_new(), *back;
    const struct type *u64 = type_int(image->types, 8, false);
    const struct image_map *m;

    (void)state;
    image->n_sets = 1;
    image->btf_identity = UINT64_MAX;
    image->uses_map_iteration = true;
    image->source_name = STR("x.bt");
    add_map(image, "@n", NULL, u64);
    image->maps.v[0].set_index = 0;
    add_map(image, "@h", type_string(image->types, 13),
            type_opaque(image->types, &hist_kind, (uint64_t[]){ 66, 0, 0, 0 }));
    image->maps.v[1].buckets = 66;
    image->maps.v[1].key_size = 24;
    image->maps.v[1].per_cpu = true;
    add_action(image, NULL);
    image->actions.v[0].map = 1;
    image->actions.v[0].num[2] = INT64_MIN;
    image->actions.v[0].control = true;
    arena_vec_push(&image->arena, &image->sites,
                   (struct image_site){ .kind = SITE_DELETE,
                                        .helper = STR("map_delete_elem"),
                                        .text = STR("gone"),
                                        .at = { .file = STR("stdin"),
                                                .line = 1,
                                                .col = 2,
                                                .line_end = 3,
                                                .col_end = 4,
                                                .text = STR("delete(@h, 1)") } });
    back = round_trip(image);
    assert_true(back->btf_identity == UINT64_MAX);
    assert_true(back->uses_map_iteration);
    assert_str(back->source_name, "x.bt");
    m = &back->maps.v[0];
    assert_str(m->name, "@n");
    assert_null(m->key);
    assert_int_equal(m->set_index, 0);
    m = &back->maps.v[1];
    assert_int_equal(m->buckets, 66);
    assert_int_equal(m->set_index, -1);
    assert_true(m->per_cpu);
    assert_int_equal(m->key->size, 13);
    assert_ptr_equal(back->actions.v[0].fn, &printf_builtin);
    assert_int_equal(back->actions.v[0].map, 1);
    assert_true(back->actions.v[0].num[2] == INT64_MIN);
    assert_true(back->actions.v[0].control);
    assert_null(back->actions.v[0].payload);
    assert_int_equal(back->sites.v[0].kind, SITE_DELETE);
    assert_str(back->sites.v[0].text, "gone");
    assert_int_equal(back->sites.v[0].at.col_end, 4);
    assert_str(back->sites.v[0].at.text, "delete(@h, 1)");
    image_free(back);
    image_free(image);
}

static void probes(void **state)
{
    struct image *image = image_new(), *back;
    struct image_probe probe = { .provider = STR("uprobe"),
                                 .fn = STR("uprobe_1"),
                                 .section = STR("uprobe"),
                                 .when = WHEN_SIGNAL };
    const struct target target = { .label = STR("uprobe:/bin/sh:main"),
                                   .path = STR("/bin/sh"),
                                   .module = STR("m"),
                                   .func = STR("main"),
                                   .lang = STR("cpp"),
                                   .file = STR("f.c"),
                                   .addr = 1,
                                   .offset = 2,
                                   .period = 3,
                                   .line = 4,
                                   .col = 5,
                                   .len = 6,
                                   .code = 7,
                                   .semaphore = 8,
                                   .is_hz = true };
    const struct target *t;

    (void)state;
    arena_vec_push(&image->arena, &probe.targets, (struct target){ .has_addr = true });
    arena_vec_push(&image->arena, &probe.targets, target);
    arena_vec_push(&image->arena, &image->probes, probe);
    back = round_trip(image);
    assert_str(back->probes.v[0].provider, "uprobe");
    assert_str(back->probes.v[0].fn, "uprobe_1");
    assert_str(back->probes.v[0].section, "uprobe");
    assert_int_equal(back->probes.v[0].when, WHEN_SIGNAL);
    assert_int_equal(back->probes.v[0].targets.n, 2);
    t = back->probes.v[0].targets.v;
    assert_true(t[0].has_addr && !t[0].is_hz);
    assert_string_equal(t[1].path.p, "/bin/sh"); /* ends in NUL, as in every arena */
    assert_str(t[1].label, "uprobe:/bin/sh:main");
    assert_str(t[1].module, "m");
    assert_str(t[1].func, "main");
    assert_str(t[1].lang, "cpp");
    assert_str(t[1].file, "f.c");
    assert_int_equal(t[1].addr, 1);
    assert_int_equal(t[1].offset, 2);
    assert_int_equal(t[1].period, 3);
    assert_int_equal(t[1].line, 4);
    assert_int_equal(t[1].col, 5);
    assert_int_equal(t[1].len, 6);
    assert_int_equal(t[1].code, 7);
    assert_int_equal(t[1].semaphore, 8);
    assert_true(t[1].is_hz && !t[1].has_addr && !t[1].is_pattern);
    image_free(back);
    image_free(image);
}

static void files(void **state)
{
    char dir[] = "/tmp/hark-test-XXXXXX";
    struct arena a = { 0 };
    struct image *image = image_new(), *back = NULL;
    struct err e = { 0 };
    const char *path;
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    path = arena_printf(&a, "%s/image", dir);
    image->source_name = STR("kept");
    image->elf = elf_with(&a, ".hark", image_encode(image, &a));
    assert_int_equal(image_save(image, path, &e), 0);
    assert_int_equal(image_save(image, path, &e), 0); /* over an old one */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, image->elf.n);
    assert_int_equal(image_load(&back, path, &names, &e), 0);
    assert_str(back->source_name, "kept");
    image_free(back);
    assert_int_equal(image_save(image, "/nowhere/image", &e), -ENOENT);
    assert_non_null(strstr(e.text, "/nowhere/image"));
    assert_int_equal(image_load(&back, "/nowhere/image", &names, &e), -ENOENT);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(image_load(&back, path, &names, &e), -EINVAL);
    assert_non_null(strstr(e.text, path));
    unlink(path);
    assert_int_equal(rmdir(dir), 0); /* no temporary file is left */
    image_free(image);
    arena_free(&a);
}

/* ---- what is no image ---- */

static void refused(struct str elf, const char *why)
{
    struct image *image = NULL;
    struct err e = { 0 };

    assert_int_equal(image_decode(&image, elf, &names, &e), -EINVAL);
    assert_null(image);
    if (!strstr(e.text, why))
        fail_msg("'%s' does not say '%s'", e.text, why);
}

static void not_an_image(void **state)
{
    struct arena a = { 0 };

    (void)state;
    refused(STR(""), "not a hark image");
    refused(STR("#!/bin/sh\n"), "not a hark image");
    refused(elf_with(&a, ".text", STR("x")), "not a hark image");
    refused(elf_with(&a, ".hark", STR("x")), "not a hark image");
    refused(elf_with(&a, ".hark", STR("harkimg\0\x63")), "another version");
    refused(elf_with(&a, ".hark", STR("harkimg\0\x05")), "damaged");
    arena_free(&a);
}

/* Every prefix of a good manifest and every single wrong byte: refused or read, never a crash. */
static void damaged(void **state)
{
    struct image *image = image_new(), *back;
    struct arena a = { 0 };
    struct err e;
    struct str manifest;
    char *bytes;

    (void)state;
    add_map(image, "@a", type_int(image->types, 4, true), type_string(image->types, 8));
    add_action(image, tuple_of(image, type_array(image->types, type_bool(image->types), 9)));
    manifest = image_encode(image, &a);
    for (size_t n = 0; n < manifest.n; n++)
        refused(elf_with(&a, ".hark", str_sub(manifest, 0, n)), n < 8 ? "not a" : "image");
    bytes = arena_memdup(&a, manifest.p, manifest.n);
    for (size_t i = 0; i < manifest.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(manifest.p[i] ^ 1 << bit);
            back = NULL;
            image_decode(&back, elf_with(&a, ".hark", (struct str){ bytes, manifest.n }), &names,
                         &e);
            image_free(back);
        }
        bytes[i] = manifest.p[i];
    }
    image_free(image);
    arena_free(&a);
}

static void inconsistent(struct image *image, const char *why)
{
    struct arena a = { 0 };
    struct image *back = NULL;
    struct err e = { 0 };

    assert_int_equal(encode_and_decode(image, &a, &back, &e), -EINVAL);
    if (!strstr(e.text, why))
        fail_msg("'%s' does not say '%s'", e.text, why);
    image_free(image);
    arena_free(&a);
}

static struct image *with_map(void)
{
    struct image *image = image_new();

    add_map(image, "@m", type_int(image->types, 8, false), type_int(image->types, 8, false));
    return image;
}

static struct image *with_hist(void)
{
    struct image *image = image_new();

    add_map(image, "@h", type_int(image->types, 4, false),
            type_opaque(image->types, &hist_kind, (uint64_t[]){ 66, 0, 0, 0 }));
    image->maps.v[0].buckets = 66;
    image->maps.v[0].key_size = 16;
    return image;
}

static void contradictions(void **state)
{
    struct image *image;

    (void)state;
    image = with_map();
    image->maps.v[0].key_size = 4;
    inconsistent(image, "keys of @m have 4 bytes instead of 8");
    image = with_map();
    image->maps.v[0].value_size = 4;
    inconsistent(image, "values of @m have 4 bytes instead of 8");
    image = with_map();
    image->maps.v[0].keys_map = 1;
    inconsistent(image, "the keys of @m are nowhere");
    image = with_map();
    image->maps.v[0].keys_map = 2;
    inconsistent(image, "the keys of @m are nowhere");
    image = with_map();
    image->maps.v[0].set_index = 0;
    inconsistent(image, "no place to say that it is set");
    image = with_map();
    image->maps.v[0].buckets = 3;
    inconsistent(image, "counts nothing");
    image = with_map();
    image->maps.v[0].value = NULL;
    inconsistent(image, "has no type");
    image = with_hist();
    image->maps.v[0].buckets = 67;
    inconsistent(image, "wrong number of buckets");
    image = with_hist();
    image->maps.v[0].key_size = 12;
    inconsistent(image, "keys of @h have 12 bytes");
    image = with_hist();
    image->maps.v[0].buckets = 0;
    inconsistent(image, "has no buckets");
    image = image_new();
    add_action(image, NULL);
    image->actions.v[0].map = 0;
    inconsistent(image, "there is no map 0");
    image = image_new();
    add_action(image, NULL);
    image->actions.v[0].builtin = STR("nonsense");
    inconsistent(image, "no builtin 'nonsense'");
    image = image_new();
    add_action(image, type_bool(image->types));
    inconsistent(image, "something else than a tuple");
}

static void too_deep(void **state)
{
    struct image *image = image_new();
    const struct type *t = type_bool(image->types);

    (void)state;
    for (int i = 0; i < 70; i++)
        t = type_array(image->types, t, 1);
    add_action(image, tuple_of(image, t));
    inconsistent(image, "nested too deeply");
}

static void dump(void **state)
{
    struct image *image = with_hist();
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    (void)state;
    add_action(image, tuple_of(image, type_bool(image->types)));
    image->actions.v[0].at = (struct location){
        .file = STR("stdin"), .line = 1, .col = 7, .line_end = 1, .col_end = 9, .text = STR("")
    };
    image_dump(image, f);
    fclose(f);
    assert_string_equal(text, "map 0 @h: hash, 10 entries, key uint32 (4), value hist (8), "
                              "66 buckets\n"
                              "action 0 printf:, payload (bool) (1), \"%d\\n\", at "
                              "stdin:1:7-9\n");
    free(text);
    image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(config),
        cmocka_unit_test(simple_types),
        cmocka_unit_test(enums),
        cmocka_unit_test(structs),
        cmocka_unit_test(pointees),
        cmocka_unit_test(pointee_becomes_whole),
        cmocka_unit_test(equal_names),
        cmocka_unit_test(records_and_kinds),
        cmocka_unit_test(maps_and_sites),
        cmocka_unit_test(probes),
        cmocka_unit_test(files),
        cmocka_unit_test(not_an_image),
        cmocka_unit_test(damaged),
        cmocka_unit_test(contradictions),
        cmocka_unit_test(too_deep),
        cmocka_unit_test(dump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
