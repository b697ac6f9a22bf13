/*
 * literal.c - exact arithmetic on integer literals
 *
 * A literal is a sign and a size, so that everything from INT64_MIN to UINT64_MAX has one place to
 * be right in. Bit operations see a negative number as its two's complement of endless length: 64
 * bits and the sign that would go on for ever.
 */
#include "sema/sema_impl.h"

#define NEGATIVE_MAX (UINT64_C(1) << 63) /* the size of INT64_MIN */

static uint64_t bits_of(struct literal a)
{
    return a.negative ? -a.size : a.size;
}

bool literal_of(const struct expr *e, struct literal *out)
{
    if (e->kind != EXPR_INT && e->kind != EXPR_BOOL)
        return false;
    out->negative = e->kind == EXPR_INT && e->negative && e->num;
    out->size = out->negative ? -e->num : e->num;
    return true;
}

void literal_put(struct expr *e, struct literal a)
{
    e->kind = EXPR_INT;
    e->num = bits_of(a);
    e->negative = a.negative;
    e->type = NULL;
}

static enum literal_result settle(bool negative, uint64_t size, bool overflow, struct literal *out)
{
    *out = (struct literal){ negative && size, size };
    if (negative && (overflow || size > NEGATIVE_MAX))
        return LITERAL_UNDERFLOW;
    return overflow ? LITERAL_OVERFLOW : LITERAL_OK;
}

static enum literal_result add(struct literal a, struct literal b, struct literal *out)
{
    uint64_t sum;

    if (a.negative == b.negative) {
        bool overflow = ADD_OVERFLOWS(a.size, b.size, &sum);

        return settle(a.negative, sum, overflow, out);
    }
    return a.size >= b.size ? settle(a.negative, a.size - b.size, false, out)
                            : settle(b.negative, b.size - a.size, false, out);
}

static enum literal_result multiply(struct literal a, struct literal b, struct literal *out)
{
    uint64_t product;
    bool overflow = MUL_OVERFLOWS(a.size, b.size, &product);

    return settle(a.negative != b.negative, product, overflow, out);
}

static enum literal_result divide(enum op op, struct literal a, struct literal b,
                                  struct literal *out)
{
    if (b.size == 0)
        return LITERAL_DIV_ZERO;
    if (op == OP_DIV)
        return settle(a.negative != b.negative, a.size / b.size, false, out);
    return settle(a.negative, a.size % b.size, false, out);
}

static enum literal_result shift(enum op op, struct literal a, struct literal n,
                                 struct literal *out)
{
    uint64_t kept;

    if (n.negative)
        return LITERAL_UNDERFLOW;
    if (op == OP_SHL) {
        kept = n.size < 64 ? a.size << n.size : 0;
        return settle(a.negative, kept, a.size && (n.size > 63 || kept >> n.size != a.size), out);
    }
    /* Towards minus infinity, as the bits say. */
    kept = a.size - a.negative;
    kept = n.size < 64 ? kept >> n.size : 0;
    return settle(a.negative, kept + a.negative, false, out);
}

static enum literal_result combine(enum op op, struct literal a, struct literal b,
                                   struct literal *out)
{
    uint64_t x = bits_of(a), y = bits_of(b);
    uint64_t bits = op == OP_AND ? x & y : op == OP_OR ? x | y : x ^ y;
    bool negative = op == OP_AND  ? a.negative && b.negative
                    : op == OP_OR ? a.negative || b.negative
                                  : a.negative != b.negative;

    /* All 64 bits zero and an endless sign: -2^64. */
    return settle(negative, negative ? -bits : bits, negative && bits == 0, out);
}

enum literal_result literal_binary(enum op op, struct literal a, struct literal b,
                                   struct literal *out)
{
    switch (op) {
    case OP_SUB:
        b.negative = !b.negative && b.size;
        return add(a, b, out);
    case OP_ADD:
        return add(a, b, out);
    case OP_MUL:
        return multiply(a, b, out);
    case OP_DIV:
    case OP_MOD:
        return divide(op, a, b, out);
    case OP_SHL:
    case OP_SHR:
        return shift(op, a, b, out);
    case OP_AND:
    case OP_XOR:
    case OP_OR:
        return combine(op, a, b, out);
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
    case OP_EQ:
    case OP_NE:
    case OP_LAND:
    case OP_LOR:
    case OP_NEG:
    case OP_NOT:
    case OP_BNOT:
    case OP_DEREF:
    case OP_ADDR:
        break;
    }
    BUG("operator %s is not arithmetic", op_text(op));
}

int literal_cmp(struct literal a, struct literal b)
{
    if (a.negative != b.negative)
        return a.negative ? -1 : 1;
    if (a.size == b.size)
        return 0;
    return (a.size < b.size) != a.negative ? -1 : 1;
}

bool literal_fits(struct literal a, const struct type *t)
{
    unsigned bits = t->size * 8;

    if (t->kind == TYPE_BOOL)
        return !a.negative && a.size <= 1;
    if (a.negative)
        return t->is_signed && a.size <= NEGATIVE_MAX >> (64 - bits);
    return a.size <= (t->is_signed ? (uint64_t)INT64_MAX : UINT64_MAX) >> (64 - bits);
}
