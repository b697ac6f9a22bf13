/*
 * usdt_args.c - what the arguments in a USDT note mean
 *
 * The compiler writes into the note where each argument is, as its assembler would:
 *
 *     x86-64   -4@$5   8@%rdi   1@%ah   -2@-20(%rbp)   8@16(%rax,%rbx,8)   4@count+4(%rip) 8@table
 *     arm64    -4@5    8@x0     4@w1    -2@[sp, 28]    8@[x0, x1, lsl 3]
 *
 * In front of the '@' stands the size, negative for signed types, with an f for floating point;
 * without it an argument is as long as a register. Everything becomes one form: a constant, (part
 * of) a register, or memory at base + index * scale + number; pt_regs offsets are those of the
 * program's machine, which need not be ours as long as nothing is attached.
 */
#include "probes/usdt_args.h"

#include "base/util.h"

#include <elf.h>
#include <errno.h>

struct reg {
    int offset; /* in struct pt_regs */
    unsigned shift;
    bool is_32;
};

/* What is being read, and where we are in it. */
struct operand {
    unsigned machine;
    struct str rest;
};

/* ---- tokens ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static void skip(struct operand *o, size_t n)
{
    o->rest = str_sub(o->rest, n, o->rest.n);
}

static void skip_blanks(struct operand *o)
{
    while (o->rest.n && o->rest.p[0] == ' ')
        skip(o, 1);
}

static bool accept(struct operand *o, char c)
{
    skip_blanks(o);
    if (!o->rest.n || o->rest.p[0] != c)
        return false;
    skip(o, 1);
    return true;
}

static struct str take_word(struct operand *o)
{
    struct str word = o->rest;
    size_t n = 0;

    while (n < word.n && is_word(word.p[n]))
        n++;
    skip(o, n);
    return str_sub(word, 0, n);
}

/* -5, 0x10, +8 */
static bool take_number(struct operand *o, int64_t *out)
{
    struct operand copy = *o;
    bool minus = accept(&copy, '-');
    uint64_t n;

    if (!minus)
        accept(&copy, '+');
    if (!copy.rest.n || !is_digit(copy.rest.p[0]) || !str_to_u64(take_word(&copy), false, &n, NULL))
        return false;
    *out = (int64_t)(minus ? -n : n);
    *o = copy;
    return true;
}

/* "name", "name.0", ".LC1"; no "@gotpcrel" behind it. */
static bool take_symbol(struct operand *o, struct str *out)
{
    struct str text = o->rest;
    size_t n = 0;

    while (n < text.n && (is_word(text.p[n]) || text.p[n] == '.' || (n && (text.p[n] == '$'))))
        n++;
    if (!n || is_digit(text.p[0]))
        return false;
    skip(o, n);
    *out = str_sub(text, 0, n);
    return true;
}

/* symbol, symbol+4, 4+symbol, symbol-4, 12; false: none of them. */
static bool take_displacement(struct operand *o, struct usdt_arg *out)
{
    size_t before = o->rest.n;
    int64_t n;

    do {
        if (take_number(o, &n)) {
            out->number = (int64_t)((uint64_t)out->number + (uint64_t)n);
            continue;
        }
        accept(o, '+');
        if (out->symbol.n || !take_symbol(o, &out->symbol))
            break;
    } while (o->rest.n && (o->rest.p[0] == '+' || o->rest.p[0] == '-'));
    return o->rest.n < before;
}

/* ---- registers ---- */

/* The names of each width of a register in the order of struct pt_regs of x86. */
static const struct {
    const char *names[5]; /* 64, 32, 16 bits, low and second byte */
    int offset;
} x86_regs[] = {
    { { "r15", "r15d", "r15w", "r15b" }, 0 },   { { "r14", "r14d", "r14w", "r14b" }, 8 },
    { { "r13", "r13d", "r13w", "r13b" }, 16 },  { { "r12", "r12d", "r12w", "r12b" }, 24 },
    { { "rbp", "ebp", "bp", "bpl" }, 32 },      { { "rbx", "ebx", "bx", "bl", "bh" }, 40 },
    { { "r11", "r11d", "r11w", "r11b" }, 48 },  { { "r10", "r10d", "r10w", "r10b" }, 56 },
    { { "r9", "r9d", "r9w", "r9b" }, 64 },      { { "r8", "r8d", "r8w", "r8b" }, 72 },
    { { "rax", "eax", "ax", "al", "ah" }, 80 }, { { "rcx", "ecx", "cx", "cl", "ch" }, 88 },
    { { "rdx", "edx", "dx", "dl", "dh" }, 96 }, { { "rsi", "esi", "si", "sil" }, 104 },
    { { "rdi", "edi", "di", "dil" }, 112 },     { { "rip", "eip" }, 128 },
    { { "rsp", "esp", "sp", "spl" }, 152 },
};

