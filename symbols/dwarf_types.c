/*
 * dwarf_types.c - types of debug information as hark's
 *
 * As with BTF (kernel/btf_types.c), only what is asked for is translated: a struct that is merely
 * pointed to gets a name and a size, its members follow when type_fields() wants them. Its loader
 * id is the address of a copy of its DIE. Every compilation unit describes the types it uses anew:
 * those of one name, size and line are one. Others of that name get an origin of their own.
 *
 * What is delivered can be relied upon even if the file is hostile: members lie within their
 * struct, and structs do not contain themselves.
 */
#include "symbols/dwarf_impl.h"

#include <string.h>

enum { NESTED_MAX = 4096 }; /* structs within one struct that are looked at */

bool dwarf_number(Dwarf_Die *die, unsigned attribute, uint64_t *out)
{
    Dwarf_Attribute attr;
    Dwarf_Word word;

    if (!dwarf_attr_integrate(die, attribute, &attr) || dwarf_formudata(&attr, &word))
        return false;
    *out = word;
    return true;
}

bool dwarf_flag(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute attr;
    bool flag = false;

    return dwarf_attr(die, attribute, &attr) && dwarf_formflag(&attr, &flag) == 0 && flag;
}

bool dwarf_type_die(Dwarf_Die *die, Dwarf_Die *type)
{
    Dwarf_Attribute attr;

    return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, type) &&
           dwarf_peel_type(type, type) == 0;
}

static uint32_t size_of(Dwarf_Die *die)
{
    uint64_t size;

    return dwarf_number(die, DW_AT_byte_size, &size) && size <= INT32_MAX ? (uint32_t)size : 0;
}

/* Only hark's own arrangement of values needs it: DWARF rarely says it, the size bounds it. */
static uint32_t align_of(Dwarf_Die *die, uint32_t size)
{
    uint64_t align;

    if (dwarf_number(die, DW_AT_alignment, &align) && align && align <= 16)
        return (uint32_t)align;
    return size % 8 == 0 ? 8 : size % 4 == 0 ? 4 : size % 2 == 0 ? 2 : 1;
}

static const struct type *make_bytes(const struct dwarf_maker *m, uint32_t size)
{
    return type_array(m->types, type_int(m->types, 1, false), size);
}

static const struct type *make_base(const struct dwarf_maker *m, Dwarf_Die *die)
{
    uint32_t size = size_of(die);
    uint64_t encoding = 0;

    dwarf_number(die, DW_AT_encoding, &encoding);
    switch (encoding) {
    case DW_ATE_boolean:
        return size == 1 ? type_bool(m->types) : make_bytes(m, size);
    case DW_ATE_signed:
    case DW_ATE_signed_char:
    case DW_ATE_unsigned:
    case DW_ATE_unsigned_char:
    case DW_ATE_UTF:
    case DW_ATE_address:
        break;
    default:
        return make_bytes(m, size);
    }
    if (size == 1 && str_eqz(str_from(dwarf_diename(die)), "char"))
        return type_char(m->types);
    if (size == 1 || size == 2 || size == 4 || size == 8)
        return type_int(m->types, size,
                        encoding == DW_ATE_signed || encoding == DW_ATE_signed_char);
    return make_bytes(m, size); /* __int128 */
}

/* ---- structs and enums: one type for one name ---- */

static bool is_same(Dwarf_Die *a, Dwarf_Die *b)
{
    int line_a = 0, line_b = 0;

    if (a->addr == b->addr)
        return true;
    dwarf_decl_line(a, &line_a);
    dwarf_decl_line(b, &line_b);
    return size_of(a) == size_of(b) && line_a == line_b;
}

static const struct type_loader *twin_of(struct dwarf_file *f, Dwarf_Die *die, struct str name)
{
    struct dwarf_twin *twin;

    for (size_t i = 0; i < f->twins.n; i++) {
        twin = f->twins.v[i];
        if (str_eq(str_from(dwarf_diename(&twin->die)), name) && is_same(&twin->die, die))
            return &twin->loader;
    }
    twin = xcalloc(1, sizeof(*twin));
    *twin = (struct dwarf_twin){ .die = *die, .loader = f->loader };
    vec_push(&f->twins, twin);
    return &twin->loader;
}

