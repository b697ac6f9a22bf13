/*
 * test_kernel.c - tracepoints, processors, cgroups and features
 *
 * Tracepoints come from tests/fixtures/kernel, whose formats were copied from a 6.18 kernel
 * (demo/odd is made up of what else the kernel may write). The parts on "this machine" need root.
 */
#include "kernel/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef TEST_FIXTURES
#define TEST_FIXTURES "tests/fixtures"
#endif
#define FIXTURE_KERNEL TEST_FIXTURES "/kernel"

struct world {
    struct arena arena;
    struct types *types;
    struct kernel *kernel;
    struct err err;
};

static void world_open(struct world *w, const char *root)
{
    *w = (struct world){ .kernel = kernel_open(root) };
    w->types = types_new(&w->arena);
}

static void world_close(struct world *w)
{
    kernel_close(w->kernel);
    arena_free(&w->arena);
}

static const struct tp_format *format_of(struct world *w, const char *category, const char *event)
{
    const struct tp_format *format =
        kernel_tracepoint(w->kernel, w->types, str_from(category), str_from(event), &w->err);

    if (!format)
        fail_msg("%s:%s: %s", category, event, w->err.text);
    return format;
}

static struct field member(struct world *w, const struct tp_format *format, const char *name)
{
    struct field f;

    if (!type_find_field(w->types, format->args, str_from(name), &f))
        fail_msg("no member %s", name);
    return f;
}

static void assert_member(struct world *w, const struct tp_format *format, const char *name,
                          unsigned offset, const char *type, enum addr_space as)
{
    struct field f = member(w, format, name);

    assert_int_equal(f.offset, offset);
    assert_string_equal(type_name(&w->arena, f.type).p, type);
    assert_int_equal(f.as, as);
    assert_false(f.refused);
}

static int collect(void *arg, struct str category, struct str event)
{
    struct buf *b = arg;

    buf_printf(b, "%s%.*s:%.*s", b->n ? " " : "", STRF(category), STRF(event));
    return 0;
}

static int stop_at_once(void *arg, struct str category, struct str event)
{
    (void)category;
    (void)event;
    ++*(int *)arg;
    return 7;
}

/* ---- which there are ---- */

static void assert_list(struct world *w, const char *category, const char *event,
                        const char *expected)
{
    struct buf b = { 0 };

    assert_int_equal(kernel_each_tracepoint(w->kernel, str_from(category), str_from(event), collect,
                                            &b, &w->err),
                     0);
    assert_string_equal(b.n ? b.p : "", expected);
    buf_free(&b);
}

static void test_enumeration(void **state)
{
    struct world w;
    int n = 0;

    (void)state;
    world_open(&w, FIXTURE_KERNEL);
    assert_string_equal(kernel_tracefs(w.kernel, &w.err), FIXTURE_KERNEL "/sys/kernel/tracing");
    assert_list(&w, "sched", "sched_switch", "sched:sched_switch");
    assert_list(&w, "sched", "sched_*",
                "sched:sched_process_exec sched:sched_switch sched:sched_wakeup");
    assert_list(&w, "s*", "*[ec][hc]", "sched:sched_process_exec sched:sched_switch");
    assert_list(&w, "*", "sys_enter", "raw_syscalls:sys_enter");
    assert_list(&w, "*syscalls", "sys_enter*",
                "raw_syscalls:sys_enter syscalls:sys_enter_execve syscalls:sys_enter_openat "
                "syscalls:sys_enter_read");
    /* files are no events, and events of the tracers are none for programs */
    assert_list(&w, "sched", "e*", "");
    assert_list(&w, "sched", "enable", "");
    assert_list(&w, "e*", "*", "");
    assert_list(&w, "ftrace", "function", "");
    assert_list(&w, "ftr*", "*", "");
    assert_list(&w, "nothing", "*", "");
    assert_list(&w, "header_page", "*", "");
    /* names do not lead elsewhere */
    assert_list(&w, "..", "events", "");
    assert_list(&w, "sched/../sched", "sched_switch", "");
    assert_list(&w, "sched", "../sched/sched_switch", "");
    assert_list(&w, "", "", "");
    assert_int_equal(kernel_each_tracepoint(w.kernel, STR("*"), STR("*"), stop_at_once, &n, NULL),
                     7);
    assert_int_equal(n, 1);

    assert_true(kernel_tracepoint_exists(w.kernel, STR("skb"), STR("kfree_skb")));
    assert_false(kernel_tracepoint_exists(w.kernel, STR("skb"), STR("kfree_sk")));
    assert_false(kernel_tracepoint_exists(w.kernel, STR("skb"), STR(".")));
    assert_false(kernel_tracepoint_exists(w.kernel, STR("sched"), STR("enable")));
    world_close(&w);
}

