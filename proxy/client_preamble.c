/*
 * proxy/client_preamble.c - the PROXY protocol's header, off a client's socket.
 *
 * Octets are looked at before they are taken: as long as the header is not whole all of them are
 * its own, and behind its last one TLS or a request begins, which others read.
 */
#include "proxy/client.h"

#include "base/cidr.h"
#include "base/log.h"
#include "conf/process.h"
#include "conf/web.h"
#include "proxy/preamble.h"
#include "proxy/proxy.h"

#include <errno.h>

/* In nginx's form it is an error, and goes where the default server's errors go. */
static void tell(const struct client *client, const struct site *site, const char *why)
{
	const struct conf_srv *srv = site->default_server->srv;
	if (srv == NULL) {
		log_warn("bad_proxy_header", "client=%s why=%s", client->ip, LOG_QUOTE(why));
		return;
	}
	const struct conf_error_logs *logs = srv->root->loc->error_logs;
	log_nginx_to(logs == NULL ? NULL : logs->items, logs == NULL ? 0 : logs->count, LOG_ERROR,
		"*%llu %s while reading PROXY protocol, client: %s, server: %s",
		(unsigned long long)client->number, why, client->ip, client->listener->text);
}

static bool is_believed(const struct client *client, const struct conf_listen *listen)
{
	for (uint32_t i = 0; i < listen->proxy_count; i++)
		if (cidr_has(&listen->proxies[i], &client->peer))
			return true;
	return false;
}

static enum client_preamble keep(struct client *client, const struct preamble *preamble,
	const struct site *site, enum close_reason *ret_reason)
{
	struct addr addr;
	if (preamble->addr[0] == '\0')
		return CLIENT_PREAMBLE_DONE;
	client->preamble = preamble_copy(preamble);
	if (client->preamble == NULL) {
		proxy_stats.out_of_memory++;
		*ret_reason = CLOSE_OUT_OF_MEMORY;
		return CLIENT_PREAMBLE_BAD;
	}
	if (is_believed(client, site->listen) &&
		addr_from_ip(&addr, preamble->addr, preamble->port) == 0)
		client_set_peer(client, &addr);
	return CLIENT_PREAMBLE_DONE;
}

/* Nothing more will come. */
static enum close_reason ended(const struct client *client, const struct site *site, ssize_t got)
{
	if (got < 0)
		return CLOSE_CLIENT_ERROR;
	if (buf_waiting(&client->in) == 0)
		return CLOSE_DONE;
	tell(client, site, "broken header: the connection ended in it");
	return CLOSE_BAD_PREAMBLE;
}

enum client_preamble client_read_preamble(struct client *client, enum close_reason *ret_reason)
{
	const struct site *site = site_of_client(client);
	struct buf *in = &client->in;
	while (client->sock.can_read) {
		struct preamble preamble;
		struct err why;
		size_t before = buf_waiting(in), bytes;
		if (in->p == NULL && !buf_reserve(in, PREAMBLE_MOST)) {
			proxy_stats.out_of_memory++;
			*ret_reason = CLOSE_OUT_OF_MEMORY;
			return CLIENT_PREAMBLE_BAD;
		}
		ssize_t got = sock_peek(&client->sock, in->p + in->end, buf_room(in));
		if (got == -EAGAIN)
			break;
		if (got <= 0) {
			*ret_reason = ended(client, site, got);
			return CLIENT_PREAMBLE_BAD;
		}
		enum preamble_verdict verdict = preamble_parse(
			(struct slice){buf_first(in), before + (size_t)got}, &preamble, &bytes,
			&why);
		size_t ours = verdict == PREAMBLE_DONE ? bytes - before : (size_t)got;
		got = sock_read(&client->sock, in->p + in->end, ours);
		if (got != (ssize_t)ours) {
			*ret_reason = CLOSE_CLIENT_ERROR;
			return CLIENT_PREAMBLE_BAD;
		}
		in->end += (uint32_t)ours;
		if (verdict == PREAMBLE_BAD) {
			tell(client, site, why.text);
			*ret_reason = CLOSE_BAD_PREAMBLE;
			return CLIENT_PREAMBLE_BAD;
		}
		if (verdict == PREAMBLE_MORE)
			continue;
		enum client_preamble result = keep(client, &preamble, site, ret_reason);
		buf_release(in);
		return result;
	}
	if (buf_waiting(in) == 0)
		buf_release(in);
	return CLIENT_PREAMBLE_WAIT;
}
