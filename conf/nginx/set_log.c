/*
 * conf/nginx/set_log.c - log_format, access_log, open_log_file_cache.
 */
#include "conf/nginx/areas.h"

#include "conf/log_format.h"

#define DEFAULT_PATH "/var/log/nginx/access.log"
#define GZIP_BUFFER 65536

/* The build's `formats`, which the tree gets as it is. NULL: told. */
static struct conf_log_formats *own(struct ngx_build *b);

/* -- log_format -- */

static const struct conf_web_format *find_format(
	const struct conf_log_formats *formats, const char *name)
{
	for (uint32_t i = 0; i < formats->format_count; i++)
		if (strcmp(formats->formats[i]->name, name) == 0)
			return formats->formats[i];
	return NULL;
}

/* NULL: told. */
static struct conf_web_format *add_format(
	struct ngx_build *b, struct conf_log_formats *formats, const char *name)
{
	struct conf_web_format **item = ngx_push_item(b, (void **)&formats->formats,
		&formats->format_count, &formats->format_room, sizeof(struct conf_web_format *));
	if (item == NULL)
		return NULL;
	*item = arena_zero(b->arena, sizeof(**item));
	if (*item == NULL)
		(void)ngx_no_memory(b);
	else
		(*item)->name = name;
	return *item;
}

static struct conf_log_formats *own(struct ngx_build *b)
{
	static const char *const combined[] = {
		"$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
		"\"$http_referer\" \"$http_user_agent\""};
	struct err err = {""};
	if (b->formats != NULL)
		return b->formats;
	struct conf_log_formats *formats = arena_zero(b->arena, sizeof(*formats));
	if (formats == NULL) {
		(void)ngx_no_memory(b);
		return NULL;
	}
	struct conf_web_format *format = add_format(b, formats, "combined");
	if (format == NULL)
		return NULL;
	if (!conf_value_compile_log(&format->line, combined, 1, b->vars, b->arena, &err)) {
		(void)ngx_no_memory(b);
		return NULL;
	}
	b->formats = formats;
	return formats;
}

static bool read_escape(struct ngx_build *b, const struct ngx_node *node, const char *word,
	enum conf_log_escape *ret)
{
	if (strcmp(word, "json") == 0)
		*ret = CONF_ESCAPE_JSON;
	else if (strcmp(word, "none") == 0)
		*ret = CONF_ESCAPE_NONE;
	else if (strcmp(word, "default") != 0)
		return ngx_fail(b, node, "unknown log format escaping \"%s\"", word);
	return true;
}

static bool set_log_format(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct err err = {""};
	struct conf_log_formats *formats = own(b);
	uint32_t first = 1;
	(void)d;
	if (formats == NULL)
		return false;
	if (find_format(formats, node->args[0]) != NULL)
		return ngx_fail(b, node, "duplicate \"log_format\" name \"%s\"", node->args[0]);
	struct conf_web_format *format = add_format(b, formats, node->args[0]);
	if (format == NULL)
		return false;
	if (strncmp(node->args[1], "escape=", 7) == 0) {
		if (!read_escape(b, node, node->args[1] + 7, &format->escape))
			return false;
		first = 2;
	}
	return conf_value_compile_log(&format->line, node->args + first, node->arg_count - first,
		       b->vars, b->arena, &err) ||
	       ngx_fail(b, node, "%s", err.text);
}

/* -- access_log -- */

/* The file of that path, as any access_log before named it. NULL: told. */
static struct conf_log_file *find_file(
	struct ngx_build *b, struct conf_log_formats *formats, const char *path)
{
	for (uint32_t i = 0; i < formats->file_count; i++)
		if (strcmp(formats->files[i]->path, path) == 0)
			return formats->files[i];
	struct conf_log_file **item = ngx_push_item(b, (void **)&formats->files,
		&formats->file_count, &formats->file_room, sizeof(struct conf_log_file *));
	if (item == NULL)
		return NULL;
	*item = arena_zero(b->arena, sizeof(**item));
	if (*item == NULL)
		(void)ngx_no_memory(b);
	else
		**item = (struct conf_log_file){.path = path, .index = formats->file_count - 1};
	return *item;
}

