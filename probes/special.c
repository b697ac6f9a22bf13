/*
 * special.c - begin and end
 *
 * They attach to nothing: the session runs each once, through the kernel's test-run of a raw
 * tracepoint program. All that is special about them is prog_spec.when.
 */
#include "probes/provider.h"

static bool special_parse(const struct attach_parse *p, struct target *out)
{
    if (!attach_check_parts(p, 0, 0, "begin { … } or end { … }"))
        return false;
    (void)out;
    return true;
}

static bool begin_parse(const struct attach_parse *p, struct target *out)
{
    out->label = STR("begin");
    return special_parse(p, out);
}

static bool end_parse(const struct attach_parse *p, struct target *out)
{
    out->label = STR("end");
    return special_parse(p, out);
}

static void begin_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("raw_tracepoint/begin"), .when = WHEN_BEGIN };
}

static void end_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("raw_tracepoint/end"), .when = WHEN_END };
}

const struct provider provider_begin = {
    .name = "begin",
    .doc = "begin: once, before anything is attached",
    .caps = CAP_STACK,
    .as = AS_NONE,
    .user = true,
    .parse = begin_parse,
    .program = begin_program,
};

const struct provider provider_end = {
    .name = "end",
    .doc = "end: once, when tracing has stopped, before maps are printed",
    .caps = CAP_STACK,
    .as = AS_NONE,
    .user = true,
    .parse = end_parse,
    .program = end_program,
};
