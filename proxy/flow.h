/*
 * proxy/flow.h - one direction of a body, from one socket to another.
 *
 *              ahead (already read)
 *                |
 *   from --read--+--> decode --> frame --> stash --write--> to
 *     '------------- splice, when both are plain and there is much ------'
 *
 * Memory is bounded by not reading: nothing is taken from `from` while the
 * stash, the unsent tail of the last piece, is not empty. One piece is at most
 * FLOW_PIECE octets and passes through one buffer of the whole process.
 *
 * What not every flow needs is set behind flow_init and is off by default
 * (flow_more.c has the drawing): a spill that goes on taking while `to` takes
 * nothing, parts of files in place of `from`, a filter, rates.
 */
#ifndef PROXY_FLOW_H
#define PROXY_FLOW_H

#include "base/buf.h"
#include "http/chunked.h"
#include "proxy/file_body.h"
#include "proxy/flow_filter.h"
#include "proxy/pipe_pool.h"
#include "proxy/rate.h"
#include "proxy/sock.h"
#include "proxy/spill.h"

#define FLOW_PIECE 65536                   /* octets read at a time */
#define FLOW_QUOTA (UINT64_C(1024) * 1024) /* octets moved before others get their turn */
#define FLOW_SPLICE (UINT64_C(256) * 1024) /* from this much on it pays */

enum flow_framing {
	FLOW_EMPTY,    /* no body */
	FLOW_LENGTH,   /* `left` octets */
	FLOW_CHUNKED,  /* chunked coding */
	FLOW_TO_CLOSE, /* until the sender ends its side */
};

enum flow_result {
	FLOW_WAIT,       /* blocked on one of the sockets: see flow_waits_for_peer */
	FLOW_AGAIN,      /* quota used up: step again in the next turn */
	FLOW_END,        /* everything was taken and sent */
	FLOW_CUT,        /* `from` ended before its body did; what came was sent */
	FLOW_FROM_ERROR, /* `from` broke; what came was sent */
	FLOW_TO_ERROR,   /* `to` broke */
	FLOW_BAD_CHUNK,  /* the chunked coding of `from` is broken */
	FLOW_TOO_LARGE,  /* more payload than `most` */
	FLOW_NO_MEMORY,
};

struct flow {
	struct sock *from; /* borrowed; NULL: only `ahead` and the stash are sent */
	struct sock *to;   /* borrowed */
	enum flow_framing in, out;
	uint64_t left; /* FLOW_LENGTH in: payload octets still to come, `ahead` included */
	uint64_t most; /* payload limit, 0 for none */
	struct chunked chunked;
	char *ahead; /* borrowed: octets already read, taken first. Chunked ones are decoded in
			place */
	size_t ahead_n;
	struct buf stash;       /* owned: framed octets not yet sent */
	struct buf *surplus;    /* borrowed, may be NULL: gets what `from` sent behind its body */
	struct buf *tap;        /* borrowed, may be NULL: gets a copy of the payload */
	size_t tap_most;        /* up to so many octets */
	struct pipe_pair *pipe; /* owned while splicing */
	size_t in_pipe;         /* octets in it */
	const struct spill_limits *spill; /* borrowed: flow_set_spill; NULL: none */
	struct flow_more *more;           /* owned: what flow_set_* need; NULL while nothing does */
	uint64_t payload;                 /* taken so far, decoded */
	uint64_t sent;                    /* put on the wire so far, framing and head included */
	enum flow_result
		failed; /* reported once the stash is flushed; FLOW_WAIT while all is well */
	/* Fields behind the last chunk, whole lines; NULL: none. False: no memory. */
	bool (*trailer)(struct flow *flow, struct buf *out);
	bool is_taken;      /* the body's end was seen */
	bool is_closed_off; /* the last chunk is in the stash or sent */
	bool is_bulk;       /* a tunnel that filled a whole piece: may splice */
	bool has_surplus;
	bool has_moved;  /* octets moved since the owner last cleared this */
	bool is_behind;  /* payload waits in a spill or a file for `to` to take it */
	bool is_delayed; /* waits for no socket but for a rate; `to` steps when it is time */
	bool keeps_open; /* `more` has something to say behind the end of `from` */
};

/* A zeroed flow with everything borrowed set. */
void flow_init(struct flow *flow, struct sock *from, struct sock *to, enum flow_framing in,
	enum flow_framing out);
/* Gives everything owned back. Twice is legal. */
void flow_finish(struct flow *flow);

/* The following before the first pump. False: no memory. */

/* While `to` takes nothing, `from` is read on into memory and a file. `limits` borrowed. */
static inline void flow_set_spill(struct flow *flow, const struct spill_limits *limits)
{
	flow->spill = limits;
}
/* `body` in place of `from`, which is NULL; `in` is FLOW_LENGTH, and `left` is set here. The parts
 * are borrowed, so that the same body can be sent again. */
bool flow_set_file(struct flow *flow, const struct file_body *body) MUST_CHECK;
/* All payload goes through the filter, which is the flow's from now on, on failure, too. `out` must
 * not be FLOW_LENGTH. */
bool flow_set_filter(struct flow *flow, struct flow_filter *filter) MUST_CHECK;
/* What `to` gets per second, heads and framing included; what is taken from `from` per second. */
bool flow_set_rate(struct flow *flow, const struct rate *rate) MUST_CHECK;
bool flow_set_read_rate(struct flow *flow, const struct rate *rate) MUST_CHECK;

/* Moves what can be moved now. Never closes a socket. */
enum flow_result flow_pump(struct flow *flow) MUST_CHECK;

/* After FLOW_WAIT: true when `to` takes nothing more, false when `from` gives nothing. */
static inline bool flow_waits_for_peer(const struct flow *flow)
{
	return buf_waiting(&flow->stash) != 0 || flow->in_pipe != 0 || flow->is_behind ||
	       !flow->to->can_write;
}

/* Everything that was taken is on the wire. */
static inline bool flow_is_flushed(const struct flow *flow)
{
	return buf_waiting(&flow->stash) == 0 && flow->in_pipe == 0 && !flow->is_behind;
}

#endif
