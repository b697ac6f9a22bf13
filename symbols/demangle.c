/*
 * demangle.c - C++ and Rust names as people write them
 *
 * C++ is left to the C++ runtime. Rust's older names are C++ names with a hash at the end and with
 * punctuation spelled "$LT$"; these two are undone here. Rust's newer names (_R…) stay as they are.
 *
 * Mangled names refer back to parts of themselves, so 250 bytes can stand for gigabytes. Nobody
 * writes such a name by accident, but symbols of traced programs are not to be trusted. The runtime
 * has no limit, so we estimate first: see expanded_size().
 */
#include "symbols/symbols_impl.h"

#include <ctype.h>
#include <string.h>

char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status);

/* Far more than honest names come to: of libLLVM's 45 000 the estimate refuses 16. */
static const double LARGEST_ESTIMATE = 1 << 28;

/*
 * An upper bound of the length of the demangled name. A reference ("S3_", "T_") stands at most for
 * all that was complete before it. Things that join several others are complete with an "E", or
 * (pointers to members) when the next begins with an "M". Letters of identifiers are taken for more
 * of the same; that only makes the bound larger.
 */
static double expanded_size(const char *mangled)
{
    double size = 0, complete = 0;

    for (const char *p = mangled; *p; p++) {
        size_t digits;

        size++;
        if (*p == 'E' || *p == 'M')
            complete = size;
        if (*p != 'S' && *p != 'T')
            continue;
        digits = strspn(p + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (p[1 + digits] != '_')
            continue;
        size += complete > 0 ? complete : size;
        p += 1 + digits;
    }
    return size;
}

/* "…::h0123456789abcdef" */
static bool has_rust_hash(struct str s)
{
    if (s.n < 20 || !str_eq(str_sub(s, s.n - 19, s.n - 16), STR("::h")))
        return false;
    for (size_t i = s.n - 16; i < s.n; i++) {
        if (!isxdigit((unsigned char)s.p[i]) || isupper((unsigned char)s.p[i]))
            return false;
    }
    return true;
}

/* "$LT$" and the like at the start of s: appends what it means and gives its length, else 0. */
static size_t rust_escape(struct str s, struct buf *out)
{
    static const struct {
        struct str code;
        char means;
    } escapes[] = {
        { STR("$SP$"), '@' },  { STR("$BP$"), '*' },  { STR("$RF$"), '&' },   { STR("$LT$"), '<' },
        { STR("$GT$"), '>' },  { STR("$LP$"), '(' },  { STR("$RP$"), ')' },   { STR("$C$"), ',' },
        { STR("$u20$"), ' ' }, { STR("$u22$"), '"' }, { STR("$u27$"), '\'' }, { STR("$u2b$"), '+' },
        { STR("$u3b$"), ';' }, { STR("$u5b$"), '[' }, { STR("$u5d$"), ']' },  { STR("$u7b$"), '{' },
        { STR("$u7d$"), '}' }, { STR("$u7e$"), '~' },
    };

    for (size_t i = 0; i < ARRAY_LEN(escapes); i++) {
        if (str_starts(s, escapes[i].code)) {
            buf_putc(out, escapes[i].means);
            return escapes[i].code.n;
        }
    }
    return 0;
}

/* A path element that begins with an escape has a '_' in front, as identifiers must not. */
static void rust_name(struct str s, struct buf *out)
{
    s.n -= 19;
    for (size_t i = 0; i < s.n;) {
        struct str rest = str_sub(s, i, s.n);
        bool begins = i == 0 || s.p[i - 1] == ':';
        size_t n;

        if (begins && str_starts(rest, STR("_$"))) {
            i++;
        } else if ((n = rust_escape(rest, out))) {
            i += n;
        } else if (str_starts(rest, STR(".."))) {
            buf_puts(out, "::");
            i += 2;
        } else {
            buf_putc(out, s.p[i++]);
        }
    }
}

static struct str demangle_anew(struct symbols *s, struct str name)
{
    struct buf rust = { 0 };
    struct str result;
    char *text;
    int status;

    if (expanded_size(name.p) > LARGEST_ESTIMATE)
        return name;
    text = __cxa_demangle(name.p, NULL, NULL, &status);
    if (!text)
        return name;
    if (has_rust_hash(str_from(text))) {
        rust_name(str_from(text), &rust);
        result = str_dup(&s->arena, buf_as_str(&rust));
        buf_free(&rust);
    } else {
        result = str_dup(&s->arena, str_from(text));
    }
    free(text);
    return result;
}

struct str demangle(struct symbols *s, struct str name)
{
    struct str *known;

    if (!str_starts(name, STR("_Z")))
        return name;
    known = map_get(&s->demangled, name);
    if (!known) {
        struct str copy = symbols_intern(s, name); /* NUL-terminated, and lives as long as we do */

        known = ARENA_NEW(&s->arena, struct str);
        *known = demangle_anew(s, copy);
        map_set(&s->demangled, copy, known);
    }
    return *known;
}
