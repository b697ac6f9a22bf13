/*
 * attach.c - attach points as written → concrete targets, and one probe for each program
 *
 * What an attach point means only its provider knows: it splits the text and enumerates what
 * matches. Here the results are put together. A probe of the script becomes one probe for each
 * provider it names; if its body depends on the target (it reads args, say), or the provider wants
 * it so, one for each target, with a copy of the body.
 */
#include "sema/sema_impl.h"

#include "kernel/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <regex.h>

/* What one probe of the script attaches to through one provider. */
struct group {
    const struct provider *provider, *written;
    const char *why; /* not the one that was written */
    VEC(struct target) targets;
};

struct attacher {
    struct compile *c;
    VEC(struct group) groups; /* of the probe at hand */
    size_t n_targets;         /* of the whole script */
    size_t n_programs;
    bool full;             /* max_probes was exceeded, and reported */
    const regex_t *filter; /* --probe-filter, or NULL */
    bool filtered;         /* something of the probe at hand was left out on purpose */
};

static struct prog_spec spec_of(const struct compile *c, const struct provider *provider,
                                const struct target *t)
{
    struct prog_spec spec = { 0 };

    provider->program(t, c->arena, &spec);
    return spec;
}

/* ---- collecting targets ---- */

struct collector {
    struct attacher *a;
    const struct attach_point *point;
    const struct provider *provider;
    size_t before; /* targets the group had: only among those may be one that is found again */
    size_t found;
};

static struct group *group_of(struct attacher *a, const struct provider *provider,
                              const struct provider *written)
{
    for (size_t i = 0; i < a->groups.n; i++) {
        if (a->groups.v[i].provider == provider && a->groups.v[i].written == written)
            return &a->groups.v[i];
    }
    arena_vec_push(a->c->arena, &a->groups,
                   (struct group){ .provider = provider, .written = written });
    return &a->groups.v[a->groups.n - 1];
}

static bool has_target(const struct group *g, size_t n, struct str label)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(g->targets.v[i].label, label))
            return true;
    }
    return false;
}

static void too_many(struct attacher *a, const struct attach_point *point)
{
    uint64_t max = a->c->config->max_probes;
    struct diag *d;

    if (!a->full) {
        d = diag_error(a->c->diags, point->at, "the script attaches to more than %ju targets",
                       (uintmax_t)max);
        diag_hint(a->c->diags, d, "narrow the pattern, or set max_probes in config = { … }");
    }
    a->full = true;
}

static struct collector collector(struct attacher *a, const struct attach_point *point,
                                  const struct provider *provider)
{
    size_t before = group_of(a, provider, provider)->targets.n;

    return (struct collector){ .a = a, .point = point, .provider = provider, .before = before };
}

static bool matches(const struct attacher *a, struct str label)
{
    return !a->filter || regexec(a->filter, str_dup(a->c->arena, label).p, 0, NULL, 0) == 0;
}

/* Tests only with --test, benchmarks only with --bench, all others only without; --probe-filter. */
static bool is_wanted(const struct attacher *a, const struct provider *provider,
                      const struct target *t, struct str label)
{
    enum image_when when = spec_of(a->c, provider, t).when;

    if (!a->c->list_only) {
        switch (a->c->config->opt.run) {
        case RUN_PROBES:
            if (when == WHEN_TEST || when == WHEN_BENCH)
                return false;
            break;
        case RUN_TESTS:
            if (when != WHEN_TEST)
                return false;
            break;
        case RUN_BENCHES:
            if (when != WHEN_BENCH)
                return false;
            break;
        }
    }
    return matches(a, label);
}

