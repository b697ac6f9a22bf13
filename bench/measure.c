/*
 * measure.c - wall time, CPU time and peak memory of commands, run alternately
 *
 *     measure RUNS 'COMMAND A' 'COMMAND B' …
 *
 * Each command is a shell text (started with exec), run RUNS times in turn with the others after
 * one warm-up each, its output thrown away. Prints the medians, and the ratio of each to the last
 * command.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct sample {
    double wall_ms, cpu_ms, peak_mib;
};

static double milliseconds(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static int run(const char *command, struct sample *out)
{
    struct timespec start, end;
    struct rusage usage;
    char text[4096];
    pid_t pid;
    int status;

    snprintf(text, sizeof(text), "exec %s", command);
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execl("/bin/sh", "sh", "-c", text, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    out->wall_ms =
        (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
    out->cpu_ms = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
    out->peak_mib = (double)usage.ru_maxrss / 1024;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(const struct sample *s, int n, size_t field)
{
    double v[256];

    for (int i = 0; i < n; i++)
        memcpy(&v[i], (const char *)&s[i] + field, sizeof(double));
    qsort(v, (size_t)n, sizeof(double), compare);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

int main(int argc, char **argv)
{
    static struct sample samples[16][256];
    static const size_t fields[] = { offsetof(struct sample, wall_ms),
                                     offsetof(struct sample, cpu_ms),
                                     offsetof(struct sample, peak_mib) };
    int n = argc > 1 ? atoi(argv[1]) : 0, commands = argc - 2;
    struct sample ignored;

    if (n < 1 || n > 256 || commands < 1 || commands > 16) {
        fprintf(stderr, "usage: measure RUNS 'COMMAND' …\n");
        return 2;
    }
    for (int r = -1; r < n; r++) {
        for (int c = 0; c < commands; c++) {
            if (run(argv[2 + c], r < 0 ? &ignored : &samples[c][r])) {
                fprintf(stderr, "measure: failed: %s\n", argv[2 + c]);
                return 1;
            }
        }
    }
    printf("%-12s %-12s %-12s command (medians of %d, ratio to the last)\n", "wall ms", "CPU ms",
           "peak MiB", n);
    for (int c = 0; c < commands; c++) {
        for (size_t f = 0; f < 3; f++) {
            double own = median(samples[c], n, fields[f]);
            double last = median(samples[commands - 1], n, fields[f]);
            char cell[32];

            snprintf(cell, sizeof(cell), "%.1f (%.2f)", own, last > 0 ? own / last : 0);
            printf("%-12s ", cell);
        }
        printf("%.90s\n", argv[2 + c]);
    }
    return 0;
}
