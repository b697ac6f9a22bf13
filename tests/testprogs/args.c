/*
 * args.c - functions with arguments of many kinds, for debug information: args [stay]
 *
 * Each is called once, with values the tests know; then last(). Prints nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __clang__
#define KEEP __attribute__((noinline, optnone))
#else
#pragma GCC optimize("no-omit-frame-pointer")
#define KEEP __attribute__((noipa))
#endif

enum colour { RED = 1, GREEN = 2, BLACK = -1 };
enum level { LOW, HIGH = 200 };
typedef unsigned int number_t;
typedef struct {
    int8_t small;
    uint16_t medium;
} anonymous_t;

struct later; /* only declared before its use */

struct inner {
    int a, b;
};

struct node {
    int value;
    char name[8];
    unsigned low : 3, high : 7;
    struct inner inner;
    union {
        int as_int;
        unsigned char as_bytes[4];
    };
    int table[2][3];
    enum colour colour;
    struct node *next;
    struct later *later;
    anonymous_t anonymous;
    bool flag;
};

struct later {
    long number;
};

/* By value: in one register, in two, in one of each kind, in memory. */
struct one {
    short x, y, z;
};
struct two {
    long x;
    int y;
};
struct mixed {
    double d;
    long x;
};
struct large {
    long x, y, z;
};

KEEP long scalars(signed char c, unsigned short s, int i, number_t n, bool flag, long long last)
{
    return c + s + i + n + flag + last;
}

KEEP int enums(enum colour colour, enum level level)
{
    return colour + (int)level;
}

KEEP int pointers(const struct node *node, const char *text, void *nothing)
{
    return node->value + text[0] + (nothing != NULL);
}

/* Floating-point numbers take no registers from the others. */
KEEP long floats(int before, double d, float f, int after)
{
    return before + (long)d + (long)f + after;
}

KEEP long many(int a, int b, int c, int d, int e, int f, int seventh, signed char eighth)
{
    return a + b + c + d + e + f + seventh + eighth;
}

KEEP long structs(struct one one, struct two two, struct large large, int after)
{
    return one.x + two.x + large.x + after;
}

KEEP long mixes(struct mixed mixed, int after)
{
    return (long)mixed.d + mixed.x + after;
}

/* The address for the result takes the first register. */
KEEP struct large result(int x, int y)
{
    return (struct large){ x, y, 0 };
}

static inline __attribute__((always_inline)) long inlined(long number)
{
    long sum = 0;

    for (long i = 0; i < number; i++) {
        sum += i * number;
        __asm__ volatile("" : "+r"(sum)); /* a line of its own */
    }
    return sum;
}

KEEP long outer(long x)
{
    return inlined(x) + 1;
}

KEEP void leaf(void)
{
    __asm__ volatile("");
}

static inline __attribute__((always_inline)) void middle(void)
{
    leaf();
    __asm__ volatile("nop");
}

KEEP void stack(void)
{
    middle();
    __asm__ volatile("nop");
}

KEEP void last(void)
{
    __asm__ volatile("");
}

int main(int argc, char **argv)
{
    struct later later = { 77 };
    struct node second = { .value = 2, .name = "second" };
    struct node first = {
        .value = 1,
        .name = "first",
        .low = 5,
        .high = 100,
        .inner = { 11, 12 },
        .as_int = 0x01020304,
        .table = { { 1, 2, 3 }, { 4, 5, 6 } },
        .colour = GREEN,
        .next = &second,
        .later = &later,
        .anonymous = { -3, 40000 },
        .flag = true,
    };
    long sum = 0;

    (void)argv;
    sum += scalars(-5, 65535, -100000, 4000000000U, true, -1);
    sum += enums(GREEN, HIGH) + enums(BLACK, LOW);
    sum += pointers(&first, first.name, NULL);
    sum += floats(1, 2.5, 3.5f, 4);
    sum += many(1, 2, 3, 4, 5, 6, 7, -8);
    sum += structs((struct one){ 1, 2, -3 }, (struct two){ 4, 5 }, (struct large){ 6, 7, 8 }, 9);
    sum += mixes((struct mixed){ 1.5, 10 }, 11);
    sum += result(21, 22).x;
    sum += outer(3);
    stack();
    last();
    if (argc > 1)
        pause();
    return sum == 0;
}
