/*
 * tp_format.c - a tracepoint's format file as the type of its records
 *
 *     field:const char * filename;	offset:24;	size:8;	signed:0;
 *
 * The kernel tells where each field is, how wide, and whether signed; the C text in front says what
 * it means. That is enough for everything but the members behind a pointer to a struct, and those
 * are looked up in BTF when asked for: no BTF is opened for an ordinary tracepoint. The exception
 * is a pointer to a typedef we do not know ("siginfo_t *").
 *
 * System calls are special. Their records hold registers, 8 bytes each, whatever the parameter's
 * type, and the upper half of a register that carries an int is not defined: programs pass -100 as
 * 0xffffff9c or as 0xffffffffffffff9c. So such fields are described as bit fields, as wide as the
 * declared type, in 8 bytes. And what the fields point to is in user space.
 */
#include "kernel/kernel_impl.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Records are limited to a page by the kernel; anything larger is not a format file. */
#define RECORD_MAX 65536

/* One line of the file. */
struct line {
    struct str decl; /* "const char * filename" */
    uint64_t offset, size;
    bool is_signed;
};

/* The C text, taken apart. */
struct decl {
    struct str words[8]; /* of the type, without const and the like */
    size_t n;
    struct str name;
    unsigned stars;
    bool is_array;
    uint64_t count; /* of the array; 0 if it is not a plain number */
    bool data_loc, rel_loc;
};

struct reader {
    struct kernel *k;
    struct types *types;
    bool syscall;
};

/* ---- text ---- */

/* "offset:24" → 24, if s begins with the key. */
static bool read_number(struct str s, struct str key, uint64_t *out)
{
    return str_starts(s, key) && str_to_u64(str_sub(s, key.n, s.n), false, out, NULL);
}

static bool read_line(struct str text, struct line *line)
{
    const struct str key = STR("field:");
    uint64_t is_signed = 0;
    unsigned seen = 0;

    *line = (struct line){ 0 };
    while (text.n) {
        ptrdiff_t end = str_find(text, ';');
        size_t n = end < 0 ? text.n : (size_t)end;
        struct str part = str_trim(str_sub(text, 0, n));

        if (str_starts(part, key)) {
            line->decl = str_trim(str_sub(part, key.n, part.n));
            seen |= 1;
        } else if (read_number(part, STR("offset:"), &line->offset)) {
            seen |= 2;
        } else if (read_number(part, STR("size:"), &line->size)) {
            seen |= 4;
        } else if (read_number(part, STR("signed:"), &is_signed)) {
            line->is_signed = is_signed != 0;
        }
        text = str_sub(text, n + 1, text.n);
    }
    return seen == 7 && line->offset < RECORD_MAX && line->size < RECORD_MAX;
}

static bool is_one_of(struct str word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eqz(word, list[i]))
            return true;
    }
    return false;
}

static void add_word(struct decl *d, struct str word)
{
    static const char *const qualifiers[] = { "const",    "volatile", "restrict",      "__user",
                                              "__rcu",    "__percpu", "__iomem",       "__kernel",
                                              "__seg_gs", "__seg_fs", "__attribute__", "__force" };

    if (str_eqz(word, "__data_loc"))
        d->data_loc = true;
    else if (str_eqz(word, "__rel_loc"))
        d->rel_loc = true;
    else if (!is_one_of(word, qualifiers, ARRAY_LEN(qualifiers)) && d->n < ARRAY_LEN(d->words))
        d->words[d->n++] = word;
}

