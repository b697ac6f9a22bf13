/*
 * plan.c - the manifest: maps, programs, actions
 *
 * What the runtime must know to load, attach and print, free of any link to the AST: everything is
 * copied into the image's arena.
 */
#include "sema/sema_impl.h"

#include "kernel/kernel.h"

enum { FN_NAME_MAX = 120 };

/* ---- for plan callbacks ---- */

struct location plan_location(struct planner *p, struct span at)
{
    struct location loc = { 0 };

    /* Points into the source: encoding the image copies it, once for all that share a line. */
    if (!source_trace(p->c->sources, &p->c->image->arena, at, &loc))
        return (struct location){ 0 };
    return loc;
}

struct image_action *plan_action(struct planner *p, struct expr *call,
                                 const struct type *const *payload, size_t n)
{
    struct image *image = p->c->image;
    struct image_action *action;

    call->call.action_id = (unsigned)image->actions.n;
    arena_vec_push(&image->arena, &image->actions,
                   (struct image_action){
                       .builtin = str_dup(&image->arena, str_from(call->call.fn->name)),
                       .payload = n ? type_tuple(image->types, payload, n) : NULL,
                       .map = -1,
                       .at = plan_location(p, call->at),
                       .fn = call->call.fn,
                   });
    action = &image->actions.v[image->actions.n - 1];
    call->call.action = action;
    return action;
}

/* ---- calls ---- */

struct walk {
    struct planner planner;
    bool ok;
};

static void plan_call(void *ctx, struct expr **ep)
{
    struct walk *walk = ctx;
    struct expr *e = *ep;

    if (e->kind == EXPR_CALL && e->call.fn && e->call.fn->plan)
        walk->ok &= e->call.fn->plan(&walk->planner, e);
}

/* The list of actions has moved while it grew. */
static bool fix_action(void *ctx, struct expr **ep)
{
    struct image *image = ctx;
    struct expr *e = *ep;

    if (e->kind == EXPR_CALL && e->call.action)
        e->call.action = &image->actions.v[e->call.action_id];
    return true;
}

static bool note_loop(void *ctx, struct stmt *stmt)
{
    struct image *image = ctx;

    image->uses_map_iteration |= stmt->kind == STMT_FOR_MAP;
    return true;
}

static bool plan_calls(struct compile *c)
{
    struct program *p = c->program;
    struct walk walk = { .planner = { .c = c }, .ok = true };
    struct ast_walker planner = { .ctx = &walk, .post_expr = plan_call };
    struct ast_walker fixer = { .ctx = c->image, .pre_expr = fix_action, .pre_stmt = note_loop };

    for (struct function *f = p->functions; f; f = f->next) {
        walk.planner.fn = f;
        ast_walk_block(&planner, &f->body);
    }
    walk.planner.fn = NULL;
    for (struct probe *probe = p->probes; probe; probe = probe->next) {
        walk.planner.probe = probe;
        ast_walk_probe(&planner, probe);
    }
    for (struct function *f = p->functions; f; f = f->next)
        ast_walk_block(&fixer, &f->body);
    for (struct probe *probe = p->probes; probe; probe = probe->next)
        ast_walk_probe(&fixer, probe);
    return walk.ok;
}

/* ---- programs ---- */

static bool is_name_char(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
}

/* "interval:s:1", 3 → interval_s_1_3. The number makes it unique. */
static struct str function_name(struct arena *a, struct str label, unsigned number)
{
    char *text =
        arena_printf(a, "%.*s_%u", (int)MIN(label.n, (size_t)FN_NAME_MAX - 11), label.p, number);

    for (char *p = text; *p; p++) {
        if (!is_name_char(*p))
            *p = '_';
    }
    if (*text >= '0' && *text <= '9')
        *text = '_';
    return str_from(text);
}

/* number: the how manyth of the script it is. A probe at the exit is part of the entry's program.
 */
static void plan_probe(struct compile *c, struct probe *probe, unsigned number)
{
    struct image *image = c->image;
    struct prog_spec spec = { 0 };
    struct image_probe out = { .provider =
                                   str_dup(&image->arena, str_from(probe->provider->name)) };

    probe->provider->program(&probe->targets[0], &image->arena, &spec);
    probe->index = (unsigned)image->probes.n;
    probe->fn_name = function_name(&image->arena, probe->targets[0].label, number);
    if (probe->entry)
        return;
    out.fn = probe->fn_name;
    out.is_session = probe->exit;
    if (probe->needs & CAP_SKB && spec.typed_section.n)
        spec.section = spec.typed_section;
    out.section = str_dup(&image->arena, spec.section);
    out.when = spec.when;
    out.targets.v = probe->targets;
    out.targets.n = out.targets.cap = probe->n_targets;
    arena_vec_push(&image->arena, &image->probes, out);
}

/* ---- the script's settings ---- */

static void plan_config(struct compile *c)
{
    struct arena *a = &c->image->arena;

    c->image->config = *c->config;
    c->image->config.opt = (struct options){ 0 };
#define UINT(name, ...)
#define BOOL(name, ...)
#define WORD(name, ...)
#define TEXT(name, ...) c->image->config.name = str_dup(a, c->config->name);
#include "base/config.def"
#undef UINT
#undef BOOL
#undef WORD
#undef TEXT
    if (c->sources->all.n)
        c->image->source_name = str_dup(a, c->sources->all.v[0]->name);
}

bool sema_plan(struct compile *c)
{
    unsigned errors = c->diags->errors, number = 0;

    plan_config(c);
    plan_maps(c);
    for (struct probe *probe = c->program->probes; probe; probe = probe->next)
        plan_probe(c, probe, ++number);
    for (struct probe *probe = c->program->probes; probe; probe = probe->next) {
        if (probe->entry)
            probe->index = probe->entry->index;
    }
    if (!plan_calls(c))
        return false;
    c->image->btf_identity = kernel_btf_identity(c->host->kernel);
    return sema_end(c, errors);
}
