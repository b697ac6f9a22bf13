/*
 * fuzz_object.c - any text through the whole compiler, LLVM included; nothing is loaded
 */
#include "tests/fuzz/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_compile((struct str){ (const char *)data, size }, true);
    return 0;
}
