/*
 * build_root.c - the items of a script: C part, preamble, probes, macros, functions
 *
 * The grammar takes items in any order, so that one in the wrong place costs one message and not
 * the rest of the script. The order is checked here: a script has three sections and only moves
 * forward.
 */
#include "parser/build.h"
#include "lexer/lexer.h"

enum section { SECTION_C, SECTION_PREAMBLE, SECTION_BODY };

/* Where the next item of each list goes. */
struct build {
    enum section section;
    struct c_item **c_items;
    struct setting **settings;
    struct import **imports;
    struct map_decl **map_decls;
    struct macro **macros;
    struct function **functions;
    struct probe **probes;
};

#define APPEND(end, item) (*(end) = (item), (end) = &(item)->next)

void build_open(struct parser *p)
{
    struct program *program = ARENA_NEW(p->arena, struct program);
    struct build *b = ARENA_NEW(p->arena, struct build);

    program->config_at = SPAN_NONE;
    b->c_items = &program->c_items;
    b->settings = &program->settings;
    b->imports = &program->imports;
    b->map_decls = &program->map_decls;
    b->macros = &program->macros;
    b->functions = &program->functions;
    b->probes = &program->probes;
    p->program = program;
    p->build = b;
}

/* ---- C part ---- */
void build_c_item(struct parser *p, struct span at, struct str text)
{
    struct c_item *item = ARENA_NEW(p->arena, struct c_item);

    if (p->build->section > SECTION_C)
        diag_error(p->diags, at, "%s must stand in front of 'config', imports and probes",
                   text.p[0] == '#' ? "preprocessor lines" : "C definitions");
    item->at = at;
    item->text = text;
    APPEND(p->build->c_items, item);
}

/* ---- preamble ---- */
static void enter_preamble(struct parser *p, struct span keyword, const char *what)
{
    if (p->build->section > SECTION_PREAMBLE)
        diag_error(p->diags, keyword, "%s must stand in front of probes, macros and functions",
                   what);
    else
        p->build->section = SECTION_PREAMBLE;
}

void build_config(struct parser *p, struct span keyword)
{
    if (!span_is_none(p->program->config_at)) {
        struct diag *d = diag_error(p->diags, keyword, "there may be only one config block");

        diag_note(p->diags, d, p->program->config_at, "the first one is here");
        return;
    }
    enter_preamble(p, keyword, "config");
    p->program->config_at = keyword;
}

struct str build_text(const struct parser *p, struct span at)
{
    return str_dup(p->arena,
                   str_sub(p->source->text, at.begin - p->source->base, at.end - p->source->base));
}

void build_setting(struct parser *p, struct span at, struct str key, struct span key_at,
                   struct str value, struct span value_at)
{
    struct setting *s = ARENA_NEW(p->arena, struct setting);

    s->at = at;
    s->key = key;
    s->key_at = key_at;
    s->value = value;
    s->value_at = value_at;
    APPEND(p->build->settings, s);
}

void build_import(struct parser *p, struct span keyword, struct span at, struct str path)
{
    struct import *i = ARENA_NEW(p->arena, struct import);

    enter_preamble(p, keyword, "import");
    i->at = at;
    i->path = path;
    APPEND(p->build->imports, i);
}

/* ---- body ---- */
void build_map_decl(struct parser *p, struct span at, struct str name, struct str kind,
                    struct span kind_at, const struct expr *size)
{
    struct map_decl *m = ARENA_NEW(p->arena, struct map_decl);

    p->build->section = SECTION_BODY;
    if (size->kind == EXPR_INT)
        m->size = size->num;
    else
        diag_error(p->diags, at, "the size of a map must be an integer");
    m->at = at;
    m->name = name;
    m->kind = kind;
    m->kind_at = kind_at;
    APPEND(p->build->map_decls, m);
}

void build_stray_let(struct parser *p, struct span at)
{
    struct diag *d = diag_error(p->diags, at, "variables can be declared only in a probe");

    p->build->section = SECTION_BODY;
    diag_hint(p->diags, d, "outside, let declares a map: let @name = lruhash(1000);");
}

struct macro_params build_macro_param(struct parser *p, struct macro_params params,
                                      struct macro_param param)
{
    if (param.kind == PARAM_EXPR &&
        (lexer_is_reserved(param.name) || lexer_is_type_word(param.name)))
        diag_error(p->diags, param.at, "'%.*s' has a meaning of its own: it cannot be a parameter",
                   STRF(param.name));
    arena_vec_push(p->arena, &params, param);
    return params;
}

void build_macro(struct parser *p, struct span at, struct str name, struct span name_at,
                 struct macro_params params, struct block body)
{
    struct macro *m = ARENA_NEW(p->arena, struct macro);

    p->build->section = SECTION_BODY;
    m->at = at;
    m->name = name;
    m->name_at = name_at;
    m->params = params.v;
    m->n_params = (unsigned)params.n;
    m->body = body;
    APPEND(p->build->macros, m);
}

struct fn_params build_fn_param(struct parser *p, struct fn_params params, struct fn_param param)
{
    arena_vec_push(p->arena, &params, param);
    return params;
}

void build_function(struct parser *p, struct span at, struct str name, struct span name_at,
                    struct fn_params params, struct type_expr *result, struct block body)
{
    struct function *f = ARENA_NEW(p->arena, struct function);

    p->build->section = SECTION_BODY;
    f->at = at;
    f->name = name;
    f->name_at = name_at;
    f->params = params.v;
    f->n_params = (unsigned)params.n;
    f->result = result;
    f->body = body;
    APPEND(p->build->functions, f);
}

struct points build_point(struct points points, struct attach_point *ap, struct span at)
{
    ap->at = at;
    if (points.last)
        points.last->next = ap;
    else
        points.head = ap;
    points.last = ap;
    return points;
}

void build_probe(struct parser *p, struct span at, struct points points, struct expr *pred,
                 struct block body)
{
    struct probe *probe = ARENA_NEW(p->arena, struct probe);

    p->build->section = SECTION_BODY;
    probe->at = at;
    probe->points = points.head;
    probe->pred = pred;
    probe->body = body;
    APPEND(p->build->probes, probe);
}
