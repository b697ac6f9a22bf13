/*
 * number.c - integers as people write them: 1_000, 0x1f, 0755, 1e6, 10ull, 5ms
 *
 * One pass over the text: a prefix settles the base, digits are taken as long as there are any, and
 * what is left must be one of the suffixes.
 */
#include "base/str.h"

#include <ctype.h>

static const struct suffix {
    const char *text;
    uint64_t factor, max;
    bool any_case;
} suffixes[] = {
    { "", 1, UINT64_MAX, false },
    { "u", 1, UINT32_MAX, true },
    { "ul", 1, UINT64_MAX, true },
    { "ull", 1, UINT64_MAX, true },
    { "l", 1, INT64_MAX, true },
    { "ll", 1, INT64_MAX, true },
    { "ns", 1, UINT64_MAX, false },
    { "us", 1000, UINT64_MAX, false },
    { "ms", 1000000, UINT64_MAX, false },
    { "s", 1000000000, UINT64_MAX, false },
    { "m", 60000000000, UINT64_MAX, false },
    { "h", 3600000000000, UINT64_MAX, false },
    { "d", 86400000000000, UINT64_MAX, false },
};

static const char bad_coefficient[] = "the number before 'e' must be one digit from 1 to 9";
static const char too_large[] = "number is too large: the limit is 18446744073709551615";

static unsigned digit_value(char c)
{
    if (isdigit((unsigned char)c))
        return (unsigned)(c - '0');
    return isalpha((unsigned char)c) ? (unsigned)(tolower((unsigned char)c) - 'a') + 10 : 99;
}

/* Takes digits and '_' off the front of s. Returns NULL, or what is wrong. */
static const char *take_digits(struct str *s, unsigned base, uint64_t *out)
{
    size_t i = 0;
    uint64_t value = 0;

    if (!s->n || digit_value(s->p[0]) >= base)
        return "expected a digit";
    for (; i < s->n && (s->p[i] == '_' || digit_value(s->p[i]) < base); i++) {
        if (s->p[i] == '_')
            continue;
        if (MUL_OVERFLOWS(value, base, &value) ||
            ADD_OVERFLOWS(value, digit_value(s->p[i]), &value))
            return too_large;
    }
    if (s->p[i - 1] == '_')
        return "'_' must stand between two digits";
    *s = str_sub(*s, i, s->n);
    *out = value;
    return NULL;
}

static const char *take_exponent(struct str *s, size_t coefficient_length, uint64_t *value)
{
    uint64_t exponent;
    const char *wrong;

    if (coefficient_length != 1 || *value == 0)
        return bad_coefficient;
    *s = str_sub(*s, 1, s->n);
    if (s->n && s->p[0] == '0')
        return "the exponent must not begin with 0";
    if ((wrong = take_digits(s, 10, &exponent)))
        return wrong == too_large ? wrong : "expected an exponent after 'e', as in 1e6";
    for (; exponent; exponent--) {
        if (MUL_OVERFLOWS(*value, 10, value))
            return too_large;
    }
    return NULL;
}

static const char *apply_suffix(struct str s, uint64_t *value)
{
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        const struct suffix *suffix = &suffixes[i];
        struct str text = str_from(suffix->text);

        if (!(suffix->any_case ? str_eq_nocase(s, text) : str_eq(s, text)))
            continue;
        if (*value > suffix->max)
            return suffix->max == UINT32_MAX
                       ? "number is too large for the suffix 'u': the limit is 4294967295"
                       : "number is too large for a signed suffix: the limit is "
                         "9223372036854775807";
        return MUL_OVERFLOWS(*value, suffix->factor, value) ? too_large : NULL;
    }
    if (isdigit((unsigned char)s.p[0]))
        return "digit does not fit the base of the number";
    return "unknown suffix of a number: expected u, ul, ull, l, ll, ns, us, ms, s, m, h or d";
}

static const char *parse(struct str s, bool allow_binary, uint64_t *value)
{
    const size_t length = s.n;
    const char *wrong;
    char second = s.n > 1 ? s.p[1] : '\0';

    if (!s.n || !isdigit((unsigned char)s.p[0]))
        return "expected a number";
    if (s.p[0] == '0' && (second == 'x' || second == 'X')) {
        s = str_sub(s, 2, s.n);
        wrong = take_digits(&s, 16, value);
    } else if (s.p[0] == '0' && (second == 'b' || second == 'B')) {
        if (!allow_binary)
            return "binary numbers are not supported here; use 0x";
        s = str_sub(s, 2, s.n);
        wrong = take_digits(&s, 2, value);
    } else if (s.p[0] == '0') {
        wrong = take_digits(&s, 8, value);
        if (!wrong && s.n && (s.p[0] == 'e' || s.p[0] == 'E'))
            wrong = bad_coefficient;
    } else {
        wrong = take_digits(&s, 10, value);
        if (!wrong && s.n && (s.p[0] == 'e' || s.p[0] == 'E'))
            wrong = take_exponent(&s, length - s.n, value);
    }
    return wrong ? wrong : apply_suffix(s, value);
}

bool str_to_u64(struct str s, bool allow_binary, uint64_t *out, const char **why)
{
    uint64_t value = 0;
    const char *wrong = parse(s, allow_binary, &value);

    if (wrong) {
        if (why)
            *why = wrong;
        return false;
    }
    *out = value;
    return true;
}
