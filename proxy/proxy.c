#include "proxy/proxy.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "proxy/access_log.h"
#include "proxy/client.h"
#include "proxy/exchange.h"
#include "proxy/guard.h"
#include "proxy/listener.h"
#include "proxy/pipe_pool.h"
#include "proxy/tls_line.h"
#include "proxy/upstream.h"

#include <signal.h>

/* A worker that said something this lately is alive. */
#define SPEAKS_US 500000

int proxy_start(void)
{
	/* splice() and OpenSSL raise it where send() was told not to. */
	(void)signal(SIGPIPE, SIG_IGN);
	return tls_start();
}

void proxy_close_all(enum close_reason reason)
{
	clients_close_all(reason);
}

void proxy_close_backend(struct backend *backend, enum close_reason reason)
{
	upstream_close_idle(backend);
	while (!list_is_empty(&backend->busy))
		exchange_abort(list_first(&backend->busy, struct upstream, node)->exchange, reason);
}

void proxy_close_tunnels(struct backend *backend)
{
	/* Out for bad answers, but it speaks: what it says on its tunnels may be good. */
	if (clock_now_us - backend->last_heard_us < SPEAKS_US)
		return;
	list_each_safe (node, &backend->busy) {
		struct exchange *x = CONTAINER_OF(node, struct upstream, node)->exchange;
		if (x->is_tunnel)
			exchange_abort(x, CLOSE_WORKER_DOWN);
	}
}

void proxy_finish(void)
{
	clients_close_all(CLOSE_SHUTDOWN);
	(void)upstreams_close_idle();
	tls_lines_finish();
	listeners_finish();
	access_log_finish();
	tls_finish();
	pipe_pool_trim();
	exchange_trim();
	guard_trim();
	buf_pool_trim();
}
