/*
 * clex.c - C text to tokens
 *
 * Comments and joined lines ("\" at the end of a line) become blank space. Anything that is no
 * token of C becomes a one-byte CTOK_PUNCT: it may stand in a part that #if leaves out, so only
 * the parser may complain.
 */
#include "types/cdef_impl.h"

#include <ctype.h>
#include <string.h>

static const char *const signs[] = {
    "...", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "##", "->",
};

bool ctok_is(const struct ctok *tok, const char *text)
{
    return (tok->kind == CTOK_IDENT || tok->kind == CTOK_PUNCT) && str_eqz(tok->text, text);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static char at(struct str s, size_t i)
{
    return i < s.n ? s.p[i] : '\0';
}

/* The length of a "\" and the line break behind it, or 0. */
static size_t joined_line(struct str s, size_t i)
{
    if (at(s, i) != '\\')
        return 0;
    if (at(s, i + 1) == '\n')
        return 2;
    return at(s, i + 1) == '\r' && at(s, i + 2) == '\n' ? 3 : 0;
}

/* The end of the comment at i; s.n + 1 if it has none. */
static size_t comment_end(struct str s, size_t i)
{
    const char *end;

    if (s.p[i + 1] == '/') {
        while (i < s.n && s.p[i] != '\n')
            i += MAX(joined_line(s, i), (size_t)1);
        return MIN(i, s.n);
    }
    end = memmem(s.p + i + 2, s.n - i - 2, "*/", 2);
    return end ? (size_t)(end - s.p) + 2 : s.n + 1;
}

/* The length of the literal at i, quotes included; 0 if its line ends first. */
static size_t quoted_length(struct str s, size_t i)
{
    char quote = s.p[i];

    for (size_t end = i + 1; end < s.n && s.p[end] != '\n'; end++) {
        if (s.p[end] == quote)
            return end + 1 - i;
        if (s.p[end] == '\\')
            end++;
    }
    return 0;
}

static size_t sign_length(struct str s, size_t i)
{
    for (size_t k = 0; k < ARRAY_LEN(signs); k++) {
        if (str_starts(str_sub(s, i, s.n), str_from(signs[k])))
            return strlen(signs[k]);
    }
    return 1;
}

static enum ctok_kind scan(struct str s, size_t i, size_t *length)
{
    size_t n = i;

    if (isdigit((unsigned char)s.p[i])) {
        while (is_word(at(s, n)) || at(s, n) == '.')
            n++;
        *length = n - i;
        return CTOK_NUMBER;
    }
    if (is_word(s.p[i])) {
        while (is_word(at(s, n)))
            n++;
        *length = n - i;
        return CTOK_IDENT;
    }
    if ((s.p[i] == '"' || s.p[i] == '\'') && (*length = quoted_length(s, i)))
        return s.p[i] == '"' ? CTOK_STRING : CTOK_CHAR;
    *length = sign_length(s, i);
    return CTOK_PUNCT;
}

static struct span place(const struct citem *item, const struct span *use, size_t begin, size_t end)
{
    if (use)
        return *use;
    return (struct span){ item->at.begin + (uint32_t)begin, item->at.begin + (uint32_t)end };
}

void clex(struct citem *item, struct str s, const struct span *use, struct ctoks *out)
{
    struct ctok tok = { .line_start = true };
    size_t i = 0, length, last_end = 0;

    while (i < s.n) {
        if (s.p[i] == '/' && (at(s, i + 1) == '/' || at(s, i + 1) == '*')) {
            length = comment_end(s, i) - i;
            if (i + length > s.n) {
                citem_error(item, place(item, use, i, i + 2), "unterminated comment");
                break;
            }
            tok.spaced = true;
        } else if ((length = joined_line(s, i)) || isspace((unsigned char)s.p[i])) {
            if (!length && s.p[i] == '\n')
                tok.line_start = true;
            length = MAX(length, (size_t)1);
            tok.spaced = true;
        } else {
            tok.kind = scan(s, i, &length);
            tok.text = str_sub(s, i, i + length);
            tok.at = place(item, use, i, i + length);
            arena_vec_push(&item->scratch, out, tok);
            tok = (struct ctok){ 0 };
            last_end = i + length;
        }
        i += length;
    }
    tok = (struct ctok){ .kind = CTOK_END, .line_start = true };
    tok.at = place(item, use, last_end, last_end);
    arena_vec_push(&item->scratch, out, tok);
}

bool clex_number(struct str s, uint64_t *value, bool *is_unsigned, bool *is_long)
{
    bool hex = str_starts(s, STR("0x")) || str_starts(s, STR("0X"));
    unsigned u = 0, l = 0;

    while (s.n && strchr("uUlL", s.p[s.n - 1])) {
        if (tolower((unsigned char)s.p[--s.n]) == 'u')
            u++;
        else
            l++;
    }
    *is_unsigned = u > 0;
    *is_long = l > 0;
    for (size_t i = 0; i < s.n; i++) { /* what scripts may write but C may not */
        if (s.p[i] == '_' ||
            (!hex && !isdigit((unsigned char)s.p[i]) && !(i == 1 && s.p[0] == '0')))
            return false;
    }
    return u <= 1 && l <= 2 && str_to_u64(s, true, value, NULL);
}

static uint64_t escaped(char c)
{
    static const char from[] = "abfnrtve", to[] = "\a\b\f\n\r\t\v\033";
    const char *known = c ? strchr(from, c) : NULL;

    return (uint64_t)(known ? to[known - from] : c);
}

bool clex_char(struct str s, uint64_t *value)
{
    struct str digits = str_sub(s, 2, s.n - 1);
    unsigned number = 0;

    if (s.n == 3 && s.p[1] != '\\') {
        *value = (uint64_t)(int64_t)(signed char)s.p[1];
        return true;
    }
    if (s.n < 4 || s.p[1] != '\\')
        return false;
    if (digits.n == 1 && !isdigit((unsigned char)digits.p[0])) {
        *value = escaped(digits.p[0]);
        return true;
    }
    if (digits.p[0] == 'x' && digits.n > 3)
        return false;
    for (size_t i = digits.p[0] == 'x'; i < digits.n; i++) {
        unsigned char c = (unsigned char)digits.p[i];

        if (digits.p[0] == 'x' ? !isxdigit(c) : (c < '0' || c > '7' || i > 2))
            return false;
        number = digits.p[0] == 'x'
                     ? number * 16 + (unsigned)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10)
                     : number * 8 + (unsigned)(c - '0');
    }
    *value = (uint64_t)(int64_t)(signed char)number;
    return number <= 255;
}
