/*
 * fold.c - computes what is known while compiling
 *
 * Positional parameters become literals, operations on literals become literals, calls whose
 * builtin knows the answer become that answer, and of "if comptime" only the branch that is taken
 * remains. Works from the inside out, and in place: a node turns into what it is worth.
 */
#include "sema/sema_impl.h"

#include <string.h>

static void fold_expr(struct sema *, struct expr **);
static void fold_block(struct sema *, struct block *);

static void become_bool(struct expr *e, bool value)
{
    e->kind = EXPR_BOOL;
    e->num = value;
    e->negative = false;
    e->type = NULL;
}

static void become_string(struct expr *e, struct str text)
{
    e->kind = EXPR_STRING;
    e->text = text;
    e->type = NULL;
}

/* Takes the place of e, in its list. */
static void replace(struct expr **ep, struct expr *by)
{
    by->next = (*ep)->next;
    *ep = by;
}

/* ---- positional parameters ---- */

static struct str param_text(const struct sema *s, const struct expr *e)
{
    const struct options *opt = &s->c->config->opt;

    return e->num >= 1 && e->num <= opt->params.n ? opt->params.v[e->num - 1] : STR("");
}

static void fold_param(struct sema *s, struct expr *e)
{
    struct str text = param_text(s, e);
    bool negative = text.n && text.p[0] == '-';
    uint64_t number;

    if (!text.n) {
        diag_warn(s->c->diags, e->at, "parameter $%ju was not given; 0 is used", (uintmax_t)e->num);
        literal_put(e, (struct literal){ 0 });
        return;
    }
    if (str_to_u64(str_sub(text, negative, text.n), true, &number, NULL) &&
        !(negative && number > (uint64_t)INT64_MAX + 1))
        literal_put(e, (struct literal){ negative && number, number });
    else
        become_string(e, text);
}

/* str($1), str($1 + 2): the text, whatever it looks like. (str(7) is "7": see fold_call().) */
static void fold_str_param(struct sema *s, struct expr *arg)
{
    if (arg && arg->kind == EXPR_BINARY && arg->binary.op == OP_ADD)
        arg = arg->binary.l;
    if (arg && arg->kind == EXPR_PARAM)
        become_string(arg, param_text(s, arg));
}

/* ---- operators ---- */

static bool is_comparison(enum op op)
{
    return op >= OP_LT && op <= OP_NE;
}

static bool compare(enum op op, int order)
{
    switch (op) {
    case OP_LT:
        return order < 0;
    case OP_LE:
        return order <= 0;
    case OP_GT:
        return order > 0;
    case OP_GE:
        return order >= 0;
    case OP_EQ:
        return order == 0;
    default:
        return order != 0;
    }
}

static void fold_numbers(struct sema *s, struct expr *e, struct literal a, struct literal b)
{
    static const char *const wrong[] = {
        [LITERAL_OVERFLOW] = "is too large for 64 bits",
        [LITERAL_UNDERFLOW] = "is too small for 64 bits",
        [LITERAL_DIV_ZERO] = "divides by zero",
    };
    enum op op = e->binary.op;
    enum literal_result result;
    struct literal out = { 0 };
    struct str text = sema_text(s, e->at);

    if (op == OP_LAND || op == OP_LOR) {
        become_bool(e, op == OP_LAND ? a.size && b.size : a.size || b.size);
        return;
    }
    if (is_comparison(op)) {
        if (e->binary.l->kind == e->binary.r->kind) /* true == 1 is for infer.c to refuse */
            become_bool(e, compare(op, literal_cmp(a, b)));
        return;
    }
    result = literal_binary(op, a, b, &out);
    if (result == LITERAL_UNDERFLOW && (op == OP_SHL || op == OP_SHR) && b.negative)
        diag_error(s->c->diags, e->at, "'%.*s' shifts by a negative number", STRF(text));
    else if (result != LITERAL_OK)
        diag_error(s->c->diags, e->at, "'%.*s' %s", STRF(text), wrong[result]);
    literal_put(e, out);
}

static void fold_strings(struct sema *s, struct expr *e, struct str a, struct str b)
{
    enum op op = e->binary.op;
    struct diag *d;

    if (op == OP_LAND || op == OP_LOR) {
        become_bool(e, op == OP_LAND ? a.n && b.n : a.n || b.n);
    } else if (is_comparison(op)) {
        become_bool(e, compare(op, str_cmp(a, b)));
    } else if (op == OP_ADD) {
        become_string(e, str_printf(s->c->arena, "%.*s%.*s", STRF(a), STRF(b)));
    } else {
        d = diag_error(s->c->diags, e->at, "'%s' cannot be used on strings", op_text(op));
        diag_hint(s->c->diags, d, "only + joins them, and comparisons compare them");
        become_string(e, a);
    }
}

