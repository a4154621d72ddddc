/*
 * proxy/proxy.h - the data plane as app.c drives it.
 */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include "proxy/generation.h"
#include "proxy/inspect.h"
#include "proxy/stats.h"

/* Before the first generation: buffers, pipes, signal masks. -errno. */
int proxy_start(void) MUST_CHECK;
/* After the loop has ended: closes what is left. */
void proxy_finish(void);

/* -- listeners: kept by the address text over reloads -- */

/* Opens every listener of `generation` that is not open yet, beside the running ones. On failure
 * none of the new ones stays. */
int proxy_listen(struct generation *generation, struct conf_problems *problems) MUST_CHECK;
/* Undoes a proxy_listen whose reload failed later on. */
void proxy_unlisten_new(void);
/* Cannot fail. Listeners serve `generation` from now on; those it does not name stop accepting and
 * end when their connections have. */
void proxy_commit(struct generation *generation);
/* The current generation; NULL before the first commit. Borrowed. */
struct generation *proxy_generation(void);

/* WINCH: no new connections until it is taken back; they wait in the sockets. */
void proxy_hold_accepting(bool hold);
/* The listening sockets, for who follows us: how many there are, and the first `most` of them. */
uint32_t proxy_listening(int *ret_fds, uint32_t most);
/* Somebody else has them, too: their paths stay when we end. */
void proxy_share_listeners(bool share);

/* QUIT: no new connections; idle ones end after their next answer or a short grace; what runs
 * finishes. */
void proxy_stop_accepting(void);
/* Client connections that are still there. */
uint32_t proxy_connections(void);
/* Called (once per turn at most) when the last client connection has gone after
 * proxy_stop_accepting. */
void proxy_on_empty(void (*fn)(void));
/* TERM, or the drain is over: closes every exchange and connection with that reason. */
void proxy_close_all(enum close_reason reason);
/* worker_shutdown_timeout is over: what still runs in that generation ends. */
void proxy_close_generation(const struct generation *generation, enum close_reason reason);
/* Likewise: connections without a request that are older (clock_now_us). */
void proxy_close_idle_before(uint64_t accepted_us, enum close_reason reason);
/* The worker is out. Its tunnels end, because a page whose /ws stays behind would see nothing of
 * what its next jobs do elsewhere; browsers dial again at once. */
void proxy_close_tunnels(struct backend *backend);
/* timeouts.drain is over for a worker: ends its exchanges and tunnels. */
void proxy_close_backend(struct backend *backend, enum close_reason reason);

/* -- access log -- */

/* Opens (or changes to) the file; on failure the old one stays. */
int proxy_access_log(const char *path, enum conf_log_format format, struct err *err) MUST_CHECK;
/* The files that access_log names where the language is nginx's, for as long as `conf` lives;
 * others stay open for theirs. Done by itself at the first line if it was not done before. */
int proxy_access_files(const struct conf *conf, struct err *err) MUST_CHECK;
int proxy_access_log_reopen(struct err *err) MUST_CHECK;
uint64_t proxy_access_lines_lost(void);

#endif
