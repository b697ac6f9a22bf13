/*
 * aot.c - programs that are hark and a compiled script
 *
 * Such a program is a copy of the hark that wrote it with the image behind it, then a trailer: the
 * image's size and a magic word. The loader of programs does not care what stands behind an ELF
 * file; hark looks at the end of itself when it starts.
 */
#include "base/file.h"
#include "cli/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char self[] = "/proc/self/exe";

struct trailer {
    uint64_t size; /* of the image in front of it */
    char magic[8];
};

static const char magic[8] = "hark-aot";

/* Bytes from..to of a file. */
static int read_range(int fd, off_t from, off_t to, struct buf *b)
{
    char chunk[65536];

    while (from < to) {
        ssize_t n = pread(fd, chunk, MIN(sizeof(chunk), (size_t)(to - from)), from);

        if (n <= 0)
            return n ? -errno : -EIO;
        buf_add(b, chunk, (size_t)n);
        from += n;
    }
    return 0;
}

int aot_write(const char *path, struct str elf, struct err *e)
{
    struct trailer t = { .size = elf.n };
    struct buf program = { 0 };
    struct stat st;
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 || fstat(fd, &st) ? -errno : read_range(fd, 0, st.st_size, &program);

    memcpy(t.magic, magic, sizeof(magic));
    if (!rc) {
        buf_str(&program, elf);
        buf_add(&program, &t, sizeof(t));
        rc = file_replace(path, buf_as_str(&program), 0777);
    }
    if (fd >= 0)
        close(fd);
    buf_free(&program);
    return rc ? err_set(e, rc, "cannot write the program '%s': %s", path, strerror(-rc)) : 0;
}

bool aot_find(struct buf *elf)
{
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    struct trailer t = { 0 };
    struct stat st;
    off_t end;
    bool found;

    if (fd < 0)
        return false;
    found = fstat(fd, &st) == 0 && (end = st.st_size - (off_t)sizeof(t)) > 0 &&
            pread(fd, &t, sizeof(t), end) == sizeof(t) &&
            memcmp(t.magic, magic, sizeof(magic)) == 0 && t.size < (uint64_t)end &&
            read_range(fd, end - (off_t)t.size, end, elf) == 0;
    close(fd);
    return found;
}
