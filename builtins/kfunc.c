/*
 * kfunc.c - what needs functions of the kernel that are no helpers
 *
 * Which there are differs between kernels and between types of programs: kfunc_exist() and
 * kfunc_allowed() ask, and comm(pid) makes do without.
 */
#include "builtins/builtin.h"

#include "base/host.h"
#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "sema/call.h"

#include <errno.h>
#include <string.h>

/* include/linux/sched.h: TASK_COMM_LEN */
#define COMM_SIZE 16
/* Of the name of another process: as long as the language says (15.6). */
#define OTHER_COMM_SIZE 64

/* The section of the programs of the probe at hand: it tells their type. */
static struct str section_of(const struct sema *s)
{
    struct prog_spec spec = { 0 };

    s->probe->provider->program(&s->probe->targets[0], s->c->arena, &spec);
    return spec.section;
}

static bool is_callable(const struct sema *s, struct str name, uint32_t *id)
{
    return s->probe && s->probe->n_targets &&
           kernel_kfunc(s->c->host->kernel, name, section_of(s), id);
}

/* ---- kfunc_exist(), kfunc_allowed() ---- */

static void fold_to(struct sema *s, struct expr **call, bool value)
{
    struct expr *e = ast_expr(s->c->arena, EXPR_BOOL, (*call)->at);

    e->num = value;
    *call = e;
}

static void exist_fold(struct sema *s, struct expr **call)
{
    struct str name;

    if (call_lit_str(*call, 0, &name))
        fold_to(s, call, kernel_kfunc_exists(s->c->host->kernel, name));
}

static void allowed_fold(struct sema *s, struct expr **call)
{
    struct str name;
    uint32_t id;

    if (call_lit_str(*call, 0, &name))
        fold_to(s, call, is_callable(s, name, &id));
}

/* ---- comm, comm(pid) ---- */

/* What comm(pid) calls; from_pid 0: this kernel has nothing like it. */
struct comm_of {
    uint32_t from_pid, release, offset;
};

static const struct type *comm_result(struct sema *s, struct expr *call)
{
    return type_string(sema_types(s), call->call.args ? OTHER_COMM_SIZE : COMM_SIZE);
}

static bool comm_check(struct sema *s, struct expr *call)
{
    struct kernel *kernel = s->c->host->kernel;
    struct comm_of *of = ARENA_NEW(s->c->arena, struct comm_of);
    struct field f;
    const struct type *task;

    call->call.priv = of;
    if (!call->call.args)
        return true;
    task = kernel_type(kernel, sema_types(s), 's', STR("task_struct"));
    if (!task || !type_find_field(sema_types(s), task, STR("comm"), &f) ||
        !kernel_kfunc_exists(kernel, STR("bpf_task_from_pid"))) {
        diag_warn(s->c->diags, call->at,
                  "this kernel cannot find a process by its number (bpf_task_from_pid): the name "
                  "is [unknown]");
        return true;
    }
    of->offset = f.offset;
    if (is_callable(s, STR("bpf_task_from_pid"), &of->from_pid) &&
        is_callable(s, STR("bpf_task_release"), &of->release))
        return true;
    diag_error(s->c->diags, call->at,
               "comm() of another process cannot be used here: the kernel "
               "does not let this type of program call bpf_task_from_pid");
    return false;
}

static bool other_comm(struct cg *cg, const struct expr *call, struct cg_val place)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    const struct type *i32 = type_int(cg_types(cg), 4, true),
                      *i64 = type_int(cg_types(cg), 8, true);
    const struct comm_of *of = call->call.priv;
    struct cg_val pid = { 0 }, task, name;
    struct cg_if found;

    if (!cg_expr(cg, call_arg(call, 0), &pid))
        return false;
    pid = cg_convert(cg, cg_load(cg, pid), i32);
    task = cg_kfunc(cg, of->from_pid, &pid, 1, u64);
    found = cg_if_begin(cg, cg_op(cg, OP_NE, task, cg_u64(cg, 0)));
    cg_zero(cg, place, OTHER_COMM_SIZE);
    name = cg_op(cg, OP_ADD, task, cg_u64(cg, of->offset));
    cg_read(cg, place, COMM_SIZE, name, AS_KERNEL, call->at);
    cg_kfunc(cg, of->release, &task, 1, NULL);
    cg_if_else(cg, &found);
    cg_count_failure(cg, SITE_OTHER, call->at, "task_from_pid", cg_int(cg, i64, (uint64_t)-ESRCH));
    cg_if_end(cg, &found);
    return true;
}

static bool comm_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct cg_val place = cg_result_place(cg, out, call->type);
    const struct comm_of *of = call->call.priv;
    char text[OTHER_COMM_SIZE] = "N/A";

    if (!call->call.args) {
        cg_helper(cg, BPF_FUNC_get_current_comm, (struct cg_val[]){ place, cg_u64(cg, COMM_SIZE) },
                  2, NULL);
        return true;
    }
    if (!of->from_pid)
        strcpy(text, "[unknown]");
    return cg_store(cg, place, call->type, cg_rodata(cg, text, sizeof(text)), call->at) &&
           (!of->from_pid || other_comm(cg, call, place));
}

const struct builtin builtins_kfunc[] = {
    {
        .name = "comm",
        .sig = "auto([int])",
        .doc = "Name of the thread, or of the process with a given id.",
        .result = comm_result,
        .check = comm_check,
        .emit = comm_emit,
    },
    {
        .name = "kfunc_exist",
        .sig = "bool(lit string)",
        .doc = "Is there such a function in the kernel that BPF programs may call?",
        .fold = exist_fold,
    },
    {
        .name = "kfunc_allowed",
        .sig = "bool(lit string)",
        .doc = "May a program of this probe's type call that function of the kernel?",
        .flags = BUILTIN_PROBE,
        .fold = allowed_fold,
    },
    { .name = NULL },
};
