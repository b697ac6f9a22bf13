/*
 * string.c - text and bytes from memory: str, buf, strncmp
 *
 * A string fills its size only if it was cut: then its last byte is not NUL, which tells whoever
 * prints it to append the trailer (LANGUAGE.md 5.6).
 */
#include "builtins/builtin.h"
#include "builtins/shared.h"

#include "codegen/emit.h"
#include "sema/call.h"

#include <string.h>

static const struct type *u64(struct cg *cg)
{
    return type_int(cg_types(cg), 8, false);
}

static bool is_text(const struct type *t)
{
    return t->kind == TYPE_STRING;
}

/* Arrays of one-byte integers are read in place like strings. */
static bool is_bytes(const struct type *t)
{
    return t->kind == TYPE_STRING || t->kind == TYPE_BUFFER ||
           (t->kind == TYPE_ARRAY && t->elem->size == 1);
}

/* ---- str() ---- */

static const struct type *str_result(struct sema *s, struct expr *call)
{
    const struct expr *what = call_arg(call, 0);
    uint64_t max = s->c->config->max_strlen, n;

    if (!what || !what->type)
        return NULL;
    call->as = AS_KERNEL;
    if (call_lit_int(call, 1, &n))
        return type_string(sema_types(s), (uint32_t)(n < max ? n + 1 : max));
    if (is_text(what->type) && what->type->size)
        return what->type;
    return type_string(sema_types(s), (uint32_t)max);
}

static bool str_check(struct sema *s, struct expr *call)
{
    const struct expr *what = call_arg(call, 0), *length = call_arg(call, 1);
    uint64_t n, max = s->c->config->max_strlen;
    struct diag *d;

    if (!type_is_scalar(what->type) && !is_bytes(what->type)) {
        struct str name = type_name(s->c->arena, what->type);

        d = diag_error(s->c->diags, what->at, "str() expects an address or a string, got %.*s",
                       STRF(name));
        if (what->type->kind == TYPE_STRUCT)
            diag_hint(s->c->diags, d, "take a member: str(%.*s.name)",
                      STRF(source_text(s->c->sources, what->at)));
        return false;
    }
    if (!length || !call_lit_int(call, 1, &n))
        return true;
    if (length->negative) {
        diag_error(s->c->diags, length->at, "str() expects a length that is not negative");
        return false;
    }
    if (n > max - 1) {
        d = diag_warn(s->c->diags, length->at, "str() keeps at most max_strlen - 1 = %llu bytes",
                      (unsigned long long)(max - 1));
        diag_hint(s->c->diags, d, "set config = { max_strlen = %llu }",
                  (unsigned long long)(n + 1));
    }
    return true;
}

/* A string literal needs nothing done at run time. */
static void str_fold(struct sema *s, struct expr **call)
{
    const struct expr *what = call_arg(*call, 0);
    struct str text;
    uint64_t n;

    if (!what || !call_lit_str(*call, 0, &text))
        return;
    if ((*call)->call.n_args == 2 && !call_lit_int(*call, 1, &n))
        return;
    if ((*call)->call.n_args == 2)
        text = str_sub(text, 0, n);
    *call = ast_string(s->c->arena, (*call)->at, text);
}

bool string_address(struct cg *cg, const struct expr *e, struct cg_val *addr,
                    enum addr_space *space)
{
    struct cg_val v = { 0 };

    if (!cg_expr(cg, e, &v))
        return false;
    *space = cg_space(cg, e);
    if (v.where == CG_REMOTE && !type_is_scalar(e->type)) {
        *space = v.as;
        *addr = v;
        addr->where = CG_VALUE;
        addr->type = u64(cg);
        return true;
    }
    if (type_is_scalar(e->type)) {
        *addr = cg_convert(cg, cg_load(cg, v), u64(cg));
        return true;
    }
    if (!cg_in_memory(cg, v, &v, e->at))
        return false;
    *addr = cg_address(cg, v);
    *space = AS_KERNEL;
    return true;
}

/*
 * The helper always ends the text with NUL. If it filled the place, the byte that comes next in the
 * source tells whether something is missing, and is put where the NUL was.
 */
static void mark_cut(struct cg *cg, struct cg_val place, uint32_t size, struct cg_val got,
                     struct cg_val addr, enum addr_space space, struct span at)
{
    struct cg_val full = cg_op(cg, OP_EQ, cg_convert(cg, got, u64(cg)), cg_u64(cg, size));
    struct cg_if cut = cg_if_begin(cg, full);

    cg_read(cg, cg_at(cg, place, size - 1, NULL), 1, cg_op(cg, OP_ADD, addr, cg_u64(cg, size - 1)),
            space, at);
    cg_if_end(cg, &cut);
}

/* str(p, n) with n known only at run time: what is beyond is overwritten with NUL. */
static bool cut_at(struct cg *cg, struct cg_val place, uint32_t size, const struct expr *length)
{
    const struct type *u8 = type_int(cg_types(cg), 1, false);
    struct cg_val n = { 0 }, last, shorter;
    struct cg_if cut;
    bool ok;

    if (!cg_expr(cg, length, &n))
        return false;
    n = cg_convert(cg, cg_load(cg, n), u64(cg));
    cut = cg_if_begin(cg, cg_op(cg, OP_LT, n, cg_u64(cg, size)));
    shorter = cg_op(cg, OP_EQ, n, cg_u64(cg, 0));
    last = cg_select(cg, shorter, cg_u64(cg, 0), cg_op(cg, OP_SUB, n, cg_u64(cg, 1)));
    last.type = u64(cg);
    ok = cg_store(cg, cg_at_val(cg, place, last, u8), u8, cg_int(cg, u8, 0), length->at);
    cg_if_end(cg, &cut);
    return ok;
}

