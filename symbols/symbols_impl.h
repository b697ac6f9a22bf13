/*
 * symbols_impl.h - what the files of symbols/ share with each other
 *
 *     symbols.c    open, close, interning, reading and opening files safely
 *     ksyms.c      kallsyms
 *     usyms.c      processes: address -> mapping -> file -> name
 *     maps.c       /proc/PID/maps, and which file a mapping really is
 *     jit.c        /tmp/perf-PID.map, the names that JIT compilers write down
 *     elf.c        the cache of ELF files; reading them; the name of a place in one
 *     funcs.c      functions and variables of ELF files by name and by pattern
 *     insn.c       where instructions begin
 *     usdt.c       notes about the probes programs are built with
 *     dwarf*.c     debug information: dwarf_impl.h
 *     debugfile.c  separate debug files, .gnu_debugdata, build ids
 *     symtab.c     the sorted table all symbols end up in
 *     find.c       names of programs and libraries -> paths
 *     ldcache.c    /etc/ld.so.cache
 *     zip.c        libraries inside of archives
 *     demangle.c   C++ and Rust names
 */
#ifndef HARK_SYMBOLS_SYMBOLS_IMPL_H
#define HARK_SYMBOLS_SYMBOLS_IMPL_H

#include "base/map.h"
#include "base/vec.h"
#include "symbols/symbols.h"

#include <gelf.h>
#include <limits.h>
#include <sys/stat.h>

/* ---- symtab.c ---- */
enum symtab_kind {
    SYMTAB_FUNC,
    SYMTAB_IFUNC,  /* the address is that of the resolver */
    SYMTAB_LABEL,  /* code without a type, as assemblers leave it */
    SYMTAB_OBJECT, /* data; never found by address */
};

struct symtab_entry {
    uint64_t addr, size;
    uint32_t name; /* offset in names */
    uint8_t kind;  /* enum symtab_kind */
    bool local;
};

struct symtab {
    VEC(struct symtab_entry) all; /* sorted by symtab_sort(): by address, best name first */
    struct buf names;             /* each ends in NUL */
};

/* A version ("@@GLIBC_2.2.5") is cut off the name. */
void symtab_add(struct symtab *, struct symtab_entry, struct str name);
void symtab_sort(struct symtab *); /* and drops what is there twice */
void symtab_free(struct symtab *);
struct str symtab_name(const struct symtab *, const struct symtab_entry *);
/* The code symbol addr lies in; those that begin before floor do not count. NULL if there is none.
 */
const struct symtab_entry *symtab_find(const struct symtab *, uint64_t addr, uint64_t floor);

/* ---- elf.c ---- */
/* Which file, not which path: the same for all processes and names. No padding: it is hashed. */
struct elf_key {
    uint64_t dev, ino, size;
    uint64_t at; /* in an archive, of which the rest tells; 0: a file of its own */
    int64_t mtime_s, mtime_ns;
};

struct elf_segment {
    uint64_t offset, addr, file_size; /* PT_LOAD */
    bool exec;
};

struct elf_file {
    struct elf_file *next;
    struct elf_key key;
    const char *path;                /* how it can be opened */
    bool read_headers, read_symbols; /* what has been tried */
    bool is_elf, is_64, is_pie;      /* from the headers; is_pie: ET_DYN */
    uint16_t machine;                /* EM_X86_64 … */
    VEC(struct elf_segment) segments;
    VEC(uint64_t) code_sections; /* where they begin */
    struct buf build_id;         /* bytes */
    struct symtab symbols;
    bool read_dwarf;
    struct dwarf_file *dwarf; /* see dwarf_impl.h */
};

/* The cached entry of the file now at path, not read yet. NULL: no such regular file (errno). */
struct elf_file *elf_file_at(struct symbols *, const char *path);
bool elf_key_of(const char *path, struct elf_key *); /* false: no regular file (errno) */
void elf_file_free(struct elf_file *);
/* Both read once. Nothing is there if the file is no ELF file or has changed meanwhile. */
void elf_file_read_headers(struct elf_file *);
void elf_file_read_symbols(struct symbols *, struct elf_file *);
/* The file again, if it still is the one we know: elf_end() and close() it. NULL: it is not. */
Elf *elf_open_again(const struct elf_file *, int *fd);
/* The segment a virtual address, or a file offset, is in, or NULL. */
const struct elf_segment *elf_segment_at(const struct elf_file *, uint64_t addr);
const struct elf_segment *elf_segment_at_offset(const struct elf_file *, uint64_t offset);
/* The code symbol at a virtual address, or NULL; symbols have been read. */
const struct symtab_entry *elf_symbol_at(const struct elf_file *, uint64_t addr);
/* The function at a file offset. false if there is none. */
bool elf_file_name_at(struct symbols *, struct elf_file *, uint64_t offset, struct sym *out);
/* Our own vdso, which is that of every process of our word size. NULL if there is none. */
struct elf_file *elf_vdso(struct symbols *);
/* Adds .symtab and .dynsym. false if there was no .symtab. */
bool elf_add_symbols(struct symtab *, Elf *);

