/*
 * test_usyms.c - addresses of processes to names, also when they change and after they ended
 */
#include "tests/unit/symbols_help.h"

#include <dlfcn.h>
#include <sys/auxv.h>

__attribute__((noinline, used)) static int quite_static(int n)
{
    return n * 7;
}

static void assert_nameless(struct symbols *s, uint32_t pid, uint64_t addr, const char *module)
{
    struct sym sym;

    assert_false(symbols_user(s, pid, addr, &sym));
    assert_str(sym.name, "");
    assert_str(sym.module, module);
}

static void user_fixture(void **state)
{
    struct symbols *s = symbols_open(ROOT, true), *raw = symbols_open(ROOT, false);
    const char *full = LIB "libfull.so.3.1";
    uint64_t base = 0x10000000, id = 0x20000000;
    const char *module = "/lib/libfull.so.3.1";
    uint64_t addr, size;
    bool is_pie;

    (void)state;
    assert_user(s, 4711, base + addr_of(s, full, "exported") + 4, "exported", 4, module);
    assert_user(s, 4711, base + addr_of(s, full, "__alias_long"), "alias_long", 0, module);
    assert_user(s, 4711, base + addr_of(s, full, "sizeless") + 4, "sizeless", 4, module);
    assert_user(s, 4711, base + addr_of(s, full, "inner_label") + 1, "labelled", 3, module);
    assert_user(s, 4711, base + addr_of(s, full, "lone_label") + 2, "lone_label", 2, module);
    assert_user(s, 4711, base + addr_of(s, full, "_ZN3foo3barEi"), "foo::bar(int)", 0, module);
    assert_user(raw, 4711, base + addr_of(s, full, "_ZN3foo3barEi"), "_ZN3foo3barEi", 0, module);
    assert_user(s, 4711, id + addr_of(s, LIB "libid.so", "hidden"), "hidden", 0, "/lib/libid.so");
    assert_int_equal(symbols_object(s, full, STR("nameless"), &addr, &size, &is_pie, NULL), 0);
    assert_user(s, 4711, base + addr - 1, "unending", 3, module);
    assert_nameless(s, 4711, base + addr, module);
    assert_nameless(s, 4711, base, module); /* the file's header */
    assert_nameless(s, 4711, 0x30000000, "");
    assert_nameless(s, 4711, 0x40000000 + addr_of(s, LIB "libmini.so", "exported"),
                    "/lib/libmini.so"); /* deleted: what is there now is another file */
    assert_nameless(s, 4711, 0x50000000, "");
    assert_nameless(s, 4711, 0x60000000, "");
    assert_nameless(s, 1, base, "");
    symbols_close(s);
    symbols_close(raw);
}

/* &getppid may be a stub in this program. */
static uint64_t real_getppid(void)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    void *addr = libc ? dlsym(libc, "getppid") : NULL;

    assert_non_null(addr);
    dlclose(libc);
    return (uint64_t)(uintptr_t)addr;
}

static void user_self(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    uint32_t self = (uint32_t)getpid();
    char exe[PATH_MAX] = "";
    struct elf_func f;
    struct sym sym;

    (void)state;
    assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
    assert_user(s, self, (uint64_t)(uintptr_t)quite_static + 1, "quite_static", 1, exe);

    assert_true(symbols_user(s, self, real_getppid(), &sym));
    assert_int_equal(sym.offset, 0);
    assert_non_null(strstr(sym.module.p, "libc"));
    assert_int_equal(symbols_func(s, sym.module.p, STR("getppid"), &f, NULL), 0);
    assert_int_equal(addr_of(s, sym.module.p, sym.name.p), f.addr);

    assert_nameless(s, self, 0x10, "");
    assert_nameless(s, self, (uint64_t)(uintptr_t)&sym, ""); /* the stack */
    symbols_close(s);
}

static void user_vdso(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    uint64_t start = getauxval(AT_SYSINFO_EHDR);
    struct elf_file *vdso = elf_vdso(s);

    (void)state;
    if (!start || !vdso) {
        print_message("user_vdso: this process has none\n");
        symbols_close(s);
        skip();
    }
    assert_true(vdso->symbols.all.n > 0);
    assert_user(s, (uint32_t)getpid(), start + vdso->symbols.all.v[0].addr,
                symtab_name(&vdso->symbols, &vdso->symbols.all.v[0]).p, 0, "[vdso]");
    symbols_close(s);
}

/* A child that waits until its standard input is closed. */
static pid_t start_child(int *keep_alive)
{
    int ends[2];
    pid_t child;
    char byte;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 7 : 8);
    }
    close(ends[0]);
    *keep_alive = ends[1];
    return child;
}

