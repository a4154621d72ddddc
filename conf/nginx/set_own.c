/*
 * conf/nginx/set_own.c - comfymux { } outside of upstreams, and which upstreams it counts for.
 *
 *   main, http                      all upstreams
 *     server > location > if        the one that proxy_pass in there leads to
 *     upstream NAME { } of ours     that one
 *       upstream's own block
 *
 * Words of a later line in this drawing replace those of an earlier one. Two locations that lead
 * to one upstream may not say different things of it: neither is further in than the other.
 *
 * Besides what is an upstream's there are `admin ADDRESS;` (main, http) and `websocket on | off;`
 * (http, server, location), which is comfymux_websocket.
 */
#include "conf/nginx/own.h"

#include "conf/build.h"

struct own_block {
	const struct ngx_node *node;
	const struct ngx_scope *scope; /* it stands in */
};

/* `upstream NAME { }` within a block of ours. */
struct own_named {
	const struct ngx_node *node;
	bool is_used;
};

/* The build's `owns`. */
struct owns {
	CONF_ARRAY(struct own_block) blocks;
	CONF_ARRAY(struct own_named) named;
};

/* A word that a server or a location said of the upstream that is finished. */
struct own_said {
	const struct ngx_node *word;
	const struct ngx_scope *scope;
};

struct finishing {
	struct ngx_build *b;
	struct ngx_upstream *one;
	uint32_t index; /* in conf.pools */
	CONF_ARRAY(struct own_said) said;
};

static struct owns *owns_of(struct ngx_build *b)
{
	if (b->owns == NULL)
		b->owns = arena_zero(b->arena, sizeof(struct owns));
	if (b->owns == NULL)
		(void)ngx_no_memory(b);
	return b->owns;
}

struct ngx_upstream *ngx_own_scratch(struct ngx_build *b)
{
	static const struct ngx_node nowhere = {.name = ""};
	return ngx_upstream_make(b, &nowhere, SLICE(""));
}

/* -- words that are nobody's upstream's -- */

static bool set_admin(struct ngx_build *b, const struct ngx_node *word)
{
	uint32_t before = b->problems->count;
	struct conf *conf = b->conf;
	struct conf_builder builder = {
		.arena = b->arena, .problems = b->problems, .rules = b->rules, .prefix = b->prefix};
	if (!(b->scope->where & (NGX_MAIN | NGX_HTTP)))
		return ngx_wrong(b, word, "is not allowed here");
	if (word->is_block || word->arg_count != 1)
		return ngx_fail(
			b, word, "invalid number of arguments in \"%s\" directive", word->name);
	if (conf->admin_addr.len != 0)
		return ngx_wrong(b, word, "is duplicate");
	conf->admin_listen = word->args[0];
	conf->admin_place = word->place;
	(void)conf_build_addr(&builder, word->args[0], word->place, &conf->admin_addr);
	b->has_failed = b->problems->count != before;
	if (builder.is_out_of_memory)
		return ngx_no_memory(b);
	if (!b->has_failed && !addr_is_loopback(&conf->admin_addr))
		return ngx_fail(b, word,
			"\"%s\" must be a loopback address or unix:PATH, not \"%s\"", word->name,
			word->args[0]);
	return !b->has_failed;
}

static bool set_websocket(struct ngx_build *b, const struct ngx_node *word)
{
	size_t at = offsetof(struct conf_loc, proxy.websocket);
	struct ngx_scope *scope = b->scope;
	if (scope->loc == NULL)
		return ngx_wrong(b, word, "is not allowed here");
	if (word->is_block || word->arg_count != 1)
		return ngx_fail(
			b, word, "invalid number of arguments in \"%s\" directive", word->name);
	if (ngx_loc_is_set(scope, at))
		return ngx_wrong(b, word, "is duplicate");
	ngx_mark_loc(scope, at, sizeof(scope->loc->proxy.websocket));
	scope->loc->proxy.websocket = strcasecmp(word->args[0], "on") == 0;
	return scope->loc->proxy.websocket || strcasecmp(word->args[0], "off") == 0 ||
	       ngx_fail(b, word,
		       "invalid value \"%s\" in \"%s\" directive, it must be \"on\" or \"off\"",
		       word->args[0], word->name);
}

