/*
 * base/cidr_table.c - the longest network that an address is in.
 *
 * A binary trie with one node for each network and one for each place where two of them part:
 *
 *            10.0.0.0/8 "a"
 *            /           \
 *     10.1.0.0/16 "b"   10.128.0.0/9 (no value: here two part)
 *                        /          \
 *                 10.129.0.0/16 "c"  10.200.0.0/16 "d"
 *
 * A child's prefix is longer than its parent's and begins with it; the first bit after the
 * parent's prefix says which child. Nodes lie in one array and name each other by index.
 */
#include "base/cidr.h"

#include <errno.h>
#include <stdlib.h>

#define NO_NODE UINT32_MAX

struct cidr_node {
	uint8_t octets[16]; /* beyond the prefix they are 0 */
	uint32_t bits;
	uint32_t value; /* CIDR_NONE: here two part, or it was dropped */
	uint32_t child[2];
};

struct cidr_table {
	struct cidr_node *nodes; /* owned */
	uint32_t count, room;
	uint32_t root[2]; /* of IPv4, of IPv6; NO_NODE: empty */
};

struct cidr_table *cidr_table_create(void)
{
	struct cidr_table *table = calloc(1, sizeof(*table));
	if (table != NULL)
		table->root[0] = table->root[1] = NO_NODE;
	return table;
}

void cidr_table_destroy(struct cidr_table *table)
{
	if (table == NULL)
		return;
	free(table->nodes);
	free(table);
}

static uint32_t bit_at(const uint8_t *octets, uint32_t i)
{
	return octets[i / 8] >> (7 - i % 8) & 1u;
}

/* How many bits both have in common, at most `most`. */
static uint32_t common_bits(const uint8_t *a, const uint8_t *b, uint32_t most)
{
	uint32_t i = 0;
	while (i + 8 <= most && a[i / 8] == b[i / 8])
		i += 8;
	while (i < most && bit_at(a, i) == bit_at(b, i))
		i++;
	return i;
}

/* Room for two more nodes, as many as one network can need. */
static bool make_room(struct cidr_table *table)
{
	if (table->room - table->count >= 2)
		return true;
	if (table->room > NO_NODE / 4)
		return false;
	uint32_t room = table->room == 0 ? 16 : table->room * 2;
	struct cidr_node *nodes = realloc(table->nodes, room * sizeof(*nodes));
	if (nodes == NULL)
		return false;
	table->nodes = nodes;
	table->room = room;
	return true;
}

static uint32_t add_node(struct cidr_table *table, const uint8_t *octets, uint32_t bits)
{
	struct cidr_node *node = &table->nodes[table->count];
	memset(node, 0, sizeof(*node));
	memcpy(node->octets, octets, (bits + 7) / 8);
	if (bits % 8 != 0)
		node->octets[bits / 8] &= (uint8_t)(0xff00u >> bits % 8);
	node->bits = bits;
	node->value = CIDR_NONE;
	node->child[0] = node->child[1] = NO_NODE;
	return table->count++;
}

/* The node with exactly this prefix, made where it is missing. There is room. */
static struct cidr_node *node_for(
	struct cidr_table *table, uint32_t *link, const uint8_t *octets, uint32_t bits)
{
	while (*link != NO_NODE) {
		struct cidr_node *node = &table->nodes[*link];
		uint32_t shorter = bits < node->bits ? bits : node->bits;
		uint32_t common = common_bits(octets, node->octets, shorter);
		if (common == node->bits) {
			if (common == bits)
				return node;
			link = &node->child[bit_at(octets, common)];
			continue;
		}
		/* They part before this node's end: a node for what they share goes above it. */
		uint32_t below = *link;
		uint32_t above = add_node(table, octets, common);
		table->nodes[above].child[bit_at(node->octets, common)] = below;
		*link = above;
		if (common == bits)
			return &table->nodes[above];
		link = &table->nodes[above].child[bit_at(octets, common)];
	}
	*link = add_node(table, octets, bits);
	return &table->nodes[*link];
}

int cidr_table_put(
	struct cidr_table *table, const struct cidr *cidr, uint32_t value, uint32_t *ret_old)
{
	ensure(value != CIDR_NONE);
	if (cidr->kind == CIDR_ALL) {
		static const struct cidr v4 = {.kind = CIDR_V4}, v6 = {.kind = CIDR_V6};
		int rc = cidr_table_put(table, &v6, value, NULL);
		return rc != 0 ? rc : cidr_table_put(table, &v4, value, ret_old);
	}
	if (cidr->kind != CIDR_V4 && cidr->kind != CIDR_V6)
		return -EINVAL;
	if (!make_room(table))
		return -ENOMEM;
	uint32_t *root = &table->root[cidr->kind == CIDR_V6];
	struct cidr_node *node = node_for(table, root, cidr->octets, cidr->bits);
	if (ret_old != NULL)
		*ret_old = node->value;
	node->value = value;
	return 0;
}

/* The value of the longest network with `octets` in it, of those with at least `from` bits. */
static uint32_t find(const struct cidr_table *table, uint32_t at, const uint8_t *octets,
	uint32_t most, uint32_t from)
{
	uint32_t value = CIDR_NONE;
	while (at != NO_NODE) {
		const struct cidr_node *node = &table->nodes[at];
		if (node->bits > most ||
			common_bits(octets, node->octets, node->bits) != node->bits)
			break;
		if (node->value != CIDR_NONE && node->bits >= from)
			value = node->value;
		if (node->bits == most)
			break;
		at = node->child[bit_at(octets, node->bits)];
	}
	return value;
}

bool cidr_table_drop(struct cidr_table *table, const struct cidr *cidr)
{
	if (cidr->kind != CIDR_V4 && cidr->kind != CIDR_V6)
		return false;
	uint32_t *root = &table->root[cidr->kind == CIDR_V6];
	if (find(table, *root, cidr->octets, cidr->bits, cidr->bits) == CIDR_NONE)
		return false;
	/* The node stays: it is there, so nothing is made. */
	node_for(table, root, cidr->octets, cidr->bits)->value = CIDR_NONE;
	return true;
}

uint32_t cidr_table_find_octets(const struct cidr_table *table, struct slice octets)
{
	if (octets.n != 4 && octets.n != 16)
		return CIDR_NONE;
	uint32_t root = table->root[octets.n == 16];
	return find(table, root, (const uint8_t *)octets.p, (uint32_t)octets.n * 8, 0);
}

uint32_t cidr_table_find(const struct cidr_table *table, const struct addr *addr)
{
	return cidr_table_find_octets(table, addr_ip_octets(addr));
}