static uint64_t id_of(const struct dwarf_maker *m, const Dwarf_Die *die)
{
    return (uintptr_t)arena_memdup(&m->f->symbols->arena, die, sizeof(*die));
}

/* A type of another program part that has the name die has, but is something else. */
static bool is_other(const struct type *t, uint64_t key, Dwarf_Die *die)
{
    Dwarf_Die *known = (Dwarf_Die *)(uintptr_t)t->loader_id;

    return t->loader_id != key && !dwarf_flag(known, DW_AT_declaration) && !is_same(known, die);
}

static const struct type *make_enum(const struct dwarf_maker *m, Dwarf_Die *die)
{
    struct str name = str_from(dwarf_diename(die));
    uint64_t key = name.n ? 0 : (uintptr_t)die->addr;
    uint32_t size = size_of(die);
    const struct type *base = dwarf_type_of(m, die);
    bool is_signed = base->kind == TYPE_INT && base->is_signed;
    struct type *t;

    if (size != 1 && size != 2 && size != 4 && size != 8)
        return make_bytes(m, size);
    t = type_enum(m->types, name, size, is_signed, &m->f->loader, key);
    if (is_other(t, key, die))
        t = type_enum(m->types, name, size, is_signed, twin_of(m->f, die, name), key);
    if (t->loader_id == key)
        t->loader_id = id_of(m, die);
    return t;
}

static const struct type *make_struct(const struct dwarf_maker *m, Dwarf_Die *die)
{
    bool is_union = dwarf_tag(die) == DW_TAG_union_type;
    bool is_declared = dwarf_flag(die, DW_AT_declaration);
    struct str name = str_from(dwarf_diename(die));
    uint64_t key = name.n ? 0 : (uintptr_t)die->addr;
    struct type *t = type_struct(m->types, name, is_union, &m->f->loader, key);

    if (!is_declared && is_other(t, key, die))
        t = type_struct(m->types, name, is_union, twin_of(m->f, die, name), key);
    if (t->loader_id == key)
        t->loader_id = id_of(m, die);
    if (!is_declared && !type_is_complete(t)) { /* new, or so far only declared */
        t->size = size_of(die);
        t->align = align_of(die, t->size);
        t->loader_id = id_of(m, die);
        t->loader = &m->f->loader;
    }
    return t;
}

/* ---- arrays ---- */

static bool dimension(Dwarf_Die *range, uint64_t *n)
{
    if (dwarf_tag(range) != DW_TAG_subrange_type)
        return false;
    if (dwarf_number(range, DW_AT_count, n))
        return true;
    *n = dwarf_number(range, DW_AT_upper_bound, n) ? *n + 1 : 0;
    return true;
}

uint64_t dwarf_array_count(Dwarf_Die *array)
{
    uint64_t all = 1, n;
    Dwarf_Die range;

    if (dwarf_child(array, &range))
        return 0;
    do {
        if (dimension(&range, &n) && __builtin_mul_overflow(all, n, &all))
            return 0;
    } while (dwarf_siblingof(&range, &range) == 0);
    return all;
}

static const struct type *make_type(const struct dwarf_maker *m, Dwarf_Die *of, unsigned depth);

/* Bytes are text (LANGUAGE.md 5.4), except where their number is not known. */
static const struct type *array_of(const struct dwarf_maker *m, const struct type *elem, uint64_t n)
{
    if (elem->kind == TYPE_ERROR || n > INT32_MAX)
        return type_error(m->types);
    if (elem->kind == TYPE_INT && elem->size == 1 && n)
        return type_string(m->types, (uint32_t)n);
    return type_array(m->types, elem, (uint32_t)n);
}

/* The first dimension is the outermost. */
static const struct type *make_array(const struct dwarf_maker *m, Dwarf_Die *die, unsigned depth)
{
    const struct type *type = make_type(m, die, depth + 1);
    uint64_t dims[DWARF_DEPTH_MAX];
    size_t n = 0;
    Dwarf_Die range;

    if (dwarf_child(die, &range) == 0) {
        do {
            if (n < DWARF_DEPTH_MAX && dimension(&range, &dims[n]))
                n++;
        } while (dwarf_siblingof(&range, &range) == 0);
    }
    if (!n)
        return array_of(m, type, 0);
    while (n > 0)
        type = array_of(m, type, dims[--n]);
    return type;
}