static void test_no_tracefs(void **state)
{
    struct world w;
    struct buf b = { 0 };

    (void)state;
    world_open(&w, "/nonexistent/");
    assert_null(kernel_tracefs(w.kernel, &w.err));
    assert_string_equal(
        w.err.text,
        "there is no tracefs in /nonexistent/sys/kernel/tracing: No such file or directory");
    assert_true(kernel_each_tracepoint(w.kernel, STR("*"), STR("*"), collect, &b, &w.err) < 0);
    assert_false(kernel_tracepoint_exists(w.kernel, STR("sched"), STR("sched_switch")));
    assert_null(kernel_tracepoint(w.kernel, w.types, STR("sched"), STR("sched_switch"), NULL));
    assert_int_equal(b.n, 0);
    world_close(&w);
}

/* ---- formats ---- */

static void test_system_call(void **state)
{
    struct world w;
    const struct tp_format *format;
    struct field f;

    (void)state;
    world_open(&w, FIXTURE_KERNEL);
    format = format_of(&w, "syscalls", "sys_enter_openat");
    assert_int_equal(format->id, 782);
    assert_int_equal(format->args->size, 48);
    assert_string_equal(format->print_types.p, "    int __syscall_nr\n"
                                               "    int dfd\n"
                                               "    const char * filename\n"
                                               "    int flags\n"
                                               "    umode_t mode\n");
    assert_member(&w, format, "__syscall_nr", 8, "int32", AS_USER);
    assert_member(&w, format, "dfd", 16, "int64", AS_USER);
    assert_member(&w, format, "filename", 24, "int8 *", AS_USER);
    assert_member(&w, format, "mode", 40, "uint64", AS_USER);
    /* registers are 64 bits wide, what they carry is not */
    f = member(&w, format, "dfd");
    assert_int_equal(f.bit_size, 32);
    assert_int_equal(f.bit_offset, 0);
    assert_int_equal(member(&w, format, "mode").bit_size, 16);
    assert_int_equal(member(&w, format, "__syscall_nr").bit_size, 0);
    assert_true(member(&w, format, "filename").type->elem->is_char);
    assert_false(type_find_field(w.types, format->args, STR("common_pid"), &f));

    format = format_of(&w, "syscalls", "sys_exit_openat");
    assert_member(&w, format, "ret", 16, "int64", AS_USER);
    assert_int_equal(member(&w, format, "ret").bit_size, 0);
    format = format_of(&w, "syscalls", "sys_enter_execve");
    assert_member(&w, format, "argv", 24, "int8 **", AS_USER);
    format = format_of(&w, "syscalls", "sys_enter_read");
    assert_member(&w, format, "fd", 16, "uint64", AS_USER);
    assert_int_equal(member(&w, format, "fd").bit_size, 32);
    assert_member(&w, format, "count", 32, "uint64", AS_USER);
    assert_int_equal(member(&w, format, "count").bit_size, 0);
    world_close(&w);
}

