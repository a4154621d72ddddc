/*
 * comfy/journal_hand.c - starting the child, handing batches to it, hearing what it has written.
 */
#include "base/clock.h"
#include "base/log.h"
#include "comfy/journal_parts.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEND_QUOTA (1u << 20) /* in one go */
#define BACKOFF_MS 100        /* the first time, */
#define BACKOFF_LONG_MS 2000  /* and while it goes on */
#define DEATHS_MOST 3         /* without a commit, and nobody is kept waiting */
#define STOP_TRIES 3          /* children that may fail on what is left */

/* -- what it says -- */

static void take_ack(struct journal *journal, const struct journal_ack *ack)
{
	char text[sizeof(ack->text) + 1] = "";
	if (ack->error == 0) {
		journal_set_done(journal, ack->mark);
		return;
	}
	memcpy(text, ack->text, sizeof(ack->text));
	journal_set_failing(journal, text);
}

/* False: it has ended. */
static bool read_acks(struct journal *journal)
{
	for (;;) {
		size_t room = sizeof(journal->partial) - journal->partial_bytes;
		ssize_t n = read(
			journal->fd, journal->partial.bytes + journal->partial_bytes, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (n <= 0)
			return false;
		journal->partial_bytes += (size_t)n;
		if (journal->partial_bytes == sizeof(journal->partial)) {
			journal->partial_bytes = 0;
			take_ack(journal, &journal->partial.ack);
		}
	}
}

/* -- handing over -- */

/* Octets that the socket took; 0: it takes no more now, or there is nothing. */
static size_t send_once(struct journal *journal)
{
	struct batch *batch = journal->next;
	ssize_t n = -1;
	if (batch == NULL || journal->fd < 0)
		return 0;
	do
		n = send(journal->fd, batch->frames.p + journal->sent,
			min_size(batch->frames.n - journal->sent, SEND_QUOTA), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 0; /* that the child has ended is seen by reading */
	journal->sent += (size_t)n;
	if (journal->sent < batch->frames.n)
		return (size_t)n;
	journal->sent = 0;
	journal->next = NULL;
	if (batch->node.next != &journal->batches) {
		struct batch *following = list_first(&batch->node, struct batch, node);
		if (!journal->is_open || following->mark != journal->last_mark)
			journal->next = following;
	}
	return (size_t)n;
}

void journal_send(struct journal *journal)
{
	size_t sent = 0;
	while (sent < SEND_QUOTA) {
		size_t n = send_once(journal);
		if (n == 0)
			return;
		sent += n;
	}
	next_turn_add(&journal->more);
}

/* -- the child -- */

/* Its end of the socket is closed: it has ended, or does so now. What it had not committed is to be
 * sent again. */
static void bury_child(struct journal *journal)
{
	if (journal->event != NULL)
		event_free(journal->event);
	if (journal->fd >= 0)
		(void)close(journal->fd);
	while (journal->child > 0 && waitpid(journal->child, NULL, 0) < 0 && errno == EINTR)
		;
	journal->event = NULL;
	journal->fd = -1;
	journal->child = 0;
	journal->partial_bytes = 0;
	journal->sent = 0;
	journal->next = NULL;
	if (!list_is_empty(&journal->batches))
		journal->next = list_first(&journal->batches, struct batch, node);
	if (journal->is_open && journal->next != NULL && journal->next->mark == journal->last_mark)
		journal->next = NULL;
}

static void child_ended(struct journal *journal)
{
	bury_child(journal);
	journal->stats.restarts++;
	if (++journal->deaths >= DEATHS_MOST)
		journal_set_failing(journal, "its process ends again and again");
	if (!journal->is_failing)
		log_warn("journal_restarts", "path=%s why=\"its process ended\"",
			LOG_QUOTE(journal->path));
	deadline_set(&journal->restart, journal->is_failing ? BACKOFF_LONG_MS : BACKOFF_MS);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct journal *journal = arg;
	(void)fd;
	(void)what;
	clock_tick();
	if (!read_acks(journal))
		child_ended(journal);
	else
		journal_send(journal);
}

int journal_start_child(struct journal *journal)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -errno;
	journal->fd = ends[0];
	int rc = evutil_make_socket_nonblocking(ends[0]) == 0 ? 0 : -EIO;
	if (rc == 0) {
		journal->event = event_new(loop_base(), ends[0],
			EV_READ | EV_WRITE | EV_ET | EV_PERSIST, on_event, journal);
		rc = journal->event != NULL && event_add(journal->event, NULL) == 0 ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		journal->child = fork();
		if (journal->child == 0)
			journal_child_run(journal->path, ends[1]);
		rc = journal->child > 0 ? 0 : -errno;
	}
	(void)close(ends[1]);
	if (rc != 0) {
		journal->child = 0;
		bury_child(journal);
	}
	return rc;
}

void journal_on_restart(struct deadline *self)
{
	struct journal *journal = CONTAINER_OF(self, struct journal, restart);
	int rc = journal_start_child(journal);
	if (rc == 0) {
		journal_send(journal);
		return;
	}
	journal_set_failing(journal, strerrordesc_np(-rc));
	deadline_set(&journal->restart, journal->is_failing ? BACKOFF_LONG_MS : BACKOFF_MS);
}

/* -- the end -- */

/* Sends and reads until the child has ended. */
static void drain(struct journal *journal)
{
	bool is_told = false;
	for (;;) {
		while (send_once(journal) != 0)
			;
		if (journal->next == NULL && !is_told) {
			(void)shutdown(journal->fd, SHUT_WR);
			is_told = true;
		}
		struct pollfd pollfd = {.fd = journal->fd,
			.events = (short)(POLLIN | (journal->next != NULL ? POLLOUT : 0))};
		if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
			return;
		if (!read_acks(journal))
			return;
	}
}

void journal_drain(struct journal *journal)
{
	for (int tries = 0; tries < STOP_TRIES; tries++) {
		if (journal->fd < 0 &&
			(list_is_empty(&journal->batches) || journal_start_child(journal) != 0))
			return;
		drain(journal);
		bury_child(journal);
	}
}
