/*
 * map.c - maps as a whole, and their entries without the value
 *
 * Keys are looked up in the program, at once. clear() and zero() walk the map in user space when
 * their record arrives, in order with print().
 */
#include "builtins/builtin.h"

#include "codegen/emit.h"
#include "runtime/event.h"
#include "sema/call.h"

#include <errno.h>

static bool is_keyed(const struct expr *map)
{
    return !map->map.sym->scalar;
}

static bool keyed_check(struct sema *s, struct expr *call)
{
    const struct expr *map = call_arg(call, 0);

    if (is_keyed(map))
        return true;
    diag_error(s->c->diags, map->at, "%.*s() expects a map with keys, %.*s has none",
               STRF(call->call.name), STRF(map->map.name));
    return false;
}

/* ---- delete() ---- */

/* A map without keys has one value, and delete(@m) removes it. */
static bool delete_check(struct sema *s, struct expr *call)
{
    const struct expr *map = call_arg(call, 0), *key = call_arg(call, 1);
    struct diag *d;

    if (is_keyed(map) && !key) {
        d = diag_error(s->c->diags, map->at, "delete() needs a key of %.*s", STRF(map->map.name));
        diag_hint(s->c->diags, d, "clear(%.*s) removes all entries", STRF(map->map.name));
        return false;
    }
    if (!is_keyed(map) && key) {
        d = diag_error(s->c->diags, key->at, "%.*s has no keys", STRF(map->map.name));
        diag_hint(s->c->diags, d, "delete(%.*s) removes its value", STRF(map->map.name));
        return false;
    }
    return true;
}

static bool delete_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    /* Who looks at the result hears of a missing key that way; sema/check.c notes it here. */
    bool report = call->call.dropped;

    return cg_map_delete(cg, call_arg(call, 0), call_arg(call, 1), report, out);
}

/* ---- has_key(), len() ---- */

static bool has_key_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    return cg_map_has(cg, call_arg(call, 0), call_arg(call, 1), out);
}

/* Stacks begin with their number of frames; ustack has the process before it. */
static int frames_offset(const struct type *t)
{
    if (t->kind != TYPE_OPAQUE)
        return -1;
    return str_eqz(t->name, "kstack") ? 0 : str_eqz(t->name, "ustack") ? 8 : -1;
}

static bool len_check(struct sema *s, struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);

    if (arg->kind == EXPR_MAP && arg->map.whole)
        return keyed_check(s, call);
    if (frames_offset(arg->type) >= 0)
        return true;
    diag_error(s->c->diags, arg->at, "len() expects a map with keys or a stack, got %.*s",
               STRF(type_name(s->c->arena, arg->type)));
    return false;
}

static bool len_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *i64 = type_int(cg_types(cg), 8, true);
    const struct expr *arg = call_arg(call, 0);
    struct cg_val stack = { 0 }, place;

    if (arg->kind == EXPR_MAP && arg->map.whole)
        return cg_map_len(cg, arg, out);
    if (!cg_expr(cg, arg, &stack) || !cg_in_memory(cg, stack, &place, arg->at))
        return false;
    *out = cg_load(cg, cg_at(cg, place, (uint32_t)frames_offset(arg->type), i64));
    return true;
}

/* ---- find() ---- */

/* find(@m, k, $v) is { let $key = k; has_key(@m, $key) } and, if so, { $v = @m[$key] }. */
struct find {
    struct expr *key, *keep_key, *read;
};

static struct expr *var_expr(struct arena *a, struct span at, struct var *var)
{
    struct expr *e = ast_expr(a, EXPR_VAR, at);

    e->var.name = var->name;
    e->var.sym = var;
    e->type = var->type;
    e->as = var->as;
    return e;
}

static struct expr *block_of(struct planner *p, struct stmt *stmt)
{
    struct expr *e = ast_expr(p->c->arena, EXPR_BLOCK, stmt->at);

    e->type = type_none(p->c->image->types);
    e->block.at = stmt->at;
    e->block.stmts = stmt;
    return e;
}

