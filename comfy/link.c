#include "comfy/link.h"

#include "base/clock.h"
#include "comfy/fleet.h"
#include "comfy/status.h"
#include "proxy/ws.h"
#include "proxy/ws_dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DIAL_MS 15000
#define IDLE_MS 10000
/* ComfyUI may send up to 1 GiB; results of some tens of MiB have been seen. */
#define MESSAGE_MOST ((uint64_t)256 * 1024 * 1024)

struct link_socket {
	struct link *link;    /* borrowed: owns us; NULL once it let go of us */
	struct ws_dial *dial; /* owned; NULL once it has told */
	struct sock sock;
	struct ws ws; /* as long as the socket is open */
	struct deferred gone;
};

/* -- the end -- */

static void run_socket_gone(struct deferred *self)
{
	free(CONTAINER_OF(self, struct link_socket, gone));
}

static void run_link_gone(struct deferred *self)
{
	free(CONTAINER_OF(self, struct link, gone));
}

static void close_socket(struct link *link)
{
	struct link_socket *socket = link->socket;
	if (socket == NULL)
		return;
	link->socket = NULL;
	socket->link = NULL;
	ws_dial_cancel(socket->dial);
	socket->dial = NULL;
	if (sock_is_open(&socket->sock)) {
		ws_finish(&socket->ws);
		sock_close(&socket->sock);
	}
	defer(&socket->gone, run_socket_gone);
}

/* Nobody holds it and its socket is closed. */
static void bury(struct link *link)
{
	struct owner *owner = link->owner;
	list_each_safe (node, &link->waits)
		list_remove(node);
	next_turn_cancel(&link->tell);
	deadline_clear(&link->idle);
	list_remove(&link->in_owner);
	list_remove(&link->in_worker);
	link->owner = NULL;
	link->worker = NULL;
	owner_stats.links--;
	if (owner != NULL)
		owner_rest(owner);
	defer(&link->gone, run_link_gone);
}

static void end(struct link *link, int error)
{
	if (link->socket == NULL)
		return;
	link->state = LINK_OVER;
	link->error = error;
	deadline_clear(&link->idle);
	close_socket(link);
	if (link->jobs == 0)
		bury(link);
	else if (!list_is_empty(&link->waits))
		next_turn_add(&link->tell);
}

void links_close_worker(struct fleet_worker *worker)
{
	list_each_safe (node, &worker->links) {
		struct link *link = CONTAINER_OF(node, struct link, in_worker);
		list_remove(&link->in_worker);
		link->worker = NULL;
		end(link, -ECONNABORTED);
	}
}

void links_close_owner(struct owner *owner)
{
	list_each_safe (node, &owner->links) {
		struct link *link = CONTAINER_OF(node, struct link, in_owner);
		list_remove(&link->in_owner);
		link->owner = NULL;
		end(link, -ECONNABORTED);
	}
}

static void on_idle(struct deadline *deadline)
{
	struct link *link = CONTAINER_OF(deadline, struct link, idle);
	if (link->state == LINK_DIALLING) {
		end(link, -ECONNABORTED);
		return;
	}
	link->state = LINK_OVER;
	ws_close(&link->socket->ws, WS_CODE_NORMAL, "");
}

/* -- who waits -- */

static void on_tell(struct next_turn *item)
{
	struct link *link = CONTAINER_OF(item, struct link, tell);
	struct list now;
	list_insert_after(&link->waits, &now);
	list_remove(&link->waits);
	while (!list_is_empty(&now)) {
		struct link_wait *wait = list_first(&now, struct link_wait, node);
		list_remove(&wait->node);
		wait->on_known(wait, link->state == LINK_OPEN ? 0 : link->error);
	}
}

void link_wait(struct link *link, struct link_wait *wait)
{
	list_push_back(&link->waits, &wait->node);
	if (link->state != LINK_DIALLING)
		next_turn_add(&link->tell);
}

void link_wait_cancel(struct link_wait *wait)
{
	list_remove(&wait->node);
}

/* -- what the worker says -- */

static void on_message(struct ws *ws, enum ws_opcode opcode, struct slice message)
{
	const struct link_socket *socket = CONTAINER_OF(ws, struct link_socket, ws);
	struct link *link = socket->link;
	if (link == NULL || link->state != LINK_OPEN)
		return;
	owner_stats.frames_from_workers++;
	int32_t remaining;
	if (opcode == WS_TEXT && status_read(message, &remaining)) {
		/* Said to everybody; the one thing that is news of the worker itself. */
		if (link->worker != NULL)
			link->worker->queue_len = remaining;
		return;
	}
	/* The message lies in a buffer of the ws, which does not look at it again. */
	fleet_on_message(link, opcode, (char *)(uintptr_t)message.p, message.n);
}

