/*
 * syscall.c - tracepoints of single system calls, by one program on all of them
 *
 * The kernel has two tracepoints for system calls, at entry and exit, and makes of each some 360
 * events that cost milliseconds to enable and 50 to disable. We attach to the two. Their arguments
 * are the registers the program came with and the number (entry) or the result (exit), so that the
 * fields of the events' records are known: the n-th argument is in the n-th register.
 *
 * One program of one event compares the number itself. Several are in a BPF_MAP_TYPE_PROG_ARRAY by
 * number, and a program of four instructions, which is attached in their place, jumps into it. A
 * program may be in many slots; of two programs on one number each has a table of its own
 * ("layer").
 *
 * System calls of 32-bit programs have other numbers: the events leave them out, and so do we.
 */
#include "probes/syscall.h"

#include "codegen/emit.h"
#include "kernel/kernel.h"
#include "runtime/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Records of the events: the common fields, the number, and from here 8 bytes an argument. */
enum { RECORD_NUMBER = 8, RECORD_ARGS = 16, MAX_ARGS = 6, MAX_NUMBER = 512 };

/* Of the two tracepoints: struct pt_regs *, then the number or the result. */
enum { CTX_REGS = 0, CTX_NUMBER = 8, CTX_RESULT = 8 };

struct syscall {
    const char *name;
    int number;
};

static const struct syscall syscalls[] = {
#if defined(__x86_64__)
#define SYSCALL(name, x86, arm64) { #name, x86 },
#else
#define SYSCALL(name, x86, arm64) { #name, arm64 },
#endif
#include "probes/syscalls.def"
#undef SYSCALL
};

static const char enter_prefix[] = "sys_enter_", exit_prefix[] = "sys_exit_";

static bool is_exit(const struct target *t)
{
    return str_starts(t->func, str_from(exit_prefix));
}

static int find_number(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(syscalls); i++) {
        if (str_eqz(name, syscalls[i].name))
            return syscalls[i].number;
    }
    return -1;
}

/* ---- can it be? ---- */

/* The word of a task that says it is in a system call of the other bitness, and the bit. */
struct compat_mark {
    uint32_t offset, size;
    uint64_t bit;
};

static const struct field *find_field(struct types *types, const struct type *type, struct str name)
{
    size_t n;
    const struct field *f = type ? type_fields(types, type, &n) : NULL;

    for (size_t i = 0; f && i < n; i++) {
        if (str_eq(f[i].name, name))
            return &f[i];
    }
    return NULL;
}

static bool find_compat(struct kernel *k, struct types *types, struct compat_mark *out)
{
#if defined(__x86_64__)
    const struct str member = STR("status");
    const uint64_t bit = 2; /* TS_COMPAT */
#else
    const struct str member = STR("flags");
    const uint64_t bit = UINT64_C(1) << 22; /* _TIF_32BIT */
#endif
    const struct type *task = kernel_type(k, types, 's', STR("task_struct"));
    const struct field *info = find_field(types, task, STR("thread_info"));
    const struct field *word = info ? find_field(types, info->type, member) : NULL;

    if (!word)
        return false;
    *out = (struct compat_mark){ info->offset + word->offset, word->type->size, bit };
    return true;
}

/* Can the field of a record be made of what the tracepoint gives? */
static bool is_known_field(const struct field *f, bool exit)
{
    if (f->data_loc || f->refused)
        return false;
    if (f->offset == RECORD_NUMBER)
        return f->type->size == 4;
    return f->offset >= RECORD_ARGS && (f->offset - RECORD_ARGS) % 8 == 0 &&
           (f->offset - RECORD_ARGS) / 8 < (exit ? 1 : MAX_ARGS) && f->type->size == 8 &&
           type_is_scalar(f->type);
}

static bool fields_are_known(const struct host *host, struct types *types, const struct target *t,
                             const struct probe_uses *uses)
{
    const struct tp_format *format;
    struct err e = { 0 };

    if (!uses->fields.n)
        return true;
    format = kernel_tracepoint(host->kernel, types, t->module, t->func, &e);
    for (size_t i = 0; i < uses->fields.n; i++) {
        const struct field *f = format ? find_field(types, format->args, uses->fields.v[i]) : NULL;

        if (!f || !is_known_field(f, is_exit(t)))
            return false;
    }
    return true;
}

const struct provider *syscall_provider(const struct host *host, struct types *types,
                                        const struct target *t, const struct probe_uses *uses,
                                        struct target *out)
{
    size_t prefix = is_exit(t) ? sizeof(exit_prefix) - 1 : sizeof(enter_prefix) - 1;
    struct compat_mark mark;
    int number;

    if (!str_eqz(t->module, "syscalls") ||
        !(is_exit(t) || str_starts(t->func, str_from(enter_prefix))))
        return NULL;
    number = find_number(str_sub(t->func, prefix, t->func.n));
    if (number < 0 || uses->whole_args || !find_compat(host->kernel, types, &mark) ||
        !fields_are_known(host, types, t, uses))
        return NULL;
    out->code = (uint32_t)number;
    return is_exit(t) ? &provider_syscall_exit : &provider_syscall_enter;
}

