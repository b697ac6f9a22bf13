/*
 * image.h - what the compiler hands to the runtime
 *
 * An image is one ELF object: BPF programs, map definitions with BTF, line info, and a section
 * ".hark" with the manifest: everything the runtime must know to load, attach, decode and print.
 * The compiler fills a struct image, image_encode() makes the section's bytes, codegen puts them
 * into the object. The runtime always begins with image_decode() of an object's bytes, whether they
 * were compiled a moment ago, read from a file, or come from a cache.
 *
 * Nothing here points into the compiler, and nothing depends on the machine that compiled it unless
 * the manifest says so (btf_identity).
 */
#ifndef HARK_IMAGE_IMAGE_H
#define HARK_IMAGE_IMAGE_H

#include "base/config.h"
#include "base/err.h"
#include "base/source.h"
#include "base/vec.h"
#include "types/type.h"
#include "types/value_kind.h"

#include <stdio.h>

/*
 * One concrete place to attach to, or the pattern that stands for many. A provider uses the fields
 * that make sense for it; what is unused is zero.
 */
struct target {
    struct str label;   /* full name as the `probe` builtin shows it (LANGUAGE.md 13.2) */
    struct str path;    /* uprobe, usdt: the file; as attached */
    struct str module;  /* kernel module; tracepoint: category; usdt: provider */
    struct str func;    /* function, event, unit, object, signal or test name */
    struct str lang;    /* "cpp" */
    struct str file;    /* source location: file */
    struct str args;    /* usdt: where the arguments are; not part of an image */
    uint64_t addr;      /* address; uprobe: file offset once resolved (has_addr) */
    uint64_t offset;    /* +offset from func */
    uint64_t semaphore; /* usdt: file offset of the counter of listeners; 0: none */
    uint64_t period;    /* profile, interval: ns or Hz; software, hardware: count */
    uint32_t line, col; /* source location */
    uint32_t len;       /* watchpoint */
    uint32_t code;      /* perf event config, watchpoint mode, BTF id: the provider's own number */
    bool has_addr;
    bool is_hz;      /* period is a frequency */
    bool is_pattern; /* some part is a glob */
};

enum image_when {
    WHEN_EVENT,
    WHEN_BEGIN,
    WHEN_END,
    WHEN_SIGNAL,
    WHEN_READ,  /* iterators: as their output is read; no gate */
    WHEN_TEST,  /* one by one, in a run that does nothing else (--test) */
    WHEN_BENCH, /* the same with --bench */
    WHENS,
};

/* One BPF program, and where it is attached. */
struct image_probe {
    struct str provider; /* name in the registry */
    struct str fn;       /* symbol of the BPF function */
    struct str section;  /* ELF section; libbpf takes the program type from it */
    enum image_when when;
    bool is_session; /* runs when the targets are entered, and again when they return */
    VEC(struct target) targets;
};

enum image_map_role {
    MAP_USER,    /* @name: printed at exit */
    MAP_RING,    /* event ring buffer */
    MAP_SCRATCH, /* per-CPU scratch space */
    MAP_OTHER,   /* a builtin's own */
    MAP_KEYS,    /* the keys of a MAP_USER by their hash */
};

struct image_map {
    struct str name;     /* "@name"; internal ones without '@' */
    struct str elf_name; /* the symbol in .maps: "AT_name", "hark_ring", … */
    enum image_map_role role;
    uint32_t bpf_type;      /* enum bpf_map_type */
    uint32_t max_entries;   /* 0 for MAP_RING: the runtime chooses */
    const struct type *key; /* NULL: scalar */
    const struct type *value;
    /*
     * Histograms: the BPF map counts buckets. Keyed: its key is key padded to 8, then a u64
     * bucket; scalar: it is an array indexed by bucket. A value of 8 bytes is a counter, to be
     * added up over CPUs; larger ones are put together by the kind's merge(). 0 otherwise.
     */
    uint32_t buckets;
    bool per_cpu;
    uint32_t key_size, value_size; /* of the BPF map, bytes */
    /*
     * Where the kernel takes no keys that long (before 5.11), the BPF map's key begins with
     * IMAGE_HASH bytes of hash instead, and a map of role MAP_KEYS says which key has that hash.
     * Its index plus one; 0: the key is in the BPF map itself.
     */
    uint32_t keys_map;
    /* Scalar maps are arrays; byte set_index of ctl.set[] says whether they hold a value. */
    int set_index; /* -1: not scalar */
};

enum { IMAGE_HASH = 16 };

