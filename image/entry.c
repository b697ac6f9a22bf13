/*
 * entry.c - one entry of the cache as bytes
 *
 *     magic  checksum of all that follows  lengths of key, deps, image  key  deps  image
 *
 * The whole key is kept and compared, so two keys that share a hash, and thus a file name, cannot
 * be taken for each other. The checksum finds what a disk or an editor did; against other users
 * stand the rights of the directory.
 */
#include "image/entry.h"

#include <string.h>

#define MAGIC "harkc01"

struct header {
    char magic[8];
    uint64_t sum;
    uint64_t key, deps, elf; /* bytes */
};

static uint64_t sum_of(struct str entry)
{
    size_t from = offsetof(struct header, key);

    return str_hash(str_sub(entry, from, entry.n));
}

void entry_pack(struct buf *b, struct str key, struct str deps, struct str elf)
{
    struct header h = { .magic = MAGIC, .key = key.n, .deps = deps.n, .elf = elf.n };

    buf_clear(b);
    buf_add(b, &h, sizeof(h));
    buf_str(b, key);
    buf_str(b, deps);
    buf_str(b, elf);
    h.sum = sum_of(buf_as_str(b));
    memcpy(b->p, &h, sizeof(h));
}

bool entry_unpack(struct str entry, struct str key, struct str *deps, struct str *elf)
{
    struct header h;
    struct str rest;

    if (entry.n < sizeof(h))
        return false;
    memcpy(&h, entry.p, sizeof(h));
    rest = str_sub(entry, sizeof(h), entry.n);
    if (memcmp(h.magic, MAGIC, sizeof(h.magic)) != 0 || h.key != key.n || h.key > rest.n ||
        h.deps > rest.n - h.key || h.elf != rest.n - h.key - h.deps || h.sum != sum_of(entry) ||
        !str_eq(str_sub(rest, 0, h.key), key))
        return false;
    *deps = str_sub(rest, h.key, h.key + h.deps);
    *elf = str_sub(rest, h.key + h.deps, rest.n);
    return true;
}
