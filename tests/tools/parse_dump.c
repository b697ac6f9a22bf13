/*
 * parse_dump.c - the first two stages alone: text to tokens, text to tree
 *
 *     parse_dump tokens|ast FILE [PARAMETER...]
 *
 * What hark --dump does, without LLVM, libbpf and root, so that the golden tests of scanner and
 * parser run anywhere. Messages go to stderr; then the exit status is 1.
 */
#include "parser/parse.h"

#include <stdio.h>
#include <string.h>

/* A few names the registry has: enough to tell "(cpu) * 2" from a cast. */
static bool is_builtin(void *ctx, struct str name)
{
    static const char *const names[] = { "pid", "tid", "cpu", "comm", "nsecs", "arg0", "count" };

    (void)ctx;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqz(name, names[i]))
            return true;
    }
    return false;
}

static bool read_file(const char *path, struct buf *text)
{
    FILE *f = fopen(path, "r");
    char bytes[4096];
    size_t n;

    if (!f)
        return false;
    while ((n = fread(bytes, 1, sizeof(bytes), f)))
        buf_add(text, bytes, n);
    fclose(f);
    return true;
}

int main(int argc, char **argv)
{
    struct arena arena = { 0 };
    struct sources sources = { 0 };
    struct diags diags = { .arena = &arena, .sources = &sources };
    struct parser p = { .arena = &arena, .diags = &diags, .is_builtin = is_builtin };
    struct buf text = { 0 };
    struct str *params;

    if (argc < 3 || !read_file(argv[2], &text)) {
        fprintf(stderr, "usage: parse_dump tokens|ast FILE [PARAMETER...]\n");
        return 2;
    }
    setvbuf(stderr, NULL, _IOFBF, BUFSIZ); /* messages are written byte by byte */
    params = ARENA_ARRAY(&arena, struct str, (size_t)argc);
    for (int i = 3; i < argc; i++)
        params[i - 3] = str_from(argv[i]);
    p.params = params;
    p.n_params = (size_t)argc - 3;
    p.source = source_add(&sources, &arena, str_from(argv[2]), buf_as_str(&text));
    if (strcmp(argv[1], "tokens") == 0)
        parse_dump_tokens(&p, stdout);
    else if (parse_program(&p))
        ast_dump(p.program, stdout, false);
    diag_print(&diags, stderr, true, false);
    arena_free(&arena);
    buf_free(&text);
    return diags.errors > 0;
}
