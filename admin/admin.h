/*
 * admin/admin.h - the management side: read-only, on loopback or a unix socket, served by libevhtp.
 *
 *   GET /metrics            Prometheus text format 0.0.4
 *   GET /nodes, /api/v2/nodes
 *   GET /api/v2/health      200 when every pool has an eligible worker, else 503
 *   GET /api/v2/config      the effective configuration, without secrets
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "base/addr.h"
#include "base/err.h"
#include "proxy/generation.h"

/* Kept by app.c, read here. */
struct reload_status {
	uint64_t started_wall_us; /* of the program */
	uint64_t ok_count, failed_count;
	uint64_t last_ok_wall_us,
		last_failed_wall_us; /* 0: never. The start counts as the first good one */
	char last_error[480];        /* the first problem of the last failed one */
	uint64_t generations_alive;  /* the current one included */
};

struct admin;

/* Binds and serves on the process's loop. `status` is borrowed for its whole life; the generation
 * is asked for at each request by proxy_generation(). -errno, *err filled. *ret_addr: where it
 * listens (port 0 resolved). */
int admin_start(struct admin **ret_admin, const struct addr *listen,
	const struct reload_status *status, struct addr *ret_addr, struct err *err) MUST_CHECK;
void admin_stop(struct admin *admin); /* takes NULL */

#endif
