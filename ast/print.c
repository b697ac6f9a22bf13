/*
 * print.c - the tree as text, for --dump and the golden tests
 *
 * One node a line, children two blanks further in. A line says everything the parser put into its
 * node, so that two different trees never look the same; with types, also what inference found.
 */
#include "ast/ast.h"

#include <ctype.h>

struct dumper {
    FILE *f;
    struct arena scratch; /* names of types, one line at a time */
    bool with_types;
};

static void dump_expr(struct dumper *, int depth, const struct expr *);
static void dump_block(struct dumper *, int depth, const struct block *);

static void indent(struct dumper *d, int depth)
{
    fprintf(d->f, "%*s", depth * 2, "");
}

static void put_line(struct dumper *d, int depth, const char *text)
{
    indent(d, depth);
    fprintf(d->f, "%s\n", text);
}

static void put_quoted(struct dumper *d, struct str s)
{
    fputc('"', d->f);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '"' || c == '\\')
            fprintf(d->f, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", d->f);
        else if (isprint(c))
            fputc(c, d->f);
        else
            fprintf(d->f, "\\x%02x", c);
    }
    fputc('"', d->f);
}

static void end_typed(struct dumper *d, const struct type *type, enum addr_space as)
{
    static const char *const spaces[] = {
        [AS_NONE] = "",
        [AS_KERNEL] = " kernel",
        [AS_USER] = " user",
    };

    if (d->with_types && type) {
        struct arena_mark mark = arena_mark(&d->scratch);

        fprintf(d->f, ": %.*s%s", STRF(type_name(&d->scratch, type)), spaces[as]);
        arena_rewind(&d->scratch, mark);
    }
    fputc('\n', d->f);
}

/* ---- types as written ---- */
static void put_type(struct dumper *d, const struct type_expr *t)
{
    const char *keyword = t->tag == 's'   ? "struct "
                          : t->tag == 'u' ? "union "
                          : t->tag == 'e' ? "enum "
                                          : "";

    if (t->typeof_type) {
        fputs("typeof(", d->f);
        put_type(d, t->typeof_type);
        fputc(')', d->f);
    } else if (t->typeof_expr) {
        fputs("typeof(...)", d->f); /* the expression follows as a child */
    } else {
        fprintf(d->f, "%s%.*s", keyword, STRF(t->name));
    }
    for (unsigned i = 0; i < t->n_suffixes; i++) {
        switch (t->suffixes[i].kind) {
        case SUFFIX_PTR:
            fputs("*", d->f);
            break;
        case SUFFIX_ARRAY:
            fprintf(d->f, "[%ju]", (uintmax_t)t->suffixes[i].count);
            break;
        case SUFFIX_OPEN_ARRAY:
            fputs("[]", d->f);
            break;
        }
    }
}

static void dump_type_children(struct dumper *d, int depth, const struct type_expr *t)
{
    for (; t; t = t->typeof_type) {
        if (t->typeof_expr)
            dump_expr(d, depth, t->typeof_expr);
    }
}

/* ---- expressions ---- */
static void put_type_of(struct dumper *d, const char *word, const struct expr *e)
{
    fputs(word, d->f);
    if (e->type_of.of_type) {
        fputc(' ', d->f);
        put_type(d, e->type_of.of_type);
    }
    for (unsigned i = 0; i < e->type_of.n_path; i++)
        fprintf(d->f, "%s.%.*s", i ? "" : " ", STRF(e->type_of.path[i]));
}

