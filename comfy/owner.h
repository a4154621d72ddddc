/*
 * comfy/owner.h - whose jobs: one clientId, its WebSockets, its links to workers, and what it
 * missed.
 *
 *   page --.                  .-- link to worker 1
 *   page --+-- owner (id) ----+-- link to worker 2
 *                |
 *                '-- jobs, replay
 *
 * A page is a socket of the client's (comfy/page.h), a link a socket of ours to a worker, under an
 * id of its own (comfy/link.h). A prompt without client_id belongs to an anonymous owner, one for
 * each cookie or address; it has no pages.
 */
#ifndef COMFY_OWNER_H
#define COMFY_OWNER_H

#include "base/blob.h"
#include "base/list.h"
#include "base/loop.h"
#include "comfy/event.h"
#include "comfy/outbox.h"
#include "comfy/replay.h"
#include "proxy/ws_frame.h"

#define OWNER_ID_MOST 200
#define OWNER_MADE_ID 32

struct fleet;
struct job;
struct link;
struct sched_client;

/* Lives as long as pages, links or jobs are in its lists, and for a while after (owner_rest).
 * Whoever keeps a pointer to it must be in one of them. */
struct owner {
	struct list node; /* all owners of the fleet */
	struct owner *same_bucket;
	struct fleet *fleet; /* borrowed: it has us in its table */
	char id[OWNER_ID_MOST +
		1]; /* an anonymous one's: "c" and the cookie, or "i" and the address */
	uint8_t id_n;
	bool is_anonymous;
	struct sched_client *sched; /* owned */
	struct list pages, links, jobs;
	struct link *logs;  /* held: a worker's log goes there (comfy/logs.c); NULL mostly */
	struct blob *flags; /* owned: the feature_flags message its newest page sent; NULL none */
	char cookie[65];    /* the sticky cookie it came with last; "" none */
	char ip[48];        /* likewise its address */
	struct owner_replay *replay; /* owned; NULL until something was kept */
	struct deadline forget;      /* what was missed, after a while without a page */
	struct deadline idle;        /* no pages, jobs, links: forgotten after a while */
	struct list resting;         /* likewise, the idlest first; perhaps it is not any more */
	struct deferred gone;
};

struct page;

struct owners; /* table, in struct fleet */
struct owners *owners_create(struct fleet *fleet) MUST_CHECK;
/* Takes NULL. Closes its links, leaves its pages without an owner, and lets go of its jobs. */
void owners_destroy(struct owners *owners);
/* Never an anonymous one. */
struct owner *owners_find(const struct owners *owners, struct slice id);
/* Found or made. `id` n == 0: an anonymous one, by cookie if there is one, else by ip. An id or
 * cookie that is too long is none. Past 100,000 owners the idlest without jobs, links and pages
 * goes first. NULL: no memory. */
struct owner *owners_get(
	struct owners *owners, struct slice id, struct slice cookie, const char *ip) MUST_CHECK;
/* OWNER_MADE_ID hexadecimal digits that nobody can guess, terminated. False: no randomness. */
bool owner_make_id(char *out) MUST_CHECK;
/* After a job, page or link of it is gone: begins its idle time when nothing is left. */
void owner_rest(struct owner *owner);
uint32_t owners_count(const struct owners *owners);

/* comfy/page.c's. A page that is added is told its first status, with its sid, and the replay.
 * False: no memory for the status; it was not added. */
bool owner_add_page(struct owner *owner, struct page *page) MUST_CHECK;
void owner_remove_page(struct owner *owner, struct page *page);
/* A frame that did not get to a page that is gone now: kept if it is one that no page may miss, and
 * no other page is there. */
void owner_give_back(struct owner *owner, struct blob *frame);

/*
 * A frame for every page of the owner, and into the replay. `job` may be NULL. `event` is the
 * frame's meaning (kinds decide on coalescing and on what is replayed):
 *   executing, progress, progress_state   the newest of a running job, replayed on reconnect
 *   terminal events (success, error, interrupted, executed, the end marker)   kept while no page is
 *                                         there, and replayed; see comfy/replay.h
 * An end (all of those but executed) also ends what is kept of the running job.
 * False: memory was out for some page, which is being closed.
 */
bool owner_deliver(struct owner *owner, const struct job *job, const struct comfy_event *event,
	enum ws_opcode opcode, struct slice message);
/* The job has ended or runs anew elsewhere: what was kept for replaying it is forgotten (missed
 * terminal frames stay). */
void owner_forget_run(struct owner *owner, const struct job *job);

/* A `status` event for every page of the fleet, once at the end of this turn however often asked.
 * Many pages get it over several turns. */
void owners_status_changed(struct owners *owners);

struct owner_stats {
	uint64_t pages, links; /* now */
	uint64_t frames_to_clients, frames_from_workers, frames_replaced;
	uint64_t slow_closed;     /* pages that did not take what was for them */
	uint64_t foreign_dropped; /* run.c's: broadcasts of others */
};
extern struct owner_stats owner_stats;

#endif
