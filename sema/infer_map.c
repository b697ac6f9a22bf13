/*
 * infer_map.c - what maps and variables hold: every use has a say in the type
 *
 * A use first widens the type of its symbol (silently, again and again); in the last walk it is
 * compared with what became of it. So a mismatch is reported at the later use, with the place where
 * the symbol got its type.
 */
#include "sema/sema_impl.h"

static const struct type *wrong(const struct sema *s)
{
    return type_error(sema_types(s));
}

static bool is_aggregate(const struct type *t)
{
    return t->kind == TYPE_OPAQUE && t->vk->aggregate;
}

/* *slot becomes the type both fit; true if that changed it. Wrong types wait for a better one. */
static bool widen(struct sema *s, const struct type **slot, const struct type *t)
{
    const struct type *both = t;

    if (*slot)
        both = infer_promote(s, *slot, t, NULL);
    if (!both || both == *slot)
        return false;
    *slot = both;
    s->changed = true;
    return true;
}

static void join(struct sema *s, enum addr_space *slot, enum addr_space as)
{
    enum addr_space both = as_join(*slot, as);

    if (both == *slot)
        return;
    *slot = both;
    s->changed = true;
}

static const char *storable_why(struct sema *s, const struct type *t)
{
    if (t->kind == TYPE_NONE || t->kind == TYPE_FUNC)
        return "that is no value";
    if (s->probe && s->probe->args == t)
        return "the context of a probe ends with the probe";
    if (!type_is_complete(t))
        return "its size is not known";
    return NULL;
}

/* ---- types that were looked at ---- */

static const struct type_lock *find_lock(const struct sema *s, const void *sym)
{
    const struct type_lock *lock = s->locks;

    while (lock && lock->sym != sym)
        lock = lock->next;
    return lock;
}

void infer_lock(struct sema *s, const struct expr *e)
{
    const void *sym = e->kind == EXPR_VAR   ? (const void *)e->var.sym
                      : e->kind == EXPR_MAP ? (const void *)e->map.sym
                                            : NULL;
    struct type_lock *lock;

    if (!sym || !e->type || e->type->kind == TYPE_ERROR || find_lock(s, sym))
        return;
    lock = ARENA_NEW(s->c->arena, struct type_lock);
    *lock = (struct type_lock){ sym, infer_settle(s, e->type), e->at, s->locks };
    s->locks = lock;
}

/* Would the value have changed what sizeof() said? */
static void check_lock(struct sema *s, const void *sym, struct str name, const struct type *t,
                       struct span at)
{
    const struct type_lock *lock = find_lock(s, sym);
    const struct type *both = lock ? infer_promote(s, lock->type, t, NULL) : NULL;
    struct diag *d;

    if (!both || infer_settle(s, both) == lock->type)
        return;
    d = sema_error(s, at, "%.*s must stay %s, this is %s", STRF(name),
                   sema_type_name(s, lock->type), sema_type_name(s, t));
    if (d)
        diag_note(s->c->diags, d, lock->at, "its type is looked at here");
}

/* ---- keys ---- */

static void check_key(struct sema *s, struct map_sym *sym, struct expr *key)
{
    const struct type *t = key->type;
    const char *why = is_aggregate(t) ? "it exists only as the value of a map" : storable_why(s, t);
    bool lossy = false;
    struct diag *d;

    if (why) {
        sema_error(s, key->at, "%s cannot be a key: %s", sema_type_name(s, t), why);
        return;
    }
    if (infer_promote(s, sym->key, t, &lossy)) {
        if (sym->key->kind == TYPE_INT && !t->is_flex)
            infer_fits(s, sym->key, key,
                       arena_printf(s->c->arena, "the key of %.*s", STRF(sym->name)));
        return;
    }
    d = sema_error(s, key->at, "the key of %.*s is %s, this is %s", STRF(sym->name),
                   sema_type_name(s, sym->key), sema_type_name(s, t));
    if (d && !span_is_none(sym->key_at))
        diag_note(s->c->diags, d, sym->key_at, "its keys are %s since here",
                  sema_type_name(s, sym->key));
}

void infer_map_key(struct sema *s, struct map_sym *sym, struct expr *key)
{
    const struct type *t = key ? infer_value(s, key) : NULL;

    if (!t)
        return;
    if (t->kind == TYPE_ERROR) {
        if (!sym->key)
            widen(s, &sym->key, t);
    } else if (!s->report) {
        bool first = !sym->key || sym->key->kind == TYPE_ERROR;

        if (!is_aggregate(t) && widen(s, &sym->key, t) && first)
            sym->key_at = key->at;
    } else if (sym->key) {
        check_key(s, sym, key);
    }
}

/* ---- values ---- */

