#include "proxy/value.h"

#include "conf/geo.h"
#include "conf/map.h"
#include "conf/split.h"
#include "proxy/generation.h"
#include "proxy/vars.h"
#include "proxy/web_log.h"

#define PARTS_HERE 24  /* of a text that need no memory of their own */
#define DEPTH_MOST 100 /* maps that lead to maps; nginx: "cycle while evaluating variable" */

static const struct conf_users *users_of(const struct exchange *x)
{
	return &x->generation->conf->web->users;
}

/* NULL: no memory. */
static struct web_var *slot_of(struct exchange *x, uint32_t user)
{
	if (x->web->vars == NULL) {
		x->web->vars = arena_zero(&x->arena, users_of(x)->count * sizeof(struct web_var));
		if (x->web->vars == NULL)
			return NULL;
	}
	return &x->web->vars[user];
}

/* -- what computes -- */

static enum web_found map_value(struct exchange *x, const struct conf_map *map, struct slice *ret)
{
	struct slice source;
	if (!web_value_kept(x, &map->source, &source))
		return WEB_NO_MEMORY;
	const struct conf_value *value = conf_map_find(map, source);
	for (uint32_t i = 0; value == NULL && i < map->regex_count; i++)
		if (web_match(x, map->regexes[i].regex, source))
			value = &map->regexes[i].value;
	if (value == NULL)
		value = &map->value;
	return web_value_kept(x, value, ret) ? WEB_FOUND : WEB_NO_MEMORY;
}

static enum web_found split_value(
	struct exchange *x, const struct conf_split *split, struct slice *ret)
{
	struct slice source;
	if (!web_value(x, &split->source, &source))
		return WEB_NO_MEMORY;
	*ret = conf_split_find(split, source);
	return WEB_FOUND;
}

static enum web_found geo_value(struct exchange *x, const struct conf_geo *geo, struct slice *ret)
{
	struct slice source = {NULL, 0};
	struct addr addr = x->client->peer;
	if (geo->has_source) {
		if (!web_value(x, &geo->source, &source))
			return WEB_NO_MEMORY;
		addr.len = 0;
		(void)web_parse_ip(&addr, source);
	}
	if (geo->proxy_count != 0 && addr.len != 0)
		web_forwarded_addr(x, &addr, geo->proxies, geo->proxy_count, geo->is_recursive);
	*ret = conf_geo_find(geo, addr.len != 0 ? addr_ip_octets(&addr) : (struct slice){NULL, 0});
	return WEB_FOUND;
}

static enum web_found tell_unset(struct exchange *x, const struct conf_user *user)
{
	if (x->web->loc != NULL && x->web->loc->uninitialized_variable_warn)
		web_log(x, LOG_WARN, 0, NULL, "using uninitialized \"%s\" variable", user->name);
	return WEB_FOUND;
}

static enum web_found compute(struct exchange *x, const struct conf_user *user, struct slice *ret)
{
	static unsigned depth;
	enum web_found found = WEB_MISSING;
	*ret = SLICE("");
	if (depth == DEPTH_MOST)
		return WEB_MISSING;
	depth++;
	switch (user->kind) {
	case CONF_USER_SET:
		if (user->has_family)
			found = web_variable(x, &user->family, ret);
		else
			found = tell_unset(x, user);
		break;
	case CONF_USER_FOUND:
		break;
	case CONF_USER_MAP:
		found = map_value(x, user->rule, ret);
		break;
	case CONF_USER_GEO:
		found = geo_value(x, user->rule, ret);
		break;
	case CONF_USER_SPLIT:
		found = split_value(x, user->rule, ret);
		break;
	}
	depth--;
	return found;
}

static enum web_found user_value(struct exchange *x, uint32_t n, struct slice *ret)
{
	const struct conf_user *user = &users_of(x)->users[n];
	struct web_var *slot = slot_of(x, n);
	if (slot == NULL)
		return WEB_NO_MEMORY;
	if (slot->is_known) {
		*ret = slot->is_missing ? SLICE("") : slot->value;
		return slot->is_missing ? WEB_MISSING : WEB_FOUND;
	}
	enum web_found found = compute(x, user, ret);
	if (found == WEB_NO_MEMORY || user->is_volatile || user->has_family ||
		user->kind == CONF_USER_FOUND)
		return found;
	*slot = (struct web_var){.value = *ret, .is_known = true};
	return found;
}

