/*
 * stmt.c - statements and blocks
 *
 * A statement gives back the temporary memory it took. Code after a jump is written like any other,
 * into a block that nobody reaches.
 */
#include "codegen/codegen_impl.h"

static bool let_emit(struct cg *cg, const struct stmt *s)
{
    if (!s->let.sym)
        BUG("let without a variable");
    if (s->let.init)
        return var_assign(cg, s->let.sym, s->let.init);
    if (s->let.sym->type && s->let.sym->type->kind != TYPE_NONE)
        var_zero(cg, s->let.sym);
    return true;
}

/* What the right side of "op=" counts as: a literal takes the sign of the left. */
static void take_sign(struct cg *cg, const struct expr *e, const struct type *left,
                      struct cg_val *v)
{
    if (e->kind == EXPR_INT && !e->negative && type_is_integral(left) &&
        v->type->kind == TYPE_INT && !type_is_signed(left))
        v->type = type_int(cg_types(cg), v->type->size, false);
}

static bool assign_compound(struct cg *cg, const struct stmt *s)
{
    const struct expr *target = s->assign.target, *value = s->assign.value;
    const struct type *type =
        target->kind == EXPR_MAP ? target->map.sym->value : var_type(target->var.sym);
    struct cg_val v = { 0 }, old, now;

    if (!type_is_scalar(type))
        return cg_error(cg, s->at, "this operator needs a number on its left side");
    if (!cg_expr(cg, value, &v))
        return false;
    v = cg_load(cg, v);
    take_sign(cg, value, type, &v);
    if (target->kind == EXPR_MAP)
        return map_modify(cg, target, s->assign.op, v, false, NULL);
    if (!var_load(cg, target->var.sym, target->at, &old))
        return false;
    return map_compute(cg, s->assign.op, old, v, type, &now) &&
           var_store(cg, target->var.sym, now, target->at);
}

static bool assign_emit(struct cg *cg, const struct stmt *s)
{
    const struct expr *target = s->assign.target;

    if (target->kind != EXPR_VAR && target->kind != EXPR_MAP)
        BUG("assignment to expression %d", target->kind);
    if (s->assign.compound)
        return assign_compound(cg, s);
    if (target->kind == EXPR_MAP)
        return map_assign(cg, target, s->assign.value);
    return var_assign(cg, target->var.sym, s->assign.value);
}

static bool drop(struct cg *cg, const struct expr *e)
{
    struct cg_val ignored = { 0 };

    if (e->kind == EXPR_INCDEC && e->incdec.e->kind == EXPR_MAP)
        return map_modify(cg, e->incdec.e, e->incdec.is_dec ? OP_SUB : OP_ADD,
                          cg_int(cg, cg->u64, 1), false, NULL);
    return cg_expr(cg, e, &ignored);
}

bool stmt_return(struct cg *cg, struct cg_val v, struct span at)
{
    const struct cg_frame *root = loop_root(cg->frame);
    const struct type *type = root->kind == FRAME_FUNCTION ? root->result : cg->i64_type;

    if (type->kind == TYPE_NONE || root->fixed_return) {
        frame_return(cg, NULL);
        return true;
    }
    if (type_is_scalar(type)) {
        if (v.where != CG_VALUE && !type_is_scalar(v.type))
            return cg_error(cg, at, "only a number can be returned here");
        frame_return(cg, llvm_wide(cg, cg_convert(cg, v, type)));
        return true;
    }
    if (!cg_store(cg, memory_place(loop_result_place(cg), type), type, v, at))
        return false;
    frame_return(cg, NULL);
    return true;
}

static bool return_emit(struct cg *cg, const struct stmt *s)
{
    struct cg_val v = { 0 };

    if (!s->expr) {
        frame_return(cg, NULL);
        return true;
    }
    return cg_expr(cg, s->expr, &v) && (v.where == CG_NONE || stmt_return(cg, v, s->at));
}

static bool stmt_any(struct cg *cg, const struct stmt *s)
{
    switch (s->kind) {
    case STMT_EXPR:
    case STMT_DISCARD:
        return drop(cg, s->expr);
    case STMT_LET:
        return let_emit(cg, s);
    case STMT_ASSIGN:
        return assign_emit(cg, s);
    case STMT_WHILE:
        return loop_while(cg, s);
    case STMT_UNROLL:
        return loop_unroll(cg, s);
    case STMT_FOR_RANGE:
        return loop_range(cg, s);
    case STMT_FOR_MAP:
        return loop_map(cg, s);
    case STMT_BREAK:
        loop_break(cg);
        return true;
    case STMT_CONTINUE:
        loop_continue(cg);
        return true;
    case STMT_RETURN:
        return return_emit(cg, s);
    case STMT_IMPORT:
        return true;
    }
    BUG("statement %d", s->kind);
}

bool stmt_block(struct cg *cg, const struct block *block, struct cg_val *out)
{
    bool clean = cg->clean, ok = true;

    cg->clean = false;
    for (const struct stmt *s = block->stmts; s; s = s->next) {
        struct cg_mark mark = memory_mark(cg);

        debug_at(cg, s->at);
        ok &= stmt_any(cg, s); /* after an error: look for more */
        memory_release(cg, mark);
    }
    cg->clean = clean;
    if (!ok)
        return false;
    if (out && block->value)
        return cg_expr(cg, block->value, out);
    if (out)
        *out = cg_none(cg);
    if (block->value) {
        struct cg_mark mark = memory_mark(cg);

        debug_at(cg, block->value->at);
        ok = drop(cg, block->value);
        memory_release(cg, mark);
    }
    return ok;
}