/* Where a bracket that opens at i closes, or the end of the text. */
static size_t closing(struct str s, size_t i, char open, char close)
{
    unsigned depth = 0;

    for (; i < s.n; i++) {
        if (s.p[i] == open)
            depth++;
        else if (s.p[i] == close && !--depth)
            return i;
    }
    return s.n;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* false: not a type and a name. */
static bool read_decl(struct str s, struct decl *d)
{
    *d = (struct decl){ 0 };
    for (size_t i = 0, end; i < s.n; i = end) {
        end = i + 1;
        if (is_word(s.p[i])) {
            while (end < s.n && is_word(s.p[end]))
                end++;
            add_word(d, str_sub(s, i, end));
        } else if (s.p[i] == '*') {
            d->stars++;
        } else if (s.p[i] == '[') {
            end = closing(s, i, '[', ']');
            d->is_array = true;
            str_to_u64(str_trim(str_sub(s, i + 1, end)), false, &d->count, NULL);
            end++;
        } else if (s.p[i] == '(') {
            end = closing(s, i, '(', ')') + 1; /* of __attribute__ */
        }
    }
    if (d->n < 2)
        return false;
    d->name = d->words[--d->n];
    return true;
}

/* ---- types ---- */

/* "unsigned long long int" and the like; NULL for other words. */
static const struct type *c_integer(struct types *types, const struct decl *d)
{
    unsigned longs = 0, shorts = 0, chars = 0, sign = 0;

    for (size_t i = 0; i < d->n; i++) {
        if (str_eqz(d->words[i], "long"))
            longs++;
        else if (str_eqz(d->words[i], "short"))
            shorts++;
        else if (str_eqz(d->words[i], "char"))
            chars++;
        else if (str_eqz(d->words[i], "unsigned"))
            sign = 'u';
        else if (str_eqz(d->words[i], "signed"))
            sign = 's';
        else if (!str_eqz(d->words[i], "int"))
            return NULL;
    }
    if (chars && !sign)
        return type_char(types);
    return type_int(types, chars ? 1 : shorts ? 2 : longs ? 8 : 4, sign != 'u');
}

/* What the words say; NULL if nobody knows without BTF. */
static const struct type *word_type(const struct reader *r, const struct decl *d)
{
    const struct type *t;

    if (d->n == 2 && str_eqz(d->words[0], "struct"))
        return kernel_type_later(r->k, r->types, 's', d->words[1]);
    if (d->n == 2 && str_eqz(d->words[0], "union"))
        return kernel_type_later(r->k, r->types, 'u', d->words[1]);
    if (d->n == 2 && str_eqz(d->words[0], "enum"))
        return type_int(r->types, 4, false);
    if ((t = c_integer(r->types, d)))
        return t;
    return d->n == 1 ? type_basic(r->types, d->words[0]) : NULL;
}

static const struct type *pointer_type(const struct reader *r, const struct decl *d)
{
    const struct type *t = word_type(r, d);

    if (!t && d->n == 1)
        t = kernel_type(r->k, r->types, 0, d->words[0]);
    if (!t)
        t = type_none(r->types);
    for (unsigned i = 0; i < d->stars && i < 8; i++)
        t = type_ptr(r->types, t);
    return t;
}

static bool is_int_size(uint64_t size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

static const struct type *elem_type(const struct reader *r, const struct decl *d, uint64_t size,
                                    bool is_signed)
{
    const struct type *t = d->stars ? pointer_type(r, d) : word_type(r, d);

    if (t && t->size)
        return t;
    if (d->count && size % d->count == 0 && is_int_size(size / d->count))
        return type_int(r->types, (unsigned)(size / d->count), is_signed);
    return type_int(r->types, 1, false);
}

static const struct type *array_type(const struct reader *r, const struct decl *d,
                                     const struct line *line)
{
    const struct type *elem = elem_type(r, d, line->size, line->is_signed);

    if (elem->kind == TYPE_INT && elem->size == 1 && line->size)
        return type_string(r->types, (uint32_t)line->size);
    return type_array(r->types, elem, (uint32_t)(line->size / elem->size));
}

/*
 * The declared type of a system call's parameter that is narrower than a register; NULL for others
 * and for those we do not know.
 */
static const struct type *parameter_type(const struct reader *r, const struct decl *d)
{
    static const struct {
        const char *name;
        bool is_signed;
    } ints[] = {
        { "timer_t", true }, { "mqd_t", true },  { "key_serial_t", true },
        { "rwf_t", true },   { "qid_t", false },
    };
    const struct type *t = word_type(r, d);

    for (size_t i = 0; d->n == 1 && !t && i < ARRAY_LEN(ints); i++) {
        if (str_eqz(d->words[0], ints[i].name))
            t = type_int(r->types, 4, ints[i].is_signed);
    }
    return t && type_is_integral(t) ? t : NULL;
}

static void scalar_field(const struct reader *r, const struct decl *d, const struct line *line,
                         struct field *field)
{
    const struct type *declared = r->syscall ? parameter_type(r, d) : word_type(r, d);
    bool is_signed = line->is_signed;
    unsigned size = (unsigned)line->size;

    if (declared && declared->size == size && (declared->kind == TYPE_BOOL || declared->is_char)) {
        field->type = declared;
        return;
    }
    if (!r->syscall && size == 4 && d->n == 2 && str_eqz(d->words[0], "enum")) {
        field->type = type_enum(r->types, d->words[1], size, is_signed, &r->k->loader, 0);
        return;
    }
    if (r->syscall && declared) {
        is_signed = type_is_signed(declared);
        field->bit_size = declared->size < size ? (uint16_t)(declared->size * 8) : 0;
    }
    field->type = type_int(r->types, size, is_signed);
}

static bool read_field(const struct reader *r, const struct line *line, struct field *field)
{
    struct decl d;

    if (!read_decl(line->decl, &d) || str_starts(d.name, STR("common_")))
        return false;
    *field = (struct field){
        .name = d.name,
        .offset = (uint32_t)line->offset,
        .as = r->syscall && !d.data_loc ? AS_USER : AS_KERNEL,
        .data_loc = d.data_loc,
        .refused = d.rel_loc, /* counts from its own end, which struct field cannot say */
    };
    if (d.data_loc || d.rel_loc)
        field->type = type_ptr(r->types, elem_type(r, &d, 0, false));
    else if (d.is_array)
        field->type = array_type(r, &d, line);
    else if (d.stars && line->size == 8)
        field->type = pointer_type(r, &d);
    else if (is_int_size(line->size))
        scalar_field(r, &d, line, field);
    else
        field->type = type_array(r->types, type_int(r->types, 1, false), (uint32_t)line->size);
    return true;
}

/* ---- the file ---- */

static const struct tp_format *read_format(const struct reader *r, struct str name, struct str text,
                                           struct err *e)
{
    struct arena *arena = types_arena(r->types);
    struct tp_format *format = ARENA_NEW(arena, struct tp_format);
    struct type *args = type_struct(r->types, name, false, &r->k->records, 0);
    struct buf print = { 0 };
    VEC(struct field) fields = { 0 };
    uint32_t size = 8; /* the common fields */
    bool has_id = false;

    while (text.n) {
        ptrdiff_t end = str_find(text, '\n');
        size_t n = end < 0 ? text.n : (size_t)end;
        struct str line = str_trim(str_sub(text, 0, n));
        struct line parts;
        struct field field;

        if (str_starts(line, STR("print fmt:")))
            break;
        if (str_starts(line, STR("ID:")))
            has_id = str_to_u64(str_trim(str_sub(line, 3, line.n)), false, &format->id, NULL);
        else if (read_line(line, &parts) && read_field(r, &parts, &field)) {
            vec_push(&fields, field);
            size = MAX(size, (uint32_t)(parts.offset + parts.size));
            buf_printf(&print, "    %.*s\n", STRF(parts.decl));
        }
        text = str_sub(text, n + 1, text.n);
    }
    format->args = args;
    format->print_types = str_dup(arena, buf_as_str(&print));
    if (has_id && !type_is_complete(args))
        type_define_struct(r->types, args, fields.v, fields.n, size, 8);
    vec_free(&fields);
    buf_free(&print);
    if (has_id)
        return format;
    err_set(e, -EINVAL, "cannot understand the format file of '%.*s'", STRF(name));
    return NULL;
}

const struct tp_format *kernel_tracepoint(struct kernel *k, struct types *types,
                                          struct str category, struct str event, struct err *e)
{
    struct reader r = { .k = k, .types = types, .syscall = str_eqz(category, "syscalls") };
    struct str name =
        str_printf(types_arena(types), "tracepoint:%.*s:%.*s", STRF(category), STRF(event));
    const struct tp_format *format;
    char path[PATH_MAX];
    char *text;
    size_t n;

    if (tracepoint_path(k, category, event, path, e))
        return NULL;
    if (!(text = kernel_read_file(path, &n))) {
        if (errno == ENOENT || errno == ENOTDIR)
            err_set(e, -errno, "%.*s does not exist", STRF(name));
        else
            err_set(e, -errno, "cannot read '%s': %s", path, strerror(errno));
        return NULL;
    }
    format = read_format(&r, name, (struct str){ text, n }, e);
    free(text);
    return format;
}
