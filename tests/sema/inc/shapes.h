/* Read by include.bt: guards, functions and what else headers hold beside types. */
#ifndef SHAPES_H
#define SHAPES_H
#ifdef __cplusplus
extern "C" {
#endif

#include "units.h"

#define CORNERS(n) ((n)*4)
#define SIDES      4 /* of a square */

typedef unsigned short length_t;
struct square {
    length_t side;
    char label[SIDES * 2];
};
static inline int area(const struct square *s)
{
    return s->side * s->side;
}
extern int draw(struct square *, const char *how) __attribute__((nonnull));
enum {
    LARGE = 1 << 10,
#ifdef UNITS_H
    UNIT = MILLIMETRE,
#endif
};

#ifdef __cplusplus
}
#endif
#endif
