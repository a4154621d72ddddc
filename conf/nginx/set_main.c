/*
 * conf/nginx/set_main.c - the main level and events { }: the process, not its requests.
 */
#include "base/privileges.h"
#include "conf/nginx/areas.h"
#include "conf/nginx/error_log.h"
#include "conf/process.h"

#include <sched.h>
#include <unistd.h>

#define PID_FILE "/run/nginx.pid"
#define CONNECTIONS 512
#define FOREVER_MS (UINT64_C(10) * 365 * 86400 * 1000)

/* What is read, until finish_main makes the tree's of it; the build's main_own. */
struct ngx_main {
	struct conf_process process;
	uint32_t given; /* bits: directives that may be said once (enum once) */
	uint64_t processes, connections;
	bool daemon, flag;
	uint64_t ignored;
};

enum once {
	ONCE_DAEMON,
	ONCE_MASTER,
	ONCE_PID,
	ONCE_USER,
	ONCE_PROCESSES,
	ONCE_CONNECTIONS,
	ONCE_DESCRIPTORS,
	ONCE_CORE,
	ONCE_SHUTDOWN,
	ONCE_FOLDER,
	ONCE_TIMER,
	ONCE_LOCK,
	ONCE_PRIORITY,
	ONCE_AFFINITY,
	ONCE_DEBUG_POINTS,
	ONCE_JIT,
	ONCE_USE,
	ONCE_MULTI,
	ONCE_MUTEX,
	ONCE_MUTEX_DELAY,
	ONCE_AIO,
	ONCE_EPOLL,
};

static struct ngx_main *own(struct ngx_build *b)
{
	if (b->main_own == NULL) {
		struct ngx_main *made = arena_zero(b->arena, sizeof(*made));
		if (made == NULL) {
			(void)ngx_no_memory(b);
			return NULL;
		}
		made->processes = 1;
		made->connections = CONNECTIONS;
		made->daemon = true;
		b->main_own = made;
	}
	return b->main_own;
}

/* What a row's `extra` points at: which directive it is, and the field of struct ngx_main. */
struct once_row {
	enum once once;
	size_t at;
};
#define ROW(once, field)                                                                           \
	.extra = &(const struct once_row)                                                          \
	{                                                                                          \
		once, offsetof(struct ngx_main, field)                                             \
	}

/* The field, the first time. NULL: told. */
static void *field(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const struct once_row *row = d->extra;
	struct ngx_main *main = own(b);
	if (main == NULL)
		return NULL;
	if (main->given & BIT(row->once)) {
		(void)ngx_wrong(b, node, "is duplicate");
		return NULL;
	}
	main->given |= BIT(row->once);
	return (char *)main + row->at;
}

static void tell_note(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (d->note != NULL)
		ngx_warn(b, node, "\"%s\": %s", node->name, d->note);
}

static bool set_flag(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	bool *to = field(b, node, d);
	if (to == NULL)
		return false;
	*to = strcasecmp(node->args[0], "on") == 0;
	if (!*to && strcasecmp(node->args[0], "off") != 0)
		return ngx_fail(b, node,
			"invalid value \"%s\" in \"%s\" directive, it must be \"on\" or \"off\"",
			node->args[0], node->name);
	tell_note(b, node, d);
	return true;
}

static bool set_number(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t *to = field(b, node, d);
	if (to == NULL)
		return false;
	if (!ngx_parse_number(node->args[0], INT64_MAX, to))
		return ngx_wrong(b, node, "invalid number");
	tell_note(b, node, d);
	return true;
}

static bool set_size(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t *to = field(b, node, d);
	if (to == NULL)
		return false;
	if (!ngx_parse_offset(node->args[0], to))
		return ngx_wrong(b, node, "invalid value");
	tell_note(b, node, d);
	return true;
}

static bool set_ms(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t *to = field(b, node, d);
	if (to == NULL)
		return false;
	if (!ngx_parse_ms(node->args[0], to))
		return ngx_wrong(b, node, "invalid value");
	tell_note(b, node, d);
	return true;
}

static bool accept_once(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (field(b, node, d) == NULL)
		return false;
	tell_note(b, node, d);
	return true;
}

static bool set_priority(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t n;
	const char *digits = node->args[0];
	if (field(b, node, d) == NULL)
		return false;
	if (*digits == '-' || *digits == '+')
		digits++;
	if (!ngx_parse_number(digits, INT32_MAX, &n))
		return ngx_wrong(b, node, "invalid number");
	tell_note(b, node, d);
	return true;
}