static const struct type *make_type(const struct dwarf_maker *m, Dwarf_Die *of, unsigned depth)
{
    Dwarf_Die die;

    if (depth > DWARF_DEPTH_MAX || !dwarf_type_die(of, &die))
        return type_none(m->types);
    switch (dwarf_tag(&die)) {
    case DW_TAG_base_type:
        return make_base(m, &die);
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
        return type_ptr(m->types, make_type(m, &die, depth + 1));
    case DW_TAG_enumeration_type:
        return make_enum(m, &die);
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
        return make_struct(m, &die);
    case DW_TAG_array_type:
        return make_array(m, &die, depth);
    case DW_TAG_subroutine_type:
        return type_func(m->types, make_type(m, &die, depth + 1));
    case DW_TAG_unspecified_type:
        return type_none(m->types);
    default:
        return make_bytes(m, size_of(&die));
    }
}

const struct type *dwarf_type_of(const struct dwarf_maker *m, Dwarf_Die *die)
{
    return make_type(m, die, 0);
}

/* ---- members ---- */

/* Do structs by value end within bounds, and never in one of themselves? */
static bool ends(Dwarf_Die *die, unsigned depth, unsigned *budget)
{
    Dwarf_Die member, type;

    if (depth > DWARF_DEPTH_MAX || !*budget)
        return false;
    --*budget;
    if (dwarf_child(die, &member))
        return true;
    do {
        int tag = dwarf_tag(&member);

        if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || !dwarf_type_die(&member, &type))
            continue;
        for (unsigned i = 0; dwarf_tag(&type) == DW_TAG_array_type; i++) {
            if (i > DWARF_DEPTH_MAX || !dwarf_type_die(&type, &type))
                return false;
        }
        tag = dwarf_tag(&type);
        if ((tag == DW_TAG_structure_type || tag == DW_TAG_class_type ||
             tag == DW_TAG_union_type) &&
            !dwarf_flag(&member, DW_AT_declaration) && !dwarf_flag(&member, DW_AT_external) &&
            !ends(&type, depth + 1, budget))
            return false;
    } while (dwarf_siblingof(&member, &member) == 0);
    return true;
}

/* The storage unit of a bit field: the declared type, or a wider integer, that has all its bits. */
static bool place_bits(const struct dwarf_maker *m, uint64_t bit, uint64_t n, uint32_t struct_size,
                       struct field *field)
{
    for (uint64_t size = MAX(field->type->size, 1u); size <= 8; size *= 2) {
        uint64_t start = bit / 8 / size * size;

        if (start + size > struct_size)
            start = struct_size >= size ? struct_size - size : 0;
        if (start * 8 > bit || bit + n > (start + size) * 8)
            continue;
        if (size != field->type->size)
            field->type = type_int(m->types, (unsigned)size, type_is_signed(field->type));
        field->offset = (uint32_t)start;
        field->bit_offset = (uint16_t)(bit - start * 8);
        field->bit_size = (uint16_t)n;
        return start + size <= struct_size;
    }
    return false;
}

static bool read_member(const struct dwarf_maker *m, Dwarf_Die *die, uint32_t struct_size,
                        struct field *field)
{
    uint64_t at = 0, bits, bit, unit;

    /* Members of classes that are one for all, and those whose place is computed. */
    if (dwarf_flag(die, DW_AT_declaration) || dwarf_flag(die, DW_AT_external) ||
        (dwarf_hasattr(die, DW_AT_data_member_location) &&
         !dwarf_number(die, DW_AT_data_member_location, &at)))
        return false;
    if (dwarf_tag(die) == DW_TAG_member)
        field->name = str_from(dwarf_diename(die));
    field->type = dwarf_type_of(m, die);
    if (field->type->kind == TYPE_ERROR || field->type->kind == TYPE_NONE || at > struct_size)
        return false;
    if (dwarf_number(die, DW_AT_bit_size, &bits)) {
        if (dwarf_number(die, DW_AT_data_bit_offset, &bit))
            bit += at * 8;
        else if (dwarf_number(die, DW_AT_bit_offset, &bit)) /* counted from the highest */
            bit = at * 8 +
                  (dwarf_number(die, DW_AT_byte_size, &unit) ? unit : field->type->size) * 8 - bit -
                  bits;
        else
            bit = at * 8;
        return type_is_integral(field->type) && bits && bits <= 64 &&
               bit < (uint64_t)struct_size * 8 && place_bits(m, bit, bits, struct_size, field);
    }
    field->offset = (uint32_t)at;
    return at + field->type->size <= struct_size;
}

