/*
 * cexpr.c - constant expressions of #if, array sizes, enumerators, bit fields
 *
 * Parsed and computed in one go, by precedence climbing. A number carries its type's size and
 * sign, and is brought into that range after every step, so that ~0u and 1 << 31 are what a C
 * compiler makes of them. In #if all numbers have 64 bits.
 */
#include "types/cdef_impl.h"

struct number {
    uint64_t value; /* sign-extended if signed */
    unsigned size;  /* 4 or 8 */
    bool is_unsigned;
};

/* live: false in a branch that is not taken, where a division by zero is no mistake. */
static bool parse_binary(struct cparser *ps, int lowest, bool live, struct number *out);
static bool parse_ternary(struct cparser *ps, bool live, struct number *out);

static struct number number(uint64_t value, unsigned size, bool is_unsigned)
{
    if (size == 4)
        value = is_unsigned ? (uint32_t)value : (uint64_t)(int64_t)(int32_t)value;
    return (struct number){ value, size, is_unsigned };
}

static struct number plain_int(const struct cparser *ps, uint64_t value)
{
    return number(value, ps->directive ? 8 : 4, false);
}

/* The value as an integer of any size, which C then promotes to int. */
static struct number converted(uint64_t value, const struct type *t)
{
    switch (t->size) {
    case 1:
        return number(type_is_signed(t) ? (uint64_t)(int8_t)value : (uint8_t)value, 4, false);
    case 2:
        return number(type_is_signed(t) ? (uint64_t)(int16_t)value : (uint16_t)value, 4, false);
    default:
        return number(value, t->size == 4 ? 4 : 8, !type_is_signed(t));
    }
}

static bool parse_number(struct cparser *ps, struct number *out)
{
    bool is_unsigned, is_long;
    bool decimal = ps->next->text.p[0] != '0';
    uint64_t value;

    if (!clex_number(ps->next->text, &value, &is_unsigned, &is_long))
        return cparse_fail(ps, ps->next->at, "'%.*s' is not an integer constant",
                           STRF(ps->next->text));
    cparse_advance(ps);
    if (!is_long && !ps->directive) {
        if (value <= INT32_MAX || (is_unsigned && value <= UINT32_MAX)) {
            *out = number(value, 4, is_unsigned);
            return true;
        }
        if (!decimal && value <= UINT32_MAX) {
            *out = number(value, 4, true);
            return true;
        }
    }
    *out = number(value, 8, is_unsigned || value > INT64_MAX);
    return true;
}

static bool parse_name(struct cparser *ps, struct number *out)
{
    const struct cdefs *defs = ps->item->defs;
    const struct ctok *tok = ps->next;
    const struct cdef_const *constant;
    uint64_t value = 0;

    cparse_advance(ps);
    if (ps->directive) {
        *out = plain_int(ps, 0);
        return true;
    }
    if ((constant = cdef_const(defs, tok->text)))
        value = constant->value;
    else if (!defs->constant || !defs->constant(defs->ctx, tok->text, &value))
        return cparse_fail(ps, tok->at, "unknown constant '%.*s'", STRF(tok->text));
    if ((int64_t)value == (int32_t)value)
        *out = number(value, 4, false);
    else
        *out = number(value, value <= UINT32_MAX ? 4 : 8, value <= UINT32_MAX);
    return true;
}

/* A type in parentheses, ps->next is '('. NULL: reported. */
static const struct type *parse_type_name(struct cparser *ps)
{
    struct cspec spec;
    struct cdeclarator decl;

    cparse_advance(ps);
    if (!cspec_parse(ps, &spec) || !cparse_declarator(ps, spec.type, &decl))
        return NULL;
    if (decl.name.n) {
        cparse_fail(ps, decl.at, "unexpected '%.*s' in a type", STRF(decl.name));
        return NULL;
    }
    return cparse_expect(ps, ")") ? decl.type : NULL;
}

static bool parens_hold_type(struct cparser *ps)
{
    struct cparser inside = *ps;

    if (ps->directive || !ctok_is(ps->next, "("))
        return false;
    inside.next++;
    return cspec_starts_type(&inside);
}

