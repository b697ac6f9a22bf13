/*
 * test_btf.c - types, functions and raw tracepoints from BTF
 *
 * Three sources: the small kernel of tests/fixtures/kernel (read its vmlinux.c beside this), BTF
 * made here with libbpf's writer for what a compiler would not produce, and the machine's own
 * kernel, whose types libbpf's reader judges.
 */
#include "kernel/kernel.h"

#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <bpf/btf.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef TEST_FIXTURES
#define TEST_FIXTURES "tests/fixtures"
#endif
#define FIXTURE_KERNEL TEST_FIXTURES "/kernel"
#define FIXTURE_BTF    FIXTURE_KERNEL "/sys/kernel/btf/vmlinux"
#define LIVE_BTF       "/sys/kernel/btf/vmlinux"

struct world {
    struct arena arena;
    struct types *types;
    struct kernel *kernel;
    char dir[32]; /* of a made-up kernel, or "" */
};

static struct world world_open(const char *root)
{
    struct world w = { .kernel = kernel_open(root) };

    return w;
}

/* Types live in the world's arena, so they are made when the world has its final address. */
static struct types *types_of(struct world *w)
{
    if (!w->types)
        w->types = types_new(&w->arena);
    return w->types;
}

static void path_in(const struct world *w, char out[128], const char *rest)
{
    snprintf(out, 128, "%s%s", w->dir, rest);
}

static void write_file(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

/* A root with nothing but this BTF in it; module may be NULL. */
static struct world world_made(const void *vmlinux, size_t n, const void *module, size_t module_n)
{
    static const char *const dirs[] = { "/sys", "/sys/kernel", "/sys/kernel/btf" };
    struct world w = { .dir = "/tmp/hark-btf-XXXXXX" };
    char path[128];

    assert_non_null(mkdtemp(w.dir));
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        path_in(&w, path, dirs[i]);
        mkdir(path, 0700);
    }
    path_in(&w, path, "/sys/kernel/btf/vmlinux");
    write_file(path, vmlinux, n);
    path_in(&w, path, "/sys/kernel/btf/demo");
    if (module)
        write_file(path, module, module_n);
    w.kernel = kernel_open(w.dir);
    return w;
}

static void world_close(struct world *w)
{
    static const char *const paths[] = { "/sys/kernel/btf/vmlinux", "/sys/kernel/btf/demo" };
    static const char *const dirs[] = { "/sys/kernel/btf", "/sys/kernel", "/sys", "" };
    char path[128];

    kernel_close(w->kernel);
    arena_free(&w->arena);
    for (size_t i = 0; *w->dir && i < ARRAY_LEN(paths); i++) {
        path_in(w, path, paths[i]);
        unlink(path);
    }
    for (size_t i = 0; *w->dir && i < ARRAY_LEN(dirs); i++) {
        path_in(w, path, dirs[i]);
        rmdir(path);
    }
}

static const struct type *get(struct world *w, char tag, const char *name)
{
    return kernel_type(w->kernel, types_of(w), tag, str_from(name));
}

#define assert_type(w, type, text)                                                                 \
    do {                                                                                           \
        assert_non_null(type);                                                                     \
        assert_string_equal(type_name(&(w)->arena, type).p, text);                                 \
    } while (0)

/* A member by name; it must be there. */
static struct field member(struct world *w, const struct type *t, const char *name)
{
    struct field f;

    assert_non_null(t);
    if (!type_find_field(types_of(w), t, str_from(name), &f))
        fail_msg("no member %s", name);
    return f;
}

static void assert_member(struct world *w, const struct type *t, const char *name, unsigned offset,
                          const char *type)
{
    struct field f = member(w, t, name);

    assert_type(w, f.type, type);
    assert_int_equal(f.offset, offset);
    assert_int_equal(f.bit_size, 0);
    assert_false(f.data_loc);
}

static void assert_bits(struct world *w, const struct type *t, const char *name, unsigned offset,
                        unsigned bit_offset, unsigned bit_size, const char *type)
{
    struct field f = member(w, t, name);

    assert_type(w, f.type, type);
    assert_int_equal(f.offset, offset);
    assert_int_equal(f.bit_offset, bit_offset);
    assert_int_equal(f.bit_size, bit_size);
}

/* What an enumeration handed out, separated by blanks. */
static int collect(void *arg, struct str name)
{
    struct buf *b = arg;

    buf_printf(b, "%s%.*s", b->n ? " " : "", STRF(name));
    return 0;
}

static int collect_func(void *arg, const struct func_info *f)
{
    return collect(arg, f->name);
}

static int stop_at_once(void *arg, struct str name)
{
    (void)name;
    ++*(int *)arg;
    return 7;
}

static void assert_text(struct buf *b, const char *text)
{
    assert_string_equal(b->n ? b->p : "", text);
    buf_free(b);
}

/* ---- the small kernel ---- */

