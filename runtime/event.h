/*
 * event.h - what the event callbacks of builtins may use
 */
#ifndef HARK_RUNTIME_EVENT_H
#define HARK_RUNTIME_EVENT_H

#include "output/out.h"
#include "output/value.h"
#include "runtime/loop.h"
#include "runtime/session.h"

#include <signal.h>

struct bpf_object;
struct bpf_map;

const struct image *session_image(const struct session *);
const struct host *session_host(const struct session *);
const struct config *session_config(
    const struct session *); /* the image's settings and our options */
struct out *session_out(struct session *);
struct loop *session_loop(struct session *);
/* Rewound after each record. */
struct arena *session_scratch(struct session *);
/* To the end of the run. */
struct arena *session_arena(struct session *);
/* An empty text that keeps its memory from record to record. */
struct buf *session_text(struct session *);
/* What a builtin keeps about an action, in session_arena(): NULL before its first record. */
void **session_kept(struct session *, const struct image_action *);
struct decode session_decode(struct session *);
/*
 * The signal mask programs we start must get (posix_spawnattr_setsigmask()): ours has SIGINT and
 * SIGTERM blocked.
 */
const sigset_t *session_child_signals(const struct session *);

/* bytes of a type → a value (decode.c). There are type->size of them; texts may point into them. */
const struct value *decode_value(const struct decode *, const struct type *, const void *bytes);
/* Element i of an action's payload. NULL: there is none. */
const struct value *decode_element(const struct decode *, const struct image_action *,
                                   const void *data, unsigned i);
unsigned action_elements(const struct image_action *);

/* Maps (maps.c). top 0: all; div 0 or 1: as they are. -errno with a sentence. */
int maps_collect(struct session *, int map_index, uint64_t top, uint64_t div,
                 const struct value **out, struct err *);
int maps_clear(struct session *, int map_index, struct err *);
int maps_zero(struct session *, int map_index, struct err *);
bool maps_is_empty(const struct value *map);

/* What skboutput() has seen of a packet. */
struct packet {
    uint64_t ns;     /* boot clock */
    uint32_t length; /* of the packet, if not all bytes are here */
    uint32_t n;
    const void *bytes;
};
/* Appends it to the file named by the action (packets.c). */
void session_packet(struct session *, const struct image_action *, const struct packet *);

/* Detaches the watchpoints at this address. False: there is none. */
bool session_unwatch(struct session *, uint64_t addr);
/* Ends the run with this status once the record is handled; later records are discarded. */
void session_exit(struct session *, int status);
/* One sentence on stderr, as an error at the action's place. */
void session_error(struct session *, const struct image_action *, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