static bool str_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *what = call_arg(call, 0), *length = call_arg(call, 1);
    uint32_t size = call->type->size;
    enum addr_space space;
    struct cg_val addr, place, got;
    uint64_t n;
    bool fixed = !length || call_lit_int(call, 1, &n);

    if (is_text(what->type) && !length)
        return cg_expr(cg, what, out);
    if (!string_address(cg, what, &addr, &space))
        return false;
    if (fixed)
        place = cg_result_place(cg, out, call->type);
    else /* cut afterwards; whoever needs NUL up to the end copies it */
        *out = place = cg_place(cg, call->type);
    /* str(p, 5) is a string[6] that holds 4 characters and a NUL. */
    got = cg_read_str(cg, place, length && fixed && n < size && n ? (uint32_t)n : size, addr, space,
                      false, call->at);
    if (!length)
        mark_cut(cg, place, size, got, addr, space, call->at);
    if (fixed)
        out->length = got.v;
    return fixed || cut_at(cg, place, size, length);
}

/* ---- buf() ---- */

static const struct type *buf_result(struct sema *s, struct expr *call)
{
    const struct expr *what = call_arg(call, 0);
    uint64_t max = s->c->config->max_strlen - 4, n;

    if (!what || !what->type)
        return NULL;
    if (call_lit_int(call, 1, &n))
        return type_buffer(sema_types(s), (uint32_t)MIN(n, max));
    if (!call_arg(call, 1) && what->type->size && !type_is_scalar(what->type))
        return type_buffer(sema_types(s), (uint32_t)MIN(what->type->size, max));
    return type_buffer(sema_types(s), (uint32_t)max);
}

static bool buf_check(struct sema *s, struct expr *call)
{
    const struct expr *what = call_arg(call, 0), *length = call_arg(call, 1);
    struct str name = type_name(s->c->arena, what->type);

    if (!type_is_scalar(what->type) && !is_bytes(what->type) && what->type->kind != TYPE_ARRAY) {
        diag_error(s->c->diags, what->at,
                   "buf() expects an address, a string or an array, got %.*s", STRF(name));
        return false;
    }
    if (!length && type_is_scalar(what->type)) {
        struct diag *d =
            diag_error(s->c->diags, call->at, "buf() needs a length unless given an array");

        diag_hint(s->c->diags, d, "write buf(%.*s, 16)",
                  STRF(source_text(s->c->sources, what->at)));
        return false;
    }
    if (length && length->negative) {
        diag_error(s->c->diags, length->at, "buf() expects a length that is not negative");
        return false;
    }
    return true;
}

static bool buf_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u32 = type_int(cg_types(cg), 4, false);
    const struct expr *length = call_arg(call, 1);
    uint32_t max = call->type->size - 4;
    struct cg_val addr, place, n = cg_u64(cg, max);
    enum addr_space space;

    if (!string_address(cg, call_arg(call, 0), &addr, &space))
        return false;
    if (length) {
        if (!cg_expr(cg, length, &n))
            return false;
        n = cg_convert(cg, cg_load(cg, n), u64(cg));
        n = cg_select(cg, cg_op(cg, OP_GT, n, cg_u64(cg, max)), cg_u64(cg, max), n);
    }
    place = cg_result_place(cg, out, call->type);
    cg_zero(cg, place, call->type->size);
    if (!cg_store(cg, cg_at(cg, place, 0, u32), u32, n, call->at))
        return false;
    cg_read_sized(cg, cg_at(cg, place, 4, NULL), n, max, addr, space, call->at);
    return true;
}

/* ---- strncmp() ---- */

static bool strncmp_check(struct sema *s, struct expr *call)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct expr *e = call_arg(call, i);
        struct str name = type_name(s->c->arena, e->type);

        if (is_bytes(e->type) && e->type->kind != TYPE_BUFFER)
            continue;
        diag_error(s->c->diags, e->at, "strncmp() expects strings, got %.*s", STRF(name));
        return false;
    }
    if (call_arg(call, 2)->negative) {
        diag_error(s->c->diags, call_arg(call, 2)->at,
                   "strncmp() expects a length that is not negative");
        return false;
    }
    return true;
}

static bool strncmp_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *l = call_arg(call, 0), *r = call_arg(call, 1);
    struct cg_val a = { 0 }, b = { 0 }, equal;
    uint64_t n = 0;

    call_lit_int(call, 2, &n);
    n = MIN(n, MIN(l->type->size, r->type->size));
    if (n == 0) {
        *out = cg_u64(cg, 0);
        return true;
    }
    if (!cg_expr(cg, l, &a) || !cg_in_memory(cg, a, &a, l->at) || !cg_expr(cg, r, &b) ||
        !cg_in_memory(cg, b, &b, r->at) || !cg_equal(cg, a, b, (uint32_t)n, true, &equal))
        return false;
    *out = cg_convert(cg, cg_not(cg, equal), u64(cg));
    return true;
}

const struct builtin builtins_string[] = {
    {
        .name = "str",
        .sig = "auto(any, [int])",
        .doc = "The string at an address; with a length, at most length - 1 characters.",
        .flags = BUILTIN_TEXT,
        .result = str_result,
        .check = str_check,
        .fold = str_fold,
        .emit = str_emit,
    },
    {
        .name = "buf",
        .sig = "auto(any, [int])",
        .doc = "Bytes at an address.",
        .result = buf_result,
        .check = buf_check,
        .emit = buf_emit,
    },
    {
        .name = "strncmp",
        .sig = "uint64(any, any, lit int)",
        .doc = "0 if the first n bytes of two strings are equal, else 1.",
        .check = strncmp_check,
        .emit = strncmp_emit,
    },
    { .name = NULL },
};
