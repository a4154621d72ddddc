/*
 * conf/nginx/set_limit.c - limit_req*, limit_conn*: how often, and how many at once.
 *
 * A zone may be used before it is defined; at the end of the file each has to have a size.
 */
#include "conf/nginx/areas.h"
#include "conf/web_access.h"

#include <stdlib.h>

#define ZONE_LEAST 32768 /* eight pages */
#define BURST_MOST (UINT32_MAX / 2)
#define CONN_MOST 65535

/* In conf_limits_used.given. */
enum {
	GIVEN_REQS = 1 << 0,
	GIVEN_CONNS = 1 << 1,
	GIVEN_REQ_STATUS = 1 << 2,
	GIVEN_CONN_STATUS = 1 << 3,
	GIVEN_REQ_LEVEL = 1 << 4,
	GIVEN_CONN_LEVEL = 1 << 5,
	GIVEN_REQ_DRY = 1 << 6,
	GIVEN_CONN_DRY = 1 << 7,
};

static const struct ngx_word level_words[] = {{"info", LOG_INFO}, {"notice", LOG_NOTICE},
	{"warn", LOG_WARN}, {"error", LOG_ERROR}, {NULL, 0}};

static const struct conf_limits_used defaults = {
	.req_status = 503,
	.conn_status = 503,
	.req_level = LOG_ERROR,
	.conn_level = LOG_ERROR,
};

/* -- zones -- */

static struct conf_zones *zones_of(struct ngx_build *b)
{
	if (b->zones == NULL) {
		b->zones = arena_zero(b->arena, sizeof(struct conf_zones));
		if (b->zones == NULL)
			(void)ngx_no_memory(b);
		else
			b->web->zones = b->zones;
	}
	return b->zones;
}

