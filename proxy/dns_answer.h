/*
 * proxy/dns_answer.h - what a name server said: octets to addresses, services, or a further name
 * to ask for (RFC 1035 section 4). Pure.
 */
#ifndef PROXY_DNS_ANSWER_H
#define PROXY_DNS_ANSWER_H

#include "base/addr.h"

#define DNS_NAME_ROOM 256    /* RFC 1035 section 2.3.4, with its NUL */
#define DNS_ADDRS_MOST 128   /* of one answer; further ones are not used */
#define DNS_SERVICES_MOST 64 /* likewise */

enum dns_type { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33 };

/* Codes of answers (RFC 1035 section 4.1.1). */
enum { DNS_OK = 0, DNS_FORMAT_ERROR = 1, DNS_SERVER_FAILURE = 2, DNS_NO_SUCH_NAME = 3 };

/* RFC 2782. */
struct dns_service {
	uint16_t priority, weight, port;
	char name[DNS_NAME_ROOM];
};

struct dns_answer {
	int code;       /* as it says; DNS_OK with nothing found: the name has none of that type */
	uint32_t ttl_s; /* the least of what counted; UINT32_MAX when nothing did */
	struct addr addrs[DNS_ADDRS_MOST]; /* of DNS_A and DNS_AAAA; port 0 */
	struct dns_service services[DNS_SERVICES_MOST];
	uint32_t count;            /* of addrs or services, as was asked */
	char alias[DNS_NAME_ROOM]; /* count 0: the name's other name (CNAME); "": it has none */
};

/* The answer to a question for `type`. Aliases are followed as far as the answer goes; what it says
 * of other names is not looked at. False: that is no answer. */
bool dns_answer_read(struct dns_answer *ret_answer, enum dns_type type, const uint8_t *octets,
	size_t n) MUST_CHECK;

#endif
