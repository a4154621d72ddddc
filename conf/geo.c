#include "conf/geo.h"

#define BLOCKS 65536

/* An array in the arena with one more at its end; what it had stays there. */
static void *more(struct arena *arena, void *items, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return items;
	uint32_t wanted = *room == 0 ? 4 : *room * 2;
	void *bigger = arena_zero(arena, wanted * size);
	if (bigger == NULL)
		return NULL;
	if (count != 0)
		memcpy(bigger, items, count * size);
	*room = wanted;
	return bigger;
}

bool conf_geo_init(struct conf_geo *geo, struct arena *arena)
{
	return conf_geo_value(geo, SLICE(""), arena) == 0;
}

uint32_t conf_geo_value(struct conf_geo *geo, struct slice text, struct arena *arena)
{
	for (uint32_t i = 0; i < geo->value_count; i++)
		if (slice_is(geo->values[i], text))
			return i;
	struct slice *values = more(
		arena, geo->values, geo->value_count, &geo->value_room, sizeof(*values));
	if (values == NULL)
		return UINT32_MAX;
	geo->values = values;
	geo->values[geo->value_count] = text;
	return geo->value_count++;
}

bool conf_geo_add_proxy(struct conf_geo *geo, const struct cidr *proxy, struct arena *arena)
{
	struct cidr *proxies = more(
		arena, geo->proxies, geo->proxy_count, &geo->proxy_room, sizeof(*proxies));
	if (proxies == NULL)
		return false;
	geo->proxies = proxies;
	geo->proxies[geo->proxy_count++] = *proxy;
	return true;
}

/* -- ranges -- */

/* As nginx reads one: 255.255.255.255 is none. */
static bool parse_v4(struct slice text, uint32_t *ret)
{
	uint32_t address = 0, octet = 0, dots = 0;
	bool has_digit = false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] >= '0' && text.p[i] <= '9') {
			octet = octet * 10 + (uint32_t)(text.p[i] - '0');
			has_digit = true;
			if (octet > 255)
				return false;
			continue;
		}
		if (text.p[i] != '.' || !has_digit || ++dots > 3)
			return false;
		address = address << 8 | octet;
		octet = 0;
		has_digit = false;
	}
	*ret = address << 8 | octet;
	return has_digit && dots == 3 && *ret != UINT32_MAX;
}

bool conf_geo_parse_range(struct slice text, struct conf_geo_span *ret)
{
	const char *dash = memchr(text.p, '-', text.n);
	if (dash == NULL)
		return false;
	struct slice start = {text.p, (size_t)(dash - text.p)};
	struct slice end = {dash + 1, text.n - start.n - 1};
	return parse_v4(start, &ret->start) && parse_v4(end, &ret->end) && ret->start <= ret->end;
}

/* The part of `span` in the /16 `high`. */
static struct conf_geo_range piece(const struct conf_geo_span *span, uint32_t high, uint32_t value)
{
	return (struct conf_geo_range){
		.start = high == span->start >> 16 ? (uint16_t)span->start : 0,
		.end = high == span->end >> 16 ? (uint16_t)span->end : UINT16_MAX,
		.value = value,
	};
}

static bool insert(
	struct conf_geo_block *block, uint32_t at, struct conf_geo_range range, struct arena *arena)
{
	struct conf_geo_range *ranges = more(
		arena, block->ranges, block->count, &block->room, sizeof(*ranges));
	if (ranges == NULL)
		return false;
	memmove(ranges + at + 1, ranges + at, (block->count - at) * sizeof(*ranges));
	ranges[at] = range;
	block->ranges = ranges;
	block->count++;
	return true;
}

/* `range` lies in that one, and not all of it is. */
static bool cut_out(
	struct conf_geo_block *block, uint32_t at, struct conf_geo_range range, struct arena *arena)
{
	struct conf_geo_range old = block->ranges[at];
	block->ranges[at] = range;
	if (old.start < range.start) {
		struct conf_geo_range before = {old.start, (uint16_t)(range.start - 1), old.value};
		if (!insert(block, at++, before, arena))
			return false;
	}
	if (old.end > range.end) {
		struct conf_geo_range behind = {(uint16_t)(range.end + 1), old.end, old.value};
		if (!insert(block, at + 1, behind, arena))
			return false;
	}
	return true;
}

enum conf_geo_result conf_geo_put_range(struct conf_geo *geo, const struct conf_geo_span *span,
	uint32_t value, struct conf_geo_span *ret_other,
	void (*on_duplicate)(void *arg, uint32_t old), void *arg, struct arena *arena)
{
	if (geo->blocks == NULL) {
		geo->blocks = arena_zero(arena, BLOCKS * sizeof(*geo->blocks));
		if (geo->blocks == NULL)
			return CONF_GEO_NO_MEMORY;
	}
	for (uint32_t high = span->start >> 16; high <= span->end >> 16; high++) {
		struct conf_geo_block *block = &geo->blocks[high];
		struct conf_geo_range range = piece(span, high, value);
		uint32_t at = 0;
		while (at < block->count && block->ranges[at].end < range.start)
			at++;
		struct conf_geo_range *old = at < block->count ? &block->ranges[at] : NULL;
		bool is_done;
		if (old == NULL || old->start > range.end) {
			is_done = insert(block, at, range, arena);
		} else if (old->start == range.start && old->end == range.end) {
			on_duplicate(arg, old->value);
			old->value = value;
			is_done = true;
		} else if (old->start <= range.start && old->end >= range.end) {
			is_done = cut_out(block, at, range, arena);
		} else {
			*ret_other = (struct conf_geo_span){
				high << 16 | old->start, high << 16 | old->end};
			return CONF_GEO_OVERLAPS;
		}
		if (!is_done)
			return CONF_GEO_NO_MEMORY;
	}
	return CONF_GEO_OK;
}

bool conf_geo_drop_range(struct conf_geo *geo, const struct conf_geo_span *span)
{
	bool was_there = geo->blocks != NULL;
	for (uint32_t high = span->start >> 16; was_there && high <= span->end >> 16; high++) {
		struct conf_geo_block *block = &geo->blocks[high];
		struct conf_geo_range range = piece(span, high, 0);
		uint32_t at = 0;
		while (at < block->count && (block->ranges[at].start != range.start ||
						    block->ranges[at].end != range.end))
			at++;
		if (at == block->count) {
			was_there = false;
			break;
		}
		block->count--;
		memmove(block->ranges + at, block->ranges + at + 1,
			(block->count - at) * sizeof(*block->ranges));
	}
	return was_there;
}

static uint32_t find_range(const struct conf_geo *geo, uint32_t address)
{
	if (geo->blocks != NULL) {
		const struct conf_geo_block *block = &geo->blocks[address >> 16];
		for (uint32_t i = 0; i < block->count; i++)
			if (block->ranges[i].start <= (address & UINT16_MAX) &&
				(address & UINT16_MAX) <= block->ranges[i].end)
				return block->ranges[i].value;
	}
	return geo->default_range;
}

struct slice conf_geo_find(const struct conf_geo *geo, struct slice octets)
{
	/* nginx takes 255.255.255.255 for what is no address (or with ranges: not IPv4). */
	static const uint8_t none[4] = {255, 255, 255, 255};
	if (octets.n == 0 || (geo->has_ranges && octets.n != 4))
		octets = (struct slice){(const char *)none, 4};
	const uint8_t *p = (const uint8_t *)octets.p;
	uint32_t value;
	if (geo->has_ranges)
		value = find_range(geo,
			(uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
	else
		value = cidr_table_find_octets(geo->networks, octets);
	return geo->values[value == CIDR_NONE ? 0 : value];
}
