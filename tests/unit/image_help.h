/*
 * image_help.h - for tests that need an object with a manifest: a minimal ELF file
 */
#ifndef HARK_TESTS_UNIT_IMAGE_HELP_H
#define HARK_TESTS_UNIT_IMAGE_HELP_H

#include "image/image.h"

#include <elf.h>
#include <string.h>

/* An ELF object for BPF with one section besides the names. */
static inline struct str elf_with(struct arena *a, const char *name, struct str bytes)
{
    struct str names = { arena_printf(a, " .strtab %s", name), 9 + strlen(name) };
    Elf64_Shdr sections[3] = { { 0 } };
    Elf64_Ehdr header = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
        .e_type = ET_REL,
        .e_machine = EM_BPF,
        .e_version = EV_CURRENT,
        .e_shoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_shentsize = sizeof(sections[0]),
        .e_shnum = 3,
        .e_shstrndx = 2,
    };
    size_t start = sizeof(header) + sizeof(sections);
    size_t size = start + names.n + 1 + bytes.n;
    char *object = arena_alloc(a, size);

    sections[1] = (Elf64_Shdr){
        .sh_name = 9, .sh_type = SHT_PROGBITS, .sh_offset = start + names.n + 1, .sh_size = bytes.n
    };
    sections[2] = (Elf64_Shdr){
        .sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = start, .sh_size = names.n + 1
    };
    memcpy(object, &header, sizeof(header));
    memcpy(object + sizeof(header), sections, sizeof(sections));
    memcpy(object + start, names.p, names.n);
    object[start] = object[start + 8] = '\0';
    if (bytes.n)
        memcpy(object + start + names.n + 1, bytes.p, bytes.n);
    return (struct str){ object, size };
}

#endif
