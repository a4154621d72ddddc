/*
 * conf/resolve.c - host names to addresses, at once or beside the loop.
 *
 *   parent                              child
 *   conf_resolve_start --- fork ------> getaddrinfo, one name after the other
 *   on_readable <--- pipe, one struct conf_answer each ---'
 *   end of the pipe: waitpid, addresses into the tree, on_done
 */
#include "base/clock.h"
#include "conf/lookup.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_SECONDS 30 /* for all names together; then SIGALRM ends the child */

struct conf_resolving {
	struct conf *conf;              /* borrowed: the caller keeps it until on_done */
	struct conf_problems *problems; /* borrowed: likewise */
	struct conf_lookups lookups;
	void (*on_done)(bool is_ok, void *arg);
	void *arg;
	struct event *event; /* owned */
	int fd;              /* owned: the pipe's end to read; -1 when there was nothing to ask */
	pid_t child;         /* 0: none */
	union {
		struct conf_answer answer;
		char bytes[sizeof(struct conf_answer)];
	} partial;
	size_t partial_bytes;
};

bool conf_resolve(struct conf *conf, struct conf_problems *problems)
{
	struct conf_lookups lookups;
	struct conf_answer answer;
	bool is_ok = conf_lookups_init(&lookups, conf);
	if (is_ok) {
		for (uint32_t i = 0; i < lookups.count; i++) {
			conf_look_up(&lookups.list[i], &answer);
			conf_lookups_take(&lookups, &answer);
		}
		is_ok = conf_lookups_apply(&lookups, conf, problems);
	} else {
		conf_problem_add(problems, conf->file, 0, "out of memory");
	}
	conf_lookups_finish(&lookups);
	return is_ok;
}

static void destroy(struct conf_resolving *resolving)
{
	if (resolving->event != NULL)
		event_free(resolving->event);
	if (resolving->fd >= 0)
		(void)close(resolving->fd);
	/* It has ended or was killed: this does not wait for more than its burial. */
	while (resolving->child > 0 && waitpid(resolving->child, NULL, 0) < 0 && errno == EINTR)
		;
	conf_lookups_finish(&resolving->lookups);
	free(resolving);
}

/* Nothing of the parent's may outlive it here: no handler, no listening socket. */
static void shed_parent(int fd)
{
	sigset_t none;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
	if (fd > 3)
		(void)close_range(3, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, UINT_MAX, 0);
}

NORETURN static void run_child(const struct conf_lookups *lookups, int fd)
{
	shed_parent(fd);
	(void)alarm(CHILD_SECONDS);
	for (uint32_t i = 0; i < lookups->count; i++) {
		struct conf_answer answer;
		size_t done = 0;
		conf_look_up(&lookups->list[i], &answer);
		while (done < sizeof(answer)) {
			ssize_t n = write(fd, (const char *)&answer + done, sizeof(answer) - done);
			if (n < 0 && errno != EINTR)
				_exit(1);
			done += n < 0 ? 0 : (size_t)n;
		}
	}
	_exit(0);
}

static void finish(struct conf_resolving *resolving)
{
	bool is_ok = conf_lookups_apply(&resolving->lookups, resolving->conf, resolving->problems);
	void (*on_done)(bool is_ok, void *arg) = resolving->on_done;
	void *arg = resolving->arg;
	destroy(resolving);
	on_done(is_ok, arg);
}

static void on_nothing_to_ask(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	clock_tick();
	finish(arg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conf_resolving *resolving = arg;
	(void)what;
	clock_tick();
	for (;;) {
		size_t room = sizeof(resolving->partial) - resolving->partial_bytes;
		ssize_t n = read(fd, resolving->partial.bytes + resolving->partial_bytes, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0)
			break;
		resolving->partial_bytes += (size_t)n;
		if (resolving->partial_bytes == sizeof(resolving->partial)) {
			conf_lookups_take(&resolving->lookups, &resolving->partial.answer);
			resolving->partial_bytes = 0;
		}
	}
	finish(resolving);
}

/* False: no descriptor, no process. */
static bool start_child(struct conf_resolving *resolving)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	resolving->fd = ends[0];
	bool is_ok = fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
	if (is_ok) {
		resolving->child = fork();
		if (resolving->child == 0)
			run_child(&resolving->lookups, ends[1]);
		is_ok = resolving->child > 0;
	}
	(void)close(ends[1]);
	return is_ok;
}

struct conf_resolving *conf_resolve_start(struct conf *conf, struct conf_problems *problems,
	struct event_base *base, void (*on_done)(bool is_ok, void *arg), void *arg)
{
	struct conf_resolving *resolving = calloc(1, sizeof(*resolving));
	if (resolving == NULL)
		return NULL;
	resolving->conf = conf;
	resolving->problems = problems;
	resolving->on_done = on_done;
	resolving->arg = arg;
	resolving->fd = -1;
	bool is_ok = conf_lookups_init(&resolving->lookups, conf);
	if (is_ok && resolving->lookups.count == 0) {
		static const struct timeval at_once = {0, 0};
		resolving->event = evtimer_new(base, on_nothing_to_ask, resolving);
		is_ok = resolving->event != NULL && evtimer_add(resolving->event, &at_once) == 0;
	} else if (is_ok) {
		is_ok = start_child(resolving);
		resolving->event = !is_ok ? NULL
					  : event_new(base, resolving->fd, EV_READ | EV_PERSIST,
						    on_readable, resolving);
		is_ok = resolving->event != NULL && event_add(resolving->event, NULL) == 0;
	}
	if (!is_ok) {
		conf_resolve_cancel(resolving);
		return NULL;
	}
	return resolving;
}

void conf_resolve_cancel(struct conf_resolving *resolving)
{
	if (resolving == NULL)
		return;
	if (resolving->child > 0)
		(void)kill(resolving->child, SIGKILL);
	destroy(resolving);
}