static int collect(void *arg, const struct target *t)
{
    struct collector *into = arg;
    struct attacher *a = into->a;
    struct arena *arena = &a->c->image->arena;
    struct group *g = group_of(a, into->provider, into->provider);
    struct str label = into->point->name.n ? into->point->name : t->label;
    struct target copy;

    into->found++;
    if (!is_wanted(a, into->provider, t, label)) {
        a->filtered = true;
        return 0;
    }
    if (has_target(g, into->before, t->label))
        return 0;
    if (a->n_targets >= a->c->config->max_probes) {
        too_many(a, into->point);
        return 1;
    }
    a->n_targets++;
    copy = target_copy(arena, t);
    if (into->point->name.n)
        copy.label = str_dup(arena, into->point->name);
    arena_vec_push(arena, &g->targets, copy);
    return 0;
}

/* ---- targets that do not exist ---- */

struct near_target {
    struct str_guess guess;
    struct str label;
    bool with_module;
    struct arena *arena;
};

static struct str guess_word(struct arena *arena, const struct target *t, bool with_module)
{
    return with_module ? str_printf(arena, "%.*s:%.*s", STRF(t->module), STRF(t->func)) : t->func;
}

static int try_near(void *arg, const struct target *t)
{
    struct near_target *near = arg;
    struct arena_mark mark = arena_mark(near->arena);
    struct str word = guess_word(near->arena, t, near->with_module);
    struct str best = near->guess.best;

    str_guess_try(&near->guess, word);
    if (near->guess.best.p == best.p) {
        arena_rewind(near->arena, mark);
        return 0;
    }
    near->guess.best = str_dup(near->arena, word);
    near->label = str_dup(near->arena, t->label);
    return near->guess.distance == 0;
}

/* The nearest existing target: another function of the module, or the same one elsewhere. */
static struct str nearest(struct compile *c, const struct provider *provider,
                          const struct target *t)
{
    for (int with_module = 0; with_module < 2; with_module++) {
        struct near_target near = { .with_module = with_module, .arena = c->arena };
        struct target any = *t;
        struct err err;

        if (t->is_pattern || !t->func.n || (with_module && !t->module.n))
            break;
        near.guess.word = guess_word(c->arena, t, with_module);
        any.func = STR("*");
        if (with_module)
            any.module = STR("*");
        any.is_pattern = true;
        provider->each(c->host, &any, try_near, &near, &err);
        if (str_guess_ok(&near.guess))
            return near.label;
    }
    return STR("");
}

/* As missing_probes says: an error, a warning, or nothing. */
static struct diag *report_missing(struct compile *c, struct span at, struct str text)
{
    switch ((enum config_missing)c->config->missing_probes) {
    case MISSING_ERROR:
        return diag_error(c->diags, at, "%.*s", STRF(text));
    case MISSING_WARN:
        return diag_warn(c->diags, at, "%.*s", STRF(text));
    case MISSING_IGNORE:
        return NULL;
    }
    return NULL;
}

static void missing_target(struct attacher *a, const struct attach_point *point,
                           const struct provider *provider, const struct target *t,
                           const struct err *err)
{
    struct compile *c = a->c;
    struct str label = STR(""), text;
    struct diag *d;

    if (!err->text[0] && c->config->missing_probes != MISSING_IGNORE && provider)
        label = nearest(c, provider, t);
    text = err->text[0] ? str_from(err->text)
                        : str_printf(c->arena, "there is nothing that '%.*s' could attach to",
                                     STRF(point->text));
    d = report_missing(c, point->at, text);
    if (label.n)
        diag_hint(c->diags, d, "did you mean %.*s?", STRF(label));
    if (err->hint[0])
        diag_hint(c->diags, d, "%s", err->hint);
    if (d && d->severity == SEVERITY_ERROR)
        diag_hint(c->diags, d, "to go on without it: config = { missing_probes = warn }");
}

/* ---- one attach point ---- */