/* The zone of that name, whether it is defined yet or not. NULL: told. */
static struct conf_zone *zone_named(struct ngx_build *b, const struct ngx_node *node,
	struct slice name, enum conf_zone_kind kind, uint32_t *ret_index)
{
	struct conf_zones *zones = zones_of(b);
	if (zones == NULL)
		return NULL;
	for (uint32_t i = 0; i < zones->zones.count; i++) {
		struct conf_zone *zone = zones->zones.items[i];
		if (!slice_is(slice_of(zone->name), name))
			continue;
		*ret_index = i;
		if (zone->kind == kind)
			return zone;
		(void)ngx_fail(b, node,
			"the shared memory zone \"%s\" is already declared for a different use",
			zone->name);
		return NULL;
	}
	*ret_index = zones->zones.count;
	/* The list is one of pointers. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	struct conf_zone **place = ngx_push(b, &zones->zones);
	struct conf_zone *zone = place == NULL ? NULL : arena_zero(b->arena, sizeof(*zone));
	const char *copy = zone == NULL ? NULL : arena_copy(b->arena, name.p, name.n);
	if (copy == NULL) {
		(void)ngx_no_memory(b);
		return NULL;
	}
	*zone = (struct conf_zone){.name = copy, .kind = kind};
	*place = zone;
	return zone;
}

/* "zone=name:size" */
static bool read_zone_word(
	struct ngx_build *b, const struct ngx_node *node, const char *word, struct conf_zone *zone)
{
	const char *name = word + strlen("zone=");
	const char *colon = strchr(name, ':');
	if (colon == NULL || !ngx_parse_size(colon + 1, &zone->bytes))
		return ngx_fail(b, node, "invalid zone size \"%s\"", word);
	if (zone->bytes < ZONE_LEAST)
		return ngx_fail(b, node, "zone \"%s\" is too small", word);
	zone->name = arena_copy(b->arena, name, (size_t)(colon - name));
	return zone->name != NULL || ngx_no_memory(b);
}

/* "rate=10r/s", "rate=30r/m", "rate=5" */
static bool read_rate(
	struct ngx_build *b, const struct ngx_node *node, const char *word, uint64_t *ret)
{
	char digits[24];
	uint64_t rate, scale = 1;
	struct slice text = slice_of(word + strlen("rate="));
	if (text.n > 3 && memcmp(text.p + text.n - 3, "r/s", 3) == 0) {
		text.n -= 3;
	} else if (text.n > 3 && memcmp(text.p + text.n - 3, "r/m", 3) == 0) {
		text.n -= 3;
		scale = 60;
	}
	if (text.n >= sizeof(digits))
		return ngx_fail(b, node, "invalid rate \"%s\"", word);
	memcpy(digits, text.p, text.n);
	digits[text.n] = '\0';
	if (!ngx_parse_number(digits, UINT32_MAX, &rate) || rate == 0)
		return ngx_fail(b, node, "invalid rate \"%s\"", word);
	*ret = rate * 1000 / scale;
	return true;
}

static bool define(struct ngx_build *b, const struct ngx_node *node, const struct conf_zone *wanted)
{
	uint32_t index;
	if (wanted->name == NULL || wanted->name[0] == '\0')
		return ngx_fail(b, node, "\"%s\" must have \"zone\" parameter", node->name);
	struct conf_zone *zone = zone_named(b, node, slice_of(wanted->name), wanted->kind, &index);
	if (zone == NULL)
		return false;
	if (zone->is_defined)
		return ngx_fail(b, node, "%s \"%s\" is already bound to key \"%.*s\"", node->name,
			zone->name, (int)zone->key_text.n, zone->key_text.p);
	zone->is_defined = true;
	zone->bytes = wanted->bytes;
	zone->rate = wanted->rate;
	zone->key_text = slice_of(node->args[0]);
	return ngx_compile(b, node, node->args[0], &zone->key);
}

static bool set_req_zone(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_zone zone = {.kind = CONF_ZONE_REQ, .rate = 1000};
	(void)d;
	for (uint32_t i = 1; i < node->arg_count; i++) {
		const char *word = node->args[i];
		bool is_good;
		if (strncmp(word, "zone=", 5) == 0)
			is_good = read_zone_word(b, node, word, &zone);
		else if (strncmp(word, "rate=", 5) == 0)
			is_good = read_rate(b, node, word, &zone.rate);
		else
			is_good = ngx_fail(b, node, "invalid parameter \"%s\"", word);
		if (!is_good)
			return false;
	}
	return define(b, node, &zone);
}

static bool set_conn_zone(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_zone zone = {.kind = CONF_ZONE_CONN};
	(void)d;
	if (strncmp(node->args[1], "zone=", 5) != 0)
		return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[1]);
	return read_zone_word(b, node, node->args[1], &zone) && define(b, node, &zone);
}

/* -- their use -- */

static struct conf_limits_used *limits_of(struct ngx_build *b, const struct ngx_directive *d)
{
	bool is_ours = ngx_is_set(b, d);
	struct conf_limits_used **field = ngx_field(b, d);
	if (is_ours)
		return *field;
	*field = arena_zero(b->arena, sizeof(**field));
	if (*field == NULL)
		(void)ngx_no_memory(b);
	else
		**field = defaults;
	return *field;
}

static bool read_req_word(struct ngx_build *b, const struct ngx_node *node, const char *word,
	struct conf_limit_req *limit, struct slice *zone)
{
	uint64_t n;
	if (strncmp(word, "zone=", 5) == 0) {
		*zone = slice_of(word + 5);
		return true;
	}
	if (strncmp(word, "burst=", 6) == 0) {
		if (!ngx_parse_number(word + 6, BURST_MOST, &n) || n == 0)
			return ngx_fail(b, node, "invalid burst value \"%s\"", word);
		limit->burst = n * 1000;
		return true;
	}
	if (strncmp(word, "delay=", 6) == 0) {
		if (!ngx_parse_number(word + 6, BURST_MOST, &n) || n == 0)
			return ngx_fail(b, node, "invalid delay value \"%s\"", word);
		limit->delay = n * 1000;
		return true;
	}
	if (strcmp(word, "nodelay") == 0) {
		limit->delay = CONF_LIMIT_NODELAY;
		return true;
	}
	return ngx_fail(b, node, "invalid parameter \"%s\"", word);
}

