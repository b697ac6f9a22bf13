/*
 * options.c - getopt() and config: what the user has chosen, as literals
 *
 * Both are gone before types are looked at: getopt() becomes a literal, config a record of them, so
 * conditions on them are decided while compiling.
 */
#include "builtins/builtin.h"

#include "sema/call.h"

/* ---- getopt() ---- */

static bool is_default(const struct expr *e)
{
    return e->kind == EXPR_INT || e->kind == EXPR_BOOL || e->kind == EXPR_STRING;
}

/* Left alone, a wrong call is told of when it is matched with its signature. */
static void getopt_fold(struct sema *s, struct expr **call)
{
    const struct expr *initial = call_arg(*call, 1), *help = call_arg(*call, 2);
    struct str name, text = STR("");

    if (!call_lit_str(*call, 0, &name) || (*call)->call.n_args > 3 ||
        (initial && !is_default(initial)))
        return;
    if (help && !call_lit_str(*call, 2, &text))
        diag_warn(s->c->diags, help->at, "the description of an option must be a literal string");
    if (!initial)
        initial = ast_expr(s->c->arena, EXPR_BOOL, (*call)->at);
    *call = call_option(s, name, initial, text, (*call)->at);
}

static const struct type *getopt_result(struct sema *s, struct expr *call)
{
    (void)call;
    return type_bool(sema_types(s));
}

/* ---- config ---- */

static const enum expr_kind kinds[] = {
#define UINT(name, ...) EXPR_INT,
#define BOOL(name, ...) EXPR_BOOL,
#define WORD(name, ...) EXPR_STRING,
#define TEXT(name, ...) EXPR_STRING,
#include "base/config.def"
#undef UINT
#undef BOOL
#undef WORD
#undef TEXT
};

static struct expr *setting(struct sema *s, enum config_key key, struct span at)
{
    struct str text = config_get(s->c->config, s->c->arena, key);
    struct expr *e = ast_expr(s->c->arena, kinds[key], at);

    if (e->kind == EXPR_STRING)
        e->text = text;
    else if (e->kind == EXPR_BOOL)
        e->num = str_eqz(text, "true");
    else
        str_to_u64(text, false, &e->num, NULL);
    return e;
}

static void config_fold(struct sema *s, struct expr **call)
{
    struct expr *record = ast_expr(s->c->arena, EXPR_RECORD, (*call)->at);
    struct expr **end = &record->tuple.items;

    record->tuple.n = CONFIG_KEYS;
    record->tuple.names = ARENA_ARRAY(s->c->arena, struct str, CONFIG_KEYS);
    for (int key = 0; key < CONFIG_KEYS; key++) {
        record->tuple.names[key] = str_from(config_key_name((enum config_key)key));
        *end = setting(s, (enum config_key)key, record->at);
        end = &(*end)->next;
    }
    *call = record;
}

const struct builtin builtins_options[] = {
    {
        .name = "getopt",
        .sig = "auto(lit string, [lit any], [any])",
        .doc = "An option of the script, given as --name=value after --: name, default, help.",
        .result = getopt_result,
        .fold = getopt_fold,
    },
    {
        .name = "config",
        .sig = "auto",
        .doc = "The settings in force, as a record of literals: config.max_strlen.",
        .fold = config_fold,
    },
    { .name = NULL },
};