static void on_clear(struct ws *ws)
{
	(void)ws;
}

static void on_closed(struct ws *ws, uint16_t code, const char *why)
{
	(void)code;
	struct link *link = CONTAINER_OF(ws, struct link_socket, ws)->link;
	if (link == NULL)
		return;
	bool is_lost = link->state == LINK_OPEN && link->jobs != 0;
	end(link, -ECONNRESET);
	if (is_lost)
		fleet_link_lost(link, why);
}

static const struct ws_owner link_ws = {
	.on_message = on_message,
	.on_clear = on_clear,
	.on_closed = on_closed,
};

static void on_step(struct sock *sock)
{
	struct link_socket *socket = CONTAINER_OF(sock, struct link_socket, sock);
	bool could_read = sock->can_read;
	if (!ws_step(&socket->ws) || !could_read)
		return;
	if (socket->link != NULL && socket->link->worker != NULL)
		lb_backend_heard(socket->link->worker->backend, clock_now_us);
}

/* -- the beginning -- */

static void on_open(int fd, struct buf *early, void *arg)
{
	struct link_socket *socket = arg;
	struct link *link = socket->link;
	struct buf unsent = {0};
	socket->dial = NULL;
	if (sock_init(&socket->sock, fd, on_step) != 0) {
		buf_release(early);
		end(link, -ENOMEM);
		return;
	}
	ws_init(&socket->ws, &socket->sock, &link_ws, true,
		socket->link->worker->fleet->settings.page_ping_ms, MESSAGE_MOST, early, &unsent);
	link->state = LINK_OPEN;
	next_turn_add(&link->tell);
	const struct blob *flags = link->owner->flags;
	if (flags != NULL && !ws_send(&socket->ws, WS_TEXT, blob_slice(flags))) {
		end(link, -ENOMEM);
		return;
	}
	if (link->socket != NULL)
		sock_step_again(&socket->sock);
}

static void on_failed(int error, uint16_t status, void *arg)
{
	(void)status;
	struct link_socket *socket = arg;
	socket->dial = NULL;
	end(socket->link, error);
}

static bool dial(struct link *link)
{
	char target[64];
	struct link_socket *socket = calloc(1, sizeof(*socket));
	if (socket == NULL)
		return false;
	(void)snprintf(target, sizeof(target), "/ws?clientId=%s", link->sid);
	socket->link = link;
	socket->sock.fd = -1;
	socket->dial = ws_dial_start(&(struct ws_dial_ask){
		.addr = &link->worker->backend->addr,
		.secure = link->worker->backend->secure,
		.host = link->worker->host,
		.target = target,
		.timeout_ms = DIAL_MS,
		.on_open = on_open,
		.on_failed = on_failed,
		.arg = socket,
	});
	if (socket->dial == NULL) {
		free(socket);
		return false;
	}
	link->socket = socket;
	return true;
}

static struct link *make(struct owner *owner, struct fleet_worker *worker)
{
	struct link *link = calloc(1, sizeof(*link));
	if (link == NULL)
		return NULL;
	link->owner = owner;
	link->worker = worker;
	list_init(&link->waits);
	deadline_init(&link->idle, on_idle);
	next_turn_init(&link->tell, on_tell);
	if (!owner_make_id(link->sid) || !dial(link)) {
		free(link);
		return NULL;
	}
	list_push_back(&owner->links, &link->in_owner);
	list_push_back(&worker->links, &link->in_worker);
	owner_stats.links++;
	return link;
}

struct link *link_get(struct owner *owner, struct fleet_worker *worker)
{
	list_each (node, &owner->links) {
		struct link *link = CONTAINER_OF(node, struct link, in_owner);
		if (link->worker == worker && link->state != LINK_OVER) {
			link_hold(link);
			return link;
		}
	}
	struct link *link = make(owner, worker);
	if (link != NULL)
		link_hold(link);
	return link;
}

void link_hold(struct link *link)
{
	link->jobs++;
	deadline_clear(&link->idle);
}

void link_release(struct link *link)
{
	if (link == NULL)
		return;
	ensure(link->jobs != 0);
	if (--link->jobs != 0)
		return;
	if (link->state == LINK_OVER)
		bury(link);
	else
		deadline_set(&link->idle, IDLE_MS);
}