/* "text" + 2: what follows the first two letters. */
static void fold_string_offset(struct sema *s, struct expr *e, struct str text, struct literal n)
{
    struct diag *d;

    if (e->binary.op != OP_ADD || n.negative) {
        d = diag_error(s->c->diags, e->at, "'%s' cannot be used on a string and a number",
                       op_text(e->binary.op));
        diag_hint(s->c->diags, d, "\"text\" + n is the text without its first n letters");
        become_string(e, text);
        return;
    }
    if (n.size >= text.n && n.size)
        diag_warn(s->c->diags, e->at, "nothing is left of the string: it has %zu letters", text.n);
    become_string(e, str_sub(text, MIN(n.size, text.n), text.n));
}

/* 1 equal, 0 different, -1 not literals, or literals of another shape. */
static int same_literals(const struct expr *a, const struct expr *b)
{
    struct literal x, y;
    bool same = true;

    if (a->kind != b->kind)
        return -1;
    if (literal_of(a, &x) && literal_of(b, &y))
        return literal_cmp(x, y) == 0;
    if (a->kind == EXPR_STRING)
        return str_eq(a->text, b->text);
    if (a->kind != EXPR_TUPLE || a->tuple.n != b->tuple.n)
        return -1;
    a = a->tuple.items;
    b = b->tuple.items;
    for (; a && b; a = a->next, b = b->next) {
        int one = same_literals(a, b);

        if (one < 0)
            return -1;
        same &= one;
    }
    return same;
}

static void fold_binary(struct sema *s, struct expr *e)
{
    struct expr *l = e->binary.l, *r = e->binary.r;
    struct literal a, b;
    int same;

    if (literal_of(l, &a) && literal_of(r, &b)) {
        fold_numbers(s, e, a, b);
    } else if (l->kind == EXPR_STRING && r->kind == EXPR_STRING) {
        fold_strings(s, e, l->text, r->text);
    } else if (l->kind == EXPR_STRING && r->kind == EXPR_INT && !is_comparison(e->binary.op) &&
               e->binary.op != OP_LAND && e->binary.op != OP_LOR && literal_of(r, &b)) {
        fold_string_offset(s, e, l->text, b);
    } else if ((e->binary.op == OP_EQ || e->binary.op == OP_NE) && l->kind == EXPR_TUPLE) {
        same = same_literals(l, r);
        if (same >= 0)
            become_bool(e, same == (e->binary.op == OP_EQ));
    } else if ((e->binary.op == OP_SHL || e->binary.op == OP_SHR) && literal_of(r, &b) &&
               (b.negative || b.size > 63)) {
        diag_warn(s->c->diags, r->at, "only the lowest 6 bits of a shift count are used: %ju",
                  (uintmax_t)(r->num & 63));
    }
}

static void fold_unary(struct sema *s, struct expr *e)
{
    enum op op = e->unary.op;
    struct expr *operand = e->unary.e;
    struct literal a, zero = { 0 }, all = { true, 1 }, out;

    if (operand->kind == EXPR_STRING && op == OP_NOT) {
        become_bool(e, operand->text.n == 0);
        return;
    }
    if (!literal_of(operand, &a))
        return;
    if (op == OP_NOT) {
        become_bool(e, a.size == 0);
    } else if (op == OP_NEG || op == OP_BNOT) {
        /* ~a is -a - 1 */
        if (literal_binary(OP_SUB, zero, a, &out) != LITERAL_OK ||
            (op == OP_BNOT && literal_binary(OP_ADD, out, all, &out) != LITERAL_OK)) {
            /* Above INT64_MAX only the 64 bits are left to work on. */
            if (op == OP_NEG)
                diag_error(s->c->diags, e->at, "'%.*s' is too small for 64 bits",
                           STRF(sema_text(s, e->at)));
            out = (struct literal){ false, ~a.size };
        }
        literal_put(e, out);
    }
}

static void fold_index(struct expr *e)
{
    const struct expr *object = e->index.e, *i = e->index.i;
    struct literal n;

    if (object->kind != EXPR_STRING || !literal_of(i, &n) || n.negative || n.size > object->text.n)
        return;
    literal_put(e, (struct literal){ false, n.size < object->text.n
                                                ? (unsigned char)object->text.p[n.size]
                                                : 0 });
}

static bool is_literal(const struct expr *e)
{
    return e->kind == EXPR_INT || e->kind == EXPR_BOOL || e->kind == EXPR_STRING;
}

