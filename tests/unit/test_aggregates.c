/*
 * test_aggregates.c - count() to lhist(): from the update in a program to the value that is printed
 *
 * The toolkit of codegen/emit.h is played by an interpreter: a register holds its number in v, and
 * a slot is one CPU's copy. So what the builtins emit is run at once, and its result goes through
 * merge, divide and decode like that of a real program.
 */
#include "tests/unit/output_help.h"

#include "builtins/builtin.h"
#include "codegen/emit.h"
#include "image/image.h"

extern const struct builtin builtins_aggregate[], builtins_histogram[];

enum { MAX_BUCKETS = 2048, CPUS = 3 };

struct cg {
    struct types *types;
};

struct cg_slot {
    uint64_t words[MAX_BUCKETS]; /* of one entry, or one word a bucket */
    size_t at;
};

/* ---- the interpreter ---- */

static uint64_t bits_of(struct cg_val v)
{
    return (uint64_t)(uintptr_t)v.v;
}

static struct cg_val reg(const struct type *type, uint64_t bits)
{
    return (struct cg_val){ .where = CG_VALUE, .v = (void *)(uintptr_t)bits, .type = type };
}

struct types *cg_types(struct cg *cg)
{
    return cg->types;
}

struct cg_val cg_int(struct cg *cg, const struct type *type, uint64_t n)
{
    (void)cg;
    return reg(type, n);
}

struct cg_val cg_u64(struct cg *cg, uint64_t n)
{
    return reg(type_int(cg->types, 8, false), n);
}

bool cg_expr(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    (void)cg;
    *out = reg(e->type, e->num);
    return true;
}

struct cg_val cg_load(struct cg *cg, struct cg_val v)
{
    (void)cg;
    return v;
}

struct cg_val cg_convert(struct cg *cg, struct cg_val v, const struct type *type)
{
    unsigned unused = 64 - 8 * v.type->size;
    uint64_t n = bits_of(v) << unused;

    (void)cg;
    assert_int_equal(type->size, 8);
    return reg(type, v.type->is_signed ? (uint64_t)((int64_t)n >> unused) : n >> unused);
}

struct cg_val cg_op(struct cg *cg, enum op op, struct cg_val l, struct cg_val r)
{
    uint64_t a = bits_of(l), b = bits_of(r);
    const struct type *yes_no = type_bool(cg->types);
    bool is_signed = l.type->is_signed;

    assert_int_equal(l.type->size, r.type->size);
    switch (op) {
    case OP_ADD:
        return reg(l.type, a + b);
    case OP_SUB:
        return reg(l.type, a - b);
    case OP_OR:
        return reg(l.type, a | b);
    case OP_AND:
        return reg(l.type, a & b);
    case OP_DIV:
        assert_false(is_signed);
        return reg(l.type, a / b);
    case OP_SHL:
        assert_true(b < 64);
        return reg(l.type, a << b);
    case OP_SHR:
        assert_true(b < 64 && !is_signed);
        return reg(l.type, a >> b);
    case OP_LT:
        return reg(yes_no, is_signed ? (int64_t)a < (int64_t)b : a < b);
    case OP_GT:
        return reg(yes_no, is_signed ? (int64_t)a > (int64_t)b : a > b);
    case OP_EQ:
        return reg(yes_no, a == b);
    default:
        fail_msg("operator %s", op_text(op));
        return l;
    }
}

struct cg_val cg_select(struct cg *cg, struct cg_val cond, struct cg_val a, struct cg_val b)
{
    (void)cg;
    return bits_of(cond) ? a : b;
}

bool cg_slot_open(struct cg *cg, struct cg_slot *slot, const struct cg_val *bucket)
{
    (void)cg;
    slot->at = bucket ? (size_t)bits_of(*bucket) : 0;
    assert_true(slot->at < MAX_BUCKETS);
    return true;
}

struct cg_val cg_slot_load(struct cg *cg, struct cg_slot *slot, uint32_t offset,
                           const struct type *type)
{
    (void)cg;
    return reg(type, slot->words[slot->at + offset / 8]);
}

void cg_slot_store(struct cg *cg, struct cg_slot *slot, uint32_t offset, struct cg_val v)
{
    (void)cg;
    slot->words[slot->at + offset / 8] = bits_of(v);
}

void cg_slot_add(struct cg *cg, struct cg_slot *slot, uint32_t offset, struct cg_val v)
{
    (void)cg;
    slot->words[slot->at + offset / 8] += bits_of(v);
}

void cg_slot_close(struct cg *cg, struct cg_slot *slot)
{
    (void)cg;
    (void)slot;
}

/* ---- a map entry with a copy for each CPU ---- */

