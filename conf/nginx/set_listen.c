/*
 * conf/nginx/set_listen.c - listen and server_name: where a server is found.
 */
#include "conf/nginx/http.h"

#include "base/privileges.h"
#include "base/regex.h"
#include "conf/web_defaults.h"

#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

/* Why an address is none, in nginx's words; NULL: *ret is good. */
static const char *parse_address(const char *text, struct addr *ret)
{
	char host[256];
	uint64_t port = 80;
	if (strncmp(text, "unix:", 5) == 0) {
		size_t n = strlen(text + 5);
		if (n == 0)
			return "no path in the unix domain socket";
		if (n >= sizeof(ret->u.un.sun_path))
			return "too long path in the unix domain socket";
		*ret = (struct addr){.len = sizeof(ret->u.un)};
		ret->u.un.sun_family = AF_UNIX;
		memcpy(ret->u.un.sun_path, text + 5, n + 1);
		return NULL;
	}
	if (text[0] == '[') {
		const char *end = strchr(text, ']');
		if (end == NULL || (size_t)(end - text) >= sizeof(host))
			return "invalid host";
		memcpy(host, text + 1, (size_t)(end - text) - 1);
		host[end - text - 1] = '\0';
		if (end[1] != '\0' &&
			(end[1] != ':' || !ngx_parse_number(end + 2, 65535, &port) || port == 0))
			return "invalid port";
		return addr_from_ip(ret, host, (uint16_t)port) == 0 ? NULL : "invalid IPv6 address";
	}
	const char *colon = strrchr(text, ':');
	size_t n = colon == NULL ? strlen(text) : (size_t)(colon - text);
	if (n >= sizeof(host))
		return "invalid host";
	memcpy(host, text, n);
	host[n] = '\0';
	if (colon != NULL && (!ngx_parse_number(colon + 1, 65535, &port) || port == 0))
		return "invalid port";
	/* A number alone is a port. */
	if (colon == NULL && host[0] != '\0' && strspn(host, "0123456789") == n) {
		if (!ngx_parse_number(host, 65535, &port) || port == 0)
			return "invalid port";
		strcpy(host, "*");
	}
	if (host[0] == '\0')
		return "no host";
	if (strcmp(host, "*") == 0)
		strcpy(host, "0.0.0.0");
	if (addr_from_ip(ret, host, (uint16_t)port) == 0)
		return NULL;
	struct addrinfo *found = NULL;
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	if (getaddrinfo(host, NULL, &hints, &found) != 0 || found == NULL)
		return "host not found";
	*ret = (struct addr){.len = found->ai_addrlen};
	memcpy(&ret->u, found->ai_addr, found->ai_addrlen);
	addr_set_port(ret, (uint16_t)port);
	freeaddrinfo(found);
	return NULL;
}

/* "name=value": the value, or NULL. */
static const char *value_of(const char *arg, const char *name)
{
	size_t n = strlen(name);
	return strncmp(arg, name, n) == 0 ? arg + n : NULL;
}

/* "backlog=5": a number from 1 on, or a size. */
static bool read_number(struct ngx_build *b, const struct ngx_node *node, const char *arg,
	bool is_size, int32_t *ret)
{
	uint64_t n;
	size_t name = strcspn(arg, "=");
	const char *value = arg + name + 1;
	bool is_good = is_size ? ngx_parse_size(value, &n)
			       : ngx_parse_number(value, INT32_MAX, &n) && n != 0;
	if (!is_good || n > INT32_MAX)
		return ngx_fail(b, node, "invalid %.*s \"%s\"", (int)name, arg, arg);
	*ret = (int32_t)n;
	return true;
}

static bool is_keepalive(const char *value)
{
	return value != NULL && (strcmp(value, "on") == 0 || strcmp(value, "off") == 0 ||
					strspn(value, "0123456789smhd:") == strlen(value));
}

