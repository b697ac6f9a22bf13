/*
 * fuzz_sema.c - any text through scanner, parser and every pass up to the plan
 *
 * The kernel is the fixture, so that nothing of this machine is read. Whatever the text, the result
 * is a plan or messages.
 */
#include "builtins/builtin.h"
#include "kernel/kernel.h"
#include "output/out.h"
#include "parser/parse.h"
#include "probes/provider.h"
#include "sema/sema.h"
#include "symbols/symbols.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static void compile(struct compile *c, const struct source *source)
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
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
    compile(&c,
            source_add(&sources, &arena, STR("fuzz"), (struct str){ (const char *)data, size }));
    if (null) {
        diag_print(&diags, null, true, false);
        fclose(null);
    }
    image_free(c.image);
    symbols_close(host.symbols);
    kernel_close(host.kernel);
    arena_free(&arena);
    return 0;
}