static bool set_req(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_limits_used *limits = limits_of(b, d);
	struct conf_limit_req limit = {0};
	struct slice zone = {NULL, 0};
	if (limits == NULL)
		return false;
	for (uint32_t i = 0; i < node->arg_count; i++)
		if (!read_req_word(b, node, node->args[i], &limit, &zone))
			return false;
	if (zone.p == NULL)
		return ngx_fail(b, node, "\"%s\" must have \"zone\" parameter", node->name);
	if (zone_named(b, node, zone, CONF_ZONE_REQ, &limit.zone) == NULL)
		return false;
	for (uint32_t i = 0; i < limits->reqs.count; i++)
		if (limits->reqs.items[i].zone == limit.zone)
			return ngx_wrong(b, node, "is duplicate");
	struct conf_limit_req *place = ngx_push(b, &limits->reqs);
	if (place == NULL)
		return false;
	*place = limit;
	limits->given |= GIVEN_REQS;
	return true;
}

static bool set_conn(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_limits_used *limits = limits_of(b, d);
	uint32_t zone;
	uint64_t most;
	if (limits == NULL ||
		zone_named(b, node, slice_of(node->args[0]), CONF_ZONE_CONN, &zone) == NULL)
		return false;
	for (uint32_t i = 0; i < limits->conns.count; i++)
		if (limits->conns.items[i].zone == zone)
			return ngx_wrong(b, node, "is duplicate");
	if (!ngx_parse_number(node->args[1], INT64_MAX, &most) || most == 0)
		return ngx_fail(b, node, "invalid number of connections \"%s\"", node->args[1]);
	if (most > CONN_MOST)
		return ngx_fail(b, node, "connection limit must be less %d", CONN_MOST + 1);
	struct conf_limit_conn *place = ngx_push(b, &limits->conns);
	if (place == NULL)
		return false;
	*place = (struct conf_limit_conn){.zone = zone, .most = (uint32_t)most};
	limits->given |= GIVEN_CONNS;
	return true;
}

/* Notes that this level gives it; false (told) when it did before. */
static bool give_once(struct ngx_build *b, const struct ngx_node *node,
	struct conf_limits_used *limits, unsigned what)
{
	if (limits == NULL)
		return false;
	if (limits->given & what)
		return ngx_wrong(b, node, "is duplicate");
	limits->given |= what;
	return true;
}

static bool is_req(const struct ngx_node *node)
{
	return strncmp(node->name, "limit_req", strlen("limit_req")) == 0;
}

static bool set_status(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_limits_used *limits = limits_of(b, d);
	uint64_t status;
	if (!give_once(b, node, limits, is_req(node) ? GIVEN_REQ_STATUS : GIVEN_CONN_STATUS))
		return false;
	if (!ngx_parse_number(node->args[0], INT64_MAX, &status))
		return ngx_wrong(b, node, "invalid number");
	if (status < 400 || status > 599)
		return ngx_fail(b, node, "value must be between 400 and 599");
	*(is_req(node) ? &limits->req_status : &limits->conn_status) = (uint16_t)status;
	return true;
}

static bool set_level(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_limits_used *limits = limits_of(b, d);
	if (!give_once(b, node, limits, is_req(node) ? GIVEN_REQ_LEVEL : GIVEN_CONN_LEVEL))
		return false;
	for (const struct ngx_word *word = level_words; word->word != NULL; word++) {
		if (strcasecmp(word->word, node->args[0]) != 0)
			continue;
		enum log_level level = (enum log_level)word->value;
		*(is_req(node) ? &limits->req_level : &limits->conn_level) = level;
		return true;
	}
	return ngx_fail(b, node, "invalid value \"%s\"", node->args[0]);
}

static bool set_dry_run(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_limits_used *limits = limits_of(b, d);
	if (!give_once(b, node, limits, is_req(node) ? GIVEN_REQ_DRY : GIVEN_CONN_DRY))
		return false;
	bool *field = is_req(node) ? &limits->is_req_dry : &limits->is_conn_dry;
	*field = strcasecmp(node->args[0], "on") == 0;
	if (!*field && strcasecmp(node->args[0], "off") != 0)
		return ngx_fail(b, node,
			"invalid value \"%s\" in \"%s\" directive, it must be \"on\" or \"off\"",
			node->args[0], node->name);
	return true;
}

