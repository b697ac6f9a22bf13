/*
 * usdt.c - the probes a program is built with: its .note.stapsdt section
 *
 * A note holds three addresses and three strings: the place of the probe, where the section
 * .stapsdt.base was to be when the program was linked, and the semaphore; provider, name,
 * arguments. If the program was moved afterwards (prelinked), the base moved with it, and by as
 * much all addresses in the notes, which nobody corrected, are wrong.
 *
 * The semaphore is a counter that the program looks at before it takes pains for a probe. The
 * kernel counts it up in each process that has it mapped, so we only have to say where it is in the
 * file.
 */
#include "symbols/symbols_impl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { NOTE_STAPSDT = 3 };

#define OWNER "stapsdt"

struct notes {
    const struct elf_file *file;
    uint64_t base; /* address of .stapsdt.base; 0: there is no such section */
    symbols_usdt_fn fn;
    void *arg;
};

static uint64_t get_word(const struct elf_file *f, const char *p)
{
    uint32_t narrow;
    uint64_t wide;

    if (f->is_64) {
        memcpy(&wide, p, sizeof(wide));
        return wide;
    }
    memcpy(&narrow, p, sizeof(narrow));
    return narrow;
}

/* Up to the next NUL; false if there is none. */
static bool get_string(struct str *rest, struct str *out)
{
    ptrdiff_t end = str_find(*rest, '\0');

    if (end < 0)
        return false;
    *out = str_sub(*rest, 0, (size_t)end);
    *rest = str_sub(*rest, (size_t)end + 1, rest->n);
    return true;
}

static uint64_t file_offset(const struct elf_file *f, uint64_t addr)
{
    const struct elf_segment *seg = elf_segment_at(f, addr);

    return seg ? addr - seg->addr + seg->offset : 0;
}

/* A note's three addresses and strings. Notes of code that was not linked in have address 0. */
static int handle_note(const struct notes *n, struct str desc)
{
    const struct elf_file *f = n->file;
    size_t word = f->is_64 ? 8 : 4;
    struct str rest = str_sub(desc, 3 * word, desc.n);
    struct usdt_site site = { .machine = f->machine, .is_pie = f->is_pie };
    uint64_t base, semaphore, moved;
    const struct elf_segment *seg;

    if (desc.n < 3 * word || !get_string(&rest, &site.provider) || !get_string(&rest, &site.name))
        return 0;
    if (!get_string(&rest, &site.args))
        site.args = rest;
    base = get_word(f, desc.p + word);
    moved = n->base && base ? n->base - base : 0;
    site.addr = get_word(f, desc.p) + moved;
    semaphore = get_word(f, desc.p + 2 * word);
    seg = elf_segment_at(f, site.addr);
    if (!seg || !seg->exec || !site.provider.n || !site.name.n)
        return 0;
    site.offset = site.addr - seg->addr + seg->offset;
    if (semaphore)
        site.semaphore = file_offset(f, semaphore + moved);
    return n->fn(n->arg, &site);
}

static int handle_section(const struct notes *n, Elf_Data *data)
{
    size_t at = 0, name, desc;
    GElf_Nhdr note;
    int rc = 0;

    while (rc == 0 && data && (at = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
        const char *bytes = data->d_buf;

        if (note.n_type == NOTE_STAPSDT && note.n_namesz == sizeof(OWNER) &&
            memcmp(bytes + name, OWNER, sizeof(OWNER)) == 0)
            rc = handle_note(n, (struct str){ bytes + desc, note.n_descsz });
    }
    return rc;
}

static const char *section_name(Elf *elf, const GElf_Shdr *header)
{
    size_t names;
    const char *name = NULL;

    if (elf_getshdrstrndx(elf, &names) == 0)
        name = elf_strptr(elf, names, header->sh_name);
    return name ? name : "";
}

static uint64_t base_section(Elf *elf)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;

    while ((section = elf_nextscn(elf, section))) {
        if (gelf_getshdr(section, &header) &&
            strcmp(section_name(elf, &header), ".stapsdt.base") == 0)
            return header.sh_addr;
    }
    return 0;
}

int symbols_each_usdt(struct symbols *s, const char *path, symbols_usdt_fn fn, void *arg,
                      struct err *e)
{
    struct notes n = { .fn = fn, .arg = arg };
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    int rc = 0, fd;
    Elf *elf;

    n.file = elf_file_open(s, path, &rc, e);
    if (!n.file)
        return rc;
    elf = elf_open_again(n.file, &fd);
    if (!elf)
        return err_set(e, -ESTALE, "'%s' is being replaced", path);
    n.base = base_section(elf);
    while (rc == 0 && (section = elf_nextscn(elf, section))) {
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE &&
            strcmp(section_name(elf, &header), ".note.stapsdt") == 0)
            rc = handle_section(&n, elf_getdata(section, NULL));
    }
    elf_end(elf);
    close(fd);
    return rc;
}