/* (a = 1, b = "x").b, (1, "x").1 */
static void fold_member(struct expr **ep)
{
    const struct expr *e = *ep;
    bool by_name = e->kind == EXPR_FIELD;
    const struct expr *object = by_name ? e->field.e : e->element.e;
    struct expr *item =
        object->kind == (by_name ? EXPR_RECORD : EXPR_TUPLE) ? object->tuple.items : NULL;

    for (const struct expr *other = item; other; other = other->next) {
        if (!is_literal(other)) /* it may do something */
            return;
    }
    for (unsigned i = 0; item; i++, item = item->next) {
        if (by_name ? str_eq(object->tuple.names[i], e->field.name) : i == e->element.n) {
            item->at = e->at;
            replace(ep, item);
            return;
        }
    }
}

/* Both branches are checked, so a ternary goes only where there is nothing to check. */
static void fold_ternary(struct expr **ep, bool comptime)
{
    struct expr *e = *ep;
    struct expr *then = e->ternary.then ? e->ternary.then : e->ternary.cond;
    struct expr *other = e->ternary.other;
    struct literal cond;

    if (literal_of(e->ternary.cond, &cond) &&
        (comptime || (is_literal(then) && then->kind == other->kind)))
        replace(ep, cond.size ? then : other);
}

/* Of "if comptime", once its condition is known, only this remains. */
static void take_branch(struct expr *e, bool cond)
{
    struct block taken = cond           ? e->if_.then
                         : e->if_.other ? *e->if_.other
                                        : (struct block){ .at = e->at };

    e->kind = EXPR_BLOCK;
    e->block = taken;
}

static void fold_if(struct sema *s, struct expr *e)
{
    bool comptime = e->if_.cond->kind == EXPR_COMPTIME;
    struct literal cond;

    fold_expr(s, &e->if_.cond);
    if (comptime && literal_of(e->if_.cond, &cond)) {
        take_branch(e, cond.size);
        fold_block(s, &e->block);
        return;
    }
    fold_block(s, &e->if_.then);
    if (e->if_.other)
        fold_block(s, e->if_.other);
}

static void fold_call(struct sema *s, struct expr **ep)
{
    struct expr *e = *ep;
    bool is_text = e->call.fn && e->call.fn->flags & BUILTIN_TEXT;
    struct literal number;

    if (is_text)
        fold_str_param(s, e->call.args);
    for (struct expr **arg = &e->call.args; *arg; arg = &(*arg)->next)
        fold_expr(s, arg);
    if (is_text && e->call.n_args == 1 && literal_of(e->call.args, &number)) {
        become_string(e, str_printf(s->c->arena, "%s%ju", number.negative ? "-" : "",
                                    (uintmax_t)number.size));
        return;
    }
    if (e->call.fn && e->call.fn->fold) {
        e->call.fn->fold(s, ep);
        (*ep)->next = e->next;
    }
}

static void fold_children(struct sema *s, struct expr *e)
{
    switch (e->kind) {
    case EXPR_MAP:
        if (e->map.key)
            fold_expr(s, &e->map.key);
        return;
    case EXPR_UNARY:
        fold_expr(s, &e->unary.e);
        return;
    case EXPR_INCDEC:
        fold_expr(s, &e->incdec.e);
        return;
    case EXPR_BINARY:
        fold_expr(s, &e->binary.l);
        fold_expr(s, &e->binary.r);
        return;
    case EXPR_TERNARY:
        fold_expr(s, &e->ternary.cond);
        if (e->ternary.then)
            fold_expr(s, &e->ternary.then);
        fold_expr(s, &e->ternary.other);
        return;
    case EXPR_FIELD:
        fold_expr(s, &e->field.e);
        return;
    case EXPR_ELEMENT:
        fold_expr(s, &e->element.e);
        return;
    case EXPR_INDEX:
        fold_expr(s, &e->index.e);
        fold_expr(s, &e->index.i);
        return;
    case EXPR_CAST:
        fold_expr(s, &e->cast.e);
        return;
    case EXPR_TUPLE:
    case EXPR_RECORD:
        for (struct expr **item = &e->tuple.items; *item; item = &(*item)->next)
            fold_expr(s, item);
        return;
    case EXPR_SIZEOF:
    case EXPR_OFFSETOF:
    case EXPR_TYPEINFO:
    case EXPR_TYPEOF:
        if (e->type_of.of_expr)
            fold_expr(s, &e->type_of.of_expr);
        return;
    case EXPR_COMPTIME:
        fold_expr(s, &e->comptime);
        return;
    case EXPR_BLOCK:
        fold_block(s, &e->block);
        return;
    case EXPR_INT:
    case EXPR_BOOL:
    case EXPR_STRING:
    case EXPR_PARAM:
    case EXPR_NPARAMS:
    case EXPR_IDENT:
    case EXPR_VAR:
    case EXPR_CALL:
    case EXPR_IF:
        return;
    }
}

