/*
 * guess.c - "did you mean": the candidate with the smallest edit distance
 *
 * An edit inserts, removes or changes one letter, or swaps two neighbours; case does not count.
 * Only the last three rows of the distance table are kept. Words longer than a row are not worth
 * a guess.
 */
#include "base/str.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 63 };

static int letter(struct str s, size_t i)
{
    return tolower((unsigned char)s.p[i]);
}

static unsigned edit_distance(struct str a, struct str b)
{
    unsigned rows[3][LONGEST + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2], *reuse;

    for (size_t j = 0; j <= b.n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        reuse = before;
        before = above;
        above = row;
        row = reuse;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned changed = above[j - 1] + (letter(a, i - 1) != letter(b, j - 1));

            row[j] = MIN(changed, MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) &&
                letter(a, i - 2) == letter(b, j - 1))
                row[j] = MIN(row[j], before[j - 2] + 1);
        }
    }
    return row[b.n];
}

void str_guess_try(struct str_guess *g, struct str candidate)
{
    unsigned distance;

    if (!candidate.n || candidate.n > LONGEST || !g->word.n || g->word.n > LONGEST ||
        str_eq(g->word, candidate))
        return;
    distance = edit_distance(g->word, candidate);
    if (!g->best.n || distance < g->distance) {
        g->best = candidate;
        g->distance = distance;
    }
}

/* One mistake in three letters is a typing error, more is another word. */
bool str_guess_ok(const struct str_guess *g)
{
    size_t allowed = g->word.n < 2 ? 0 : MAX(g->word.n / 3, (size_t)1);

    return g->best.n && g->distance <= allowed && g->distance < g->best.n;
}
