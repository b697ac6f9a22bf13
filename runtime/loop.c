/*
 * loop.c - one thread, one epoll: waits for file descriptors and calls whoever asked
 *
 * Each descriptor has an entry, and epoll hands back the entry. A callback may remove any entry,
 * also one that is ready in the same round; so removed entries are only marked, and freed when the
 * round is over.
 */
#include "runtime/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { MAX_EVENTS = 16 };

struct entry {
    int fd;
    loop_fn fn;
    void *arg;
    bool is_timer; /* fd is ours */
    bool removed;
    struct entry *next;
};

struct loop {
    int epoll_fd;
    struct entry *entries;
};

int loop_open(struct loop **out, struct err *e)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd < 0)
        return err_set(e, -errno, "can't make an event loop: %s", strerror(errno));
    *out = xcalloc(1, sizeof(**out));
    (*out)->epoll_fd = fd;
    return 0;
}

/* All of them, or those that were removed. */
static void free_entries(struct loop *loop, bool all)
{
    for (struct entry **link = &loop->entries; *link;) {
        struct entry *entry = *link;

        if (!all && !entry->removed) {
            link = &entry->next;
            continue;
        }
        *link = entry->next;
        if (entry->is_timer)
            close(entry->fd);
        free(entry);
    }
}

void loop_close(struct loop *loop)
{
    if (!loop)
        return;
    free_entries(loop, true);
    close(loop->epoll_fd);
    free(loop);
}

static int add(struct loop *loop, struct entry wanted, struct err *e)
{
    struct entry *entry = xcalloc(1, sizeof(*entry));
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = entry };

    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, wanted.fd, &event)) {
        free(entry);
        return err_set(e, -errno, "can't wait for file descriptor %d: %s", wanted.fd,
                       strerror(errno));
    }
    *entry = wanted;
    entry->next = loop->entries;
    loop->entries = entry;
    return 0;
}

int loop_add(struct loop *loop, int fd, loop_fn fn, void *arg, struct err *e)
{
    return add(loop, (struct entry){ .fd = fd, .fn = fn, .arg = arg }, e);
}

void loop_remove(struct loop *loop, int fd)
{
    for (struct entry *entry = loop->entries; entry; entry = entry->next) {
        if (entry->fd != fd || entry->removed)
            continue;
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        entry->removed = true;
        return;
    }
}

int loop_timer(struct loop *loop, unsigned period_ms, loop_fn fn, void *arg, struct err *e)
{
    const struct timespec period = { period_ms / 1000, (long)(period_ms % 1000) * 1000000 };
    const struct itimerspec times = { period, period };
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    int rc;

    if (fd < 0)
        return err_set(e, -errno, "can't make a timer: %s", strerror(errno));
    if (timerfd_settime(fd, 0, &times, NULL))
        rc = err_set(e, -errno, "can't set a timer to %u ms: %s", period_ms, strerror(errno));
    else
        rc = add(loop, (struct entry){ .fd = fd, .fn = fn, .arg = arg, .is_timer = true }, e);
    if (rc)
        close(fd);
    return rc;
}

/* True if the entry is still wanted, and due: a timer that was read too early is not. */
static bool is_due(const struct entry *entry)
{
    uint64_t ticks;

    if (entry->removed)
        return false;
    return !entry->is_timer || read(entry->fd, &ticks, sizeof(ticks)) == sizeof(ticks);
}

/* One wait and what it brought; 0, a callback's value, or -errno. */
static int run_once(struct loop *loop, int timeout_ms)
{
    struct epoll_event events[MAX_EVENTS];
    int n = epoll_wait(loop->epoll_fd, events, MAX_EVENTS, timeout_ms);
    int rc = 0;

    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < n && !rc; i++) {
        struct entry *entry = events[i].data.ptr;

        if (is_due(entry))
            rc = entry->fn(entry->arg, entry->fd, events[i].events);
    }
    free_entries(loop, false);
    return rc;
}

int loop_run(struct loop *loop, int (*idle)(void *arg), void *arg)
{
    int rc = 0;

    while (!rc) {
        if (idle)
            rc = idle(arg);
        if (!rc)
            rc = run_once(loop, -1);
    }
    return rc;
}

int loop_poll(struct loop *loop)
{
    return run_once(loop, 0);
}
