/*
 * features.c - can this kernel do it? Ask by trying
 *
 * Version numbers lie (distributions add and remove), so every question is a tiny program, map or
 * link that is made and dropped at once. Four ways of asking:
 *
 * - Does a program load: new instructions, iterators.
 * - Does the verifier know a helper: a program that calls it with rubbish is refused either way,
 *   and only the verifier's words tell "unknown" from "wrong arguments".
 * - Does the kernel know a sort of link: it looks at the sort first and at the details later. Asked
 *   for something impossible, it says EINVAL if the sort is unknown, and names the impossible
 *   thing (a path that is no file, memory that is not ours) if it is known.
 * - Does it happen: virtual machines accept breakpoints and counters that then never fire, and
 *   kernels without the function tracer load programs that they cannot attach.
 *
 * Without the right to load programs every answer is no.
 */
#include "kernel/btf.h"
#include "kernel/kernel_impl.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Kernel numbers newer than the headers we are built with. */
enum {
    ATTACH_KPROBE_MULTI = 42,
    ATTACH_UPROBE_MULTI = 48,
    ATTACH_KPROBE_SESSION = 56,
    ATTACH_UPROBE_SESSION = 57,
};

#define INSN(op, to, from, offset, number)                                                         \
    ((struct bpf_insn){                                                                            \
        .code = (op), .dst_reg = (to), .src_reg = (from), .off = (offset), .imm = (number) })
#define RETURN_0 INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

struct program {
    enum bpf_prog_type type;
    unsigned attach; /* expected_attach_type */
    uint32_t btf_id;
    const struct bpf_insn *insns;
    size_t n;
    char *log; /* may be NULL */
    size_t log_size;
};

static int load(const struct program *p)
{
    LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = p->attach,
                .attach_btf_id = p->btf_id, .log_level = p->log ? 1 : 0, .log_buf = p->log,
                .log_size = (uint32_t)p->log_size);

    return bpf_prog_load(p->type, NULL, "GPL", p->insns, p->n, &opts);
}

static bool loads(const struct program *p)
{
    int fd = load(p);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool knows_helper(struct program p, unsigned helper)
{
    static const char *const refusals[] = { "invalid func ", "unknown func ",
                                            "program of this type cannot use helper " };
    const struct bpf_insn insns[] = { INSN(BPF_JMP | BPF_CALL, 0, 0, 0, (int)helper), RETURN_0 };
    char log[4096] = "";

    p.insns = insns;
    p.n = ARRAY_LEN(insns);
    p.log = log;
    p.log_size = sizeof(log);
    if (loads(&p))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (strstr(log, refusals[i]))
            return false;
    }
    return *log; /* nothing written: it was not even looked at */
}

static bool has_helper(struct kernel *k, unsigned helper)
{
    (void)k;
    return knows_helper((struct program){ .type = BPF_PROG_TYPE_KPROBE }, helper);
}

/* A program for the iterator over tasks, which every kernel with iterators has. */
static bool task_iterator(struct kernel *k, struct program *p)
{
    struct btf_file *b;

    *p = (struct program){ .type = BPF_PROG_TYPE_TRACING, .attach = BPF_TRACE_ITER };
    return btf_find(k, BTF_BIT(BTF_KIND_FUNC), STR("bpf_iter_task"), &b, &p->btf_id);
}

static bool has_iter(struct kernel *k, unsigned arg)
{
    const struct bpf_insn insns[] = { RETURN_0 };
    struct program p;

    (void)arg;
    if (!task_iterator(k, &p))
        return false;
    p.insns = insns;
    p.n = ARRAY_LEN(insns);
    return loads(&p);
}

/* d_path() is only for places where paths are safe to follow; iterators are. */
static bool has_d_path(struct kernel *k, unsigned helper)
{
    struct program p;

    return task_iterator(k, &p) && knows_helper(p, helper);
}

static bool has_map(struct kernel *k, unsigned type)
{
    (void)k;
    return libbpf_probe_bpf_map_type((enum bpf_map_type)type, NULL) > 0;
}