/* Adds what the target stands for. */
static void expand(struct attacher *a, const struct attach_point *point,
                   const struct provider *provider, const struct target *t)
{
    struct collector into = collector(a, point, provider);
    struct err err = { 0 };
    struct diag *d;
    int rc;

    if (!provider->each) {
        collect(&into, t);
        return;
    }
    if (t->is_pattern && !a->c->list_only && spec_of(a->c, provider, t).when == WHEN_READ) {
        diag_error(a->c->diags, point->at, "%s takes no patterns: a script has one iterator",
                   provider->name);
        return;
    }
    rc = provider->each(a->c->host, t, collect, &into, &err);
    if (rc < 0 && rc != -ENOENT) {
        d = diag_error(a->c->diags, point->at, "%s", err.text);
        if (err.hint[0])
            diag_hint(a->c->diags, d, "%s", err.hint);
    } else if (!into.found) {
        missing_target(a, point, provider, t, &err);
    }
}

static bool parse_point(struct compile *c, struct diags *diags, const struct attach_point *point,
                        const struct provider *provider, struct str *parts, unsigned n,
                        struct target *out)
{
    struct attach_parse p = {
        .parts = parts,
        .n_parts = n,
        .arena = &c->image->arena,
        .host = c->host,
        .diags = diags,
        .at = point->at,
    };

    *out = (struct target){ 0 };
    return provider->parse(&p, out);
}

/* A pattern in the type: all kernel probe types that match and for which the rest makes sense. */
static void expand_types(struct attacher *a, const struct attach_point *point, struct str *parts,
                         unsigned n)
{
    struct compile *c = a->c;
    struct diags quiet = { .arena = c->arena, .sources = c->sources };
    bool user = c->config->opt.pid || (n > 1 && str_find(parts[1], '/') >= 0);
    const struct provider *const *p = c->registry->providers;
    struct err none = { 0 };
    size_t matches = 0, before = a->n_targets;
    struct target t;

    for (; *p; p++) {
        struct collector into = collector(a, point, *p);

        if (!str_glob(parts[0], str_from((*p)->name)))
            continue;
        matches++;
        if (((*p)->user && !user) || !parse_point(c, &quiet, point, *p, parts, n, &t))
            continue;
        if ((*p)->each)
            (*p)->each(c->host, &t, collect, &into, &none);
        else
            collect(&into, &t);
    }
    if (!matches)
        diag_error(c->diags, point->at, "no probe type matches '%.*s'", STRF(parts[0]));
    else if (a->n_targets == before && !a->full)
        missing_target(a, point, NULL, NULL, &(struct err){ 0 });
}

static void unknown_type(struct compile *c, const struct attach_point *point, struct str type)
{
    struct diag *d;
    struct str best;

    d = diag_error(c->diags, point->at, "unknown probe type '%.*s'", STRF(type));
    if (provider_guess(c->registry, type, &best))
        diag_hint(c->diags, d, "did you mean '%.*s'?", STRF(best));
}

static void expand_point(struct attacher *a, const struct attach_point *point)
{
    struct compile *c = a->c;
    const struct provider *provider;
    struct target t;
    struct str *parts;
    unsigned n;

    if (!attach_split(c->arena, point->text, point->at, c->diags, &parts, &n))
        return;
    if (!parts[0].n) {
        diag_error(c->diags, point->at, "the probe type is missing in '%.*s'", STRF(point->text));
        return;
    }
    provider = provider_find(c->registry, parts[0]);
    if (provider && parse_point(c, c->diags, point, provider, parts, n, &t))
        expand(a, point, provider, &t);
    else if (!provider && str_is_glob(parts[0]))
        expand_types(a, point, parts, n);
    else if (!provider)
        unknown_type(c, point, parts[0]);
}

/* ---- probes of the script → probes with a program each ---- */

static struct probe *copy_probe(struct compile *c, const struct probe *probe)
{
    struct probe *copy = arena_memdup(c->arena, probe, sizeof(*probe));

    copy->next = NULL;
    copy->pred = ast_clone_expr(c->arena, probe->pred);
    copy->body = ast_clone_block(c->arena, &probe->body);
    return copy;
}

static bool is_listed(const struct compile *c, const struct group *g)
{
    struct prog_spec spec;

    if (!c->list_only)
        return true;
    spec = spec_of(c, g->provider, &g->targets.v[0]);
    return spec.when == WHEN_EVENT || spec.when == WHEN_READ || spec.when == WHEN_TEST ||
           spec.when == WHEN_BENCH;
}

