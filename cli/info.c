/*
 * info.c - hark --info and hark --builtins
 *
 * The labels of --info are matched by test suites (LANGUAGE.md 21.3): two columns of 35. A
 * process that may not load programs sees "unknown" where only trying would tell.
 */
#include "cli/list.h"

#include "cli/pipeline.h"
#include "codegen/codegen.h"
#include "kernel/kernel.h"
#include "probes/provider.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/utsname.h>

/* What one print asks of. */
struct asked {
    struct kernel *kernel;
    bool may_load; /* features are found out by loading little programs */
};

static const char *yes_or_no(const struct asked *a, enum kernel_feature f)
{
    if (!a->may_load)
        return "unknown";
    return kernel_has(a->kernel, f) ? "yes" : "no";
}

static void print_row(const struct asked *a, const char *left, enum kernel_feature l,
                      const char *right, enum kernel_feature r)
{
    char cell[64];

    snprintf(cell, sizeof(cell), "%s: %s", left, yes_or_no(a, l));
    printf("  %-33s", cell);
    cell[0] = '\0';
    if (right)
        snprintf(cell, sizeof(cell), "%s: %s", right, yes_or_no(a, r));
    printf("%-35s\n", cell);
}

int list_info(const struct host *host, const struct registry *reg)
{
    struct asked a = { host->kernel, pipeline_may_load() };
    struct utsname u;
    unsigned n_builtins = 0;

    if (uname(&u))
        return 1;
    for (size_t f = 0; reg->families[f]; f++) {
        for (const struct builtin *b = reg->families[f]; b->name; b++)
            n_builtins++;
    }
    printf("System\n  OS: %s %s %s\n  Arch: %s\n\n", u.sysname, u.release, u.version, u.machine);
    printf("Build\n  version: v" HARK_VERSION "\n  LLVM: %s\n  libbpf: %s\n  builtins: %u\n\n",
           codegen_llvm_version(), libbpf_version_string(), n_builtins);
    printf("Kernel helpers\n");
    print_row(&a, "dpath", FEATURE_D_PATH, "get_tai_ns", FEATURE_KTIME_TAI);
    print_row(&a, "get_func_ip", FEATURE_GET_FUNC_IP, "lookup_percpu_elem", FEATURE_LOOKUP_PERCPU);
    print_row(&a, "loop", FEATURE_LOOP, "for_each_map_elem", FEATURE_FOR_EACH_MAP);
    print_row(&a, "attach_cookie", FEATURE_ATTACH_COOKIE, "ns_pid", FEATURE_NS_PID);
    print_row(&a, "probe_write_user", FEATURE_WRITE_USER, NULL, FEATURES);
    printf("\nKernel features\n");
    printf("  %-33s%-35s\n", "Instruction limit: 1000000",
           kernel_has_btf(a.kernel) ? "btf: yes" : "btf: no");
    print_row(&a, "module btf", FEATURE_MODULE_BTF, "ringbuf", FEATURE_RINGBUF);
    print_row(&a, "large keys", FEATURE_LARGE_KEYS, NULL, FEATURES);
    print_row(&a, "atomic_fetch", FEATURE_ATOMIC_FETCH, "isa_v4", FEATURE_ISA_V4);
    printf("\nProbe types\n");
    print_row(&a, "kprobe", FEATURE_KPROBE, "kretprobe", FEATURE_KRETPROBE);
    print_row(&a, "kprobe_multi", FEATURE_KPROBE_MULTI, "uprobe_multi", FEATURE_UPROBE_MULTI);
    print_row(&a, "kprobe_session", FEATURE_KPROBE_SESSION, "iter", FEATURE_ITER);
    print_row(&a, "fentry", FEATURE_FENTRY, "uprobe_session", FEATURE_UPROBE_SESSION);
    print_row(&a, "lsm", FEATURE_LSM, "watchpoint", FEATURE_WATCHPOINT);
    print_row(&a, "hardware", FEATURE_HARDWARE, NULL, FEATURES);
    putchar('\n');
    return 0;
}

void list_builtins(const struct registry *reg, FILE *f)
{
    fputs("# Builtin variables and functions\n\n"
          "Printed by `hark --builtins`; a test fails when this file is stale.\n\n"
          "| Name | Signature | Meaning |\n|---|---|---|\n",
          f);
    for (size_t i = 0; reg->families[i]; i++) {
        for (const struct builtin *b = reg->families[i]; b->name; b++) {
            fprintf(f, "| `%s` | `", b->name);
            for (const char *p = b->sig; *p; p++) {
                if (*p == '|')
                    fputc('\\', f);
                fputc(*p, f);
            }
            fprintf(f, "` | %s |\n", b->doc);
        }
    }
}
