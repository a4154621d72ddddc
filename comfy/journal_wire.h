/*
 * comfy/journal_wire.h - what the loop and the journal's child say to each other.
 *
 *   to the child      frames: head | fixed part and nine texts, or an id, or nothing
 *                     PUT PUT FORGET ... MARK     one batch
 *   from the child    struct journal_ack: everything up to that mark is written, or could not be
 *
 * Both ends are one program on one machine: words are in its own order.
 */
#ifndef COMFY_JOURNAL_WIRE_H
#define COMFY_JOURNAL_WIRE_H

#include "base/text.h"
#include "comfy/journal.h"

enum journal_frame { JOURNAL_PUT, JOURNAL_FORGET, JOURNAL_MARK };

struct journal_head {
	uint64_t mark; /* JOURNAL_MARK: of this batch */
	uint32_t type;
	uint32_t is_full; /* its commit waits for the disk */
	uint64_t n;       /* octets that follow */
};

struct journal_ack {
	uint64_t mark; /* all up to this one */
	int32_t error; /* 0, or -errno: what came behind the last good mark is not written */
	char text[244];
};

/* Octets that a put takes. */
size_t journal_put_bytes(const struct journal_job *job);
/* There must be room. */
void journal_write_put(struct text *text, const struct journal_job *job, bool is_full);
void journal_write_forget(struct text *text, struct slice id, bool is_full);
void journal_write_mark(struct text *text, uint64_t mark);

/* The frame at the head of `text`: its octets; 0: it is not whole. `ret_rest` is what follows its
 * head. */
size_t journal_read_frame(
	struct slice text, struct journal_head *ret_head, struct slice *ret_rest) MUST_CHECK;
/* False: it is none of ours. */
bool journal_read_put(struct slice rest, struct journal_job *ret_job) MUST_CHECK;

/* journal_child.c: never returns. `fd` is its end of the socket. */
NORETURN void journal_child_run(const char *path, int fd);

#endif
