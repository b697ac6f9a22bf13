/*
 * test_cdef.c - the C part: layouts compared with those of the compiler that builds this test,
 * conditionals, macros, constants, and what must be refused
 */
#include "types/cdef.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct sources sources;
    struct diags diags;
    struct cdefs defs;
    struct cdef_state *state;
    unsigned includes, lookups;
    const struct type *kernel_task;
};

static const struct type *lookup(void *ctx, char tag, struct str name)
{
    struct fixture *f = ctx;

    f->lookups++;
    if (tag == 's' && str_eqz(name, "task_struct"))
        return f->kernel_task;
    return tag == 0 && str_eqz(name, "kernel_t") ? type_int(f->defs.types, 2, false) : NULL;
}

static bool constant(void *ctx, struct str name, uint64_t *value)
{
    (void)ctx;
    *value = 16;
    return str_eqz(name, "TASK_COMM_LEN");
}

static bool include(void *ctx, struct str path, bool angle, struct str *why)
{
    struct fixture *f = ctx;

    f->includes++;
    if (str_eqz(path, "linux/sched.h") && angle)
        return true;
    *why = STR("no such file");
    return false;
}

static int setup(void **state)
{
    static const struct type_loader kernel = { 0 };
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct field pid = { .name = STR("pid"), .offset = 8 };
    struct type *task;

    f->diags = (struct diags){ .arena = &f->arena, .sources = &f->sources };
    f->defs = (struct cdefs){ .types = types_new(&f->arena),
                              .diags = &f->diags,
                              .lookup = lookup,
                              .constant = constant,
                              .include = include,
                              .ctx = f };
    pid.type = type_int(f->defs.types, 4, true);
    task = type_struct(f->defs.types, STR("task_struct"), false, &kernel, 1);
    type_define_struct(f->defs.types, task, &pid, 1, 64, 8);
    f->kernel_task = task;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    arena_free(&f->arena);
    free(f);
    return 0;
}

static bool item(struct fixture *f, const char *text)
{
    struct source *s = source_add(&f->sources, &f->arena, STR("x.bt"), str_from(text));

    return cdef_item(&f->defs, &f->state, s->text,
                     (struct span){ s->base, s->base + (uint32_t)s->text.n });
}

static const struct type *defined(struct fixture *f, const char *name)
{
    const struct type *t = cdef_type(&f->defs, 's', str_from(name));

    assert_non_null(t);
    return t;
}

static struct field field_of(struct fixture *f, const struct type *t, const char *name)
{
    struct field field;

    if (!type_find_field(f->defs.types, t, str_from(name), &field))
        fail_msg("no field '%s'", name);
    return field;
}

/* The text is refused, with a message that contains part, about the text "about". */
static void refused(struct fixture *f, const char *text, const char *about, const char *part)
{
    const struct diag *d;

    if (item(f, text))
        fail_msg("accepted: %s", text);
    assert_true(f->diags.all.n > 0);
    d = f->diags.all.v[f->diags.all.n - 1];
    if (!str_contains(d->text, str_from(part)))
        fail_msg("%s: got '%s', expected '%s'", text, d->text.p, part);
    if (!str_eqz(source_text(&f->sources, d->at), about))
        fail_msg("%s: reported at '%.*s', expected '%s'", text,
                 STRF(source_text(&f->sources, d->at)), about);
}

/* ---- layout: the same words for the compiler and for us ---- */

#define DEFINE(name, ...)                                                                          \
    struct name __VA_ARGS__;                                                                       \
    static const char text_##name[] = "struct " #name " " #__VA_ARGS__;

