/*
 * functions.c - the list of functions that can be traced
 *
 * The kernel's ftrace knows every place it can patch and lists them in tracefs, in the order of
 * their addresses: "name" or "name [module]", in a newer file (6.5) with the address in front. That
 * file is used if it is there. Making the list costs the kernel more than all we do with it, so it
 * is read once, when somebody asks.
 *
 * Left out is what cannot or must not be probed: the kprobe blacklist, and names that were never
 * any good (LANGUAGE.md 13.5). --traceable-functions puts a file of the user in the list's place.
 */
#include "kernel/kernel_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 256 << 10 };

static bool parse_hex(struct str digits, uint64_t *out)
{
    static const char values[] = "0123456789abcdef";
    uint64_t v = 0;

    for (size_t i = 0; i < digits.n; i++) {
        const char *digit = memchr(values, digits.p[i], sizeof(values) - 1);

        if (!digit)
            return false;
        v = v << 4 | (uint64_t)(digit - values);
    }
    *out = v;
    return true;
}

/* One line; names point into it. false: no line of such a list. */
static bool parse_line(struct str line, struct kernel_function *out)
{
    ptrdiff_t space = str_find(line, ' ');

    *out = (struct kernel_function){ .module = STR("") };
    /* No function's name is 16 hexadecimal digits. */
    if (space == 16 && parse_hex(str_sub(line, 0, 16), &out->addr)) {
        line = str_sub(line, 17, line.n);
        space = str_find(line, ' ');
    }
    if (space >= 0) {
        struct str rest = str_trim(str_sub(line, (size_t)space, line.n));

        if (str_starts(rest, STR("[")) && str_ends(rest, STR("]")))
            out->module = str_sub(rest, 1, rest.n - 1);
        line = str_sub(line, 0, (size_t)space);
    }
    out->name = str_trim(line);
    return out->name.n > 0;
}

/* ---- what is left out ---- */

static int compare_names(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* "0xffffffff81a00930-0xffffffff81a00950\tname"; without debugfs nothing is known to be refused. */
static void read_blacklist(struct kernel *k)
{
    struct functions *f = &k->functions;
    char path[PATH_MAX];
    char *save = NULL;
    size_t n;

    f->blacklist_read = true;
    if (!kernel_path(k, path, "/sys/kernel/debug/kprobes/blacklist") ||
        !(f->blacklist_text = kernel_read_file(path, &n)))
        return;
    for (char *line = strtok_r(f->blacklist_text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        char *tab = strchr(line, '\t');

        if (tab)
            vec_push(&f->blacklist, str_from(tab + 1));
    }
    if (f->blacklist.n)
        qsort(f->blacklist.v, f->blacklist.n, sizeof(*f->blacklist.v), compare_names);
}

static bool is_left_out(struct kernel *k, struct str name)
{
    static const char *const names[] = { "arch_cpu_idle", "default_idle",
                                         "bpf_dispatcher_xdp_func" };
    struct functions *f = &k->functions;

    if (!f->blacklist_read)
        read_blacklist(k);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqz(name, names[i]))
            return true;
    }
    return str_starts(name, STR("__ftrace_invalid_address__")) || str_starts(name, STR("rcu_")) ||
           (f->blacklist.n &&
            bsearch(&name, f->blacklist.v, f->blacklist.n, sizeof(*f->blacklist.v), compare_names));
}

/* ---- reading ---- */

static int open_list(struct kernel *k, struct err *e)
{
    static const char *const files[] = { "available_filter_functions_addrs",
                                         "available_filter_functions" };
    char path[PATH_MAX];
    int fd, rc;

    if (k->functions.path) {
        deps_note(k->deps, k->functions.path);
        fd = open(k->functions.path, O_RDONLY | O_CLOEXEC);
        return fd >= 0 ? fd
                       : err_set(e, -errno, "cannot read the list of functions '%s': %s",
                                 k->functions.path, strerror(errno));
    }
    if ((rc = kernel_find_tracefs(k, e)))
        return rc;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (snprintf(path, sizeof(path), "%s/%s", k->tracefs, files[i]) >= (int)sizeof(path))
            return err_set(e, -ENAMETOOLONG, "the path of tracefs is too long");
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return err_set(e, -errno, "cannot read the kernel's list of traceable functions (%s): %s", path,
                   strerror(errno));
}

/* Hands out the lines of the file; a result other than 0 ends the reading and is returned. */
static int each_line(int fd, int (*fn)(void *arg, struct str line), void *arg)
{
    char *chunk = xrealloc(NULL, CHUNK);
    size_t have = 0;
    ssize_t n = 0;
    int rc = 0;

    while (!rc && have < CHUNK &&
           ((n = read(fd, chunk + have, CHUNK - have)) > 0 || (n < 0 && errno == EINTR))) {
        char *line = chunk, *end;

        have += n > 0 ? (size_t)n : 0;
        while (!rc && (end = memchr(line, '\n', have - (size_t)(line - chunk)))) {
            rc = fn(arg, (struct str){ line, (size_t)(end - line) });
            line = end + 1;
        }
        have -= (size_t)(line - chunk);
        memmove(chunk, line, have);
    }
    if (!rc && n < 0)
        rc = -errno;
    else if (!rc && have && have < CHUNK) /* no newline at its end */
        rc = fn(arg, (struct str){ chunk, have });
    free(chunk);
    return rc;
}

