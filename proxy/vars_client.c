/*
 * proxy/vars_client.c - who is at the other end, on which connection, and when.
 */
#include "proxy/vars.h"

#include "base/clock.h"
#include "proxy/preamble.h"
#include "proxy/stats.h"
#include "proxy/web_log.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NGINX_VERSION "1.22.1" /* whose behaviour this is */

/* -- addresses -- */

static enum web_found local_addr(struct exchange *x, enum conf_var var, struct slice *ret)
{
	char text[ADDR_TEXT];
	struct addr addr = {.len = sizeof(addr.u)};
	if (getsockname(x->client->sock.fd, &addr.u.any, &addr.len) != 0)
		return WEB_MISSING;
	if (var == CONF_VAR_SERVER_PORT)
		return addr_port(&addr) != 0 ? web_number(x, addr_port(&addr), ret) : WEB_FOUND;
	size_t n = addr_format_ip(&addr, text);
	return web_copy(x, text, n, ret);
}

static enum web_found port(struct exchange *x, uint16_t number, struct slice *ret)
{
	return number != 0 ? web_number(x, number, ret) : WEB_FOUND;
}

bool web_parse_ip(struct addr *addr, struct slice text)
{
	char copy[ADDR_TEXT];
	struct err err;
	if (text.n == 0 || text.n >= sizeof(copy))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	return addr_from_ip(addr, copy, 0) == 0 || addr_parse(addr, copy, &err) == 0;
}

static bool is_one_of(const struct addr *addr, const struct cidr *all, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (cidr_has(&all[i], addr))
			return true;
	return false;
}

/* The last item of a comma list, which becomes shorter. */
static struct slice take_last(struct slice *list)
{
	*list = slice_trim(*list);
	const char *comma = list->n != 0 ? memrchr(list->p, ',', list->n) : NULL;
	size_t at = comma == NULL ? 0 : (size_t)(comma - list->p) + 1;
	struct slice last = slice_trim((struct slice){list->p + at, list->n - at});
	list->n = comma == NULL ? 0 : at - 1;
	return last;
}

void web_forwarded_addr(struct exchange *x, struct addr *addr, const struct cidr *proxies,
	uint32_t proxy_count, bool is_recursive)
{
	struct slice list;
	if (web_request_fields(x, SLICE("x_forwarded_for"), SLICE(","), &list) != WEB_FOUND)
		return;
	while (list.n != 0 && is_one_of(addr, proxies, proxy_count)) {
		if (!web_parse_ip(addr, take_last(&list)) || !is_recursive)
			return;
	}
}

/* -- the connection -- */

