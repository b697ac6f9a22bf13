/*
 * fuzz_parse.c - arbitrary bytes as a script: scanned, parsed, dumped, copied
 *
 * Text up to the first NUL byte, if there is one early, is the value of $1 and $2; the rest is the
 * script. A copy of what was accepted must print like the original.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_parse.c && ./fuzz_parse corpus/
 */
#include "parser/parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_builtin(void *ctx, struct str name)
{
    (void)ctx;
    return str_eqz(name, "pid") || str_eqz(name, "comm");
}

static char *dump(const struct program *p, size_t *n)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, n);

    ast_dump(p, f, true);
    fclose(f);
    return text;
}

static void check_clone(struct arena *a, struct program *p)
{
    size_t n, n_copy;
    char *text = dump(p, &n), *copy;

    for (struct probe *probe = p->probes; probe; probe = probe->next) {
        probe->pred = ast_clone_expr(a, probe->pred);
        probe->body = ast_clone_block(a, &probe->body);
    }
    for (struct macro *m = p->macros; m; m = m->next)
        m->body = ast_clone_block(a, &m->body);
    copy = dump(p, &n_copy);
    if (n != n_copy || memcmp(text, copy, n) != 0)
        abort();
    free(text);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str all = { (const char *)data, size };
    ptrdiff_t nul = str_find(str_sub(all, 0, 64), '\0');
    struct str param = str_sub(all, 0, nul < 0 ? 0 : (size_t)nul);
    struct arena arena = { 0 };
    struct sources sources = { 0 };
    struct diags diags = { .arena = &arena, .sources = &sources };
    struct parser p = { .arena = &arena, .diags = &diags, .is_builtin = is_builtin };
    struct str params[] = { param, param };
    FILE *f = fopen("/dev/null", "w");

    source_add(&sources, &arena, STR("first"), STR("x")); /* ours does not begin at 0 */
    p.source = source_add(&sources, &arena, STR("fuzz"), str_sub(all, param.n + (nul >= 0), size));
    p.params = params;
    p.n_params = ARRAY_LEN(params);
    parse_dump_tokens(&p, f);
    diags.errors = 0;
    if (parse_program(&p) != (diags.errors == 0))
        abort();
    ast_dump(p.program, f, false);
    if (!diags.errors)
        check_clone(&arena, p.program);
    diag_print(&diags, f, true, false);
    fclose(f);
    arena_free(&arena);
    return 0;
}