static void put_node(struct dumper *d, const struct expr *e)
{
    switch (e->kind) {
    case EXPR_INT:
        fprintf(d->f, e->negative ? "int %jd" : "int %ju", (uintmax_t)e->num);
        break;
    case EXPR_BOOL:
        fprintf(d->f, "bool %s", e->num ? "true" : "false");
        break;
    case EXPR_STRING:
        fputs("string ", d->f);
        put_quoted(d, e->text);
        break;
    case EXPR_PARAM:
        fprintf(d->f, "param $%ju", (uintmax_t)e->num);
        break;
    case EXPR_NPARAMS:
        fputs("nparams", d->f);
        break;
    case EXPR_IDENT:
        fprintf(d->f, "ident %.*s", STRF(e->text));
        break;
    case EXPR_VAR:
        fprintf(d->f, "var $%.*s", STRF(e->var.name));
        break;
    case EXPR_MAP:
        fprintf(d->f, "map %.*s", STRF(e->map.name));
        break;
    case EXPR_CALL:
        fprintf(d->f, "%s %.*s", e->call.parens ? "call" : "builtin", STRF(e->call.name));
        break;
    case EXPR_UNARY:
        fprintf(d->f, "unary %s", op_text(e->unary.op));
        break;
    case EXPR_INCDEC:
        fprintf(d->f, "%s %s", e->incdec.is_prefix ? "prefix" : "postfix",
                e->incdec.is_dec ? "--" : "++");
        break;
    case EXPR_BINARY:
        fprintf(d->f, "binary %s", op_text(e->binary.op));
        break;
    case EXPR_TERNARY:
        fputs(e->ternary.then ? "ternary" : "ternary ?:", d->f);
        break;
    case EXPR_FIELD:
        fprintf(d->f, "field %s%.*s", e->field.arrow ? "->" : ".", STRF(e->field.name));
        break;
    case EXPR_ELEMENT:
        fprintf(d->f, "element .%ju", (uintmax_t)e->element.n);
        break;
    case EXPR_INDEX:
        fputs("index", d->f);
        break;
    case EXPR_CAST:
        fputs("cast ", d->f);
        put_type(d, e->cast.to);
        break;
    case EXPR_TUPLE:
        fputs(e->tuple.is_key_list ? "tuple of keys" : "tuple", d->f);
        break;
    case EXPR_RECORD:
        fputs("record", d->f);
        for (unsigned i = 0; i < e->tuple.n; i++)
            fprintf(d->f, " %.*s", STRF(e->tuple.names[i]));
        break;
    case EXPR_SIZEOF:
        put_type_of(d, "sizeof", e);
        break;
    case EXPR_OFFSETOF:
        put_type_of(d, "offsetof", e);
        break;
    case EXPR_TYPEINFO:
        put_type_of(d, "typeinfo", e);
        break;
    case EXPR_TYPEOF:
        put_type_of(d, "typeof", e);
        break;
    case EXPR_COMPTIME:
        fputs("comptime", d->f);
        break;
    case EXPR_IF:
        fputs("if", d->f);
        break;
    case EXPR_BLOCK:
        fputs("block", d->f);
        break;
    }
}

static void dump_list(struct dumper *d, int depth, const struct expr *list)
{
    for (; list; list = list->next)
        dump_expr(d, depth, list);
}

