/*
 * comfy/spool_name.h - which names files may have, and the next one when one is taken. Pure.
 */
#ifndef COMFY_SPOOL_NAME_H
#define COMFY_SPOOL_NAME_H

#include "base/base.h"

#define SPOOL_NAME_MOST 255
#define SPOOL_SUBFOLDER_MOST 1023

/* "input", "output" or "temp". */
bool spool_is_type(const char *type);
/* One segment: UTF-8, without control characters; not "", "." or "..". */
bool spool_is_name(const char *name);
/* "./a//b/" becomes "a/b", "" and "." become "". False: absolute, "..", too long, or what no name
 * may have. A backslash counts as a slash where it could lead out: some workers run Windows. */
bool spool_subfolder(const char *subfolder, char out[SPOOL_SUBFOLDER_MOST + 1]) MUST_CHECK;
/* "cat.png", 2 -> "cat (2).png"; the extension as Python's splitext has it. False: too long. */
bool spool_numbered(const char *name, uint32_t number, char out[SPOOL_NAME_MOST + 1]) MUST_CHECK;

#endif
