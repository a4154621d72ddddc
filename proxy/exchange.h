/*
 * proxy/exchange.h - one request with its answer, from the first octet to the log line.
 *
 * One step function looks at the state and does what can be done now; every
 * event on either socket and every deadline ends up there. The pieces:
 *
 *   exchange.c   life, states, the step     route.c   server, location, handler
 *   hold.c       the body before the pick   send.c    pick, connect, send, retry
 *   pieces.c     the body for a handler     handle.c  what a handler has
 *   relay.c      the answer                 tunnel.c  after 101
 *   answer.c     our own answers            entry.c   the access log's line
 *   web*.c       all of this as nginx does it, where the configuration is nginx's (proxy/web.h)
 */
#ifndef PROXY_EXCHANGE_H
#define PROXY_EXCHANGE_H

#include "base/arena.h"
#include "http/head.h"
#include "proxy/access_log.h"
#include "proxy/client.h"
#include "proxy/exchange_state.h"
#include "proxy/flow.h"
#include "proxy/handler.h"
#include "proxy/inspect.h"
#include "proxy/upstream.h"

#define EXCHANGE_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define EXCHANGE_TRIES_LOGGED 8 /* later ones are counted only */

/* What the deadline of an exchange is about: each has its key in `timeouts`. */
enum exchange_wait {
	WAIT_HEADER,
	WAIT_BODY,
	WAIT_CONNECT,
	WAIT_READ,
	WAIT_SEND,
	WAIT_TUNNEL,
	WAIT_GUARD
};

struct web;
struct web_target;

struct exchange {
	enum exchange_state state;
	struct client *client;                /* borrowed: it owns us */
	struct upstream *upstream;            /* owned, NULL without one */
	struct generation *generation;        /* ref; NULL in EX_SOCKET */
	const struct site *site;              /* in the generation */
	const struct conf_server *server;     /* in the generation */
	const struct conf_location *location; /* in the generation; NULL until routed */
	struct deferred garbage;
	struct deadline deadline;
	enum exchange_wait waits_for; /* what the deadline is about */
	struct arena arena;
	enum close_reason reason; /* why it ended, once known */

	/* The request. */
	struct buf in;          /* owned: head, and what came with it */
	struct http_head *head; /* owned; NULL once a tunnel runs */
	const char *p;          /* the head's first octet in `in` */
	size_t in_used;         /* octets of `in` that are this request's */
	bool has_head;          /* the head is whole and good */
	bool is_pipelined;      /* it came along with the request before it */
	bool has_unread_body;   /* the client may still be sending: linger */
	struct http_limits head_limits;
	struct buf body;             /* owned: the held part, decoded */
	struct buf rest;             /* octets behind the request: the next one's */
	uint64_t hold_most;          /* a body up to this is held */
	bool is_holding;             /* hold.c has begun */
	bool sent_continue;          /* our own 100 went out */
	struct body_file *body_file; /* in the arena: the held body, when it is not in `body` */
	bool is_body_held;           /* all of the body is in `body` or its file */
	bool is_streaming;           /* it is not: it goes on as it comes */
	struct flow up;              /* to the worker; its decoder serves hold.c before that */
	bool is_up_begun;            /* `up` is set for the worker picked */
	bool is_up_done;             /* the request was sent in full */
	bool is_up_broken;           /* the worker takes nothing more; it may still answer */
	bool sends_continue;         /* Expect goes to the worker, its 100 comes back */

	struct web *web; /* proxy/web.h, in the arena; NULL: its configuration is not nginx's */
	struct web_target *dynamic; /* proxy/web_target.c, likewise: proxy_pass with variables */

	/* The handler. */
	enum handler_wish wish;
	void *handler_state;    /* the handler's own: it is told of our end while not NULL */
	bool is_stepping;       /* exchange_step is on the stack and goes on when it comes back */
	bool is_asked;          /* on_request was called */
	bool is_forwarded;      /* the handler wants no more of it */
	bool is_paused;         /* HANDLER_PIECES: nothing is read now */
	bool is_learned;        /* keys are learned for `pinned` */
	bool is_preferred;      /* if `pinned` cannot answer, whichever can */
	struct backend *pinned; /* ref; this worker and no other. NULL: whichever */
	struct slice target;    /* in the arena: asked for in place of the client's; empty: that */
	struct blob *blob;      /* ref: the body of an answer of the handler's */

