/*
 * format_check.c - formats scripts and sees whether anything but blank space has changed
 *
 *     format_check FILE...
 *
 * For each file that can be parsed: formatting keeps all that is no blank, the tree stays the same,
 * and formatting again changes nothing. Says what does not hold, then how many files were
 * formatted; the exit status is 1 if something did not hold.
 */
#include "format/format.h"

#include <stdio.h>
#include <string.h>

static bool is_builtin(void *ctx, struct str name)
{
    (void)ctx;
    return str_eqz(name, "pid") || str_eqz(name, "cpu") || str_eqz(name, "nsecs");
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

/* The formatted text and the tree of the text as it is. false: it cannot be parsed. */
static bool format(struct str text, struct buf *formatted, struct buf *tree)
{
    struct arena arena = { 0 };
    struct sources sources = { 0 };
    struct diags diags = { .arena = &arena, .sources = &sources };
    struct parser p = { .arena = &arena, .diags = &diags, .is_builtin = is_builtin };
    char *dump = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&dump, &n);
    bool ok;

    p.source = source_add(&sources, &arena, STR("script"), text);
    ok = format_script(&p, formatted);
    if (ok)
        ast_dump(p.program, f, false);
    fclose(f);
    buf_add(tree, dump, n);
    free(dump);
    arena_free(&arena);
    return ok;
}

static void put_bare(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!strchr(" \t\r\n", text.p[i]) || !text.p[i])
            buf_putc(out, text.p[i]);
    }
}

static bool same(const struct buf *a, const struct buf *b)
{
    return str_eq(buf_as_str(a), buf_as_str(b));
}

/* NULL, or what does not hold. *formatted: could it be parsed? */
static const char *check(const char *path, bool *formatted)
{
    struct buf text = { 0 }, once = { 0 }, twice = { 0 }, before = { 0 }, after = { 0 };
    struct buf bare = { 0 }, bare_once = { 0 };
    const char *wrong = NULL;

    *formatted = false;
    if (!read_file(path, &text)) {
        wrong = "cannot be read";
    } else if (format(buf_as_str(&text), &once, &before)) {
        *formatted = true;
        put_bare(buf_as_str(&text), &bare);
        put_bare(buf_as_str(&once), &bare_once);
        if (!same(&bare, &bare_once))
            wrong = "more than blank space has changed";
        else if (!format(buf_as_str(&once), &twice, &after))
            wrong = "what came out cannot be parsed";
        else if (!same(&before, &after))
            wrong = "the tree is another one";
        else if (!same(&once, &twice))
            wrong = "formatting twice changes it once more";
    }
    buf_free(&text);
    buf_free(&once);
    buf_free(&twice);
    buf_free(&before);
    buf_free(&after);
    buf_free(&bare);
    buf_free(&bare_once);
    return wrong;
}

int main(int argc, char **argv)
{
    unsigned n = 0, failed = 0;

    for (int i = 1; i < argc; i++) {
        bool formatted;
        const char *wrong = check(argv[i], &formatted);

        n += formatted;
        if (wrong) {
            printf("%s: %s\n", argv[i], wrong);
            failed++;
        }
    }
    printf("%u formatted\n", n);
    return failed ? 1 : 0;
}
