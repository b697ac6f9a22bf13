/*
 * compile.c - compiling in a process of its own
 *
 * LLVM touches some twenty megabytes that a tracer has no use for. So a child compiles, hands the
 * image back through a pipe, and ends; the process that traces has never entered LLVM. Messages
 * need no way back: both have the same stderr. The child also writes the cache.
 *
 * What comes through the pipe is a byte, which says that all is well, and the image.
 */
#include "cli/compile.h"

#include "base/deps.h"
#include "kernel/kernel.h"
#include "symbols/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WHOLE 'H'

struct request {
    const struct args *args;
    struct config *config;
    struct host *host;
    const struct registry *registry;
    const struct script *script;
};

static enum compiled compile(const struct request *q, struct deps *deps, struct buf *elf)
{
    q->host->deps = deps;
    kernel_note_into(q->host->kernel, deps);
    symbols_note_into(q->host->symbols, deps);
    return pipeline_compile(q->args, q->config, q->host, q->registry, q->script, elf);
}

static bool send_all(int fd, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);

        if (n < 0 && errno != EINTR)
            return false;
        bytes = str_sub(bytes, n > 0 ? (size_t)n : 0, bytes.n);
    }
    return true;
}

/* The child. The exit status. */
static int serve(const struct request *q, struct cache *cache, int to)
{
    struct buf elf = { 0 };
    struct deps deps = { 0 };
    int status = 1;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody waits for an image any more */
    buf_putc(&elf, WHOLE);
    if (compile(q, &deps, &elf) == COMPILED_OK && send_all(to, buf_as_str(&elf))) {
        status = 0;
        cache_store(cache, &deps, str_sub(buf_as_str(&elf), 1, elf.n));
    }
    close(to);
    deps_free(&deps);
    buf_free(&elf);
    return status;
}

static bool receive(int fd, struct buf *bytes)
{
    char chunk[16384];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno != EINTR)
            return false;
        buf_add(bytes, chunk, n > 0 ? (size_t)n : 0);
    }
    return true;
}

/* What became of the child: its exit status, or 1 after a sentence. */
static int wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return 1;
    }
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr,
            "ERROR: internal error: the compiler was ended by signal %d (%s)\n"
            "HINT: this is a bug in hark; please report it with the script\n",
            WTERMSIG(status), strsignal(WTERMSIG(status)));
    return 1;
}

bool compile_apart(const struct args *args, struct config *config, struct host *host,
                   const struct registry *registry, const struct script *script,
                   struct cache *cache, struct buf *elf, int *status)
{
    const struct request q = { args, config, host, registry, script };
    struct buf bytes = { 0 };
    int ends[2];
    pid_t pid;
    bool ok;

    *status = 1;
    fflush(NULL); /* what is not written yet would be written twice */
    if (pipe2(ends, O_CLOEXEC)) {
        fprintf(stderr, "ERROR: cannot make a pipe: %s\n", strerror(errno));
        return false;
    }
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        *status = serve(&q, cache, ends[1]);
        return false;
    }
    close(ends[1]);
    if (pid < 0) {
        fprintf(stderr, "ERROR: cannot start a process: %s\n", strerror(errno));
        close(ends[0]);
        return false;
    }
    ok = receive(ends[0], &bytes);
    close(ends[0]);
    *status = wait_for(pid);
    ok = ok && *status == 0 && bytes.n > 1 && bytes.p[0] == WHOLE;
    if (ok)
        buf_add(elf, bytes.p + 1, bytes.n - 1);
    else if (*status == 0)
        *status = 1;
    buf_free(&bytes);
    return ok;
}
