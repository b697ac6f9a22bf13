/*
 * maps.c - BPF maps become values to print; and are cleared or zeroed
 *
 * A map is read whole, the copies of its CPUs are merged by the kind of its values, and only then,
 * as raw bytes, its entries are put in order: so what print(@m, top) leaves out is never decoded.
 * The map of a histogram has one entry a bucket; here those of one key come together again, as a
 * chain, which is spread out into an array of counters for as long as it is decoded. Keys of which
 * the kernel has only a hash are asked for in a second map.
 */
#include "runtime/session_impl.h"

#include "runtime/map_read.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

struct bucket {
    struct bucket *next;
    uint64_t index;
    char bytes[];
};

struct entry {
    const char *key;
    char *value;            /* merged; NULL for histograms: they have buckets */
    struct bucket *buckets; /* in no order */
    int64_t order;          /* what it is sorted by, unless by key */
    size_t position;        /* in the map; decides between equals */
};

/* How a map's entries are ordered when printed (LANGUAGE.md 17.5). */
enum order { BY_POSITION, BY_SIGNED, BY_UNSIGNED, BY_KEY };

/* A map while it is collected. Keys, values and buckets are in the session's scratch arena. */
struct table {
    struct session *s;
    const struct image_map *m;
    struct bpf_map *map;
    VEC(struct entry) entries;
    struct map by_key; /* histograms: entry number plus one */
    char *spread;      /* room for the counters of one histogram */
    enum order order;
};

/* ---- merging ---- */

static const struct value_kind *kind_of(const struct image_map *m)
{
    return m->value->kind == TYPE_OPAQUE ? m->value->vk : NULL;
}

/* A counter of a histogram, or a part that the kind knows how to put together. */
static void merge_bucket(const struct table *t, char *into, const char *from)
{
    uint64_t total, more;

    if (t->m->value_size != sizeof(total)) {
        if (kind_of(t->m)->merge)
            kind_of(t->m)->merge(t->m->value, into, from);
        return;
    }
    memcpy(&total, into, sizeof(total));
    memcpy(&more, from, sizeof(more));
    total += more;
    memcpy(into, &total, sizeof(total));
}

/* into starts zeroed. raw: one copy, or one a CPU. */
static void merge(const struct table *t, char *into, const char *raw)
{
    const struct value_kind *vk = kind_of(t->m);
    uint32_t copies = t->m->per_cpu ? t->s->n_cpus : 1;

    for (uint32_t cpu = 0; cpu < copies; cpu++) {
        const char *from = raw + (size_t)cpu * ROUND_UP((size_t)t->m->value_size, 8);

        if (t->m->buckets)
            merge_bucket(t, into, from);
        else if (vk && vk->merge)
            vk->merge(t->m->value, into, from);
        else if (cpu == 0)
            memcpy(into, from, t->m->value->size);
    }
}

/* ---- entries ---- */

/* The key of which the BPF map has the hash; NULL if it is gone. */
static const char *key_of_hash(struct table *t, const void *hash)
{
    uint32_t keys = t->m->keys_map - 1;
    char *key = arena_alloc(&t->s->scratch, t->s->image->maps.v[keys].value_size);

    return bpf_map_lookup_elem(bpf_map__fd(t->s->maps[keys]), hash, key) ? NULL : key;
}

static struct entry *add_entry(struct table *t, const void *stored)
{
    uint32_t size = t->m->key ? t->m->key->size : 0;
    const char *key =
        t->m->keys_map ? key_of_hash(t, stored) : arena_memdup(&t->s->scratch, stored, size);

    if (!key)
        return NULL;
    vec_push(&t->entries, (struct entry){ .key = key, .position = t->entries.n });
    return &t->entries.v[t->entries.n - 1];
}

static int add_plain(void *arg, const void *key, const void *raw)
{
    struct table *t = arg;
    struct entry *e = add_entry(t, key);

    if (!e)
        return 0;
    e->value = arena_alloc(&t->s->scratch, t->m->value_size);
    merge(t, e->value, raw);
    return 0;
}

static void add_bucket(struct table *t, struct entry *e, uint64_t index, const void *raw)
{
    struct bucket *b = arena_alloc(&t->s->scratch, sizeof(*b) + t->m->value_size);

    b->index = MIN(index, (uint64_t)t->m->buckets - 1);
    merge(t, b->bytes, raw);
    b->next = e->buckets;
    e->buckets = b;
}

