/*
 * compile.c - any text through scanner, parser and the passes of the compiler
 */
#include "tests/fuzz/compile.h"

#include "builtins/builtin.h"
#include "codegen/codegen.h"
#include "kernel/kernel.h"
#include "output/out.h"
#include "parser/parse.h"
#include "probes/provider.h"
#include "sema/sema.h"
#include "symbols/symbols.h"

#include <stdio.h>

static const struct registry *registry(void)
{
    static struct registry reg;

    reg = (struct registry){ builtin_families, probe_providers, out_formats() };
    return &reg;
}

static bool is_builtin(void *ctx, struct str name)
{
    (void)ctx;
    return builtin_find(registry(), name) != NULL;
}

static void generate(struct compile *c, const struct source *source)
{
    struct codegen_input in = {
        .program = c->program,
        .image = c->image,
        .config = c->config,
        .host = c->host,
        .registry = c->registry,
        .diags = c->diags,
        .sources = c->sources,
    };
    struct codegen *codegen = NULL;

    c->image->config = *c->config;
    c->image->source_name = str_dup(&c->image->arena, source->name);
    if (codegen_ir(&in, &codegen))
        codegen_object(codegen);
    codegen_free(codegen);
}

static void compile(struct compile *c, const struct source *source, bool to_object)
{
    static bool (*const passes[])(struct compile *) = {
        sema_settings, sema_macro, sema_attach, sema_resolve,
        sema_fold,     sema_infer, sema_check,  sema_plan,
    };
    struct parser p = {
        .arena = c->arena,
        .diags = c->diags,
        .source = source,
        .is_builtin = is_builtin,
    };

    if (!parse_program(&p))
        return;
    c->program = p.program;
    for (size_t i = 0; i < ARRAY_LEN(passes); i++) {
        if (!passes[i](c) || c->diags->errors)
            return;
    }
    if (to_object)
        generate(c, source);
}

void fuzz_compile(struct str text, bool to_object)
{
    struct arena arena = { 0 };
    struct sources sources = { 0 };
    struct diags diags = { .arena = &arena, .sources = &sources };
    struct config config = { 0 };
    struct host host = { .config = &config };
    struct compile c = {
        .arena = &arena,
        .sources = &sources,
        .diags = &diags,
        .config = &config,
        .host = &host,
        .registry = registry(),
    };
    FILE *null = fopen("/dev/null", "w");

    config_init(&config);
    config.opt.format = "text";
    config.opt.unsafe = true;
    host.kernel = kernel_open("tests/fixtures/kernel");
    host.symbols = symbols_open("tests/fixtures/kernel", true);
    c.image = image_new();
    compile(&c, source_add(&sources, &arena, STR("fuzz"), text), to_object);
    if (null) {
        diag_print(&diags, null, true, false);
        fclose(null);
    }
    image_free(c.image);
    symbols_close(host.symbols);
    kernel_close(host.kernel);
    arena_free(&arena);
}