	/* The worker. */
	struct lb_pool *pool;   /* ref: exchange_use_pool */
	struct tls_route route; /* how workers are spoken to: in the generation, and the arena */
	struct lb_seat *seat;   /* picked and not yet done; borrowed from the pool */
	struct lb_request lb;
	struct lb_keys keys;
	unsigned wishes; /* enum inspect_wish */
	uint64_t *tried; /* in the arena: bitmap over the pool */
	uint32_t tries;  /* workers asked so far */
	uint32_t spared; /* of those: tries on a kept connection that had died, which do not count
			    where nginx's rules decide */
	struct access_try log[EXCHANGE_TRIES_LOGGED];
	int connect_error;   /* web: errno of the last connection that failed; 0: none did */
	bool was_headed;     /* web: lb_pool_headed was called for this pick ... */
	uint32_t headed_us;  /* ... so long after it */
	bool is_none_left;   /* web: another was to be asked, and there was none */
	bool may_try_stale;  /* the kept connection that failed may be replaced once, same worker */
	char new_cookie[33]; /* to be set with the answer; "" for none */

	/* The answer. */
	struct http_head *answer; /* owned while a head is read; NULL otherwise */
	struct flow down;
	struct buf tap;    /* owned: what the inspector wants to see */
	uint16_t status;   /* sent to the client, 0 before */
	uint16_t interims; /* 1xx passed or swallowed */
	bool keeps_client; /* the connection goes on after this */
	bool keeps_upstream;
	bool is_own_answer;
	bool is_cut_visible; /* a cut has to be shown by a RST */
	bool was_sticky;
	bool is_tunnel;
	bool is_closing_up, is_closing_down; /* tunnel: that side's FIN was passed on */

	/* Figures. clock_now_us. */
	struct access_entry *entry;   /* in the arena: a tunnel's, whose head is gone */
	struct backend *last_backend; /* borrowed from the generation's pool: the one asked last,
					 NULL if none */
	uint64_t head_bytes;          /* of what was sent down: our heads */
	uint64_t began_us, picked_us, sent_us, first_byte_us;
};

/* The first octets of a request are in `in`, or will be soon. NULL: no memory. */
struct exchange *exchange_begin(struct client *client, struct buf *in) MUST_CHECK;
/* Does what can be done now. May end the exchange, and with it the client's connection. */
void exchange_step(struct exchange *x);
/* From outside: timeouts.drain, shutdown. An answer that has begun is cut. */
void exchange_abort(struct exchange *x, enum close_reason reason);

/* -- between the files of the exchange -- */

/* route.c: x->pool is known: what stickiness goes by, and whether the handler wants it. */
void exchange_ask_handler(struct exchange *x);

/* What a handler of a state says. */
enum step {
	STEP_AGAIN, /* look again */
	STEP_WAIT,  /* for an event */
	STEP_GONE,  /* closed: touch nothing */
};

/* The location's, or before there is one the defaults. */
const struct conf_timeouts *exchange_timeouts(const struct exchange *x);
/* Where its worker comes from; NULL: nowhere yet. No worker is asked now. */
void exchange_use_pool(struct exchange *x, struct lb_pool *pool);
void exchange_move(struct exchange *x, enum exchange_state to);
/* Sets what is waited for, and for how long. */
void exchange_wait(struct exchange *x, enum exchange_wait what, uint64_t ms);
/* The same, but an earlier deadline about the same thing stands unless something moved meanwhile.
 */
void exchange_keep_waiting(
	struct exchange *x, enum exchange_wait what, uint64_t ms, bool has_moved);
/* malloc gave nothing: this client is lost, the others are not. */
enum step exchange_out_of_memory(struct exchange *x);
/* All is done: log, count, on to the client's next request or the end of its connection. */
enum step exchange_end(struct exchange *x, enum close_reason reason);
/* The same, but the connection ends; with a RST when the answer had begun and the client could not
 * see the cut otherwise. */