static void test_members(void **state)
{
    struct world w = world_open(FIXTURE_KERNEL);
    const struct type *task = get(&w, 's', "task_struct");
    const struct type *pair;
    struct field f;
    size_t n;

    (void)state;
    assert_type(&w, task, "struct task_struct");
    assert_int_equal(task->size, 208);
    assert_int_equal(task->align, 16);
    assert_member(&w, task, "state", 0, "int64");
    assert_member(&w, task, "pid", 8, "int32");
    assert_member(&w, task, "tgid", 12, "int32");
    assert_member(&w, task, "comm", 16, "string[16]");
    assert_member(&w, task, "address", 32, "string[6]");
    assert_member(&w, task, "exiting", 38, "bool");
    assert_bits(&w, task, "policy", 36, 24, 3, "uint32");
    assert_bits(&w, task, "nice", 36, 27, 5, "uint32");
    assert_bits(&w, task, "balance", 40, 0, 4, "int32");
    assert_member(&w, task, "mm", 48, "struct mm_struct *");
    assert_member(&w, task, "parent", 56, "struct task_struct *");
    assert_ptr_equal(member(&w, task, "parent").type->elem, task);
    assert_member(&w, task, "arg", 64, "int8 *");
    assert_true(member(&w, task, "arg").type->elem->is_char);
    assert_member(&w, task, "runs", 72, "uint64 *");
    assert_member(&w, task, "inner", 80, "int32");
    assert_member(&w, task, "second", 84, "int32");
    assert_member(&w, task, "both", 80, "uint64");
    assert_member(&w, task, "mode", 88, "enum state");
    assert_member(&w, task, "tasks", 96, "struct list_head");
    assert_member(&w, task, "notify", 112, "int32 (*)()");
    assert_member(&w, task, "counts", 120, "uint32[2][3]");
    assert_member(&w, task, "weight", 144, "uint8[8]");
    assert_member(&w, task, "wide", 160, "uint8[16]");
    assert_member(&w, task, "later", 176, "struct undefined *");
    assert_false(type_is_complete(member(&w, task, "later").type->elem));
    type_fields(types_of(&w), member(&w, task, "later").type->elem, &n);
    assert_int_equal(n, 0);
    assert_member(&w, task, "table", 184, "uint64 **");
    assert_member(&w, task, "top", 200, "enum wide");
    f = member(&w, task, "tail");
    assert_int_equal(f.type->kind, TYPE_ARRAY);
    assert_int_equal(f.type->count, 0);
    assert_int_equal(f.offset, 208);
    assert_false(type_find_field(types_of(&w), task, STR("nothing"), &f));

    pair = member(&w, task, "pair").type;
    assert_int_equal(pair->kind, TYPE_ARRAY);
    assert_int_equal(pair->count, 2);
    assert_member(&w, pair->elem, "high", 2, "uint16");

    type_fields(types_of(&w), task, &n);
    assert_int_equal(n, 25);
    world_close(&w);
}

static void test_tags_and_packing(void **state)
{
    struct world w = world_open(FIXTURE_KERNEL);
    const struct type *task = get(&w, 's', "task_struct");
    const struct type *record = get(&w, 's', "record");

    (void)state;
    assert_int_equal(member(&w, task, "mm").as, AS_NONE);
    assert_int_equal(member(&w, task, "arg").as, AS_USER);
    assert_false(member(&w, task, "arg").refused);
    assert_false(member(&w, task, "parent").refused);
    assert_true(member(&w, task, "runs").refused);
    assert_int_equal(record->size, 13);
    assert_int_equal(record->align, 1);
    assert_member(&w, record, "length", 1, "uint32");
    assert_member(&w, record, "name", 5, "uint64");
    world_close(&w);
}

static void test_names(void **state)
{
    struct world w = world_open(FIXTURE_KERNEL);
    struct buf b = { 0 };
    int n = 0;

    (void)state;
    assert_type(&w, get(&w, 0, "pid_t"), "int32");
    assert_type(&w, get(&w, 0, "unsigned long"), "uint64");
    assert_type(&w, get(&w, 0, "bool"), "bool");
    assert_type(&w, get(&w, 0, "double"), "uint8[8]");
    assert_member(&w, get(&w, 0, "siginfo_t"), "si_value", 8, "union sigval");
    assert_member(&w, get(&w, 'u', "sigval"), "pointer", 0, "void *");
    assert_ptr_equal(get(&w, 's', "file"), get(&w, 's', "file"));
    assert_null(get(&w, 's', "sigval"));
    assert_null(get(&w, 's', "undefined"));
    assert_null(get(&w, 's', "task_struc"));
    assert_null(get(&w, 's', ""));
    assert_null(get(&w, 0, "task_struct"));

    kernel_each_type(w.kernel, 's', STR("*"), collect, &b);
    assert_text(&b, "file list_head mm_struct record task_struct");
    kernel_each_type(w.kernel, 's', STR("*_struct"), collect, &b);
    assert_text(&b, "mm_struct task_struct");
    kernel_each_type(w.kernel, 'u', STR("sigval"), collect, &b);
    assert_text(&b, "sigval");
    kernel_each_type(w.kernel, 'e', STR("*"), collect, &b);
    assert_text(&b, "flags state wide");
    kernel_each_type(w.kernel, 0, STR("[lo]*_t"), collect, &b);
    assert_text(&b, "loff_t");
    assert_int_equal(kernel_each_type(w.kernel, 's', STR("*"), stop_at_once, &n), 7);
    assert_int_equal(n, 1);
    world_close(&w);
}