/* -- texts -- */

enum web_found web_part(struct exchange *x, const struct conf_part *part, struct slice *ret)
{
	enum web_found found = WEB_FOUND;
	*ret = SLICE("");
	switch (part->kind) {
	case CONF_PART_TEXT:
		*ret = part->text;
		break;
	case CONF_PART_VAR:
		found = web_variable(x, part, ret);
		break;
	case CONF_PART_USER:
		found = user_value(x, part->n, ret);
		break;
	case CONF_PART_CAPTURE:
		if (part->n < x->web->captures.count)
			*ret = x->web->captures.part[part->n];
		found = ret->p != NULL && part->n < x->web->captures.count ? WEB_FOUND
									   : WEB_MISSING;
		break;
	}
	if (found == WEB_MISSING || ret->p == NULL)
		*ret = SLICE("");
	return found;
}

static bool join(struct exchange *x, const struct conf_value *value, struct slice *ret)
{
	struct slice here[PARTS_HERE], *slices = here;
	size_t n = 0;
	if (value->count > PARTS_HERE) {
		slices = arena_take(&x->arena, value->count * sizeof(*slices));
		if (slices == NULL)
			return false;
	}
	for (uint32_t i = 0; i < value->count; i++) {
		if (web_part(x, &value->parts[i], &slices[i]) == WEB_NO_MEMORY)
			return false;
		n += slices[i].n;
	}
	char *out = arena_take(&x->arena, n + 1);
	if (out == NULL)
		return false;
	*ret = (struct slice){out, n};
	for (uint32_t i = 0; i < value->count; i++) {
		if (slices[i].n != 0)
			memcpy(out, slices[i].p, slices[i].n);
		out += slices[i].n;
	}
	*out = '\0';
	return true;
}

bool web_value(struct exchange *x, const struct conf_value *value, struct slice *ret)
{
	*ret = SLICE("");
	if (value->count == 0)
		return true;
	if (value->count == 1)
		return web_part(x, value->parts, ret) != WEB_NO_MEMORY;
	return join(x, value, ret);
}

bool web_value_kept(struct exchange *x, const struct conf_value *value, struct slice *ret)
{
	if (!web_value(x, value, ret))
		return false;
	if (value->count != 1 || value->parts->kind != CONF_PART_VAR || ret->n == 0)
		return true;
	ret->p = arena_copy(&x->arena, ret->p, ret->n);
	return ret->p != NULL;
}

/* -- storing -- */

bool web_set(struct exchange *x, const struct conf_part *variable, struct slice value)
{
	if (variable->kind == CONF_PART_VAR)
		return web_set_variable(x, (enum conf_var)variable->n, value);
	struct web_var *slot = slot_of(x, variable->n);
	if (slot == NULL)
		return false;
	*slot = (struct web_var){.value = value, .is_known = true};
	return true;
}

bool web_unset(struct exchange *x, uint32_t user)
{
	struct web_var *slot = slot_of(x, user);
	if (slot == NULL)
		return false;
	*slot = (struct web_var){.is_known = true, .is_missing = true};
	return true;
}

bool web_set_groups(struct exchange *x, const struct regex *regex,
	const struct regex_captures *captures, struct slice subject)
{
	const struct conf_users *users = users_of(x);
	for (uint32_t i = 0; i < users->named_count; i++) {
		const struct conf_named *named = &users->named[i];
		if (named->regex != regex)
			continue;
		/* nginx: a group that took no part is empty, and found. */
		struct web_var *slot = slot_of(x, named->user);
		struct slice value = regex_capture(captures, named->group, subject);
		if (slot == NULL)
			return false;
		*slot = (struct web_var){
			.value = value.p != NULL ? value : SLICE(""), .is_known = true};
	}
	return true;
}
