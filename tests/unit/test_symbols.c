/*
 * test_symbols.c - names of the kernel and of ELF files
 *
 * Fixtures (tests/fixtures/symbols, see build.sh there) give files whose every symbol is known;
 * libc and this kernel show that real ones work.
 */
#include "tests/unit/symbols_help.h"

static void assert_kernel(struct symbols *s, uint64_t addr, const char *name, uint64_t offset,
                          const char *module)
{
    struct sym sym;

    assert_true(symbols_kernel(s, addr, &sym));
    assert_str(sym.name, name);
    assert_int_equal(sym.offset, offset);
    assert_str(sym.module, module);
}

static void kernel_names(void **state)
{
    struct symbols *s = symbols_open(ROOT, true);
    struct sym sym;

    (void)state;
    assert_kernel(s, 0xffffffff81000000, "first_name", 0, ""); /* the first of two */
    assert_kernel(s, 0xffffffff8100003f, "first_name", 0x3f, "");
    assert_kernel(s, 0xffffffff81000040, "local_one", 0, "");
    assert_kernel(s, 0xffffffff81000104, "weak_one", 4, "");
    assert_kernel(s, 0xffffffff82000008, "jiffies", 8, "");
    assert_kernel(s, 0xffffffffc0001001, "early_helper", 1, "amod"); /* sorted before zmod */
    assert_kernel(s, 0xffffffffc0001025, "cleanup", 5, "amod");
    assert_kernel(s, 0xffffffffc0002013, "twice", 3, "zmod");
    assert_kernel(s, 0xffffffffc0100010, "bpf_prog_12ab_main", 0x10, "bpf");
    assert_false(symbols_kernel(s, 0x7fff00000000, &sym)); /* far from everything */
    assert_int_equal(sym.name.n, 0);
    assert_int_equal(sym.module.n, 0);
    assert_false(symbols_kernel(s, 0, &sym));
    assert_false(symbols_kernel(s, UINT64_MAX, &sym));
    symbols_close(s);
}

static void kernel_addresses(void **state)
{
    struct symbols *s = symbols_open(ROOT "/", true);
    uint64_t addr = 0;

    (void)state;
    assert_true(symbols_kernel_addr(s, STR("jiffies"), &addr));
    assert_int_equal(addr, 0xffffffff82000000);
    assert_true(symbols_kernel_addr(s, STR("twice"), &addr)); /* the kernel's, not zmod's */
    assert_int_equal(addr, 0xffffffff81000200);
    assert_false(symbols_kernel_addr(s, STR("twic"), &addr));
    assert_false(symbols_kernel_addr(s, STR("jiffies_64"), &addr));
    symbols_close(s);
}

static void kernel_unreadable(void **state)
{
    static const char *const roots[] = { ROOT "/restricted", ROOT "/nowhere", ROOT "/lib" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        struct symbols *s = symbols_open(roots[i], true);
        struct sym sym;
        uint64_t addr;

        assert_false(symbols_kernel(s, 0, &sym));
        assert_false(symbols_kernel(s, 0xffffffff81000000, &sym));
        assert_false(symbols_kernel_addr(s, STR("first_name"), &addr));
        symbols_close(s);
    }
}

static void kernel_live(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    FILE *f = fopen("/proc/kallsyms", "r");
    uint64_t listed = 0, addr = 0, other;
    struct sym sym;
    char line[512];

    (void)state;
    while (f && fgets(line, sizeof(line), f)) {
        if (strstr(line, " vfs_read\n"))
            listed = strtoull(line, NULL, 16);
    }
    if (f)
        fclose(f);
    if (!listed) {
        print_message("kernel_live: /proc/kallsyms does not show addresses\n");
        symbols_close(s);
        skip();
    }
    assert_true(symbols_kernel_addr(s, STR("vfs_read"), &addr));
    assert_int_equal(addr, listed);
    assert_true(symbols_kernel(s, addr + 5, &sym));
    assert_int_equal(sym.offset, 5);
    assert_true(symbols_kernel_addr(s, sym.name, &other)); /* itself or another name of it */
    assert_int_equal(other, addr);
    symbols_close(s);
}