static bool set_named(struct ngx_build *b, const struct ngx_node *word)
{
	struct ngx_upstream *scratch = ngx_own_scratch(b);
	struct owns *owns = owns_of(b);
	if (scratch == NULL || owns == NULL)
		return false;
	if (!(b->scope->where & (NGX_MAIN | NGX_HTTP)))
		return ngx_wrong(b, word, "is not allowed here");
	if (!word->is_block)
		return ngx_fail(b, word, "directive \"%s\" has no opening \"{\"", word->name);
	if (word->arg_count != 1)
		return ngx_fail(
			b, word, "invalid number of arguments in \"%s\" directive", word->name);
	if (!ngx_own_words(b, word, scratch))
		return false;
	struct own_named *named = ngx_push(b, &owns->named);
	if (named != NULL)
		named->node = word;
	return named != NULL;
}

static const struct general_word {
	const char *name;
	bool (*set)(struct ngx_build *b, const struct ngx_node *word);
} general_words[] = {{"admin", set_admin}, {"websocket", set_websocket}, {"upstream", set_named}};

static const struct general_word *find_general(const struct ngx_node *word)
{
	for (size_t i = 0; i < COUNT_OF(general_words); i++) {
		if (strcmp(general_words[i].name, word->name) == 0)
			return &general_words[i];
	}
	return NULL;
}

/* -- blocks -- */

static bool is_said_before(const struct ngx_node *block, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++) {
		if (strcmp(block->children[k].name, block->children[i].name) == 0)
			return true;
	}
	return false;
}

bool ngx_set_own(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct ngx_upstream *scratch = ngx_own_scratch(b);
	struct owns *owns = owns_of(b);
	(void)d;
	if (scratch == NULL || owns == NULL)
		return false;
	if (b->http != NULL && b->scope->where == NGX_MAIN)
		return ngx_wrong(b, node, "has to stand in front of \"http\"");
	for (uint32_t i = 0; i < node->child_count; i++) {
		const struct ngx_node *word = &node->children[i];
		const struct general_word *general = find_general(word);
		bool may_come_again = general != NULL && general->set == set_named;
		if (!may_come_again && word->error == NULL && is_said_before(node, i))
			return ngx_wrong(b, word, "is duplicate");
		/* Whose servers, when there are several upstreams? */
		if (general == NULL && strcmp(word->name, "server") == 0)
			return ngx_wrong(b, word, "is not allowed here");
		if (general != NULL ? !general->set(b, word) : !ngx_own_word(b, word, scratch))
			return false;
	}
	struct own_block *block = ngx_push(b, &owns->blocks);
	if (block != NULL)
		*block = (struct own_block){node, b->scope};
	return block != NULL;
}

/* -- one upstream -- */

static bool is_within(const struct ngx_scope *inner, const struct ngx_scope *outer)
{
	while (inner != NULL && inner != outer)
		inner = inner->outer;
	return inner != NULL;
}

static bool is_same(const struct ngx_node *a, const struct ngx_node *b)
{
	if (a->arg_count != b->arg_count || a->child_count != b->child_count ||
		strcmp(a->name, b->name) != 0)
		return false;
	for (uint32_t i = 0; i < a->arg_count; i++) {
		if (strcmp(a->args[i], b->args[i]) != 0)
			return false;
	}
	for (uint32_t i = 0; i < a->child_count; i++) {
		if (!is_same(&a->children[i], &b->children[i]))
			return false;
	}
	return true;
}

/* A word of a block in `scope`, on the way to a proxy_pass. */
static bool say(struct finishing *f, const struct ngx_node *word, const struct ngx_scope *scope)
{
	struct own_said *said = NULL;
	for (uint32_t i = 0; i < f->said.count && said == NULL; i++) {
		if (strcmp(f->said.items[i].word->name, word->name) == 0)
			said = &f->said.items[i];
	}
	if (said != NULL && (said->word == word || is_within(said->scope, scope)))
		return true;
	if (said != NULL && !is_within(scope, said->scope) && !is_same(said->word, word))
		return ngx_fail(f->b, word, "\"%s\" of upstream \"%s\" is another in %s:%u",
			word->name, f->one->pool->name, said->word->place.file,
			said->word->place.line);
	if (said == NULL)
		said = ngx_push(f->b, &f->said);
	if (said == NULL)
		return false;
	*said = (struct own_said){word, scope};
	return ngx_own_word(f->b, word, f->one);
}

