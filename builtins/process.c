/*
 * process.c - who: processes, users, CPUs
 *
 * Most are one helper call. The kernel packs two numbers into one result (pid and tid, uid and
 * gid); struct task_struct answers the rest, read through BTF offsets.
 */
#include "builtins/builtin.h"

#include "builtins/shared.h"
#include "base/host.h"
#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "output/value.h"
#include "sema/call.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* include/linux/sched.h: TASK_COMM_LEN */
#define COMM_SIZE 16

static const struct type *u64(struct cg *cg)
{
    return type_int(cg_types(cg), 8, false);
}

static const struct type *u32(struct cg *cg)
{
    return type_int(cg_types(cg), 4, false);
}

static struct cg_val high_half(struct cg *cg, struct cg_val v)
{
    return cg_op(cg, OP_SHR, v, cg_u64(cg, 32));
}

static bool wants_init(const struct expr *call)
{
    struct str word;

    return call_word(call, 0, &word) && str_eqz(word, "init");
}

bool process_pid(struct cg *cg, struct cg_val *out)
{
    *out = cg_current_id(cg, false, false);
    return true;
}

static bool pid_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_current_id(cg, false, wants_init(call));
    return true;
}

static bool tid_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_current_id(cg, true, wants_init(call));
    return true;
}

static bool uid_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    *out = cg_helper(cg, BPF_FUNC_get_current_uid_gid, NULL, 0, u64(cg));
    *out = cg_convert(cg, cg_convert(cg, *out, u32(cg)), u64(cg));
    return true;
}

static bool gid_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    *out = high_half(cg, cg_helper(cg, BPF_FUNC_get_current_uid_gid, NULL, 0, u64(cg)));
    return true;
}

static bool plain_u64(struct cg *cg, unsigned helper, struct cg_val *out)
{
    *out = cg_helper(cg, helper, NULL, 0, u64(cg));
    return true;
}

static bool cgroup_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    return plain_u64(cg, BPF_FUNC_get_current_cgroup_id, out);
}

static bool cpu_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    return plain_u64(cg, BPF_FUNC_get_smp_processor_id, out);
}

static bool numaid_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    return plain_u64(cg, BPF_FUNC_get_numa_node_id, out);
}

static bool rand_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    plain_u64(cg, BPF_FUNC_get_prandom_u32, out);
    *out = cg_convert(cg, cg_convert(cg, *out, u32(cg)), u64(cg));
    return true;
}

static bool ncpus_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    *out = cg_convert(cg, cg_ctl(cg, offsetof(struct image_ctl, n_cpus), u32(cg)), u64(cg));
    return true;
}

static bool cpid_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    (void)call;
    *out = cg_convert(cg, cg_ctl(cg, offsetof(struct image_ctl, child_pid), u32(cg)), u64(cg));
    return true;
}

static void has_cpid_fold(struct sema *s, struct expr **call)
{
    struct expr *lit = ast_expr(s->c->arena, EXPR_BOOL, (*call)->at);

    lit->num = s->c->config->opt.cmd != NULL;
    *call = lit;
}

/* ---- struct task_struct ---- */

static const struct type *task_type(struct sema *s)
{
    return kernel_type(s->c->host->kernel, sema_types(s), 's', STR("task_struct"));
}

static const struct type *curtask_result(struct sema *s, struct expr *call)
{
    const struct type *task = task_type(s);

    call->as = AS_KERNEL;
    /* Without BTF there is no struct to walk, but its address is still good for casts and keys. */
    return task ? type_ptr(sema_types(s), task) : type_int(sema_types(s), 8, false);
}

static bool curtask_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_helper(cg, BPF_FUNC_get_current_task, NULL, 0, call->type);
    out->as = AS_KERNEL;
    return true;
}

static bool task_check(struct sema *s, struct expr *call)
{
    struct diag *d;

    if (task_type(s))
        return true;
    d = diag_error(s->c->diags, call->at, "%.*s needs the layout of struct task_struct",
                   STRF(call->call.name));
    diag_hint(s->c->diags, d, "this kernel has no BTF (/sys/kernel/btf/vmlinux)");
    return false;
}

/* curtask->first->member; place gets the member's bytes. */
static void read_task(struct cg *cg, const struct expr *call, const char *first, const char *member,
                      struct cg_val place, uint32_t size)
{
    struct types *types = cg_types(cg);
    const struct type *task = kernel_type(cg_host(cg)->kernel, types, 's', STR("task_struct"));
    struct cg_val other = cg_place(cg, u64(cg)), addr;
    struct field f;

    if (call->call.args) {
        if (!cg_expr(cg, call->call.args, &addr))
            return;
        addr = cg_convert(cg, cg_load(cg, addr), u64(cg));
    } else {
        addr = cg_helper(cg, BPF_FUNC_get_current_task, NULL, 0, u64(cg));
    }
    if (type_find_field(types, task, str_from(first), &f)) {
        addr = cg_op(cg, OP_ADD, addr, cg_u64(cg, f.offset));
        cg_read(cg, other, 8, addr, AS_KERNEL, call->at);
    }
    if (type_find_field(types, task, str_from(member), &f)) {
        addr = cg_op(cg, OP_ADD, cg_load(cg, other), cg_u64(cg, f.offset));
        cg_read(cg, place, size, addr, AS_KERNEL, call->at);
    }
}

