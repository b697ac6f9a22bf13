/*
 * btf.c - find types in a file of BTF without reading more of it than needed
 *
 * BTF is a row of type records of different lengths, numbered from 1, and a heap of names. To find
 * record n one must have walked over all before it. That walk (3 ms for a kernel's 130 000 types)
 * goes only as far as somebody has asked, and notes where each record starts; the types that
 * scripts use most lie near the beginning. The bytes stay where they are: the kernel lets us map
 * its own copy.
 *
 * Names are found by comparing one after the other, since most scripts name only a few types. When
 * the comparisons have added up to more than a table costs (listing probes with their arguments),
 * the table is made.
 *
 * The walk is also the check: it ends at the first record that is not valid or does not fit, and
 * ids behind it do not exist. A module's file continues the numbers and names of the kernel's.
 */
#include "kernel/btf.h"

#include "kernel/kernel_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A table costs as much as about this many searches through the whole file. */
#define SEARCHES_BEFORE_TABLE 8

/* Marks in btf_file.aligns beside real alignments. */
#define ALIGN_NONE 0xff /* has none, or is being computed: found again, the struct holds itself */

struct btf_file {
    char *module;
    struct btf_file *base;
    void *data;
    size_t size;
    bool mapped;

    const uint8_t *types;
    uint32_t types_size;
    const char *strings; /* ends in NUL */
    uint32_t strings_size;
    uint32_t first_id, first_string; /* where this file continues its base */

    uint32_t *starts; /* of the records walked over so far */
    uint32_t n;
    uint32_t walked; /* bytes of types */

    uint8_t *aligns; /* by position; 0: not computed yet */

    uint64_t compared;
    uint32_t *table; /* ids by hash of the name, 0: free slot */
    uint32_t table_mask;
};

static const struct btf_type void_type;

struct str btf_file_module(const struct btf_file *b)
{
    return str_from(b->module);
}

struct btf_file *btf_file_base(const struct btf_file *b)
{
    return b->base;
}

uint32_t btf_file_first(const struct btf_file *b)
{
    return b->first_id;
}

/* Bytes of a record: after the head, a fixed part and one for each of vlen. 0: unknown kind. */
static uint64_t record_size(const struct btf_type *t)
{
    static const struct {
        uint8_t known, fixed, each;
    } parts[] = {
        [BTF_KIND_INT] = { 1, sizeof(uint32_t), 0 },
        [BTF_KIND_PTR] = { 1, 0, 0 },
        [BTF_KIND_ARRAY] = { 1, sizeof(struct btf_array), 0 },
        [BTF_KIND_STRUCT] = { 1, 0, sizeof(struct btf_member) },
        [BTF_KIND_UNION] = { 1, 0, sizeof(struct btf_member) },
        [BTF_KIND_ENUM] = { 1, 0, sizeof(struct btf_enum) },
        [BTF_KIND_FWD] = { 1, 0, 0 },
        [BTF_KIND_TYPEDEF] = { 1, 0, 0 },
        [BTF_KIND_VOLATILE] = { 1, 0, 0 },
        [BTF_KIND_CONST] = { 1, 0, 0 },
        [BTF_KIND_RESTRICT] = { 1, 0, 0 },
        [BTF_KIND_FUNC] = { 1, 0, 0 },
        [BTF_KIND_FUNC_PROTO] = { 1, 0, sizeof(struct btf_param) },
        [BTF_KIND_VAR] = { 1, sizeof(struct btf_var), 0 },
        [BTF_KIND_DATASEC] = { 1, 0, sizeof(struct btf_var_secinfo) },
        [BTF_KIND_FLOAT] = { 1, 0, 0 },
        [BTF_KIND_DECL_TAG] = { 1, sizeof(struct btf_decl_tag), 0 },
        [BTF_KIND_TYPE_TAG] = { 1, 0, 0 },
        [BTF_KIND_ENUM64] = { 1, 0, sizeof(struct btf_enum64) },
    };
    unsigned kind = btf_kind(t);

    if (kind >= ARRAY_LEN(parts) || !parts[kind].known)
        return 0;
    return sizeof(*t) + parts[kind].fixed + (uint64_t)parts[kind].each * btf_vlen(t);
}

/* Walks until the record at this position has been seen. false: there is none. */
static bool walk_to(struct btf_file *b, uint32_t position)
{
    while (b->n <= position) {
        uint32_t left = b->types_size - b->walked;
        uint64_t size = 0;

        if (left >= sizeof(struct btf_type))
            size = record_size((const struct btf_type *)(b->types + b->walked));
        if (!size || size > left) {
            b->walked = b->types_size; /* nothing behind this is to be trusted */
            return false;
        }
        b->starts[b->n++] = b->walked;
        b->walked += (uint32_t)size;
    }
    return true;
}

uint32_t btf_file_end(struct btf_file *b)
{
    walk_to(b, UINT32_MAX - 1);
    return b->first_id + b->n;
}

