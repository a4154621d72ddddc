/*
 * conf/nginx/set_upstream_own.c - the words of comfymux { } that are about upstreams.
 *
 *   health_check [off] [interval=5s] [timeout=5s] [heartbeat=1m] [uri=/system_stats] [fails=3]
 * [passes=2]; strategy least_loaded | off;   one of our own in place of nginx's method max_jobs 2;
 * jobs at a time, for each server sticky off | client_id cookie ... [name=comfymux] [ttl=1h]
 * [entries=100000]; server 10.0.0.1:8188 { capabilities sdxl; metadata { priority 1; } }
 *
 * and whatever else a pool has in a libconfig file (own_keys.c).
 */
#include "conf/nginx/own.h"

#include "conf/schema.h"

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

static bool set_health_check(
	struct ngx_build *b, const struct ngx_node *node, struct ngx_upstream *one)
{
	struct conf_health *health = &one->pool->health;
	struct conf_pool preset;
	conf_keys_preset(&conf_group_pool, &preset);
	*health = preset.health;
	health->interval_ms = NGX_OWN_INTERVAL_MS;
	one->has_health_check = true;
	if (node->is_block) {
		bool is_known;
		return ngx_own_key(b, node, &conf_group_pool, one->pool, &is_known);
	}
	for (uint32_t i = 0; i < node->arg_count; i++)
		if (!read_health_param(health, node->args[i]))
			return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[i]);
	return true;
}

static bool is_strategy(struct ngx_build *b, const struct ngx_node *node, const char *name)
{
	const struct conf_rules *rules = b->rules;
	if (rules == NULL || rules->is_strategy == NULL || rules->is_strategy(name))
		return true;
	return ngx_fail(b, node, "unknown strategy \"%s\", known are %s", name,
		rules->strategies == NULL ? "others" : rules->strategies);
}

static bool set_strategy(struct ngx_build *b, const struct ngx_node *node, struct ngx_upstream *one)
{
	bool is_off = node->arg_count == 1 && strcmp(node->args[0], "off") == 0;
	if (node->arg_count != 1)
		return ngx_fail(
			b, node, "invalid number of arguments in \"%s\" directive", node->name);
	if (!is_off && !is_strategy(b, node, node->args[0]))
		return false;
	one->pool->balancing.strategy = is_off ? "" : node->args[0];
	return true;
}

static bool set_balancing(
	struct ngx_build *b, const struct ngx_node *node, struct ngx_upstream *one)
{
	bool is_known;
	const char **strategy = &one->pool->balancing.strategy;
	if (!ngx_own_key(b, node, &conf_group_pool, one->pool, &is_known))
		return false;
	return (*strategy)[0] == '\0' || is_strategy(b, node, *strategy);
}

static bool set_max_jobs(struct ngx_build *b, const struct ngx_node *node, struct ngx_upstream *one)
{
	if (node->arg_count != 1)
		return ngx_fail(
			b, node, "invalid number of arguments in \"%s\" directive", node->name);
	uint32_t jobs;
	if (!read_whole(node->args[0], &jobs))
		return ngx_wrong(b, node, "invalid number");
	for (uint32_t i = 0; i < one->servers.count; i++)
		one->servers.items[i].max_concurrent = jobs;
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

static bool set_own_sticky(
	struct ngx_build *b, const struct ngx_node *node, struct ngx_upstream *one)
{
	struct conf_sticky *sticky = &one->pool->balancing.sticky;
	struct conf_pool preset;
	conf_keys_preset(&conf_group_pool, &preset);
	/* nginx's own way of sticking may have said how long. */
	if (one->conf.sticky.kind == CONF_AFFINITY_NONE)
		*sticky = preset.balancing.sticky;
	sticky->key_count = 0;
	if (node->arg_count == 1 && strcmp(node->args[0], "off") == 0)
		return true;
	for (uint32_t i = 0; i < node->arg_count; i++)
		if (!read_sticky_param(sticky, node->args[i]))
			return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[i]);
	if (sticky->key_count == 0)
		return ngx_wrong(b, node, "names no key");
	return true;
}

