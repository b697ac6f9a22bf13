/*
 * perf.c - attaching perf events, for the probe types made of them
 *
 * An event is bound to a CPU or to a thread. Without -p there is one for each CPU, with it one for
 * each thread, which those it starts later inherit.
 */
#include "probes/perf.h"

#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "runtime/attach.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>

int perf_attach_cpus(struct session *s, const struct image_probe *p, const struct target *t,
                     struct perf_event_attr *attr, bool only_first, struct err *e)
{
    unsigned *cpus;
    size_t n;
    int rc = kernel_online_cpus(session_host(s)->kernel, session_scratch(s), &cpus, &n, e);

    for (size_t i = 0; i < n && !rc; i++) {
        rc = session_attach_perf(s, p, t, attr, (int)cpus[i], 0, e);
        if (only_first)
            break;
    }
    return rc;
}

/* Every thread there is; those created later inherit the event. */
static int attach_threads(struct session *s, const struct image_probe *p, const struct target *t,
                          struct perf_event_attr *attr, uint32_t pid, struct err *e)
{
    struct dirent *entry;
    char path[64];
    DIR *dir;
    int rc = 0, n = 0;

    snprintf(path, sizeof(path), "/proc/%u/task", pid);
    dir = opendir(path);
    if (!dir)
        return err_set(e, -errno, "process %u has gone", pid);
    attr->inherit = 1;
    attr->inherit_thread = 1;
    while (!rc && (entry = readdir(dir))) {
        unsigned long tid = strtoul(entry->d_name, NULL, 10);

        if (!tid)
            continue;
        rc = session_attach_perf(s, p, t, attr, -1, (uint32_t)tid, e);
        if (rc == -EINVAL && n == 0 && attr->inherit_thread) {
            attr->inherit_thread = 0; /* before Linux 5.13: child processes are followed, too */
            rc = session_attach_perf(s, p, t, attr, -1, (uint32_t)tid, e);
        }
        if (rc == -ESRCH && n > 0) /* a thread that has just ended */
            rc = 0;
        n++;
    }
    closedir(dir);
    return rc;
}

int perf_attach_event(struct session *s, const struct image_probe *p, const struct target *t,
                      struct perf_event_attr *attr, struct err *e)
{
    uint32_t pid = session_pid(s);

    return pid ? attach_threads(s, p, t, attr, pid, e) : perf_attach_cpus(s, p, t, attr, false, e);
}

/* struct bpf_perf_event_data begins with the interrupted registers. */
bool perf_load(struct cg *cg, const struct target *t, enum probe_value what, unsigned n,
               struct cg_val *out)
{
    (void)t;
    if (what != PROBE_REG)
        return false;
    *out = cg_ctx_load(cg, n, type_int(cg_types(cg), 8, false));
    return true;
}

void perf_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("perf_event") };
}
