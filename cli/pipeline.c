/*
 * pipeline.c - from text to a run; the first file to read
 *
 * The compiler is a table of passes over one struct compile. Each pass reports what it finds wrong;
 * the first that does ends the compilation. Out of the last one comes an ELF object, the image, and
 * the second half, session.h, takes it from there: it never sees anything else.
 */
#include "cli/pipeline.h"

#include "base/deps.h"
#include "base/file.h"
#include "codegen/codegen.h"
#include "format/format.h"
#include "kernel/kernel.h"
#include "output/out.h"
#include "parser/parse.h"
#include "runtime/session.h"
#include "sema/sema.h"
#include "symbols/symbols.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A compilation, and what only the passes at its two ends need. */
struct job {
    struct compile c;
    const struct source *source;
    struct codegen *codegen;
};

struct pass {
    const char *name;  /* also the word for --dump=NAME */
    const char *alias; /* the word -d knows it by */
    bool (*run)(struct job *);
    void (*dump)(const struct job *, FILE *);
};

static bool is_builtin_word(void *ctx, struct str name)
{
    const struct compile *c = ctx;
    const struct builtin *b = builtin_find(c->registry, name);

    return b != NULL;
}

static struct parser make_parser(struct job *j)
{
    return (struct parser){
        .arena = j->c.arena,
        .diags = j->c.diags,
        .source = j->source,
        .params = j->c.config->opt.params.v,
        .n_params = j->c.config->opt.params.n,
        .is_builtin = is_builtin_word,
        .ctx = &j->c,
    };
}

static bool run_tokens(struct job *j)
{
    (void)j; /* scanning is part of parsing; the entry is there for its dump */
    return true;
}

static void dump_tokens(const struct job *j, FILE *f)
{
    /* Dumping scans the text once more: its own messages would be said twice. */
    struct diags ignored = { .arena = j->c.arena, .sources = j->c.sources };
    struct job copy = *j;
    struct parser p;

    copy.c.diags = &ignored;
    p = make_parser(&copy);
    parse_dump_tokens(&p, f);
}

static bool run_parse(struct job *j)
{
    struct parser p = make_parser(j);
    bool ok = parse_program(&p);

    j->c.program = p.program;
    return ok;
}

static void dump_ast(const struct job *j, FILE *f)
{
    ast_dump(j->c.program, f, false);
}

static void dump_types(const struct job *j, FILE *f)
{
    ast_dump(j->c.program, f, true);
}

static void dump_plan(const struct job *j, FILE *f)
{
    image_dump(j->c.image, f);
}

static bool run_ir(struct job *j)
{
    struct codegen_input in = {
        .program = j->c.program,
        .image = j->c.image,
        .config = j->c.config,
        .host = j->c.host,
        .registry = j->c.registry,
        .diags = j->c.diags,
        .sources = j->c.sources,
    };

    j->c.image->config = *j->c.config;
    j->c.image->source_name = str_dup(&j->c.image->arena, j->source->name);
    return codegen_ir(&in, &j->codegen);
}

static void dump_ir(const struct job *j, FILE *f)
{
    codegen_dump_ir(j->codegen, f);
}

static bool run_object(struct job *j)
{
    return codegen_object(j->codegen);
}

static void dump_object(const struct job *j, FILE *f)
{
    codegen_dump_object(j->c.image, f);
}

#define SEMA_PASS(name)                                                                            \
    static bool run_##name(struct job *j)                                                          \
    {                                                                                              \
        return sema_##name(&j->c);                                                                 \
    }
SEMA_PASS(settings)
SEMA_PASS(attach)
SEMA_PASS(resolve)
SEMA_PASS(infer)
SEMA_PASS(check)
SEMA_PASS(plan)

/* A program of --aot runs elsewhere: what cannot is refused as soon as no macro hides it. */
static bool run_macro(struct job *j)
{
    return sema_macro(&j->c) && (!j->c.aot || sema_check_aot(&j->c));
}

/* "-- --help" asks for the script's options instead of a run. */
static bool run_fold(struct job *j)
{
    return sema_fold(&j->c) && !sema_print_options(&j->c, stdout);
}

static const struct pass passes[] = {
    { "tokens", NULL, run_tokens, dump_tokens },
    { "parse", "ast", run_parse, dump_ast },      /* text → AST; looks at nothing else */
    { "settings", NULL, run_settings, dump_ast }, /* config block, C part */
    { "macro", NULL, run_macro, dump_ast },       /* macros → plain AST */
    { "attach", NULL, run_attach, dump_ast },     /* attach points → targets */
    { "resolve", NULL, run_resolve, dump_ast },   /* names bound */
    { "fold", NULL, run_fold, dump_ast },         /* constants */
    { "infer", "types", run_infer, dump_types },  /* expr->type */
    { "check", NULL, run_check, dump_types },     /* rules */
    { "plan", NULL, run_plan, dump_plan },        /* maps, actions, programs: the manifest */
    { "ir", "codegen", run_ir, dump_ir },         /* LLVM module, verified */
    { "object", "dis", run_object, dump_object }, /* optimised ELF in the image */
};

