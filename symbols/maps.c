/*
 * maps.c - /proc/PID/maps, and which file a mapping really is
 *
 * The path in a line of maps is what the process called the file. We may find another file there,
 * or none: the process may live in a container, the file may be deleted or replaced. The link
 * /proc/PID/map_files/START-END leads to the mapped file itself, but only for as long as the
 * process lives. So the path is used if it leads to the same file; then symbols can still be read
 * later. Otherwise they are read at once.
 */
#include "symbols/symbols_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST_MAPS = 256 << 20 };

#define DELETED " (deleted)"

bool maps_read(const struct symbols *s, uint32_t pid, struct buf *text)
{
    char path[PATH_MAX];

    return symbols_path(s, path, "/proc/%u/maps", pid) &&
           symbols_read_file(path, LARGEST_MAPS, text) && text->n;
}

/* "7fc4e97ec000-7fc4e9812000 r-xp 00001000 fe:00 332383      /usr/lib/ld.so" */
static bool parse_line(struct str line, struct maps_line *out)
{
    char head[128] = "", perms[8];
    int path = 0;

    memcpy(head, line.p, MIN(line.n, sizeof(head) - 1));
    if (sscanf(head, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*u %n", &out->start, &out->end,
               perms, &out->offset, &path) != 4 ||
        !path || out->end <= out->start)
        return false;
    out->exec = strchr(perms, 'x');
    out->path = str_sub(line, (size_t)path, line.n);
    out->deleted = str_ends(out->path, STR(DELETED));
    if (out->deleted)
        out->path.n -= strlen(DELETED);
    return true;
}

bool maps_next(struct str *text, struct maps_line *out)
{
    while (text->n) {
        ptrdiff_t newline = str_find(*text, '\n');
        struct str line = str_sub(*text, 0, newline < 0 ? text->n : (size_t)newline);

        *text = str_sub(*text, line.n + 1, text->n);
        if (parse_line(line, out))
            return true;
    }
    return false;
}

bool maps_same_root(const struct symbols *s, uint32_t pid)
{
    char path[PATH_MAX];
    struct stat ours, theirs;

    if (!symbols_path(s, path, "/proc/%u/ns/mnt", pid) || stat(path, &theirs))
        return true; /* gone, or a test's directory */
    if (stat("/proc/self/ns/mnt", &ours) || ours.st_ino != theirs.st_ino)
        return false;
    return symbols_path(s, path, "/proc/%u/root", pid) && !stat(path, &theirs) &&
           !stat("/", &ours) && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

static bool same_file(const char *path, const struct elf_key *wanted)
{
    struct elf_key key;

    return elf_key_of(path, &key) && memcmp(&key, wanted, sizeof(key)) == 0;
}

/* at_once: the path leads to the file only while the process lives. */
static struct elf_file *file_at(struct symbols *s, const char *path, bool at_once)
{
    struct elf_file *f = elf_file_at(s, path);

    if (f && !f->read_symbols) {
        f->path = symbols_intern(s, str_from(path)).p;
        if (at_once)
            elf_file_read_symbols(s, f);
    }
    return f;
}

struct elf_file *maps_file(struct symbols *s, uint32_t pid, const struct maps_line *line)
{
    char link[PATH_MAX], plain[PATH_MAX], inside[PATH_MAX];
    struct elf_key key;

    if (!str_starts(line->path, STR("/")) || str_starts(line->path, STR("//")) ||
        !symbols_path(s, plain, "%.*s", STRF(line->path)) ||
        !symbols_path(s, inside, "/proc/%u/root%.*s", pid, STRF(line->path)) ||
        !symbols_path(s, link, "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, pid, line->start,
                      line->end))
        return NULL;
    if (elf_key_of(link, &key)) {
        if (same_file(plain, &key))
            return file_at(s, plain, false);
        return file_at(s, same_file(inside, &key) ? inside : link, true);
    }
    if (line->deleted)
        return NULL; /* what is at the path now is another file */
    if (maps_same_root(s, pid))
        return file_at(s, plain, false);
    return file_at(s, inside, true);
}
