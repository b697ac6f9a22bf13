/*
 * elf.c - ELF files: reading them, and the name of a place in one
 *
 * A file is known by device, inode, size and time, not by path, so that a hundred processes running
 * one program read its symbols once, in whatever container they run. Headers and symbols are read
 * separately, when first asked for, and all that is needed of them is copied: nothing stays open.
 *
 * Three numbers name a place in code: the offset in the file (what uprobes take, and what a mapping
 * leads to), the virtual address in the file (what symbols have), and the address in a process.
 * Segments translate between the first two, a process's maps between the first and the third.
 *
 * libelf checks offsets and sizes against the size of the file; indices into sections and string
 * tables are checked here.
 */
#include "symbols/dwarf_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

enum { LARGEST_SECTION = 1 << 29 }; /* no symbol table of a program that can be linked is larger */

static struct elf_key key_of_stat(const struct stat *st)
{
    return (struct elf_key){
        .dev = st->st_dev,
        .ino = st->st_ino,
        .size = (uint64_t)st->st_size,
        .at = st->st_rdev,
        .mtime_s = st->st_mtim.tv_sec,
        .mtime_ns = st->st_mtim.tv_nsec,
    };
}

static struct str key_as_str(const struct elf_key *key)
{
    return (struct str){ (const char *)key, sizeof(*key) };
}

bool elf_key_of(const char *path, struct elf_key *key)
{
    struct stat st;

    if (stat(path, &st) && zip_stat(path, &st))
        return false;
    if (!S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        return false;
    }
    *key = key_of_stat(&st);
    return true;
}

struct elf_file *elf_file_at(struct symbols *s, const char *path)
{
    struct elf_key key;
    struct elf_file *f;

    deps_note(s->deps, path);
    if (!elf_key_of(path, &key))
        return NULL;
    f = map_get(&s->files, key_as_str(&key));
    if (!f) {
        f = xcalloc(1, sizeof(*f));
        f->key = key;
        f->path = symbols_intern(s, str_from(path)).p;
        f->next = s->first_file;
        s->first_file = f;
        map_set(&s->files, key_as_str(&f->key), f);
    }
    return f;
}

void elf_file_free(struct elf_file *f)
{
    if (!f)
        return;
    vec_free(&f->segments);
    vec_free(&f->code_sections);
    buf_free(&f->build_id);
    symtab_free(&f->symbols);
    dwarf_file_free(f->dwarf);
    free(f);
}

const struct elf_segment *elf_segment_at_offset(const struct elf_file *f, uint64_t offset)
{
    const struct elf_segment *found = NULL;

    for (size_t i = 0; i < f->segments.n; i++) {
        const struct elf_segment *seg = &f->segments.v[i];

        if (offset - seg->offset < seg->file_size && (!found || seg->exec))
            found = seg;
    }
    return found;
}

const struct elf_segment *elf_segment_at(const struct elf_file *f, uint64_t addr)
{
    for (size_t i = 0; i < f->segments.n; i++) {
        if (addr - f->segments.v[i].addr < f->segments.v[i].file_size)
            return &f->segments.v[i];
    }
    return NULL;
}

static void take_headers(struct elf_file *f, Elf *elf)
{
    GElf_Ehdr header;
    GElf_Phdr segment;
    Elf_Scn *section = NULL;
    GElf_Shdr section_header;
    size_t n;

    f->read_headers = true;
    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
        return;
    f->is_elf = true;
    f->is_64 = header.e_ident[EI_CLASS] == ELFCLASS64;
    f->is_pie = header.e_type == ET_DYN;
    f->machine = header.e_machine;
    if (elf_getphdrnum(elf, &n))
        n = 0;
    for (size_t i = 0; i < n; i++) {
        if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD)
            vec_push(&f->segments, (struct elf_segment){ .offset = segment.p_offset,
                                                         .addr = segment.p_vaddr,
                                                         .file_size = segment.p_filesz,
                                                         .exec = segment.p_flags & PF_X });
    }
    while ((section = elf_nextscn(elf, section))) {
        if (gelf_getshdr(section, &section_header) && (section_header.sh_flags & SHF_EXECINSTR))
            vec_push(&f->code_sections, section_header.sh_addr);
    }
    debugfile_build_id(elf, &f->build_id);
}

static bool is_code_section(Elf *elf, size_t index)
{
    Elf_Scn *section = elf_getscn(elf, index);
    GElf_Shdr header;

    return section && gelf_getshdr(section, &header) && (header.sh_flags & SHF_EXECINSTR);
}

/* false: nothing that has an address, or a mark for disassemblers ("$x"). */
static bool kind_of(Elf *elf, const GElf_Sym *sym, struct str name, uint8_t *kind)
{
    if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS || sym->st_shndx == SHN_COMMON)
        return false;
    switch (GELF_ST_TYPE(sym->st_info)) {
    case STT_FUNC:
        *kind = SYMTAB_FUNC;
        return true;
    case STT_GNU_IFUNC:
        *kind = SYMTAB_IFUNC;
        return true;
    case STT_OBJECT:
        *kind = SYMTAB_OBJECT;
        return true;
    case STT_NOTYPE:
        *kind = is_code_section(elf, sym->st_shndx) ? SYMTAB_LABEL : SYMTAB_OBJECT;
        return !str_starts(name, STR("$"));
    default:
        return false;
    }
}