static void value_mismatch(struct sema *s, struct map_sym *sym, const struct type *t,
                           struct span at)
{
    const struct type *have = sym->value;
    bool same_kind = have->kind == TYPE_OPAQUE && t->kind == TYPE_OPAQUE && have->vk == t->vk;
    struct diag *d;

    if (same_kind && is_aggregate(t))
        d = sema_error(s, at, "all uses of %.*s as %s need the same parameters", STRF(sym->name),
                       sema_type_name(s, t));
    else
        d = sema_error(s, at, "%.*s holds %s, this is %s", STRF(sym->name), sema_type_name(s, have),
                       sema_type_name(s, t));
    if (d && !span_is_none(sym->value_at))
        diag_note(s->c->diags, d, sym->value_at,
                  same_kind ? "other parameters stand here" : "its values are %s since here",
                  sema_type_name(s, have));
}

void infer_map_value(struct sema *s, struct map_sym *sym, const struct type *t, enum addr_space as,
                     struct span at)
{
    bool lossy = false;
    const char *why;

    if (!t)
        return;
    join(s, &sym->as, as);
    if (t->kind == TYPE_ERROR) {
        if (!sym->value)
            widen(s, &sym->value, t);
    } else if (!s->report) {
        bool first = !sym->value || sym->value->kind == TYPE_ERROR;

        if (widen(s, &sym->value, t) && first)
            sym->value_at = at;
    } else if ((why = storable_why(s, t))) {
        sema_error(s, at, "%s cannot be stored in a map: %s", sema_type_name(s, t), why);
    } else if (!infer_promote(s, sym->value, t, &lossy)) {
        value_mismatch(s, sym, t, at);
    } else {
        check_lock(s, sym, sym->name, t, at);
    }
    if (lossy)
        sema_warn(s, at, "%.*s holds %s; a value of type %s may not survive that", STRF(sym->name),
                  sema_type_name(s, sym->value), sema_type_name(s, t));
}

const struct type *infer_map(struct sema *s, struct expr *e)
{
    struct map_sym *sym = e->map.sym;

    infer_map_key(s, sym, e->map.key);
    e->as = sym->as;
    return e->map.whole ? sym->value : infer_reduced(s, sym->value);
}

/* ---- assignments ---- */

/* What "target op= value" stores. NULL: not known yet. */
static const struct type *infer_compound(struct sema *s, struct stmt *stmt, const struct type *l)
{
    struct expr *value = stmt->assign.value;
    struct expr sum = { .kind = EXPR_BINARY, .at = stmt->at };
    struct expr left = *stmt->assign.target;
    const struct type *r = value->type;

    if (!l) /* starts at zero */
        l = type_flex_int(sema_types(s), 1);
    if (!r || l->kind == TYPE_ERROR || r->kind == TYPE_ERROR)
        return r && l->kind == TYPE_ERROR ? l : r;
    left.type = l;
    if (is_aggregate(l)) {
        sema_error(s, stmt->at, "%s is counted by its function, not with %s=", sema_type_name(s, l),
                   op_text(stmt->assign.op));
        return wrong(s);
    }
    if (type_is_integral(l) && type_is_integral(r))
        return infer_arithmetic(s, stmt->assign.op, l, r, NULL);
    sum.binary.op = stmt->assign.op;
    sum.binary.l = &left;
    sum.binary.r = value;
    return infer_sum(s, &sum);
}

/* @x = @y, where @y counts something: which of its numbers is meant cannot be guessed. */
static bool is_copied_aggregate(const struct expr *value)
{
    return value->kind == EXPR_MAP && !value->map.whole && value->map.sym->value &&
           is_aggregate(value->map.sym->value);
}

static void copy_aggregate(struct sema *s, struct map_sym *to, const struct expr *value)
{
    const struct type *t = value->map.sym->value;
    bool number = to->value && to->value->kind == TYPE_INT && !span_is_none(to->value_at);
    struct diag *d;

    if (t->vk->castable && number) { /* another assignment says that a number is meant */
        infer_map_value(s, to, infer_reduced(s, t), AS_NONE, value->at);
        return;
    }
    d = sema_error(s, value->at, "%.*s is a %s, which cannot be copied", STRF(value->map.name),
                   sema_type_name(s, t));
    if (d && t->vk->castable)
        diag_hint(s->c->diags, d, "store its number: (int64)%.*s, or call its function on %.*s",
                  STRF(sema_text(s, value->at)), STRF(to->name));
    else if (d)
        diag_hint(s->c->diags, d, "call its function on %.*s, too", STRF(to->name));
}

