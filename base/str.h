/*
 * str.h - text as pointer and length, and a growing buffer to write text into
 *
 *     struct str s = STR("vfs_read");
 *     printf("%.*s\n", STRF(s));
 *
 *     struct buf b = { 0 };
 *     buf_printf(&b, "%d items", n);
 *     buf_free(&b);
 *
 * A struct str never owns its bytes and need not end in NUL. What comes from an arena (str_dup(),
 * str_printf()) does end in NUL, so that s.p may be given to libc.
 */
#ifndef HARK_BASE_STR_H
#define HARK_BASE_STR_H

#include "base/arena.h"

#include <stdbool.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(lit) ((struct str){ (lit), sizeof(lit) - 1 })
#define STRF(s)  (int)(s).n, (s).p /* for "%.*s" */

struct str str_from(const char *cstr); /* NULL gives the empty string */
struct str str_dup(struct arena *, struct str);
struct str str_printf(struct arena *, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct str str_sub(struct str, size_t from, size_t to); /* clamped to the string */
struct str str_trim(struct str);                        /* without blank space at both ends */
bool str_eq(struct str, struct str);
bool str_eqz(struct str, const char *cstr);
bool str_eq_nocase(struct str, struct str);
bool str_starts(struct str, struct str prefix);
bool str_ends(struct str, struct str suffix);
int str_cmp(struct str, struct str);  /* bytewise, like memcmp; shorter first */
ptrdiff_t str_find(struct str, char); /* -1 if not there */
bool str_contains(struct str, struct str needle);
uint64_t str_hash(struct str);

/* Does text match a pattern where '*' stands for any run and "[ab]", "[a-z]", "[!a]" for a byte? */
bool str_glob(struct str pattern, struct str text);
bool str_is_glob(struct str); /* contains '*', or both '[' and ']' */

/*
 * An integer as scripts, positional parameters and attach points write it (LANGUAGE.md 1.4):
 * decimal with '_', 0x, leading 0 octal, NeM, suffixes u ul ull l ll (either case) and
 * ns us ms s m h d; 0b only if allow_binary. A leading '-' is not accepted. On failure returns
 * false and, if why is not NULL, one sentence for the user.
 */
bool str_to_u64(struct str, bool allow_binary, uint64_t *out, const char **why);

/* The candidate nearest to s if it is near enough to be what the user meant ("did you mean"). */
struct str_guess {
    struct str word, best;
    unsigned distance;
};
void str_guess_try(struct str_guess *, struct str candidate); /* start with { .word = s } */
bool str_guess_ok(const struct str_guess *);

/* A growing text on the heap. { 0 } is empty. p is NULL or ends in NUL. */
struct buf {
    char *p;
    size_t n, cap;
};

void buf_add(struct buf *, const void *, size_t);
void buf_str(struct buf *, struct str);
void buf_puts(struct buf *, const char *);
void buf_putc(struct buf *, char);
void buf_fill(struct buf *, char, size_t times);
void buf_printf(struct buf *, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *, const char *fmt, va_list);
void buf_clear(struct buf *); /* empty, memory kept */
void buf_free(struct buf *);
struct str buf_as_str(const struct buf *);

#endif
