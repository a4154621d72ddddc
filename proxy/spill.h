/*
 * proxy/spill.h - octets that were taken before their receiver wanted them.
 *
 *   put --> memory, while nothing is in the file --.
 *       '-> file, once the memory is full ---------+--> first in, first out
 *       '-> tail, what a failing disk refused -----'
 *
 * So the memory is always older than the file and the file than the tail. A
 * failure costs nobody his octets: there is no room from then on until all is
 * taken out, and after that only memory is used.
 */
#ifndef PROXY_SPILL_H
#define PROXY_SPILL_H

#include "base/buf.h"
#include "proxy/temp_file.h"

struct spill_limits {
	uint64_t memory;      /* octets in memory */
	uint64_t file_most;   /* octets in the file; 0: no file */
	uint64_t write_most;  /* octets in one write to it; 0: as many as there are */
	uint64_t patience_ms; /* so long must the receiver have taken nothing before the first */
	struct temp_folder folder; /* where it is made */
};

struct spill {
	const struct spill_limits *limits; /* borrowed */
	struct buf memory, tail;           /* owned */
	int fd;                            /* owned; -1 until it is needed */
	uint64_t read_at, write_at;        /* in the file */
	int error;                         /* -errno of the disk, 0 while all is well */
};

void spill_init(struct spill *spill, const struct spill_limits *limits);
/* Twice is legal. */
void spill_finish(struct spill *spill);

bool spill_is_empty(const struct spill *spill);
/* How many octets may be put now. */
size_t spill_room(const struct spill *spill);
/* n <= spill_room. False: no memory. What the disk says is in `error`. */
bool spill_put(struct spill *spill, const char *p, size_t n) MUST_CHECK;

/* What comes out next lies in memory; empty: it lies in the file, if anywhere. */
struct slice spill_in_memory(const struct spill *spill);
/* Octets that come out of the file next. */
static inline uint64_t spill_in_file(const struct spill *spill)
{
	return buf_waiting(&spill->memory) != 0 ? 0 : spill->write_at - spill->read_at;
}
/* n octets of what comes out next were taken. */
void spill_consume(struct spill *spill, size_t n);

#endif
