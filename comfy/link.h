/*
 * comfy/link.h - our WebSocket to one worker for one owner, under a fresh sid for every dial.
 *
 *   DIALLING -> OPEN -> (no job any more: idle) -> OVER
 *      '-> OVER: failed, or lost: whoever has jobs on it is told, see fleet_link_lost
 *
 * Opened before a job is sent, because ComfyUI tells events to nobody else than the client_id that
 * a prompt came with. What comes in is read at once, whoever is slow on the other side.
 *
 * One that is over is never found again by link_get. Its struct lives until its last holder has
 * released it.
 */
#ifndef COMFY_LINK_H
#define COMFY_LINK_H

#include "comfy/owner.h"

struct fleet_worker;

enum link_state { LINK_DIALLING, LINK_OPEN, LINK_OVER };

struct link {
	struct list in_owner, in_worker; /* until it is over and nobody holds it */
	struct owner *owner;             /* borrowed: has us in its list; NULL once we are not */
	struct fleet_worker *worker;     /* likewise; NULL, too, once the worker is gone */
	enum link_state state;
	char sid[OWNER_MADE_ID + 1]; /* what the worker knows us as */
	uint32_t jobs;               /* holders; 0: closed after a while */
	int error;                   /* LINK_OVER: what those who wait are told */
	struct list waits;           /* struct link_wait */
	/* ... the rest is link.c's */
	struct link_socket *socket; /* owned; NULL once closed */
	struct deadline idle;
	struct next_turn tell; /* those who wait */
	struct deferred gone;
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
/* on_known from the loop, never from inside; at once when it is known already. Who waits holds it,
 * too. */
void link_wait(struct link *link, struct link_wait *wait);
/* Of one that may wait, was told, or was link_wait_init'ed. */
void link_wait_cancel(struct link_wait *wait);
static inline void link_wait_init(
	struct link_wait *wait, void (*on_known)(struct link_wait *wait, int error))
{
	list_init(&wait->node);
	wait->on_known = on_known;
}

/* Ends all of a worker's links at once, and the worker is forgotten by them; fleet_link_lost is not
 * called. Who waits is told -ECONNABORTED. */
void links_close_worker(struct fleet_worker *worker);
/* The same for an owner that goes. */
void links_close_owner(struct owner *owner);

#endif
