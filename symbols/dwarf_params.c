/*
 * dwarf_params.c - parameters of functions: names, types, and what decides how they are passed
 *
 * Which register has an argument is the calling convention's business (probes/uprobe_args.c); here
 * is what it wants to know. Where the compiler wrote down a register for the very address, that is
 * more certain than any convention: it knows what it did to functions nobody else calls.
 */
#include "symbols/dwarf_impl.h"

#include <errno.h>
#include <string.h>

enum { WORDS = 2, WORD = 8 };

/* Bits of the words that hold integers, and floating-point numbers. */
struct words {
    uint8_t ints, floats;
    bool long_double;
};

static void note(struct words *w, uint64_t at, bool is_float)
{
    if (at / WORD < WORDS)
        *(is_float ? &w->floats : &w->ints) |= (uint8_t)(1 << at / WORD);
}

static void look_at_type(Dwarf_Die *type, uint64_t at, struct words *w, unsigned depth);

static void look_at_members(Dwarf_Die *type, uint64_t at, struct words *w, unsigned depth)
{
    Dwarf_Die member, inner;
    uint64_t offset;

    if (dwarf_child(type, &member))
        return;
    do {
        int tag = dwarf_tag(&member);

        if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || !dwarf_type_die(&member, &inner))
            continue;
        if (!dwarf_number(&member, DW_AT_data_member_location, &offset) &&
            dwarf_number(&member, DW_AT_data_bit_offset, &offset))
            offset /= 8;
        else if (!dwarf_number(&member, DW_AT_data_member_location, &offset))
            offset = 0; /* in a union */
        look_at_type(&inner, at + offset, w, depth + 1);
    } while (dwarf_siblingof(&member, &member) == 0);
}

static void look_at_type(Dwarf_Die *type, uint64_t at, struct words *w, unsigned depth)
{
    uint64_t size = 0, encoding = 0;
    Dwarf_Die elem;

    if (depth > DWARF_DEPTH_MAX || at >= (uint64_t)WORDS * WORD)
        return;
    switch (dwarf_tag(type)) {
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
        look_at_members(type, at, w, depth);
        return;
    case DW_TAG_array_type:
        if (!dwarf_type_die(type, &elem) || !dwarf_number(&elem, DW_AT_byte_size, &size) || !size)
            return;
        for (uint64_t i = 0, n = dwarf_array_count(type); i < n && i < (uint64_t)WORDS * WORD; i++)
            look_at_type(&elem, at + i * size, w, depth + 1);
        return;
    case DW_TAG_base_type:
        dwarf_number(type, DW_AT_encoding, &encoding);
        dwarf_number(type, DW_AT_byte_size, &size);
        break;
    default:
        break;
    }
    switch (encoding) {
    case DW_ATE_float:
    case DW_ATE_complex_float:
        w->long_double |= size == 16 && encoding == DW_ATE_float;
        note(w, at, true);
        if (size > WORD)
            note(w, at + WORD, true);
        return;
    default:
        note(w, at, false);
        if (size > WORD)
            note(w, at + WORD, false);
    }
}

