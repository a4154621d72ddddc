/*
 * conf/process.h - what nginx's main and events levels say: about the process, not about requests.
 *
 * struct conf has what both languages can say (daemon, pid_file, user, limits); here is the rest.
 */
#ifndef CONF_PROCESS_H
#define CONF_PROCESS_H

#include "base/log.h"

/* All error_log of one level; the inner level's replace the outer one's. */
struct conf_error_logs {
	struct log_target *items;
	uint32_t count, room;
};

struct conf_process {
	const char *group;            /* user's second argument; NULL: the user's own */
	uint64_t descriptors;         /* worker_rlimit_nofile; 0: as many as we may have */
	uint64_t shutdown_timeout_ms; /* worker_shutdown_timeout; 0: none */
	const char *working_folder;   /* working_directory; NULL: none given */
	/* At least one: without error_log, or at its place on the command line (-e), at level
	 * error. */
	struct conf_error_logs error_logs;
	/* All paths of error_log, each once, the main ones' included. */
	const char **error_log_paths;
	uint32_t error_log_path_count;
	/* Folders of temporary files that somebody named, each once. They are made at the start. */
	const char **temp_folders;
	uint32_t temp_folder_count;
};

#endif
