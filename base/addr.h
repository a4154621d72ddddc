/*
 * base/addr.h - socket addresses: IPv4, IPv6 and unix paths.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/base.h"
#include "base/err.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct addr {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un un;
	} u;
	socklen_t len; /* 0: no address */
};

#define ADDR_TEXT 128 /* room for any text made here, the terminator included */

/* "1.2.3.4:80", "[::1]:80", "unix:/path". Host names are refused: -EINVAL, *err filled. */
int addr_parse(struct addr *ret_addr, const char *text, struct err *err) MUST_CHECK;

/* An IP literal (IPv6 with or without brackets) and a port. -EINVAL when `host` is none. */
int addr_from_ip(struct addr *ret_addr, const char *host, uint16_t port) MUST_CHECK;

/* As addr_parse reads it. A unix peer without a name is "unix:". */
void addr_format(const struct addr *addr, char out[ADDR_TEXT]);
/* The host alone, IPv6 without brackets: for logs and X-Real-IP. "unix:" for unix. Returns its
 * length. */
size_t addr_format_ip(const struct addr *addr, char out[ADDR_TEXT]);

uint16_t addr_port(const struct addr *addr); /* 0 for unix */
void addr_set_port(struct addr *addr, uint16_t port);
bool addr_is_same(const struct addr *a, const struct addr *b);
bool addr_is_loopback(const struct addr *addr); /* unix counts */

/* The octets that say who the peer is: 4, 16, or 0 for unix. IPv4 mapped into IPv6 gives the 4. */
struct slice addr_ip_octets(const struct addr *addr);
/* The same, but a mapped IPv4 address is the 16 octets that it came as. */
struct slice addr_raw_octets(const struct addr *addr);

#endif
