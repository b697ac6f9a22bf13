/*
 * decode.c - an image from the bytes of an object that may come from anywhere
 *
 * Nothing in the bytes is believed (reader.h). What the runtime relies on without asking again,
 * indexes and sizes that belong together, is checked here.
 */
#include "image/reader.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>

/* What an array of counters for a histogram may have at most; tseries() allows a million. */
static const uint32_t max_buckets = 1 << 24;
static const uint32_t max_sets = 1 << 20;

static struct location get_place(struct reader *r)
{
    struct location at = { .file = reader_str(r) };

    at.line = reader_u32(r, "a line");
    at.col = reader_u32(r, "a column");
    at.line_end = reader_u32(r, "a line");
    at.col_end = reader_u32(r, "a column");
    if (!reader_bool(r))
        r->last_line = reader_str(r);
    at.text = r->last_line;
    return at;
}

static struct location get_location(struct reader *r)
{
    struct location at = get_place(r), *inner = &at, *from;

    while (reader_bool(r)) {
        inner->macro = reader_str(r);
        from = ARENA_NEW(&r->image->arena, struct location);
        *from = get_place(r);
        inner->from = from;
        inner = from;
    }
    return at;
}

static void get_config(struct reader *r)
{
    struct config *config = &r->image->config;
    size_t n = reader_count(r);

    for (size_t i = 0; i < n && !r->failed; i++) {
        struct str key = reader_str(r), value = reader_str(r), why;

        if (!r->failed && config_set(config, &r->image->arena, key, value, &why) != CONFIG_OK)
            reader_fail(r, "%.*s", STRF(why));
    }
}

/* Bytes of a key in the BPF map of a histogram, or at least those in that of another map. */
static uint64_t stored_key(const struct image_map *m)
{
    if (m->keys_map)
        return IMAGE_HASH;
    return m->buckets ? ROUND_UP((uint64_t)m->key->size, 8) : m->key->size;
}

/* The map of the keys comes before the map that needs it. */
static void check_keys(struct reader *r, const struct image_map *m)
{
    const struct image_map *keys = r->image->maps.v + m->keys_map - 1;

    if (!m->keys_map)
        return;
    if (!m->key || m->keys_map > r->image->maps.n || keys->role != MAP_KEYS ||
        keys->key_size != IMAGE_HASH || keys->value_size < m->key->size)
        reader_fail(r, "the keys of %.*s are nowhere", STRF(m->name));
}

/* The layout of histograms: image.h at struct image_map. */
static void check_buckets(struct reader *r, const struct image_map *m)
{
    const struct type *value = m->value;

    if (value->kind != TYPE_OPAQUE || !value->vk->buckets)
        reader_fail(r, "%.*s has buckets but counts nothing", STRF(m->name));
    else if (value->vk->buckets(value) != m->buckets)
        reader_fail(r, "%.*s has the wrong number of buckets", STRF(m->name));
    else if (m->value_size < 8 || m->value_size % 8)
        reader_fail(r, "buckets of %.*s have %u bytes", STRF(m->name), m->value_size);
    else if (m->key && m->key_size != stored_key(m) + 8)
        reader_fail(r, "keys of %.*s have %u bytes", STRF(m->name), m->key_size);
}

static void check_map(struct reader *r, const struct image_map *m)
{
    if (r->failed || m->role != MAP_USER)
        return;
    check_keys(r, m);
    if (!m->value)
        reader_fail(r, "%.*s has no type", STRF(m->name));
    else if (m->buckets)
        check_buckets(r, m);
    else if (m->value->kind == TYPE_OPAQUE && m->value->vk->buckets)
        reader_fail(r, "%.*s has no buckets", STRF(m->name));
    else if (m->value->size > m->value_size)
        reader_fail(r, "values of %.*s have %u bytes instead of %u", STRF(m->name), m->value_size,
                    m->value->size);
    else if (m->key && stored_key(m) > m->key_size)
        reader_fail(r, "keys of %.*s have %u bytes instead of %u", STRF(m->name), m->key_size,
                    m->key->size);
    if (m->set_index < -1 || (m->set_index >= 0 && (uint32_t)m->set_index >= r->image->n_sets))
        reader_fail(r, "%.*s has no place to say that it is set", STRF(m->name));
}