struct entry {
    struct image *image;
    struct arena a;
    const struct builtin *fn;
    const struct type *type, *number; /* of the entry, of the samples */
    struct expr *call;
    struct cg_slot cpus[CPUS];
    uint64_t merged[MAX_BUCKETS];
};

static const struct builtin *find(const char *name)
{
    for (const struct builtin *b = builtins_aggregate; b->name; b++) {
        if (strcmp(b->name, name) == 0)
            return b;
    }
    for (const struct builtin *b = builtins_histogram; b->name; b++) {
        if (strcmp(b->name, name) == 0)
            return b;
    }
    fail_msg("no builtin %s", name);
    return NULL;
}

/* A call with one number (of any type) and literals behind it. */
static struct entry *entry_open(const char *name, bool is_signed, const uint64_t param[4],
                                unsigned n_literals)
{
    struct entry *e = xcalloc(1, sizeof(*e));
    struct expr *args;

    e->image = image_new();
    e->fn = find(name);
    e->type = type_opaque(e->image->types, e->fn->kind, param);
    e->number = type_int(e->image->types, 8, is_signed);
    args = ast_int(&e->a, SPAN_NONE, 0);
    for (unsigned i = 0; i < n_literals; i++)
        ast_expr_append(args, ast_int(&e->a, SPAN_NONE, param[i]));
    e->call = ast_call(&e->a, SPAN_NONE, str_from(name), args, true);
    e->call->call.fn = e->fn;
    return e;
}

static struct entry *plain(const char *name, bool is_signed)
{
    return entry_open(name, is_signed, (uint64_t[4]){ is_signed }, 0);
}

static void entry_close(struct entry *e)
{
    image_free(e->image);
    arena_free(&e->a);
    free(e);
}

static void update_as(struct entry *e, unsigned cpu, uint64_t n, const struct type *type)
{
    struct cg cg = { .types = e->image->types };

    e->call->call.args->num = n;
    e->call->call.args->type = type;
    assert_true(e->fn->update(&cg, e->call, &e->cpus[cpu]));
}

static void update(struct entry *e, unsigned cpu, int64_t n)
{
    update_as(e, cpu, (uint64_t)n, e->number);
}

static void merge(struct entry *e)
{
    const struct value_kind *kind = e->fn->kind;
    size_t n = kind->buckets ? kind->buckets(e->type) : 1, words = kind->size / 8;

    memset(e->merged, 0, sizeof(e->merged));
    assert_true(n * words <= MAX_BUCKETS);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        for (size_t i = 0; i < n; i++)
            kind->merge(e->type, &e->merged[i * words], &e->cpus[cpu].words[i * words]);
    }
}

static const struct value *decoded(struct entry *e)
{
    struct decode d = { .image = e->image, .arena = &e->a };

    return e->fn->kind->decode(&d, e->type, e->merged);
}

static const char *shown(struct entry *e)
{
    return text_of(&e->a, decoded(e));
}

static const char *divided(struct entry *e, uint64_t div)
{
    e->fn->kind->divide(e->type, e->merged, div);
    return shown(e);
}

/* Is a printed before b? */
static bool before(struct entry *a, struct entry *b)
{
    uint64_t x = (uint64_t)a->fn->kind->order_value(a->type, a->merged);
    uint64_t y = (uint64_t)b->fn->kind->order_value(b->type, b->merged);

    assert_int_equal(a->fn->kind->order, ORDER_UNSIGNED);
    return x < y;
}

/* ---- numbers ---- */

static void counts(void **state)
{
    struct entry *e = plain("count", false);

    (void)state;
    merge(e);
    assert_string_equal(shown(e), "0");
    for (unsigned i = 0; i < 10; i++)
        update(e, i % CPUS, 0);
    merge(e);
    assert_string_equal(shown(e), "10");
    assert_string_equal(divided(e, 3), "3");
    assert_true(e->fn->kind->castable && e->fn->kind->aggregate);
    entry_close(e);
}

static void sums(void **state)
{
    struct entry *s = plain("sum", true), *u = plain("sum", false);

    (void)state;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        update(s, cpu, -5 * (int)cpu);
        update(u, cpu, 5 * (int)cpu);
    }
    update_as(s, 0, 0xff, type_int(s->image->types, 1, true));  /* -1 */
    update_as(u, 0, 0xff, type_int(u->image->types, 1, false)); /* 255 */
    merge(s);
    merge(u);
    assert_string_equal(shown(s), "-16");
    assert_string_equal(shown(u), "270");
    assert_string_equal(divided(s, 3), "-5");
    assert_string_equal(divided(s, UINT64_MAX), "0");
    update(u, 1, -1);
    merge(u);
    assert_string_equal(shown(u), "269"); /* wrapped around */
    entry_close(s);
    entry_close(u);
}

