/*
 * proxy/web_keepalive.c - whether a client's connection goes on, as far as the location has a say.
 */
#include "proxy/web.h"

#include "base/clock.h"

static bool has(struct slice text, struct slice word)
{
	return memmem(text.p, text.n, word.p, word.n) != NULL;
}

/* Which browsers of old it says it is (CONF_KEEPALIVE_*): those that nginx tells apart. Opera calls
 * itself MSIE, and a MSIE 6 with SV1 is one that was mended. */
static uint32_t old_browser(struct slice agent)
{
	static const struct slice others[] = {{"Opera", 5}, {"Gecko/", 6}, {"Chrome/", 7}};
	if (agent.n == 0)
		return 0;
	const char *msie = memmem(agent.p, agent.n, "MSIE ", 5);
	size_t n = msie == NULL ? 0 : agent.n - (size_t)(msie - agent.p);
	if (n > 7 && !has(agent, others[0])) {
		bool is_mended = msie[5] == '6' &&
				 has((struct slice){msie + 8, n - 8}, SLICE("SV1"));
		bool is_old = msie[5] >= '4' && msie[5] <= '6' && msie[6] == '.';
		return is_old && !is_mended ? CONF_KEEPALIVE_MSIE6 : 0;
	}
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (has(agent, others[i]))
			return 0;
	return has(agent, SLICE("Safari/")) && has(agent, SLICE("Mac OS X")) ? CONF_KEEPALIVE_SAFARI
									     : 0;
}

/* MSIE 6 loses its way only behind a POST. */
static bool is_disabled(const struct exchange *x, uint32_t disabled)
{
	struct slice agent = http_head_value(x->head, x->p, HF_USER_AGENT);
	if (!(disabled & (CONF_KEEPALIVE_MSIE6 | CONF_KEEPALIVE_SAFARI)) || agent.n == 0)
		return false;
	bool is_post = slice_is(x->web->method, SLICE("POST"));
	if (!is_post && !(disabled & CONF_KEEPALIVE_SAFARI))
		return false;
	uint32_t browser = old_browser(agent) & disabled;
	return browser == CONF_KEEPALIVE_SAFARI || (browser == CONF_KEEPALIVE_MSIE6 && is_post);
}

bool web_may_keep(const struct exchange *x)
{
	const struct conf_loc *loc = x->web->loc;
	const struct client *client = x->client;
	return loc->keepalive_timeout_ms != 0 && client->served + 1 < loc->keepalive_requests &&
	       clock_now_us - client->accepted_us <= loc->keepalive_time_ms * 1000 &&
	       client->listener->accept != NULL && x->generation == client->listener->generation &&
	       !is_disabled(x, loc->keepalive_disable);
}
