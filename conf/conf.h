/*
 * conf/conf.h - from a file to a tree, with every problem named.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "conf/tree.h"

/* What is wrong with a file, all of it, in the order of the lines. */
struct conf_problem {
	struct conf_problem *next;
	const char *file; /* owned by the list's arena */
	unsigned line;    /* 0: the file as a whole */
	const char *text; /* "unknown key \"prot\", did you mean \"port\"?" */
};

struct conf_problems {
	struct arena arena;
	struct conf_problem *first;
	struct conf_problem *recent; /* the newest one: where the next is likely to go */
	uint32_t count;
	bool is_nginx;       /* it is an nginx.conf; then the first problem is the only one */
	bool is_read_to_end; /* of an nginx.conf: the language was right, the problem came after */
};

void conf_problems_init(struct conf_problems *problems);
void conf_problems_finish(struct conf_problems *problems);
/* Keeps the list sorted by file and line. When memory is out the count still rises. */
void conf_problem_add(struct conf_problems *problems, const char *file, unsigned line,
	const char *format, ...) PRINTF_LIKE(4, 5);

/* What the reader cannot know by itself. */
struct conf_rules {
	bool (*is_strategy)(const char *name); /* NULL: any name passes */
	const char *strategies;  /* "least_loaded, least_conn, ...", for the message */
	const char *prefix;      /* relative paths start here; NULL: the file's own folder */
	const char *globals;     /* directives in front of an nginx.conf (-g); NULL: none */
	const char *error_log;   /* what an nginx.conf without error_log has (-e); NULL: stderr */
	bool is_nginx_if_unread; /* a file that cannot be read is told of in nginx's words */
};

/*
 * Reads and judges a libconfig file. NULL when there are problems (at least one is then in
 * *problems). Certificate files are looked for, not read. Host names are not looked up:
 * conf_resolve or conf_resolve_start does that.
 */
struct conf *conf_read(const char *path, const struct conf_rules *rules,
	struct conf_problems *problems) MUST_CHECK;
/* The same, a part in each call, for who must not be kept long: a thousand workers take
 * milliseconds. `rules` and *problems must live until the end. NULL: no memory. */
struct conf_reading;
struct conf_reading *conf_reading_start(const char *path, const struct conf_rules *rules,
	struct conf_problems *problems) MUST_CHECK;
/* False when there is nothing left to do. */
bool conf_reading_step(struct conf_reading *reading) MUST_CHECK;
/* The tree, or NULL when there are problems or it is given up before its end. Frees the reading;
 * takes NULL. */
struct conf *conf_reading_finish(struct conf_reading *reading) MUST_CHECK;
/* The same from memory; `name` stands for the file in messages. */
struct conf *conf_read_text(const char *text, size_t n, const char *name,
	const struct conf_rules *rules, struct conf_problems *problems) MUST_CHECK;

/* Looks up every host that is a name, one after the other; may block for seconds: for start and -t.
 */
bool conf_resolve(struct conf *conf, struct conf_problems *problems) MUST_CHECK;

/* The same without blocking: a child process looks the names up and writes what it found to a pipe
 * on `base`'s loop. Calls on_done exactly once, never from inside this call; without names in the
 * tree it is called on the next turn. NULL: no memory, no process. conf and problems must live
 * until on_done or conf_resolve_cancel. */
struct event_base;
struct conf_resolving;
struct conf_resolving *conf_resolve_start(struct conf *conf, struct conf_problems *problems,
	struct event_base *base, void (*on_done)(bool is_ok, void *arg), void *arg) MUST_CHECK;
/* Ends the child, forgets the callback. Takes NULL. Not after on_done. */
void conf_resolve_cancel(struct conf_resolving *resolving);

/* The effective configuration as JSON, defaults included, keys as in the file; secrets are never in
 * it (key file paths are shown as they are no secrets, their contents are not). Ends in a newline.
 * Caller frees. NULL: no memory. */
char *conf_dump(const struct conf *conf) MUST_CHECK;

/* What a reload changes, one line each: "pool gpu: worker a: new", "listen 1.2.3.4:80: dropped".
 * Keys that only a restart can change (daemon, pid_file, user, admin.listen) are told with
 * needs_restart. */
enum conf_change { CONF_NEW, CONF_DROPPED, CONF_CHANGED, CONF_NEEDS_RESTART };
void conf_diff(const struct conf *old, const struct conf *now,
	void (*tell)(enum conf_change change, const char *what, void *arg), void *arg);

#endif
