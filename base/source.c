/*
 * source.c - from byte offsets back to files, lines and columns
 *
 * Texts lie behind each other in the space of offsets with one free offset between them (the NUL),
 * so that the place "at the end of this text" is not the first one of the next.
 */
#include "base/source.h"

#include <string.h>

bool span_is_none(struct span at)
{
    return at.begin == UINT32_MAX;
}

struct span span_join(struct span first, struct span last)
{
    if (span_is_none(first))
        return last;
    if (span_is_none(last))
        return first;
    return (struct span){ first.begin, MAX(last.end, first.begin) };
}

static void index_lines(struct source *s, struct arena *a)
{
    arena_vec_push(a, &s->lines, 0);
    for (size_t i = 0; i < s->text.n; i++) {
        if (s->text.p[i] == '\n')
            arena_vec_push(a, &s->lines, (uint32_t)i + 1);
    }
}

struct source *source_add(struct sources *all, struct arena *a, struct str name, struct str text)
{
    const struct source *last = all->all.n ? all->all.v[all->all.n - 1] : NULL;
    uint64_t base = last ? (uint64_t)last->base + last->text.n + 1 : 0;
    struct source *s;

    if (text.n >= UINT32_MAX || base + text.n >= UINT32_MAX)
        return NULL;
    s = ARENA_NEW(a, struct source);
    s->name = str_dup(a, name);
    s->text = str_dup(a, text);
    s->base = (uint32_t)base;
    index_lines(s, a);
    s->macro = STR("");
    s->expanded_at = SPAN_NONE;
    arena_vec_push(a, &all->all, s);
    return s;
}

const struct source *source_of(const struct sources *all, struct span at)
{
    const struct source *s;
    size_t low = 0, high = all->all.n;

    if (span_is_none(at) || high == 0)
        return NULL;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (all->all.v[mid]->base <= at.begin)
            low = mid;
        else
            high = mid;
    }
    s = all->all.v[low];
    return at.begin >= s->base && at.begin - s->base <= s->text.n ? s : NULL;
}

size_t source_line(const struct source *s, size_t offset)
{
    size_t low = 0, high = s->lines.n;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (s->lines.v[mid] <= offset)
            low = mid;
        else
            high = mid;
    }
    return low;
}

struct str source_text(const struct sources *all, struct span at)
{
    const struct source *s = source_of(all, at);

    if (!s || at.end < at.begin)
        return STR("");
    return str_sub(s->text, at.begin - s->base, at.end - s->base);
}

bool source_locate(const struct sources *all, struct span at, struct location *out)
{
    const struct source *s = source_of(all, at);
    size_t begin, end, first, last, line_begin, last_line, text_end;

    *out = (struct location){ .line = 1, .line_end = 1 };
    if (!s)
        return false;
    begin = at.begin - s->base;
    end = MAX(begin, at.end > at.begin ? MIN(at.end - s->base, s->text.n) : begin);
    while (end > begin + 1 && s->text.p[end - 1] == '\n')
        end--; /* "up to the end of the line" is not yet the next line */

    first = source_line(s, begin);
    last = MAX(first, source_line(s, end > 0 ? end - 1 : 0));
    line_begin = s->lines.v[first];
    last_line = s->lines.v[last];
    out->line = (uint32_t)first + 1;
    out->line_end = (uint32_t)last + 1;
    text_end = end > last_line ? end - 1 : last_line;
    while (text_end < s->text.n && s->text.p[text_end] != '\n')
        text_end++;
    if (text_end > line_begin && s->text.p[text_end - 1] == '\r')
        text_end--;

    out->file = s->name;
    out->text = str_sub(s->text, line_begin, text_end);
    out->col = (uint32_t)(begin - line_begin) + 1;
    out->col_end = (uint32_t)(end - last_line) + 1;
    if (out->line_end == out->line && out->col_end <= out->col)
        out->col_end = out->col + 1; /* between two bytes: point at the second */
    return true;
}

bool source_trace(const struct sources *all, struct arena *a, struct span at, struct location *out)
{
    const struct source *s = source_of(all, at);
    struct location *from;

    if (!source_locate(all, at, out))
        return false;
    while (!span_is_none(s->expanded_at)) {
        from = ARENA_NEW(a, struct location);
        if (!source_locate(all, s->expanded_at, from))
            break;
        out->macro = s->macro;
        out->from = from;
        s = source_of(all, s->expanded_at);
        out = from;
    }
    return true;
}
