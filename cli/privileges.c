/*
 * privileges.c - may we trace at all? One sentence if not (LANGUAGE.md 20.6)
 */
#include "cli/pipeline.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t pipeline_rights(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { 0 }, { 0 } };

    if (syscall(SYS_capget, &header, data))
        return 0;
    return data[0].effective | (uint64_t)data[1].effective << 32;
}

bool pipeline_may_load(void)
{
    uint64_t caps = pipeline_rights();

    return (caps >> CAP_SYS_ADMIN & 1) || ((caps >> CAP_BPF & 1) && (caps >> CAP_PERFMON & 1));
}

static bool lockdown_forbids(void)
{
    char text[128] = "";
    int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return false;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    return n > 0 && strstr(text, "[confidentiality]");
}

int pipeline_check_privileges(void)
{
    static const struct {
        unsigned cap;
        const char *name;
    } needed[] = {
        { CAP_BPF, "CAP_BPF" },
        { CAP_PERFMON, "CAP_PERFMON" },
        { CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH" },
        { CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE" },
    };
    uint64_t caps = pipeline_rights();
    bool admin = caps >> CAP_SYS_ADMIN & 1;

    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        bool file_cap = needed[i].cap == CAP_DAC_READ_SEARCH || needed[i].cap == CAP_DAC_OVERRIDE;

        if (caps >> needed[i].cap & 1)
            continue;
        if (file_cap ? geteuid() == 0 : admin)
            continue;
        fprintf(stderr,
                "ERROR: tracing needs the capability %s, which this process does not have\n"
                "HINT: run hark as root, for example with sudo\n",
                needed[i].name);
        return 1;
    }
    if (lockdown_forbids()) {
        fputs("ERROR: kernel lockdown is in confidentiality mode, which forbids BPF to read kernel "
              "memory\n"
              "HINT: see /sys/kernel/security/lockdown\n",
              stderr);
        return 1;
    }
    return 0;
}
