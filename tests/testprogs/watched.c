/*
 * watched.c - memory at known addresses, written and read a known number of times
 *
 * A page at 0x20000000: the long there is written 5 times by the program and 3 times by a thread
 * it starts, the int at 8 is written once and read twice, the long at 16 is written 100 times with
 * pauses between, while somebody may be taking the watchpoint away.
 */
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile long *const words = (volatile long *)(uintptr_t)0x20000000;

static void *more(void *arg)
{
    for (int i = 0; i < 3; i++)
        words[0] = i;
    return arg;
}

int main(void)
{
    volatile int *number = (volatile int *)&words[1];
    pthread_t thread;

    if (mmap((void *)words, 4096, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != words)
        return 1;
    for (int i = 0; i < 5; i++)
        words[0] = i;
    if (pthread_create(&thread, NULL, more, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return 1;
    *number = 1;
    (void)*number;
    (void)*number;
    for (int i = 0; i < 100; i++) {
        words[2] = i;
        usleep(20000);
    }
    return 0;
}
