/*
 * kernel_impl.h - what the files of kernel/ share
 */
#ifndef HARK_KERNEL_KERNEL_IMPL_H
#define HARK_KERNEL_KERNEL_IMPL_H

#include "base/vec.h"
#include "kernel/kernel.h"

#include <limits.h>

struct btf_file;

struct twin {
    uint64_t id;
    struct type_loader loader;
};

/* functions.c */
struct functions {
    const char *path; /* of the user's list, or NULL */
    struct arena arena;
    VEC(struct kernel_function) all; /* without what is left out */
    bool read, sorted, blacklist_read;
    char *blacklist_text;
    VEC(struct str) blacklist; /* sorted */
};

struct kernel {
    char *root;     /* "" or a directory, without a '/' at its end */
    char *btf_path; /* of the kernel itself */
    bool btf_is_kernels;

    VEC(struct btf_file *) btf; /* [0] the kernel, then modules in order of their names */
    bool btf_tried, modules_tried;
    uint64_t btf_identity;     /* 0: not computed */
    struct type_loader loader; /* of all types from BTF; also their origin */
    VEC(struct twin *) twins;  /* types whose name another one had first */

    char *tracefs;
    struct functions functions;
    struct deps *deps;
    struct type_loader records; /* origin of the structs that describe tracepoint records */

    enum { FEATURE_UNTRIED, FEATURE_NO, FEATURE_YES } features[FEATURES];
    unsigned possible_cpus;
};

/* A path below the root. false: too long. */
bool kernel_path(const struct kernel *, char out[PATH_MAX], const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The whole file, followed by a NUL; free() it. NULL with errno if it cannot be read. */
char *kernel_read_file(const char *path, size_t *n);

/*
 * Names that were collected to be handed out in order. The callback may call into kernel/ again,
 * as nothing is being read any more.
 */
struct names {
    VEC(struct str) all;
};
void names_sort(struct names *); /* also drops repetitions */
int names_each(struct names *, kernel_name_fn, void *arg);

/* BTF of the kernel, NULL if there is none (or it is not valid). */
struct btf_file *kernel_btf(struct kernel *);
/*
 * Makes types know that a struct, union ('s', 'u') of this name exists in the kernel. Its members
 * and size are looked up in BTF when asked for, not now.
 */
const struct type *kernel_type_later(struct kernel *, struct types *, char tag, struct str name);

int kernel_find_tracefs(struct kernel *, struct err *); /* fills in k->tracefs */
/* Of a tracepoint's format file, which need not exist. -ENOENT for names that cannot. */
int tracepoint_path(struct kernel *, struct str category, struct str event, char path[PATH_MAX],
                    struct err *e);

void functions_free(struct functions *);

#endif
