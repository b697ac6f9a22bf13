/*
 * task.c - who is running: process ids, and the filter of -p
 *
 * In a PID namespace processes have other numbers than the kernel's own, and -p names one of those
 * that hark sees. Where hark is in the initial namespace both are the same, and the plain helper
 * is cheaper.
 *
 * With --follow the process's descendants count, too: they are in a map, which programs of ours on
 * fork and exit keep (sema/follow.c). It is keyed by the kernel's own numbers.
 */
#include "codegen/codegen_impl.h"

#include <unistd.h>

/* Is hark's PID namespace another than the initial one? */
static bool in_namespace(void)
{
    char link[64];
    ssize_t n;

    /* include/linux/proc_ns.h: PROC_PID_INIT_INO = 0xEFFFFFFC = 4026531836 */
    n = readlink("/proc/self/ns/pid", link, sizeof(link));
    return n > 0 && !str_eqz((struct str){ link, (size_t)n }, "pid:[4026531836]");
}

/* struct bpf_pidns_info: u32 pid (the thread), u32 tgid; left 0 for processes outside. */
static struct cg_val namespace_id(struct cg *cg, bool thread)
{
    LLVMValueRef info = memory_slot(cg, cg->i64);
    struct cg_val args[] = { cg_ctl(cg, offsetof(struct image_ctl, ns_dev), cg->u64),
                             cg_ctl(cg, offsetof(struct image_ctl, ns_ino), cg->u64),
                             memory_place(info, cg->u64), cg_u64(cg, sizeof(uint64_t)) };

    memory_store(cg, LLVMConstNull(cg->i64), info);
    cg_helper(cg, BPF_FUNC_get_ns_current_pid_tgid, args, ARRAY_LEN(args), NULL);
    return cg_value(memory_load(cg, cg->i32, memory_at(cg, info, thread ? 0 : 4)), cg->u32,
                    AS_NONE);
}

struct cg_val cg_current_id(struct cg *cg, bool thread, bool initial)
{
    struct cg_val id;

    if (!initial && in_namespace())
        return namespace_id(cg, thread);
    id = cg_helper(cg, BPF_FUNC_get_current_pid_tgid, NULL, 0, cg->u64);
    if (!thread)
        id = cg_op(cg, OP_SHR, id, cg_u64(cg, 32));
    return cg_convert(cg, id, cg->u32);
}

static int followed_map(const struct image *image)
{
    for (size_t i = 0; i < image->maps.n; i++) {
        if (str_eqz(image->maps.v[i].name, IMAGE_FOLLOWED))
            return (int)i;
    }
    return -1;
}

bool task_wants_filter(const struct cg *cg, const struct probe *probe)
{
    const struct options *opt = &cg->in->config->opt;

    if (!opt->filter_pid || probe->unfiltered)
        return false;
    return probe->provider->pid_filter || (opt->follow && probe->provider->pid_attach);
}

struct cg_val task_is_wanted(struct cg *cg)
{
    int map = cg->in->config->opt.follow ? followed_map(cg->in->image) : -1;
    LLVMValueRef key;
    struct cg_val args[2], found;

    if (map < 0)
        return cg_op(cg, OP_EQ, cg_current_id(cg, false, false),
                     cg_ctl(cg, offsetof(struct image_ctl, pid), cg->u32));
    key = memory_slot(cg, cg->i32);
    memory_store(cg, cg_current_id(cg, false, true).v, key);
    args[0] = cg_map(cg, map);
    args[1] = memory_place(key, cg->u32);
    found = cg_helper(cg, BPF_FUNC_map_lookup_elem, args, 2, cg->u64);
    return cg_op(cg, OP_NE, found, cg_u64(cg, 0));
}
