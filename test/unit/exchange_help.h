/*
 * test/unit/exchange_help.h - an exchange made by hand, without sockets and loop: for what only
 * looks at heads.
 */
#ifndef TEST_EXCHANGE_HELP_H
#define TEST_EXCHANGE_HELP_H

#include "proxy/exchange.h"

#include <stdio.h>

struct exchange_help {
	struct exchange x;
	struct client client;
	struct conf_pool conf;
	struct lb_pool pool;
	struct lb_seat seat;
	struct backend backend;
	struct http_head head, answer;
};

/* A client at 192.0.2.7, a worker at 10.0.0.1:8188, a pool that keeps connections. */
static inline void exchange_help_init(struct exchange_help *help)
{
	static const char ip[] = "192.0.2.7";
	memset(help, 0, sizeof(*help));
	memcpy(help->client.ip, ip, sizeof(ip));
	help->client.ip_n = sizeof(ip) - 1;
	(void)snprintf(help->backend.addr_text, ADDR_TEXT, "10.0.0.1:8188");
	help->conf = (struct conf_pool){
		.name = "gpu", .keepalive = 64, .balancing = {.sticky = {.cookie = "comfymux"}}};
	help->pool.conf = &help->conf;
	help->seat = (struct lb_seat){.pool = &help->pool, .backend = &help->backend};
	help->x = (struct exchange){.client = &help->client,
		.head = &help->head,
		.pool = &help->pool,
		.seat = &help->seat,
		.keeps_client = true};
}

/* Fewer than a parser takes, so that ours can be added and it all be read again. */
#define EXCHANGE_HELP_FIELDS 200

/* The octets must stay where they are. */
static inline enum http_verdict exchange_help_ask(struct exchange_help *help, struct slice octets)
{
	static const struct http_limits limits = {
		.head_bytes = 1 << 16, .target_bytes = 1 << 16, .fields = EXCHANGE_HELP_FIELDS};
	help->x.p = octets.p;
	http_head_init(&help->head, HTTP_REQUEST);
	enum http_verdict verdict = http_head_feed(&help->head, octets.p, octets.n, &limits);
	help->x.has_head = verdict == HTTP_DONE;
	return verdict;
}

static inline enum http_verdict exchange_help_say(struct exchange_help *help, struct slice octets)
{
	static const struct http_limits limits = {
		.head_bytes = 1 << 16, .target_bytes = 0, .fields = EXCHANGE_HELP_FIELDS};
	help->x.answer = &help->answer;
	http_head_init(&help->answer, HTTP_RESPONSE);
	return http_head_feed(&help->answer, octets.p, octets.n, &limits);
}

#endif
