/*
 * emit.h - the toolkit builtins and providers use to make code
 *
 * It speaks BPF: helpers, maps, places, records. LLVM's own functions appear in codegen/ alone.
 * A value is a struct cg_val, which says where it is; nobody guesses:
 *
 *     static bool pid_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
 *     {
 *         struct cg_val id = cg_helper(cg, BPF_FUNC_get_current_pid_tgid, NULL, 0, u64);
 *         *out = cg_convert(cg, cg_op(cg, OP_SHR, id, cg_int(cg, u64, 32)), u32);
 *         return true;
 *     }
 *
 * Functions returning bool return false only after something was reported (diag). Code is emitted
 * at one current position, which control flow functions move.
 */
#ifndef HARK_CODEGEN_EMIT_H
#define HARK_CODEGEN_EMIT_H

#include "ast/ast.h"
#include "base/config.h"
#include "base/host.h"
#include "builtins/builtin.h"
#include "image/image.h"
#include "probes/provider.h"

#include <linux/bpf.h>

struct LLVMOpaqueValue;
struct LLVMOpaqueBasicBlock;

enum cg_where {
    CG_NONE,   /* no value */
    CG_VALUE,  /* in a register: bool, int, enum, pointer */
    CG_PLACE,  /* in memory programs may read directly: stack, scratch, map value, record */
    CG_REMOTE, /* at an address that must be read with a helper: kernel or user memory */
    CG_CTX,    /* in the program's context, at byte offset */
};

struct cg_val {
    enum cg_where where;
    struct LLVMOpaqueValue
        *v;          /* VALUE: integer of the type's width; PLACE: pointer; REMOTE: i64 address */
    uint32_t offset; /* CTX */
    const struct type *type;
    enum addr_space as; /* REMOTE: of the address. VALUE: where it points, if an address */
    /* PLACE: of a string just read into it, the helper's result: length with NUL, or negative.
     * NULL: not known. */
    struct LLVMOpaqueValue *length;
    bool raw; /* PLACE: a string with perhaps other bytes than NUL behind its end */
    /*
     * An offer by the caller, set before cg_expr() or emit(): "put the bytes here". A value that
     * needs memory is written to this place instead of a new one; then v == into. Has at least
     * into_size bytes. Scalars ignore it.
     */
    struct LLVMOpaqueValue *into;
    uint32_t into_size;
};

