/*
 * uprobe_args.c - arguments of functions of programs by name
 *
 * Debug information has names and types; where an argument is when its function is entered, the
 * calling convention says: here those of the System V ABI for x86-64 and of AAPCS64. Both deal out
 * 8-byte words to registers, first come, first served. Floating-point registers are not among those
 * a program is shown, and what is in them is refused when it is read.
 *
 * A field of the args struct keeps the places of its words, instead of an offset in something:
 */
#include "probes/uprobe_args.h"

#include "codegen/emit.h"
#include "symbols/source.h"

#include <errno.h>

/*
 * field.offset is the place of the first word, and of the second << 16. A place is an offset in
 * struct pt_regs, or STACK + n for the n-th word of arguments in memory.
 */
enum {
    STACK = 0x4000,
    LAST_STACK = 0x7fff,
    BY_ADDRESS = 0x8000, /* as a second word: the first is an address */
    WORD = 8,
    MOST_WORDS = 2,
    FLOAT_REGS = 8,
};

static uint32_t words_of(uint32_t size)
{
    return (size + WORD - 1) / WORD;
}

/* What has been dealt out so far. */
struct dealer {
    unsigned regs, floats;
    uint32_t stack; /* words */
};

static bool deal_stack(struct dealer *d, const struct source_param *p, uint32_t *place)
{
    d->stack = p->align > WORD ? ROUND_UP(d->stack, 2u) : d->stack;
    *place = STACK + d->stack;
    d->stack += words_of(p->size);
    return *place <= LAST_STACK;
}

/* false: it is nowhere where a program can read it. */
static bool deal(struct dealer *d, const struct source_param *p, uint32_t *place)
{
    uint32_t words = words_of(p->size), ints = 0, floats = 0;
    bool by_address = p->by_address || (p->size > 16 && arch_has_large_pointers());

    if (by_address)
        words = 1;
    else if (p->in_memory || words > MOST_WORDS)
        return deal_stack(d, p, place);
    for (uint32_t i = 0; i < words; i++) {
        if (!by_address && p->floats & 1 << i)
            floats++;
        else
            ints++;
    }
    if (d->regs + ints > arch_n_args() || d->floats + floats > FLOAT_REGS)
        return deal_stack(d, p, place) && !by_address;
    *place = by_address ? (uint32_t)BY_ADDRESS << 16 : 0;
    for (uint32_t i = 0, n = 0; i < ints; i++, n++)
        *place |= (uint32_t)arch_arg_offset(d->regs + i) << 16 * n;
    d->regs += ints;
    d->floats += floats;
    return floats == 0;
}

/* The compiler's own word, if it gave one, else the convention's. */
static bool place_param(struct dealer *d, const struct source_func *f, const struct source_param *p,
                        uint32_t *place)
{
    bool dealt = deal(d, p, place);
    int reg = arch_dwarf_offset(p->dwarf_reg);

    if (reg >= 0 && p->size <= WORD && !p->by_address) {
        *place = (uint32_t)reg;
        return true;
    }
    return dealt && f->is_entry && !f->is_changed && p->size > 0;
}

static bool find_params(const struct host *host, const struct target *t, struct types *types,
                        struct source_func *out, struct err *e)
{
    const char *path = str_dup(types_arena(types), t->path).p;
    uint64_t addr;

    return !symbols_file_address(host->symbols, path, t->addr, &addr, e) &&
           !symbols_params(host->symbols, types, path, addr, out, e);
}

const struct type *uprobe_args(const struct host *host, const struct target *t, struct types *types,
                               struct err *e)
{
    VEC(struct field) fields = { 0 };
    struct source_func f;
    struct dealer d = { 0 };
    struct type *args;

    if (!find_params(host, t, types, &f, e))
        return NULL;
    d.regs = f.hidden_result && arch_has_result_arg();
    args = type_struct(types, str_printf(types_arena(types), "%.*s args", STRF(t->label)), false,
                       NULL, 0);
    for (size_t i = 0; i < f.n; i++) {
        const struct source_param *p = &f.params[i];
        struct field field = { .name = p->name, .type = p->type };

        field.refused = !place_param(&d, &f, p, &field.offset);
        if (p->name.n)
            arena_vec_push(types_arena(types), &fields, field);
    }
    if (!type_is_complete(args))
        type_define_struct(types, args, fields.v, fields.n, 0, WORD);
    return args;
}

static struct cg_val load_word(struct cg *cg, uint32_t place)
{
    const struct type *u64 = type_int(cg_types(cg), WORD, false);
    struct cg_val value, sp;

    if (place < STACK)
        return cg_ctx_load(cg, place, u64);
    sp = cg_ctx_load(cg, (uint32_t)arch_sp_offset(), u64);
    value = cg_op(cg, OP_ADD, sp,
                  cg_u64(cg, (uint32_t)arch_stack_args() + (uint64_t)WORD * (place - STACK)));
    value.where = CG_REMOTE;
    value.as = AS_USER;
    return value;
}

/* What is in two registers, put together in memory. */
static void load_struct(struct cg *cg, const struct field *f, struct cg_val *out)
{
    const struct type *u64 = type_int(cg_types(cg), WORD, false);
    uint32_t words = words_of(f->type->size);
    struct cg_val place = cg_place_bytes(cg, words * WORD);

    for (uint32_t i = 0; i < words; i++)
        cg_store(cg, cg_at(cg, place, i * WORD, u64), u64,
                 load_word(cg, f->offset >> 16 * i & 0xffff), SPAN_NONE);
    *out = cg_at(cg, place, 0, f->type);
}

bool uprobe_load_field(struct cg *cg, const struct target *t, const struct field *f,
                       struct cg_val *out)
{
    uint32_t first = f->offset & 0xffff, second = f->offset >> 16;

    (void)t;
    if (type_is_scalar(f->type)) {
        *out = cg_convert(cg, cg_load(cg, load_word(cg, first)), f->type);
        out->as = AS_USER;
    } else if (first >= STACK || second == BY_ADDRESS) {
        *out = load_word(cg, first);
        out->where = CG_REMOTE;
        out->type = f->type;
        out->as = AS_USER;
    } else {
        load_struct(cg, f, out);
    }
    return true;
}

void uprobe_describe(const struct host *host, const struct target *t, struct types *types,
                     struct buf *out)
{
    struct source_func f;

    if (!find_params(host, t, types, &f, NULL))
        return;
    for (size_t i = 0; i < f.n; i++) {
        struct str type = type_name(types_arena(types), f.params[i].type);

        buf_printf(out, "    %.*s%s%.*s\n", STRF(type), f.params[i].name.n ? " " : "",
                   STRF(f.params[i].name));
    }
}

unsigned uprobe_target_caps(const struct host *host)
{
    (void)host;
    return CAP_ARGS;
}