static void extremes(void **state)
{
    struct entry *min = plain("min", true), *max = plain("max", true), *umax = plain("max", false),
                 *umin = plain("min", false);

    (void)state;
    merge(min);
    assert_string_equal(shown(min), "0");       /* not set at all */
    for (unsigned cpu = 1; cpu < CPUS; cpu++) { /* CPU 0 never ran */
        int sign = cpu == 1 ? 1 : -1;

        update(min, cpu, 3 * sign);
        update(min, cpu, 7 * sign);
        update(min, cpu, 5 * sign);
        update(max, cpu, -3);
        update(max, cpu, -9 + (int)cpu);
        update(umax, cpu, cpu == 1 ? -1 : 7);
        update(umin, cpu, cpu == 1 ? -1 : 7);
    }
    merge(min);
    merge(max);
    merge(umax);
    merge(umin);
    assert_string_equal(shown(min), "-7");
    assert_string_equal(shown(max), "-3"); /* greater than the 0 of a CPU that has no value */
    assert_string_equal(shown(umax), "18446744073709551615");
    assert_string_equal(shown(umin), "7");
    assert_true(before(umin, max)); /* unsigned: -3 is large */
    assert_string_equal(divided(min, 2), "-3");
    entry_close(min);
    entry_close(max);
    entry_close(umax);
    entry_close(umin);
}

static void averages(void **state)
{
    struct entry *avg = plain("avg", true), *stats = plain("stats", true), *u = plain("avg", false);

    (void)state;
    merge(avg);
    merge(stats);
    assert_string_equal(shown(avg), "0");
    assert_string_equal(shown(stats), "{ .count = 0, .average = 0, .total = 0 }");
    for (unsigned i = 0; i < 7; i++) {
        update(avg, i % CPUS, -10 - (int)i);
        update(stats, i % CPUS, -10 - (int)i);
        update(u, i % CPUS, (int)i);
    }
    merge(avg);
    merge(stats);
    merge(u);
    assert_string_equal(shown(avg), "-13");
    assert_true(decoded(avg)->as_avg);
    assert_string_equal(shown(stats), "{ .count = 7, .average = -13, .total = -91 }");
    assert_int_equal(decoded(stats)->shape, VALUE_STATS);
    assert_string_equal(shown(u), "3");
    assert_string_equal(divided(avg, 2), "-6");
    assert_null(stats->fn->kind->divide);
    assert_false(stats->fn->kind->castable);
    avg->merged[0] = (uint64_t)INT64_MIN; /* a damaged entry */
    avg->merged[1] = UINT64_MAX;
    assert_string_equal(shown(avg), "0");
    entry_close(avg);
    entry_close(stats);
    entry_close(u);
}

static void orders(void **state)
{
    struct entry *a = plain("sum", true), *b = plain("sum", true), *c = plain("sum", true);
    struct entry *x = plain("sum", false), *y = plain("sum", false);

    (void)state;
    update(a, 0, -5);
    update(b, 0, 0);
    update(c, 0, INT64_MAX);
    update(x, 0, INT64_MAX);
    update(y, 0, -1);
    merge(a);
    merge(b);
    merge(c);
    merge(x);
    merge(y);
    assert_true(before(a, b) && before(b, c) && !before(c, a));
    assert_true(before(x, y));
    entry_close(a);
    entry_close(b);
    entry_close(c);
    entry_close(x);
    entry_close(y);
}

/* ---- histograms ---- */

/* LANGUAGE.md 15.2, word by word. */
static uint64_t log2_index(unsigned k, int64_t n)
{
    uint64_t parts = UINT64_C(1) << k;
    unsigned m = 0, shift;

    if (n < 0)
        return 0;
    if ((uint64_t)n < parts)
        return (uint64_t)n + 1;
    while ((uint64_t)n >> m > 1)
        m++;
    shift = m - k;
    return ((uint64_t)(shift + 1) << k) + (((uint64_t)n >> shift) & (parts - 1)) + 1;
}

static uint64_t linear_index(int64_t n, int64_t min, int64_t max, int64_t step)
{
    if (n < min)
        return 0;
    if (n > max)
        return (uint64_t)(1 + (max - min) / step);
    return (uint64_t)(1 + (n - min) / step);
}

static uint64_t bucket_of(struct entry *e, int64_t n)
{
    memset(&e->cpus[0], 0, sizeof(e->cpus[0]));
    update(e, 0, n);
    assert_int_equal(e->cpus[0].words[e->cpus[0].at], 1);
    assert_true(e->cpus[0].at < e->fn->kind->buckets(e->type));
    return e->cpus[0].at;
}

