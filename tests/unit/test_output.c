/*
 * test_output.c - the stream under the formats: when it is written, and what happens when it can't
 */
#include "tests/unit/output_help.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* A stream into a pipe, so that one sees what has really been written. */
struct piped {
    struct out *out;
    int reader;
};

static struct piped piped(enum config_buffering buffering)
{
    struct config config = { .opt = { .buffering = buffering } };
    struct piped p;
    int fd[2];

    assert_int_equal(pipe(fd), 0);
    assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(out_open(&p.out, &config, NULL), 0);
    p.out->fd = fd[1];
    p.reader = fd[0];
    return p;
}

static void piped_close(struct piped *p)
{
    out_close(p->out);
    if (p->reader >= 0)
        close(p->reader);
}

/* "" if nothing has come. */
static const char *arrived(struct piped *p)
{
    static char text[256];
    ssize_t n = read(p->reader, text, sizeof(text) - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void say(struct piped *p, const char *text)
{
    out_write(p->out, str_from(text));
    out_done(p->out);
}

static void line_buffering(void **state)
{
    struct piped p = piped(BUFFERING_LINE);

    (void)state;
    say(&p, "a");
    assert_string_equal(arrived(&p), "");
    say(&p, "b\nc");
    assert_string_equal(arrived(&p), "ab\n");
    say(&p, "");
    assert_string_equal(arrived(&p), "");
    out_write(p.out, STR("d\n")); /* not a whole message yet */
    assert_string_equal(arrived(&p), "");
    out_done(p.out);
    assert_string_equal(arrived(&p), "cd\n");
    say(&p, "e");
    assert_int_equal(out_flush(p.out), 0);
    assert_string_equal(arrived(&p), "e");
    piped_close(&p);
}

static void batches_of_lines(void **state)
{
    struct piped p = piped(BUFFERING_LINE);

    (void)state;
    out_batch(p.out, true);
    say(&p, "a\n");
    say(&p, "b\nc");
    assert_string_equal(arrived(&p), "");
    out_batch(p.out, false);
    assert_string_equal(arrived(&p), "a\nb\n");
    say(&p, "d\n");
    assert_string_equal(arrived(&p), "cd\n");
    piped_close(&p);
}

static void full_buffering(void **state)
{
    struct piped p = piped(BUFFERING_FULL);
    static char much[70000];

    (void)state;
    say(&p, "a\n");
    assert_string_equal(arrived(&p), "");
    out_flush(p.out);
    assert_string_equal(arrived(&p), "a\n");
    fcntl(p.out->fd, F_SETPIPE_SZ, 1 << 20);
    memset(much, 'x', sizeof(much) - 1);
    say(&p, much);
    assert_int_equal(p.out->buf.n, 0);
    assert_int_equal(strlen(arrived(&p)), 255);
    piped_close(&p);
}

static void no_buffering(void **state)
{
    struct piped p = piped(BUFFERING_NONE);

    (void)state;
    say(&p, "a");
    assert_string_equal(arrived(&p), "a");
    piped_close(&p);
}

static void closing_flushes(void **state)
{
    struct piped p = piped(BUFFERING_FULL);

    (void)state;
    say(&p, "rest");
    out_close(p.out);
    assert_string_equal(arrived(&p), "rest");
    close(p.reader);
    out_close(NULL);
}

/* stderr comes after what has been printed before it. */
static void notes_keep_order(void **state)
{
    struct piped p = piped(BUFFERING_FULL);
    int old = dup(STDERR_FILENO);

    (void)state;
    dup2(p.out->fd, STDERR_FILENO);
    p.out->ops->text(p.out, OUT_PRINTF, STR("first\n"));
    p.out->ops->lost(p.out, 2);
    p.out->ops->text(p.out, OUT_PRINTF, STR("third\n"));
    p.out->ops->message(p.out, SEVERITY_ERROR, NULL, STR("fourth"));
    dup2(old, STDERR_FILENO);
    close(old);
    assert_string_equal(arrived(&p), "first\nLost 2 events\nthird\nERROR: fourth\n");
    piped_close(&p);
}

static void gone_reader(void **state)
{
    struct piped p = piped(BUFFERING_LINE);

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    close(p.reader);
    p.reader = -1;
    say(&p, "a\n");
    assert_int_equal(p.out->error, -EPIPE);
    assert_int_equal(p.out->buf.n, 0);
    for (int i = 0; i < 10; i++)
        say(&p, "more"); /* must not pile up */
    assert_int_equal(p.out->buf.n, 0);
    assert_int_equal(out_flush(p.out), -EPIPE);
    piped_close(&p);
}

static void full_disk(void **state)
{
    struct config config = { .opt = { .output = "/dev/full" } };
    struct out *out;

    (void)state;
    assert_int_equal(out_open(&out, &config, NULL), 0);
    out->ops->value(out, value_none());
    assert_int_equal(out->error, -ENOSPC);
    assert_int_equal(out_flush(out), -ENOSPC);
    out_close(out);
}

static void ignore_signal(int number)
{
    (void)number;
}

/* A small pipe that blocks or refuses, a slow reader, and signals in between: nothing is lost. */
static void slow_reader(int flags)
{
    enum { SIZE = 1 << 20 };
    struct piped p = piped(BUFFERING_NONE);
    struct sigaction interrupt = { .sa_handler = ignore_signal };
    char *much = malloc(SIZE);
    pid_t child;
    int status;

    for (size_t i = 0; i < SIZE; i++)
        much[i] = (char)(i % 251);
    sigaction(SIGUSR1, &interrupt, NULL);
    fcntl(p.out->fd, F_SETPIPE_SZ, 4096);
    fcntl(p.out->fd, F_SETFL, flags);
    fcntl(p.reader, F_SETFL, 0);
    child = fork();
    if (child == 0) {
        size_t seen = 0;
        char part[3001];
        ssize_t n;

        close(p.out->fd);
        while ((n = read(p.reader, part, sizeof(part))) > 0) {
            for (ssize_t i = 0; i < n; i++, seen++) {
                if (part[i] != (char)(seen % 251))
                    _exit(1);
            }
            kill(getppid(), SIGUSR1);
        }
        _exit(seen == SIZE ? 0 : 2);
    }
    out_write(p.out, (struct str){ much, SIZE });
    out_done(p.out);
    assert_int_equal(p.out->error, 0);
    piped_close(&p);
    while (waitpid(child, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    free(much);
}

static void slow_reader_that_blocks(void **state)
{
    (void)state;
    slow_reader(0);
}

static void slow_reader_that_refuses(void **state)
{
    (void)state;
    slow_reader(O_NONBLOCK);
}

static void opening(void **state)
{
    char path[] = "/tmp/hark-test-XXXXXX";
    struct config config = { .opt = { .format = "xml" } };
    struct arena a = { 0 };
    struct out *out;
    struct err e;
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(out_open(&out, &config, &e), -EINVAL);
    assert_string_equal(e.text, "unknown output format 'xml'");
    assert_string_equal(e.hint, "there are: text, json");

    config.opt.format = "json";
    config.opt.output = "/nonexistent/x";
    assert_int_equal(out_open(&out, &config, &e), -ENOENT);
    assert_string_equal(e.text,
                        "can't open output file '/nonexistent/x': No such file or directory");

    assert_int_equal(write(fd, "old text", 8), 8);
    close(fd);
    config.opt = (struct options){ .output = path,
                                   .quiet = true,
                                   .colour = true,
                                   .buffering = BUFFERING_FULL,
                                   .warnings = WARNINGS_NONE };
    assert_int_equal(out_open(&out, &config, &e), 0);
    assert_ptr_equal(out->ops, &out_text_ops);
    assert_true(out->quiet && out->colour && !out->warnings);
    assert_int_equal(out->buffering, BUFFERING_FULL);
    out->ops->value(out, value_int(&a, 7));
    out_close(out);
    assert_string_equal(take(&a, path), "7\n");
    unlink(path);

    config.opt = (struct options){ .format = "json", .warnings = WARNINGS_ALL };
    assert_int_equal(out_open(&out, &config, &e), 0);
    assert_ptr_equal(out->ops, &out_json_ops);
    assert_true(out->warnings);
    assert_int_equal(out->fd, STDOUT_FILENO);
    out_close(out);
    assert_int_not_equal(fcntl(STDOUT_FILENO, F_GETFD), -1); /* still open */
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_buffering),
        cmocka_unit_test(batches_of_lines),
        cmocka_unit_test(full_buffering),
        cmocka_unit_test(no_buffering),
        cmocka_unit_test(closing_flushes),
        cmocka_unit_test(notes_keep_order),
        cmocka_unit_test(gone_reader),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(slow_reader_that_blocks),
        cmocka_unit_test(slow_reader_that_refuses),
        cmocka_unit_test(opening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