static void dump_children(struct dumper *d, int depth, const struct expr *e)
{
    switch (e->kind) {
    case EXPR_INT:
    case EXPR_BOOL:
    case EXPR_STRING:
    case EXPR_PARAM:
    case EXPR_NPARAMS:
    case EXPR_IDENT:
    case EXPR_VAR:
        break;
    case EXPR_MAP:
        if (e->map.key)
            dump_expr(d, depth, e->map.key);
        break;
    case EXPR_CALL:
        dump_list(d, depth, e->call.args);
        break;
    case EXPR_UNARY:
        dump_expr(d, depth, e->unary.e);
        break;
    case EXPR_INCDEC:
        dump_expr(d, depth, e->incdec.e);
        break;
    case EXPR_BINARY:
        dump_expr(d, depth, e->binary.l);
        dump_expr(d, depth, e->binary.r);
        break;
    case EXPR_TERNARY:
        dump_expr(d, depth, e->ternary.cond);
        if (e->ternary.then)
            dump_expr(d, depth, e->ternary.then);
        dump_expr(d, depth, e->ternary.other);
        break;
    case EXPR_FIELD:
        dump_expr(d, depth, e->field.e);
        break;
    case EXPR_ELEMENT:
        dump_expr(d, depth, e->element.e);
        break;
    case EXPR_INDEX:
        dump_expr(d, depth, e->index.e);
        dump_expr(d, depth, e->index.i);
        break;
    case EXPR_CAST:
        dump_type_children(d, depth, e->cast.to);
        dump_expr(d, depth, e->cast.e);
        break;
    case EXPR_TUPLE:
    case EXPR_RECORD:
        dump_list(d, depth, e->tuple.items);
        break;
    case EXPR_SIZEOF:
    case EXPR_OFFSETOF:
    case EXPR_TYPEINFO:
    case EXPR_TYPEOF:
        dump_type_children(d, depth, e->type_of.of_type);
        if (e->type_of.of_expr)
            dump_expr(d, depth, e->type_of.of_expr);
        break;
    case EXPR_COMPTIME:
        dump_expr(d, depth, e->comptime);
        break;
    case EXPR_IF:
        dump_expr(d, depth, e->if_.cond);
        put_line(d, depth, "then");
        dump_block(d, depth + 1, &e->if_.then);
        if (e->if_.other) {
            put_line(d, depth, "else");
            dump_block(d, depth + 1, e->if_.other);
        }
        break;
    case EXPR_BLOCK:
        dump_block(d, depth, &e->block);
        break;
    }
}

static void dump_expr(struct dumper *d, int depth, const struct expr *e)
{
    indent(d, depth);
    put_node(d, e);
    end_typed(d, e->type, e->as);
    dump_children(d, depth + 1, e);
}

/* ---- statements ---- */
static void dump_body(struct dumper *d, int depth, const struct block *b)
{
    put_line(d, depth, "body");
    dump_block(d, depth + 1, b);
}

static void dump_let(struct dumper *d, int depth, const struct stmt *s)
{
    indent(d, depth);
    fprintf(d->f, "let $%.*s", STRF(s->let.name));
    if (s->let.type) {
        fputs(" : ", d->f);
        put_type(d, s->let.type);
    }
    if (s->let.sym)
        end_typed(d, s->let.sym->type, s->let.sym->as);
    else
        fputc('\n', d->f);
    dump_type_children(d, depth + 1, s->let.type);
    if (s->let.init)
        dump_expr(d, depth + 1, s->let.init);
}

static void dump_stmt(struct dumper *d, int depth, const struct stmt *s)
{
    switch (s->kind) {
    case STMT_EXPR:
        dump_expr(d, depth, s->expr);
        break;
    case STMT_DISCARD:
        put_line(d, depth, "discard");
        dump_expr(d, depth + 1, s->expr);
        break;
    case STMT_LET:
        dump_let(d, depth, s);
        break;
    case STMT_ASSIGN:
        indent(d, depth);
        fprintf(d->f, "assign %s=\n", s->assign.compound ? op_text(s->assign.op) : "");
        dump_expr(d, depth + 1, s->assign.target);
        dump_expr(d, depth + 1, s->assign.value);
        break;
    case STMT_WHILE:
    case STMT_UNROLL:
        put_line(d, depth, s->kind == STMT_WHILE ? "while" : "unroll");
        dump_expr(d, depth + 1, s->loop.cond);
        dump_body(d, depth + 1, &s->loop.body);
        break;
    case STMT_FOR_RANGE:
        indent(d, depth);
        fprintf(d->f, "for $%.*s in range\n", STRF(s->for_.var));
        dump_expr(d, depth + 1, s->for_.from);
        dump_expr(d, depth + 1, s->for_.to);
        dump_body(d, depth + 1, &s->for_.body);
        break;
    case STMT_FOR_MAP:
        indent(d, depth);
        fprintf(d->f, "for $%.*s in map\n", STRF(s->for_.var));
        dump_expr(d, depth + 1, s->for_.map);
        dump_body(d, depth + 1, &s->for_.body);
        break;
    case STMT_BREAK:
        put_line(d, depth, "break");
        break;
    case STMT_CONTINUE:
        put_line(d, depth, "continue");
        break;
    case STMT_RETURN:
        put_line(d, depth, "return");
        if (s->expr)
            dump_expr(d, depth + 1, s->expr);
        break;
    case STMT_IMPORT:
        indent(d, depth);
        fputs("import ", d->f);
        put_quoted(d, s->path);
        fputc('\n', d->f);
        break;
    }
}

