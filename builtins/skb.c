/*
 * skb.c - skboutput(): packets go to a file that other tools read
 *
 * The kernel copies a packet only into a perf buffer, behind a record of ours. The record looks
 * like those of the ring, so it finds its way here by its action. A packet in memory may begin with
 * a header that is no part of an IP packet: off bytes are taken off here, as the kernel's helper
 * always copies from the beginning.
 *
 *     record: { u32 action; u32 0; u64 ns; u32 copied; u32 length of the packet }
 */
#include "builtins/builtin.h"

#include "base/host.h"
#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "runtime/event.h"
#include "sema/call.h"

#include <errno.h>
#include <string.h>

#define PACKETS_MAP "hark_packets"

/* A perf record is shorter than 64 KB, its headers and ours included. */
enum { COPY_MAX = 65000, RECORD_SIZE = 24 };

/* Where struct sk_buff keeps its length. */
static bool find_length(struct sema *s, struct field *out)
{
    const struct type *skb = kernel_type(s->c->host->kernel, sema_types(s), 's', STR("sk_buff"));

    return skb && type_find_field(sema_types(s), skb, STR("len"), out);
}

static bool skb_check(struct sema *s, struct expr *call)
{
    const struct expr *skb = call_arg(call, 1), *offset = call_arg(call, 3);
    struct field *length = ARENA_NEW(s->c->arena, struct field);
    struct str name = { 0 };
    uint64_t n = 0;

    call_lit_str(call, 0, &name);
    call_lit_int(call, 3, &n);
    call->call.priv = length;
    if (!name.n) {
        diag_error(s->c->diags, call_arg(call, 0)->at, "skboutput() needs the name of a file");
        return false;
    }
    if (skb->type->kind != TYPE_PTR || !skb->type->elem || skb->type->elem->kind != TYPE_STRUCT ||
        !str_eqz(skb->type->elem->name, "sk_buff") || !find_length(s, length)) {
        diag_error(s->c->diags, skb->at, "skboutput() takes a struct sk_buff *, not %.*s",
                   STRF(type_name(s->c->arena, skb->type)));
        return false;
    }
    if (n >= COPY_MAX) {
        diag_error(s->c->diags, offset->at, "an offset in a packet is 0 to %d", COPY_MAX - 1);
        return false;
    }
    return true;
}

/* Made once: one buffer a CPU serves all files. */
static int packets_map(struct image *image)
{
    const struct type *u32 = type_int(image->types, 4, false);

    for (size_t i = 0; i < image->maps.n; i++) {
        if (str_eqz(image->maps.v[i].name, PACKETS_MAP))
            return (int)i;
    }
    arena_vec_push(&image->arena, &image->maps,
                   (struct image_map){
                       .name = STR(PACKETS_MAP),
                       .elf_name = STR(PACKETS_MAP),
                       .role = MAP_OTHER,
                       .bpf_type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
                       .key = u32,
                       .value = u32,
                       .key_size = 4,
                       .value_size = 4,
                       .set_index = -1,
                   });
    return (int)image->maps.n - 1;
}

static bool skb_plan(struct planner *p, struct expr *call)
{
    struct types *t = p->c->image->types;
    const struct type *fields[] = { type_int(t, 8, false), type_int(t, 4, false),
                                    type_int(t, 4, false) };
    struct image_action *a = plan_action(p, call, fields, ARRAY_LEN(fields));
    struct str name = { 0 };
    uint64_t offset = 0;

    call_lit_str(call, 0, &name);
    call_lit_int(call, 3, &offset);
    a->text = str_dup(&p->c->image->arena, name);
    a->num[0] = (int64_t)offset;
    a->map = packets_map(p->c->image);
    return true;
}

static struct cg_val at_most(struct cg *cg, struct cg_val a, struct cg_val b)
{
    return cg_select(cg, cg_op(cg, OP_LT, a, b), a, b);
}

