/*
 * kernel.h - what does this kernel have: BTF, tracepoints, function lists, features
 *
 * One of two doors (the other is symbols.h) to procfs, sysfs and tracefs. Everything is read when
 * first asked for and kept. kernel_open() does no I/O at all. Tests give another root directory,
 * below which sys/kernel/btf/vmlinux, sys/kernel/tracing/events/… and proc/kallsyms are searched.
 */
#ifndef HARK_KERNEL_KERNEL_H
#define HARK_KERNEL_KERNEL_H

#include "base/deps.h"
#include "base/err.h"
#include "base/str.h"
#include "types/type.h"

struct kernel;

/* root NULL: "/". BPFTRACE_BTF in the environment names another BTF file. */
struct kernel *kernel_open(const char *root);
void kernel_close(struct kernel *);
/*
 * From now on what is looked at and may change while the kernel runs is noted. What stays as it is
 * from one boot to the next, with the same modules, is not.
 */
void kernel_note_into(struct kernel *, struct deps *);

/* ---- BTF ---- */
bool kernel_has_btf(struct kernel *); /* cheap: does the file exist? */
/* Hash that identifies the BTF data offsets were taken from; 0 if BTF was never opened. */
uint64_t kernel_btf_identity(struct kernel *);
/*
 * tag 's', 'u', 'e' for struct, union, enum; 0 for typedefs and base types (a typedef gives the
 * type it stands for). NULL if there is none. Members are read by type_fields() when asked for.
 */
const struct type *kernel_type(struct kernel *, struct types *, char tag, struct str name);
bool kernel_is_percpu(struct kernel *, struct str variable); /* only those are in BTF */
bool kernel_enum_const(struct kernel *, struct types *, struct str name, uint64_t *value,
                       const struct type **type);

/* A function as it lies in BTF. */
struct func_info {
    struct str module, name; /* module: "vmlinux" or a module's */
    uint32_t btf_id;
    unsigned n_slots; /* words its arguments take; structs by value may take several */
    /* "...", structs by value of more than two words: no registers, nothing to hand on */
    bool odd_params, odd_result;
};

struct func_sig {
    struct field *params; /* name, type; offset = 8 × first word */
    size_t n_params;
    const struct type *result; /* TYPE_NONE for void */
    struct func_info info;
};
/* A kernel function by BTF. module "": the first one. false: not there, or no BTF. Memory from
 * types' arena. */
bool kernel_func(struct kernel *, struct types *, struct str module, struct str func,
                 struct func_sig *out);
/* The same without types. guess: its id in all likelihood, or 0. */
bool kernel_func_info(struct kernel *, struct str module, struct str func, uint32_t guess,
                      struct func_info *out);
bool kernel_has_func(struct kernel *, struct str func); /* the same question, no answer made */
/* The parameters of a tracepoint, without the leading void *: from __probestub_X, __traceiter_X or
 * btf_trace_X. module "": any. */
bool kernel_raw_tracepoint(struct kernel *, struct types *, struct str module, struct str event,
                           struct func_sig *out);

/* arg is handed through; a non-zero result ends the enumeration and is returned. */
typedef int (*kernel_name_fn)(void *arg, struct str name);
int kernel_each_type(struct kernel *, char tag, struct str glob, kernel_name_fn, void *arg);
typedef int (*kernel_func_fn)(void *arg, const struct func_info *);
/* By module, then by name. Of raw tracepoints only module and name count. Modules are opened only
 * if the module's glob can match one. */
int kernel_each_func(struct kernel *, struct str module_glob, struct str glob, kernel_func_fn,
                     void *arg);
int kernel_each_raw_tracepoint(struct kernel *, struct str module_glob, struct str glob,
                               kernel_func_fn, void *arg);
/* Text of the C definition, for -lv 'struct x'. false if unknown. */
bool kernel_type_definition(struct kernel *, struct types *, char tag, struct str name,
                            struct buf *);

/* ---- tracepoints (tracefs) ---- */
struct tp_format {
    uint64_t id;
    const struct type
        *args; /* struct of the fields without the common ones; offsets in the record */
    struct str print_types; /* lines "type field" for -lv, each "    type name\n" */
};
/*
 * category:event. Types come from the format file (names, offsets, sizes, signs; "struct x *"
 * pointers by name), so no BTF is needed. NULL with a sentence in e. Memory from types' arena.
 *
 * Structs that are pointed to get their size with their members: ask type_fields() first. Arguments
 * of system calls narrower than a register are bit fields from bit 0, as wide as their C type.
 */
const struct tp_format *kernel_tracepoint(struct kernel *, struct types *, struct str category,
                                          struct str event, struct err *e);
