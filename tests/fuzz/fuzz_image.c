/*
 * fuzz_image.c - arbitrary bytes as an image: decoded, written, and decoded again
 *
 * Input that begins with ELF's magic is taken for a whole object; everything else is taken for a
 * manifest and put into a valid object, so that the fuzzer does not have to find ELF first. What
 * was accepted once must be written and accepted again.
 *
 *     clang -fsanitize=fuzzer,address,undefined … tests/fuzz/fuzz_image.c && ./fuzz_image corpus/
 */
#include "builtins/builtin.h"
#include "tests/unit/image_help.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t size_of(const uint64_t param[4])
{
    return (uint32_t)param[0];
}

static uint32_t buckets(const struct type *t)
{
    return (uint32_t)t->param[0];
}

static const struct value_kind *find_kind(const void *ctx, struct str name)
{
    static const struct value_kind plain = { .name = "p", .align = 8, .size_of = size_of };
    static const struct value_kind hist = {
        .name = "h", .size = 8, .align = 8, .buckets = buckets
    };

    (void)ctx;
    return str_eqz(name, "p") ? &plain : str_eqz(name, "h") ? &hist : NULL;
}

static const struct builtin *find_builtin(const void *ctx, struct str name)
{
    static const struct builtin printf_builtin = { .name = "f" };

    (void)ctx;
    return str_eqz(name, "f") ? &printf_builtin : NULL;
}

static const struct image_names names = { find_kind, find_builtin, NULL };

static struct image *decode(struct str elf)
{
    struct image *image = NULL;
    struct err e;

    image_decode(&image, elf, &names, &e);
    return image;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = { (const char *)data, size };
    bool is_elf = str_starts(bytes, STR("\x7f"
                                        "ELF"));
    struct arena a = { 0 };
    struct image *image = decode(is_elf ? bytes : elf_with(&a, ".hark", bytes)), *back;
    char *text = NULL;
    size_t n;
    FILE *f;

    if (image) {
        back = decode(elf_with(&a, ".hark", image_encode(image, &a)));
        if (!back)
            abort();
        f = open_memstream(&text, &n);
        image_dump(back, f);
        fclose(f);
        free(text);
        image_free(back);
    }
    image_free(image);
    arena_free(&a);
    return 0;
}
