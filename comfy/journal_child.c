/*
 * comfy/journal_child.c - the process that writes the journal.
 *
 *   read --> frames --> BEGIN, put, forget ... COMMIT --> ack --> read
 *                        '-- several batches that are there already: one transaction
 *
 * It may block as long as the disk wants. It outlives the proxy, however that ends, until it has
 * written what it was handed over. What goes wrong it says in an ack and ends: the proxy starts
 * another and hands over again what was not written.
 */
#include "comfy/journal_db.h"
#include "comfy/journal_wire.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LOCK_MS 5000 /* a writer before us may still be at work */
#define READ_BYTES (256u << 10)
#define KEEP_BYTES (4u << 20)
/* Batches are joined until one of these is reached. */
#define JOIN_MARKS 64
#define JOIN_BYTES (8u << 20)

struct child {
	struct journal_db *db;
	int fd;
	char *buf; /* owned: octets from `at` to `n` are not dealt with */
	size_t at, n, room;
	bool is_in_transaction, is_full;
	uint64_t mark; /* of the last batch in the transaction */
	uint32_t marks;
	size_t bytes;
};

NORETURN static void give_up(struct child *child, int error, const struct err *err)
{
	struct journal_ack ack = {.mark = child->mark, .error = error};
	(void)snprintf(ack.text, sizeof(ack.text), "%.*s", (int)sizeof(ack.text) - 1, err->text);
	/* Whether it arrives or not: that we end says it, too. */
	(void)!write(child->fd, &ack, sizeof(ack));
	journal_db_close(child->db);
	_exit(1);
}

static void check(struct child *child, int rc, const struct err *err)
{
	if (rc != 0)
		give_up(child, rc, err);
}

/* A proxy that has gone is no reason to stop. */
static void tell(struct child *child)
{
	struct journal_ack ack = {.mark = child->mark};
	size_t done = 0;
	while (done < sizeof(ack)) {
		ssize_t n = write(child->fd, (const char *)&ack + done, sizeof(ack) - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

static void commit(struct child *child)
{
	struct err err;
	if (child->is_in_transaction)
		check(child, journal_db_commit(child->db, &err), &err);
	child->is_in_transaction = false;
	if (child->marks != 0)
		tell(child);
	child->marks = 0;
	child->bytes = 0;
}

static void begin(struct child *child, bool is_full)
{
	struct err err;
	if (child->is_in_transaction && child->is_full == is_full)
		return;
	commit(child);
	if (child->is_full != is_full)
		check(child, journal_db_set_full(child->db, is_full, &err), &err);
	child->is_full = is_full;
	check(child, journal_db_begin(child->db, &err), &err);
	child->is_in_transaction = true;
}

static void take(struct child *child, const struct journal_head *head, struct slice rest)
{
	struct journal_job job;
	struct err err = {.text = "a frame that is none"};
	child->bytes += rest.n;
	switch (head->type) {
	case JOURNAL_PUT:
		begin(child, head->is_full != 0);
		check(child, journal_read_put(rest, &job) ? 0 : -EPROTO, &err);
		check(child, journal_db_put(child->db, &job, &err), &err);
		break;
	case JOURNAL_FORGET:
		begin(child, head->is_full != 0);
		check(child, journal_db_forget(child->db, rest, &err), &err);
		break;
	case JOURNAL_MARK:
		child->mark = head->mark;
		child->marks++;
		break;
	default:
		give_up(child, -EPROTO, &err);
	}
}

static bool has_more(const struct child *child)
{
	struct pollfd pollfd = {.fd = child->fd, .events = POLLIN};
	return child->at != child->n || poll(&pollfd, 1, 0) > 0;
}

/* Every frame that is whole. */
static void take_frames(struct child *child)
{
	struct journal_head head;
	struct slice rest;
	for (;;) {
		size_t n = journal_read_frame(
			(struct slice){child->buf + child->at, child->n - child->at}, &head, &rest);
		if (n == 0)
			return;
		take(child, &head, rest);
		child->at += n;
		if (child->marks != 0 && head.type == JOURNAL_MARK &&
			(child->marks >= JOIN_MARKS || child->bytes >= JOIN_BYTES ||
				!has_more(child)))
			commit(child);
	}
}

/* Room for the rest of the frame that has begun, and for some more. */
static void make_room(struct child *child)
{
	struct journal_head head;
	size_t wanted = READ_BYTES;
	child->n -= child->at;
	if (child->n != 0)
		memmove(child->buf, child->buf + child->at, child->n);
	child->at = 0;
	if (child->n >= sizeof(head)) {
		memcpy(&head, child->buf, sizeof(head));
		wanted += sizeof(head) + (size_t)head.n;
	}
	if (wanted <= child->room && (child->room <= KEEP_BYTES || wanted > READ_BYTES))
		return;
	char *buf = realloc(child->buf, wanted);
	if (buf == NULL)
		give_up(child, -ENOMEM, &(struct err){.text = "out of memory"});
	child->buf = buf;
	child->room = wanted;
}

static void shed_parent(int fd)
{
	static const int ignored[] = {
		SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ};
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	for (size_t i = 0; i < COUNT_OF(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
	if (fd > 3)
		(void)close_range(3, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, UINT_MAX, 0);
	(void)prctl(PR_SET_NAME, "comfymux-jrnl");
}

void journal_child_run(const char *path, int fd)
{
	struct child child = {.fd = fd};
	struct err err = {.text = ""};
	shed_parent(fd);
	/* Held until we end. */
	int lock = journal_lock(path, LOCK_MS);
	if (lock < 0)
		(void)snprintf(
			err.text, sizeof(err.text), "%s.lock: %s", path, strerrordesc_np(-lock));
	check(&child, lock < 0 ? lock : 0, &err);
	check(&child, journal_db_open(&child.db, path, &err), &err);
	check(&child, journal_db_set_full(child.db, false, &err), &err);
	for (;;) {
		make_room(&child);
		ssize_t n = read(fd, child.buf + child.n, child.room - child.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		child.n += (size_t)n;
		take_frames(&child);
	}
	/* Half a batch that a crash has left is still made of whole changes. */
	commit(&child);
	journal_db_close(child.db);
	_exit(0);
}
