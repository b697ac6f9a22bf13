/*
 * usdt.c - probes built into a program, passed a known number of times: usdt [-w] [N]
 *
 *     hark:loop(i, -i)      N times (10)
 *     hark:sites(1 … )      at three places, once each: (1, 100), (2, 200), (3, 300)
 *     hark:twice(7)         at two places, once each
 *     other:loop()          once
 *     hark:none()           once; no arguments
 *     hark:text("hello")    once
 *     hark:real(1.5, 7)     once; a floating-point number
 *     hark:widths           int8 -1, uint8 255, int16 -2, uint16 65534, int32 -3, uint32, int64 -4
 *     hark:guarded(i)       N times, but only while somebody listens (a semaphore)
 *     hark:forms            once: one argument of each form an assembler knows, see below
 *     hark:globals(…)       once: 4242 and 77, variables
 *     hark:moved            once; its note was not corrected when the program was prelinked
 *
 * -w: waits for SIGUSR1 first. Prints how often the guard was open.
 */
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The name of a probe's semaphore is given by sdt.h; only guarded has one that counts. */
#define SEMAPHORE(provider, name)                                                                  \
    __extension__ unsigned short provider##_##name##_semaphore                                     \
        __attribute__((unused, section(".probes")))

SEMAPHORE(hark, loop);
SEMAPHORE(hark, sites);
SEMAPHORE(hark, twice);
SEMAPHORE(other, loop);
SEMAPHORE(hark, none);
SEMAPHORE(hark, text);
SEMAPHORE(hark, real);
SEMAPHORE(hark, widths);
SEMAPHORE(hark, guarded);
SEMAPHORE(hark, globals);

/* Programs cannot wait for a page to be read from disk: what they look at must be in memory. */
volatile long global_number = 4242;
static volatile int local_table[4] = { 70, 77, 84, 91 };

/*
 * A note with the arguments spelled out, and registers to match. The semaphore is 0: none. moved:
 * how far the addresses are wrong, as after prelinking.
 */
#define NOTE(name, args, moved)                                                                    \
    "990: nop\n"                                                                                   \
    ".pushsection .note.stapsdt,\"\",\"note\"\n"                                                   \
    ".balign 4\n"                                                                                  \
    ".4byte 992f-991f, 994f-993f, 3\n"                                                             \
    "991: .asciz \"stapsdt\"\n"                                                                    \
    "992: .balign 4\n"                                                                             \
    "993: .8byte 990b - " moved "\n"                                                               \
    ".8byte _.stapsdt.base - " moved "\n"                                                          \
    ".8byte 0\n"                                                                                   \
    ".asciz \"hark\"\n"                                                                            \
    ".asciz \"" name "\"\n"                                                                        \
    ".asciz \"" args "\"\n"                                                                        \
    "994: .balign 4\n"                                                                             \
    ".popsection\n"

static __attribute__((noinline)) void forms(void)
{
    volatile int32_t words[4] = { -11, 22, -33, 44 };

#if defined(__x86_64__)
    __asm__ volatile(NOTE("forms",
                          "8@%%rax 4@%%eax 2@%%ax 1@%%al 1@%%ah -1@%%al 8@$-5 4@$0x10 "
                          "-4@(%%rbx) 4@4(%%rbx) -4@0(%%rbx,%%rcx,4) 4@(%%rbx,%%rcx,1) "
                          "@%%rcx 8@global_number(%%rip) "
                          "-4@local_table+4(%%rip) 4@8+local_table(%%rip)",
                          "0")
                     :
                     : "a"(0x1122334455667788), "b"(words), "c"(2L)
                     : "memory");
#elif defined(__aarch64__)
    register long x0 __asm__("x0") = 0x1122334455667788;
    register volatile int32_t *x1 __asm__("x1") = words;
    register long x2 __asm__("x2") = 2;

    __asm__ volatile(NOTE("forms",
                          "8@x0 4@w0 2@w0 1@w0 1@w0 -1@w0 8@-5 4@16 "
                          "-4@[x1] 4@[x1, 4] -4@[x1, x2, lsl 2] 4@[x1, x2] @x2",
                          "0")
                     :
                     : "r"(x0), "r"(x1), "r"(x2)
                     : "memory");
#endif
}

static __attribute__((noinline)) void moved(void)
{
    __asm__ volatile(NOTE("moved", "", "0x10000"));
}

static void on_signal(int number)
{
    (void)number;
}

int main(int argc, char **argv)
{
    const char *text = "hello";
    long open = 0;
    double real = argc * 1.5;
    int n;

    if (argc > 1 && strcmp(argv[1], "-w") == 0) {
        sigset_t usr1;
        int got;

        signal(SIGUSR1, on_signal);
        sigemptyset(&usr1);
        sigaddset(&usr1, SIGUSR1);
        sigprocmask(SIG_BLOCK, &usr1, NULL);
        sigwait(&usr1, &got);
        argv++;
        argc--;
    }
    n = argc > 1 ? atoi(argv[1]) : 10;
    for (int i = 0; i < n; i++) {
        DTRACE_PROBE2(hark, loop, i, -(long)i);
        if (hark_guarded_semaphore) {
            open++;
            DTRACE_PROBE1(hark, guarded, i);
        }
    }
    DTRACE_PROBE2(hark, sites, 1, 100);
    DTRACE_PROBE2(hark, sites, argc + 2 - argc, global_number - 4042);
    DTRACE_PROBE2(hark, sites, (char)(n - n + 3), local_table[0] + 230);
    DTRACE_PROBE1(hark, twice, 7);
    DTRACE_PROBE1(hark, twice, 7);
    DTRACE_PROBE(other, loop);
    DTRACE_PROBE(hark, none);
    DTRACE_PROBE1(hark, text, *text ? text : NULL);
    DTRACE_PROBE2(hark, real, real, 7);
    DTRACE_PROBE7(hark, widths, (int8_t)-1, (uint8_t)255, (int16_t)-2, (uint16_t)65534,
                  (int32_t)(-3 * (n == n)), (uint32_t)4000000000u, (int64_t)-4);
    DTRACE_PROBE2(hark, globals, global_number, local_table[1]);
    forms();
    moved();
    printf("%ld\n", open);
    return 0;
}
