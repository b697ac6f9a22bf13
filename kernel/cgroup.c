/*
 * cgroup.c - cgroups: from a directory to its id and back
 *
 * The id of a cgroup is all there is in the file handle of its directory. So a directory's handle
 * tells its id, and a handle made of an id opens the directory: nothing needs to be searched.
 */
#include "kernel/kernel_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* include/linux/exportfs.h: FILEID_KERNFS */
enum { HANDLE_KERNFS = 0xfe };

struct handle {
    struct file_handle head;
    uint64_t id;
};

int kernel_cgroup_id(struct kernel *k, struct str path, uint64_t *id, struct err *e)
{
    struct handle handle = { .head = { .handle_bytes = sizeof(handle.id) } };
    char name[PATH_MAX];
    struct statfs fs;
    int mount_id;

    deps_refuse(k->deps); /* a directory made again has another id */
    if (path.n >= sizeof(name) || memchr(path.p, '\0', path.n))
        return err_set(e, -ENAMETOOLONG, "the path of the cgroup is too long");
    memcpy(name, path.p, path.n);
    name[path.n] = '\0';
    if (statfs(name, &fs))
        return err_set(e, -errno, "cannot find the cgroup '%s': %s", name, strerror(errno));
    if ((unsigned long)fs.f_type != CGROUP2_SUPER_MAGIC) {
        err_set(e, -EINVAL, "'%s' is not a directory of the cgroup v2 file system", name);
        err_hint(e, "it is usually mounted on /sys/fs/cgroup or /sys/fs/cgroup/unified");
        return -EINVAL;
    }
    if (name_to_handle_at(AT_FDCWD, name, &handle.head, &mount_id, 0))
        return err_set(e, -errno, "cannot get the id of the cgroup '%s': %s", name,
                       strerror(errno));
    memcpy(id, handle.head.f_handle, sizeof(*id));
    return 0;
}

/* ---- hierarchies ---- */

struct hierarchy {
    bool v2;
    struct str name;  /* "unified", or how a v1 hierarchy is called where it is mounted */
    struct str mount; /* directory */
};

struct hierarchies {
    VEC(struct hierarchy) all;
};

static struct str next_word(struct str *rest)
{
    ptrdiff_t blank = str_find(*rest, ' ');
    struct str word = blank < 0 ? *rest : str_sub(*rest, 0, (size_t)blank);

    *rest = str_sub(*rest, word.n + 1, rest->n);
    return word;
}

static struct str last_part(struct str path)
{
    ptrdiff_t slash;

    while ((slash = str_find(path, '/')) >= 0)
        path = str_sub(path, (size_t)slash + 1, path.n);
    return path;
}

/* id parent device root mount options [optional …] - type source super-options */
static bool parse_mount(struct str line, struct hierarchy *out)
{
    struct str word = STR(""), type;

    for (unsigned i = 0; i < 5; i++)
        word = next_word(&line);
    out->mount = word;
    while (line.n && !str_eqz(word, "-"))
        word = next_word(&line);
    type = next_word(&line);
    out->v2 = str_eqz(type, "cgroup2");
    out->name = out->v2 ? STR("unified") : last_part(out->mount);
    return out->v2 || str_eqz(type, "cgroup");
}

/* The path of cgroup id below the directory where its hierarchy is mounted. */
static bool find_path(const struct hierarchy *h, uint64_t id, struct str *path, char *text)
{
    struct handle handle = { .head = { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS } };
    char link[64];
    int mount, dir;
    ssize_t n = -1;

    if (h->mount.n >= PATH_MAX)
        return false;
    memcpy(text, h->mount.p, h->mount.n);
    text[h->mount.n] = '\0';
    memcpy(handle.head.f_handle, &id, sizeof(id));
    mount = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = mount < 0 ? -1 : open_by_handle_at(mount, &handle.head, O_PATH | O_CLOEXEC);
    if (dir >= 0) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
        n = readlink(link, text, PATH_MAX);
        close(dir);
    }
    if (mount >= 0)
        close(mount);
    if (n < 0 || !str_starts((struct str){ text, (size_t)n }, h->mount))
        return false;
    *path = str_sub((struct str){ text, (size_t)n }, h->mount.n, (size_t)n);
    if (!path->n)
        *path = STR("/");
    return true;
}

/* v2 first, then by name. */
static int compare_hierarchies(const void *a, const void *b)
{
    const struct hierarchy *x = a, *y = b;

    return x->v2 != y->v2 ? y->v2 - x->v2 : str_cmp(x->name, y->name);
}

static void find_hierarchies(struct str mounts, struct str filter, struct hierarchies *out)
{
    struct hierarchy h;

    while (mounts.n) {
        ptrdiff_t end = str_find(mounts, '\n');
        struct str line = end < 0 ? mounts : str_sub(mounts, 0, (size_t)end);

        if (parse_mount(line, &h) && str_glob(filter, h.name))
            vec_push(&out->all, h);
        mounts = str_sub(mounts, line.n + 1, mounts.n);
    }
    if (out->all.n)
        qsort(out->all.v, out->all.n, sizeof(h), compare_hierarchies);
}

void kernel_cgroup_paths(struct kernel *k, uint64_t id, struct str filter, struct buf *out)
{
    struct hierarchies found = { 0 };
    char path[PATH_MAX], *mounts = NULL;
    size_t size = 0, first = out->n;
    struct str below;

    if (kernel_path(k, path, "/proc/self/mountinfo"))
        mounts = kernel_read_file(path, &size);
    if (mounts)
        find_hierarchies((struct str){ mounts, size }, filter, &found);
    for (size_t i = 0; i < found.all.n; i++) {
        const struct hierarchy *h = &found.all.v[i];

        if (find_path(h, id, &below, path))
            buf_printf(out, "%s%.*s:%.*s", out->n > first ? "," : "", STRF(h->name), STRF(below));
    }
    vec_free(&found.all);
    free(mounts);
}
