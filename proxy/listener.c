#include "proxy/listener.h"

#include "base/clock.h"
#include "base/inherit.h"
#include "base/log.h"
#include "base/loop.h"
#include "proxy/client.h"
#include "proxy/proxy.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/listener.h>

#define BACKLOG 4096
/* Out of descriptors: how long to stop accepting, so that the loop does not spin on a queue it
 * cannot empty. */
#define PAUSE_MS 100

static struct list open_listeners = {&open_listeners, &open_listeners};
static struct generation *current; /* ref */
static struct deadline pause_over;
static bool is_paused;
static bool is_held;      /* proxy_hold_accepting */
static bool is_shared;    /* proxy_share_listeners */
static uint32_t room_for; /* clients at one time */

static void listener_close(struct listener *listener)
{
	if (listener->accept == NULL)
		return;
	evconnlistener_free(listener->accept);
	listener->accept = NULL;
	list_remove(&listener->node);
	if (!listener->is_tcp && !listener->is_shared && !is_shared)
		(void)unlink(listener->addr.u.un.sun_path);
}

void listener_unref(struct listener *listener)
{
	if (--listener->refs != 0)
		return;
	listener_close(listener);
	generation_unref(listener->generation);
	free(listener->text);
	free(listener);
}

static void listeners_pause(bool pause)
{
	if (pause == is_paused)
		return;
	is_paused = pause;
	if (pause)
		proxy_stats.accept_paused++;
	list_each (node, &open_listeners) {
		struct listener *listener = CONTAINER_OF(node, struct listener, node);
		if (pause)
			(void)evconnlistener_disable(listener->accept);
		else if (listener->generation != NULL && !is_held)
			(void)evconnlistener_enable(listener->accept);
	}
}

void proxy_hold_accepting(bool hold)
{
	is_held = hold;
	list_each (node, &open_listeners) {
		struct listener *listener = CONTAINER_OF(node, struct listener, node);
		if (hold)
			(void)evconnlistener_disable(listener->accept);
		else if (listener->generation != NULL && !is_paused)
			(void)evconnlistener_enable(listener->accept);
	}
}

uint32_t proxy_listening(int *ret_fds, uint32_t most)
{
	uint32_t count = 0;
	list_each (node, &open_listeners) {
		if (count < most)
			ret_fds[count] = CONTAINER_OF(node, struct listener, node)->fd;
		count++;
	}
	return count;
}

void proxy_share_listeners(bool share)
{
	is_shared = share;
}

/* Each client may need a second descriptor for its worker; some are kept for logs, pipes and
 * probes. */
static uint32_t connections_most(void)
{
	struct rlimit files;
	uint32_t most = current->conf->limits.max_connections;
	most = most == 0 ? UINT32_MAX : most;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY)
		return most;
	uint64_t reserve = min_u64(64, files.rlim_cur / 4);
	return (uint32_t)min_u64(most, (files.rlim_cur - reserve) / 2);
}

static void on_pause_over(struct deadline *deadline)
{
	if (proxy_stats.connections < room_for || clients_have_old_idle())
		listeners_pause(false);
	else
		deadline_set(deadline, PAUSE_MS);
}

static void on_accept(struct evconnlistener *accept, evutil_socket_t fd, struct sockaddr *peer,
	int peer_len, void *arg)
{
	(void)accept;
	struct listener *listener = arg;
	(void)clock_tick();
	proxy_stats.accepted++;
	if (proxy_stats.connections >= room_for)
		(void)client_close_oldest_idle(CLOSE_IDLE_CLOSED);
	client_accept(listener, fd, peer, (socklen_t)peer_len);
	if (proxy_stats.connections < room_for || clients_have_old_idle())
		return;
	log_warn("max_connections", "connections=%u what=\"no more are accepted until one ends\"",
		proxy_stats.connections);
	listeners_pause(true);
	deadline_set(&pause_over, PAUSE_MS);
}