static void test_enums(void **state)
{
    static const struct {
        const char *name, *type;
        uint64_t value;
    } expected[] = {
        { "STATE_RUN", "enum state", 5 },           { "STATE_BAD", "enum state", UINT64_MAX },
        { "FLAG_HIGH", "enum flags", 0x80000000 },  { "WIDE_TOP", "enum wide", 0x100000000 },
        { "NAMELESS_FOUR", "enum (anonymous)", 4 },
    };
    struct world w = world_open(FIXTURE_KERNEL);
    const struct type *mode = member(&w, get(&w, 's', "task_struct"), "mode").type;
    const struct type *type;
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_true(
            kernel_enum_const(w.kernel, types_of(&w), str_from(expected[i].name), &value, &type));
        assert_int_equal(value, expected[i].value);
        assert_type(&w, type, expected[i].type);
        assert_string_equal(type_enum_name(types_of(&w), type, value), expected[i].name);
    }
    assert_false(kernel_enum_const(w.kernel, types_of(&w), STR("STATE_"), &value, &type));
    assert_ptr_equal(get(&w, 'e', "state"), mode);
    assert_true(mode->is_signed);
    assert_int_equal(mode->size, 4);
    assert_string_equal(type_enum_name(types_of(&w), mode, UINT64_MAX), "STATE_BAD");
    assert_null(type_enum_name(types_of(&w), mode, 1));
    assert_int_equal(get(&w, 'e', "wide")->size, 8);
    assert_false(get(&w, 'e', "flags")->is_signed);
    world_close(&w);
}

static void assert_param(struct world *w, const struct func_sig *sig, size_t i, const char *name,
                         const char *type, unsigned offset)
{
    assert_true(i < sig->n_params);
    assert_true(str_eqz(sig->params[i].name, name));
    assert_type(w, sig->params[i].type, type);
    assert_int_equal(sig->params[i].offset, offset);
}

static void test_functions(void **state)
{
    struct world w = world_open(FIXTURE_KERNEL);
    struct func_sig sig;

    (void)state;
    assert_true(kernel_func(w.kernel, types_of(&w), STR(""), STR("vfs_read"), &sig));
    assert_int_equal(sig.n_params, 4);
    assert_param(&w, &sig, 0, "file", "struct file *", 0);
    assert_param(&w, &sig, 1, "buf", "int8 *", 8);
    assert_param(&w, &sig, 2, "count", "uint64", 16);
    assert_param(&w, &sig, 3, "pos", "int64 *", 24);
    assert_int_equal(sig.params[0].as, AS_NONE);
    assert_int_equal(sig.params[1].as, AS_USER);
    assert_type(&w, sig.result, "int64");
    assert_true(str_eqz(sig.info.module, "vmlinux"));
    assert_true(sig.info.btf_id != 0);

    assert_true(kernel_func(w.kernel, types_of(&w), STR(""), STR("do_nothing"), &sig));
    assert_int_equal(sig.n_params, 0);
    assert_int_equal(sig.result->kind, TYPE_NONE);

    /* 13 bytes take two words, 16 too */
    assert_true(kernel_func(w.kernel, types_of(&w), STR(""), STR("by_value"), &sig));
    assert_param(&w, &sig, 0, "where", "struct record", 0);
    assert_int_equal(sig.params[1].offset, 16);
    assert_param(&w, &sig, 2, "last", "int32", 32);

    assert_false(kernel_func(w.kernel, types_of(&w), STR(""), STR("vfs_write"), &sig));
    assert_false(kernel_func(w.kernel, types_of(&w), STR(""), STR("task_struct"), &sig));
    world_close(&w);
}

static void test_raw_tracepoints(void **state)
{
    struct world w = world_open(FIXTURE_KERNEL);
    struct buf b = { 0 };
    struct func_sig sig;

    (void)state;
    assert_true(kernel_raw_tracepoint(w.kernel, types_of(&w), STR(""), STR("task_exit"), &sig));
    assert_int_equal(sig.n_params, 2);
    assert_param(&w, &sig, 0, "task", "struct task_struct *", 0);
    assert_param(&w, &sig, 1, "code", "int32", 8);
    assert_int_equal(sig.result->kind, TYPE_NONE);
    assert_true(kernel_raw_tracepoint(w.kernel, types_of(&w), STR(""), STR("task_fork"), &sig));
    assert_int_equal(sig.n_params, 2);
    assert_param(&w, &sig, 1, "thread", "bool", 8);
    assert_true(kernel_raw_tracepoint(w.kernel, types_of(&w), STR(""), STR("task_wake"), &sig));
    assert_int_equal(sig.n_params, 1);
    assert_param(&w, &sig, 0, "arg0", "struct task_struct *", 0);
    assert_false(kernel_raw_tracepoint(w.kernel, types_of(&w), STR(""), STR("task_"), &sig));

    kernel_each_raw_tracepoint(w.kernel, STR("*"), STR("*"), collect_func, &b);
    assert_text(&b, "task_exit task_fork task_wake");
    kernel_each_raw_tracepoint(w.kernel, STR("*"), STR("*[kt]"), collect_func, &b);
    assert_text(&b, "task_exit task_fork");
    kernel_each_raw_tracepoint(w.kernel, STR("*"), STR("task_wake"), collect_func, &b);
    assert_text(&b, "task_wake");
    kernel_each_raw_tracepoint(w.kernel, STR("*"), STR("task_sleep"), collect_func, &b);
    assert_text(&b, "");
    world_close(&w);
}

