/*
 * args.h - the command line as a struct
 */
#ifndef HARK_CLI_ARGS_H
#define HARK_CLI_ARGS_H

#include "base/config.h"

#include <stdio.h>

enum mode {
    MODE_RUN,
    MODE_LIST,
    MODE_HELP,
    MODE_VERSION,
    MODE_INFO,
    MODE_BUILTINS, /* prints docs/BUILTINS.md */
    MODE_FORMAT,   /* --fmt */
};

struct args {
    enum mode mode;
    struct str text; /* -e */
    bool has_text;
    const char *file;      /* script, "-" for stdin; with -l perhaps a search; NULL */
    const char *image_in;  /* --run-image: run a saved image */
    const char *image_out; /* --emit-elf */
    const char *llvm_out;  /* --emit-llvm: what its two files begin with */
    const char *aot_out;   /* --aot: write a program that is hark and the image */
    bool is_aot;           /* we are such a program */
    bool stop_after_dump;  /* --dump=: print the stages and stop */
    bool compile_only;     /* --mode codegen */
    bool timings;
    bool no_cache;
    int argc; /* all words, as given */
    char **argv;
};

/*
 * Fills args and config->opt. config was initialised; a->is_aot says whether the command line is
 * that of a program written by --aot, which has no script to name. 0, or a usage error: reported on
 * stderr, the exit status is returned.
 */
int args_parse(int argc, char **argv, struct args *, struct config *);
void args_usage(FILE *);
void args_free(struct config *);

#endif
