/*
 * find.c - what a script calls a program or library -> paths
 *
 *     ""                    the program of the process
 *     "*"                   everything a process has mapped; without one, all processes
 *     "/usr/bin/foo", "./x" a path, perhaps with patterns
 *     "bash", "libc"        mapped by the process; in PATH; in the dynamic linker's cache
 *
 * With a process, paths are meant as it sees them. If it does not see the same files as we do, they
 * are given as /proc/PID/root/….
 */
#include "symbols/symbols_impl.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LINKS = 40 };

#define LDCACHE "/etc/ld.so.cache"

struct search {
    struct symbols *s;
    struct str what;
    uint32_t pid;          /* 0: none */
    bool all;              /* not only the first of several */
    char prefix[PATH_MAX]; /* in front of a path: root directory, and /proc/PID/root */
    symbols_path_fn fn;
    void *arg;
    struct map reported;
};

static bool is_found(const struct search *q)
{
    return q->reported.n > 0;
}

/* Every file once, whatever its names: a probe attached twice would count twice. */
static int report(struct search *q, const char *path, bool only_elf)
{
    struct elf_key key;
    struct str known = { (const char *)&key, sizeof(key) };

    if (!elf_key_of(path, &key) || map_get(&q->reported, known))
        return 0;
    if (only_elf && !symbols_is_elf(path))
        return 0;
    map_set(&q->reported, symbols_intern(q->s, known), q);
    return q->fn(q->arg, symbols_intern(q->s, str_from(path)).p);
}

static bool set_process(struct search *q, uint32_t pid)
{
    q->pid = pid;
    if (pid && !maps_same_root(q->s, pid))
        return symbols_path(q->s, q->prefix, "/proc/%u/root", pid);
    return symbols_path(q->s, q->prefix, "%s", "");
}

static bool join(char out[PATH_MAX], struct str dir, struct str path)
{
    errno = ENAMETOOLONG;
    return snprintf(out, PATH_MAX, "%.*s%.*s", STRF(dir), STRF(path)) < PATH_MAX;
}

/*
 * A path of the process as one of ours. A link at its end has to be followed here: the kernel takes
 * an absolute one to start at our root, not at that of the process.
 */
static bool path_inside(const struct search *q, char out[PATH_MAX], struct str path)
{
    struct str prefix = str_from(q->prefix);
    char target[PATH_MAX], here[PATH_MAX];
    ssize_t n;

    if (!join(out, prefix, path))
        return false;
    for (int i = 0; prefix.n && (n = readlink(out, target, sizeof(target))) >= 0; i++) {
        struct str dir = { here, 0 };

        snprintf(here, sizeof(here), "%s", out);
        dir.n = (size_t)(strrchr(here, '/') + 1 - here);
        if (i == MOST_LINKS) {
            errno = ELOOP;
            return false;
        }
        if (!join(out, target[0] == '/' ? prefix : dir, (struct str){ target, (size_t)n }))
            return false;
    }
    return true;
}

/* If the file was deleted, the link is as good as a path. */
static int find_exe(struct search *q, struct err *e)
{
    char link[PATH_MAX], target[PATH_MAX], path[PATH_MAX];
    struct elf_key key;
    ssize_t n = -1;

    if (symbols_path(q->s, link, "/proc/%u/exe", q->pid))
        n = readlink(link, target, sizeof(target));
    if (n < 0)
        return err_set(e, -errno, "cannot find the program of process %u: %s", q->pid,
                       strerror(errno));
    if (path_inside(q, path, (struct str){ target, (size_t)n }) && elf_key_of(path, &key))
        return report(q, path, false);
    return report(q, link, false);
}

