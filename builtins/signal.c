/*
 * signal.c - what reaches into the traced process: signal(), signal_thread(), write_user()
 *
 * Each is one helper of the kernel; all need --unsafe. A failure is counted at the place of the
 * call and told by the runtime.
 */
#include "builtins/builtin.h"

#include "codegen/emit.h"
#include "sema/call.h"

#include <inttypes.h>
#include <signal.h>

enum { SIGNAL_MAX = 64 }; /* _NSIG of the kernel */

/* ---- signal(), signal_thread() ---- */

static const struct signal_name {
    const char *name;
    int number;
} names[] = {
    { "HUP", SIGHUP },       { "INT", SIGINT },   { "QUIT", SIGQUIT },   { "ILL", SIGILL },
    { "TRAP", SIGTRAP },     { "ABRT", SIGABRT }, { "BUS", SIGBUS },     { "FPE", SIGFPE },
    { "KILL", SIGKILL },     { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },   { "USR2", SIGUSR2 },
    { "PIPE", SIGPIPE },     { "ALRM", SIGALRM }, { "TERM", SIGTERM },   { "CHLD", SIGCHLD },
    { "CONT", SIGCONT },     { "STOP", SIGSTOP }, { "TSTP", SIGTSTP },   { "TTIN", SIGTTIN },
    { "TTOU", SIGTTOU },     { "URG", SIGURG },   { "XCPU", SIGXCPU },   { "XFSZ", SIGXFSZ },
    { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "IO", SIGIO },
    { "PWR", SIGPWR },       { "SYS", SIGSYS },
};

/* 0: there is none of that name. "SIG" may be missing, unless the rest begins with S, too. */
static int find_signal(struct str name)
{
    bool whole = name.n >= 3 && str_eq_nocase(str_sub(name, 0, 3), STR("SIG"));

    if (whole)
        name = str_sub(name, 3, name.n);
    else if (name.n && (name.p[0] == 'S' || name.p[0] == 's'))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq_nocase(name, str_from(names[i].name)))
            return names[i].number;
    }
    return 0;
}

static bool unknown_signal(struct sema *s, const struct expr *arg)
{
    bool whole = arg->text.n >= 3 && str_eq_nocase(str_sub(arg->text, 0, 3), STR("SIG"));
    struct str_guess guess = {
        .word = str_printf(s->c->arena, whole ? "%.*s" : "SIG%.*s", STRF(arg->text)),
    };
    struct diag *d = diag_error(s->c->diags, arg->at, "there is no signal '%.*s'", STRF(arg->text));

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        str_guess_try(&guess, str_printf(s->c->arena, "SIG%s", names[i].name));
    if (find_signal(guess.word))
        diag_hint(s->c->diags, d, "write '%.*s'", STRF(guess.word));
    else if (str_guess_ok(&guess))
        diag_hint(s->c->diags, d, "did you mean '%.*s'?", STRF(guess.best));
    return false;
}

static bool signal_check(struct sema *s, struct expr *call)
{
    const struct expr *arg = call_arg(call, 0);

    if (arg->kind == EXPR_STRING)
        return find_signal(arg->text) || unknown_signal(s, arg);
    if (arg->kind == EXPR_INT && (arg->negative || arg->num < 1 || arg->num > SIGNAL_MAX)) {
        diag_error(s->c->diags, arg->at, "signals have numbers from 1 to %d, got %s%" PRIu64,
                   SIGNAL_MAX, arg->negative ? "-" : "", arg->negative ? -arg->num : arg->num);
        return false;
    }
    if (type_is_integral(arg->type))
        return true;
    diag_error(s->c->diags, arg->at,
               "%.*s() expects the name of a signal, written out, or its number, got %.*s",
               STRF(call->call.name), STRF(type_name(s->c->arena, arg->type)));
    return false;
}

