/*
 * probe.c - functions: BPF programs of probes, and subprograms of script functions
 *
 * A program begins with the gate (one word of the control block: are we running?), then the process
 * filter, then the predicate; each leaves with the value the program type wants. A function has
 * these blocks, in order:
 *
 *     entry     stack slots
 *     gate      programs only; leaves early
 *     prologue  programs only: looks up scratch memory, if anything used it
 *     setup     what has to be done once: variables cleared, keys of scalar maps
 *     body
 *
 * What stands in the first ones is known only when the body is written, so their jumps come last.
 *
 * A script function is written when its first call is met; calls it makes are written inside, so
 * one that is still being written is calling itself, which BPF has no stack for.
 */
#include "codegen/codegen_impl.h"

#include "kernel/kernel.h"

#define MAX_PARAMS 5 /* registers for arguments */

/* ---- frames ---- */

struct cg_position position_save(struct cg *cg)
{
    return (struct cg_position){ .frame = cg->frame,
                                 .probe = cg->probe,
                                 .block = LLVMGetInsertBlock(cg->b),
                                 .at = cg->at,
                                 .clean = cg->clean };
}

void position_restore(struct cg *cg, struct cg_position p)
{
    cg->frame = p.frame;
    cg->probe = p.probe;
    cg->clean = p.clean;
    if (p.block)
        block_enter(cg, p.block);
    if (p.frame)
        debug_at(cg, p.at);
}

/* nounwind: or LLVM writes tables for unwinding. */
LLVMValueRef function_new(struct cg *cg, const char *name, LLVMTypeRef type, bool local)
{
    unsigned kind = LLVMGetEnumAttributeKindForName("nounwind", 8);
    LLVMValueRef fn = LLVMAddFunction(cg->module, name, type);

    LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(cg->context, kind, 0));
    if (local)
        LLVMSetLinkage(fn, LLVMInternalLinkage);
    return fn;
}

void frame_open(struct cg *cg, struct cg_frame *frame, enum frame_kind kind, LLVMValueRef fn)
{
    *frame = (struct cg_frame){ .kind = kind, .fn = fn };
    cg->frame = frame;
    cg->clean = false;
    frame->entry = block_new(cg, "entry");
    if (kind == FRAME_PROGRAM) {
        frame->gate = block_new(cg, "gate");
        frame->prologue = block_new(cg, "prologue");
    }
    frame->setup = block_new(cg, "setup");
    frame->body = block_new(cg, "body");
    block_enter(cg, frame->body);
}

/*
 * Where one way through the program stores a number in a slot and another lets a helper write
 * there, the verifier (6.8 and later) may look for that slot in states from before it was used, and
 * give up with "verifier bug: stack slot". Writing to the deepest slot first makes all of them
 * known.
 */
static void touch_stack(struct cg *cg, const struct cg_frame *frame)
{
    if (frame->mixed_stack && frame->last_stack)
        LLVMSetVolatile(memory_store(cg, llvm_const(cg, 0), frame->last_stack), true);
}

void frame_close(struct cg *cg, struct cg_frame *frame)
{
    LLVMValueRef missing;

    block_enter(cg, frame->entry);
    block_jump(cg, frame->gate ? frame->gate : frame->setup);
    if (frame->prologue) {
        block_enter(cg, frame->prologue);
        if (frame->scratch) {
            missing = LLVMBuildICmp(cg->b, LLVMIntEQ, frame->scratch, LLVMConstNull(cg->ptr), "");
            block_branch(cg, missing, frame->closed, frame->setup);
        } else {
            block_jump(cg, frame->setup);
        }
    }
    block_enter(cg, frame->setup);
    touch_stack(cg, frame);
    block_jump(cg, frame->body);
}

void frame_return(struct cg *cg, LLVMValueRef v)
{
    struct cg_frame *frame = cg->frame;

    record_discard(cg, 0);
    if (frame->kind == FRAME_BODY)
        loop_return(cg, v);
    else
        LLVMBuildRet(cg->b, v ? v : LLVMConstInt(cg->i64, (uint64_t)frame->default_return, true));
    block_dead(cg);
}

/* ---- what builtins and providers may ask ---- */

struct types *cg_types(struct cg *cg)
{
    return cg->in->image->types;
}

const struct config *cg_config(struct cg *cg)
{
    return cg->in->config;
}

const struct host *cg_host(struct cg *cg)
{
    return cg->in->host;
}

const struct probe *cg_probe(struct cg *cg)
{
    return cg->probe;
}

