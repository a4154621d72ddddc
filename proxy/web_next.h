/*
 * proxy/web_next.h - whether another server is asked, by proxy_next_upstream.
 */
#ifndef PROXY_WEB_NEXT_H
#define PROXY_WEB_NEXT_H

#include "proxy/web.h"

/* A try failed for that reason: may another server be tried? */
bool web_may_try_next(const struct exchange *x, enum close_reason reason, bool was_sent);
/* A kept connection turned out dead: may the same server be asked again? */
bool web_may_repeat(const struct exchange *x, bool was_sent);
/* An answer that proxy_next_upstream names, and somebody is left: true, *ret_step is what is next.
 */
bool web_next_by_status(struct exchange *x, uint16_t status, enum step *ret_step);
/* Nobody is left, or nobody may be asked: 502, 504, or what the last one said. */
enum step web_nobody(struct exchange *x);
/* How many octets the head of an answer may have: proxy_buffer_size. */
uint32_t web_answer_head_most(const struct exchange *x);
/* Into the error log, in nginx's words: a try failed; x->connect_error is known. */
void web_tell_failure(struct exchange *x, enum close_reason reason);
/* Likewise: it came to an end while the answer, or a tunnel, was under way. */
void web_tell_cut(struct exchange *x, enum close_reason reason);
/* Likewise: and so the server is left alone for its fail_timeout. */
void web_tell_disabled(struct exchange *x);

#endif
