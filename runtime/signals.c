/*
 * signals.c - SIGINT, SIGTERM and SIGUSR1 arrive through a descriptor
 *
 * They are blocked from the first moment of a session, so that none is lost before the loop runs.
 * When the run is over they get their usual meaning back, since what is left (printing, detaching
 * hundreds of probes) may take long or get stuck: the first signal asks to end, the second ends. If
 * the run ended by itself the first one is still to come, and often is on its way: Ctrl-C goes to
 * the program of -c too. So that one falls into a handler that does nothing and removes itself.
 */
#include "runtime/session_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

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

    sigaction(SIGINT, NULL, &s->old_int);
    sigaction(SIGTERM, NULL, &s->old_term);
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

static void do_nothing(int number)
{
    (void)number;
}

void signals_release(struct session *s)
{
    struct sigaction once = { .sa_handler = do_nothing, .sa_flags = (int)SA_RESETHAND };
    struct sigaction deadly = { .sa_handler = SIG_DFL };
    const struct sigaction *action = s->interrupted ? &deadly : &once;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaction(SIGINT, action, NULL);
    sigaction(SIGTERM, action, NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    s->signals_released = true;
}

void signals_close(struct session *s)
{
    if (s->signals_released) {
        sigaction(SIGINT, &s->old_int, NULL);
        sigaction(SIGTERM, &s->old_term, NULL);
    }
    if (s->signals_blocked)
        sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
    if (s->signal_fd >= 0)
        close(s->signal_fd);
}
