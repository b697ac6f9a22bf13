/*
 * image.c - images as a whole: made, freed, kept in files
 *
 * What is kept in a file is the ELF object alone, since the manifest is one of its sections.
 */
#include "image/image_impl.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No image is larger; a longer file is something else. */
static const size_t max_file_size = (size_t)1 << 30;

struct image *image_new(void)
{
    struct image *image = xcalloc(1, sizeof(*image));

    image->types = types_new(&image->arena);
    config_init(&image->config);
    return image;
}

struct image *image_from_elf(struct str elf)
{
    struct image *image = image_new();

    image->elf = str_dup(&image->arena, elf);
    return image;
}

void image_free(struct image *image)
{
    if (!image)
        return;
    arena_free(&image->arena);
    free(image);
}

int image_save(const struct image *image, const char *path, struct err *e)
{
    int rc = file_replace(path, image->elf, 0666);

    if (rc)
        err_set(e, rc, "can't write image '%s': %s", path, strerror(-rc));
    return rc;
}

static int read_file(int fd, struct buf *b)
{
    char chunk[16384];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (b->n + (size_t)n > max_file_size)
            return -EFBIG;
        buf_add(b, chunk, (size_t)n);
    }
    return 0;
}

int image_load(struct image **out, const char *path, const struct image_names *names, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : 0;
    struct buf b = { 0 };

    if (!rc) {
        rc = read_file(fd, &b);
        close(fd);
    }
    if (rc)
        err_set(e, rc, "can't read image '%s': %s", path, strerror(-rc));
    else if ((rc = image_decode(out, buf_as_str(&b), names, e)))
        err_prefix(e, rc, "%s: ", path);
    buf_free(&b);
    return rc;
}
