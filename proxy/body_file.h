/*
 * proxy/body_file.h - the body of a request, once it is too large for memory.
 *
 *   client --hold.c--> x->body --full--> file --flow_set_file--> a worker, as often as one is tried
 *
 * All of a body lies in x->body, or all of it in the file. The file has no name unless
 * client_body_in_file_only asks for one.
 */
#ifndef PROXY_BODY_FILE_H
#define PROXY_BODY_FILE_H

#include "proxy/exchange.h"

/* In the exchange's arena. */
struct body_file {
	int fd;                /* owned */
	struct file_part part; /* all of it */
	const char *path;      /* in the arena: how others can open it */
	bool is_named;         /* the path is a file's name, else one below /proc */
	bool is_kept;          /* the name stays behind */
};

/* Octets that are held. */
uint64_t body_file_held(const struct exchange *x);
/* How many may wait in x->body before they go to the file. */
size_t body_file_memory(const struct exchange *x);
/* What waits in x->body goes to the file, which is made if there is none. 0 or -errno. */
int body_file_take(struct exchange *x) MUST_CHECK;
/* All has come: whether the rest belongs into a file, too. */
bool body_file_wants_rest(const struct exchange *x);
/* Closed, and its name gone if it should not stay. Twice is legal. */
void body_file_finish(struct exchange *x);

#endif
