/*
 * fuzz_attach.c - any text where an attach point can stand
 */
#include "tests/fuzz/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = { 0 };

    buf_add(&text, data, size);
    buf_puts(&text, " { print(probe); }");
    fuzz_compile(buf_as_str(&text), false);
    buf_free(&text);
    return 0;
}
