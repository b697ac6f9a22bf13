/*
 * text.c - measuring, searching and joining text: strlen, strcap, strstr, str_concat, memcmp
 *
 * The length of a text is what the kernel's helpers say when they copy it: one call, no loop.
 */
#include "builtins/builtin.h"
#include "builtins/shared.h"

#include "codegen/emit.h"
#include "sema/call.h"

#include <string.h>

enum { CONCAT_SIZE = 1024 };

static const struct type *u64(struct cg *cg)
{
    return type_int(cg_types(cg), 8, false);
}

static bool is_byte(const struct type *t)
{
    return t->kind == TYPE_INT && t->size == 1;
}

/* A string, an array of bytes, or a pointer to bytes. */
static bool is_text(const struct type *t)
{
    return t->kind == TYPE_STRING ||
           ((t->kind == TYPE_ARRAY || t->kind == TYPE_PTR) && t->elem && is_byte(t->elem));
}

static bool check_text(struct sema *s, const struct expr *call, unsigned n, bool pointers)
{
    const struct expr *e = call_arg(call, n);
    struct str name = type_name(s->c->arena, e->type);
    struct diag *d;

    if (is_text(e->type) && (pointers || e->type->kind != TYPE_PTR))
        return true;
    d = diag_error(s->c->diags, e->at, "%.*s() expects a string, got %.*s", STRF(call->call.name),
                   STRF(name));
    if (type_is_scalar(e->type))
        diag_hint(s->c->diags, d, "str(%.*s) reads a string from an address",
                  STRF(source_text(s->c->sources, e->at)));
    return false;
}

/* The bytes a text may have. */
static uint32_t capacity(const struct config *config, const struct type *t)
{
    return t->kind == TYPE_PTR ? (uint32_t)config->max_strlen : t->size;
}

/* ---- copying, with the length as result ---- */

/*
 * Puts a text at `to`, which has room for one byte more than it may have, and NUL behind it. The
 * helper ends it with NUL in any case: where it filled its room, what was there instead is fetched.
 */
static bool copy_text(struct cg *cg, struct cg_val to, const struct expr *e, uint32_t size,
                      struct cg_val *length)
{
    const struct type *u8 = type_int(cg_types(cg), 1, false),
                      *i64 = type_int(cg_types(cg), 8, true);
    struct cg_val last = cg_at(cg, to, size - 1, u8), addr, got, end;
    enum addr_space space;
    struct cg_if full;

    if (!string_address(cg, e, &addr, &space))
        return false;
    if (!cg_store(cg, last, u8, cg_int(cg, u8, 0), e->at) ||
        !cg_store(cg, cg_at(cg, to, 0, u8), u8, cg_int(cg, u8, 0), e->at) ||
        !cg_store(cg, cg_at(cg, to, size, u8), u8, cg_int(cg, u8, 0), e->at))
        return false;
    got = cg_read_str(cg, cg_at(cg, to, 0, NULL), size, addr, space, false, e->at);
    full = cg_if_begin(cg, cg_op(cg, OP_EQ, cg_convert(cg, got, u64(cg)), cg_u64(cg, size)));
    cg_read(cg, last, 1, cg_op(cg, OP_ADD, addr, cg_u64(cg, size - 1)), space, e->at);
    cg_if_end(cg, &full);
    end = cg_op(cg, OP_NE, cg_load(cg, last), cg_int(cg, u8, 0));
    got = cg_convert(cg, got, i64);
    got = cg_select(cg, cg_op(cg, OP_GT, got, cg_int(cg, i64, 0)), got, cg_int(cg, i64, 1));
    got = cg_convert(cg, got, u64(cg));
    *length =
        cg_op(cg, OP_SUB, cg_op(cg, OP_ADD, got, cg_convert(cg, end, u64(cg))), cg_u64(cg, 1));
    length->type = u64(cg);
    return true;
}

/* ---- strlen(), strcap() ---- */

static bool strlen_check(struct sema *s, struct expr *call)
{
    return check_text(s, call, 0, true);
}

static void become_number(struct sema *s, struct expr **call, int64_t n)
{
    *call = ast_int(s->c->arena, (*call)->at, (uint64_t)n);
    (*call)->negative = n < 0;
}

/* Up to the first NUL. */
static struct str c_text(struct str text)
{
    ptrdiff_t nul = str_find(text, '\0');

    return nul < 0 ? text : str_sub(text, 0, (size_t)nul);
}

static void strlen_fold(struct sema *s, struct expr **call)
{
    struct str text;

    if ((*call)->call.n_args == 1 && call_lit_str(*call, 0, &text))
        become_number(s, call, (int64_t)c_text(text).n);
}

static bool strlen_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *e = call_arg(call, 0);
    uint32_t size = capacity(cg_config(cg), e->type);

    if (size)
        return copy_text(cg, cg_place_bytes(cg, size + 1), e, size, out);
    *out = cg_u64(cg, 0);
    return true;
}

static bool strcap_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_u64(cg, capacity(cg_config(cg), call_arg(call, 0)->type));
    return true;
}

/* ---- strstr() ---- */

static bool strstr_check(struct sema *s, struct expr *call)
{
    return check_text(s, call, 0, false) && check_text(s, call, 1, false);
}

