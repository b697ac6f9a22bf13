/*
 * spin.c - burns CPU until it is killed or SECONDS are over: spin [SECONDS]
 */
#include <stdlib.h>
#include <time.h>

__attribute__((noinline)) static unsigned burn(unsigned n)
{
    for (unsigned i = 0; i < 1000000; i++) {
        n = n * 1664525 + 1013904223;
        __asm__ volatile("" : "+r"(n));
    }
    return n;
}

int main(int argc, char **argv)
{
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 30);
    unsigned n = 1;

    while (time(NULL) < end)
        n = burn(n);
    return n == 0;
}
