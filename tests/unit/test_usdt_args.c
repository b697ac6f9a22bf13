/*
 * test_usdt_args.c - arguments in USDT notes, of both machines whatever ours is
 */
#include "probes/usdt_args.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* Offsets in struct pt_regs of x86-64, and user_pt_regs of arm64. */
enum { RBP = 32, RBX = 40, R8 = 72, RAX = 80, RDI = 112, RIP = 128, X0 = 0, X1 = 8, SP = 248 };

static struct usdt_arg parse(unsigned machine, const char *text)
{
    struct usdt_arg arg;
    struct err e = { 0 };

    if (usdt_arg_parse(machine, str_from(text), &arg, &e))
        fail_msg("%s: %s", text, e.text);
    return arg;
}

static void assert_refused(unsigned machine, const char *text, const char *why)
{
    struct usdt_arg arg;
    struct err e = { 0 };

    if (usdt_arg_parse(machine, str_from(text), &arg, &e) == 0)
        fail_msg("'%s' was accepted", text);
    assert_non_null(strstr(e.text, why));
}

static void assert_register(unsigned machine, const char *text, int base, unsigned size, bool sign,
                            unsigned shift)
{
    struct usdt_arg arg = parse(machine, text);

    assert_int_equal(arg.place, USDT_REGISTER);
    assert_int_equal(arg.base, base);
    assert_int_equal(arg.size, size);
    assert_int_equal(arg.is_signed, sign);
    assert_int_equal(arg.shift, shift);
}

static void assert_memory(unsigned machine, const char *text, int base, int index, unsigned scale,
                          int64_t number)
{
    struct usdt_arg arg = parse(machine, text);

    assert_int_equal(arg.place, USDT_MEMORY);
    assert_int_equal(arg.base, base);
    assert_int_equal(arg.index, index);
    assert_int_equal(arg.scale, scale);
    assert_int_equal(arg.number, number);
    assert_int_equal(arg.symbol.n, 0);
}

static void assert_constant(unsigned machine, const char *text, int64_t number)
{
    struct usdt_arg arg = parse(machine, text);

    assert_int_equal(arg.place, USDT_CONST);
    assert_int_equal(arg.number, number);
}

static void assert_symbol(const char *text, enum usdt_place place, const char *symbol,
                          int64_t number, bool from_ip)
{
    struct usdt_arg arg = parse(EM_X86_64, text);

    assert_int_equal(arg.place, place);
    assert_true(str_eqz(arg.symbol, symbol));
    assert_int_equal(arg.number, number);
    assert_int_equal(arg.from_ip, from_ip);
}

static void test_registers(void **state)
{
    (void)state;
    assert_register(EM_X86_64, "8@%rax", RAX, 8, false, 0);
    assert_register(EM_X86_64, "-4@%eax", RAX, 4, true, 0);
    assert_register(EM_X86_64, "2@%ax", RAX, 2, false, 0);
    assert_register(EM_X86_64, "-1@%ah", RAX, 1, true, 8);
    assert_register(EM_X86_64, "1@%dil", RDI, 1, false, 0);
    assert_register(EM_X86_64, "-4@%r8d", R8, 4, true, 0);
    assert_register(EM_X86_64, "%rdi", RDI, 8, false, 0);
    assert_register(EM_X86_64, "@%rdi", RDI, 8, false, 0);
    assert_register(EM_386, "-4@%ebx", RBX, 4, true, 0);
    assert_register(EM_AARCH64, "8@x0", X0, 8, false, 0);
    assert_register(EM_AARCH64, "-4@w1", X1, 4, true, 0);
    assert_register(EM_AARCH64, "8@x30", 240, 8, false, 0);
    assert_register(EM_AARCH64, "8@sp", SP, 8, false, 0);
}

static void test_constants(void **state)
{
    (void)state;
    assert_constant(EM_X86_64, "-4@$-5", -5);
    assert_constant(EM_X86_64, "8@$0x1f", 31);
    assert_constant(EM_X86_64, "8@$18446744073709551615", -1);
    assert_constant(EM_AARCH64, "-4@-5", -5);
    assert_constant(EM_AARCH64, "4@#7", 7);
    assert_constant(EM_AARCH64, "8@xzr", 0);
}