enum step exchange_cut(struct exchange *x, enum close_reason reason);

enum step exchange_read_head(struct exchange *x);
enum step exchange_route(struct exchange *x);
enum step exchange_hold(struct exchange *x);
enum step exchange_pick(struct exchange *x);
enum step exchange_connect(struct exchange *x);
enum step exchange_send(struct exchange *x);
enum step exchange_relay(struct exchange *x);
enum step exchange_tunnel(struct exchange *x);
enum step exchange_handle(struct exchange *x);
enum step exchange_socket(struct exchange *x);
/* pieces.c: HOLD for a handler that takes the body as it comes. */
enum step exchange_pieces(struct exchange *x);
/* hold.c: a 100 of our own, if the client waits for one and has not had it. */
enum step exchange_say_continue(struct exchange *x);
/* A 101 that was asked for: its head begins at `p`. */
enum step exchange_tunnel_begin(struct exchange *x, const char *p);

/* send.c: this try failed; another worker if that is allowed, else an answer of our own. */
enum step exchange_try_failed(struct exchange *x, enum close_reason reason);
/* web: an answer that is not passed on: another worker. */
enum step exchange_try_next(struct exchange *x, bool is_failure);
/* Tells the pool how it went, once per pick. Without a pick it does nothing. */
void exchange_pick_done(struct exchange *x, enum lb_result result, const char *why);

/* send.c: sends what can be sent of the request. STEP_AGAIN with the state as it was: go on. */
enum step exchange_pump_up(struct exchange *x);
/* send.c: what the worker still has to say is of no interest; says nothing against it. */
void exchange_drop_upstream(struct exchange *x);
/* send.c: the answer is complete: the connection to the worker is kept or closed. */
void exchange_give_upstream(struct exchange *x);
/* relay.c: SEND waits for the worker's head here. */
enum step exchange_read_answer(struct exchange *x);

/* answer.c: an answer of our own, with a page or JSON that says `why`. `close`: the connection ends
 * behind it. */
enum step exchange_answer(struct exchange *x, int status, const char *why, bool close);
/* A small body that has come already is no reason to close the connection behind an answer. */
void exchange_swallow_body(struct exchange *x);
/* The same with an answer of the handler's (proxy/handler.h). */
enum step exchange_give(
	struct exchange *x, int status, const char *type, const char *fields, struct blob *body);
/* The same for a location that responds by itself. */
enum step exchange_respond(struct exchange *x, const struct conf_respond *respond);

/* entry.c */

/* Of the worker that is asked now, for the log: it was picked; there was none (any more); it can be
 * sent to; its last head is here, from `p` on (false: no memory); it is over, with the octets and
 * times until now. */
void exchange_try_began(struct exchange *x);
void exchange_try_nobody(struct exchange *x);
/* web: a kept connection was dead; the same worker on a new one is told as another try. */
void exchange_try_repeated(struct exchange *x);
void exchange_try_connected(struct exchange *x);
bool exchange_try_answered(struct exchange *x, const char *p) MUST_CHECK;
void exchange_try_ended(struct exchange *x, enum lb_result result);
void exchange_log(struct exchange *x, enum close_reason reason);
/* Tunnel: copies what the log will need, so that the head's memory can go. False: no memory. */
bool exchange_keep_entry(struct exchange *x) MUST_CHECK;

/* Whether this method may be sent twice (RFC 9110 section 9.2.2). */
bool exchange_is_idempotent(const struct exchange *x);

/* What proxy_set_inspector set, or NULL. */
const struct inspector *proxy_inspector(void);
/* What proxy_set_handler set, or NULL. */
const struct handler *proxy_handler(void);
/* Between on_head and its answer. */
static inline bool exchange_is_handled(const struct exchange *x)
{
	return x->wish != HANDLER_PASS && !x->is_forwarded;
}
/* handle.c: the handler, if it has something here, forgets it. */
void exchange_tell_gone(struct exchange *x, enum close_reason reason);

/* At exit: what the pools keep. */
void exchange_trim(void);

struct http_head *http_head_take(void) MUST_CHECK;
void http_head_give(struct http_head *head); /* takes NULL */

#endif
