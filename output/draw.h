/*
 * draw.h - the values that are pictures, as lines of text; private to output/
 */
#ifndef HARK_OUTPUT_DRAW_H
#define HARK_OUTPUT_DRAW_H

#include "output/value.h"

void draw_hist(struct buf *, const struct value *);   /* LANGUAGE.md 17.6, one line per bucket */
void draw_series(struct buf *, const struct value *); /* LANGUAGE.md 17.12 */

#endif
