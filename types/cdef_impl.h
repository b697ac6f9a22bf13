/*
 * cdef_impl.h - what the files of the C part share
 *
 *     cdef.c     an item: directives here, the rest to cparse.c
 *     clex.c     text to tokens
 *     cmacro.c   tokens to tokens, macros replaced
 *     cparse.c   tokens to types
 *     cspec.c    the part of a declaration that names or defines a type
 *     cexpr.c    constant expressions
 *     clayout.c  members to offsets
 *
 * Tokens live in the scratch arena of one item. What stays lives in types_arena().
 */
#ifndef HARK_TYPES_CDEF_IMPL_H
#define HARK_TYPES_CDEF_IMPL_H

#include "types/cdef.h"
#include "types/type_impl.h"

enum ctok_kind { CTOK_END, CTOK_IDENT, CTOK_NUMBER, CTOK_CHAR, CTOK_STRING, CTOK_PUNCT };

struct ctok {
    enum ctok_kind kind;
    struct str text;
    struct span at;  /* of the use, for a token out of a macro */
    bool line_start; /* the first on its line */
    bool spaced;     /* blank space before it */
};

struct ctoks {
    struct ctok *v;
    size_t n, cap;
};

/* What the kernel was asked for, in case the script defines it later. */
struct borrowed {
    char tag;
    struct str name;
    const struct type *type;
};

/* One #if that has no #endif yet. */
struct cond {
    struct span at;
    bool outer_live; /* does what the #if itself stands in count? */
    bool live;       /* does the current branch? */
    bool taken;      /* some branch did, or does */
    bool had_else;
};

struct cdef_state {
    VEC(struct cond) conds;
    VEC(struct borrowed) borrowed;
};

/* The work on one item. */
struct citem {
    struct cdefs *defs;
    struct cdef_state *state;
    struct arena scratch;
    struct str text;
    struct span at;
    unsigned expansions; /* steps of macro replacement so far */
    unsigned expansion_depth;
    bool failed; /* something was reported */
};

void citem_error(struct citem *, struct span, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- clex.c ---- */
bool ctok_is(const struct ctok *, const char *text); /* that word or sign */
/*
 * The tokens of text, and CTOK_END. If use is not NULL, all are placed there, else where they
 * stand: text.p[0] is then the item's first byte.
 */
void clex(struct citem *, struct str text, const struct span *use, struct ctoks *out);
/* A C integer: value, and what its suffix says. false if it is none. */
bool clex_number(struct str text, uint64_t *value, bool *is_unsigned, bool *is_long);
bool clex_char(struct str text, uint64_t *value); /* 'x' */

/* ---- cmacro.c ---- */
/* Macros replaced in n tokens, appended to out without CTOK_END. false: reported. */
bool cmacro_expand(struct citem *, const struct ctok *in, size_t n, struct ctoks *out);
/* "#define" with the n tokens behind that word; at is the word's place. */
void cmacro_define(struct citem *, const struct ctok *, size_t n, struct span at);
void cmacro_undef(struct cdefs *, struct str name);

/* ---- cparse.c ---- */
enum { CPARSE_DEPTH = 200 };

/* A place in tokens that end in CTOK_END. */
struct cparser {
    struct citem *item;
    const struct ctok *next;
    struct span last; /* the token before next */
    unsigned depth;
    const struct open_tag *open; /* structs whose '}' has not come yet, innermost first */
    bool directive;              /* #if: no types, unknown names are 0 */
};

struct open_tag {
    const struct type *type;
    const struct open_tag *outer;
};

struct cattrs {
    bool packed;
    uint32_t aligned; /* 0 if not given */
    enum addr_space as;
    bool percpu;
};

struct cspec {
    const struct type *type;
    struct cattrs attrs;
    bool is_typedef;
    bool defines; /* a struct, union or enum stands here with its '{' or tag: ';' may follow */
    struct span at;
};

struct cdeclarator {
    struct str name; /* "" if there is none */
    struct span at;  /* of the name */
    const struct type *type;
};

struct cmember {
    struct cdeclarator decl;
    struct cattrs attrs;
    bool is_bits;
    uint64_t bits;
};

struct cmembers {
    struct cmember *v;
    size_t n, cap;
};

void cparse_items(struct citem *, const struct ctok *);
/* Functions of the parser return false if they reported something. */
bool cparse_fail(struct cparser *, struct span, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool cparse_unexpected(struct cparser *, const char *expected); /* reports ps->next */
bool cparse_accept(struct cparser *, const char *text);
bool cparse_expect(struct cparser *, const char *text);
void cparse_advance(struct cparser *);
bool cparse_skip_parens(struct cparser *); /* from '(' to behind its ')' */
bool cparse_enter(struct cparser *);       /* one level deeper; undo with depth-- */
bool cparse_attributes(struct cparser *, struct cattrs *);
bool cparse_declarator(struct cparser *, const struct type *base, struct cdeclarator *);
bool cparse_members(struct cparser *, struct cmembers *); /* behind '{', to behind '}' */

/* ---- cspec.c ---- */
bool cspec_parse(struct cparser *, struct cspec *);
bool cspec_starts_type(struct cparser *); /* may ps->next begin a type name? */

/* ---- cexpr.c ---- */
/* A constant expression without comma. is_signed (may be NULL): of the result's type. */
bool cexpr_parse(struct cparser *, uint64_t *value, bool *is_signed);

/* ---- clayout.c ---- */
bool clayout_define(struct cparser *, struct type *, const struct cmembers *,
                    const struct cattrs *);

#endif
