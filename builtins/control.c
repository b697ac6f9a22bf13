/*
 * control.c - what reaches beyond the output: exit() cat() system() join()
 *
 * The work is done when the record arrives, by the event loop, which waits for it: the order of
 * everything printed is the order of the records.
 */
#include "builtins/builtin.h"
#include "builtins/format.h"

#include "codegen/emit.h"
#include "output/out.h"
#include "output/value.h"
#include "runtime/event.h"
#include "sema/call.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- exit() ---- */

static bool exit_plan(struct planner *p, struct expr *call)
{
    const struct type *code = type_int(p->c->image->types, 8, false);

    plan_action(p, call, &code, 1)->control = true;
    return true;
}

static bool exit_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    const struct expr *code = call_arg(call, 0);
    struct cg_record r = { 0 };
    bool ok;

    *out = cg_none(cg);
    if (!cg_record_begin(cg, call, &r))
        return false;
    if (code)
        ok = cg_record_expr(cg, &r, 0, code);
    else
        ok = cg_store(cg, cg_record_place(cg, &r, 0), u64, cg_u64(cg, 0), call->at);
    if (!ok || !cg_record_end(cg, &r))
        return false;
    cg_return(cg);
    return true;
}

static int exit_event(struct session *s, const struct image_action *a, const void *data, size_t len)
{
    uint64_t code = 0;

    (void)a;
    memcpy(&code, data, MIN(len, sizeof(code)));
    session_exit(s, (int)(code & 255));
    return 0;
}

/* ---- unwatch() ---- */

static bool unwatch_plan(struct planner *p, struct expr *call)
{
    const struct type *addr = type_int(p->c->image->types, 8, false);

    plan_action(p, call, &addr, 1)->control = true;
    return true;
}

static bool unwatch_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_none(cg);
    return cg_record_args(cg, call, 0);
}

static int unwatch_event(struct session *s, const struct image_action *a, const void *data,
                         size_t len)
{
    uint64_t addr = 0;

    memcpy(&addr, data, MIN(len, sizeof(addr)));
    if (!session_unwatch(s, addr))
        session_error(s, a, "unwatch(): there is no watchpoint at 0x%jx", (uintmax_t)addr);
    return 0;
}

/* ---- reading files and pipes ---- */

enum { CHUNK = 16 * 1024 };

/* Appends what fd has, at most max bytes. -errno if reading failed. */
static int read_all(int fd, struct buf *b, uint64_t max)
{
    char chunk[CHUNK];
    ssize_t n;

    while (b->n < max) {
        n = read(fd, chunk, (size_t)MIN(max - b->n, (uint64_t)sizeof(chunk)));
        if (n > 0)
            buf_add(b, chunk, (size_t)n);
        else if (n == 0)
            return 0;
        else if (errno != EINTR)
            return -errno;
    }
    return 0;
}

/* ---- cat() ---- */

static int cat_event(struct session *s, const struct image_action *a, const void *data, size_t len)
{
    struct buf path = { 0 }, text = { 0 };
    int fd, rc;

    (void)len;
    formatted_text(s, a, data, &path);
    buf_putc(&path, '\0');
    /* A pipe without a writer, or a terminal, must not stop us. */
    fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    rc = fd < 0 ? -errno : read_all(fd, &text, session_config(s)->max_cat_bytes);
    if (fd >= 0)
        close(fd);
    if (text.n)
        session_out(s)->ops->text(session_out(s), OUT_CAT, buf_as_str(&text));
    if (rc < 0)
        session_error(s, a, "cat(): can't read '%s': %s", path.p, strerror(-rc));
    buf_free(&path);
    buf_free(&text);
    return 0;
}

/* ---- system() ---- */

enum { MAX_OUTPUT = 16 * 1024 * 1024 };

