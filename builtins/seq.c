/*
 * seq.c - printf() where no hark is left to print: in a pinned iterator
 *
 * Whoever reads the pin file later gets what the kernel formats, with bpf_seq_printf(). It knows
 * fewer conversions than we do, so numbers are made 64 bits wide by us, and what it has no word for
 * is refused while compiling.
 */
#include "builtins/seq.h"

#include "builtins/format.h"
#include "codegen/emit.h"

#include <linux/bpf.h>

enum { SEQ_ARGS = 12 }; /* MAX_BPRINTF_VARARGS */

static bool put_text(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c >= 0x80 || (c < ' ' && (c < '\t' || c > '\r')))
            return false;
        buf_puts(b, c == '%' ? "%%" : "");
        if (c != '%')
            buf_putc(b, (char)c);
    }
    return true;
}

/* The same conversion in the kernel's words. */
static bool put_conversion(struct buf *b, const struct format_piece *piece)
{
    static const struct {
        char conv;
        const char *kernel;
    } words[] = { { 'd', "lld" }, { 'u', "llu" }, { 'x', "llx" }, { 'p', "llx" }, { 's', "s" } };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i].conv != piece->conv || piece->left || piece->alternate)
            continue;
        buf_printf(b, "%s%%%s%s", piece->conv == 'p' ? "0x" : "", piece->plus ? "+" : "",
                   piece->zero ? "0" : "");
        if (piece->width)
            buf_printf(b, "%u", piece->width);
        buf_puts(b, words[i].kernel);
        return true;
    }
    return false;
}

bool seq_put_piece(struct buf *b, const struct format_piece *piece)
{
    return piece->conv ? put_conversion(b, piece) : put_text(b, piece->text);
}

bool seq_argument(struct cg *cg, const struct format_piece *piece, const struct expr *arg,
                  struct cg_val *out)
{
    const struct type *number = type_int(cg_types(cg), piece->size, piece->conv == 'd');
    struct cg_val v = { 0 }, place;
    bool is_text = piece->conv == 's';

    if (is_text ? arg->type->kind != TYPE_STRING : !type_is_scalar(arg->type))
        return cg_error(cg, arg->at, "a pinned iterator can print strings and numbers only");
    if (!cg_expr(cg, arg, &v) || (is_text && !cg_in_memory(cg, v, &place, arg->at)))
        return false;
    *out = is_text ? cg_address(cg, place)
                   : cg_convert(cg, cg_convert(cg, cg_load(cg, v), number),
                                type_int(cg_types(cg), 8, false));
    return true;
}

bool seq_emit(struct cg *cg, const struct expr *call, struct cg_val seq)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    const struct expr *arg = call->call.args->next;
    struct str rest = call->call.args->text;
    struct cg_val data = cg_place_bytes(cg, 8 * SEQ_ARGS), args[5], v = { 0 };
    struct format_piece piece;
    struct buf format = { 0 };
    bool ok = true;
    unsigned n = 0;

    while (ok && format_next(&rest, &piece)) {
        ok = seq_put_piece(&format, &piece);
        if (!ok)
            cg_error(cg, call->at,
                     "a pinned iterator cannot print '%.*s': the kernel does not "
                     "know how",
                     STRF(piece.text));
        if (!ok || !piece.conv || !arg)
            continue;
        if (n == SEQ_ARGS)
            ok = cg_error(cg, call->at, "a pinned iterator prints at most %d values at a time",
                          SEQ_ARGS);
        else
            ok = seq_argument(cg, &piece, arg, &v) &&
                 cg_store(cg, cg_at(cg, data, 8 * n++, u64), u64, v, arg->at);
        arg = arg->next;
    }
    if (ok && format.n) {
        args[0] = seq;
        args[1] = cg_rodata(cg, format.p, (uint32_t)format.n + 1);
        args[2] = cg_u64(cg, format.n + 1);
        args[3] = n ? data : cg_u64(cg, 0);
        args[4] = cg_u64(cg, UINT64_C(8) * n);
        cg_helper(cg, BPF_FUNC_seq_printf, args, 5, NULL);
    }
    buf_free(&format);
    return ok;
}
