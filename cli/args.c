/*
 * args.c - the command line
 *
 * Options may stand before and after other words until "--". After "--", words starting with "--"
 * are the script's named parameters, all others its positional ones (LANGUAGE.md 20).
 */
#include "cli/args.h"

#include <getopt.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_UNSAFE = 256,
    OPT_DRY_RUN,
    OPT_INFO,
    OPT_NO_WARNINGS,
    OPT_INCLUDE,
    OPT_DUMP,
    OPT_EMIT_ELF,
    OPT_RUN_IMAGE,
    OPT_TIMINGS,
    OPT_NO_CACHE,
    OPT_USDT,
    OPT_FOLLOW,
    OPT_BUILTINS,
    OPT_FUNCTIONS,
    OPT_NO_FEATURE,
    OPT_EXACT_PROBES,
    OPT_TEST,
    OPT_BENCH,
    OPT_MODE,
    OPT_PROBE_FILTER,
    OPT_FMT,
    OPT_EMIT_LLVM,
    OPT_VERIFY_LLVM,
    OPT_AOT,
    OPT_DEBUGINFO,
};

static const struct option long_options[] = {
    { "list", no_argument, NULL, 'l' },
    { "verbose", no_argument, NULL, 'v' },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { "info", no_argument, NULL, OPT_INFO },
    { "pid", required_argument, NULL, 'p' },
    { "follow", no_argument, NULL, OPT_FOLLOW },
    { "cmd", required_argument, NULL, 'c' },
    { "output", required_argument, NULL, 'o' },
    { "format", required_argument, NULL, 'f' },
    { "quiet", no_argument, NULL, 'q' },
    { "warnings", no_argument, NULL, 'k' },
    { "no-warnings", no_argument, NULL, OPT_NO_WARNINGS },
    { "include", required_argument, NULL, OPT_INCLUDE },
    { "unsafe", no_argument, NULL, OPT_UNSAFE },
    { "dry-run", no_argument, NULL, OPT_DRY_RUN },
    { "debug", required_argument, NULL, 'd' },
    { "dump", required_argument, NULL, OPT_DUMP },
    { "emit-elf", required_argument, NULL, OPT_EMIT_ELF },
    { "run-image", required_argument, NULL, OPT_RUN_IMAGE },
    { "timings", no_argument, NULL, OPT_TIMINGS },
    { "no-cache", no_argument, NULL, OPT_NO_CACHE },
    { "btf", no_argument, NULL, 'b' },
    { "usdt-file-activation", no_argument, NULL, OPT_USDT },
    { "test", no_argument, NULL, OPT_TEST },
    { "bench", no_argument, NULL, OPT_BENCH },
    { "mode", required_argument, NULL, OPT_MODE },
    { "probe-filter", required_argument, NULL, OPT_PROBE_FILTER },
    { "fmt", no_argument, NULL, OPT_FMT },
    { "emit-llvm", required_argument, NULL, OPT_EMIT_LLVM },
    { "verify-llvm-ir", no_argument, NULL, OPT_VERIFY_LLVM },
    { "aot", required_argument, NULL, OPT_AOT },
    { "debuginfo", required_argument, NULL, OPT_DEBUGINFO },
    { "builtins", no_argument, NULL, OPT_BUILTINS },
    { "traceable-functions", required_argument, NULL, OPT_FUNCTIONS },
    { "exact-probes", no_argument, NULL, OPT_EXACT_PROBES },
    { "no-feature", required_argument, NULL, OPT_NO_FEATURE },
    { NULL, 0, NULL, 0 },
};

