/*
 * symtab.c - symbols of one file in one sorted array
 *
 * Whatever they come from (symbol tables, debug files, a JIT's map), symbols are added, sorted once
 * and then found by halving. Several symbols may begin at one address; the name people know is
 * sorted to the front: functions before labels, exported before local, "read" before "__read".
 */
#include "symbols/symbols_impl.h"

#include <string.h>

enum {
    LOOK_BACK = 64, /* symbols before an address that may be long enough to contain it */
    LARGEST_NAMES = 1 << 30,
};

void symtab_add(struct symtab *t, struct symtab_entry e, struct str name)
{
    const char *version = name.n > 1 ? memchr(name.p + 1, '@', name.n - 1) : NULL;

    if (version)
        name.n = (size_t)(version - name.p);
    if (!name.n || t->names.n + name.n >= LARGEST_NAMES)
        return;
    e.name = (uint32_t)t->names.n;
    buf_str(&t->names, name);
    buf_putc(&t->names, '\0');
    vec_push(&t->all, e);
}

struct str symtab_name(const struct symtab *t, const struct symtab_entry *e)
{
    return str_from(t->names.p + e->name);
}

static int by_rank(const void *a, const void *b, void *arg)
{
    const struct symtab_entry *x = a, *y = b;
    const char *names = arg;
    size_t x_underscores, y_underscores;
    int order;

    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind - y->kind;
    if (x->local != y->local)
        return x->local - y->local;
    x_underscores = strspn(names + x->name, "_");
    y_underscores = strspn(names + y->name, "_");
    if (x_underscores != y_underscores)
        return x_underscores < y_underscores ? -1 : 1;
    order = strcmp(names + x->name, names + y->name);
    return order ? order : (x->size < y->size) - (x->size > y->size);
}

void symtab_sort(struct symtab *t)
{
    size_t kept = 0;

    if (!t->all.n)
        return;
    qsort_r(t->all.v, t->all.n, sizeof(*t->all.v), by_rank, t->names.p);
    for (size_t i = 0; i < t->all.n; i++) {
        const struct symtab_entry *e = &t->all.v[i], *last = kept ? &t->all.v[kept - 1] : NULL;

        if (!last || last->addr != e->addr || last->kind != e->kind || last->local != e->local ||
            strcmp(t->names.p + last->name, t->names.p + e->name) != 0)
            t->all.v[kept++] = *e;
    }
    t->all.n = kept;
}

void symtab_free(struct symtab *t)
{
    vec_free(&t->all);
    buf_free(&t->names);
}

/* The first symbol that begins behind addr. */
static size_t first_behind(const struct symtab *t, uint64_t addr)
{
    size_t from = 0, to = t->all.n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (t->all.v[middle].addr <= addr)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/*
 * A symbol with a size has to contain the address. One without reaches to the next symbol, but only
 * counts if no other contains the address: assemblers leave labels inside functions.
 */
const struct symtab_entry *symtab_find(const struct symtab *t, uint64_t addr, uint64_t floor)
{
    size_t behind = first_behind(t, addr);
    const struct symtab_entry *nearest = NULL, *found = NULL, *sizeless = NULL;

    for (size_t i = behind; i-- > 0 && behind - i <= LOOK_BACK;) {
        const struct symtab_entry *e = &t->all.v[i];

        if (e->addr < floor || (found && e->addr != found->addr))
            break;
        if (e->kind == SYMTAB_OBJECT)
            continue;
        if (!nearest)
            nearest = e;
        if (addr - e->addr < e->size)
            found = e;
        else if (!e->size && e->addr == nearest->addr)
            sizeless = e;
        else if (sizeless && sizeless->addr - e->addr < e->size)
            sizeless = NULL; /* it ends with the function it is in */
    }
    return found ? found : sizeless;
}