enum { X86_IP = 128, ARM_SP = 248 };

static bool x86_register(struct str name, struct reg *out)
{
    for (size_t i = 0; i < ARRAY_LEN(x86_regs); i++) {
        for (size_t n = 0; n < ARRAY_LEN(x86_regs[i].names) && x86_regs[i].names[n]; n++) {
            if (str_eqz(name, x86_regs[i].names[n])) {
                *out = (struct reg){ x86_regs[i].offset, n == 4 ? 8 : 0, n == 1 };
                return true;
            }
        }
    }
    return false;
}

/* x0 … x30, w0 … w30, sp; pt_regs has x0 … x30, sp, pc in this order. */
static bool arm_register(struct str name, struct reg *out)
{
    uint64_t n;

    if (str_eqz(name, "sp")) {
        *out = (struct reg){ .offset = ARM_SP };
        return true;
    }
    if (name.n < 2 || (name.p[0] != 'x' && name.p[0] != 'w') || !is_digit(name.p[1]) ||
        !str_to_u64(str_sub(name, 1, name.n), false, &n, NULL) || n > 30)
        return false;
    *out = (struct reg){ .offset = 8 * (int)n, .is_32 = name.p[0] == 'w' };
    return true;
}

static bool take_register(struct operand *o, struct reg *out)
{
    skip_blanks(o);
    if (o->machine == EM_AARCH64)
        return arm_register(take_word(o), out);
    return accept(o, '%') && x86_register(take_word(o), out);
}

/* ---- operands ---- */

/* "(base, index, scale)", all of them optional; the parenthesis is behind us. */
static bool x86_address(struct operand *o, struct usdt_arg *out)
{
    struct reg base, index;
    int64_t scale = 1;

    if (o->rest.n && o->rest.p[0] == '%') {
        if (!take_register(o, &base))
            return false;
        out->base = base.offset;
        out->from_ip = base.offset == X86_IP;
    }
    if (accept(o, ',')) {
        if (!take_register(o, &index) || (accept(o, ',') && !take_number(o, &scale)))
            return false;
        out->index = index.offset;
        out->scale = (unsigned)scale;
    }
    return accept(o, ')') && (scale == 1 || scale == 2 || scale == 4 || scale == 8);
}

static bool x86_operand(struct operand *o, struct usdt_arg *out)
{
    struct reg reg;

    if (accept(o, '$')) {
        out->place = USDT_CONST;
        return take_displacement(o, out) && o->rest.n == 0;
    }
    if (o->rest.n && o->rest.p[0] == '%') {
        if (!take_register(o, &reg))
            return false;
        out->place = USDT_REGISTER;
        out->base = reg.offset;
        out->shift = reg.shift;
        return o->rest.n == 0;
    }
    out->place = USDT_MEMORY;
    if (!o->rest.n)
        return false;
    take_displacement(o, out);
    if (accept(o, '(') && !x86_address(o, out))
        return false;
    return o->rest.n == 0;
}

/* "lsl 3", "sxtw 3", "uxtw", "lsl #3" behind "[x0, w1," */
static bool arm_extension(struct operand *o, struct usdt_arg *out)
{
    int64_t shift = 0;
    struct str word;

    skip_blanks(o);
    word = take_word(o);
    out->index_is_signed = str_eqz(word, "sxtw");
    if (!str_eqz(word, "lsl") && !str_eqz(word, "uxtw") && !str_eqz(word, "sxtw") &&
        !str_eqz(word, "sxtx"))
        return false;
    accept(o, '#');
    if (take_number(o, &shift) && (shift < 0 || shift > 4))
        return false;
    out->scale = 1u << shift;
    return true;
}

