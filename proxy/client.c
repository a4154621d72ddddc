#include "proxy/client.h"

#include "base/clock.h"
#include "base/freelist.h"
#include "base/log.h"
#include "proxy/exchange.h"
#include "proxy/proxy.h"
#include "proxy/tls.h"
#include "proxy/web.h"
#include "proxy/web_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_FIRST 4096 /* room for the first read of a request; nearly all heads fit */
#define LINGER_MS 5000  /* how long a client may take to read an answer that came early ... */
#define LINGER_BYTES                                                                               \
	(UINT64_C(16) * 1024 * 1024) /* ... and how much of its body we drop meanwhile */
#define IDLE_IS_OLD_MS                                                                             \
	1000 /* idle for less: it may be about to ask, and does not have to make room */
#define STOP_GRACE_MS 1000 /* QUIT: what an idle client may still begin */
/* A client whose FIN came before its answer began: gone, or only done with sending? One that is
 * done gets this long; then the worker is spared. */
#define HALF_CLOSED_MS 500

static struct freelist free_clients = FREELIST(struct client, 256);
static struct list idle_clients = {&idle_clients, &idle_clients};
static struct list busy_clients = {&busy_clients, &busy_clients};
static void (*on_empty)(void);
static bool is_stopping;

/* For octets that nobody promised: such a client makes room, and QUIT does not wait long for it. */
static bool is_waiting(enum client_phase phase)
{
	return phase <= CLIENT_IDLE;
}

static void enter(struct client *client, enum client_phase phase)
{
	list_remove(&client->node);
	if (is_waiting(client->phase))
		proxy_stats.idle--;
	client->phase = phase;
	if (is_waiting(phase)) {
		proxy_stats.idle++;
		client->idle_since_us = clock_now_us;
	}
	if (phase != CLIENT_CLOSED)
		list_push_back(is_waiting(phase) ? &idle_clients : &busy_clients, &client->node);
}

static void free_client(struct deferred *item)
{
	struct client *client = CONTAINER_OF(item, struct client, garbage);
	listener_unref(client->listener);
	free(client->preamble);
	freelist_give(&free_clients, client);
	if (proxy_stats.connections == 0 && is_stopping && on_empty != NULL)
		on_empty();
}

static void close_with(
	struct client *client, enum close_reason reason, void (*how)(struct sock *sock))
{
	if (client->phase == CLIENT_CLOSED)
		return;
	/* An exchange counts for itself. */
	if (client->phase != CLIENT_EXCHANGE && client->phase != CLIENT_LINGER)
		proxy_stats.closed[reason]++;
	enter(client, CLIENT_CLOSED);
	deadline_clear(&client->deadline);
	buf_release(&client->in);
	generation_unref(client->handshake);
	client->handshake = NULL;
	how(&client->sock);
	proxy_stats.connections--;
	listeners_room();
	defer(&client->garbage, free_client);
}

void client_close(struct client *client, enum close_reason reason)
{
	/* A close is a FIN already; TLS says goodbye first. */
	if (client->phase != CLIENT_CLOSED && client->sock.tls != NULL)
		sock_end(&client->sock);
	close_with(client, reason, sock_close);
}

void client_reset(struct client *client, enum close_reason reason)
{
	close_with(client, reason, sock_reset);
}

static const struct conf_timeouts *timeouts_of(const struct client *client)
{
	return &client->listener->generation->conf->timeouts;
}

static uint64_t header_ms(const struct client *client)
{
	const struct site *site = site_of_client(client);
	return client->listener->generation->conf->web != NULL
		       ? site->default_server->srv->client_header_timeout_ms
		       : timeouts_of(client)->header_ms;
}

static void wait_for_request(struct client *client, uint64_t ms)
{
	deadline_set(&client->deadline, is_stopping ? STOP_GRACE_MS : ms);
}

static void on_due(struct deadline *deadline)
{
	struct client *client = CONTAINER_OF(deadline, struct client, deadline);
	switch (client->phase) {
	case CLIENT_PREAMBLE:
		client_close(client, CLOSE_HEADER_TIMEOUT);
		break;
	case CLIENT_HANDSHAKE:
		client_close(client, CLOSE_TLS_TIMEOUT);
		break;
	case CLIENT_IDLE:
		if (client->served == 0 && client->listener->generation->conf->web != NULL)
			web_log_late(client);
		client_close(client,
			client->served == 0 ? CLOSE_HEADER_TIMEOUT : CLOSE_KEEPALIVE_TIMEOUT);
		break;
	case CLIENT_EXCHANGE:
		if (client->exchange->state < EX_RELAY)
			exchange_abort(client->exchange, CLOSE_CLIENT_LEFT);
		break;
	case CLIENT_LINGER:
		client_close(client, CLOSE_DONE);
		break;
	case CLIENT_CLOSED:
		break;
	}
}