static const struct btf_type *type_at(const struct btf_file *b, uint32_t position)
{
    return (const struct btf_type *)(b->types + b->starts[position]);
}

const struct btf_type *btf_file_type(struct btf_file *b, uint32_t id)
{
    if (id < b->first_id)
        return b->base ? btf_file_type(b->base, id) : &void_type;
    return walk_to(b, id - b->first_id) ? type_at(b, id - b->first_id) : &void_type;
}

const char *btf_file_string(const struct btf_file *b, uint32_t offset)
{
    if (offset < b->first_string)
        return btf_file_string(b->base, offset);
    return offset - b->first_string < b->strings_size ? b->strings + (offset - b->first_string)
                                                      : "";
}

const char *btf_file_name(struct btf_file *b, uint32_t id)
{
    return btf_file_string(b, btf_file_type(b, id)->name_off);
}

static bool is_called(const struct btf_file *b, const struct btf_type *t, struct str name)
{
    const char *s = btf_file_string(b, t->name_off);

    return !strncmp(s, name.p, name.n) && !s[name.n];
}

/* Open addressing. Types go in by number, so of two with one name the first is found first. */
static void make_table(struct btf_file *b)
{
    uint32_t size = 1024;

    btf_file_end(b);
    while (size < 2 * b->n)
        size *= 2;
    b->table = xcalloc(size, sizeof(*b->table));
    b->table_mask = size - 1;
    for (uint32_t i = 0; i < b->n; i++) {
        struct str name = str_from(btf_file_string(b, type_at(b, i)->name_off));
        uint32_t slot;

        if (!name.n)
            continue;
        for (slot = (uint32_t)str_hash(name); b->table[slot & b->table_mask];)
            slot++;
        b->table[slot & b->table_mask] = b->first_id + i;
    }
}

uint32_t btf_file_find(struct btf_file *b, uint32_t kinds, struct str name)
{
    uint32_t id;

    if (!name.n)
        return 0;
    if (!b->table && b->n && b->compared / b->n >= SEARCHES_BEFORE_TABLE)
        make_table(b);
    if (b->table) {
        for (uint32_t slot = (uint32_t)str_hash(name); (id = b->table[slot & b->table_mask]);
             slot++) {
            const struct btf_type *t = type_at(b, id - b->first_id);

            if (kinds & BTF_BIT(btf_kind(t)) && is_called(b, t, name))
                return id;
        }
        return 0;
    }
    for (uint32_t i = 0; walk_to(b, i); i++) {
        const struct btf_type *t = type_at(b, i);

        b->compared++;
        if (kinds & BTF_BIT(btf_kind(t)) && is_called(b, t, name))
            return b->first_id + i;
    }
    return 0;
}

uint32_t btf_file_skip(struct btf_file *b, uint32_t id)
{
    for (unsigned i = 0; i < BTF_DEPTH_MAX; i++) {
        const struct btf_type *t = btf_file_type(b, id);

        if (!btf_is_mod(t) && !btf_is_typedef(t))
            return id;
        id = t->type;
    }
    return 0;
}

struct btf_place btf_file_member(struct btf_file *b, const struct btf_type *t, unsigned i)
{
    const struct btf_member *m = btf_members(t) + i;
    struct btf_place place = { .type = m->type, .bit_offset = m->offset };
    const struct btf_type *of;

    if (btf_kflag(t)) {
        place.bit_offset = BTF_MEMBER_BIT_OFFSET(m->offset);
        place.bit_size = BTF_MEMBER_BITFIELD_SIZE(m->offset);
        return place;
    }
    /* The older way: an integer type of its own that has fewer bits than bytes. */
    of = btf_file_type(b, btf_file_skip(b, m->type));
    if (btf_is_int(of) && (btf_int_offset(of) || btf_int_bits(of) != of->size * 8)) {
        place.bit_offset += btf_int_offset(of);
        place.bit_size = btf_int_bits(of);
    }
    return place;
}

static unsigned align_of(struct btf_file *b, uint32_t id, unsigned depth);

/* BTF does not say "packed", but the offsets do. */
static unsigned struct_align(struct btf_file *b, const struct btf_type *t, unsigned depth)
{
    unsigned max = 1;
    bool packed = false;

    for (unsigned i = 0; i < btf_vlen(t); i++) {
        struct btf_place m = btf_file_member(b, t, i);
        unsigned align = align_of(b, m.type, depth + 1);

        if (!align)
            return 0;
        if (m.bit_size == 0 && m.bit_offset % (8 * align))
            packed = true;
        max = MAX(max, align);
    }
    return packed || t->size % max ? 1 : max;
}

