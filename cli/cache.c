/*
 * cache.c - images kept on disk: where, under which key, and when not
 *
 * The key is a text with everything that decides what comes out of a compilation and is known
 * before it: the script, its parameters and options, the environment, this program, the running
 * kernel with its modules. What only compiling can tell (headers, imports, programs with probes in
 * them) is noted then and kept with the image (base/deps.h); an image is used while all of it is
 * as it was.
 *
 * Nothing is trusted that somebody else could have written, nothing is kept that somebody else
 * could write to, and whatever goes wrong here only means that the script is compiled.
 */
#include "cli/cache.h"

#include "image/entry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES   (64u << 20) /* of all entries together */
#define MAX_ENTRY   (8u << 20)
#define MAX_ENTRIES 512

extern char **environ;

struct cache {
    int dir;
    struct buf key;
    char name[32]; /* of the entry's file */
};

/* ---- the directory ---- */

/* Only its owner may write into it, and we are the owner. */
static bool is_ours(int fd, mode_t type)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
           !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* Makes the directory and those above it. */
static void make_dirs(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    mkdir(path, 0700);
}

static int open_dir(char *path)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(path, flags);

    if (fd < 0 && errno == ENOENT) {
        make_dirs(path);
        fd = open(path, flags);
    }
    if (fd >= 0 && !is_ours(fd, S_IFDIR)) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool dir_path(struct buf *path)
{
    const char *own = getenv("HARK_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (own && *own == '/')
        buf_puts(path, own);
    else if (own && *own)
        return false; /* off */
    else if (xdg && *xdg == '/')
        buf_printf(path, "%s/hark", xdg);
    else if (geteuid() == 0)
        buf_puts(path, "/var/cache/hark");
    else if (home && *home == '/')
        buf_printf(path, "%s/.cache/hark", home);
    return path->n > 0 && path->n < PATH_MAX;
}

/* ---- the key ---- */

static void add(struct buf *key, const char *what, struct str text)
{
    buf_printf(key, "%s %zu ", what, text.n);
    buf_str(key, text);
    buf_putc(key, '\n');
}

static void add_identity(struct buf *key, const char *path)
{
    struct arena a = { 0 };

    add(key, path, deps_identity(&a, path));
    arena_free(&a);
}

/* The name, size and address of each module; the number of its users may change. */
static void add_modules(struct buf *key)
{
    FILE *f = fopen("/proc/modules", "re");
    char name[128], size[32], address[32], line[512];

    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%127s %31s %*s %*s %*s %31s", name, size, address) == 3)
            buf_printf(key, "module %s %s %s\n", name, size, address);
    }
    if (f)
        fclose(f);
}

static void add_machine(struct buf *key)
{
    char cwd[PATH_MAX];
    struct utsname uts;
    struct stat ns;

    add_identity(key, "/proc/self/exe");
    if (uname(&uts) == 0)
        buf_printf(key, "kernel %s %s %s\n", uts.release, uts.version, uts.machine);
    add_identity(key, "/proc/sys/kernel/random/boot_id"); /* features, addresses, BTF */
    if (stat("/proc/self/ns/pid", &ns) == 0)
        buf_printf(key, "pid namespace %ju\n", (uintmax_t)ns.st_ino);
    add_modules(key);
    buf_printf(key, "rights %u %" PRIx64 "\n", geteuid(), pipeline_rights());
    if (getcwd(cwd, sizeof(cwd)))
        add(key, "cwd", str_from(cwd));
}

/* All of it: an option that does not matter costs an entry, one forgotten would cost the truth. */
static void add_command_line(struct buf *key, const struct args *args)
{
    for (int i = 1; i < args->argc; i++)
        add(key, "word", str_from(args->argv[i]));
}

static void add_environment(struct buf *key)
{
    for (char **e = environ; *e; e++) {
        struct str var = str_from(*e);

        if (str_starts(var, STR("BPFTRACE_")) || str_starts(var, STR("HARK_")) ||
            str_starts(var, STR("PATH=")))
            add(key, "env", var);
    }
}

