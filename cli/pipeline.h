/*
 * pipeline.h - from a script's text to a run: the whole program in two functions
 */
#ifndef HARK_CLI_PIPELINE_H
#define HARK_CLI_PIPELINE_H

#include "base/err.h"
#include "base/host.h"
#include "base/str.h"
#include "builtins/builtin.h"
#include "cli/args.h"
#include "image/image.h"

/* A source text and the name messages give it. */
struct script {
    struct str name, text;
};

enum compiled {
    COMPILED_OK,      /* *elf has the object's bytes (heap, NUL not included) */
    COMPILED_STOPPED, /* --dump= showed what was asked for, or a list was printed */
    COMPILED_FAILED,  /* reported */
};

/*
 * Text → ELF object. Messages go to stderr. All that compiling needed is freed again; what is left
 * is the bytes.
 */
enum compiled pipeline_compile(const struct args *, struct config *, const struct host *,
                               const struct registry *, const struct script *, struct buf *elf);

/* Runs the object's bytes. Returns the exit status. */
int pipeline_run(struct str elf, const struct config *, struct host *, const struct registry *);

/* The attach points of a script, for -l with a program. Returns the exit status. */
int pipeline_list(const struct args *, struct config *, const struct host *,
                  const struct registry *, const struct script *);

/* The effective capabilities of this process, as a bit set. */
uint64_t pipeline_rights(void);
/* Appends image bytes to a copy of this program; aot_find() gives them back. 0 or -errno. */
int aot_write(const char *path, struct str elf, struct err *);
/* The image at the end of this program. false: it is hark itself. */
bool aot_find(struct buf *elf);

/* --fmt: the script as it should look, to stdout or to the file of -o. Returns the exit status. */
int pipeline_format(struct config *, const struct host *, const struct registry *,
                    const struct script *);

/* May this process load programs? Otherwise nothing can be said about what the kernel's BPF can. */
bool pipeline_may_load(void);

/* 0, or an exit status after one sentence that names the missing capability. */
int pipeline_check_privileges(void);

#endif
