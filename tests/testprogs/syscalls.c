/*
 * syscalls.c - exactly so many system calls: syscalls [-w] NAME N [COMM]
 *
 * NAME: getppid, getuid, open (of a file that is not there: fails with ENOENT), openok (of
 * /dev/null, and closes it), read (1, 2, 4 … 32768 bytes of /dev/zero, again and again), clone
 * (threads), fork (processes), fault (touches so many fresh pages), udp (opens a socket and sends
 * "hark" to port 9 of 127.0.0.1).
 * -w: does it when SIGUSR1 arrives. COMM: the name it gives itself, so that tests that run at the
 * same time can tell their workloads apart.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *thread(void *arg)
{
    return arg;
}

static int one(const char *name, int i)
{
    static char buffer[65536];
    pthread_t t;
    char *page;
    int fd;

    if (strcmp(name, "getppid") == 0)
        return syscall(SYS_getppid) < 0;
    if (strcmp(name, "getsid") == 0) /* called by nobody else */
        return getsid(0) < 0;
    if (strcmp(name, "getuid") == 0)
        return syscall(SYS_getuid) < 0;
    if (strcmp(name, "open") == 0)
        return open("/no/such/file", O_RDONLY) >= 0 || errno != ENOENT;
    if (strcmp(name, "openok") == 0) {
        fd = open("/dev/null", O_RDONLY);
        return fd < 0 || close(fd);
    }
    if (strcmp(name, "read") == 0) {
        fd = open("/dev/zero", O_RDONLY);
        if (fd < 0 || read(fd, buffer, (size_t)1 << (i % 16)) < 0)
            return 1;
        return close(fd);
    }
    if (strcmp(name, "clone") == 0)
        return pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL);
    if (strcmp(name, "fork") == 0) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        return pid < 0 || waitpid(pid, NULL, 0) != pid;
    }
    if (strcmp(name, "fault") == 0) {
        page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            return 1;
        *(volatile char *)page = 1;
        return munmap(page, 4096);
    }
    if (strcmp(name, "udp") == 0) {
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons(9),
                                  .sin_addr = { htonl(INADDR_LOOPBACK) } };

        fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (fd < 0 || sendto(fd, "hark", 4, 0, (struct sockaddr *)&to, sizeof(to)) != 4)
            return 1;
        return close(fd);
    }
    fprintf(stderr, "syscalls: unknown name %s\n", name);
    return 1;
}

int main(int argc, char **argv)
{
    sigset_t usr1;
    int n, arg = 1, got;

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    if (argc > 1 && strcmp(argv[1], "-w") == 0) {
        sigprocmask(SIG_BLOCK, &usr1, NULL);
        arg = 2;
    }
    if (argc - arg < 2)
        return 2;
    if (argc - arg > 2)
        prctl(PR_SET_NAME, argv[arg + 2]);
    if (arg == 2 && sigwait(&usr1, &got))
        return 1;
    n = atoi(argv[arg + 1]);
    for (int i = 0; i < n; i++) {
        if (one(argv[arg], i))
            return 1;
    }
    return 0;
}