static void test_memory(void **state)
{
    (void)state;
    assert_memory(EM_X86_64, "8@(%rax)", RAX, -1, 1, 0);
    assert_memory(EM_X86_64, "-4@-1204(%rbp)", RBP, -1, 1, -1204);
    assert_memory(EM_X86_64, "4@8(%rax,%rbx,4)", RAX, RBX, 4, 8);
    assert_memory(EM_X86_64, "4@(%rax,%rbx)", RAX, RBX, 1, 0);
    assert_memory(EM_X86_64, "4@16(,%rbx,8)", -1, RBX, 8, 16);
    assert_memory(EM_X86_64, "4@0x601040", -1, -1, 1, 0x601040);
    assert_memory(EM_X86_64, "4@-24(%rip)", RIP, -1, 1, -24);
    assert_memory(EM_AARCH64, "8@[x0]", X0, -1, 1, 0);
    assert_memory(EM_AARCH64, "-4@[sp, 28]", SP, -1, 1, 28);
    assert_memory(EM_AARCH64, "-4@[sp,#-8]", SP, -1, 1, -8);
    assert_memory(EM_AARCH64, "8@[x0, x1]", X0, X1, 1, 0);
    assert_memory(EM_AARCH64, "8@[x0, x1, lsl 3]", X0, X1, 8, 0);
    assert_memory(EM_AARCH64, "8@[x0, w1, sxtw #2]", X0, X1, 4, 0);
    assert_true(parse(EM_AARCH64, "8@[x0, w1, sxtw 2]").index_is_signed);
    assert_false(parse(EM_AARCH64, "8@[x0, w1, uxtw 2]").index_is_signed);
    assert_true(parse(EM_AARCH64, "8@[x0, w1, uxtw 2]").index_is_32);
}

static void test_symbols(void **state)
{
    (void)state;
    assert_symbol("8@count(%rip)", USDT_MEMORY, "count", 0, true);
    assert_symbol("8@count+8(%rip)", USDT_MEMORY, "count", 8, true);
    assert_symbol("8@8+count.0(%rip)", USDT_MEMORY, "count.0", 8, true);
    assert_symbol("8@count-8(%rip)", USDT_MEMORY, "count", -8, true);
    assert_symbol("8@table(,%rax,8)", USDT_MEMORY, "table", 0, false);
    assert_symbol("8@table", USDT_MEMORY, "table", 0, false);
    assert_symbol("8@$table+4", USDT_CONST, "table", 4, false);
}

static void test_refused(void **state)
{
    static const char *const broken[] = { "",          "8@",
                                          "8@%",       "8@%foo",
                                          "3@%rax",    "16@%rax",
                                          "x@%rax",    "8@(%rax",
                                          "8@(%rax,)", "8@(%rax,%)",
                                          "8@%rax)",   "8@(%rax,%rbx,3)",
                                          "8@%fs:40",  "8@a@GOT(%rip)",
                                          "8@$",       "8@$1 2",
                                          "8@5(",      "-@%rax",
                                          "8@((%rax))" };
    static const char *const broken_arm[] = { "8@[",
                                              "8@[x0",
                                              "8@[x0,",
                                              "8@x31",
                                              "8@w",
                                              "8@[x0, 8",
                                              "8@[y0]",
                                              "8@[x0]x",
                                              "8@%rax",
                                              "8@[x0, x1, lsl 9]",
                                              "8@[x0, x1, asr 1]",
                                              "8@[x0, :lo12:a]" };

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        assert_refused(EM_X86_64, broken[i], "cannot be read");
    for (size_t i = 0; i < sizeof(broken_arm) / sizeof(*broken_arm); i++)
        assert_refused(EM_AARCH64, broken_arm[i], "cannot be read");
    assert_refused(EM_X86_64, "8f@%rax", "floating-point");
    assert_refused(EM_X86_64, "-8f@8(%rbp)", "floating-point");
    assert_refused(EM_X86_64, "8@%xmm3", "floating-point");
    assert_refused(EM_AARCH64, "8@d0", "floating-point");
    assert_refused(EM_S390, "8@%r1", "another machine");
}

static void test_list(void **state)
{
    struct str args = STR("-4@%eax  8@[sp, 28] 4@$5 ");

    (void)state;
    assert_int_equal(usdt_args_count(args), 3);
    assert_true(str_eqz(usdt_args_at(args, 0), "-4@%eax"));
    assert_true(str_eqz(usdt_args_at(args, 1), "8@[sp, 28]"));
    assert_true(str_eqz(usdt_args_at(args, 2), "4@$5"));
    assert_int_equal(usdt_args_at(args, 3).n, 0);
    assert_int_equal(usdt_args_count(STR("")), 0);
    assert_int_equal(usdt_args_count(STR("8@[x0")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers), cmocka_unit_test(test_constants),
        cmocka_unit_test(test_memory),    cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
