/*
 * missed.c - events the kernel did not hand to a program are told
 *
 * A program is not run for an event inside an event that another one is being run for, and a return
 * is not seen if too many calls of a function are waiting to return. Programs and links have
 * counters for it. Asked once, at the end of the run, before anything is detached. What a kernel
 * does not count is not in our sum: programs of kprobes and links have counters since 6.7.
 */
#include "runtime/session_impl.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>

/* struct bpf_link_info of 6.9, as far as we read it; Debian 12's headers are older. */
struct link_info {
    uint32_t type, id, prog_id, pad;
    union {
        struct {
            uint64_t addrs;
            uint32_t count, flags;
            uint64_t missed;
        } kprobes;
        struct {
            uint32_t type, pad;
            uint64_t name;
            uint32_t name_len, offset;
            uint64_t addr, missed;
        } perf;
        uint64_t room[8];
    };
};

/* enum bpf_perf_event_type */
enum { PERF_KPROBE = 3, PERF_KRETPROBE = 4 };

static uint64_t missed_by_link(int fd)
{
    struct link_info info = { 0 };
    uint32_t size = sizeof(info);

    if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
        return 0;
    if (info.type == BPF_LINK_TYPE_KPROBE_MULTI)
        return info.kprobes.missed;
    if (info.type == BPF_LINK_TYPE_PERF_EVENT &&
        (info.perf.type == PERF_KPROBE || info.perf.type == PERF_KRETPROBE))
        return info.perf.missed;
    return 0;
}

static uint64_t missed_by_program(const struct bpf_program *program)
{
    struct bpf_prog_info info = { 0 };
    uint32_t size = sizeof(info);

    return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) ? 0
                                                                          : info.recursion_misses;
}

static struct str label_of(struct session *s, const struct image_probe *p)
{
    if (p->targets.n < 2)
        return p->targets.n ? p->targets.v[0].label : p->fn;
    return str_printf(&s->scratch, "%.*s and %zu more", STRF(p->targets.v[0].label),
                      p->targets.n - 1);
}

static void report(struct session *s, size_t index, uint64_t links)
{
    const struct image_probe *p = &s->image->probes.v[index];
    uint64_t programs = missed_by_program(s->programs[index]);
    struct arena_mark mark = arena_mark(&s->scratch);

    if (links + programs || s->config.opt.verbose)
        s->out->ops->missed(s->out, label_of(s, p), programs, links);
    arena_rewind(&s->scratch, mark);
}

void missed_summary(struct session *s)
{
    uint64_t *links = xcalloc(s->image->probes.n, sizeof(*links));

    for (size_t i = 0; i < s->held.n; i++) {
        const struct held *h = &s->held.v[i];

        links[h->probe] += missed_by_link(h->link ? bpf_link__fd(h->link) : h->fd);
    }
    for (size_t i = 0; i < s->image->probes.n; i++) {
        if (s->image->probes.v[i].when == WHEN_EVENT)
            report(s, i, links[i]);
    }
    free(links);
}