void args_usage(FILE *f)
{
    fputs(
        "Usage: hark [options] FILE [params…]      run a script (- reads standard input)\n"
        "       hark [options] -e 'program' [params…]\n"
        "       hark -l[v] [search]                list probes, e.g. hark -l 'tracepoint:sched:*'\n"
        "       hark --info                        what this kernel offers\n"
        "\n"
        "Options:\n"
        "  -e PROGRAM          run this text\n"
        "  -l, --list [SEARCH] list probes that match, or those of a script\n"
        "  -p, --pid PID       trace one process; ends when it does\n"
        "  -c, --cmd COMMAND   start a command and trace it; ends when it does\n"
        "      --follow        with -p or -c: also the processes it starts\n"
        "  -o, --output FILE   write results to FILE\n"
        "  -f, --format FORMAT text (default) or json\n"
        "  -B MODE             buffering of results: line (default), full, none\n"
        "  -q, --quiet         do not say how many probes were attached\n"
        "  -v, --verbose       say what is being done; with -l: arguments of probes\n"
        "  -k, --warnings      also warn about failed reads and missing map keys\n"
        "      --no-warnings   no warnings at all\n"
        "      --unsafe        allow system() and what else can change the machine\n"
        "      --dry-run       compile, load and attach, then stop\n"
        "      --test          run the test: probes and say which passed\n"
        "      --bench         run the bench: probes and say how long they take\n"
        "      --probe-filter REGEX\n"
        "                      only the probes whose name matches\n"
        "  -I DIR              where #include looks; may be repeated\n"
        "      --include FILE  as if the script included FILE first\n"
        "      --debuginfo DIR[:DIR]  where separate debug files are, besides /usr/lib/debug\n"
        "      --fmt           print the script formatted; with -o: into that file\n"
        "  -h, --help          this text\n"
        "  -V, --version       version\n"
        "\n"
        "For those who look inside:\n"
        "      --dump STAGES   print stages and stop: tokens parse attach resolve fold infer\n"
        "                      check plan ir object all\n"
        "  -d, --debug STAGES  print stages and go on: all ast types codegen codegen-opt\n"
        "                      libbpf verifier parse dis\n"
        "      --mode MODE     test, bench, codegen (compile only), compiler-bench (and time it)\n"
        "      --emit-elf FILE keep the compiled program: an ELF object with its manifest\n"
        "      --run-image FILE run such a file\n"
        "      --aot FILE      write a program that does what the script does\n"
        "      --emit-llvm FILE  LLVM IR, to FILE.original.ll and FILE.optimized.ll\n"
        "      --traceable-functions FILE  names of functions, instead of the kernel's list\n"
        "      --exact-probes  attach to what is written, never to an equivalent that costs less\n"
        "      --no-feature F[,F]  do without kprobe_multi, kprobe_session, uprobe_multi,\n"
        "                      large_keys\n"
        "      --timings       time spent in each phase\n"
        "      --no-cache      compile, even if this script was compiled before\n"
        "      --builtins      all builtin variables and functions\n"
        "\n"
        "Environment: BPFTRACE_<KEY> for each key of config = { }, BPFTRACE_BTF, BPFTRACE_COLOR,\n"
        "HARK_CACHE (a directory, or off).\n"
        "\n"
        "Examples:\n"
        "  hark -e 'tracepoint:syscalls:sys_enter_openat { printf(\"%s %s\\n\", comm, "
        "str(args.filename)); }'\n"
        "      files opened, by process\n"
        "  hark -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }'\n"
        "      system calls by process; Ctrl-C prints the counts\n"
        "  hark -e 'tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @bytes = hist(args.ret); "
        "}'\n"
        "      distribution of read sizes\n"
        "  hark -e 'profile:hz:99 { @[kstack] = count(); }'\n"
        "      where the kernel spends its time\n",
        f);
}

static int usage_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
static int usage_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("ERROR: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return 1;
}

static int parse_pid(const char *text, uint32_t *pid)
{
    uint64_t n;
    const char *why = NULL;

    if (!str_to_u64(str_from(text), false, &n, &why) || n == 0 || n > 0x400000)
        return usage_error("-p: '%s' is no process id (1 to %d)", text, 0x400000);
    *pid = (uint32_t)n;
    return 0;
}

static int parse_buffering(const char *text, enum config_buffering *out)
{
    if (strcmp(text, "line") == 0)
        *out = BUFFERING_LINE;
    else if (strcmp(text, "full") == 0)
        *out = BUFFERING_FULL;
    else if (strcmp(text, "none") == 0)
        *out = BUFFERING_NONE;
    else
        return usage_error("-B: '%s' is none of line, full, none", text);
    return 0;
}

