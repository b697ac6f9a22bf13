/*
 * util.h - the few things C leaves out; the only place for GNU extensions
 */
#ifndef HARK_BASE_UTIL_H
#define HARK_BASE_UTIL_H

#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a)    (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)       ((a) < (b) ? (a) : (b))
#define MAX(a, b)       ((a) > (b) ? (a) : (b))
#define ROUND_UP(n, to) (((n) + (to)-1) / (to) * (to))

/* The compiler checks the arguments of a function that formats like printf. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define NORETURN                __attribute__((noreturn))

/* True if the result of the operation does not fit *out. */
#define ADD_OVERFLOWS(a, b, out) __builtin_add_overflow((a), (b), (out))
#define MUL_OVERFLOWS(a, b, out) __builtin_mul_overflow((a), (b), (out))

/* We are wrong: say where and abort. Never for what a user, a kernel or a traced process can do. */
#define BUG(...) bug(__FILE__, __LINE__, __VA_ARGS__)
NORETURN void bug(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Heap memory that is never NULL: running out of it ends the process. Free with free(). */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);

#endif