void infer_assign_map(struct sema *s, struct stmt *stmt)
{
    struct expr *target = stmt->assign.target, *value = stmt->assign.value;
    struct map_sym *sym = target->map.sym;
    const struct type *t;

    infer_map_key(s, sym, target->map.key);
    if (infer_is_update(value) && !stmt->assign.compound) {
        t = infer_update(s, value);
        value->type = t;
        infer_map_value(s, sym, t, AS_NONE, value->at);
    } else {
        t = infer_value(s, value);
        if (!stmt->assign.compound && is_copied_aggregate(value)) {
            copy_aggregate(s, sym, value);
        } else {
            if (stmt->assign.compound)
                t = infer_compound(s, stmt, sym->value);
            infer_map_value(s, sym, t, value->as, value->at);
        }
    }
    target->type = sym->value;
    target->as = sym->as;
}

/* ---- variables ---- */

static void check_declared(struct sema *s, const struct var *var, const struct type *t)
{
    const char *why = is_aggregate(t)          ? "it exists only as the value of a map"
                      : t->kind == TYPE_NONE   ? "it has no values"
                      : type_is_open_array(t)  ? "its length is missing"
                      : type_is_complete(t)    ? NULL
                      : t->kind == TYPE_STRING ? NULL
                      : t->kind == TYPE_BUFFER ? NULL
                      : t->kind == TYPE_ERROR  ? NULL
                                               : "its size is not known";

    if (why)
        sema_error(s, var->declared->at, "$%.*s cannot be of type %s: %s", STRF(var->name),
                   sema_type_name(s, t), why);
}

/* string and buffer without a size are as large as what is put into them. */
static const struct type *unsized_start(const struct sema *s, const struct var *var,
                                        const struct type *t)
{
    uint32_t n = var->is_param ? (uint32_t)s->c->config->max_strlen : 1;

    return t->kind == TYPE_STRING ? type_string(sema_types(s), n) : type_buffer(sema_types(s), n);
}

static void infer_declared(struct sema *s, struct var *var, const struct type *t,
                           struct expr *value)
{
    const struct type *to = typename_infer(s, var->declared);
    const char *name = arena_printf(s->c->arena, "$%.*s", STRF(var->name));
    bool unsized;

    if (!to)
        return;
    unsized = (to->kind == TYPE_STRING || to->kind == TYPE_BUFFER) && !to->size;
    if (!var->type || var->type->kind == TYPE_ERROR)
        widen(s, &var->type, unsized ? unsized_start(s, var, to) : to);
    if (s->report && !value)
        check_declared(s, var, to);
    if (unsized && t && t->kind == to->kind && !var->is_param)
        widen(s, &var->type, t);
    else if (value && s->report)
        infer_fits(s, var->type, value, name);
}

static void var_mismatch(struct sema *s, const struct var *var, const struct type *t,
                         struct span at)
{
    struct diag *d = sema_error(s, at, "$%.*s is %s, this is %s", STRF(var->name),
                                sema_type_name(s, var->type), sema_type_name(s, t));

    if (d)
        diag_note(s->c->diags, d, var->at, "$%.*s is %s since here", STRF(var->name),
                  sema_type_name(s, var->type));
}

void infer_var(struct sema *s, struct var *var, const struct type *t, enum addr_space as,
               struct span at, struct expr *value)
{
    join(s, &var->as, as);
    if (var->declared) {
        infer_declared(s, var, t, value);
        return;
    }
    if (!t)
        return;
    if (t->kind == TYPE_ERROR) {
        if (!var->type)
            widen(s, &var->type, t);
    } else if (is_aggregate(t)) {
        sema_error(s, at, "%s exists only as the value of a map and cannot be kept in $%.*s",
                   sema_type_name(s, t), STRF(var->name));
        if (!var->type)
            widen(s, &var->type, wrong(s));
    } else if (!s->report) {
        widen(s, &var->type, t);
    } else if (!infer_promote(s, var->type, t, NULL)) {
        var_mismatch(s, var, t, at);
    } else {
        check_lock(s, var, str_printf(s->c->arena, "$%.*s", STRF(var->name)), t, at);
        if (value && var->type->kind == TYPE_INT && !var->type->is_flex && !t->is_flex)
            infer_fits(s, var->type, value, arena_printf(s->c->arena, "$%.*s", STRF(var->name)));
    }
}

void infer_assign_var(struct sema *s, struct stmt *stmt)
{
    struct expr *target = stmt->assign.target, *value = stmt->assign.value;
    struct var *var = target->var.sym;
    const struct type *t = infer_value(s, value);

    if (!stmt->assign.compound) {
        infer_var(s, var, t, value->as, value->at, value);
    } else {
        t = infer_compound(s, stmt, var->type);
        /* $x += 1 on a declared uint8 wraps, as in C; no word about that */
        if (!var->declared || !t || !var->type || !type_is_integral(t) ||
            !type_is_integral(var->type))
            infer_var(s, var, t, value->as, value->at, NULL);
    }
    target->type = var->type;
    target->as = var->as;
}
