/*
 * btf_print.c - types of BTF as C text
 *
 * C writes a declaration from the inside out: the name first, around it what is made of it, and at
 * the far left the type all that ends in. So we follow the types from the outside in, growing the
 * text around the name ("*name", "(*name)(int)"), until a type with a name of its own is reached.
 *
 * Members are written as they were declared, so a struct that has a name is only mentioned, and one
 * that has none is written out in place. Hostile files could make that endless; a budget of
 * declarations ends it.
 */
#include "kernel/btf.h"

#include "kernel/kernel_impl.h"

#include <string.h>

/* No struct or prototype of a kernel comes near. */
#define DECLARATIONS_MAX 20000

/* The longest symbol a kernel can have (KSYM_NAME_LEN). */
#define NAME_MAX_LEN 512

struct writer {
    struct btf_file *b;
    struct arena *scratch;
    unsigned left; /* declarations and enumerators that may still be written */
};

static void put_body(struct writer *w, struct buf *out, uint32_t id, unsigned indent);

static struct str name_of(const struct writer *w, uint32_t offset)
{
    struct str name = str_from(btf_file_string(w->b, offset));

    return str_sub(name, 0, NAME_MAX_LEN);
}

/* The type at the far left. Without a name it is written out. */
static void put_base(struct writer *w, struct buf *out, uint32_t id, unsigned indent)
{
    const struct btf_type *t = btf_file_type(w->b, id);
    struct str name = name_of(w, t->name_off);
    const char *keyword = "";

    if (btf_is_any_enum(t))
        keyword = "enum ";
    else if (btf_is_union(t) || (btf_is_fwd(t) && btf_kflag(t)))
        keyword = "union ";
    else if (btf_is_struct(t) || btf_is_fwd(t))
        keyword = "struct ";
    if (name.n)
        buf_printf(out, "%s%.*s", keyword, STRF(name));
    else if (*keyword)
        put_body(w, out, id, indent);
    else
        buf_puts(out, "void");
}

static const char *qualifier(const struct btf_type *t)
{
    return btf_is_const(t) ? "const " : btf_is_volatile(t) ? "volatile " : "";
}

static struct str in_parentheses(struct writer *w, struct str inner)
{
    return str_starts(inner, STR("*")) ? str_printf(w->scratch, "(%.*s)", STRF(inner)) : inner;
}

static void put_declaration(struct writer *w, struct buf *out, uint32_t id, struct str inner,
                            unsigned indent);

static struct str parameters(struct writer *w, const struct btf_type *proto, unsigned indent)
{
    struct buf text = { 0 };
    struct str copy;

    for (unsigned i = 0; i < btf_vlen(proto) && w->left; i++) {
        const struct btf_param *p = btf_params(proto) + i;

        if (i)
            buf_puts(&text, ", ");
        if (p->type)
            put_declaration(w, &text, p->type, name_of(w, p->name_off), indent);
        else
            buf_puts(&text, "...");
    }
    if (!btf_vlen(proto))
        buf_puts(&text, "void");
    copy = str_dup(w->scratch, buf_as_str(&text));
    buf_free(&text);
    return copy;
}

static void put_declaration(struct writer *w, struct buf *out, uint32_t id, struct str inner,
                            unsigned indent)
{
    const char *left = "";

    if (!w->left || indent > BTF_DEPTH_MAX)
        return;
    w->left--;
    for (unsigned i = 0; i < BTF_DEPTH_MAX; i++) {
        const struct btf_type *t = btf_file_type(w->b, id);
        struct str around;

        switch (btf_kind(t)) {
        case BTF_KIND_PTR:
            inner = str_printf(w->scratch, "*%.*s", STRF(inner));
            break;
        case BTF_KIND_CONST:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_RESTRICT:
            if (btf_is_ptr(btf_file_type(w->b, t->type)))
                inner = str_printf(w->scratch, "%s%.*s", qualifier(t), STRF(inner));
            else
                left = qualifier(t);
            break;
        case BTF_KIND_TYPE_TAG:
            break;
        case BTF_KIND_ARRAY:
            around = in_parentheses(w, inner);
            inner = btf_array(t)->nelems
                        ? str_printf(w->scratch, "%.*s[%u]", STRF(around), btf_array(t)->nelems)
                        : str_printf(w->scratch, "%.*s[]", STRF(around));
            id = btf_array(t)->type;
            continue;
        case BTF_KIND_FUNC_PROTO:
            around = in_parentheses(w, inner);
            inner = str_printf(w->scratch, "%.*s(%.*s)", STRF(around),
                               STRF(parameters(w, t, indent + 1)));
            break;
        default:
            buf_puts(out, left);
            put_base(w, out, id, indent);
            if (inner.n)
                buf_printf(out, " %.*s", STRF(inner));
            return;
        }
        id = t->type;
    }
}

static void put_members(struct writer *w, struct buf *out, const struct btf_type *t,
                        unsigned indent)
{
    for (unsigned i = 0; i < btf_vlen(t) && w->left; i++) {
        struct arena_mark mark = arena_mark(w->scratch);
        struct btf_place m = btf_file_member(w->b, t, i);

        buf_fill(out, '\t', indent);
        put_declaration(w, out, m.type, name_of(w, btf_members(t)[i].name_off), indent);
        if (m.bit_size)
            buf_printf(out, ":%u", m.bit_size);
        buf_puts(out, ";\n");
        arena_rewind(w->scratch, mark);
    }
}

static void put_enumerators(struct writer *w, struct buf *out, const struct btf_type *t,
                            unsigned indent)
{
    for (unsigned i = 0; i < btf_vlen(t) && w->left; i++, w->left--) {
        struct enumerator e = btf_enumerator(w->b, t, i);

        buf_fill(out, '\t', indent);
        buf_printf(out, "%.*s = ", STRF(str_sub(e.name, 0, NAME_MAX_LEN)));
        if (btf_kflag(t))
            buf_printf(out, "%lld,\n", (long long)e.value);
        else
            buf_printf(out, "%llu,\n", (unsigned long long)e.value);
    }
}

/* "struct x {", a line for each member, "}". */
static void put_body(struct writer *w, struct buf *out, uint32_t id, unsigned indent)
{
    const struct btf_type *t = btf_file_type(w->b, id);
    struct str name = name_of(w, t->name_off);

    buf_puts(out, btf_is_any_enum(t) ? "enum" : btf_is_union(t) ? "union" : "struct");
    if (name.n)
        buf_printf(out, " %.*s", STRF(name));
    buf_puts(out, " {\n");
    if (btf_is_any_enum(t))
        put_enumerators(w, out, t, indent + 1);
    else if (btf_is_composite(t))
        put_members(w, out, t, indent + 1);
    buf_fill(out, '\t', indent);
    buf_putc(out, '}');
}

bool kernel_type_definition(struct kernel *k, struct types *types, char tag, struct str name,
                            struct buf *out)
{
    struct arena scratch = { 0 };
    struct writer w = { .scratch = &scratch, .left = DECLARATIONS_MAX };
    uint32_t id;

    (void)types;
    if (!btf_find(k, btf_kinds(tag), name, &w.b, &id))
        return false;
    if (tag) {
        put_body(&w, out, id, 0);
    } else {
        const struct btf_type *t = btf_file_type(w.b, id);

        if (!btf_is_typedef(t))
            return false; /* int and the like are not defined anywhere */
        buf_puts(out, "typedef ");
        put_declaration(&w, out, t->type, name, 0);
    }
    buf_putc(out, ';');
    arena_free(&scratch);
    return true;
}