/* kernel_forget() is told later. */
static int parse_no_feature(const char *list, struct options *o)
{
    static const char *const words[] = { "kprobe_multi", "kprobe_session", "uprobe_multi",
                                         "large_keys" };
    static const unsigned bits[] = { NO_KPROBE_MULTI, NO_KPROBE_SESSION, NO_UPROBE_MULTI,
                                     NO_LARGE_KEYS };

    for (const char *p = list;; p++) {
        struct str word = { p, strcspn(p, ",") };
        size_t i = 0;

        while (i < ARRAY_LEN(words) && !str_eqz(word, words[i]))
            i++;
        if (i == ARRAY_LEN(words))
            return usage_error("--no-feature: '%.*s' is none of kprobe_multi, kprobe_session, "
                               "uprobe_multi, large_keys",
                               STRF(word));
        o->no_features |= bits[i];
        p += word.n;
        if (!*p)
            return 0;
    }
}

/* What the run is for; a second wish contradicts the first. */
static int parse_mode(const char *word, struct args *a, struct options *o)
{
    if (o->run != RUN_PROBES || a->compile_only)
        return usage_error("--test, --bench and --mode cannot be used together");
    if (strcmp(word, "test") == 0)
        o->run = RUN_TESTS;
    else if (strcmp(word, "bench") == 0)
        o->run = RUN_BENCHES;
    else if (strcmp(word, "codegen") == 0)
        a->compile_only = true;
    else if (strcmp(word, "compiler-bench") == 0)
        a->compile_only = a->timings = true;
    else if (strcmp(word, "format") == 0)
        a->mode = MODE_FORMAT;
    else
        return usage_error("--mode: '%s' is none of test, bench, codegen, compiler-bench, format",
                           word);
    return 0;
}

static int parse_filter(const char *text, struct options *o)
{
    char why[128];
    regex_t regex;
    int rc = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);

    if (rc) {
        regerror(rc, &regex, why, sizeof(why));
        return usage_error("--probe-filter: '%s' is no regular expression: %s", text, why);
    }
    regfree(&regex);
    o->probe_filter = text;
    return 0;
}

/* One option. 0, or the exit status of a usage error. */
static int parse_option(int c, struct args *a, struct options *o, unsigned *k)
{
    switch (c) {
    case OPT_TEST:
        return parse_mode("test", a, o);
    case OPT_BENCH:
        return parse_mode("bench", a, o);
    case OPT_MODE:
        return parse_mode(optarg, a, o);
    case OPT_FMT:
        return parse_mode("format", a, o);
    case OPT_EMIT_LLVM:
        a->llvm_out = optarg;
        return 0;
    case OPT_AOT:
        a->aot_out = optarg;
        return 0;
    case OPT_DEBUGINFO:
        o->debug_dirs = optarg;
        return 0;
    case OPT_PROBE_FILTER:
        return parse_filter(optarg, o);
    case 'e':
        a->text = str_from(optarg);
        a->has_text = true;
        return 0;
    case 'l':
        a->mode = MODE_LIST;
        return 0;
    case 'v':
        o->verbose = true;
        return 0;
    case 'h':
        a->mode = MODE_HELP;
        return 0;
    case 'V':
        a->mode = MODE_VERSION;
        return 0;
    case OPT_INFO:
        a->mode = MODE_INFO;
        return 0;
    case OPT_BUILTINS:
        a->mode = MODE_BUILTINS;
        return 0;
    case 'p':
        o->filter_pid = true;
        return parse_pid(optarg, &o->pid);
    case OPT_FOLLOW:
        o->follow = true;
        return 0;
    case 'c':
        o->cmd = optarg;
        return 0;
    case 'o':
        o->output = optarg;
        return 0;
    case 'f':
        o->format = optarg;
        return 0;
    case 'B':
        return parse_buffering(optarg, &o->buffering);
    case 'q':
        o->quiet = true;
        return 0;
    case 'k':
        if (++*k > 1)
            return usage_error("-kk was merged into -k: give it once");
        o->warnings = WARNINGS_ALL;
        return 0;
    case OPT_NO_WARNINGS:
        o->warnings = WARNINGS_NONE;
        return 0;
    case 'I':
        vec_push(&o->include_dirs, optarg);
        return 0;
    case OPT_INCLUDE:
        vec_push(&o->includes, optarg);
        return 0;
    case OPT_UNSAFE:
        o->unsafe = true;
        return 0;
    case OPT_DRY_RUN:
        o->dry_run = true;
        return 0;
    case OPT_EXACT_PROBES:
        o->exact_probes = true;
        return 0;
    case 'd':
        o->dump = optarg;
        return 0;
    case OPT_DUMP:
        o->dump = optarg;
        a->stop_after_dump = true;
        return 0;
    case OPT_EMIT_ELF:
        a->image_out = o->elf_out = optarg;
        return 0;
    case OPT_RUN_IMAGE:
        a->image_in = optarg;
        return 0;
    case OPT_TIMINGS:
        a->timings = true;
        return 0;
    case OPT_FUNCTIONS:
        o->functions = optarg;
        return 0;
    case OPT_NO_FEATURE:
        return parse_no_feature(optarg, o);
    case OPT_NO_CACHE:
        a->no_cache = true;
        return 0;
    case 'b':             /* once chose BTF */
    case OPT_USDT:        /* the kernel's reference counter does it */
    case OPT_VERIFY_LLVM: /* always done */
        return 0;
    }
    return -1;
}

