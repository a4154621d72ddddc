#include "conf/nginx/error_log.h"

/* nginx's parts of its debug log; here they are all of it. */
static const char *const debug_words[] = {"debug_core", "debug_alloc", "debug_mutex", "debug_event",
	"debug_http", "debug_mail", "debug_stream"};

static bool is_debug_part(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(debug_words); i++) {
		if (strcmp(word, debug_words[i]) == 0)
			return true;
	}
	return false;
}

static bool find_level(struct ngx_build *b, const struct ngx_node *node, enum log_level *ret)
{
	bool has_level = false, has_parts = false;
	*ret = LOG_ERROR;
	for (uint32_t i = 1; i < node->arg_count; i++) {
		const char *word = node->args[i];
		enum log_level level;
		if (log_level_find(word, &level)) {
			if (has_level || has_parts)
				return ngx_fail(b, node, "duplicate log level \"%s\"", word);
			*ret = level;
			has_level = true;
		} else if (is_debug_part(word) && !has_level) {
			*ret = LOG_DEBUG;
			has_parts = true;
		} else {
			return ngx_fail(b, node, "invalid log level \"%s\"", word);
		}
	}
	return true;
}

/* A file's path, or what stands for something else. NULL: told. */
static const char *find_path(struct ngx_build *b, const struct ngx_node *node)
{
	const char *path = node->args[0];
	if (strcmp(path, "stderr") == 0)
		return path;
	if (strncmp(path, "memory:", 7) == 0) {
		(void)ngx_fail(b, node, "there is no log in memory, as \"%s\" wants it", path);
		return NULL;
	}
	if (strncmp(path, "syslog:", 7) == 0) {
		(void)ngx_fail(b, node, "there is no log to syslog, as \"%s\" wants it", path);
		return NULL;
	}
	return ngx_path(b, path);
}

bool ngx_add_error_log(
	struct ngx_build *b, const struct ngx_node *node, struct conf_error_logs *logs)
{
	const char *path = find_path(b, node);
	enum log_level level;
	if (path == NULL || !find_level(b, node, &level))
		return false;
	struct log_target *log = ngx_push(b, logs);
	if (log == NULL)
		return false;
	*log = (struct log_target){.path = path, .level = level};
	return true;
}

bool ngx_default_error_log(struct ngx_build *b, struct conf_error_logs *logs)
{
	const char *path = b->rules == NULL ? NULL : b->rules->error_log;
	struct log_target *log = ngx_push(b, logs);
	if (log == NULL)
		return false;
	*log = (struct log_target){.path = "stderr", .level = LOG_ERROR};
	if (path != NULL)
		log->path = strcmp(path, "stderr") == 0 ? "stderr" : ngx_path(b, path);
	return log->path != NULL;
}

struct path_list {
	const char **items;
	uint32_t count, room;
};

static bool add_path(struct ngx_build *b, struct path_list *paths, const char *path)
{
	for (uint32_t i = 0; i < paths->count; i++)
		if (strcmp(paths->items[i], path) == 0)
			return true;
	const char **item = ngx_push(b, paths);
	if (item == NULL)
		return false;
	*item = path;
	return true;
}

static bool add_logs(
	struct ngx_build *b, struct path_list *paths, const struct conf_error_logs *logs)
{
	for (uint32_t i = 0; i < logs->count; i++)
		if (!add_path(b, paths, logs->items[i].path))
			return false;
	return true;
}

/* Everybody's is there. */
static bool add_folder(
	struct ngx_build *b, struct path_list *paths, const struct conf_temp_path *folder)
{
	return folder->path == NULL || strcmp(folder->path, CONF_TEMP_FOLDER) == 0 ||
	       add_path(b, paths, folder->path);
}

/* What a scope took over from outside is in the lists already. */
static bool add_scopes(struct ngx_build *b, struct path_list *logs, struct path_list *folders,
	const struct ngx_scope *scope)
{
	const struct conf_loc *loc = scope->loc;
	if (loc != NULL && loc->error_logs != NULL && !add_logs(b, logs, loc->error_logs))
		return false;
	if (loc != NULL && (!add_folder(b, folders, &loc->proxy.temp_path) ||
				   !add_folder(b, folders, &loc->client_body_temp_path)))
		return false;
	for (const struct ngx_scope *inner = scope->first; inner != NULL; inner = inner->next)
		if (!add_scopes(b, logs, folders, inner))
			return false;
	return true;
}

bool ngx_list_paths(struct ngx_build *b, struct conf_process *process)
{
	struct path_list logs = {NULL, 0, 0}, folders = {NULL, 0, 0};
	if (!add_logs(b, &logs, &process->error_logs) ||
		(b->http != NULL && !add_scopes(b, &logs, &folders, b->http)))
		return false;
	process->error_log_paths = logs.items;
	process->error_log_path_count = logs.count;
	process->temp_folders = folders.items;
	process->temp_folder_count = folders.count;
	return true;
}
