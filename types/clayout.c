/*
 * clayout.c - where C puts the members of a struct (x86-64 and arm64 System V ABI)
 *
 * Everything is counted in bits. A bit field of type T continues where the last member ended,
 * unless it would then cross a multiple of T's size; a width of 0 goes on to the next multiple.
 * In packed structs neither crossing nor alignment matters.
 *
 * When all is placed, each bit field gets the unit it is read with: as many bytes as its type has,
 * at their natural place if that holds the bits and ends inside the struct, else moved, else
 * shrunk.
 */
#include "types/cdef_impl.h"

#ifdef __aarch64__
enum { UNNAMED_BITS_ALIGN = true };
#else
enum { UNNAMED_BITS_ALIGN = false };
#endif

struct layout {
    bool is_union, packed;
    uint64_t end, largest; /* bits: behind the last member, and of the longest one */
    uint32_t align;        /* bytes */
};

static uint32_t member_align(const struct layout *l, const struct cmember *m)
{
    uint32_t align = l->packed || m->attrs.packed ? 1 : MAX(m->decl.type->align, 1u);

    return MAX(align, m->attrs.aligned);
}

static uint64_t place_bits(struct layout *l, const struct cmember *m)
{
    uint64_t unit = (uint64_t)m->decl.type->size * 8;
    uint64_t first = l->is_union ? 0 : l->end;
    bool packed = l->packed || m->attrs.packed;

    if (m->decl.name.n || UNNAMED_BITS_ALIGN)
        l->align = MAX(l->align, member_align(l, m));
    if (m->attrs.aligned)
        first = ROUND_UP(first, (uint64_t)m->attrs.aligned * 8);
    if (m->bits == 0 || (!packed && first / unit != (first + m->bits - 1) / unit))
        first = ROUND_UP(first, unit);
    l->end = first + m->bits;
    l->largest = MAX(l->largest, l->end);
    return first;
}

static uint64_t place(struct layout *l, const struct cmember *m)
{
    uint64_t align = member_align(l, m);
    uint64_t first = l->is_union ? 0 : ROUND_UP(l->end, align * 8);

    l->align = MAX(l->align, (uint32_t)align);
    l->end = first + (uint64_t)m->decl.type->size * 8;
    l->largest = MAX(l->largest, l->end);
    return first;
}

/* Do size bytes at offset hold the bits, and lie inside the struct? */
static bool unit_fits(uint64_t offset, uint64_t size, uint64_t first, uint64_t bits, uint64_t total)
{
    return offset * 8 <= first && first + bits <= (offset + size) * 8 && offset + size <= total;
}

/* Finds the unit of a bit field in a struct of total bytes. false: no unit can hold it. */
static bool choose_unit(struct types *types, struct field *f, uint64_t first, uint64_t total)
{
    uint64_t bits = f->bit_size, size = f->type->size;
    uint64_t offset = first / 8 / size * size;

    if (!unit_fits(offset, size, first, bits, total)) {
        offset = MIN(first / 8, total > size ? total - size : 0);
        while (size > 1 && !unit_fits(offset, size, first, bits, total)) {
            size /= 2;
            offset = first / 8;
        }
        if (!unit_fits(offset, size, first, bits, total))
            return false;
    }
    if (size != f->type->size)
        f->type = type_int(types, (unsigned)size, type_is_signed(f->type));
    f->offset = (uint32_t)offset;
    f->bit_offset = (uint16_t)(first - offset * 8);
    return true;
}

static bool check_bits(struct cparser *ps, const struct cmember *m)
{
    const struct type *t = m->decl.type;
    uint64_t width = t->kind == TYPE_BOOL ? 1 : (uint64_t)t->size * 8;

    if (!type_is_integral(t))
        return cparse_fail(ps, m->decl.at, "bit field needs an integer type");
    if (m->bits > width)
        return cparse_fail(ps, m->decl.at, "bit field is wider than its type");
    if (m->bits == 0 && m->decl.name.n)
        return cparse_fail(ps, m->decl.at, "bit field '%.*s' has no bits", STRF(m->decl.name));
    return true;
}

static bool check_member(struct cparser *ps, const struct cmember *m)
{
    const struct type *t = m->decl.type;
    struct str name = m->decl.name;
    size_t n;

    if (m->is_bits)
        return check_bits(ps, m);
    if (t->kind == TYPE_STRUCT) /* one of the kernel learns its alignment when it is read */
        type_fields(ps->item->defs->types, t, &n);
    if (t->kind == TYPE_FUNC)
        return cparse_fail(ps, m->decl.at, "member '%.*s' is a function", STRF(name));
    if (!type_is_complete(t) && !(t->kind == TYPE_ARRAY && t->count == 0))
        return cparse_fail(ps, m->decl.at, "member '%.*s' has the incomplete type '%s'", STRF(name),
                           type_name(&ps->item->scratch, t).p);
    return true;
}

/* The same name twice? Members of anonymous structs are not looked at. */
static bool check_names(struct cparser *ps, const struct cmembers *members)
{
    struct map seen = { 0 };
    bool ok = true;

    for (size_t i = 0; ok && i < members->n; i++) {
        const struct cdeclarator *decl = &members->v[i].decl;

        if (!decl->name.n)
            continue;
        if (map_get(&seen, decl->name))
            ok = cparse_fail(ps, decl->at, "duplicate member '%.*s'", STRF(decl->name));
        map_set(&seen, decl->name, (void *)decl);
    }
    map_free(&seen);
    return ok;
}

bool clayout_define(struct cparser *ps, struct type *t, const struct cmembers *members,
                    const struct cattrs *attrs)
{
    struct types *types = ps->item->defs->types;
    struct layout l = { .is_union = t->is_union, .packed = attrs->packed, .align = 1 };
    struct field *fields = ARENA_ARRAY(&ps->item->scratch, struct field, members->n);
    uint64_t *first = ARENA_ARRAY(&ps->item->scratch, uint64_t, members->n);
    uint64_t size;
    size_t n = 0;

    if (!check_names(ps, members))
        return false;
    for (size_t i = 0; i < members->n; i++) {
        const struct cmember *m = &members->v[i];

        if (!check_member(ps, m))
            return false;
        first[n] = m->is_bits ? place_bits(&l, m) : place(&l, m);
        if (l.largest / 8 > INT32_MAX / 2)
            return cparse_fail(ps, m->decl.at, "struct is too large");
        if (m->is_bits && !m->decl.name.n)
            continue;
        fields[n] = (struct field){ .name = m->decl.name,
                                    .type = m->decl.type,
                                    .offset = (uint32_t)(first[n] / 8),
                                    .bit_size = (uint16_t)m->bits,
                                    .as = m->attrs.as,
                                    .refused = m->attrs.percpu };
        n++;
    }
    l.align = MAX(l.align, attrs->aligned);
    size = ROUND_UP(ROUND_UP(l.largest, 8) / 8, l.align);
    for (size_t i = 0; i < n; i++) {
        if (fields[i].bit_size && !choose_unit(types, &fields[i], first[i], size))
            return cparse_fail(ps, ps->last, "bit field '%.*s' spreads over more than 8 bytes",
                               STRF(fields[i].name));
    }
    type_define_struct(types, t, fields, n, (uint32_t)size, l.align);
    return true;
}
