/*
 * comfy/journal_parts.h - the loop's side of the journal, in two files.
 *
 *   journal.c        batches, and who waits for them
 *   journal_hand.c   the child, and what is handed to it
 */
#ifndef COMFY_JOURNAL_PARTS_H
#define COMFY_JOURNAL_PARTS_H

#include "base/loop.h"
#include "comfy/journal_wire.h"

#include <sys/types.h>

struct event;

/* What one turn of the loop changed; kept until it is committed. */
struct batch {
	struct list node;
	uint64_t mark, closed_us;
	struct text frames;
};

/*
 * `batches` in order of their marks, the last one open while this turn adds to it:
 *
 *   sent and not acknowledged | `next`, partly sent | not sent | open
 */
struct journal {
	char *path; /* owned */
	bool is_full;
	pid_t child;         /* 0: none */
	uint32_t deaths;     /* children that ended since the last commit */
	int fd;              /* -1: none */
	struct event *event; /* owned: of fd */
	struct deferred turn_end, gone;
	struct next_turn more, settle;
	struct deadline restart;

	struct list batches;
	bool is_open;       /* the last batch is */
	struct batch *next; /* borrowed: in batches; NULL: all is sent */
	size_t sent;        /* octets of it */
	uint64_t last_mark; /* of the last batch that was begun */
	uint64_t done_mark; /* committed */
	uint64_t lost_mark; /* up to here nobody waits any longer: it could not be written */
	bool is_failing;    /* since the last commit something could not be written */

	uint64_t waiting_most; /* bound of stats.waiting_bytes */
	struct list waits;
	union {
		struct journal_ack ack;
		char bytes[sizeof(struct journal_ack)];
	} partial;
	size_t partial_bytes;
	struct journal_stats stats;
};

/* -- journal.c -- */

/* All up to this mark is committed. */
void journal_set_done(struct journal *journal, uint64_t mark);
/* What was put until now is not written, and nobody is kept waiting for that to pass. */
void journal_set_failing(struct journal *journal, const char *why);

/* -- journal_hand.c -- */

/* 0, or -errno. */
int journal_start_child(struct journal *journal) MUST_CHECK;
void journal_on_restart(struct deadline *self);
/* As much as the socket takes, up to a quota. */
void journal_send(struct journal *journal);
/* Hands over what is left and waits for the child's end; legal without a child. */
void journal_drain(struct journal *journal);

#endif