/* ---- the program ---- */

static const struct type *syscall_args(const struct host *host, const struct target *t,
                                       struct types *types, struct err *e)
{
    const struct tp_format *f = kernel_tracepoint(host->kernel, types, t->module, t->func, e);

    return f ? f->args : NULL;
}

static struct cg_val register_at(struct cg *cg, int offset, const struct type *type)
{
    struct cg_val regs = cg_ctx_load(cg, CTX_REGS, type_int(cg_types(cg), 8, false));
    struct cg_val place = cg_place(cg, type);

    regs = cg_op(cg, OP_ADD, regs, cg_u64(cg, (uint64_t)offset));
    cg_read(cg, place, type->size, regs, AS_KERNEL, cg_probe(cg)->at);
    return cg_load(cg, place);
}

static struct cg_val number_of(struct cg *cg, const struct target *t)
{
    const struct type *i32 = type_int(cg_types(cg), 4, true);

    if (!is_exit(t))
        return cg_convert(cg, cg_ctx_load(cg, CTX_NUMBER, type_int(cg_types(cg), 8, true)), i32);
    return register_at(cg, arch_syscall_number_offset(), i32);
}

static void leave_unless(struct cg *cg, enum op op, struct cg_val a, struct cg_val b)
{
    struct cg_if other = cg_if_begin(cg, cg_not(cg, cg_op(cg, op, a, b)));

    cg_return(cg);
    cg_if_end(cg, &other);
}

static void leave_if_compat(struct cg *cg)
{
    struct types *types = cg_types(cg);
    const struct type *u64 = type_int(types, 8, false), *word;
    struct compat_mark mark;
    struct cg_val task, place;

    if (!find_compat(cg_host(cg)->kernel, types, &mark))
        return; /* syscall_provider() has found it */
    word = type_int(types, mark.size, false);
    task = cg_helper(cg, BPF_FUNC_get_current_task, NULL, 0, u64);
    place = cg_place(cg, word);
    task = cg_op(cg, OP_ADD, task, cg_u64(cg, mark.offset));
    cg_read(cg, place, mark.size, task, AS_KERNEL, cg_probe(cg)->at);
    leave_unless(cg, OP_EQ, cg_op(cg, OP_AND, cg_load(cg, place), cg_int(cg, word, mark.bit)),
                 cg_int(cg, word, 0));
}

static void syscall_enter(struct cg *cg, const struct target *t)
{
    const struct type *i32 = type_int(cg_types(cg), 4, true);

    if (cg_probe(cg)->n_targets == 1)
        leave_unless(cg, OP_EQ, number_of(cg, t), cg_int(cg, i32, t->code));
    leave_if_compat(cg);
}

static void syscall_which(struct cg *cg, struct cg_val *out)
{
    *out = cg_convert(cg, number_of(cg, cg_target(cg)), type_int(cg_types(cg), 4, false));
}

/* The record has a register, whatever the parameter's type; a bit field is its lower part. */
static bool syscall_load_field(struct cg *cg, const struct target *t, const struct field *f,
                               struct cg_val *out)
{
    struct types *types = cg_types(cg);
    const struct type *u64 = type_int(types, 8, false);
    struct cg_val v;

    if (f->offset == RECORD_NUMBER)
        v = number_of(cg, t);
    else if (is_exit(t))
        v = cg_ctx_load(cg, CTX_RESULT, u64);
    else
        v = register_at(cg, arch_syscall_arg_offset((f->offset - RECORD_ARGS) / 8), u64);
    if (f->bit_size)
        v = cg_convert(cg, v, type_int(types, f->bit_size / 8, type_is_signed(f->type)));
    *out = cg_convert(cg, v, f->type);
    out->as = f->as;
    return true;
}

static void syscall_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)a;
    *out = (struct prog_spec){
        .section = is_exit(t) ? STR("raw_tracepoint/sys_exit") : STR("raw_tracepoint/sys_enter"),
    };
}

/* ---- attaching ---- */

#define INSN(op, to, from, offset, number)                                                         \
    ((struct bpf_insn){                                                                            \
        .code = (op), .dst_reg = (to), .src_reg = (from), .off = (offset), .imm = (number) })
#define MOV_REG(to, from)      INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define MOV(to, number)        INSN(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number)
#define ADD(to, number)        INSN(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, number)
#define LOAD(to, from, offset) INSN(BPF_LDX | BPF_MEM | BPF_DW, to, from, offset, 0)
#define MAP(to, fd)                                                                                \
    INSN(BPF_LD | BPF_IMM | BPF_DW, to, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)

