/*
 * compile.h - what the fuzzers of the compiler share
 */
#ifndef HARK_TESTS_FUZZ_COMPILE_H
#define HARK_TESTS_FUZZ_COMPILE_H

#include "base/str.h"

/* libFuzzer's entry point. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A script through every pass up to the plan, or also through LLVM to an object. The kernel is the
 * fixture, so that nothing of this machine is read. Whatever the text, the result is an image or
 * messages (which are formatted, and thrown away).
 */
void fuzz_compile(struct str text, bool to_object);

#endif
