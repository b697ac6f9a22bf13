/*
 * source.h - what debug information (DWARF) says of programs: parameters, types, source lines
 *
 * It is read from the program itself or from its separate debug file, when first asked for, and
 * kept until symbols_close(). Types made of it load their members later: they, too, need an open
 * struct symbols.
 */
#ifndef HARK_SYMBOLS_SOURCE_H
#define HARK_SYMBOLS_SOURCE_H

#include "symbols/symbols.h"

/* ---- parameters ---- */
struct source_param {
    struct str name; /* "" if it has none */
    const struct type *type;
    uint32_t size;   /* bytes of the value */
    uint32_t align;  /* 16 for the few types that want it, else 8 or less */
    uint8_t floats;  /* which of its 8-byte words hold nothing but floating-point numbers */
    bool in_memory;  /* long double: never in registers */
    bool by_address; /* C++: not to be copied bitwise, so its address is passed */
    int dwarf_reg;   /* the register that has it at this address, in DWARF's numbers, or -1 */
};

struct source_func {
    const struct source_param *params;
    size_t n;
    bool is_entry;      /* the address is where the function begins */
    bool is_changed;    /* the compiler passes arguments as it likes: a clone, a local function */
    bool hidden_result; /* an address for the result is passed as if it were the first argument */
};

/*
 * The function (the innermost, also if inlined) at a virtual address of a file. Memory is that of
 * types. -ENODATA without debug information, -ENOENT if it does not know the address.
 */
int symbols_params(struct symbols *, struct types *, const char *path, uint64_t addr,
                   struct source_func *out, struct err *e);

/* ---- lines ---- */
/*
 * Where the code of a source line begins: an address for each function it has become part of, in
 * ascending order. file matches the end of a path; col 0: any. -ENODATA without debug information,
 * -ENOENT if there is no such file or no code for the line.
 */
typedef int (*symbols_addr_fn)(void *arg, uint64_t addr);
int symbols_each_line_addr(struct symbols *, const char *path, struct str file, uint32_t line,
                           uint32_t col, symbols_addr_fn, void *arg, struct err *e);

/* A frame of a stack in source: functions inlined there come first, the function itself last. */
struct source_frame {
    struct str inlined; /* name of an inlined function; "": the function itself */
    struct str file;    /* "" if not known */
    uint32_t line;
};
/* is_return: the address is that behind a call. 0 if nothing is known. */
size_t symbols_user_source(struct symbols *, uint32_t pid, uint64_t addr, bool is_return,
                           const struct source_frame **frames);

#endif
