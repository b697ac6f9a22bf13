/*
 * print.c - what scripts say: printf() and its relatives, print()
 *
 * Arguments are captured when the probe runs and become text when their record arrives. Of a whole
 * map only its number is sent: it is read at that later moment.
 */
#include "builtins/builtin.h"
#include "builtins/format.h"
#include "builtins/seq.h"

#include "codegen/emit.h"
#include "image/record.h"
#include "output/out.h"
#include "output/value.h"
#include "runtime/event.h"
#include "sema/call.h"

#include <inttypes.h>

/* ---- f(fmt, ...) ---- */

bool formatted_plan(struct planner *p, struct expr *call)
{
    const struct type *payload[FORMAT_ARGS];
    struct image_action *a;
    size_t n = 0;

    for (const struct expr *arg = call->call.args->next; arg; arg = arg->next)
        payload[n++] = arg->type;
    a = plan_action(p, call, payload, n);
    a->packed = a->payload && record_wants_packing(p->c->image->types, a->payload);
    a->text = str_dup(&p->c->image->arena, call->call.args->text);
    return true;
}

bool formatted_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_none(cg);
    return cg_record_args(cg, call, 1);
}

void formatted_text(struct session *s, const struct image_action *a, const void *data,
                    struct buf *text)
{
    struct decode decode = session_decode(s);
    void **kept = session_kept(s, a);
    const struct format *format;
    unsigned n = 0;

    if (!*kept)
        *kept = format_parse(session_arena(s), a->text);
    format = *kept;
    for (size_t i = 0; i < format->n; i++) {
        const struct format_piece *piece = &format->pieces[i];

        if (piece->conv)
            format_value(text, piece, decode_element(&decode, a, data, n++));
        else
            buf_str(text, piece->text);
    }
}

static bool printf_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    struct cg_val seq;

    *out = cg_none(cg);
    return cg_seq(cg, &seq) ? seq_emit(cg, call, seq) : formatted_emit(cg, call, out);
}

static int printf_event(struct session *s, const struct image_action *a, const void *data,
                        size_t len)
{
    struct out *out = session_out(s);
    struct buf *text = session_text(s);

    (void)len;
    formatted_text(s, a, data, text);
    out->ops->text(out, OUT_PRINTF, buf_as_str(text));
    return 0;
}

static int message_event(struct session *s, const struct image_action *a, const void *data,
                         enum severity severity)
{
    struct out *out = session_out(s);
    struct buf text = { 0 };

    formatted_text(s, a, data, &text);
    out->errors += severity == SEVERITY_ERROR;
    out->ops->message(out, severity, &a->at, buf_as_str(&text));
    buf_free(&text);
    return 0;
}

static int errorf_event(struct session *s, const struct image_action *a, const void *data,
                        size_t len)
{
    (void)len;
    return message_event(s, a, data, SEVERITY_ERROR);
}

static int warnf_event(struct session *s, const struct image_action *a, const void *data,
                       size_t len)
{
    (void)len;
    return message_event(s, a, data, SEVERITY_WARNING);
}

/* ---- print() ---- */

/* Is the argument the map itself, and not a value in it? */
static bool prints_map(const struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);

    return arg->kind == EXPR_MAP && arg->map.whole;
}

static bool check_limit(struct sema *s, const struct expr *call, unsigned n, const char *name)
{
    const struct expr *arg = call_arg(call, n);

    if (!arg || !arg->negative)
        return true;
    diag_error(s->c->diags, arg->at, "print() expects %s to be 0 or more, got %" PRId64, name,
               (int64_t)arg->num);
    return false;
}

