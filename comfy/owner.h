/*
 * comfy/owner.h - whose jobs: one clientId, its WebSockets, its links to workers, and what it
 * missed.
 *
 *   page --.                  .-- link to worker 1     a page: a socket of the client's
 * (comfy/page.h) page --+-- owner (id) ----+-- link to worker 2     a link: a socket of ours to a
 * worker, under an |                                           id of its own (comfy/link.h)
 *          '-- jobs, replay
 *
 * A prompt without client_id belongs to an anonymous owner, one for each cookie or address.
 */
#ifndef COMFY_OWNER_H
#define COMFY_OWNER_H

#include "base/blob.h"
#include "base/list.h"
#include "base/loop.h"
#include "comfy/event.h"
#include "comfy/outbox.h"
#include "proxy/ws_frame.h"

#define OWNER_ID_MOST 200

struct fleet;
struct job;
struct sched_client;

struct owner {
	struct list node; /* all owners of the fleet */
	struct owner *same_bucket;
	struct fleet *fleet;
	char id[OWNER_ID_MOST + 1];
	uint8_t id_n;
	bool is_anonymous;
	struct sched_client *sched; /* owned */
	struct list pages, links, jobs;
	struct blob *flags; /* owned: the feature_flags message its newest page sent; NULL none */
	char cookie[65];    /* the sticky cookie it came with last; "" none */
	char ip[48];
	struct owner_replay *replay; /* owned by owner.c: see owner_replay */
	struct deadline idle;        /* no pages, jobs, links: forgotten after a while */
};

struct owners; /* table, in struct fleet */
struct owners *owners_create(struct fleet *fleet) MUST_CHECK;
void owners_destroy(struct owners *owners); /* takes NULL */
struct owner *owners_find(const struct owners *owners, struct slice id);
/* Found or made. `id` n == 0: an anonymous one, by cookie if there is one, else by ip. At most
 * limits (100,000) owners: the idlest without jobs and pages goes first. NULL: no memory. */
struct owner *owners_get(
	struct owners *owners, struct slice id, struct slice cookie, const char *ip) MUST_CHECK;
/* After a job, page or link of it is gone: begins its idle time when nothing is left. */
void owner_rest(struct owner *owner);
const struct list *owners_all(const struct owners *owners);

/*
 * A frame for every page of the owner, and into the replay. `job` may be NULL. `event` is the
 * frame's meaning (kinds decide on coalescing and on what is replayed):
 *   executing, progress, progress_state   the newest of a running job, replayed on reconnect
 *   terminal events (success, error, interrupted, executed, the end marker)   kept while no page is
 *                                         there, and replayed; at most 1,000 frames or 8 MiB
 * False: memory was out for some page, which was closed.
 */
bool owner_deliver(struct owner *owner, const struct job *job, const struct event *event,
	enum ws_opcode opcode, struct slice message);
/* The job has ended or runs anew elsewhere: what was kept for replaying it is forgotten (missed
 * terminal frames stay). */
void owner_forget_run(struct owner *owner, const struct job *job);

/* A `status` event for every page of the fleet, once at the end of this turn however often asked.
 */
void owners_status_changed(struct owners *owners);

struct owner_stats {
	uint64_t pages, links, frames_to_clients, frames_from_workers, frames_replaced, slow_closed,
		foreign_dropped;
};
extern struct owner_stats owner_stats;

#endif
