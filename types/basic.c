/*
 * basic.c - the types that need no declaration: hark's own, C's, and the usual typedefs of C and
 * kernel headers that have the same size on every 64-bit Linux
 */
#include "types/type.h"

static const struct basic {
    const char *name;
    uint8_t size;
    bool is_signed;
} basics[] = {
    { "int8", 1, true },
    { "int16", 2, true },
    { "int32", 4, true },
    { "int64", 8, true },
    { "uint8", 1, false },
    { "uint16", 2, false },
    { "uint32", 4, false },
    { "uint64", 8, false },
    /* C; char is not here because it is not just an integer */
    { "short", 2, true },
    { "int", 4, true },
    { "long", 8, true },
    { "signed", 4, true },
    { "unsigned", 4, false },
    /* stdint.h, stddef.h */
    { "int8_t", 1, true },
    { "int16_t", 2, true },
    { "int32_t", 4, true },
    { "int64_t", 8, true },
    { "uint8_t", 1, false },
    { "uint16_t", 2, false },
    { "uint32_t", 4, false },
    { "uint64_t", 8, false },
    { "int_least8_t", 1, true },
    { "int_least16_t", 2, true },
    { "int_least32_t", 4, true },
    { "int_least64_t", 8, true },
    { "uint_least8_t", 1, false },
    { "uint_least16_t", 2, false },
    { "uint_least32_t", 4, false },
    { "uint_least64_t", 8, false },
    { "int_fast8_t", 1, true },
    { "int_fast16_t", 8, true },
    { "int_fast32_t", 8, true },
    { "int_fast64_t", 8, true },
    { "uint_fast8_t", 1, false },
    { "uint_fast16_t", 8, false },
    { "uint_fast32_t", 8, false },
    { "uint_fast64_t", 8, false },
    { "intptr_t", 8, true },
    { "uintptr_t", 8, false },
    { "intmax_t", 8, true },
    { "uintmax_t", 8, false },
    { "ptrdiff_t", 8, true },
    { "size_t", 8, false },
    { "wchar_t", 4, true },
    /* sys/types.h */
    { "ssize_t", 8, true },
    { "off_t", 8, true },
    { "off64_t", 8, true },
    { "loff_t", 8, true },
    { "pid_t", 4, true },
    { "uid_t", 4, false },
    { "gid_t", 4, false },
    { "id_t", 4, false },
    { "key_t", 4, true },
    { "mode_t", 4, false },
    { "ino_t", 8, false },
    { "time_t", 8, true },
    { "clock_t", 8, true },
    { "clockid_t", 4, true },
    { "suseconds_t", 8, true },
    { "socklen_t", 4, false },
    { "sa_family_t", 2, false },
    { "in_port_t", 2, false },
    { "in_addr_t", 4, false },
    { "ushort", 2, false },
    { "uint", 4, false },
    { "ulong", 8, false },
    { "u_char", 1, false },
    { "u_short", 2, false },
    { "u_int", 4, false },
    { "u_long", 8, false },
    { "u_int8_t", 1, false },
    { "u_int16_t", 2, false },
    { "u_int32_t", 4, false },
    { "u_int64_t", 8, false },
    /* linux/types.h */
    { "s8", 1, true },
    { "s16", 2, true },
    { "s32", 4, true },
    { "s64", 8, true },
    { "u8", 1, false },
    { "u16", 2, false },
    { "u32", 4, false },
    { "u64", 8, false },
    { "__s8", 1, true },
    { "__s16", 2, true },
    { "__s32", 4, true },
    { "__s64", 8, true },
    { "__u8", 1, false },
    { "__u16", 2, false },
    { "__u32", 4, false },
    { "__u64", 8, false },
    { "__le16", 2, false },
    { "__le32", 4, false },
    { "__le64", 8, false },
    { "__be16", 2, false },
    { "__be32", 4, false },
    { "__be64", 8, false },
    { "umode_t", 2, false },
    { "gfp_t", 4, false },
    { "sector_t", 8, false },
    { "phys_addr_t", 8, false },
    { "dma_addr_t", 8, false },
    { "ktime_t", 8, true },
    { "time64_t", 8, true },
};

const struct type *type_basic(struct types *types, struct str name)
{
    if (str_eqz(name, "void"))
        return type_none(types);
    if (str_eqz(name, "bool") || str_eqz(name, "_Bool"))
        return type_bool(types);
    if (str_eqz(name, "char"))
        return type_char(types);
    if (str_eqz(name, "string"))
        return type_string(types, 0);
    if (str_eqz(name, "buffer"))
        return type_buffer(types, 0);
    for (size_t i = 0; i < ARRAY_LEN(basics); i++) {
        if (str_eqz(name, basics[i].name))
            return type_int(types, basics[i].size, basics[i].is_signed);
    }
    return NULL;
}
