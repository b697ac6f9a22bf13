/*
 * kernel.c - opening and closing, and the small questions about a machine
 *
 * Nothing is read before somebody asks for it; an answer is kept. All paths go through
 * kernel_path(), so that tests can put a directory of files in the place of "/".
 */
#include "kernel/kernel.h"

#include "kernel/btf.h"
#include "kernel/kernel_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* No file of procfs, sysfs or tracefs is larger; keeps BPFTRACE_BTF=/dev/zero from filling memory.
 */
#define FILE_MAX ((size_t)512 << 20)

/* More CPUs than any kernel is built for (CONFIG_NR_CPUS ends at 8192). */
#define CPUS_MAX 65536

bool kernel_path(const struct kernel *k, char out[PATH_MAX], const char *fmt, ...)
{
    size_t n = strlen(k->root);
    va_list ap;
    int rest;

    if (n >= PATH_MAX)
        return false;
    memcpy(out, k->root, n);
    va_start(ap, fmt);
    rest = vsnprintf(out + n, PATH_MAX - n, fmt, ap);
    va_end(ap);
    return rest >= 0 && (size_t)rest < PATH_MAX - n;
}

char *kernel_read_file(const char *path, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0, cap = 8192;
    struct stat st;
    char *p;
    ssize_t got;
    int failed;

    if (fd < 0)
        return NULL;
    /* Files of tracefs say 0 or a page and hold more. */
    if (fstat(fd, &st) == 0 && st.st_size > 0 && (size_t)st.st_size < FILE_MAX)
        cap += (size_t)st.st_size;
    p = xrealloc(NULL, cap + 1);
    while ((got = read(fd, p + used, cap - used)) > 0 || (got < 0 && errno == EINTR)) {
        used += got > 0 ? (size_t)got : 0;
        if (used == cap && cap < FILE_MAX)
            p = xrealloc(p, (cap *= 2) + 1);
        else if (used == cap)
            break;
    }
    failed = got < 0 ? errno : EFBIG;
    close(fd);
    if (got) {
        free(p);
        errno = failed;
        return NULL;
    }
    p[used] = '\0';
    *n = used;
    return p;
}

static int compare_names(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void names_sort(struct names *names)
{
    size_t kept = 0;

    if (names->all.n)
        qsort(names->all.v, names->all.n, sizeof(*names->all.v), compare_names);
    for (size_t i = 0; i < names->all.n; i++) {
        if (!kept || !str_eq(names->all.v[kept - 1], names->all.v[i]))
            names->all.v[kept++] = names->all.v[i];
    }
    names->all.n = kept;
}

int names_each(struct names *names, kernel_name_fn fn, void *arg)
{
    int rc = 0;

    for (size_t i = 0; i < names->all.n && !rc; i++)
        rc = fn(arg, names->all.v[i]);
    return rc;
}

/* "0-3,8,10-11" as numbers, handed to add(). false: not such a list. */
static bool parse_cpus(const char *s, void (*add)(void *arg, unsigned cpu), void *arg)
{
    while (*s && *s != '\n') {
        unsigned first, last;
        int n = 0;

        if (sscanf(s, "%u%n", &first, &n) != 1)
            return false;
        s += n;
        last = first;
        if (*s == '-') {
            if (sscanf(s, "-%u%n", &last, &n) != 1)
                return false;
            s += n;
        }
        if (last >= CPUS_MAX || first > last)
            return false;
        for (unsigned cpu = first; cpu <= last; cpu++)
            add(arg, cpu);
        if (*s == ',')
            s++;
    }
    return true;
}

static void count_cpu(void *arg, unsigned cpu)
{
    (void)cpu;
    ++*(unsigned *)arg;
}

unsigned kernel_possible_cpus(struct kernel *k)
{
    char path[PATH_MAX];
    char *text;
    size_t n;
    long configured;

    if (k->possible_cpus)
        return k->possible_cpus;
    if (kernel_path(k, path, "/sys/devices/system/cpu/possible") &&
        (text = kernel_read_file(path, &n))) {
        if (!parse_cpus(text, count_cpu, &k->possible_cpus))
            k->possible_cpus = 0;
        free(text);
    }
    if (!k->possible_cpus) {
        configured = sysconf(_SC_NPROCESSORS_CONF);
        k->possible_cpus = configured > 0 ? (unsigned)configured : 1;
    }
    return k->possible_cpus;
}

struct cpu_list {
    struct arena *arena;
    VEC(unsigned) cpus;
};

static void add_cpu(void *arg, unsigned cpu)
{
    struct cpu_list *list = arg;

    arena_vec_push(list->arena, &list->cpus, cpu);
}

int kernel_online_cpus(struct kernel *k, struct arena *arena, unsigned **cpus, size_t *n,
                       struct err *e)
{
    struct cpu_list list = { .arena = arena };
    char path[PATH_MAX];
    char *text;
    size_t len;
    bool ok;

    if (!kernel_path(k, path, "/sys/devices/system/cpu/online"))
        return err_set(e, -ENAMETOOLONG, "the path of the list of CPUs is too long");
    if (!(text = kernel_read_file(path, &len)))
        return err_set(e, -errno, "cannot read '%s': %s", path, strerror(errno));
    ok = parse_cpus(text, add_cpu, &list) && list.cpus.n;
    free(text);
    if (!ok)
        return err_set(e, -EINVAL, "'%s' holds no list of CPUs", path);
    *cpus = list.cpus.v;
    *n = list.cpus.n;
    return 0;
}

/* Is there a tracefs? A directory that exists but is not for us is -EACCES. */
static int try_tracefs(struct kernel *k, const char *dir)
{
    char path[PATH_MAX];

    if (!kernel_path(k, path, "%s/events", dir))
        return -ENAMETOOLONG;
    if (access(path, R_OK | X_OK))
        return -errno;
    kernel_path(k, path, "%s", dir);
    k->tracefs = xstrdup(path);
    return 0;
}

/* Tracepoints come with the kernel and its modules, but for those that users make. */
static void note_events(struct kernel *k)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s/dynamic_events", k->tracefs) < PATH_MAX)
        deps_note(k->deps, path);
}

