/*
 * proxy/route.c - ROUTE: whose request is this, and who answers it?
 *
 *   Host -> server -> longest prefix -> location -> handler
 */
#include "proxy/exchange.h"
#include "proxy/guard.h"
#include "proxy/tls.h"
#include "proxy/web_proxy.h"

#include "http/host.h"
#include "http/path.h"
#include "proxy/stats.h"
#include "proxy/sticky_cookie.h"

/* What a handler may hold: as much as one buffer can be. */
#define HOLD_MOST (UINT64_C(1) << 29)

static enum step refuse(struct exchange *x, int status, const char *why)
{
	x->reason = CLOSE_REFUSED;
	return exchange_answer(x, status, why, false);
}

/* The certificate was chosen by the TLS name. A Host that leads to a server with other TLS settings
 * would get round those settings (RFC 9110 section 7.4). */
static bool is_misdirected(
	const struct exchange *x, const struct conf_server *server, struct slice host)
{
	const struct client *client = x->client;
	if (x->head->is_https_target && !client->is_tls)
		return true;
	const char *name = client->is_tls ? tls_name(&client->sock) : NULL;
	if (name == NULL || server->tls == NULL || slice_is_nocase(slice_of(name), host))
		return false;
	bool is_named;
	const struct conf_server *greeted = site_server(x->site, slice_of(name), &is_named);
	return is_named && greeted != server &&
	       tls_chosen(&client->sock) !=
		       x->generation->tls[server - x->generation->conf->servers];
}

/* As locations are matched: one spelling for all that mean the same. */
static bool routing_path(struct exchange *x, struct slice *ret_path)
{
	struct slice path = http_span_in(x->p, x->head->path);
	/* "OPTIONS *", and "GET http://host": the root stands for both. */
	if (path.n == 0)
		path = SLICE("/");
	*ret_path = path;
	if (path_is_normal(path))
		return true;
	char *normal = arena_take(&x->arena, path.n);
	if (normal == NULL)
		return false;
	*ret_path = (struct slice){normal, path_normalize(path, normal)};
	return true;
}

static enum step find_location(struct exchange *x)
{
	struct http_host host = {{"", 0}, -1};
	bool is_named;
	if (x->head->host.n != 0 && !http_host_parse(&host, http_span_in(x->p, x->head->host)))
		return refuse(x, 400, "the Host is not valid");
	x->server = site_server(x->site, host.name, &is_named);
	if (is_misdirected(x, x->server, host.name))
		return refuse(x, 421, "this connection is not for that host");
	struct slice path;
	if (!routing_path(x, &path))
		return exchange_out_of_memory(x);
	x->location = server_location(x->server, path);
	if (x->location == NULL)
		return refuse(x, 404, "nothing is configured for this path");
	uint64_t most = x->location->limits.body_bytes;
	if (most != 0 && x->head->has_length && x->head->content_length > most) {
		proxy_stats.limit_hits_body++;
		return refuse(x, 413, "the body is larger than limits.body_bytes");
	}
	return STEP_AGAIN;
}

/* Whether the handler wants it, and how much of its body is held. */
static void ask_handler(struct exchange *x)
{
	const struct handler *handler = proxy_handler();
	x->hold_most = x->location->limits.buffer_body;
	if (handler == NULL || x->pool->conf->mode != CONF_MODE_FLEET)
		return;
	/* Routed again on its way to a worker: it was asked. */
	if (!x->is_forwarded) {
		uint64_t most = x->hold_most;
		x->wish = handler->on_head(x, &most);
		x->hold_most = x->wish == HANDLER_PASS ? x->hold_most : min_u64(most, HOLD_MOST);
	}
	if (x->wish == HANDLER_PASS) {
		x->handler_state = NULL;
		return;
	}
	/* What it means is the handler's to say. */
	x->wishes = 0;
	x->lb.is_job = false;
}

void exchange_ask_handler(struct exchange *x)
{
	const struct inspector *inspector = proxy_inspector();
	x->keys.value[CONF_KEY_IP] = x->lb.client_ip;
	if (inspector != NULL)
		x->wishes = inspector->on_head(x->head, x->p, &x->arena, &x->keys);
	x->lb.is_job = (x->wishes & INSPECT_IS_JOB) != 0;
	ask_handler(x);
}

/* What the pool's strategy and stickiness go by. */
static enum step to_pool(struct exchange *x)
{
	exchange_use_pool(x, x->generation->pools[x->location->pool]);
	x->lb.client_ip = addr_ip_octets(&x->client->peer);
	sticky_cookie_read(x);
	exchange_ask_handler(x);
	exchange_move(x, EX_HOLD);
	return STEP_AGAIN;
}

/* The one that is current now: it may have changed since the first octet came. */
static void join_generation(struct exchange *x)
{
	struct listener *listener = x->client->listener;
	if (x->generation != listener->generation) {
		guard_stop_asking(x);
		guard_finish(x);
		web_target_finish(x);
		exchange_use_pool(x, NULL);
		generation_unref(x->generation);
		x->generation = generation_ref(listener->generation);
		x->web = NULL;
	}
	x->site = site_of_client(x->client);
}

enum step exchange_route(struct exchange *x)
{
	join_generation(x);
	/* Routed again (see send.c): what is held is held. */
	if (!x->is_holding)
		x->has_unread_body = x->head->is_chunked || x->head->content_length != 0;
	/* An internal redirect brings along that the connection ends. */
	if (x->web == NULL)
		x->keeps_client = !x->head->wants_close;
	if (x->client->is_plain_on_tls && x->generation->conf->web == NULL) {
		x->reason = CLOSE_REFUSED;
		return exchange_answer(
			x, 400, "a plain HTTP request was sent to an HTTPS port", true);
	}
	if (x->generation->conf->web != NULL)
		return web_route(x);
	enum step found = find_location(x);
	if (found != STEP_AGAIN || x->state != EX_ROUTE)
		return found;
	switch (x->location->handler) {
	case CONF_HANDLE_RESPOND:
		return exchange_respond(x, &x->location->respond);
	case CONF_HANDLE_PROXY:
		break;
	}
	return to_pool(x);
}
