/*
 * special.c - begin, end and self
 *
 * They attach to nothing: the session runs begin and end once, self whenever it gets the signal,
 * through the kernel's test-run of a raw tracepoint program. All that is special about them is
 * prog_spec.when.
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

static bool self_parse(const struct attach_parse *p, struct target *out)
{
    struct diag *d;

    if (!attach_check_parts(p, 2, 2, "self:signal:SIGUSR1"))
        return false;
    out->module = p->parts[1];
    out->func = p->parts[2];
    if (str_eqz(out->module, "signal") && str_eqz(out->func, "SIGUSR1")) {
        out->label = STR("self:signal:SIGUSR1");
        return true;
    }
    if (str_eqz(out->module, "signal"))
        d = diag_error(p->diags, p->at, "self: signal '%.*s' cannot be used", STRF(out->func));
    else
        d = diag_error(p->diags, p->at, "self: there is no trigger '%.*s'", STRF(out->module));
    diag_hint(p->diags, d, "write self:signal:SIGUSR1");
    return false;
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

static void self_program(const struct target *t, struct arena *a, struct prog_spec *out)
{
    (void)t;
    (void)a;
    *out = (struct prog_spec){ .section = STR("raw_tracepoint/self"), .when = WHEN_SIGNAL };
}

const struct provider provider_begin = {
    .name = "begin",
    .probetype = "special",
    .doc = "begin: once, before anything is attached",
    .caps = CAP_STACK,
    .as = AS_NONE,
    .user = true,
    .parse = begin_parse,
    .program = begin_program,
};

const struct provider provider_end = {
    .name = "end",
    .probetype = "special",
    .doc = "end: once, when tracing has stopped, before maps are printed",
    .caps = CAP_STACK,
    .as = AS_NONE,
    .user = true,
    .parse = end_parse,
    .program = end_program,
};

const struct provider provider_self = {
    .name = "self",
    .probetype = "special",
    .doc = "self:signal:SIGUSR1: hark itself gets that signal",
    .caps = CAP_STACK,
    .as = AS_NONE,
    .user = true,
    .parse = self_parse,
    .program = self_program,
};