static void on_accept_error(struct evconnlistener *accept, void *arg)
{
	(void)accept;
	(void)arg;
	int error = errno;
	(void)clock_tick();
	proxy_stats.accept_errors++;
	log_warn("accept_failed", "error=%s", LOG_QUOTE(strerrordesc_np(error)));
	/* A descriptor of an idle client is better spent on a new one. */
	if ((error == EMFILE || error == ENFILE) && client_close_oldest_idle(CLOSE_IDLE_CLOSED))
		return;
	listeners_pause(true);
	deadline_set(&pause_over, PAUSE_MS);
}

void listeners_room(void)
{
	if (is_paused && proxy_stats.connections < room_for)
		listeners_pause(false);
}

/* Nobody answers behind this path any more: what a crash left. */
static void remove_stale_socket(const struct addr *addr)
{
	struct stat st;
	if (stat(addr->u.un.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, &addr->u.any, addr->len) != 0 && errno == ECONNREFUSED)
		(void)unlink(addr->u.un.sun_path);
	(void)close(fd);
}

/* Accepted sockets inherit the last two, which saves two calls for each. */
static void set_options(int fd, const struct addr *addr)
{
	int on = 1;
	if (addr->u.any.sa_family == AF_UNIX)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* One that came from who started us; -1: there is none. */
static int take_inherited(const struct conf_listen *conf)
{
	int fd = inherit_take(&conf->addr);
	if (fd < 0)
		return -1;
	set_options(fd, &conf->addr);
	/* The queue may be another now; the socket listens already. */
	(void)listen(fd, conf->backlog != 0 ? conf->backlog : BACKLOG);
	return fd;
}

/* Before bind: what nginx's `listen` may say of a socket. */
static void set_own_options(int fd, const struct conf_listen *conf)
{
	int on = 1, v6_only = !conf->has_v6_only || conf->is_v6_only;
	if (conf->addr.u.any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only));
	if (conf->is_reuseport)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (conf->rcvbuf != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &conf->rcvbuf, sizeof(conf->rcvbuf));
	if (conf->sndbuf != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &conf->sndbuf, sizeof(conf->sndbuf));
	if (conf->is_deferred)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &on, sizeof(on));
}

