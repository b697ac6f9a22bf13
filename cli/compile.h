/*
 * compile.h - compiling in a process of its own
 */
#ifndef HARK_CLI_COMPILE_H
#define HARK_CLI_COMPILE_H

#include "cli/cache.h"
#include "cli/pipeline.h"

/*
 * pipeline_compile() in a child, so that all it needed is gone when it ends. true: elf has the
 * image. false: *status is the exit status of this process, which may be the child: it returns from
 * here too, when it has sent what it made.
 */
bool compile_apart(const struct args *, struct config *, struct host *, const struct registry *,
                   const struct script *, struct cache *, struct buf *elf, int *status);

#endif