const struct target *cg_target(struct cg *cg)
{
    return cg->probe && cg->probe->n_targets ? &cg->probe->targets[0] : NULL;
}

bool outlives_us(struct cg *cg)
{
    const struct provider *provider = cg->probe ? cg->probe->provider : NULL;

    return provider && provider->outlives && provider->outlives(cg_target(cg));
}

bool cg_in_callback(struct cg *cg)
{
    return cg->frame && cg->frame->kind == FRAME_BODY;
}

bool cg_error(struct cg *cg, struct span at, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    diag_verror(cg->in->diags, at, fmt, args);
    va_end(args);
    return false;
}

struct cg_val cg_ctx(struct cg *cg)
{
    const struct type *none = type_none(cg_types(cg));

    if (cg->frame->kind != FRAME_PROGRAM) {
        cg_error(cg, cg->at, "the probe's context cannot be reached from a loop or a function");
        return memory_place(LLVMConstNull(cg->ptr), none);
    }
    return memory_place(cg->frame->ctx, none);
}

/*
 * The verifier knows the context by constant offsets from an unchanged register. A volatile load is
 * neither moved nor merged with others into one at a computed address.
 */
struct cg_val cg_ctx_load(struct cg *cg, uint32_t offset, const struct type *type)
{
    LLVMValueRef p = memory_at(cg, cg_ctx(cg).v, offset), v;

    v = LLVMBuildLoad2(cg->b, llvm_int(cg, type->size), p, "");
    LLVMSetAlignment(v,
                     type->size); /* if it is not, the verifier will not take it in parts either */
    LLVMSetVolatile(v, true);
    if (type->kind == TYPE_BOOL)
        v = LLVMBuildICmp(cg->b, LLVMIntNE, v, LLVMConstNull(LLVMTypeOf(v)), "");
    return cg_value(v, type, AS_NONE);
}

/* The context of every iterator begins with a pointer to struct bpf_iter_meta, and that with seq.
 */
bool cg_seq(struct cg *cg, struct cg_val *out)
{
    LLVMValueRef p;

    if (!outlives_us(cg) || cg->frame->kind != FRAME_PROGRAM)
        return false;
    p = cg->frame->ctx;
    for (int i = 0; i < 2; i++) {
        p = LLVMBuildLoad2(cg->b, cg->ptr, p, "");
        LLVMSetVolatile(p, true);
    }
    *out = memory_place(p, type_none(cg_types(cg)));
    return true;
}

bool cg_probe_load(struct cg *cg, enum probe_value what, unsigned n, struct cg_val *out)
{
    const struct provider *provider = cg->probe ? cg->probe->provider : NULL;

    if (cg->frame->kind != FRAME_PROGRAM || !provider || !provider->load)
        return cg_error(cg, cg->at,
                        "there are no arguments of the probe here: copy them to a "
                        "variable before");
    return provider->load(cg, cg_target(cg), what, n, out);
}

/* ---- programs ---- */

/* Jumps to closed unless this program should run now. */
static void write_gate(struct cg *cg, struct cg_frame *frame, enum image_when when)
{
    struct cg_val bit = cg_int(cg, cg->u32, when == WHEN_EVENT ? GATE_EVENTS : GATE_SPECIAL);
    struct cg_val open;
    LLVMBasicBlockRef opened = frame->prologue;

    block_enter(cg, frame->gate);
    if (when == WHEN_READ) {
        block_jump(cg, frame->prologue);
        return;
    }
    if (task_wants_filter(cg, cg->probe))
        opened = block_new(cg, "filter");
    open = cg_op(cg, OP_AND, cg_ctl(cg, offsetof(struct image_ctl, gate), cg->u32), bit);
    block_branch(cg, llvm_bool(cg, open), opened, frame->closed);
    if (opened == frame->prologue)
        return;
    block_enter(cg, opened);
    block_branch(cg, llvm_bool(cg, task_is_wanted(cg)), frame->prologue, frame->closed);
}

static bool write_body(struct cg *cg, const struct probe *probe)
{
    struct cg_if accepted = { 0 };
    LLVMValueRef cond;

    if (probe->provider->enter) {
        struct cg_mark mark = memory_mark(cg);

        probe->provider->enter(cg, &probe->targets[0]);
        memory_release(cg, mark);
    }
    if (probe->pred) {
        struct cg_mark mark = memory_mark(cg);

        if (!expr_cond(cg, probe->pred, &cond))
            return false;
        memory_release(cg, mark);
        accepted = cg_if_begin(cg, cg_value(cond, cg->bool_type, AS_NONE));
    }
    if (!stmt_block(cg, &probe->body, NULL))
        return false;
    if (probe->pred)
        cg_if_end(cg, &accepted);
    frame_return(cg, NULL);
    LLVMBuildUnreachable(cg->b); /* the block after the return */
    return true;
}

