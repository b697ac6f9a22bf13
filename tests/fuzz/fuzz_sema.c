/*
 * fuzz_sema.c - any text through every pass up to the plan
 */
#include "tests/fuzz/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_compile((struct str){ (const char *)data, size }, false);
    return 0;
}
