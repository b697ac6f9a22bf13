/*
 * config.h - what the user wants: the keys of config.def, and the command line
 *
 * Filled by cli/args.c, the environment and the script's config block, in that order of time; a
 * key set by the environment wins over the script. Everybody else sees a const struct config.
 */
#ifndef HARK_BASE_CONFIG_H
#define HARK_BASE_CONFIG_H

#include "base/str.h"
#include "base/vec.h"

enum config_missing { MISSING_ERROR, MISSING_WARN, MISSING_IGNORE };
enum config_stack_mode { STACK_BPFTRACE, STACK_PERF, STACK_RAW, STACK_BUILD_ID };
enum config_unstable { UNSTABLE_ENABLE, UNSTABLE_WARN, UNSTABLE_ERROR };
enum config_buffering { BUFFERING_LINE, BUFFERING_FULL, BUFFERING_NONE };
enum config_warnings { WARNINGS_NONE, WARNINGS_DEFAULT, WARNINGS_ALL };

enum config_no_feature {
    NO_KPROBE_MULTI = 1 << 0,
    NO_KPROBE_SESSION = 1 << 1,
    NO_UPROBE_MULTI = 1 << 2,
    NO_LARGE_KEYS = 1 << 3
};

/* What a run is for. */
enum config_run { RUN_PROBES, RUN_TESTS, RUN_BENCHES };

/* From the command line only. */
struct options {
    bool verbose, quiet, unsafe, dry_run;
    bool exact_probes; /* the config key, from the command line */
    bool colour;       /* settled by cli/: terminal, BPFTRACE_COLOR */
    bool filter_pid;   /* programs start with "return unless pid is the one of -p" */
    bool follow;       /* and its descendants; -c: the command's */
    enum config_warnings warnings;
    enum config_buffering buffering;
    const char *format;     /* "text" or "json" */
    const char *output;     /* -o, or NULL */
    const char *cmd;        /* -c, or NULL */
    uint32_t pid;           /* -p, or 0 */
    unsigned no_features;   /* bits of enum config_no_feature */
    const char *debug_dirs; /* --debuginfo, or NULL */
    const char *functions;  /* --traceable-functions, or NULL */
    enum config_run run;
    const char *probe_filter; /* --probe-filter, or NULL: a regular expression that was checked */
    const char *elf_out;      /* --emit-elf, or NULL */
    const char *dump;         /* --dump=… / -d …: comma-separated stages, or NULL */
    VEC(const char *) include_dirs, includes;
    VEC(struct str) params; /* $1, $2, … */
    VEC(struct str) named;  /* "name" or "name=value" after "--" */
};

enum config_key {
#define UINT(name, ...) CONFIG_##name,
#define BOOL(name, ...) CONFIG_##name,
#define WORD(name, ...) CONFIG_##name,
#define TEXT(name, ...) CONFIG_##name,
#include "base/config.def"
#undef UINT
#undef BOOL
#undef WORD
#undef TEXT
    CONFIG_KEYS
};

struct config {
#define UINT(name, ...) uint64_t name;
#define BOOL(name, ...) bool name;
#define WORD(name, ...) unsigned name;
#define TEXT(name, ...) struct str name;
#include "base/config.def"
#undef UINT
#undef BOOL
#undef WORD
#undef TEXT
    struct options opt;
    uint64_t from_env; /* bit of enum config_key: the environment has spoken */
};

enum config_result {
    CONFIG_OK,
    CONFIG_RENAMED,   /* taken, under a new name: *why says which */
    CONFIG_NO_EFFECT, /* an old key that no longer does anything */
    CONFIG_UNKNOWN,
    CONFIG_ENV_ONLY,
    CONFIG_BAD_VALUE, /* *why says what is allowed */
};

/* Defaults, then the environment. arena keeps text values. A bad value: one sentence each in *why.
 */
void config_init(struct config *);
enum config_result config_load_env(struct config *, struct arena *, struct str *why);

/*
 * One setting of a config block: key in any case, with or without BPFTRACE_ in front; value as
 * written, quotes removed. Checks the value even where the environment has already decided.
 * *why (from arena) is a sentence where the result is not CONFIG_OK.
 */
enum config_result config_set(struct config *, struct arena *, struct str key, struct str value,
                              struct str *why);

/* Key names and values as text, for --info, docs and the image; NULL past the last key. */
const char *config_key_name(enum config_key);
const char *config_key_help(enum config_key);
struct str config_get(const struct config *, struct arena *, enum config_key);

#endif