static void test_definitions(void **state)
{
    static const char task[] = "struct task_struct {\n"
                               "\tvolatile long state;\n"
                               "\tpid_t pid;\n"
                               "\tconst pid_t tgid;\n"
                               "\tchar comm[16];\n"
                               "\tu8 address[6];\n"
                               "\tbool exiting;\n"
                               "\tunsigned int policy:3;\n"
                               "\tunsigned int nice:5;\n"
                               "\tint balance:4;\n"
                               "\tstruct mm_struct *mm;\n"
                               "\tstruct task_struct *parent;\n"
                               "\tconst char *arg;\n"
                               "\tu64 *runs;\n"
                               "\tunion {\n"
                               "\t\tstruct {\n"
                               "\t\t\tint inner;\n"
                               "\t\t\tint second;\n"
                               "\t\t};\n"
                               "\t\tu64 both;\n"
                               "\t};\n"
                               "\tenum state mode;\n"
                               "\tstruct list_head tasks;\n"
                               "\tint (*notify)(struct task_struct *, const char *, ...);\n"
                               "\tu32 counts[2][3];\n"
                               "\tdouble weight;\n"
                               "\t__int128 wide;\n"
                               "\tstruct undefined *later;\n"
                               "\tu64 *const *table;\n"
                               "\tstruct {\n"
                               "\t\tu16 low;\n"
                               "\t\tu16 high;\n"
                               "\t} pair[2];\n"
                               "\tenum wide top;\n"
                               "\tchar tail[];\n"
                               "};";
    static const struct {
        char tag;
        const char *name, *text;
    } expected[] = {
        { 's', "task_struct", task },
        { 'u', "sigval", "union sigval {\n\tint number;\n\tvoid *pointer;\n};" },
        { 'e', "state",
          "enum state {\n\tSTATE_IDLE = 0,\n\tSTATE_RUN = 5,\n\tSTATE_BAD = -1,\n};" },
        { 'e', "wide", "enum wide {\n\tWIDE_ONE = 1,\n\tWIDE_TOP = 4294967296,\n};" },
        { 0, "u64", "typedef unsigned long u64;" },
        { 0, "siginfo_t",
          "typedef struct {\n\tint si_signo;\n\tunion sigval si_value;\n} siginfo_t;" },
        { 0, "btf_trace_task_wake",
          "typedef void (*btf_trace_task_wake)(void *, struct task_struct *);" },
    };
    struct world w = world_open(FIXTURE_KERNEL);
    struct buf b = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_true(kernel_type_definition(w.kernel, types_of(&w), expected[i].tag,
                                           str_from(expected[i].name), &b));
        assert_text(&b, expected[i].text);
    }
    assert_false(kernel_type_definition(w.kernel, types_of(&w), 's', STR("nothing"), &b));
    assert_false(kernel_type_definition(w.kernel, types_of(&w), 0, STR("int"), &b));
    world_close(&w);
}

/* The table that is made after some searches must give what the searches gave. */
static void test_many_lookups(void **state)
{
    struct world w = world_open(FIXTURE_KERNEL);
    const struct type *file = get(&w, 's', "file");
    struct func_sig first, again;

    (void)state;
    assert_true(kernel_func(w.kernel, types_of(&w), STR(""), STR("vfs_read"), &first));
    for (int i = 0; i < 100; i++) {
        assert_ptr_equal(get(&w, 's', "file"), file);
        assert_null(get(&w, 's', "vfs_read"));
        assert_null(get(&w, 's', "nothing"));
        assert_true(kernel_func(w.kernel, types_of(&w), STR(""), STR("vfs_read"), &again));
        assert_int_equal(first.info.btf_id, again.info.btf_id);
    }
    world_close(&w);
}

static void test_identity_and_absence(void **state)
{
    struct world w = world_open(FIXTURE_KERNEL), same = world_open(FIXTURE_KERNEL);
    struct world none = world_open("/nonexistent");
    struct func_sig sig;
    const struct type *type;
    uint64_t value;

    (void)state;
    assert_true(kernel_has_btf(w.kernel));
    assert_int_equal(kernel_btf_identity(w.kernel), 0);
    get(&w, 's', "file");
    get(&same, 's', "file");
    assert_int_not_equal(kernel_btf_identity(w.kernel), 0);
    assert_int_equal(kernel_btf_identity(w.kernel), kernel_btf_identity(same.kernel));

    assert_false(kernel_has_btf(none.kernel));
    assert_null(get(&none, 's', "file"));
    assert_false(kernel_func(none.kernel, types_of(&none), STR(""), STR("vfs_read"), &sig));
    assert_false(kernel_raw_tracepoint(none.kernel, types_of(&none), STR(""), STR("x"), &sig));
    assert_false(kernel_enum_const(none.kernel, types_of(&none), STR("X"), &value, &type));
    assert_int_equal(kernel_each_type(none.kernel, 's', STR("*"), stop_at_once, NULL), 0);
    assert_int_equal(
        kernel_each_raw_tracepoint(none.kernel, STR("*"), STR("*"), collect_func, NULL), 0);
    assert_int_equal(kernel_btf_identity(none.kernel), 0);
    world_close(&w);
    world_close(&same);
    world_close(&none);
}

