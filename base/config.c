/*
 * config.c - setting keys of config.def from text, whoever wrote it
 *
 * config.def becomes one table: for each key its kind, its place in struct config, and what is
 * allowed. The environment and config blocks go through the same function, set_value(). A key
 * that was renamed has a line in old_keys.
 */
#include "base/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_UINT, KIND_BOOL, KIND_WORD, KIND_TEXT };

static const struct key {
    const char *name, *help;
    enum kind kind;
    size_t offset;     /* in struct config */
    const char *words; /* KIND_WORD: separated by | */
} keys[] = {
#define UINT(k, def, help)        { #k, help, KIND_UINT, offsetof(struct config, k), NULL },
#define BOOL(k, def, help)        { #k, help, KIND_BOOL, offsetof(struct config, k), NULL },
#define WORD(k, def, words, help) { #k, help, KIND_WORD, offsetof(struct config, k), words },
#define TEXT(k, def, help)        { #k, help, KIND_TEXT, offsetof(struct config, k), NULL },
#include "base/config.def"
#undef UINT
#undef BOOL
#undef WORD
#undef TEXT
};

/* What may be said instead of a word. */
static const struct alias {
    enum config_key key;
    const char *text;
    unsigned value;
} aliases[] = {
    { CONFIG_cache_user_symbols, "1", 0 },
    { CONFIG_cache_user_symbols, "0", 2 },
};

/*
 * Numbers outside of these cannot work: sizes are 32 bit in BPF, a program has 512 bytes of stack,
 * the kernel limits the verifier's log, a ring buffer has less than 2 GB.
 */
static const struct range {
    enum config_key key;
    uint64_t min, max;
} ranges[] = {
    { CONFIG_log_size, 128, UINT32_MAX / 4 }, { CONFIG_max_bpf_progs, 1, UINT32_MAX },
    { CONFIG_max_cat_bytes, 1, 1u << 30 },    { CONFIG_max_map_keys, 1, UINT32_MAX },
    { CONFIG_max_probes, 1, UINT32_MAX },     { CONFIG_max_strlen, 1, 1u << 20 },
    { CONFIG_on_stack_limit, 0, 512 },        { CONFIG_perf_rb_pages, 0, 1u << 18 },
};

/* The licences the kernel knows as compatible with the GPL (include/linux/license.h). */
static const char *const licenses[] = {
    "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
};

static const struct old_key {
    const char *name;
    enum config_key now;
    bool inverted;
} old_keys[] = {
    { "strlen", CONFIG_max_strlen, false },
    { "cat_bytes_max", CONFIG_max_cat_bytes, false },
    { "map_keys_max", CONFIG_max_map_keys, false },
    { "no_cpp_demangle", CONFIG_cpp_demangle, true },
};

static const char *const dead_keys[] = {
    "symbol_source",   "max_type_res_iterations", "unstable_addr",
    "unstable_import", "unstable_macro",          "unstable_map_decl",
};

static const char *const env_only_keys[] = { "btf", "kernel_build", "kernel_source", "vmlinux" };

static bool is_one_of(const char *const *names, size_t n, struct str key)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq_nocase(key, str_from(names[i])))
            return true;
    }
    return false;
}

static bool is_unstable(enum config_key key)
{
    return str_starts(str_from(keys[key].name), STR("unstable_"));
}

/* The n-th word of "a|b|c"; empty past the last. */
static struct str word_at(const char *words, unsigned n)
{
    struct str rest = str_from(words);

    for (;; n--) {
        ptrdiff_t bar = str_find(rest, '|');

        if (n == 0)
            return bar < 0 ? rest : str_sub(rest, 0, (size_t)bar);
        if (bar < 0)
            return STR("");
        rest = str_sub(rest, (size_t)bar + 1, rest.n);
    }
}

static bool parse_bool(struct str value, bool *out)
{
    static const char *const yes[] = { "true", "1", "on", "yes" };
    static const char *const no[] = { "false", "0", "off", "no" };

    *out = is_one_of(yes, ARRAY_LEN(yes), value);
    return *out || is_one_of(no, ARRAY_LEN(no), value);
}

