/*
 * proxy/resolver.h - addresses of names that only a request knows: DNS, and what it said lately.
 *
 *   resolver_ask --known and still good--> 0
 *        '--asked for (A and AAAA at once; who asks for the same waits with the first)
 *                 '--> wait->done, in a later turn
 *
 * One resolver for each `resolver` directive of a generation. Names that were found stay for as
 * long as they say, or `valid` says; that a name was not found is not kept (nginx).
 */
#ifndef PROXY_RESOLVER_H
#define PROXY_RESOLVER_H

#include "base/addr.h"
#include "base/list.h"
#include "base/loop.h"
#include "conf/resolver.h"

#define RESOLVER_ADDRS_MOST 16 /* of one name; further ones are not used */
#define RESOLVER_NAMES_MOST 512

struct resolver;
struct resolver_name;

/* One who waits. Zeroed before its first use, and `done` set. */
struct resolver_wait {
	void (*done)(struct resolver_wait *self); /* once; `code` and `addrs` are filled */
	int code; /* 0; or of the answer (3: no such name); 110: none came */
	struct addr addrs[RESOLVER_ADDRS_MOST]; /* port 0 */
	uint32_t count;
	struct list node;
	struct resolver_name *name; /* borrowed; NULL when nothing is waited for */
	struct next_turn turn;
};

/* `conf` outlives it. NULL: no memory. */
struct resolver *resolver_create(const struct conf_resolver *conf) MUST_CHECK;
/* Takes NULL. Nobody waits any more. */
void resolver_destroy(struct resolver *resolver);

/* 0: `wait` is filled. -EINPROGRESS: `done` will be called. -ENOMEM, and -EBUSY when too many names
 * are being looked up. */
int resolver_ask(
	struct resolver *resolver, struct slice name, struct resolver_wait *wait) MUST_CHECK;
/* `done` will not be called. At any time. */
void resolver_leave(struct resolver_wait *wait);

/* nginx's words for a code: "Host not found". */
const char *resolver_text(int code);

/* At exit, after the last turn: what was still on its way. */
void resolver_trim(void);

#endif
