/*
 * base/failalloc.h - memory that runs out on purpose (-d failalloc=N).
 *
 * The linker sends malloc, calloc and realloc of our own code here (--wrap in
 * the root meson.build, for the program alone); libraries keep theirs. While it is
 * off, an allocation costs one branch more.
 */
#ifndef BASE_FAILALLOC_H
#define BASE_FAILALLOC_H

#include "base/base.h"

/* From failalloc_start() on, each `every`th allocation gives NULL with ENOMEM. 0: never. */
void failalloc_set(uint32_t every);
/* Serving begins: what fails from now on must cost one client at most. */
void failalloc_start(void);
/* Before what may end the process for good, as the end itself. */
void failalloc_stop(void);

#endif