typedef int (*kernel_tp_fn)(void *arg, struct str category, struct str event);
/* Both globs; without wildcards no directory is read. -errno with a sentence if tracefs cannot be
 * read. */
int kernel_each_tracepoint(struct kernel *, struct str category_glob, struct str event_glob,
                           kernel_tp_fn, void *arg, struct err *e);
bool kernel_tracepoint_exists(struct kernel *, struct str category, struct str event);
/* The tracefs directory ("/sys/kernel/tracing"); mounts it if nobody has. NULL with a sentence. */
const char *kernel_tracefs(struct kernel *, struct err *e);

/* ---- functions that can be traced ---- */
struct kernel_function {
    struct str name, module; /* module "": the kernel itself */
    uint64_t addr;           /* where ftrace patches it; 0: the list does not say */
};
typedef int (*kernel_function_fn)(void *arg, const struct kernel_function *);
/*
 * In order of their names, none twice; with a module glob ("vmlinux" is the kernel itself) none
 * twice in a module. The list is read when first asked for. -errno with a sentence if it cannot be
 * read, or what fn returned if not 0.
 */
int kernel_each_function(struct kernel *, struct str module, struct str name, kernel_function_fn,
                         void *arg, struct err *e);
/* Is one in the list? module "": anywhere. addr may become 0. */
bool kernel_function(struct kernel *, struct str module, struct str name, uint64_t *addr);
/* Was a list with addresses read? */
bool kernel_function_addresses(struct kernel *);
/* A file of names to use instead of the kernel's list; borrowed. */
void kernel_set_functions(struct kernel *, const char *path);
bool kernel_module_loaded(struct kernel *, struct str module_glob);

/* ---- the rest ---- */
enum kernel_feature {
    FEATURE_RINGBUF,
    FEATURE_LOOP,          /* bpf_loop */
    FEATURE_FOR_EACH_MAP,  /* bpf_for_each_map_elem */
    FEATURE_LOOKUP_PERCPU, /* bpf_map_lookup_percpu_elem */
    FEATURE_GET_FUNC_IP,
    FEATURE_ATTACH_COOKIE, /* bpf_get_attach_cookie */
    FEATURE_KTIME_TAI,
    FEATURE_WRITE_USER, /* bpf_probe_write_user: not under lockdown */
    FEATURE_D_PATH,
    FEATURE_OVERRIDE, /* bpf_override_return */
    FEATURE_NS_PID,   /* bpf_get_ns_current_pid_tgid */
    FEATURE_KPROBE,
    FEATURE_KRETPROBE,
    FEATURE_KPROBE_MULTI,
    FEATURE_KPROBE_SESSION,
    FEATURE_UPROBE_MULTI,
    FEATURE_UPROBE_SESSION,
    FEATURE_FENTRY,     /* fentry, fexit */
    FEATURE_LSM,        /* the hooks are called: fentry on bpf_lsm_* sees something */
    FEATURE_WATCHPOINT, /* hardware breakpoints, and they hit */
    FEATURE_HARDWARE,   /* hardware counters, and they count */
    FEATURE_ITER,
    FEATURE_MODULE_BTF,
    FEATURE_LARGE_KEYS,   /* hash maps with keys of more than 512 bytes */
    FEATURE_ATOMIC_FETCH, /* BPF ISA v3 atomics */
    FEATURE_ISA_V4,       /* signed division, sign-extending loads */
    FEATURES
};
/* By trying, never by version; each is tried once, when first asked for. */
bool kernel_has(struct kernel *, enum kernel_feature);
const char *kernel_feature_name(enum kernel_feature);
/* From now on this kernel does not have it. */
void kernel_forget(struct kernel *, enum kernel_feature);

/* May programs in this section (libbpf's names) call a function of the kernel? id: its number. */
bool kernel_kfunc(struct kernel *, struct str name, struct str section, uint32_t *id);
bool kernel_kfunc_exists(struct kernel *, struct str name); /* any programs */

unsigned kernel_possible_cpus(struct kernel *); /* from /sys/devices/system/cpu/possible */
int kernel_online_cpus(struct kernel *, struct arena *, unsigned **cpus, size_t *n, struct err *e);
/* /sys/fs/cgroup id of a cgroup v2 directory; -errno with a sentence. */
int kernel_cgroup_id(struct kernel *, struct str path, uint64_t *id, struct err *e);
/* Appends "name:/path" of each mounted hierarchy that has a cgroup of this id and whose name
   matches the glob, separated by ','; cgroup v2 is called "unified". */
void kernel_cgroup_paths(struct kernel *, uint64_t id, struct str filter, struct buf *);

#endif
