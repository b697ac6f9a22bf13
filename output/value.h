/*
 * value.h - what there is to print
 *
 * Decoders turn bytes from the kernel into these; outputs turn these into text or JSON. The set is
 * small and closed: sorting, merging of CPUs, top-N, division and bucket bounds are settled before
 * an output sees a value. Values live in a scratch arena and are never changed.
 */
#ifndef HARK_OUTPUT_VALUE_H
#define HARK_OUTPUT_VALUE_H

#include "base/str.h"

enum value_shape {
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_INT,    /* signed: num */
    VALUE_UINT,   /* num */
    VALUE_ENUM,   /* text = enumerator's name or "", num (of an unknown one, read as signed) */
    VALUE_PTR,    /* num */
    VALUE_STRING, /* text, as it was captured (trailer already appended) */
    VALUE_BYTES,  /* text = raw bytes (buffers) */
    VALUE_SYMBOL, /* text that stands for something: ksym, usym, inet, mac, timestamp, … */
    VALUE_STACK,  /* text with a newline before the first and after each frame */
    VALUE_LIST,   /* items: arrays */
    VALUE_TUPLE,  /* items */
    VALUE_RECORD, /* items with names: structs, unions, records, stats */
    VALUE_HIST,   /* hist */
    VALUE_STATS,  /* items count, average, total like a record; avg maps give VALUE_INT/UINT */
    VALUE_SERIES, /* series */
    VALUE_MAP,    /* map */
};

struct value_bucket {
    uint64_t count;
    /* Bounds for JSON, inclusive; has_* says which exist (LANGUAGE.md 18). */
    bool has_min, has_max;
    int64_t min, max; /* with has_min they are never negative: uint64_t in disguise */
    struct str label; /* for text: "[512, 1K)" */
};

struct value_point {
    struct str start; /* for JSON: "2026-01-02T10:00:00.100000000" */
    struct str label; /* for text: "12:00:00.100" */
    bool has_value;
    bool is_signed;
    int64_t value;
};

struct value {
    enum value_shape shape;
    bool as_avg; /* INT/UINT: the average of an avg() map; JSON prints such maps as "stats" */
    uint64_t num;
    struct str text;
    union {
        struct {
            const struct value *const *v;
            const struct str *names; /* VALUE_RECORD, VALUE_STATS */
            size_t n;
        } items;
        struct {
            const struct value_bucket *v; /* from the first to the last that is not empty */
            size_t n;
        } hist;
        struct {
            const struct value_point *v; /* from the first one that has a value */
            size_t n;
            struct str unit_header; /* "hh:mm:ss.ms" */
        } series;
        struct {
            bool scalar; /* one entry without key */
            size_t n;
            const struct value *const *keys;   /* tuple keys as VALUE_TUPLE; NULL if scalar */
            const struct value *const *values; /* all of one shape */
        } map;
    };
};

struct value *value_new(struct arena *, enum value_shape);
const struct value *value_none(void);
const struct value *value_int(struct arena *, int64_t);
const struct value *value_uint(struct arena *, uint64_t);
const struct value *value_str(struct arena *, enum value_shape, struct str); /* text not copied */

/* The default text of a value, as print() and %s show it (LANGUAGE.md 17.2), without newline. */
void value_text(struct buf *, const struct value *);
/* The text of a map key: a tuple loses its parentheses. */
void value_key_text(struct buf *, const struct value *key);
/* %r, %rx, %rh of bytes: style 'r', 'x' or 'h'. */
void value_bytes(struct buf *, struct str bytes, char style);

#endif