int kernel_find_tracefs(struct kernel *k, struct err *e)
{
    static const char *const dirs[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
    int rc = k->tracefs ? 0 : -ENOENT;

    for (size_t i = 0; i < ARRAY_LEN(dirs) && rc; i++) {
        int tried = try_tracefs(k, dirs[i]);

        if (!tried || rc != -EACCES)
            rc = tried;
    }
    if (rc && rc != -EACCES && !*k->root) {
        if (mount("tracefs", dirs[0], "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
            rc = try_tracefs(k, dirs[0]);
        else
            rc = -errno;
    }
    if (rc == -EACCES || rc == -EPERM) {
        err_set(e, rc, "no permission to read the tracefs in %s%s", k->root, dirs[0]);
        err_hint(e, "run as root");
    } else if (rc) {
        err_set(e, rc, "there is no tracefs in %s%s: %s", k->root, dirs[0], strerror(-rc));
    }
    if (!rc && k->deps)
        note_events(k);
    return rc;
}

const char *kernel_tracefs(struct kernel *k, struct err *e)
{
    return kernel_find_tracefs(k, e) ? NULL : k->tracefs;
}

struct kernel *kernel_open(const char *root)
{
    struct kernel *k = xcalloc(1, sizeof(*k));
    const char *other = root ? NULL : getenv("BPFTRACE_BTF");
    char path[PATH_MAX];
    size_t n;

    k->root = xstrdup(root ? root : "");
    for (n = strlen(k->root); n && k->root[n - 1] == '/'; n--)
        k->root[n - 1] = '\0';
    k->btf_is_kernels = !other || !*other;
    if (!k->btf_is_kernels)
        k->btf_path = xstrdup(other);
    else if (kernel_path(k, path, "/sys/kernel/btf/vmlinux"))
        k->btf_path = xstrdup(path);
    else
        k->btf_path = xstrdup("");
    k->loader = (struct type_loader){ .ctx = k, .load = btf_load_members };
    return k;
}

void kernel_note_into(struct kernel *k, struct deps *deps)
{
    k->deps = deps;
    if (!k->btf_is_kernels)
        deps_note(deps, k->btf_path);
}

void kernel_close(struct kernel *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->btf.n; i++)
        btf_file_close(k->btf.v[i]);
    vec_free(&k->btf);
    for (size_t i = 0; i < k->twins.n; i++)
        free(k->twins.v[i]);
    vec_free(&k->twins);
    functions_free(&k->functions);
    free(k->tracefs);
    free(k->btf_path);
    free(k->root);
    free(k);
}
