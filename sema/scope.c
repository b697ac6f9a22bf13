/*
 * scope.c - scratch variables and the blocks they live in
 *
 * A scope is a block of the script while resolve.c walks through it. Bodies of for loops become
 * functions of their own, so a variable that is used inside and declared outside is noted: code
 * generation hands it over by reference.
 */
#include "sema/sema_impl.h"

struct var *scope_find(const struct scope *scope, struct str name)
{
    for (; scope; scope = scope->outer) {
        struct var *var = map_get(&scope->vars, name);

        if (var)
            return var;
    }
    return NULL;
}

/* The variables of a macro get a number, so that each expansion has its own; people never see it.
 */
static struct str shown(struct str name)
{
    ptrdiff_t end = str_find(name, '#');

    return end < 0 ? name : str_sub(name, 0, (size_t)end);
}

static void capture(struct arena *a, struct stmt *loop, struct var *var)
{
    struct var **list;

    for (unsigned i = 0; i < loop->for_.n_captured; i++) {
        if (loop->for_.captured[i] == var)
            return;
    }
    list = ARENA_ARRAY(a, struct var *, loop->for_.n_captured + 1);
    for (unsigned i = 0; i < loop->for_.n_captured; i++)
        list[i] = loop->for_.captured[i];
    list[loop->for_.n_captured++] = var;
    loop->for_.captured = list;
    var->captured = true;
}

struct var *scope_use(struct arena *a, const struct scope *scope, struct str name)
{
    struct var *var = scope_find(scope, name);

    for (; var && map_get(&scope->vars, name) != var; scope = scope->outer) {
        if (scope->loop)
            capture(a, scope->loop, var);
    }
    return var;
}

struct var *scope_declare(struct arena *a, struct scope *scope, struct str name, struct span at)
{
    struct var *var = ARENA_NEW(a, struct var);

    var->name = shown(name);
    var->at = at;
    map_set(&scope->vars, name, var);
    return var;
}

void scope_close(struct scope *scope)
{
    map_free(&scope->vars);
}
