/*
 * kfunc.c - calls of functions of the kernel that are no helpers
 *
 * Such a call is an instruction that holds the function's number in the kernel's BTF, and a mark in
 * its source register. LLVM writes it only for functions that are declared with BTF, which libbpf
 * would then look up by reading all of the kernel's. We know the number: the call is compiled as
 * one of a helper with a number no helper has, and given its mark in the finished object.
 */
#include "codegen/codegen_impl.h"

#include <elf.h>
#include <string.h>

/* Above the numbers of helpers and of types. */
#define KFUNC 0x40000000

LLVMValueRef kfunc_call(struct cg *cg, uint32_t btf_id, LLVMValueRef *args, unsigned n)
{
    cg->gen->uses_kfuncs = true;
    return helper_call(cg, KFUNC | btf_id, cg->i64, args, n);
}

struct cg_val cg_kfunc(struct cg *cg, uint32_t btf_id, const struct cg_val *args, unsigned n,
                       const struct type *result)
{
    cg->gen->uses_kfuncs = true;
    return cg_helper(cg, KFUNC | btf_id, args, n, result);
}

static void mark_calls(unsigned char *code, size_t n)
{
    struct bpf_insn insn;

    for (size_t i = 0; i + sizeof(insn) <= n; i += sizeof(insn)) {
        memcpy(&insn, code + i, sizeof(insn));
        if (insn.code == (BPF_LD | BPF_IMM | BPF_DW)) { /* its number goes on in the next one */
            i += sizeof(insn);
            continue;
        }
        if (insn.code != (BPF_JMP | BPF_CALL) || insn.src_reg || !(insn.imm & KFUNC))
            continue;
        insn.src_reg = BPF_PSEUDO_KFUNC_CALL;
        insn.imm &= ~KFUNC;
        memcpy(code + i, &insn, sizeof(insn));
    }
}

void kfunc_mark_calls(char *elf, size_t n)
{
    Elf64_Ehdr head;
    Elf64_Shdr section;

    if (n < sizeof(head))
        BUG("LLVM wrote an object of %zu bytes", n);
    memcpy(&head, elf, sizeof(head));
    for (unsigned i = 0; i < head.e_shnum; i++) {
        memcpy(&section, elf + head.e_shoff + i * sizeof(section), sizeof(section));
        if (section.sh_type == SHT_PROGBITS && section.sh_flags & SHF_EXECINSTR)
            mark_calls((unsigned char *)elf + section.sh_offset, section.sh_size);
    }
}