/* Jumps to the program for the number in R3; there is none: returns. */
#define DISPATCH(table)                                                                            \
    MAP(BPF_REG_2, table), CALL(BPF_FUNC_tail_call), MOV(BPF_REG_0, 0),                            \
        INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static int load_dispatcher(bool exit, int table)
{
    const struct bpf_insn at_enter[] = { LOAD(BPF_REG_3, BPF_REG_1, CTX_NUMBER), DISPATCH(table) };
    const struct bpf_insn at_exit[] = {
        MOV_REG(BPF_REG_6, BPF_REG_1),
        MOV_REG(BPF_REG_1, BPF_REG_10),
        ADD(BPF_REG_1, -8),
        MOV(BPF_REG_2, 8),
        LOAD(BPF_REG_3, BPF_REG_6, CTX_REGS),
        ADD(BPF_REG_3, arch_syscall_number_offset()),
        CALL(BPF_FUNC_probe_read_kernel),
        LOAD(BPF_REG_3, BPF_REG_10, -8),
        MOV_REG(BPF_REG_1, BPF_REG_6),
        DISPATCH(table),
    };

    return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, exit ? "hark_sys_exit" : "hark_sys_enter",
                         "GPL", exit ? at_exit : at_enter,
                         exit ? ARRAY_LEN(at_exit) : ARRAY_LEN(at_enter), NULL);
}

/* The file descriptors belong to the session as soon as there are any. */
static int attach_to(struct session *s, bool exit, int program, struct err *e)
{
    const char *name = exit ? "sys_exit" : "sys_enter";
    int fd = bpf_raw_tracepoint_open(name, program);

    if (fd < 0)
        return err_set(e, fd, "the kernel refused raw tracepoint %s: %s", name, strerror(-fd));
    return session_add_fd(s, fd);
}

static bool is_ours(const struct image_probe *p, bool exit)
{
    return str_eqz(p->provider, exit ? provider_syscall_exit.name : provider_syscall_enter.name);
}

/* How many programs before p are for this number. */
static unsigned layer_of(const struct image *image, const struct image_probe *p, uint32_t number)
{
    bool exit = is_exit(&p->targets.v[0]);
    unsigned n = 0;

    for (const struct image_probe *q = image->probes.v; q < p; q++) {
        for (size_t i = 0; is_ours(q, exit) && i < q->targets.n; i++)
            n += q->targets.v[i].code == number;
    }
    return n;
}

static int fill_layer(struct session *s, bool exit, unsigned layer, int table, unsigned *n,
                      struct err *e)
{
    const struct image *image = session_image(s);

    *n = 0;
    for (size_t i = 0; i < image->probes.n; i++) {
        const struct image_probe *p = &image->probes.v[i];
        int program;

        if (!is_ours(p, exit))
            continue;
        program = bpf_program__fd(session_program(s, p));
        for (size_t t = 0; t < p->targets.n; t++) {
            uint32_t number = p->targets.v[t].code;

            if (layer_of(image, p, number) != layer)
                continue;
            if (bpf_map_update_elem(table, &number, &program, BPF_ANY))
                return err_set(e, -errno, "can't put %.*s into a table of programs: %s",
                               STRF(p->targets.v[t].label), strerror(errno));
            ++*n;
        }
    }
    return 0;
}

static int attach_layer(struct session *s, bool exit, unsigned layer, unsigned *n, struct err *e)
{
    int table = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "hark_syscalls", 4, 4, MAX_NUMBER, NULL);
    int program, rc;

    if (table < 0)
        return err_set(e, table, "can't make a table of programs: %s", strerror(-table));
    rc = fill_layer(s, exit, layer, table, n, e);
    if (rc || !*n) {
        close(table);
        return rc;
    }
    session_add_fd(s, table); /* without it the kernel would empty the table */
    program = load_dispatcher(exit, table);
    if (program < 0)
        return err_set(e, program, "can't load the program that tells system calls apart: %s",
                       strerror(-program));
    rc = attach_to(s, exit, program, e);
    close(program);
    return rc;
}

/* With the first program of the two ends all others of that end are attached. */
static int syscall_attach_all(struct session *s, const struct image_probe *probe, struct err *e)
{
    const struct image *image = session_image(s);
    bool exit = is_exit(&probe->targets.v[0]);
    size_t n_targets = 0;
    unsigned n = 1;
    int rc = 0;

    for (const struct image_probe *p = image->probes.v; p < probe; p++) {
        if (is_ours(p, exit))
            return 0;
    }
    for (size_t i = 0; i < image->probes.n; i++) {
        if (is_ours(&image->probes.v[i], exit))
            n_targets += image->probes.v[i].targets.n;
    }
    if (n_targets == 1)
        return attach_to(s, exit, bpf_program__fd(session_program(s, probe)), e);
    for (unsigned layer = 0; n && !rc; layer++)
        rc = attach_layer(s, exit, layer, &n, e);
    return rc;
}

#define SYSCALL_PROVIDER(which_end)                                                                \
    {                                                                                              \
        .name = "tracepoint of system calls, " which_end,                                          \
        .caps = CAP_ARGS | CAP_STACK | CAP_SIGNAL, .as = AS_KERNEL, .pid_filter = true,            \
        .args = syscall_args, .load_field = syscall_load_field, .which = syscall_which,            \
        .program = syscall_program, .enter = syscall_enter, .attach_all = syscall_attach_all,      \
    }

const struct provider provider_syscall_enter = SYSCALL_PROVIDER("at entry");
const struct provider provider_syscall_exit = SYSCALL_PROVIDER("at exit");