/* ---- the same for less ---- */

static void say_chosen(const struct compile *c, const struct group *g)
{
    size_t n = g->targets.n;

    if (!c->config->opt.verbose)
        return;
    fprintf(stderr, "%.*s", STRF(g->targets.v[0].label));
    if (n > 1)
        fprintf(stderr, " and %zu more", n - 1);
    fprintf(stderr, ": %s\n", g->why);
}

/* Moves the targets of a group that have an equivalent to groups of their own. */
static void choose(struct attacher *a, size_t index, const struct probe_uses *uses)
{
    struct compile *c = a->c;
    struct group old = a->groups.v[index];
    const char *why = NULL;
    size_t kept = 0, first = a->groups.n;
    bool btf_is_open = kernel_btf_identity(c->host->kernel) != 0;

    if (!old.provider->cheaper || c->config->exact_probes || c->config->opt.exact_probes ||
        c->list_only)
        return;
    for (size_t i = 0; i < old.targets.n; i++) {
        struct target t = old.targets.v[i];
        const struct provider *p =
            old.provider->cheaper(c->host, c->image->types, &old.targets.v[i], uses, &t, &why);

        if (p) {
            struct group *g = group_of(a, p, old.written);

            g->why = why;
            arena_vec_push(&c->image->arena, &g->targets, t);
        } else {
            old.targets.v[kept++] = t;
        }
    }
    a->groups.v[index].targets.n = kept;
    c->chose_by_btf |= !btf_is_open && kernel_btf_identity(c->host->kernel);
    for (size_t i = first; i < a->groups.n; i++)
        say_chosen(c, &a->groups.v[i]);
}

/* ---- one probe for each program ---- */

static void add_probe(struct attacher *a, struct probe ***end, const struct probe *probe,
                      const struct group *g, struct target *targets, size_t n, bool per_target)
{
    struct probe *p = copy_probe(a->c, probe);

    p->provider = g->provider;
    p->written = g->written;
    p->targets = targets;
    p->n_targets = n;
    p->per_target = per_target;
    **end = p;
    *end = &p->next;
    a->n_programs++;
}

/* One program for all targets that have their arguments in the same places. */
static void add_by_args(struct attacher *a, struct probe ***end, const struct probe *probe,
                        const struct group *g)
{
    bool *done = ARENA_ARRAY(a->c->arena, bool, g->targets.n);

    for (size_t i = 0; i < g->targets.n; i++) {
        VEC(struct target) alike = { 0 };

        for (size_t j = i; j < g->targets.n; j++) {
            if (done[j] || !str_eq(g->targets.v[i].args, g->targets.v[j].args))
                continue;
            done[j] = true;
            arena_vec_push(&a->c->image->arena, &alike, g->targets.v[j]);
        }
        if (alike.n && a->n_programs <= a->c->config->max_bpf_progs)
            add_probe(a, end, probe, g, alike.v, alike.n, false);
    }
}

/* Whether a body is another one for each target. */
static bool is_per_target(const struct compile *c, const struct provider *p,
                          const struct probe_uses *uses)
{
    unsigned caps = p->target_caps ? p->target_caps(c->host) : 0;

    return p->single || uses->target || uses->needs & caps ||
           (uses->name && (!p->which || uses->name_at_compile));
}

static void add_group(struct attacher *a, struct probe ***end, struct probe *probe,
                      const struct group *g, const struct probe_uses *uses)
{
    if (!g->targets.n || !is_listed(a->c, g))
        return;
    if (!is_per_target(a->c, g->provider, uses)) {
        if (g->provider->own_args && uses->needs & CAP_ARGN)
            add_by_args(a, end, probe, g);
        else
            add_probe(a, end, probe, g, g->targets.v, g->targets.n, false);
        return;
    }
    for (size_t i = 0; i < g->targets.n && a->n_programs <= a->c->config->max_bpf_progs; i++)
        add_probe(a, end, probe, g, &g->targets.v[i], 1, true);
}

