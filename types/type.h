/*
 * type.h - what a value is and how many bytes it takes
 *
 *     const struct type *t = type_ptr(types, type_int(types, 8, false));
 *
 * Types are interned: in one struct types, equal types are one pointer. They are immutable, but for
 * one thing: the fields of a kernel struct are read when first asked for (type_fields()).
 */
#ifndef HARK_TYPES_TYPE_H
#define HARK_TYPES_TYPE_H

#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

struct types;
struct type;
struct value_kind;

enum type_kind {
    TYPE_ERROR, /* of a wrong expression; agrees with everything */
    TYPE_NONE,  /* no value: statements, void calls; void as a pointee */
    TYPE_BOOL,
    TYPE_INT, /* 1, 2, 4 or 8 bytes */
    TYPE_ENUM,
    TYPE_PTR,
    TYPE_ARRAY,  /* elem[count] */
    TYPE_STRING, /* text up to the first NUL within size bytes */
    TYPE_BUFFER, /* u32 length, then up to size - 4 bytes */
    TYPE_STRUCT, /* or union; C layout */
    TYPE_TUPLE,  /* fields without names */
    TYPE_RECORD, /* fields with names, made in a script */
    TYPE_FUNC,   /* only behind a pointer */
    TYPE_OPAQUE, /* bytes that a value_kind knows how to read: stacks, symbols, aggregates … */
};

/* Which helper reads memory at an address (LANGUAGE.md 5.9). */
enum addr_space { AS_NONE, AS_KERNEL, AS_USER };

struct field {
    struct str name; /* "" for an anonymous struct or union, and in tuples */
    const struct type *type;
    uint32_t offset; /* bytes from the start of the struct; of the storage unit for bit fields */
    uint16_t bit_offset; /* bit fields: first bit, counted from the lowest of type's size bytes */
    uint16_t bit_size;   /* 0: not a bit field */
    enum addr_space as;  /* where a pointer or integer field points, if it says so */
    bool data_loc;       /* tracepoints: u32 at offset, its low 16 bits are the data's offset */
    bool refused;        /* carries a tag we must not follow (percpu) */
};

struct enumerator {
    struct str name;
    uint64_t value; /* sign-extended */
};

struct type {
    enum type_kind kind;
    uint32_t size; /* bytes; 0 for none, func, flexible arrays, incomplete structs */
    uint32_t align;
    bool is_signed;              /* int, enum */
    bool is_flex;                /* int: from literals only; takes the sign of what it meets */
    bool is_char;                /* int: plain char, so that arrays of it are strings */
    bool is_union;               /* struct */
    struct str name;             /* struct, enum: its tag or ""; opaque: the kind's name */
    const struct type *elem;     /* ptr, array, func (result) */
    uint32_t count;              /* array */
    const struct value_kind *vk; /* opaque */
    uint64_t param[4]; /* opaque: what distinguishes types of one kind (signed, bits, bounds, limit,
                          mode …) */

    /* Private to types/: use type_fields(), type_enumerators(). */
    const struct field *fields;
    uint32_t n_fields;
    const struct enumerator *enumerators;
    uint32_t n_enumerators;
    const struct type_loader *loader; /* not NULL: fields or enumerators still unread */
    uint64_t loader_id;
};

/* Reads the members of a struct or enum when they are asked for; implemented by kernel/btf.c. */
struct type_loader {
    void *ctx;
    void (*load)(void *ctx, uint64_t id, struct types *, struct type *);
};

/* All memory comes from the arena, which must outlive every type. types_new() itself too. */
struct types *types_new(struct arena *);
struct arena *types_arena(struct types *);

/* ---- making types; each returns the one pointer for that type ---- */
const struct type *type_error(struct types *);
const struct type *type_none(struct types *);
const struct type *type_bool(struct types *);
const struct type *type_int(struct types *, unsigned size, bool is_signed);
const struct type *type_flex_int(struct types *, unsigned size);
const struct type *type_char(struct types *);
const struct type *type_ptr(struct types *, const struct type *to);
const struct type *type_func(struct types *, const struct type *result);
/* 2 GB are too much for an array or a tuple: the result is type_error() then. */
const struct type *type_array(struct types *, const struct type *elem, uint32_t count);
/* Of size 0: how long is not settled yet. A string's size includes the NUL. */
const struct type *type_string(struct types *, uint32_t size);
const struct type *type_buffer(struct types *, uint32_t data_size);
const struct type *type_tuple(struct types *, const struct type *const *elems, size_t n);
const struct type *type_record(struct types *, const struct str *names,
                               const struct type *const *elems, size_t n);
const struct type *type_opaque(struct types *, const struct value_kind *, const uint64_t param[4]);

/*
 * A struct or enum is known by its name (or, anonymous, by an id of its origin), and may be defined
 * after it is first mentioned. origin keeps apart equal names of the script and of the kernel: the
 * loader of the kernel, NULL for C text in scripts. type_define_*() fills it in, once.
 *
 * A new struct has no size and no alignment, and counts as incomplete until it has one of them; a
 * loader that knows them sets them right after type_struct(), and leaves the members for load().
 */
struct type *type_struct(struct types *, struct str name, bool is_union,
                         const struct type_loader *origin, uint64_t id);
struct type *type_enum(struct types *, struct str name, unsigned size, bool is_signed,
                       const struct type_loader *origin, uint64_t id);
void type_define_struct(struct types *, struct type *, const struct field *, size_t n,
                        uint32_t size, uint32_t align);
void type_define_enum(struct types *, struct type *, const struct enumerator *, size_t n);

/* ---- asking ---- */
bool type_is_integral(const struct type *); /* int, bool or enum */
bool type_is_scalar(const struct type *);   /* integral or pointer: fits a register */
bool type_is_signed(const struct type *);
bool type_is_complete(const struct type *); /* its size is known */

/* The members, read on first use. n gets their number. */
const struct field *type_fields(struct types *, const struct type *, size_t *n);
const struct enumerator *type_enumerators(struct types *, const struct type *, size_t *n);
/*
 * The member called name, also inside anonymous structs and unions (then out's offset is from the
 * outermost start). false if there is none.
 */
bool type_find_field(struct types *, const struct type *, struct str name, struct field *out);
const char *type_enum_name(struct types *, const struct type *, uint64_t value); /* or NULL */

/* Alignment inside tuples and records (LANGUAGE.md 5.10), which is not C's. */
uint32_t type_tuple_align(const struct type *);

/* As a script writes it: "uint64", "string[16]", "struct file *", "(int64,string[5])", "count_t".
 */
struct str type_name(struct arena *, const struct type *);

/* A type by the name C or hark give it, without any kernel: "uint8", "u8", "size_t", "pid_t", … */
const struct type *type_basic(struct types *, struct str name); /* NULL if unknown */

/*
 * The type that both fit (LANGUAGE.md 5.3), or NULL. *lossy is set where a value may change sign
 * or lose bits (signed and unsigned 64 bit). Flexible integers take the sign of the other.
 */
const struct type *type_promote(struct types *, const struct type *a, const struct type *b,
                                bool *lossy);
/* The type without is_flex, also inside tuples: what a variable or map gets in the end. */
const struct type *type_settle(struct types *, const struct type *);

/*
 * The smallest (flexible if not negative) integer type of a literal. value of a negative one: the
 * number itself or what follows its '-', both are understood.
 */
const struct type *type_of_literal(struct types *, uint64_t value, bool negative);

#endif