static bool parse_sizeof(struct cparser *ps, struct number *out)
{
    const struct type *t;
    struct span at = ps->next->at;

    cparse_advance(ps);
    if (!parens_hold_type(ps))
        return cparse_unexpected(ps, "a type in parentheses after 'sizeof'");
    if (!(t = parse_type_name(ps)))
        return false;
    if (t->kind == TYPE_STRUCT) { /* of the kernel: its size is known once it is read */
        size_t n;

        type_fields(ps->item->defs->types, t, &n);
    }
    if (!type_is_complete(t))
        return cparse_fail(ps, span_join(at, ps->last), "size of an incomplete type");
    *out = number(t->size, 8, true);
    return true;
}

static bool parse_cast(struct cparser *ps, bool live, struct number *out);

static bool parse_unary(struct cparser *ps, bool live, struct number *out)
{
    const struct ctok *tok = ps->next;
    char sign = tok->kind == CTOK_PUNCT && tok->text.n == 1 ? tok->text.p[0] : '\0';
    struct number x;

    if (tok->kind == CTOK_NUMBER)
        return parse_number(ps, out);
    if (tok->kind == CTOK_CHAR) {
        if (!clex_char(tok->text, &x.value))
            return cparse_fail(ps, tok->at, "malformed character constant");
        cparse_advance(ps);
        *out = plain_int(ps, x.value);
        return true;
    }
    if (!ps->directive && ctok_is(tok, "sizeof"))
        return parse_sizeof(ps, out);
    if (tok->kind == CTOK_IDENT)
        return parse_name(ps, out);
    if (sign == '(') {
        cparse_advance(ps);
        return parse_ternary(ps, live, out) && cparse_expect(ps, ")");
    }
    if (sign != '-' && sign != '+' && sign != '~' && sign != '!')
        return cparse_unexpected(ps, "a constant");
    cparse_advance(ps);
    if (!parse_cast(ps, live, &x))
        return false;
    if (sign == '!')
        *out = plain_int(ps, !x.value);
    else
        *out = number(sign == '-'   ? -x.value
                      : sign == '~' ? ~x.value
                                    : x.value,
                      x.size, x.is_unsigned);
    return true;
}

static bool parse_cast(struct cparser *ps, bool live, struct number *out)
{
    struct span at = ps->next->at;
    const struct type *t;
    bool done;

    if (!cparse_enter(ps))
        return false;
    if (!parens_hold_type(ps)) {
        done = parse_unary(ps, live, out);
        ps->depth--;
        return done;
    }
    t = parse_type_name(ps);
    done = t != NULL;
    if (t && !type_is_scalar(t))
        done = cparse_fail(ps, span_join(at, ps->last), "only casts to integers are constant");
    if (done && (done = parse_cast(ps, live, out)))
        *out = t->kind == TYPE_BOOL ? plain_int(ps, out->value != 0) : converted(out->value, t);
    ps->depth--;
    return done;
}

enum op {
    OP_OR,
    OP_AND,
    OP_BIT_OR,
    OP_BIT_XOR,
    OP_BIT_AND,
    OP_EQ,
    OP_NE,
    OP_LE,
    OP_GE,
    OP_LT,
    OP_GT,
    OP_SHL,
    OP_SHR,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_MOD,
};

static const struct operator
{
    const char *text;
    enum op op;
    int precedence;
}
operators[] = {
    { "||", OP_OR, 1 },     { "&&", OP_AND, 2 }, { "|", OP_BIT_OR, 3 }, { "^", OP_BIT_XOR, 4 },
    { "&", OP_BIT_AND, 5 }, { "==", OP_EQ, 6 },  { "!=", OP_NE, 6 },    { "<=", OP_LE, 7 },
    { ">=", OP_GE, 7 },     { "<", OP_LT, 7 },   { ">", OP_GT, 7 },     { "<<", OP_SHL, 8 },
    { ">>", OP_SHR, 8 },    { "+", OP_ADD, 9 },  { "-", OP_SUB, 9 },    { "*", OP_MUL, 10 },
    { "/", OP_DIV, 10 },    { "%", OP_MOD, 10 },
};

static const struct operator* operator_at(const struct ctok *tok)
{
    for (size_t i = 0; tok->kind == CTOK_PUNCT && i < ARRAY_LEN(operators); i++) {
        if (str_eqz(tok->text, operators[i].text))
            return &operators[i];
    }
    return NULL;
}

static bool less(struct number a, struct number b)
{
    return a.is_unsigned ? a.value < b.value : (int64_t)a.value < (int64_t)b.value;
}

static struct number shift(struct number a, uint64_t by, bool left)
{
    uint64_t value;