static void test_ordinary(void **state)
{
    struct world w;
    const struct tp_format *format, *again;

    (void)state;
    world_open(&w, FIXTURE_KERNEL);
    format = format_of(&w, "sched", "sched_switch");
    assert_int_equal(format->args->size, 64);
    assert_member(&w, format, "prev_comm", 8, "string[16]", AS_KERNEL);
    assert_member(&w, format, "prev_pid", 24, "int32", AS_KERNEL);
    assert_member(&w, format, "prev_state", 32, "int64", AS_KERNEL);
    assert_string_equal(type_name(&w.arena, format->args).p,
                        "struct tracepoint:sched:sched_switch");

    format = format_of(&w, "sched", "sched_process_exec");
    assert_member(&w, format, "filename", 8, "int8 *", AS_KERNEL);
    assert_true(member(&w, format, "filename").data_loc);
    assert_false(member(&w, format, "pid").data_loc);

    format = format_of(&w, "tcp", "tcp_probe");
    assert_member(&w, format, "saddr", 8, "string[28]", AS_KERNEL);
    assert_member(&w, format, "sport", 64, "uint16", AS_KERNEL);
    assert_member(&w, format, "skbaddr", 120, "void *", AS_KERNEL);
    format = format_of(&w, "skb", "kfree_skb");
    assert_member(&w, format, "reason", 36, "enum skb_drop_reason", AS_KERNEL);
    format = format_of(&w, "raw_syscalls", "sys_enter");
    assert_member(&w, format, "args", 16, "uint64[6]", AS_KERNEL);
    assert_int_equal(kernel_btf_identity(w.kernel), 0); /* all this without BTF */

    again = format_of(&w, "skb", "kfree_skb");
    assert_ptr_equal(again->args, format_of(&w, "skb", "kfree_skb")->args);
    world_close(&w);
}

static void test_odd(void **state)
{
    struct world w;
    const struct tp_format *format;
    const struct type *task;
    struct field f;
    size_t n;

    (void)state;
    world_open(&w, FIXTURE_KERNEL);
    format = format_of(&w, "demo", "odd");
    assert_int_equal(format->id, 4001);
    assert_int_equal(format->args->size, 108);
    type_fields(w.types, format->args, &n);
    assert_int_equal(n, 15);
    assert_member(&w, format, "values", 8, "uint64 *", AS_KERNEL);
    assert_true(member(&w, format, "values").data_loc);
    assert_member(&w, format, "cpus", 12, "uint8 *", AS_KERNEL);
    assert_true(member(&w, format, "later").refused);
    assert_member(&w, format, "where", 48, "void *", AS_KERNEL);
    assert_member(&w, format, "address", 56, "uint8[16]", AS_KERNEL);
    assert_member(&w, format, "__data_loc_like", 72, "int64[3]", AS_KERNEL);
    assert_member(&w, format, "shorts", 96, "int16[4]", AS_KERNEL);
    assert_member(&w, format, "letter", 104, "uint8", AS_KERNEL);
    assert_member(&w, format, "yes", 105, "bool", AS_KERNEL);
    assert_true(member(&w, format, "c").type->is_char);
    assert_member(&w, format, "rest", 108, "uint32[0]", AS_KERNEL);
    assert_member(&w, format, "table", 40, "void **", AS_KERNEL);

    /* what is behind pointers and in enums comes from BTF */
    assert_member(&w, format, "mode", 20, "enum state", AS_KERNEL);
    assert_string_equal(type_enum_name(w.types, member(&w, format, "mode").type, 5), "STATE_RUN");
    assert_member(&w, format, "task", 24, "struct task_struct *", AS_KERNEL);
    task = member(&w, format, "task").type->elem;
    assert_true(type_find_field(w.types, task, STR("tgid"), &f));
    assert_int_equal(f.offset, 12);
    assert_int_equal(task->size, 208);
    assert_ptr_equal(task, kernel_type(w.kernel, w.types, 's', STR("task_struct")));
    assert_true(
        type_find_field(w.types, member(&w, format, "info").type->elem, STR("si_value"), &f));
    world_close(&w);
}

static void test_bad_formats(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, FIXTURE_KERNEL);
    assert_null(kernel_tracepoint(w.kernel, w.types, STR("demo"), STR("broken"), &w.err));
    assert_string_equal(w.err.text,
                        "cannot understand the format file of 'tracepoint:demo:broken'");
    assert_null(kernel_tracepoint(w.kernel, w.types, STR("demo"), STR("nothing"), &w.err));
    assert_string_equal(w.err.text, "tracepoint:demo:nothing does not exist");
    assert_null(kernel_tracepoint(w.kernel, w.types, STR("ftrace"), STR("function"), &w.err));
    assert_string_equal(w.err.text, "tracepoint:ftrace:function does not exist");
    assert_null(kernel_tracepoint(w.kernel, w.types, STR(".."), STR("events"), &w.err));
    world_close(&w);
}