static void strstr_fold(struct sema *s, struct expr **call)
{
    struct str text, needle;
    const char *at;

    if ((*call)->call.n_args != 2 || !call_lit_str(*call, 0, &text) ||
        !call_lit_str(*call, 1, &needle))
        return;
    text = c_text(text);
    needle = c_text(needle);
    at = memmem(text.p, text.n, needle.p, needle.n);
    become_number(s, call, at ? at - text.p : -1);
}

static bool strstr_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct cg_val text = { 0 };

    return cg_expr(cg, call_arg(call, 0), &text) && cg_find_text(cg, text, call_arg(call, 1), out);
}

/* ---- str_concat() ---- */

static bool str_concat_check(struct sema *s, struct expr *call)
{
    return check_text(s, call, 0, true) && check_text(s, call, 1, true);
}

/* Both texts may fill the result, so there is room for both, and the end is cut off. */
static bool str_concat_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u8 = type_int(cg_types(cg), 1, false);
    const struct expr *a = call_arg(call, 0), *b = call_arg(call, 1);
    struct cg_val place = cg_place_bytes(cg, 2 * CONCAT_SIZE), length, rest;
    uint32_t a_size = MIN(capacity(cg_config(cg), a->type), CONCAT_SIZE - 1u);
    uint32_t b_size = MIN(capacity(cg_config(cg), b->type), CONCAT_SIZE - 1u);

    if (!copy_text(cg, place, a, a_size, &length))
        return false;
    length = cg_bounded(cg, length, CONCAT_SIZE - 1);
    if (!copy_text(cg, cg_at_val(cg, place, length, NULL), b, b_size, &rest) ||
        !cg_store(cg, cg_at(cg, place, CONCAT_SIZE - 1, u8), u8, cg_int(cg, u8, 0), call->at))
        return false;
    *out = cg_at(cg, place, 0, call->type);
    return true;
}

/* ---- memcmp() ---- */

static bool memcmp_check(struct sema *s, struct expr *call)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct expr *e = call_arg(call, i);

        if (e->type->size || type_is_scalar(e->type))
            continue;
        diag_error(s->c->diags, e->at, "memcmp() cannot see how many bytes '%.*s' has",
                   STRF(source_text(s->c->sources, e->at)));
        return false;
    }
    if (call_arg(call, 2)->negative) {
        diag_error(s->c->diags, call_arg(call, 2)->at,
                   "memcmp() expects a length that is not negative");
        return false;
    }
    return true;
}

/* How many bytes there are to compare: pointers and integers are addresses. */
static uint32_t comparable(struct cg *cg, const struct type *t)
{
    return type_is_scalar(t) ? (uint32_t)cg_config(cg)->max_strlen : t->size;
}

static bool bytes_of(struct cg *cg, const struct expr *e, struct cg_val n, uint32_t max,
                     struct cg_val *out)
{
    enum addr_space space;
    struct cg_val addr;

    if (!type_is_scalar(e->type))
        return cg_expr(cg, e, out) && cg_in_memory(cg, *out, out, e->at);
    if (!string_address(cg, e, &addr, &space))
        return false;
    *out = cg_place_bytes(cg, max);
    if (n.where == CG_NONE)
        cg_read(cg, *out, max, addr, space, e->at);
    else
        cg_read_sized(cg, *out, n, max, addr, space, e->at);
    return true;
}

static bool memcmp_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *l = call_arg(call, 0), *r = call_arg(call, 1), *length = call_arg(call, 2);
    uint32_t max = MIN(comparable(cg, l->type), comparable(cg, r->type));
    struct cg_val n = { 0 }, a = { 0 }, b = { 0 };
    uint64_t fixed;

    if (call_lit_int(call, 2, &fixed)) {
        max = (uint32_t)MIN(fixed, (uint64_t)max);
    } else {
        if (!cg_expr(cg, length, &n))
            return false;
        n = cg_convert(cg, cg_load(cg, n), u64(cg));
    }
    if (max == 0) {
        *out = cg_int(cg, type_int(cg_types(cg), 4, true), 0);
        return true;
    }
    if (!bytes_of(cg, l, n, max, &a) || !bytes_of(cg, r, n, max, &b))
        return false;
    *out = cg_order(cg, a, b, max, n.where == CG_NONE ? cg_u64(cg, max) : n);
    return true;
}

const struct builtin builtins_text[] = {
    {
        .name = "strlen",
        .sig = "uint64(any)",
        .doc = "Length of a string, up to its first NUL.",
        .check = strlen_check,
        .fold = strlen_fold,
        .emit = strlen_emit,
    },
    {
        .name = "strcap",
        .sig = "uint64(any)",
        .doc = "How many bytes a string may have, its NUL included.",
        .check = strlen_check,
        .emit = strcap_emit,
    },
    {
        .name = "strstr",
        .sig = "int64(any, any)",
        .doc = "Where a string contains another for the first time, from 0; -1 if it does not.",
        .check = strstr_check,
        .fold = strstr_fold,
        .emit = strstr_emit,
    },
    {
        .name = "str_concat",
        .sig = "string[1024](any, any)",
        .doc = "Two strings as one, of at most 1023 characters.",
        .check = str_concat_check,
        .emit = str_concat_emit,
    },
    {
        .name = "memcmp",
        .sig = "int32(any, any, int)",
        .doc = "Compares n bytes: below 0, 0 or above 0 as the first is less, equal or greater.",
        .check = memcmp_check,
        .emit = memcmp_emit,
    },
    { .name = NULL },
};
