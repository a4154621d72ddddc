/*
 * lb/backend.h - one worker at run time.
 *
 * Reference-counted apart from pools, and found again by pool name, node_id and
 * address: counters, health and stickiness survive a reload. Here health's
 * verdicts, the proxy's outcomes and the worker's own reports meet.
 *
 * Fitness is one integer, as in HAProxy:
 *
 *    0 ... rise-1 | rise ... rise+fall-1      left of the bar: down; a change of side
 *                                             jumps to that side's far end
 *
 * State, as people see it: up, busy (silent to probes, but heard elsewhere lately), down; draining
 * is beside it.
 */
#ifndef LB_BACKEND_H
#define LB_BACKEND_H

#include "base/addr.h"
#include "base/histogram.h"
#include "base/list.h"
#include "conf/tree.h"
#include "lb/secure.h"
#include "lb/strategy.h"

enum backend_state { BACKEND_UP, BACKEND_BUSY, BACKEND_DOWN, BACKEND_STATES };

/* What the worker told about itself (GET /system_stats), for the admin pages. 0 and "" until known.
 */
struct backend_report {
	uint64_t vram_total, vram_free, ram_total, ram_free; /* octets; VRAM summed over devices */
	char version[48];                                    /* comfyui_version */
	char device[96];                                     /* name of the first device */
};

struct backend_probe {
	uint64_t at_wall_us; /* 0: none yet */
	uint64_t next_us; /* clock_now_us when the next is wanted, kept over reloads; 0: at once */
	uint64_t took_us;
	bool was_ok;
	char text[80]; /* "200", "timed out", "connection refused" */
};

struct backend_stats {
	uint64_t picks, requests_ok, failures, client_left,
		retries_away;  /* outcomes, enum lb_result */
	uint64_t responses[6]; /* by first digit of the status */
	uint64_t connects, connect_failures, reused;
	uint64_t bytes_to, bytes_from;
	uint64_t jobs_accepted, jobs_refused;
	uint64_t probes_ok, probes_failed, went_down;
	struct histogram first_byte; /* request sent -> first octet of the answer */
	struct histogram whole;      /* picked -> answer complete; tunnels not counted */
};

struct backend {
	uint32_t refs;
	struct list registered;      /* in the list of living backends */
	struct backend *same_bucket; /* borrowed: likewise, by hash */
	struct list seats; /* struct lb_seat: the pools (generations) that have it as a member */
	char *pool, *id;   /* owned */
	struct addr addr;
	char addr_text[ADDR_TEXT];
	uint64_t id_hash; /* hash_stable of the id; what stickiness remembers */

	/* Verdict. Written by lb_backend_* only. */
	enum backend_state state;
	int32_t fitness; /* 0 .. rise + fall - 1; usable from `rise` on */
	uint32_t rise, fall;
	uint32_t passive_failures; /* in a row */
	uint64_t state_since_wall_us;
	char why[96];
	bool is_draining;

	/* Load. */
	uint32_t in_flight, tunnels;
	uint32_t jobs_sent;     /* POST /prompt sent, not answered */
	uint32_t jobs_unseen;   /* accepted, but not yet in any report */
	uint64_t jobs_answered; /* accepted ever: a report's mark */
	int32_t queue_len;      /* last report, -1 unknown */
	uint32_t ewma_us;
	uint64_t last_heard_us; /* any octet on any connection; clock_now_us */
	uint64_t last_failed_us;

	struct secure *secure; /* ref: how it is spoken to now, NULL: plainly */

	/* The proxy's connections to it. lb does not look inside. */
	struct list idle; /* kept-alive, newest first */
	uint32_t idle_count;
	struct list busy; /* owned by exchanges */
	uint32_t busy_count;

	struct backend_report report;
	struct backend_probe probe;
	struct backend_stats stats;
};

/* Questions and WebSockets that begin from now on; takes a reference, and NULL. */
void lb_backend_set_secure(struct backend *backend, struct secure *secure);

/* The living backend of that pool name, id and address, or a new one (up, so that a start without
 * probes serves at once; health's first probe comes at once). Takes a reference. NULL: no memory.
 */
struct backend *lb_backend_get(const char *pool, const struct conf_node *node) MUST_CHECK;
struct backend *lb_backend_ref(struct backend *backend);
/* Takes NULL. The last one frees it; its connections must be gone by then (each holds a reference).
 */
void lb_backend_unref(struct backend *backend);

/* Every living backend: list_each over `registered`. */
const struct list *lb_backends(void);

/*
 * Health's integer. A good sign raises it, a bad one lowers it; state follows, and with a change of
 * state `why` is kept for people. A backend that is up and has had a good sign falls after `fall`
 * bad ones in a row; a new one after the first.
 *   is_enough    one good sign brings it all the way up (nobody else is left)
 *   may_be_busy  where it would fall it becomes busy instead, and a busy one stays so. A good sign
 *                makes a busy one up, a bad one without may_be_busy makes it down
 * set_state is for verdicts that need no counting. Each tells the listener when the state changed.
 * stats.probes_* belong to the caller.
 */
void lb_backend_good(struct backend *backend, bool is_enough, const char *why);
void lb_backend_bad(struct backend *backend, bool may_be_busy, const char *why);
/* An exchange failed there (lb_pool_done): `fall` of them in a row, without one that went well
 * between, take it down. `why` may be NULL. */
void lb_backend_failed(struct backend *backend, bool may_be_busy, const char *why);
void lb_backend_set_state(struct backend *backend, enum backend_state state, const char *why);
void lb_backend_set_draining(struct backend *backend, bool is_draining);
void lb_backend_set_limits(struct backend *backend, uint32_t rise, uint32_t fall);
/* Called after each change of state or draining; one listener, set by app.c, which logs. */
void lb_backend_on_change(void (*listener)(struct backend *backend, enum backend_state from));

/* The worker's own count. `mark` is jobs_answered as it was when the question was sent: later ones
 * stay "unseen". */
void lb_backend_report_load(struct backend *backend, int32_t queue_len, uint64_t mark);

/* Call after changing a load field by hand: refreshes the views of its pools. */
void lb_backend_touch(struct backend *backend);

/* Any octet came from it. Cheap. */
static inline void lb_backend_heard(struct backend *backend, uint64_t now_us)
{
	backend->last_heard_us = now_us;
}

const char *lb_backend_state_name(const struct backend *backend); /* up busy down drain */

#endif
