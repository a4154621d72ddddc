/*
 * proxy/web_bad_head.h - why a worker's head is none, in nginx's words.
 *
 * Where 1.22 takes what http/head.h refuses (two lengths, a length beside a coding, a length that
 * is no number) the words are those of the nginx versions that refuse it, too.
 */
#ifndef PROXY_WEB_BAD_HEAD_H
#define PROXY_WEB_BAD_HEAD_H

#include "base/base.h"

#define WEB_BAD_HEAD_ROOM 512

/* `head`: what came of it, from its first octet. `most`: octets that it may have
 * (proxy_buffer_size). `has_line`: its status line is good. What goes into `out` has no control
 * characters. */
void web_bad_head_text(struct slice head, size_t most, bool has_line, char out[WEB_BAD_HEAD_ROOM]);

#endif
