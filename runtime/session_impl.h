/*
 * session_impl.h - a session from inside: what the files of runtime/ share
 *
 * Each group of members belongs to one file, named above it, whose functions stand below; the
 * others read. A session is one thread.
 */
#ifndef HARK_RUNTIME_SESSION_IMPL_H
#define HARK_RUNTIME_SESSION_IMPL_H

#include "runtime/attach.h"
#include "runtime/bpf_log.h"
#include "runtime/event.h"
#include "runtime/loop.h"

#include <signal.h>
#include <stdio.h>

struct bpf_map;
struct bpf_object;
struct perf_buffer;
struct ring_buffer;

/* Something attached: a link, or a descriptor whose closing detaches. */
struct held {
    struct bpf_link *link;
    int fd;
    size_t probe;     /* whose: index in the image */
    uint64_t watched; /* address of a watchpoint */
};

/* The BTF of a module, as an object of the kernel. */
struct module_btf {
    struct str name; /* the target's */
    int fd;
};

/* A file of packets. */
struct packet_file {
    struct str name;
    FILE *file; /* NULL: writing failed, which was said */
};

/* The program of -c: forked, waiting for a byte before it becomes the program. */
struct child {
    pid_t pid;     /* 0: there is none, or it has been waited for */
    int pid_fd;    /* readable when it has ended */
    int socket_fd; /* our end: "go" there, errno of a failed exec back */
};

struct session {
    struct image *image;
    const struct host *host;
    const struct registry *registry;
    struct out *out;
    struct config config; /* the image's settings, our options */
    struct loop *loop;
    struct arena scratch; /* rewound after each record */
    struct arena arena;   /* to the end */

    /* load.c */
    struct bpf_object *object;
    struct bpf_program **programs; /* one a probe of the image */
    struct bpf_map **maps;         /* one a map of the image */
    volatile struct image_ctl *ctl;
    void *data; /* .bss, where ctl lies */
    size_t data_size;
    uint32_t n_cpus; /* possible ones: copies of a per-CPU value */
    struct bpf_log log;

    /* typed.c */
    struct typed *typed; /* one a probe of the image, or NULL */
    VEC(int) handlers;   /* of libbpf */
    VEC(struct module_btf) modules;

    /* attach.c */
    VEC(struct held) held;
    VEC(int) outputs; /* iterators, see session_add_output() */
    unsigned n_attached, n_refused;
    uint64_t attach_begun; /* in ms, when the first was attached */
    bool attach_said;

    /* events.c */
    struct ring_buffer *ring;
    char *unpacked;               /* room for the payload of a packed record */
    struct buf text;              /* for builtins */
    void **kept;                  /* one an action */
    size_t ring_size, bytes_read; /* bytes of the last batch */
    uint64_t read_at;             /* when it was read, in ns */
    unsigned nap_ms;
    unsigned handled; /* records since events_consume() began */
    uint64_t bad_records, discarded_records;
    bool ended;   /* the loop is to end */
    bool discard; /* records are thrown away */
    int status;

    /* packets.c */
    struct perf_buffer *packets;
    VEC(struct packet_file) packet_files;

    /* losses.c */
    uint64_t *reported; /* one a site: how much of its count has been reported */
    uint64_t lost;

    /* child.c */
    struct child child;
    int process_fd; /* of -p */

    /* signals.c */
    sigset_t old_mask;
    int signal_fd;
    bool signals_blocked, signals_released, interrupted;
};

/* ---- session.c ---- */
/* With -v: a line on stderr. */
void session_progress(const struct session *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A sentence about the run on stderr, as a warning; silent with --no-warnings. */
void session_warn(struct session *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- load.c: the object into the kernel, the shared memory into reach ---- */
int load_open(struct session *, struct err *);
void load_close(struct session *);
uint64_t load_ring_size(const struct session *);     /* bytes */
void load_set_gate(struct session *, unsigned bits); /* enum image_gate */
void load_set_start(struct session *);               /* time zero of elapsed */
/* Says whether a scalar map holds a value; NULL for other maps. */
volatile uint8_t *load_set_byte(const struct session *, int map_index);
const volatile struct image_site_count *load_site_counts(const struct session *);

/* ---- typed.c: around opening and closing the object ---- */
int typed_open(struct session *, struct err *);
void typed_close(struct session *);

/* ---- attach.c ---- */
/* Everything that waits for events, in the order of LANGUAGE.md 13.16. */
int attach_all(struct session *, struct err *);
/* Test-runs the programs of begin, end or signal probes, in the order of the script. */
int attach_run_programs(struct session *, enum image_when, struct err *);
void attach_close(struct session *);

/* ---- events.c ---- */
int events_open(struct session *, struct err *); /* the ring, added to the loop */
void events_close(struct session *);
void events_drain(struct session *); /* all there is; only with the gate shut */
/* One record, wherever it comes from. */
void events_handle(struct session *, const void *bytes, size_t size);

/* ---- packets.c: perf buffers and the files of skboutput() ---- */
int packets_open(struct session *, struct err *);
void packets_close(struct session *);
void packets_drain(struct session *);

/* ---- tests.c: --test, --bench; all of such a run ---- */
int tests_run(struct session *, struct err *);

/* ---- losses.c ---- */
void losses_open(struct session *);
void losses_close(struct session *);
void losses_report(struct session *);  /* what is new */
void losses_summary(struct session *); /* at the end: the rest, and totals */

/* ---- missed.c ---- */
void missed_summary(struct session *); /* while everything is attached */

/* ---- decode.c ---- */
/* An integer of 1, 2, 4 or 8 bytes, extended by its sign. */
uint64_t decode_int(const void *bytes, uint32_t size, bool is_signed);

/* ---- maps.c ---- */
bool maps_is_set(const struct session *, int map_index); /* holds something to print at exit */

/* ---- child.c ---- */
int child_check(const char *cmd, struct err *e); /* is there such a program? */
int process_check(uint32_t pid, struct err *e);  /* is there such a process? */
int child_open(struct session *, const char *cmd, struct err *);
int child_release(struct session *, struct err *);
void child_stop(struct session *);  /* SIGTERM if it still runs */
void child_close(struct session *); /* the same, and waits for it a little */
int process_open(struct session *, uint32_t pid, struct err *);

/* ---- follow.c: --follow; nothing without it ---- */
int follow_first(struct session *, struct err *);       /* before the gate opens */
int follow_descendants(struct session *, struct err *); /* after it */

/* ---- signals.c ---- */
int signals_open(struct session *, struct err *);
int signals_read(struct session *); /* the number of one that came, or 0 */
/* The run is ending: the next SIGINT or SIGTERM but one ends the process at once. */
void signals_release(struct session *);
void signals_close(struct session *);

#endif