/* sh -c command, with both of its streams going into a pipe. 0, or an error number. */
static int spawn_shell(const char *command, int output, pid_t *pid)
{
    char *const argv[] = { "sh", "-c", (char *)command, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, pipe_only;
    int rc;

    /* We block signals to read them from a descriptor, and ignore SIGPIPE: a program must not. */
    sigemptyset(&none);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &pipe_only);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    rc = posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

/*
 * Up to the end of the pipe; what is too much is read and counted, as the command must not block.
 * Returns how many bytes were dropped.
 */
static uint64_t read_output(int fd, struct buf *text)
{
    struct buf ignored = { 0 };
    uint64_t dropped = 0;
    int rc;

    if (read_all(fd, text, MAX_OUTPUT) < 0 || text->n < MAX_OUTPUT)
        return 0;
    do {
        buf_clear(&ignored);
        rc = read_all(fd, &ignored, CHUNK);
        dropped += ignored.n;
    } while (rc == 0 && ignored.n == CHUNK);
    buf_free(&ignored);
    return dropped;
}

/* Runs it to its end. -errno if that was not possible, else what waitpid() says of it. */
static int run_shell(const char *command, struct buf *text, uint64_t *dropped, int *status)
{
    int ends[2], rc;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    rc = spawn_shell(command, ends[1], &pid);
    close(ends[1]);
    if (rc == 0) {
        *dropped = read_output(ends[0], text);
        while ((rc = waitpid(pid, status, 0) < 0 ? errno : 0) == EINTR)
            ;
    }
    close(ends[0]);
    return -rc;
}

static int system_event(struct session *s, const struct image_action *a, const void *data,
                        size_t len)
{
    struct buf command = { 0 }, text = { 0 };
    uint64_t dropped = 0;
    int status = 0, rc;

    (void)len;
    formatted_text(s, a, data, &command);
    buf_putc(&command, '\0');
    out_batch(session_out(s), false); /* it may take its time */
    rc = run_shell(command.p, &text, &dropped, &status);
    if (rc == 0) {
        buf_putc(&text, '\n');
        session_out(s)->ops->text(session_out(s), OUT_SYSTEM, buf_as_str(&text));
    }
    if (dropped)
        session_error(
            s, a, "system(): '%s' printed more than %d MB; the last %" PRIu64 " bytes were dropped",
            command.p, MAX_OUTPUT >> 20, dropped);
    if (rc < 0)
        session_error(s, a, "system(): can't run '%s': %s", command.p, strerror(-rc));
    else if (WIFSIGNALED(status))
        session_error(s, a, "system(): '%s' was ended by signal %d (%s)", command.p,
                      WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status))
        session_error(s, a, "system(): '%s' ended with status %d", command.p, WEXITSTATUS(status));
    buf_free(&command);
    buf_free(&text);
    return 0;
}

/* ---- join() ---- */

/* Of a record: { u64 n; char text[JOIN_MAX][JOIN_SIZE] }, of which n are filled. */
enum { JOIN_MAX = 16, JOIN_SIZE = 1024 };

static bool join_plan(struct planner *p, struct expr *call)
{
    struct types *types = p->c->image->types;
    const struct type *payload[1 + JOIN_MAX];
    struct str separator = STR(" ");
    struct image_action *a;

    payload[0] = type_int(types, 8, false);
    for (size_t i = 0; i < JOIN_MAX; i++)
        payload[1 + i] = type_string(types, JOIN_SIZE);
    a = plan_action(p, call, payload, ARRAY_LEN(payload));
    call_lit_str(call, 1, &separator);
    a->text = str_dup(&p->c->image->arena, separator);
    return true;
}

struct join {
    struct cg_val array; /* address of the first pointer */
    struct cg_val n, texts, pointer;
    enum addr_space as;
    const struct type *u64;
    struct span at;
};

