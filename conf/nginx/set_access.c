/*
 * conf/nginx/set_access.c - allow, deny, satisfy, auth_basic, auth_request: who gets in.
 *
 * Directives that are inherited apart from each other share a struct; a level that says one of
 * them takes the others from the level above when it is finished.
 */
#include "conf/nginx/areas.h"
#include "conf/web_access.h"

#include <stdlib.h>

#define WHERE (NGX_HTTP_LEVELS | NGX_LIMIT_EXCEPT)

static const struct ngx_word satisfy_words[] = {{"all", false}, {"any", true}, {NULL, 0}};

/* The struct of this level that `d` points to, made when it is first needed. NULL: no memory
 * (told). */
static void *own_struct(struct ngx_build *b, const struct ngx_directive *d, size_t size)
{
	bool is_ours = ngx_is_set(b, d);
	void **field = ngx_field(b, d);
	if (!is_ours) {
		*field = arena_zero(b->arena, size);
		if (*field == NULL)
			(void)ngx_no_memory(b);
	}
	return *field;
}

static bool set_rule(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_access *access = own_struct(b, d, sizeof(*access));
	struct conf_access_rule *rule = access == NULL ? NULL : ngx_push(b, &access->rules);
	struct err warning;
	if (rule == NULL)
		return false;
	int rc = cidr_parse(&rule->net, slice_of(node->args[0]), &warning);
	if (rc < 0)
		return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[0]);
	if (rc > 0)
		ngx_warn(b, node, "%s", warning.text);
	rule->is_denied = node->name[0] == 'd';
	/* "all" stands among the rules of each family. */
	access->has_v4 = access->has_v4 || rule->net.kind == CIDR_V4 || rule->net.kind == CIDR_ALL;
	return true;
}

static bool set_satisfy(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	for (const struct ngx_word *word = satisfy_words; word->word != NULL; word++) {
		if (strcasecmp(word->word, node->args[0]) != 0)
			continue;
		*(bool *)ngx_field(b, d) = word->value != 0;
		return true;
	}
	return ngx_fail(b, node, "invalid value \"%s\"", node->args[0]);
}

/* -- auth_basic -- */

static bool set_auth_basic(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_auth *auth = own_struct(b, d, sizeof(*auth));
	if (auth == NULL)
		return false;
	if (auth->has_realm)
		return ngx_wrong(b, node, "is duplicate");
	auth->has_realm = true;
	return ngx_compile(b, node, node->args[0], &auth->realm);
}

static bool set_user_file(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_auth *auth = own_struct(b, d, sizeof(*auth));
	if (auth == NULL)
		return false;
	if (auth->has_file)
		return ngx_wrong(b, node, "is duplicate");
	auth->has_file = true;
	const char *path = node->args[0];
	if (path[0] != '$')
		path = ngx_conf_path(b, path);
	return path != NULL && ngx_compile(b, node, path, &auth->file);
}

/* -- auth_request -- */

static bool set_auth_request(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_auth_request *auth = own_struct(b, d, sizeof(*auth));
	if (auth == NULL)
		return false;
	if (auth->has_uri)
		return ngx_wrong(b, node, "is duplicate");
	auth->has_uri = true;
	auth->uri = strcmp(node->args[0], "off") == 0 ? SLICE("") : slice_of(node->args[0]);
	return true;
}

static bool set_auth_request_set(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct err err = {""};
	struct conf_auth_request *auth = own_struct(b, d, sizeof(*auth));
	struct conf_auth_set *set = auth == NULL ? NULL : ngx_push(b, &auth->sets);
	if (set == NULL)
		return false;
	auth->has_sets = true;
	if (!conf_vars_define(
		    b->vars, node->args[0], CONF_USER_FOUND, NULL, b->arena, &set->variable, &err))
		return ngx_fail(b, node, "%s", err.text);
	return ngx_compile(b, node, node->args[1], &set->value);
}

/* -- what a level takes over -- */

static bool finish_auth(
	struct ngx_build *b, const struct ngx_scope *scope, const struct conf_loc *above)
{
	const struct conf_auth *given = scope->loc->auth, *outer = above->auth;
	if (outer == NULL || given == outer || (given->has_realm && given->has_file))
		return true;
	struct conf_auth *auth = arena_zero(b->arena, sizeof(*auth));
	if (auth == NULL)
		return ngx_no_memory(b);
	*auth = *given;
	if (!auth->has_realm) {
		auth->has_realm = outer->has_realm;
		auth->realm = outer->realm;
	}
	if (!auth->has_file) {
		auth->has_file = outer->has_file;
		auth->file = outer->file;
	}
	scope->loc->auth = auth;
	return true;
}

static bool finish_auth_request(
	struct ngx_build *b, const struct ngx_scope *scope, const struct conf_loc *above)
{
	const struct conf_auth_request *given = scope->loc->auth_request;
	const struct conf_auth_request *outer = above->auth_request;
	if (outer == NULL || given == outer || (given->has_uri && given->has_sets))
		return true;
	struct conf_auth_request *auth = arena_zero(b->arena, sizeof(*auth));
	if (auth == NULL)
		return ngx_no_memory(b);
	*auth = *given;
	if (!auth->has_uri) {
		auth->has_uri = outer->has_uri;
		auth->uri = outer->uri;
	}
	if (!auth->has_sets) {
		auth->has_sets = outer->has_sets;
		auth->sets = outer->sets;
	}
	scope->loc->auth_request = auth;
	return true;
}

static bool finish_loc(struct ngx_build *b, struct ngx_scope *scope)
{
	const struct conf_loc *above = scope->outer == NULL ? NULL : scope->outer->loc;
	return above == NULL ||
	       (finish_auth(b, scope, above) && finish_auth_request(b, scope, above));
}

/* The fields are pointers. NOLINTBEGIN(bugprone-sizeof-expression) */
static const struct ngx_directive directives[] = {
	{"allow", WHERE, BIT(1), set_rule, NGX_LOC(access)},
	{"deny", WHERE, BIT(1), set_rule, NGX_LOC(access)},
	{"auth_delay", NGX_HTTP_LEVELS, BIT(1), ngx_set_ms, NGX_LOC(auth_delay_ms)},
	{"satisfy", NGX_HTTP_LEVELS, BIT(1), set_satisfy, NGX_LOC(satisfy_any)},
	{"auth_basic", WHERE, BIT(1), set_auth_basic, NGX_LOC(auth)},
	{"auth_basic_user_file", WHERE, BIT(1), set_user_file, NGX_LOC(auth)},
	{"auth_request", NGX_HTTP_LEVELS, BIT(1), set_auth_request, NGX_LOC(auth_request)},
	{"auth_request_set", NGX_HTTP_LEVELS, BIT(2), set_auth_request_set, NGX_LOC(auth_request)},
};
/* NOLINTEND(bugprone-sizeof-expression) */

const struct ngx_area ngx_area_access = {
	.directives = directives,
	.count = COUNT_OF(directives),
	.finish_loc = finish_loc,
};