struct log_options {
	uint64_t buffer, flush_ms;
	bool has_flush, has_gzip;
};

static bool read_gzip(struct ngx_build *b, const struct ngx_node *node, const char *word,
	struct log_options *options)
{
	uint64_t level;
	if (word[4] == '=' && (!ngx_parse_number(word + 5, 9, &level) || level == 0))
		return ngx_fail(b, node, "invalid compression level \"%s\"", word + 5);
	options->has_gzip = true;
	if (options->buffer == 0)
		options->buffer = GZIP_BUFFER;
	ngx_warn(b, node, "\"access_log\" with \"gzip\": the file is not compressed");
	return true;
}

static bool read_option(struct ngx_build *b, const struct ngx_node *node, const char *word,
	struct conf_web_log *log, struct log_options *options)
{
	if (strncmp(word, "buffer=", 7) == 0) {
		if (!ngx_parse_size(word + 7, &options->buffer) || options->buffer == 0)
			return ngx_fail(b, node, "invalid buffer size \"%s\"", word + 7);
		return true;
	}
	if (strncmp(word, "flush=", 6) == 0) {
		options->has_flush = true;
		if (!ngx_parse_ms(word + 6, &options->flush_ms) || options->flush_ms == 0)
			return ngx_fail(b, node, "invalid flush time \"%s\"", word + 6);
		return true;
	}
	if (strncmp(word, "gzip", 4) == 0 && (word[4] == '\0' || word[4] == '='))
		return read_gzip(b, node, word, options);
	if (strncmp(word, "if=", 3) == 0) {
		log->has_condition = true;
		return ngx_compile(b, node, word + 3, &log->condition);
	}
	return ngx_fail(b, node, "invalid parameter \"%s\"", word);
}

/* One file has one buffer, whoever asked for it. */
static bool set_buffer(struct ngx_build *b, const struct ngx_node *node, struct conf_log_file *file,
	const struct log_options *options)
{
	if (options->has_flush && options->buffer == 0)
		return ngx_fail(
			b, node, "no buffer is defined for access_log \"%s\"", node->args[0]);
	if (options->buffer == 0)
		return true;
	if (file == NULL)
		return ngx_fail(b, node, "buffered logs cannot have variables in name");
	if (file->has_buffer &&
		(file->buffer_bytes != options->buffer || file->flush_ms != options->flush_ms))
		return ngx_fail(b, node,
			"access_log \"%s\" already defined with conflicting parameters",
			node->args[0]);
	file->has_buffer = true;
	file->buffer_bytes = options->buffer;
	file->flush_ms = options->flush_ms;
	return true;
}

/* Where the lines go. *ret_file is NULL for a path with variables. */
static bool read_path(struct ngx_build *b, const struct ngx_node *node,
	struct conf_log_formats *formats, struct conf_web_log *log, struct conf_log_file **ret_file)
{
	const char *path = node->args[0];
	*ret_file = NULL;
	if (strncmp(path, "syslog:", 7) == 0)
		return ngx_fail(b, node, "there is no log to syslog, as \"%s\" wants it", path);
	if (path[0] != '\0') {
		path = ngx_path(b, path);
		if (path == NULL)
			return false;
	}
	if (conf_text_has_vars(path))
		return ngx_compile(b, node, path, &log->path);
	*ret_file = find_file(b, formats, path);
	log->file = *ret_file;
	return *ret_file != NULL;
}

static struct conf_loc_logs *logs_here(struct ngx_build *b, const struct ngx_directive *d)
{
	bool is_first = !ngx_is_set(b, d);
	struct conf_loc_logs **field = ngx_field(b, d);
	if (is_first) {
		*field = arena_zero(b->arena, sizeof(**field));
		if (*field == NULL)
			(void)ngx_no_memory(b);
	}
	return *field;
}

