/*
 * comfy/origin.c - may a page of that origin ask for this? ComfyUI's rule against foreign pages.
 */
#include "comfy/origin.h"

#include "http/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool ends_with(struct slice text, struct slice tail)
{
	return text.n >= tail.n &&
	       slice_is_nocase((struct slice){text.p + text.n - tail.n, tail.n}, tail);
}

static bool is_loopback(struct slice name)
{
	char text[64];
	struct in_addr four;
	struct in6_addr six;
	if (slice_is_nocase(name, SLICE("localhost")) || ends_with(name, SLICE(".localhost")))
		return true;
	if (name.n >= sizeof(text))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	/* inet_aton: also 127.1 and 0x7f000001, as getaddrinfo has it. */
	if (text[0] != '[')
		return inet_aton(text, &four) != 0 && ntohl(four.s_addr) >> 24 == 127;
	text[name.n - 1] = '\0';
	if (inet_pton(AF_INET6, text + 1, &six) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

/* Of "scheme://host:port"; empty without one. */
static struct slice authority_of(struct slice origin)
{
	const char *mark = memmem(origin.p, origin.n, "://", 3);
	if (mark == NULL)
		return (struct slice){origin.p, 0};
	struct slice authority = {mark + 3, (size_t)(origin.p + origin.n - (mark + 3))};
	for (size_t i = 0; i < authority.n; i++) {
		if (authority.p[i] == '/' || authority.p[i] == '?' || authority.p[i] == '#')
			authority.n = i;
	}
	return authority;
}

bool origin_is_welcome(struct slice host, struct slice origin, struct slice fetch_site)
{
	struct http_host here, there;
	if (fetch_site.p != NULL && slice_is_nocase(fetch_site, SLICE("cross-site")))
		return false;
	if (host.p == NULL || origin.p == NULL || !http_host_parse(&here, host) ||
		!is_loopback(here.name))
		return true;
	struct slice authority = authority_of(origin);
	if (authority.n == 0)
		return true;
	if (!http_host_parse(&there, authority) || !slice_is_nocase(here.name, there.name))
		return false;
	return here.port < 0 || there.port < 0 || here.port == there.port;
}