/* Blocks that stand in `scope` itself, into the upstream. */
static bool apply(struct finishing *f, const struct ngx_scope *scope)
{
	const struct owns *owns = owns_of(f->b);
	for (uint32_t i = 0; owns != NULL && i < owns->blocks.count; i++) {
		const struct own_block *block = &owns->blocks.items[i];
		if (block->scope != scope)
			continue;
		for (uint32_t k = 0; k < block->node->child_count; k++) {
			const struct ngx_node *word = &block->node->children[k];
			bool is_general = find_general(word) != NULL;
			bool is_all = (scope->where & (NGX_MAIN | NGX_HTTP)) != 0;
			if (!is_general &&
				!(is_all ? ngx_own_word(f->b, word, f->one) : say(f, word, scope)))
				return false;
		}
	}
	return owns != NULL;
}

/* server, location ...: outermost first. */
static bool apply_way(struct finishing *f, const struct ngx_scope *scope)
{
	if (scope->where & (NGX_MAIN | NGX_HTTP))
		return true;
	return apply_way(f, scope->outer) && apply(f, scope);
}

/* For each location in there that leads to the upstream. */
static bool apply_ways(struct finishing *f, const struct ngx_scope *scope)
{
	const struct conf_loc *loc = scope->loc;
	bool leads = loc != NULL && loc->content == CONF_CONTENT_PROXY &&
		     !loc->proxy.has_variables && loc->proxy.pool == f->index;
	if (leads && !apply_way(f, scope))
		return false;
	for (const struct ngx_scope *inner = scope->first; inner != NULL; inner = inner->next) {
		if (!apply_ways(f, inner))
			return false;
	}
	return true;
}

static bool apply_named(struct finishing *f)
{
	struct owns *owns = owns_of(f->b);
	for (uint32_t i = 0; owns != NULL && i < owns->named.count; i++) {
		struct own_named *named = &owns->named.items[i];
		if (strcasecmp(named->node->args[0], f->one->pool->name) != 0)
			continue;
		named->is_used = true;
		if (!ngx_own_words(f->b, named->node, f->one))
			return false;
	}
	return owns != NULL;
}

bool ngx_own_finish(struct ngx_build *b, struct ngx_upstream *one, uint32_t index)
{
	struct finishing f = {.b = b, .one = one, .index = index};
	struct conf_pool *pool = one->pool;
	if (!apply(&f, b->http->outer) || !apply(&f, b->http) || !apply_ways(&f, b->http) ||
		!apply_named(&f))
		return false;
	for (uint32_t i = 0; i < one->own.count; i++)
		if (!ngx_own_words(b, one->own.items[i], one))
			return false;
	/* Who decides job by job has to know the load, and who is there. */
	if (pool->mode == CONF_MODE_FLEET && pool->balancing.strategy[0] == '\0')
		pool->balancing.strategy = "score";
	if (pool->mode == CONF_MODE_FLEET && !one->has_health_check)
		pool->health.interval_ms = NGX_OWN_INTERVAL_MS;
	if (pool->balancing.strategy[0] != '\0')
		one->conf.method = CONF_METHOD_STRATEGY;
	return true;
}

/* -- all of them -- */

/* Two fleets that wrote into one file would lose each other's jobs. */
static bool check_path(struct ngx_build *b, const char *path, const struct conf_pool *pool)
{
	for (const struct conf_pool *before = b->conf->pools; before != pool && path[0] != '\0';
		before++) {
		if (strcmp(before->fleet.journal.path, path) == 0 ||
			strcmp(before->fleet.spool_dir, path) == 0)
			return ngx_fail_bare(b,
				"\"%s\" is the file of upstream \"%s\" already, not of \"%s\", too",
				path, before->name, pool->name);
	}
	return true;
}

bool ngx_own_check(struct ngx_build *b)
{
	const struct owns *owns = owns_of(b);
	for (uint32_t i = 0; owns != NULL && i < owns->named.count; i++) {
		const struct own_named *named = &owns->named.items[i];
		if (!named->is_used)
			return ngx_fail(b, named->node, "no upstream \"%s\"", named->node->args[0]);
	}
	for (uint32_t i = 0; i < b->conf->pool_count; i++) {
		const struct conf_pool *pool = &b->conf->pools[i];
		if (!check_path(b, pool->fleet.journal.path, pool) ||
			!check_path(b, pool->fleet.spool_dir, pool))
			return false;
	}
	return owns != NULL;
}
