/*
 * load.c - events to trace, made as fast as one CPU can
 *
 *     load open N       N calls of openat() of a file that does not exist
 *     load keys N       getpgid(0), getpgid(1), … getpgid(N - 1)
 *     load spin S       computes for S seconds, some functions deep
 *
 * Prints how many nanoseconds one call took.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static volatile uint64_t sink;

__attribute__((noinline)) static void spin_deep(unsigned depth)
{
    for (unsigned i = 0; i < 2000; i++)
        sink += i * depth;
    if (depth)
        spin_deep(depth - 1);
    sink++; /* or the call becomes a jump */
}

int main(int argc, char **argv)
{
    long n = argc == 3 ? atol(argv[2]) : 0;
    double start = now();

    if (n <= 0) {
        fprintf(stderr, "usage: load open|keys|spin N\n");
        return 2;
    }
    if (strcmp(argv[1], "spin") == 0) {
        while (now() - start < (double)n * 1e9)
            spin_deep(20);
        return 0;
    }
    for (long i = 0; i < n; i++) {
        if (strcmp(argv[1], "keys") == 0)
            syscall(SYS_getpgid, (pid_t)i);
        else
            syscall(SYS_openat, -1, "/usr/share/nonexistent/file", O_RDONLY);
    }
    printf("%.1f\n", (now() - start) / (double)n);
    return 0;
}
