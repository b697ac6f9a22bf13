/*
 * deps.c - paths → their identity at the time → is it still the same
 *
 * A file is the same while its device, inode, size and both times are. Files of procfs and tracefs
 * have no size, and times that mean nothing: there the content counts.
 */
#include "base/deps.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t content_hash(const char *path)
{
    char text[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t n = 0;
    ssize_t got;

    if (fd < 0)
        return 0;
    while (n < sizeof(text) && (got = read(fd, text + n, sizeof(text) - n)) > 0)
        n += (size_t)got;
    close(fd);
    return str_hash((struct str){ text, n });
}

struct str deps_identity(struct arena *a, const char *path)
{
    struct stat st;

    if (stat(path, &st))
        return STR("");
    if (S_ISREG(st.st_mode) && st.st_size == 0)
        return str_printf(a, "content %" PRIx64, content_hash(path));
    return str_printf(a, "%jx:%ju %ju %jd.%09ld %jd.%09ld %o", (uintmax_t)st.st_dev,
                      (uintmax_t)st.st_ino, (uintmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
                      st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec,
                      (unsigned)st.st_mode);
}

void deps_note(struct deps *d, const char *path)
{
    struct str name;
    struct stat st;

    if (!d || map_get(&d->seen, str_from(path)))
        return;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        d->refused = true; /* a pipe or terminal says something else each time */
    name = str_dup(&d->arena, str_from(path));
    map_set(&d->seen, name, d);
    buf_add(&d->list, name.p, name.n + 1);
    buf_str(&d->list, deps_identity(&d->arena, path));
    buf_putc(&d->list, '\0');
}

void deps_refuse(struct deps *d)
{
    if (d)
        d->refused = true;
}

void deps_free(struct deps *d)
{
    map_free(&d->seen);
    buf_free(&d->list);
    arena_free(&d->arena);
}

/* The text up to the next NUL, which must be there. */
static bool next_text(struct str *rest, const char **out)
{
    const char *end = rest->n ? memchr(rest->p, '\0', rest->n) : NULL;

    if (!end)
        return false;
    *out = rest->p;
    *rest = str_sub(*rest, (size_t)(end - rest->p) + 1, rest->n);
    return true;
}

bool deps_hold(struct str list)
{
    struct arena a = { 0 };
    const char *path, *was;
    bool same = true;

    while (same && list.n)
        same = next_text(&list, &path) && next_text(&list, &was) &&
               str_eqz(deps_identity(&a, path), was);
    arena_free(&a);
    return same;
}
