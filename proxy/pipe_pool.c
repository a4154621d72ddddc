#include "proxy/pipe_pool.h"

#include "proxy/stats.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static struct pipe_pair *kept;
static uint32_t kept_count, lent_count;

static struct pipe_pair *pipe_open(void)
{
	int fds[2];
	struct pipe_pair *pair = malloc(sizeof(*pair));
	if (pair == NULL)
		return NULL;
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) {
		free(pair);
		return NULL;
	}
	*pair = (struct pipe_pair){.out = fds[0], .in = fds[1]};
	int room = fcntl(pair->in, F_SETPIPE_SZ, PIPE_BYTES);
	if (room <= 0)
		room = fcntl(pair->in, F_GETPIPE_SZ);
	pair->room = room > 0 ? (uint32_t)room : 65536;
	proxy_stats.pipes_open++;
	return pair;
}

static void pipe_close(struct pipe_pair *pair)
{
	(void)close(pair->in);
	(void)close(pair->out);
	free(pair);
	proxy_stats.pipes_open--;
}

struct pipe_pair *pipe_pool_take(void)
{
	struct pipe_pair *pair = kept;
	if (pair != NULL) {
		kept = pair->next;
		kept_count--;
	} else if (lent_count < PIPES_MOST) {
		pair = pipe_open();
	}
	if (pair == NULL) {
		proxy_stats.pipes_refused++;
		return NULL;
	}
	lent_count++;
	return pair;
}

void pipe_pool_give(struct pipe_pair *pair, bool is_empty)
{
	if (pair == NULL)
		return;
	lent_count--;
	if (!is_empty || kept_count >= PIPES_KEPT) {
		pipe_close(pair);
		return;
	}
	pair->next = kept;
	kept = pair;
	kept_count++;
}

void pipe_pool_trim(void)
{
	while (kept != NULL) {
		struct pipe_pair *pair = kept;
		kept = pair->next;
		kept_count--;
		pipe_close(pair);
	}
}