static bool read_option(struct ngx_build *b, const struct ngx_node *node, const char *arg,
	struct conf_listen *listen)
{
	const char *value;
	if (strcmp(arg, "default_server") == 0 || strcmp(arg, "default") == 0) {
		listen->is_default = true;
	} else if (strcmp(arg, "ssl") == 0) {
		listen->is_tls = true;
	} else if (strcmp(arg, "proxy_protocol") == 0) {
		listen->is_proxy_protocol = true;
	} else if (strcmp(arg, "http2") == 0) {
		ngx_warn(b, node, "\"http2\": HTTP/1.1 is spoken to clients");
	} else if (strcmp(arg, "bind") == 0 || is_keepalive(value_of(arg, "so_keepalive="))) {
		/* A socket for each address, keep-alive of the system's timing: both always. */
	} else if (strcmp(arg, "reuseport") == 0) {
		listen->is_reuseport = true;
	} else if (strcmp(arg, "deferred") == 0) {
		listen->is_deferred = true;
	} else if (value_of(arg, "backlog=") != NULL) {
		return read_number(b, node, arg, false, &listen->backlog);
	} else if (value_of(arg, "rcvbuf=") != NULL) {
		return read_number(b, node, arg, true, &listen->rcvbuf);
	} else if (value_of(arg, "sndbuf=") != NULL) {
		return read_number(b, node, arg, true, &listen->sndbuf);
	} else if ((value = value_of(arg, "ipv6only=")) != NULL) {
		if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
			return ngx_fail(b, node, "invalid ipv6only flags \"%s\"", value);
		if (listen->addr.u.any.sa_family != AF_INET6)
			return ngx_fail(
				b, node, "ipv6only is not supported on addr \"%s\"", node->args[0]);
		listen->has_v6_only = true;
		listen->is_v6_only = value[1] == 'n';
	} else if ((value = value_of(arg, "fastopen=")) != NULL &&
		   strspn(value, "0123456789") == strlen(value)) {
		ngx_warn(b, node, "\"fastopen\": connections are opened as usual");
	} else {
		return ngx_fail(b, node, "invalid parameter \"%s\"", arg);
	}
	return true;
}

/* The rest is of the server, and may differ from another one's on the same address. */
static bool is_of_socket(const char *arg)
{
	static const char *const others[] = {
		"default_server", "default", "ssl", "http2", "proxy_protocol"};
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		if (strcmp(arg, others[i]) == 0)
			return false;
	}
	return true;
}

static bool add_listen(struct ngx_build *b, const struct ngx_node *node, struct ngx_server *server,
	const struct addr *addr)
{
	char text[ADDR_TEXT];
	addr_format(addr, text);
	for (uint32_t i = 0; i < server->listens.count; i++)
		if (strcmp(server->listens.items[i].text, text) == 0)
			return ngx_fail(b, node, "a duplicate listen %s", text);
	struct conf_listen *listen = ngx_push(b, &server->listens);
	if (listen == NULL)
		return false;
	listen->place = node->place;
	listen->addr = *addr;
	listen->text = arena_copy(b->arena, text, strlen(text));
	return listen->text != NULL || ngx_no_memory(b);
}