static bool task_int(struct cg *cg, const struct expr *call, const char *first, const char *member,
                     struct cg_val *out)
{
    struct cg_val place = cg_place(cg, type_int(cg_types(cg), 4, true));

    read_task(cg, call, first, member, place, 4);
    *out = cg_load(cg, place);
    return true;
}

static bool task_comm(struct cg *cg, const struct expr *call, const char *first, struct cg_val *out)
{
    struct cg_val place = cg_result_place(cg, out, type_string(cg_types(cg), COMM_SIZE));

    read_task(cg, call, first, "comm", place, COMM_SIZE);
    return true;
}

static bool ppid_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    return task_int(cg, call, "real_parent", "tgid", out);
}

static bool pcomm_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    return task_comm(cg, call, "real_parent", out);
}

static bool leader_tid_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    return task_int(cg, call, "group_leader", "pid", out);
}

static bool leader_comm_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    return task_comm(cg, call, "group_leader", out);
}

/* ---- user names ---- */

static bool username_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct cg_val place = cg_result_place(cg, out, call->type), uid;

    uid_emit(cg, call, &uid);
    return cg_store(cg, cg_at(cg, place, 0, u64(cg)), u64(cg), uid, call->at);
}

static const struct value *username_decode(const struct decode *d, const struct type *t,
                                           const void *bytes)
{
    uint64_t uid;
    struct passwd pw, *found = NULL;
    char buf[4096];

    (void)t;
    memcpy(&uid, bytes, sizeof(uid));
    getpwuid_r((uid_t)uid, &pw, buf, sizeof(buf), &found);
    return value_str(d->arena, VALUE_SYMBOL,
                     found ? str_dup(d->arena, str_from(found->pw_name)) : STR(""));
}

static const struct value_kind username_kind = {
    .name = "username_t",
    .size = 8,
    .align = 8,
    .decode = username_decode,
};

const struct builtin builtins_process[] = {
    {
        .name = "pid",
        .sig = "uint32([word{curr_ns|init}])",
        .doc = "Process id (thread group), in hark's PID namespace.",
        .flags = BUILTIN_BARE,
        .emit = pid_emit,
    },
    {
        .name = "tid",
        .sig = "uint32([word{curr_ns|init}])",
        .doc = "Thread id, in hark's PID namespace.",
        .flags = BUILTIN_BARE,
        .emit = tid_emit,
    },
    { .name = "uid", .sig = "uint64", .doc = "User id.", .emit = uid_emit },
    { .name = "gid", .sig = "uint64", .doc = "Group id.", .emit = gid_emit },
    {
        .name = "username",
        .sig = "kind",
        .doc = "Name of the user, looked up when printed.",
        .kind = &username_kind,
        .emit = username_emit,
    },
    {
        .name = "ppid",
        .sig = "int32([addr])",
        .doc = "Process id of the parent, of this or a given task.",
        .check = task_check,
        .emit = ppid_emit,
    },
    {
        .name = "pcomm",
        .sig = "string[16]([addr])",
        .doc = "Name of the parent, of this or a given task.",
        .check = task_check,
        .emit = pcomm_emit,
    },
    {
        .name = "leader_tid",
        .sig = "int32([addr])",
        .doc = "Thread id of the thread group's leader.",
        .check = task_check,
        .emit = leader_tid_emit,
    },
    {
        .name = "leader_comm",
        .sig = "string[16]([addr])",
        .doc = "Name of the thread group's leader.",
        .check = task_check,
        .emit = leader_comm_emit,
    },
    {
        .name = "curtask",
        .sig = "auto",
        .doc = "The current task: a struct task_struct *.",
        .result = curtask_result,
        .emit = curtask_emit,
    },
    { .name = "cgroup", .sig = "uint64", .doc = "Id of the cgroup (v2).", .emit = cgroup_emit },
    { .name = "cpu", .sig = "uint64", .doc = "Number of the CPU.", .emit = cpu_emit },
    { .name = "ncpus", .sig = "uint64", .doc = "Number of possible CPUs.", .emit = ncpus_emit },
    { .name = "numaid", .sig = "uint64", .doc = "Number of the NUMA node.", .emit = numaid_emit },
    { .name = "rand", .sig = "uint64", .doc = "32 pseudo-random bits.", .emit = rand_emit },
    {
        .name = "cpid",
        .sig = "uint64",
        .doc = "Process id of the command of -c, else 0.",
        .emit = cpid_emit,
    },
    {
        .name = "has_cpid",
        .sig = "bool",
        .doc = "Was a command given with -c?",
        .fold = has_cpid_fold,
    },
    { .name = NULL },
};
