/*
 * host.h - the machine and the user's wishes, as handed down to everything that needs them
 *
 * Made once in cli/pipeline.c and passed on, never global. kernel and symbols open what they need
 * on first use.
 */
#ifndef HARK_BASE_HOST_H
#define HARK_BASE_HOST_H

struct config;
struct deps;
struct kernel;
struct symbols;

struct host {
    const struct config *config;
    struct kernel *kernel;   /* kernel/kernel.h */
    struct symbols *symbols; /* symbols/symbols.h */
    struct deps *deps;       /* while compiling: what was looked at (base/deps.h); or NULL */
};

#endif
