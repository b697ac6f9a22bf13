/*
 * tracefs.c - which tracepoints are there
 *
 * tracefs has a directory per category and in it one per event. Creating its entries is slow in the
 * kernel, so a name without wildcards is only tested for existence, and a pattern reads one
 * directory per level. The category "ftrace" describes records of the tracers themselves, which no
 * program can be attached to; we act as if it were not there.
 */
#include "kernel/kernel_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Names come from scripts: they must not lead out of the directory. */
static bool is_file_name(struct str s)
{
    return s.n && s.n < NAME_MAX && s.p[0] != '.' && !memchr(s.p, '/', s.n) &&
           !memchr(s.p, '\0', s.n);
}

static bool is_category(struct str s)
{
    return is_file_name(s) && !str_eqz(s, "ftrace");
}

int tracepoint_path(struct kernel *k, struct str category, struct str event, char path[PATH_MAX],
                    struct err *e)
{
    int rc = kernel_find_tracefs(k, e);

    if (rc)
        return rc;
    if (!is_category(category) || !is_file_name(event) ||
        snprintf(path, PATH_MAX, "%s/events/%.*s/%.*s/format", k->tracefs, STRF(category),
                 STRF(event)) >= PATH_MAX)
        return err_set(e, -ENOENT, "tracepoint:%.*s:%.*s does not exist", STRF(category),
                       STRF(event));
    return 0;
}

bool kernel_tracepoint_exists(struct kernel *k, struct str category, struct str event)
{
    char path[PATH_MAX];

    return !tracepoint_path(k, category, event, path, NULL) && access(path, F_OK) == 0;
}

/* The sorted names of the directories in path that match. A path that is not there has none. */
static int list_directories(const char *path, struct str glob, struct arena *arena,
                            struct names *names, struct err *e)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (!dir && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (!dir)
        return err_set(e, -errno, "cannot read '%s': %s", path, strerror(errno));
    while ((entry = readdir(dir))) {
        struct str name = str_from(entry->d_name);

        if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && is_file_name(name) &&
            str_glob(glob, name))
            vec_push(&names->all, str_dup(arena, name));
    }
    closedir(dir);
    names_sort(names);
    return 0;
}

struct walk {
    struct kernel *k;
    struct arena *arena; /* of names */
    struct str category, event_glob;
    kernel_tp_fn fn;
    void *arg;
    struct err *e;
};

static int visit_event(void *arg, struct str event)
{
    struct walk *w = arg;

    return w->fn(w->arg, w->category, event);
}

static int visit_category(void *arg, struct str category)
{
    struct walk *w = arg;
    struct names events = { 0 };
    char path[PATH_MAX];
    int rc;

    if (!is_category(category))
        return 0;
    if (!str_is_glob(w->event_glob))
        return kernel_tracepoint_exists(w->k, category, w->event_glob)
                   ? w->fn(w->arg, category, w->event_glob)
                   : 0;
    if (snprintf(path, sizeof(path), "%s/events/%.*s", w->k->tracefs, STRF(category)) >=
        (int)sizeof(path))
        return 0;
    w->category = category;
    rc = list_directories(path, w->event_glob, w->arena, &events, w->e);
    if (!rc)
        rc = names_each(&events, visit_event, w);
    vec_free(&events.all);
    return rc;
}

int kernel_each_tracepoint(struct kernel *k, struct str category_glob, struct str event_glob,
                           kernel_tp_fn fn, void *arg, struct err *e)
{
    struct arena arena = { 0 };
    struct walk w = {
        .k = k,
        .arena = &arena,
        .event_glob = event_glob,
        .fn = fn,
        .arg = arg,
        .e = e,
    };
    struct names categories = { 0 };
    char path[PATH_MAX];
    int rc;

    if ((rc = kernel_find_tracefs(k, e)))
        return rc;
    if (!str_is_glob(category_glob)) {
        rc = visit_category(&w, category_glob);
    } else if (snprintf(path, sizeof(path), "%s/events", k->tracefs) < (int)sizeof(path)) {
        rc = list_directories(path, category_glob, &arena, &categories, e);
        if (!rc)
            rc = names_each(&categories, visit_category, &w);
    }
    vec_free(&categories.all);
    arena_free(&arena);
    return rc;
}
