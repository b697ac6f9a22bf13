/*
 * usdt_args.h - what the arguments in a USDT note mean
 *
 *     struct str one = usdt_args_at(args, 0);             "-4@-20(%rbp)"
 *     if (usdt_arg_parse(machine, one, &arg, e) == 0) …
 */
#ifndef HARK_PROBES_USDT_ARGS_H
#define HARK_PROBES_USDT_ARGS_H

#include "base/err.h"
#include "base/str.h"

enum usdt_place {
    USDT_CONST,    /* number */
    USDT_REGISTER, /* base, shifted right by shift bits */
    USDT_MEMORY,   /* at base + index * scale + number */
};

struct usdt_arg {
    enum usdt_place place;
    unsigned size; /* 1, 2, 4, 8 bytes */
    bool is_signed;
    int base, index; /* byte offsets in struct pt_regs; -1: none */
    unsigned scale;
    unsigned shift;       /* 8 for %ah */
    bool index_is_32;     /* only the low half of the index counts … */
    bool index_is_signed; /* … extended by its sign */
    int64_t number;
    struct str symbol; /* its address is to be added to number; "" : none */
    bool from_ip;      /* base is the instruction pointer: the symbol counts from there */
};

enum { USDT_MOST_ARGS = 255 };

unsigned usdt_args_count(struct str args);
struct str usdt_args_at(struct str args, unsigned n); /* "" if there are fewer */
/* machine: EM_X86_64 … -EINVAL with a sentence: floating point, or something unknown. */
int usdt_arg_parse(unsigned machine, struct str text, struct usdt_arg *out, struct err *);

#endif