static void test_environment(void **state)
{
    struct world w;

    (void)state;
    setenv("BPFTRACE_BTF", FIXTURE_BTF, 1);
    w = world_open(NULL);
    assert_int_equal(get(&w, 's', "task_struct")->size, 208);
    assert_null(get(&w, 's', "module_list_that_is_not_there"));
    world_close(&w);
    setenv("BPFTRACE_BTF", "/dev/null", 1);
    w = world_open(NULL);
    assert_null(get(&w, 's', "task_struct"));
    world_close(&w);
    unsetenv("BPFTRACE_BTF");
}

/* ---- made-up BTF ---- */

static struct world world_of(struct btf *btf)
{
    uint32_t n;
    const void *data = btf__raw_data(btf, &n);
    struct world w = world_made(data, n, NULL, 0);

    btf__free(btf);
    return w;
}

static void test_module(void **state)
{
    struct btf *base = btf__parse(FIXTURE_BTF, NULL), *module;
    int task, ptr, data_ptr, file;
    uint32_t base_n, n;
    const void *base_data, *data;
    struct func_sig sig;
    struct buf b = { 0 };
    const struct type *type;
    struct world w;
    uint64_t value;

    (void)state;
    assert_non_null(base);
    module = btf__new_empty_split(base);
    assert_non_null(module);
    task = btf__find_by_name_kind(base, "task_struct", BTF_KIND_STRUCT);
    ptr = btf__add_ptr(module, task);
    data_ptr = btf__add_ptr(module, 0);
    file = btf__add_struct(module, "demo_file", 24);
    btf__add_field(module, "pid", btf__find_by_name(base, "pid_t"), 0, 0);
    btf__add_field(module, "owner", ptr, 64, 0);
    btf__add_field(module, "same", file + 1, 128, 0);
    btf__add_ptr(module, file);
    btf__add_enum(module, "demo_enum", 4);
    btf__add_enum_value(module, "DEMO_ONE", 1);
    btf__add_func_proto(module, 0);
    btf__add_func_param(module, "__data", data_ptr);
    btf__add_func_param(module, "file", file + 1);
    btf__add_func(module, "__probestub_demo_open", BTF_FUNC_STATIC, file + 3);
    btf__add_ptr(module, file + 3);
    btf__add_typedef(module, "btf_trace_demo_open", file + 5);
    btf__add_func(module, "vfs_read", BTF_FUNC_STATIC, file + 3);

    base_data = btf__raw_data(base, &base_n);
    data = btf__raw_data(module, &n);
    w = world_made(base_data, base_n, data, n);
    btf__free(module);
    btf__free(base);

    type = get(&w, 's', "demo_file");
    assert_type(&w, type, "struct demo_file");
    assert_member(&w, type, "pid", 0, "int32");
    assert_member(&w, type, "owner", 8, "struct task_struct *");
    assert_ptr_equal(member(&w, type, "owner").type->elem, get(&w, 's', "task_struct"));
    assert_ptr_equal(member(&w, type, "same").type->elem, type);
    assert_member(&w, member(&w, type, "owner").type->elem, "tgid", 12, "int32");
    assert_true(kernel_enum_const(w.kernel, types_of(&w), STR("DEMO_ONE"), &value, &type));
    assert_type(&w, type, "enum demo_enum");
    assert_string_equal(type_enum_name(types_of(&w), type, 1), "DEMO_ONE");

    assert_true(kernel_func(w.kernel, types_of(&w), STR(""), STR("__probestub_demo_open"), &sig));
    assert_true(str_eqz(sig.info.module, "demo"));
    assert_int_equal(sig.n_params, 2);
    assert_true(kernel_func(w.kernel, types_of(&w), STR(""), STR("vfs_read"), &sig));
    assert_true(str_eqz(sig.info.module, "vmlinux"));
    assert_true(kernel_raw_tracepoint(w.kernel, types_of(&w), STR(""), STR("demo_open"), &sig));
    assert_param(&w, &sig, 0, "file", "struct demo_file *", 0);
    assert_true(str_eqz(sig.info.module, "demo"));
    kernel_each_raw_tracepoint(w.kernel, STR("*"), STR("*o[pr]*"), collect_func, &b);
    assert_text(&b, "task_fork demo_open");
    kernel_each_type(w.kernel, 's', STR("*file"), collect, &b);
    assert_text(&b, "demo_file file");
    assert_true(kernel_type_definition(w.kernel, types_of(&w), 's', STR("demo_file"), &b));
    assert_text(&b, "struct demo_file {\n\tpid_t pid;\n\tstruct task_struct *owner;\n"
                    "\tstruct demo_file *same;\n};");
    world_close(&w);
}

