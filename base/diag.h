/*
 * diag.h - what is wrong with a script: collected while compiling, printed at the end
 *
 *     struct diag *d = diag_error(diags, e->at, "unknown function '%.*s'", STRF(name));
 *     diag_hint(d, "did you mean '%s'?", near);
 *
 * Format of the printed text: LANGUAGE.md 19.6.
 */
#ifndef HARK_BASE_DIAG_H
#define HARK_BASE_DIAG_H

#include "base/source.h"

#include <stdio.h>

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

struct diag {
    enum severity severity;
    struct span at;
    struct str text;
    bool has_chain; /* its notes already tell how macros led there */
    VEC(struct diag_extra {
        struct span at; /* SPAN_NONE: a hint, else another place with its own text */
        struct str text;
    })
    extra;
};

struct diags {
    struct arena *arena;
    const struct sources *sources;
    VEC(struct diag *) all;
    unsigned errors, warnings;
};

/* Each appends one message; a second error with the same place and text is dropped. */
struct diag *diag_error(struct diags *, struct span, const char *fmt, ...) PRINTF_LIKE(3, 4);
struct diag *diag_warn(struct diags *, struct span, const char *fmt, ...) PRINTF_LIKE(3, 4);
struct diag *diag_verror(struct diags *, struct span, const char *fmt, va_list);
/* Additions to a message. d may be NULL. */
void diag_hint(struct diags *, struct diag *d, const char *fmt, ...) PRINTF_LIKE(3, 4);
void diag_note(struct diags *, struct diag *d, struct span, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Errors first, then (if warnings) warnings, each in the order of appearance. */
void diag_print(const struct diags *, FILE *, bool warnings, bool colour);

/* One message in the same format; also used at run time. loc may be NULL: then only the text. */
void diag_print_one(FILE *, enum severity, const struct location *loc, struct str text,
                    bool colour);

#endif
