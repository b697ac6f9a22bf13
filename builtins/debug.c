/*
 * debug.c - debugf(): text for whoever reads the kernel's trace pipe
 *
 * The kernel formats it while the program runs, with bpf_trace_printk(): nothing goes through the
 * ring, so it also tells what happened when hark itself is what one looks for a mistake in.
 */
#include "builtins/builtin.h"
#include "builtins/format.h"
#include "builtins/seq.h"

#include "codegen/emit.h"
#include "sema/call.h"

#include <linux/bpf.h>
#include <string.h>

enum { DEBUGF_ARGS = 3 }; /* a helper has five parameters; two are the format and its size */

static bool check_conversions(struct sema *s, const struct expr *call)
{
    const struct expr *fmt = call_arg(call, 0), *arg = fmt->next;
    struct str rest = fmt->text;
    struct format_piece piece;
    struct diag *d;

    while (format_next(&rest, &piece)) {
        if (!piece.conv)
            continue;
        if (!strchr("duxps", piece.conv) || piece.width || piece.left || piece.plus ||
            piece.alternate || piece.zero) {
            d = diag_error(s->c->diags, fmt->at, "debugf() cannot print '%.*s'", STRF(piece.text));
            diag_hint(s->c->diags, d,
                      "it knows %%d, %%u, %%x, %%p and %%s, without flags or width");
            return false;
        }
        if (piece.conv == 's' && arg->type->kind != TYPE_STRING) {
            diag_error(s->c->diags, arg->at, "debugf(): '%%s' expects a string, got %.*s",
                       STRF(type_name(s->c->arena, arg->type)));
            return false;
        }
        arg = arg->next;
    }
    return true;
}

static bool debugf_check(struct sema *s, struct expr *call)
{
    struct buf kernel = { 0 };
    struct format_piece piece;
    struct str rest;
    bool ok = true;

    if (!format_check(s, call) || !check_conversions(s, call))
        return false;
    if (call->call.n_args > 1 + DEBUGF_ARGS) {
        diag_error(s->c->diags, call->at, "debugf() takes at most %d arguments after the format",
                   DEBUGF_ARGS);
        return false;
    }
    for (rest = call_arg(call, 0)->text; ok && format_next(&rest, &piece);)
        ok = seq_put_piece(&kernel, &piece);
    buf_free(&kernel);
    if (!ok) {
        diag_error(s->c->diags, call_arg(call, 0)->at,
                   "debugf() can print characters of ASCII only");
        return false;
    }
    diag_warn(s->c->diags, call->at,
              "debugf() is slow and writes into the trace pipe all programs share: use it to look "
              "for mistakes only");
    return true;
}

static bool debugf_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *arg = call_arg(call, 0)->next;
    struct str rest = call_arg(call, 0)->text;
    struct cg_val args[2 + DEBUGF_ARGS], result;
    struct buf format = { 0 };
    struct format_piece piece;
    unsigned n = 2;
    bool ok = true;

    while (ok && format_next(&rest, &piece)) {
        ok = seq_put_piece(&format, &piece);
        if (ok && piece.conv) {
            ok = seq_argument(cg, &piece, arg, &args[n++]);
            arg = arg->next;
        }
    }
    *out = cg_none(cg);
    if (ok && format.n) {
        args[0] = cg_rodata(cg, format.p, (uint32_t)format.n + 1);
        args[1] = cg_u64(cg, format.n + 1);
        result = cg_helper(cg, BPF_FUNC_trace_printk, args, n, type_int(cg_types(cg), 8, true));
        cg_count_failure(cg, SITE_OTHER, call->at, "trace_printk", result);
    }
    buf_free(&format);
    return ok;
}

const struct builtin builtins_debug[] = {
    {
        .name = "debugf",
        .sig = "void(fmt, ...)",
        .doc = "Prints into the kernel's trace pipe: at most 3 values, with %d %u %x %p %s.",
        .helper = BPF_FUNC_trace_printk,
        .check = debugf_check,
        .emit = debugf_emit,
    },
    { .name = NULL },
};
