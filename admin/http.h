/*
 * admin/http.h - the admin listener. The only file that knows libevhtp is http.c.
 *
 * What a client sends is read by our own parser. libevhtp's, which can be led
 * astray by where the octets are cut, gets a request that we wrote ourselves once
 * a whole and valid head has come:
 *
 *   accept -> octets -> http_head_feed -> "GET / HTTP/1.1" -> libevhtp -> on_request -> page
 *                            '-> 400 and the like, close
 *
 * One request per connection, without a body. Every connection ends by a deadline.
 */
#ifndef ADMIN_HTTP_H
#define ADMIN_HTTP_H

#include "base/err.h"
#include "base/text.h"

/* An answer in the making. */
struct page {
	int status;       /* 200 unless changed */
	const char *type; /* static; application/json unless changed */
	struct text body; /* empty; http.c frees it */
};

struct admin_http;

/* Serves on a listening socket, which is taken over, on failure too. `answer` fills the page for a
 * GET (or HEAD) of that path, which is without query. -errno. */
int admin_http_start(struct admin_http **ret_http, int fd,
	void (*answer)(struct page *page, struct slice path)) MUST_CHECK;
void admin_http_stop(struct admin_http *http); /* takes NULL */

#endif
