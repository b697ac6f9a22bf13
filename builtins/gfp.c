/*
 * gfp.c - the kernel's allocation flags by name, as its own tracepoints print them
 *
 * include/linux/gfp_types.h. Bits 0 to 23 have meant the same since Linux 5.14 (bit 9, once
 * ATOMIC, is unused since 6.3); higher ones depend on how the kernel was configured, so they stay
 * a number. A name for several flags comes before the names of its parts.
 */
#include "builtins/format.h"

#include <inttypes.h>

enum {
    DMA = 1 << 0,
    HIGHMEM = 1 << 1,
    DMA32 = 1 << 2,
    MOVABLE = 1 << 3,
    HIGH = 1 << 5,
    IO = 1 << 6,
    FS = 1 << 7,
    DIRECT = 1 << 10,
    KSWAPD = 1 << 11,
    NOWARN = 1 << 13,
    COMP = 1 << 18,
    NOMEMALLOC = 1 << 19,
    HARDWALL = 1 << 20,
    ACCOUNT = 1 << 22,

    RECLAIM = DIRECT | KSWAPD,
    KERNEL = RECLAIM | IO | FS,
    USER = KERNEL | HARDWALL,
    HIGHUSER = USER | HIGHMEM,
    HIGHUSER_MOVABLE = HIGHUSER | MOVABLE,
    TRANSHUGE = (HIGHUSER_MOVABLE | COMP | NOMEMALLOC | NOWARN) & ~KSWAPD,
};

static const struct gfp_name {
    uint32_t flags;
    const char *name;
} names[] = {
    { TRANSHUGE, "GFP_TRANSHUGE" },
    { TRANSHUGE & ~DIRECT, "GFP_TRANSHUGE_LIGHT" },
    { HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE" },
    { HIGHUSER, "GFP_HIGHUSER" },
    { USER, "GFP_USER" },
    { KERNEL | ACCOUNT, "GFP_KERNEL_ACCOUNT" },
    { KERNEL, "GFP_KERNEL" },
    { RECLAIM | IO, "GFP_NOFS" },
    { HIGH | KSWAPD, "GFP_ATOMIC" },
    { RECLAIM, "GFP_NOIO" },
    { KSWAPD | NOWARN, "GFP_NOWAIT" },
    { DMA, "GFP_DMA" },
    { DMA32, "GFP_DMA32" },
    { HIGHMEM, "__GFP_HIGHMEM" },
    { MOVABLE, "__GFP_MOVABLE" },
    { 1 << 4, "__GFP_RECLAIMABLE" },
    { HIGH, "__GFP_HIGH" },
    { IO, "__GFP_IO" },
    { FS, "__GFP_FS" },
    { 1 << 8, "__GFP_ZERO" },
    { DIRECT, "__GFP_DIRECT_RECLAIM" },
    { KSWAPD, "__GFP_KSWAPD_RECLAIM" },
    { 1 << 12, "__GFP_WRITE" },
    { NOWARN, "__GFP_NOWARN" },
    { 1 << 14, "__GFP_RETRY_MAYFAIL" },
    { 1 << 15, "__GFP_NOFAIL" },
    { 1 << 16, "__GFP_NORETRY" },
    { 1 << 17, "__GFP_MEMALLOC" },
    { COMP, "__GFP_COMP" },
    { NOMEMALLOC, "__GFP_NOMEMALLOC" },
    { HARDWALL, "__GFP_HARDWALL" },
    { 1 << 21, "__GFP_THISNODE" },
    { ACCOUNT, "__GFP_ACCOUNT" },
    { 1 << 23, "__GFP_ZEROTAGS" },
};

void format_gfp(struct buf *b, uint64_t flags)
{
    const char *separator = "";

    if (!flags)
        buf_putc(b, '0');
    for (size_t i = 0; i < ARRAY_LEN(names) && flags; i++) {
        if ((flags & names[i].flags) != names[i].flags)
            continue;
        buf_printf(b, "%s%s", separator, names[i].name);
        separator = "|";
        flags &= ~(uint64_t)names[i].flags;
    }
    if (flags)
        buf_printf(b, "%s0x%" PRIx64, separator, flags);
}