/* The same where a range of ports may stand: "host:8000-8009". *ret_last: 0 without one. */
static const char *parse_range(const char *text, struct addr *ret, uint16_t *ret_last)
{
	char first[256];
	uint64_t last;
	const char *dash = strrchr(text, '-');
	const char *digits = dash;
	while (digits != NULL && digits > text && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	if (dash == NULL || digits == dash || (digits != text && digits[-1] != ':') ||
		strncmp(text, "unix:", 5) == 0 || !ngx_parse_number(dash + 1, 65535, &last) ||
		(size_t)(dash - text) >= sizeof(first))
		return parse_address(text, ret);
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = '\0';
	const char *why = parse_address(first, ret);
	if (why == NULL && last < addr_port(ret))
		return "invalid port range";
	*ret_last = (uint16_t)last;
	return why;
}

bool ngx_set_listen(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_server *server = b->scope->own;
	struct addr addr;
	uint16_t last = 0;
	(void)d;
	const char *why = parse_range(node->args[0], &addr, &last);
	if (why != NULL)
		return ngx_fail(
			b, node, "%s in \"%s\" of the \"listen\" directive", why, node->args[0]);
	if (!add_listen(b, node, server, &addr))
		return false;
	uint32_t first = server->listens.count - 1;
	struct conf_listen *listen = &server->listens.items[first];
	for (uint32_t i = 1; i < node->arg_count; i++) {
		if (!read_option(b, node, node->args[i], listen))
			return false;
		listen->has_options = listen->has_options || is_of_socket(node->args[i]);
	}
	for (uint32_t port = addr_port(&addr) + 1u; port <= last; port++) {
		addr_set_port(&addr, (uint16_t)port);
		if (!add_listen(b, node, server, &addr))
			return false;
		struct conf_listen *next = &server->listens.items[server->listens.count - 1];
		const char *text = next->text;
		*next = server->listens.items[first];
		next->addr = addr;
		next->text = text;
	}
	return true;
}

bool ngx_default_listen(struct ngx_build *b, struct ngx_server *server)
{
	struct addr addr;
	const char *why = parse_address(privileges_was_root() ? "*:80" : "*:8000", &addr);
	return why == NULL && add_listen(b, server->scope->node, server, &addr);
}

/* -- server_name -- */

static bool add_name(struct ngx_build *b, struct ngx_server *server, const char *text, size_t n)
{
	char *lower = arena_copy(b->arena, text, n);
	struct ngx_name *name = ngx_push(b, &server->names);
	if (name == NULL)
		return false;
	if (lower == NULL)
		return ngx_no_memory(b);
	/* A regular expression stays as it was written. */
	for (size_t i = 0; i < n && text[0] != '~'; i++)
		lower[i] = ascii_lower(lower[i]);
	name->name = (struct slice){lower, n};
	return true;
}

/* As nginx has it: a '*' or two dots within a name are no error, no client's Host is like that. */
static bool is_name_valid(const char *name)
{
	size_t n = strlen(name);
	return !(name[0] == '*' && (n < 3 || name[1] != '.')) && strcmp(name, ".") != 0;
}

static bool add_regex_name(struct ngx_build *b, const struct ngx_node *node,
	struct ngx_server *server, const char *text)
{
	bool has_capitals = false;
	if (text[1] == '\0')
		return ngx_fail(b, node, "empty regex in server name \"%s\"", text);
	for (const char *p = text + 1; *p != '\0'; p++)
		has_capitals = has_capitals || (*p >= 'A' && *p <= 'Z');
	const struct regex *regex = ngx_regex(b, node, text + 1, has_capitals);
	if (regex == NULL || !add_name(b, server, text, strlen(text)))
		return false;
	server->names.items[server->names.count - 1].regex = regex;
	return true;
}

bool ngx_set_server_name(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_server *server = b->scope->own;
	char host[256];
	(void)d;
	for (uint32_t i = 0; i < node->arg_count; i++) {
		const char *text = node->args[i];
		if (strcasecmp(text, "$hostname") == 0) {
			if (gethostname(host, sizeof(host)) != 0)
				strcpy(host, "localhost");
			text = host;
		}
		if (text[0] == '~') {
			if (!add_regex_name(b, node, server, text))
				return false;
			continue;
		}
		if (!is_name_valid(text))
			return ngx_fail(b, node, "server name \"%s\" is invalid", text);
		if (strchr(text, '/') != NULL)
			ngx_warn(b, node, "server name \"%s\" has suspicious symbols", text);
		if (!add_name(b, server, text, strlen(text)))
			return false;
	}
	return true;
}