static void dump_block(struct dumper *d, int depth, const struct block *b)
{
    for (const struct stmt *s = b->stmts; s; s = s->next)
        dump_stmt(d, depth, s);
    if (b->value) {
        put_line(d, depth, "value");
        dump_expr(d, depth + 1, b->value);
    }
}

/* ---- top level ---- */
static void dump_preamble(struct dumper *d, const struct program *p)
{
    for (const struct c_item *i = p->c_items; i; i = i->next) {
        fputs("c-item ", d->f);
        put_quoted(d, i->text);
        fputc('\n', d->f);
    }
    if (!span_is_none(p->config_at))
        put_line(d, 0, "config");
    for (const struct setting *s = p->settings; s; s = s->next) {
        fprintf(d->f, "  %.*s = ", STRF(s->key));
        put_quoted(d, s->value);
        fputc('\n', d->f);
    }
    for (const struct import *i = p->imports; i; i = i->next) {
        fputs("import ", d->f);
        put_quoted(d, i->path);
        fputc('\n', d->f);
    }
    for (const struct map_decl *m = p->map_decls; m; m = m->next)
        fprintf(d->f, "let %.*s = %.*s(%ju)\n", STRF(m->name), STRF(m->kind), (uintmax_t)m->size);
}

static void dump_macro(struct dumper *d, const struct macro *m)
{
    fprintf(d->f, "macro %.*s(", STRF(m->name));
    for (unsigned i = 0; i < m->n_params; i++)
        fprintf(d->f, "%s%s%.*s", i ? ", " : "", m->params[i].kind == PARAM_VAR ? "$" : "",
                STRF(m->params[i].name));
    fputs(")\n", d->f);
    dump_block(d, 1, &m->body);
}

static void dump_function(struct dumper *d, const struct function *fn)
{
    fprintf(d->f, "fn %.*s(", STRF(fn->name));
    for (unsigned i = 0; i < fn->n_params; i++) {
        fprintf(d->f, "%s$%.*s : ", i ? ", " : "", STRF(fn->params[i].name));
        put_type(d, fn->params[i].type);
    }
    fputs(") : ", d->f);
    put_type(d, fn->result);
    fputc('\n', d->f);
    for (unsigned i = 0; i < fn->n_params; i++)
        dump_type_children(d, 1, fn->params[i].type);
    dump_type_children(d, 1, fn->result);
    dump_body(d, 1, &fn->body);
}

static void dump_probe(struct dumper *d, const struct probe *p)
{
    put_line(d, 0, "probe");
    for (const struct attach_point *ap = p->points; ap; ap = ap->next) {
        fputs("  attach ", d->f);
        put_quoted(d, ap->text);
        if (ap->name.n)
            fprintf(d->f, " named %.*s", STRF(ap->name));
        fputc('\n', d->f);
    }
    if (p->pred) {
        put_line(d, 1, "predicate");
        dump_expr(d, 2, p->pred);
    }
    dump_body(d, 1, &p->body);
}

void ast_dump(const struct program *p, FILE *f, bool with_types)
{
    struct dumper d = { .f = f, .with_types = with_types };

    dump_preamble(&d, p);
    for (const struct macro *m = p->macros; m; m = m->next)
        dump_macro(&d, m);
    for (const struct function *fn = p->functions; fn; fn = fn->next)
        dump_function(&d, fn);
    for (const struct probe *probe = p->probes; probe; probe = probe->next)
        dump_probe(&d, probe);
    arena_free(&d.scratch);
}
