/*
 * registry.c - the output formats there are
 */
#include "output/out.h"

const struct out_ops *const *out_formats(void)
{
    static const struct out_ops *const formats[] = {
        &out_text_ops,
        &out_json_ops,
        NULL,
    };

    return formats;
}