static int open_and_listen(const struct conf_listen *conf)
{
	const struct addr *addr = &conf->addr;
	int fd = socket(addr->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (addr->u.any.sa_family == AF_UNIX)
		remove_stale_socket(addr);
	set_options(fd, addr);
	set_own_options(fd, conf);
	if (bind(fd, &addr->u.any, addr->len) != 0 ||
		listen(fd, conf->backlog != 0 ? conf->backlog : BACKLOG) != 0) {
		int error = errno;
		(void)close(fd);
		return -error;
	}
	if (addr->u.any.sa_family == AF_UNIX)
		(void)chmod(addr->u.un.sun_path, 0666);
	return fd;
}

static int listener_open(const struct conf_listen *conf, struct conf_problems *problems)
{
	int fd = take_inherited(conf);
	bool is_inherited = fd >= 0;
	if (!is_inherited)
		fd = open_and_listen(conf);
	if (fd < 0) {
		conf_problem_add(problems, conf->place.file, conf->place.line,
			"cannot listen on %s: %s", conf->text, strerrordesc_np(-fd));
		return fd;
	}
	struct listener *listener = calloc(1, sizeof(*listener));
	char *text = strdup(conf->text);
	struct evconnlistener *accept = listener == NULL || text == NULL
						? NULL
						: evconnlistener_new(loop_base(), on_accept,
							  listener,
							  LEV_OPT_CLOSE_ON_FREE |
								  LEV_OPT_CLOSE_ON_EXEC |
								  LEV_OPT_DISABLED,
							  0, fd);
	if (accept == NULL) {
		(void)close(fd);
		free(text);
		free(listener);
		conf_problem_add(problems, conf->place.file, conf->place.line, "out of memory");
		return -ENOMEM;
	}
	*listener = (struct listener){.refs = 1,
		.text = text,
		.addr = conf->addr,
		.accept = accept,
		.fd = fd,
		.is_new = true,
		.is_shared = is_inherited};
	listener->is_tcp = conf->addr.u.any.sa_family != AF_UNIX;
	listener->addr.len = sizeof(listener->addr.u);
	if (getsockname(fd, &listener->addr.u.any, &listener->addr.len) != 0)
		listener->addr = conf->addr;
	evconnlistener_set_error_cb(accept, on_accept_error);
	list_push_back(&open_listeners, &listener->node);
	return 0;
}

static struct listener *find(const char *text)
{
	list_each (node, &open_listeners) {
		struct listener *listener = CONTAINER_OF(node, struct listener, node);
		if (strcmp(listener->text, text) == 0)
			return listener;
	}
	return NULL;
}

int proxy_listen(struct generation *generation, struct conf_problems *problems)
{
	int result = 0;
	for (uint32_t i = 0; i < generation->site_count; i++) {
		const struct conf_listen *conf = generation->sites[i].listen;
		if (generation->sites[i].is_covered)
			continue;
		int rc = find(conf->text) != NULL ? 0 : listener_open(conf, problems);
		result = rc != 0 ? rc : result;
	}
	if (result != 0)
		proxy_unlisten_new();
	return result;
}

void proxy_unlisten_new(void)
{
	list_each_safe (node, &open_listeners) {
		struct listener *listener = CONTAINER_OF(node, struct listener, node);
		if (listener->is_new)
			listener_unref(listener);
	}
}

static void serve(struct listener *listener, struct generation *generation, struct site *site)
{
	char bound[ADDR_TEXT];
	generation_unref(listener->generation);
	listener->generation = generation_ref(generation);
	listener->site = site;
	if (!listener->is_new)
		return;
	listener->is_new = false;
	addr_format(&listener->addr, bound);
	log_info("listening", "address=%s configured=%s tls=%s", LOG_QUOTE(bound),
		LOG_QUOTE(listener->text), site->tls != NULL ? "on" : "off");
	if (!is_paused && !is_held)
		(void)evconnlistener_enable(listener->accept);
}

/* What the kernel has accepted for us already is ours to serve. */
static void stop_listening(struct listener *listener)
{
	struct addr peer = {.len = sizeof(peer.u)};
	int fd;
	for (;;) {
		fd = accept4(listener->fd, &peer.u.any, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0)
			break;
		proxy_stats.accepted++;
		client_accept(listener, fd, &peer.u.any, peer.len);
		peer.len = sizeof(peer.u);
	}
	log_info("listening_ended", "configured=%s", LOG_QUOTE(listener->text));
	listener_close(listener);
	listener_unref(listener);
}

void proxy_commit(struct generation *generation)
{
	struct generation *old = current;
	if (old == NULL)
		deadline_init(&pause_over, on_pause_over);
	current = generation_ref(generation);
	list_each_safe (node, &open_listeners) {
		struct listener *listener = CONTAINER_OF(node, struct listener, node);
		struct site *site = generation_site(generation, listener->text);
		if (site != NULL)
			serve(listener, generation, site);
		else
			stop_listening(listener);
	}
	/* As nginx does: their next request goes to the new configuration on a new connection. */
	if (old != NULL && generation->conf->web != NULL)
		clients_close_kept();
	generation_unref(old);
	room_for = connections_most();
	listeners_room();
}

struct generation *proxy_generation(void)
{
	return current;
}

void proxy_stop_accepting(void)
{
	list_each_safe (node, &open_listeners)
		stop_listening(CONTAINER_OF(node, struct listener, node));
	clients_stop();
}

void listeners_finish(void)
{
	if (current != NULL)
		deadline_clear(&pause_over);
	list_each_safe (node, &open_listeners) {
		struct listener *listener = CONTAINER_OF(node, struct listener, node);
		listener_close(listener);
		listener_unref(listener);
	}
	generation_unref(current);
	current = NULL;
}