static void functions(void **state)
{
    static const struct {
        const char *glob, *names;
    } cases[] = {
        { "exported", "exported " },
        { "alias*", "alias_end alias_long " }, /* in order of addresses */
        { "*alias_long", "alias_long __alias_long " },
        { "lab[a-e]lled", "labelled " },
        { "old_*", "old_impl old_name " }, /* the table says old_name@FIX_1 */
        { "fast_path", "" },               /* an IFUNC: would be its resolver */
        { "*_label", "" },
        { "counter", "" },
        { "_ZN3*", "foo::bar(int) " },
        { "nothing*", "" },
    };
    struct symbols *s = symbols_open(NULL, true);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct names names = { 0 };
        struct err e = { 0 };

        buf_puts(&names.text, "");
        assert_int_equal(symbols_each_func(s, LIB "libfull.so.3.1", str_from(cases[i].glob),
                                           note_func, &names, &e),
                         0);
        assert_string_equal(names.text.p, cases[i].names);
        buf_free(&names.text);
    }
    symbols_close(s);
}

static void enumeration_can_be_ended(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    struct names names = { .stop_after = 3 };
    struct err e = { 0 };

    (void)state;
    assert_int_equal(symbols_each_func(s, LIB "libfull.so.3.1", STR("*"), note_func, &names, &e),
                     42);
    assert_int_equal(names.n, 3);
    buf_free(&names.text);
    symbols_close(s);
}

static void function_by_name(void **state)
{
    struct symbols *s = symbols_open(NULL, false);
    struct elf_func f;
    struct err e = { 0 };

    (void)state;
    assert_int_equal(symbols_func(s, LIB "libfull.so.3.1", STR("exported"), &f, &e), 0);
    assert_str(f.name, "exported");
    assert_str(f.demangled, "exported");
    assert_int_equal(f.size, 23);
    assert_int_equal(f.offset, f.addr); /* its segment begins at 0 */
    assert_int_equal(symbols_func(s, LIB "libfull.so.3.1", STR("_ZN3foo3barEi"), &f, &e), 0);
    assert_str(f.name, "_ZN3foo3barEi");
    assert_str(f.demangled, "foo::bar(int)");
    assert_int_equal(symbols_func(s, LIB "libfull.so.3.1", STR("sizeless"), &f, &e), 0);
    assert_int_equal(f.size, 0);
    assert_int_equal(symbols_func(s, LIB "libfull.so.3.1", STR("inner_label"), &f, &e), 0);
    assert_int_equal(symbols_func(s, LIB "libfull.so.3.1", STR("fast_path"), &f, &e), 0);
    symbols_close(s);
}

static void function_missing(void **state)
{
    struct symbols *s = symbols_open(NULL, false);
    struct elf_func f;
    struct err e = { 0 };

    (void)state;
    assert_int_equal(symbols_func(s, LIB "libfull.so.3.1", STR("exproted"), &f, &e), -ENOENT);
    assert_string_equal(e.text, "no function 'exproted' in '" LIB "libfull.so.3.1'");
    assert_string_equal(e.hint, "did you mean 'exported'?");
    e = (struct err){ 0 };
    assert_int_equal(symbols_func(s, LIB "libfull.so.3.1", STR("counter"), &f, &e), -ENOENT);
    assert_int_equal(symbols_func(s, LIB "nothing.so", STR("x"), &f, &e), -ENOENT);
    assert_string_equal(e.text, "cannot read '" LIB "nothing.so': No such file or directory");
    assert_int_equal(symbols_func(s, ROOT "/lib.c", STR("x"), &f, &e), -ENOEXEC);
    assert_string_equal(e.text, "'" ROOT "/lib.c' is not an ELF file");
    assert_int_equal(symbols_func(s, ROOT, STR("x"), &f, &e), -EISDIR);
    assert_int_equal(symbols_func(s, "/dev/zero", STR("x"), &f, &e), -EINVAL);
    assert_int_equal(symbols_func(s, LIB "nothing.so", STR("x"), &f, NULL), -ENOENT);
    symbols_close(s);
}

static void separate_debug_files(void **state)
{
    static const char *const paths[] = { LIB "libid.so", LIB "liblink.so", LIB "libmini.so" };
    struct symbols *s = symbols_open(ROOT, true);
    struct elf_func f;
    struct err e = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct names names = { 0 };

        if (symbols_func(s, paths[i], STR("hidden"), &f, &e))
            fail_msg("%s", e.text);
        assert_int_equal(f.size, 10);
        assert_int_equal(f.offset, f.addr);
        assert_int_equal(symbols_each_func(s, paths[i], STR("exported"), note_func, &names, &e), 0);
        assert_int_equal(names.n, 1); /* although it is in two tables */
        buf_free(&names.text);
    }
    assert_int_equal(symbols_func(s, LIB "libbare.so", STR("exported"), &f, &e), 0);
    assert_int_equal(symbols_func(s, LIB "libbare.so", STR("hidden"), &f, &e), -ENOENT);
    symbols_close(s);
}

