/*
 * file.h - files as a whole
 */
#ifndef HARK_BASE_FILE_H
#define HARK_BASE_FILE_H

#include "base/str.h"

/*
 * Readers see the old file or the whole new one: it is written beside it, then renamed. mode is
 * narrowed by the umask; a file that is there keeps its own. 0 or -errno.
 */
int file_replace(const char *path, struct str bytes, unsigned mode);

#endif