/* An entry of a keyed histogram: the key is followed by a bucket number. */
static int add_keyed_bucket(void *arg, const void *key, const void *raw)
{
    struct table *t = arg;
    struct str stored = { key, t->m->key_size - sizeof(uint64_t) };
    uintptr_t found = (uintptr_t)map_get(&t->by_key, stored);
    struct entry *e = found ? &t->entries.v[found - 1] : add_entry(t, key);
    uint64_t index;

    if (!e)
        return 0;
    if (!found)
        map_set(&t->by_key, str_dup(&t->s->scratch, stored), (void *)(uintptr_t)t->entries.n);
    memcpy(&index, stored.p + stored.n, sizeof(index));
    add_bucket(t, e, index, raw);
    return 0;
}

/* The counters of a histogram side by side, valid until the next call. */
static char *spread_buckets(struct table *t, const struct entry *e)
{
    size_t size = t->m->value_size;

    if (!t->spread)
        t->spread = xcalloc(t->m->buckets, size);
    memset(t->spread, 0, t->m->buckets * size);
    for (const struct bucket *b = e->buckets; b; b = b->next)
        memcpy(t->spread + b->index * size, b->bytes, size);
    return t->spread;
}

static char *bytes_of(struct table *t, const struct entry *e)
{
    return e->value ? e->value : spread_buckets(t, e);
}

/* ---- reading ---- */

bool maps_is_set(const struct session *s, int map_index)
{
    volatile uint8_t *set = load_set_byte(s, map_index);

    return !set || *set;
}

/* One entry without key; what was never written is zero. Scalar maps are arrays. */
static int read_scalar(struct table *t)
{
    struct entry *e = add_entry(t, "");
    char *raw = xcalloc(1, map_read_stride(t->map, t->s->n_cpus));
    bool set = maps_is_set(t->s, (int)(t->m - t->s->image->maps.v));
    uint32_t n = t->m->buckets ? t->m->buckets : 1;
    int rc = 0;

    if (!t->m->buckets)
        e->value = arena_alloc(&t->s->scratch, t->m->value_size);
    for (uint32_t i = 0; set && i < n && !rc; i++) {
        rc = bpf_map_lookup_elem(bpf_map__fd(t->map), &i, raw);
        if (!rc && t->m->buckets)
            add_bucket(t, e, i, raw);
        else if (!rc)
            merge(t, e->value, raw);
    }
    free(raw);
    return rc;
}

static int read_table(struct table *t)
{
    if (!t->m->key)
        return read_scalar(t);
    return map_read_all(t->map, t->s->n_cpus, false, t->m->buckets ? add_keyed_bucket : add_plain,
                        t);
}

/* ---- order ---- */

static enum order order_of(const struct image_map *m)
{
    const struct value_kind *vk = kind_of(m);

    if (!m->key)
        return BY_POSITION;
    if (m->value->kind == TYPE_INT || m->value->kind == TYPE_ENUM)
        return m->value->is_signed ? BY_SIGNED : BY_UNSIGNED;
    if (!vk)
        return BY_KEY;
    if (vk->order != ORDER_KEY && vk->order_value)
        return vk->order == ORDER_SIGNED ? BY_SIGNED : BY_UNSIGNED;
    if (m->buckets && m->value_size == sizeof(uint64_t))
        return BY_UNSIGNED; /* the number of samples */
    return vk->aggregate ? BY_POSITION : BY_KEY;
}

static uint64_t count_samples(const struct entry *e)
{
    uint64_t total = 0, n;

    for (const struct bucket *b = e->buckets; b; b = b->next) {
        memcpy(&n, b->bytes, sizeof(n));
        total += n;
    }
    return total;
}

static int64_t order_value(struct table *t, const struct entry *e)
{
    const struct value_kind *vk = kind_of(t->m);

    if (!vk)
        return (int64_t)decode_int(e->value, t->m->value->size, t->order == BY_SIGNED);
    if (vk->order != ORDER_KEY && vk->order_value)
        return vk->order_value(t->m->value, bytes_of(t, e));
    return (int64_t)count_samples(e);
}

static int compare_strings(const char *a, const char *b, uint32_t size)
{
    return str_cmp((struct str){ a, strnlen(a, size) }, (struct str){ b, strnlen(b, size) });
}

