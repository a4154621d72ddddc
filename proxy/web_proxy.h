/*
 * proxy/web_proxy.h - what is said to a worker, and what of its answer is said to the client, as
 * proxy_* directives have it.
 */
#ifndef PROXY_WEB_PROXY_H
#define PROXY_WEB_PROXY_H

#include "proxy/web.h"

/* On to HOLD: x->pool, web->proxied_host and so on are known. `host`: for TLS; `uri`: what
 * proxy_pass says beside the server, empty for nothing. */
enum step web_proxy_to(struct exchange *x, bool is_https, struct slice host, struct slice uri);

/* -- web_target.c: proxy_pass with variables -- */

/* Likewise for where its URL leads; or waits in GUARD for a name to be looked up. */
enum step web_target(struct exchange *x);
/* It does, and web_target is to be called again. */
bool web_target_waits(const struct exchange *x);
/* The exchange ends. */
void web_target_finish(struct exchange *x);

/* proxy_bind: where a connection to a worker comes from; len 0: anywhere. */
void web_local_addr(struct exchange *x, struct addr *ret);
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
/* A 101 came: the client asked for another protocol, and proxy_set_header passed that on. Which one
 * is for those two to know. */
bool web_may_switch(struct exchange *x);
/* An answer's head that is not the client's: another worker is tried, a page of our own is shown,
 * or it leads elsewhere (X-Accel-Redirect). True: *ret_step is what is next. */
bool web_divert(struct exchange *x, const char *p, enum step *ret_step);

#endif