static bool has_large_keys(struct kernel *k, unsigned size)
{
    int fd = bpf_map_create(BPF_MAP_TYPE_HASH, NULL, size, 8, 1, NULL);

    (void)k;
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool has_atomic_fetch(struct kernel *k, unsigned arg)
{
    const struct bpf_insn insns[] = {
        INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0),
        INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1),
        INSN(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_10, BPF_REG_1, -8, BPF_ADD | BPF_FETCH),
        RETURN_0,
    };
    const struct program p = { .type = BPF_PROG_TYPE_SOCKET_FILTER,
                               .insns = insns,
                               .n = ARRAY_LEN(insns) };

    (void)k;
    (void)arg;
    return loads(&p);
}

static bool has_isa_v4(struct kernel *k, unsigned arg)
{
    const struct bpf_insn insns[] = {
        INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, -6),
        /* r1 = *(int8 *)(r10 - 8): the new mode 0x80, sign-extending load */
        INSN(BPF_LDX | 0x80 | BPF_B, BPF_REG_1, BPF_REG_10, -8, 0),
        /* r1 = r1 / 3, signed because of offset 1 */
        INSN(BPF_ALU64 | BPF_DIV | BPF_K, BPF_REG_1, 0, 1, 3),
        RETURN_0,
    };
    const struct program p = { .type = BPF_PROG_TYPE_SOCKET_FILTER,
                               .insns = insns,
                               .n = ARRAY_LEN(insns) };

    (void)k;
    (void)arg;
    return loads(&p);
}

/* The part of union bpf_attr that makes links, with members our headers do not have yet. */
struct link_attr {
    uint32_t prog_fd, target_fd, attach_type, flags;
    union {
        struct {
            uint32_t flags, n;
            uint64_t symbols, addresses, cookies;
        } kprobes;
        struct {
            uint64_t path, offsets, ref_ctr_offsets, cookies;
            uint32_t n, flags, pid;
        } uprobes;
    };
};

/* Tries to make the link; it never succeeds. The errno, 0 if not even the program loads. */
static int link_errno(struct link_attr *attr)
{
    const struct bpf_insn insns[] = { RETURN_0 };
    const struct program p = { .type = BPF_PROG_TYPE_KPROBE,
                               .attach = attr->attach_type,
                               .insns = insns,
                               .n = ARRAY_LEN(insns) };
    int fd = load(&p);
    long link;
    int rc;

    if (fd < 0)
        return 0;
    attr->prog_fd = (uint32_t)fd;
    link = syscall(SYS_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));
    rc = link < 0 ? errno : 0;
    if (link >= 0)
        close((int)link);
    close(fd);
    return rc;
}

/* One function whose address stands at address 1, where no process has memory. */
static bool has_kprobe_link(struct kernel *k, unsigned attach_type)
{
    struct link_attr attr = { .attach_type = attach_type };

    (void)k;
    attr.kprobes.n = 1;
    attr.kprobes.addresses = 1;
    return link_errno(&attr) == EFAULT;
}

/*
 * A directory has no functions: EBADF. The first kernels with these links took -p for a thread, not
 * a process; the same change that mended it refuses negative pids.
 */
static bool has_uprobe_link(struct kernel *k, unsigned attach_type)
{
    const uint64_t offset = 0;
    struct link_attr attr = { .attach_type = attach_type };

    (void)k;
    attr.uprobes.path = (uintptr_t) "/";
    attr.uprobes.offsets = (uintptr_t)&offset;
    attr.uprobes.n = 1;
    if (link_errno(&attr) != EBADF)
        return false;
    attr.uprobes.pid = UINT32_MAX;
    return link_errno(&attr) == EINVAL;
}