/* Integers, strings, and tuples of them; all other keys are equal. */
static int compare_keys(const struct table *t, const struct type *type, const char *a,
                        const char *b)
{
    const struct field *fields;
    int64_t x, y;
    size_t n;
    int rc = 0;

    switch (type->kind) {
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_ENUM:
    case TYPE_PTR:
        x = (int64_t)decode_int(a, type->size, true);
        y = (int64_t)decode_int(b, type->size, true);
        return (x > y) - (x < y);
    case TYPE_STRING:
        return compare_strings(a, b, type->size);
    case TYPE_TUPLE:
    case TYPE_RECORD:
        fields = type_fields(t->s->image->types, type, &n);
        for (size_t i = 0; i < n && !rc; i++)
            rc = compare_keys(t, fields[i].type, a + fields[i].offset, b + fields[i].offset);
        return rc;
    case TYPE_ARRAY:
        if (type->elem->kind == TYPE_INT && type->elem->is_char)
            return compare_strings(a, b, type->size);
        break;
    case TYPE_ERROR:
    case TYPE_NONE:
    case TYPE_BUFFER:
    case TYPE_STRUCT:
    case TYPE_FUNC:
    case TYPE_OPAQUE:
        break;
    }
    return 0;
}

static int compare_entries(const void *a, const void *b, void *arg)
{
    const struct entry *x = a, *y = b;
    const struct table *t = arg;
    int rc = 0;

    switch (t->order) {
    case BY_POSITION:
        break;
    case BY_SIGNED:
        rc = (x->order > y->order) - (x->order < y->order);
        break;
    case BY_UNSIGNED:
        rc = ((uint64_t)x->order > (uint64_t)y->order) - ((uint64_t)x->order < (uint64_t)y->order);
        break;
    case BY_KEY:
        rc = compare_keys(t, t->m->key, x->key, y->key);
        break;
    }
    return rc ? rc : (x->position > y->position) - (x->position < y->position);
}

/* Sinks entry i of a heap of n, whose least is the first. */
static void sink(struct table *t, size_t i, size_t n)
{
    struct entry *v = t->entries.v, moved = v[i];

    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && compare_entries(&v[child + 1], &v[child], t) < 0)
            child++;
        if (compare_entries(&moved, &v[child], t) <= 0)
            break;
        v[i] = v[child];
    }
    v[i] = moved;
}

/* Few of many are wanted: these are found without sorting the others. */
static void keep_top(struct table *t, size_t top)
{
    struct entry *v = t->entries.v;

    for (size_t i = top / 2; i-- > 0;)
        sink(t, i, top);
    for (size_t i = top; i < t->entries.n; i++) {
        if (compare_entries(&v[i], &v[0], t) <= 0)
            continue;
        v[0] = v[i];
        sink(t, 0, top);
    }
    t->entries.n = top;
}

static void sort(struct table *t, uint64_t top)
{
    t->order = order_of(t->m);
    if (t->order == BY_POSITION || t->entries.n < 2)
        return;
    for (size_t i = 0; t->order != BY_KEY && i < t->entries.n; i++)
        t->entries.v[i].order = order_value(t, &t->entries.v[i]);
    if (top && top < t->entries.n)
        keep_top(t, (size_t)top);
    qsort_r(t->entries.v, t->entries.n, sizeof(t->entries.v[0]), compare_entries, t);
}

/* ---- values ---- */

static const struct value *divide_integer(struct table *t, const struct value *v, uint64_t div)
{
    struct arena *arena = &t->s->scratch;

    if (!t->m->value->is_signed)
        return value_uint(arena, v->num / div);
    return value_int(arena, div > INT64_MAX ? 0 : (int64_t)v->num / (int64_t)div);
}

static const struct value *decode_entry(struct table *t, const struct entry *e, uint64_t div)
{
    struct decode d = session_decode(t->s);
    const struct value_kind *vk = kind_of(t->m);
    char *bytes = bytes_of(t, e);
    const struct value *v;

    if (div > 1 && vk && vk->divide)
        vk->divide(t->m->value, bytes, div);
    d.div = div;
    v = decode_value(&d, t->m->value, bytes);
    return div > 1 && t->m->value->kind == TYPE_INT ? divide_integer(t, v, div) : v;
}