/* -- what a level takes over -- */

static void take_over(struct conf_limits_used *limits, const struct conf_limits_used *outer)
{
	unsigned missing = outer->given & ~limits->given;
	if (missing & GIVEN_REQS)
		limits->reqs = outer->reqs;
	if (missing & GIVEN_CONNS)
		limits->conns = outer->conns;
	if (missing & GIVEN_REQ_STATUS)
		limits->req_status = outer->req_status;
	if (missing & GIVEN_CONN_STATUS)
		limits->conn_status = outer->conn_status;
	if (missing & GIVEN_REQ_LEVEL)
		limits->req_level = outer->req_level;
	if (missing & GIVEN_CONN_LEVEL)
		limits->conn_level = outer->conn_level;
	if (missing & GIVEN_REQ_DRY)
		limits->is_req_dry = outer->is_req_dry;
	if (missing & GIVEN_CONN_DRY)
		limits->is_conn_dry = outer->is_conn_dry;
	limits->given |= missing;
}

static bool finish_loc(struct ngx_build *b, struct ngx_scope *scope)
{
	const struct conf_loc *above = scope->outer == NULL ? NULL : scope->outer->loc;
	const struct conf_limits_used *given = scope->loc->limits;
	if (given == NULL || (above != NULL && above->limits == given))
		return true;
	struct conf_limits_used *limits = arena_zero(b->arena, sizeof(*limits));
	if (limits == NULL)
		return ngx_no_memory(b);
	*limits = *given;
	if (above != NULL && above->limits != NULL)
		take_over(limits, above->limits);
	/* A delay is told one level lower than a refusal. */
	limits->delay_level = limits->req_level == LOG_INFO ? LOG_INFO : limits->req_level + 1;
	scope->loc->limits = limits;
	return true;
}

static bool finish_main(struct ngx_build *b)
{
	const struct conf_zones *zones = b->zones;
	for (uint32_t i = 0; zones != NULL && i < zones->zones.count; i++)
		if (!zones->zones.items[i]->is_defined)
			return ngx_fail_bare(b, "zero size shared memory zone \"%s\"",
				zones->zones.items[i]->name);
	return true;
}

/* The fields are pointers. NOLINTBEGIN(bugprone-sizeof-expression) */
static const struct ngx_directive directives[] = {
	{"limit_req_zone", NGX_HTTP, BIT(3), set_req_zone},
	{"limit_conn_zone", NGX_HTTP, BIT(2), set_conn_zone},
	{"limit_req", NGX_HTTP_LEVELS, BIT(1) | BIT(2) | BIT(3), set_req, NGX_LOC(limits)},
	{"limit_conn", NGX_HTTP_LEVELS, BIT(2), set_conn, NGX_LOC(limits)},
	{"limit_req_status", NGX_HTTP_LEVELS, BIT(1), set_status, NGX_LOC(limits)},
	{"limit_conn_status", NGX_HTTP_LEVELS, BIT(1), set_status, NGX_LOC(limits)},
	{"limit_req_log_level", NGX_HTTP_LEVELS, BIT(1), set_level, NGX_LOC(limits)},
	{"limit_conn_log_level", NGX_HTTP_LEVELS, BIT(1), set_level, NGX_LOC(limits)},
	{"limit_req_dry_run", NGX_HTTP_LEVELS, NGX_FLAG, set_dry_run, NGX_LOC(limits)},
	{"limit_conn_dry_run", NGX_HTTP_LEVELS, NGX_FLAG, set_dry_run, NGX_LOC(limits)},
};
/* NOLINTEND(bugprone-sizeof-expression) */

const struct ngx_area ngx_area_limit = {
	.directives = directives,
	.count = COUNT_OF(directives),
	.finish_loc = finish_loc,
	.finish_main = finish_main,
};
