/*
 * dump.c - --dump=object: an image's programs as BPF assembly
 *
 * The object is read back as any tool would read it: names of functions and maps from its symbols
 * and relocations, lines of the script from .BTF.ext. So the dump shows what the kernel will get,
 * whether the image was compiled a moment ago or read from a file.
 */
#include "codegen/codegen.h"

#include <linux/bpf.h>
#include <linux/btf.h>

#include <llvm-c/Core.h>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Object.h>
#include <llvm-c/Target.h>

#include <inttypes.h>
#include <string.h>

#define INSN 8 /* bytes */

/* include/uapi: struct btf_ext_header and friends are not exported. */
struct ext_header {
    uint16_t magic;
    uint8_t version, flags;
    uint32_t hdr_len, func_off, func_len, line_off, line_len;
};

struct ext_line {
    uint32_t insn_off, file_off, text_off, line_col;
};

struct dump {
    FILE *f;
    LLVMBinaryRef object;
    LLVMDisasmContextRef disasm;
    struct str btf, ext; /* sections */
};

static const char *helper_name(uint32_t id)
{
#define NAME(name, ...) "bpf_" #name
    static const char *const names[] = { __BPF_FUNC_MAPPER(NAME) };
#undef NAME

    return id < ARRAY_LEN(names) ? names[id] : "?";
}

static struct str section_bytes(LLVMSectionIteratorRef s)
{
    return (struct str){ LLVMGetSectionContents(s), LLVMGetSectionSize(s) };
}

static LLVMSectionIteratorRef find_section(const struct dump *d, struct str name)
{
    LLVMSectionIteratorRef s = LLVMObjectFileCopySectionIterator(d->object);

    for (; !LLVMObjectFileIsSectionIteratorAtEnd(d->object, s); LLVMMoveToNextSection(s)) {
        const char *found = LLVMGetSectionName(s);

        if (found && str_eqz(name, found))
            return s;
    }
    LLVMDisposeSectionIterator(s);
    return NULL;
}

static struct str read_section(const struct dump *d, const char *name)
{
    LLVMSectionIteratorRef s = find_section(d, str_from(name));
    struct str bytes = { 0 };

    if (s) {
        bytes = section_bytes(s);
        LLVMDisposeSectionIterator(s);
    }
    return bytes;
}

/* ---- lines ---- */

static const char *btf_string(const struct dump *d, uint32_t offset)
{
    struct btf_header h;
    uint64_t at;

    if (d->btf.n < sizeof(h))
        return "";
    memcpy(&h, d->btf.p, sizeof(h));
    at = (uint64_t)h.hdr_len + h.str_off + offset;
    if (at >= d->btf.n || !memchr(d->btf.p + at, '\0', d->btf.n - at))
        return "";
    return d->btf.p + at;
}

static uint32_t u32_at(struct str s, uint64_t at)
{
    uint32_t v = 0;

    if (at + sizeof(v) <= s.n)
        memcpy(&v, s.p + at, sizeof(v));
    return v;
}

/* The line entry of an instruction, if one begins there. */
static bool find_line(const struct dump *d, struct str section, uint64_t insn, struct ext_line *out)
{
    struct ext_header h;
    uint64_t at, end;
    uint32_t size;

    if (d->ext.n < sizeof(h))
        return false;
    memcpy(&h, d->ext.p, sizeof(h));
    at = (uint64_t)h.hdr_len + h.line_off;
    end = MIN(at + h.line_len, d->ext.n);
    size = u32_at(d->ext, at);
    if (size < sizeof(*out))
        return false;
    for (at += 4; at + 8 <= end;) {
        bool here = str_eqz(section, btf_string(d, u32_at(d->ext, at)));
        uint32_t n = u32_at(d->ext, at + 4);

        at += 8;
        for (uint32_t i = 0; i < n && at + size <= end; i++, at += size) {
            if (!here || u32_at(d->ext, at) != insn * INSN)
                continue;
            memcpy(out, d->ext.p + at, sizeof(*out));
            return true;
        }
    }
    return false;
}

static void print_line(const struct dump *d, struct str section, uint64_t insn)
{
    struct ext_line line;
    const char *text;

    if (!find_line(d, section, insn, &line))
        return;
    text = btf_string(d, line.text_off);
    text += strspn(text, " \t");
    fprintf(d->f, "; %s:%u:%u  %s\n", btf_string(d, line.file_off), line.line_col >> 10,
            line.line_col & 0x3ff, text);
}

/* ---- instructions ---- */

