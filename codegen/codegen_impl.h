/*
 * codegen_impl.h - what the files of codegen/ share, and nobody else sees
 *
 * struct codegen holds LLVM's objects between the two public steps. struct cg exists while the
 * module is written: it knows the program, the function ("frame") and the place in the script that
 * instructions are being made for.
 */
#ifndef HARK_CODEGEN_IMPL_H
#define HARK_CODEGEN_IMPL_H

#include "codegen/codegen.h"
#include "codegen/emit.h"

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/TargetMachine.h>

struct codegen {
    struct codegen_input in;
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMTargetMachineRef machine;
    bool failed;      /* LLVM complained through the diagnostic handler */
    bool uses_kfuncs; /* the object is to be gone through once more */
};

/* Bytes of per-CPU scratch memory, handed out like a stack. Shared by a program and its for bodies.
 */
struct cg_space {
    uint32_t used, floor, max; /* below floor: kept to the end of the program */
};

/* A stack slot that statements use one after the other. */
struct cg_temp {
    LLVMValueRef slot;
    uint32_t size;
    bool busy;
};

/* The same for one scalar, which becomes a register. */
struct cg_scalar {
    LLVMValueRef slot;
    LLVMTypeRef type;
    bool busy;
};

enum frame_kind {
    FRAME_PROGRAM,
    FRAME_FUNCTION, /* of a script's fn */
    FRAME_BODY,     /* of a for loop, called by the kernel for each turn */
};

/* One LLVM function while it is being written. */
struct cg_frame {
    enum frame_kind kind;
    struct cg_frame *parent; /* BODY: the function around the loop */
    LLVMValueRef fn;
    LLVMMetadataRef scope;
    LLVMBasicBlockRef entry;        /* stack slots; its jump is written last */
    LLVMBasicBlockRef gate, closed; /* PROGRAM: closed returns the default */
    LLVMBasicBlockRef prologue; /* PROGRAM: scratch is looked up here; its jump is written last */
    LLVMBasicBlockRef setup;    /* what is done once before the body; its jump is written last */
    LLVMBasicBlockRef body;
    LLVMValueRef ctx;      /* PROGRAM: the context. BODY: what the loop hands in */
    LLVMValueRef scratch;  /* NULL until needed */
    LLVMValueRef zero_key; /* of scalar maps; NULL until needed */
    struct cg_space *space;
    unsigned depth; /* functions around this one */
    uint32_t stack_used;
    LLVMValueRef last_stack; /* the slot made last; it lies deepest */
    bool mixed_stack;        /* some slot is written in more than one way: see frame_close() */
    VEC(struct cg_temp) temps;
    VEC(size_t) busy; /* indices into temps, in the order taken */
    VEC(struct cg_scalar) scalars;
    VEC(size_t) busy_scalars;
    VEC(LLVMValueRef) records;               /* reserved and not yet submitted */
    LLVMBasicBlockRef break_to, continue_to; /* of the innermost while; NULL: none */
    size_t loop_records;                     /* records.n where that loop began */
    const struct type *result;               /* FUNCTION */
    LLVMValueRef result_place;               /* FUNCTION with a result in memory */
    int default_return;                      /* PROGRAM */
    bool fixed_return;                       /* PROGRAM */
    bool returns; /* BODY: contains a return, which the function around must obey */
};

enum var_kind {
    VAR_SCALAR, /* a stack slot of its own; becomes a register */
    VAR_MEMORY, /* bytes on the stack or in scratch */
    VAR_REF,    /* a slot with the address of bytes that stay where they are */
    VAR_CTX,    /* args itself: fields come from the context */
};

/* var->storage */
struct cg_var {
    enum var_kind kind;
    LLVMValueRef slot;
    enum addr_space as; /* REF */
    bool raw;           /* MEMORY: see strings.c */
    const struct cg_frame *frame;
    const struct cg_frame *home; /* the for body among whose cells it is (loop.c), or NULL */
    unsigned cell;
};

/* function->storage */
struct cg_function {
    LLVMValueRef fn;
    LLVMTypeRef fn_type;
    struct cg_space space;
    bool busy;
};

struct cg_bpf_map {
    LLVMValueRef global;
    LLVMValueRef reader; /* function that adds up the CPUs; made on first use */
};

struct cg_rodata_item {
    struct str bytes;
    LLVMValueRef global;
};

struct cg_lines {
    const struct source *source;
    LLVMMetadataRef file;
};