/* Only kernels that have BTF of modules can tell the name of what a piece of BTF belongs to. */
static bool has_module_btf(struct kernel *k, unsigned arg)
{
    struct {
        struct btf_header header;
        struct btf_type type;
        uint32_t encoding;
        char strings[5];
    } __attribute__((packed)) const data = {
        .header = { .magic = BTF_MAGIC,
                    .version = BTF_VERSION,
                    .hdr_len = sizeof(data.header),
                    .type_len = sizeof(data.type) + sizeof(data.encoding),
                    .str_off = sizeof(data.type) + sizeof(data.encoding),
                    .str_len = sizeof(data.strings) },
        .type = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 },
        .encoding = BTF_INT_SIGNED << 24 | 32,
        .strings = "\0int",
    };
    struct bpf_btf_info info = { 0 };
    uint32_t size = sizeof(info);
    char name[16];
    int fd = bpf_btf_load(&data, sizeof(data), NULL);
    bool ok;

    (void)k;
    (void)arg;
    if (fd < 0)
        return false;
    info.name = (uintptr_t)name;
    info.name_len = sizeof(name);
    ok = bpf_obj_get_info_by_fd(fd, &info, &size) == 0;
    close(fd);
    return ok;
}

/* Some small text file of sysfs, below our root. false: not there. */
static bool read_line(struct kernel *k, const char *path, char *line, size_t size)
{
    char full[PATH_MAX];
    char *text;
    size_t n;

    if (!kernel_path(k, full, "%s", path) || !(text = kernel_read_file(full, &n)))
        return false;
    snprintf(line, size, "%s", text);
    free(text);
    return true;
}

static int open_event(struct perf_event_attr *attr)
{
    attr->size = sizeof(*attr);
    return (int)syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* A probe on a function whose name stands at address 1, where no process has memory. */
static bool has_kprobe(struct kernel *k, unsigned is_return)
{
    struct perf_event_attr attr = { .config = is_return, .config1 = 1 };
    char line[16];
    int fd;

    if (!read_line(k, "/sys/bus/event_source/devices/kprobe/type", line, sizeof(line)))
        return false;
    attr.type = (uint32_t)strtoul(line, NULL, 10);
    fd = open_event(&attr);
    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == EFAULT;
}

/* bpf_fentry_test1() is there for this and called by nobody. */
static bool has_fentry(struct kernel *k, unsigned arg)
{
    const struct bpf_insn insns[] = { RETURN_0 };
    struct program p = { .type = BPF_PROG_TYPE_TRACING,
                         .attach = BPF_TRACE_FENTRY,
                         .insns = insns,
                         .n = ARRAY_LEN(insns) };
    struct btf_file *b;
    int fd;
    int link;

    (void)arg;
    if (!btf_find(k, BTF_BIT(BTF_KIND_FUNC), STR("bpf_fentry_test1"), &b, &p.btf_id))
        return false;
    fd = load(&p);
    if (fd < 0)
        return false;
    link = bpf_raw_tracepoint_open(NULL, fd);
    if (link >= 0)
        close(link);
    close(fd);
    return link >= 0;
}

/* Hooks are only called when the kernel was started with "bpf" among its security modules. */
static bool has_lsm(struct kernel *k, unsigned arg)
{
    char line[256];
    char *rest = line;
    bool active = false;

    (void)arg;
    if (!read_line(k, "/sys/kernel/security/lsm", line, sizeof(line)))
        return false;
    for (char *word; (word = strsep(&rest, ",\n"));)
        active |= strcmp(word, "bpf") == 0;
    return active && kernel_has(k, FEATURE_FENTRY);
}

static bool has_watchpoint(struct kernel *k, unsigned arg)
{
    volatile long watched = 0;
    struct perf_event_attr attr = { .type = PERF_TYPE_BREAKPOINT,
                                    .bp_type = HW_BREAKPOINT_W,
                                    .bp_addr = (uintptr_t)&watched,
                                    .bp_len = sizeof(watched) };
    uint64_t hits = 0;
    int fd = open_event(&attr);

    (void)k;
    (void)arg;
    if (fd < 0)
        return false;
    watched = watched + 1;
    if (read(fd, &hits, sizeof(hits)) != sizeof(hits))
        hits = 0;
    close(fd);
    return hits == 1;
}

static bool has_hardware(struct kernel *k, unsigned event)
{
    struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE, .config = event };
    uint64_t count = 0;
    int fd = open_event(&attr);

    (void)k;
    if (fd < 0)
        return false;
    if (read(fd, &count, sizeof(count)) != sizeof(count))
        count = 0;
    close(fd);
    return count > 0;
}

