/*
 * conf/nginx/set_pages.c - error_page and try_files: what is answered in place of something else.
 */
#include "conf/nginx/http.h"

/* "=200", "=": true with *ret; false: told. */
static bool read_answer(
	struct ngx_build *b, const struct ngx_node *node, const char *text, int32_t *ret)
{
	uint64_t n;
	if (text[1] == '\0') {
		*ret = 0;
		return true;
	}
	if (!ngx_parse_number(text + 1, INT32_MAX, &n))
		return ngx_fail(b, node, "invalid value \"%s\"", text);
	*ret = (int32_t)n;
	return true;
}

bool ngx_set_error_page(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint32_t count = node->arg_count - 1;
	int32_t answer = -1;
	if (node->args[count - 1][0] == '=') {
		if (count == 1)
			return ngx_fail(b, node, "invalid value \"%s\"", node->args[0]);
		if (!read_answer(b, node, node->args[count - 1], &answer))
			return false;
		count--;
	}
	(void)ngx_field(b, d);
	struct conf_error_page *page = ngx_push(b, &b->scope->loc->error_page);
	if (page == NULL)
		return false;
	page->answer = answer;
	page->codes = arena_zero(b->arena, count * sizeof(*page->codes));
	if (page->codes == NULL)
		return ngx_no_memory(b);
	if (!ngx_compile(b, node, node->args[node->arg_count - 1], &page->page))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t code;
		if (!ngx_parse_number(node->args[i], INT32_MAX, &code) || code == 499)
			return ngx_fail(b, node, "invalid value \"%s\"", node->args[i]);
		if (code < 300 || code > 599)
			return ngx_fail(
				b, node, "value \"%s\" must be between 300 and 599", node->args[i]);
		/* What several codes of TLS's and of size's are known by. */
		page->codes[page->code_count++] = (uint16_t)code;
	}
	return true;
}

bool ngx_set_try_files(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	struct conf_try_files *files = ngx_field(b, d);
	uint32_t count = node->arg_count;
	const char *last = node->args[count - 1];
	if (last[0] == '=') {
		uint64_t code;
		if (!ngx_parse_number(last + 1, 999, &code))
			return ngx_fail(b, node, "invalid code \"%s\"", last);
		files->fallback_status = (uint16_t)code;
		count--;
	}
	files->items = arena_zero(b->arena, (count + 1) * sizeof(*files->items));
	if (files->items == NULL)
		return ngx_no_memory(b);
	for (uint32_t i = 0; i < count; i++) {
		struct conf_try_file *item = &files->items[i];
		const char *text = node->args[i];
		size_t n = strlen(text);
		/* The fallback is a URI, not a directory. */
		if (n > 0 && text[n - 1] == '/' && (i + 1 < node->arg_count)) {
			item->is_directory = true;
			text = arena_copy(b->arena, text, n - 1);
			if (text == NULL)
				return ngx_no_memory(b);
		}
		if (!ngx_compile(b, node, text, &item->path))
			return false;
	}
	files->count = count;
	return true;
}