static bool parse_word(enum config_key key, struct str value, unsigned *out)
{
    struct str word;
    bool yes;

    for (unsigned i = 0; (word = word_at(keys[key].words, i)).n; i++) {
        if (str_eq_nocase(value, word)) {
            *out = i;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (aliases[i].key == key && str_eqz(value, aliases[i].text)) {
            *out = aliases[i].value;
            return true;
        }
    }
    if (is_unstable(key) && parse_bool(value, &yes)) {
        *out = yes ? UNSTABLE_ENABLE : UNSTABLE_ERROR;
        return true;
    }
    return false;
}

/* name: the key as the user knows it. */
static bool set_uint(struct arena *a, enum config_key key, struct str name, struct str value,
                     uint64_t *out, struct str *why)
{
    const char *wrong;
    uint64_t number;

    if (!str_to_u64(value, true, &number, &wrong)) {
        *why = str_printf(a, "invalid value '%.*s' for %.*s: %s", STRF(value), STRF(name), wrong);
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (ranges[i].key == key && (number < ranges[i].min || number > ranges[i].max)) {
            *why = str_printf(a, "invalid value '%.*s' for %.*s: expected %ju to %ju", STRF(value),
                              STRF(name), (uintmax_t)ranges[i].min, (uintmax_t)ranges[i].max);
            return false;
        }
    }
    if (key == CONFIG_perf_rb_pages && (number & (number - 1))) {
        *why = str_printf(a, "invalid value '%.*s' for %.*s: expected a power of two", STRF(value),
                          STRF(name));
        return false;
    }
    *out = number;
    return true;
}

static bool set_bool(struct arena *a, struct str name, struct str value, bool *out, struct str *why)
{
    bool yes;

    if (!parse_bool(value, &yes)) {
        *why = str_printf(a, "invalid value '%.*s' for %.*s: expected true or false", STRF(value),
                          STRF(name));
        return false;
    }
    *out = yes;
    return true;
}

static bool set_word(struct arena *a, enum config_key key, struct str name, struct str value,
                     unsigned *out, struct str *why)
{
    struct buf list = { 0 };
    struct str word;

    if (parse_word(key, value, out))
        return true;
    for (unsigned i = 0; (word = word_at(keys[key].words, i)).n; i++)
        buf_printf(&list, "%s%.*s", i ? ", " : "", STRF(word));
    *why = str_printf(a, "invalid value '%.*s' for %.*s: expected one of %s", STRF(value),
                      STRF(name), list.p);
    buf_free(&list);
    return false;
}

static bool set_text(struct arena *a, enum config_key key, struct str name, struct str value,
                     struct str *out, struct str *why)
{
    struct buf list = { 0 };
    bool known = key != CONFIG_license;

    for (size_t i = 0; i < ARRAY_LEN(licenses); i++) {
        known |= str_eqz(value, licenses[i]);
        buf_printf(&list, "%s%s", i ? ", " : "", licenses[i]);
    }
    if (known)
        *out = str_dup(a, value);
    else
        *why = str_printf(a, "invalid value '%.*s' for %.*s: expected one of %s", STRF(value),
                          STRF(name), list.p);
    buf_free(&list);
    return known;
}

/* to: a place of the key's type. On failure nothing is stored there and *why says why. */
static bool set_value(struct arena *a, enum config_key key, struct str name, struct str value,
                      void *to, struct str *why)
{
    switch (keys[key].kind) {
    case KIND_UINT:
        return set_uint(a, key, name, value, to, why);
    case KIND_BOOL:
        return set_bool(a, name, value, to, why);
    case KIND_WORD:
        return set_word(a, key, name, value, to, why);
    case KIND_TEXT:
        return set_text(a, key, name, value, to, why);
    }
    BUG("config key %d", (int)key);
}

static void *place_of(struct config *c, enum config_key key)
{
    return (char *)c + keys[key].offset;
}

static bool find_key(struct str name, enum config_key *out)
{
    for (int i = 0; i < CONFIG_KEYS; i++) {
        if (str_eq_nocase(name, str_from(keys[i].name))) {
            *out = (enum config_key)i;
            return true;
        }
    }
    return false;
}

static const struct old_key *find_old_key(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(old_keys); i++) {
        if (str_eq_nocase(name, str_from(old_keys[i].name)))
            return &old_keys[i];
    }
    return NULL;
}

void config_init(struct config *c)
{
    *c = (struct config){
#define UINT(k, def, help)        .k = (def),
#define BOOL(k, def, help)        .k = (def),
#define WORD(k, def, words, help) .k = (def),
#define TEXT(k, def, help)        .k = STR(def),
#include "base/config.def"
#undef UINT
#undef BOOL
#undef WORD
#undef TEXT
        .opt = {
            .format = "text",
            .warnings = WARNINGS_DEFAULT,
            .buffering = BUFFERING_LINE,
        },
    };
}

/* name: "BPFTRACE_" or "HARK_" and a key in upper case. */
static const char *env_get(const char *prefix, const char *key, char *name, size_t size)
{
    size_t n = 0;

    for (; *prefix && n + 1 < size; prefix++)
        name[n++] = *prefix;
    for (; *key && n + 1 < size; key++)
        name[n++] = (char)toupper((unsigned char)*key);
    name[n] = '\0';
    return getenv(name);
}

