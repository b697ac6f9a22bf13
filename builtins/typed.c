/*
 * typed.c - functions of the kernel that take only pointers the verifier has followed
 *
 * path() and socket_cookie(): see codegen/typed.c for what such a pointer is.
 */
#include "builtins/builtin.h"

#include "codegen/emit.h"
#include "sema/call.h"

#include <errno.h>

/* Is it a struct of this name, or a pointer to one? */
static bool is_struct(const struct type *t, const char *name)
{
    if (t->kind == TYPE_PTR)
        t = t->elem;
    return t && t->kind == TYPE_STRUCT && str_eqz(t->name, name);
}

/* ---- path() ---- */

static uint64_t path_size(const struct sema *s, const struct expr *call)
{
    uint64_t n = s->c->config->max_strlen;

    call_lit_int(call, 1, &n);
    return n;
}

static const struct type *path_result(struct sema *s, struct expr *call)
{
    uint64_t n = path_size(s, call);

    call->as = AS_KERNEL;
    return type_string(sema_types(s), (uint32_t)MIN(MAX(n, 1u), INT32_MAX));
}

static bool path_check(struct sema *s, struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);
    uint64_t n = path_size(s, call);

    if (!is_struct(arg->type, "path")) {
        diag_error(s->c->diags, arg->at, "path() takes a struct path or a pointer to one, not %.*s",
                   STRF(type_name(s->c->arena, arg->type)));
        return false;
    }
    if (n == 0 || n > s->c->config->max_strlen) {
        diag_error(s->c->diags, call_arg(call, 1)->at,
                   "a path can be 1 to %ju bytes long (max_strlen), not %ju",
                   (uintmax_t)s->c->config->max_strlen, (uintmax_t)n);
        return false;
    }
    return true;
}

static bool path_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *i64 = type_int(cg_types(cg), 8, true);
    struct cg_val place = cg_result_place(cg, out, call->type), path, result, cut;
    struct cg_if guard;

    cg_zero(cg, place, call->type->size);
    if (!cg_typed_begin(cg, call_arg(call, 0), &path, &guard))
        return false;
    result = cg_helper(cg, BPF_FUNC_d_path,
                       (struct cg_val[]){ path, place, cg_u64(cg, call->type->size) }, 3, i64);
    /* Too long: as much of its end as there is room for is there. */
    cut = cg_op(cg, OP_EQ, result, cg_int(cg, i64, (uint64_t)-ENAMETOOLONG));
    result = cg_select(cg, cut, cg_int(cg, i64, 0), result);
    cg_count_failure(cg, SITE_STRING, call->at, "d_path", result);
    cg_if_end(cg, &guard);
    return true;
}

/* ---- socket_cookie() ---- */

static bool cookie_check(struct sema *s, struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);

    if (arg->type->kind == TYPE_PTR && is_struct(arg->type, "sock"))
        return true;
    diag_error(s->c->diags, arg->at, "socket_cookie() takes a struct sock *, not %.*s",
               STRF(type_name(s->c->arena, arg->type)));
    return false;
}

static bool cookie_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    struct cg_val place = cg_place(cg, u64), sock;
    struct cg_if guard, there;

    cg_store(cg, place, u64, cg_u64(cg, 0), call->at);
    if (!cg_typed_begin(cg, call_arg(call, 0), &sock, &guard))
        return false;
    /* Members that may be NULL must be seen not to be. */
    there = cg_if_begin(cg, cg_op(cg, OP_NE, sock, cg_u64(cg, 0)));
    cg_store(cg, place, u64, cg_helper(cg, BPF_FUNC_get_socket_cookie, &sock, 1, u64), call->at);
    cg_if_end(cg, &there);
    cg_if_end(cg, &guard);
    *out = cg_load(cg, place);
    return true;
}

const struct builtin builtins_typed[] = {
    {
        .name = "path",
        .sig = "auto(any, [lit int])",
        .doc = "The full name of a file: path(args.file.f_path).",
        .needs = CAP_PATH,
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE,
        .helper = BPF_FUNC_d_path,
        .result = path_result,
        .check = path_check,
        .emit = path_emit,
    },
    {
        .name = "socket_cookie",
        .sig = "uint64(any)",
        .doc = "The number the kernel identifies a struct sock * by.",
        .needs = CAP_SKB,
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE,
        .check = cookie_check,
        .emit = cookie_emit,
    },
    { .name = NULL },
};
