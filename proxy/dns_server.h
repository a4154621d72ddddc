/*
 * proxy/dns_server.h - one name server: questions to it, by UDP, and by TCP where an answer did not
 * fit.
 *
 * Who asks hears once, in this call or later: an answer to that question from that address, or none
 * after DNS_TRY_MS. What an answer is worth is the asker's affair (proxy/dns_answer.h).
 */
#ifndef PROXY_DNS_SERVER_H
#define PROXY_DNS_SERVER_H

#include "base/addr.h"
#include "proxy/dns_answer.h"

#define DNS_TRY_MS 5000

struct dns_server;

enum dns_outcome {
	DNS_ANSWERED,
	DNS_TIMED_OUT,
	DNS_UNREACHABLE, /* it does not listen there, or there is no memory */
	DNS_NO_NAME,     /* no question can be made of that name */
	DNS_ENDED,       /* dns_server_destroy */
};

struct dns_reply {
	enum dns_outcome outcome;
	const uint8_t *octets; /* borrowed for the call; of DNS_ANSWERED */
	size_t n;
};

/* NULL: no memory, no entropy. */
struct dns_server *dns_server_create(const struct addr *addr) MUST_CHECK;
/* Takes NULL. Who still waits hears DNS_ENDED. Not from within on_reply. */
void dns_server_destroy(struct dns_server *server);

void dns_server_ask(struct dns_server *server, const char *name, enum dns_type type,
	void (*on_reply)(void *arg, const struct dns_reply *reply), void *arg);

#endif
