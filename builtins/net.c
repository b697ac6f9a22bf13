/*
 * net.c - addresses and byte order
 *
 *     inet: { u64 family; u8 address[16] }     mac address: u8[6]
 */
#include "builtins/builtin.h"

#include "codegen/emit.h"
#include "output/value.h"
#include "sema/call.h"

#include <arpa/inet.h>
#include <string.h>

static const struct type *u64(struct cg *cg)
{
    return type_int(cg_types(cg), 8, false);
}

/* Bytes of an array-like type; 0 for others. */
static uint32_t array_size(const struct type *t)
{
    return t->kind == TYPE_ARRAY || t->kind == TYPE_STRING ? t->size : 0;
}

/* ---- ntop() ---- */

static const struct value *inet_decode(const struct decode *d, const struct type *t,
                                       const void *bytes)
{
    char text[INET6_ADDRSTRLEN] = "";
    uint64_t family;

    (void)t;
    memcpy(&family, bytes, sizeof(family));
    if (!inet_ntop(family == AF_INET6 ? AF_INET6 : AF_INET, (const char *)bytes + 8, text,
                   sizeof(text)))
        text[0] = 0;
    return value_str(d->arena, VALUE_SYMBOL, str_dup(d->arena, str_from(text)));
}

static const struct value_kind inet_kind = {
    .name = "inet",
    .size = 24,
    .align = 8,
    .tuple_bytes = true,
    .decode = inet_decode,
};

static bool ntop_check(struct sema *s, struct expr *call)
{
    const struct expr *addr = call_arg(call, call->call.n_args - 1);
    struct str name = type_name(s->c->arena, addr->type);
    uint32_t size = array_size(addr->type);

    if (call->call.n_args == 2 && !type_is_integral(call_arg(call, 0)->type)) {
        diag_error(s->c->diags, call_arg(call, 0)->at, "ntop() expects an address family first");
        return false;
    }
    if (type_is_integral(addr->type) || size == 4 || size == 16)
        return true;
    diag_error(s->c->diags, addr->at,
               "ntop() expects an integer or an array of 4 or 16 bytes, got %.*s", STRF(name));
    return false;
}

static bool ntop_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *e = call_arg(call, call->call.n_args - 1);
    const struct type *u32 = type_int(cg_types(cg), 4, false);
    uint32_t size = array_size(e->type);
    struct cg_val addr = { 0 }, family = cg_u64(cg, size == 16 ? AF_INET6 : AF_INET), place;

    if (call->call.n_args == 2) {
        if (!cg_expr(cg, call_arg(call, 0), &family))
            return false;
        family = cg_convert(cg, cg_load(cg, family), u64(cg));
    }
    if (!cg_expr(cg, e, &addr))
        return false;
    place = cg_result_place(cg, out, call->type);
    cg_zero(cg, place, call->type->size);
    if (!cg_store(cg, cg_at(cg, place, 0, u64(cg)), u64(cg), family, call->at))
        return false;
    if (!size)
        return cg_store(cg, cg_at(cg, place, 8, u32), u32, addr, e->at);
    return cg_store(cg, cg_at(cg, place, 8, e->type), e->type, addr, e->at);
}

/* ---- pton() ---- */

static bool parse_address(const struct expr *call, unsigned char out[16], uint32_t *size)
{
    struct str text = STR("");
    char buf[INET6_ADDRSTRLEN];
    int family;

    call_lit_str(call, 0, &text);
    if (text.n >= sizeof(buf))
        return false;
    memcpy(buf, text.p, text.n);
    buf[text.n] = 0;
    family = strchr(buf, ':') ? AF_INET6 : AF_INET;
    *size = family == AF_INET6 ? 16 : 4;
    return inet_pton(family, buf, out) == 1;
}

static const struct type *pton_result(struct sema *s, struct expr *call)
{
    unsigned char bytes[16];
    uint32_t size = 4;

    parse_address(call, bytes, &size);
    return type_array(sema_types(s), type_int(sema_types(s), 1, false), size);
}

