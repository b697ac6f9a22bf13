/*
 * compat_calls.c - a 64-bit program that makes 32-bit system calls: compat_calls N
 *
 * N times int 0x80 with number 20: getpid to the 32-bit table, writev to the other one. Then N
 * times writev (of nothing) the ordinary way. Where there are no 32-bit calls (other machines,
 * ia32_emulation=off), only the latter.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static sigjmp_buf refused;

static void on_fault(int number)
{
    siglongjmp(refused, number);
}

static long getpid_32(void)
{
    long pid = getpid();

#if defined(__x86_64__)
    __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
#endif
    return pid;
}

int main(int argc, char **argv)
{
    volatile int n = argc > 1 ? atoi(argv[1]) : 1;

    prctl(PR_SET_NAME, "compat_calls");
    signal(SIGSEGV, on_fault);
    if (sigsetjmp(refused, 1) == 0) {
        for (int i = 0; i < n; i++) {
            if (getpid_32() != getpid())
                return 1;
        }
    }
    for (int i = 0; i < n; i++) {
        if (syscall(SYS_writev, 1, NULL, 0))
            return 1;
    }
    return 0;
}
