/*
 * dump.c - an image for people (--dump=plan)
 *
 * One line an entry, each entry beginning with its word and its number, so that tests can compare
 * and people can grep. What has its default is left out.
 */
#include "image/image.h"

#include <inttypes.h>
#include <linux/bpf.h>

/* For the map types hark makes; the others are shown by number. */
static const char *const map_types[] = {
    [BPF_MAP_TYPE_HASH] = "hash",
    [BPF_MAP_TYPE_ARRAY] = "array",
    [BPF_MAP_TYPE_PERF_EVENT_ARRAY] = "perf_event_array",
    [BPF_MAP_TYPE_PERCPU_HASH] = "percpu_hash",
    [BPF_MAP_TYPE_PERCPU_ARRAY] = "percpu_array",
    [BPF_MAP_TYPE_STACK_TRACE] = "stack_trace",
    [BPF_MAP_TYPE_LRU_HASH] = "lru_hash",
    [BPF_MAP_TYPE_LRU_PERCPU_HASH] = "lru_percpu_hash",
    [BPF_MAP_TYPE_RINGBUF] = "ringbuf",
};

static const char *const site_kinds[] = {
    [SITE_RING] = "ring",     [SITE_UPDATE] = "update", [SITE_DELETE] = "delete",
    [SITE_LOOKUP] = "lookup", [SITE_READ] = "read",     [SITE_STRING] = "string",
    [SITE_STACK] = "stack",   [SITE_DIV_ZERO] = "div",  [SITE_BOUNDS] = "bounds",
    [SITE_SIGNAL] = "signal", [SITE_OTHER] = "other",
};

static const char *const whens[] = {
    [WHEN_EVENT] = "event",   [WHEN_BEGIN] = "begin", [WHEN_END] = "end",
    [WHEN_SIGNAL] = "signal", [WHEN_READ] = "read",   [WHEN_TEST] = "test",
    [WHEN_BENCH] = "bench",
};

static void dump_type(FILE *f, const char *what, const struct type *t)
{
    struct arena arena = { 0 };

    fprintf(f, ", %s %.*s (%u)", what, STRF(type_name(&arena, t)), t->size);
    arena_free(&arena);
}

/* A text on one line, in quotes. */
static void dump_text(FILE *f, struct str s)
{
    fputs(", \"", f);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '\n')
            fputs("\\n", f);
        else if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            fprintf(f, "\\x%02x", c);
        else
            fputc(c, f);
    }
    fputc('"', f);
}

static void dump_location(FILE *f, const struct location *at)
{
    if (!at->line)
        return;
    fprintf(f, ", at %.*s:%u:%u", STRF(at->file), at->line, at->col);
    if (at->line_end == at->line)
        fprintf(f, "-%u", at->col_end);
    for (; at->from; at = at->from)
        fprintf(f, ", from %.*s() at %u:%u", STRF(at->macro), at->from->line, at->from->col);
}

static void dump_map(FILE *f, size_t i, const struct image_map *m)
{
    fprintf(f, "map %zu %.*s: ", i, STRF(m->name));
    if (m->bpf_type < ARRAY_LEN(map_types) && map_types[m->bpf_type])
        fputs(map_types[m->bpf_type], f);
    else
        fprintf(f, "type %u", m->bpf_type);
    if (m->max_entries)
        fprintf(f, ", %u entries", m->max_entries);
    if (m->key)
        dump_type(f, "key", m->key);
    if (m->value)
        dump_type(f, "value", m->value);
    if (m->buckets)
        fprintf(f, ", %u buckets", m->buckets);
    if (m->keys_map)
        fprintf(f, ", keys by their hash in map %u", m->keys_map - 1);
    if (m->set_index >= 0)
        fprintf(f, ", set %d", m->set_index);
    fputc('\n', f);
}

static void dump_action(FILE *f, size_t i, const struct image_action *a)
{
    fprintf(f, "action %zu %.*s:", i, STRF(a->builtin));
    if (a->payload)
        dump_type(f, "payload", a->payload);
    if (a->text.n)
        dump_text(f, a->text);
    if (a->map >= 0)
        fprintf(f, ", map %d", a->map);
    for (size_t n = 0; n < ARRAY_LEN(a->num); n++) {
        if (a->num[n])
            fprintf(f, ", num[%zu] %" PRId64, n, a->num[n]);
    }
    if (a->packed)
        fputs(", packed", f);
    if (a->control)
        fputs(", control", f);
    dump_location(f, &a->at);
    fputc('\n', f);
}

static void dump_probe(FILE *f, size_t i, const struct image_probe *p)
{
    fprintf(f, "probe %zu %.*s: %s%s, %.*s in %.*s, %zu target%s\n", i, STRF(p->provider),
            whens[p->when], p->is_session ? " and return" : "", STRF(p->fn), STRF(p->section),
            p->targets.n, p->targets.n == 1 ? "" : "s");
    for (size_t t = 0; t < p->targets.n; t++)
        fprintf(f, "    %.*s\n", STRF(p->targets.v[t].label));
}

static void dump_site(FILE *f, size_t i, const struct image_site *s)
{
    fprintf(f, "site %zu %s:", i, site_kinds[s->kind]);
    if (s->helper.n)
        fprintf(f, ", %.*s", STRF(s->helper));
    if (s->text.n)
        dump_text(f, s->text);
    dump_location(f, &s->at);
    fputc('\n', f);
}

void image_dump(const struct image *image, FILE *f)
{
    for (size_t i = 0; i < image->maps.n; i++)
        dump_map(f, i, &image->maps.v[i]);
    for (size_t i = 0; i < image->actions.n; i++)
        dump_action(f, i, &image->actions.v[i]);
    for (size_t i = 0; i < image->probes.n; i++)
        dump_probe(f, i, &image->probes.v[i]);
    for (size_t i = 0; i < image->sites.n; i++)
        dump_site(f, i, &image->sites.v[i]);
}
