/*
 * bpf_log.c - catches what libbpf prints
 *
 * libbpf hands its messages to one function of the process, which gets no pointer of ours. That is
 * why there is the one mutable static of this program: current, set between open and close.
 */
#include "runtime/bpf_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the messages kept for error reports. */
static const size_t max_kept = 64 << 10;
/* Lines of the verifier's log that are shown without -v: the refusal and how it came to it. */
enum { TAIL_LINES = 40 };

static struct bpf_log *current;

static bool is_verifier_log(const char *text)
{
    return strstr(text, "PROG LOAD LOG") != NULL;
}

static void keep(struct bpf_log *log, struct str text)
{
    if (log->kept.n + text.n > max_kept)
        buf_clear(&log->kept);
    buf_str(&log->kept, str_sub(text, 0, max_kept));
}

/* Is this to be seen at once? libbpf warns of refused programs only. */
static bool shows(const struct bpf_log *log, enum libbpf_print_level level, const char *text)
{
    if (log->show_all)
        return true;
    if (!is_verifier_log(text))
        return false;
    return log->show_verifier || (log->show_refused && level == LIBBPF_WARN);
}

/* Of the log of a program that was accepted: whose it is, and the sum at its end. */
static void keep_stats(struct bpf_log *log, struct str text)
{
    const char *line = memmem(text.p, text.n, "\nprocessed ", strlen("\nprocessed "));
    ptrdiff_t first = str_find(text, '\n');

    if (!line || first < 0)
        return;
    buf_str(&log->stats, str_sub(text, 0, (size_t)first));
    line++;
    buf_add(&log->stats, "\n", 1);
    buf_add(&log->stats, line, strcspn(line, "\n"));
    buf_add(&log->stats, "\n", 1);
}

PRINTF_LIKE(2, 0)
static int catch_message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
    struct buf text = { 0 };

    if (level == LIBBPF_DEBUG && !current->show_all && !current->show_verifier &&
        !current->show_refused)
        return 0;
    buf_vprintf(&text, fmt, ap);
    if (text.n && shows(current, level, text.p))
        fputs(text.p, stderr);
    if (text.n && level == LIBBPF_DEBUG && current->show_refused && is_verifier_log(text.p))
        keep_stats(current, buf_as_str(&text));
    /* A verifier's log is long enough to push everything else out. */
    if (level == LIBBPF_WARN && text.n && !is_verifier_log(text.p))
        keep(current, buf_as_str(&text));
    buf_free(&text);
    return 0;
}

/* Is a word in the list of -d? */
static bool dumps(const struct config *config, const char *word)
{
    const char *list = config->opt.dump;

    while (list && *list) {
        size_t n = strcspn(list, ",");

        if (str_eqz((struct str){ list, n }, word) || str_eqz((struct str){ list, n }, "all"))
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

void bpf_log_open(struct bpf_log *log, const struct config *config)
{
    log->show_all = dumps(config, "libbpf");
    log->show_verifier = dumps(config, "verifier");
    log->show_refused = config->opt.verbose;
    if (!log->show_verifier && !log->show_refused) {
        log->verifier_size = config->log_size;
        log->verifier = xcalloc(1, log->verifier_size);
    }
    current = log;
    log->old = libbpf_set_print(catch_message);
}

void bpf_log_close(struct bpf_log *log)
{
    if (current != log)
        return;
    libbpf_set_print(log->old);
    current = NULL;
    buf_free(&log->kept);
    buf_free(&log->stats);
    free(log->verifier);
}

struct str bpf_log_first_line(const struct bpf_log *log)
{
    const struct str prefix = STR("libbpf: ");
    struct str all = buf_as_str(&log->kept);
    ptrdiff_t newline = str_find(all, '\n');
    struct str line = str_sub(all, 0, newline < 0 ? all.n : (size_t)newline);

    return str_starts(line, prefix) ? str_sub(line, prefix.n, line.n) : line;
}

struct str bpf_log_between(const struct bpf_log *log, const char *before, const char *after)
{
    const char *end = log->kept.p ? strstr(log->kept.p, after) : NULL;
    size_t n = strlen(before);

    for (const char *start = end; start && start >= log->kept.p + n; start--) {
        if (memcmp(start - n, before, n) == 0)
            return (struct str){ start, (size_t)(end - start) };
    }
    return STR("");
}

struct str bpf_log_stats(const struct bpf_log *log, const char *program)
{
    struct str rest = buf_as_str(&log->stats);
    struct buf prefix = { 0 };
    const char *found = NULL;

    buf_printf(&prefix, "libbpf: prog '%s': ", program);
    if (rest.n)
        found = memmem(rest.p, rest.n, prefix.p, prefix.n);
    buf_free(&prefix);
    if (!found || !(found = strchr(found, '\n')))
        return STR("");
    return (struct str){ found + 1, strcspn(found + 1, "\n") };
}

void bpf_log_show_verifier(const struct bpf_log *log)
{
    size_t n, start;

    if (!log->verifier) /* libbpf's own was shown */
        return;
    n = start = strnlen(log->verifier, log->verifier_size);
    /* The last newline ends the last line. */
    for (int lines = -1; start > 0; start--) {
        lines += log->verifier[start - 1] == '\n';
        if (lines == TAIL_LINES)
            break;
    }
    fwrite(log->verifier + start, 1, n - start, stderr);
}
