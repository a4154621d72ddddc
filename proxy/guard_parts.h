/*
 * proxy/guard_parts.h - between the files of proxy/guard.h.
 */
#ifndef PROXY_GUARD_PARTS_H
#define PROXY_GUARD_PARTS_H

#include "proxy/guard.h"
#include "proxy/limit.h"

/* What one of them says. Any status of 400 and more is an answer. */
enum {
	GUARD_OK = 0,
	GUARD_DECLINED = -1, /* has no opinion */
	GUARD_WAIT = -2,
	GUARD_NO_MEMORY = -3,
	GUARD_MOVED = -4, /* the exchange is in another state: go on there */
	GUARD_GONE = -5,
};

enum guard_limit_word {
	GUARD_LIMIT_NONE,
	GUARD_LIMIT_PASSED,
	GUARD_LIMIT_DELAYED,
	GUARD_LIMIT_REJECTED,
	GUARD_LIMIT_DELAYED_DRY,
	GUARD_LIMIT_REJECTED_DRY,
};

struct guard_held {
	struct limit_zone *zone; /* borrowed: the generation holds it */
	struct limit_node *node;
};

struct guard_asked; /* guard_ask.c */

struct guard {
	/* Limits, for the exchange as a whole. */
	enum guard_limit_word req_word, conn_word;
	bool is_delayed;
	uint64_t until_ms;
	struct guard_held *held; /* in the arena */
	uint32_t held_count;
	/* Access, for the location. */
	bool is_judging;  /* begun, and waiting */
	uint8_t next;     /* which of them is asked next */
	int access_code;  /* satisfy any: what the others said */
	bool is_punished; /* auth_delay: the 401 waits until until_ms */
	struct slice challenge;
	struct guard_asked *asked; /* in the arena: the question that runs, or has been answered */
	/* realip. */
	bool is_addr_changed;
	struct addr own_peer;
};

struct guard_zones {
	uint32_t count;
	struct limit_zone *zones[]; /* refs */
};

/* GUARD_OK, GUARD_WAIT (the deadline is set), a status, GUARD_NO_MEMORY. */
int guard_limits(struct exchange *x, struct guard *guard);
void guard_give_held(struct guard *guard);

/* GUARD_OK, GUARD_DECLINED, a status, GUARD_NO_MEMORY ... */
int guard_access(struct exchange *x, struct guard *guard);
int guard_basic(struct exchange *x, struct guard *guard);
int guard_ask(struct exchange *x, struct guard *guard);

/* The text of a password file, terminated; NULL with errno. Dead at the next call. */
const char *password_file(const char *path);
void password_file_trim(void);

void realip_restore(struct exchange *x, struct guard *guard);
/* The exchange's; made when it is first needed. NULL: no memory. */
struct guard *guard_of(struct exchange *x);

#endif