static const struct feature {
    const char *name;
    bool (*probe)(struct kernel *, unsigned arg);
    unsigned arg;
} features[FEATURES] = {
    [FEATURE_RINGBUF] = { "ringbuf", has_map, BPF_MAP_TYPE_RINGBUF },
    [FEATURE_LOOP] = { "loop", has_helper, BPF_FUNC_loop },
    [FEATURE_FOR_EACH_MAP] = { "for_each_map_elem", has_helper, BPF_FUNC_for_each_map_elem },
    [FEATURE_LOOKUP_PERCPU] = { "lookup_percpu_elem", has_helper, BPF_FUNC_map_lookup_percpu_elem },
    [FEATURE_GET_FUNC_IP] = { "get_func_ip", has_helper, BPF_FUNC_get_func_ip },
    [FEATURE_ATTACH_COOKIE] = { "attach_cookie", has_helper, BPF_FUNC_get_attach_cookie },
    [FEATURE_KTIME_TAI] = { "get_tai_ns", has_helper, BPF_FUNC_ktime_get_tai_ns },
    [FEATURE_WRITE_USER] = { "probe_write_user", has_helper, BPF_FUNC_probe_write_user },
    [FEATURE_D_PATH] = { "dpath", has_d_path, BPF_FUNC_d_path },
    [FEATURE_NS_PID] = { "get_ns_current_pid_tgid", has_helper, BPF_FUNC_get_ns_current_pid_tgid },
    [FEATURE_OVERRIDE] = { "override_return", has_helper, BPF_FUNC_override_return },
    [FEATURE_KPROBE] = { "kprobe", has_kprobe, 0 },
    [FEATURE_KRETPROBE] = { "kretprobe", has_kprobe, 1 },
    [FEATURE_KPROBE_MULTI] = { "kprobe_multi", has_kprobe_link, ATTACH_KPROBE_MULTI },
    [FEATURE_KPROBE_SESSION] = { "kprobe_session", has_kprobe_link, ATTACH_KPROBE_SESSION },
    [FEATURE_UPROBE_MULTI] = { "uprobe_multi", has_uprobe_link, ATTACH_UPROBE_MULTI },
    [FEATURE_UPROBE_SESSION] = { "uprobe_session", has_uprobe_link, ATTACH_UPROBE_SESSION },
    [FEATURE_FENTRY] = { "fentry", has_fentry, 0 },
    [FEATURE_LSM] = { "lsm", has_lsm, 0 },
    [FEATURE_WATCHPOINT] = { "watchpoint", has_watchpoint, 0 },
    [FEATURE_HARDWARE] = { "hardware", has_hardware, PERF_COUNT_HW_CPU_CYCLES },
    [FEATURE_ITER] = { "iter", has_iter, 0 },
    [FEATURE_MODULE_BTF] = { "module btf", has_module_btf, 0 },
    [FEATURE_LARGE_KEYS] = { "large keys", has_large_keys, 520 },
    [FEATURE_ATOMIC_FETCH] = { "atomic_fetch", has_atomic_fetch, 0 },
    [FEATURE_ISA_V4] = { "isa_v4", has_isa_v4, 0 },
};

bool kernel_has(struct kernel *k, enum kernel_feature feature)
{
    const struct feature *f = &features[feature];

    if (k->features[feature] == FEATURE_UNTRIED)
        k->features[feature] = f->probe(k, f->arg) ? FEATURE_YES : FEATURE_NO;
    return k->features[feature] == FEATURE_YES;
}

void kernel_forget(struct kernel *k, enum kernel_feature feature)
{
    k->features[feature] = FEATURE_NO;
}

const char *kernel_feature_name(enum kernel_feature feature)
{
    return features[feature].name;
}