struct cg {
    struct codegen *gen;
    const struct codegen_input *in;
    struct arena arena; /* storage of variables and functions; gone when the module is written */
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef b;
    LLVMTypeRef i1, i8, i16, i32, i64, ptr, none;
    const struct type *u8, *u32, *u64, *i64_type, *bool_type;

    const struct probe *probe; /* NULL inside fn */
    struct cg_frame *frame;
    struct span at;  /* what is being compiled: debug locations and sites */
    bool clean;      /* strings written now need NUL up to their end: keys, map values */
    bool keep_typed; /* typed.c: cg_plain() leaves pointers as they are */

    VEC(struct cg_bpf_map) maps; /* parallel to image->maps */
    int ring, scratch;           /* indices of these maps, -1 while unused */
    uint32_t scratch_size;       /* of the largest program */
    LLVMValueRef ctl, zeros;     /* stand-ins; their sizes are known at the end */
    uint32_t zeros_size;
    VEC(struct cg_rodata_item) rodata;
    LLVMValueRef unlikely;   /* branch weights */
    LLVMValueRef count_body; /* function that counts a map's elements */
    unsigned n_loops;        /* for names */

    LLVMDIBuilderRef di;
    LLVMMetadataRef di_unit, di_int, di_long, di_void_ptr;
    VEC(struct cg_lines) lines;
};

/* ---- debuginfo.c ---- */
/* A module whose metadata has one DIFile a source, text included. NULL: out of luck (reported). */
LLVMModuleRef debug_module(LLVMContextRef, const struct sources *, char **message);
void debug_open(struct cg *);
void debug_close(struct cg *);
/* A function of that many pointer or integer parameters; returns its scope. */
LLVMMetadataRef debug_function(struct cg *, LLVMValueRef fn, struct str name, struct span,
                               const char *const *params, unsigned n_params, bool local);
/* Instructions made from now on belong to this span. */
void debug_at(struct cg *, struct span);
void debug_map(struct cg *, const struct image_map *, LLVMValueRef global, uint32_t max_entries);
void debug_bytes(struct cg *, LLVMValueRef global, const char *name, uint32_t size);

/* ---- module.c ---- */
LLVMValueRef cg_map_global(struct cg *, int map_index);
/* size zero bytes in read-only memory. */
LLVMValueRef cg_zeros(struct cg *, uint32_t size);
/* Pointer into the control block. */
LLVMValueRef cg_ctl_ptr(struct cg *, uint32_t offset);
int cg_ring_map(struct cg *);
int cg_scratch_map(struct cg *);

/* ---- probe.c ---- */
bool probe_emit(struct cg *, const struct probe *);
bool function_call(struct cg *, const struct expr *call, struct cg_val *out);
LLVMValueRef function_new(struct cg *, const char *name, LLVMTypeRef, bool local);
/* A function about to be written; the old position is kept in the frame's parent or by the caller.
 */
void frame_open(struct cg *, struct cg_frame *, enum frame_kind, LLVMValueRef fn);
void frame_close(struct cg *, struct cg_frame *);
/* return v; v NULL: the default. */
bool outlives_us(struct cg *); /* the program at hand: see provider.h */
void frame_return(struct cg *, LLVMValueRef v);
/* Where code is being made, to come back to. */
struct cg_position {
    struct cg_frame *frame;
    const struct probe *probe;
    LLVMBasicBlockRef block;
    struct span at;
    bool clean;
};
struct cg_position position_save(struct cg *);
void position_restore(struct cg *, struct cg_position);

/* ---- stmt.c ---- */
bool stmt_block(struct cg *, const struct block *, struct cg_val *out); /* out NULL: no value */
bool stmt_return(struct cg *, struct cg_val, struct span);

/* ---- expr.c ---- */
/* Straight into a place, converted to type. */
bool expr_to(struct cg *, const struct expr *, LLVMValueRef place, const struct type *);
bool expr_scalar(struct cg *, const struct expr *, const struct type *, struct cg_val *out);
bool expr_cond(struct cg *, const struct expr *, LLVMValueRef *out); /* i1 */
/* Binary operator on values already computed (also for op=). */
bool expr_arith(struct cg *, enum op, struct cg_val l, struct cg_val r, const struct type *result,
                struct cg_val *out);

/* ---- field.c ---- */
bool field_emit(struct cg *, const struct expr *, struct cg_val *out);
bool element_emit(struct cg *, const struct expr *, struct cg_val *out);
bool index_emit(struct cg *, const struct expr *, struct cg_val *out);
bool deref_emit(struct cg *, const struct expr *, struct cg_val *out);
/* A part at a fixed offset of a value that is not in a register. */
struct cg_val field_at(struct cg *, struct cg_val, uint32_t offset, const struct type *);

