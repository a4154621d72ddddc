#include "conf/nginx/url.h"

static const char *read_unix(struct ngx_url *ret, struct slice path)
{
	struct sockaddr_un *un = &ret->addr.u.un;
	if (path.n == 0)
		return "no path in the unix domain socket";
	if (path.n >= sizeof(un->sun_path))
		return "too long path in the unix domain socket";
	ret->host = path;
	ret->addr.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path.p, path.n);
	return NULL;
}

/* Digits and nothing else, 1 to 65535. */
static bool read_port(struct slice text, uint16_t *ret)
{
	uint32_t port = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(text.p[i] - '0');
		if (port > 65535)
			return false;
	}
	*ret = (uint16_t)port;
	return port != 0;
}

static void read_literal(struct ngx_url *ret)
{
	char host[64];
	if (ret->host.n >= sizeof(host))
		return;
	memcpy(host, ret->host.p, ret->host.n);
	host[ret->host.n] = '\0';
	if (addr_from_ip(&ret->addr, host, ret->port) != 0)
		ret->addr.len = 0;
}

static const char *read_ipv6(struct ngx_url *ret, struct slice text)
{
	const char *end = memchr(text.p, ']', text.n);
	if (end == NULL)
		return "invalid host";
	size_t n = (size_t)(end - text.p) + 1;
	struct slice rest = {text.p + n, text.n - n};
	ret->host = (struct slice){text.p, n};
	if (rest.n != 0) {
		if (rest.p[0] != ':')
			return "invalid host";
		ret->has_port = true;
		if (!read_port((struct slice){rest.p + 1, rest.n - 1}, &ret->port))
			return "invalid port";
	}
	if (n == 2)
		return "no host";
	read_literal(ret);
	return ret->addr.len == 0 ? "invalid IPv6 address" : NULL;
}

const char *ngx_url_parse(struct ngx_url *ret, struct slice text, uint16_t default_port)
{
	*ret = (struct ngx_url){.port = default_port};
	if (text.n >= 5 && strncasecmp(text.p, "unix:", 5) == 0) {
		ret->port = 0;
		return read_unix(ret, (struct slice){text.p + 5, text.n - 5});
	}
	if (text.n != 0 && text.p[0] == '[')
		return read_ipv6(ret, text);
	if (text.n != 0 && (memchr(text.p, '/', text.n) || memchr(text.p, '?', text.n)))
		return "invalid host";
	const char *colon = text.n == 0 ? NULL : memchr(text.p, ':', text.n);
	ret->host = text;
	if (colon != NULL) {
		ret->host.n = (size_t)(colon - text.p);
		ret->has_port = true;
		if (!read_port((struct slice){colon + 1, text.n - ret->host.n - 1}, &ret->port))
			return "invalid port";
	}
	if (ret->host.n == 0)
		return "no host";
	/* A dotted quad only: "1" is a name here, as everywhere in nginx. */
	if (memchr(ret->host.p, ':', ret->host.n) == NULL)
		read_literal(ret);
	return NULL;
}
