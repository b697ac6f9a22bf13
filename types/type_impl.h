/*
 * type_impl.h - what the C part needs of type.c and nobody else does
 */
#ifndef HARK_TYPES_TYPE_IMPL_H
#define HARK_TYPES_TYPE_IMPL_H

#include "types/type.h"

/*
 * A new struct or enum of C text that takes the name over from an older one: who looks the name up
 * from now on gets the new one, who holds the old one keeps it.
 */
struct type *type_struct_anew(struct types *, struct str name, bool is_union, uint64_t id);
struct type *type_enum_anew(struct types *, struct str name, unsigned size, bool is_signed,
                            uint64_t id);

#endif
