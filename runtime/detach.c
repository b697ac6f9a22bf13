/*
 * detach.c - letting go of what was attached, without keeping the user waiting
 *
 * To the kernel an attachment is a file descriptor: it is gone when the last process that has it
 * closes it. For some sorts that takes the kernel 50 ms each. So we close what can be closed in no
 * time; if there is more, a child inherits the rest, and we close ours at once, since they are no
 * longer the last. The child waits until we have (who closes last pays), and then all it does is
 * end: the kernel closes its descriptors, at its own pace. However it ends, they are closed.
 */
#include "runtime/session_impl.h"

#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 40 };

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* BPF objects and perf events are not files that anybody could be waiting for. */
static bool is_kernel_object(const char *path)
{
    char target[64];
    ssize_t n = readlink(path, target, sizeof(target) - 1);

    return n > 0 && str_starts((struct str){ target, (size_t)n }, STR("anon_inode:"));
}

/* Pipes and files somebody else may wait for to be closed: all descriptors but those. */
static void close_files(int except)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *d;

    if (!dir)
        _exit(0); /* then they all go, and who waits waits */
    while ((d = readdir(dir))) {
        char path[32];
        int fd = atoi(d->d_name);

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (d->d_name[0] != '.' && fd != dirfd(dir) && fd != except && !is_kernel_object(path))
            close(fd);
    }
    closedir(dir);
}

/*
 * A process that keeps everything attached until the returned descriptor is closed. Negative: there
 * is none, and it has to be done here.
 */
static int leave_to_child(void)
{
    int ends[2];
    char none;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    pid = fork();
    if (pid == 0) {
        setsid();
        close(ends[1]);
        close_files(ends[0]);
        while (read(ends[0], &none, 1) < 0 && errno == EINTR)
            continue;
        _exit(0);
    }
    close(ends[0]);
    if (pid > 0)
        return ends[1];
    close(ends[1]);
    return -EAGAIN;
}

void attach_close(struct session *s)
{
    uint64_t patience_ends = s->held.n ? now_ms() + PATIENCE_MS : 0;
    int child = -1;
    bool asked = false;

    while (s->held.n) {
        struct held h;

        if (!asked && now_ms() >= patience_ends) {
            asked = true;
            child = leave_to_child();
            if (child < 0)
                fprintf(stderr, "detaching %zu probes …\n", s->held.n);
            else
                session_progress(s, "%zu attachments are let go in the background", s->held.n);
        }
        h = s->held.v[--s->held.n];
        if (h.link)
            bpf_link__destroy(h.link);
        else
            close(h.fd);
    }
    if (child >= 0)
        close(child);
    while (s->outputs.n)
        close(s->outputs.v[--s->outputs.n]);
    vec_free(&s->held);
    vec_free(&s->outputs);
}
