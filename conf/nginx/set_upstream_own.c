/*
 * conf/nginx/set_upstream_own.c - comfymux { } in an upstream: what nginx has not.
 *
 *   health_check [off] [interval=5s] [timeout=5s] [heartbeat=1m] [uri=/system_stats] [fails=3]
 * [passes=2]; strategy least_loaded;      one of our own in place of nginx's method max_jobs 2;
 * jobs at a time, for each server sticky client_id cookie ... [name=comfymux] [ttl=1h]
 * [entries=100000]; mode fleet;
 */
#include "conf/nginx/upstream.h"

#define DEFAULT_INTERVAL_MS 5000

static const char *value_of(const char *arg, const char *name)
{
	size_t n = strlen(name);
	return strncmp(arg, name, n) == 0 ? arg + n : NULL;
}

static bool read_whole(const char *text, uint32_t *ret)
{
	uint64_t n;
	if (!ngx_parse_number(text, INT32_MAX, &n) || n == 0)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static bool read_health_param(struct conf_health *health, const char *arg)
{
	const char *value;
	if (strcmp(arg, "off") == 0) {
		health->interval_ms = 0;
		return true;
	}
	if ((value = value_of(arg, "interval=")) != NULL)
		return ngx_parse_ms(value, &health->interval_ms) && health->interval_ms != 0;
	if ((value = value_of(arg, "timeout=")) != NULL)
		return ngx_parse_ms(value, &health->timeout_ms) && health->timeout_ms != 0;
	if ((value = value_of(arg, "heartbeat=")) != NULL)
		return ngx_parse_ms(value, &health->heartbeat_timeout_ms) &&
		       health->heartbeat_timeout_ms != 0;
	if ((value = value_of(arg, "uri=")) != NULL) {
		health->path = value;
		return value[0] == '/';
	}
	if ((value = value_of(arg, "fails=")) != NULL)
		return read_whole(value, &health->fall);
	if ((value = value_of(arg, "passes=")) != NULL)
		return read_whole(value, &health->rise);
	return false;
}

static bool set_health_check(struct ngx_build *b, const struct ngx_node *node)
{
	struct conf_health *health = &ngx_upstream_of(b)->pool->health;
	health->interval_ms = DEFAULT_INTERVAL_MS;
	for (uint32_t i = 0; i < node->arg_count; i++)
		if (!read_health_param(health, node->args[i]))
			return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[i]);
	return true;
}

static bool set_strategy(struct ngx_build *b, const struct ngx_node *node)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	const struct conf_rules *rules = b->rules;
	if (node->arg_count != 1)
		return ngx_fail(
			b, node, "invalid number of arguments in \"%s\" directive", node->name);
	if (rules != NULL && rules->is_strategy != NULL && !rules->is_strategy(node->args[0]))
		return ngx_fail(b, node, "unknown strategy \"%s\", known are %s", node->args[0],
			rules->strategies == NULL ? "others" : rules->strategies);
	one->conf.method = CONF_METHOD_STRATEGY;
	one->pool->balancing.strategy = node->args[0];
	return true;
}

static bool set_max_jobs(struct ngx_build *b, const struct ngx_node *node)
{
	if (node->arg_count != 1)
		return ngx_fail(
			b, node, "invalid number of arguments in \"%s\" directive", node->name);
	if (!read_whole(node->args[0], &ngx_upstream_of(b)->max_jobs))
		return ngx_wrong(b, node, "invalid number");
	return true;
}

static bool add_key(struct conf_sticky *sticky, const char *word)
{
	/* In the order of enum conf_sticky_key. */
	static const char *const words[CONF_KEY_COUNT] = {"cookie", "client_id", "prompt_id", "ip"};
	for (uint32_t k = 0; k < CONF_KEY_COUNT; k++) {
		if (strcmp(word, words[k]) != 0)
			continue;
		for (uint32_t i = 0; i < sticky->key_count; i++)
			if (sticky->keys[i] == (enum conf_sticky_key)k)
				return false;
		sticky->keys[sticky->key_count++] = (enum conf_sticky_key)k;
		return true;
	}
	return false;
}

static bool read_sticky_param(struct conf_sticky *sticky, const char *arg)
{
	const char *value;
	if ((value = value_of(arg, "name=")) != NULL) {
		sticky->cookie = value;
		return value[0] != '\0' && strpbrk(value, " \t\",;=\\") == NULL;
	}
	if ((value = value_of(arg, "ttl=")) != NULL)
		return ngx_parse_ms(value, &sticky->ttl_ms);
	if ((value = value_of(arg, "entries=")) != NULL)
		return read_whole(value, &sticky->max_entries);
	return add_key(sticky, arg);
}

static bool set_own_sticky(struct ngx_build *b, const struct ngx_node *node)
{
	struct conf_sticky *sticky = &ngx_upstream_of(b)->pool->balancing.sticky;
	if (sticky->key_count != 0)
		return ngx_wrong(b, node, "is duplicate");
	for (uint32_t i = 0; i < node->arg_count; i++)
		if (!read_sticky_param(sticky, node->args[i]))
			return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[i]);
	if (sticky->key_count == 0)
		return ngx_wrong(b, node, "names no key");
	return true;
}

static bool set_mode(struct ngx_build *b, const struct ngx_node *node)
{
	struct ngx_upstream *one = ngx_upstream_of(b);
	if (node->arg_count != 1)
		return ngx_fail(
			b, node, "invalid number of arguments in \"%s\" directive", node->name);
	if (strcmp(node->args[0], "fleet") == 0)
		one->pool->mode = CONF_MODE_FLEET;
	else if (strcmp(node->args[0], "sticky") == 0)
		one->pool->mode = CONF_MODE_STICKY;
	else
		return ngx_fail(b, node, "invalid value \"%s\"", node->args[0]);
	return true;
}

static bool read_one(struct ngx_build *b, const struct ngx_node *node)
{
	static const struct {
		const char *name;
		bool (*set)(struct ngx_build *b, const struct ngx_node *node);
	} words[] = {{"health_check", set_health_check}, {"strategy", set_strategy},
		{"max_jobs", set_max_jobs}, {"sticky", set_own_sticky}, {"mode", set_mode}};
	if (node->error != NULL)
		return ngx_fail(b, node, "%s", node->error);
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(node->name, words[i].name) != 0)
			continue;
		if (node->is_block)
			return ngx_fail(
				b, node, "directive \"%s\" is not terminated by \";\"", node->name);
		return words[i].set(b, node);
	}
	return ngx_fail(b, node, "unknown directive \"%s\"", node->name);
}

bool ngx_set_upstream_own(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)d;
	for (uint32_t i = 0; i < node->child_count; i++)
		if (!read_one(b, &node->children[i]))
			return false;
	return true;
}

void ngx_finish_upstream_own(struct ngx_upstream *one)
{
	/* Who decides job by job has to know the load. */
	if (one->pool->mode == CONF_MODE_FLEET && one->conf.method != CONF_METHOD_STRATEGY) {
		one->conf.method = CONF_METHOD_STRATEGY;
		one->pool->balancing.strategy = "score";
	}
	for (uint32_t i = 0; one->max_jobs != 0 && i < one->servers.count; i++)
		one->servers.items[i].max_concurrent = one->max_jobs;
}
