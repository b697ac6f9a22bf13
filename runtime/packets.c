/*
 * packets.c - packets from perf buffers to pcap files
 *
 * The kernel hands out packets through perf buffers alone, one a CPU. What lies in them are records
 * like those of the ring, each with a packet behind it. Packets that found no room were counted
 * where they were sent. Those that are here when the run ends are written: a capture is no screen.
 */
#include "runtime/session_impl.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PCAP_NS = 0xa1b23c4d, /* times in nanoseconds */
    PCAP_RAW_IP = 101,
    PCAP_SNAPLEN = 65535,
};

struct pcap_head {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy, snaplen, link_type;
};

struct pcap_packet {
    uint32_t sec, ns, n, length;
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec ts = { 0 };

    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static struct packet_file *file_of(struct session *s, struct str name)
{
    for (size_t i = 0; i < s->packet_files.n; i++) {
        if (str_eq(s->packet_files.v[i].name, name))
            return &s->packet_files.v[i];
    }
    return NULL;
}

static int open_file(struct session *s, struct str name, struct err *e)
{
    const struct pcap_head head = {
        .magic = PCAP_NS, .major = 2, .minor = 4, .snaplen = PCAP_SNAPLEN, .link_type = PCAP_RAW_IP
    };
    struct arena_mark mark = arena_mark(&s->scratch);
    FILE *file;

    if (file_of(s, name))
        return 0;
    file = fopen(str_dup(&s->scratch, name).p, "we");
    arena_rewind(&s->scratch, mark);
    if (file)
        vec_push(&s->packet_files, (struct packet_file){ name, file });
    if (!file || fwrite(&head, sizeof(head), 1, file) != 1 || fflush(file))
        return err_set(e, -errno, "can't write %.*s: %s", STRF(name), strerror(errno));
    return 0;
}

void session_packet(struct session *s, const struct image_action *a, const struct packet *packet)
{
    /* As the clocks stand now: they drift apart, and the wall clock may be set. */
    int64_t ns = (int64_t)packet->ns + clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
    struct packet_file *f = file_of(s, a->text);
    const struct pcap_packet head = { .sec = (uint32_t)(ns / 1000000000),
                                      .ns = (uint32_t)(ns % 1000000000),
                                      .n = packet->n,
                                      .length = packet->length };

    if (!f || !f->file)
        return;
    if (fwrite(&head, sizeof(head), 1, f->file) == 1 &&
        fwrite(packet->bytes, 1, packet->n, f->file) == packet->n)
        return;
    session_error(s, a, "can't write %.*s: %s", STRF(f->name), strerror(errno));
    fclose(f->file);
    f->file = NULL;
}

/* ---- the buffers ---- */

static void on_packet(void *arg, int cpu, void *data, uint32_t size)
{
    (void)cpu;
    events_handle(arg, data, size);
}

/* The helper has failed for each of them, and was counted. */
static void on_lost(void *arg, int cpu, unsigned long long count)
{
    (void)arg;
    (void)cpu;
    (void)count;
}

/* So that what watches the file grow sees whole packets. */
static void flush(struct session *s)
{
    for (size_t i = 0; i < s->packet_files.n; i++) {
        if (s->packet_files.v[i].file)
            fflush(s->packet_files.v[i].file);
    }
}

void packets_drain(struct session *s)
{
    if (!s->packets)
        return;
    perf_buffer__consume(s->packets);
    flush(s);
}

static int on_ready(void *arg, int fd, uint32_t events)
{
    struct session *s = arg;

    (void)fd;
    (void)events;
    packets_drain(s);
    return s->ended;
}

/* As much in total as the ring; left to us, at least two of the longest packets for each CPU. */
static size_t pages_per_cpu(const struct session *s)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t pages = load_ring_size(s) / page / s->n_cpus;
    size_t power = 1;

    if (!s->config.perf_rb_pages)
        pages = MAX(pages, 2UL * (PCAP_SNAPLEN + 1) / page);
    while (2 * power <= pages)
        power *= 2;
    return power;
}

static int open_buffers(struct session *s, const struct bpf_map *map, struct err *e)
{
    s->packets = perf_buffer__new(bpf_map__fd(map), pages_per_cpu(s), on_packet, on_lost, s, NULL);
    if (!s->packets)
        return err_set(e, -errno, "can't make buffers for packets: %s", strerror(errno));
    return loop_add(s->loop, perf_buffer__epoll_fd(s->packets), on_ready, s, e);
}

int packets_open(struct session *s, struct err *e)
{
    const struct image *image = s->image;
    int rc = 0;

    for (size_t i = 0; i < image->actions.n && !rc; i++) {
        const struct image_action *a = &image->actions.v[i];

        if (a->map < 0 || image->maps.v[a->map].bpf_type != BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
            s->config.opt.dry_run)
            continue;
        if (!(rc = open_file(s, a->text, e)) && !s->packets)
            rc = open_buffers(s, s->maps[a->map], e);
    }
    return rc;
}

void packets_close(struct session *s)
{
    perf_buffer__free(s->packets);
    for (size_t i = 0; i < s->packet_files.n; i++) {
        if (s->packet_files.v[i].file)
            fclose(s->packet_files.v[i].file);
    }
    vec_free(&s->packet_files);
}
