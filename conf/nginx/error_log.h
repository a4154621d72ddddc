/*
 * conf/nginx/error_log.h - what error_log says, at any level, and the paths of a whole file.
 */
#ifndef CONF_NGINX_ERROR_LOG_H
#define CONF_NGINX_ERROR_LOG_H

#include "conf/nginx/table.h"
#include "conf/process.h"

/* One more error_log of a level. False: told. */
bool ngx_add_error_log(
	struct ngx_build *b, const struct ngx_node *node, struct conf_error_logs *logs);
/* Where there was none at the main level. */
bool ngx_default_error_log(struct ngx_build *b, struct conf_error_logs *logs);
/* Fills error_log_paths and temp_folders: the process's own and those of all scopes in http. */
bool ngx_list_paths(struct ngx_build *b, struct conf_process *process);

#endif
