/*
 * image_impl.h - the manifest's format, as encode.c writes and decode.c reads it
 *
 *     magic (8 bytes)  version  types  source name  config  identity …  maps  actions  probes sites
 *
 * Every number is LEB128 (7 bits a byte, low ones first; signed ones zigzag), every string its
 * length, its bytes and a NUL, every list its length and its items. So nothing is aligned, nothing
 * has a byte order, and strings of a decoded image simply point into the section.
 *
 * Types are a list of steps. A step makes the next type, which later ones call by its number; its
 * first number is the enum type_kind. A struct or enum is made without members; MEMBERS adds them
 * to an earlier one. What is used by value has its members before its use; what is only pointed to
 * may have none at all.
 */
#ifndef HARK_IMAGE_IMAGE_IMPL_H
#define HARK_IMAGE_IMAGE_IMPL_H

#include "image/image.h"

/* With its NUL: 8 bytes. */
#define IMAGE_MAGIC "harkimg"

enum {
    IMAGE_VERSION = 5, /* one more with every change of this format or of an enum that is in it */
    STEP_MEMBERS = 100,
};

/* Bits of a manifest's flags. */
enum { FLAG_MAP_ITERATION = 1 };
enum { FIELD_DATA_LOC = 1, FIELD_REFUSED = 2, FIELD_AS_SHIFT = 2 };
enum { INT_SIGNED = 1, INT_CHAR = 2 };
enum { TARGET_HAS_ADDR = 1, TARGET_IS_HZ = 2, TARGET_IS_PATTERN = 4 };

/* An image whose arena has the object's bytes; decode.c fills the rest. */
struct image *image_from_elf(struct str elf);

#endif