/* Whatever is at the right place with the wrong build id or checksum is not ours. */
static void wrong_debug_files(void **state)
{
    struct arena a = { 0 };
    char *dir = make_dir();
    const char *lib = in_dir(&a, dir, "liblink.so"), *debug = in_dir(&a, dir, "liblink.so.debug");
    struct symbols *s = symbols_open(NULL, true);
    struct buf bytes = { 0 };
    struct elf_func f;

    (void)state;
    copy_file(LIB "liblink.so", lib);
    read_file(LIB ".debug/liblink.so.debug", &bytes);
    bytes.p[bytes.n - 1] ^= 1;
    write_file(debug, bytes.p, bytes.n);
    assert_int_equal(symbols_func(s, lib, STR("hidden"), &f, NULL), -ENOENT);
    symbols_close(s);

    s = symbols_open(NULL, true);
    bytes.p[bytes.n - 1] ^= 1;
    write_file(debug, bytes.p, bytes.n);
    assert_int_equal(symbols_func(s, lib, STR("hidden"), &f, NULL), 0);
    symbols_close(s);

    unlink(lib);
    unlink(debug);
    rmdir(dir);
    free(dir);
    buf_free(&bytes);
    arena_free(&a);
}

static void places_in_files(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    uint64_t addr, size, offset;
    struct err e = { 0 };
    struct buf hex = { 0 };
    bool is_pie;

    (void)state;
    assert_int_equal(
        symbols_object(s, LIB "libfull.so.3.1", STR("counter"), &addr, &size, &is_pie, &e), 0);
    assert_int_equal(size, 4);
    assert_true(is_pie);
    assert_int_equal(symbols_file_offset(s, LIB "libfull.so.3.1", addr, &offset, &e), 0);
    assert_int_equal(offset, addr - 0x1000); /* the second segment */
    assert_int_equal(symbols_file_offset(s, LIB "libfull.so.3.1", 0x100000, &offset, &e), -EINVAL);
    assert_string_equal(e.text,
                        "address 0x100000 is not in the loaded part of '" LIB "libfull.so.3.1'");
    assert_int_equal(
        symbols_object(s, LIB "libfull.so.3.1", STR("couner"), &addr, &size, &is_pie, &e), -ENOENT);
    assert_string_equal(e.hint, "did you mean 'counter'?");
    assert_int_equal(
        symbols_object(s, LIB "libfull.so.3.1", STR("exported"), &addr, &size, &is_pie, &e), 0);

    assert_true(symbols_build_id(s, LIB "libid.so", &hex));
    assert_string_equal(hex.p, "1122334455667788");
    assert_false(symbols_build_id(s, LIB "libfull.so.3.1", &hex));
    assert_false(symbols_build_id(s, ROOT "/lib.c", &hex));
    assert_true(symbols_is_elf(LIB "libbare.so"));
    assert_false(symbols_is_elf(ROOT "/lib.c"));
    assert_false(symbols_is_elf(ROOT));
    assert_false(symbols_is_elf("/dev/tty"));
    buf_free(&hex);
    symbols_close(s);
}

static void addresses_in_tables(void **state)
{
    static const struct {
        struct symtab_entry e;
        struct str name;
    } entries[] = {
        { { .addr = 0x100, .kind = SYMTAB_LABEL }, STR("start") },
        { { .addr = 0x200, .size = 0x100, .kind = SYMTAB_FUNC, .local = true }, STR("outer") },
        { { .addr = 0x210, .kind = SYMTAB_LABEL, .local = true }, STR("inside") },
        { { .addr = 0x280, .size = 8, .kind = SYMTAB_OBJECT }, STR("data") },
        { { .addr = 0x400, .size = 0x10, .kind = SYMTAB_FUNC }, STR("__same") },
        { { .addr = 0x400, .size = 0x10, .kind = SYMTAB_FUNC, .local = true }, STR("same2") },
        { { .addr = 0x400, .size = 0x10, .kind = SYMTAB_FUNC }, STR("same@@V_2") },
        { { .addr = 0x400, .size = 0x10, .kind = SYMTAB_FUNC }, STR("same@V_1") },
    };
    static const struct {
        uint64_t addr, floor;
        const char *name;
    } cases[] = {
        { 0xff, 0, NULL },     { 0x100, 0, "start" }, { 0x1ff, 0, "start" }, { 0x1ff, 0x180, NULL },
        { 0x200, 0, "outer" }, { 0x220, 0, "outer" }, { 0x281, 0, "outer" }, { 0x300, 0, NULL },
        { 0x401, 0, "same" },  { 0x410, 0, NULL }, /* and not "start", which ended before "outer" */
    };
    struct symtab t = { 0 };

    (void)state;
    for (size_t i = ARRAY_LEN(entries); i-- > 0;)
        symtab_add(&t, entries[i].e, entries[i].name);
    symtab_sort(&t);
    assert_int_equal(t.all.n, ARRAY_LEN(entries) - 1); /* two are called "same" */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct symtab_entry *e = symtab_find(&t, cases[i].addr, cases[i].floor);

        assert_int_equal(!e, !cases[i].name);
        if (e)
            assert_str(symtab_name(&t, e), cases[i].name);
    }
    symtab_free(&t);
}