/* Something a program asks user space to do: a sort of record. Its id is its index. */
struct image_action {
    struct str builtin;         /* name in the registry */
    const struct type *payload; /* a tuple: one element an argument; NULL: empty */
    struct str text;            /* format string, file name, separator … */
    int map;                    /* index of a map, or -1 */
    int64_t num[4];             /* top, div, … */
    bool packed;                /* its records travel without what is unused: image/record.h */
    bool control;               /* may use the reserve of the ring: exit, clear, zero, print(@m) */
    struct location at;
    const struct builtin *fn; /* image_decode() */
};

/* A place in a program where something can go wrong; the index of its counter. */
enum site_kind {
    SITE_RING,   /* a record did not fit the ring: lost event */
    SITE_UPDATE, /* map update failed: full */
    SITE_DELETE, /* delete of a missing key */
    SITE_LOOKUP, /* missing key read; only with -k */
    SITE_READ,   /* probe_read failed */
    SITE_STRING, /* string not readable */
    SITE_STACK,  /* stack not stored */
    SITE_DIV_ZERO,
    SITE_BOUNDS,
    SITE_SIGNAL, /* a number that no signal has */
    SITE_OTHER,  /* another helper failed */
};

struct image_site {
    enum site_kind kind;
    struct str helper; /* "map_update_elem"; "" if none */
    struct str text;   /* message; "" : the errno's text */
    struct location at;
};

/*
 * Global data shared with every program: the ELF symbol "hark_ctl" in .bss, mapped into the
 * runtime's memory. Laid out as this struct, then u8 set[n_sets] rounded up to 8, then one struct
 * image_site_count a site.
 */
enum image_gate {
    GATE_EVENTS = 1,  /* programs of WHEN_EVENT return at once unless this bit is set */
    GATE_SPECIAL = 2, /* the same for begin, end and signal programs */
    GATE_BITS = 8,    /* higher ones are never set */
};

struct image_ctl {
    uint32_t gate;      /* bits of enum image_gate; tested by the first instructions of a program */
    uint32_t pid;       /* filter of -p */
    uint64_t start_ns;  /* boot clock when begin probes ran: for elapsed */
    uint32_t child_pid; /* cpid */
    uint32_t n_cpus;    /* possible CPUs */
    uint64_t ns_dev, ns_ino; /* our PID namespace */
    uint64_t tai_offset;     /* nsecs(sw_tai) */
    uint64_t ring_limit;     /* unread bytes in the ring above which ordinary records are refused */
};
#define IMAGE_CTL_SYMBOL "hark_ctl"

struct image_site_count {
    uint64_t count; /* written by programs only, with an atomic add */
    int64_t code;   /* the last result of the helper, as -errno */
};

/* Everything in an image, the lists too, lives in its arena: arena_vec_push(&image->arena, …). */
struct image {
    struct arena arena;
    struct types *types;
    struct str elf; /* the whole object, also what is saved; owned by the arena */
    VEC(struct image_map) maps;
    VEC(struct image_action) actions;
    VEC(struct image_probe) probes;
    VEC(struct image_site) sites;
    uint32_t n_sets;
    uint64_t btf_identity; /* of the kernel BTF that offsets came from; 0: none used */
    bool uses_map_iteration;
    struct config config; /* the script's settings; .opt is not part of an image */
    struct str source_name;
};

#define IMAGE_SECTION ".hark"

/* --follow: the map whose keys are the processes that count, by the kernel's own numbers. */
#define IMAGE_FOLLOWED "@hark_followed"

/* An empty image for the compiler to fill. */
struct image *image_new(void);
void image_free(struct image *); /* NULL is fine */

/* The manifest as bytes (in the image's arena): everything but elf. */
struct str image_encode(const struct image *, struct arena *);

/* Names of value kinds and builtins in a manifest → pointers. */
struct image_names {
    const struct value_kind *(*kind)(const void *ctx, struct str name);
    const struct builtin *(*builtin)(const void *ctx, struct str name);
    const void *ctx;
};

/*
 * The object's bytes (copied) → an image that owns all it needs. -EINVAL with a sentence for what
 * is no image, or damaged, or of another version: the bytes may come from anywhere.
 */
int image_decode(struct image **, struct str elf, const struct image_names *, struct err *);
int image_save(const struct image *, const char *path, struct err *); /* written atomically */
int image_load(struct image **, const char *path, const struct image_names *, struct err *);

/* --dump=plan: maps, actions, probes, sites. */
void image_dump(const struct image *, FILE *);

#endif
