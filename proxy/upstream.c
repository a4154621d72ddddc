#include "proxy/upstream.h"

#include "base/clock.h"
#include "base/freelist.h"
#include "proxy/exchange.h"
#include "proxy/stats.h"
#include "proxy/tls.h"
#include "proxy/web_proxy.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static struct freelist free_upstreams = FREELIST(struct upstream, 64);

static void on_owner_step(struct sock *sock)
{
	struct upstream *upstream = CONTAINER_OF(sock, struct upstream, sock);
	if (upstream->exchange != NULL)
		exchange_step(upstream->exchange);
}

static void on_idle_step(struct sock *sock)
{
	struct upstream *upstream = CONTAINER_OF(sock, struct upstream, sock);
	/* That it can be written to is no news, and a doubt may be unfounded. */
	if (!sock->can_read && !sock->peer_closed)
		return;
	if (sock_is_stale(sock))
		upstream_close(upstream);
	else
		sock->can_read = false;
}

static void on_idle_due(struct deadline *deadline)
{
	upstream_close(CONTAINER_OF(deadline, struct upstream, deadline));
}

static void unhook(struct upstream *upstream)
{
	struct backend *backend = upstream->backend;
	if (upstream->exchange == NULL)
		backend->idle_count--;
	else
		backend->busy_count--;
	list_remove(&upstream->node);
}

static void own(struct upstream *upstream, struct exchange *exchange)
{
	upstream->exchange = exchange;
	upstream->requests++;
	upstream->sock.step = on_owner_step;
	deadline_clear(&upstream->deadline);
	list_push_front(&upstream->backend->busy, &upstream->node);
	upstream->backend->busy_count++;
}

struct upstream *upstream_take(
	struct backend *backend, struct exchange *exchange, const struct tls_route *route)
{
	list_each_safe (node, &backend->idle) {
		struct upstream *upstream = CONTAINER_OF(node, struct upstream, node);
		if (!tls_is_route(&upstream->sock, route))
			continue;
		if (sock_is_stale(&upstream->sock)) {
			upstream_close(upstream);
			continue;
		}
		unhook(upstream);
		own(upstream, exchange);
		upstream->was_reused = true;
		backend->stats.reused++;
		return upstream;
	}
	return NULL;
}

/* proxy_bind. A port is not taken before connect() where none is asked for. -errno. */
static int bind_local(int fd, int family, struct exchange *exchange)
{
	int on = 1;
	struct addr local;
	web_local_addr(exchange, &local);
	if (local.len == 0 || local.u.any.sa_family != family)
		return 0;
	if (addr_port(&local) == 0)
		(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, &local.u.any, local.len) == 0 ? 0 : -errno;
}

static bool probes_silence(const struct exchange *exchange)
{
	return exchange->web == NULL || exchange->web->loc->proxy.socket_keepalive;
}

