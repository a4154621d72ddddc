/*
 * proxy/limit.h - limit_req and limit_conn: bounded tables of keys, and nginx's arithmetic on them.
 *
 * A zone is found again by its name, kind, size and key, so that counts outlive a reload; a zone
 * that none of the generations uses any more is gone. Time is handed in.
 */
#ifndef PROXY_LIMIT_H
#define PROXY_LIMIT_H

#include "base/base.h"
#include "conf/web_access.h"

#define LIMIT_KEY_REQ 65535 /* octets; a longer key is not limited */
#define LIMIT_KEY_CONN 255

struct limit_zone;
struct limit_node;

/* A reference to the zone that `zone` describes. NULL: no memory. */
struct limit_zone *limit_zone_take(const struct conf_zone *zone) MUST_CHECK;
void limit_zone_put(struct limit_zone *zone);             /* takes NULL */
uint32_t limit_zone_count(const struct limit_zone *zone); /* keys in it */

/*
 * How many keys fit: what nginx's slab of that size holds, within a few. limit_req: the key that
 * was not asked about for longest makes room, unless all came just now; limit_conn: no room is a
 * refusal.
 */

/* -- limit_req: a bucket that leaks -- */

struct limit_req {
	struct limit_zone *zone; /* borrowed */
	uint64_t rate;           /* thousandths of a request per second */
	uint64_t burst, delay;   /* thousandths */
	struct slice key;        /* empty: this limit says nothing */
	struct limit_node *node; /* for limit_req_ask */
};

enum limit_verdict {
	LIMIT_PASS,  /* at once, or there is no limit */
	LIMIT_DELAY, /* after *ret_ms */
	LIMIT_REFUSE,
	LIMIT_NO_ROOM, /* memory is out: refused without being counted */
	LIMIT_NONE     /* every key was empty */
};

/*
 * One request against all its limits, in order. The first that is exceeded refuses it, and then
 * none of them counts it. Else all do, and the longest delay holds. *ret_excess (thousandths) and
 * *ret_which are those of the limit that refused or delays.
 */
enum limit_verdict limit_req_ask(struct limit_req *limits, uint32_t count, uint64_t now_ms,
	uint64_t *ret_excess, uint32_t *ret_which, uint64_t *ret_ms);

/* -- limit_conn: how many at once -- */

/* One more under that key, unless there are `most`. NULL: refused, *ret_no_room says why. To be
 * given back. */
struct limit_node *limit_conn_take(
	struct limit_zone *zone, struct slice key, uint32_t most, bool *ret_no_room) MUST_CHECK;
void limit_conn_give(struct limit_zone *zone, struct limit_node *node);

#endif
