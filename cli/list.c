/*
 * list.c - hark -l: the probes that match a search
 *
 * A search is an attach point with patterns. Each provider enumerates its own targets, by the same
 * function that expands wildcards when a script runs, so what is listed can be attached.
 */
#include "cli/list.h"

#include "base/config.h"
#include "base/err.h"
#include "kernel/kernel.h"
#include "probes/provider.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What one listing needs. */
struct listing {
    const struct host *host;
    const struct provider *provider;
    struct arena arena;
    struct types *types;
    struct str filter;     /* a glob on what stands behind "type:"; empty: everything */
    VEC(struct str) found; /* of one provider: label, newline, description */
};

/* "interval:s:" ends where a number would follow. */
static struct str without_colon(struct str s)
{
    return str_ends(s, STR(":")) ? str_sub(s, 0, s.n - 1) : s;
}

static int found_target(void *arg, const struct target *t)
{
    struct listing *l = arg;
    ptrdiff_t colon = str_find(t->label, ':');
    struct str rest = colon < 0 ? t->label : str_sub(t->label, (size_t)colon + 1, t->label.n);
    struct buf b = { 0 };

    if (l->filter.n && !str_glob(l->filter, without_colon(rest)))
        return 0;
    buf_printf(&b, "%.*s\n", STRF(t->label));
    if (l->host->config->opt.verbose && l->provider->describe)
        l->provider->describe(l->host, t, l->types, &b);
    arena_vec_push(&l->arena, &l->found, str_dup(&l->arena, buf_as_str(&b)));
    buf_free(&b);
    return 0;
}