static bool check_print_map(struct sema *s, const struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);
    const struct type *value = arg->map.sym->value;
    struct diag *d;

    if (s->for_depth > 0)
        diag_warn(s->c->diags, call->at, "print(%.*s) in a loop prints the whole map each time",
                  STRF(arg->map.name));
    if (call->call.n_args > 1 && value && value->kind == TYPE_OPAQUE &&
        str_eqz(value->name, "stats_t")) {
        d = diag_warn(s->c->diags, call_arg(call, 1)->at,
                      "top and div are of little use for stats()");
        diag_hint(s->c->diags, d,
                  "entries are ordered by their average, and div divides only that");
    }
    return check_limit(s, call, 1, "top") && check_limit(s, call, 2, "div");
}

static bool check_print_value(struct sema *s, const struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);
    const struct type *t = arg->type;
    struct diag *d;

    if (call->call.n_args > 1) {
        d = diag_error(s->c->diags, call_arg(call, 1)->at,
                       "print() takes one argument, unless the first is a whole map");
        if (arg->kind == EXPR_MAP)
            diag_hint(s->c->diags, d, "print(%.*s, …) prints entries of a map",
                      STRF(arg->map.name));
        else
            diag_hint(s->c->diags, d, "print((a, b)) prints several values");
        return false;
    }
    if (!type_is_complete(t)) {
        diag_error(s->c->diags, arg->at, "the size of %.*s is not known",
                   STRF(type_name(s->c->arena, t)));
        return false;
    }
    return true;
}

static bool print_check(struct sema *s, struct expr *call)
{
    return prints_map(call) ? check_print_map(s, call) : check_print_value(s, call);
}

static bool print_plan(struct planner *p, struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);
    struct image_action *a;
    uint64_t top = 0, div = 0;

    if (!prints_map(call)) {
        a = plan_action(p, call, &arg->type, 1);
        a->packed = record_wants_packing(p->c->image->types, a->payload);
        return true;
    }
    call_lit_int(call, 1, &top);
    call_lit_int(call, 2, &div);
    a = plan_action(p, call, NULL, 0);
    a->map = arg->map.sym->index;
    a->num[0] = (int64_t)top;
    a->num[1] = (int64_t)div;
    a->control = true;
    return true;
}

static bool print_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_none(cg);
    return cg_record_args(cg, call, prints_map(call) ? call->call.n_args : 0);
}

static int print_map(struct session *s, const struct image_action *a)
{
    struct out *out = session_out(s);
    const struct value *map;
    struct err e;

    if (maps_collect(s, a->map, (uint64_t)a->num[0], (uint64_t)a->num[1], &map, &e) < 0)
        session_error(s, a, "%s", e.text);
    else
        out->ops->map(out, session_image(s)->maps.v[a->map].name, map);
    return 0;
}

static int print_event(struct session *s, const struct image_action *a, const void *data,
                       size_t len)
{
    struct out *out = session_out(s);
    struct decode decode = session_decode(s);
    const struct value *v;

    (void)len;
    if (a->map >= 0)
        return print_map(s, a);
    if ((v = decode_element(&decode, a, data, 0)))
        out->ops->value(out, v);
    return 0;
}

const struct builtin builtins_print[] = {
    {
        .name = "printf",
        .sig = "void(fmt, ...)",
        .doc = "Prints text made by a format; no newline is added.",
        .check = format_check,
        .plan = formatted_plan,
        .emit = printf_emit,
        .event = printf_event,
    },
    {
        .name = "errorf",
        .sig = "void(fmt, ...)",
        .doc = "Prints an error with the place of the call on stderr.",
        .check = format_check,
        .plan = formatted_plan,
        .emit = formatted_emit,
        .event = errorf_event,
    },
    {
        .name = "warnf",
        .sig = "void(fmt, ...)",
        .doc = "Prints a warning with the place of the call on stderr.",
        .check = format_check,
        .plan = formatted_plan,
        .emit = formatted_emit,
        .event = warnf_event,
    },
    {
        .name = "print",
        .sig = "void(any, [lit int], [lit int])",
        .doc = "Prints a value, or a whole map: print(@m, top, div).",
        .check = print_check,
        .plan = print_plan,
        .emit = print_emit,
        .event = print_event,
    },
    { .name = NULL },
};
