/*
 * check_aot.c - what a script may not contain that is compiled to a program of its own
 *
 * Such a program is started later, perhaps elsewhere: what hark looks up while it compiles
 * (addresses, layouts of structs, words of the command line) would be that of another machine.
 */
#include "sema/sema_impl.h"

static void refuse(struct compile *c, struct span at, const char *what)
{
    diag_hint(c->diags, diag_error(c->diags, at, "%s cannot be used with --aot", what),
              "it is settled while compiling, and the program may run on another machine");
}

static bool is_looked_up(struct str name)
{
    return str_eqz(name, "kaddr") || str_eqz(name, "uaddr") || str_eqz(name, "cgroupid") ||
           str_eqz(name, "percpu_kaddr");
}

static bool is_struct_pointer(const struct type_expr *t)
{
    return (t->tag == 's' || t->tag == 'u') && t->n_suffixes && t->suffixes[0].kind == SUFFIX_PTR;
}

static bool visit(void *ctx, struct expr **slot)
{
    struct compile *c = ctx;
    const struct expr *e = *slot;

    if (e->kind == EXPR_PARAM || e->kind == EXPR_NPARAMS)
        refuse(c, e->at, "a positional parameter");
    else if (e->kind == EXPR_IDENT && str_eqz(e->text, "curtask"))
        refuse(c, e->at, "curtask");
    else if (e->kind == EXPR_CALL && str_eqz(e->call.name, "curtask"))
        refuse(c, e->at, "curtask");
    else if (e->kind == EXPR_CALL && is_looked_up(e->call.name))
        refuse(c, e->at, str_printf(c->arena, "%.*s()", STRF(e->call.name)).p);
    else if (e->kind == EXPR_CAST && is_struct_pointer(e->cast.to))
        refuse(c, e->at, "a cast to a pointer to a struct");
    return true;
}

bool sema_check_aot(struct compile *c)
{
    const struct ast_walker walker = { .ctx = c, .pre_expr = visit };
    unsigned before = c->diags->errors;

    for (struct function *f = c->program->functions; f; f = f->next)
        ast_walk_block(&walker, &f->body);
    for (struct probe *p = c->program->probes; p; p = p->next)
        ast_walk_probe(&walker, p);
    return c->diags->errors == before;
}