static bool set_access_log(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_log_formats *formats = own(b);
	struct conf_loc_logs *logs = formats == NULL ? NULL : logs_here(b, d);
	struct log_options options = {0};
	struct conf_log_file *file;
	if (logs == NULL)
		return false;
	if (strcmp(node->args[0], "off") == 0) {
		logs->is_off = true;
		return node->arg_count == 1 ||
		       ngx_fail(b, node, "invalid parameter \"%s\"", node->args[1]);
	}
	struct conf_web_log *log = ngx_push(b, logs);
	if (log == NULL || !read_path(b, node, formats, log, &file))
		return false;
	const char *name = node->arg_count > 1 ? node->args[1] : "combined";
	log->format = find_format(formats, name);
	if (log->format == NULL)
		return ngx_fail(b, node, "unknown log format \"%s\"", name);
	for (uint32_t i = 2; i < node->arg_count; i++)
		if (!read_option(b, node, node->args[i], log, &options))
			return false;
	return set_buffer(b, node, file, &options);
}

/* -- the rest -- */

static bool set_file_cache(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t n;
	for (uint32_t i = 0; i < node->arg_count; i++) {
		const char *word = node->args[i];
		bool is_good = (strncmp(word, "max=", 4) == 0 &&
				       ngx_parse_number(word + 4, UINT32_MAX, &n) && n != 0) ||
			       (strncmp(word, "inactive=", 9) == 0 &&
				       ngx_parse_seconds(word + 9, &n)) ||
			       (strncmp(word, "min_uses=", 9) == 0 &&
				       ngx_parse_number(word + 9, UINT32_MAX, &n) && n != 0) ||
			       (strncmp(word, "valid=", 6) == 0 &&
				       ngx_parse_seconds(word + 6, &n)) ||
			       strcmp(word, "off") == 0;
		if (!is_good)
			return ngx_fail(
				b, node, "invalid \"open_log_file_cache\" parameter \"%s\"", word);
	}
	return ngx_accept(b, node, d);
}

/* Without any access_log there is one all the same. */
static bool finish_loc(struct ngx_build *b, struct ngx_scope *scope)
{
	if (scope->loc->logs != NULL || scope != b->http)
		return true;
	struct conf_log_formats *formats = own(b);
	struct conf_loc_logs *logs = arena_zero(b->arena, sizeof(*logs));
	if (formats == NULL)
		return false;
	struct conf_web_log *log = logs == NULL ? NULL : ngx_push(b, logs);
	if (log == NULL)
		return ngx_no_memory(b);
	struct conf_log_file *file = find_file(b, formats, DEFAULT_PATH);
	if (file == NULL)
		return false;
	file->is_default = true;
	log->file = file;
	log->format = formats->formats[0];
	scope->loc->logs = logs;
	return true;
}

static bool finish_http(struct ngx_build *b)
{
	b->web->formats = own(b);
	return b->web->formats != NULL;
}

static const struct ngx_directive directives[] = {
	{"log_format", NGX_HTTP, NGX_2MORE, set_log_format},
	{"access_log", NGX_HTTP_LEVELS_IF | NGX_LIMIT_EXCEPT, NGX_1MORE, set_access_log,
		/* The field is a pointer. NOLINTNEXTLINE(bugprone-sizeof-expression) */
		NGX_LOC(logs)},
	{"open_log_file_cache", NGX_HTTP_LEVELS, BIT(1) | BIT(2) | BIT(3) | BIT(4), set_file_cache,
		.note = "a file whose name has variables is opened for each line"},
};

const struct ngx_area ngx_area_log = {.directives = directives,
	.count = COUNT_OF(directives),
	.finish_loc = finish_loc,
	.finish_http = finish_http};
