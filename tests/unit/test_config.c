/*
 * test_config.c - keys of config blocks and of the environment (LANGUAGE.md 20.2, 22)
 */
#include "base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;
static struct config config;

static int setup(void **state)
{
    (void)state;
    memset(&arena, 0, sizeof(arena));
    config_init(&config);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {
        "BPFTRACE_MAX_STRLEN",    "HARK_MAX_STRLEN",          "BPFTRACE_STRLEN",
        "BPFTRACE_CPP_DEMANGLE",  "BPFTRACE_NO_CPP_DEMANGLE", "BPFTRACE_MAP_KEYS_MAX",
        "BPFTRACE_CAT_BYTES_MAX", "BPFTRACE_LICENSE",         "BPFTRACE_STACK_MODE",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    arena_free(&arena);
    return 0;
}

static void set(const char *key, const char *value, enum config_result expected, const char *part)
{
    struct str why = STR("");
    enum config_result result = config_set(&config, &arena, str_from(key), str_from(value), &why);

    if (result != expected)
        fail_msg("%s = %s: result %d, %.*s", key, value, (int)result, STRF(why));
    if (!str_contains(why, str_from(part)))
        fail_msg("%s = %s: '%.*s'", key, value, STRF(why));
}

static void ok(const char *key, const char *value)
{
    set(key, value, CONFIG_OK, "");
}

static void bad(const char *key, const char *value, const char *part)
{
    set(key, value, CONFIG_BAD_VALUE, part);
}

static void test_defaults(void **state)
{
    (void)state;
    assert_int_equal(config.max_strlen, 1024);
    assert_int_equal(config.max_map_keys, 4096);
    assert_int_equal(config.on_stack_limit, 32);
    assert_true(config.print_maps_on_exit);
    assert_int_equal(config.stack_mode, STACK_BPFTRACE);
    assert_int_equal(config.missing_probes, MISSING_ERROR);
    assert_int_equal(config.unstable_typeinfo, UNSTABLE_ERROR);
    assert_int_equal(config.unstable_tseries, UNSTABLE_WARN);
    assert_true(str_eqz(config.license, "GPL"));
    assert_true(str_eqz(config.str_trunc_trailer, ".."));
    assert_string_equal(config.opt.format, "text");
    assert_int_equal(config.opt.warnings, WARNINGS_DEFAULT);
    assert_int_equal(config.opt.buffering, BUFFERING_LINE);
    assert_int_equal(config.from_env, 0);
}

static void test_values(void **state)
{
    (void)state;
    ok("max_strlen", "64");
    assert_int_equal(config.max_strlen, 64);
    ok("BPFTRACE_MAX_STRLEN", "0x40");
    ok("Max_StrLen", "1e3");
    assert_int_equal(config.max_strlen, 1000);
    bad("max_strlen", "0", "expected 1 to");
    bad("max_strlen", "99999999999", "expected 1 to");
    bad("max_strlen", "abc", "expected a number");
    bad("max_strlen", "-1", "expected a number");
    assert_int_equal(config.max_strlen, 1000);
    ok("on_stack_limit", "512");
    bad("on_stack_limit", "513", "expected 0 to 512");
    ok("perf_rb_pages", "64");
    ok("perf_rb_pages", "0");
    bad("perf_rb_pages", "65", "power of two");

    ok("print_maps_on_exit", "off");
    assert_false(config.print_maps_on_exit);
    ok("print_maps_on_exit", "TRUE");
    assert_true(config.print_maps_on_exit);
    ok("print_maps_on_exit", "no");
    ok("print_maps_on_exit", "1");
    bad("print_maps_on_exit", "2", "expected true or false");

    ok("stack_mode", "build_id");
    assert_int_equal(config.stack_mode, STACK_BUILD_ID);
    bad("stack_mode", "build", "bpftrace, perf, raw, build_id");
    ok("missing_probes", "ignore");
    assert_int_equal(config.missing_probes, MISSING_IGNORE);
    ok("cache_user_symbols", "PER_PROGRAM");
    assert_int_equal(config.cache_user_symbols, 1);
    ok("cache_user_symbols", "0");
    assert_int_equal(config.cache_user_symbols, 2);
    ok("cache_user_symbols", "1");
    assert_int_equal(config.cache_user_symbols, 0);
    ok("unstable_typeinfo", "true");
    assert_int_equal(config.unstable_typeinfo, UNSTABLE_ENABLE);
    ok("unstable_typeinfo", "warn");
    assert_int_equal(config.unstable_typeinfo, UNSTABLE_WARN);
    ok("unstable_typeinfo", "0");
    assert_int_equal(config.unstable_typeinfo, UNSTABLE_ERROR);
    bad("unstable_typeinfo", "maybe", "enable, warn, error");

    ok("license", "Dual MIT/GPL");
    assert_true(str_eqz(config.license, "Dual MIT/GPL"));
    bad("license", "MIT", "GPL v2");
    assert_true(str_eqz(config.license, "Dual MIT/GPL"));
    ok("str_trunc_trailer", "");
    assert_int_equal(config.str_trunc_trailer.n, 0);
}

static void test_old_keys(void **state)
{
    (void)state;
    set("strlen", "100", CONFIG_RENAMED, "max_strlen");
    assert_int_equal(config.max_strlen, 100);
    set("BPFTRACE_MAP_KEYS_MAX", "7", CONFIG_RENAMED, "max_map_keys");
    assert_int_equal(config.max_map_keys, 7);
    set("cat_bytes_max", "8", CONFIG_RENAMED, "max_cat_bytes");
    assert_int_equal(config.max_cat_bytes, 8);
    set("no_cpp_demangle", "1", CONFIG_RENAMED, "cpp_demangle");
    assert_false(config.cpp_demangle);
    set("no_cpp_demangle", "0", CONFIG_RENAMED, "cpp_demangle");
    assert_true(config.cpp_demangle);
    set("strlen", "x", CONFIG_BAD_VALUE, "expected a number");
    set("symbol_source", "dwarf", CONFIG_NO_EFFECT, "no effect");
    set("unstable_macro", "1", CONFIG_NO_EFFECT, "no effect");
    set("btf", "/x", CONFIG_ENV_ONLY, "environment");
    set("BPFTRACE_VMLINUX", "/x", CONFIG_ENV_ONLY, "environment");
    set("nonsense", "1", CONFIG_UNKNOWN, "unknown config option 'nonsense'");
    set("max_strln", "1", CONFIG_UNKNOWN, "did you mean 'max_strlen'?");
    set("", "1", CONFIG_UNKNOWN, "unknown");
}

static void test_environment(void **state)
{
    struct str why;

    (void)state;
    setenv("BPFTRACE_MAX_STRLEN", "77", 1);
    setenv("HARK_MAX_STRLEN", "88", 1);
    setenv("BPFTRACE_STRLEN", "99", 1);
    setenv("BPFTRACE_NO_CPP_DEMANGLE", "1", 1);
    setenv("BPFTRACE_MAP_KEYS_MAX", "5", 1);
    setenv("BPFTRACE_CAT_BYTES_MAX", "6", 1);
    assert_int_equal(config_load_env(&config, &arena, &why), CONFIG_OK);
    assert_int_equal(why.n, 0);
    assert_int_equal(config.max_strlen, 77);
    assert_int_equal(config.max_map_keys, 5);
    assert_int_equal(config.max_cat_bytes, 6);
    assert_false(config.cpp_demangle);
    assert_true(config.from_env >> CONFIG_max_strlen & 1);
    assert_false(config.from_env >> CONFIG_stack_mode & 1);

    ok("max_strlen", "10"); /* the environment wins */
    assert_int_equal(config.max_strlen, 77);
    bad("max_strlen", "x", "expected a number");
    set("no_cpp_demangle", "0", CONFIG_RENAMED, "");
    assert_false(config.cpp_demangle);
    ok("stack_mode", "raw");
    assert_int_equal(config.stack_mode, STACK_RAW);

    unsetenv("BPFTRACE_MAX_STRLEN");
    config_init(&config);
    assert_int_equal(config_load_env(&config, &arena, &why), CONFIG_OK);
    assert_int_equal(config.max_strlen, 88);
    unsetenv("HARK_MAX_STRLEN");
    config_init(&config);
    assert_int_equal(config_load_env(&config, &arena, &why), CONFIG_OK);
    assert_int_equal(config.max_strlen, 99);
    setenv("BPFTRACE_CPP_DEMANGLE", "yes", 1);
    config_init(&config);
    assert_int_equal(config_load_env(&config, &arena, &why), CONFIG_OK);
    assert_true(config.cpp_demangle);
}

static void test_bad_environment(void **state)
{
    struct str why;

    (void)state;
    setenv("BPFTRACE_STACK_MODE", "nice", 1);
    setenv("HARK_MAX_STRLEN", "many", 1);
    setenv("BPFTRACE_LICENSE", "GPL v2", 1);
    assert_int_equal(config_load_env(&config, &arena, &why), CONFIG_BAD_VALUE);
    assert_string_equal(why.p,
                        "invalid value 'many' for HARK_MAX_STRLEN: expected a number\n"
                        "invalid value 'nice' for BPFTRACE_STACK_MODE: expected one of bpftrace, "
                        "perf, raw, build_id");
    assert_int_equal(config.max_strlen, 1024);
    assert_true(str_eqz(config.license, "GPL v2"));
}

static void test_get(void **state)
{
    (void)state;
    assert_string_equal(config_key_name(CONFIG_max_strlen), "max_strlen");
    assert_non_null(config_key_help(CONFIG_max_strlen));
    assert_null(config_key_name(CONFIG_KEYS));
    assert_null(config_key_help(CONFIG_KEYS));
    assert_string_equal(config_get(&config, &arena, CONFIG_max_strlen).p, "1024");
    assert_string_equal(config_get(&config, &arena, CONFIG_cpp_demangle).p, "true");
    assert_string_equal(config_get(&config, &arena, CONFIG_stack_mode).p, "bpftrace");
    assert_string_equal(config_get(&config, &arena, CONFIG_license).p, "GPL");
    for (int i = 0; i < CONFIG_KEYS; i++) { /* what is printed can be set again */
        struct str value = config_get(&config, &arena, (enum config_key)i), why;

        assert_int_equal(
            config_set(&config, &arena, str_from(config_key_name((enum config_key)i)), value, &why),
            CONFIG_OK);
        assert_true(str_eq(value, config_get(&config, &arena, (enum config_key)i)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_get, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