static int open_socket(const struct addr *addr, struct exchange *exchange)
{
	int on = 1;
	int fd = socket(addr->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (addr->u.any.sa_family != AF_UNIX) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (probes_silence(exchange))
			(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	int rc = exchange->web == NULL ? 0 : bind_local(fd, addr->u.any.sa_family, exchange);
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

/* The sock of a new upstream. -errno: there is none. */
static int open_sock(struct upstream *upstream, const struct addr *addr, struct exchange *exchange,
	const struct tls_route *route)
{
	int fd = open_socket(addr, exchange);
	int rc = fd < 0 ? fd : sock_init(&upstream->sock, fd, on_owner_step);
	if (rc != 0 || route->peer == NULL)
		return rc;
	rc = tls_connect(&upstream->sock, route, (struct slice){(const char *)&addr->u, addr->len});
	if (rc != 0)
		sock_close(&upstream->sock);
	upstream->is_shaking = true;
	return rc;
}

int upstream_connect(struct upstream **ret_upstream, struct backend *backend,
	struct exchange *exchange, const struct tls_route *route)
{
	struct upstream *upstream = freelist_take(&free_upstreams);
	if (upstream == NULL)
		return -ENOMEM;
	*upstream = (struct upstream){.backend = backend, .born_us = clock_now_us};
	list_init(&upstream->node);
	deadline_init(&upstream->deadline, on_idle_due);
	int rc = open_sock(upstream, &backend->addr, exchange, route);
	if (rc != 0) {
		freelist_give(&free_upstreams, upstream);
		return rc;
	}
	(void)lb_backend_ref(backend);
	backend->stats.connects++;
	proxy_stats.upstreams++;
	own(upstream, exchange);
	if (connect(upstream->sock.fd, &backend->addr.u.any, backend->addr.len) == 0) {
		upstream->sock.can_write = true;
	} else if (errno == EINPROGRESS) {
		upstream->is_connecting = true;
	} else {
		rc = -errno;
		backend->stats.connect_failures++;
		upstream_close(upstream);
		return rc;
	}
	*ret_upstream = upstream;
	return 0;
}

static int shake_hands(struct upstream *upstream, struct err *why)
{
	switch (tls_handshake(&upstream->sock, why)) {
	case TLS_WAIT:
		return -EINPROGRESS;
	case TLS_DONE:
		upstream->is_shaking = false;
		return 0;
	case TLS_FAILED:
	case TLS_PLAIN_HTTP:
		break;
	}
	upstream->backend->stats.connect_failures++;
	return -EPROTO;
}

int upstream_connected(struct upstream *upstream, struct err *why)
{
	int error = 0;
	socklen_t n = sizeof(error);
	if (!upstream->is_connecting)
		return upstream->is_shaking ? shake_hands(upstream, why) : 0;
	if (!upstream->sock.can_write && !upstream->sock.peer_closed)
		return -EINPROGRESS;
	if (getsockopt(upstream->sock.fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		error = errno;
	if (error != 0) {
		upstream->backend->stats.connect_failures++;
		return -error;
	}
	upstream->is_connecting = false;
	upstream->sock.can_write = true;
	return upstream->is_shaking ? shake_hands(upstream, why) : 0;
}

static bool is_used_up(const struct upstream *upstream, const struct conf_upstream *block)
{
	return upstream->requests >= block->keepalive_requests ||
	       clock_now_us - upstream->born_us > block->keepalive_time_ms * 1000;
}

/* The longest idle one of all backends; NULL if no more than `most` are idle. */
static struct upstream *one_too_many(struct lb_pool *pool, uint32_t most)
{
	struct upstream *oldest = NULL;
	uint64_t count = 0;
	for (uint32_t i = 0; i < pool->count; i++) {
		struct backend *backend = pool->seats[i].backend;
		count += backend->idle_count;
		if (list_is_empty(&backend->idle))
			continue;
		struct upstream *last = CONTAINER_OF(backend->idle.prev, struct upstream, node);
		if (oldest == NULL || last->idle_us < oldest->idle_us)
			oldest = last;
	}
	return count > most ? oldest : NULL;
}

static void put_idle(struct upstream *upstream, uint64_t idle_ms)
{
	unhook(upstream);
	buf_release(&upstream->in);
	upstream->exchange = NULL;
	upstream->sock.step = on_idle_step;
	upstream->idle_us = clock_now_us;
	list_push_front(&upstream->backend->idle, &upstream->node);
	upstream->backend->idle_count++;
	deadline_set(&upstream->deadline, idle_ms);
}

void upstream_give(struct upstream *upstream, uint32_t most, uint64_t idle_ms)
{
	struct lb_pool *pool = upstream->exchange->pool;
	const struct conf_upstream *block = pool->conf->upstream;
	bool is_over = block != NULL ? is_used_up(upstream, block)
				     : upstream->backend->idle_count >= most;
	if (is_over || upstream->backend->is_draining) {
		upstream_close(upstream);
		return;
	}
	put_idle(upstream, block != NULL ? block->keepalive_timeout_ms : idle_ms);
	struct upstream *oldest = block != NULL ? one_too_many(pool, most) : NULL;
	if (oldest != NULL)
		upstream_close(oldest);
}

static void free_upstream(struct deferred *item)
{
	struct upstream *upstream = CONTAINER_OF(item, struct upstream, garbage);
	lb_backend_unref(upstream->backend);
	freelist_give(&free_upstreams, upstream);
}

static void close_with(struct upstream *upstream, void (*how)(struct sock *sock))
{
	if (upstream == NULL || !sock_is_open(&upstream->sock))
		return;
	unhook(upstream);
	upstream->exchange = NULL;
	deadline_clear(&upstream->deadline);
	buf_release(&upstream->in);
	how(&upstream->sock);
	proxy_stats.upstreams--;
	defer(&upstream->garbage, free_upstream);
}

void upstream_close(struct upstream *upstream)
{
	/* A close is a FIN already; TLS says goodbye first. */
	if (upstream != NULL && upstream->sock.tls != NULL)
		sock_end(&upstream->sock);
	close_with(upstream, sock_close);
}

void upstream_reset(struct upstream *upstream)
{
	close_with(upstream, sock_reset);
}

void upstream_close_idle(struct backend *backend)
{
	while (!list_is_empty(&backend->idle))
		upstream_close(list_first(&backend->idle, struct upstream, node));
}

bool upstreams_close_idle(void)
{
	bool has_closed = false;
	/* The last connection of a backend that has left takes it along. */
	list_each_safe (node, (struct list *)lb_backends()) {
		struct backend *backend = lb_backend_ref(
			CONTAINER_OF(node, struct backend, registered));
		has_closed = has_closed || backend->idle_count != 0;
		upstream_close_idle(backend);
		lb_backend_unref(backend);
	}
	return has_closed;
}
