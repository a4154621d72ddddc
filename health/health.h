/*
 * health/health.h - is a worker fit? Probes on timers, verdicts into lb/backend.
 *
 *   probe: GET health_check.path, 2xx within `timeout`. One in flight per worker, jittered by 10 %.
 *   next one: after `interval`; 1 s (or `interval` if shorter) while a verdict is changing, after a
 *             worker was taken down by failing requests, and when every worker of the pool is out
 *
 *   bad signs: refused, reset, not 2xx, nonsense -> towards down (`fall` of them)
 *              timed out, but heard on any connection within heartbeat_timeout -> towards busy
 *              timed out and nothing heard for heartbeat_timeout -> down at once
 *   none:      we are short of descriptors, memory or ports ourselves
 */
#ifndef HEALTH_HEALTH_H
#define HEALTH_HEALTH_H

#include "lb/pool.h"

struct health_watch;

/* Begins to watch the members of an active pool; the first probes go out at once, those of big
 * pools spread over a second. The pool must outlive the watch. With interval 0: no probes; a worker
 * that failed passively is given another trial after 10 s (1 s when
 * nobody else is left). NULL: no memory. */
struct health_watch *health_watch_start(struct lb_pool *pool) MUST_CHECK;
/* Ends probes in flight, silently. Takes NULL. A new watch on a new pool goes on where this one
 * was: what it knows is in the backends. Stop the old one first, or both probe. */
void health_watch_stop(struct health_watch *watch);

/* Who reads the body of a 2xx answer into the worker's report, for every pool; false (not that kind
 * of body) leaves the report as it is and the sign good. NULL: nobody. */
void health_set_reader(bool (*read)(struct slice body, struct backend_report *report));

#endif
