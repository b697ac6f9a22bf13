/*
 * test_symbols_garbage.c - garbled files give wrong names or none, but never make us crash
 *
 * Worth most under the sanitizers. The changes are random but the same every time.
 */
#include "tests/unit/symbols_help.h"

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void use_everything(const char *path)
{
    struct symbols *s = symbols_open(ROOT, true);
    struct names names = { 0 };
    struct elf_func f;
    uint64_t addr, size;
    struct buf hex = { 0 };
    struct sym sym;
    struct elf_file *file;
    bool is_pie;

    symbols_each_func(s, path, STR("*"), note_func, &names, NULL);
    symbols_func(s, path, STR("hidden"), &f, NULL);
    symbols_func(s, path, STR("hiden"), &f, NULL);
    symbols_object(s, path, STR("counter"), &addr, &size, &is_pie, NULL);
    symbols_file_offset(s, path, 0x1ff0, &addr, NULL);
    symbols_build_id(s, path, &hex);
    file = elf_file_at(s, path);
    for (uint64_t at = 0; file && at < 0x2000; at += 0x31)
        elf_file_name_at(s, file, at, &sym);
    buf_free(&hex);
    buf_free(&names.text);
    symbols_close(s);
}

static void garble(const char *from, const char *to, void use(const char *path))
{
    struct buf good = { 0 };
    uint64_t random = 88172645463325252;
    char *bad;

    read_file(from, &good);
    bad = xcalloc(1, good.n);
    for (size_t n = 0; n < good.n; n += good.n / 60 + 1) {
        write_file(to, good.p, n);
        use(to);
    }
    for (int round = 0; round < 400; round++) {
        memcpy(bad, good.p, good.n);
        for (uint64_t i = next_random(&random) % 20 + 1; i > 0; i--) {
            /* Half of the changes hit headers: the beginning, or the section table at the end. */
            size_t range = next_random(&random) % 2 ? MIN((size_t)512, good.n) : good.n;
            size_t at = next_random(&random) % range;

            if (range != good.n && next_random(&random) % 2)
                at = good.n - 1 - at;
            bad[at] = next_random(&random) % 2 ? (char)next_random(&random) : (char)0xff;
        }
        write_file(to, bad, good.n);
        use(to);
    }
    free(bad);
    buf_free(&good);
}

static void garbled_elf(void **state)
{
    static const char *const files[] = { "libfull.so.3.1", "libid.so", "liblink.so", "libmini.so" };
    struct arena a = { 0 };
    char *dir = make_dir();
    const char *to = in_dir(&a, dir, "liblink.so");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        garble(in_dir(&a, LIB, files[i]), to, use_everything);
    unlink(to);
    rmdir(dir);
    free(dir);
    arena_free(&a);
}

static void use_cache(const char *path)
{
    struct buf found = { 0 };

    ldcache_each(path, STR("lib*"), note_cached, &found);
    ldcache_each(path, STR("libfull"), note_cached, &found);
    buf_free(&found);
}

/* path is …/proc/kallsyms or …/proc/7/maps. */
static void use_proc(const char *path)
{
    struct arena a = { 0 };
    const char *root = arena_strdup(&a, path);
    struct symbols *s;
    struct names names = { 0 };
    struct sym sym;
    uint64_t addr;

    *strstr(root, "/proc/") = '\0';
    s = symbols_open(root, true);
    symbols_kernel(s, 0xffffffff81000044, &sym);
    symbols_kernel_addr(s, STR("twice"), &addr);
    symbols_user(s, 7, 0x10000400, &sym);
    symbols_user(s, 7, 0x20000400, &sym);
    symbols_find_binary(s, STR("*"), 7, note_path, &names, NULL);
    buf_free(&names.text);
    symbols_close(s);
    arena_free(&a);
}

static void garbled_text(void **state)
{
    struct fake f;
    const char *path;

    (void)state;
    fake_init(&f);
    path = in_dir(&f.a, f.dir, "cache");
    garble(ROOT "/etc/ld.so.cache", path, use_cache);
    garble(ROOT "/old/etc/ld.so.cache", path, use_cache);
    unlink(path);
    path = in_dir(&f.a, f.dir, "proc/kallsyms");
    garble(ROOT "/proc/kallsyms", path, use_proc);
    unlink(path);
    fake_set(&f, 1, 2, 3, "");
    garble(ROOT "/proc/4711/maps", f.maps, use_proc);
    fake_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbled_elf),
        cmocka_unit_test(garbled_text),
    };

    return cmocka_run_group_tests_name("symbols_garbage", tests, NULL, NULL);
}