static void load_struct(const struct dwarf_maker *m, Dwarf_Die *die, struct type *type)
{
    VEC(struct field) fields = { 0 };
    uint32_t size = size_of(die);
    unsigned budget = NESTED_MAX;
    Dwarf_Die member;

    if (ends(die, 0, &budget) && dwarf_child(die, &member) == 0) {
        do {
            int tag = dwarf_tag(&member);
            struct field field = { 0 };

            if ((tag == DW_TAG_member || tag == DW_TAG_inheritance) &&
                read_member(m, &member, size, &field))
                vec_push(&fields, field);
        } while (dwarf_siblingof(&member, &member) == 0);
    }
    type_define_struct(m->types, type, fields.v, fields.n, size, align_of(die, size));
    vec_free(&fields);
}

static bool read_enumerator(Dwarf_Die *die, bool is_signed, struct enumerator *out)
{
    Dwarf_Attribute attr;
    Dwarf_Sword negative;
    Dwarf_Word word;

    if (dwarf_tag(die) != DW_TAG_enumerator || !dwarf_attr(die, DW_AT_const_value, &attr))
        return false;
    if (is_signed && dwarf_formsdata(&attr, &negative) == 0)
        word = (Dwarf_Word)negative;
    else if (dwarf_formudata(&attr, &word))
        return false;
    *out = (struct enumerator){ .name = str_from(dwarf_diename(die)), .value = word };
    return true;
}

static void load_enum(const struct dwarf_maker *m, Dwarf_Die *die, struct type *type)
{
    VEC(struct enumerator) values = { 0 };
    struct enumerator value;
    Dwarf_Die child;

    if (dwarf_child(die, &child) == 0) {
        do {
            if (read_enumerator(&child, type->is_signed, &value))
                vec_push(&values, value);
        } while (dwarf_siblingof(&child, &child) == 0);
    }
    type_define_enum(m->types, type, values.v, values.n);
    vec_free(&values);
}

/* A struct that is complete, by tag and name, in a unit or one of its namespaces. */
static bool find_in(Dwarf_Die *scope, int tag, struct str name, unsigned depth, Dwarf_Die *out)
{
    if (depth > DWARF_DEPTH_MAX || dwarf_child(scope, out))
        return false;
    do {
        Dwarf_Die inner;

        if (dwarf_tag(out) == tag && !dwarf_flag(out, DW_AT_declaration) &&
            str_eq(str_from(dwarf_diename(out)), name))
            return true;
        if (dwarf_tag(out) == DW_TAG_namespace && find_in(out, tag, name, depth + 1, &inner)) {
            *out = inner;
            return true;
        }
    } while (dwarf_siblingof(out, out) == 0);
    return false;
}

static bool find_definition(const struct dwarf_file *f, Dwarf_Die *declared, Dwarf_Die *out)
{
    struct str name = str_from(dwarf_diename(declared));
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;

    while (dwarf_get_units(f->dw, unit, &unit, NULL, NULL, &die, NULL) == 0) {
        if (find_in(&die, dwarf_tag(declared), name, 0, out))
            return true;
    }
    return false;
}

void dwarf_load_members(void *ctx, uint64_t id, struct types *types, struct type *type)
{
    struct dwarf_maker m = { .f = ctx, .types = types };
    Dwarf_Die die = *(Dwarf_Die *)(uintptr_t)id, definition;

    if (type->kind == TYPE_ENUM)
        load_enum(&m, &die, type);
    else if (!dwarf_flag(&die, DW_AT_declaration))
        load_struct(&m, &die, type);
    else if (find_definition(m.f, &die, &definition))
        load_struct(&m, &definition, type);
}
