/*
 * cache.h - images kept on disk, so that a script is compiled once
 *
 *     struct cache *c = cache_open(args, config, script);   NULL: nothing is to be kept
 *     if (!cache_find(c, &elf)) { compile into elf and deps; cache_store(c, &deps, elf); }
 *     cache_close(c);
 *
 * The directory: $HARK_CACHE if it is an absolute path, $XDG_CACHE_HOME/hark, /var/cache/hark for
 * root, ~/.cache/hark for others. HARK_CACHE=off and --no-cache keep nothing.
 */
#ifndef HARK_CLI_CACHE_H
#define HARK_CLI_CACHE_H

#include "base/deps.h"
#include "cli/args.h"
#include "cli/pipeline.h"

struct cache;

struct cache *cache_open(const struct args *, const struct config *, const struct script *);
/* Appends the image kept for this script on this machine as it is now. false: there is none. */
bool cache_find(struct cache *, struct buf *elf);
/* Keeps the image unless it may be another one next time. What cannot be written is not kept. */
void cache_store(struct cache *, const struct deps *, struct str elf);
void cache_close(struct cache *);

#endif
