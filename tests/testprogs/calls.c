/*
 * calls.c - functions to put uprobes on, called a known number of times: calls [N [stay]]
 *
 * add(i, 2 * i) for i below N (10), and once each: six(1, 2, 3, 4, 5, 6), text("hello"),
 * fill(&point), deep() three frames down, done(). global_number is a variable for uaddr(). Prints
 * nothing. stay: waits for a signal before it ends, so that its symbols can still be looked up.
 */
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* Called as written, with arguments where the ABI puts them, and a frame pointer to unwind by. */
#ifdef __clang__
#define KEEP __attribute__((noinline, optnone))
#else
#pragma GCC optimize("no-omit-frame-pointer")
#define KEEP __attribute__((noipa))
#endif

struct point {
    int x, y;
    char name[16];
    struct point *next;
};

long global_number = 4242;

KEEP int add(int a, int b)
{
    return a + b;
}

KEEP long six(long a, long b, long c, long d, long e, long f)
{
    return a + b + c + d + e + f;
}

KEEP const char *text(const char *s)
{
    return s;
}

KEEP int fill(struct point *p)
{
    return p->x;
}

KEEP void deepest(void)
{
    __asm__ volatile("");
}

KEEP void deeper(void)
{
    deepest();
    __asm__ volatile("");
}

KEEP void deep(void)
{
    deeper();
    __asm__ volatile("");
}

KEEP void done(void)
{
    __asm__ volatile("");
}

/* Programs cannot wait for a page to be read from disk: whatever they look at must be in memory. */
static const char *touched(const char *s)
{
    (void)*(const volatile char *)s;
    return s;
}

int main(int argc, char **argv)
{
    const char *hello = touched("hello");
    struct point second = { 30, 40, "second", NULL };
    struct point first = { 10, -20, "first", &second };
    int n = argc > 1 ? atoi(argv[1]) : 10;
    long sum = global_number;

    for (int i = 0; i < n; i++)
        sum += add(i, 2 * i);
    sum += six(1, 2, 3, 4, 5, 6) + fill(&first);
    if (!text(hello))
        sum = 0;
    deep();
    done();
    if (argc > 2)
        pause();
    return sum == 0;
}
