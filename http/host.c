#include "http/host.h"

#include "http/chars.h"

#include <arpa/inet.h>

/* Octets of the name before the port, 0 when it is none. */
static size_t read_reg_name(struct slice text)
{
	size_t i = 0;
	while (i < text.n) {
		if (http_char_is(text.p[i], CHAR_HOST)) {
			i++;
		} else if (text.p[i] == '%' && text.n - i >= 3 &&
			   http_hex_value(text.p[i + 1]) >= 0 &&
			   http_hex_value(text.p[i + 2]) >= 0) {
			i += 3;
		} else {
			break;
		}
	}
	return i;
}

/* RFC 3986 section 3.2.2: "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ). */
static bool is_future_address(struct slice text)
{
	size_t i = 1;
	if (text.n == 0 || ascii_lower(text.p[0]) != 'v')
		return false;
	while (i < text.n && http_hex_value(text.p[i]) >= 0)
		i++;
	if (i == 1 || i + 1 >= text.n || text.p[i] != '.')
		return false;
	while (++i < text.n)
		if (!http_char_is(text.p[i], CHAR_HOST) && text.p[i] != ':')
			return false;
	return true;
}

static size_t read_literal(struct slice text)
{
	char bare[INET6_ADDRSTRLEN];
	struct in6_addr ignored;
	const char *end = memchr(text.p, ']', text.n);
	if (end == NULL)
		return 0;
	size_t n = (size_t)(end - text.p) - 1;
	if (is_future_address((struct slice){text.p + 1, n}))
		return n + 2;
	if (n >= sizeof(bare))
		return 0;
	memcpy(bare, text.p + 1, n);
	bare[n] = '\0';
	/* A NUL would hide what stands behind it. */
	if (strlen(bare) != n || inet_pton(AF_INET6, bare, &ignored) != 1)
		return 0;
	return n + 2;
}

static bool read_port(struct slice digits, int *ret_port)
{
	int port = 0;
	if (digits.n > 5)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		if (!http_char_is_digit(digits.p[i]))
			return false;
		port = port * 10 + (digits.p[i] - '0');
	}
	if (port > 65535)
		return false;
	*ret_port = digits.n == 0 ? -1 : port;
	return true;
}

bool http_host_parse(struct http_host *ret_host, struct slice text)
{
	struct http_host host = {.port = -1};
	if (text.n == 0)
		return false;
	bool is_literal = text.p[0] == '[';
	size_t n = is_literal ? read_literal(text) : read_reg_name(text);
	if (n < text.n) {
		struct slice digits = {text.p + n + 1, text.n - n - 1};
		if (text.p[n] != ':' || !read_port(digits, &host.port))
			return false;
	}
	if (n != 0 && !is_literal && text.p[n - 1] == '.')
		n--;
	if (n == 0)
		return false;
	host.name = (struct slice){text.p, n};
	*ret_host = host;
	return true;
}