static void print_function_name(const struct dump *d, LLVMSectionIteratorRef section, uint64_t at)
{
    LLVMSymbolIteratorRef s = LLVMObjectFileCopySymbolIterator(d->object);

    for (; !LLVMObjectFileIsSymbolIteratorAtEnd(d->object, s); LLVMMoveToNextSymbol(s)) {
        const char *name = LLVMGetSymbolName(s);

        if (LLVMGetSymbolAddress(s) == at && LLVMGetSymbolSize(s) && name && name[0] &&
            LLVMGetSectionContainsSymbol(section, s))
            fprintf(d->f, "%s:\n", name);
    }
    LLVMDisposeSymbolIterator(s);
}

/* relocs: the section ".rel" and the name of the code's section; NULL if there is none. */
static void print_relocation(const struct dump *d, LLVMSectionIteratorRef relocs, uint64_t at)
{
    LLVMRelocationIteratorRef r;

    if (!relocs)
        return;
    r = LLVMGetRelocations(relocs);
    for (; !LLVMIsRelocationIteratorAtEnd(relocs, r); LLVMMoveToNextRelocation(r)) {
        LLVMSymbolIteratorRef s;

        if (LLVMGetRelocationOffset(r) != at)
            continue;
        s = LLVMGetRelocationSymbol(r);
        fprintf(d->f, "  # %s", LLVMGetSymbolName(s));
        LLVMDisposeSymbolIterator(s);
    }
    LLVMDisposeRelocationIterator(r);
}

/* Returns the bytes it takes. */
static size_t print_insn(const struct dump *d, struct str code, uint64_t at)
{
    const uint8_t *p = (const uint8_t *)code.p + at;
    struct bpf_insn insn;
    char text[128] = "";
    size_t n;

    memcpy(&insn, p, sizeof(insn));
    n = LLVMDisasmInstruction(d->disasm, (uint8_t *)p, code.n - at, at, text, sizeof(text));
    fprintf(d->f, "%6" PRIu64 ": %s", at / INSN, n ? text : "\t?");
    if (insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == 0)
        fprintf(d->f, "  # %s", helper_name((uint32_t)insn.imm));
    return n ? n : INSN;
}

static void dump_section(const struct dump *d, struct str name)
{
    LLVMSectionIteratorRef section = find_section(d, name), relocs;
    struct buf rel = { 0 };
    struct str code;

    if (!section)
        return;
    buf_printf(&rel, ".rel%.*s", STRF(name));
    relocs = find_section(d, buf_as_str(&rel));
    buf_free(&rel);
    code = section_bytes(section);
    fprintf(d->f, "section %.*s: %zu instructions\n", STRF(name), code.n / INSN);
    for (uint64_t at = 0; at + INSN <= code.n;) {
        size_t n;

        print_function_name(d, section, at);
        print_line(d, name, at / INSN);
        n = print_insn(d, code, at);
        print_relocation(d, relocs, at);
        fputc('\n', d->f);
        at += n;
    }
    if (relocs)
        LLVMDisposeSectionIterator(relocs);
    LLVMDisposeSectionIterator(section);
}

static void dump_sections(const struct dump *d, const struct image *image)
{
    for (size_t i = 0; i < image->probes.n; i++) {
        bool seen = false;

        for (size_t k = 0; k < i; k++)
            seen |= str_eq(image->probes.v[k].section, image->probes.v[i].section);
        if (!seen)
            dump_section(d, image->probes.v[i].section);
    }
    dump_section(d, STR(".text"));
}

void codegen_dump_object(const struct image *image, FILE *f)
{
    struct dump d = { .f = f };
    LLVMContextRef context;
    LLVMMemoryBufferRef bytes;
    char *message = NULL;

    codegen_start_llvm();
    LLVMInitializeBPFTargetInfo();
    LLVMInitializeBPFTargetMC();
    LLVMInitializeBPFDisassembler();
    context = LLVMContextCreate();
    bytes = LLVMCreateMemoryBufferWithMemoryRange(image->elf.p, image->elf.n, "object", false);
    d.object = LLVMCreateBinary(bytes, context, &message);
    d.disasm = LLVMCreateDisasm("bpf", NULL, 0, NULL, NULL);
    if (d.object && d.disasm) {
        d.btf = read_section(&d, ".BTF");
        d.ext = read_section(&d, ".BTF.ext");
        dump_sections(&d, image);
    } else {
        fprintf(f, "the object cannot be read: %s\n", message ? message : "");
    }
    LLVMDisposeMessage(message);
    if (d.disasm)
        LLVMDisasmDispose(d.disasm);
    if (d.object)
        LLVMDisposeBinary(d.object);
    LLVMDisposeMemoryBuffer(bytes);
    LLVMContextDispose(context);
}
