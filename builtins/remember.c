/*
 * remember.c - reading the maps of a process while it lives
 *
 * User addresses are named when they are printed, and their process may be gone by then: the first
 * time a program stores an address or a stack of a process it says so in a record, and we read the
 * process's maps at once.
 */
#include "builtins/builtin.h"

#include "base/host.h"
#include "builtins/shared.h"
#include "codegen/emit.h"
#include "runtime/event.h"
#include "sema/call.h"
#include "symbols/symbols.h"

#include <linux/bpf.h>
#include <string.h>

#define SEEN_MAP "hark_seen_pids"

/* The map of processes already reported; made once. Returns its index. */
static int seen_map(struct image *image)
{
    struct types *t = image->types;

    for (size_t i = 0; i < image->maps.n; i++) {
        if (str_eqz(image->maps.v[i].name, SEEN_MAP))
            return (int)i;
    }
    arena_vec_push(&image->arena, &image->maps,
                   (struct image_map){
                       .name = STR(SEEN_MAP),
                       .elf_name = STR(SEEN_MAP),
                       .role = MAP_OTHER,
                       .bpf_type = BPF_MAP_TYPE_LRU_HASH,
                       .max_entries = 4096,
                       .key = type_int(t, 4, false),
                       .value = type_int(t, 4, false),
                       .key_size = 4,
                       .value_size = 4,
                       .set_index = -1,
                   });
    return (int)image->maps.n - 1;
}

bool remember_plan(struct planner *p, struct expr *call)
{
    const struct type *u32 = type_int(p->c->image->types, 4, false);
    struct image_action *a = plan_action(p, call, &u32, 1);

    a->map = seen_map(p->c->image);
    a->control = true;
    return true;
}

bool remember_emit(struct cg *cg, const struct expr *call, struct cg_val pid)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    const struct type *u32 = type_int(cg_types(cg), 4, false);
    struct cg_val key = cg_place(cg, u32);
    struct cg_val args[] = { cg_map(cg, call->call.action->map), key, key, cg_u64(cg, BPF_ANY) };
    struct cg_record r;
    struct cg_if unseen;
    bool ok;

    if (!cg_store(cg, key, u32, pid, call->at))
        return false;
    unseen = cg_if_begin(
        cg, cg_op(cg, OP_EQ, cg_helper(cg, BPF_FUNC_map_lookup_elem, args, 2, u64), cg_u64(cg, 0)));
    cg_helper(cg, BPF_FUNC_map_update_elem, args, 4, NULL);
    ok = cg_record_begin(cg, call, &r) &&
         cg_store(cg, cg_record_place(cg, &r, 0), u32, pid, call->at) && cg_record_end(cg, &r);
    cg_if_end(cg, &unseen);
    return ok;
}

int remember_event(struct session *s, const struct image_action *a, const void *data, size_t len)
{
    uint32_t pid;

    (void)a;
    if (len < sizeof(pid))
        return 0;
    memcpy(&pid, data, sizeof(pid));
    symbols_user_remember(session_host(s)->symbols, pid);
    return 0;
}