/* False: closed. */
static bool shake_hands(struct client *client)
{
	struct err why = {""};
	switch (tls_handshake(&client->sock, &why)) {
	case TLS_WAIT:
		return true;
	case TLS_FAILED:
		log_debug("tls_failed", "client=%s why=%s", client->ip, LOG_QUOTE(why.text));
		client_close(client, CLOSE_TLS_ERROR);
		return false;
	case TLS_PLAIN_HTTP:
		client->is_plain_on_tls = true;
		break;
	case TLS_DONE:
		break;
	}
	generation_unref(client->handshake);
	client->handshake = NULL;
	enter(client, CLIENT_IDLE);
	wait_for_request(client, header_ms(client));
	return true;
}

/* The first octets of a request make an exchange; until then a client costs its struct and its
 * socket. */
static void read_first(struct client *client)
{
	if (buf_waiting(&client->in) == 0) {
		if (!client->sock.can_read)
			return;
		if (!buf_reserve(&client->in, READ_FIRST)) {
			proxy_stats.out_of_memory++;
			client_close(client, CLOSE_OUT_OF_MEMORY);
			return;
		}
		ssize_t got = sock_read(
			&client->sock, client->in.p + client->in.end, buf_room(&client->in));
		if (got == -EAGAIN) {
			buf_release(&client->in);
			return;
		}
		if (got <= 0) {
			client_close(client, got == 0 ? CLOSE_DONE : CLOSE_CLIENT_ERROR);
			return;
		}
		client->in.end += (uint32_t)got;
	}
	client->exchange = exchange_begin(client, &client->in);
	if (client->exchange == NULL) {
		proxy_stats.out_of_memory++;
		client_close(client, CLOSE_OUT_OF_MEMORY);
		return;
	}
	enter(client, CLIENT_EXCHANGE);
	deadline_clear(&client->deadline);
	exchange_step(client->exchange);
}

static void linger(struct client *client)
{
	char dropped[16384];
	uint64_t stop_at = client->lingered_bytes + FLOW_QUOTA;
	while (client->sock.can_read) {
		if (client->lingered_bytes >= stop_at) {
			sock_step_again(&client->sock);
			return;
		}
		ssize_t got = sock_read(&client->sock, dropped, sizeof(dropped));
		if (got == -EAGAIN)
			return;
		if (got > 0)
			client->lingered_bytes += (uint64_t)got;
		if (got <= 0 || client->lingered_bytes > LINGER_BYTES) {
			client_close(client, CLOSE_DONE);
			return;
		}
	}
}

/* The connection's own octets come next: TLS or a request. */
static void begin(struct client *client, const struct site *site)
{
	client->is_tls = site->tls != NULL;
	enter(client, client->is_tls ? CLIENT_HANDSHAKE : CLIENT_IDLE);
	if (client->is_tls) {
		client->handshake = generation_ref(client->listener->generation);
		if (tls_accept(&client->sock, site->tls) != 0) {
			proxy_stats.out_of_memory++;
			client_close(client, CLOSE_OUT_OF_MEMORY);
			return;
		}
		deadline_set(&client->deadline, timeouts_of(client)->header_ms);
		return;
	}
	wait_for_request(client, header_ms(client));
}

/* False: closed, or more of it has to come. */
static bool read_preamble(struct client *client)
{
	enum close_reason reason;
	switch (client_read_preamble(client, &reason)) {
	case CLIENT_PREAMBLE_WAIT:
		return false;
	case CLIENT_PREAMBLE_BAD:
		client_close(client, reason);
		return false;
	case CLIENT_PREAMBLE_DONE:
		break;
	}
	begin(client, site_of_client(client));
	return client->phase != CLIENT_CLOSED;
}

static void step(struct sock *sock)
{
	struct client *client = CONTAINER_OF(sock, struct client, sock);
	if (client->phase == CLIENT_HANDSHAKE && !shake_hands(client))
		return;
	switch (client->phase) {
	case CLIENT_PREAMBLE:
		if (read_preamble(client))
			step(sock);
		break;
	case CLIENT_IDLE:
		read_first(client);
		break;
	case CLIENT_EXCHANGE:
		exchange_step(client->exchange);
		break;
	case CLIENT_LINGER:
		linger(client);
		break;
	case CLIENT_HANDSHAKE:
	case CLIENT_CLOSED:
		break;
	}
}

static uint64_t last_number;

void client_set_peer(struct client *client, const struct addr *peer)
{
	char text[ADDR_TEXT];
	size_t n = min_size(addr_format_ip(peer, text), sizeof(client->ip) - 1);
	/* IPv4 that came mapped into IPv6 is written as such (nginx). */
	if (peer->u.any.sa_family == AF_INET6 && client->listener->generation->conf->web != NULL &&
		inet_ntop(AF_INET6, &peer->u.v6.sin6_addr, text, sizeof(text)) != NULL)
		n = strlen(text);
	client->peer = *peer;
	client->ip_n = (uint8_t)n;
	memcpy(client->ip, text, n);
	client->ip[n] = '\0';
}

