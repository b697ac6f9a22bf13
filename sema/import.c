/*
 * import.c - import "file.bt";: puts the definitions and probes of other scripts in front of ours
 *
 * An imported script is parsed like any other and its lists are joined with those of the program;
 * it may import others, each file once. Headers go the way of #include. Files that anybody may
 * change are not imported: what is in them runs as root.
 */
#include "sema/sema_impl.h"

#include "parser/parse.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What it has is there without being imported (builtins/library.c). */
#define LIBRARY "stdlib/"

struct importer {
    struct compile *c;
    VEC(struct str) files; /* real paths of those already imported */
};

static void import_path(struct importer *, struct str path, struct span at, bool only_candidate);

static bool is_importable(struct str path)
{
    return str_ends(path, STR(".bt")) || str_ends(path, STR(".h")) ||
           str_ends(path, STR(".bpf.c")) || str_ends(path, STR(".bpf.o"));
}

static bool seen(struct importer *im, const char *path)
{
    struct str name = path_real(im->c->arena, str_from(path));

    for (size_t i = 0; i < im->files.n; i++) {
        if (str_eq(im->files.v[i], name))
            return true;
    }
    arena_vec_push(im->c->arena, &im->files, name);
    return false;
}

static void import_all(struct importer *im, const struct import *list, struct str dir)
{
    for (; list; list = list->next) {
        struct str path = list->path;

        if (str_starts(path, STR(LIBRARY)))
            continue;
        if (!path.n || (path.p[0] != '/' && dir.n))
            path = str_printf(im->c->arena, "%.*s/%.*s", STRF(dir), STRF(path));
        import_path(im, path, list->at, true);
    }
}

/* ---- scripts ---- */

/* The second list in front of the first. */
#define PREPEND(list, T, front)                                                                    \
    do {                                                                                           \
        T **link = &(front);                                                                       \
        while (*link)                                                                              \
            link = &(*link)->next;                                                                 \
        *link = (list);                                                                            \
        (list) = (front);                                                                          \
    } while (0)

static void join(struct program *p, struct program *imported)
{
    PREPEND(p->c_items, struct c_item, imported->c_items);
    PREPEND(p->map_decls, struct map_decl, imported->map_decls);
    PREPEND(p->macros, struct macro, imported->macros);
    PREPEND(p->functions, struct function, imported->functions);
    PREPEND(p->probes, struct probe, imported->probes);
}

bool import_is_builtin(void *ctx, struct str name)
{
    const struct compile *c = ctx;

    return builtin_find(c->registry, name) != NULL;
}

void import_text(struct compile *c, struct str name, struct str text)
{
    struct parser p = {
        .arena = c->arena,
        .diags = c->diags,
        .source = source_add(c->sources, c->arena, name, text),
        .is_builtin = import_is_builtin,
        .ctx = c,
    };

    if (!p.source || !parse_program(&p))
        return;
    for (struct probe *probe = p.program->probes; probe; probe = probe->next)
        probe->unfiltered = true;
    join(c->program, p.program);
}

static void import_script(struct importer *im, struct str path, struct str text, struct span at)
{
    struct compile *c = im->c;
    struct parser p = {
        .arena = c->arena,
        .diags = c->diags,
        .source = source_add(c->sources, c->arena, path, text),
        .params = c->config->opt.params.v,
        .n_params = c->config->opt.params.n,
        .is_builtin = import_is_builtin,
        .ctx = c,
    };

    if (!p.source || !parse_program(&p))
        return;
    if (!span_is_none(p.program->config_at)) {
        struct diag *d = diag_error(c->diags, p.program->config_at,
                                    "an imported script cannot change the configuration");

        diag_note(c->diags, d, at, "it is imported here");
        return;
    }
    import_all(im, p.program->imports, path_dir(path));
    join(c->program, p.program);
}

/* ---- files and directories ---- */

static void import_file(struct importer *im, struct str path, struct span at)
{
    struct str text, why = STR("");

    if (seen(im, path.p))
        return;
    if (str_ends(path, STR(".h"))) {
        if (!include_header(im->c, path_real(im->c->arena, path), false, &why))
            diag_error(im->c->diags, at, "cannot import '%.*s': %.*s", STRF(path), STRF(why));
    } else if (!str_ends(path, STR(".bt"))) {
        diag_error(im->c->diags, at,
                   "cannot import '%.*s': functions of BPF objects and of C code cannot be called "
                   "from scripts; types can be imported from a .h file",
                   STRF(path));
    } else if (path_read(im->c, path, &text)) {
        import_script(im, path, text, at);
    } else {
        diag_error(im->c->diags, at, "cannot read '%.*s': %s", STRF(path), strerror(errno));
    }
}

static int importable_entry(const struct dirent *entry)
{
    return is_importable(str_from(entry->d_name));
}

static void import_dir(struct importer *im, struct str path, struct span at)
{
    struct dirent **entries;
    int n = scandir(path.p, &entries, importable_entry, alphasort);

    if (n < 0) {
        diag_error(im->c->diags, at, "cannot read '%.*s': %s", STRF(path), strerror(errno));
        return;
    }
    if (n == 0)
        diag_error(im->c->diags, at, "there is nothing to import in '%.*s'", STRF(path));
    for (int i = 0; i < n; i++) {
        import_path(im, str_printf(im->c->arena, "%.*s/%s", STRF(path), entries[i]->d_name), at,
                    false);
        free(entries[i]);
    }
    free(entries);
}

static void not_found(struct importer *im, struct str path, struct span at)
{
    struct diag *d =
        diag_error(im->c->diags, at, "nothing to import: '%.*s' does not exist", STRF(path));
    struct str with_suffix = str_printf(im->c->arena, "%.*s.bt", STRF(path));
    struct stat st;

    if (stat(with_suffix.p, &st) == 0)
        diag_hint(im->c->diags, d, "did you mean '%.*s'?", STRF(with_suffix));
    else
        diag_hint(im->c->diags, d, "paths are relative to the script that imports");
}

static void import_path(struct importer *im, struct str path, struct span at, bool only_candidate)
{
    struct diags *diags = im->c->diags;
    struct stat st;

    path = str_dup(im->c->arena, path); /* now it ends in NUL */
    deps_note(im->c->host->deps, path.p);
    if (stat(path.p, &st) < 0 && errno != ENOENT && errno != ENOTDIR) {
        diag_error(diags, at, "cannot read '%.*s': %s", STRF(path), strerror(errno));
    } else if (stat(path.p, &st) < 0) {
        not_found(im, path, at);
    } else if (S_ISDIR(st.st_mode) && st.st_mode & S_IWOTH) {
        diag_error(diags, at, "'%.*s' is not imported: anybody may write into it", STRF(path));
    } else if (S_ISDIR(st.st_mode)) {
        if (only_candidate) /* not recursive */
            import_dir(im, path, at);
    } else if (st.st_mode & S_IWOTH) {
        diag_warn(diags, at, "'%.*s' is not imported: anybody may change it", STRF(path));
    } else if (!is_importable(path)) {
        diag_error(diags, at, "cannot import '%.*s': only .bt and .h files can be imported",
                   STRF(path));
    } else {
        import_file(im, path, at);
    }
}

void import_scripts(struct compile *c)
{
    struct importer im = { .c = c };
    const struct source *script = c->sources->all.n ? c->sources->all.v[0] : NULL;
    struct str name = script ? script->name : STR("");

    if (c->program->imports && script)
        seen(&im, str_dup(c->arena, name).p);
    import_all(&im, c->program->imports, path_dir(name));
}
