/*
 * info.c - hark --info and hark --builtins
 *
 * The labels of --info are matched by test suites (LANGUAGE.md 21.3): two columns of 35.
 */
#include "cli/list.h"

#include "codegen/codegen.h"
#include "kernel/kernel.h"
#include "probes/provider.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/utsname.h>

static void print_row(const char *left, bool l, const char *right, bool r)
{
    char cell[64];

    snprintf(cell, sizeof(cell), "%s: %s", left, l ? "yes" : "no");
    printf("  %-33s", cell);
    if (right) {
        snprintf(cell, sizeof(cell), "%s: %s", right, r ? "yes" : "no");
        printf("%-35s", cell);
    }
    putchar('\n');
}

int list_info(const struct host *host, const struct registry *reg)
{
    struct kernel *k = host->kernel;
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
    print_row("dpath", kernel_has(k, FEATURE_D_PATH), "get_tai_ns",
              kernel_has(k, FEATURE_KTIME_TAI));
    print_row("get_func_ip", kernel_has(k, FEATURE_GET_FUNC_IP), "lookup_percpu_elem",
              kernel_has(k, FEATURE_LOOKUP_PERCPU));
    print_row("loop", kernel_has(k, FEATURE_LOOP), "for_each_map_elem",
              kernel_has(k, FEATURE_FOR_EACH_MAP));
    printf("\nKernel features\n");
    printf("  %-33s%-35s\n", "Instruction limit: 1000000",
           kernel_has_btf(k) ? "btf: yes" : "btf: no");
    print_row("module btf", kernel_has(k, FEATURE_MODULE_BTF), "ringbuf",
              kernel_has(k, FEATURE_RINGBUF));
    printf("\nProbe types\n");
    print_row("kprobe_multi", kernel_has(k, FEATURE_KPROBE_MULTI), "uprobe_multi",
              kernel_has(k, FEATURE_UPROBE_MULTI));
    print_row("kprobe_session", kernel_has(k, FEATURE_KPROBE_SESSION), "iter",
              kernel_has(k, FEATURE_ITER));
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