/* Words after the options: the script's file unless -e was given, then its parameters. */
static int parse_words(int argc, char **argv, int options_end, struct args *a, struct options *o)
{
    int i = optind;

    if (!a->has_text && i < options_end)
        a->file = argv[i++];
    for (; i < options_end; i++)
        vec_push(&o->params, str_from(argv[i]));
    for (i = options_end + 1; i < argc; i++) { /* after "--" */
        if (strncmp(argv[i], "--", 2) == 0)
            vec_push(&o->named, str_from(argv[i] + 2));
        else if (!a->has_text && !a->file)
            a->file = argv[i];
        else
            vec_push(&o->params, str_from(argv[i]));
    }
    return 0;
}

/* A program written by --aot is its script, which takes no parameters. */
static int check_aot(const struct args *a)
{
    if (a->mode == MODE_RUN && !a->has_text && !a->file && !a->image_in)
        return 0;
    return usage_error("this is a compiled script: it takes options of a run, and no parameters");
}

int args_parse(int argc, char **argv, struct args *a, struct config *config)
{
    struct options *o = &config->opt;
    int options_end = argc, c, rc;
    unsigned k = 0;

    *a = (struct args){ .argc = argc, .argv = argv, .is_aot = a->is_aot };
    o->format = "text";
    o->warnings = WARNINGS_DEFAULT;
    if (argc < 2 && !a->is_aot) {
        args_usage(stderr);
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            options_end = i;
            break;
        }
    }
    opterr = 1;
    while ((c = getopt_long(options_end, argv, "e:lvhVp:c:o:f:B:qkI:d:b", long_options, NULL)) !=
           -1) {
        rc = parse_option(c, a, o, &k);
        if (rc < 0)
            args_usage(stderr);
        if (rc)
            return 1;
    }
    if (k && o->warnings == WARNINGS_NONE)
        return usage_error("-k and --no-warnings contradict each other");
    if (o->pid && o->cmd)
        return usage_error("-p and -c cannot be used together");
    if (o->follow && !o->pid && !o->cmd)
        return usage_error("--follow needs a process: -p or -c");
    o->filter_pid |= o->follow;
    if (a->mode == MODE_HELP || a->mode == MODE_VERSION || a->mode == MODE_INFO ||
        a->mode == MODE_BUILTINS)
        return 0;
    if (a->aot_out && k)
        return usage_error("--aot and -k cannot be used together");
    parse_words(argc, argv, options_end, a, o);
    if (a->is_aot)
        return check_aot(a);
    if (a->mode == MODE_LIST || a->image_in)
        return 0;
    if (!a->has_text && !a->file)
        return usage_error("no program: give a file, or text with -e 'program'");
    if (a->has_text && str_trim(a->text).n == 0)
        return usage_error("the program given with -e is empty");
    return 0;
}

void args_free(struct config *config)
{
    vec_free(&config->opt.include_dirs);
    vec_free(&config->opt.includes);
    vec_free(&config->opt.params);
    vec_free(&config->opt.named);
}
