/*
 * proxy/tls_line.c - a pair of sockets, and TLS behind it.
 *
 *            near                                far
 *   asker <--pair--> up   ---------------------> TLS ---> worker
 *                    down <---------------------
 *
 *   connecting -> shaking -> open -> one way ended -> gone
 *
 * The asker has its own time limit: when it closes its end before all stands, so do we. When it
 * closes it later, the worker has LINGER_MS to end its side.
 */
#include "proxy/tls_line.h"

#include "base/list.h"
#include "base/loop.h"
#include "proxy/flow.h"
#include "proxy/sock.h"
#include "proxy/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS 5000

struct tls_secure {
	struct secure base;
	struct tls_peer *peer; /* ref */
	struct slice name;     /* owned */
};

struct tls_line {
	struct list living;
	struct deferred gone;
	struct deadline limit;
	struct secure *secure;    /* ref: has the name */
	struct secure_line *line; /* ref */
	struct sock near, far;
	struct flow up, down;
	bool is_connecting, is_shaking;
	bool has_up_ended, has_down_ended;
};

static struct list living = {&living, &living};

static struct tls_secure *secure_of(const struct secure *secure)
{
	return CONTAINER_OF((struct secure *)(uintptr_t)secure, struct tls_secure, base);
}

/* -- life -- */

static void run_destroy(struct deferred *gone)
{
	struct tls_line *line = CONTAINER_OF(gone, struct tls_line, gone);
	flow_finish(&line->up);
	flow_finish(&line->down);
	secure_unref(line->secure);
	secure_line_unref(line->line);
	free(line);
}

/* `error` 0: in order. */
static void end(struct tls_line *line, int error)
{
	if (error != 0 && line->line->error == 0)
		line->line->error = error;
	list_remove(&line->living);
	deadline_clear(&line->limit);
	sock_close(&line->far);
	sock_close(&line->near);
	defer(&line->gone, run_destroy);
}

static void on_limit(struct deadline *limit)
{
	end(CONTAINER_OF(limit, struct tls_line, limit), 0);
}

/* -- steps -- */

