/*
 * watchpoint.c - whenever memory at an address is read, written or executed
 *
 * A debug register of the CPU, as a perf event of type breakpoint: in every thread of -p or -c, on
 * every CPU otherwise. CPUs have few of them (x86-64: 4). unwatch() takes a watchpoint away again,
 * by its address.
 */
#include "probes/perf.h"

#include "runtime/attach.h"

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>

static const struct {
    char letter;
    uint32_t bit;
} letters[] = { { 'r', HW_BREAKPOINT_R }, { 'w', HW_BREAKPOINT_W }, { 'x', HW_BREAKPOINT_X } };

/* What the CPU can do: letters in the order of the table above. */
#if defined(__x86_64__)
static const char *const modes[] = { "rw", "w", "x", NULL };
#elif defined(__aarch64__)
static const char *const modes[] = { "r", "w", "x", "rw", NULL };
#elif defined(__powerpc64__)
static const char *const modes[] = { "r", "w", "rw", NULL };
#else
static const char *const modes[] = { NULL };
#endif

static struct str mode_text(struct arena *arena, uint32_t mode)
{
    struct str text = STR("");

    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        if (mode & letters[i].bit)
            text = str_printf(arena, "%.*s%c", STRF(text), letters[i].letter);
    }
    return text;
}

static struct str supported(struct arena *arena)
{
    struct str list = STR("");

    for (size_t i = 0; modes[i]; i++)
        list = str_printf(arena, "%.*s%s%s", STRF(list), i ? ", " : "", modes[i]);
    return list;
}

static bool bad_mode(const struct attach_parse *p, const char *what)
{
    struct diag *d = diag_error(p->diags, p->at, "watchpoint: %s", what);

    diag_hint(p->diags, d, modes[0] ? "modes here: %.*s" : "this CPU has no watchpoints%.*s",
              STRF(supported(p->arena)));
    return false;
}

static bool parse_mode(const struct attach_parse *p, struct str text, uint32_t *mode)
{
    *mode = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint32_t bit = 0;

        for (size_t n = 0; n < ARRAY_LEN(letters); n++) {
            if (letters[n].letter == text.p[i])
                bit = letters[n].bit;
        }
        if (!bit)
            return bad_mode(p, "a mode is made of the letters r, w and x");
        if (*mode & bit)
            return bad_mode(p, "the mode has a letter twice");
        *mode |= bit;
    }
    for (size_t i = 0; modes[i]; i++) {
        if (str_eqz(mode_text(p->arena, *mode), modes[i]))
            return true;
    }
    return bad_mode(p, text.n ? "this CPU cannot watch for that mode" : "the mode is missing");
}

static bool watchpoint_parse(const struct attach_parse *p, struct target *out)
{
    uint64_t len;

    if (!attach_check_parts(p, 3, 3, "watchpoint:0x10000000:8:rw"))
        return false;
    if (!attach_number(p->parts[1], &out->addr)) {
        diag_error(p->diags, p->at, "watchpoint: '%.*s' is no address", STRF(p->parts[1]));
        return false;
    }
    if (!out->addr) {
        diag_error(p->diags, p->at, "watchpoint: the address must not be 0");
        return false;
    }
    if (!attach_number(p->parts[2], &len) || (len != 1 && len != 2 && len != 4 && len != 8)) {
        diag_error(p->diags, p->at, "watchpoint: the length must be 1, 2, 4 or 8, got '%.*s'",
                   STRF(p->parts[2]));
        return false;
    }
    if (!parse_mode(p, p->parts[3], &out->code))
        return false;
    out->len = (uint32_t)len;
    out->has_addr = true;
    out->label = str_printf(p->arena, "watchpoint:%ju:%u:%.*s", (uintmax_t)out->addr, out->len,
                            STRF(mode_text(p->arena, out->code)));
    return true;
}

static int watchpoint_attach(struct session *s, const struct image_probe *p, const struct target *t,
                             struct err *e)
{
    struct perf_event_attr attr = {
        .size = sizeof(attr),
        .type = PERF_TYPE_BREAKPOINT,
        .bp_type = t->code,
        /* What is executed is an instruction of whatever length; the kernel wants a long. */
        .bp_len = t->code & HW_BREAKPOINT_X ? sizeof(long) : t->len,
        .sample_period = 1,
    };
    int rc;

    attr.bp_addr = t->addr;
    rc = perf_attach_event(s, p, t, &attr, e);
    if (rc == -ENOSPC)
        return err_set(e, rc,
                       "can't attach %.*s: all debug registers are in use, the CPU has only a few",
                       STRF(t->label));
    if (rc == -EINVAL)
        return err_set(e, rc,
                       "can't attach %.*s: the kernel refuses it; an address must be a multiple of "
                       "the length",
                       STRF(t->label));
    return rc;
}

static const char *const watchpoint_aliases[] = { "w", NULL };

const struct provider provider_watchpoint = {
    .name = "watchpoint",
    .aliases = watchpoint_aliases,
    .doc = "watchpoint:0x10000000:8:rw: memory there is read or written",
    .caps = CAP_REGS | CAP_STACK,
    .as = AS_NONE,
    .pid_attach = true,
    .user = true,
    .parse = watchpoint_parse,
    .load = perf_load,
    .program = perf_program,
    .attach = watchpoint_attach,
};