/* ---- debugfile.c ---- */
/* Adds what a separate debug file or .gnu_debugdata of a stripped file knows. */
void debugfile_add_symbols(const struct symbols *, struct elf_file *, Elf *);
/* The bytes of NT_GNU_BUILD_ID; empty if there is none. */
void debugfile_build_id(Elf *, struct buf *id);

/*
 * Separate debug files that belong to f, until fn says that it was served by one (true). path is
 * only good during the call.
 */
typedef bool (*debugfile_fn)(void *arg, const char *path, Elf *);
bool debugfile_find(const struct symbols *, const struct elf_file *f, Elf *, debugfile_fn,
                    void *arg);

/* ---- maps.c ---- */
struct maps_line {
    uint64_t start, end, offset;
    bool exec, deleted;
    struct str path; /* without " (deleted)"; may be empty or "[vdso]" */
};

struct mapping {
    uint64_t start, end, offset;
    struct str path;
    struct elf_file *file; /* NULL: anonymous, or no longer to be found */
};

/* The text of /proc/PID/maps; false if it cannot be read or is empty (a zombie). */
bool maps_read(const struct symbols *, uint32_t pid, struct buf *text);
bool maps_next(struct str *text, struct maps_line *); /* the next line that makes sense */
struct elf_file *maps_file(struct symbols *, uint32_t pid, const struct maps_line *);
/* Does the process see the same files under the same names as we do? */
bool maps_same_root(const struct symbols *, uint32_t pid);

/* ---- jit.c ---- */
struct jit {
    struct symtab symbols;
    struct elf_key key; /* of what was read */
    uint64_t checked_ms;
};

bool jit_name(struct symbols *, struct jit *, uint32_t pid, uint64_t addr, struct sym *out);

/* ---- usyms.c ---- */
struct procs {
    struct map by_pid;
    struct proc *first;
    size_t n;
    uint64_t clock; /* counts lookups of processes: their order of use */
};

void usyms_free(struct symbols *);
uint64_t symbols_now_ms(void);

/* ---- ksyms.c ---- */
struct ksym {
    uint64_t addr;
    uint32_t name; /* offset in names; also the order in the file */
    uint32_t module;
};

struct ksyms {
    bool loaded, read_again;
    struct buf names;     /* each ends in NUL */
    struct buf old_names; /* of the first reading: symbols given out point into it */
    VEC(struct ksym) all; /* sorted by address */
    VEC(struct str) modules;
};

void ksyms_free(struct ksyms *);

/* ---- funcs.c ---- */
/* The file behind a path with its headers read, or NULL with *rc and a sentence. */
struct elf_file *elf_file_open(struct symbols *, const char *path, int *rc, struct err *);

/* ---- ldcache.c ---- */
typedef int (*ldcache_fn)(void *arg, struct str path);
/* Libraries of our machine that are called what, as listed in an ld.so.cache. A non-zero result of
 * fn ends it and is returned. No file, no libraries. */
int ldcache_each(const char *cache, struct str what, ldcache_fn fn, void *arg);
/* Is "libc.so.6" what a user calls "libc", "libc.so", "libc.so.6", "libc*"? */
bool ldcache_is_called(struct str file, struct str what);

/* ---- zip.c: "ARCHIVE!/MEMBER", if there is no file of that name ---- */
bool zip_split(const char *path, struct str *archive, struct str *member);
/* NULL, or why there is none. Like stat(), but st_rdev is where the member's bytes begin. */
const char *zip_stat(const char *path, struct stat *);
int zip_open(const char *path, struct stat *); /* -1: errno */

/* ---- demangle.c ---- */
/* The readable name, or name itself. Kept until symbols_close(). */
struct str demangle(struct symbols *, struct str name);

/* ---- symbols.c ---- */
struct symbols {
    struct arena arena;
    const char *root; /* "" or a directory without '/' at its end */
    bool demangle;
    struct deps *deps;
    const char *debug_dirs; /* or NULL */
    struct map interned;    /* text -> the copy in arena, as char * */
    struct map demangled;   /* mangled name -> struct str * */
    struct map files;       /* struct elf_key -> struct elf_file * */
    struct elf_file *first_file, *vdso;
    struct procs procs;
    struct ksyms ksyms;
};

/* One copy in the arena for equal texts. */
struct str symbols_intern(struct symbols *, struct str);
/* Puts the path below our root together. false if it gets too long. */
bool symbols_path(const struct symbols *, char out[PATH_MAX], const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/*
 * A regular file opened without ever waiting for it (a FIFO would make us); else -1 and errno.
 * regular: or a copy of an archive's member.
 */
int symbols_open_plain(const char *path, struct stat *);
int symbols_open_regular(const char *path, struct stat *);
/* All of a file, procfs or regular, at most limit bytes. false: cannot be read. */
bool symbols_read_file(const char *path, size_t limit, struct buf *out);

#endif
