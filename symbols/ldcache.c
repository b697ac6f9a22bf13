/*
 * ldcache.c - /etc/ld.so.cache: where the dynamic linker finds a library
 *
 * The file is a header, a table of entries (flags, name, path; both are offsets of strings) and the
 * strings. Older systems put a table of an older form in front; all offsets count from the header
 * of the newer one. Flags tell for which machine a library is. Of libraries built for several
 * generations of one machine the plain one is taken.
 */
#include "symbols/symbols_impl.h"

#include <ctype.h>
#include <string.h>

enum { LARGEST_CACHE = 64 << 20 };

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"

/* As glibc writes them, in the byte order of the machine. */
struct old_header {
    char magic[sizeof(OLD_MAGIC) - 1];
    uint32_t n;
};

struct old_entry {
    int32_t flags;
    uint32_t name, path;
};

struct header {
    char magic[sizeof(NEW_MAGIC) - 1];
    uint32_t n, strings_size;
    uint32_t others[5];
};

struct entry {
    int32_t flags;
    uint32_t name, path;
    uint32_t os;
    uint64_t hwcap; /* not 0: only for some generations of the machine */
};

/* The flags of libraries that a program of our kind uses; 0 where we do not know them. */
#if defined(__x86_64__) && defined(__LP64__)
enum { OUR_FLAGS = 0x0303 };
#elif defined(__aarch64__)
enum { OUR_FLAGS = 0x0a03 };
#elif defined(__s390x__)
enum { OUR_FLAGS = 0x0403 };
#elif defined(__powerpc64__)
enum { OUR_FLAGS = 0x0503 };
#elif defined(__riscv) && defined(__riscv_float_abi_double)
enum { OUR_FLAGS = 0x1003 };
#else
enum { OUR_FLAGS = 0 };
#endif

/* The part of the file that begins with the newer header; empty if there is none. */
static struct str find_table(struct str file)
{
    struct old_header old;
    size_t skip;

    if (str_starts(file, STR(OLD_MAGIC)) && file.n >= sizeof(old)) {
        memcpy(&old, file.p, sizeof(old));
        skip = sizeof(old) + (size_t)old.n * sizeof(struct old_entry);
        file = str_sub(file, ROUND_UP(skip, 8), file.n);
    }
    return str_starts(file, STR(NEW_MAGIC)) ? file : STR("");
}

static struct str string_at(struct str table, uint32_t at)
{
    struct str rest = str_sub(table, at, table.n);

    return (struct str){ rest.p, rest.n ? strnlen(rest.p, rest.n) : 0 };
}

bool ldcache_is_called(struct str file, struct str what)
{
    struct str rest;

    if (str_is_glob(what))
        return str_glob(what, file);
    if (!str_starts(file, what))
        return false;
    rest = str_sub(file, what.n, file.n);
    if (!rest.n || str_starts(rest, STR(".so")))
        return true;
    if (str_contains(what, STR(".so")))
        return rest.p[0] == '.';
    return rest.n > 1 && rest.p[0] == '-' && isdigit((unsigned char)rest.p[1]); /* libc-2.31.so */
}

static int each_in(struct str table, struct str what, ldcache_fn fn, void *arg)
{
    struct header header;
    struct entry entry;
    int rc = 0;

    if (table.n < sizeof(header))
        return 0;
    memcpy(&header, table.p, sizeof(header));
    for (uint32_t i = 0; rc == 0 && i < header.n; i++) {
        size_t at = sizeof(header) + (size_t)i * sizeof(entry);
        struct str name, path;

        if (table.n < at + sizeof(entry))
            break;
        memcpy(&entry, table.p + at, sizeof(entry));
        name = string_at(table, entry.name);
        path = string_at(table, entry.path);
        if ((!OUR_FLAGS || entry.flags == OUR_FLAGS) && !entry.hwcap && name.n && path.n &&
            ldcache_is_called(name, what))
            rc = fn(arg, path);
    }
    return rc;
}

int ldcache_each(const char *cache, struct str what, ldcache_fn fn, void *arg)
{
    struct buf file = { 0 };
    int rc = 0;

    if (symbols_read_file(cache, LARGEST_CACHE, &file))
        rc = each_in(find_table(buf_as_str(&file)), what, fn, arg);
    buf_free(&file);
    return rc;
}