/* What the file says of a server beyond its line: but for where it is, all that a node has. */
static bool set_one_server(
	struct ngx_build *b, const struct ngx_node *node, struct conf_node *server)
{
	for (uint32_t i = 0; i < node->child_count; i++) {
		const struct ngx_node *word = &node->children[i];
		bool is_known = false;
		bool is_place = strcmp(word->name, "host") == 0 || strcmp(word->name, "port") == 0;
		if (word->error != NULL)
			return ngx_fail(b, word, "%s", word->error);
		if (strcmp(word->name, "max_jobs") == 0) {
			uint32_t n;
			if (word->arg_count != 1 || !read_whole(word->args[0], &n))
				return ngx_wrong(b, word, "invalid number");
			server->max_concurrent = n;
			continue;
		}
		if (!is_place && !ngx_own_key(b, word, &conf_group_node, server, &is_known))
			return false;
		if (!is_known)
			return ngx_fail(b, word, "unknown directive \"%s\"", word->name);
	}
	return true;
}

/* Where there is none of that name in the upstream, it is meant for another one. */
static bool set_server(struct ngx_build *b, const struct ngx_node *node, struct ngx_upstream *one)
{
	struct conf_node nobody = {.peer = {.server = NULL}};
	if (node->arg_count != 1)
		return ngx_fail(
			b, node, "invalid number of arguments in \"%s\" directive", node->name);
	if (!node->is_block)
		return ngx_fail(b, node, "directive \"%s\" has no opening \"{\"", node->name);
	for (uint32_t i = 0; i < one->servers.count; i++) {
		struct conf_node *server = &one->servers.items[i];
		if (server->peer.server != NULL &&
			strcmp(server->peer.server, node->args[0]) == 0 &&
			!set_one_server(b, node, server))
			return false;
	}
	return set_one_server(b, node, &nobody);
}

static const struct own_word {
	const char *name;
	bool (*set)(struct ngx_build *b, const struct ngx_node *node, struct ngx_upstream *one);
	bool may_be_block;
} own_words[] = {{"health_check", set_health_check, true}, {"strategy", set_strategy, false},
	{"max_jobs", set_max_jobs, false}, {"sticky", set_own_sticky, false},
	{"load_balancing", set_balancing, true}, {"server", set_server, true}};

bool ngx_own_word(struct ngx_build *b, const struct ngx_node *word, struct ngx_upstream *one)
{
	bool is_known = false;
	if (word->error != NULL)
		return ngx_fail(b, word, "%s", word->error);
	for (size_t i = 0; i < COUNT_OF(own_words); i++) {
		if (strcmp(word->name, own_words[i].name) != 0)
			continue;
		if (word->is_block && !own_words[i].may_be_block)
			return ngx_fail(
				b, word, "directive \"%s\" is not terminated by \";\"", word->name);
		return own_words[i].set(b, word, one);
	}
	/* These two are an upstream's in nginx's language, too. */
	if (strcmp(word->name, "name") != 0 && strcmp(word->name, "keepalive") != 0 &&
		!ngx_own_key(b, word, &conf_group_pool, one->pool, &is_known))
		return false;
	return is_known || ngx_fail(b, word, "unknown directive \"%s\"", word->name);
}

/* What is said of one server comes after what is said of all. */
bool ngx_own_words(struct ngx_build *b, const struct ngx_node *block, struct ngx_upstream *one)
{
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < block->child_count; i++) {
			const struct ngx_node *word = &block->children[i];
			bool is_of_one = strcmp(word->name, "server") == 0;
			for (uint32_t k = 0; k < i && !is_of_one; k++)
				if (strcmp(block->children[k].name, word->name) == 0)
					return ngx_wrong(b, word, "is duplicate");
			if (is_of_one == (round == 1) && !ngx_own_word(b, word, one))
				return false;
		}
	}
	return true;
}

bool ngx_set_upstream_own(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_upstream *one = ngx_upstream_of(b), *scratch = ngx_own_scratch(b);
	(void)d;
	if (scratch == NULL || !ngx_own_words(b, node, scratch))
		return false;
	const struct ngx_node **kept = ngx_push(b, &one->own);
	if (kept != NULL)
		*kept = node;
	return kept != NULL;
}