/* The function of one probe: a program, or, without a section, a part of one. */
static bool probe_function(struct cg *cg, const struct probe *probe, const char *name,
                           const char *section, LLVMValueRef *out)
{
    static const char *const params[] = { "*ctx" };
    struct prog_spec spec = { 0 };
    struct cg_space space = { 0 };
    struct cg_frame frame;
    LLVMValueRef fn;
    bool ok;

    probe->provider->program(&probe->targets[0], &cg->arena, &spec);
    *out = fn = function_new(cg, name, LLVMFunctionType(cg->i64, &cg->ptr, 1, false), !section);
    if (section)
        LLVMSetSection(fn, section);
    cg->probe = probe;
    frame_open(cg, &frame, FRAME_PROGRAM, fn);
    frame.space = &space;
    frame.ctx = LLVMGetParam(fn, 0);
    frame.default_return = spec.default_return;
    frame.fixed_return = spec.fixed_return;
    frame.scope = debug_function(cg, fn, str_from(name), probe->at, params, 1, !section);
    frame.closed = block_new(cg, "closed");
    debug_at(cg, probe->at);

    block_enter(cg, frame.closed);
    LLVMBuildRet(cg->b, LLVMConstInt(cg->i64, (uint64_t)spec.default_return, true));
    write_gate(cg, &frame, spec.when);
    block_enter(cg, frame.body);
    ok = write_body(cg, probe);
    debug_at(cg, probe->at);
    frame_close(cg, &frame);
    cg->scratch_size = MAX(cg->scratch_size, space.max);
    cg->frame = NULL;
    cg->probe = NULL;
    return ok;
}

/* Both parts keep their own 256 bytes of stack and more: inlined, they would not fit. */
static LLVMValueRef call_part(struct cg *cg, LLVMValueRef part, LLVMValueRef ctx)
{
    unsigned kind = LLVMGetEnumAttributeKindForName("noinline", 8);

    LLVMAddAttributeAtIndex(part, LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(cg->context, kind, 0));
    return LLVMBuildCall2(cg->b, LLVMGlobalGetValueType(part), part, &ctx, 1, "");
}

static LLVMValueRef session_is_return(struct cg *cg, LLVMValueRef ctx)
{
    static const struct str name = { "bpf_session_is_return", 21 };
    struct func_info f;

    if (!kernel_func_info(cg->in->host->kernel, STR("vmlinux"), name, 0, &f))
        BUG("the kernel has no function %.*s", STRF(name));
    return kfunc_call(cg, f.btf_id, &ctx, 1);
}

/*
 * A program for both ends: asks the kernel where it is, and calls one part or the other. What the
 * entry's part returns is not handed on: to the kernel it would mean "not the exit".
 */
static bool session_emit(struct cg *cg, const struct probe *probe, const char *section)
{
    static const char *const params[] = { "*ctx" };
    const char *name = str_dup(&cg->arena, probe->fn_name).p;
    const char *entry_name = arena_printf(&cg->arena, "%s_entry", name);
    const char *exit_name = str_dup(&cg->arena, probe->exit->fn_name).p;
    LLVMValueRef entry, exit, fn, at_exit;
    LLVMBasicBlockRef exiting, entering;
    struct cg_frame frame = { .kind = FRAME_PROGRAM };

    if (!probe_function(cg, probe, entry_name, NULL, &entry) ||
        !probe_function(cg, probe->exit, exit_name, NULL, &exit))
        return false;
    fn = function_new(cg, name, LLVMFunctionType(cg->i64, &cg->ptr, 1, false), false);
    LLVMSetSection(fn, section);
    frame.fn = fn;
    frame.scope = debug_function(cg, fn, str_from(name), probe->at, params, 1, false);
    cg->frame = &frame;
    block_enter(cg, block_new(cg, "entry"));
    debug_at(cg, probe->at);
    exiting = block_new(cg, "exit");
    entering = block_new(cg, "enter");
    at_exit = session_is_return(cg, LLVMGetParam(fn, 0));
    at_exit = LLVMBuildTrunc(cg->b, at_exit, LLVMInt8TypeInContext(cg->context), "");
    at_exit = LLVMBuildICmp(cg->b, LLVMIntNE, at_exit, LLVMConstNull(LLVMTypeOf(at_exit)), "");
    block_branch(cg, at_exit, exiting, entering);
    block_enter(cg, exiting);
    call_part(cg, exit, LLVMGetParam(fn, 0));
    LLVMBuildRet(cg->b, llvm_const(cg, 0));
    block_enter(cg, entering);
    call_part(cg, entry, LLVMGetParam(fn, 0));
    LLVMBuildRet(cg->b, llvm_const(cg, 0));
    cg->frame = NULL;
    return true;
}