static void attach_probe(struct attacher *a, struct probe ***end, struct probe *probe)
{
    struct probe_uses uses = uses_of(a->c, probe);
    unsigned errors = a->c->diags->errors;
    size_t found = 0, written;

    a->filtered = false;
    a->groups.v = NULL;
    a->groups.n = a->groups.cap = 0;
    for (const struct attach_point *point = probe->points; point; point = point->next)
        expand_point(a, point);
    written = a->groups.n;
    for (size_t i = 0; i < written; i++) {
        found += a->groups.v[i].targets.n;
        choose(a, i, &uses);
    }
    for (size_t i = 0; i < a->groups.n; i++)
        add_group(a, end, probe, &a->groups.v[i], &uses);
    if (!found && !a->filtered && a->c->diags->errors == errors)
        report_missing(a->c, probe->at, STR("this probe attaches to nothing and is left out"));
}

/* Reading an iterator is the whole of a run: nothing else may wait for events, no second one. */
static void check_iterators(struct compile *c)
{
    const struct probe *reader = NULL, *other = NULL;
    struct diag *d;

    for (const struct probe *p = c->program->probes; p; p = p->next) {
        switch (spec_of(c, p->provider, &p->targets[0]).when) {
        case WHEN_READ:
            other = reader || p->n_targets > 1 ? p : other;
            reader = reader ? reader : p;
            break;
        case WHEN_EVENT:
        case WHEN_SIGNAL:
            other = p;
            break;
        case WHEN_BEGIN:
        case WHEN_END:
        case WHEN_TEST:
        case WHEN_BENCH:
        case WHENS:
            break;
        }
    }
    if (!reader || !other || c->list_only)
        return;
    d = diag_error(c->diags, other->points->at,
                   "an iterator must be the only probe of a script, besides begin and end");
    diag_note(c->diags, d, reader->points->at, "the iterator is here");
}

/* Results are told by name. */
static void check_tests(struct compile *c)
{
    for (const struct probe *p = c->program->probes; p; p = p->next) {
        enum image_when when = spec_of(c, p->provider, &p->targets[0]).when;
        const struct probe *q = c->program->probes;

        if (when != WHEN_TEST && when != WHEN_BENCH)
            continue;
        while (q != p &&
               (q->provider != p->provider || !str_eq(q->targets[0].func, p->targets[0].func)))
            q = q->next;
        if (q != p) {
            struct diag *d = diag_error(c->diags, p->at, "there are two of %s:%.*s",
                                        p->provider->name, STRF(p->targets[0].func));

            diag_note(c->diags, d, q->at, "the first is here");
        }
    }
}

static bool attach_probes(struct attacher *a)
{
    struct compile *c = a->c;
    struct probe *probes = c->program->probes, **end = &c->program->probes;
    struct diag *d;
    unsigned errors = c->diags->errors;

    c->program->probes = NULL;
    for (struct probe *probe = probes; probe; probe = probe->next) {
        attach_probe(a, &end, probe);
        if (a->n_programs <= c->config->max_bpf_progs || a->full)
            continue;
        d = diag_error(c->diags, probe->at, "the script needs more than %ju programs",
                       (uintmax_t)c->config->max_bpf_progs);
        diag_hint(c->diags, d, "narrow the pattern, or set max_bpf_progs in config = { … }");
        break;
    }
    check_iterators(c);
    attach_pairs(c);
    check_tests(c);
    return sema_end(c, errors);
}

bool sema_attach(struct compile *c)
{
    struct attacher a = { .c = c };
    regex_t filter;
    bool ok;

    if (c->config->opt.probe_filter &&
        regcomp(&filter, c->config->opt.probe_filter, REG_EXTENDED | REG_NOSUB) == 0)
        a.filter = &filter;
    ok = attach_probes(&a);
    if (a.filter)
        regfree(&filter);
    return ok;
}
