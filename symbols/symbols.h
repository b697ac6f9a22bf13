/*
 * symbols.h - addresses to names and back: kernel, programs, libraries
 *
 * The second door (beside kernel.h) to files of the system. Everything is read when first asked for
 * and cached. symbols_open() does no I/O. Tests give another root directory for proc/kallsyms,
 * proc/PID/maps and the files these name.
 */
#ifndef HARK_SYMBOLS_SYMBOLS_H
#define HARK_SYMBOLS_SYMBOLS_H

#include "base/deps.h"
#include "base/err.h"
#include "base/str.h"
#include "types/type.h"

struct symbols;

/* root NULL: "/". */
struct symbols *symbols_open(const char *root, bool demangle);
/* Names looked up from now on. */
void symbols_set_demangle(struct symbols *, bool demangle);
/* From now on the programs and libraries that are looked at, or for, are noted. */
void symbols_note_into(struct symbols *, struct deps *);
/*
 * Directories separated by ':' to be searched for separate debug files before ".:.debug:
 * /usr/lib/debug"; a relative one is beside the program. The text is not copied. NULL: none.
 */
void symbols_set_debug_dirs(struct symbols *, const char *dirs);
void symbols_close(struct symbols *);

struct sym {
    struct str name;   /* demangled if asked for; valid until symbols_close() */
    uint64_t offset;   /* of the address from the symbol's start */
    struct str module; /* kernel: module or ""; user: path of the file, "" if unknown */
};

/* ---- kernel (kallsyms) ---- */
bool symbols_kernel(struct symbols *, uint64_t addr, struct sym *out);
bool symbols_kernel_addr(struct symbols *, struct str name, uint64_t *addr);

/* ---- processes ---- */
/*
 * Names an address of a process. The process's maps are read on first use and again when an address
 * lies in none of them, so that libraries loaded later are found; what was seen is kept after the
 * process has gone. false: out has module if the mapping is known, else nothing.
 */
bool symbols_user(struct symbols *, uint32_t pid, uint64_t addr, struct sym *out);
/* Reads a process's maps now, while it lives. Cheap if already known. */
void symbols_user_remember(struct symbols *, uint32_t pid);
/*
 * Evidence of a process that ended before its maps were read: addr is the place offset in the file
 * at path. No effect if anything is known about the process.
 */
void symbols_user_saw(struct symbols *, uint32_t pid, uint64_t addr, struct str path,
                      uint64_t offset);

/* ---- ELF files ---- */
struct elf_func {
    struct str name;      /* as in the symbol table */
    struct str demangled; /* C++/Rust: readable name, else == name */
    uint64_t addr;        /* virtual address in the file */
    uint64_t offset;      /* file offset, what uprobes are attached to */
    uint64_t size;
};
typedef int (*symbols_func_fn)(void *arg, const struct elf_func *);

/*
 * Functions of .symtab, .dynsym, .gnu_debugdata and separate debug files whose name matches glob,
 * in the order of addresses. The same name comes again for another address (static functions).
 * IFUNCs are left out: their address is that of the resolver. No match is no error.
 */
int symbols_each_func(struct symbols *, const char *path, struct str glob, symbols_func_fn,
                      void *arg, struct err *e);
/*
 * One function by exact name; also an IFUNC (its resolver) or a label of assembler code. -ENOENT
 * with a sentence ("did you mean" in the hint).
 */
int symbols_func(struct symbols *, const char *path, struct str name, struct elf_func *out,
                 struct err *e);
/* File offset of a virtual address. */
int symbols_file_offset(struct symbols *, const char *path, uint64_t addr, uint64_t *offset,
                        struct err *e);
/* And back: the virtual address of a file offset, of code if both are possible. */
int symbols_file_address(struct symbols *, const char *path, uint64_t offset, uint64_t *addr,
                         struct err *e);
/* The function a virtual address lies in; -ENOENT if no symbol says so. */
int symbols_func_at(struct symbols *, const char *path, uint64_t addr, struct elf_func *out,
                    struct err *e);
/*
 * Can a breakpoint be set at func + offset without breaking the program? 0 if it is in the function
 * and an instruction begins there; else -errno, a sentence and what to do about it.
 */
int symbols_check_boundary(struct symbols *, const char *path, const struct elf_func *,
                           uint64_t offset, struct err *e);
/* A data symbol: address and size; for uaddr(). is_pie: the address needs the load bias. */
int symbols_object(struct symbols *, const char *path, struct str name, uint64_t *addr,
                   uint64_t *size, bool *is_pie, struct err *e);
bool symbols_is_elf(const char *path);

/* ---- USDT ---- */
/* A place in a program where its authors put a probe (sys/sdt.h); one name may have several. */
struct usdt_site {
    struct str provider, name;
    struct str args;    /* as the note has them: "-4@%edi 8@-16(%rbp)" */
    uint64_t addr;      /* virtual address in the file, prelinking undone */
    uint64_t offset;    /* file offset of the same */
    uint64_t semaphore; /* file offset of the counter of those who listen; 0: there is none */
    uint16_t machine;   /* EM_X86_64 …: whose registers args names */
    bool is_pie;        /* addresses need the load bias */
};
typedef int (*symbols_usdt_fn)(void *arg, const struct usdt_site *);
/* In the order of the notes. Valid during the call. No notes is no error. */
int symbols_each_usdt(struct symbols *, const char *path, symbols_usdt_fn, void *arg,
                      struct err *e);
/* 20 bytes (or fewer) of NT_GNU_BUILD_ID as hex; false if there is none. */
bool symbols_build_id(struct symbols *, const char *path, struct buf *hex);

/*
 * What a script calls a program or library → a path: a path itself (also relative), a program in
 * PATH, or "libNAME" from the dynamic linker's cache. With pid: first from the process's maps;
 * paths are then resolved in the process's mount namespace and, if that is not ours, returned as
 * /proc/PID/root/…; "" is the process's program. "*" is all code mapped by the process, without pid
 * by all processes. Patterns in a path give several. -errno with a sentence.
 */
typedef int (*symbols_path_fn)(void *arg, const char *path);
int symbols_find_binary(struct symbols *, struct str what, uint32_t pid, symbols_path_fn, void *arg,
                        struct err *e);

/*
 * A path may also be "file.zip!/lib/x.so": a member that is stored as it is. The archive itself
 * (the path, if it is none), and where in it the member begins: add it to offsets before attaching.
 */
uint64_t symbols_in_archive(const char *path, struct str *archive);
/* All programs of that name in PATH, each once: symbols_find_binary() gives the first. */
int symbols_each_program(struct symbols *, struct str name, symbols_path_fn, void *arg);

#endif
