/*
 * conf/nginx/set_headers.c - add_header, add_trailer, expires: what a location adds to answers.
 */
#include "conf/nginx/areas.h"

static bool set_add_header(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_loc *loc = b->scope->loc;
	(void)ngx_field(b, d);
	struct conf_add_header *header = strcmp(d->name, "add_trailer") == 0
						 ? ngx_push(b, &loc->add_trailer)
						 : ngx_push(b, &loc->add_header);
	if (header == NULL)
		return false;
	header->name = slice_of(node->args[0]);
	if (node->arg_count == 3) {
		if (strcmp(node->args[2], "always") != 0)
			return ngx_fail(b, node, "invalid parameter \"%s\"", node->args[2]);
		header->is_always = true;
	}
	return ngx_compile(b, node, node->args[1], &header->value);
}

/* "off", "epoch", "max", "-1", "30d", "@15h30m"; with is_modified behind the word modified. */
bool conf_expires_parse(struct conf_expires *ret, const char *text, bool is_modified)
{
	uint64_t seconds;
	bool is_negative = false, is_daily = false;
	*ret = (struct conf_expires){0};
	if (!is_modified && strcmp(text, "off") == 0)
		return true;
	if (!is_modified && strcmp(text, "epoch") == 0) {
		ret->kind = CONF_EXPIRES_EPOCH;
		return true;
	}
	if (!is_modified && strcmp(text, "max") == 0) {
		ret->kind = CONF_EXPIRES_MAX;
		return true;
	}
	if (text[0] == '@' && !is_modified) {
		is_daily = true;
		text++;
	} else if (text[0] == '+' || text[0] == '-') {
		is_negative = text[0] == '-';
		text++;
	}
	if (!ngx_parse_seconds(text, &seconds) || seconds > INT32_MAX ||
		(is_daily && seconds > 86400))
		return false;
	ret->kind = is_daily      ? CONF_EXPIRES_DAILY
		    : is_modified ? CONF_EXPIRES_MODIFIED
				  : CONF_EXPIRES_AFTER;
	ret->seconds = is_negative ? -(int64_t)seconds : (int64_t)seconds;
	return true;
}

static bool set_expires(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	struct conf_expires *expires = ngx_field(b, d);
	bool is_modified = node->arg_count == 2;
	const char *text = node->args[node->arg_count - 1];
	if (is_modified && strcmp(node->args[0], "modified") != 0)
		return ngx_wrong(b, node, "invalid value");
	if (conf_text_has_vars(text)) {
		expires->is_variable = true;
		expires->kind = is_modified ? CONF_EXPIRES_MODIFIED : CONF_EXPIRES_AFTER;
		return ngx_compile(b, node, text, &expires->value);
	}
	if (text[0] == '@' && is_modified)
		return ngx_wrong(b, node, "daily time cannot be used with \"modified\" parameter");
	return conf_expires_parse(expires, text, is_modified) ||
	       ngx_wrong(b, node,
		       text[0] == '@' ? "daily time value must be less than 24 hours"
				      : "invalid value");
}

static const struct ngx_directive directives[] = {
	{"add_header", NGX_HTTP_LEVELS_IF, BIT(2) | BIT(3), set_add_header, NGX_LOC(add_header)},
	{"add_trailer", NGX_HTTP_LEVELS_IF, BIT(2) | BIT(3), set_add_header, NGX_LOC(add_trailer)},
	{"expires", NGX_HTTP_LEVELS_IF, BIT(1) | BIT(2), set_expires, NGX_LOC(expires)},
};

const struct ngx_area ngx_area_headers = {
	.directives = directives,
	.count = COUNT_OF(directives),
};
