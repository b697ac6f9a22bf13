/*
 * funcs.c - functions and variables of ELF files, by name and by pattern
 *
 * What uprobes, listings and uaddr() ask for. There is no index of names: a program asks for a few,
 * and comparing all names of libc takes less time than reading them.
 */
#include "symbols/symbols_impl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct elf_file *elf_file_open(struct symbols *s, const char *path, int *rc, struct err *e)
{
    struct elf_file *f = elf_file_at(s, path);

    if (!f) {
        int error = errno;

        *rc = err_set(e, -error, "cannot read '%s': %s", path, strerror(error));
        return NULL;
    }
    if (!f->read_symbols)
        f->path = symbols_intern(s, str_from(path)).p; /* where it was first seen may be gone */
    elf_file_read_headers(f);
    if (!f->is_elf) {
        *rc = err_set(e, -ENOEXEC, "'%s' is not an ELF file", path);
        return NULL;
    }
    return f;
}

static struct elf_file *open_with_symbols(struct symbols *s, const char *path, int *rc,
                                          struct err *e)
{
    struct elf_file *f = elf_file_open(s, path, rc, e);

    if (f)
        elf_file_read_symbols(s, f);
    return f;
}

/* false: it is in no segment, so that it has no place in the file. */
static bool func_of(struct symbols *s, const struct elf_file *f, const struct symtab_entry *e,
                    struct elf_func *out)
{
    const struct elf_segment *seg = elf_segment_at(f, e->addr);

    if (!seg)
        return false;
    out->name = symtab_name(&f->symbols, e);
    out->demangled = demangle(s, out->name);
    out->addr = e->addr;
    out->offset = e->addr - seg->addr + seg->offset;
    out->size = e->size;
    return true;
}

int symbols_each_func(struct symbols *s, const char *path, struct str glob, symbols_func_fn fn,
                      void *arg, struct err *e)
{
    struct elf_file *f;
    struct elf_func func;
    int rc = 0;

    f = open_with_symbols(s, path, &rc, e);
    for (size_t i = 0; f && rc == 0 && i < f->symbols.all.n; i++) {
        const struct symtab_entry *entry = &f->symbols.all.v[i];

        if (entry->kind == SYMTAB_FUNC && str_glob(glob, symtab_name(&f->symbols, entry)) &&
            func_of(s, f, entry, &func))
            rc = fn(arg, &func);
    }
    return rc;
}

/* Of several symbols of one name: the first kind wanted, exported before local. */
static const struct symtab_entry *entry_named(const struct symtab *t, struct str name,
                                              bool is_wanted(enum symtab_kind))
{
    const struct symtab_entry *found = NULL;

    for (size_t i = 0; i < t->all.n; i++) {
        const struct symtab_entry *e = &t->all.v[i];

        if (is_wanted(e->kind) && str_eqz(name, t->names.p + e->name) &&
            (!found || e->kind < found->kind ||
             (e->kind == found->kind && e->local < found->local)))
            found = e;
    }
    return found;
}

static int no_such_entry(const struct elf_file *f, const char *path, const char *what,
                         struct str name, bool is_wanted(enum symtab_kind), struct err *e)
{
    struct str_guess guess = { .word = name };

    if (!f->symbols.all.n)
        return err_set(e, -ENOENT,
                       "'%s' has no symbols, and no separate debug file of it was found", path);
    for (size_t i = 0; i < f->symbols.all.n; i++) {
        if (is_wanted(f->symbols.all.v[i].kind))
            str_guess_try(&guess, symtab_name(&f->symbols, &f->symbols.all.v[i]));
    }
    err_set(e, -ENOENT, "no %s '%.*s' in '%s'", what, STRF(name), path);
    if (str_guess_ok(&guess))
        err_hint(e, "did you mean '%.*s'?", STRF(guess.best));
    return -ENOENT;
}