/* 0, -EINPROGRESS, or why it failed. */
static int connected(struct tls_line *line)
{
	int error = 0;
	socklen_t n = sizeof(error);
	struct err why;
	if (line->is_connecting) {
		if (!line->far.can_write && !line->far.peer_closed)
			return -EINPROGRESS;
		if (getsockopt(line->far.fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
			error = errno;
		if (error != 0)
			return -error;
		line->is_connecting = false;
		line->far.can_write = true;
	}
	if (!line->is_shaking)
		return 0;
	switch (tls_handshake(&line->far, &why)) {
	case TLS_WAIT:
		return -EINPROGRESS;
	case TLS_DONE:
		line->is_shaking = false;
		line->line->is_open = true;
		return 0;
	default:
		return -EKEYREJECTED;
	}
}

/* One way as far as it goes now. False: it is over with the line. */
static bool pump(struct tls_line *line, struct flow *flow, bool *has_ended)
{
	if (!*has_ended) {
		switch (flow_pump(flow)) {
		case FLOW_WAIT:
			return true;
		case FLOW_AGAIN:
			sock_step_again(&line->near);
			return true;
		case FLOW_END:
			*has_ended = true;
			deadline_set(&line->limit, LINGER_MS);
			break;
		default:
			return false;
		}
	}
	/* With TLS it may have to wait for room. */
	if (!flow->to->has_ended)
		sock_end(flow->to);
	return true;
}

static void go(struct tls_line *line)
{
	int rc = connected(line);
	if (rc == -EINPROGRESS) {
		if (line->near.peer_closed)
			end(line, 0);
		return;
	}
	if (rc != 0) {
		end(line, rc);
		return;
	}
	bool goes_on = pump(line, &line->down, &line->has_down_ended) &&
		       pump(line, &line->up, &line->has_up_ended);
	if (!goes_on)
		end(line, -ECONNRESET);
	else if (line->has_up_ended && line->has_down_ended)
		end(line, 0);
}

static void on_near(struct sock *sock)
{
	go(CONTAINER_OF(sock, struct tls_line, near));
}

static void on_far(struct sock *sock)
{
	go(CONTAINER_OF(sock, struct tls_line, far));
}

/* -- opening -- */

/* Both socks are made, and the far one is to speak TLS; or neither is. -errno. */
static int init_socks(struct tls_line *line, int near_fd, const struct addr *addr)
{
	int on = 1;
	int rc = sock_init(&line->near, near_fd, on_near);
	if (rc != 0)
		return rc;
	int fd = socket(addr->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	rc = fd < 0 ? -errno : sock_init(&line->far, fd, on_far);
	if (rc == 0 && addr->u.any.sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (rc == 0) {
		const struct tls_route route = tls_line_route(line->secure);
		rc = tls_connect(
			&line->far, &route, (struct slice){(const char *)&addr->u, addr->len});
		if (rc != 0)
			sock_close(&line->far);
	}
	if (rc != 0)
		sock_close(&line->near);
	return rc;
}

/* What fails at once is told like what fails later. */
static void begin(struct tls_line *line, const struct addr *addr)
{
	flow_init(&line->up, &line->near, &line->far, FLOW_TO_CLOSE, FLOW_TO_CLOSE);
	flow_init(&line->down, &line->far, &line->near, FLOW_TO_CLOSE, FLOW_TO_CLOSE);
	line->is_shaking = true;
	if (connect(line->far.fd, &addr->u.any, addr->len) == 0)
		line->far.can_write = true;
	else if (errno == EINPROGRESS)
		line->is_connecting = true;
	else {
		end(line, -errno);
		return;
	}
	sock_step_again(&line->near);
}

static int open_line(struct secure *secure, const struct addr *addr, struct secure_line **ret_line)
{
	int pair[2];
	struct tls_line *line = calloc(1, sizeof(*line));
	struct secure_line *shared = secure_line_create();
	if (line == NULL || shared == NULL) {
		free(line);
		secure_line_unref(shared);
		return -ENOMEM;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
		int rc = -errno;
		free(line);
		secure_line_unref(shared);
		return rc;
	}
	line->secure = secure_ref(secure);
	line->line = shared;
	deadline_init(&line->limit, on_limit);
	list_push_back(&living, &line->living);
	int rc = init_socks(line, pair[0], addr);
	if (rc != 0) {
		list_remove(&line->living);
		secure_unref(line->secure);
		secure_line_unref(shared);
		free(line);
		(void)close(pair[1]);
		return rc;
	}
	shared->refs++;
	*ret_line = shared;
	begin(line, addr);
	return pair[1];
}

static void destroy_secure(struct secure *base)
{
	struct tls_secure *secure = secure_of(base);
	tls_peer_unref(secure->peer);
	free((char *)(uintptr_t)secure->name.p);
	free(secure);
}

struct secure *tls_line_create(struct tls_peer *peer, struct slice name)
{
	struct tls_secure *secure = calloc(1, sizeof(*secure));
	char *copy = strndup(name.p, name.n);
	if (secure == NULL || copy == NULL) {
		free(secure);
		free(copy);
		return NULL;
	}
	*secure = (struct tls_secure){.base = {1, open_line, destroy_secure},
		.peer = tls_peer_ref(peer),
		.name = {copy, name.n}};
	return &secure->base;
}

struct tls_route tls_line_route(const struct secure *secure)
{
	if (secure == NULL)
		return (struct tls_route){.peer = NULL};
	return (struct tls_route){secure_of(secure)->peer, secure_of(secure)->name};
}

/* -- all of a generation -- */

/* Each node by its own host, unless the pool has a name for all. */
static struct secure *secure_seat(
	struct lb_pool *pool, struct tls_peer *peer, const struct conf_node *node)
{
	bool is_unix = strncmp(node->host, "unix:", 5) == 0;
	if (pool->secure != NULL)
		return secure_ref(pool->secure);
	return tls_line_create(peer, is_unix ? SLICE("localhost") : slice_of(node->host));
}

static int secure_pool(struct generation *g, struct lb_pool *pool, struct conf_problems *problems)
{
	struct err err = {""};
	const struct conf_pool *conf = pool->conf;
	const char *name = conf->tls->name;
	int rc = tls_peers_add(g->peers, conf->tls->how, &err);
	if (rc == -EINVAL)
		conf_problem_add(problems, conf->place.file, conf->place.line, "%s", err.text);
	if (rc != 0)
		return rc;
	struct tls_peer *peer = tls_peers_find(g->peers, conf->tls->how);
	if (name[0] != '\0' && (pool->secure = tls_line_create(peer, slice_of(name))) == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < pool->count; i++) {
		pool->seats[i].secure = secure_seat(pool, peer, &conf->nodes[i]);
		if (pool->seats[i].secure == NULL)
			return -ENOMEM;
	}
	return 0;
}

int tls_lines_create(struct generation *g, struct conf_problems *problems)
{
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && g->pools != NULL && i < g->conf->pool_count; i++) {
		if (g->conf->pools[i].tls == NULL || g->pools[i] == NULL)
			continue;
		if (g->peers == NULL)
			rc = tls_peers_create(&g->peers);
		if (rc == 0)
			rc = secure_pool(g, g->pools[i], problems);
	}
	return rc;
}

void tls_lines_finish(void)
{
	list_each_safe (node, &living)
		end(CONTAINER_OF(node, struct tls_line, living), 0);
}
