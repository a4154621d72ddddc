/*
 * base/cidr.h - networks: "10.0.0.0/8", "2001:db8::/32", one address, "unix:", "all".
 *
 * An IPv4 address that came mapped into IPv6 is an IPv4 address here (`::ffff:10.0.0.1` is in
 * 10.0.0.0/8), as it is for nginx's set_real_ip_from and geo.
 */
#ifndef BASE_CIDR_H
#define BASE_CIDR_H

#include "base/addr.h"
#include "base/base.h"
#include "base/err.h"

enum cidr_kind {
	CIDR_NOTHING, /* zeroed: has nobody in it */
	CIDR_ALL,
	CIDR_UNIX,
	CIDR_V4,
	CIDR_V6,
};

struct cidr {
	uint8_t kind;       /* enum cidr_kind */
	uint8_t bits;       /* of the prefix */
	uint8_t octets[16]; /* 4 or 16 of them; beyond the prefix they are 0 */
};

/* 0; 1: fine, but *warning says in nginx's words that bits beyond the prefix were set, and they are
 * cleared; -EINVAL. `warning` may be NULL. IPv6 stands without brackets. */
int cidr_parse(struct cidr *ret_cidr, struct slice text, struct err *warning) MUST_CHECK;

bool cidr_has(const struct cidr *cidr, const struct addr *addr);
/* The same for 4 or 16 octets that are compared as they are; none are "unix:". */
bool cidr_has_octets(const struct cidr *cidr, struct slice octets);

/*
 * Many networks, each with a number; the longest one that has an address in it counts. Memory is
 * two nodes of 32 octets for each network, a look-up at most one step for each bit.
 */
#define CIDR_NONE UINT32_MAX

struct cidr_table;

struct cidr_table *cidr_table_create(void) MUST_CHECK; /* NULL: no memory */
void cidr_table_destroy(struct cidr_table *table);

/* `value` is not CIDR_NONE. What was there under the same prefix (or CIDR_NONE) goes to *ret_old
 * (may be NULL) and is replaced. "all" is 0.0.0.0/0 and ::/0 at once, and *ret_old that of the
 * first. -EINVAL for "unix:" and nothing; -ENOMEM leaves the table as it was. */
int cidr_table_put(struct cidr_table *table, const struct cidr *cidr, uint32_t value,
	uint32_t *ret_old) MUST_CHECK;
/* False when exactly this prefix is not there. */
bool cidr_table_drop(struct cidr_table *table, const struct cidr *cidr);

/* CIDR_NONE: in none of them; so are unix peers. */
uint32_t cidr_table_find(const struct cidr_table *table, const struct addr *addr);
uint32_t cidr_table_find_octets(const struct cidr_table *table, struct slice octets);

#endif