bool probe_emit(struct cg *cg, const struct probe *probe)
{
    const struct image_probe *plan = &cg->in->image->probes.v[probe->index];
    const char *section = str_dup(&cg->arena, plan->section).p;
    LLVMValueRef fn;

    if (probe->entry)
        return true; /* written with that */
    if (probe->exit)
        return session_emit(cg, probe, section);
    return probe_function(cg, probe, str_dup(&cg->arena, probe->fn_name).p, section, &fn);
}

/* ---- script functions ---- */

/* Arguments as the machine sees them: [place of a long result], parameters, scratch memory. */
static unsigned count_params(const struct function *f, bool long_result)
{
    return f->n_params + long_result + 1;
}

static bool is_long(const struct type *type)
{
    return type->kind != TYPE_NONE && !type_is_scalar(type);
}

static const struct type *result_type(struct cg *cg, const struct function *f)
{
    return f->result && f->result->type ? f->result->type : type_none(cg_types(cg));
}

/* The i-th argument of a function being written; too many for registers come in memory. */
static LLVMValueRef param(struct cg *cg, LLVMValueRef fn, unsigned i, unsigned n, LLVMTypeRef type)
{
    if (n <= MAX_PARAMS)
        return LLVMGetParam(fn, i);
    return memory_load(cg, type, memory_at(cg, LLVMGetParam(fn, 0), 8ull * i));
}

static bool bind_param(struct cg *cg, struct var *var, LLVMValueRef fn, unsigned i, unsigned n)
{
    struct cg_var *v = ARENA_NEW(&cg->arena, struct cg_var);
    const struct type *type = var_type(var);
    LLVMValueRef p;

    v->frame = cg->frame;
    var->storage = v;
    if (type_is_scalar(type)) {
        struct cg_val wide = cg_value(param(cg, fn, i, n, cg->i64), cg->u64, AS_NONE);

        v->kind = VAR_SCALAR;
        v->slot = memory_slot_kept(cg, llvm_int(cg, type->size));
        memory_store(cg, cg_convert(cg, wide, type).v, v->slot);
        return true;
    }
    v->kind = VAR_MEMORY; /* the caller made a copy for us */
    p = param(cg, fn, i, n, cg->ptr);
    v->slot = p;
    return true;
}

static void declare(struct cg *cg, struct function *f, struct cg_function *state, bool long_result)
{
    unsigned n = count_params(f, long_result), k = 0;
    LLVMTypeRef *types = ARENA_ARRAY(&cg->arena, LLVMTypeRef, n);

    if (long_result)
        types[k++] = cg->ptr;
    for (unsigned i = 0; i < f->n_params; i++)
        types[k++] = is_long(var_type(f->params[i].sym)) ? cg->ptr : cg->i64;
    types[k] = cg->ptr;
    state->fn_type = n <= MAX_PARAMS ? LLVMFunctionType(cg->i64, types, n, false)
                                     : LLVMFunctionType(cg->i64, &cg->ptr, 1, false);
    state->fn = function_new(cg, str_dup(&cg->arena, f->name).p, state->fn_type, true);
}

static LLVMMetadataRef describe(struct cg *cg, const struct function *f, LLVMValueRef fn,
                                bool long_result)
{
    unsigned n = count_params(f, long_result), k = 0;
    const char **names = ARENA_ARRAY(&cg->arena, const char *, n);

    if (n > MAX_PARAMS) {
        names[k++] = "*arguments";
    } else {
        if (long_result)
            names[k++] = "*result";
        for (unsigned i = 0; i < f->n_params; i++)
            names[k++] =
                arena_printf(&cg->arena, "%s%.*s", is_long(var_type(f->params[i].sym)) ? "*" : "",
                             STRF(f->params[i].sym->name));
        names[k++] = "*scratch";
    }
    return debug_function(cg, fn, str_dup(&cg->arena, f->name), f->at, names, k, true);
}

