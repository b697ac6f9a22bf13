/*
 * bpf_log.h - what libbpf and the verifier say while we use them
 */
#ifndef HARK_RUNTIME_BPF_LOG_H
#define HARK_RUNTIME_BPF_LOG_H

#include "base/config.h"

#include <bpf/libbpf.h>

/*
 * From open to close everything libbpf prints goes here: kept for error messages, and shown on
 * stderr: all of it with -d libbpf, the verifier's logs with -d verifier, those of refused programs
 * with -v. One at a time.
 */
struct bpf_log {
    bool show_all, show_verifier, show_refused;
    libbpf_print_fn_t old;
    struct buf kept;  /* warnings, the last ones */
    struct buf stats; /* with -v: libbpf's line that names the program, the verifier's last one */
    char *verifier;   /* log_size bytes for the kernel to write to; NULL: libbpf prints the logs */
    size_t verifier_size;
};

void bpf_log_open(struct bpf_log *, const struct config *);
void bpf_log_close(struct bpf_log *);
/* The first line that was kept, without libbpf's own name; "" if there is none. */
struct str bpf_log_first_line(const struct bpf_log *);
/* What stands between two texts, in the last place before the first after; "" if nothing does. */
struct str bpf_log_between(const struct bpf_log *, const char *before, const char *after);
/* What the verifier's work on a program was, in its own words; "" if that was not asked for. */
struct str bpf_log_stats(const struct bpf_log *, const char *program);
/* The end of the verifier's log, on stderr. */
void bpf_log_show_verifier(const struct bpf_log *);

#endif