static bool set_processes(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t *to = field(b, node, d);
	if (to == NULL)
		return false;
	if (strcmp(node->args[0], "auto") == 0) {
		cpu_set_t set;
		*to = 1;
		if (sched_getaffinity(0, sizeof(set), &set) == 0)
			*to = (uint64_t)CPU_COUNT(&set);
	} else if (!ngx_parse_number(node->args[0], INT64_MAX, to)) {
		return ngx_wrong(b, node, "invalid value");
	}
	if (*to != 1)
		tell_note(b, node, d);
	return true;
}

static bool set_connections(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t *to = field(b, node, d);
	if (to == NULL)
		return false;
	return ngx_parse_number(node->args[0], INT64_MAX, to) ||
	       ngx_fail(b, node, "invalid number \"%s\"", node->args[0]);
}

static bool set_use(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (field(b, node, d) == NULL)
		return false;
	return strcmp(node->args[0], "epoll") == 0 ||
	       ngx_fail(b, node, "invalid event type \"%s\"", node->args[0]);
}

static bool set_debug_points(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (field(b, node, d) == NULL)
		return false;
	if (strcmp(node->args[0], "stop") != 0 && strcmp(node->args[0], "abort") != 0)
		return ngx_fail(b, node, "invalid value \"%s\"", node->args[0]);
	tell_note(b, node, d);
	return true;
}

/* A path behind the prefix. */
static const char *set_path(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return field(b, node, d) == NULL ? NULL : ngx_path(b, node->args[0]);
}

static bool set_pid(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const char *path = set_path(b, node, d);
	b->conf->pid_file = path;
	return path != NULL;
}

static bool set_folder(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const char **to = field(b, node, d);
	if (to != NULL)
		*to = node->args[0];
	return to != NULL;
}

static bool set_user(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const char **to = field(b, node, d);
	if (to == NULL)
		return false;
	if (!privileges_was_root()) {
		ngx_warn(b, node,
			"the \"user\" directive makes sense only if the master process runs with "
			"super-user privileges, ignored");
		return true;
	}
	const char *group = node->args[node->arg_count - 1];
	struct privileges privileges;
	gid_t gid;
	if (privileges_find(&privileges, node->args[0], NULL) != 0)
		return ngx_fail(b, node, "getpwnam(\"%s\") failed", node->args[0]);
	if (privileges_find_group(&gid, group) != 0)
		return ngx_fail(b, node, "getgrnam(\"%s\") failed", group);
	b->conf->user = node->args[0];
	*to = group;
	return true;
}

static bool set_main_log(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	(void)d;
	struct ngx_main *main = own(b);
	return main != NULL && ngx_add_error_log(b, node, &main->process.error_logs);
}

static bool set_loc_log(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_error_logs *logs;
	bool is_first = !ngx_is_set(b, d);
	const struct conf_error_logs **to = ngx_field(b, d);
	if (is_first) {
		logs = arena_zero(b->arena, sizeof(*logs));
		if (logs == NULL)
			return ngx_no_memory(b);
		*to = logs;
	}
	logs = (struct conf_error_logs *)(uintptr_t)*to;
	return ngx_add_error_log(b, node, logs);
}

static const char here[] = "comfymux is one process and does not need it; ignored";

