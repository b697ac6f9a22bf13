/*
 * loop.h - one thread, one epoll: whatever waits is a file descriptor here
 *
 * Callbacks return 0, or non-zero to end loop_run() with that value.
 */
#ifndef HARK_RUNTIME_LOOP_H
#define HARK_RUNTIME_LOOP_H

#include "base/err.h"

#include <stdint.h>

struct loop;
typedef int (*loop_fn)(void *arg, int fd, uint32_t events);

int loop_open(struct loop **, struct err *);
void loop_close(struct loop *); /* closes no fd of others; NULL is fine */
int loop_add(struct loop *, int fd, loop_fn, void *arg, struct err *);
void loop_remove(struct loop *, int fd);
/* A timer every period_ms; owned by the loop. */
int loop_timer(struct loop *, unsigned period_ms, loop_fn, void *arg, struct err *);
/* Until a callback ends it (its value), or a wait fails (-errno). idle runs before each wait; may
 * be NULL. */
int loop_run(struct loop *, int (*idle)(void *arg), void *arg);
/* Handles what is ready now and returns. */
int loop_poll(struct loop *);

#endif