static void libc_functions(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    struct names names = { 0 }, libc = { 0 };
    struct elf_func f;
    struct err e = { 0 };

    (void)state;
    assert_int_equal(symbols_find_binary(s, STR("libc"), (uint32_t)getpid(), note_path, &libc, &e),
                     0);
    assert_int_equal(libc.n, 1);
    libc.text.p[libc.text.n - 1] = '\0';
    assert_int_equal(symbols_func(s, libc.text.p, STR("malloc"), &f, &e), 0);
    assert_true(f.size > 0);
    assert_int_equal(symbols_each_func(s, libc.text.p, STR("*"), note_func, &names, &e), 0);
    assert_true(names.n > 1000);
    buf_free(&names.text);
    buf_free(&libc.text);
    symbols_close(s);
}

static void assert_demangled(struct symbols *s, const char *raw, const char *wanted)
{
    assert_str(demangle(s, str_from(raw)), wanted);
    assert_str(demangle(s, str_from(raw)), wanted); /* now from the cache */
}

static void demangling(void **state)
{
    struct symbols *s = symbols_open(NULL, true);

    (void)state;
    assert_demangled(s, "main", "main");
    assert_demangled(s, "_ZN3foo3barEi", "foo::bar(int)");
    assert_demangled(s, "_Z1fv", "f()");
    assert_demangled(s, "_Z", "_Z");
    assert_demangled(s, "_Znonsense", "_Znonsense");
    assert_demangled(s, "_ZN4core3fmt9Formatter3new17h0123456789abcdefE",
                     "core::fmt::Formatter::new");
    assert_demangled(s,
                     "_ZN66_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..ops..drop..Drop$GT$4drop"
                     "17h0011223344556677E",
                     "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop");
    assert_demangled(s, "_RNvC6_123foo3bar", "_RNvC6_123foo3bar");
    assert_demangled(s, "_ZN3foo17hnothexnothexnothE", "foo::hnothexnothexnoth");
    symbols_close(s);
}

/* Each part says twice the part before: 30 of them stand for some 30 GB. */
static void demangling_bombs(void **state)
{
    static const char *const forms[] = { "S_I$$E", "M$$", "F$$E" };
    struct symbols *s = symbols_open(NULL, true);

    (void)state;
    for (size_t kind = 0; kind < ARRAY_LEN(forms); kind++) {
        struct buf name = { 0 };

        buf_puts(&name, "_Z1f1XI1AS0_E");
        for (int i = 1; i <= 33; i++) {
            char ref[8];
            char c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i];

            snprintf(ref, sizeof(ref), "S%c_", c);
            for (const char *p = forms[kind]; *p; p++) {
                if (*p == '$')
                    buf_puts(&name, ref);
                else
                    buf_putc(&name, *p);
            }
        }
        assert_str(demangle(s, buf_as_str(&name)), name.p);
        buf_free(&name);
    }
    symbols_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_names),
        cmocka_unit_test(kernel_addresses),
        cmocka_unit_test(kernel_unreadable),
        cmocka_unit_test(kernel_live),
        cmocka_unit_test(functions),
        cmocka_unit_test(enumeration_can_be_ended),
        cmocka_unit_test(function_by_name),
        cmocka_unit_test(function_missing),
        cmocka_unit_test(separate_debug_files),
        cmocka_unit_test(wrong_debug_files),
        cmocka_unit_test(places_in_files),
        cmocka_unit_test(addresses_in_tables),
        cmocka_unit_test(libc_functions),
        cmocka_unit_test(demangling),
        cmocka_unit_test(demangling_bombs),
    };

    return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