static bool is_bearable(Elf_Scn *section)
{
    GElf_Shdr header;

    return section && gelf_getshdr(section, &header) && header.sh_size <= LARGEST_SECTION;
}

static void add_table(struct symtab *t, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Scn *names = elf_getscn(elf, header->sh_link);
    Elf_Data *data = is_bearable(section) ? elf_getdata(section, NULL) : NULL;
    Elf_Data *strings = is_bearable(names) ? elf_rawdata(names, NULL) : NULL;
    size_t entry = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);

    if (!data || !data->d_buf || !strings || !strings->d_buf || !entry)
        return;
    for (size_t i = 0; i < data->d_size / entry; i++) {
        struct symtab_entry e = { 0 };
        struct str name;
        GElf_Sym sym;

        if (!gelf_getsym(data, (int)i, &sym) || sym.st_name >= strings->d_size)
            continue;
        name.p = (const char *)strings->d_buf + sym.st_name;
        name.n = strnlen(name.p, strings->d_size - sym.st_name);
        if (!kind_of(elf, &sym, name, &e.kind))
            continue;
        e.addr = sym.st_value;
        e.size = sym.st_size;
        e.local = GELF_ST_BIND(sym.st_info) == STB_LOCAL;
        symtab_add(t, e, name);
    }
}

bool elf_add_symbols(struct symtab *t, Elf *elf)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    bool complete = false;

    while ((section = elf_nextscn(elf, section))) {
        if (!gelf_getshdr(section, &header))
            continue;
        if (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)
            continue;
        complete |= header.sh_type == SHT_SYMTAB;
        add_table(t, elf, section, &header);
    }
    return complete;
}

Elf *elf_open_again(const struct elf_file *f, int *fd)
{
    struct elf_key now;
    struct stat st;
    Elf *elf = NULL;

    *fd = symbols_open_regular(f->path, &st);
    if (*fd < 0)
        return NULL;
    now = key_of_stat(&st);
    if (str_eq(key_as_str(&now), key_as_str(&f->key)))
        elf = elf_begin(*fd, ELF_C_READ, NULL);
    if (!elf)
        close(*fd);
    return elf;
}

void elf_file_read_headers(struct elf_file *f)
{
    Elf *elf;
    int fd;

    if (f->read_headers)
        return;
    f->read_headers = true;
    elf = elf_open_again(f, &fd);
    if (!elf)
        return;
    take_headers(f, elf);
    elf_end(elf);
    close(fd);
}

void elf_file_read_symbols(struct symbols *s, struct elf_file *f)
{
    Elf *elf;
    int fd;

    if (f->read_symbols)
        return;
    elf_file_read_headers(f);
    f->read_symbols = true;
    if (!f->is_elf || !(elf = elf_open_again(f, &fd)))
        return;
    if (!elf_add_symbols(&f->symbols, elf))
        debugfile_add_symbols(s, f, elf);
    symtab_sort(&f->symbols);
    elf_end(elf);
    close(fd);
}

/* The kernel maps it into us too. Its section headers are its last part. */
struct elf_file *elf_vdso(struct symbols *s)
{
    const char *ours = (const char *)getauxval(AT_SYSINFO_EHDR);
    struct elf_file *f = s->vdso;
    const GElf_Ehdr *header = (const GElf_Ehdr *)ours;
    size_t size;
    char *copy;
    Elf *elf;

    if (f || !ours || ours[EI_CLASS] != ELFCLASS64)
        return f;
    s->vdso = f = xcalloc(1, sizeof(*f));
    f->path = "[vdso]";
    f->read_headers = f->read_symbols = true;
    size = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
    copy = xcalloc(1, size);
    memcpy(copy, ours, size);
    elf = elf_memory(copy, size);
    if (elf) {
        take_headers(f, elf);
        elf_add_symbols(&f->symbols, elf);
        symtab_sort(&f->symbols);
        elf_end(elf);
    }
    free(copy);
    return f;
}

/* Symbols without a size do not reach from one section into the next (from .init into .plt). */
static uint64_t code_start(const struct elf_file *f, const struct elf_segment *seg, uint64_t addr)
{
    uint64_t start = seg->addr;

    for (size_t i = 0; i < f->code_sections.n; i++) {
        if (f->code_sections.v[i] <= addr)
            start = MAX(start, f->code_sections.v[i]);
    }
    return start;
}

const struct symtab_entry *elf_symbol_at(const struct elf_file *f, uint64_t addr)
{
    const struct elf_segment *seg = elf_segment_at(f, addr);

    return seg ? symtab_find(&f->symbols, addr, code_start(f, seg, addr)) : NULL;
}

bool elf_file_name_at(struct symbols *s, struct elf_file *f, uint64_t offset, struct sym *out)
{
    const struct elf_segment *seg;
    const struct symtab_entry *e;
    uint64_t addr;

    elf_file_read_symbols(s, f);
    seg = elf_segment_at_offset(f, offset);
    if (!seg)
        return false;
    addr = offset - seg->offset + seg->addr;
    e = symtab_find(&f->symbols, addr, code_start(f, seg, addr));
    if (!e)
        return false;
    out->name = symtab_name(&f->symbols, e);
    if (s->demangle)
        out->name = demangle(s, out->name);
    out->offset = addr - e->addr;
    return true;
}