    if (by >= 64)
        value = !left && !a.is_unsigned && (int64_t)a.value < 0 ? UINT64_MAX : 0;
    else if (left)
        value = a.value << by;
    else
        value = a.is_unsigned ? a.value >> by : (uint64_t)((int64_t)a.value >> by);
    return number(value, a.size, a.is_unsigned);
}

static uint64_t divide(struct number a, struct number b, bool rest)
{
    if (a.is_unsigned)
        return rest ? a.value % b.value : a.value / b.value;
    if ((int64_t)b.value == -1) /* the one quotient that may not fit */
        return rest ? 0 : -a.value;
    return (uint64_t)(rest ? (int64_t)a.value % (int64_t)b.value
                           : (int64_t)a.value / (int64_t)b.value);
}

/* Both operands have the same type by now, but for shifts. b is not 0 in a division. */
static struct number compute(const struct cparser *ps, enum op op, struct number a, struct number b)
{
    uint64_t value = 0;

    switch (op) {
    case OP_OR:
        return plain_int(ps, a.value || b.value);
    case OP_AND:
        return plain_int(ps, a.value && b.value);
    case OP_EQ:
        return plain_int(ps, a.value == b.value);
    case OP_NE:
        return plain_int(ps, a.value != b.value);
    case OP_LE:
        return plain_int(ps, !less(b, a));
    case OP_GE:
        return plain_int(ps, !less(a, b));
    case OP_LT:
        return plain_int(ps, less(a, b));
    case OP_GT:
        return plain_int(ps, less(b, a));
    case OP_SHL:
    case OP_SHR:
        return shift(a, b.value, op == OP_SHL);
    case OP_BIT_OR:
        value = a.value | b.value;
        break;
    case OP_BIT_XOR:
        value = a.value ^ b.value;
        break;
    case OP_BIT_AND:
        value = a.value & b.value;
        break;
    case OP_ADD:
        value = a.value + b.value;
        break;
    case OP_SUB:
        value = a.value - b.value;
        break;
    case OP_MUL:
        value = a.value * b.value;
        break;
    case OP_DIV:
    case OP_MOD:
        value = divide(a, b, op == OP_MOD);
        break;
    }
    return number(value, a.size, a.is_unsigned);
}

/* C's usual arithmetic conversions. */
static void balance(struct number *a, struct number *b)
{
    unsigned size = MAX(a->size, b->size);
    bool is_unsigned = (a->is_unsigned && a->size == size) || (b->is_unsigned && b->size == size);

    *a = number(a->value, size, is_unsigned);
    *b = number(b->value, size, is_unsigned);
}

static bool parse_binary(struct cparser *ps, int lowest, bool live, struct number *out)
{
    const struct operator* op;

    if (!parse_cast(ps, live, out))
        return false;
    while ((op = operator_at(ps->next)) && op->precedence >= lowest) {
        struct span at = ps->next->at;
        struct number right = { 0 };
        bool needed = op->op == OP_OR ? !out->value : op->op == OP_AND ? out->value != 0 : true;

        cparse_advance(ps);
        if (!parse_binary(ps, op->precedence + 1, live && needed, &right))
            return false;
        if ((op->op == OP_DIV || op->op == OP_MOD) && right.value == 0) {
            if (live)
                return cparse_fail(ps, at, "division by zero");
            right.value = 1;
        }
        if (op->op != OP_SHL && op->op != OP_SHR)
            balance(out, &right);
        *out = compute(ps, op->op, *out, right);
    }
    return true;
}

static bool parse_ternary(struct cparser *ps, bool live, struct number *out)
{
    struct number yes = { 0 }, no = { 0 };
    bool done;

    if (!cparse_enter(ps))
        return false;
    done = parse_binary(ps, 1, live, out);
    if (done && cparse_accept(ps, "?")) {
        done = parse_ternary(ps, live && out->value, &yes) && cparse_expect(ps, ":") &&
               parse_ternary(ps, live && !out->value, &no);
        if (done) {
            balance(&yes, &no);
            *out = out->value ? yes : no;
        }
    }
    ps->depth--;
    return done;
}

bool cexpr_parse(struct cparser *ps, uint64_t *value, bool *is_signed)
{
    struct number result = { 0 };

    if (!parse_ternary(ps, true, &result))
        return false;
    *value = result.value;
    if (is_signed)
        *is_signed = !result.is_unsigned;
    return true;
}
