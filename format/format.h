/*
 * format.h - a script as it should look (hark --fmt)
 *
 * Only blank space changes: the tokens of the script and its comments come out in the same order
 * and with the same text, so the meaning cannot change. The scanner, not the tree, is the source,
 * because the tree has forgotten how things were spelled (1e9, 0x10, "\n") and where comments were.
 *
 * The style, docs/STYLE.md in short: a tab per level; attach points, predicate and '{' of a probe
 * on lines of their own; one statement a line; lines of at most 100 columns, continued 4 blanks
 * further in; at most one empty line in a row. A block that holds at most one statement stays on
 * one line if it was written on one. C definitions and preprocessor lines are left alone.
 */
#ifndef HARK_FORMAT_FORMAT_H
#define HARK_FORMAT_FORMAT_H

#include "parser/parse.h"

/*
 * The formatted text of p->source goes to the end of out. false if it is no script: reported. The
 * caller fills p as for parse_program().
 */
bool format_script(struct parser *p, struct buf *out);

#endif
