/*
 * test_find.c - names of programs and libraries to paths
 */
#include "tests/unit/symbols_help.h"

#include <sched.h>
#include <sys/mount.h>

static void find_in_fixture(void **state)
{
    struct symbols *s = symbols_open(ROOT, true), *old = symbols_open(ROOT "/old", true);

    (void)state;
    assert_found(s, "/lib/libbare.so", 0, LIB "libbare.so ");
    assert_found(s, "/lib/lib[bi]*.so", 0, LIB "libbare.so " LIB "libid.so ");
    assert_found(s, "/*/libbare.so", 0, LIB "libbare.so ");
    assert_found(s, "/lib/libfull*", 0, LIB "libfull.so.3 "); /* .3 is a link to .3.1 */
    assert_found(s, "libfull", 0, LIB "libfull.so.3.1 ");
    assert_found(s, "libfull.so", 0, LIB "libfull.so.3.1 ");
    assert_found(s, "libfull.so.3", 0, LIB "libfull.so.3.1 ");
    assert_found(s, "libbare", 0, LIB "libbare.so ");
    assert_found(s, "libb*", 0, LIB "libbare.so ");
    assert_found(s, "libfull", 4711, LIB "libfull.so.3.1 "); /* what is mapped */
    assert_found(s, "libid.so", 4711, LIB "libid.so ");
    assert_found(s, "libbare", 4711, LIB "libbare.so "); /* not mapped: from the cache */
    assert_found(s, "*", 4711, LIB "libfull.so.3.1 " LIB "libid.so ");
    assert_found(s, "*", 0, LIB "libfull.so.3.1 " LIB "libid.so ");
    assert_not_found(s, "libful", 0, -ENOENT,
                     "no program 'libful' in PATH, and no library of that name in "
                     "/etc/ld.so.cache");
    assert_not_found(s, "libid", 0, -ENOENT,
                     "no program 'libid' in PATH, and no library of that name in "
                     "/etc/ld.so.cache");
    assert_not_found(s, "/lib/x*", 0, -ENOENT, "no program or library matches '/lib/x*'");
    assert_not_found(s, "/lib/x", 0, -ENOENT, "cannot use '" LIB "x': No such file or directory");
    assert_not_found(s, "", 0, -EINVAL, "neither a program nor a process is named");
    assert_not_found(s, "x", 4712, -ESRCH, "there is no process 4712");
    assert_not_found(old, "libbare", 0, -ENOENT,
                     "no program 'libbare' in PATH, and no library of that name in "
                     "/etc/ld.so.cache"); /* listed, but not there */
    symbols_close(s);
    symbols_close(old);
}

static void linker_cache(void **state)
{
    struct buf found = { 0 };

    (void)state;
    ldcache_each(ROOT "/etc/ld.so.cache", STR("lib*"), note_cached, &found);
    assert_string_equal(found.p, "/lib/libother.so /lib/libfull.so.3 /lib/libbare.so ");
    buf_clear(&found);
    ldcache_each(ROOT "/old/etc/ld.so.cache", STR("lib*"), note_cached, &found);
    assert_string_equal(found.p, "/lib/libother.so /lib/libfull.so.3 /lib/libbare.so ");
    buf_free(&found);

    assert_true(ldcache_is_called(STR("libc.so.6"), STR("libc")));
    assert_true(ldcache_is_called(STR("libc-2.31.so"), STR("libc")));
    assert_true(ldcache_is_called(STR("libc.so.6"), STR("libc.so")));
    assert_false(ldcache_is_called(STR("libcap.so.2"), STR("libc")));
    assert_false(ldcache_is_called(STR("libc-client.so.1"), STR("libc")));
    assert_false(ldcache_is_called(STR("libc.so.6"), STR("libc.so.6.1")));
}

/* Absolute links start at the root given, not at ours. */
static void find_through_links(void **state)
{
    struct arena a = { 0 };
    char *root = make_dir();
    const char *lib = in_dir(&a, root, "lib.so"), *link = in_dir(&a, root, "link.so"),
               *second = in_dir(&a, root, "second.so"), *loop = in_dir(&a, root, "loop.so");
    struct symbols *s = symbols_open(root, true);

    (void)state;
    copy_file(LIB "libid.so", lib);
    assert_int_equal(symlink("/lib.so", link) | symlink("link.so", second), 0);
    assert_int_equal(symlink("/loop.so", loop), 0);
    assert_found(s, "/second.so", 0, arena_printf(&a, "%s ", lib));
    assert_not_found(s, "/loop.so", 0, -ELOOP,
                     arena_printf(&a, "cannot use '%s': Too many levels of symbolic links", loop));
    symbols_close(s);
    unlink(lib);
    unlink(link);
    unlink(second);
    unlink(loop);
    rmdir(root);
    free(root);
    arena_free(&a);
}