static int keep_line(void *arg, struct str line)
{
    struct kernel *k = arg;
    struct functions *f = &k->functions;
    struct kernel_function function;

    if (!parse_line(line, &function) || is_left_out(k, function.name))
        return 0;
    function.name = str_dup(&f->arena, function.name);
    /* Functions of one module stand together. */
    if (f->all.n && str_eq(f->all.v[f->all.n - 1].module, function.module))
        function.module = f->all.v[f->all.n - 1].module;
    else
        function.module = str_dup(&f->arena, function.module);
    vec_push(&f->all, function);
    return 0;
}

static int read_list(struct kernel *k, struct err *e)
{
    int fd, rc;

    if (k->functions.read)
        return 0;
    fd = open_list(k, e);
    if (fd < 0)
        return fd;
    rc = each_line(fd, keep_line, k);
    close(fd);
    if (rc)
        return err_set(e, rc, "reading the list of traceable functions failed: %s", strerror(-rc));
    k->functions.read = true;
    return 0;
}

/* ---- questions ---- */

static bool in_module(struct str glob, struct str module)
{
    return !glob.n || str_glob(glob, module.n ? module : STR("vmlinux"));
}

static int compare_functions(const void *a, const void *b)
{
    const struct kernel_function *x = a, *y = b;
    int order = str_cmp(x->name, y->name);

    return order ? order : str_cmp(x->module, y->module);
}

static void sort_list(struct functions *f)
{
    if (!f->sorted && f->all.n)
        qsort(f->all.v, f->all.n, sizeof(*f->all.v), compare_functions);
    f->sorted = true;
}

bool kernel_function(struct kernel *k, struct str module, struct str name, uint64_t *addr)
{
    struct functions *f = &k->functions;
    size_t from = 0, to;

    if (read_list(k, NULL))
        return false;
    sort_list(f);
    for (to = f->all.n; from < to;) { /* the first of that name */
        size_t middle = from + (to - from) / 2;

        if (str_cmp(f->all.v[middle].name, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < f->all.n && str_eq(f->all.v[from].name, name); from++) {
        if (in_module(module, f->all.v[from].module)) {
            *addr = f->all.v[from].addr;
            return true;
        }
    }
    return false;
}

/* Part of a function that the compiler has moved elsewhere: nothing anybody asks for by pattern. */
static bool is_part(struct str name)
{
    return memmem(name.p, name.n, ".part.", 6) != NULL;
}

int kernel_each_function(struct kernel *k, struct str module, struct str name,
                         kernel_function_fn fn, void *arg, struct err *e)
{
    VEC(struct kernel_function) found = { 0 };
    int rc = read_list(k, e);

    for (size_t i = 0; !rc && i < k->functions.all.n; i++) {
        const struct kernel_function *f = &k->functions.all.v[i];

        if (str_glob(name, f->name) && in_module(module, f->module) && !is_part(f->name))
            vec_push(&found, *f);
    }
    if (found.n)
        qsort(found.v, found.n, sizeof(*found.v), compare_functions);
    for (size_t i = 0; i < found.n && !rc; i++) {
        const struct kernel_function *last = i ? &found.v[i - 1] : NULL;

        if (!last || !str_eq(last->name, found.v[i].name) ||
            (module.n && !str_eq(last->module, found.v[i].module)))
            rc = fn(arg, &found.v[i]);
    }
    vec_free(&found);
    return rc;
}

bool kernel_function_addresses(struct kernel *k)
{
    return k->functions.read && k->functions.all.n && k->functions.all.v[0].addr;
}

void kernel_set_functions(struct kernel *k, const char *path)
{
    k->functions.path = path;
}

bool kernel_module_loaded(struct kernel *k, struct str module)
{
    char path[PATH_MAX];
    char *text, *save = NULL;
    bool found = str_eqz(module, "vmlinux");
    size_t n;

    if (found || !kernel_path(k, path, "/proc/modules") || !(text = kernel_read_file(path, &n)))
        return found;
    for (char *line = strtok_r(text, "\n", &save); line && !found;
         line = strtok_r(NULL, "\n", &save))
        found = str_glob(module, (struct str){ line, strcspn(line, " ") });
    free(text);
    return found;
}

void functions_free(struct functions *f)
{
    arena_free(&f->arena);
    vec_free(&f->all);
    vec_free(&f->blacklist);
    free(f->blacklist_text);
}
