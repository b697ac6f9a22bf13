/*
 * start.c - LLVM begins when it is needed, not when the program does
 *
 * The linker (llvm_init.ld) has put LLVM's static constructors into a list of their own. With a
 * shared libLLVM the list is empty, as the loader runs its constructors.
 */
#include "codegen/codegen_impl.h"

#include <llvm-c/Support.h>

typedef void constructor_fn(int argc, char **argv, char **envp);

/* Weak: other programs than hark, the tests, are linked without the script. */
extern constructor_fn *const hark_llvm_init_begin[] __attribute__((weak));
extern constructor_fn *const hark_llvm_init_end[] __attribute__((weak));
extern char **environ;

/*
 * LLVM's own passes that find nothing in our programs: without them the code is as short, and is
 * written a tenth sooner. Two do harm: sinking moves additions behind the look-ups whose results
 * they add, and all the results wait on the stack; duplicated tails make the code longer.
 */
static const char *const options[] = {
    "hark",
    "-disable-machine-sink",
    "-disable-tail-duplicate",
    "-disable-early-taildup",
    "-disable-early-ifcvt",
    "-disable-peephole",
    "-disable-machine-dce",
    "-disable-copyprop",
    "-disable-ssc",
    "-disable-constant-hoisting",
    "-disable-mergeicmps",
};

void codegen_start_llvm(void)
{
    static bool started; /* so is LLVM: one for the process */
    char name[] = "hark", *argv[] = { name, NULL };

    if (started)
        return;
    started = true;
    for (constructor_fn *const *fn = hark_llvm_init_begin; fn < hark_llvm_init_end; fn++)
        (*fn)(1, argv, environ);
    LLVMParseCommandLineOptions(ARRAY_LEN(options), options, NULL);
}