/* ---- var.c ---- */
struct cg_var *var_storage(struct cg *, struct var *);
bool var_load(struct cg *, struct var *, struct span, struct cg_val *out);
bool var_assign(struct cg *, struct var *, const struct expr *value);
bool var_store(struct cg *, struct var *, struct cg_val, struct span);
void var_zero(struct cg *, struct var *);
const struct type *var_type(const struct var *);

/* ---- map.c ---- */
bool map_load(struct cg *, const struct expr *map, struct cg_val *out);
bool map_assign(struct cg *, const struct expr *map, const struct expr *value);
/* @m op= v and ++, --. out NULL: the result is not used. */
bool map_modify(struct cg *, const struct expr *map, enum op, struct cg_val v, bool want_old,
                struct cg_val *out);
const struct image_map *map_of(struct cg *, const struct map_sym *);
/*
 * The key of a map access in memory, as the BPF map wants it; histograms: room for the bucket after
 * it. add: for an entry that may be new.
 */
bool map_key(struct cg *, const struct map_sym *, const struct expr *key, bool add,
             LLVMValueRef *out);
/* Where a histogram's bucket stands in its BPF map's key. */
uint64_t map_bucket_offset(const struct image_map *);
void map_mark_set(struct cg *, const struct image_map *);
/* old op v as "op=" computes it for a value of that type. */
bool map_compute(struct cg *, enum op, struct cg_val old, struct cg_val v, const struct type *,
                 struct cg_val *out);

/* ---- hash.c: maps with a keys_map ---- */
/* key: rounded up to 8. The hash, with room for the bucket after it. */
LLVMValueRef hash_key(struct cg *, const struct image_map *, LLVMValueRef key);
void hash_remember(struct cg *, const struct image_map *, LLVMValueRef hash, LLVMValueRef key);
void hash_forget(struct cg *, const struct image_map *, LLVMValueRef hash);

/* ---- slot.c ---- */
struct cg_slot {
    const struct map_sym *sym;
    const struct image_map *map;
    LLVMValueRef key, value;
    LLVMBasicBlockRef end;
    struct span at;
};
/* The current value of a castable aggregate, all CPUs together. */
bool slot_read(struct cg *, const struct map_sym *, LLVMValueRef key, struct cg_val *out);
/* Zeroes a scalar per-CPU map on all CPUs. */
bool slot_clear(struct cg *, const struct map_sym *);
/* len() of a keyed histogram, whose BPF map has an element for each bucket of a key. */
struct cg_val slot_count_keys(struct cg *, const struct map_sym *);

/* ---- memory.c ---- */
/*
 * A stack slot for a scalar, made in the entry block; it becomes a register. The first is the
 * statement's, and later ones use it again: LLVM's effort grows with slots times blocks.
 */
LLVMValueRef memory_slot(struct cg *, LLVMTypeRef);
LLVMValueRef memory_slot_kept(struct cg *, LLVMTypeRef);
LLVMValueRef memory_scratch_base(struct cg *);
/* On the stack in any case, to the end of the statement; NULL if that makes more than limit bytes.
 */
LLVMValueRef memory_stack(struct cg *, uint32_t size, uint32_t limit);
LLVMValueRef memory_keep(struct cg *, uint32_t size);    /* for a variable: lives to the end */
LLVMValueRef memory_scratch(struct cg *, uint32_t size); /* NULL constant if size is 0 */
struct cg_mark {
    size_t n_busy, n_scalars;
    uint32_t used;
};
struct cg_mark memory_mark(struct cg *);
void memory_release(struct cg *, struct cg_mark);
LLVMValueRef memory_at(struct cg *, LLVMValueRef base, uint64_t offset);
unsigned memory_align(LLVMValueRef pointer, unsigned most);
LLVMValueRef memory_load(struct cg *, LLVMTypeRef, LLVMValueRef pointer);
LLVMValueRef memory_store(struct cg *, LLVMValueRef v, LLVMValueRef pointer);
void memory_copy(struct cg *, LLVMValueRef to, LLVMValueRef from, uint32_t size);
void memory_zero(struct cg *, LLVMValueRef to, uint32_t size);
void memory_bytes(struct cg *, LLVMValueRef to, struct str bytes, uint32_t size);
struct cg_val memory_place(LLVMValueRef, const struct type *);
/* Do bytes of this type hold nothing behind the end of a string? */
bool memory_is_clean(struct cg *, const struct type *);
/* CTX and PLACE as an address; REMOTE as it is. */
struct cg_val memory_remote(struct cg *, struct cg_val);

