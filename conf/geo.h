/*
 * conf/geo.h - geo { }: an address leads to a text.
 *
 * Either by networks, where the longest one counts, or ("ranges") by ranges of IPv4 addresses. A
 * range may lie inside one that was there before and takes its place there; any other overlap is an
 * error. nginx judges that for each /16 by itself, and so does this.
 */
#ifndef CONF_GEO_H
#define CONF_GEO_H

#include "base/cidr.h"
#include "conf/value.h"

struct conf_geo_range {
	uint16_t start, end; /* the lower two octets */
	uint32_t value;      /* index */
};

struct conf_geo_block {
	struct conf_geo_range *ranges; /* in order */
	uint32_t count, room;
};

struct conf_geo {
	/* The address: the client's, or what this variable has. */
	struct conf_value source;
	bool has_source;
	bool has_ranges;
	struct cidr_table *networks;   /* NULL with ranges; the tree owns it (conf_own) */
	struct conf_geo_block *blocks; /* with ranges: [65536] */
	struct slice *values;          /* each text once; [0] is "" */
	uint32_t value_count, value_room;
	uint32_t default_range; /* with ranges: index */
	bool has_default_range;
	struct cidr *proxies; /* from these X-Forwarded-For is believed */
	uint32_t proxy_count, proxy_room;
	bool is_recursive;
};

/* The texts of `geo` with [0], and room for ranges or networks later. False: no memory. */
bool conf_geo_init(struct conf_geo *geo, struct arena *arena) MUST_CHECK;
/* The index of that text; UINT32_MAX: no memory. */
uint32_t conf_geo_value(struct conf_geo *geo, struct slice text, struct arena *arena);
bool conf_geo_add_proxy(
	struct conf_geo *geo, const struct cidr *proxy, struct arena *arena) MUST_CHECK;

/* What happened to a range. */
enum conf_geo_result {
	CONF_GEO_OK,
	CONF_GEO_OVERLAPS, /* other->start..end is what it overlaps; the geo is of no use now */
	CONF_GEO_NO_MEMORY
};

struct conf_geo_span {
	uint32_t start, end; /* host byte order, both in it */
};

/* "1.2.3.4-1.2.3.5" */
bool conf_geo_parse_range(struct slice text, struct conf_geo_span *ret);
/* `on_duplicate` (with the index of the old text) is called for each /16 in which exactly this was
 * there before. */
enum conf_geo_result conf_geo_put_range(struct conf_geo *geo, const struct conf_geo_span *span,
	uint32_t value, struct conf_geo_span *ret_other,
	void (*on_duplicate)(void *arg, uint32_t old), void *arg, struct arena *arena) MUST_CHECK;
/* False when it was not there, or not everywhere. */
bool conf_geo_drop_range(struct conf_geo *geo, const struct conf_geo_span *span);

/* `octets`: 4 or 16 of an address, none when there is no such address. */
struct slice conf_geo_find(const struct conf_geo *geo, struct slice octets);

#endif
