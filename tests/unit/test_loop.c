/*
 * test_loop.c - descriptors and timers call back, also while entries come and go
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "runtime/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A descriptor that is ready, and what its callback does. */
struct source {
    struct loop *loop;
    int fd;
    int calls, stop_at;
    int removes[2]; /* descriptors; 0: none */
};

static int on_ready(void *arg, int fd, uint32_t events)
{
    struct source *s = arg;

    (void)events;
    assert_int_equal(fd, s->fd);
    s->calls++;
    for (int i = 0; i < 2; i++) {
        if (s->removes[i])
            loop_remove(s->loop, s->removes[i]);
    }
    return s->calls == s->stop_at ? 42 : 0;
}

static struct loop *open_loop(void)
{
    struct loop *loop = NULL;

    assert_int_equal(loop_open(&loop, NULL), 0);
    return loop;
}

/* Level-triggered: a descriptor nobody reads stays ready. */
static void add_ready(struct source *s, struct loop *loop)
{
    s->loop = loop;
    s->fd = eventfd(1, EFD_CLOEXEC);
    assert_int_equal(loop_add(loop, s->fd, on_ready, s, NULL), 0);
}

static void runs_until_told(void **state)
{
    struct loop *loop = open_loop();
    struct source s = { .stop_at = 3 };

    (void)state;
    add_ready(&s, loop);
    assert_int_equal(loop_run(loop, NULL, NULL), 42);
    assert_int_equal(s.calls, 3);
    assert_int_equal(loop_poll(loop), 0);
    assert_int_equal(s.calls, 4);
    loop_remove(loop, s.fd);
    assert_int_equal(loop_poll(loop), 0);
    assert_int_equal(s.calls, 4);
    loop_close(loop);
    assert_int_equal(close(s.fd), 0); /* not the loop's to close */
}

/* Whoever is called first removes both; the other, ready in the same round, is not called. */
static void removal_in_a_round(void **state)
{
    struct loop *loop = open_loop();
    struct source a = { 0 }, b = { 0 };

    (void)state;
    add_ready(&a, loop);
    add_ready(&b, loop);
    a.removes[0] = b.removes[0] = a.fd;
    a.removes[1] = b.removes[1] = b.fd;
    assert_int_equal(loop_poll(loop), 0);
    assert_int_equal(a.calls + b.calls, 1);
    assert_int_equal(loop_poll(loop), 0);
    assert_int_equal(a.calls + b.calls, 1);
    loop_close(loop);
    close(a.fd);
    close(b.fd);
}

static int count_tick(void *arg, int fd, uint32_t events)
{
    int *ticks = arg;

    (void)fd;
    (void)events;
    return ++*ticks == 3 ? -EPIPE : 0;
}

static void timers_repeat(void **state)
{
    struct loop *loop = open_loop();
    int ticks = 0;

    (void)state;
    assert_int_equal(loop_timer(loop, 1, count_tick, &ticks, NULL), 0);
    assert_int_equal(loop_run(loop, NULL, NULL), -EPIPE);
    assert_int_equal(ticks, 3);
    loop_close(loop);
}

static int count_idle(void *arg)
{
    int *calls = arg;

    return ++*calls == 2 ? 7 : 0;
}

static void idle_comes_first(void **state)
{
    struct loop *loop = open_loop();
    struct source s = { 0 };
    int idles = 0;

    (void)state;
    add_ready(&s, loop);
    assert_int_equal(loop_run(loop, count_idle, &idles), 7);
    assert_int_equal(idles, 2);
    assert_int_equal(s.calls, 1);
    loop_close(loop);
    close(s.fd);
}

static void refusals(void **state)
{
    struct loop *loop = open_loop();
    struct err e = { 0 };

    (void)state;
    assert_int_equal(loop_add(loop, 9999, on_ready, NULL, &e), -EBADF);
    assert_non_null(strstr(e.text, "9999"));
    loop_remove(loop, 9999);
    assert_int_equal(loop_poll(loop), 0);
    loop_close(loop);
    loop_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_until_told), cmocka_unit_test(removal_in_a_round),
        cmocka_unit_test(timers_repeat),   cmocka_unit_test(idle_comes_first),
        cmocka_unit_test(refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