static bool find_plan(struct planner *p, struct expr *call)
{
    struct expr *map = call_arg(call, 0), *key = call_arg(call, 1), *value = call_arg(call, 2);
    struct arena *a = p->c->arena;
    struct find *find = ARENA_NEW(a, struct find);
    struct var *var = ARENA_NEW(a, struct var);
    struct stmt *let = ast_stmt(a, STMT_LET, key->at), *assign = ast_stmt(a, STMT_ASSIGN, call->at);
    struct expr *entry = ast_map(a, map->at, map->map.name, NULL);

    *var = (struct var){ .name = STR("key"), .at = key->at, .as = key->as };
    var->type = map->map.sym->key;
    let->let.name = var->name;
    let->let.name_at = key->at;
    let->let.init = key;
    let->let.sym = var;
    find->key = var_expr(a, key->at, var);
    entry->map.key = find->key;
    entry->map.sym = map->map.sym;
    entry->type = value->type;
    entry->as = map->map.sym->as;
    assign->assign.target = value;
    assign->assign.value = entry;
    find->keep_key = block_of(p, let);
    find->read = block_of(p, assign);
    call->call.priv = find;
    return true;
}

static bool find_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct find *find = call->call.priv;
    struct cg_val unused = { 0 };
    struct cg_if found;
    bool ok;

    /* Naming the variable first makes sure that it has a value also where nothing is found. */
    if (!cg_expr(cg, call_arg(call, 2), &unused) || !cg_expr(cg, find->keep_key, &unused) ||
        !cg_map_has(cg, call_arg(call, 0), find->key, out))
        return false;
    found = cg_if_begin(cg, *out);
    ok = cg_expr(cg, find->read, &unused);
    cg_if_end(cg, &found);
    return ok;
}

/* ---- clear(), zero() ---- */

static bool whole_plan(struct planner *p, struct expr *call)
{
    struct image_action *a = plan_action(p, call, NULL, 0);

    a->map = call_arg(call, 0)->map.sym->index;
    a->control = true;
    return true;
}

static bool whole_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_none(cg);
    return cg_record_args(cg, call, call->call.n_args);
}

static int change(struct session *s, const struct image_action *a,
                  int (*how)(struct session *, int, struct err *))
{
    struct err e;

    if (a->map < 0) /* a damaged image */
        return -EINVAL;
    if (how(s, a->map, &e) < 0)
        session_error(s, a, "%s", e.text);
    return 0;
}

static int clear_event(struct session *s, const struct image_action *a, const void *data,
                       size_t len)
{
    (void)data;
    (void)len;
    return change(s, a, maps_clear);
}

static int zero_event(struct session *s, const struct image_action *a, const void *data, size_t len)
{
    (void)data;
    (void)len;
    return change(s, a, maps_zero);
}

const struct builtin builtins_map[] = {
    {
        .name = "delete",
        .sig = "bool(map, [key])",
        .doc = "Removes an entry; true if there was one.",
        .flags = BUILTIN_EFFECT,
        .check = delete_check,
        .emit = delete_emit,
    },
    {
        .name = "has_key",
        .sig = "bool(map, key)",
        .doc = "Does the map have an entry with this key?",
        .check = keyed_check,
        .emit = has_key_emit,
    },
    {
        .name = "find",
        .sig = "bool(map, key, var)",
        .doc = "Copies the value of a key to a variable, if there is one.",
        .flags = BUILTIN_EFFECT,
        .check = keyed_check,
        .plan = find_plan,
        .emit = find_emit,
    },
    {
        .name = "len",
        .sig = "int64(any)",
        .doc = "Number of entries of a map, or of frames of a stack.",
        .check = len_check,
        .emit = len_emit,
    },
    {
        .name = "clear",
        .sig = "void(map)",
        .doc = "Removes all entries of a map.",
        .plan = whole_plan,
        .emit = whole_emit,
        .event = clear_event,
    },
    {
        .name = "zero",
        .sig = "void(map)",
        .doc = "Sets all values of a map to zero; keys stay.",
        .plan = whole_plan,
        .emit = whole_emit,
        .event = zero_event,
    },
    { .name = NULL },
};
