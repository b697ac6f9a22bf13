/*
 * cdef.h - the C part of a script: preprocessor lines and struct/union/enum definitions
 *
 * Understands what scripts write by hand; #include is left to whoever can (a callback), so that no
 * C compiler is needed unless a header is really included.
 */
#ifndef HARK_TYPES_CDEF_H
#define HARK_TYPES_CDEF_H

#include "base/diag.h"
#include "types/type.h"

struct cdef_macro {
    struct str name;
    struct str body; /* replacement text, trimmed; "" if none */
    struct span at;  /* of the body; SPAN_NONE if predefined */
    bool function_like;
    bool variadic;            /* the last parameter is __VA_ARGS__ */
    const struct str *params; /* function-like only */
    size_t n_params;
};

/*
 * What the C part of a script, and the kernel behind it, define. Begin with { .types, .diags } and
 * the callbacks. Everything in here grows in types_arena().
 */
struct cdefs {
    struct types *types;
    struct diags *diags;
    VEC(struct cdef_macro) macros; /* predefined ones first; #undef removes */
    VEC(const struct type *)
    tags; /* named structs, unions, enums, in order of definition; of a
             redefined one only the last */
    struct {
        struct str name;
        const struct type *type;
    } * typedefs;
    size_t n_typedefs, cap_typedefs;
    VEC(struct cdef_const {
        struct str name;
        uint64_t value;
        const struct type *type; /* the enum */
    })
    constants;

    /*
     * A name the text does not define: struct/union/enum tags (with their keyword) and typedefs of
     * the kernel. tag is 's', 'u', 'e' or 0. NULL result: unknown. May itself be NULL.
     */
    const struct type *(*lookup)(void *ctx, char tag, struct str name);
    /* An enumerator of the kernel, for array sizes and the like. May be NULL. */
    bool (*constant)(void *ctx, struct str name, uint64_t *value);
    /* An #include that survives preprocessing. false: not possible, *why says so. May be NULL. */
    bool (*include)(void *ctx, struct str path, bool angle, struct str *why);
    void *ctx;
};

/*
 * One C item of a script: a preprocessor line or a definition, or several. text.p[0] stands at
 * at.begin. Items come in order; conditionals carry over. false if something was reported.
 *
 * Arrays of plain char become strings of exactly as many bytes (not one more, although a script
 * sees them as string[N + 1]): the struct keeps C's layout, and whoever loads such a field knows
 * from its struct that there may be no NUL. Fields of type float and double become uint32 and
 * uint64, their bits.
 */
struct cdef_state; /* nesting of #if; made on first use in the arena of the diags */
bool cdef_item(struct cdefs *, struct cdef_state **, struct str text, struct span at);
bool cdef_end(struct cdefs *, struct cdef_state *); /* reports #if without #endif */

/*
 * The value of a C constant expression, macros with parameters and casts included: what is left for
 * a #define that is no expression of the script's language. Reports nothing.
 */
bool cdef_evaluate(struct cdefs *, struct str text, uint64_t *value, bool *is_signed);

/* "#define" of a name before the script is read. */
void cdef_predefine(struct cdefs *, struct str name, struct str body);
const struct cdef_macro *cdef_macro(const struct cdefs *, struct str name);
const struct cdef_const *cdef_const(const struct cdefs *, struct str name);
/* A struct ('s'), union ('u'), enum ('e') or typedef (0) the script defined; NULL if it did not. */
const struct type *cdef_type(const struct cdefs *, char tag, struct str name);

#endif
