/*
 * format.c - parse, gather, space, lay out
 */
#include "format/format_impl.h"

bool format_script(struct parser *p, struct buf *out)
{
    struct tokens t;

    p->keep_params = true;
    if (!parse_program(p))
        return false;
    t = format_gather(p);
    format_space(t);
    format_layout(t, out);
    return true;
}
