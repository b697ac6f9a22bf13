/*
 * zip.c - a library inside of an archive: "base.apk!/lib/x86_64/libfoo.so"
 *
 * Such libraries are mapped straight out of the archive, so they lie in it as they are, not
 * compressed. To the rest of symbols/ a member looks like a file of its own; only who attaches asks
 * where in the archive it begins.
 */
#include "symbols/symbols_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    END_SIZE = 22,
    ENTRY_SIZE = 46,
    LOCAL_SIZE = 30,
    COMMENT_MAX = 65535,
    DIRECTORY_MAX = 1 << 26,
    STORED = 0,
    ENCRYPTED = 1,
};

static uint16_t get16(const char *p)
{
    return (uint16_t)((unsigned char)p[0] | (unsigned char)p[1] << 8);
}

static uint32_t get32(const char *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static bool read_at(int fd, uint64_t offset, size_t n, struct buf *out)
{
    buf_clear(out);
    buf_fill(out, '\0', n);
    return pread(fd, out->p, n, (off_t)offset) == (ssize_t)n;
}

/* The table of contents: at the end, in front of a comment. */
static bool read_directory(int fd, uint64_t size, struct buf *out)
{
    size_t n = MIN(size, (uint64_t)END_SIZE + COMMENT_MAX);
    uint32_t directory_size, directory;

    if (n < END_SIZE || !read_at(fd, size - n, n, out))
        return false;
    for (size_t i = n - END_SIZE + 1; i-- > 0;) {
        const char *end = out->p + i;

        if (memcmp(end, "PK\5\6", 4) != 0 || i + END_SIZE + get16(end + 20) != n)
            continue;
        directory_size = get32(end + 12);
        directory = get32(end + 16);
        return directory_size <= DIRECTORY_MAX && (uint64_t)directory + directory_size <= size &&
               read_at(fd, directory, directory_size, out);
    }
    return false;
}

/* NULL, or why it cannot be used. st gets the member's size and, as st_rdev, its place. */
static const char *take_member(int fd, const char *entry, struct stat *st)
{
    uint64_t size = get32(entry + 24), at = get32(entry + 42);
    struct buf local = { 0 };
    bool ok;

    if (get16(entry + 10) != STORED || (get16(entry + 8) & ENCRYPTED))
        return "it is compressed";
    ok = read_at(fd, at, LOCAL_SIZE, &local) && memcmp(local.p, "PK\3\4", 4) == 0;
    if (ok)
        at += LOCAL_SIZE + (uint64_t)get16(local.p + 26) + get16(local.p + 28);
    buf_free(&local);
    if (!ok || at + size > (uint64_t)st->st_size)
        return "the archive is damaged";
    st->st_size = (off_t)size;
    st->st_rdev = at;
    return NULL;
}

static const char *find_member(int fd, struct str name, struct stat *st)
{
    const char *why = "there is no such member", *p, *end;
    struct buf directory = { 0 };
    size_t length;

    if (!read_directory(fd, (uint64_t)st->st_size, &directory)) {
        buf_free(&directory);
        return "it is not in a ZIP archive";
    }
    p = directory.p;
    end = p + directory.n;
    while (end - p >= ENTRY_SIZE && memcmp(p, "PK\1\2", 4) == 0) {
        length = ENTRY_SIZE + (size_t)get16(p + 28) + get16(p + 30) + get16(p + 32);
        if (length > (size_t)(end - p))
            break;
        if (str_eq(name, (struct str){ p + ENTRY_SIZE, get16(p + 28) })) {
            why = take_member(fd, p, st);
            break;
        }
        p += length;
    }
    buf_free(&directory);
    return why;
}

bool zip_split(const char *path, struct str *archive, struct str *member)
{
    const char *mark = strstr(path, "!/");

    if (!mark)
        return false;
    *archive = (struct str){ path, (size_t)(mark - path) };
    *member = str_from(mark + 2);
    return true;
}

/* The archive, open, and what struct stat says of the member; -1 and *why. */
static int open_archive(const char *path, struct stat *st, const char **why)
{
    struct str archive, member;
    char name[PATH_MAX];
    int fd;

    *why = "there is no such file";
    errno = ENOENT;
    if (!zip_split(path, &archive, &member) || archive.n >= sizeof(name))
        return -1;
    memcpy(name, archive.p, archive.n);
    name[archive.n] = '\0';
    fd = symbols_open_plain(name, st);
    if (fd < 0)
        return -1;
    *why = find_member(fd, member, st);
    if (!*why)
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

const char *zip_stat(const char *path, struct stat *st)
{
    const char *why;
    int fd = open_archive(path, st, &why);

    if (fd >= 0)
        close(fd);
    return why;
}

/* A copy: libelf and all others read it like any file. */
int zip_open(const char *path, struct stat *st)
{
    const char *why;
    int fd = open_archive(path, st, &why), copy;
    struct buf bytes = { 0 };
    bool ok;

    if (fd < 0)
        return -1;
    copy = memfd_create("hark-member", MFD_CLOEXEC);
    ok = copy >= 0 && read_at(fd, st->st_rdev, (size_t)st->st_size, &bytes) &&
         write(copy, bytes.p, bytes.n) == (ssize_t)bytes.n && lseek(copy, 0, SEEK_SET) == 0;
    buf_free(&bytes);
    close(fd);
    if (ok)
        return copy;
    if (copy >= 0)
        close(copy);
    errno = EIO;
    return -1;
}

uint64_t symbols_in_archive(const char *path, struct str *archive)
{
    struct str member;
    struct stat st;

    *archive = str_from(path);
    if (stat(path, &st) == 0 || zip_stat(path, &st))
        return 0;
    zip_split(path, archive, &member);
    return st.st_rdev;
}
