/*
 * test_ast.c - making, walking, copying trees; and how deep one may be
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "parser/parse.h"

#include <stdlib.h>
#include <string.h>

struct script {
    struct arena a;
    struct sources sources;
    struct diags diags;
    struct parser parser;
    bool ok;
};

static void script_parse(struct script *s, const char *text)
{
    memset(s, 0, sizeof(*s));
    s->diags.arena = &s->a;
    s->diags.sources = &s->sources;
    s->parser.arena = &s->a;
    s->parser.diags = &s->diags;
    s->parser.source = source_add(&s->sources, &s->a, STR("test"), str_from(text));
    s->ok = parse_program(&s->parser);
}

static void script_free(struct script *s)
{
    arena_free(&s->a);
}

static char *dump(const struct program *p)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    ast_dump(p, f, false);
    fclose(f);
    return text;
}

/* One of each kind of expression and statement, so that nothing is left out of a copy or a walk. */
static const char everything[] =
    "BEGIN / 1 / {\n"
    "  1; true; \"s\"; $1; $#; name; $v; @m; @k[1, $v]; f(1, g()); -1; $v++; --@m; 1 + 2;\n"
    "  a ? b : c; a ?: c; a.b; a->b; a.0; a[1]; (uint8 *[4])a; (typeof(a + 1))b; (1, 2); (x = 1);\n"
    "  sizeof(a); sizeof(typeof(b)); offsetof(struct s, f.g); typeinfo(a); h(typeof(a));\n"
    "  comptime 1; $v = if a { 1 } else if b { 2 } else { 3 }; $v = { 1; 2 };\n"
    "  _ = 1; let $w: typeof(a) = 1; $v += 1; while a { break } unroll 2 { continue }\n"
    "  for $i : 1..2 { } for $kv : @m { } import \"x\"; return 1; return\n"
    "}\n";

static void operators(void **state)
{
    (void)state;
    assert_string_equal(op_text(OP_SHL), "<<");
    assert_string_equal(op_text(OP_LOR), "||");
    assert_string_equal(op_text(OP_MUL), "*");
    assert_string_equal(op_text(OP_ADDR), "&");
}

static void keys(void **state)
{
    struct arena a = { 0 };
    struct span at = { 3, 4 }, later = { 6, 7 };
    struct expr *list = ast_int(&a, at, 1), *map;

    (void)state;
    map = ast_map(&a, at, STR("@m"), list);
    assert_ptr_equal(map->map.key, list);
    list = ast_expr_append(ast_expr_append(NULL, list), ast_int(&a, later, 2));
    map = ast_map(&a, at, STR("@m"), list);
    assert_int_equal(map->map.key->kind, EXPR_TUPLE);
    assert_true(map->map.key->tuple.is_key_list);
    assert_int_equal(map->map.key->tuple.n, 2);
    assert_int_equal(map->map.key->at.begin, 3);
    assert_int_equal(map->map.key->at.end, 7);
    assert_int_equal(ast_call(&a, at, STR("f"), list, true)->call.n_args, 2);
    arena_free(&a);
}

struct visit {
    struct arena *a;
    unsigned exprs, stmts, open;
};

static bool enter_expr(void *ctx, struct expr **e)
{
    struct visit *v = ctx;

    v->exprs++;
    if ((*e)->kind == EXPR_COMPTIME)
        return false;
    v->open++;
    return true;
}

static void leave_expr(void *ctx, struct expr **e)
{
    struct visit *v = ctx;

    v->open--;
    if ((*e)->kind == EXPR_INT)
        *e = ast_string(v->a, (*e)->at, str_printf(v->a, "%ju", (uintmax_t)(*e)->num));
}

static bool enter_stmt(void *ctx, struct stmt *s)
{
    struct visit *v = ctx;

    v->stmts++;
    if (s->kind == STMT_UNROLL)
        return false;
    v->open++;
    return true;
}

static void leave_stmt(void *ctx, struct stmt *s)
{
    struct visit *v = ctx;

    (void)s;
    v->open--;
}

static void walk_replaces(void **state)
{
    struct script s;
    char *text;
    struct visit v = { 0 };
    const struct ast_walker walker = { &v, enter_expr, leave_expr, enter_stmt, leave_stmt };

    (void)state;
    script_parse(&s, "BEGIN / 1 / { f(1, 2, $x); comptime 3; unroll 4 { } (typeof(5))@m[6, 7]; "
                     "if 8 { 9 } else { 10; } _ = 11 + 12; return 13 }");
    assert_true(s.ok);
    v.a = &s.a;
    ast_walk_probe(&walker, s.parser.program->probes);
    assert_int_equal(v.open, 0); /* each enter had its leave */
    assert_int_equal(v.stmts, 8);
    assert_int_equal(v.exprs, 20);
    text = dump(s.parser.program);
    assert_null(strstr(text, "int 1\n"));
    assert_non_null(strstr(text, "call f\n      string \"1\"\n      string \"2\"\n      var $x\n"));
    assert_non_null(strstr(text, "comptime\n      int 3\n"));
    assert_non_null(strstr(text, "unroll\n      int 4\n"));
    assert_non_null(strstr(text, "string \"13\""));
    assert_non_null(strstr(text, "string \"5\""));
    free(text);
    script_free(&s);
}

