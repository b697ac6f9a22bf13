/*
 * remember.c - reading the maps of a process while it lives
 *
 * User addresses are named when they are printed, and their process may be gone by then: the first
 * time a program stores an address or a stack of a process it says so in a record, and we read the
 * process's maps at once. If even that is too late, the record of a uprobe still tells where it
 * hit.
 *
 *     record: { u64 address hit, or 0; u32 pid; u32 0 }
 */
#include "builtins/builtin.h"

#include "base/host.h"
#include "builtins/shared.h"
#include "codegen/emit.h"
#include "probes/provider.h"
#include "runtime/event.h"
#include "sema/call.h"
#include "symbols/symbols.h"

#include <linux/bpf.h>
#include <string.h>

#define SEEN_MAP "hark_seen_pids"

/*
 * Mappings begin at pages: if just one of our targets has the same last bits as the address, it is
 * the one, and tells where its file was mapped.
 */
static const struct target *target_hit(const struct image *image, uint64_t addr)
{
    const struct target *found = NULL;

    for (size_t i = 0; i < image->probes.n; i++) {
        const struct image_probe *p = &image->probes.v[i];

        for (size_t j = 0; j < p->targets.n; j++) {
            const struct target *t = &p->targets.v[j];

            if (!t->has_addr || !t->path.n || (t->addr ^ addr) & 0xfff)
                continue;
            if (found && (found->addr != t->addr || !str_eq(found->path, t->path)))
                return NULL;
            found = t;
        }
    }
    return found;
}

void remember_probed(const struct host *host, const struct image *image, uint32_t pid,
                     uint64_t addr)
{
    const struct target *t = target_hit(image, addr);

    if (t)
        symbols_user_saw(host->symbols, pid, addr, t->path, t->addr);
}

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
    struct types *t = p->c->image->types;
    const struct type *fields[] = { type_int(t, 8, false), type_int(t, 4, false),
                                    type_int(t, 4, false) };
    struct image_action *a = plan_action(p, call, fields, ARRAY_LEN(fields));

    a->map = seen_map(p->c->image);
    a->control = true;
    return true;
}

/* Where a uprobe hit; 0 in other probes, and in functions, which do not know who called them. */
static struct cg_val probed_address(struct cg *cg)
{
    const struct probe *p = cg_probe(cg);
    struct cg_val addr = { 0 };

    if (p && p->provider->as == AS_USER && p->provider->caps & CAP_USER &&
        cg_probe_load(cg, PROBE_FUNC, 0, &addr))
        return addr;
    return cg_u64(cg, 0);
}

bool remember_emit(struct cg *cg, const struct expr *call, struct cg_val pid)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    const struct type *u32 = type_int(cg_types(cg), 4, false);
    struct cg_val key = cg_place(cg, u32);
    struct cg_val args[] = { cg_map(cg, call->call.action->map), key, key, cg_u64(cg, BPF_ANY) };
    struct cg_record r = { 0 };
    struct cg_if unseen;
    bool ok;

    if (!cg_store(cg, key, u32, pid, call->at))
        return false;
    unseen = cg_if_begin(
        cg, cg_op(cg, OP_EQ, cg_helper(cg, BPF_FUNC_map_lookup_elem, args, 2, u64), cg_u64(cg, 0)));
    cg_helper(cg, BPF_FUNC_map_update_elem, args, 4, NULL);
    ok = cg_record_begin(cg, call, &r) &&
         cg_store(cg, cg_record_place(cg, &r, 0), u64, probed_address(cg), call->at) &&
         cg_store(cg, cg_record_place(cg, &r, 1), u32, pid, call->at) &&
         cg_store(cg, cg_record_place(cg, &r, 2), u32, cg_int(cg, u32, 0), call->at) &&
         cg_record_end(cg, &r);
    cg_if_end(cg, &unseen);
    return ok;
}

int remember_event(struct session *s, const struct image_action *a, const void *data, size_t len)
{
    struct {
        uint64_t addr;
        uint32_t pid, reserved;
    } r;

    (void)a;
    if (len < sizeof(r))
        return 0;
    memcpy(&r, data, sizeof(r));
    symbols_user_remember(session_host(s)->symbols, r.pid);
    if (r.addr)
        remember_probed(session_host(s), session_image(s), r.pid, r.addr);
    return 0;
}
