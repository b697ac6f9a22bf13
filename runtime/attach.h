/*
 * attach.h - what the attach callbacks of providers may use
 */
#ifndef HARK_RUNTIME_ATTACH_H
#define HARK_RUNTIME_ATTACH_H

#include "runtime/session.h"

struct bpf_link;
struct bpf_program;

/* The loaded (in before_load: opened) program of a probe. */
struct bpf_program *session_program(struct session *, const struct image_probe *);
/*
 * In before_load, for programs of type TRACING (sections: typed.c): the attach type, and the number
 * of the function's or iterator's type in the BTF of the kernel (btf_fd 0) or in what btf_fd is: a
 * module's BTF, or a program. btf_fd is borrowed until everything is loaded.
 */
void session_set_typed(struct session *, const struct image_probe *, unsigned attach_type,
                       uint32_t btf_id, int btf_fd);
/* A descriptor of a loaded module's BTF, the session's. -errno with a sentence. */
int session_module_btf(struct session *, struct str module, struct err *);
/* Hands over a link: destroyed, newest first, in session_close(). NULL and error pointers: -errno,
   with a sentence that quotes the target. */
int session_add_link(struct session *, struct bpf_link *, const struct target *, struct err *);
/* The same for a file descriptor whose closing detaches. */
int session_add_fd(struct session *, int fd);
/*
 * For attach_all(): n targets could not be attached, as e says. rc, if that ends the run; 0 if it
 * goes on without them (config missing_probes).
 */
int session_refuse(struct session *, int rc, unsigned n, struct err *e);
/* Says "can't attach LABEL: " and what the errno rc means; returns it. */
int session_cannot_attach(const struct target *, int rc, struct err *);
/* The process of -p or -c, or 0. */
uint32_t session_pid(const struct session *);
/*
 * perf_event_open() for one CPU and the process (0: all), with the program attached, handed to the
 * session. attr is struct perf_event_attr.
 */
struct perf_event_attr;
int session_attach_perf(struct session *, const struct image_probe *, const struct target *,
                        struct perf_event_attr *, int cpu, uint32_t pid, struct err *);
/*
 * For iterators: a descriptor, now the session's, that is read to its end once everything is
 * attached; reading is what makes programs run.
 */
int session_add_output(struct session *, int fd);
/* A line about the run on stderr. */
void session_note(struct session *, const char *fmt, ...) PRINTF_LIKE(2, 3);
const struct image *session_image(const struct session *);
const struct host *session_host(const struct session *);
struct arena *session_scratch(struct session *);

#endif
