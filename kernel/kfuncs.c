/*
 * kfuncs.c - which functions of the kernel may BPF programs call?
 *
 * A function is named by its number in the kernel's BTF. Whether it may be called depends on the
 * type of the program, and only the verifier knows: so a program calls it with rubbish. It is
 * refused either way, and the verifier's words tell "not allowed" from "wrong arguments".
 */
#include "kernel/btf.h"
#include "kernel/kernel_impl.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <unistd.h>

/* Programs of type TRACING are for something; these are in every kernel that has the type. */
static const struct {
    const char *section, *target;
} typed[] = {
    { "fentry/", "bpf_fentry_test1" },
    { "fexit/", "bpf_fentry_test1" },
    { "iter/", "bpf_iter_task" },
};

/* false: programs of that section cannot be made here at all. */
static bool fill_attach(struct kernel *k, struct str section, struct bpf_prog_load_opts *opts)
{
    struct btf_file *b;

    for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
        if (str_starts(section, str_from(typed[i].section)))
            return btf_find(k, BTF_BIT(BTF_KIND_FUNC), str_from(typed[i].target), &b,
                            &opts->attach_btf_id);
    }
    return true;
}

bool kernel_kfunc(struct kernel *k, struct str name, struct str section, uint32_t *id)
{
    static const char *const refusals[] = { "is not allowed", "uses reserved fields",
                                            "not supported", "is not a kernel function" };
    struct bpf_insn insns[] = {
        { .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL },
        { .code = BPF_ALU64 | BPF_MOV | BPF_K },
        { .code = BPF_JMP | BPF_EXIT },
    };
    char log[4096] = "", text[64];
    LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = 1, .log_buf = log, .log_size = sizeof(log));
    enum bpf_prog_type type;
    struct func_info f;
    int fd;

    if (!kernel_func_info(k, STR("vmlinux"), name, 0, &f) || section.n >= sizeof(text))
        return false;
    *id = f.btf_id;
    memcpy(text, section.p, section.n);
    text[section.n] = '\0';
    insns[0].imm = (int32_t)f.btf_id;
    if (libbpf_prog_type_by_name(text, &type, &opts.expected_attach_type) ||
        !fill_attach(k, section, &opts))
        return false;
    fd = bpf_prog_load(type, NULL, "GPL", insns, ARRAY_LEN(insns), &opts);
    if (fd >= 0) {
        close(fd);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (strstr(log, refusals[i]))
            return false;
    }
    return *log; /* nothing written: it was not even looked at */
}

bool kernel_kfunc_exists(struct kernel *k, struct str name)
{
    static const char *const sections[] = { "fentry/x", "iter/x", "kprobe/x",  "tracepoint/x/y",
                                            "tc",       "xdp",    "perf_event" };
    uint32_t id;

    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (kernel_kfunc(k, name, str_from(sections[i]), &id))
            return true;
    }
    return false;
}
