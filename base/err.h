/*
 * base/err.h - a reason that a human will read.
 *
 * Functions that can fail for more than one reason take a `struct err *` last
 * and fill it once. NULL is allowed: the caller does not want the words.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

struct err {
	char text[480]; /* terminated, cut when longer */
};

void err_set(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
