/*
 * dwarf_impl.h - what the readers of debug information share
 *
 *     dwarf.c         opening it; the unit and the functions an address lies in
 *     dwarf_types.c   its types as hark's
 *     dwarf_params.c  parameters of functions, and how they are passed
 *     dwarf_lines.c   source lines -> addresses and back, inlined functions
 */
#ifndef HARK_SYMBOLS_DWARF_IMPL_H
#define HARK_SYMBOLS_DWARF_IMPL_H

#include "symbols/source.h"
#include "symbols/symbols_impl.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

enum { DWARF_DEPTH_MAX = 32 }; /* of types in types, and of functions inlined in functions */

struct dwarf_range {
    uint64_t start, end;
    Dwarf_Die unit;
};

/* A struct that shares its name with another one, and so needs an origin of its own. */
struct dwarf_twin {
    Dwarf_Die die;
    struct type_loader loader;
};

/* The debug information of one program. */
struct dwarf_file {
    struct symbols *symbols;
    Elf *elf;
    Dwarf *dw;
    int fd;
    VEC(struct dwarf_range) units; /* sorted; what has code */
    struct type_loader loader;
    VEC(struct dwarf_twin *) twins;
    struct map frames; /* address -> struct dwarf_frames * */
};

/* Of f or its separate debug file; tried once. NULL: there is none. */
struct dwarf_file *dwarf_file_of(struct symbols *, struct elf_file *f);
void dwarf_file_free(struct dwarf_file *);

/* The compilation unit at a virtual address; false if there is none. */
bool dwarf_unit_at(const struct dwarf_file *, uint64_t addr, Dwarf_Die *unit);
/* The function there, then those inlined into it, outermost first. Their number. */
size_t dwarf_chain_at(Dwarf_Die *unit, uint64_t addr, Dwarf_Die chain[DWARF_DEPTH_MAX]);

/* ---- dwarf_types.c ---- */
struct dwarf_maker {
    struct dwarf_file *f;
    struct types *types;
};

/* What DW_AT_type of a parameter, member … says; void if it says nothing. */
const struct type *dwarf_type_of(const struct dwarf_maker *, Dwarf_Die *);
/* The same as a DIE, without typedef, const …; false: void. */
bool dwarf_type_die(Dwarf_Die *, Dwarf_Die *type);
/* Elements in all dimensions of an array; 0 if the number is not known. */
uint64_t dwarf_array_count(Dwarf_Die *array);
/* The unsigned value of an attribute; false if it is missing, or no number. */
bool dwarf_number(Dwarf_Die *, unsigned attribute, uint64_t *out);
bool dwarf_flag(Dwarf_Die *, unsigned attribute);
/* type_loader.load */
void dwarf_load_members(void *ctx, uint64_t id, struct types *, struct type *);

/* ---- dwarf_lines.c ---- */
struct dwarf_frames {
    uint64_t addr;
    const struct source_frame *v;
    size_t n;
};

/* The frames at a virtual address, as symbols_user_source() gives them. */
size_t dwarf_frames_at(struct symbols *, struct elf_file *, uint64_t addr,
                       const struct source_frame **);

#endif