static bool pton_check(struct sema *s, struct expr *call)
{
    unsigned char bytes[16];
    uint32_t size;

    if (parse_address(call, bytes, &size))
        return true;
    diag_error(s->c->diags, call_arg(call, 0)->at,
               "pton() expects an IPv4 or IPv6 address like \"10.0.0.1\" or \"::1\"");
    return false;
}

static bool pton_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    unsigned char bytes[16] = { 0 };
    uint32_t size = 4;

    parse_address(call, bytes, &size);
    *out = cg_rodata(cg, bytes, size);
    out->type = call->type;
    return true;
}

/* ---- macaddr() ---- */

static const struct value *mac_decode(const struct decode *d, const struct type *t,
                                      const void *bytes)
{
    const unsigned char *b = bytes;

    (void)t;
    return value_str(
        d->arena, VALUE_SYMBOL,
        str_printf(d->arena, "%02X:%02X:%02X:%02X:%02X:%02X", b[0], b[1], b[2], b[3], b[4], b[5]));
}

static const struct value_kind mac_kind = {
    .name = "macaddr_t",
    .size = 6,
    .align = 1,
    .tuple_bytes = true,
    .decode = mac_decode,
};

static bool macaddr_check(struct sema *s, struct expr *call)
{
    const struct expr *e = call_arg(call, 0);
    struct str name = type_name(s->c->arena, e->type);
    uint32_t size = array_size(e->type);

    if (e->kind == EXPR_STRING) {
        diag_error(s->c->diags, e->at, "macaddr() expects an address, not text");
        return false;
    }
    if (type_is_scalar(e->type) || size >= 6)
        return true;
    diag_error(s->c->diags, e->at, "macaddr() expects an address or at least 6 bytes, got %.*s",
               STRF(name));
    return false;
}

static bool macaddr_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *e = call_arg(call, 0);
    struct cg_val v = { 0 }, place;
    enum addr_space space = cg_space(cg, e);

    if (!cg_expr(cg, e, &v))
        return false;
    if (type_is_scalar(e->type)) {
        v = cg_convert(cg, cg_load(cg, v), u64(cg));
    } else if (v.where == CG_REMOTE) {
        space = v.as;
        v.where = CG_VALUE;
        v.type = u64(cg);
    } else {
        if (!cg_in_memory(cg, v, &v, e->at))
            return false;
        v = cg_address(cg, v);
        space = AS_KERNEL;
    }
    place = cg_result_place(cg, out, call->type);
    cg_read(cg, place, 6, v, space, call->at);
    return true;
}

/* ---- bswap() ---- */

static const struct type *bswap_result(struct sema *s, struct expr *call)
{
    const struct expr *e = call_arg(call, 0);

    if (!e || !e->type)
        return NULL;
    return type_int(sema_types(s), e->type->kind == TYPE_INT ? e->type->size : 8, false);
}

static bool bswap_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct cg_val v = { 0 };

    if (!cg_expr(cg, call_arg(call, 0), &v))
        return false;
    *out = cg_bswap(cg, cg_convert(cg, cg_load(cg, v), call->type));
    return true;
}

const struct builtin builtins_net[] = {
    {
        .name = "ntop",
        .sig = "kind(any, [any])",
        .doc = "An IPv4 or IPv6 address as text; the family may come first.",
        .kind = &inet_kind,
        .check = ntop_check,
        .emit = ntop_emit,
    },
    {
        .name = "pton",
        .sig = "auto(lit string)",
        .doc = "The bytes of an address written as text.",
        .result = pton_result,
        .check = pton_check,
        .emit = pton_emit,
    },
    {
        .name = "macaddr",
        .sig = "kind(any)",
        .doc = "A MAC address from 6 bytes.",
        .kind = &mac_kind,
        .check = macaddr_check,
        .emit = macaddr_emit,
    },
    {
        .name = "bswap",
        .sig = "auto(int)",
        .doc = "An integer with its bytes reversed.",
        .result = bswap_result,
        .emit = bswap_emit,
    },
    { .name = NULL },
};