static struct image_map get_map(struct reader *r)
{
    struct image_map m = { .name = reader_str(r) };
    int64_t set_index;

    m.elf_name = reader_str(r);
    m.role = (enum image_map_role)reader_max(r, MAP_KEYS, "the role of a map");
    m.bpf_type = reader_u32(r, "the type of a map");
    m.max_entries = reader_u32(r, "the size of a map");
    m.key = reader_type_ref(r);
    m.value = reader_type_ref(r);
    m.buckets = reader_max(r, max_buckets, "the number of buckets");
    m.per_cpu = reader_bool(r);
    m.key_size = reader_max(r, INT32_MAX, "the size of a key");
    m.value_size = reader_max(r, INT32_MAX, "the size of a value");
    m.keys_map = reader_u32(r, "the map of the keys");
    set_index = reader_int(r);
    if (set_index < -1 || set_index > INT32_MAX)
        reader_fail(r, "a map has no place to say that it is set");
    m.set_index = (int)set_index;
    check_map(r, &m);
    return m;
}

static struct image_action get_action(struct reader *r)
{
    struct image_action a = { .builtin = reader_str(r) };
    int64_t map;

    a.payload = reader_type_ref(r);
    a.text = reader_str(r);
    map = reader_int(r);
    for (size_t i = 0; i < ARRAY_LEN(a.num); i++)
        a.num[i] = reader_int(r);
    a.packed = reader_bool(r);
    a.control = reader_bool(r);
    a.at = get_location(r);
    if (r->failed)
        return a;
    a.fn = r->names->builtin(r->names->ctx, a.builtin);
    if (!a.fn)
        reader_fail(r, "there is no builtin '%.*s'", STRF(a.builtin));
    if (a.payload && a.payload->kind != TYPE_TUPLE)
        reader_fail(r, "%.*s sends something else than a tuple", STRF(a.builtin));
    if (a.packed && !a.payload)
        reader_fail(r, "%.*s packs nothing", STRF(a.builtin));
    if (map < -1 || map >= (int64_t)r->image->maps.n)
        reader_fail(r, "there is no map %jd", (intmax_t)map);
    a.map = (int)map;
    return a;
}

static struct target get_target(struct reader *r)
{
    struct target t = { .label = reader_str(r) };
    uint32_t flags;

    t.path = reader_str(r);
    t.module = reader_str(r);
    t.func = reader_str(r);
    t.lang = reader_str(r);
    t.file = reader_str(r);
    t.addr = reader_num(r);
    t.offset = reader_num(r);
    t.semaphore = reader_num(r);
    t.period = reader_num(r);
    t.line = reader_u32(r, "a line");
    t.col = reader_u32(r, "a column");
    t.len = reader_u32(r, "a length");
    t.code = reader_u32(r, "a code");
    flags = reader_max(r, TARGET_HAS_ADDR | TARGET_IS_HZ | TARGET_IS_PATTERN, "flags of a target");
    t.has_addr = flags & TARGET_HAS_ADDR;
    t.is_hz = flags & TARGET_IS_HZ;
    t.is_pattern = flags & TARGET_IS_PATTERN;
    return t;
}

static struct image_probe get_probe(struct reader *r)
{
    struct image_probe p = { .provider = reader_str(r) };
    size_t n;

    p.fn = reader_str(r);
    p.section = reader_str(r);
    p.when = (enum image_when)reader_max(r, WHENS - 1, "the time of a probe");
    p.is_session = reader_max(r, true, "the kind of a probe");
    n = reader_count(r);
    for (size_t i = 0; i < n && !r->failed; i++)
        arena_vec_push(&r->image->arena, &p.targets, get_target(r));
    return p;
}

