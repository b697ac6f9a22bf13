/*
 * codegen.h - typed AST and plan → LLVM IR → BPF ELF object in memory
 */
#ifndef HARK_CODEGEN_CODEGEN_H
#define HARK_CODEGEN_CODEGEN_H

#include "ast/ast.h"
#include "base/config.h"
#include "base/diag.h"
#include "base/host.h"
#include "builtins/builtin.h"
#include "image/image.h"

#include <stdio.h>

struct codegen; /* LLVM's context and module, between the two steps */

/* Before any call of LLVM; the first call works. */
void codegen_start_llvm(void);

struct codegen_input {
    struct program *program;
    struct image *image; /* gets sites from the first step, elf from the second */
    const struct config *config;
    const struct host *host;
    const struct registry *registry;
    struct diags *diags;
    const struct sources *sources;
};

/* Step 1: a verified module. false: reported. codegen_free() in any case. */
bool codegen_ir(const struct codegen_input *, struct codegen **out);
void codegen_dump_ir(const struct codegen *, FILE *);
/* Step 2: optimises, writes the object with the manifest into image->elf (image arena). */
bool codegen_object(struct codegen *);
void codegen_free(struct codegen *);

/* --dump=object: BPF disassembly of an image's programs with source lines. */
void codegen_dump_object(const struct image *, FILE *);
const char *codegen_llvm_version(void);

#endif
