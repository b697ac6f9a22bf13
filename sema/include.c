/*
 * include.c - #include in the C part, without a C compiler
 *
 * A header is found like a compiler finds it and cut into preprocessor lines and declarations,
 * which go to types/cdef.c one by one. That understands what defines types and constants; what it
 * does not understand (functions, variables, extensions) is not what scripts include headers for,
 * and is passed over in silence. Conditionals, include guards and macros work as in C.
 */
#include "sema/sema_impl.h"

#include "kernel/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { DEPTH_MAX_INCLUDES = 64, FILES_MAX = 4000 };

struct includes {
    struct compile *c;
    VEC(struct str) dirs;
    VEC(struct str) once; /* paths of files with "#pragma once" */
    struct str current;   /* directory of the file being read; "" for the script's own */
    unsigned depth, files;
};

/* ---- where headers are ---- */

static void add_dir(struct includes *in, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add_dir(struct includes *in, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    arena_vec_push(in->c->arena, &in->dirs, str_from(arena_vprintf(in->c->arena, fmt, ap)));
    va_end(ap);
}

/* As the kernel's tree and Debian's directories call this architecture. */
#if defined(__x86_64__)
#define KERNEL_ARCH "x86"
#define MACHINE     "x86_64"
#elif defined(__aarch64__)
#define KERNEL_ARCH "arm64"
#define MACHINE     "aarch64"
#else
#define KERNEL_ARCH "generic"
#define MACHINE     "unknown"
#endif

static void add_kernel_tree(struct includes *in, const char *root)
{
    add_dir(in, "%s/arch/%s/include", root, KERNEL_ARCH);
    add_dir(in, "%s/arch/%s/include/generated", root, KERNEL_ARCH);
    add_dir(in, "%s/include", root);
    add_dir(in, "%s/arch/%s/include/uapi", root, KERNEL_ARCH);
    add_dir(in, "%s/arch/%s/include/generated/uapi", root, KERNEL_ARCH);
    add_dir(in, "%s/include/uapi", root);
    add_dir(in, "%s/include/generated/uapi", root);
}

static void add_kernel_dirs(struct includes *in)
{
    const char *source = getenv("BPFTRACE_KERNEL_SOURCE"), *build = getenv("BPFTRACE_KERNEL_BUILD");
    struct utsname uts;

    if (source)
        add_kernel_tree(in, source);
    if (build)
        add_kernel_tree(in, build);
    if (source || build || uname(&uts) < 0)
        return;
    add_kernel_tree(in, arena_printf(in->c->arena, "/lib/modules/%s/source", uts.release));
    add_kernel_tree(in, arena_printf(in->c->arena, "/lib/modules/%s/build", uts.release));
}

/* With BTF the kernel's own headers are needed only for what the system's do not have. */
static void find_dirs(struct includes *in)
{
    const struct options *opt = &in->c->config->opt;
    bool first = !kernel_has_btf(in->c->host->kernel);

    for (size_t i = 0; i < opt->include_dirs.n; i++)
        add_dir(in, "%s", opt->include_dirs.v[i]);
    if (first)
        add_kernel_dirs(in);
    add_dir(in, "/usr/local/include");
    add_dir(in, "/usr/include/" MACHINE "-linux-gnu");
    add_dir(in, "/usr/include");
    if (!first)
        add_kernel_dirs(in);
}

/* ---- files ---- */

bool path_read(struct compile *c, struct str path, struct str *out)
{
    struct buf b = { 0 };
    char chunk[4096];
    const char *name = str_dup(c->arena, path).p;
    FILE *f;
    bool ok;
    size_t n;

    deps_note(c->host->deps, name);
    f = fopen(name, "re");
    if (!f)
        return false;
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        buf_add(&b, chunk, n);
    ok = !ferror(f); /* a directory can be opened, but not read */
    fclose(f);
    if (ok)
        *out = str_dup(c->arena, buf_as_str(&b));
    buf_free(&b);
    return ok;
}

struct str path_real(struct arena *a, struct str path)
{
    char *real = realpath(str_dup(a, path).p, NULL);
    struct str result = real ? str_dup(a, str_from(real)) : path;

    free(real);
    return result;
}

struct str path_dir(struct str path)
{
    size_t n = path.n;

    while (n && path.p[n - 1] != '/')
        n--;
    return str_sub(path, 0, n > 1 ? n - 1 : n);
}

static bool try_path(struct includes *in, struct str dir, struct str name, struct str *path,
                     struct str *text)
{
    *path = name.p[0] == '/' || !dir.n
                ? str_dup(in->c->arena, name)
                : str_printf(in->c->arena, "%.*s/%.*s", STRF(dir), STRF(name));
    return path_read(in->c, *path, text);
}

static bool find_file(struct includes *in, struct str name, bool angle, struct str *path,
                      struct str *text)
{
    if ((!angle || name.p[0] == '/') && try_path(in, in->current, name, path, text))
        return true;
    if (!in->dirs.n)
        find_dirs(in);
    for (size_t i = 0; i < in->dirs.n; i++) {
        if (try_path(in, in->dirs.v[i], name, path, text))
            return true;
    }
    return false;
}

/* ---- cutting a header into items ---- */

struct cutter {
    const char *p, *end;
};

static bool starts(const struct cutter *c, const char *word)
{
    size_t n = strlen(word);

    return (size_t)(c->end - c->p) >= n && memcmp(c->p, word, n) == 0;
}

/* Over a comment, string or character constant, or one other character. */
static void skip_one(struct cutter *c)
{
    char quote = *c->p;

    if (starts(c, "/*")) {
        c->p += 2;
        while (c->p < c->end && !starts(c, "*/"))
            c->p++;
        c->p += c->p < c->end ? 2 : 0;
    } else if (starts(c, "//")) {
        while (c->p < c->end && *c->p != '\n')
            c->p++;
    } else if (quote == '"' || quote == '\'') {
        for (c->p++; c->p < c->end && *c->p != quote && *c->p != '\n'; c->p++)
            c->p += *c->p == '\\' && c->p + 1 < c->end;
        c->p += c->p < c->end && *c->p == quote;
    } else {
        c->p++;
    }
}

/* To the end of a preprocessor line, which may go on behind a backslash or a comment. */
static void skip_line(struct cutter *c)
{
    while (c->p < c->end && *c->p != '\n') {
        if (starts(c, "\\\n"))
            c->p += 2;
        else
            skip_one(c);
    }
}

static void skip_blank(struct cutter *c)
{
    while (c->p < c->end && (strchr(" \t\r\n\f\v", *c->p) || starts(c, "/*") || starts(c, "//")))
        skip_one(c);
}

/* The word of a preprocessor line that begins at p: "ifdef". */
static struct str directive(const char *p, const char *end)
{
    const char *from;

    for (p++; p < end && (*p == ' ' || *p == '\t'); p++)
        ;
    for (from = p; p < end && *p >= 'a' && *p <= 'z'; p++)
        ;
    return (struct str){ from, (size_t)(p - from) };
}

/* A declaration: to its ';', or to the '}' of a function's body. */
static void skip_declaration(struct cutter *c)
{
    unsigned depth = 0;
    bool line_start = false, body = false;
    char before = 0;

    while (c->p < c->end) {
        const char *at = c->p;
        char ch = *at;

        if (line_start && ch == '#') {
            if (depth == 0)
                return; /* __BEGIN_DECLS has no ';' */
            skip_line(c);
            continue;
        }
        skip_one(c);
        if (ch == '\n')
            line_start = true;
        if (strchr(" \t\r\n\f\v", ch) || (ch == '/' && c->p > at + 1))
            continue;
        line_start = false;
        if (ch == '{' && depth == 0)
            body = before == ')';
        if (ch == '{' || ch == '(')
            depth++;
        else if ((ch == '}' || ch == ')') && depth)
            depth--;
        if (depth == 0 && (ch == ';' || (ch == '}' && body)))
            return;
        before = ch;
    }
}

/* What only C++ sees has braces that are closed far away: #ifdef __cplusplus … #endif. */
static bool is_cplusplus(struct str line)
{
    return str_contains(line, STR("__cplusplus")) && !str_contains(line, STR("!")) &&
           !str_contains(line, STR("ifndef"));
}

static void skip_cplusplus(struct cutter *c)
{
    unsigned depth = 0;

    for (;;) {
        struct str word;
        const char *at;

        skip_line(c);
        skip_blank(c);
        if (c->p >= c->end)
            return;
        if (*c->p != '#') {
            continue;
        }
        at = c->p;
        word = directive(at, c->end);
        if (str_starts(word, STR("if")))
            depth++;
        else if (str_starts(word, STR("e")) && depth == 0)
            return; /* #else or #endif, which the caller reads */
        else if (str_eqz(word, "endif"))
            depth--;
    }
}

static void read_items(struct includes *in, const struct source *source)
{
    struct cutter c = { source->text.p, source->text.p + source->text.n };
    struct cdef_state *state = NULL;

    for (skip_blank(&c); c.p < c.end; skip_blank(&c)) {
        const char *from = c.p;
        struct span at = { source->base + (uint32_t)(from - source->text.p), 0 };
        struct str text;

        if (*from == '#')
            skip_line(&c);
        else
            skip_declaration(&c);
        text = (struct str){ from, (size_t)(c.p - from) };
        at.end = at.begin + (uint32_t)text.n;
        cdef_item(in->c->cdefs, &state, text, at);
        if (*from == '#' && str_starts(directive(from, c.end), STR("if")) && is_cplusplus(text))
            skip_cplusplus(&c);
    }
}

/* ---- the callback ---- */

/* What headers ask about the compiler. */
static void predefine(struct cdefs *defs)
{
    static const char *const macros[][2] = {
        { "__linux__", "1" },
        { "__unix__", "1" },
        { "__LP64__", "1" },
        { "__STDC__", "1" },
        { "__STDC_VERSION__", "201710" },
        { "__GNUC__", "12" },
        { "__GNUC_MINOR__", "2" },
        { "__CHAR_BIT__", "8" },
        { "__SIZEOF_LONG__", "8" },
        { "__SIZEOF_INT__", "4" },
        { "__SIZEOF_POINTER__", "8" },
        { "__ORDER_LITTLE_ENDIAN__", "1234" },
        { "__ORDER_BIG_ENDIAN__", "4321" },
        { "__BYTE_ORDER__", "1234" },
        { "__SIZE_TYPE__", "unsigned long" },
        { "__PTRDIFF_TYPE__", "long" },
        { "__WCHAR_TYPE__", "int" },
#if defined(__x86_64__)
        { "__x86_64__", "1" },
        { "__x86_64", "1" },
#elif defined(__aarch64__)
        { "__aarch64__", "1" },
#endif
    };

    if (cdef_macro(defs, STR("__LP64__")))
        return;
    for (size_t i = 0; i < ARRAY_LEN(macros); i++)
        cdef_predefine(defs, str_from(macros[i][0]), str_from(macros[i][1]));
}

static bool seen(const struct includes *in, struct str path)
{
    for (size_t i = 0; i < in->once.n; i++) {
        if (str_eq(in->once.v[i], path))
            return true;
    }
    return false;
}

static void read_header(struct includes *in, struct str path, struct str text)
{
    struct cdefs *defs = in->c->cdefs;
    struct diags quiet = { .arena = in->c->arena, .sources = in->c->sources };
    struct diags *loud = defs->diags;
    struct str outer = in->current;
    const struct source *source;

    if (seen(in, path))
        return;
    if (str_contains(text, STR("#pragma once")))
        arena_vec_push(in->c->arena, &in->once, path);
    source = source_add(in->c->sources, in->c->arena, path, text);
    if (!source)
        return;
    in->current = path_dir(path);
    defs->diags = &quiet;
    read_items(in, source);
    defs->diags = loud;
    in->current = outer;
}

bool include_header(void *ctx, struct str name, bool angle, struct str *why)
{
    struct compile *c = ctx;
    struct includes *in = c->includes;
    struct str path, text;

    if (!in) {
        in = c->includes = ARENA_NEW(c->arena, struct includes);
        in->c = c;
        if (c->sources->all.n)
            in->current = path_dir(c->sources->all.v[0]->name);
    }
    if (!name.n) {
        *why = STR("the name is empty");
        return false;
    }
    if (in->depth >= DEPTH_MAX_INCLUDES || in->files >= FILES_MAX) {
        *why = STR("too many headers");
        return false;
    }
    predefine(c->cdefs);
    if (!find_file(in, name, angle, &path, &text)) {
        *why = STR("there is no such file where headers are searched (-I adds directories)");
        return false;
    }
    in->depth++;
    in->files++;
    read_header(in, path, text);
    in->depth--;
    return true;
}