static bool arm_address(struct operand *o, struct usdt_arg *out)
{
    struct reg base, index;

    if (!take_register(o, &base))
        return false;
    out->base = base.offset;
    if (accept(o, ',')) {
        accept(o, '#');
        if (!take_number(o, &out->number)) {
            if (!take_register(o, &index))
                return false;
            out->index = index.offset;
            out->index_is_32 = index.is_32;
            if (accept(o, ',') && !arm_extension(o, out))
                return false;
        }
    }
    return accept(o, ']') && o->rest.n == 0;
}

static bool arm_operand(struct operand *o, struct usdt_arg *out)
{
    struct reg reg;

    if (accept(o, '[')) {
        out->place = USDT_MEMORY;
        return arm_address(o, out);
    }
    accept(o, '#');
    if (take_number(o, &out->number)) {
        out->place = USDT_CONST;
        return o->rest.n == 0;
    }
    if (str_eqz(o->rest, "xzr") || str_eqz(o->rest, "wzr")) {
        out->place = USDT_CONST;
        return true;
    }
    out->place = USDT_REGISTER;
    if (!take_register(o, &reg))
        return false;
    out->base = reg.offset;
    return o->rest.n == 0;
}

/* ---- the list ---- */

/* Where the argument that begins here ends. Blanks inside brackets belong to it. */
static size_t arg_length(struct str text)
{
    bool inside = false;
    size_t n = 0;

    while (n < text.n && (inside || text.p[n] != ' ')) {
        if (text.p[n] == '[')
            inside = true;
        else if (text.p[n] == ']')
            inside = false;
        n++;
    }
    return n;
}

static struct str next_arg(struct str *rest)
{
    struct str arg = str_trim(*rest);
    size_t n = arg_length(arg);

    *rest = str_sub(arg, n, arg.n);
    return str_sub(arg, 0, n);
}

unsigned usdt_args_count(struct str args)
{
    unsigned n = 0;

    while (n < USDT_MOST_ARGS && next_arg(&args).n)
        n++;
    return n;
}

struct str usdt_args_at(struct str args, unsigned n)
{
    struct str arg = next_arg(&args);

    while (n-- && arg.n)
        arg = next_arg(&args);
    return arg;
}

/* "xmm3", "d0", "st(1)": registers pt_regs does not have. */
static bool is_float_register(unsigned machine, struct str s)
{
    if (machine == EM_AARCH64)
        return s.n > 1 && is_digit(s.p[1]) &&
               (s.p[0] == 'd' || s.p[0] == 's' || s.p[0] == 'q' || s.p[0] == 'v');
    return str_starts(s, STR("%xmm")) || str_starts(s, STR("%ymm")) || str_starts(s, STR("%st"));
}

/* What stands before the '@'. */
static bool parse_size(struct str text, struct usdt_arg *out)
{
    uint64_t n;

    out->is_signed = str_starts(text, STR("-"));
    if (out->is_signed)
        text = str_sub(text, 1, text.n);
    if (!str_to_u64(text, false, &n, NULL) || (n != 1 && n != 2 && n != 4 && n != 8))
        return false;
    out->size = (unsigned)n;
    return true;
}

int usdt_arg_parse(unsigned machine, struct str text, struct usdt_arg *out, struct err *e)
{
    ptrdiff_t at = str_find(text, '@');
    struct str size = str_sub(text, 0, at > 0 ? (size_t)at : 0);
    struct operand o = { machine, text };
    bool ok;

    *out =
        (struct usdt_arg){ .size = machine == EM_386 ? 4 : 8, .base = -1, .index = -1, .scale = 1 };
    if (at >= 0)
        skip(&o, (size_t)at + 1);
    if (str_ends(size, STR("f")) || is_float_register(machine, o.rest))
        return err_set(e, -EINVAL,
                       "it is a floating-point number ('%.*s'), and BPF programs know none",
                       STRF(text));
    if (machine != EM_X86_64 && machine != EM_386 && machine != EM_AARCH64)
        return err_set(e, -EINVAL, "the program is for another machine");
    ok = (!size.n || parse_size(size, out)) &&
         (machine == EM_AARCH64 ? arm_operand(&o, out) : x86_operand(&o, out));
    if (!ok)
        return err_set(e, -EINVAL, "where it is ('%.*s') cannot be read", STRF(text));
    return 0;
}
