/*
 * glob.c - patterns of attach points: '*' and "[…]"
 *
 * On a mismatch only the last '*' has to take one byte more: what an earlier one matched can stay,
 * because the last one may take anything. So matching needs no recursion, and at most
 * pattern × text steps.
 */
#include "base/str.h"

/* The length of the "[…]" at p, or 0: a '[' that is never closed is an ordinary byte. */
static size_t set_length(const char *p, size_t n)
{
    size_t i = 1;

    if (i < n && p[i] == '!')
        i++;
    if (i < n && p[i] == ']') /* first in the set: stands for itself */
        i++;
    while (i < n && p[i] != ']')
        i++;
    return i < n ? i + 1 : 0;
}

static bool set_has(const char *set, size_t n, unsigned char c)
{
    bool negated = set[1] == '!';
    bool found = false;

    for (size_t i = negated ? 2 : 1; i < n - 1; i++) {
        unsigned char low = (unsigned char)set[i], high = low;

        if (i + 2 < n - 1 && set[i + 1] == '-') {
            high = (unsigned char)set[i + 2];
            i += 2;
        }
        found |= low <= c && c <= high;
    }
    return found != negated;
}

/* How many bytes of the pattern match c; 0 if they do not. */
static size_t match_one(struct str pattern, size_t at, char c)
{
    size_t n = pattern.p[at] == '[' ? set_length(pattern.p + at, pattern.n - at) : 0;

    if (n)
        return set_has(pattern.p + at, n, (unsigned char)c) ? n : 0;
    return pattern.p[at] == c;
}

bool str_glob(struct str pattern, struct str text)
{
    size_t p = 0, t = 0, step;
    size_t star = SIZE_MAX, star_text = 0; /* behind the last '*', and where its text ends */

    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = ++p;
            star_text = t;
        } else if (p < pattern.n && (step = match_one(pattern, p, text.p[t]))) {
            p += step;
            t++;
        } else if (star != SIZE_MAX) {
            p = star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

bool str_is_glob(struct str s)
{
    return str_find(s, '*') >= 0 || (str_find(s, '[') >= 0 && str_find(s, ']') >= 0);
}
