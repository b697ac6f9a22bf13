/*
 * module.c - the whole of it: a program and its plan become an LLVM module, then an ELF object
 *
 * A module consists of the BPF functions, one global in ".maps" for each BPF map, the control block
 * "hark_ctl" in .bss, read-only bytes in .rodata, the licence, and at last the manifest. What a
 * global's size depends on (number of sites, scratch bytes, longest run of zeros) is known only
 * when all functions are written, so code refers to stand-ins, which are replaced at the end.
 *
 * LLVM is told about one target only and runs a short list of passes: starting is part of what a
 * user waits for.
 */
#include "codegen/codegen_impl.h"

#include "kernel/kernel.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRIPLE "bpf"
/*
 * All of these work on one function, and none moves loads across branches: the verifier wants to
 * see a null check on the way to each use, and offsets from the context as constants. Equal
 * expressions are found behind them, by MachineCSE.
 */
#define PASSES       "function(sroa,simplifycfg,instcombine<no-verify-fixpoint>,simplifycfg),globaldce"
#define MAX_SCRATCH  (32u << 10) /* the kernel's limit for one per-CPU value */
#define HEAP_BYTES   (1500u << 10)
#define RING_DEFAULT (256u << 10)

/*
 * v3 has 32-bit registers and jumps (kernel 5.1). Its atomic operations with a result need 5.12;
 * nothing here asks for a result.
 */
#define CPU "v3"
/* Its jumps reach any distance (kernel 6.6); those of v3 reach 32767 instructions. */
#define CPU_LARGE "v4"
/* LLVM instructions of a function that surely stay within reach; a few BPF instructions each. */
#define LARGE 6000

static LLVMTargetMachineRef make_machine(const char *cpu)
{
    LLVMTargetRef target;
    char *message = NULL;

    if (LLVMGetTargetFromTriple(TRIPLE, &target, &message))
        BUG("LLVM: %s", message);
    return LLVMCreateTargetMachine(target, TRIPLE, cpu, "", LLVMCodeGenLevelDefault,
                                   LLVMRelocDefault, LLVMCodeModelDefault);
}

/* The probe whose program a message of LLVM names. */
static struct span span_of_message(const struct codegen *gen, const char *text)
{
    for (const struct probe *p = gen->in.program->probes; p; p = p->next) {
        if (str_contains(str_from(text), p->fn_name))
            return p->at;
    }
    return SPAN_NONE;
}

/* LLVM would print and exit; here an error of the code generator is an error like any other. */
static void on_diagnostic(LLVMDiagnosticInfoRef info, void *arg)
{
    struct codegen *gen = arg;
    struct diag *d;
    char *text;

    if (LLVMGetDiagInfoSeverity(info) != LLVMDSError)
        return;
    text = LLVMGetDiagInfoDescription(info);
    if (strstr(text, "stack limit")) {
        d = diag_error(gen->in.diags, span_of_message(gen, text),
                       "this program needs more than the 512 bytes of stack that BPF has");
        diag_hint(gen->in.diags, d,
                  "use fewer variables at a time, or set on_stack_limit to a smaller number");
    } else {
        diag_error(gen->in.diags, span_of_message(gen, text), "cannot be compiled: %s", text);
    }
    LLVMDisposeMessage(text);
    gen->failed = true;
}

/*
 * LLVM touches about 1.3 MB of fresh heap, page by page. Letting the kernel map all of it at once
 * saves a sixth of the time LLVM takes on a virtual machine, where a page fault is dear. Kernels
 * before 5.14 refuse, which does no harm.
 */
static void warm_heap(void)
{
    char *end = sbrk(0), *begin = end;
    void *blocks[4];
    size_t n = 0;

    mallopt(M_TOP_PAD, HEAP_BYTES);
    while (n < ARRAY_LEN(blocks) && end == begin) { /* until the allocator asks for more */
        blocks[n++] = malloc(64u << 10);
        end = sbrk(0);
    }
    while (n > 0)
        free(blocks[--n]);
    if (end > begin)
        madvise((void *)ROUND_UP((uintptr_t)begin, 4096), (size_t)(end - begin) / 4096 * 4096,
                MADV_POPULATE_WRITE);
}

static bool open_llvm(struct codegen *gen)
{
    LLVMTargetDataRef layout;
    char *message = NULL;

    warm_heap();
    codegen_start_llvm();
    LLVMInitializeBPFTargetInfo();
    LLVMInitializeBPFTarget();
    LLVMInitializeBPFTargetMC();
    LLVMInitializeBPFAsmPrinter();

    gen->context = LLVMContextCreate();
    LLVMContextSetDiagnosticHandler(gen->context, on_diagnostic, gen);
    gen->module = debug_module(gen->context, gen->in.sources, &message);
    if (!gen->module)
        BUG("LLVM: %s", message);
    gen->machine = make_machine(CPU);
    LLVMSetTarget(gen->module, TRIPLE);
    layout = LLVMCreateTargetDataLayout(gen->machine);
    LLVMSetModuleDataLayout(gen->module, layout);
    LLVMDisposeTargetData(layout);
    return true;
}

