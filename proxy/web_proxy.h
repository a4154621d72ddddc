/*
 * proxy/web_proxy.h - what is said to a worker, and what of its answer is said to the client, as
 * proxy_* directives have it.
 */
#ifndef PROXY_WEB_PROXY_H
#define PROXY_WEB_PROXY_H

#include "proxy/web.h"

/* A proxy_pass with variables: what it says this time. 0, or the status that says why it is nothing
 * (told in the log); -ENOMEM. Names have to be those of an `upstream` or of another proxy_pass:
 * they were looked up when the file was read. */
struct web_target {
	struct lb_pool *pool;
	struct slice host, uri; /* host as written; uri empty: none was given */
	uint16_t port;
	bool is_https;
};
int web_find_pool(struct exchange *x, struct web_target *ret) MUST_CHECK;
/* PICK, before the first server: what balancing goes by, and the body that is sent. False: no
 * memory. */
bool web_begin_asking(struct exchange *x) MUST_CHECK;
/* SEND: the request's head, for the worker that was picked. False: no memory. */
bool web_write_request(struct exchange *x, struct buf *out) MUST_CHECK;
/* x->answer, whose head is at `p`, into web->out. False: no memory. */
bool web_take_answer(struct exchange *x, const char *p) MUST_CHECK;
/* A field of it, by proxy_redirect, proxy_cookie_*. False: no memory. */
bool web_take_location(struct exchange *x, struct slice name, struct slice value) MUST_CHECK;
bool web_take_refresh(struct exchange *x, struct slice name, struct slice value) MUST_CHECK;
bool web_take_cookie(struct exchange *x, struct slice name, struct slice value) MUST_CHECK;
/* The first rule that fits `text`: 1 with *ret, 0 none, -1 no memory. */
int web_rewrite_by(struct exchange *x, const struct conf_replace *rules, uint32_t count,
	struct slice text, struct slice *ret) MUST_CHECK;
/* X-Accel-Redirect. True: *ret_step is what is next. */
bool web_accel(struct exchange *x, const char *p, enum step *ret_step);
/* A 401 that a page of ours replaces keeps its challenges. False: no memory. */
bool web_carry_challenge(struct exchange *x, const char *p) MUST_CHECK;
/* An answer's head that is not the client's: another worker is tried, a page of our own is shown,
 * or it leads elsewhere (X-Accel-Redirect). True: *ret_step is what is next. */
bool web_divert(struct exchange *x, const char *p, enum step *ret_step);

#endif
