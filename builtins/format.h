/*
 * format.h - format strings of printf() and its relatives (LANGUAGE.md 16)
 *
 *     struct format_piece piece;
 *
 *     while (format_next(&rest, &piece))
 *         if (piece.conv) …
 *
 * Who fills in one format over and over takes it apart once (format_parse()).
 */
#ifndef HARK_BUILTINS_FORMAT_H
#define HARK_BUILTINS_FORMAT_H

#include "base/str.h"

struct expr;
struct image_action;
struct planner;
struct sema;
struct session;
struct value;
struct cg;
struct cg_val;

/* Plain text, or one conversion. */
struct format_piece {
    struct str text; /* plain text: what to print; a conversion: as written */
    char conv;       /* d u x X o c p s r; 'i' comes as 'd'; 'g' is %gr; 0: plain text */
    char style;      /* of 'r': 'r', 'x' or 'h' */
    bool unsupported;
    bool left, plus, alternate, zero;
    uint8_t size;   /* numbers: how many bytes of the value are looked at */
    uint32_t width; /* larger ones count as FORMAT_WIDTH */
};

enum { FORMAT_WIDTH = 65535, FORMAT_ARGS = 127 };

/* Takes the next piece off the front of *rest; false at the end. What is no conversion is text. */
bool format_next(struct str *rest, struct format_piece *out);
/* All pieces of a format; the list and nothing else is in the arena. */
struct format {
    const struct format_piece *pieces;
    size_t n;
};
struct format *format_parse(struct arena *, struct str text);
/* Appends the n-th argument as a conversion wants it; v NULL: there is none. */
void format_value(struct buf *, const struct format_piece *, const struct value *v);
/* %gr: names of the kernel's allocation flags (gfp.c). */
void format_gfp(struct buf *, uint64_t flags);

/* D-F-11: does the format of a call (its first argument, a literal) fit the other arguments? */
bool format_check(struct sema *, struct expr *call);

/* ---- print.c: what the functions of the form f(fmt, ...) have in common ---- */
bool formatted_plan(struct planner *, struct expr *call);
bool formatted_emit(struct cg *, const struct expr *call, struct cg_val *out);
/* A record's text. */
void formatted_text(struct session *, const struct image_action *, const void *data, struct buf *);

#endif