#define CHECK(name, member)                                                                        \
    do {                                                                                           \
        struct field field_ = field_of(f, defined(f, #name), #member);                             \
        assert_int_equal(field_.offset, offsetof(struct name, member));                            \
        assert_int_equal(field_.type->size, sizeof(((struct name *)0)->member));                   \
        assert_int_equal(field_.bit_size, 0);                                                      \
    } while (0)

#define CHECK_SIZE(name)                                                                           \
    do {                                                                                           \
        assert_true(item(f, text_##name));                                                         \
        assert_int_equal(defined(f, #name)->size, sizeof(struct name));                            \
        assert_int_equal(defined(f, #name)->align, _Alignof(struct name));                         \
    } while (0)

/* The compiler sets all bits of the member; ours must be the same ones, read as one unit. */
#define CHECK_BITS(name, member)                                                                   \
    do {                                                                                           \
        union {                                                                                    \
            struct name s;                                                                         \
            unsigned char bytes[sizeof(struct name)];                                              \
        } compiler_;                                                                               \
        memset(&compiler_, 0, sizeof(compiler_));                                                  \
        compiler_.s.member = -1;                                                                   \
        check_bits(f, defined(f, #name), #member, compiler_.bytes);                                \
    } while (0)

static void check_bits(struct fixture *f, const struct type *t, const char *name,
                       const unsigned char *expected)
{
    struct field field = field_of(f, t, name);
    unsigned char *bytes = xcalloc(1, t->size);
    uint64_t unit = 0, ones;

    assert_true(field.bit_size > 0);
    assert_true(field.bit_offset + field.bit_size <= field.type->size * 8);
    assert_true(field.offset + field.type->size <= t->size);
    ones = UINT64_MAX >> (64 - field.bit_size);
    unit = ones << field.bit_offset;
    memcpy(bytes + field.offset, &unit, field.type->size); /* little endian, as are our targets */
    if (memcmp(bytes, expected, t->size) != 0)
        fail_msg("bits of '%s' are elsewhere", name);
    free(bytes);
}

DEFINE(mixed, {
    char c;
    int i;
    short s;
    long l;
    char tail;
})
DEFINE(words, {
    unsigned u;
    long long unsigned int llu;
    signed char sc;
    unsigned char uc;
    short int si;
    long unsigned lu;
    const volatile int cvi;
    _Bool b;
    double d;
    float f;
})
DEFINE(arrays, {
    char name[16];
    unsigned char mac[6];
    int grid[2][3];
    char lines[3][8];
    char *names[4];
    int(*matrix)[5];
    int (*callback)(int, char *);
    int (*table[3])(void);
    int *(*deep)(int (*)(void));
    int tail[];
})
DEFINE(nested, {
    char c;
    struct inner {
        short s;
        long l;
    } in;
    union {
        int i;
        char bytes[7];
        struct {
            char x, y;
        };
    };
    struct {
        char a;
        long b;
    } named[2];
    enum color { RED, GREEN = 7, BLUE } color;
    struct nested *next;
})
DEFINE(packed, {
    char c;
    int i;
    long l;
    short s;
} __attribute__((packed)))
DEFINE(half_packed, {
    char c;
    int i __attribute__((packed));
    long l;
    short s __attribute__((aligned(16)));
    char d, e __attribute__((__aligned__(4)));
})
DEFINE(aligned, { char c; } __attribute__((aligned(32))))
DEFINE(aligned_most, { char c; } __attribute__((aligned)))
DEFINE(packed_aligned, {
    char c;
    long l;
} __attribute__((packed, aligned(4))))
DEFINE(constants, {
    char a[1 << 4];
    char b[sizeof(long) * 2 + 1];
    char c[(3 > 2) ? 0x10 : 7];
    char d[-1 + 5];
    char e['A' - '@'];
    char g[sizeof(struct mixed)];
    char h[~0u / 1000000000];
    char i[(unsigned char)300];
    char j[010];
    char k[1 ? 2 : 1 / 0];
})
DEFINE(empty, {})
DEFINE(bits, {
    int a : 3;
    unsigned b : 5;
    int c : 30;
    unsigned char d : 4;
    unsigned char e : 5;
    long g : 40;
    short h : 9;
    int : 0;
    char i;
    int j : 1;
    int : 7;
    int k : 20;
    unsigned long l : 64;
})
DEFINE(bits_packed, {
    char c;
    int a : 30;
    int b : 5;
    unsigned long long d : 50;
    short e : 3;
} __attribute__((packed)))
DEFINE(bits_small, { int a : 3, b : 6; } __attribute__((packed)))
DEFINE(bits_zero, {
    char c;
    int : 0;
})
DEFINE(bits_first, {
    long : 3;
    char c;
})
DEFINE(bits_bool, {
    _Bool a : 1;
    _Bool b : 1;
    int c;
})
DEFINE(bits_aligned, {
    int a : 3;
    int b : 4 __attribute__((aligned(8)));
})

static void test_layout(void **state)
{
    struct fixture *f = *state;

    CHECK_SIZE(mixed);
    CHECK(mixed, c);
    CHECK(mixed, i);
    CHECK(mixed, s);
    CHECK(mixed, l);
    CHECK(mixed, tail);
    CHECK_SIZE(words);
    CHECK(words, u);
    CHECK(words, llu);
    CHECK(words, sc);
    CHECK(words, uc);
    CHECK(words, si);
    CHECK(words, lu);
    CHECK(words, cvi);
    CHECK(words, b);
    CHECK(words, d);
    CHECK(words, f);
    CHECK_SIZE(nested);
    CHECK(nested, c);
    CHECK(nested, in);
    CHECK(nested, i);
    CHECK(nested, bytes);
    CHECK(nested, x);
    CHECK(nested, y);
    CHECK(nested, named);
    CHECK(nested, color);
    CHECK(nested, next);
    CHECK_SIZE(packed);
    CHECK(packed, i);
    CHECK(packed, l);
    CHECK(packed, s);
    CHECK_SIZE(half_packed);
    CHECK(half_packed, i);
    CHECK(half_packed, l);
    CHECK(half_packed, s);
    CHECK(half_packed, d);
    CHECK(half_packed, e);
    CHECK_SIZE(aligned);
    CHECK_SIZE(aligned_most);
    CHECK_SIZE(packed_aligned);
    CHECK(packed_aligned, l);
    CHECK_SIZE(constants);
    CHECK(constants, a);
    CHECK(constants, b);
    CHECK(constants, c);
    CHECK(constants, d);
    CHECK(constants, e);
    CHECK(constants, g);
    CHECK(constants, h);
    CHECK(constants, i);
    CHECK(constants, j);
    CHECK(constants, k);
    CHECK_SIZE(empty);
}

static void test_bit_fields(void **state)
{
    struct fixture *f = *state;

    CHECK_SIZE(bits);
    CHECK_BITS(bits, a);
    CHECK_BITS(bits, b);
    CHECK_BITS(bits, c);
    CHECK_BITS(bits, d);
    CHECK_BITS(bits, e);
    CHECK_BITS(bits, g);
    CHECK_BITS(bits, h);
    CHECK(bits, i);
    CHECK_BITS(bits, j);
    CHECK_BITS(bits, k);
    CHECK_BITS(bits, l);
    CHECK_SIZE(bits_packed);
    CHECK_BITS(bits_packed, a);
    CHECK_BITS(bits_packed, b);
    CHECK_BITS(bits_packed, d);
    CHECK_BITS(bits_packed, e);
    CHECK_SIZE(bits_small);
    CHECK_BITS(bits_small, a);
    CHECK_BITS(bits_small, b);
    CHECK_SIZE(bits_zero);
    CHECK_SIZE(bits_first);
    CHECK(bits_first, c);
    CHECK_SIZE(bits_bool);
    CHECK_BITS(bits_bool, a);
    CHECK_BITS(bits_bool, b);
    CHECK(bits_bool, c);
    CHECK_SIZE(bits_aligned);
    CHECK_BITS(bits_aligned, a);
    CHECK_BITS(bits_aligned, b);
}

static void type_is(struct fixture *f, const char *tag, const char *field, const char *expected)
{
    struct field found = field_of(f, defined(f, tag), field);

    assert_string_equal(type_name(&f->arena, found.type).p, expected);
}

static void test_arrays(void **state)
{
    struct fixture *f = *state;

    CHECK_SIZE(arrays);
    CHECK(arrays, mac);
    CHECK(arrays, grid);
    CHECK(arrays, lines);
    CHECK(arrays, names);
    CHECK(arrays, matrix);
    CHECK(arrays, callback);
    CHECK(arrays, table);
    CHECK(arrays, deep);
    type_is(f, "arrays", "name", "string[16]");
    type_is(f, "arrays", "mac", "uint8[6]");
    type_is(f, "arrays", "grid", "int32[2][3]");
    type_is(f, "arrays", "names", "int8 *[4]");
    type_is(f, "arrays", "matrix", "int32[5] *");
    type_is(f, "arrays", "callback", "int32 (*)()");
    type_is(f, "arrays", "deep", "int32 * (*)()");
    type_is(f, "arrays", "tail", "int32[0]");
    assert_int_equal(field_of(f, defined(f, "arrays"), "lines").type->elem->kind, TYPE_STRING);
    assert_true(item(f, "struct sc { signed char s[4]; char c[2]; };"));
    type_is(f, "sc", "s", "int8[4]");
    assert_true(item(f, "struct annotated { const char __user *u; int __percpu *p; int *n; };"));
    assert_int_equal(field_of(f, defined(f, "annotated"), "u").as, AS_USER);
    assert_true(field_of(f, defined(f, "annotated"), "p").refused);
    assert_int_equal(field_of(f, defined(f, "annotated"), "n").as, AS_NONE);
}

static void constant_is(struct fixture *f, const char *name, uint64_t value)
{
    const struct cdef_const *c = cdef_const(&f->defs, str_from(name));

    assert_non_null(c);
    assert_int_equal(c->value, value);
    assert_int_equal(c->type->kind, TYPE_ENUM);
}

static void test_enum(void **state)
{
    struct fixture *f = *state;
    const struct type *e;

    assert_true(item(f, "enum e { A, B = 7, C, D = B * 2, E = -3, F, };"));
    constant_is(f, "A", 0);
    constant_is(f, "B", 7);
    constant_is(f, "C", 8);
    constant_is(f, "D", 14);
    constant_is(f, "E", (uint64_t)-3);
    constant_is(f, "F", (uint64_t)-2);
    e = cdef_type(&f->defs, 'e', STR("e"));
    assert_int_equal(e->size, 4);
    assert_true(e->is_signed);
    assert_string_equal(type_enum_name(f->defs.types, e, (uint64_t)-3), "E");
    assert_null(type_enum_name(f->defs.types, e, 99));

    assert_true(item(f, "enum { BIG = 0x100000000, NEXT }; enum u { ONE = 1u << 31 };"));
    constant_is(f, "BIG", 0x100000000);
    constant_is(f, "NEXT", 0x100000001);
    constant_is(f, "ONE", 0x80000000);
    assert_int_equal(cdef_const(&f->defs, STR("BIG"))->type->size, 8);
    assert_false(cdef_type(&f->defs, 'e', STR("u"))->is_signed);
    assert_true(item(f, "enum tiny { T = 200 } __attribute__((packed));"));
    assert_int_equal(cdef_type(&f->defs, 'e', STR("tiny"))->size, 1);
    assert_true(item(f, "struct k { char comm[TASK_COMM_LEN]; int x[C]; };"));
    assert_int_equal(defined(f, "k")->size, 48);
    assert_true(item(f, "enum s { S = 1 << 31, ALL = ~0u, OR = A | B };"));
    constant_is(f, "S", (uint64_t)INT32_MIN);
    constant_is(f, "ALL", UINT32_MAX);
    constant_is(f, "OR", 7);
    refused(f, "enum over { X = 0xffffffffffffffff, Y };", "Y", "does not fit");
    refused(f, "enum wide { P = 0xffffffffffffffff, N = -1 };", "wide", "do not fit one type");
    refused(f, "enum nothing { };", "}", "expected a name");
}

static void test_names(void **state)
{
    struct fixture *f = *state;

    assert_true(item(f, "typedef unsigned int my_t, *my_p; typedef struct { int a; } anon_t;"));
    assert_true(item(f, "struct t { my_t a; my_p b; anon_t c; u64 d; size_t e; kernel_t g; };"));
    type_is(f, "t", "a", "uint32");
    type_is(f, "t", "b", "uint32 *");
    type_is(f, "t", "c", "struct (anonymous)");
    type_is(f, "t", "g", "uint16");
    assert_int_equal(f->lookups, 1);
    assert_null(cdef_type(&f->defs, 's', STR("my_t")));
    assert_non_null(cdef_type(&f->defs, 0, STR("anon_t")));

    assert_true(item(f, "struct a { struct b *b; }; struct b { struct a *a; int x; };"));
    assert_ptr_equal(field_of(f, defined(f, "a"), "b").type->elem, defined(f, "b"));
    assert_ptr_equal(field_of(f, defined(f, "b"), "a").type->elem, defined(f, "a"));

    assert_true(item(f, "struct r { int x; }; struct r_user { struct r r; };"));
    assert_true(item(f, "struct r { long x, y; struct r *self; };"));
    assert_int_equal(defined(f, "r")->size, 24);
    assert_ptr_equal(field_of(f, defined(f, "r"), "self").type->elem, defined(f, "r"));
    assert_int_equal(defined(f, "r_user")->size, 4);
    assert_null(cdef_type(&f->defs, 'u', STR("r")));
    assert_true(item(f, "union r { int a; char b[9]; }"));
    assert_int_equal(cdef_type(&f->defs, 'u', STR("r"))->size, 12);
    assert_null(cdef_type(&f->defs, 's', STR("only_pointed_to")));
}

/* A kernel struct is used until the script has its own, and then nowhere any more. */
static void test_kernel_types(void **state)
{
    struct fixture *f = *state;

    assert_true(item(f, "struct u { struct task_struct *t, **tt; struct task_struct in; };"));
    assert_ptr_equal(field_of(f, defined(f, "u"), "t").type->elem, f->kernel_task);
    assert_int_equal(defined(f, "u")->size, 80);
    assert_true(item(f, "typedef struct task_struct *task_p;"));
    assert_true(item(f, "struct task_struct { char x; };"));
    assert_ptr_equal(field_of(f, defined(f, "u"), "t").type->elem, defined(f, "task_struct"));
    assert_ptr_equal(field_of(f, defined(f, "u"), "tt").type->elem->elem,
                     defined(f, "task_struct"));
    assert_ptr_equal(field_of(f, defined(f, "u"), "in").type, f->kernel_task);
    assert_ptr_equal(cdef_type(&f->defs, 0, STR("task_p"))->elem, defined(f, "task_struct"));
}

static void macro_is(struct fixture *f, const char *name, const char *body)
{
    const struct cdef_macro *m = cdef_macro(&f->defs, str_from(name));

    assert_non_null(m);
    assert_string_equal(m->body.p, body);
    if (m->body.n && !str_contains(m->body, STR("  ")))
        assert_true(str_eq(source_text(&f->sources, m->at), m->body));
}

static void test_macros(void **state)
{
    struct fixture *f = *state;

    cdef_predefine(&f->defs, STR("BPFTRACE_HAVE_BTF"), STR("1"));
    assert_true(item(f, "#define N 4"));
    assert_true(item(f, "#define EMPTY"));
    assert_true(item(f, "  #  define SUM   (N + 1)  // five"));
    assert_true(item(f, "#define TEXT \"a // b\" /* c */"));
    assert_true(item(f, "#define LONG 1 + \\\n 2"));
    assert_true(item(f, "#define NOARG() 3"));
    assert_true(item(f, "#define MUL(a, b) ((a) * (b))"));
    assert_true(item(f, "#define FIRST(a, ...) a"));
    assert_true(item(f, "#define REST(a, ...) (__VA_ARGS__)"));
    assert_true(item(f, "#define PAREN (x)"));
    macro_is(f, "N", "4");
    macro_is(f, "EMPTY", "");
    macro_is(f, "SUM", "(N + 1)");
    macro_is(f, "TEXT", "\"a // b\"");
    macro_is(f, "LONG", "1 +    2");
    assert_true(cdef_macro(&f->defs, STR("NOARG"))->function_like);
    assert_false(cdef_macro(&f->defs, STR("PAREN"))->function_like);
    assert_true(span_is_none(cdef_macro(&f->defs, STR("BPFTRACE_HAVE_BTF"))->at));

    assert_true(item(f, "struct m { char a[N]; char b[SUM]; char c[MUL(N, MUL(2, 3))]; "
                        "char d[NOARG()]; char e[FIRST(9, 8, 7)]; char g[REST(1, 6)]; EMPTY "
                        "char h[LONG]; char i[MUL((1, 2) == 2 ? 1 : 2, 5)]; };") ==
                false); /* the comma operator is no constant */
    assert_true(item(f, "struct m { char a[N]; char b[SUM]; char c[MUL(N, MUL(2, 3))]; "
                        "char d[NOARG()]; char e[FIRST(9, 8, 7)]; char g[REST(1, 6)]; EMPTY "
                        "char h[LONG]; char N1; };"));
    assert_int_equal(defined(f, "m")->size, 4 + 5 + 24 + 3 + 9 + 6 + 3 + 1);

    assert_true(item(f, "#define SELF SELF + 1"));
    refused(f, "struct s { char a[SELF]; };", "SELF", "unknown constant 'SELF'");
    assert_true(item(f, "#define PING PONG"));
    assert_true(item(f, "#define PONG PING"));
    refused(f, "struct s { char a[PING]; };", "PING", "unknown constant 'PING'");
    assert_true(item(f, "#undef N"));
    assert_null(cdef_macro(&f->defs, STR("N")));
    assert_true(item(f, "#define N 5\n#define N 6\nstruct s { char a[N]; };"));
    assert_int_equal(defined(f, "s")->size, 6);
    refused(f, "struct s { char a[MUL(1)]; };", "MUL", "takes 2 arguments, got 1");
    refused(f, "struct s { char a[MUL(1, 2]; };", "(", "no ')'");
    refused(f, "#define", "#define", "needs a name");
    refused(f, "#define 3 4", "3", "needs a name");
    refused(f, "#define BAD(a, ", ",", "malformed parameters");
    refused(f, "#define BAD(a b) a", "a", "malformed parameters");
    refused(f, "#define BAD+1", "+", "blank space expected");
    assert_true(item(f, "#define JOIN(a, b) a ## b"));
    refused(f, "struct s { int JOIN(x, y); };", "JOIN", "'##' is not supported");
}

/* A wrong #if opens a block all the same, and none of its branches counts. */
static void refused_if(struct fixture *f, const char *text, const char *about, const char *part)
{
    refused(f, text, about, part);
    assert_true(item(f, "#else\nbogus text\n#endif"));
}

static void test_conditionals(void **state)
{
    struct fixture *f = *state;

    cdef_predefine(&f->defs, STR("BPFTRACE_HAVE_BTF"), STR("1"));
    assert_true(item(f, "#ifndef BPFTRACE_HAVE_BTF"));
    assert_true(item(f, "#include <not/there.h>"));
    assert_true(item(f, "struct hidden { bogus x; };"));
    assert_true(item(f, "#error not seen, isn't it"));
    assert_true(item(f, "#if 1 / 0"));
    assert_true(item(f, "#else"));
    assert_true(item(f, "struct hidden2 { int x; };"));
    assert_true(item(f, "#endif"));
    assert_true(item(f, "#else"));
    assert_true(item(f, "struct seen { int x; };"));
    assert_true(item(f, "#endif"));
    assert_int_equal(f->includes, 0);
    assert_null(cdef_type(&f->defs, 's', STR("hidden")));
    assert_null(cdef_type(&f->defs, 's', STR("hidden2")));
    assert_non_null(cdef_type(&f->defs, 's', STR("seen")));

    assert_true(item(f, "#define V 5\n"
                        "#if !defined(V)\nstruct c1 { int a; };\n"
                        "#elif V >= 5 && (V & 1) && defined V\nstruct c2 { int a; };\n"
                        "#elif 1\nstruct c3 { int a; };\n"
                        "#else\nstruct c4 { int a; };\n#endif\n"));
    assert_null(cdef_type(&f->defs, 's', STR("c1")));
    assert_non_null(cdef_type(&f->defs, 's', STR("c2")));
    assert_null(cdef_type(&f->defs, 's', STR("c3")));
    assert_null(cdef_type(&f->defs, 's', STR("c4")));

    assert_true(item(f, "struct inside {\n#if UNKNOWN\n int a;\n#else\n long b;\n#endif\n};"));
    assert_int_equal(defined(f, "inside")->size, 8);
    assert_true(item(f, "#if -1 > 0u || ~0 == 0 || 2 + 3 * 4 != 14 || (7 >> 1) != 3 || 'a' != 97\n"
                        "struct wrong { int a; };\n#endif"));
    assert_non_null(cdef_type(&f->defs, 's', STR("wrong"))); /* -1 > 0u is true in C */
    assert_true(item(f, "#if 0 && 1 / 0\n#endif\n#if 1 || 1 / 0\n#endif"));

    refused_if(f, "#if 1 / 0\n", "/", "division by zero");
    refused_if(f, "#if\n", "#if", "condition expected");
    refused_if(f, "#if 1 +\n", "#if", "expected a constant");
    refused_if(f, "#if 1 2\n", "2", "expected the end of the condition");
    refused_if(f, "#if defined\n", "defined", "needs a name");
    refused_if(f, "#ifdef\n", "#ifdef", "name expected");
    refused(f, "#endif", "#endif", "without #if");
    refused(f, "#else", "#else", "without #if");
    assert_true(item(f, "#if 1"));
    assert_true(item(f, "#else"));
    refused(f, "#else", "#else", "#else after #else");
    assert_false(cdef_end(&f->defs, f->state));
    assert_string_equal(f->diags.all.v[f->diags.all.n - 1]->text.p, "#if without #endif");
    assert_true(item(f, "#endif"));
    assert_true(cdef_end(&f->defs, f->state));
    assert_true(cdef_end(&f->defs, NULL));
}

static void test_directives(void **state)
{
    struct fixture *f = *state;

    assert_true(item(f, "#include <linux/sched.h>"));
    assert_int_equal(f->includes, 1);
    refused(f, "#include \"mine.h\"", "#include \"mine.h\"",
            "cannot include 'mine.h': no such file");
    refused(f, "#include mine.h", "#include", "needs <file>");
    refused(f, "#include", "#include", "needs <file>");
    refused(f, "#include <x", "#include", "needs <file>");
    f->defs.include = NULL;
    refused(f, "#include <linux/fs.h>", "#include <linux/fs.h>", "cannot include 'linux/fs.h'");
    assert_true(item(f, "#pragma once\n#\n"));
    refused(f, "#pragma pack(1)", "#pragma", "not supported");
    refused(f, "#error it's broken", "#error", "it's broken");
    refused(f, "#frobnicate", "#frobnicate", "unknown preprocessor line '#frobnicate'");
    assert_true(item(f, "#warning careful"));
    assert_int_equal(f->diags.warnings, 1);
}

static void test_mistakes(void **state)
{
    struct fixture *f = *state;

    refused(f, "struct s { bogus_t x; };", "bogus_t", "unknown type 'bogus_t'");
    refused(f, "struct s { int x };", "}", "expected ';', got '}'");
    refused(f, "struct s { int x; ", "", "expected '}', got the end");
    refused(f, "struct s { struct later x; };", "x", "incomplete type 'struct later'");
    refused(f, "struct s { struct s x; };", "x", "incomplete type 'struct s'");
    refused(f, "struct s { void x; };", "x", "incomplete type 'void'");
    refused(f, "struct s { int x, x; };", "x", "duplicate member 'x'");
    refused(f, "struct s { int x[-1]; };", "[-1]", "negative");
    refused(f, "struct s { int x[0x7fffffff]; };", "[0x7fffffff]", "too large");
    refused(f, "struct s { int a[0x8000000], b[0x8000000]; char c; };", "b", "too large");
    refused(f, "struct s { int x[1e6]; };", "1e6", "not an integer");
    refused(f, "struct s { int x[NOPE]; };", "NOPE", "unknown constant");
    refused(f, "struct s { int x[1 / 0]; };", "/", "division by zero");
    refused(f, "struct s { int x : 33; };", "x", "wider than its type");
    refused(f, "struct s { int x : 0; };", "x", "no bits");
    refused(f, "struct s { int *x : 3; };", "x", "integer type");
    refused(f, "struct s { int f(int); };", "f", "is a function");
    refused(f, "struct s { struct s { int x; } y; };", "s", "inside itself");
    refused(f, "struct s { long long long x; };", "long long long", "unsupported type");
    refused(f, "struct s { unsigned signed x; };", "unsigned signed", "unsupported type");
    refused(f, "struct s { long double x; };", "long double", "unsupported type");
    refused(f, "struct s { int; };", ";", "expected the name of a member");
    refused(f, "struct s { enum nope x; };", "nope", "unknown enum 'nope'");
    refused(f, "struct s { int x; } __attribute__((aligned(3)));", "3", "power of two");
    refused(f, "struct s { int x; } __attribute__((packed);", ";", "expected ')'");
    refused(f, "struct s { int x; } __attribute__(packed));", "packed", "expected '('");
    refused(f, "struct s { int x; } __attribute__((mode(DI)));", "mode", "not supported");
    refused(f, "struct s { typedef int x; };", "typedef", "typedef inside");
    refused(f, "struct s { string x; };", "string", "unknown type 'string'");
    refused(f, "struct s { char x; } y;", "y", "expected ';'");
    refused(f, "int x;", "int", "only struct");
    refused(f, "static int f(void) { return 0; }", "static", "expected a definition");
    refused(f, "struct { int x; } /* ", "/*", "unterminated comment");
    refused(f, "struct s { int @x; };", "@", "expected the name of a member");
    refused(f, "struct s { int x = 'ab'; };", "=", "expected ';'");
    refused(f, "struct s { int x['ab']; };", "'ab'", "malformed character");
}

static struct str repeat(struct fixture *f, const char *begin, const char *part, size_t times,
                         const char *end)
{
    struct buf b = { 0 };
    struct str s;

    buf_puts(&b, begin);
    for (size_t i = 0; i < times; i++)
        buf_puts(&b, part);
    buf_puts(&b, end);
    s = str_dup(&f->arena, buf_as_str(&b));
    buf_free(&b);
    return s;
}

/* Texts made to exhaust the stack, the memory or our patience. */
static void test_hostile(void **state)
{
    struct fixture *f = *state;
    char line[64];

    assert_false(item(f, repeat(f, "struct s { ", "struct { ", 100000, "").p));
    assert_false(item(f, repeat(f, "struct s { int x[", "(", 100000, "1").p));
    assert_false(item(f, repeat(f, "struct s { int x[", "-", 100000, "1]; };").p));
    assert_false(item(f, repeat(f, "struct s { int x[", "1 ? ", 100000, "1]; };").p));
    assert_false(item(f, repeat(f, "struct s { int x[", "sizeof(", 100000, "1]; };").p));
    assert_false(item(f, repeat(f, "struct s { int ", "*", 100000, "x; };").p));
    assert_false(item(f, repeat(f, "struct s { int x", "[1]", 100000, "; };").p));
    assert_false(item(f, repeat(f, "struct s { int ", "(*", 100000, "x; };").p));
    assert_false(item(f, repeat(f, "struct s { int ", "(*", 50000, "x").p));
    assert_true(item(f, "#define CALL(x) x"));
    assert_false(item(f, repeat(f, "struct s { int x[", "CALL(", 100000, "1]; };").p));
    assert_true(item(f, repeat(f, "struct s { int x[1", " + 1", 100000, "]; };").p));
    assert_int_equal(defined(f, "s")->size, 4 * 100001);

    assert_true(item(f, "#define M0"));
    for (int i = 1; i < 64; i++) {
        snprintf(line, sizeof(line), "#define M%d M%d M%d", i, i - 1, i - 1);
        assert_true(item(f, line));
    }
    refused(f, "struct s { M63 };", "M63", "too much text");
    for (int i = 1; i < 300; i++) {
        snprintf(line, sizeof(line), "#define C%d C%d", i, i - 1);
        assert_true(item(f, line));
    }
    refused(f, "struct s { char x[C299]; };", "C299", "too deeply");
    assert_true(item(f, "typedef int p0;"));
    for (int i = 1; i < 200; i++) {
        snprintf(line, sizeof(line), "typedef p%d *p%d;", i - 1, i);
        assert_true(item(f, line));
    }
    assert_true(item(f, "typedef p199 *p200;"));
    refused(f, "typedef p200 *p201;", "*", "too deeply");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_layout, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bit_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arrays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_enum, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kernel_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_macros, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conditionals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