/* ---- task.c ---- */
bool task_wants_filter(const struct cg *, const struct probe *); /* -p is tested by the program */
struct cg_val task_is_wanted(struct cg *);                       /* that test */

/* ---- convert.c ---- */
LLVMTypeRef llvm_int(struct cg *, uint32_t size);
LLVMTypeRef llvm_type(struct cg *, const struct type *); /* of a scalar in a register: bool is i1 */
struct cg_val cg_value(LLVMValueRef, const struct type *, enum addr_space);
LLVMValueRef llvm_const(struct cg *, uint64_t);
/* Any scalar VALUE as i64, extended by its type's sign. */
LLVMValueRef llvm_wide(struct cg *, struct cg_val);
LLVMValueRef llvm_bool(struct cg *, struct cg_val);
/* a / b by a's sign, where b is known not to be zero. */
struct cg_val convert_divide(struct cg *, struct cg_val a, LLVMValueRef b);

/* ---- helper.c ---- */
/*
 * Hides a number's origin from LLVM, so that the comparison that bounds it and its use stay with
 * one register: the verifier learns bounds of registers, not of expressions.
 */
LLVMValueRef helper_opaque(struct cg *, LLVMValueRef v);
/* v, but max where it is greater, in a way the verifier understands. */
LLVMValueRef helper_bounded(struct cg *, LLVMValueRef v, uint64_t max);
LLVMValueRef helper_call(struct cg *, unsigned func, LLVMTypeRef result, LLVMValueRef *args,
                         unsigned n);

/* ---- kfunc.c ---- */
/* cg_kfunc() with LLVM's values; the result fills a register. */
LLVMValueRef kfunc_call(struct cg *, uint32_t btf_id, LLVMValueRef *args, unsigned n);
/* In a finished object, where cg_kfunc() was used. */
void kfunc_mark_calls(char *elf, size_t n);

/* ---- control.c ---- */
LLVMBasicBlockRef block_new(struct cg *, const char *name);
void block_enter(struct cg *, LLVMBasicBlockRef);
void block_dead(struct cg *); /* after a jump: what follows is unreachable */
void block_jump(struct cg *, LLVMBasicBlockRef);
/* To head; end is where the loop goes on when it is over. */
void block_jump_back(struct cg *, LLVMBasicBlockRef head, LLVMBasicBlockRef end);
void block_branch(struct cg *, LLVMValueRef cond, LLVMBasicBlockRef then, LLVMBasicBlockRef other);
/* Into a rarely taken branch. */
struct cg_if cg_if_unlikely(struct cg *, LLVMValueRef cond);

/* ---- loop.c ---- */
bool loop_while(struct cg *, const struct stmt *);
bool loop_unroll(struct cg *, const struct stmt *);
bool loop_range(struct cg *, const struct stmt *);
bool loop_map(struct cg *, const struct stmt *);
void loop_break(struct cg *);
void loop_continue(struct cg *);
/* The program or fn that for bodies are part of: a return leaves all of it. */
const struct cg_frame *loop_root(const struct cg_frame *);
LLVMValueRef loop_count(struct cg *, int map_index); /* elements of a map */
LLVMValueRef loop_scratch(struct cg *); /* BODY: the scratch memory of the function around it */
LLVMValueRef loop_result_place(struct cg *); /* of the function around, for a long result */
/* BODY: leaves the loop and the function around it. v NULL: its default. */
void loop_return(struct cg *, LLVMValueRef v);

/* ---- record.c ---- */
void record_discard(struct cg *, size_t from); /* before leaving: what is still reserved */

/* ---- strings.c ---- */
/* Strings up to this size always have NUL up to their end; see there. */
#define STRING_CLEAN 64
bool equal_literal(struct cg *, struct cg_val, struct str text, struct cg_val *out);
bool equal_values(struct cg *, struct cg_val a, struct cg_val b, const struct type *common,
                  struct cg_val *out);
bool strings_store(struct cg *, LLVMValueRef to, const struct type *, struct cg_val, struct span);
/* The same, but what is behind the end of the text stays as it was; returns the length with NUL, or
 * something negative. */
LLVMValueRef strings_copy(struct cg *, LLVMValueRef to, const struct type *, struct cg_val,
                          struct span);

#endif