/* ---- globals ---- */

static LLVMValueRef add_global(struct cg *cg, LLVMTypeRef type, const char *name,
                               const char *section, LLVMValueRef init)
{
    LLVMValueRef global = LLVMAddGlobal(cg->module, type, name);

    if (init)
        LLVMSetInitializer(global, init);
    if (section)
        LLVMSetSection(global, section);
    LLVMSetAlignment(global, 8);
    return global;
}

static LLVMTypeRef bytes_type(struct cg *cg, uint64_t n)
{
    return LLVMArrayType2(cg->i8, n);
}

static LLVMValueRef bytes_const(struct cg *cg, const void *p, size_t n)
{
    return LLVMConstStringInContext2(cg->context, p, n, true);
}

LLVMValueRef cg_map_global(struct cg *cg, int map_index)
{
    const struct image_map *map;
    struct cg_bpf_map *m;
    LLVMTypeRef type;

    while (cg->maps.n < cg->in->image->maps.n)
        arena_vec_push(&cg->arena, &cg->maps, (struct cg_bpf_map){ 0 });
    if (map_index < 0 || (size_t)map_index >= cg->maps.n)
        BUG("map %d of %zu", map_index, cg->maps.n);
    m = &cg->maps.v[map_index];
    map = &cg->in->image->maps.v[map_index];
    if (!m->global) {
        /* A pointer for each member that debug_map() describes. */
        type = LLVMArrayType2(cg->i64, map->role == MAP_RING ? 2 : 4);
        m->global = add_global(cg, type, str_dup(&cg->arena, map->elf_name).p, ".maps",
                               LLVMConstNull(type));
    }
    return m->global;
}

static int internal_map(struct cg *cg, const char *name, enum image_map_role role,
                        uint32_t bpf_type)
{
    struct image *image = cg->in->image;
    struct image_map map = {
        .name = str_from(name),
        .elf_name = str_from(name),
        .role = role,
        .bpf_type = bpf_type,
        .set_index = -1,
    };

    for (size_t i = 0; i < image->maps.n; i++) {
        if (image->maps.v[i].role == role)
            return (int)i;
    }
    arena_vec_push(&image->arena, &image->maps, map);
    return (int)image->maps.n - 1;
}

int cg_ring_map(struct cg *cg)
{
    if (cg->ring < 0)
        cg->ring = internal_map(cg, "hark_ring", MAP_RING, BPF_MAP_TYPE_RINGBUF);
    return cg->ring;
}

int cg_scratch_map(struct cg *cg)
{
    if (cg->scratch < 0)
        cg->scratch = internal_map(cg, "hark_scratch", MAP_SCRATCH, BPF_MAP_TYPE_PERCPU_ARRAY);
    return cg->scratch;
}

struct cg_val cg_map(struct cg *cg, int map_index)
{
    return memory_place(cg_map_global(cg, map_index), type_none(cg_types(cg)));
}

LLVMValueRef cg_zeros(struct cg *cg, uint32_t size)
{
    if (!cg->zeros)
        cg->zeros = add_global(cg, bytes_type(cg, 0), "hark_zeros.stand_in", NULL, NULL);
    cg->zeros_size = MAX(cg->zeros_size, size);
    return cg->zeros;
}

LLVMValueRef cg_ctl_ptr(struct cg *cg, uint32_t offset)
{
    LLVMValueRef index = LLVMConstInt(cg->i64, offset, false);

    if (!cg->ctl)
        cg->ctl = add_global(cg, bytes_type(cg, 0), "hark_ctl.stand_in", NULL, NULL);
    return offset ? LLVMConstInBoundsGEP2(cg->i8, cg->ctl, &index, 1) : cg->ctl;
}

struct cg_val cg_rodata(struct cg *cg, const void *p, uint32_t size)
{
    const struct type *type = type_array(cg_types(cg), cg->u8, size);
    struct str bytes = { arena_memdup(&cg->arena, p, size), size };
    LLVMValueRef global;