/* Mapped code whose name is what; all if what is "*". */
static int find_mapped(struct search *q)
{
    bool all = str_eqz(q->what, "*");
    struct buf text = { 0 };
    struct maps_line line;
    struct str rest;
    int rc = 0;

    if (!maps_read(q->s, q->pid, &text))
        text.n = 0;
    for (rest = buf_as_str(&text); rc == 0 && maps_next(&rest, &line);) {
        const char *slash = line.path.n ? memrchr(line.path.p, '/', line.path.n) : NULL;
        struct str name =
            slash ? str_sub(line.path, (size_t)(slash + 1 - line.path.p), line.path.n) : STR("");
        char path[PATH_MAX];

        if (line.exec && !line.deleted && str_starts(line.path, STR("/")) &&
            (all || ldcache_is_called(name, q->what)) && path_inside(q, path, line.path))
            rc = report(q, path, true);
    }
    buf_free(&text);
    return rc;
}

static int find_everything(struct search *q)
{
    char path[PATH_MAX];
    DIR *proc = symbols_path(q->s, path, "/proc") ? opendir(path) : NULL;
    struct dirent *entry;
    int rc = 0;

    while (proc && rc == 0 && (entry = readdir(proc))) {
        if (isdigit((unsigned char)entry->d_name[0]) &&
            set_process(q, (uint32_t)strtoul(entry->d_name, NULL, 10)))
            rc = find_mapped(q);
    }
    if (proc)
        closedir(proc);
    return rc;
}

static void add_escaped(struct buf *out, struct str text, const char *special)
{
    for (size_t i = 0; i < text.n; i++) {
        if (strchr(special, text.p[i]))
            buf_putc(out, '\\');
        buf_putc(out, text.p[i]);
    }
}

/* ELF files that match. Our patterns have no "?", and no backslashes. */
static int find_matching(struct search *q, struct str dir, struct str pattern)
{
    struct buf full = { 0 };
    glob_t found = { 0 };
    int rc = 0;

    add_escaped(&full, str_from(q->prefix), "*?[\\");
    add_escaped(&full, dir, "*?[\\");
    add_escaped(&full, pattern, "?\\");
    if (glob(full.p, 0, NULL, &found) == 0) {
        for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
            rc = report(q, found.gl_pathv[i], true);
    }
    globfree(&found);
    buf_free(&full);
    return rc;
}

/* What an image depends on: of an archive the whole. */
static void note_file(const struct search *q, const char *path)
{
    struct str archive;

    symbols_in_archive(path, &archive);
    deps_note(q->s->deps, symbols_intern(q->s, archive).p);
}

static int find_path(struct search *q, struct err *e)
{
    struct str what = q->what;
    struct buf absolute = { 0 };
    struct str archive, member;
    struct elf_key key;
    char path[PATH_MAX];
    struct stat st;
    int rc = 0;

    if (what.p[0] != '/') {
        if (!getcwd(path, sizeof(path)))
            return err_set(e, -errno, "the current directory is gone: %s", strerror(errno));
        while (str_starts(what, STR("./")))
            what = str_sub(what, 2, what.n);
        buf_printf(&absolute, "%s/", path);
    }
    buf_str(&absolute, what);
    if (str_is_glob(what)) {
        rc = find_matching(q, STR(""), buf_as_str(&absolute));
        if (rc == 0 && !is_found(q))
            rc = err_set(e, -ENOENT, "no program or library matches '%.*s'", STRF(q->what));
    } else if (path_inside(q, path, buf_as_str(&absolute)) && elf_key_of(path, &key)) {
        note_file(q, path);
        rc = report(q, path, false);
    } else if (zip_split(path, &archive, &member)) {
        rc = err_set(e, -ENOENT, "cannot use '%s': %s", path, zip_stat(path, &st));
    } else {
        rc = err_set(e, -errno, "cannot use '%s': %s", path, strerror(errno));
    }
    buf_free(&absolute);
    return rc;
}

static int find_in_dir(struct search *q, struct str dir)
{
    struct buf path = { 0 };
    char inside[PATH_MAX];
    struct stat st;
    int rc = 0;

    buf_printf(&path, "%.*s/", STRF(dir));
    if (str_is_glob(q->what)) {
        rc = find_matching(q, buf_as_str(&path), q->what);
    } else {
        buf_str(&path, q->what);
        deps_note(q->s->deps, path.p);
        if (path_inside(q, inside, buf_as_str(&path)) && stat(inside, &st) == 0 &&
            S_ISREG(st.st_mode) && (st.st_mode & 0111))
            rc = report(q, inside, false);
    }
    buf_free(&path);
    return rc;
}

