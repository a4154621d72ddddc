/*
 * proxy/access_line.h - a line of the access log. Pure.
 */
#ifndef PROXY_ACCESS_LINE_H
#define PROXY_ACCESS_LINE_H

#include "conf/tree.h"
#include "proxy/access_log.h"

/* No line of this entry is longer. */
size_t access_line_most(enum conf_log_format format, const struct access_entry *entry);
/* Into that much room. Returns the octets of the line, newline included, no terminator. */
size_t access_line_put(char *out, enum conf_log_format format, const struct access_entry *entry);

#endif
