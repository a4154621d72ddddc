/*
 * conf/nginx/table.c - which directives there are, and whether one may stand where it stands.
 */
#include "conf/nginx/table.h"
#include "conf/nginx/areas.h"

const struct ngx_area *const ngx_areas[] = {
	&ngx_area_core, &ngx_area_upstream, &ngx_area_main, &ngx_area_rewrite, &ngx_area_proxy,
	&ngx_area_headers, &ngx_area_body, &ngx_area_static, &ngx_area_map, &ngx_area_log,
	&ngx_area_access, &ngx_area_limit, &ngx_area_realip, &ngx_area_resolver,
	&ngx_area_tls, /* behind proxy_pass */
};
const uint32_t ngx_area_count = COUNT_OF(ngx_areas);

static bool is_count_right(const struct ngx_directive *d, const struct ngx_node *node)
{
	uint32_t n = node->arg_count;
	if (d->args & NGX_ANY)
		return true;
	if (d->args & NGX_FLAG)
		return n == 1;
	if (d->args & NGX_1MORE)
		return n >= 1;
	if (d->args & NGX_2MORE)
		return n >= 2;
	return n <= 7 && (d->args & BIT(n)) != 0;
}

/* One that was found by name: the same name may stand in several rows, for different places. */
static bool judge(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (node->is_block && !(d->args & NGX_BLOCK))
		return ngx_fail(b, node, "directive \"%s\" is not terminated by \";\"", node->name);
	if (!node->is_block && (d->args & NGX_BLOCK))
		return ngx_fail(b, node, "directive \"%s\" has no opening \"{\"", node->name);
	if (!is_count_right(d, node))
		return ngx_fail(
			b, node, "invalid number of arguments in \"%s\" directive", node->name);
	return d->set(b, node, d);
}

static bool read_one(struct ngx_build *b, const struct ngx_node *node)
{
	bool is_known = false;
	if (node->error != NULL) {
		if (node->place.file == NULL)
			return ngx_fail_bare(b, "%s", node->error);
		return ngx_fail(b, node, "%s", node->error);
	}
	for (uint32_t i = 0; i < ngx_area_count; i++) {
		for (uint32_t k = 0; k < ngx_areas[i]->count; k++) {
			const struct ngx_directive *d = &ngx_areas[i]->directives[k];
			if (strcmp(d->name, node->name) != 0)
				continue;
			is_known = true;
			if (d->where & b->scope->where)
				return judge(b, node, d);
		}
	}
	if (is_known)
		return ngx_fail(b, node, "\"%s\" directive is not allowed here", node->name);
	return ngx_fail(b, node, "unknown directive \"%s\"", node->name);
}

bool ngx_block(struct ngx_build *b, const struct ngx_node *node)
{
	for (uint32_t i = 0; i < node->child_count; i++)
		if (!read_one(b, &node->children[i]))
			return false;
	return true;
}

bool ngx_build_conf(struct ngx_build *b, const struct ngx_tree *tree)
{
	const struct ngx_node all = {.children = tree->nodes, .child_count = tree->count};
	if (ngx_enter(b, NGX_MAIN, NULL) == NULL || !ngx_block(b, &all))
		return false;
	ngx_leave(b);
	b->problems->is_read_to_end = true;
	for (uint32_t i = 0; i < ngx_area_count; i++)
		if (ngx_areas[i]->finish_main != NULL && !ngx_areas[i]->finish_main(b))
			return false;
	return true;
}
