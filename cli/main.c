/*
 * main.c - arguments, one of a few things to do, an exit status
 *
 * The only file that exits and the only one that knows all tables.
 */
#include "base/config.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/cache.h"
#include "cli/compile.h"
#include "cli/list.h"
#include "cli/pipeline.h"
#include "kernel/kernel.h"
#include "output/out.h"
#include "probes/provider.h"
#include "symbols/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The whole of a file descriptor, or -errno. */
static int read_all(int fd, struct buf *b)
{
    char chunk[16384];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        buf_add(b, chunk, (size_t)n);
    }
    return 0;
}

/* path "-": standard input. 0, or 1 after a message. */
static int read_file(const char *path, struct buf *b)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : read_all(fd, b);

    if (fd >= 0 && !is_stdin)
        close(fd);
    if (!rc)
        return 0;
    fprintf(stderr, "ERROR: cannot read '%s': %s\n", path, strerror(-rc));
    return 1;
}

static bool wants_colour(void)
{
    const char *word = getenv("BPFTRACE_COLOR");

    if (word && strcmp(word, "always") == 0)
        return true;
    if (word && strcmp(word, "never") == 0)
        return false;
    if (word && strcmp(word, "auto") != 0)
        fputs("WARNING: BPFTRACE_COLOR is none of auto, always, never: taking auto\n", stderr);
    return isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
}

/* Compiles and shows how far it got; nothing is run. */
static int compile_and_stop(const struct args *args, struct config *config, struct host *host,
                            const struct registry *registry, const struct script *script)
{
    struct buf elf = { 0 };
    enum compiled result = pipeline_compile(args, config, host, registry, script, &elf);

    buf_free(&elf);
    return result == COMPILED_FAILED ? 1 : 0;
}

static int run_image(const struct args *args, struct str elf, struct config *config,
                     struct host *host, const struct registry *registry)
{
    struct err e = { 0 };

    if (args->image_out && image_save(&(struct image){ .elf = elf }, args->image_out, &e)) {
        fprintf(stderr, "ERROR: %s\n", e.text);
        return 1;
    }
    if (args->aot_out && aot_write(args->aot_out, elf, &e)) {
        fprintf(stderr, "ERROR: %s\n", e.text);
        return 1;
    }
    return args->compile_only || args->aot_out ? 0 : pipeline_run(elf, config, host, registry);
}

static int compile_and_run(const struct args *args, struct config *config, struct host *host,
                           const struct registry *registry, const struct script *script)
{
    struct cache *cache = cache_open(args, config, script);
    struct buf elf = { 0 };
    int status;

    if (cache_find(cache, &elf) ||
        compile_apart(args, config, host, registry, script, cache, &elf, &status))
        status = run_image(args, buf_as_str(&elf), config, host, registry);
    cache_close(cache);
    buf_free(&elf);
    return status;
}

static int run_mode(const struct args *args, struct config *config, struct host *host,
                    const struct registry *registry, struct str own_image)
{
    struct script script = { .name = STR("stdin"), .text = args->text };
    struct buf text = { 0 };
    int status;

    switch (args->mode) {
    case MODE_HELP:
        args_usage(stdout);
        return 0;
    case MODE_VERSION:
        puts("hark v" HARK_VERSION);
        return 0;
    case MODE_INFO:
        return list_info(host, registry);
    case MODE_BUILTINS:
        list_builtins(registry, stdout);
        return 0;
    case MODE_LIST:
    case MODE_RUN:
    case MODE_FORMAT:
        break;
    }
    if (args->mode == MODE_LIST && !args->has_text &&
        (!args->file || access(args->file, F_OK) != 0))
        return list_probes(str_from(args->file), host, registry);
    /* Dumps look at text only; everything else needs the kernel. */
    if (!args->stop_after_dump && args->mode == MODE_RUN && (status = pipeline_check_privileges()))
        return status;
    if (args->is_aot)
        return pipeline_run(own_image, config, host, registry);
    if (args->image_in) {
        status = read_file(args->image_in, &text);
        if (!status)
            status = pipeline_run(buf_as_str(&text), config, host, registry);
        buf_free(&text);
        return status;
    }
    if (!args->has_text) {
        if (read_file(args->file, &text)) {
            buf_free(&text);
            return 1;
        }
        script.text = buf_as_str(&text);
        if (strcmp(args->file, "-") != 0)
            script.name = str_from(args->file);
    }
    if (args->mode == MODE_FORMAT)
        status = pipeline_format(config, host, registry, &script);
    else if (args->mode == MODE_LIST)
        status = pipeline_list(args, config, host, registry, &script);
    else if (args->stop_after_dump)
        status = compile_and_stop(args, config, host, registry, &script);
    else
        status = compile_and_run(args, config, host, registry, &script);
    buf_free(&text);
    return status;
}

/* The other end of the pipe is closed: who reads has seen enough (hark -l | head). */
static bool reader_is_gone(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

/* Nobody looks whether each line of a list or a dump could be written; here it shows. */
static int flush_output(int status)
{
    if ((fflush(stdout) == 0 && !ferror(stdout)) || status || reader_is_gone())
        return status;
    fputs("ERROR: cannot write to the standard output: is the disk full?\n", stderr);
    return 1;
}

/* The kernel as the command line wants it seen. */
static struct kernel *open_kernel(const struct options *o)
{
    struct kernel *k = kernel_open(NULL);

    kernel_set_functions(k, o->functions);
    if (o->no_features & NO_KPROBE_MULTI)
        kernel_forget(k, FEATURE_KPROBE_MULTI);
    if (o->no_features & NO_KPROBE_SESSION)
        kernel_forget(k, FEATURE_KPROBE_SESSION);
    if (o->no_features & NO_UPROBE_MULTI)
        kernel_forget(k, FEATURE_UPROBE_MULTI);
    if (o->no_features & NO_LARGE_KEYS)
        kernel_forget(k, FEATURE_LARGE_KEYS);
    return k;
}

/* One message a line. */
static void print_errors(struct str lines)
{
    while (lines.n) {
        ptrdiff_t end = str_find(lines, '\n');
        struct str line = end < 0 ? lines : str_sub(lines, 0, (size_t)end);

        fprintf(stderr, "ERROR: %.*s\n", STRF(line));
        lines = str_sub(lines, line.n + 1, lines.n);
    }
}

int main(int argc, char **argv)
{
    struct registry registry = { builtin_families, probe_providers, out_formats() };
    struct arena arena = { 0 };
    struct config config = { 0 };
    struct host host = { .config = &config };
    struct buf own_image = { 0 };
    struct args args = { .is_aot = aot_find(&own_image) };
    struct str why;
    int status;

    signal(SIGPIPE, SIG_IGN);              /* output/ reports a reader that has gone */
    setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* messages in one write each */
    config_init(&config);
    status = args_parse(argc, argv, &args, &config);
    if (!status && config_load_env(&config, &arena, &why) != CONFIG_OK) {
        print_errors(why);
        status = 1;
    }
    if (!status) {
        config.opt.colour = wants_colour();
        host.kernel = open_kernel(&config.opt);
        host.symbols = symbols_open(NULL, config.cpp_demangle);
        symbols_set_debug_dirs(host.symbols, config.opt.debug_dirs);
        status = run_mode(&args, &config, &host, &registry, buf_as_str(&own_image));
        symbols_close(host.symbols);
        kernel_close(host.kernel);
    }
    args_free(&config);
    buf_free(&own_image);
    arena_free(&arena);
    return flush_output(status);
}
