/*
 * uprobe_attach.c - breakpoints in programs: a file, an offset in it, perhaps a semaphore
 *
 * The kernel puts the breakpoint into every process that has the file mapped, also into those that
 * map it later, and counts the semaphore up beside it. Where it has multi links, all targets of a
 * program that are in one file are one link.
 */
#include "probes/uprobe.h"

#include "kernel/kernel.h"
#include "runtime/attach.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/bpf.h of 6.6; Debian 12's headers are older. */
#define ATTACH_TRACE_UPROBE_MULTI 48
#define UPROBE_MULTI_RETURN       1

const struct type *uprobe_ctx(const struct host *host, const struct target *t, struct types *types)
{
    const struct type *regs = kernel_type(host->kernel, types, 's', STR("pt_regs"));

    (void)t;
    return regs ? type_ptr(types, regs) : NULL;
}

bool uprobe_wants_all(struct session *s, const struct image_probe *p)
{
    return p->targets.n > 1 && kernel_has(session_host(s)->kernel, FEATURE_UPROBE_MULTI);
}

int uprobe_before_load(struct session *s, const struct image_probe *p, struct err *e)
{
    if (!uprobe_wants_all(s, p))
        return 0;
    if (bpf_program__set_expected_attach_type(session_program(s, p),
                                              (enum bpf_attach_type)ATTACH_TRACE_UPROBE_MULTI))
        return err_set(e, -EINVAL, "libbpf refused the multi uprobe attach type");
    return 0;
}

static bool is_return(const struct image_probe *p)
{
    return str_eqz(p->provider, "uretprobe");
}

/* One link for n targets in one file. libbpf 1.1 does not know this kind of link yet. */
static int attach_multi(struct session *s, const struct image_probe *p, const struct target *t,
                        uint32_t n, struct err *e)
{
    struct arena a = { 0 };
    uint64_t *offsets = ARENA_ARRAY(&a, uint64_t, n), *semaphores = ARENA_ARRAY(&a, uint64_t, n);
    struct {
        uint32_t prog_fd, target_fd, attach_type, flags;
        uint64_t path, offsets, ref_ctr_offsets, cookies;
        uint32_t cnt, multi_flags, pid, pad;
    } attr = {
        .prog_fd = (uint32_t)bpf_program__fd(session_program(s, p)),
        .attach_type = ATTACH_TRACE_UPROBE_MULTI,
        .path = (uint64_t)(uintptr_t)str_dup(&a, t->path).p,
        .offsets = (uint64_t)(uintptr_t)offsets,
        .ref_ctr_offsets = (uint64_t)(uintptr_t)semaphores,
        .cnt = n,
        .multi_flags = is_return(p) ? UPROBE_MULTI_RETURN : 0,
        .pid = session_pid(s),
    };
    int fd, error;

    for (uint32_t i = 0; i < n; i++) {
        offsets[i] = t[i].addr;
        semaphores[i] = t[i].semaphore;
    }
    fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
    error = errno;
    arena_free(&a);
    if (fd >= 0)
        return session_add_fd(s, fd);
    if (n == 1)
        return session_cannot_attach(t, -error, e);
    return err_set(e, -error, "cannot attach %u places of %.*s: %s", n, STRF(t->path),
                   strerror(error));
}

int uprobe_attach(struct session *s, const struct image_probe *p, const struct target *t,
                  struct err *e)
{
    LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = is_return(p), .ref_ctr_offset = t->semaphore);
    uint32_t pid = session_pid(s);
    struct arena a = { 0 };
    struct bpf_link *link;

    link = bpf_program__attach_uprobe_opts(session_program(s, p), pid ? (pid_t)pid : -1,
                                           str_dup(&a, t->path).p, t->addr, &opts);
    arena_free(&a);
    return session_add_link(s, link, t, e);
}

/* n targets in one file. If they are refused together, the others can do without the bad one. */
static int attach_file(struct session *s, const struct image_probe *p, const struct target *t,
                       uint32_t n, struct err *e)
{
    int rc = attach_multi(s, p, t, n, e);

    if (!rc || n == 1)
        return rc ? session_refuse(s, rc, 1, e) : 0;
    for (uint32_t i = 0; i < n; i++) {
        *e = (struct err){ 0 };
        rc = attach_multi(s, p, &t[i], 1, e);
        if (rc && (rc = session_refuse(s, rc, 1, e)))
            return rc;
    }
    return 0;
}

/* Targets come sorted by file: one link each. */
int uprobe_attach_all(struct session *s, const struct image_probe *p, struct err *e)
{
    const struct target *t = p->targets.v;
    int rc = 0;

    for (size_t i = 0, n; i < p->targets.n && !rc; i += n) {
        for (n = 1; i + n < p->targets.n && str_eq(t[i + n].path, t[i].path);)
            n++;
        rc = attach_file(s, p, &t[i], (uint32_t)n, e);
    }
    return rc;
}
