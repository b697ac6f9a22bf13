/*
 * arch.c - where this architecture keeps arguments, results and registers
 *
 * Offsets are those of struct pt_regs as the kernel's BPF context shows it (x86-64: struct pt_regs
 * of arch/x86/include/asm/ptrace.h; arm64: struct user_pt_regs of its uapi ptrace.h). Supporting
 * another architecture is one more table.
 */
#include "probes/provider.h"

struct arch_reg {
    const char *name;
    int offset;
};

#if defined(__x86_64__)
static const char *const arch_text = "x86_64";
static const struct arch_reg arch_regs[] = {
    { "r15", 0 },        { "r14", 8 },  { "r13", 16 }, { "r12", 24 },    { "bp", 32 },
    { "bx", 40 },        { "r11", 48 }, { "r10", 56 }, { "r9", 64 },     { "r8", 72 },
    { "ax", 80 },        { "cx", 88 },  { "dx", 96 },  { "si", 104 },    { "di", 112 },
    { "orig_rax", 120 }, { "ip", 128 }, { "cs", 136 }, { "flags", 144 }, { "sp", 152 },
    { "ss", 160 },       { "pc", 128 },
};
static const char *const arch_args[] = { "di", "si", "dx", "cx", "r8", "r9" };
static const int arch_syscall_args[] = { 112, 104, 96, 56, 72, 64 }; /* di si dx r10 r8 r9 */
static const int arch_syscall_number = 120;                          /* orig_rax */
static const char *const arch_retval = "ax", *const arch_ip = "ip", *const arch_sp = "sp";
static const char *const arch_dwarf[] = { "ax", "dx", "cx",  "bx",  "si",  "di",  "bp",  "sp",
                                          "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
enum {
    STACK_ARGS = 8,
    LARGE_POINTERS = false,
    RESULT_ARG = true
}; /* the return address is first */
#elif defined(__aarch64__)
static const char *const arch_text = "arm64";
static const struct arch_reg arch_regs[] = {
    { "r0", 0 },    { "r1", 8 },    { "r2", 16 },   { "r3", 24 },      { "r4", 32 },
    { "r5", 40 },   { "r6", 48 },   { "r7", 56 },   { "r8", 64 },      { "r9", 72 },
    { "r10", 80 },  { "r11", 88 },  { "r12", 96 },  { "r13", 104 },    { "r14", 112 },
    { "r15", 120 }, { "r16", 128 }, { "r17", 136 }, { "r18", 144 },    { "r19", 152 },
    { "r20", 160 }, { "r21", 168 }, { "r22", 176 }, { "r23", 184 },    { "r24", 192 },
    { "r25", 200 }, { "r26", 208 }, { "r27", 216 }, { "r28", 224 },    { "r29", 232 },
    { "r30", 240 }, { "sp", 248 },  { "pc", 256 },  { "pstate", 264 },
};
static const char *const arch_args[] = { "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7" };
/* struct pt_regs goes on where struct user_pt_regs ends: orig_x0, syscallno. */
static const int arch_syscall_args[] = { 272, 8, 16, 24, 32, 40 };
static const int arch_syscall_number = 280;
static const char *const arch_retval = "r0", *const arch_ip = "pc", *const arch_sp = "sp";
static const char *const arch_dwarf[] = {
    "r0",  "r1",  "r2",  "r3",  "r4",  "r5",  "r6",  "r7",  "r8",  "r9",  "r10",
    "r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r21",
    "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "sp",
};
enum { STACK_ARGS = 0, LARGE_POINTERS = true, RESULT_ARG = false };
#else
#error "probes/arch.c has no register table for this architecture"
#endif

int arch_reg_offset(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(arch_regs); i++) {
        if (str_eqz(name, arch_regs[i].name))
            return arch_regs[i].offset;
    }
    return -1;
}

unsigned arch_n_args(void)
{
    return ARRAY_LEN(arch_args);
}

int arch_arg_offset(unsigned n)
{
    return n < ARRAY_LEN(arch_args) ? arch_reg_offset(str_from(arch_args[n])) : -1;
}

int arch_syscall_arg_offset(unsigned n)
{
    return n < ARRAY_LEN(arch_syscall_args) ? arch_syscall_args[n] : -1;
}

int arch_syscall_number_offset(void)
{
    return arch_syscall_number;
}

int arch_retval_offset(void)
{
    return arch_reg_offset(str_from(arch_retval));
}

int arch_ip_offset(void)
{
    return arch_reg_offset(str_from(arch_ip));
}

int arch_sp_offset(void)
{
    return arch_reg_offset(str_from(arch_sp));
}

int arch_dwarf_offset(int reg)
{
    return reg >= 0 && (size_t)reg < ARRAY_LEN(arch_dwarf)
               ? arch_reg_offset(str_from(arch_dwarf[reg]))
               : -1;
}

int arch_stack_args(void)
{
    return STACK_ARGS;
}

bool arch_has_large_pointers(void)
{
    return LARGE_POINTERS;
}

bool arch_has_result_arg(void)
{
    return RESULT_ARG;
}

const char *arch_name(void)
{
    return arch_text;
}