/* Returns false if the variable is set to something that is not allowed. */
static bool load_from(struct config *c, struct arena *a, enum config_key key, const char *name,
                      const char *value, bool inverted, struct str *why)
{
    if (!set_value(a, key, str_from(name), str_from(value), place_of(c, key), why))
        return false;
    if (inverted)
        *(bool *)place_of(c, key) = !*(bool *)place_of(c, key);
    c->from_env |= UINT64_C(1) << key;
    return true;
}

static bool load_key(struct config *c, struct arena *a, enum config_key key, struct str *why)
{
    char name[64];
    const char *value;

    if ((value = env_get("BPFTRACE_", keys[key].name, name, sizeof(name))) ||
        (value = env_get("HARK_", keys[key].name, name, sizeof(name))))
        return load_from(c, a, key, name, value, false, why);
    for (size_t i = 0; i < ARRAY_LEN(old_keys); i++) {
        if (old_keys[i].now == key &&
            (value = env_get("BPFTRACE_", old_keys[i].name, name, sizeof(name))))
            return load_from(c, a, key, name, value, old_keys[i].inverted, why);
    }
    return true;
}

enum config_result config_load_env(struct config *c, struct arena *a, struct str *why)
{
    struct buf all = { 0 };
    enum config_result result = CONFIG_OK;
    struct str one;

    for (int i = 0; i < CONFIG_KEYS; i++) {
        if (load_key(c, a, (enum config_key)i, &one))
            continue;
        buf_printf(&all, "%s%.*s", all.n ? "\n" : "", STRF(one));
        result = CONFIG_BAD_VALUE;
    }
    *why = str_dup(a, buf_as_str(&all));
    buf_free(&all);
    return result;
}

/* The value is checked in a copy, so that a key the environment has settled stays as it is. */
static enum config_result set_key(struct config *c, struct arena *a, enum config_key key,
                                  struct str name, struct str value, bool inverted, struct str *why)
{
    struct config checked = *c;
    bool *flag = place_of(&checked, key);

    if (!set_value(a, key, name, value, place_of(&checked, key), why))
        return CONFIG_BAD_VALUE;
    if (inverted)
        *flag = !*flag;
    if (!(c->from_env >> key & 1))
        *c = checked;
    return CONFIG_OK;
}

static enum config_result unknown_key(struct arena *a, struct str name, struct str *why)
{
    struct str_guess guess = { .word = name };

    for (int i = 0; i < CONFIG_KEYS; i++)
        str_guess_try(&guess, str_from(keys[i].name));
    *why = str_printf(a, "unknown config option '%.*s'", STRF(name));
    if (str_guess_ok(&guess))
        *why = str_printf(a, "%.*s; did you mean '%.*s'?", STRF(*why), STRF(guess.best));
    return CONFIG_UNKNOWN;
}

enum config_result config_set(struct config *c, struct arena *a, struct str key, struct str value,
                              struct str *why)
{
    const struct str prefix = STR("BPFTRACE_");
    const struct old_key *old;
    enum config_result result;
    enum config_key k;
    struct str name = key;

    if (str_eq_nocase(str_sub(key, 0, prefix.n), prefix))
        name = str_sub(key, prefix.n, key.n);
    if (find_key(name, &k))
        return set_key(c, a, k, name, value, false, why);
    if ((old = find_old_key(name))) {
        result = set_key(c, a, old->now, name, value, old->inverted, why);
        if (result != CONFIG_OK)
            return result;
        *why = str_printf(a, "'%s' has been renamed: use '%s'%s", old->name, keys[old->now].name,
                          old->inverted ? " with the opposite value" : "");
        return CONFIG_RENAMED;
    }
    if (is_one_of(dead_keys, ARRAY_LEN(dead_keys), name)) {
        *why = str_printf(a, "'%.*s' has no effect any more", STRF(name));
        return CONFIG_NO_EFFECT;
    }
    if (is_one_of(env_only_keys, ARRAY_LEN(env_only_keys), name)) {
        *why = str_printf(a, "'%.*s' can only be set as an environment variable", STRF(name));
        return CONFIG_ENV_ONLY;
    }
    return unknown_key(a, name, why);
}

const char *config_key_name(enum config_key key)
{
    return (unsigned)key < CONFIG_KEYS ? keys[key].name : NULL;
}

const char *config_key_help(enum config_key key)
{
    return (unsigned)key < CONFIG_KEYS ? keys[key].help : NULL;
}

struct str config_get(const struct config *c, struct arena *a, enum config_key key)
{
    const char *at = (const char *)c + keys[key].offset;

    switch (keys[key].kind) {
    case KIND_UINT:
        return str_printf(a, "%ju", (uintmax_t) * (const uint64_t *)at);
    case KIND_BOOL:
        return str_from(*(const bool *)at ? "true" : "false");
    case KIND_WORD:
        return str_dup(a, word_at(keys[key].words, *(const unsigned *)at));
    case KIND_TEXT:
        return *(const struct str *)at;
    }
    BUG("config key %d", (int)key);
}