static bool write_function(struct cg *cg, struct function *f, struct cg_function *state)
{
    const struct type *result = result_type(cg, f);
    struct cg_position back = position_save(cg);
    unsigned n = count_params(f, is_long(result)), k = 0;
    struct cg_val value = { 0 };
    struct cg_frame frame;
    bool ok = true;

    declare(cg, f, state, is_long(result));
    cg->probe = NULL;
    frame_open(cg, &frame, FRAME_FUNCTION, state->fn);
    frame.space = &state->space;
    frame.depth = 1;
    frame.result = result;
    frame.scope = describe(cg, f, state->fn, is_long(result));
    debug_at(cg, f->at);
    block_enter(cg, frame.setup);
    if (is_long(result))
        frame.result_place = param(cg, state->fn, k++, n, cg->ptr);
    for (unsigned i = 0; i < f->n_params; i++)
        ok &= bind_param(cg, f->params[i].sym, state->fn, k++, n);
    frame.scratch = param(cg, state->fn, k, n, cg->ptr);
    block_enter(cg, frame.body);

    ok = ok && stmt_block(cg, &f->body, &value);
    if (ok && value.where != CG_NONE && result->kind != TYPE_NONE)
        ok = stmt_return(cg, value, f->body.at);
    else
        frame_return(cg, NULL);
    LLVMBuildUnreachable(cg->b);
    debug_at(cg, f->at);
    frame_close(cg, &frame);
    position_restore(cg, back);
    return ok;
}

static struct cg_function *function_state(struct cg *cg, struct function *f, struct span at)
{
    struct cg_function *state = f->storage;
    bool ok;

    if (state && state->busy) {
        cg_error(cg, at, "%.*s calls itself: a BPF program cannot do that", STRF(f->name));
        return NULL;
    }
    if (state)
        return state;
    f->storage = state = ARENA_NEW(&cg->arena, struct cg_function);
    state->busy = true;
    ok = write_function(cg, f, state);
    state->busy = false;
    return ok ? state : NULL;
}

static bool call_argument(struct cg *cg, const struct expr *arg, const struct type *type,
                          LLVMValueRef *out)
{
    struct cg_val v;

    if (type_is_scalar(type)) {
        if (!expr_scalar(cg, arg, type, &v))
            return false;
        *out = llvm_wide(cg, v);
        return true;
    }
    *out = cg_place(cg, type).v;
    return expr_to(cg, arg, *out, type);
}

static LLVMValueRef in_one_place(struct cg *cg, LLVMValueRef *args, unsigned n)
{
    LLVMValueRef place = cg_place_bytes(cg, 8 * n).v;

    for (unsigned i = 0; i < n; i++)
        memory_store(cg, args[i], memory_at(cg, place, 8ull * i));
    return place;
}

bool function_call(struct cg *cg, const struct expr *e, struct cg_val *out)
{
    struct function *f = e->call.script_fn;
    const struct type *result = result_type(cg, f);
    struct cg_function *state = function_state(cg, f, e->at);
    unsigned n = count_params(f, is_long(result)), k = 0;
    LLVMValueRef *args = ARENA_ARRAY(&cg->arena, LLVMValueRef, n), place = NULL, v;
    const struct expr *arg = e->call.args;

    if (!state)
        return false;
    if (is_long(result)) {
        place = out->into;
        if (!place || out->into_size < result->size || memory_align(place, 8) < 8 ||
            (cg->clean && !memory_is_clean(cg, result)))
            place = cg_place(cg, result).v;
        args[k++] = place;
    }
    for (unsigned i = 0; i < f->n_params; i++, arg = arg->next) {
        if (!arg)
            BUG("%.*s is called with too few arguments", STRF(f->name));
        if (!call_argument(cg, arg, var_type(f->params[i].sym), &args[k++]))
            return false;
    }
    args[k++] = memory_scratch(cg, state->space.max);
    if (n > MAX_PARAMS) {
        args[0] = in_one_place(cg, args, n);
        n = 1;
    }
    v = LLVMBuildCall2(cg->b, state->fn_type, state->fn, args, n, "");
    if (result->kind == TYPE_NONE)
        *out = cg_none(cg);
    else if (place)
        *out = memory_place(place, result);
    else
        *out = cg_convert(cg, cg_value(v, cg->u64, AS_NONE), result);
    return true;
}