static const struct ngx_directive directives[] = {
	{"daemon", NGX_MAIN, NGX_FLAG, set_flag, ROW(ONCE_DAEMON, daemon)},
	{"master_process", NGX_MAIN, NGX_FLAG, set_flag, ROW(ONCE_MASTER, flag)},
	{"pid", NGX_MAIN, BIT(1), set_pid, ROW(ONCE_PID, flag)},
	{"user", NGX_MAIN, BIT(1) | BIT(2), set_user, ROW(ONCE_USER, process.group)},
	{"error_log", NGX_MAIN, NGX_1MORE, set_main_log},
	/* The field is a pointer. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	{"error_log", NGX_HTTP_LEVELS, NGX_1MORE, set_loc_log, NGX_LOC(error_logs)},
	{"working_directory", NGX_MAIN, BIT(1), set_folder,
		ROW(ONCE_FOLDER, process.working_folder)},
	{"worker_processes", NGX_MAIN, BIT(1), set_processes, ROW(ONCE_PROCESSES, processes),
		.note = "comfymux is one process, with the connections of all these"},
	{"worker_rlimit_nofile", NGX_MAIN, BIT(1), set_number,
		ROW(ONCE_DESCRIPTORS, process.descriptors)},
	{"worker_shutdown_timeout", NGX_MAIN, BIT(1), set_ms,
		ROW(ONCE_SHUTDOWN, process.shutdown_timeout_ms)},
	{"worker_rlimit_core", NGX_MAIN, BIT(1), set_size, ROW(ONCE_CORE, ignored),
		.note = "the limit stays as it is"},
	{"worker_priority", NGX_MAIN, BIT(1), set_priority, ROW(ONCE_PRIORITY, flag),
		.note = "the priority stays as it is"},
	{"worker_cpu_affinity", NGX_MAIN, NGX_1MORE, accept_once, ROW(ONCE_AFFINITY, flag),
		.note = here},
	{"timer_resolution", NGX_MAIN, BIT(1), set_ms, ROW(ONCE_TIMER, ignored), .note = here},
	{"lock_file", NGX_MAIN, BIT(1), accept_once, ROW(ONCE_LOCK, flag)},
	{"debug_points", NGX_MAIN, BIT(1), set_debug_points, ROW(ONCE_DEBUG_POINTS, flag),
		.note = "there are none"},
	{"env", NGX_MAIN, BIT(1), ngx_accept, .note = "the environment stays as it is"},
	{"load_module", NGX_MAIN, BIT(1), ngx_accept,
		.note = "comfymux cannot load nginx's modules; what they add is missing"},
	{"pcre_jit", NGX_MAIN, NGX_FLAG, set_flag, ROW(ONCE_JIT, flag)},
	{"thread_pool", NGX_MAIN, BIT(2) | BIT(3), ngx_accept, .note = "there are no threads"},
	/* events */
	{"worker_connections", NGX_EVENTS, BIT(1), set_connections,
		ROW(ONCE_CONNECTIONS, connections)},
	{"use", NGX_EVENTS, BIT(1), set_use, ROW(ONCE_USE, flag)},
	{"multi_accept", NGX_EVENTS, NGX_FLAG, set_flag, ROW(ONCE_MULTI, flag)},
	{"accept_mutex", NGX_EVENTS, NGX_FLAG, set_flag, ROW(ONCE_MUTEX, flag)},
	{"accept_mutex_delay", NGX_EVENTS, BIT(1), set_ms, ROW(ONCE_MUTEX_DELAY, ignored)},
	{"worker_aio_requests", NGX_EVENTS, BIT(1), set_number, ROW(ONCE_AIO, ignored)},
	{"epoll_events", NGX_EVENTS, BIT(1), set_number, ROW(ONCE_EPOLL, ignored)},
	{"debug_connection", NGX_EVENTS, BIT(1), ngx_accept,
		.note = "lines of level debug are for all connections alike"},
};

/* nginx wants one connection more than it has sockets to listen on. */
static bool check_connections(struct ngx_build *b, const struct ngx_main *main)
{
	uint64_t sockets = 0;
	const struct conf *conf = b->conf;
	for (uint32_t i = 0; i < conf->server_count; i++) {
		for (uint32_t k = 0; k < conf->servers[i].listen_count; k++) {
			const struct conf_listen *listen = &conf->servers[i].listens[k];
			bool is_known = false;
			for (uint32_t m = 0; m < i && !is_known; m++) {
				for (uint32_t n = 0; n < conf->servers[m].listen_count; n++)
					is_known = is_known ||
						   strcmp(conf->servers[m].listens[n].text,
							   listen->text) == 0;
			}
			sockets += !is_known;
		}
	}
	return main->connections > sockets ||
	       ngx_fail_bare(b, "%llu worker_connections are not enough for %llu listening sockets",
		       (unsigned long long)main->connections, (unsigned long long)sockets);
}

/* worker_processes 0 is nginx's way of not knowing better. */
static uint32_t connections_of(const struct ngx_main *main)
{
	uint64_t processes = main->processes == 0 ? 1 : main->processes;
	if (main->connections > UINT32_MAX / processes)
		return UINT32_MAX;
	return (uint32_t)(main->connections * processes);
}

static bool finish(struct ngx_build *b)
{
	struct ngx_main *main = own(b);
	struct conf *conf = b->conf;
	if (main == NULL || !check_connections(b, main))
		return false;
	if (main->process.error_logs.count == 0 &&
		!ngx_default_error_log(b, &main->process.error_logs))
		return false;
	if (!ngx_list_paths(b, &main->process))
		return false;
	conf->process = &main->process;
	conf->daemon = main->daemon;
	conf->error_log = main->process.error_logs.items[0].path;
	conf->error_level = main->process.error_logs.items[0].level;
	conf->limits.max_connections = connections_of(main);
	conf->timeouts.drain_ms = main->process.shutdown_timeout_ms != 0
					  ? main->process.shutdown_timeout_ms
					  : FOREVER_MS;
	if (!(main->given & BIT(ONCE_PID)))
		conf->pid_file = PID_FILE;
	return true;
}

const struct ngx_area ngx_area_main = {
	.directives = directives, .count = COUNT_OF(directives), .finish_main = finish};