static void user_after_exit(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    int keep_alive;
    pid_t child = start_child(&keep_alive), unknown;
    uint64_t addr = (uint64_t)(uintptr_t)quite_static;

    (void)state;
    symbols_user_remember(s, (uint32_t)child);
    close(keep_alive);
    assert_exit_code(child, 7);
    assert_user(s, (uint32_t)child, addr, "quite_static", 0, NULL);
    assert_nameless(s, (uint32_t)child, 0x10, "");
    usleep(20000); /* long enough for another look at /proc */
    assert_user(s, (uint32_t)child, addr, "quite_static", 0, NULL);

    unknown = start_child(&keep_alive);
    close(keep_alive);
    assert_exit_code(unknown, 7);
    symbols_user_remember(s, (uint32_t)unknown);
    assert_nameless(s, (uint32_t)unknown, addr, "");
    symbols_close(s);
}

static void user_zombie(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    int keep_alive;
    pid_t child = start_child(&keep_alive);
    siginfo_t info;

    (void)state;
    symbols_user_remember(s, (uint32_t)child);
    close(keep_alive);
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    usleep(5000);
    symbols_user_remember(s, (uint32_t)child); /* its maps are empty now */
    assert_nameless(s, (uint32_t)child, 0x10, "");
    assert_user(s, (uint32_t)child, (uint64_t)(uintptr_t)quite_static, "quite_static", 0, NULL);
    assert_exit_code(child, 7);
    symbols_close(s);
}

static void user_loaded_later(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    uint32_t self = (uint32_t)getpid();
    const char *path = LIB "libfull.so.3.1";
    char *code;

    (void)state;
    symbols_user_remember(s, self);
    code = map_code(path);
    assert_user(s, self, (uint64_t)(uintptr_t)code + addr_of(s, path, "exported"), "exported", 0,
                NULL);
    munmap(code, 4096);
    symbols_close(s);
}

/* The path leads nowhere, then to another file; the mapped file is the one that counts. */
static void user_deleted_file(void **state)
{
    struct arena a = { 0 };
    char *dir = make_dir(), *code;
    const char *path = in_dir(&a, dir, "lib.so");
    uint32_t self = (uint32_t)getpid();
    struct symbols *s = symbols_open(NULL, true);
    uint64_t hidden = addr_of(s, LIB "libfull.so.3.1", "hidden");

    (void)state;
    copy_file(LIB "libfull.so.3.1", path);
    code = map_code(path);
    unlink(path);
    if (geteuid() == 0)
        assert_user(s, self, (uint64_t)(uintptr_t)code + hidden, "hidden", 0, path);
    symbols_close(s);

    s = symbols_open(NULL, true);
    copy_file(LIB "libid.so", path);
    if (geteuid() == 0)
        assert_user(s, self, (uint64_t)(uintptr_t)code + hidden, "hidden", 0, path);
    else
        assert_nameless(s, self, (uint64_t)(uintptr_t)code + hidden, path);
    symbols_close(s);

    munmap(code, 4096);
    unlink(path);
    rmdir(dir);
    free(dir);
    arena_free(&a);
}

#define FULL_AT "10000000-10001000 r-xp 00000000 fe:00 1    /lib/full\n"
#define ID_AT   "10000000-10001000 r-xp 00000000 fe:00 2    /lib/id\n"
#define ID_HIGH "20000000-20001000 r-xp 00000000 fe:00 2    /lib/id\n"

static void user_changes(void **state)
{
    struct symbols *s;
    struct fake f;
    uint64_t full, id;

    (void)state;
    fake_init(&f);
    fake_set(&f, 100, 5000, 1000, FULL_AT);
    s = symbols_open(f.dir, true);
    full = addr_of(s, LIB "libfull.so.3.1", "alias_end");
    id = addr_of(s, LIB "libid.so", "alias_end");
    assert_int_not_equal(full, id);
    assert_user(s, 7, 0x10000000 + full, "alias_end", 0, "/lib/full");

    /* A library is loaded: its address is missing at once. */
    fake_set(&f, 100, 9000, 1000, FULL_AT ID_HIGH);
    assert_user(s, 7, 0x20000000 + id, "alias_end", 0, "/lib/id");

    /* It is unloaded: what was seen is kept. */
    fake_set(&f, 100, 5000, 1000, FULL_AT);
    usleep(1100000); /* the longest that nobody looks */
    assert_user(s, 7, 0x10000000 + full, "alias_end", 0, "/lib/full");
    assert_user(s, 7, 0x20000000 + id, "alias_end", 0, "/lib/id");

    /* Another program is executed, at the same address. */
    fake_set(&f, 100, 5000, 2000, ID_AT);
    usleep(1100000);
    assert_user(s, 7, 0x10000000 + id, "alias_end", 0, "/lib/id");
    assert_user(s, 7, 0x20000000 + id, "alias_end", 0, "/lib/id");

    /* Another process: of the old one nothing remains. */
    fake_set(&f, 200, 5000, 2000, FULL_AT);
    usleep(1100000);
    assert_user(s, 7, 0x10000000 + full, "alias_end", 0, "/lib/full");
    assert_nameless(s, 7, 0x20000000 + id, "");

    /* It ends. */
    unlink(f.stat);
    unlink(f.maps);
    usleep(1100000);
    assert_user(s, 7, 0x10000000 + full, "alias_end", 0, "/lib/full");
    symbols_close(s);
    fake_fini(&f);
}