    for (size_t i = 0; i < cg->rodata.n; i++) {
        if (str_eq(cg->rodata.v[i].bytes, bytes))
            return memory_place(cg->rodata.v[i].global, type);
    }
    global = add_global(cg, bytes_type(cg, size), "hark_bytes", ".rodata",
                        bytes_const(cg, bytes.p, size));
    LLVMSetLinkage(global, LLVMInternalLinkage);
    LLVMSetGlobalConstant(global, true);
    arena_vec_push(&cg->arena, &cg->rodata, (struct cg_rodata_item){ bytes, global });
    return memory_place(global, type);
}

static void replace_global(LLVMValueRef *old, LLVMValueRef with)
{
    if (!*old)
        return;
    LLVMReplaceAllUsesWith(*old, with);
    LLVMDeleteGlobal(*old);
    *old = with;
}

static uint32_t ctl_size(const struct image *image)
{
    return (uint32_t)(ROUND_UP(sizeof(struct image_ctl), 8) + ROUND_UP((size_t)image->n_sets, 8) +
                      image->sites.n * sizeof(struct image_site_count));
}

static void finish_ctl(struct cg *cg)
{
    uint32_t size = ctl_size(cg->in->image);
    LLVMValueRef ctl = add_global(cg, bytes_type(cg, size), IMAGE_CTL_SYMBOL, ".bss",
                                  LLVMConstNull(bytes_type(cg, size)));

    replace_global(&cg->ctl, ctl);
    debug_bytes(cg, ctl, IMAGE_CTL_SYMBOL, size);
}

static void finish_zeros(struct cg *cg)
{
    LLVMTypeRef type = bytes_type(cg, ROUND_UP((uint64_t)cg->zeros_size, 8));
    LLVMValueRef zeros;

    if (!cg->zeros)
        return;
    zeros = add_global(cg, type, "hark_zeros", ".rodata", LLVMConstNull(type));
    LLVMSetLinkage(zeros, LLVMInternalLinkage);
    LLVMSetGlobalConstant(zeros, true);
    replace_global(&cg->zeros, zeros);
}

static bool finish_maps(struct cg *cg)
{
    struct image *image = cg->in->image;

    if (cg->scratch >= 0) {
        struct image_map *scratch = &image->maps.v[cg->scratch];

        if (cg->scratch_size > MAX_SCRATCH) {
            diag_error(cg->in->diags, SPAN_NONE,
                       "the script needs %u bytes of working memory, a program may have %u",
                       cg->scratch_size, MAX_SCRATCH);
            return false;
        }
        scratch->key_size = 4;
        scratch->value_size = ROUND_UP(cg->scratch_size, 8);
        scratch->max_entries = (uint32_t)image->probes.n;
        scratch->per_cpu = true;
    }
    for (size_t i = 0; i < image->maps.n; i++) {
        const struct image_map *map = &image->maps.v[i];

        debug_map(cg, map, cg_map_global(cg, (int)i),
                  map->max_entries ? map->max_entries : RING_DEFAULT);
    }
    return true;
}

static void add_license(struct cg *cg)
{
    struct str text = cg->in->config->license;
    LLVMValueRef init = LLVMConstStringInContext2(cg->context, text.p, text.n, false);

    LLVMSetAlignment(add_global(cg, LLVMTypeOf(init), "_license", "license", init), 1);
}

/* ---- the first step ---- */

static void cg_init(struct cg *cg, struct codegen *gen)
{
    struct types *types = gen->in.image->types;

    *cg = (struct cg){ .gen = gen,
                       .in = &gen->in,
                       .context = gen->context,
                       .module = gen->module,
                       .at = SPAN_NONE,
                       .ring = -1,
                       .scratch = -1 };
    cg->b = LLVMCreateBuilderInContext(cg->context);
    cg->i1 = LLVMInt1TypeInContext(cg->context);
    cg->i8 = LLVMInt8TypeInContext(cg->context);
    cg->i16 = LLVMInt16TypeInContext(cg->context);
    cg->i32 = LLVMInt32TypeInContext(cg->context);
    cg->i64 = LLVMInt64TypeInContext(cg->context);
    cg->ptr = LLVMPointerTypeInContext(cg->context, 0);
    cg->none = LLVMVoidTypeInContext(cg->context);
    cg->u8 = type_int(types, 1, false);
    cg->u32 = type_int(types, 4, false);
    cg->u64 = type_int(types, 8, false);
    cg->i64_type = type_int(types, 8, true);
    cg->bool_type = type_bool(types);
}

static bool write_module(struct cg *cg)
{
    unsigned errors = cg->in->diags->errors;
    bool ok = true;

    for (size_t i = 0; i < cg->in->image->maps.n; i++)
        cg_map_global(cg, (int)i);
    for (const struct probe *p = cg->in->program->probes; p; p = p->next)
        ok &= probe_emit(cg, p);
    if (!ok || cg->in->diags->errors > errors)
        return false;
    finish_ctl(cg);
    finish_zeros(cg);
    if (!finish_maps(cg))
        return false;
    add_license(cg);
    debug_close(cg);
    return true;
}