static bool send(struct cg *cg, const struct expr *call, unsigned helper, const char *name)
{
    const struct type *u64 = type_int(cg_types(cg), 8, false);
    const struct type *i64 = type_int(cg_types(cg), 8, true);
    const struct expr *arg = call_arg(call, 0);
    struct cg_val number = { 0 }, wrong, result;
    struct cg_if bad;

    if (arg->kind == EXPR_STRING)
        number = cg_u64(cg, (uint64_t)find_signal(arg->text));
    else if (!cg_expr(cg, arg, &number))
        return false;
    number = cg_convert(cg, cg_load(cg, number), u64);
    if (arg->kind == EXPR_STRING || arg->kind == EXPR_INT) {
        result = cg_helper(cg, helper, &number, 1, i64);
        cg_count_failure(cg, SITE_OTHER, call->at, name, result);
        return true;
    }
    wrong = cg_op(cg, OP_GT, cg_op(cg, OP_SUB, number, cg_u64(cg, 1)), cg_u64(cg, SIGNAL_MAX - 1));
    bad = cg_if_begin(cg, wrong);
    cg_count_failure(cg, SITE_SIGNAL, call->at, "", cg_none(cg));
    cg_if_else(cg, &bad);
    result = cg_helper(cg, helper, &number, 1, i64);
    cg_count_failure(cg, SITE_OTHER, call->at, name, result);
    cg_if_end(cg, &bad);
    return true;
}

static bool signal_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_none(cg);
    return send(cg, call, BPF_FUNC_send_signal, "send_signal");
}

static bool signal_thread_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    *out = cg_none(cg);
    return send(cg, call, BPF_FUNC_send_signal_thread, "send_signal_thread");
}

/* ---- write_user() ---- */

/* &$x: the bytes of the variable itself. */
static const struct expr *variable_of(const struct expr *src)
{
    return src->kind == EXPR_UNARY && src->unary.op == OP_ADDR && src->unary.e->kind == EXPR_VAR
               ? src->unary.e
               : NULL;
}

static bool write_user_check(struct sema *s, struct expr *call)
{
    const struct expr *src = call_arg(call, 1), *n = call_arg(call, 2), *var = variable_of(src);
    uint64_t size = n->num, max = s->c->config->max_strlen;
    const struct type *t = var ? var->type : src->type;
    bool is_address = !var && type_is_scalar(t);

    if (n->negative || size < 1 || size > (is_address ? max : t->size)) {
        diag_error(s->c->diags, n->at, "write_user() can write 1 to %" PRIu64 " bytes of %.*s",
                   is_address ? max : t->size, STRF(type_name(s->c->arena, t)));
        return false;
    }
    return true;
}

/* The bytes to write, in memory the helper can read. */
static bool source(struct cg *cg, const struct expr *src, uint32_t size, struct cg_val *out)
{
    const struct expr *var = variable_of(src);
    struct cg_val v = { 0 };

    if (!cg_expr(cg, var ? var : src, &v))
        return false;
    if (var || !type_is_scalar(src->type))
        return cg_in_memory(cg, v, out, src->at);
    *out = cg_place_bytes(cg, size);
    cg_read(cg, *out, size, cg_convert(cg, cg_load(cg, v), type_int(cg_types(cg), 8, false)),
            cg_space(cg, src), src->at);
    return true;
}

static bool write_user_emit(struct cg *cg, const struct expr *call, struct cg_val *out)
{
    const struct expr *dst = call_arg(call, 0), *src = call_arg(call, 1);
    const struct type *i64 = type_int(cg_types(cg), 8, true);
    uint64_t size = 0;
    struct cg_val to = { 0 }, from, result;

    call_lit_int(call, 2, &size);
    if (!cg_expr(cg, dst, &to) || !source(cg, src, (uint32_t)size, &from))
        return false;
    to = cg_convert(cg, cg_load(cg, to), type_int(cg_types(cg), 8, false));
    result = cg_helper(cg, BPF_FUNC_probe_write_user,
                       (struct cg_val[]){ to, from, cg_u64(cg, size) }, 3, i64);
    *out = cg_op(cg, OP_EQ, result, cg_int(cg, i64, 0));
    return true;
}

const struct builtin builtins_signal[] = {
    {
        .name = "signal",
        .sig = "void(any)",
        .doc = "Sends a signal to the current process, by name or number.",
        .needs = CAP_SIGNAL,
        .flags = BUILTIN_UNSAFE,
        .check = signal_check,
        .emit = signal_emit,
    },
    {
        .name = "signal_thread",
        .sig = "void(any)",
        .doc = "Sends a signal to the current thread, by name or number.",
        .needs = CAP_SIGNAL,
        .flags = BUILTIN_UNSAFE,
        .check = signal_check,
        .emit = signal_thread_emit,
    },
    {
        .name = "write_user",
        .sig = "bool(addr, any, lit int)",
        .doc = "Writes bytes to memory of the current process; true if that was possible.",
        .flags = BUILTIN_UNSAFE,
        .helper = BPF_FUNC_probe_write_user,
        .check = write_user_check,
        .emit = write_user_emit,
    },
    { .name = NULL },
};