static int compare_found(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* What the provider has found, sorted. */
static void print_found(struct listing *l)
{
    if (l->found.n)
        qsort(l->found.v, l->found.n, sizeof(*l->found.v), compare_found);
    for (size_t i = 0; i < l->found.n; i++) {
        if (i && str_eq(l->found.v[i], l->found.v[i - 1]))
            continue; /* another place of the same name */
        fwrite(l->found.v[i].p, 1, l->found.v[i].n, stdout);
    }
    l->found.n = 0;
}

/* Parses parts for a provider; its complaints go to diags. */
static bool parse_parts(struct listing *l, struct str *parts, unsigned n, struct diags *diags,
                        struct target *out)
{
    struct attach_parse p = {
        .parts = parts,
        .n_parts = n,
        .arena = &l->arena,
        .host = l->host,
        .diags = diags,
        .at = SPAN_NONE,
    };

    *out = (struct target){ 0 };
    return l->provider->parse(&p, out);
}

/* named: the user asks for probes of this type. */
static int enumerate(struct listing *l, const struct target *pattern, bool named)
{
    const struct provider *p = l->provider;
    struct err e = { 0 };
    int rc = 0;

    if (p->list)
        rc = p->list(l->host, pattern, found_target, l, &e);
    else if (p->each)
        rc = p->each(l->host, pattern, found_target, l, &e);
    else if (!str_is_glob(pattern->label)) /* "test:*": nothing to enumerate */
        rc = found_target(l, pattern);
    print_found(l);
    if (rc == -EOPNOTSUPP && !named)
        return 0; /* what this kernel has not is no news */
    if (rc)
        fprintf(stderr, "WARNING: %s: %s\n", p->name, e.text);
    return rc;
}

/* Everything a provider has: "*" or "*:*", whichever it takes. */
static void list_all(struct listing *l, bool named)
{
    struct sources none = { 0 };

    for (unsigned n = 2; n <= 3; n++) {
        struct str parts[] = { str_from(l->provider->name), STR("*"), STR("*") };
        struct diags ignored = { .arena = &l->arena, .sources = &none };
        struct target t;

        if (parse_parts(l, parts, n, &ignored, &t)) {
            enumerate(l, &t, named);
            return;
        }
    }
    if (l->provider->list) /* takes no pattern, but shows what there is */
        enumerate(l, &(struct target){ 0 }, named);
}

/* "type:part:part" for every provider the type names. false: reported. */
static bool list_typed(struct listing *l, const struct registry *reg, struct str *parts, unsigned n)
{
    const struct provider *exact = provider_find(reg, parts[0]);
    bool path = n > 1 && str_find(parts[1], '/') >= 0;
    struct sources none = { 0 };
    struct str best, all[3];

    if (!exact && !str_is_glob(parts[0])) {
        fprintf(stderr, "ERROR: unknown probe type '%.*s'\n", STRF(parts[0]));
        if (provider_guess(reg, parts[0], &best))
            fprintf(stderr, "HINT: did you mean '%.*s'?\n", STRF(best));
        return false;
    }
    for (size_t i = 0; reg->providers[i]; i++) {
        const struct provider *p = reg->providers[i];
        struct diags diags = { .arena = &l->arena, .sources = &none };
        struct target t;

        if (exact ? p != exact : !str_glob(parts[0], str_from(p->name)))
            continue;
        if (!exact && p->user && !path && !l->host->config->opt.pid)
            continue;
        l->provider = p;
        if (p->user && n == 2 && path) { /* "usdt:/bin/x": all it has */
            all[0] = parts[0];
            all[1] = parts[1];
            all[2] = STR("*");
            parts = all;
            n = 3;
        }
        /* "interval:s": one of the few words list() shows, whatever it is asked for */
        l->filter = p->list && n > 1 ? without_colon(parts[1]) : STR("");
        if (n == 2 && str_eq(parts[1], STR("*"))) {
            list_all(l, exact);
        } else if (parse_parts(l, parts, n, &diags, &t)) {
            if (enumerate(l, &t, exact) && exact)
                return false;
        } else if (exact && p->list) {
            enumerate(l, &t, true);
        } else if (exact) {
            diag_print(&diags, stderr, true, l->host->config->opt.colour);
            return false;
        }
    }
    return true;
}

static int print_type(void *arg, struct str name)
{
    struct listing *l = arg;
    struct buf b = { 0 };
    char tag = l->filter.p[0];

    if (!l->host->config->opt.verbose) {
        printf("%s %.*s\n", tag == 's' ? "struct" : tag == 'u' ? "union" : "enum", STRF(name));
        return 0;
    }
    if (kernel_type_definition(l->host->kernel, l->types, tag, name, &b))
        printf("vmlinux: %.*s\n", (int)b.n, b.p);
    buf_free(&b);
    return 0;
}

/* "struct foo*": names of BTF types. */
static bool is_type_search(struct str s)
{
    return str_starts(s, STR("struct ")) || str_starts(s, STR("union ")) ||
           str_starts(s, STR("enum "));
}

static bool list_one(struct listing *l, const struct registry *reg, struct str search)
{
    struct sources none = { 0 };
    struct diags diags = { .arena = &l->arena, .sources = &none };
    struct str *parts;
    unsigned n;

    l->filter = STR("");
    if (is_type_search(search)) {
        struct str glob = str_trim(str_sub(search, (size_t)str_find(search, ' '), search.n));

        l->filter = search;
        kernel_each_type(l->host->kernel, search.p[0], glob, print_type, l);
        return true;
    }
    if (!attach_split(&l->arena, search, SPAN_NONE, &diags, &parts, &n)) {
        diag_print(&diags, stderr, true, l->host->config->opt.colour);
        return false;
    }
    if (n > 1 || provider_find(reg, parts[0])) {
        if (n == 1) {
            struct str *all = ARENA_ARRAY(&l->arena, struct str, 2);

            all[0] = parts[0];
            all[1] = STR("*");
            parts = all;
            n = 2;
        }
        return list_typed(l, reg, parts, n);
    }
    if (str_find(search, '.') >= 0 && str_find(search, '*') < 0)
        fprintf(stderr, "WARNING: '%.*s' is no file; searching probes of that name\n",
                STRF(search));
    /* A bare pattern: any kernel type. */
    l->filter = str_eq(search, STR("*")) ? STR("") : search;
    for (size_t i = 0; reg->providers[i]; i++) {
        l->provider = reg->providers[i];
        if (!l->provider->user && !l->provider->unlisted)
            list_all(l, false);
    }
    return true;
}

int list_probes(struct str search, const struct host *host, const struct registry *reg)
{
    struct listing l = { .host = host };
    bool ok = true, quoted = false;
    size_t start = 0;

    l.types = types_new(&l.arena);
    if (search.n == 0)
        search = STR("*");
    for (size_t i = 0; i <= search.n && ok; i++) {
        if (i < search.n && search.p[i] == '"')
            quoted = !quoted;
        if (i == search.n || (search.p[i] == ',' && !quoted)) {
            ok = list_one(&l, reg, str_trim(str_sub(search, start, i)));
            start = i + 1;
        }
    }
    arena_free(&l.arena);
    return ok ? 0 : 1;
}