/* A file that changed after it was mapped has other symbols than what runs. */
static void user_changed_file(void **state)
{
    struct symbols *s;
    struct fake f;
    uint64_t exported, method;

    (void)state;
    fake_init(&f);
    fake_set(&f, 100, 5000, 1000, FULL_AT);
    s = symbols_open(f.dir, true);
    exported = addr_of(s, LIB "libid.so", "exported");
    method = addr_of(s, LIB "libid.so", "_ZN3foo3barEi");
    symbols_user_remember(s, 7);
    unlink(f.full);
    copy_file(LIB "libid.so", f.full);
    assert_nameless(s, 7, 0x10000000 + exported, "/lib/full");

    /* It is executed again, at the same place. */
    fake_set(&f, 100, 5000, 2000, FULL_AT);
    usleep(1100000);
    assert_user(s, 7, 0x10000000 + method, "foo::bar(int)", 0, "/lib/full");
    symbols_close(s);
    fake_fini(&f);
}

static void user_jit(void **state)
{
    static const char map[] = "zz junk\n1 \n\n";
    struct symbols *s = symbols_open(NULL, true);
    char *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t at = (uint64_t)(uintptr_t)code;
    uint32_t self = (uint32_t)getpid();
    struct buf text = { 0 };
    char path[64];

    (void)state;
    assert_ptr_not_equal(code, MAP_FAILED);
    snprintf(path, sizeof(path), "/tmp/perf-%u.map", self);
    assert_nameless(s, self, at + 0x10, "");
    buf_puts(&text, map);
    buf_printf(&text, "%llx 20 Lhello;::world(int) [tier 1]\n", (unsigned long long)at + 0x10);
    write_file(path, text.p, text.n);
    usleep(110000); /* nobody looks more often */
    assert_user(s, self, at + 0x13, "Lhello;::world(int) [tier 1]", 3, "");
    assert_nameless(s, self, at + 0x30, "");
    unlink(path);
    munmap(code, 4096);
    buf_free(&text);
    symbols_close(s);
}

static void user_one_table_for_all(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    int keep_alive[2];
    pid_t children[2] = { start_child(&keep_alive[0]), start_child(&keep_alive[1]) };
    size_t files;

    (void)state;
    assert_user(s, (uint32_t)children[0], (uint64_t)(uintptr_t)quite_static, "quite_static", 0,
                NULL);
    files = s->files.n;
    assert_user(s, (uint32_t)children[1], (uint64_t)(uintptr_t)quite_static, "quite_static", 0,
                NULL);
    assert_int_equal(s->files.n, files);
    close(keep_alive[0]); /* the second child has this end too */
    close(keep_alive[1]);
    assert_exit_code(children[1], 7);
    assert_exit_code(children[0], 7);
    symbols_close(s);
}

/* Short-lived processes by the thousand: what was not asked for lately is forgotten. */
static void user_memory_is_bounded(void **state)
{
    struct symbols *s = symbols_open(ROOT, true);
    uint64_t addr = 0x10000000 + addr_of(s, LIB "libfull.so.3.1", "exported");

    (void)state;
    for (uint32_t pid = 100000; pid < 170000; pid++) {
        symbols_user_remember(s, pid);
        if (pid % 10000 == 0)
            assert_user(s, 4711, addr, "exported", 0, "/lib/libfull.so.3.1");
    }
    assert_in_range(s->procs.n, 1000, 65536);
    symbols_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_fixture),
        cmocka_unit_test(user_self),
        cmocka_unit_test(user_vdso),
        cmocka_unit_test(user_after_exit),
        cmocka_unit_test(user_zombie),
        cmocka_unit_test(user_loaded_later),
        cmocka_unit_test(user_deleted_file),
        cmocka_unit_test(user_changes),
        cmocka_unit_test(user_changed_file),
        cmocka_unit_test(user_jit),
        cmocka_unit_test(user_one_table_for_all),
        cmocka_unit_test(user_memory_is_bounded),
    };

    return cmocka_run_group_tests_name("usyms", tests, NULL, NULL);
}