/* Bit fields as compilers wrote them before members had a size: an integer type with fewer bits. */
static void test_old_bit_fields(void **state)
{
    struct btf *btf = btf__new_empty();
    int narrow = btf__add_int(btf, "unsigned int", 4, 0);
    int odd = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
    int plain = btf__add_int(btf, "unsigned int", 4, 0);
    const struct {
        const char *name;
        const int *type;
        uint32_t bit;
    } members[] = {
        { "a", &narrow, 0 }, { "b", &narrow, 3 }, { "c", &odd, 6 }, { "d", &plain, 32 }
    };
    const struct type *t;
    struct world w;

    (void)state;
    *(uint32_t *)(btf__type_by_id(btf, (uint32_t)narrow) + 1) = 3; /* bits */
    *(uint32_t *)(btf__type_by_id(btf, (uint32_t)odd) + 1) = BTF_INT_SIGNED << 24 | 2 << 16 | 5;
    btf__add_struct(btf, "old", 8);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        btf__add_field(btf, members[i].name, *members[i].type, 0, 0);
        btf_members(btf__type_by_id(btf, (uint32_t)plain + 1))[i].offset = members[i].bit;
    }
    w = world_of(btf);
    t = get(&w, 's', "old");
    assert_bits(&w, t, "a", 0, 0, 3, "uint32");
    assert_bits(&w, t, "b", 0, 3, 3, "uint32");
    assert_bits(&w, t, "c", 0, 8, 5, "int32");
    assert_member(&w, t, "d", 4, "uint32");
    world_close(&w);
}

/* In packed structs a bit field may lie across two units of its type, or near the end. */
static void test_packed_bit_fields(void **state)
{
    struct btf *btf = btf__new_empty();
    int u8 = btf__add_int(btf, "unsigned char", 1, 0);
    int u16 = btf__add_int(btf, "unsigned short", 2, 0);
    int u64 = btf__add_int(btf, "unsigned long", 8, 0);
    const struct type *t;
    struct field f;
    struct world w;

    (void)state;
    btf__add_struct(btf, "tight", 11);
    btf__add_field(btf, "first", u8, 0, 0);
    btf__add_field(btf, "across", u16, 12, 8);
    btf__add_field(btf, "late", u16, 80, 4);
    btf__add_field(btf, "huge", u64, 7, 60);
    w = world_of(btf);
    t = get(&w, 's', "tight");
    assert_int_equal(t->size, 11);
    assert_bits(&w, t, "across", 0, 12, 8, "uint32");
    assert_bits(&w, t, "late", 9, 8, 4, "uint16");
    assert_false(type_find_field(types_of(&w), t, STR("huge"), &f)); /* no integer holds it */
    world_close(&w);
}

/* Structs of one name and different members keep apart, whichever is met first. */
static void test_twins(void **state)
{
    struct btf *btf = btf__new_empty();
    int u32 = btf__add_int(btf, "u", 4, 0);
    const struct type *user, *first, *second;
    struct world w;
    size_t n;

    (void)state;
    btf__add_struct(btf, "workspace", 4);
    btf__add_field(btf, "size", u32, 0, 0);
    btf__add_struct(btf, "workspace", 8);
    btf__add_field(btf, "low", u32, 0, 0);
    btf__add_field(btf, "high", u32, 32, 0);
    btf__add_struct(btf, "user", 16);
    btf__add_field(btf, "second", u32 + 2, 0, 0);
    btf__add_field(btf, "again", u32 + 2, 64, 0);
    w = world_of(btf);
    user = get(&w, 's', "user");
    second = member(&w, user, "second").type;
    first = get(&w, 's', "workspace");
    assert_ptr_equal(member(&w, user, "again").type, second);
    assert_ptr_not_equal(first, second);
    assert_type(&w, second, "struct workspace");
    assert_int_equal(first->size, 4);
    assert_int_equal(second->size, 8);
    assert_member(&w, second, "high", 4, "uint32");
    type_fields(types_of(&w), first, &n);
    assert_int_equal(n, 1);
    world_close(&w);
}

