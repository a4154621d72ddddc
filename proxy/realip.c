/*
 * proxy/realip.c - the client's address as a trusted proxy in front of us tells it.
 *
 *   the connection's address is one of set_real_ip_from?
 *      yes: the last address in the field takes its place, or the one that the PROXY protocol
 *           told of the connection;
 *           real_ip_recursive: as long as that one is trusted, too, the one before it
 *
 * The client's own fields (proxy/client.h) are changed, so that every look at them sees the same;
 * guard_finish puts them back before the next request on the connection.
 */
#include "proxy/guard_parts.h"
#include "proxy/preamble.h"

/* What a walk through the field says. */
enum walk { WALK_NOTHING, WALK_ONE, WALK_END };

static bool is_trusted(const struct conf_realip *realip, const struct addr *addr)
{
	for (uint32_t i = 0; i < realip->from.count; i++)
		if (cidr_has(&realip->from.items[i], addr))
			return true;
	return false;
}

static bool is_separator(char c)
{
	return c == ' ' || c == ',';
}

/* "1.2.3.4", "::1", "1.2.3.4:80", "[::1]:80". */
static bool parse(struct addr *ret, struct slice text)
{
	char copy[ADDR_TEXT];
	if (text.n == 0 || text.n >= sizeof(copy) || memchr(text.p, '\0', text.n) != NULL)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (strncmp(copy, "unix:", 5) == 0)
		return false;
	if (copy[0] != '[' && addr_from_ip(ret, copy, 0) == 0)
		return true;
	return addr_parse(ret, copy, NULL) == 0 && addr_port(ret) != 0;
}

/* One field's addresses from the last to the first. */
static enum walk walk_field(const struct conf_realip *realip, struct slice field, struct addr *addr)
{
	enum walk walk = WALK_NOTHING;
	while (is_trusted(realip, addr)) {
		struct addr next;
		while (field.n > 1 && is_separator(field.p[field.n - 1]))
			field.n--;
		size_t start = field.n;
		while (start > 0 && !is_separator(field.p[start - 1]))
			start--;
		if (!parse(&next, (struct slice){field.p + start, field.n - start}))
			return walk == WALK_NOTHING ? WALK_NOTHING : WALK_END;
		*addr = next;
		walk = WALK_ONE;
		if (!realip->is_recursive || start == 0)
			return WALK_ONE;
		field.n = start - 1;
	}
	return walk == WALK_NOTHING ? WALK_NOTHING : WALK_END;
}

static bool is_named(const struct exchange *x, const struct http_field *field, struct slice name)
{
	return slice_is_nocase(http_span_in(x->p, field->name), name);
}

static bool use_preamble(
	const struct preamble *preamble, const struct conf_realip *realip, struct addr *addr)
{
	if (preamble == NULL || walk_field(realip, slice_of(preamble->addr), addr) == WALK_NOTHING)
		return false;
	addr_set_port(addr, preamble->port);
	return true;
}

/* X-Forwarded-For may come in several lines, which are one list; of other fields the first counts.
 */
static bool find_addr(const struct exchange *x, const struct conf_realip *realip, struct addr *addr)
{
	const struct http_head *head = x->head;
	bool is_list = realip->kind == CONF_REALIP_X_FORWARDED_FOR;
	bool is_found = false;
	if (realip->kind == CONF_REALIP_PROXY_PROTOCOL)
		return use_preamble(x->client->preamble, realip, addr);
	for (uint16_t i = 0; i < head->count; i++) {
		const struct http_field *field = &head->field[is_list ? head->count - 1 - i : i];
		if (!is_named(x, field, realip->field))
			continue;
		enum walk walk = walk_field(realip, http_span_in(x->p, field->value), addr);
		is_found = is_found || walk != WALK_NOTHING;
		if (!is_list || !realip->is_recursive || walk != WALK_ONE)
			break;
	}
	return is_found;
}

bool realip_apply(struct exchange *x, const struct conf_realip *realip)
{
	struct client *client = x->client;
	struct addr addr = client->peer;
	if (realip == NULL || realip->from.count == 0 || x->web->real_ip.p != NULL ||
		!find_addr(x, realip, &addr))
		return true;
	struct guard *guard = guard_of(x);
	const char *own = arena_copy(&x->arena, client->ip, client->ip_n);
	if (guard == NULL || own == NULL)
		return false;
	x->web->real_ip = (struct slice){own, client->ip_n};
	x->web->real_port = addr_port(&client->peer);
	guard->is_addr_changed = true;
	guard->own_peer = client->peer;
	client_set_peer(client, &addr);
	return true;
}

void realip_restore(struct exchange *x, struct guard *guard)
{
	if (!guard->is_addr_changed)
		return;
	guard->is_addr_changed = false;
	client_set_peer(x->client, &guard->own_peer);
}
