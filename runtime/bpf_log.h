/*
 * bpf_log.h - what libbpf and the verifier say while we use them
 */
#ifndef HARK_RUNTIME_BPF_LOG_H
#define HARK_RUNTIME_BPF_LOG_H

#include "base/config.h"

#include <bpf/libbpf.h>

/*
 * From open to close everything libbpf prints goes here: kept for error messages, and with -v or
 * -d libbpf, verifier shown on stderr. One at a time.
 */
struct bpf_log {
    bool show_all, show_verifier;
    libbpf_print_fn_t old;
    struct buf kept; /* warnings, the last ones */
    char *verifier;  /* log_size bytes for the kernel to write to; NULL: libbpf prints the logs */
    size_t verifier_size;
};

void bpf_log_open(struct bpf_log *, const struct config *);
void bpf_log_close(struct bpf_log *);
/* The first line that was kept, without libbpf's own name; "" if there is none. */
struct str bpf_log_first_line(const struct bpf_log *);
/* What stands between two texts, in the last place before the first after; "" if nothing does. */
struct str bpf_log_between(const struct bpf_log *, const char *before, const char *after);
/* The end of the verifier's log, on stderr. */
void bpf_log_show_verifier(const struct bpf_log *);

#endif