static void fold_expr(struct sema *s, struct expr **ep)
{
    struct expr *e = *ep;
    bool comptime = e->kind == EXPR_TERNARY && e->ternary.cond->kind == EXPR_COMPTIME;

    fold_children(s, e);
    switch (e->kind) {
    case EXPR_PARAM:
        fold_param(s, e);
        return;
    case EXPR_NPARAMS:
        literal_put(e, (struct literal){ false, s->c->config->opt.params.n });
        return;
    case EXPR_UNARY:
        fold_unary(s, e);
        return;
    case EXPR_BINARY:
        fold_binary(s, e);
        return;
    case EXPR_TERNARY:
        fold_ternary(ep, comptime);
        return;
    case EXPR_INDEX:
        fold_index(e);
        return;
    case EXPR_CALL:
        fold_call(s, ep);
        return;
    case EXPR_IF:
        fold_if(s, e);
        return;
    case EXPR_SIZEOF:
    case EXPR_OFFSETOF:
        typeof_fold(s->c, e);
        return;
    case EXPR_COMPTIME:
        if (is_literal(e->comptime))
            replace(ep, e->comptime);
        return;
    case EXPR_FIELD:
    case EXPR_ELEMENT:
        fold_member(ep);
        return;
    case EXPR_INT:
    case EXPR_BOOL:
    case EXPR_STRING:
    case EXPR_IDENT:
    case EXPR_VAR:
    case EXPR_MAP:
    case EXPR_INCDEC:
    case EXPR_CAST:
    case EXPR_TUPLE:
    case EXPR_RECORD:
    case EXPR_TYPEINFO:
    case EXPR_TYPEOF:
    case EXPR_BLOCK:
        return;
    }
}

static void fold_type(struct sema *s, struct type_expr *te)
{
    if (te && te->typeof_expr)
        fold_expr(s, &te->typeof_expr);
}

static void fold_stmt(struct sema *s, struct stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_EXPR:
    case STMT_DISCARD:
    case STMT_RETURN:
        if (stmt->expr)
            fold_expr(s, &stmt->expr);
        return;
    case STMT_LET:
        fold_type(s, stmt->let.type);
        if (stmt->let.init)
            fold_expr(s, &stmt->let.init);
        return;
    case STMT_ASSIGN:
        fold_children(s, stmt->assign.target);
        fold_expr(s, &stmt->assign.value);
        return;
    case STMT_WHILE:
    case STMT_UNROLL:
        fold_expr(s, &stmt->loop.cond);
        fold_block(s, &stmt->loop.body);
        return;
    case STMT_FOR_RANGE:
        fold_expr(s, &stmt->for_.from);
        fold_expr(s, &stmt->for_.to);
        fold_block(s, &stmt->for_.body);
        return;
    case STMT_FOR_MAP:
        fold_block(s, &stmt->for_.body);
        return;
    case STMT_BREAK:
    case STMT_CONTINUE:
    case STMT_IMPORT:
        return;
    }
}

static void fold_block(struct sema *s, struct block *block)
{
    for (struct stmt *stmt = block->stmts; stmt; stmt = stmt->next)
        fold_stmt(s, stmt);
    if (block->value)
        fold_expr(s, &block->value);
}

/* What is inside of branches was folded before. */
bool fold_comptime(struct sema *s, struct expr **ep)
{
    struct expr *e = *ep;
    struct expr **asked = e->kind == EXPR_IF        ? &e->if_.cond
                          : e->kind == EXPR_TERNARY ? &e->ternary.cond
                                                    : ep;
    struct literal cond;

    fold_expr(s, asked);
    if (asked == ep)
        return (*ep)->kind != EXPR_COMPTIME;
    if (!literal_of(*asked, &cond))
        return false;
    if (e->kind == EXPR_IF)
        take_branch(e, cond.size);
    else
        fold_ternary(ep, true);
    return true;
}

bool sema_fold(struct compile *c)
{
    unsigned errors = c->diags->errors;

    for (struct function *f = c->program->functions; f; f = f->next) {
        struct sema s = { .c = c, .fn = f, .report = true };

        fold_block(&s, &f->body);
    }
    for (struct probe *probe = c->program->probes; probe; probe = probe->next) {
        struct sema s = { .c = c, .probe = probe, .report = true };

        if (probe->pred)
            fold_expr(&s, &probe->pred);
        fold_block(&s, &probe->body);
    }
    if (c->diags->errors == errors)
        options_check(c);
    return sema_end(c, errors);
}
