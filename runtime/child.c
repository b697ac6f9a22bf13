/*
 * child.c - the processes we follow: the one -c starts, the one -p names
 *
 * The child is forked early but waits for a byte before it becomes the program, so that everything
 * is attached before its first instruction runs. One pair of sockets does it: we say "go", and it
 * says why exec failed, or nothing, as a successful exec closes its end. A pidfd tells when either
 * process has ended.
 */
#include "runtime/session_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a child may take to end after SIGTERM before we leave it to its own. */
enum { GRACE_MS = 200 };

/* glibc before 2.36 has no function for it. */
static int pidfd_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* ---- the command ---- */

/* Split at blanks; no shell, no quotes (LANGUAGE.md 20.4). Ends with NULL. */
static char **split(struct arena *arena, const char *cmd)
{
    char *copy = arena_strdup(arena, cmd), *save = NULL;
    VEC(char *) words = { 0 };

    for (char *word = strtok_r(copy, " \t\n", &save); word; word = strtok_r(NULL, " \t\n", &save))
        arena_vec_push(arena, &words, word);
    arena_vec_push(arena, &words, NULL);
    return words.v;
}

/* 0, or why not: the errno execve() would fail with, but EISDIR for a directory. */
static int check_executable(const char *path)
{
    struct stat st;

    if (stat(path, &st))
        return errno;
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? 0 : EACCES;
}

/* The first fitting file in PATH; NULL if none. */
static const char *find_in_path(struct arena *arena, const char *word)
{
    const char *path_list = getenv("PATH");
    struct str dirs = str_from(path_list ? path_list : "/bin:/usr/bin");

    for (size_t from = 0; from <= dirs.n;) {
        struct str rest = str_sub(dirs, from, dirs.n);
        ptrdiff_t colon = str_find(rest, ':');
        struct str dir = str_sub(rest, 0, colon < 0 ? rest.n : (size_t)colon);
        const char *path = arena_printf(arena, "%.*s/%s", STRF(dir.n ? dir : STR(".")), word);

        if (check_executable(path) == 0)
            return path;
        from += dir.n + 1;
    }
    return NULL;
}

/* ---- the child's side ---- */

/* Never returns. The socket ends without a byte if hark gives up or is killed. */
NORETURN static void wait_and_exec(const struct session *s, int socket_fd, const char *path,
                                   char **argv)
{
    char byte;
    ssize_t n;
    int why;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    while ((n = read(socket_fd, &byte, 1)) < 0 && errno == EINTR)
        continue;
    if (n != 1)
        _exit(0);
    signal(SIGPIPE, SIG_DFL); /* who runs us may have us ignore it */
    sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
    execv(path, argv);
    why = errno;
    send(socket_fd, &why, sizeof(why), MSG_NOSIGNAL);
    _exit(127);
}

/* ---- our side ---- */

static int start(struct session *s, const char *path, char **argv)
{
    struct child *c = &s->child;
    int ends[2], rc = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return -errno;
    c->socket_fd = ends[0];
    c->pid = fork();
    if (c->pid == 0) {
        close(ends[0]);
        wait_and_exec(s, ends[1], path, argv);
    }
    if (c->pid < 0) {
        rc = -errno;
        c->pid = 0;
    } else if ((c->pid_fd = pidfd_open(c->pid)) < 0) {
        rc = -errno;
    }
    close(ends[1]);
    return rc;
}

static void refuse_path(const char *path, int why, struct err *e)
{
    switch (why) {
    case ENOENT:
        err_set(e, -why, "can't run '%s': there is no such program", path);
        break;
    case EISDIR:
        err_set(e, -why, "can't run '%s': it is a directory", path);
        break;
    case EACCES:
        err_set(e, -why, "can't run '%s': it is not an executable file", path);
        break;
    default:
        err_set(e, -why, "can't run '%s': %s", path, strerror(why));
        break;
    }
}

/* The program whose words these are: a path, or a file in PATH. NULL: e says why not. */
static const char *resolve(struct arena *arena, char **argv, struct err *e)
{
    const char *path = argv[0];
    int why;

    if (!path) {
        err_set(e, -EINVAL, "-c needs a command");
    } else if (!strchr(path, '/')) {
        path = find_in_path(arena, path);
        if (!path)
            err_set(e, -ENOENT, "can't run '%s': there is no such program in PATH", argv[0]);
    } else if ((why = check_executable(path))) {
        refuse_path(path, why, e);
        path = NULL;
    }
    return path;
}

int child_check(const char *cmd, struct err *e)
{
    struct arena arena = { 0 };
    bool found = resolve(&arena, split(&arena, cmd), e) != NULL;

    arena_free(&arena);
    return found ? 0 : -ENOENT;
}

int child_open(struct session *s, const char *cmd, struct err *e)
{
    char **argv = split(&s->scratch, cmd);
    const char *path = resolve(&s->scratch, argv, e);
    int rc;

    if (!path)
        return -ENOENT;
    rc = start(s, path, argv);
    if (rc)
        return err_set(e, rc, "can't run '%s': %s", argv[0], strerror(-rc));
    session_progress(s, "Child %d waits to become %s", (int)s->child.pid, path);
    return 0;
}

int child_release(struct session *s, struct err *e)
{
    struct child *c = &s->child;
    ssize_t n;
    int why;

    if (c->socket_fd < 0)
        return 0;
    if (send(c->socket_fd, "", 1, MSG_NOSIGNAL) != 1)
        return err_set(e, -errno, "the program of -c has been killed before it began");
    while ((n = read(c->socket_fd, &why, sizeof(why))) < 0 && errno == EINTR)
        continue;
    if (n == sizeof(why))
        return err_set(e, -why, "can't run '%s': %s", s->config.opt.cmd, strerror(why));
    return 0;
}

/* Forgets the child if it has ended. */
static void reap(struct session *s)
{
    struct child *c = &s->child;
    int status;

    if (waitpid(c->pid, &status, WNOHANG) != c->pid)
        return;
    if (WIFEXITED(status))
        session_progress(s, "Child %d exited with status %d", (int)c->pid, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        session_progress(s, "Child %d was ended by signal %d", (int)c->pid, WTERMSIG(status));
    c->pid = 0;
}

void child_stop(struct session *s)
{
    if (s->child.pid)
        reap(s);
    if (s->child.pid)
        kill(s->child.pid, SIGTERM);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void child_close(struct session *s)
{
    struct child *c = &s->child;
    struct pollfd end = { .fd = c->pid_fd, .events = POLLIN };

    close_fd(&c->socket_fd); /* one that still waits ends */
    if (c->pid) {
        child_stop(s);
        poll(&end, 1, GRACE_MS);
    }
    if (c->pid)
        reap(s);
    close_fd(&c->pid_fd);
    close_fd(&s->process_fd);
}

/* A descriptor for the process. */
static int watch_process(uint32_t pid, struct err *e)
{
    int fd = pidfd_open((pid_t)pid);

    if (fd >= 0)
        return fd;
    if (errno == ESRCH)
        return err_set(e, -ESRCH, "there is no process %u", pid);
    if (errno == EINVAL || errno == ENOENT)
        return err_set(e, -EINVAL, "%u is no process: perhaps a thread of one", pid);
    return err_set(e, -errno, "can't watch process %u: %s", pid, strerror(errno));
}

int process_check(uint32_t pid, struct err *e)
{
    int fd = watch_process(pid, e);

    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

int process_open(struct session *s, uint32_t pid, struct err *e)
{
    s->process_fd = watch_process(pid, e);
    return s->process_fd < 0 ? s->process_fd : 0;
}
