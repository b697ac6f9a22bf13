/*
 * dwarf.c - opening the debug information of a program, and finding an address in it
 *
 * libdw reads the sections; it does not map them (symbols.c says why not). Its own way from an
 * address to a compilation unit is a table that not every compiler writes, so we make one of what
 * the units themselves say. Inside a unit, what encloses the address is followed inwards.
 */
#include "symbols/dwarf_impl.h"

#include <string.h>
#include <unistd.h>

static bool has_debug_info(Elf *elf)
{
    Elf_Scn *section = NULL;
    size_t names;

    if (elf_getshdrstrndx(elf, &names))
        return false;
    while ((section = elf_nextscn(elf, section))) {
        GElf_Shdr header;
        const char *name;

        if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
            continue;
        name = elf_strptr(elf, names, header.sh_name);
        if (name && (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0))
            return true;
    }
    return false;
}

static int by_start(const void *a, const void *b)
{
    const struct dwarf_range *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

static void index_units(struct dwarf_file *d)
{
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;

    while (dwarf_get_units(d->dw, unit, &unit, NULL, NULL, &die, NULL) == 0) {
        Dwarf_Addr base = 0, start, end;
        ptrdiff_t at = 0;

        /* What the linker has thrown away begins at 0. */
        while ((at = dwarf_ranges(&die, at, &base, &start, &end)) > 0) {
            if (start && start < end)
                vec_push(&d->units, (struct dwarf_range){ start, end, die });
        }
    }
    if (d->units.n)
        qsort(d->units.v, d->units.n, sizeof(*d->units.v), by_start);
}

/* Takes elf and fd if there is debug information in it. */
static bool take(struct symbols *s, struct elf_file *f, Elf *elf, int fd)
{
    Dwarf *dw = has_debug_info(elf) ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;

    if (!dw)
        return false;
    f->dwarf = xcalloc(1, sizeof(*f->dwarf));
    *f->dwarf = (struct dwarf_file){ .symbols = s, .elf = elf, .dw = dw, .fd = fd };
    f->dwarf->loader = (struct type_loader){ .ctx = f->dwarf, .load = dwarf_load_members };
    index_units(f->dwarf);
    return true;
}

struct wanted {
    struct symbols *s;
    struct elf_file *f;
};

static bool take_separate(void *arg, const char *path, Elf *known)
{
    const struct wanted *wanted = arg;
    struct stat st;
    Elf *elf;
    int fd;

    if (!has_debug_info(known) || (fd = symbols_open_regular(path, &st)) < 0)
        return false;
    elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf && take(wanted->s, wanted->f, elf, fd))
        return true;
    elf_end(elf);
    close(fd);
    return false;
}

struct dwarf_file *dwarf_file_of(struct symbols *s, struct elf_file *f)
{
    struct wanted wanted = { s, f };
    Elf *elf;
    int fd;

    if (f->read_dwarf)
        return f->dwarf;
    f->read_dwarf = true;
    elf_file_read_headers(f);
    if (!f->is_elf || !(elf = elf_open_again(f, &fd)))
        return NULL;
    if (take(s, f, elf, fd))
        return f->dwarf;
    debugfile_find(s, f, elf, take_separate, &wanted);
    elf_end(elf);
    close(fd);
    return f->dwarf;
}

void dwarf_file_free(struct dwarf_file *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->twins.n; i++)
        free(d->twins.v[i]);
    vec_free(&d->twins);
    vec_free(&d->units);
    map_free(&d->frames);
    dwarf_end(d->dw);
    elf_end(d->elf);
    close(d->fd);
    free(d);
}

bool dwarf_unit_at(const struct dwarf_file *d, uint64_t addr, Dwarf_Die *unit)
{
    size_t from = 0, to = d->units.n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (d->units.v[middle].start <= addr)
            from = middle + 1;
        else
            to = middle;
    }
    if (!from || addr >= d->units.v[from - 1].end)
        return false;
    *unit = d->units.v[from - 1].unit;
    return true;
}

/* Goes into the one of die's children that has the address. */
static bool descend(Dwarf_Die *die, uint64_t addr, Dwarf_Die chain[], size_t *n, unsigned depth)
{
    Dwarf_Die child;

    if (depth > 4 * DWARF_DEPTH_MAX || dwarf_child(die, &child))
        return false;
    do {
        int tag = dwarf_tag(&child);

        if (tag == DW_TAG_namespace && descend(&child, addr, chain, n, depth + 1))
            return true;
        if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine &&
            tag != DW_TAG_lexical_block)
            continue;
        if (dwarf_haspc(&child, addr) <= 0)
            continue;
        if (tag != DW_TAG_lexical_block && *n < DWARF_DEPTH_MAX)
            chain[(*n)++] = child;
        descend(&child, addr, chain, n, depth + 1);
        return true;
    } while (dwarf_siblingof(&child, &child) == 0);
    return false;
}

size_t dwarf_chain_at(Dwarf_Die *unit, uint64_t addr, Dwarf_Die chain[DWARF_DEPTH_MAX])
{
    size_t n = 0;

    descend(unit, addr, chain, &n, 0);
    return n;
}