/* One turn: where all before were there, reads pointer i and, unless it is NULL, its string. */
static bool join_one(struct cg *cg, struct cg_val i, void *arg)
{
    struct join *j = arg;
    struct cg_val at = cg_op(cg, OP_ADD, j->array, cg_op(cg, OP_SHL, i, cg_u64(cg, 3)));
    struct cg_if going, found;
    struct cg_val pointer;
    bool ok;

    going = cg_if_begin(cg, cg_op(cg, OP_EQ, cg_load(cg, j->n), i));
    cg_read(cg, j->pointer, 8, at, j->as, j->at);
    pointer = cg_load(cg, j->pointer);
    found = cg_if_begin(cg, cg_op(cg, OP_NE, pointer, cg_u64(cg, 0)));
    at = cg_at_val(cg, j->texts, cg_op(cg, OP_SHL, i, cg_u64(cg, 10)), NULL);
    cg_read_str(cg, at, JOIN_SIZE, pointer, j->as, false, j->at);
    ok = cg_store(cg, j->n, j->u64, cg_op(cg, OP_ADD, i, cg_u64(cg, 1)), j->at);
    cg_if_end(cg, &found);
    cg_if_end(cg, &going);
    return ok;
}

static bool join_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *arr = call_arg(call, 0);
    struct join j = { .u64 = type_int(cg_types(cg), 8, false), .at = call->at };
    struct cg_record r = { 0 };

    *out = cg_none(cg);
    if (!cg_expr(cg, arr, &j.array))
        return false;
    j.as = cg_space(cg, arr);
    j.array = cg_convert(cg, cg_load(cg, j.array), j.u64);
    if (!cg_record_begin(cg, call, &r))
        return false;
    j.n = cg_record_place(cg, &r, 0);
    j.texts = cg_record_place(cg, &r, 1);
    j.pointer = cg_place(cg, j.u64);
    return cg_store(cg, j.n, j.u64, cg_u64(cg, 0), call->at) &&
           cg_repeat(cg, JOIN_MAX, join_one, &j) && cg_record_end(cg, &r);
}

static int join_event(struct session *s, const struct image_action *a, const void *data, size_t len)
{
    struct decode decode = session_decode(s);
    const struct value *v = decode_element(&decode, a, data, 0);
    uint64_t n = v ? MIN(v->num, (uint64_t)JOIN_MAX) : 0;
    struct buf text = { 0 };

    (void)len;
    for (unsigned i = 0; i < n && (v = decode_element(&decode, a, data, 1 + i)); i++) {
        if (i)
            buf_str(&text, a->text);
        value_text(&text, v);
    }
    buf_putc(&text, '\n');
    session_out(s)->ops->text(session_out(s), OUT_JOIN, buf_as_str(&text));
    buf_free(&text);
    return 0;
}

const struct builtin builtins_control[] = {
    {
        .name = "exit",
        .sig = "void([int])",
        .doc = "Ends the run with this status; end probes and maps still follow.",
        .flags = BUILTIN_LEAVES,
        .plan = exit_plan,
        .emit = exit_emit,
        .event = exit_event,
    },
    {
        .name = "unwatch",
        .sig = "void(addr)",
        .doc = "Takes the watchpoints at an address away.",
        .plan = unwatch_plan,
        .emit = unwatch_emit,
        .event = unwatch_event,
    },
    {
        .name = "cat",
        .sig = "void(fmt, ...)",
        .doc = "Prints a file whose name a format makes.",
        .check = format_check,
        .plan = formatted_plan,
        .emit = formatted_emit,
        .event = cat_event,
    },
    {
        .name = "system",
        .sig = "void(fmt, ...)",
        .doc = "Runs a shell command made by a format, and prints what it prints.",
        .flags = BUILTIN_UNSAFE,
        .check = format_check,
        .plan = formatted_plan,
        .emit = formatted_emit,
        .event = system_event,
    },
    {
        .name = "join",
        .sig = "void(addr, [lit string])",
        .doc = "Prints the strings of a char ** in one line, up to 16.",
        .plan = join_plan,
        .emit = join_emit,
        .event = join_event,
    },
    { .name = NULL },
};