static struct image_site get_site(struct reader *r)
{
    struct image_site s = { .kind =
                                (enum site_kind)reader_max(r, SITE_OTHER, "the kind of a site") };

    s.helper = reader_str(r);
    s.text = reader_str(r);
    s.at = get_location(r);
    return s;
}

static void get_rest(struct reader *r)
{
    struct image *image = r->image;
    struct arena *arena = &image->arena;
    size_t n;

    image->source_name = reader_str(r);
    get_config(r);
    image->btf_identity = reader_num(r);
    image->uses_map_iteration = reader_max(r, FLAG_MAP_ITERATION, "flags of the image");
    image->n_sets = reader_max(r, max_sets, "the number of scalar maps");
    n = reader_count(r);
    for (size_t i = 0; i < n && !r->failed; i++)
        arena_vec_push(arena, &image->maps, get_map(r));
    n = reader_count(r);
    for (size_t i = 0; i < n && !r->failed; i++)
        arena_vec_push(arena, &image->actions, get_action(r));
    n = reader_count(r);
    for (size_t i = 0; i < n && !r->failed; i++)
        arena_vec_push(arena, &image->probes, get_probe(r));
    n = reader_count(r);
    for (size_t i = 0; i < n && !r->failed; i++)
        arena_vec_push(arena, &image->sites, get_site(r));
    if (!r->failed && r->p != r->end)
        reader_fail(r, "something follows its end");
}

static int decode_manifest(struct image *image, struct str manifest,
                           const struct image_names *names, struct err *e)
{
    const struct str magic = { IMAGE_MAGIC, sizeof(IMAGE_MAGIC) };
    struct reader r = {
        .p = manifest.p, .end = manifest.p + manifest.n, .image = image, .names = names, .e = e
    };
    uint64_t version;

    if (!str_starts(manifest, magic))
        return err_set(e, -EINVAL, "not a hark image: its manifest begins with something else");
    r.p += magic.n;
    version = reader_num(&r);
    if (version != IMAGE_VERSION)
        return err_set(e, -EINVAL,
                       "the image was made by another version of hark (format %ju, not %d)",
                       (uintmax_t)version, IMAGE_VERSION);
    reader_types(&r);
    get_rest(&r);
    vec_free(&r.types);
    return r.failed ? -EINVAL : 0;
}

/* The bytes of a section, found by name. They point into the object, whatever libelf does. */
static bool find_section(struct str object, const char *wanted, struct str *out)
{
    bool found = false;
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    size_t names;
    Elf *elf;

    elf_version(EV_CURRENT);
    elf = elf_memory((char *)object.p, object.n); /* only read, in spite of its type */
    if (elf && elf_kind(elf) == ELF_K_ELF && elf_getshdrstrndx(elf, &names) == 0) {
        while (!found && (section = elf_nextscn(elf, section))) {
            const char *name =
                gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;

            found = name && strcmp(name, wanted) == 0 && header.sh_type != SHT_NOBITS &&
                    header.sh_offset <= object.n && header.sh_size <= object.n - header.sh_offset;
        }
    }
    elf_end(elf);
    if (found)
        *out = (struct str){ object.p + header.sh_offset, header.sh_size };
    return found;
}

int image_decode(struct image **out, struct str elf, const struct image_names *names, struct err *e)
{
    struct image *image = image_from_elf(elf);
    struct str manifest;
    int rc;

    if (!find_section(image->elf, IMAGE_SECTION, &manifest))
        rc = err_set(e, -EINVAL, "not a hark image: it has no section " IMAGE_SECTION);
    else
        rc = decode_manifest(image, manifest, names, e);
    if (rc) {
        image_free(image);
        return rc;
    }
    *out = image;
    return 0;
}
