/*
 * proxy/pipe_pool.h - pipes for splice(2), lent while a bulk transfer runs.
 *
 * The kernel charges a user for pipe memory (pipe-user-pages-soft, 64 MiB), so
 * there are at most PIPES_MOST; who gets none copies.
 */
#ifndef PROXY_PIPE_POOL_H
#define PROXY_PIPE_POOL_H

#include "base/base.h"

#define PIPES_MOST 64           /* lent at one time */
#define PIPES_KEPT 16           /* kept for the next one */
#define PIPE_BYTES (512 * 1024) /* asked for; what the kernel gave is in `room` */

struct pipe_pair {
	int in, out; /* write end, read end */
	uint32_t room;
	struct pipe_pair *next; /* in the pool */
};

/* NULL: too many are lent, or none can be had; proxy_stats.pipes_refused counts. */
struct pipe_pair *pipe_pool_take(void) MUST_CHECK;
/* An empty pipe goes back to the pool; one with octets in it is closed. Takes NULL. */
void pipe_pool_give(struct pipe_pair *pipe, bool is_empty);
void pipe_pool_trim(void);

#endif