static const struct value *make_value(struct table *t, uint64_t top, uint64_t div)
{
    const struct decode d = session_decode(t->s);
    struct arena *arena = &t->s->scratch;
    size_t skip = top && top < t->entries.n ? t->entries.n - (size_t)top : 0;
    size_t n = t->entries.n - skip;
    const struct value **keys = ARENA_ARRAY(arena, const struct value *, n);
    const struct value **values = ARENA_ARRAY(arena, const struct value *, n);
    struct value *v = value_new(arena, VALUE_MAP);

    for (size_t i = 0; i < n; i++) {
        const struct entry *e = &t->entries.v[skip + i];

        if (t->m->key)
            keys[i] = decode_value(&d, t->m->key, e->key);
        values[i] = decode_entry(t, e, div);
    }
    v->map.scalar = !t->m->key;
    v->map.n = n;
    v->map.keys = t->m->key ? keys : NULL;
    v->map.values = values;
    return v;
}

/* Maps of builtins have no values we understand. */
static int check_role(const struct image_map *m, struct err *e)
{
    return m->role == MAP_USER
               ? 0
               : err_set(e, -EINVAL, "%.*s is not a map of the script", STRF(m->name));
}

int maps_collect(struct session *s, int map_index, uint64_t top, uint64_t div,
                 const struct value **out, struct err *e)
{
    struct table t = { .s = s, .m = &s->image->maps.v[map_index], .map = s->maps[map_index] };
    int rc = check_role(t.m, e);

    if (rc)
        return rc;
    rc = read_table(&t);

    if (rc) {
        err_set(e, rc, "can't read map %.*s: %s", STRF(t.m->name), strerror(-rc));
    } else {
        sort(&t, top);
        *out = make_value(&t, top, div);
    }
    vec_free(&t.entries);
    map_free(&t.by_key);
    free(t.spread);
    return rc;
}

bool maps_is_empty(const struct value *map)
{
    return map->map.n == 0;
}

/* ---- changing ---- */

struct zeroing {
    int fd;
    const void *zeros;
};

static int zero_entry(void *arg, const void *key, const void *raw)
{
    struct zeroing *z = arg;
    int rc = bpf_map_update_elem(z->fd, key, z->zeros, BPF_EXIST);

    (void)raw;
    return rc == -ENOENT ? 0 : rc; /* gone meanwhile */
}

static int zero_array(const struct image_map *m, const struct zeroing *z)
{
    uint32_t n = m->buckets ? m->buckets : 1;
    int rc = 0;

    for (uint32_t i = 0; i < n && !rc; i++)
        rc = bpf_map_update_elem(z->fd, &i, z->zeros, BPF_ANY);
    return rc;
}

static int zero_values(struct session *s, int map_index)
{
    struct bpf_map *map = s->maps[map_index];
    void *zeros = xcalloc(1, map_read_stride(map, s->n_cpus));
    struct zeroing z = { .fd = bpf_map__fd(map), .zeros = zeros };
    int rc;

    if (!s->image->maps.v[map_index].key)
        rc = zero_array(&s->image->maps.v[map_index], &z);
    else
        rc = map_read_all(map, s->n_cpus, false, zero_entry, &z);
    free(zeros);
    return rc;
}

int maps_zero(struct session *s, int map_index, struct err *e)
{
    const struct image_map *m = &s->image->maps.v[map_index];
    int rc = check_role(m, e);

    if (rc)
        return rc;
    rc = zero_values(s, map_index);
    return rc ? err_set(e, rc, "can't zero map %.*s: %s", STRF(m->name), strerror(-rc)) : 0;
}

static int ignore_entry(void *arg, const void *key, const void *raw)
{
    (void)arg;
    (void)key;
    (void)raw;
    return 0;
}

static int clear_entries(struct session *s, const struct image_map *m, const struct bpf_map *map)
{
    int rc = 0;

    if (m->keys_map)
        rc = map_read_all(s->maps[m->keys_map - 1], s->n_cpus, true, ignore_entry, NULL);
    return rc ? rc : map_read_all(map, s->n_cpus, true, ignore_entry, NULL);
}

int maps_clear(struct session *s, int map_index, struct err *e)
{
    const struct image_map *m = &s->image->maps.v[map_index];
    volatile uint8_t *set = load_set_byte(s, map_index);
    int rc = check_role(m, e);

    if (rc)
        return rc;
    if (set)
        *set = 0;
    if (!m->key)
        rc = zero_values(s, map_index);
    else
        rc = clear_entries(s, m, s->maps[map_index]);
    return rc ? err_set(e, rc, "can't clear map %.*s: %s", STRF(m->name), strerror(-rc)) : 0;
}