static unsigned align_of(struct btf_file *b, uint32_t id, unsigned depth)
{
    const struct btf_type *t;
    unsigned align = 0;
    uint8_t *known;

    id = btf_file_skip(b, id);
    while (b->base && id < b->first_id)
        b = b->base;
    t = btf_file_type(b, id);
    if (depth > BTF_DEPTH_MAX)
        return 0;
    switch (btf_kind(t)) {
    case BTF_KIND_PTR:
        return sizeof(void *);
    case BTF_KIND_ARRAY:
        return align_of(b, btf_array(t)->type, depth + 1);
    case BTF_KIND_INT:
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
    case BTF_KIND_FLOAT:
        for (align = 1; align < t->size && align < 16;)
            align *= 2;
        return align;
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        known = &b->aligns[id - b->first_id];
        if (*known)
            return *known == ALIGN_NONE ? 0 : *known;
        *known = ALIGN_NONE;
        align = struct_align(b, t, depth);
        *known = align ? (uint8_t)align : ALIGN_NONE;
        return align;
    default:
        return 0;
    }
}

unsigned btf_file_align(struct btf_file *b, uint32_t id)
{
    return align_of(b, id, 0);
}

uint64_t btf_file_hash(const struct btf_file *b)
{
    const uint8_t *p = b->data;
    uint64_t lanes[4] = { 1, 2, 3, 4 }; /* independent, so that the CPU works on all at once */
    uint64_t hash = b->size;
    size_t i = 0;

    for (; i + sizeof(lanes) <= b->size; i += sizeof(lanes)) {
        uint64_t words[4];

        memcpy(words, p + i, sizeof(words));
        for (size_t lane = 0; lane < ARRAY_LEN(lanes); lane++)
            lanes[lane] = (lanes[lane] ^ words[lane] ^ lanes[lane] >> 29) * 0x9e3779b97f4a7c15;
    }
    for (size_t lane = 0; lane < ARRAY_LEN(lanes); lane++)
        hash = (hash ^ lanes[lane] ^ lanes[lane] >> 32) * 0x9e3779b97f4a7c15;
    for (; i < b->size; i++)
        hash = (hash ^ p[i]) * 0x100000001b3;
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

/* Only the kernel's own file is mapped: any other could be truncated under our hands. */
static bool map_file(struct btf_file *b, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && st.st_size > 0) {
        b->size = (size_t)st.st_size;
        b->data = mmap(NULL, b->size, PROT_READ, MAP_PRIVATE, fd, 0);
        b->mapped = b->data != MAP_FAILED;
        if (!b->mapped)
            b->data = NULL;
    }
    close(fd);
    return b->mapped;
}

/* Finds the two sections. NULL, or what is wrong. */
static const char *read_header(struct btf_file *b)
{
    const struct btf_header *h = b->data;
    uint64_t rest;

    if (b->size < sizeof(*h))
        return "it is too short";
    if (h->magic != BTF_MAGIC)
        return h->magic == __builtin_bswap16(BTF_MAGIC) ? "it is of another byte order"
                                                        : "it does not begin like BTF";
    if (h->version != BTF_VERSION)
        return "its version is unknown";
    if (h->hdr_len < sizeof(*h) || h->hdr_len > b->size)
        return "its header has a wrong length";
    rest = b->size - h->hdr_len;
    if (h->type_off > rest || h->type_len > rest - h->type_off || h->str_off > rest ||
        h->str_len > rest - h->str_off)
        return "its sections lie outside the file";
    if ((h->hdr_len + h->type_off) % sizeof(uint32_t))
        return "its types are not aligned";
    b->types = (const uint8_t *)b->data + h->hdr_len + h->type_off;
    b->types_size = h->type_len;
    b->strings = (const char *)b->data + h->hdr_len + h->str_off;
    b->strings_size = h->str_len;
    if (!b->strings_size || b->strings[b->strings_size - 1])
        return "its names do not end";
    return NULL;
}

struct btf_file *btf_file_open(const char *path, struct str name, struct btf_file *base, bool map,
                               struct err *e)
{
    struct btf_file *b = xcalloc(1, sizeof(*b));
    const char *wrong;
    uint32_t most;

    b->base = base;
    b->module = xcalloc(1, name.n + 1);
    memcpy(b->module, name.p, name.n);
    if ((!map || !map_file(b, path)) && !(b->data = kernel_read_file(path, &b->size))) {
        err_set(e, -errno, "cannot read BTF from '%s': %s", path, strerror(errno));
        btf_file_close(b);
        return NULL;
    }
    if ((wrong = read_header(b))) {
        err_set(e, -EINVAL, "cannot use the BTF in '%s': %s", path, wrong);
        btf_file_close(b);
        return NULL;
    }
    b->first_id = base ? btf_file_end(base) : 1; /* 0 is void */
    b->first_string = base ? base->first_string + base->strings_size : 0;
    most = b->types_size / sizeof(struct btf_type);
    b->starts = xcalloc(most + 1, sizeof(*b->starts));
    b->aligns = xcalloc(most + 1, sizeof(*b->aligns));
    return b;
}

void btf_file_close(struct btf_file *b)
{
    if (!b)
        return;
    if (b->mapped)
        munmap(b->data, b->size);
    else
        free(b->data);
    free(b->starts);
    free(b->aligns);
    free(b->table);
    free(b->module);
    free(b);
}
