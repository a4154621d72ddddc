#include "proxy/guard_parts.h"

#include "base/clock.h"
#include "proxy/web_log.h"

static int (*const judges[])(struct exchange *x, struct guard *guard) = {
	guard_access, guard_basic, guard_ask};

struct guard *guard_of(struct exchange *x)
{
	if (x->web->guard == NULL)
		x->web->guard = arena_zero(&x->arena, sizeof(struct guard));
	return x->web->guard;
}

static bool has_guards(const struct conf_loc *loc)
{
	return loc->access != NULL || loc->auth != NULL || loc->auth_request != NULL ||
	       loc->limits != NULL || loc->realip != NULL;
}

/* auth_delay: who tries passwords has to wait for each. */
static bool must_wait(struct exchange *x, struct guard *guard)
{
	uint64_t ms = x->web->loc->auth_delay_ms;
	if (ms == 0)
		return false;
	web_log(x, LOG_INFO, 0, NULL, "delaying unauthorized request");
	guard->is_punished = true;
	guard->until_ms = clock_now_ms() + ms;
	exchange_wait(x, WAIT_GUARD, ms);
	return true;
}

static enum step refuse(struct exchange *x, struct guard *guard, int status)
{
	if (status == 401 && guard->is_judging && must_wait(x, guard))
		return STEP_WAIT;
	guard->is_judging = false;
	x->reason = CLOSE_REFUSED;
	return web_answer(x, status, false);
}

/* All agree, or (satisfy any) one does. GUARD_OK: it may pass. */
static int judge(struct exchange *x, struct guard *guard)
{
	bool any = x->web->loc->satisfy_any;
	if (!guard->is_judging) {
		guard->is_judging = true;
		guard->next = 0;
		guard->access_code = 0;
		guard->asked = NULL;
	}
	while (guard->next < COUNT_OF(judges)) {
		int rc = judges[guard->next](x, guard);
		if (rc == GUARD_WAIT || rc == GUARD_MOVED || rc == GUARD_NO_MEMORY)
			return rc;
		guard->next++;
		if (rc == GUARD_DECLINED || (rc == GUARD_OK && !any))
			continue;
		if (rc == GUARD_OK) {
			guard->challenge = WEB_SLICE_NONE;
			return GUARD_OK;
		}
		if (!any || (rc != 401 && rc != 403))
			return rc;
		/* A password would help, so that is what is said. */
		if (guard->access_code != 401)
			guard->access_code = rc;
	}
	if (guard->access_code == 403)
		web_log(x, LOG_ERROR, 0, NULL, "access forbidden by rule");
	return guard->access_code;
}

static enum step act(struct exchange *x, struct guard *guard, int rc)
{
	switch (rc) {
	case GUARD_WAIT:
		return STEP_WAIT;
	case GUARD_MOVED:
		return STEP_AGAIN;
	case GUARD_GONE:
		return STEP_GONE;
	case GUARD_NO_MEMORY:
		return exchange_out_of_memory(x);
	default:
		return refuse(x, guard, rc);
	}
}

static int ask_all(struct exchange *x, struct guard *guard)
{
	if (!realip_apply(x, x->web->loc->realip))
		return GUARD_NO_MEMORY;
	int rc = guard_limits(x, guard);
	/* Who is asked about the client does not ask in turn (nginx: not for subrequests). */
	if (rc != GUARD_OK || guard_is_asking(x))
		return rc;
	return judge(x, guard);
}

/* The 401 was decided on; its time has come, or not yet. */
static int sentence(struct exchange *x, struct guard *guard)
{
	if (clock_now_ms() < guard->until_ms)
		return GUARD_WAIT;
	deadline_clear(&x->deadline);
	guard->is_punished = guard->is_judging = false;
	return 401;
}

bool guard_passes(struct exchange *x, enum step *ret_step)
{
	/* Another location might be the right one. */
	if (web_match_failed(x, ret_step))
		return false;
	if (x->web->guard == NULL && !has_guards(x->web->loc))
		return true;
	struct guard *guard = guard_of(x);
	if (guard == NULL) {
		*ret_step = exchange_out_of_memory(x);
		return false;
	}
	int rc = guard->is_punished ? sentence(x, guard) : ask_all(x, guard);
	if (rc != GUARD_OK) {
		*ret_step = act(x, guard, rc);
		return false;
	}
	if (!guard_is_asking(x))
		guard->is_judging = false;
	return true;
}

void guard_finish(struct exchange *x)
{
	struct guard *guard = x->web == NULL ? NULL : x->web->guard;
	if (guard == NULL)
		return;
	guard_give_held(guard);
	realip_restore(x, guard);
	x->web->guard = NULL;
}

struct slice guard_challenge(const struct exchange *x)
{
	const struct guard *guard = x->web->guard;
	return guard == NULL ? WEB_SLICE_NONE : guard->challenge;
}

struct slice guard_limit_status(const struct exchange *x, enum conf_var var)
{
	static const char *const words[] = {
		NULL, "PASSED", "DELAYED", "REJECTED", "DELAYED_DRY_RUN", "REJECTED_DRY_RUN"};
	const struct guard *guard = x->web->guard;
	if (guard == NULL)
		return WEB_SLICE_NONE;
	const char *word =
		words[var == CONF_VAR_LIMIT_CONN_STATUS ? guard->conn_word : guard->req_word];
	return word == NULL ? WEB_SLICE_NONE : slice_of(word);
}
