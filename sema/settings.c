/*
 * settings.c - what a script sets before its first probe: the config block, the C part
 *
 * The C part is read by types/cdef.c item by item; here is what stands behind it when it asks for
 * a name it does not define: the kernel's BTF, opened only then.
 */
#include "sema/sema_impl.h"

#include "kernel/kernel.h"

/* ---- config = { … } ---- */

static void apply_setting(struct compile *c, const struct setting *set)
{
    struct str why = STR("");

    switch (config_set(c->config, &c->image->arena, set->key, set->value, &why)) {
    case CONFIG_OK:
        return;
    case CONFIG_RENAMED:
    case CONFIG_NO_EFFECT:
        diag_warn(c->diags, set->key_at, "%.*s", STRF(why));
        return;
    case CONFIG_UNKNOWN:
    case CONFIG_ENV_ONLY:
        diag_error(c->diags, set->key_at, "%.*s", STRF(why));
        return;
    case CONFIG_BAD_VALUE:
        diag_error(c->diags, set->value_at, "%.*s", STRF(why));
        return;
    }
}

/* ---- the C part ---- */

static const struct type *lookup_type(void *ctx, char tag, struct str name)
{
    struct compile *c = ctx;

    return kernel_type(c->host->kernel, c->image->types, tag, name);
}

static bool lookup_constant(void *ctx, struct str name, uint64_t *value)
{
    struct compile *c = ctx;
    const struct type *type;

    return kernel_enum_const(c->host->kernel, c->image->types, name, value, &type);
}

/* --include FILE, before everything else. */
static void include_options(struct compile *c)
{
    const struct options *opt = &c->config->opt;

    for (size_t i = 0; i < opt->includes.n; i++) {
        struct str why = STR("");

        if (!include_header(c, path_real(c->arena, str_from(opt->includes.v[i])), false, &why))
            diag_error(c->diags, SPAN_NONE, "cannot include '%s': %.*s", opt->includes.v[i],
                       STRF(why));
    }
}

static void open_cdefs(struct compile *c)
{
    c->cdefs = ARENA_NEW(c->arena, struct cdefs);
    c->cdefs->types = c->image->types;
    c->cdefs->diags = c->diags;
    c->cdefs->lookup = lookup_type;
    c->cdefs->constant = lookup_constant;
    c->cdefs->include = include_header;
    c->cdefs->ctx = c;
    if (kernel_has_btf(c->host->kernel))
        cdef_predefine(c->cdefs, STR("BPFTRACE_HAVE_BTF"), STR("1"));
}

static void read_c_part(struct compile *c)
{
    struct cdef_state *state = NULL;

    include_options(c);
    for (const struct c_item *item = c->program->c_items; item; item = item->next)
        cdef_item(c->cdefs, &state, source_text(c->sources, item->at), item->at);
    cdef_end(c->cdefs, state);
}

bool sema_settings(struct compile *c)
{
    unsigned errors = c->diags->errors;

    for (const struct setting *set = c->program->settings; set; set = set->next)
        apply_setting(c, set);
    open_cdefs(c);
    import_scripts(c);
    follow_children(c);
    read_c_part(c);
    return sema_end(c, errors);
}