/* Words of -d that are no pass: the runtime acts on them. */
static const char *const other_stages[] = { "all", "codegen-opt", "libbpf", "verifier" };

static bool stage_matches(struct str word, const struct pass *p)
{
    return str_eqz(word, p->name) || (p->alias && str_eqz(word, p->alias)) ||
           str_eqz(word, "all") || (str_eqz(word, "codegen-opt") && p->run == run_object);
}

/* Calls fn for each word of a comma-separated list. */
static bool stage_asked(const char *list, const struct pass *p)
{
    while (list && *list) {
        size_t n = strcspn(list, ",");

        if (stage_matches((struct str){ list, n }, p))
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

static bool stages_valid(const char *list)
{
    while (list && *list) {
        size_t n = strcspn(list, ",");
        struct str word = { list, n };
        bool known = false;

        for (size_t i = 0; i < ARRAY_LEN(passes); i++)
            known = known || stage_matches(word, &passes[i]);
        for (size_t i = 0; i < ARRAY_LEN(other_stages); i++)
            known = known || str_eqz(word, other_stages[i]);
        if (!known) {
            fprintf(stderr, "ERROR: unknown stage '%.*s'\nHINT: stages are", STRF(word));
            for (size_t i = 0; i < ARRAY_LEN(passes); i++)
                fprintf(stderr, " %s", passes[i].name);
            fputs(" all\n", stderr);
            return false;
        }
        list += n + (list[n] == ',');
    }
    return true;
}

static double now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* --emit-llvm: FILE.original.ll after the pass "ir", FILE.optimized.ll after "object". */
static bool emit_llvm(const struct job *j, const char *base, const struct pass *p)
{
    const char *suffix = p->run == run_ir       ? "original.ll"
                         : p->run == run_object ? "optimized.ll"
                                                : NULL;
    struct str path;
    FILE *f;

    if (!base || !suffix)
        return true;
    path = str_printf(j->c.arena, "%s.%s", base, suffix);
    f = fopen(path.p, "we");
    if (f)
        codegen_dump_ir(j->codegen, f);
    if (f && !ferror(f) && fclose(f) == 0)
        return true;
    fprintf(stderr, "ERROR: cannot write '%s': %s\n", path.p, strerror(errno));
    return false;
}

/* The passes up to the last one wanted. */
static enum compiled run_passes(struct job *j, const struct args *args)
{
    const char *dump = j->c.config->opt.dump;
    size_t last = ARRAY_LEN(passes);

    if (args->stop_after_dump) {
        last = 0;
        for (size_t i = 0; i < ARRAY_LEN(passes); i++) {
            if (stage_asked(dump, &passes[i]))
                last = i + 1;
        }
    }
    for (size_t i = 0; i < last; i++) {
        double start = args->timings ? now_ms() : 0;
        bool ok = passes[i].run(j);

        if (args->timings)
            fprintf(stderr, "%-10s %8.3f ms\n", passes[i].name, now_ms() - start);
        if (!ok || j->c.diags->errors)
            return COMPILED_FAILED;
        if (!emit_llvm(j, args->llvm_out, &passes[i]))
            return COMPILED_FAILED;
        if (stage_asked(dump, &passes[i])) {
            passes[i].dump(j, stdout);
            fflush(stdout);
        }
    }
    return args->stop_after_dump ? COMPILED_STOPPED : COMPILED_OK;
}

static void print_messages(const struct job *j)
{
    const struct options *o = &j->c.config->opt;

    diag_print(j->c.diags, stderr, o->warnings != WARNINGS_NONE, o->colour);
}

/* Everything one compilation needs, in one frame: the arena, the sources, the messages. */
struct workspace {
    struct arena arena;
    struct sources sources;
    struct diags diags;
    struct job job;
};

static void workspace_open(struct workspace *w, struct config *config, const struct host *host,
                           const struct registry *registry, const struct script *script)
{
    *w = (struct workspace){ 0 };
    w->diags = (struct diags){ .arena = &w->arena, .sources = &w->sources };
    w->job.c = (struct compile){
        .arena = &w->arena,
        .sources = &w->sources,
        .diags = &w->diags,
        .config = config,
        .host = host,
        .registry = registry,
        .image = image_new(),
    };
    w->job.source = source_add(&w->sources, &w->arena, script->name, script->text);
}

static void workspace_close(struct workspace *w)
{
    codegen_free(w->job.codegen);
    image_free(w->job.c.image);
    arena_free(&w->arena);
}

enum compiled pipeline_compile(const struct args *args, struct config *config,
                               const struct host *host, const struct registry *registry,
                               const struct script *script, struct buf *elf)
{
    struct workspace w;
    enum compiled result;

    if (!stages_valid(config->opt.dump))
        return COMPILED_FAILED;
    workspace_open(&w, config, host, registry, script);
    w.job.c.aot = args->aot_out != NULL;
    result = run_passes(&w.job, args);
    print_messages(&w.job);
    if (w.diags.all.n) /* to be said again the next time */
        deps_refuse(host->deps);
    if (result == COMPILED_OK)
        buf_str(elf, w.job.c.image->elf);
    workspace_close(&w);
    return result;
}

int pipeline_list(const struct args *args, struct config *config, const struct host *host,
                  const struct registry *registry, const struct script *script)
{
    struct workspace w;
    bool ok;

    (void)args;
    workspace_open(&w, config, host, registry, script);
    w.job.c.list_only = true;
    ok = run_parse(&w.job) && run_settings(&w.job) && run_macro(&w.job) && run_attach(&w.job);
    print_messages(&w.job);
    for (const struct probe *p = ok ? w.job.c.program->probes : NULL; p; p = p->next) {
        for (size_t i = 0; i < p->n_targets; i++)
            printf("%.*s\n", STRF(p->targets[i].label));
    }
    workspace_close(&w);
    return ok ? 0 : 1;
}

int pipeline_format(struct config *config, const struct host *host, const struct registry *registry,
                    const struct script *script)
{
    const char *path = config->opt.output;
    struct buf text = { 0 };
    struct workspace w;
    struct parser p;
    int rc = 0;
    bool ok;

    workspace_open(&w, config, host, registry, script);
    p = make_parser(&w.job);
    ok = format_script(&p, &text);
    print_messages(&w.job);
    workspace_close(&w);
    if (ok && path)
        rc = file_replace(path, buf_as_str(&text), 0666);
    else if (ok)
        fwrite(text.p, 1, text.n, stdout);
    if (rc)
        fprintf(stderr, "ERROR: cannot write '%s': %s\n", path, strerror(-rc));
    buf_free(&text);
    return ok && !rc ? 0 : 1;
}

static const struct value_kind *find_kind(const void *ctx, struct str name)
{
    return builtin_kind(ctx, name);
}

static const struct builtin *find_builtin(const void *ctx, struct str name)
{
    return builtin_find(ctx, name);
}

/* An image carries offsets into kernel structs; they must be this kernel's. */
static int check_identity(const struct image *image, const struct host *host, struct err *e)
{
    if (!image->btf_identity)
        return 0;
    kernel_type(host->kernel, image->types, 's', STR("task_struct")); /* opens BTF */
    if (kernel_btf_identity(host->kernel) == image->btf_identity)
        return 0;
    return err_set(e, -EINVAL,
                   "this image was compiled for another kernel: its struct offsets do "
                   "not fit");
}

int pipeline_run(struct str elf, const struct config *config, struct host *host,
                 const struct registry *registry)
{
    const struct image_names names = { find_kind, find_builtin, registry };
    struct image *image = NULL;
    struct session *session = NULL;
    struct out *out = NULL;
    struct err e = { 0 };
    int status, rc;

    status = 1;
    rc = image_decode(&image, elf, &names, &e);
    if (!rc)
        rc = check_identity(image, host, &e);
    if (!rc) {
        symbols_set_demangle(host->symbols, image->config.cpp_demangle);
        rc = session_check(config, &e);
    }
    if (!rc)
        rc = out_open(&out, config, &e);
    if (!rc) {
        status = 255;
        rc = session_open(&session, image, host, registry, out, &e);
    }
    if (!rc)
        rc = session_run(session, &e);
    if (!rc)
        status = session_exit_code(session);
    if (out && out_flush(out) && !rc)
        rc = err_set(&e, (status = 1, -EIO), "writing results failed: %s", strerror(-out->error));
    if (rc) {
        diag_print_one(stderr, SEVERITY_ERROR, NULL, str_from(e.text), config->opt.colour);
        if (e.hint[0])
            fprintf(stderr, "HINT: %s\n", e.hint);
    }
    session_close(session);
    out_close(out);
    image_free(image);
    return status;
}
