/*
 * comfy/link.h - our WebSocket to one worker for one owner, under a fresh sid for every dial.
 *
 *   DIALLING -> OPEN -> (no job any more: idle) -> closed
 *      '-> FAILED, or lost: whoever has jobs on it is told, see fleet_link_lost
 *
 * Opened before a job is sent, because ComfyUI tells events to nobody else than the client_id that
 * a prompt came with. What comes in is read at once, whoever is slow on the other side.
 */
#ifndef COMFY_LINK_H
#define COMFY_LINK_H

#include "comfy/owner.h"

struct fleet_worker;

enum link_state { LINK_DIALLING, LINK_OPEN, LINK_OVER };

struct link {
	struct list in_owner, in_worker;
	struct owner *owner;
	struct fleet_worker *worker;
	enum link_state state;
	char sid[33];      /* what the worker knows us as */
	uint32_t jobs;     /* holders; 0: closed after a while */
	struct list waits; /* struct link_wait */
	/* ... the rest is link.c's */
	struct link_socket *socket; /* owned */
	struct deadline idle;
};

/* The link of that owner to that worker, dialled if there is none that is open or being dialled;
 * held (link_release). NULL: no memory or descriptor. The owner's feature_flags go out first. */
struct link *link_get(struct owner *owner, struct fleet_worker *worker) MUST_CHECK;
/* One more holder of one that is there. */
void link_hold(struct link *link);
/* The holder's job has ended. Closed when idle for ten seconds. Takes NULL. */
void link_release(struct link *link);

struct link_wait {
	struct list node;
	/* Open: 0. Else -errno (ECONNREFUSED ...), or -EPROTO: the worker has no such WebSocket. */
	void (*on_known)(struct link_wait *wait, int error);
};
/* on_known from the loop, never from inside. */
void link_wait(struct link *link, struct link_wait *wait);
void link_wait_cancel(struct link_wait *wait);

/* Ends all of a worker's links at once; fleet_link_lost is not called. */
void links_close_worker(struct fleet_worker *worker);

#endif