/* A format file with each of its bytes damaged in turn is read without harm. */
static void test_damaged_formats(void **state)
{
    char dir[] = "/tmp/hark-tp-XXXXXX", path[256], cut[4096];
    FILE *f = fopen(FIXTURE_KERNEL "/sys/kernel/tracing/events/demo/odd/format", "r");
    static const char *const parts[] = { "/sys", "/kernel", "/tracing", "/events", "/a", "/b" };
    static const char bytes[] = ";[](*\n\t:9_";
    size_t n, length = 0;

    (void)state;
    assert_non_null(f);
    n = fread(cut, 1, sizeof(cut), f);
    fclose(f);
    assert_non_null(mkdtemp(dir));
    length = (size_t)snprintf(path, sizeof(path), "%s", dir);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        length += (size_t)snprintf(path + length, sizeof(path) - length, "%s", parts[i]);
        mkdir(path, 0700);
    }
    snprintf(path + length, sizeof(path) - length, "/format");
    for (size_t i = 0; i < n; i++) {
        char before = cut[i];
        struct world w;
        const struct tp_format *format;
        const struct field *fields;
        size_t n_fields = 0;

        cut[i] = bytes[i % (sizeof(bytes) - 1)];
        f = fopen(path, "w");
        assert_non_null(f);
        fwrite(cut, 1, i % 7 ? n : i, f); /* now and then the rest is missing */
        fclose(f);
        world_open(&w, dir);
        format = kernel_tracepoint(w.kernel, w.types, STR("a"), STR("b"), NULL);
        fields = format ? type_fields(w.types, format->args, &n_fields) : NULL;
        for (size_t j = 0; j < n_fields; j++)
            assert_true(fields[j].data_loc || fields[j].refused ||
                        fields[j].offset + fields[j].type->size <= format->args->size);
        world_close(&w);
        cut[i] = before;
    }
    for (size_t i = ARRAY_LEN(parts) + 1; i-- > 0;) {
        remove(path);
        *strrchr(path, '/') = '\0';
    }
    remove(dir);
}

/* ---- the rest ---- */

static void test_processors(void **state)
{
    struct world w;
    unsigned *cpus;
    size_t n;

    (void)state;
    world_open(&w, FIXTURE_KERNEL);
    assert_int_equal(kernel_possible_cpus(w.kernel), 5); /* 0-3,8 */
    assert_int_equal(kernel_online_cpus(w.kernel, &w.arena, &cpus, &n, &w.err), 0);
    assert_int_equal(n, 3); /* 0-1,3 */
    assert_int_equal(cpus[0], 0);
    assert_int_equal(cpus[1], 1);
    assert_int_equal(cpus[2], 3);
    world_close(&w);

    world_open(&w, "/nonexistent");
    assert_int_equal(kernel_possible_cpus(w.kernel), sysconf(_SC_NPROCESSORS_CONF));
    assert_true(kernel_online_cpus(w.kernel, &w.arena, &cpus, &n, &w.err) < 0);
    assert_string_equal(w.err.text, "cannot read '/nonexistent/sys/devices/system/cpu/online': No "
                                    "such file or directory");
    world_close(&w);
}