/* ---- what is known about the program being made ---- */
struct types *cg_types(struct cg *);
const struct config *cg_config(struct cg *);
const struct host *cg_host(struct cg *);
const struct probe *cg_probe(struct cg *);   /* NULL inside fn */
const struct target *cg_target(struct cg *); /* the first target of the probe; NULL inside fn */
bool cg_in_callback(struct cg *);            /* inside a for body: no context */
/* Reports that something cannot be compiled; returns false. */
bool cg_error(struct cg *, struct span, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- values ---- */
struct cg_val cg_none(struct cg *);
struct cg_val cg_int(struct cg *, const struct type *, uint64_t);
struct cg_val cg_u64(struct cg *, uint64_t);
bool cg_expr(struct cg *, const struct expr *, struct cg_val *out);
/* A scalar in a register, read from wherever it is. */
struct cg_val cg_load(struct cg *, struct cg_val);
/* As another scalar type: truncated or extended by the source's sign; bool: != 0. */
struct cg_val cg_convert(struct cg *, struct cg_val, const struct type *);
/* Binary operators on scalars; both sides must have one width; comparisons give bool. Signedness by
 * a.type. */
struct cg_val cg_op(struct cg *, enum op, struct cg_val a, struct cg_val b);
struct cg_val cg_not(struct cg *, struct cg_val);
struct cg_val cg_select(struct cg *, struct cg_val cond, struct cg_val a, struct cg_val b);
/* LLVM intrinsics that are one or few BPF instructions. */
struct cg_val cg_bswap(struct cg *, struct cg_val);

/* ---- memory ---- */
/* Uninitialised memory for a value of this size: stack if small (on_stack_limit), else scratch.
   Lives to the end of the statement. */
struct cg_val cg_place(struct cg *, const struct type *);
struct cg_val cg_place_bytes(struct cg *, uint32_t size);
/* The place out->into offers if it is large enough for type, else a new one. Fills *out. */
struct cg_val cg_result_place(struct cg *, struct cg_val *out, const struct type *);
/* Part of a place; type may be NULL. */
struct cg_val cg_at(struct cg *, struct cg_val place, uint32_t offset, const struct type *);
/* The same with an offset computed at run time; the caller guarantees the bound. */
struct cg_val cg_at_val(struct cg *, struct cg_val place, struct cg_val offset,
                        const struct type *);
void cg_zero(struct cg *, struct cg_val place, uint32_t size);
/*
 * Writes a value of any kind into a place, converted to type: integers widened, strings cut or
 * padded with NUL to type's size, tuples element by element (padding zeroed), remote memory read.
 */
bool cg_store(struct cg *, struct cg_val place, const struct type *, struct cg_val, struct span);
/* The value's bytes in memory a helper can read: the value's own place, or a copy. */
bool cg_in_memory(struct cg *, struct cg_val, struct cg_val *place, struct span);
/* Address of a place as an integer (kernel address space). */
struct cg_val cg_address(struct cg *, struct cg_val place);

/* probe_read of size bytes. Failure: counted at a site of that span, memory zeroed by the kernel.
 */
void cg_read(struct cg *, struct cg_val to, uint32_t size, struct cg_val addr, enum addr_space,
             struct span);
/* The number, but max where it is greater, in a way the verifier understands: a bound for an
   offset. */
struct cg_val cg_bounded(struct cg *, struct cg_val, uint64_t max);
/* cg_read() with a size computed at run time, at most max bytes. */
void cg_read_sized(struct cg *, struct cg_val to, struct cg_val size, uint32_t max,
                   struct cg_val addr, enum addr_space, struct span);
/*
 * probe_read_str into size bytes at to; the rest stays as it was. zero: the rest becomes NUL bytes
 * (keys, values). Returns the helper's result (length with NUL, or negative).
 */
struct cg_val cg_read_str(struct cg *, struct cg_val to, uint32_t size, struct cg_val addr,
                          enum addr_space, bool zero, struct span);
/* The probe's default where an address carries no space (LANGUAGE.md 5.9). */
enum addr_space cg_space(struct cg *, const struct expr *);

/* ---- the probe's context ---- */
struct cg_val cg_ctx(struct cg *); /* the pointer, as a helper's argument */
struct cg_val cg_ctx_load(struct cg *, uint32_t offset, const struct type *);
/*
 * Where printf() of this program goes, as a helper's argument, if that is not the ring: the output
 * of an iterator that outlives us.
 */
bool cg_seq(struct cg *, struct cg_val *out);
bool cg_probe_load(struct cg *, enum probe_value, unsigned n, struct cg_val *out);
/*
 * In programs typed by BTF the verifier knows what pointers from the context point to, and forbids
 * to calculate with them. As a plain number they are addresses like others.
 */
struct cg_val cg_plain(struct cg *, struct cg_val);
/*
 * The opposite, for helpers that want such a pointer: e is one, or a struct by value, and reached
 * from the context by members. What follows up to cg_if_end() is skipped where it is NULL.
 */
struct cg_if;
bool cg_typed_begin(struct cg *, const struct expr *e, struct cg_val *out, struct cg_if *guard);

/* ---- helpers, global data ---- */
/* args are VALUEs or PLACEs (passed as pointers). result NULL: none wanted. */
struct cg_val cg_helper(struct cg *, unsigned func, const struct cg_val *args, unsigned n,
                        const struct type *result);
/* The same for a function of the kernel that is no helper: its number in the kernel's BTF, from
 * kernel_kfunc(). */
struct cg_val cg_kfunc(struct cg *, uint32_t btf_id, const struct cg_val *args, unsigned n,
                       const struct type *result);
/* pid (thread: tid) of what is running, as hark's PID namespace numbers it, 0 for processes
   outside; initial: as the initial namespace does. uint32. */
struct cg_val cg_current_id(struct cg *, bool thread, bool initial);
/* A word of struct image_ctl: cg_ctl(cg, offsetof(struct image_ctl, pid), u32). */
struct cg_val cg_ctl(struct cg *, size_t offset, const struct type *);
/* Read-only bytes in .rodata. */
struct cg_val cg_rodata(struct cg *, const void *, uint32_t size);
/* The entry of a table in .rodata, its last if the index (unsigned) is too large. */
struct cg_val cg_table(struct cg *, const void *entries, uint32_t n, const struct type *entry,
                       struct cg_val index);
/* A pointer to a BPF map of the image, as a helper's argument. */
struct cg_val cg_map(struct cg *, int map_index);

/* ---- counted trouble ---- */
/* Where *result* is negative (or always, if result.where is CG_NONE), counts and keeps the code. */
void cg_count_failure(struct cg *, enum site_kind, struct span, const char *helper,
                      struct cg_val result);

/* ---- control flow ---- */
struct cg_if {
    struct LLVMOpaqueBasicBlock *other, *end;
};
struct cg_if cg_if_begin(struct cg *, struct cg_val cond); /* now inside "then" */
void cg_if_else(struct cg *, struct cg_if *);
void cg_if_end(struct cg *, struct cg_if *);
/* Leaves the program (or fn, or for body and its program), as return without a value. What is
   emitted after it at the same place is unreachable. */
void cg_return(struct cg *);
/* The same with what the program returns to the kernel; only in programs, outside loops. */
void cg_return_int(struct cg *, int);
/* Repeats: i from 0 while i < n (a constant). body gets i as u64. Unrolled by the compiler if
   small, a bounded loop otherwise. */
bool cg_repeat(struct cg *, uint32_t n, bool (*body)(struct cg *, struct cg_val i, void *), void *);

/* ---- maps ---- */
/*
 * The slot of @m[key] for an aggregation: opened (looked up, inserted zeroed if missing), then
 * loaded and stored at byte offsets, then closed. Inside a histogram bucket counters are opened
 * with the bucket's number.
 *
 *     if (!cg_slot_open(cg, slot, NULL)) return false;
 *     cg_slot_add(cg, slot, 0, one);
 *     cg_slot_close(cg, slot);
 */
struct cg_slot; /* names map and key */
bool cg_slot_open(struct cg *, struct cg_slot *, const struct cg_val *bucket);
struct cg_val cg_slot_load(struct cg *, struct cg_slot *, uint32_t offset, const struct type *);
void cg_slot_store(struct cg *, struct cg_slot *, uint32_t offset, struct cg_val);
void cg_slot_add(struct cg *, struct cg_slot *, uint32_t offset,
                 struct cg_val); /* per CPU: no atomics */
void cg_slot_close(struct cg *, struct cg_slot *);

/* @m or @m[key] given as an EXPR_MAP. result: bool, whether something was there. */
bool cg_map_has(struct cg *, const struct expr *map, const struct expr *key, struct cg_val *out);
/* report: a failure is counted (the result is not used). */
bool cg_map_delete(struct cg *, const struct expr *map, const struct expr *key, bool report,
                   struct cg_val *out);
bool cg_map_len(struct cg *, const struct expr *map, struct cg_val *out);

/* ---- records ---- */
/*
 * A record of call's action. Where the ring has no room, the event is counted and the code between
 * begin and end is skipped.
 *
 *     struct cg_record r;
 *     if (!cg_record_begin(cg, call, &r)) return false;
 *     for each argument i: cg_record_expr(cg, &r, i, arg);
 *     cg_record_end(cg, &r);
 */
struct cg_early;
struct cg_record {
    struct cg_early *early; /* arguments that had to be computed before */
    struct LLVMOpaqueValue *base;
    const struct image_action *action;
    struct LLVMOpaqueBasicBlock *lost, *end;
    struct span at;
    /* Packed: what of the tail is in use, in words of 8 bytes, and the most it can be by now. */
    struct LLVMOpaqueValue *words;
    uint32_t max_words;
};
/* Is the ring half full of unread records? False: this script sends none. */
bool cg_ring_busy(struct cg *, struct cg_val *busy);
bool cg_record_begin(struct cg *, const struct expr *call, struct cg_record *);
/* Evaluates e straight into element i of the payload, converted to its type. */
bool cg_record_expr(struct cg *, struct cg_record *, unsigned i, const struct expr *e);
/* The place of element i; not in packed records. */
struct cg_val cg_record_place(struct cg *, struct cg_record *, unsigned i);
bool cg_record_end(struct cg *, struct cg_record *);
/* All of it for calls whose arguments are the payload. */
bool cg_record_args(struct cg *, const struct expr *call, unsigned first_arg);

/* ---- comparison ---- */
/* Bytewise equality of two values in memory up to n bytes; strings end at the first NUL. bool. */
bool cg_equal(struct cg *, struct cg_val a, struct cg_val b, uint32_t n, bool strings,
              struct cg_val *out);
/* Which of two places holds the greater bytes: -1, 0, 1 (int32). n of them, at most max. */
struct cg_val cg_order(struct cg *, struct cg_val a, struct cg_val b, uint32_t max,
                       struct cg_val n);
/* Where a string contains the needle for the first time, or -1 (int64). */
bool cg_find_text(struct cg *, struct cg_val text, const struct expr *needle, struct cg_val *out);

#endif
