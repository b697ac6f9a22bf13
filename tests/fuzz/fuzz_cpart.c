/*
 * fuzz_cpart.c - any text where the C part of a script can stand, and uses of what it may define
 */
#include "tests/fuzz/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = { 0 };

    buf_add(&text, data, size);
    buf_puts(&text,
             "\nBEGIN { print(A); print(sizeof(struct a)); $p = (struct a *)0; print($p->b); "
             "print(*$p); print((enum e)1); print((t)2); }\n");
    fuzz_compile(buf_as_str(&text), false);
    buf_free(&text);
    return 0;
}
