/*
 * signals.c - SIGINT, SIGTERM and SIGUSR1 arrive through a descriptor
 *
 * They are blocked from the first moment of a session, so that none is lost before the loop runs.
 * When the run is over they are let through again, since what is left (printing, detaching hundreds
 * of probes) may take long or get stuck: the first signal asks to end, the second ends. What comes
 * right behind the end is an echo and no second wish: timeout(1) signals twice, and Ctrl-C goes to
 * the program of -c too, whose end may already have ended the run.
 */
#include "runtime/session_impl.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define ECHO_MS 500

/* SIGUSR1 keeps its meaning unless a probe asks for it. */
static sigset_t wanted_signals(const struct session *s)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    for (size_t i = 0; i < s->image->probes.n; i++) {
        if (s->image->probes.v[i].when == WHEN_SIGNAL)
            sigaddset(&set, SIGUSR1);
    }
    return set;
}

int signals_open(struct session *s, struct err *e)
{
    sigset_t set = wanted_signals(s);

    sigprocmask(SIG_BLOCK, &set, &s->old_mask);
    s->signals_blocked = true;
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signal_fd < 0)
        return err_set(e, -errno, "can't watch for signals: %s", strerror(errno));
    return 0;
}

int signals_read(struct session *s)
{
    struct signalfd_siginfo info;

    if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
        return 0;
    if (info.ssi_signo != SIGUSR1)
        s->interrupted = true;
    return (int)info.ssi_signo;
}

/*
 * When the run ended. A handler has nothing but globals to look at: this one is written once,
 * before the handlers are in place.
 */
static struct timespec run_ended;

static void second_signal(int number)
{
    struct timespec now;
    int64_t ms;

    clock_gettime(CLOCK_MONOTONIC, &now);
    ms = (int64_t)(now.tv_sec - run_ended.tv_sec) * 1000 +
         (now.tv_nsec - run_ended.tv_nsec) / 1000000;
    if (ms < ECHO_MS)
        return;
    signal(number, SIG_DFL);
    raise(number); /* delivered when this handler returns */
}

void signals_release(struct session *s)
{
    struct sigaction action = { .sa_handler = second_signal, .sa_flags = SA_RESTART };
    sigset_t set;

    if (!s->signals_blocked || s->signals_released)
        return;
    clock_gettime(CLOCK_MONOTONIC, &run_ended);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    s->signals_released = true;
}

/* The handlers stay: an echo may still come while the process leaves. */
void signals_close(struct session *s)
{
    if (s->signals_blocked)
        sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
    if (s->signal_fd >= 0)
        close(s->signal_fd);
}