/* A file that contradicts itself: nothing may crash, and members lie within their struct. */
static void test_hostile(void **state)
{
    struct btf *btf = btf__new_empty();
    int u32 = btf__add_int(btf, "u", 4, 0);
    int loop = btf__add_typedef(btf, "loop", u32 + 2);
    int loop2 = btf__add_const(btf, loop);
    int self = btf__add_struct(btf, "self", 8);
    const struct type *t;
    struct func_sig sig;
    struct buf b = { 0 };
    struct world w;
    int array, previous;
    size_t n;

    (void)state;
    assert_int_equal(loop2, u32 + 2);
    btf__add_field(btf, "", self, 0, 0);
    btf__add_field(btf, "x", u32, 0, 0);
    btf__add_struct(btf, "unknown", 8);
    btf__add_field(btf, "good", u32, 0, 0);
    btf__add_field(btf, "gone", 100000, 32, 0);
    btf__add_struct(btf, "broken", 8);
    btf__add_field(btf, "loop", loop, 0, 0);
    array = btf__add_array(btf, u32, u32, UINT32_MAX);
    array = btf__add_array(btf, u32, array, UINT32_MAX);
    btf__add_struct(btf, "arrays", UINT32_MAX);
    btf__add_field(btf, "a", array, 0, 0);
    btf__add_field(btf, "b", u32, 0, 0);
    btf__add_ptr(btf, array + 2); /* to itself */
    btf__add_struct(btf, "pointers", 8);
    btf__add_field(btf, "p", array + 2, 0, 0);
    btf__add_func_proto(btf, array + 5);
    btf__add_ptr(btf, array + 4);
    btf__add_func(btf, "endless", BTF_FUNC_STATIC, array + 4);
    btf__add_func(btf, "no_proto", BTF_FUNC_STATIC, u32);
    previous = u32;
    for (int i = 0; i < 100; i++) {
        previous = btf__add_struct(btf, i == 99 ? "deep" : NULL, 4);
        btf__add_field(btf, NULL, i ? previous - 1 : u32, 0, 0);
    }
    w = world_of(btf);

    assert_non_null(get(&w, 0, "loop"));
    t = get(&w, 's', "self");
    type_fields(types_of(&w), t, &n);
    assert_int_equal(n, 0);
    type_fields(types_of(&w), get(&w, 's', "unknown"), &n);
    assert_int_equal(n, 0);
    type_fields(types_of(&w), get(&w, 's', "broken"), &n);
    assert_int_equal(n, 0);
    type_fields(types_of(&w), get(&w, 's', "arrays"), &n);
    assert_int_equal(n, 1);
    type_fields(types_of(&w), get(&w, 's', "pointers"), &n);
    assert_int_equal(n, 1);
    type_fields(types_of(&w), get(&w, 's', "deep"), &n);
    assert_int_equal(n, 0);
    assert_true(kernel_func(w.kernel, types_of(&w), STR(""), STR("endless"), &sig));
    assert_false(kernel_func(w.kernel, types_of(&w), STR(""), STR("no_proto"), &sig));
    assert_true(kernel_type_definition(w.kernel, types_of(&w), 's', STR("deep"), &b));
    assert_true(kernel_type_definition(w.kernel, types_of(&w), 's', STR("pointers"), &b));
    assert_true(kernel_type_definition(w.kernel, types_of(&w), 0, STR("loop"), &b));
    buf_free(&b);
    world_close(&w);
}

static void test_members_outside(void **state)
{
    struct btf *btf = btf__new_empty();
    int u32 = btf__add_int(btf, "u", 4, 0);
    const struct field *fields;
    struct world w;
    size_t n;

    (void)state;
    btf__add_struct(btf, "outside", 8);
    btf__add_field(btf, "good", u32, 32, 0);
    btf__add_field(btf, "far", u32, 64, 0);
    btf__add_field(btf, "half", u32, 48, 0);
    btf__add_field(btf, "unaligned", u32, 3, 0);
    btf__add_field(btf, "bits", u32, 62, 4);
    w = world_of(btf);
    fields = type_fields(types_of(&w), get(&w, 's', "outside"), &n);
    assert_int_equal(n, 1);
    assert_true(str_eqz(fields[0].name, "good"));
    world_close(&w);
}

/* ---- damaged files ---- */

static char *read_whole(const char *path, size_t *n)
{
    struct stat st;
    char *data;
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    *n = (size_t)st.st_size;
    data = xcalloc(1, *n + 1);
    assert_int_equal(fread(data, 1, *n, f), *n);
    fclose(f);
    return data;
}

static int look_at_type(void *arg, struct str name)
{
    struct world *w = arg;
    const struct type *t = kernel_type(w->kernel, types_of(w), 's', name);
    struct buf b = { 0 };
    const struct field *fields;
    size_t n;

    if (!t)
        return 0;
    fields = type_fields(types_of(w), t, &n);
    for (size_t i = 0; i < n; i++) {
        assert_true((uint64_t)fields[i].offset + fields[i].type->size <= t->size);
        assert_true(fields[i].bit_offset + fields[i].bit_size <= 8 * 8);
    }
    kernel_type_definition(w->kernel, types_of(w), 's', name, &b);
    buf_free(&b);
    return 0;
}

/* Asks for all there is to ask. */
static void look_at_everything(struct world *w)
{
    static const char *const funcs[] = { "vfs_read", "by_value", "do_nothing" };
    const struct type *type;
    struct func_sig sig;
    struct buf b = { 0 };
    uint64_t value;

    kernel_each_type(w->kernel, 's', STR("*"), look_at_type, w);
    for (size_t i = 0; i < ARRAY_LEN(funcs); i++)
        kernel_func(w->kernel, types_of(w), STR(""), str_from(funcs[i]), &sig);
    kernel_raw_tracepoint(w->kernel, types_of(w), STR(""), STR("task_exit"), &sig);
    kernel_each_raw_tracepoint(w->kernel, STR("*"), STR("*"), collect_func, &b);
    if (kernel_enum_const(w->kernel, types_of(w), STR("STATE_BAD"), &value, &type))
        type_enum_name(types_of(w), type, value);
    buf_free(&b);
}

static void test_damaged(void **state)
{
    size_t n;
    char *data = read_whole(FIXTURE_BTF, &n);
    char *copy = xcalloc(1, n + 1);
    uint64_t random = 88172645463325252;
    struct world w;

    (void)state;
    for (size_t cut = 0; cut < n; cut += cut < 64 ? 1 : 61) {
        w = world_made(data, cut, NULL, 0);
        look_at_everything(&w);
        world_close(&w);
    }
    for (int round = 0; round < 1500; round++) {
        memcpy(copy, data, n);
        for (int i = 0; i <= round % 4; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            copy[random % n] = (char)(random >> 32);
        }
        w = world_made(copy, n, NULL, 0);
        look_at_everything(&w);
        world_close(&w);
    }
    free(copy);
    free(data);
}

