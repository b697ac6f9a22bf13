/*
 * btf.h - one file of BTF, read in place
 *
 *     uint32_t id = btf_file_find(b, BTF_BIT(BTF_KIND_STRUCT), STR("file"));
 *     const struct btf_type *t = btf_file_type(b, id);
 *
 * Private to kernel/. The file may be hostile: whatever it says, the functions here return types
 * whose record lies within the file, and names that end in NUL.
 */
#ifndef HARK_KERNEL_BTF_H
#define HARK_KERNEL_BTF_H

#include "base/err.h"
#include "base/str.h"
#include "types/type.h"

#include <bpf/btf.h>

struct btf_file;
struct kernel;

/* How far chains and nestings of types are followed before they count as broken. */
#define BTF_DEPTH_MAX 32

/*
 * name is "vmlinux" or a module's. base: the kernel's file, whose types and strings a module's
 * continue; it must stay open for as long. map: share the kernel's memory if it lets us. NULL with
 * a sentence in e.
 */
struct btf_file *btf_file_open(const char *path, struct str name, struct btf_file *base, bool map,
                               struct err *e);
void btf_file_close(struct btf_file *);

struct str btf_file_module(const struct btf_file *);
struct btf_file *btf_file_base(const struct btf_file *); /* NULL for the kernel's */
uint32_t btf_file_first(const struct btf_file *);        /* lowest id of the file's own types */
uint32_t btf_file_end(struct btf_file *); /* one past the highest; walks through the whole file */

/* The record of a type; that of void (kind 0) for an id that does not exist. */
const struct btf_type *btf_file_type(struct btf_file *, uint32_t id);
const char *btf_file_string(const struct btf_file *, uint32_t offset); /* "" if out of bounds */
const char *btf_file_name(struct btf_file *, uint32_t id);

/* The first of the file's own types that has one of these kinds (bits) and this name; 0 if there is
 * none. */
uint32_t btf_file_find(struct btf_file *, uint32_t kinds, struct str name);
#define BTF_BIT(kind) (UINT32_C(1) << (kind))

/* Follows typedefs, const and the like; 0 (void) at the end of a chain that is too long. */
uint32_t btf_file_skip(struct btf_file *, uint32_t id);

/*
 * Alignment as C has it. 0 for types that have none (void, functions), and for structs that hold
 * themselves or are nested too deeply: their members must not be looked at.
 */
unsigned btf_file_align(struct btf_file *, uint32_t id);
uint64_t btf_file_hash(const struct btf_file *); /* of all its bytes */

/* A member, with both ways in which BTF says that it is a bit field. */
struct btf_place {
    uint32_t type;
    uint32_t bit_offset; /* from the start of the struct */
    unsigned bit_size;   /* 0: not a bit field */
};
struct btf_place btf_file_member(struct btf_file *, const struct btf_type *, unsigned i);

/* ---- btf_types.c: what several files have to say about a kernel ---- */

/* File number i, NULL behind the last; modules are opened when number 0 has been used up. */
struct btf_file *btf_nth_file(struct kernel *, size_t i);
/* The kinds (bits) that 's', 'u', 'e' and 0 stand for. */
uint32_t btf_kinds(char tag);
/* The BTF of "vmlinux" or of a module, the only one then opened; NULL if it has none. */
struct btf_file *btf_module_file(struct kernel *, struct str module);
/* The first type with one of these kinds and the name. false: there is none. */
bool btf_find(struct kernel *, uint32_t kinds, struct str name, struct btf_file **, uint32_t *id);

struct btf_reader {
    struct kernel *k;
    struct types *types;
    struct btf_file *b;
};
const struct type *btf_make_type(const struct btf_reader *, uint32_t id);
/* The address space of a pointer is told by a tag on what it points to. */
void btf_read_tags(const struct btf_reader *, uint32_t id, struct field *);
struct enumerator btf_enumerator(struct btf_file *, const struct btf_type *, unsigned i);
/* The load function of struct type_loader; ctx is the struct kernel. */
void btf_load_members(void *ctx, uint64_t loader_id, struct types *, struct type *);

#endif
