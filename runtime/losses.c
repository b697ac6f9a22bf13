/*
 * losses.c - what programs count because they could not do it is told
 *
 * Every place in a program where something can go wrong has a counter. Ten times a second they are
 * read: lost records are told as they grow, other trouble the first time it happens at a place. The
 * end of the run tells what has come since. So nothing is lost silently, and nothing floods the
 * terminal. Reads that fail are ordinary in many scripts: they are told one by one only with -k,
 * else in one line at the end. Missing keys are told with -k or never: reading one as zero is what
 * the language says.
 */
#include "runtime/session_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

void losses_open(struct session *s)
{
    s->reported = xcalloc(s->image->sites.n, sizeof(*s->reported));
}

void losses_close(struct session *s)
{
    free(s->reported);
}

/* Only with -k. */
static bool is_ordinary(enum site_kind kind)
{
    return kind == SITE_READ || kind == SITE_STRING || kind == SITE_LOOKUP;
}

static struct str site_text(struct session *s, const struct image_site *site, int code)
{
    if (site->text.n)
        return site->text;
    if (site->kind == SITE_UPDATE && code == -E2BIG)
        return str_printf(&s->scratch,
                          "map is full, update lost: raise max_map_keys (now %" PRIu64
                          ") or declare the map with let",
                          s->config.max_map_keys);
    if (site->kind == SITE_DELETE && code == -ENOENT)
        return STR("Can't delete map element because it does not exist.");
    if (site->kind == SITE_LOOKUP)
        return STR("Can't look up map element because it does not exist.");
    return str_from(strerror(-code));
}

static void report_site(struct session *s, size_t i, uint64_t times)
{
    const struct image_site *site = &s->image->sites.v[i];
    struct arena_mark mark = arena_mark(&s->scratch);
    int code = (int)load_site_counts(s)[i].code;

    s->out->ops->trouble(s->out, &site->at, site_text(s, site, code),
                         site->helper.n ? site->helper.p : NULL, code, times);
    s->reported[i] += times;
    arena_rewind(&s->scratch, mark);
}

/* Trouble at places that had none before; at the end of the run, all that was not told yet. */
static void report_sites(struct session *s, bool at_end)
{
    bool all = s->config.opt.warnings == WARNINGS_ALL;

    for (size_t i = 0; i < s->image->sites.n; i++) {
        enum site_kind kind = s->image->sites.v[i].kind;
        uint64_t count = load_site_counts(s)[i].count;

        if (kind == SITE_RING || (is_ordinary(kind) && !all))
            continue;
        if (count > s->reported[i] && (at_end || s->reported[i] == 0))
            report_site(s, i, count - s->reported[i]);
    }
}

static uint64_t count_of(const struct session *s, enum site_kind kind)
{
    uint64_t total = 0;

    for (size_t i = 0; i < s->image->sites.n; i++) {
        if (s->image->sites.v[i].kind == kind)
            total += load_site_counts(s)[i].count;
    }
    return total;
}

static void report_lost(struct session *s)
{
    uint64_t lost = count_of(s, SITE_RING);

    if (lost > s->lost)
        s->out->ops->lost(s->out, lost - s->lost);
    s->lost = lost;
}

void losses_report(struct session *s)
{
    report_lost(s);
    report_sites(s, false);
}

void losses_summary(struct session *s)
{
    uint64_t reads = count_of(s, SITE_READ) + count_of(s, SITE_STRING);

    report_lost(s);
    report_sites(s, true);
    if (reads && s->config.opt.warnings == WARNINGS_DEFAULT)
        session_warn(s, "Failed memory reads, which gave zeros: %" PRIu64 " (-k shows where)",
                     reads);
    if (s->bad_records)
        session_warn(s, "%" PRIu64 " records could not be understood", s->bad_records);
    if (s->lost)
        session_warn(s, "Total lost event count: %" PRIu64, s->lost);
    missed_summary(s);
}