static void test_headers(void **state)
{
    static const struct {
        size_t at;
        unsigned char byte;
    } damage[] = {
        { 0, 0xeb },  /* other byte order */
        { 2, 9 },     /* version */
        { 4, 23 },    /* header too short */
        { 7, 1 },     /* header too long */
        { 8, 2 },     /* types not aligned */
        { 15, 0xff }, /* types outside */
        { 19, 0xff }, /* strings outside */
        { 23, 0xff },
    };
    size_t n;
    char *data = read_whole(FIXTURE_BTF, &n);

    (void)state;
    for (size_t i = 0; i <= ARRAY_LEN(damage); i++) {
        char before = i < ARRAY_LEN(damage) ? data[damage[i].at] : data[n - 1];
        struct world w;

        if (i < ARRAY_LEN(damage))
            data[damage[i].at] = (char)damage[i].byte;
        else
            data[n - 1] = 'x'; /* the last name does not end */
        w = world_made(data, n, NULL, 0);
        assert_null(get(&w, 's', "task_struct"));
        world_close(&w);
        if (i < ARRAY_LEN(damage))
            data[damage[i].at] = before;
        else
            data[n - 1] = before;
    }
    free(data);
}

/* ---- this machine ---- */

static void compare_struct(struct world *w, const struct btf *btf, uint32_t id)
{
    const struct btf_type *t = btf__type_by_id(btf, id);
    const struct type *ours =
        get(w, btf_is_union(t) ? 'u' : 's', btf__name_by_offset(btf, t->name_off));
    const struct field *fields;
    unsigned align;
    size_t n;

    assert_non_null(ours);
    fields = type_fields(types_of(w), ours, &n);
    assert_int_equal(ours->size, t->size);
    align = btf__align_of(btf, (int)id);
    assert_true(ours->align == align || (ours->align == 16 && align == 8)); /* __int128 */
    assert_int_equal(n, btf_vlen(t));
    for (size_t i = 0; i < n; i++) {
        const struct btf_member *m = btf_members(t) + i;
        uint32_t bit = btf_member_bit_offset(t, (uint32_t)i);

        assert_true(str_eqz(fields[i].name, btf__name_by_offset(btf, m->name_off)));
        assert_int_equal(fields[i].offset * 8 + fields[i].bit_offset, bit);
        assert_int_equal(fields[i].bit_size, btf_member_bitfield_size(t, (uint32_t)i));
        if (fields[i].type->kind != TYPE_ARRAY || fields[i].type->count)
            assert_int_equal(fields[i].type->size, btf__resolve_size(btf, m->type));
    }
}

/* Every named struct and union, member by member, against libbpf. */
static void test_live_layouts(void **state)
{
    struct world w;
    struct map seen = { 0 };
    struct btf *btf;
    unsigned compared = 0;

    (void)state;
    if (access(LIVE_BTF, R_OK))
        skip();
    btf = btf__parse(LIVE_BTF, NULL);
    assert_non_null(btf);
    w = world_open(NULL);
    for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
        const struct btf_type *t = btf__type_by_id(btf, id);
        struct str key;

        if (!btf_is_composite(t) || !t->name_off)
            continue;
        key = str_printf(&w.arena, "%u %s", btf_kind(t), btf__name_by_offset(btf, t->name_off));
        if (map_get(&seen, key)) /* two with one name: the first one is meant */
            continue;
        map_set(&seen, key, &seen);
        compare_struct(&w, btf, id);
        compared++;
    }
    assert_true(compared > 1000);
    map_free(&seen);
    btf__free(btf);
    world_close(&w);
}

static void test_live_functions(void **state)
{
    struct world w;
    struct func_sig sig;
    struct btf *btf;

    (void)state;
    if (access(LIVE_BTF, R_OK))
        skip();
    btf = btf__parse(LIVE_BTF, NULL);
    assert_non_null(btf);
    w = world_open(NULL);
    assert_true(kernel_func(w.kernel, types_of(&w), STR(""), STR("vfs_read"), &sig));
    assert_int_equal(sig.info.btf_id, btf__find_by_name_kind(btf, "vfs_read", BTF_KIND_FUNC));
    assert_int_equal(sig.n_params, 4);
    assert_param(&w, &sig, 0, "file", "struct file *", 0);
    assert_param(&w, &sig, 2, "count", "uint64", 16);
    assert_true(kernel_raw_tracepoint(w.kernel, types_of(&w), STR(""), STR("sched_switch"), &sig));
    assert_int_equal(sig.info.btf_id,
                     btf__find_by_name_kind(btf, "btf_trace_sched_switch", BTF_KIND_TYPEDEF));
    assert_true(sig.n_params >= 3);
    assert_param(&w, &sig, 1, "prev", "struct task_struct *", 8);
    btf__free(btf);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_tags_and_packing),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_enums),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_raw_tracepoints),
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_many_lookups),
        cmocka_unit_test(test_identity_and_absence),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_module),
        cmocka_unit_test(test_old_bit_fields),
        cmocka_unit_test(test_packed_bit_fields),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_members_outside),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_live_layouts),
        cmocka_unit_test(test_live_functions),
    };

    return cmocka_run_group_tests_name("btf", tests, NULL, NULL);
}
