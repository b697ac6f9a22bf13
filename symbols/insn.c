/*
 * insn.c - may a breakpoint be set here: is an offset in a function the start of an instruction?
 *
 * A breakpoint inside an instruction makes another one of it, and the traced program goes wrong.
 * Instructions of x86 have no fixed length and can only be counted from a place where one is known
 * to begin: the start of the function. Zydis knows their lengths. Few scripts probe at an offset,
 * so it is loaded only for those that do.
 */
#include "symbols/symbols_impl.h"

#include <Zydis/Zydis.h>
#include <dlfcn.h>
#include <unistd.h>

#include <errno.h>

enum {
    WINDOW = 4096,
    LARGEST_FUNCTION = 16 << 20, /* what lies to be decoded may be a broken file's zeros */
};

struct decoder {
    void *lib;
    ZydisDecoder zydis;
    ZyanStatus (*decode)(const ZydisDecoder *, ZydisDecoderContext *, const void *, ZyanUSize,
                         ZydisDecodedInstruction *);
};

/* Its structures are part of the library's interface: another version than ours is not for us. */
static bool decoder_open(struct decoder *d, uint16_t machine)
{
    static const char *const names[] = { "libZydis.so.4.0", "libZydis.so.4" };
    bool is_64 = machine == EM_X86_64;
    ZyanU64 (*version)(void);
    ZyanStatus (*init)(ZydisDecoder *, ZydisMachineMode, ZydisStackWidth);

    *d = (struct decoder){ 0 };
    for (size_t i = 0; i < ARRAY_LEN(names) && !d->lib; i++)
        d->lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!d->lib)
        return false;
    *(void **)&version = dlsym(d->lib, "ZydisGetVersion");
    *(void **)&init = dlsym(d->lib, "ZydisDecoderInit");
    *(void **)&d->decode = dlsym(d->lib, "ZydisDecoderDecodeInstruction");
    if (version && init && d->decode && version() >> 32 == ZYDIS_VERSION >> 32 &&
        ZYAN_SUCCESS(init(&d->zydis,
                          is_64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                          is_64 ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32)))
        return true;
    dlclose(d->lib);
    return false;
}

/*
 * The start of the first instruction at or behind an offset, counted from the function's start.
 * false: there is something on the way that is no instruction.
 */
static bool first_behind(const struct decoder *d, int fd, uint64_t func, uint64_t offset,
                         uint64_t *start)
{
    unsigned char window[WINDOW];
    uint64_t read_at = 0;
    size_t have = 0;

    for (*start = 0; *start < offset;) {
        ZydisDecodedInstruction insn;
        size_t used = (size_t)(*start - read_at);

        if (have - used < ZYDIS_MAX_INSTRUCTION_LENGTH) {
            ssize_t n = pread(fd, window, sizeof(window), (off_t)(func + *start));

            if (n <= 0)
                return false;
            read_at = *start;
            have = (size_t)n;
            used = 0;
        }
        if (!ZYAN_SUCCESS(d->decode(&d->zydis, NULL, window + used, have - used, &insn)))
            return false;
        *start += insn.length;
    }
    return true;
}

static int check_x86(struct str name, const struct elf_file *f, uint64_t func, uint64_t offset,
                     struct err *e)
{
    unsigned long long at = offset;
    struct decoder d;
    struct stat st;
    uint64_t start;
    bool ok;
    int fd;

    if (offset > LARGEST_FUNCTION) {
        err_set(e, -E2BIG, "%.*s+%llu is too far from the function's start to find instructions",
                STRF(name), at);
        err_hint(e, "--unsafe attaches without this check");
        return -E2BIG;
    }
    if (!decoder_open(&d, f->machine)) {
        err_set(e, -ENOPKG,
                "cannot check that %.*s+%llu is the start of an instruction: libzydis4.0 is not "
                "installed",
                STRF(name), at);
        err_hint(e, "install libzydis4.0, or pass --unsafe if you are sure");
        return -ENOPKG;
    }
    fd = symbols_open_regular(f->path, &st);
    ok = fd >= 0 && first_behind(&d, fd, func, offset, &start);
    if (fd >= 0)
        close(fd);
    dlclose(d.lib);
    if (ok && start == offset)
        return 0;
    if (ok) {
        err_set(e, -EINVAL, "%.*s+%llu is inside an instruction: a probe there would break '%s'",
                STRF(name), at, f->path);
        err_hint(e, "the next instruction is at %.*s+%llu", STRF(name), (unsigned long long)start);
    } else {
        err_set(e, -EINVAL, "cannot decode the instructions of '%s' from %.*s to %.*s+%llu",
                f->path, STRF(name), STRF(name), at);
        err_hint(e, "--unsafe attaches without this check");
    }
    return -EINVAL;
}

int symbols_check_boundary(struct symbols *s, const char *path, const struct elf_func *func,
                           uint64_t offset, struct err *e)
{
    struct elf_file *f = elf_file_at(s, path);
    unsigned long long at = offset;

    if (!offset)
        return 0;
    if (!func->size) {
        err_set(e, -EINVAL, "'%s' does not say how long %.*s is: +%llu may lie behind it", path,
                STRF(func->name), at);
        err_hint(e, "pass --unsafe if you are sure");
        return -EINVAL;
    }
    if (offset >= func->size)
        return err_set(e, -EINVAL, "offset %llu is beyond the end of %.*s, which has %llu bytes",
                       at, STRF(func->name), (unsigned long long)func->size);
    if (!f)
        return err_set(e, -ENOENT, "cannot read '%s' any more", path);
    elf_file_read_headers(f);
    switch (f->machine) {
    case EM_X86_64:
    case EM_386:
        return check_x86(func->name, f, func->offset, offset, e);
    case EM_AARCH64:
        if (offset % 4 == 0)
            return 0;
        return err_set(e, -EINVAL, "%.*s+%llu is inside an instruction: they have 4 bytes each",
                       STRF(func->name), at);
    default:
        err_set(e, -EINVAL, "'%s' is for a machine whose instructions are not known here", path);
        err_hint(e, "--unsafe attaches without this check");
        return -EINVAL;
    }
}