/* As a shell does: the first directory that has it. A pattern looks into all. */
static int find_in_path(struct search *q)
{
    const char *path = getenv("PATH");
    struct str rest = str_from(path ? path : "/usr/bin:/bin");
    int rc = 0;

    while (rest.n && rc == 0 && (!is_found(q) || q->all || str_is_glob(q->what))) {
        ptrdiff_t colon = str_find(rest, ':');
        struct str dir = str_sub(rest, 0, colon < 0 ? rest.n : (size_t)colon);

        if (str_starts(dir, STR("/")))
            rc = find_in_dir(q, dir);
        rest = str_sub(rest, dir.n + 1, rest.n);
    }
    return rc;
}

/* The cache names the best version of a library first. */
static int report_cached(void *arg, struct str path)
{
    struct search *q = arg;
    struct elf_key key;
    char inside[PATH_MAX];

    if ((is_found(q) && !str_is_glob(q->what)) || !path_inside(q, inside, path) ||
        !elf_key_of(inside, &key))
        return 0;
    deps_note(q->s->deps, inside);
    return report(q, inside, false);
}

static int find_name(struct search *q, struct err *e)
{
    bool several = str_is_glob(q->what);
    char cache[PATH_MAX];
    int rc = 0;

    if (path_inside(q, cache, STR(LDCACHE)))
        deps_note(q->s->deps, cache);

    if (q->pid)
        rc = find_mapped(q);
    if (rc == 0 && (several || !is_found(q)))
        rc = find_in_path(q);
    if (rc == 0 && (several || !is_found(q)) && path_inside(q, cache, STR(LDCACHE)))
        rc = ldcache_each(cache, q->what, report_cached, q);
    if (rc || is_found(q))
        return rc;
    if (q->pid)
        return err_set(e, -ENOENT,
                       "process %u has not mapped '%.*s', and there is no program in PATH and no "
                       "library in " LDCACHE " of that name",
                       q->pid, STRF(q->what));
    return err_set(e, -ENOENT, "no program '%.*s' in PATH, and no library of that name in " LDCACHE,
                   STRF(q->what));
}

static int find(struct search *q, struct err *e)
{
    int rc;

    if (!q->what.n && !q->pid)
        return err_set(e, -EINVAL, "neither a program nor a process is named");
    if (!q->what.n)
        return find_exe(q, e);
    if (str_eqz(q->what, "*")) {
        rc = q->pid ? find_mapped(q) : find_everything(q);
        if (rc == 0 && !is_found(q))
            rc = err_set(e, -ENOENT, "no process has mapped a program we can read");
        return rc;
    }
    if (str_find(q->what, '/') >= 0)
        return find_path(q, e);
    return find_name(q, e);
}

int symbols_find_binary(struct symbols *s, struct str what, uint32_t pid, symbols_path_fn fn,
                        void *arg, struct err *e)
{
    struct search q = { .s = s, .what = what, .fn = fn, .arg = arg };
    char dir[PATH_MAX];
    struct stat st;
    int rc;

    if (memchr(what.n ? what.p : "", '\0', what.n))
        return err_set(e, -EINVAL, "the name of a program contains a zero byte");
    if (pid && (!symbols_path(s, dir, "/proc/%u", pid) || stat(dir, &st)))
        return err_set(e, -ESRCH, "there is no process %u", pid);
    if (!set_process(&q, pid))
        return err_set(e, -ENAMETOOLONG, "the path of process %u is too long", pid);
    if (pid || str_is_glob(what)) /* processes come and go, and so do files of any name */
        deps_refuse(s->deps);
    rc = find(&q, e);
    map_free(&q.reported);
    return rc;
}

int symbols_each_program(struct symbols *s, struct str name, symbols_path_fn fn, void *arg)
{
    struct search q = { .s = s, .what = name, .all = true, .fn = fn, .arg = arg };
    int rc = find_in_path(&q);

    map_free(&q.reported);
    return rc;
}