static bool is_code(enum symtab_kind kind)
{
    return kind != SYMTAB_OBJECT;
}

int symbols_func(struct symbols *s, const char *path, struct str name, struct elf_func *out,
                 struct err *e)
{
    const struct symtab_entry *entry;
    struct elf_file *f;
    int rc;

    f = open_with_symbols(s, path, &rc, e);
    if (!f)
        return rc;
    entry = entry_named(&f->symbols, name, is_code);
    if (!entry)
        return no_such_entry(f, path, "function", name, is_code, e);
    if (!func_of(s, f, entry, out))
        return err_set(e, -EINVAL, "function '%.*s' of '%s' is not in the loaded part of the file",
                       STRF(name), path);
    return 0;
}

int symbols_func_at(struct symbols *s, const char *path, uint64_t addr, struct elf_func *out,
                    struct err *e)
{
    const struct symtab_entry *entry;
    struct elf_file *f;
    int rc;

    f = open_with_symbols(s, path, &rc, e);
    if (!f)
        return rc;
    entry = elf_symbol_at(f, addr);
    if (!entry || !func_of(s, f, entry, out))
        return err_set(e, -ENOENT, "no known function of '%s' is at 0x%llx", path,
                       (unsigned long long)addr);
    return 0;
}

int symbols_file_offset(struct symbols *s, const char *path, uint64_t addr, uint64_t *offset,
                        struct err *e)
{
    const struct elf_segment *seg;
    struct elf_file *f;
    int rc;

    f = elf_file_open(s, path, &rc, e);
    if (!f)
        return rc;
    seg = elf_segment_at(f, addr);
    if (!seg)
        return err_set(e, -EINVAL, "address 0x%llx is not in the loaded part of '%s'",
                       (unsigned long long)addr, path);
    *offset = addr - seg->addr + seg->offset;
    return 0;
}

int symbols_file_address(struct symbols *s, const char *path, uint64_t offset, uint64_t *addr,
                         struct err *e)
{
    const struct elf_segment *seg;
    struct elf_file *f;
    int rc;

    f = elf_file_open(s, path, &rc, e);
    if (!f)
        return rc;
    seg = elf_segment_at_offset(f, offset);
    if (!seg)
        return err_set(e, -EINVAL, "offset 0x%llx of '%s' is in none of its segments",
                       (unsigned long long)offset, path);
    *addr = offset - seg->offset + seg->addr;
    return 0;
}

/* Data first, but functions have addresses too. */
static bool is_object(enum symtab_kind kind)
{
    return kind == SYMTAB_OBJECT;
}

int symbols_object(struct symbols *s, const char *path, struct str name, uint64_t *addr,
                   uint64_t *size, bool *is_pie, struct err *e)
{
    const struct symtab_entry *entry;
    struct elf_file *f;
    int rc;

    f = open_with_symbols(s, path, &rc, e);
    if (!f)
        return rc;
    entry = entry_named(&f->symbols, name, is_object);
    if (!entry)
        entry = entry_named(&f->symbols, name, is_code);
    if (!entry)
        return no_such_entry(f, path, "variable", name, is_object, e);
    *addr = entry->addr;
    *size = entry->size;
    *is_pie = f->is_pie;
    return 0;
}

bool symbols_is_elf(const char *path)
{
    struct stat st;
    char magic[SELFMAG];
    int fd = symbols_open_regular(path, &st);
    bool is_elf;

    if (fd < 0)
        return false;
    is_elf = read(fd, magic, sizeof(magic)) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
    close(fd);
    return is_elf;
}

bool symbols_build_id(struct symbols *s, const char *path, struct buf *hex)
{
    int rc;
    const struct elf_file *f = elf_file_open(s, path, &rc, NULL);

    buf_clear(hex);
    for (size_t i = 0; f && i < f->build_id.n; i++)
        buf_printf(hex, "%02x", (unsigned char)f->build_id.p[i]);
    return hex->n > 0;
}