static void find_live(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    uint32_t self = (uint32_t)getpid();
    char exe[PATH_MAX] = "", with_blank[PATH_MAX + 8], sh[PATH_MAX];
    char *old_path = xstrdup(getenv("PATH") ? getenv("PATH") : "");
    struct names libc = { 0 };

    (void)state;
    setenv("PATH", "relative:/nowhere:/bin:/usr/bin", 1);
    assert_found(s, "sh", 0, "/bin/sh ");
    setenv("PATH", old_path, 1);
    assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
    snprintf(with_blank, sizeof(with_blank), "%s ", exe);
    assert_found(s, "", self, with_blank);
    assert_found(s, strrchr(exe, '/') + 1, self, with_blank);
    assert_non_null(getcwd(sh, sizeof(sh)));
    strcat(sh, "/" LIB "libid.so ");
    assert_found(s, "./" LIB "libid.so", 0, sh);
    assert_found(s, LIB "libid.so", 0, sh);
    assert_found(s, LIB "libi*.so", 0, sh);
    assert_int_equal(symbols_find_binary(s, STR("libc"), 0, note_path, &libc, NULL), 0);
    assert_int_equal(libc.n, 1);
    assert_true(libc.text.p[0] == '/' && strstr(libc.text.p, "libc.so."));
    buf_free(&libc.text);
    libc = (struct names){ .stop_after = 2 };
    assert_int_equal(symbols_find_binary(s, STR("*"), self, note_path, &libc, NULL), 42);
    buf_free(&libc.text);
    free(old_path);
    symbols_close(s);
}

/* What the child does; no assertions here, as a failed one would go on with the next test. */
static int live_elsewhere(const char *dir, const char *lib, const struct buf *bytes, int ready,
                          int keep_alive)
{
    char byte;
    int fd;

    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", dir, "tmpfs", 0, NULL))
        return 1;
    fd = open(lib, O_RDWR | O_CREAT | O_CLOEXEC, 0755);
    if (fd < 0 || write(fd, bytes->p, bytes->n) != (ssize_t)bytes->n ||
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
        return 2;
    return write(ready, "x", 1) == 1 && read(keep_alive, &byte, 1) == 0 ? 0 : 3;
}

/* A child that maps a file of a file system only it sees. */
static void other_mount_namespace(void **state)
{
    struct symbols *s = symbols_open(NULL, true);
    struct arena a = { 0 };
    char *dir = make_dir();
    const char *lib = in_dir(&a, dir, "lib.so");
    struct buf bytes = { 0 };
    int ready[2], keep_alive[2];
    pid_t child;
    char byte = 0;

    (void)state;
    read_file(LIB "libid.so", &bytes);
    assert_int_equal(pipe(ready) | pipe(keep_alive), 0);
    child = fork();
    if (child == 0) {
        close(keep_alive[1]);
        _exit(live_elsewhere(dir, lib, &bytes, ready[1], keep_alive[0]));
    }
    close(ready[1]);
    close(keep_alive[0]);
    if (read(ready[0], &byte, 1) == 1) {
        const char *inside = arena_printf(&a, "/proc/%d/root%s", (int)child, lib);
        const char *found = arena_printf(&a, "%s ", inside);
        struct buf text = { 0 };
        uint64_t at = 0;

        assert_found(s, lib, (uint32_t)child, found);
        assert_found(s, "lib", (uint32_t)child, found);
        read_file(arena_printf(&a, "/proc/%d/maps", (int)child), &text);
        for (char *line = strtok(text.p, "\n"); line; line = strtok(NULL, "\n")) {
            if (strstr(line, lib))
                at = strtoull(line, NULL, 16);
        }
        symbols_user_remember(s, (uint32_t)child);
        close(keep_alive[1]);
        assert_exit_code(child, 0);
        /* The file is gone with the namespace. */
        at += addr_of(s, LIB "libid.so", "alias_end");
        assert_user(s, (uint32_t)child, at, "alias_end", 0, lib);
        buf_free(&text);
    } else {
        print_message("other_mount_namespace: mounting is not permitted\n");
        close(keep_alive[1]);
        assert_exit_code(child, 1);
    }
    close(ready[0]);
    rmdir(dir);
    free(dir);
    buf_free(&bytes);
    symbols_close(s);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_in_fixture),       cmocka_unit_test(linker_cache),
        cmocka_unit_test(find_through_links),    cmocka_unit_test(find_live),
        cmocka_unit_test(other_mount_namespace),
    };

    return cmocka_run_group_tests_name("find", tests, NULL, NULL);
}
