/*
 * err.h - one sentence about what the machine refused
 *
 * Functions that can fail return -errno and put the sentence for the user into the caller's struct
 * err. The deepest function writes it, callers may put their own words in front, only cli/ prints.
 */
#ifndef HARK_BASE_ERR_H
#define HARK_BASE_ERR_H

#include "base/util.h"

struct err {
    char text[1024];
    char hint[512]; /* "" if there is none */
};

/* Both return code, so that a function can end with "return err_set(e, -ENOENT, …)". e may be NULL.
 */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
int err_prefix(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
void err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
