/*
 * series.c - a time series as a graph that runs downwards: time to the left, values to the right
 *
 * Signed and unsigned values are drawn by one piece of code: a value is turned into its ordinal,
 * its distance from the smallest value its type can have. Ordinals compare and subtract as plain
 * unsigned numbers, without overflow.
 */
#include "output/draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { GRAPH_WIDTH = 53, LAST_COLUMN = GRAPH_WIDTH - 1, LOW_WIDTH = 21, HIGH_WIDTH = 32 };

struct graph {
    bool is_signed;
    uint64_t low, high, zero; /* ordinals; low < high */
    size_t time_width;
};

/* Its own inverse. */
static uint64_t ordinal(const struct graph *g, uint64_t value)
{
    return g->is_signed ? value ^ (UINT64_C(1) << 63) : value;
}

static uint64_t ordinal_at(const struct graph *g, const struct value_point *p)
{
    return ordinal(g, (uint64_t)p->value);
}

static const char *number_text(char *text, size_t size, bool is_signed, uint64_t value)
{
    if (is_signed)
        snprintf(text, size, "%" PRId64, (int64_t)value);
    else
        snprintf(text, size, "%" PRIu64, value);
    return text;
}

/* Columns on a terminal: the header may hold a micro sign. */
static size_t columns(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* False if there is nothing to draw. */
static bool graph_init(struct graph *g, const struct value *v)
{
    size_t first = 0;

    while (first < v->series.n && !v->series.v[first].has_value)
        first++;
    if (first == v->series.n)
        return false;
    g->time_width = columns(v->series.v[first].label);
    g->is_signed = v->series.v[first].is_signed;
    g->zero = ordinal(g, 0);
    g->low = g->high = ordinal_at(g, &v->series.v[first]);
    for (size_t i = first; i < v->series.n; i++) {
        if (v->series.v[i].has_value) {
            g->low = MIN(g->low, ordinal_at(g, &v->series.v[i]));
            g->high = MAX(g->high, ordinal_at(g, &v->series.v[i]));
        }
    }
    if (g->low == g->high) {
        g->low -= g->low > 0;
        g->high += g->high < UINT64_MAX;
    }
    return true;
}

static size_t column_of(const struct graph *g, uint64_t value)
{
    uint64_t offset = value - g->low, range = g->high - g->low;

    for (; range > UINT64_MAX / LAST_COLUMN; range >>= 1)
        offset >>= 1;
    return LAST_COLUMN * offset / range;
}

static void time_column(struct buf *b, const struct graph *g, struct str text)
{
    size_t used = columns(text);

    buf_str(b, text);
    buf_fill(b, ' ', g->time_width - MIN(g->time_width, used) + 1);
}

static void scale_line(struct buf *b, const struct graph *g)
{
    char low[24], high[24];

    time_column(b, g, STR(""));
    buf_printf(b, "%-*s%*s\n", LOW_WIDTH,
               number_text(low, sizeof(low), g->is_signed, ordinal(g, g->low)), HIGH_WIDTH,
               number_text(high, sizeof(high), g->is_signed, ordinal(g, g->high)));
}

static void border_line(struct buf *b, const struct graph *g, struct str time, char corner)
{
    time_column(b, g, time);
    buf_putc(b, corner);
    buf_fill(b, '_', GRAPH_WIDTH - 2);
    buf_putc(b, corner);
    buf_putc(b, '\n');
}

static void point_line(struct buf *b, const struct graph *g, const struct value_point *p)
{
    char line[GRAPH_WIDTH], number[24] = "-";

    memset(line, ' ', sizeof(line));
    line[0] = line[LAST_COLUMN] = '|';
    if (g->low < g->zero && g->zero < g->high)
        line[column_of(g, g->zero)] = '.';
    if (p->has_value) {
        line[column_of(g, ordinal_at(g, p))] = '*';
        number_text(number, sizeof(number), g->is_signed, (uint64_t)p->value);
    }
    time_column(b, g, p->label);
    buf_add(b, line, sizeof(line));
    buf_printf(b, " %s\n", number);
}

void draw_series(struct buf *b, const struct value *v)
{
    struct graph g;

    if (!graph_init(&g, v)) {
        buf_puts(b, "<no data>\n");
        return;
    }
    scale_line(b, &g);
    border_line(b, &g, v->series.unit_header, '|');
    for (size_t i = 0; i < v->series.n; i++)
        point_line(b, &g, &v->series.v[i]);
    border_line(b, &g, STR(""), 'v');
    scale_line(b, &g);
}
