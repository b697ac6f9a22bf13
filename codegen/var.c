/*
 * var.c - scratch variables
 *
 * A scalar has a stack slot that LLVM turns into a register. Other values have memory, but for what
 * was found in foreign memory and is too long or of unknown length: such a variable keeps the
 * address. `$a = args` keeps nothing, its members are read from the context.
 *
 * Storage is made when the first statement touches the variable. If that is an assignment, nobody
 * can read an older value, and clearing it first would be a waste.
 */
#include "codegen/codegen_impl.h"

#define COPY_MAX 1024 /* larger structs are referred to, not copied */

const struct type *var_type(const struct var *var)
{
    if (!var->type)
        BUG("variable $%.*s has no type", STRF(var->name));
    return var->type;
}

static void clear(struct cg *cg, const struct cg_var *v, const struct type *type)
{
    switch (v->kind) {
    case VAR_SCALAR:
        memory_store(cg, LLVMConstInt(llvm_int(cg, type->size), 0, false), v->slot);
        break;
    case VAR_MEMORY:
        memory_zero(cg, v->slot,
                    type->kind == TYPE_STRING && type->size > STRING_CLEAN ? 1 : type->size);
        break;
    case VAR_REF:
        memory_store(cg, llvm_const(cg, 0), v->slot);
        break;
    case VAR_CTX:
        break;
    }
}

static struct cg_var *new_storage(struct cg *cg, struct var *var, enum var_kind kind, bool cleared)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(cg->b);
    struct cg_var *v = ARENA_NEW(&cg->arena, struct cg_var);
    const struct type *type = var_type(var);

    v->kind = kind;
    v->frame = cg->frame;
    if (kind == VAR_SCALAR)
        v->slot = memory_slot_kept(cg, llvm_int(cg, type->size));
    else if (kind == VAR_REF)
        v->slot = memory_slot_kept(cg, cg->i64);
    else if (kind == VAR_MEMORY)
        v->slot = memory_keep(cg, type->size);
    if (cleared) {
        block_enter(cg, cg->frame->setup);
        clear(cg, v, type);
        block_enter(cg, here);
    }
    var->storage = v;
    return v;
}

static enum var_kind kind_of(struct cg *cg, const struct var *var)
{
    const struct type *type = var_type(var);

    if (type_is_scalar(type))
        return VAR_SCALAR;
    return cg->probe && type == cg->probe->args ? VAR_CTX : VAR_MEMORY;
}

struct cg_var *var_storage(struct cg *cg, struct var *var)
{
    struct cg_var *v = var->storage;

    return v ? v : new_storage(cg, var, kind_of(cg, var), true);
}

static bool in_reach(struct cg *cg, const struct var *var, const struct cg_var *v, struct span at)
{
    if (v->frame == cg->frame)
        return true;
    return cg_error(cg, at, "$%.*s cannot be used inside this loop", STRF(var->name));
}

bool var_load(struct cg *cg, struct var *var, struct span at, struct cg_val *out)
{
    const struct cg_var *v = var_storage(cg, var);
    const struct type *type = var_type(var);

    if (!in_reach(cg, var, v, at))
        return false;
    switch (v->kind) {
    case VAR_SCALAR:
        *out = memory_place(v->slot, type);
        out->as = var->as;
        *out = cg_load(cg, *out);
        break;
    case VAR_MEMORY:
        *out = memory_place(v->slot, type);
        out->raw = v->raw;
        break;
    case VAR_REF:
        *out = (struct cg_val){
            .where = CG_REMOTE, .v = memory_load(cg, cg->i64, v->slot), .type = type, .as = v->as
        };
        break;
    case VAR_CTX:
        *out = (struct cg_val){ .where = CG_CTX, .type = type };
        break;
    }
    return true;
}

bool var_store(struct cg *cg, struct var *var, struct cg_val val, struct span at)
{
    struct cg_var *v = var_storage(cg, var);
    const struct type *type = var_type(var);

    if (!in_reach(cg, var, v, at))
        return false;
    switch (v->kind) {
    case VAR_SCALAR:
        memory_store(cg, cg_convert(cg, val, type).v, v->slot);
        break;
    case VAR_MEMORY:
        v->raw |= type->kind == TYPE_STRING && (val.where != CG_PLACE || val.raw);
        return cg_store(cg, memory_place(v->slot, type), type, val, at);
    case VAR_REF:
        if (val.where == CG_PLACE) { /* must outlive the statement */
            LLVMValueRef copy = memory_keep(cg, type->size);

            if (!cg_store(cg, memory_place(copy, type), type, val, at))
                return false;
            val = memory_place(copy, type);
        }
        val = memory_remote(cg, val);
        memory_store(cg, val.v, v->slot);
        break;
    case VAR_CTX:
        break;
    }
    return true;
}

void var_zero(struct cg *cg, struct var *var)
{
    const struct cg_var *v = var->storage;

    if (!v)
        v = new_storage(cg, var, kind_of(cg, var), false);
    clear(cg, v, var_type(var));
}

/* ---- assignment ---- */

struct search {
    const struct var *var;
    bool found;
};

static bool search_expr(void *ctx, struct expr **e)
{
    struct search *s = ctx;

    s->found |= (*e)->kind == EXPR_VAR && (*e)->var.sym == s->var;
    return !s->found;
}

static bool uses(const struct expr *e, const struct var *var)
{
    struct search s = { .var = var };
    struct ast_walker walker = { .ctx = &s, .pre_expr = search_expr };
    struct expr *root = (struct expr *)e; /* the walker replaces nothing unless asked to */

    ast_walk_expr(&walker, &root);
    return s.found;
}

/* A long array or struct in foreign memory stays there. */
static bool prefers_reference(const struct type *type)
{
    return type->kind == TYPE_ARRAY || (type->kind == TYPE_STRUCT && type->size > COPY_MAX);
}

static bool assign_first(struct cg *cg, struct var *var, const struct expr *value)
{
    struct cg_val v = { 0 };
    struct cg_var *storage;

    if (!cg_expr(cg, value, &v))
        return false;
    if (v.where == CG_REMOTE || v.where == CG_CTX) {
        v = memory_remote(cg, v);
        storage = new_storage(cg, var, VAR_REF, false);
        storage->as = v.as;
    } else {
        new_storage(cg, var, VAR_MEMORY, false);
    }
    return var_store(cg, var, v, value->at);
}

bool var_assign(struct cg *cg, struct var *var, const struct expr *value)
{
    const struct type *type = var_type(var);
    struct cg_var *v = var->storage;
    struct cg_val val = { 0 };

    if (!v && kind_of(cg, var) == VAR_MEMORY && prefers_reference(type))
        return assign_first(cg, var, value);
    if (!v)
        v = new_storage(cg, var, kind_of(cg, var), false);
    if (!in_reach(cg, var, v, value->at))
        return false;
    if (v->kind == VAR_MEMORY && (value->kind == EXPR_TUPLE || value->kind == EXPR_STRING) &&
        !uses(value, var))
        return expr_to(cg, value, v->slot, type);
    if (v->kind == VAR_MEMORY && value->type == type && !uses(value, var)) {
        val.into = v->slot;
        val.into_size = type->size;
    }
    return cg_expr(cg, value, &val) && var_store(cg, var, val, value->at);
}
