/*
 * macro_builtin.c - builtins that are written in the language itself
 *
 * The definition is text in the builtin's table entry, read when the first call asks for it. What
 * it expands to has the place of the call: nobody wants to know where in hark a message comes from.
 */
#include "sema/sema_impl.h"

#include "parser/parse.h"

static struct macro *read_macro(struct compile *c, const struct builtin *fn)
{
    struct str name = str_printf(c->arena, "%s()", fn->name);
    struct parser p = {
        .arena = c->arena,
        .diags = c->diags,
        .source = source_add(c->sources, c->arena, name, str_from(fn->macro)),
        .is_builtin = import_is_builtin,
        .ctx = c,
    };

    if (!p.source)
        return NULL;
    if (!parse_program(&p) || !p.program->macros || p.program->macros->next)
        BUG("the definition of %s() is no macro", fn->name);
    p.program->macros->is_builtin = true;
    return p.program->macros;
}

const struct macro *macro_of_builtin(struct compile *c, struct str name)
{
    const struct builtin *fn = builtin_find(c->registry, name);
    struct macro *m = c->library;

    if (!fn || !fn->macro)
        return NULL;
    while (m && !str_eqz(m->name, fn->name))
        m = m->next;
    if (!m && (m = read_macro(c, fn))) {
        m->next = c->library;
        c->library = m;
    }
    return m;
}
