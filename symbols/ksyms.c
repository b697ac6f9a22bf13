/*
 * ksyms.c - kernel addresses <-> names, from /proc/kallsyms
 *
 * The file is read when first needed; its 120 000 lines become one array of addresses and one block
 * of names. That may have been while compiling: if an address outside the kernel's own code is
 * asked for later, the file is read once more, for what has been loaded since (our own programs
 * are). Symbols of equal address stay in the file's order: the kernel puts the name it prefers
 * first.
 *
 * kallsyms has no sizes, so an address belongs to the symbol before it, unless that is too far away
 * to be true. Without privileges all addresses are 0; then there are no symbols at all.
 */
#include "symbols/symbols_impl.h"

#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 1 << 16,
    LARGEST_SYMBOL = 16 << 20, /* no function or variable of a kernel is as large */
};

static bool read_hex(const char **p, uint64_t *out)
{
    const char *start = *p;
    uint64_t n = 0;

    for (;; (*p)++) {
        unsigned char c = (unsigned char)**p;

        if (c >= '0' && c <= '9')
            n = n << 4 | (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            n = n << 4 | (unsigned)(c - 'a' + 10);
        else
            break;
    }
    *out = n;
    return *p > start;
}

static size_t word_length(const char *p)
{
    size_t n = 0;

    while (p[n] && p[n] != '\t' && p[n] != ' ' && p[n] != ']')
        n++;
    return n;
}

/* Modules come in groups, so only the last one is compared. */
static uint32_t module_of(struct symbols *s, struct str name)
{
    struct ksyms *k = &s->ksyms;

    if (!k->modules.n || !str_eq(k->modules.v[k->modules.n - 1], name))
        vec_push(&k->modules, symbols_intern(s, name));
    return (uint32_t)k->modules.n - 1;
}

/* "ffffffff81000000 T _stext\n" or "ffffffffc0000000 t helper\t[module]\n" */
static void parse_line(struct symbols *s, const char *p)
{
    struct ksyms *k = &s->ksyms;
    struct ksym sym = { 0 };
    size_t n;

    if (!read_hex(&p, &sym.addr) || !sym.addr || p[0] != ' ' || !p[1] || p[2] != ' ')
        return;
    p += 3;
    n = word_length(p);
    if (k->names.n + n >= UINT32_MAX)
        return;
    if (p[n] == '\t' && p[n + 1] == '[')
        sym.module = module_of(s, (struct str){ p + n + 2, word_length(p + n + 2) });
    sym.name = (uint32_t)k->names.n;
    buf_add(&k->names, p, n);
    buf_putc(&k->names, '\0');
    vec_push(&k->all, sym);
}

static int by_address(const void *a, const void *b)
{
    const struct ksym *x = a, *y = b;

    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return (x->name > y->name) - (x->name < y->name);
}

static bool is_sorted(const struct ksyms *k)
{
    for (size_t i = 1; i < k->all.n; i++) {
        if (k->all.v[i].addr < k->all.v[i - 1].addr)
            return false;
    }
    return true;
}

/* Whole lines of the chunk; what is left of the last one moves to its beginning. */
static size_t parse_chunk(struct symbols *s, char *chunk, size_t n)
{
    char *line = chunk, *end;

    while ((end = memchr(line, '\n', n - (size_t)(line - chunk)))) {
        *end = '\0';
        parse_line(s, line);
        line = end + 1;
    }
    n -= (size_t)(line - chunk);
    memmove(chunk, line, n);
    return n;
}

static void parse(struct symbols *s, int fd)
{
    char *chunk = xcalloc(1, CHUNK);
    size_t have = 0;
    ssize_t n;

    /* A line that fills the chunk is none of the kernel's: it ends the reading. */
    while (have < CHUNK && (n = read(fd, chunk + have, CHUNK - have)) > 0)
        have = parse_chunk(s, chunk, have + (size_t)n);
    free(chunk);
}

static const struct ksyms *load(struct symbols *s)
{
    struct ksyms *k = &s->ksyms;
    char path[PATH_MAX];
    struct stat st;
    int fd;

    if (k->loaded)
        return k;
    k->loaded = true;
    vec_push(&k->modules, STR(""));
    if (!symbols_path(s, path, "/proc/kallsyms") || (fd = symbols_open_regular(path, &st)) < 0)
        return k;
    parse(s, fd);
    close(fd);
    if (!is_sorted(k))
        qsort(k->all.v, k->all.n, sizeof(*k->all.v), by_address);
    return k;
}

void ksyms_free(struct ksyms *k)
{
    buf_free(&k->names);
    buf_free(&k->old_names);
    vec_free(&k->all);
    vec_free(&k->modules);
}

/* The symbol before an address, of several the first; NULL if it is too far away. */
static const struct ksym *find(const struct ksyms *k, uint64_t addr)
{
    size_t from = 0, to = k->all.n; /* the first symbol behind addr is in [from, to] */

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (k->all.v[middle].addr <= addr)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == 0 || addr - k->all.v[from - 1].addr >= LARGEST_SYMBOL)
        return NULL;
    for (from--; from > 0 && k->all.v[from - 1].addr == k->all.v[from].addr; from--)
        ;
    return &k->all.v[from];
}

/* Names already given out stay where they are. */
static void read_again(struct symbols *s)
{
    struct ksyms *k = &s->ksyms;

    k->old_names = k->names;
    k->names = (struct buf){ 0 };
    k->all.n = k->modules.n = 0;
    k->loaded = false;
    k->read_again = true;
    load(s);
}

bool symbols_kernel(struct symbols *s, uint64_t addr, struct sym *out)
{
    bool was_loaded = s->ksyms.loaded;
    const struct ksyms *k = load(s);
    const struct ksym *found = find(k, addr);

    *out = (struct sym){ .name = STR(""), .module = STR("") };
    if (was_loaded && !k->read_again && addr >> 63 &&
        (!found || (found->module && found->addr != addr))) {
        read_again(s);
        found = find(k, addr);
    }
    if (!found)
        return false;
    out->name = str_from(k->names.p + found->name);
    out->offset = addr - found->addr;
    out->module = k->modules.v[found->module];
    return true;
}

/* Of several symbols of one name, the first in the file: the kernel's own before a module's. */
bool symbols_kernel_addr(struct symbols *s, struct str name, uint64_t *addr)
{
    const struct ksyms *k = load(s);
    const struct ksym *found = NULL;

    for (size_t i = 0; i < k->all.n; i++) {
        const struct ksym *sym = &k->all.v[i];

        if (str_eqz(name, k->names.p + sym->name) && (!found || sym->name < found->name))
            found = sym;
    }
    if (found)
        *addr = found->addr;
    return found;
}
