/*
 * proxy/resolver.h - what names stand for: DNS, and what it said lately.
 *
 *   resolver_ask --known and still good--> 0
 *        '--asked for (A and AAAA at once; who asks for the same waits with the first)
 *                 '--> wait->done, in a later turn
 *
 * One resolver for each `resolver` directive of a generation. What was found stays for as long as
 * it says, or `valid` says; that a name was not found is not kept (nginx).
 *
 * Servers are taken in turn, name by name. One that says nothing, or nothing sensible, is left for
 * the next after DNS_TRY_MS, for as long as somebody waits; an error is an answer (nginx).
 */
#ifndef PROXY_RESOLVER_H
#define PROXY_RESOLVER_H

#include "base/addr.h"
#include "base/list.h"
#include "base/loop.h"
#include "conf/resolver.h"
#include "proxy/dns_answer.h"

#define RESOLVER_NAMES_MOST 512

enum resolver_kind { RESOLVER_ADDRS, RESOLVER_SERVICES };

struct resolver;
struct resolver_name;

/* One who waits. Zeroed before its first use, and `done` set. */
struct resolver_wait {
	void (*done)(struct resolver_wait *self); /* once; what follows is filled */
	/* 0; or of the answer (DNS_NO_SUCH_NAME, DNS_SERVER_FAILURE ...); ETIMEDOUT: none came. */
	int code;
	uint64_t good_us;   /* code 0: for how much longer that is good */
	struct addr *addrs; /* [count], owned until resolver_leave or the next question; port 0 */
	struct dns_service *services; /* likewise, of RESOLVER_SERVICES */
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
int resolver_ask(struct resolver *resolver, enum resolver_kind kind, struct slice name,
	struct resolver_wait *wait) MUST_CHECK;
/* `done` will not be called, what was filled is freed. At any time. */
void resolver_leave(struct resolver_wait *wait);

/* nginx's words for a code: "Host not found". */
const char *resolver_text(int code);

#endif