static void test_cgroups(void **state)
{
    struct world w;
    uint64_t id = 0;
    struct stat st;
    char path[5000];

    (void)state;
    world_open(&w, NULL);
    assert_int_equal(kernel_cgroup_id(w.kernel, STR("/nonexistent"), &id, &w.err), -ENOENT);
    assert_string_equal(w.err.text,
                        "cannot find the cgroup '/nonexistent': No such file or directory");
    assert_int_equal(kernel_cgroup_id(w.kernel, STR("/proc"), &id, &w.err), -EINVAL);
    assert_string_equal(w.err.text, "'/proc' is not a directory of the cgroup v2 file system");
    memset(path, 'x', sizeof(path));
    assert_int_equal(kernel_cgroup_id(w.kernel, (struct str){ path, sizeof(path) }, &id, &w.err),
                     -ENAMETOOLONG);
    if (stat("/sys/fs/cgroup/unified", &st) == 0 &&
        access("/sys/fs/cgroup/unified/cgroup.procs", F_OK) == 0) {
        assert_int_equal(kernel_cgroup_id(w.kernel, STR("/sys/fs/cgroup/unified"), &id, &w.err), 0);
        assert_int_equal(id, st.st_ino); /* on 64-bit machines the number of the directory */
    }
    world_close(&w);
}

/* Answers are yes or no and do not change; what every supported kernel has is there. */
static void test_features(void **state)
{
    struct world w;
    bool root = geteuid() == 0;

    (void)state;
    world_open(&w, NULL);
    for (unsigned i = 0; i < FEATURES; i++) {
        enum kernel_feature feature = (enum kernel_feature)i;
        bool has = kernel_has(w.kernel, feature);

        assert_true(kernel_feature_name(feature) && *kernel_feature_name(feature));
        assert_int_equal(kernel_has(w.kernel, feature), has);
    }
    if (root) {
        assert_true(kernel_has(w.kernel, FEATURE_RINGBUF));
        assert_true(kernel_has(w.kernel, FEATURE_FOR_EACH_MAP));
        assert_true(kernel_has(w.kernel, FEATURE_ATOMIC_FETCH));
    }
    world_close(&w);
    world_open(&w, NULL);
    if (!kernel_has(w.kernel, FEATURE_KPROBE_MULTI))
        assert_false(kernel_has(w.kernel, FEATURE_KPROBE_SESSION)); /* built on it */
    world_close(&w);
}

struct check {
    struct world *w;
    size_t n;
};

static int check_event(void *arg, struct str category, struct str event)
{
    struct check *check = arg;
    const struct tp_format *format =
        kernel_tracepoint(check->w->kernel, check->w->types, category, event, &check->w->err);
    char path[512], text[32] = "";
    FILE *f;

    if (!format)
        fail_msg("%.*s:%.*s: %s", STRF(category), STRF(event), check->w->err.text);
    snprintf(path, sizeof(path), "%s/events/%.*s/%.*s/id", kernel_tracefs(check->w->kernel, NULL),
             STRF(category), STRF(event));
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    assert_int_equal(strtoul(text, NULL, 10), format->id);
    check->n++;
    return 0;
}

/* All events of this kernel can be read, and none is missing. */
static void test_live_events(void **state)
{
    struct world w;
    struct check check = { .w = &w };
    const char *tracefs;
    char pattern[256];
    size_t expected;
    glob_t found;

    (void)state;
    if (geteuid() != 0)
        skip();
    world_open(&w, NULL);
    if (!(tracefs = kernel_tracefs(w.kernel, &w.err))) {
        world_close(&w);
        skip();
    }
    snprintf(pattern, sizeof(pattern), "%s/events/*/*/id", tracefs);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    expected = found.gl_pathc;
    globfree(&found);
    snprintf(pattern, sizeof(pattern), "%s/events/ftrace/*/id", tracefs);
    if (glob(pattern, 0, NULL, &found) == 0) {
        expected -= found.gl_pathc;
        globfree(&found);
    }
    assert_int_equal(
        kernel_each_tracepoint(w.kernel, STR("*"), STR("*"), check_event, &check, &w.err), 0);
    assert_int_equal(check.n, expected);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enumeration),
        cmocka_unit_test(test_no_tracefs),
        cmocka_unit_test(test_system_call),
        cmocka_unit_test(test_ordinary),
        cmocka_unit_test(test_odd),
        cmocka_unit_test(test_bad_formats),
        cmocka_unit_test(test_damaged_formats),
        cmocka_unit_test(test_processors),
        cmocka_unit_test(test_cgroups),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_live_events),
    };

    return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
