/*
 * symbols.c - opening and closing, and how all other files here touch the file system
 *
 * What is traced is not to be trusted: a path may lead to a FIFO, a file may grow without end or be
 * cut short while it is read. So files are opened only if they are regular, are read with read()
 * and never mapped (a mapped file that shrinks kills its reader), and up to a limit.
 */
#include "symbols/symbols_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_READ = 4096 };

struct str symbols_intern(struct symbols *s, struct str text)
{
    char *known = map_get(&s->interned, text);
    struct str copy;

    if (known)
        return (struct str){ known, text.n };
    copy = str_dup(&s->arena, text);
    map_set(&s->interned, copy, (void *)copy.p);
    return copy;
}

bool symbols_path(const struct symbols *s, char out[PATH_MAX], const char *fmt, ...)
{
    va_list ap;
    int root, rest;

    root = snprintf(out, PATH_MAX, "%s", s->root);
    if (root >= PATH_MAX)
        return false;
    va_start(ap, fmt);
    rest = vsnprintf(out + root, PATH_MAX - (size_t)root, fmt, ap);
    va_end(ap);
    return rest >= 0 && rest < PATH_MAX - root;
}

int symbols_open_plain(const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return -1;
    if (fstat(fd, st) || !S_ISREG(st->st_mode)) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

int symbols_open_regular(const char *path, struct stat *st)
{
    int fd = symbols_open_plain(path, st);

    return fd < 0 && (errno == ENOENT || errno == ENOTDIR) ? zip_open(path, st) : fd;
}

static bool read_all(int fd, size_t limit, struct buf *out)
{
    while (out->n < limit) {
        ssize_t n;

        if (out->cap - out->n < FIRST_READ) { /* one byte stays free for the NUL */
            out->cap = MAX(out->cap * 2, (size_t)2 * FIRST_READ);
            out->p = xrealloc(out->p, out->cap);
        }
        n = read(fd, out->p + out->n, MIN(out->cap - out->n - 1, limit - out->n));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        out->n += (size_t)n;
    }
    if (out->p)
        out->p[out->n] = '\0';
    return true;
}

bool symbols_read_file(const char *path, size_t limit, struct buf *out)
{
    struct stat st;
    int fd = symbols_open_regular(path, &st);
    bool ok;

    buf_clear(out);
    if (fd < 0)
        return false;
    ok = read_all(fd, limit, out);
    close(fd);
    return ok;
}

uint64_t symbols_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct symbols *symbols_open(const char *root, bool demangle_names)
{
    struct symbols *s = xcalloc(1, sizeof(*s));
    struct str prefix = str_from(root);

    while (str_ends(prefix, STR("/")))
        prefix.n--;
    s->root = str_dup(&s->arena, prefix).p;
    s->demangle = demangle_names;
    elf_version(EV_CURRENT);
    return s;
}

void symbols_set_demangle(struct symbols *s, bool demangle)
{
    s->demangle = demangle;
}

void symbols_note_into(struct symbols *s, struct deps *deps)
{
    s->deps = deps;
}

void symbols_set_debug_dirs(struct symbols *s, const char *dirs)
{
    s->debug_dirs = dirs;
}

void symbols_close(struct symbols *s)
{
    if (!s)
        return;
    usyms_free(s);
    ksyms_free(&s->ksyms);
    while (s->first_file) {
        struct elf_file *next = s->first_file->next;

        elf_file_free(s->first_file);
        s->first_file = next;
    }
    elf_file_free(s->vdso);
    map_free(&s->files);
    map_free(&s->demangled);
    map_free(&s->interned);
    arena_free(&s->arena);
    free(s);
}
