/*
 * cgroup.c - cgroups: cgroupid() asks for the id of a directory while compiling, cgroup_path() for
 * the directories of an id when it is printed
 *
 * The value of cgroup_path() is { u64 id; u32 action; u32 0 }, where the action keeps the filter.
 */
#include "builtins/builtin.h"

#include "base/host.h"
#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "output/value.h"
#include "sema/call.h"

#include <string.h>

/* ---- cgroupid() ---- */

/* A call that is wrong otherwise is told of when it is matched with its signature. */
static void cgroupid_fold(struct sema *s, struct expr **call)
{
    struct expr *id = ast_expr(s->c->arena, EXPR_INT, (*call)->at);
    struct err e = { 0 };
    struct str path;
    struct diag *d;

    if ((*call)->call.n_args != 1 || !call_lit_str(*call, 0, &path))
        return;
    if (kernel_cgroup_id(s->c->host->kernel, path, &id->num, &e)) {
        d = diag_error(s->c->diags, call_arg(*call, 0)->at, "%s", e.text);
        if (e.hint[0])
            diag_hint(s->c->diags, d, "%s", e.hint);
    }
    *call = id;
}

/* ---- cgroup_path() ---- */

static bool cgroup_path_plan(struct planner *p, struct expr *call)
{
    struct image_action *a = plan_action(p, call, NULL, 0);
    struct str filter = STR("*");

    call_lit_str(call, 1, &filter);
    a->text = str_dup(&p->c->image->arena, filter);
    return true;
}

static bool cgroup_path_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    struct cg_val place = cg_result_place(cg, out, call->type), id = { 0 };
    const struct expr *arg = call_arg(call, 0);

    return cg_expr(cg, arg, &id) && cg_store(cg, cg_at(cg, place, 0, NULL), u64, id, arg->at) &&
           cg_store(cg, cg_at(cg, place, 8, NULL), u64, cg_u64(cg, call->call.action_id), arg->at);
}

static const struct value *cgroup_path_decode(const struct decode *d, const struct type *t,
                                              const void *bytes)
{
    struct buf b = { 0 };
    const struct value *v;
    uint64_t word[2];

    (void)t;
    memcpy(word, bytes, sizeof(word));
    if (word[1] < d->image->actions.n)
        kernel_cgroup_paths(d->host->kernel, word[0], d->image->actions.v[word[1]].text, &b);
    v = value_str(d->arena, VALUE_SYMBOL, str_dup(d->arena, buf_as_str(&b)));
    buf_free(&b);
    return v;
}

static const struct value_kind cgroup_path_kind = {
    .name = "cgroup_path_t",
    .size = 16,
    .align = 8,
    .tuple_bytes = true,
    .decode = cgroup_path_decode,
};

const struct builtin builtins_cgroup[] = {
    {
        .name = "cgroupid",
        .sig = "uint64(lit string)",
        .doc = "Id of a directory of the cgroup v2 file system.",
        .fold = cgroupid_fold,
    },
    {
        .name = "cgroup_path",
        .sig = "kind(int, [lit string])",
        .doc = "Paths of a cgroup in all hierarchies, or those whose name matches a pattern.",
        .kind = &cgroup_path_kind,
        .plan = cgroup_path_plan,
        .emit = cgroup_path_emit,
    },
    { .name = NULL },
};
