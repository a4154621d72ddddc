/*
 * proxy/dns_server.c - c-ares on the loop: its sockets are events here, its clock is one timer.
 *
 * One channel for each name server, with one try: which server is asked next, and when, is decided
 * in proxy/resolver.c, as nginx decides it.
 */
#include "proxy/dns_server.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/loop.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <event2/event.h>
#include <stdlib.h>

struct dns_server {
	ares_channel channel; /* owned; NULL while being made */
	struct event *timer;  /* owned */
	struct list sockets;
};

/* A socket of c-ares', as long as it wants to hear of it. */
struct dns_socket {
	struct list node;
	struct dns_server *server; /* borrowed: it owns us */
	struct event *event;       /* owned */
	ares_socket_t fd;          /* borrowed: c-ares closes it */
};

struct asker {
	void (*on_reply)(void *arg, const struct dns_reply *reply);
	void *arg;
};

static void set_timer(struct dns_server *server)
{
	struct timeval tv;
	if (ares_timeout(server->channel, NULL, &tv) != NULL)
		(void)event_add(server->timer, &tv);
	else
		(void)event_del(server->timer);
}

static void process(struct dns_server *server, ares_socket_t reads, ares_socket_t writes)
{
	clock_tick();
	ares_process_fd(server->channel, reads, writes);
	set_timer(server);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	process(arg, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* c-ares may close the socket, and so free `arg`, in here. */
static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	const struct dns_socket *socket = arg;
	process(socket->server, what & EV_READ ? fd : ARES_SOCKET_BAD,
		what & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

static void drop_socket(struct dns_socket *socket)
{
	list_remove(&socket->node);
	event_free(socket->event);
	free(socket);
}

static struct dns_socket *find_socket(const struct dns_server *server, ares_socket_t fd)
{
	list_each (node, &server->sockets) {
		struct dns_socket *socket = CONTAINER_OF(node, struct dns_socket, node);
		if (socket->fd == fd)
			return socket;
	}
	return NULL;
}

/* Without memory nobody hears of that socket: its questions time out. */
static void on_interest(void *arg, ares_socket_t fd, int reads, int writes)
{
	struct dns_server *server = arg;
	struct dns_socket *socket = find_socket(server, fd);
	if (socket != NULL)
		drop_socket(socket);
	if (!reads && !writes)
		return;
	socket = calloc(1, sizeof(*socket));
	if (socket == NULL)
		return;
	short what = (short)(EV_PERSIST | (reads ? EV_READ : 0) | (writes ? EV_WRITE : 0));
	socket->server = server;
	socket->fd = fd;
	socket->event = event_new(loop_base(), fd, what, on_socket, socket);
	if (socket->event == NULL || event_add(socket->event, NULL) != 0) {
		if (socket->event != NULL)
			event_free(socket->event);
		free(socket);
		return;
	}
	list_push_back(&server->sockets, &socket->node);
}

static bool set_address(ares_channel channel, const struct addr *addr)
{
	struct ares_addr_port_node node = {.family = addr->u.any.sa_family};
	node.udp_port = node.tcp_port = addr_port(addr);
	if (node.family == AF_INET)
		node.addr.addr4 = addr->u.v4.sin_addr;
	else if (node.family == AF_INET6)
		memcpy(&node.addr.addr6, &addr->u.v6.sin6_addr, sizeof(node.addr.addr6));
	else
		return false;
	return ares_set_servers_ports(channel, &node) == ARES_SUCCESS;
}

struct dns_server *dns_server_create(const struct addr *addr)
{
	struct dns_server *server = calloc(1, sizeof(*server));
	if (server == NULL)
		return NULL;
	list_init(&server->sockets);
	server->timer = evtimer_new(loop_base(), on_time, server);
	/* With all of these given no file is read: neither resolv.conf nor nsswitch.conf counts. */
	struct in_addr nobody = {0};
	char lookups[] = "b", no_file[] = "/dev/null";
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP,
		.timeout = DNS_TRY_MS,
		.tries = 1,
		.ndots = 1,
		.servers = &nobody,
		.nservers = 1,
		.lookups = lookups,
		.resolvconf_path = no_file,
		.sock_state_cb = on_interest,
		.sock_state_cb_data = server};
	const int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
			  ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST |
			  ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
	if (server->timer != NULL &&
		ares_init_options(&server->channel, &options, given) != ARES_SUCCESS)
		server->channel = NULL;
	if (server->channel != NULL && set_address(server->channel, addr))
		return server;
	dns_server_destroy(server);
	return NULL;
}

void dns_server_destroy(struct dns_server *server)
{
	if (server == NULL)
		return;
	if (server->channel != NULL)
		ares_destroy(server->channel);
	list_each_safe (node, &server->sockets)
		drop_socket(CONTAINER_OF(node, struct dns_socket, node));
	if (server->timer != NULL)
		event_free(server->timer);
	free(server);
}

static enum dns_outcome outcome_of(int status)
{
	switch (status) {
	case ARES_ETIMEOUT:
		return DNS_TIMED_OUT;
	case ARES_EBADNAME:
		return DNS_NO_NAME;
	case ARES_EDESTRUCTION:
		return DNS_ENDED;
	default:
		return DNS_UNREACHABLE;
	}
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *octets, int n)
{
	struct asker asker = *(struct asker *)arg;
	struct dns_reply reply = {.outcome = outcome_of(status)};
	(void)timeouts;
	free(arg);
	if (octets != NULL && n > 0)
		reply = (struct dns_reply){DNS_ANSWERED, octets, (size_t)n};
	asker.on_reply(asker.arg, &reply);
}

void dns_server_ask(struct dns_server *server, const char *name, enum dns_type type,
	void (*on_reply)(void *arg, const struct dns_reply *reply), void *arg)
{
	struct asker *asker = malloc(sizeof(*asker));
	if (asker == NULL) {
		const struct dns_reply none = {.outcome = DNS_UNREACHABLE};
		on_reply(arg, &none);
		return;
	}
	*asker = (struct asker){on_reply, arg};
	ares_query(server->channel, name, C_IN, (int)type, on_answer, asker);
	set_timer(server);
}