void client_accept(
	struct listener *listener, int fd, const struct sockaddr *peer, socklen_t peer_len)
{
	struct client *client = freelist_take(&free_clients);
	if (client == NULL) {
		proxy_stats.out_of_memory++;
		(void)close(fd);
		return;
	}
	*client = (struct client){
		.listener = listener, .number = ++last_number, .accepted_us = clock_now_us};
	list_init(&client->node);
	deadline_init(&client->deadline, on_due);
	struct addr addr = {.len = (socklen_t)min_size(peer_len, sizeof(addr.u))};
	memcpy(&addr.u, peer, addr.len);
	client_set_peer(client, &addr);
	if (sock_init(&client->sock, fd, step) != 0) {
		proxy_stats.out_of_memory++;
		freelist_give(&free_clients, client);
		return;
	}
	listener->refs++;
	client->sock.can_write = true;
	proxy_stats.connections++;
	client->phase = CLIENT_HANDSHAKE;
	const struct site *site = site_of_client(client);
	if (!site->listen->is_proxy_protocol) {
		begin(client, site);
		return;
	}
	enter(client, CLIENT_PREAMBLE);
	wait_for_request(client, header_ms(client));
}

void client_next(struct client *client, struct buf *rest, uint64_t keepalive_ms)
{
	client->exchange = NULL;
	client->served++;
	client->in = *rest;
	client->has_more = buf_waiting(rest) != 0;
	*rest = (struct buf){0};
	enter(client, CLIENT_IDLE);
	wait_for_request(client, keepalive_ms);
	/* Others first: a client that pipelines must not keep the loop to itself. */
	if (buf_waiting(&client->in) != 0 || client->sock.can_read)
		sock_step_again(&client->sock);
	else
		buf_release(&client->in);
}

void client_half_closed(struct client *client)
{
	if (!deadline_is_set(&client->deadline))
		deadline_set(&client->deadline, HALF_CLOSED_MS);
}

void client_linger(struct client *client)
{
	client->exchange = NULL;
	enter(client, CLIENT_LINGER);
	sock_end(&client->sock);
	deadline_set(&client->deadline, LINGER_MS);
	sock_step_again(&client->sock);
}

void clients_close_kept(void)
{
	list_each_safe (node, &idle_clients) {
		struct client *client = CONTAINER_OF(node, struct client, node);
		if (client->phase == CLIENT_IDLE && client->served != 0 &&
			buf_waiting(&client->in) == 0 && !client->sock.can_read)
			client_close(client, CLOSE_DONE);
	}
}

bool clients_have_old_idle(void)
{
	if (list_is_empty(&idle_clients))
		return false;
	struct client *client = list_first(&idle_clients, struct client, node);
	return clock_now_us - client->idle_since_us >= IDLE_IS_OLD_MS * UINT64_C(1000);
}

bool client_close_oldest_idle(enum close_reason reason)
{
	if (!clients_have_old_idle())
		return false;
	struct client *client = list_first(&idle_clients, struct client, node);
	proxy_stats.idle_closed++;
	client_close(client, reason);
	return true;
}

uint32_t proxy_connections(void)
{
	return proxy_stats.connections;
}

void proxy_on_empty(void (*fn)(void))
{
	on_empty = fn;
}

void clients_stop(void)
{
	is_stopping = true;
	list_each (node, &idle_clients)
		deadline_set(&CONTAINER_OF(node, struct client, node)->deadline, STOP_GRACE_MS);
	if (proxy_stats.connections == 0 && on_empty != NULL)
		on_empty();
}

static void close_one(struct client *client, enum close_reason reason)
{
	if (client->phase == CLIENT_EXCHANGE)
		exchange_abort(client->exchange, reason);
	else
		client_close(client, reason);
}

void clients_close_all(enum close_reason reason)
{
	while (!list_is_empty(&idle_clients))
		close_one(list_first(&idle_clients, struct client, node), reason);
	while (!list_is_empty(&busy_clients))
		close_one(list_first(&busy_clients, struct client, node), reason);
}

void proxy_close_idle_before(uint64_t accepted_us, enum close_reason reason)
{
	list_each_safe (node, &idle_clients) {
		struct client *client = CONTAINER_OF(node, struct client, node);
		if (client->accepted_us < accepted_us)
			client_close(client, reason);
	}
}

void proxy_close_generation(const struct generation *generation, enum close_reason reason)
{
	list_each_safe (node, &busy_clients) {
		struct client *client = CONTAINER_OF(node, struct client, node);
		if (client->phase == CLIENT_EXCHANGE && client->exchange->generation == generation)
			exchange_abort(client->exchange, reason);
	}
}
