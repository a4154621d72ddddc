/*
 * proxy/web_proxy.c - proxy_pass: which pool, and which URI there.
 */
#include "proxy/web_proxy.h"

#include "base/clock.h"
#include "proxy/value.h"
#include "proxy/web_balance.h"
#include "proxy/web_log.h"
#include "proxy/web_next.h"
#include "proxy/web_tls.h"
#include "proxy/web_uri.h"

/* The client's URI needs no other spelling than its own where nothing was decoded in it. */
static bool needs_escape(const struct web *web)
{
	return web->is_internal ||
	       (web->raw_uri.n != 0 && memchr(web->raw_uri.p, '%', web->raw_uri.n) != NULL);
}

static bool find_target(struct exchange *x, struct slice to)
{
	const struct web *web = x->web;
	if (to.n == 0 && web->is_raw_valid) {
		x->target = web->raw_uri;
		return true;
	}
	struct slice path = web->uri;
	/* After rewrite ... break the whole URI is another, and `to` has no place in it. */
	if (!web->is_location_valid)
		to = WEB_SLICE_NONE;
	if (to.n != 0) {
		size_t prefix = web->prefix->match == CONF_MATCH_NONE ? 0 : web->prefix->path_bytes;
		prefix = min_size(prefix, path.n);
		path.p += prefix;
		path.n -= prefix;
	}
	if (needs_escape(web) && !web_escape_uri(&x->arena, path, WEB_SLICE_NONE, &path))
		return false;
	const struct slice pieces[] = {
		to, path, web->args.n == 0 ? SLICE("") : SLICE("?"), web->args};
	return web_join(&x->arena, pieces, COUNT_OF(pieces), &x->target);
}

enum step web_proxy(struct exchange *x)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	if (proxy->has_variables)
		return web_target(x);
	exchange_use_pool(x, x->generation->pools[proxy->pool]);
	x->web->proxied_host = proxy->header_host;
	x->web->proxied_port = proxy->port_text;
	x->web->is_proxied_https = proxy->is_https;
	return web_proxy_to(
		x, proxy->is_https, proxy->host, proxy->has_uri ? proxy->uri : WEB_SLICE_NONE);
}

enum step web_proxy_to(struct exchange *x, bool is_https, struct slice host, struct slice uri)
{
	bool is_given = x->web->loc->proxy.has_variables && uri.n != 0;
	if (is_given)
		x->target = uri;
	if (!web_tls_route(x, is_https, host) || (!is_given && !find_target(x, uri)))
		return exchange_out_of_memory(x);
	/* nginx hashes a mapped IPv4 address as the IPv6 address it is written as. */
	x->lb.client_ip = addr_raw_octets(&x->client->peer);
	x->web->proxied_us = clock_now_us;
	x->hold_most = x->location->limits.buffer_body;
	if (x->pool->conf->mode == CONF_MODE_FLEET)
		exchange_ask_handler(x);
	exchange_move(x, EX_HOLD);
	return STEP_AGAIN;
}

bool web_may_switch(struct exchange *x)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	if (x->head->first[HF_UPGRADE] == 0 || !x->is_up_done)
		return false;
	for (uint32_t i = 0; i < proxy->set_header.count; i++) {
		struct slice value;
		if (slice_is_nocase(proxy->set_header.items[i].name, SLICE("Upgrade")) &&
			web_value(x, &proxy->set_header.items[i].value, &value) && value.n != 0)
			return true;
	}
	return false;
}

bool web_divert(struct exchange *x, const char *p, enum step *ret_step)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	if (web_accel(x, p, ret_step))
		return true;
	if (x->answer->code < 300)
		return false;
	if (web_next_by_status(x, x->answer->code, ret_step))
		return true;
	if (!proxy->intercept_errors)
		return false;
	if (x->answer->code == 401 && !web_carry_challenge(x, p)) {
		*ret_step = exchange_out_of_memory(x);
		return true;
	}
	if (web_error_page(x, x->answer->code, ret_step))
		return true;
	/* There is one that may not be shown any more (recursive_error_pages off): a page of ours.
	 */
	if (web_find_error_page(x, x->answer->code) == NULL)
		return false;
	*ret_step = web_answer(x, x->answer->code, false);
	return true;
}

void web_local_addr(struct exchange *x, struct addr *ret)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	char text[ADDR_TEXT];
	struct slice value;
	ret->len = 0;
	if (proxy->is_bind_off || proxy->bind.count == 0 || !web_value(x, &proxy->bind, &value) ||
		value.n == 0)
		return;
	if (value.n < sizeof(text)) {
		memcpy(text, value.p, value.n);
		text[value.n] = '\0';
		if (addr_from_ip(ret, text, 0) == 0 || addr_parse(ret, text, NULL) == 0)
			return;
	}
	ret->len = 0;
	web_log(x, LOG_ERROR, 0, "while connecting to upstream", "invalid local address \"%.*s\"",
		(int)value.n, value.p);
}

/* proxy_set_body, proxy_pass_request_body: another body than the client's. */
static bool replace_body(struct exchange *x)
{
	const struct conf_proxy *proxy = &x->web->loc->proxy;
	struct slice body = WEB_SLICE_NONE;
	bool has_own = proxy->set_body.count != 0;
	if (!has_own && proxy->pass_request_body)
		return true;
	if (has_own && !web_value(x, &proxy->set_body, &body))
		return false;
	struct buf made = {0};
	if (body.n != 0 && !buf_append(&made, body.p, body.n))
		return false;
	buf_release(&x->body);
	x->body = made;
	x->is_body_held = true;
	return true;
}

bool web_begin_asking(struct exchange *x)
{
	return replace_body(x) && web_balance(x);
}
