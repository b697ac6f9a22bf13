/*
 * entry.h - an image as it is kept: with the key it is kept under and what it depends on
 */
#ifndef HARK_IMAGE_ENTRY_H
#define HARK_IMAGE_ENTRY_H

#include "base/str.h"

/* Replaces the buffer's bytes by an entry. */
void entry_pack(struct buf *, struct str key, struct str deps, struct str elf);
/*
 * The parts of an entry, within its bytes. false: it belongs to another key, or is not as it was
 * written.
 */
bool entry_unpack(struct str entry, struct str key, struct str *deps, struct str *elf);

#endif
