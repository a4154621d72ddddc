#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int parse_port(uint16_t *ret_port, const char *text)
{
	if (*text < '0' || *text > '9')
		return -EINVAL;
	char *end;
	errno = 0;
	unsigned long port = strtoul(text, &end, 10);
	if (*end != '\0' || errno != 0 || port > 65535)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

int addr_from_ip(struct addr *ret_addr, const char *host, uint16_t port)
{
	char bare[INET6_ADDRSTRLEN + 2];
	size_t n = strlen(host);
	struct addr addr = {0};
	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof(bare))
		return -EINVAL;
	memcpy(bare, host, n);
	bare[n] = '\0';
	if (inet_pton(AF_INET, bare, &addr.u.v4.sin_addr) == 1) {
		addr.u.v4.sin_family = AF_INET;
		addr.len = sizeof(addr.u.v4);
	} else if (inet_pton(AF_INET6, bare, &addr.u.v6.sin6_addr) == 1) {
		addr.u.v6.sin6_family = AF_INET6;
		addr.len = sizeof(addr.u.v6);
	} else {
		return -EINVAL;
	}
	addr_set_port(&addr, port);
	*ret_addr = addr;
	return 0;
}

static int parse_unix(struct addr *ret_addr, const char *path, struct err *err)
{
	struct addr addr = {0};
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof(addr.u.un.sun_path)) {
		err_set(err, "a unix socket's path has 1 to %zu octets",
			sizeof(addr.u.un.sun_path) - 1);
		return -EINVAL;
	}
	addr.u.un.sun_family = AF_UNIX;
	memcpy(addr.u.un.sun_path, path, n + 1);
	addr.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	*ret_addr = addr;
	return 0;
}

int addr_parse(struct addr *ret_addr, const char *text, struct err *err)
{
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(ret_addr, text + 5, err);

	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	uint16_t port;
	size_t n = colon == NULL ? 0 : (size_t)(colon - text);
	/* An IPv6 address stands in brackets, or its last group would be taken for the port. */
	bool is_bare_v6 = n != 0 && text[0] != '[' && memchr(text, ':', n) != NULL;
	if (n != 0 && n < sizeof(host) && !is_bare_v6 && parse_port(&port, colon + 1) == 0) {
		memcpy(host, text, n);
		host[n] = '\0';
		if (addr_from_ip(ret_addr, host, port) == 0)
			return 0;
	}
	err_set(err, "\"%.100s\" is not an address: ADDRESS:PORT, [IPV6]:PORT or unix:PATH", text);
	return -EINVAL;
}

/* Once for every connection, so not by inet_ntop, which goes through printf. */
static size_t format_v4(struct slice ip, char *out)
{
	size_t n = 0;
	for (size_t i = 0; i < 4; i++) {
		unsigned octet = (unsigned char)ip.p[i];
		if (octet >= 100)
			out[n++] = (char)('0' + octet / 100);
		if (octet >= 10)
			out[n++] = (char)('0' + octet / 10 % 10);
		out[n++] = (char)('0' + octet % 10);
		out[n++] = '.';
	}
	out[--n] = '\0';
	return n;
}

size_t addr_format_ip(const struct addr *addr, char out[ADDR_TEXT])
{
	struct slice ip = addr_ip_octets(addr);
	out[0] = '\0';
	if (ip.n == 4)
		return format_v4(ip, out);
	if (ip.n == 16)
		(void)inet_ntop(AF_INET6, ip.p, out, ADDR_TEXT);
	else
		memcpy(out, "unix:", 6);
	return strlen(out);
}

void addr_format(const struct addr *addr, char out[ADDR_TEXT])
{
	char ip[ADDR_TEXT]; /* of which an address fills 45, INET6_ADDRSTRLEN - 1, at most */
	switch (addr->len == 0 ? AF_UNSPEC : addr->u.any.sa_family) {
	case AF_INET:
		(void)addr_format_ip(addr, ip);
		(void)snprintf(out, ADDR_TEXT, "%.45s:%u", ip, addr_port(addr));
		break;
	case AF_INET6:
		(void)inet_ntop(AF_INET6, &addr->u.v6.sin6_addr, ip, sizeof(ip));
		(void)snprintf(out, ADDR_TEXT, "[%.45s]:%u", ip, addr_port(addr));
		break;
	case AF_UNIX:
		(void)snprintf(out, ADDR_TEXT, "unix:%s",
			addr->len > offsetof(struct sockaddr_un, sun_path) ? addr->u.un.sun_path
									   : "");
		break;
	default:
		(void)snprintf(out, ADDR_TEXT, "-");
	}
}

uint16_t addr_port(const struct addr *addr)
{
	if (addr->len != 0 && addr->u.any.sa_family == AF_INET)
		return ntohs(addr->u.v4.sin_port);
	if (addr->len != 0 && addr->u.any.sa_family == AF_INET6)
		return ntohs(addr->u.v6.sin6_port);
	return 0;
}

void addr_set_port(struct addr *addr, uint16_t port)
{
	if (addr->u.any.sa_family == AF_INET)
		addr->u.v4.sin_port = htons(port);
	else if (addr->u.any.sa_family == AF_INET6)
		addr->u.v6.sin6_port = htons(port);
}

bool addr_is_same(const struct addr *a, const struct addr *b)
{
	if (a->len == 0 || b->len == 0 || a->u.any.sa_family != b->u.any.sa_family)
		return a->len == b->len;
	if (a->u.any.sa_family == AF_UNIX)
		return strcmp(a->u.un.sun_path, b->u.un.sun_path) == 0;
	return addr_port(a) == addr_port(b) && slice_is(addr_ip_octets(a), addr_ip_octets(b));
}

bool addr_is_loopback(const struct addr *addr)
{
	struct slice ip = addr_ip_octets(addr);
	if (ip.n == 4)
		return (unsigned char)ip.p[0] == 127;
	if (ip.n == 16)
		return IN6_IS_ADDR_LOOPBACK(&addr->u.v6.sin6_addr);
	return addr->len != 0 && addr->u.any.sa_family == AF_UNIX;
}

struct slice addr_ip_octets(const struct addr *addr)
{
	if (addr->len != 0 && addr->u.any.sa_family == AF_INET)
		return (struct slice){(const char *)&addr->u.v4.sin_addr, 4};
	if (addr->len != 0 && addr->u.any.sa_family == AF_INET6) {
		const char *p = (const char *)&addr->u.v6.sin6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&addr->u.v6.sin6_addr))
			return (struct slice){p + 12, 4};
		return (struct slice){p, 16};
	}
	return (struct slice){NULL, 0};
}

struct slice addr_raw_octets(const struct addr *addr)
{
	if (addr->len != 0 && addr->u.any.sa_family == AF_INET6)
		return (struct slice){(const char *)&addr->u.v6.sin6_addr, 16};
	return addr_ip_octets(addr);
}