/* Changes what is in the tree, to see whether another one changes with it. */
static bool overwrite(void *ctx, struct expr **e)
{
    (void)ctx;
    if ((*e)->kind == EXPR_INT)
        (*e)->num = 77;
    return true;
}

static void clones(void **state)
{
    const struct ast_walker walker = { .pre_expr = overwrite };
    struct script s;
    struct probe *probe;
    struct block original;
    char *before, *after;

    (void)state;
    script_parse(&s, everything);
    assert_true(s.ok);
    probe = s.parser.program->probes;
    before = dump(s.parser.program);

    original = probe->body;
    probe->body = ast_clone_block(&s.a, &probe->body);
    after = dump(s.parser.program);
    assert_string_equal(before, after);
    free(after);

    ast_walk_block(&walker, &probe->body);
    after = dump(s.parser.program);
    assert_string_not_equal(before, after);
    free(after);

    probe->body = original;
    after = dump(s.parser.program);
    assert_string_equal(before, after);
    free(after);

    assert_null(ast_clone_expr(&s.a, NULL));
    free(before);
    script_free(&s);
}

static void clones_forget(void **state)
{
    struct arena a = { 0 };
    struct var var = { .name = STR("x") };
    struct expr *e = ast_expr(&a, EXPR_VAR, (struct span){ 1, 2 }), *copy;

    (void)state;
    e->var.name = STR("x");
    e->var.sym = &var;
    e->as = AS_USER;
    e->next = e;
    copy = ast_clone_expr(&a, e);
    assert_null(copy->var.sym);
    assert_null(copy->next);
    assert_null(copy->type);
    assert_int_equal(copy->as, AS_NONE);
    assert_int_equal(copy->at.end, 2);
    arena_free(&a);
}

static void types_shown(void **state)
{
    struct script s;
    struct types *types;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    struct expr *e;

    (void)state;
    script_parse(&s, "BEGIN { arg0 }");
    types = types_new(&s.a);
    e = s.parser.program->probes->body.stmts->expr;
    e->type = type_int(types, 8, false);
    e->as = AS_KERNEL;
    ast_dump(s.parser.program, f, true);
    fclose(f);
    assert_non_null(strstr(text, "ident arg0: uint64 kernel\n"));
    free(text);
    script_free(&s);
}

/* ---- depth: accepted or refused in words, never a crash ---- */
static char *repeat(const char *before, const char *piece, size_t n, const char *after)
{
    struct buf b = { 0 };

    buf_puts(&b, before);
    while (n--)
        buf_puts(&b, piece);
    buf_puts(&b, after);
    return b.p;
}

static bool accepts(const char *before, const char *piece, size_t n, const char *after)
{
    char *text = repeat(before, piece, n, after);
    struct script s;
    bool ok;

    script_parse(&s, text);
    ok = s.ok;
    if (ok) {
        struct block copy = ast_clone_block(&s.a, &s.parser.program->probes->body);

        assert_true(copy.stmts || copy.value);
    } else {
        assert_int_equal(s.diags.errors, 1);
        assert_string_equal(s.diags.all.v[0]->text.p, "nested too deeply");
        free(dump(s.parser.program));
    }
    script_free(&s);
    free(text);
    return ok;
}

static void depth(void **state)
{
    (void)state;
    assert_true(accepts("BEGIN { $x = 1", " + 1", 10000, " }"));
    assert_false(accepts("BEGIN { $x = 1", " + 1", 200000, " }"));
    assert_true(accepts("BEGIN { $x", ".a", 10000, " }"));
    assert_false(accepts("BEGIN { $x", "[0]", 100000, " }"));
    assert_true(accepts("BEGIN { $x = ", "- ", 5000, "1 }"));
    assert_false(accepts("BEGIN { $x = ", "- ", 100000, "1 }"));
    assert_false(accepts("BEGIN { $x = ", "(", 100000, ""));
    assert_false(accepts("BEGIN { $x = ", "(uint8)", 100000, "1 }"));
    assert_false(accepts("BEGIN { $x = sizeof(", "typeof(", 100000, ""));
    assert_true(accepts("BEGIN { ", "if a { b } else ", 1000, "{ } }"));
    assert_false(accepts("BEGIN { ", "if a { b } else ", 100000, "{ } }"));
    assert_false(accepts("BEGIN { ", "while a { ", 100000, ""));
    assert_true(accepts("BEGIN { ", "if a { b } ", 100000, "}"));
    assert_true(accepts("BEGIN { f(1", ", 1", 100000, ") }"));
}

static void many_errors(void **state)
{
    char *text = repeat("BEGIN { ", "a b; ", 100000, "}");
    struct script s;

    (void)state;
    script_parse(&s, text);
    assert_false(s.ok);
    assert_int_equal(s.diags.errors, 100);
    script_free(&s);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators),     cmocka_unit_test(keys),
        cmocka_unit_test(walk_replaces), cmocka_unit_test(clones),
        cmocka_unit_test(clones_forget), cmocka_unit_test(types_shown),
        cmocka_unit_test(depth),         cmocka_unit_test(many_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