struct cache *cache_open(const struct args *args, const struct config *config,
                         const struct script *script)
{
    struct buf path = { 0 };
    struct cache *c;
    int dir = -1;

    if (args->no_cache || args->stop_after_dump || args->compile_only || args->image_out ||
        args->aot_out || args->llvm_out || config->opt.dump || config->opt.verbose)
        return NULL;
    if (dir_path(&path))
        dir = open_dir(path.p);
    buf_free(&path);
    if (dir < 0)
        return NULL;
    c = xcalloc(1, sizeof(*c));
    c->dir = dir;
    add(&c->key, "name", script->name);
    add(&c->key, "script", script->text);
    add_command_line(&c->key, args);
    add_environment(&c->key);
    add_machine(&c->key);
    snprintf(c->name, sizeof(c->name), "%016" PRIx64, str_hash(buf_as_str(&c->key)));
    return c;
}

void cache_close(struct cache *c)
{
    if (!c)
        return;
    close(c->dir);
    buf_free(&c->key);
    free(c);
}

/* ---- reading ---- */

static bool read_entry(int fd, struct buf *entry)
{
    char chunk[16384];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof(chunk))) > 0 && entry->n <= MAX_ENTRY)
        buf_add(entry, chunk, (size_t)n);
    return n == 0;
}

bool cache_find(struct cache *c, struct buf *elf)
{
    int fd = c ? openat(c->dir, c->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    struct buf entry = { 0 };
    struct str deps, image;
    bool found;

    if (fd < 0)
        return false;
    found = is_ours(fd, S_IFREG) && read_entry(fd, &entry) &&
            entry_unpack(buf_as_str(&entry), buf_as_str(&c->key), &deps, &image) && deps_hold(deps);
    if (found) {
        buf_str(elf, image);
        futimens(fd, NULL); /* the entries that go first are those used longest ago */
    }
    buf_free(&entry);
    close(fd);
    return found;
}

/* ---- writing ---- */

struct old {
    char name[NAME_MAX + 1];
    struct timespec used;
    uint64_t size;
};

static int by_use(const void *a, const void *b)
{
    const struct timespec *x = &((const struct old *)a)->used, *y = &((const struct old *)b)->used;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* Removes those that were not used for longest until the rest is within bounds. */
static void evict(int dir)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    VEC(struct old) all = { 0 };
    struct dirent *entry;
    uint64_t bytes = 0;
    struct stat st;

    while (list && (entry = readdir(list))) {
        struct old old = { 0 };

        if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
            continue;
        snprintf(old.name, sizeof(old.name), "%s", entry->d_name);
        old.used = st.st_mtim;
        old.size = (uint64_t)st.st_size;
        bytes += old.size;
        vec_push(&all, old);
    }
    if (list)
        closedir(list);
    if (all.n)
        qsort(all.v, all.n, sizeof(*all.v), by_use);
    for (size_t i = 0; i < all.n && (bytes > MAX_BYTES || all.n - i > MAX_ENTRIES); i++) {
        unlinkat(dir, all.v[i].name, 0);
        bytes -= all.v[i].size;
    }
    vec_free(&all);
}

static bool write_all(int fd, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);

        if (n < 0 && errno != EINTR)
            return false;
        bytes = str_sub(bytes, n > 0 ? (size_t)n : 0, bytes.n);
    }
    return true;
}

/* Readers see no entry or the whole of it: it is written beside, then renamed. */
static void write_entry(const struct cache *c, struct str entry)
{
    uint64_t random;
    char name[64];
    int fd;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        return;
    snprintf(name, sizeof(name), "%s.%016" PRIx64, c->name, random);
    fd = openat(c->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    if (!write_all(fd, entry) || renameat(c->dir, name, c->dir, c->name))
        unlinkat(c->dir, name, 0);
    close(fd);
}

void cache_store(struct cache *c, const struct deps *deps, struct str elf)
{
    struct buf entry = { 0 };

    if (!c || deps->refused)
        return;
    entry_pack(&entry, buf_as_str(&c->key), buf_as_str(&deps->list), elf);
    if (entry.n <= MAX_ENTRY) {
        write_entry(c, buf_as_str(&entry));
        evict(c->dir);
    }
    buf_free(&entry);
}