static bool is_aggregate(Dwarf_Die *type)
{
    int tag = dwarf_tag(type);

    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

static bool is_by_address(Dwarf_Die *type)
{
    uint64_t how;

    return is_aggregate(type) && dwarf_number(type, DW_AT_calling_convention, &how) &&
           how == DW_CC_pass_by_reference;
}

/* The register that alone holds the parameter at the address, or -1. */
static int register_of(Dwarf_Die *param, uint64_t addr)
{
    Dwarf_Attribute attr;
    Dwarf_Op *ops;
    size_t n;

    if (!dwarf_attr(param, DW_AT_location, &attr) ||
        dwarf_getlocation_addr(&attr, addr, &ops, &n, 1) != 1 || n != 1)
        return -1;
    if (ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31)
        return ops[0].atom - DW_OP_reg0;
    return ops[0].atom == DW_OP_regx && ops[0].number <= INT16_MAX ? (int)ops[0].number : -1;
}

static struct source_param read_param(const struct dwarf_maker *m, Dwarf_Die *die, uint64_t addr)
{
    struct source_param p = {
        .name = str_dup(types_arena(m->types), str_from(dwarf_diename(die))),
        .type = dwarf_type_of(m, die),
        .align = 8,
        .dwarf_reg = register_of(die, addr),
    };
    struct words words = { 0 };
    uint64_t size = 0, align;
    Dwarf_Die type;

    p.size = p.type->size;
    if (!dwarf_type_die(die, &type))
        return p;
    if (dwarf_number(&type, DW_AT_byte_size, &size) && size <= INT32_MAX)
        p.size = (uint32_t)size;
    look_at_type(&type, 0, &words, 0);
    p.floats = words.floats & (uint8_t)~words.ints;
    p.in_memory = words.long_double;
    p.by_address = is_by_address(&type);
    if (words.long_double || (dwarf_number(&type, DW_AT_alignment, &align) && align >= 16))
        p.align = 16;
    return p;
}

static void read_params(const struct dwarf_maker *m, Dwarf_Die *func, uint64_t addr,
                        struct source_func *out)
{
    VEC(struct source_param) params = { 0 };
    Dwarf_Die child;

    if (dwarf_child(func, &child) == 0) {
        do {
            if (dwarf_tag(&child) == DW_TAG_formal_parameter)
                vec_push(&params, read_param(m, &child, addr));
        } while (dwarf_siblingof(&child, &child) == 0);
    }
    out->params = arena_memdup(types_arena(m->types), params.v, params.n * sizeof(*params.v));
    out->n = params.n;
    vec_free(&params);
}

/* "f.constprop.0" has lost arguments, "f.isra.0" has others, "f.part.0" is a piece of f. */
static bool is_clone(struct symbols *s, struct elf_file *f, uint64_t addr)
{
    const struct symtab_entry *e;
    struct str name;

    elf_file_read_symbols(s, f);
    e = elf_symbol_at(f, addr);
    name = e ? symtab_name(&f->symbols, e) : STR("");
    return str_contains(name, STR(".constprop.")) || str_contains(name, STR(".isra.")) ||
           str_contains(name, STR(".part."));
}

static bool has_hidden_result(Dwarf_Die *func)
{
    Dwarf_Die type;
    struct words words = { 0 };
    uint64_t size = 0;

    if (!dwarf_type_die(func, &type) || !is_aggregate(&type))
        return false;
    dwarf_number(&type, DW_AT_byte_size, &size);
    look_at_type(&type, 0, &words, 0);
    return size > (uint64_t)WORDS * WORD || words.long_double || is_by_address(&type);
}

int symbols_params(struct symbols *s, struct types *types, const char *path, uint64_t addr,
                   struct source_func *out, struct err *e)
{
    struct dwarf_maker m = { .types = types };
    Dwarf_Die unit, chain[DWARF_DEPTH_MAX];
    Dwarf_Addr entry = 0;
    uint64_t how = 0;
    struct elf_file *f;
    size_t n;
    int rc;

    *out = (struct source_func){ 0 };
    f = elf_file_open(s, path, &rc, e);
    if (!f)
        return rc;
    m.f = dwarf_file_of(s, f);
    if (!m.f) {
        err_set(e, -ENODATA, "'%s' has no debug information (DWARF)", path);
        err_hint(e, "build it with -g, or install its debug symbols; arg0, arg1 … need none");
        return -ENODATA;
    }
    if (!f->is_64)
        return err_set(e, -ENODATA, "'%s' is a 32-bit program: its arguments are not in registers",
                       path);
    if (!dwarf_unit_at(m.f, addr, &unit) || !(n = dwarf_chain_at(&unit, addr, chain)))
        return err_set(e, -ENOENT, "the debug information of '%s' does not know this function",
                       path);
    dwarf_entrypc(&chain[0], &entry);
    dwarf_number(&chain[0], DW_AT_calling_convention, &how);
    out->is_entry = addr == entry;
    n = out->is_entry ? 1 : n; /* what is inlined may begin there, too */
    out->is_changed = how == DW_CC_nocall || is_clone(s, f, addr);
    out->hidden_result = has_hidden_result(&chain[0]);
    read_params(&m, &chain[n - 1], addr, out);
    return 0;
}