/* How much is to be copied: the kernel refuses more than there is. */
static struct cg_val copied(struct cg *cg, const struct expr *call, struct cg_val wanted,
                            struct cg_val length)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    uint64_t offset = 0;

    call_lit_int(call, 3, &offset);
    wanted = at_most(cg, cg_convert(cg, cg_load(cg, wanted), u64), cg_u64(cg, COPY_MAX));
    wanted = cg_op(cg, OP_ADD, wanted, cg_u64(cg, offset));
    return at_most(cg, at_most(cg, wanted, length), cg_u64(cg, COPY_MAX));
}

static bool skb_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false),
                      *u32 = type_int(cg_types(cg), 4, false);
    const struct field *field = call->call.priv;
    struct cg_val place = cg_place(cg, u32), record = cg_place_bytes(cg, RECORD_SIZE);
    struct cg_val number = cg_place(cg, u32), skb, length, wanted = { 0 }, n, now, result;
    struct cg_if guard;

    cg_store(cg, place, u32, cg_int(cg, u32, (uint32_t)-EINVAL), call->at);
    if (!cg_expr(cg, call_arg(call, 2), &wanted) ||
        !cg_typed_begin(cg, call_arg(call, 1), &skb, &guard))
        return false;
    length = cg_op(cg, OP_ADD, cg_plain(cg, skb), cg_u64(cg, field->offset));
    cg_read(cg, number, 4, length, AS_KERNEL, call->at);
    length = cg_convert(cg, cg_load(cg, number), u64);
    n = copied(cg, call, wanted, length);
    now = cg_helper(cg, BPF_FUNC_ktime_get_boot_ns, NULL, 0, u64);
    cg_store(cg, cg_at(cg, record, 0, u64), u64, cg_u64(cg, call->call.action_id), call->at);
    cg_store(cg, cg_at(cg, record, 8, u64), u64, now, call->at);
    cg_store(cg, cg_at(cg, record, 16, u32), u32, cg_convert(cg, n, u32), call->at);
    cg_store(cg, cg_at(cg, record, 20, u32), u32, cg_load(cg, number), call->at);
    n = cg_op(cg, OP_OR, cg_op(cg, OP_SHL, n, cg_u64(cg, 32)), cg_u64(cg, BPF_F_CURRENT_CPU));
    result = cg_helper(cg, BPF_FUNC_skb_output,
                       (struct cg_val[]){ skb, cg_map(cg, call->call.action->map), n, record,
                                          cg_u64(cg, RECORD_SIZE) },
                       5, u64);
    cg_count_failure(cg, SITE_RING, call->at, "skb_output", result);
    cg_store(cg, place, u32, cg_convert(cg, result, u32), call->at);
    cg_if_end(cg, &guard);
    *out = cg_load(cg, place);
    return true;
}

static int skb_event(struct session *s, const struct image_action *a, const void *data, size_t len)
{
    struct head {
        uint64_t ns;
        uint32_t copied, length;
    } head;
    struct packet packet;
    uint32_t offset = (uint32_t)a->num[0];

    memcpy(&head, data, sizeof(head)); /* as long as the payload: events.c has seen to it */
    if (a->packed || head.copied > len - sizeof(head))
        return -EINVAL;
    offset = MIN(offset, head.copied);
    packet = (struct packet){
        .ns = head.ns,
        .length = MAX(head.length, head.copied) - offset,
        .n = head.copied - offset,
        .bytes = (const char *)data + sizeof(head) + offset,
    };
    session_packet(s, a, &packet);
    return 0;
}

const struct builtin builtins_skb[] = {
    {
        .name = "skboutput",
        .sig = "uint32(lit string, any, int, lit int)",
        .doc = "Appends a packet's bytes, without the first few, to a pcap file of IP packets.",
        .needs = CAP_SKB,
        .flags = BUILTIN_CONTEXT | BUILTIN_PROBE | BUILTIN_EFFECT,
        .helper = BPF_FUNC_skb_output,
        .check = skb_check,
        .plan = skb_plan,
        .emit = skb_emit,
        .event = skb_event,
    },
    { .name = NULL },
};