static enum web_found tcp_figure(struct exchange *x, enum conf_var var, struct slice *ret)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);
	if (getsockopt(x->client->sock.fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
		return WEB_MISSING;
	switch (var) {
	case CONF_VAR_TCPINFO_RTT:
		return web_number(x, info.tcpi_rtt, ret);
	case CONF_VAR_TCPINFO_RTTVAR:
		return web_number(x, info.tcpi_rttvar, ret);
	case CONF_VAR_TCPINFO_SND_CWND:
		return web_number(x, info.tcpi_snd_cwnd, ret);
	default:
		return web_number(x, info.tcpi_rcv_space, ret);
	}
}

static enum web_found hostname(struct exchange *x, struct slice *ret)
{
	char name[256];
	if (gethostname(name, sizeof(name)) != 0)
		return WEB_MISSING;
	name[sizeof(name) - 1] = '\0';
	for (char *p = name; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return web_copy(x, name, strlen(name), ret);
}

/* -- time -- */

static enum web_found iso_time(struct exchange *x, uint64_t wall_us, struct slice *ret)
{
	char text[40];
	struct tm tm;
	time_t now = (time_t)(wall_us / 1000000);
	if (localtime_r(&now, &tm) == NULL)
		return WEB_MISSING;
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
	/* "+0200" -> "+02:00" */
	memmove(text + n - 1, text + n - 2, 3);
	text[n - 2] = ':';
	return web_copy(x, text, n + 1, ret);
}

enum web_found web_time(struct exchange *x, enum conf_var var, struct slice *ret)
{
	uint64_t wall_us = clock_wall_us();
	if (var == CONF_VAR_MSEC)
		return web_seconds(x, wall_us / 1000, ret);
	if (var == CONF_VAR_TIME_ISO8601)
		return iso_time(x, wall_us, ret);
	const char *text = clock_combined(wall_us);
	return web_copy(x, text, strlen(text), ret);
}

static enum web_found figure(struct exchange *x, enum conf_var var, struct slice *ret)
{
	uint32_t busy = proxy_stats.connections - proxy_stats.idle;
	uint32_t writing = (busy < proxy_stats.exchanges ? busy : proxy_stats.exchanges) -
			   proxy_stats.reading;
	switch (var) {
	case CONF_VAR_CONNECTIONS_ACTIVE:
		return web_number(x, proxy_stats.connections, ret);
	case CONF_VAR_CONNECTIONS_WAITING:
		return web_number(x, proxy_stats.idle, ret);
	case CONF_VAR_CONNECTIONS_WRITING:
		/* In a log line its own request does not count any more (nginx). */
		return web_number(x, writing - (x->status != 0 && writing != 0), ret);
	default:
		return web_number(x, proxy_stats.reading, ret);
	}
}

/* -- the PROXY protocol -- */

static enum web_found tlv(struct exchange *x, struct slice name, struct slice *ret)
{
	char digits[PREAMBLE_DIGITS];
	switch (preamble_tlv(x->client->preamble, name, digits, ret)) {
	case PREAMBLE_TLV_FOUND:
		return ret->p == digits ? web_copy(x, digits, ret->n, ret) : WEB_FOUND;
	case PREAMBLE_TLV_MISSING:
		break;
	case PREAMBLE_TLV_BROKEN:
		web_log(x, LOG_ERROR, 0, NULL, "broken PROXY protocol TLV");
		break;
	case PREAMBLE_TLV_UNNAMED:
		web_log(x, LOG_ERROR, 0, NULL, "unknown PROXY protocol TLV \"%.*s\"", (int)name.n,
			name.p);
		break;
	}
	return WEB_MISSING;
}

static enum web_found preamble(struct exchange *x, const struct conf_part *part, struct slice *ret)
{
	const struct preamble *said = x->client->preamble;
	switch ((enum conf_var)part->n) {
	case CONF_VAR_PROXY_PROTOCOL_ADDR:
		return web_found_if(ret, slice_of(said->addr));
	case CONF_VAR_PROXY_PROTOCOL_PORT:
		return port(x, said->port, ret);
	case CONF_VAR_PROXY_PROTOCOL_SERVER_ADDR:
		return web_found_if(ret, slice_of(said->server_addr));
	case CONF_VAR_PROXY_PROTOCOL_SERVER_PORT:
		return port(x, said->server_port, ret);
	case CONF_VAR_PROXY_PROTOCOL_TLV_X:
		return tlv(x, part->text, ret);
	default:
		return WEB_MISSING;
	}
}

enum web_found web_vars_client(struct exchange *x, const struct conf_part *part, struct slice *ret)
{
	struct client *client = x->client;
	bool is_tls = client->is_tls && !client->is_plain_on_tls;
	struct slice ip = {client->ip, client->ip_n};
	switch ((enum conf_var)part->n) {
	case CONF_VAR_BINARY_REMOTE_ADDR: {
		struct slice octets = addr_ip_octets(&client->peer);
		/* Of IPv4 that came mapped into IPv6 all 16 octets (nginx). */
		if (client->peer.u.any.sa_family == AF_INET6)
			octets = (struct slice){(const char *)&client->peer.u.v6.sin6_addr, 16};
		*ret = octets.n != 0 ? octets : ip;
		return WEB_FOUND;
	}
	case CONF_VAR_CONNECTION:
		return web_number(x, client->number, ret);
	case CONF_VAR_CONNECTION_REQUESTS:
		return web_number(x, client->served + 1, ret);
	case CONF_VAR_CONNECTION_TIME:
		return web_seconds(x, (clock_now_us - client->accepted_us) / 1000, ret);
	case CONF_VAR_CONNECTIONS_ACTIVE:
	case CONF_VAR_CONNECTIONS_READING:
	case CONF_VAR_CONNECTIONS_WAITING:
	case CONF_VAR_CONNECTIONS_WRITING:
		return figure(x, (enum conf_var)part->n, ret);
	case CONF_VAR_HOSTNAME:
		return hostname(x, ret);
	case CONF_VAR_HTTPS:
		*ret = is_tls ? SLICE("on") : SLICE("");
		return WEB_FOUND;
	case CONF_VAR_MSEC:
	case CONF_VAR_TIME_ISO8601:
	case CONF_VAR_TIME_LOCAL:
		return web_time(x, (enum conf_var)part->n, ret);
	case CONF_VAR_NGINX_VERSION:
		return web_found_if(ret, SLICE(NGINX_VERSION));
	case CONF_VAR_PID:
		return web_number(x, (uint64_t)getpid(), ret);
	case CONF_VAR_PIPE:
		*ret = x->is_pipelined ? SLICE("p") : SLICE(".");
		return WEB_FOUND;
	case CONF_VAR_REALIP_REMOTE_ADDR:
		return web_found_if(ret, x->web->real_ip.p != NULL ? x->web->real_ip : ip);
	case CONF_VAR_REALIP_REMOTE_PORT:
		return port(x,
			x->web->real_ip.p != NULL ? x->web->real_port : addr_port(&client->peer),
			ret);
	case CONF_VAR_REMOTE_ADDR:
		return web_found_if(ret, ip);
	case CONF_VAR_REMOTE_PORT:
		return port(x, addr_port(&client->peer), ret);
	case CONF_VAR_SCHEME:
		*ret = is_tls ? SLICE("https") : SLICE("http");
		return WEB_FOUND;
	case CONF_VAR_SERVER_ADDR:
	case CONF_VAR_SERVER_PORT:
		return local_addr(x, (enum conf_var)part->n, ret);
	case CONF_VAR_TCPINFO_RCV_SPACE:
	case CONF_VAR_TCPINFO_RTT:
	case CONF_VAR_TCPINFO_RTTVAR:
	case CONF_VAR_TCPINFO_SND_CWND:
		return tcp_figure(x, (enum conf_var)part->n, ret);
	default:
		return client->preamble == NULL ? WEB_MISSING : preamble(x, part, ret);
	}
}
