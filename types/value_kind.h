/*
 * value_kind.h - values whose bytes mean something only in user space
 *
 * A kernel address, an error number, a histogram: the program stores bytes, and whoever prints them
 * needs to know how to read them. A value kind *decodes*, it does not print: builtins know no
 * output format and outputs know no builtin.
 */
#ifndef HARK_TYPES_VALUE_KIND_H
#define HARK_TYPES_VALUE_KIND_H

#include "types/type.h"

struct arena;
struct host;
struct image;
struct value; /* output/value.h */

/* What decoders may use. Values and their text come from the arena. */
struct decode {
    const struct host *host;
    const struct image *image; /* for what programs refer to by number: format strings, probes */
    struct arena *arena;
    uint64_t div; /* print(@m, top, div), for kinds of which only a part is divided; 0: not given */
};

/* What a map of an aggregate is ordered by when printed (LANGUAGE.md 17.5). */
enum kind_order { ORDER_KEY, ORDER_SIGNED, ORDER_UNSIGNED };

/* Where a u64 number of parts stands in a value, where the first part stands, and how long each is.
 */
struct kind_count {
    uint32_t at, head, each;
};

struct value_kind {
    const char *name;   /* also the type's name in scripts and messages: "count_t", "ksym" */
    size_t size, align; /* of a value, or of one bucket; size 0: computed by size_of from the type's
                           params */
    uint32_t (*size_of)(const uint64_t param[4]);
    /* Messages: what tells types of this kind apart, behind the name: "(perf, 3)". Or NULL. */
    void (*describe)(struct buf *, const uint64_t param[4]);

    /* Values of which only a part is used, as a rule: a number in the value says how many equal
       parts follow the head. Records carry no more than these (image/record.h). NULL: all is used.
     */
    struct kind_count (*counted)(const struct type *);

    /* ---- aggregates: exist only as map values, kept per CPU ---- */
    bool aggregate;
    bool castable;    /* can be read as an integer in a program: count sum min max avg */
    bool tuple_bytes; /* aligns to 1 inside tuples (inet, mac, usym, timestamp, cgroup path) */
    bool has_sign;    /* with buckets: param[0] is not 0 if the numbers are signed */
    /* Buckets of a histogram-like kind: the key is extended by a u64 bucket number. NULL: none. */
    uint32_t (*buckets)(const struct type *);
    /* Adds one CPU's copy to the total, which starts zeroed. NULL: plain value. */
    void (*merge)(const struct type *, void *into, const void *from);
    /* What maps are sorted by, from merged bytes. NULL with ORDER_KEY. */
    enum kind_order order;
    int64_t (*order_value)(const struct type *, const void *merged);
    /* Divides the printed numbers (print(@m, top, div)). NULL: decode sees to it, or
       div has no effect. */
    void (*divide)(const struct type *, void *merged, uint64_t div);

    /* bytes → a value in the arena. For bucketed kinds bytes are u64[buckets], merged. */
    const struct value *(*decode)(const struct decode *, const struct type *, const void *bytes);
};

#endif