static void verify(struct codegen *gen)
{
    char *message = NULL;

    if (LLVMVerifyModule(gen->module, LLVMReturnStatusAction, &message))
        BUG("generated code is wrong: %s", message);
    LLVMDisposeMessage(message);
}

bool codegen_ir(const struct codegen_input *in, struct codegen **out)
{
    struct codegen *gen = xcalloc(1, sizeof(*gen));
    struct cg cg;
    bool ok;

    *out = gen;
    gen->in = *in;
    if (!open_llvm(gen))
        return false;
    cg_init(&cg, gen);
    debug_open(&cg);
    ok = write_module(&cg);
    LLVMDisposeDIBuilder(cg.di);
    LLVMDisposeBuilder(cg.b);
    arena_free(&cg.arena);
    if (ok)
        verify(gen);
    return ok;
}

void codegen_dump_ir(const struct codegen *gen, FILE *f)
{
    char *text = LLVMPrintModuleToString(gen->module);

    fputs(text, f);
    LLVMDisposeMessage(text);
}

/* ---- the second step ---- */

static bool optimise(struct codegen *gen)
{
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(gen->module, PASSES, gen->machine, options);

    LLVMDisposePassBuilderOptions(options);
    if (error) {
        char *text = LLVMGetErrorMessage(error);

        BUG("LLVM: %s", text);
    }
    return !gen->failed;
}

static void add_manifest(struct codegen *gen)
{
    struct image *image = gen->in.image;
    struct str bytes = image_encode(image, &image->arena);
    LLVMValueRef init = LLVMConstStringInContext2(gen->context, bytes.p, bytes.n, true);
    LLVMValueRef global = LLVMAddGlobal(gen->module, LLVMTypeOf(init), "hark_manifest");

    LLVMSetInitializer(global, init);
    LLVMSetSection(global, IMAGE_SECTION);
    LLVMSetGlobalConstant(global, true);
    LLVMSetAlignment(global, 8);
}

static unsigned count_instructions(LLVMValueRef fn)
{
    unsigned n = 0;

    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
            n++;
    }
    return n;
}

/*
 * A jump too far is a fatal error of LLVM's, which would end the process. So large functions are
 * written for kernels whose jumps have no limit, or not at all.
 */
static bool fit_machine(struct codegen *gen)
{
    struct diag *d;

    for (LLVMValueRef fn = LLVMGetFirstFunction(gen->module); fn; fn = LLVMGetNextFunction(fn)) {
        size_t n;
        const char *name = LLVMGetValueName2(fn, &n);

        if (count_instructions(fn) < LARGE)
            continue;
        if (!kernel_has(gen->in.host->kernel, FEATURE_ISA_V4)) {
            d = diag_error(gen->in.diags, span_of_message(gen, name),
                           "this probe's program is too large for the kernel");
            diag_hint(gen->in.diags, d, "split it into several probes, or use loops");
            return false;
        }
        LLVMDisposeTargetMachine(gen->machine);
        gen->machine = make_machine(CPU_LARGE);
        return true;
    }
    return true;
}

bool codegen_object(struct codegen *gen)
{
    struct image *image = gen->in.image;
    LLVMMemoryBufferRef object = NULL;
    char *message = NULL, *bytes;

    add_manifest(gen);
    if (!optimise(gen) || !fit_machine(gen))
        return false;
    if (LLVMTargetMachineEmitToMemoryBuffer(gen->machine, gen->module, LLVMObjectFile, &message,
                                            &object)) {
        diag_error(gen->in.diags, SPAN_NONE, "no object could be written: %s", message);
        LLVMDisposeMessage(message);
        return false;
    }
    image->elf.n = LLVMGetBufferSize(object);
    bytes = arena_memdup(&image->arena, LLVMGetBufferStart(object), image->elf.n);
    LLVMDisposeMemoryBuffer(object);
    if (gen->uses_kfuncs)
        kfunc_mark_calls(bytes, image->elf.n);
    image->elf.p = bytes;
    return !gen->failed;
}

void codegen_free(struct codegen *gen)
{
    if (!gen)
        return;
    if (gen->machine)
        LLVMDisposeTargetMachine(gen->machine);
    if (gen->module)
        LLVMDisposeModule(gen->module);
    if (gen->context)
        LLVMContextDispose(gen->context);
    free(gen);
}

const char *codegen_llvm_version(void)
{
    return LLVM_VERSION_STRING;
}
