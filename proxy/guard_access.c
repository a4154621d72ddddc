/*
 * proxy/guard_access.c - allow and deny: the first rule that has the client's address decides.
 */
#include "proxy/guard_parts.h"

#include "proxy/web_log.h"

/* As the rules are to see it: IPv4 that came in IPv6 is IPv4 if a rule is about IPv4 at all. */
static struct slice octets_of(const struct addr *addr, bool has_v4)
{
	if (addr->u.any.sa_family == AF_INET6 && !has_v4)
		return (struct slice){(const char *)&addr->u.v6.sin6_addr, 16};
	return addr_ip_octets(addr);
}

int guard_access(struct exchange *x, struct guard *guard)
{
	const struct conf_access *access = x->web->loc->access;
	(void)guard;
	if (access == NULL)
		return GUARD_DECLINED;
	struct slice octets = octets_of(&x->client->peer, access->has_v4);
	for (uint32_t i = 0; i < access->rules.count; i++) {
		const struct conf_access_rule *rule = &access->rules.items[i];
		if (!cidr_has_octets(&rule->net, octets))
			continue;
		if (!rule->is_denied)
			return GUARD_OK;
		if (!x->web->loc->satisfy_any)
			web_log(x, LOG_ERROR, 0, NULL, "access forbidden by rule");
		return 403;
	}
	return GUARD_DECLINED;
}
