/*
 * proxy/web_status.c - stub_status: a few figures in nginx's form.
 */
#include "proxy/web.h"

#include "proxy/stats.h"

#include <stdio.h>

enum step web_status(struct exchange *x)
{
	char text[256];
	struct slice method = http_span_in(x->p, x->head->method);
	if (!slice_is(method, SLICE("GET")) && !slice_is(method, SLICE("HEAD")))
		return web_answer(x, 405, false);
	unsigned busy = proxy_stats.exchanges;
	unsigned reading = proxy_stats.reading;
	unsigned idle = proxy_stats.connections > busy ? proxy_stats.connections - busy : 0;
	int n = snprintf(text, sizeof(text),
		"Active connections: %u \nserver accepts handled requests\n %llu %llu %llu \n"
		"Reading: %u Writing: %u Waiting: %u \n",
		(unsigned)proxy_stats.connections, (unsigned long long)proxy_stats.accepted,
		(unsigned long long)proxy_stats.accepted, (unsigned long long)proxy_stats.requests,
		reading, busy - reading, idle);
	return web_answer_typed(x, 200, SLICE("text/plain"), (struct slice){text, (size_t)n});
}