static const int64_t samples[] = { INT64_MIN,
                                   -1,
                                   0,
                                   1,
                                   2,
                                   3,
                                   4,
                                   5,
                                   7,
                                   8,
                                   9,
                                   10,
                                   11,
                                   15,
                                   16,
                                   31,
                                   32,
                                   33,
                                   63,
                                   64,
                                   99,
                                   100,
                                   101,
                                   255,
                                   256,
                                   1000,
                                   1023,
                                   1024,
                                   65535,
                                   65536,
                                   1 << 20,
                                   UINT32_MAX,
                                   INT64_C(1) << 32,
                                   INT64_C(1) << 62,
                                   INT64_MAX };

static void log2_buckets(void **state)
{
    (void)state;
    for (uint64_t k = 0; k <= 5; k++) {
        struct entry *e = entry_open("hist", true, (uint64_t[4]){ k }, 1);

        for (size_t i = 0; i < ARRAY_LEN(samples); i++)
            assert_int_equal(bucket_of(e, samples[i]), log2_index((unsigned)k, samples[i]));
        for (unsigned shift = 1; shift < 63; shift++) {
            for (int64_t d = -1; d <= 1; d++) {
                int64_t n = (int64_t)(UINT64_C(3) << shift >> 1) + d;

                assert_int_equal(bucket_of(e, n), log2_index((unsigned)k, n));
            }
        }
        entry_close(e);
    }
}

static void linear_buckets(void **state)
{
    static const uint64_t bounds[][4] = { { 0, 100, 10 },    { 10, 100, 9 },
                                          { 0, 10, 1 },      { 1, 11, 3 },
                                          { 100, 200, 100 }, { 0, INT64_MAX, INT64_MAX / 1000 } };

    (void)state;
    for (size_t b = 0; b < ARRAY_LEN(bounds); b++) {
        struct entry *e = entry_open("lhist", true, bounds[b], 3);

        for (size_t i = 0; i < ARRAY_LEN(samples); i++)
            assert_int_equal(bucket_of(e, samples[i]),
                             linear_index(samples[i], (int64_t)bounds[b][0], (int64_t)bounds[b][1],
                                          (int64_t)bounds[b][2]));
        entry_close(e);
    }
}

static void histogram_values(void **state)
{
    struct entry *h = entry_open("hist", true, (uint64_t[4]){ 0 }, 1);
    struct entry *l = entry_open("lhist", true, (uint64_t[4]){ 0, 10, 5 }, 3);
    const struct value *v;

    (void)state;
    merge(h);
    assert_int_equal(decoded(h)->hist.n, 0);
    for (unsigned i = 0; i < 6; i++) {
        update(h, i % CPUS, i < 3 ? 5 : 40);
        update(l, i % CPUS, i < 4 ? 3 : 99);
    }
    merge(h);
    merge(l);
    v = decoded(h);
    assert_int_equal(v->shape, VALUE_HIST);
    assert_int_equal(v->hist.n, 4); /* [4, 8) [8, 16) [16, 32) [32, 64) */
    assert_true(str_eqz(v->hist.v[0].label, "[4, 8)"));
    assert_int_equal(v->hist.v[0].count, 3);
    assert_int_equal(v->hist.v[1].count, 0);
    assert_int_equal(v->hist.v[3].count, 3);
    v = decoded(l);
    assert_int_equal(v->hist.n, 3);
    assert_true(str_eqz(v->hist.v[0].label, "[0, 5)"));
    assert_true(str_eqz(v->hist.v[2].label, "[10, ...)"));
    assert_int_equal(v->hist.v[2].count, 2);
    assert_int_equal(h->fn->kind->order_value(h->type, h->merged), 6);
    h->fn->kind->divide(h->type, h->merged, 2);
    assert_int_equal(decoded(h)->hist.v[0].count, 1);
    assert_null(l->fn->kind->divide);
    entry_close(h);
    entry_close(l);
}

static void damaged_types(void **state)
{
    struct entry *h = entry_open("hist", true, (uint64_t[4]){ UINT64_MAX }, 0);
    struct entry *l = entry_open("lhist", true, (uint64_t[4]){ 5, 1, 0 }, 0);

    (void)state;
    assert_true(h->fn->kind->buckets(h->type) <= MAX_BUCKETS);
    assert_int_equal(l->fn->kind->buckets(l->type), 3);
    assert_int_equal(decoded(h)->hist.n, 0);
    assert_int_equal(decoded(l)->hist.n, 0);
    entry_close(h);
    entry_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),         cmocka_unit_test(sums),
        cmocka_unit_test(extremes),       cmocka_unit_test(averages),
        cmocka_unit_test(orders),         cmocka_unit_test(log2_buckets),
        cmocka_unit_test(linear_buckets), cmocka_unit_test(histogram_values),
        cmocka_unit_test(damaged_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
