/*
 * symbols_help.h - what the tests of symbols/ share
 *
 * Tests run in the root of the repository.
 */
#ifndef HARK_TESTS_SYMBOLS_HELP_H
#define HARK_TESTS_SYMBOLS_HELP_H

#include "symbols/symbols_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#ifndef HARK_FIXTURES
#define HARK_FIXTURES "tests/fixtures"
#endif

#define ROOT HARK_FIXTURES "/symbols"
#define LIB  ROOT "/lib/"

static inline void assert_exit_code(pid_t child, int code)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static inline void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static inline void read_file(const char *path, struct buf *out)
{
    assert_true(symbols_read_file(path, 1 << 26, out));
}

static inline void copy_file(const char *from, const char *to)
{
    struct buf bytes = { 0 };

    read_file(from, &bytes);
    write_file(to, bytes.p, bytes.n);
    buf_free(&bytes);
}

/* A directory of our own; *dir is its path. */
static inline char *make_dir(void)
{
    char *dir = xstrdup("/tmp/hark-test-XXXXXX");

    assert_non_null(mkdtemp(dir));
    return dir;
}

static inline const char *in_dir(struct arena *a, const char *dir, const char *name)
{
    return arena_printf(a, "%s/%s", dir, name);
}

static inline void assert_str(struct str s, const char *wanted)
{
    if (!str_eqz(s, wanted))
        fail_msg("\"%.*s\" instead of \"%s\"", STRF(s), wanted);
}

struct names {
    struct buf text; /* "name name " */
    int stop_after;  /* 0: never */
    int n;
};

static inline int note_func(void *arg, const struct elf_func *f)
{
    struct names *names = arg;

    buf_printf(&names->text, "%.*s ", STRF(f->demangled));
    return ++names->n == names->stop_after ? 42 : 0;
}

static inline int note_path(void *arg, const char *path)
{
    struct names *names = arg;

    buf_printf(&names->text, "%s ", path);
    return ++names->n == names->stop_after ? 42 : 0;
}

static inline void assert_found(struct symbols *s, const char *what, uint32_t pid,
                                const char *wanted)
{
    struct names names = { 0 };
    struct err e = { 0 };
    int rc = symbols_find_binary(s, str_from(what), pid, note_path, &names, &e);

    if (rc || !names.text.p || strcmp(names.text.p, wanted) != 0)
        fail_msg("'%s' gives %d %s %s", what, rc, names.text.p ? names.text.p : "", e.text);
    buf_free(&names.text);
}

static inline void assert_not_found(struct symbols *s, const char *what, uint32_t pid, int rc,
                                    const char *sentence)
{
    struct names names = { 0 };
    struct err e = { 0 };

    assert_int_equal(symbols_find_binary(s, str_from(what), pid, note_path, &names, &e), rc);
    assert_string_equal(e.text, sentence);
    assert_int_equal(names.n, 0);
}

/* Maps a file as code, as a dynamic linker does, and gives the address. */
static inline char *map_code(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *code;

    assert_true(fd >= 0);
    code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(code, MAP_FAILED);
    close(fd);
    return code;
}

static inline uint64_t addr_of(struct symbols *s, const char *path, const char *name)
{
    struct elf_func f;
    struct err e = { 0 };

    if (symbols_func(s, path, str_from(name), &f, &e))
        fail_msg("%s", e.text);
    return f.addr;
}

static inline void assert_user(struct symbols *s, uint32_t pid, uint64_t addr, const char *name,
                               uint64_t offset, const char *module)
{
    struct sym sym;

    if (!symbols_user(s, pid, addr, &sym))
        fail_msg("no name for 0x%llx, wanted %s", (unsigned long long)addr, name);
    assert_str(sym.name, name);
    assert_int_equal(sym.offset, offset);
    if (module)
        assert_str(sym.module, module);
}

static inline int note_cached(void *arg, struct str path)
{
    buf_printf(arg, "%.*s ", STRF(path));
    return 0;
}

/* A made-up process whose stat and maps we can change. */
struct fake {
    struct arena a;
    char *dir;
    const char *proc, *pid, *lib, *stat, *maps, *full, *id;
};

static inline void fake_init(struct fake *f)
{
    *f = (struct fake){ .dir = make_dir() };
    f->proc = in_dir(&f->a, f->dir, "proc");
    f->pid = in_dir(&f->a, f->dir, "proc/7");
    f->lib = in_dir(&f->a, f->dir, "lib");
    f->stat = in_dir(&f->a, f->dir, "proc/7/stat");
    f->maps = in_dir(&f->a, f->dir, "proc/7/maps");
    f->full = in_dir(&f->a, f->dir, "lib/full");
    f->id = in_dir(&f->a, f->dir, "lib/id");
    assert_int_equal(mkdir(f->proc, 0700) | mkdir(f->pid, 0700) | mkdir(f->lib, 0700), 0);
    copy_file(LIB "libfull.so.3.1", f->full);
    copy_file(LIB "libid.so", f->id);
}

static inline void fake_fini(struct fake *f)
{
    unlink(f->stat);
    unlink(f->maps);
    unlink(f->full);
    unlink(f->id);
    rmdir(f->pid);
    rmdir(f->proc);
    rmdir(f->lib);
    assert_int_equal(rmdir(f->dir), 0);
    free(f->dir);
    arena_free(&f->a);
}

static inline void fake_set(struct fake *f, uint64_t start, uint64_t memory, uint64_t code,
                            const char *maps)
{
    struct buf text = { 0 };

    buf_printf(&text,
               "7 (a) b) R 1 1 1 1 1 1 98 0 0 0 0 0 0 0 20 0 1 0 %llu %llu 360 18446744073709551615"
               " %llu %llu 140732929360320 0 0 0\n",
               (unsigned long long)start, (unsigned long long)memory, (unsigned long long)code,
               (unsigned long long)code + 100);
    write_file(f->stat, text.p, text.n);
    write_file(f->maps, maps, strlen(maps));
    buf_free(&text);
}

#endif
