/*
 * proxy/flow_more.c - a flow with more than a source and a sink.
 *
 *   from --take--+-------------------------------+--> filter --> frame --> stash --write--> to
 *                '--> spill (memory, file) ------+                              ^      rate
 *   parts of a file -----------------------------'------------ sendfile --------'
 *
 * First what can be sent is sent; only when `to` takes nothing more, `from` is read into the spill.
 * While anything lies there all goes through it; once it is empty, flow.c takes over again, splice
 * included. A file goes out by sendfile(2) where nothing has to look at its octets: a run, in the
 * chunked coding between its size line and its CRLF.
 */
#include "proxy/flow_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/flow_splice.h"
#include "proxy/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>

/* A rate, and when it allows something again. */
struct pacer {
	struct rate rate;
	struct flow *flow; /* borrowed: it owns us */
	uint64_t until_us; /* nothing goes before; 0 while something may */
	uint64_t burst_at; /* octets that had gone when this burst began */
	struct deadline deadline;
};

/* Part of a file on its way to `to` without passing through us. */
struct file_run {
	int fd; /* borrowed */
	uint64_t at, left;
	bool is_spill; /* not a part of the body */
};

struct flow_more {
	struct spill spill;
	struct file_body body;
	uint32_t part;      /* the next one's index */
	uint64_t part_done; /* octets of it */
	struct file_run run;
	struct flow_filter *filter; /* owned, may be NULL */
	struct pacer out, in;
	uint64_t blocked_us;      /* since when `to` takes nothing; 0: it does */
	struct deadline patience; /* until the spill begins */
	uint64_t moved;           /* octets taken and sent here, for the quota */
	bool has_put;             /* a piece went behind the head */
	bool is_filter_done;      /* it was told the end */
	bool owes_flush;          /* the filter may have kept something that should come out */
	bool copies_runs;         /* sendfile cannot read that file */
	bool has_told_error;      /* of the spill */
};

static void on_due(struct deadline *deadline)
{
	struct pacer *pacer = CONTAINER_OF(deadline, struct pacer, deadline);
	struct sock *to = pacer->flow->to;
	to->step(to);
}

static void on_impatient(struct deadline *deadline)
{
	struct flow_more *more = CONTAINER_OF(deadline, struct flow_more, patience);
	struct sock *to = more->out.flow->to;
	to->step(to);
}

static struct flow_more *more_of(struct flow *flow)
{
	if (flow->more != NULL)
		return flow->more;
	struct flow_more *more = calloc(1, sizeof(*more));
	if (more == NULL)
		return NULL;
	more->out.flow = more->in.flow = flow;
	more->has_put = flow->payload != 0;
	deadline_init(&more->out.deadline, on_due);
	deadline_init(&more->in.deadline, on_due);
	deadline_init(&more->patience, on_impatient);
	spill_init(&more->spill, flow->spill);
	return flow->more = more;
}

void flow_more_finish(struct flow *flow)
{
	struct flow_more *more = flow->more;
	if (more == NULL)
		return;
	deadline_clear(&more->out.deadline);
	deadline_clear(&more->in.deadline);
	deadline_clear(&more->patience);
	spill_finish(&more->spill);
	if (more->filter != NULL)
		more->filter->destroy(more->filter);
	free(more);
	flow->more = NULL;
	flow->is_behind = flow->is_delayed = flow->keeps_open = false;
}

bool flow_set_filter(struct flow *flow, struct flow_filter *filter)
{
	struct flow_more *more = more_of(flow);
	if (more == NULL) {
		filter->destroy(filter);
		return false;
	}
	more->filter = filter;
	flow->keeps_open = true;
	return true;
}

bool flow_set_rate(struct flow *flow, const struct rate *rate)
{
	struct flow_more *more = rate->octets_s == 0 ? NULL : more_of(flow);
	if (more != NULL)
		more->out.rate = *rate;
	return more != NULL || rate->octets_s == 0;
}

bool flow_set_read_rate(struct flow *flow, const struct rate *rate)
{
	struct flow_more *more = rate->octets_s == 0 ? NULL : more_of(flow);
	if (more != NULL)
		more->in.rate = *rate;
	return more != NULL || rate->octets_s == 0;
}

/* -- rates -- */

static bool is_paused(struct pacer *pacer)
{
	if (pacer->until_us > clock_now_us)
		return true;
	pacer->until_us = 0;
	deadline_clear(&pacer->deadline);
	return false;
}

/* Octets that may go when `done` have gone; 0: it pauses from now on. */
static size_t paced(struct pacer *pacer, uint64_t done)
{
	uint64_t wait_ms = 0;
	if (pacer->rate.octets_s == 0)
		return SIZE_MAX;
	if (is_paused(pacer))
		return 0;
	uint64_t most = rate_allows(&pacer->rate, done, clock_now_us, &wait_ms);
	if (most != 0)
		return (size_t)min_u64(most, SIZE_MAX);
	uint64_t pause_ms = rate_pause_ms(&pacer->rate, pacer->burst_at, done);
	wait_ms = rate_round_ms(wait_ms > pause_ms ? wait_ms : pause_ms);
	pacer->burst_at = done;
	pacer->until_us = clock_now_us + wait_ms * 1000;
	deadline_set(&pacer->deadline, wait_ms);
	return 0;
}

/* -- what is still to come -- */

static bool has_parts(const struct flow_more *more)
{
	return more->part < more->body.count;
}

static bool is_behind(const struct flow_more *more)
{
	return more->run.left != 0 || has_parts(more) || !spill_is_empty(&more->spill);
}

/* No payload will come behind what was passed on. */
static bool is_exhausted(const struct flow *flow)
{
	return flow->is_taken && !is_behind(flow->more);
}

/* What is kept can no longer be read: nobody may take what went out for the whole. */
static enum flow_result lose(struct flow *flow, enum flow_result why)
{
	struct flow_more *more = flow->more;
	spill_finish(&more->spill);
	more->part = more->body.count;
	more->run.left = 0;
	flow->is_taken = false;
	flow->failed = why;
	return FLOW_WAIT;
}

static void skip_empty(struct flow_more *more)
{
	while (has_parts(more) && more->body.parts[more->part].n == 0)
		more->part++;
}

bool flow_set_file(struct flow *flow, const struct file_body *body)
{
	struct flow_more *more = more_of(flow);
	if (more == NULL)
		return false;
	more->body = *body;
	skip_empty(more);
	flow->left = file_body_bytes(body);
	flow->is_taken = flow->left == 0;
	flow->is_behind = flow->left != 0;
	return true;
}

static void part_consume(struct flow *flow, uint64_t n)
{
	struct flow_more *more = flow->more;
	flow->left -= n;
	flow->payload += n;
	flow->is_taken = flow->left == 0;
	more->part_done += n;
	if (more->part_done < more->body.parts[more->part].n)
		return;
	more->part_done = 0;
	more->part++;
	skip_empty(more);
}

/* -- sending -- */

static enum flow_result put_filtered(
	struct flow *flow, const char *p, size_t n, enum filter_flush flush)
{
	struct flow_more *more = flow->more;
	struct buf out = {0};
	enum flow_result result = FLOW_WAIT;
	more->owes_flush = more->filter->flushes_idle && flush == FILTER_GOES_ON;
	switch (more->filter->take(more->filter, p, n, flush, &out)) {
	case FILTER_OK:
		if (flush == FILTER_FINISH) {
			more->is_filter_done = true;
			flow->keeps_open = false;
		}
		result = flow_put(flow, buf_first(&out), buf_waiting(&out));
		break;
	case FILTER_BAD_INPUT:
		more->is_filter_done = true;
		result = lose(flow, FLOW_CUT);
		break;
	case FILTER_NO_MEMORY:
		result = FLOW_NO_MEMORY;
		break;
	}
	buf_release(&out);
	return result;
}

/* Payload that was taken out of wherever it lay. */
static enum flow_result pass(struct flow *flow, const char *p, size_t n)
{
	struct flow_more *more = flow->more;
	more->has_put = true;
	more->moved += n;
	if (more->filter != NULL)
		return put_filtered(
			flow, p, n, is_exhausted(flow) ? FILTER_FINISH : FILTER_GOES_ON);
	flow->keeps_open = !is_exhausted(flow);
	return flow_put(flow, p, n);
}

static bool may_run(const struct flow *flow)
{
	return flow->to->transport->may_splice && !sock_short_io && !sock_no_splice &&
	       flow->more->filter == NULL;
}

static void run_consume(struct flow *flow, uint64_t n)
{
	struct file_run *run = &flow->more->run;
	run->at += n;
	run->left -= n;
	flow->has_moved = true;
	flow->more->moved += n;
	if (run->is_spill)
		spill_consume(&flow->more->spill, (size_t)n);
	else
		part_consume(flow, n);
}

static enum flow_result begin_run(struct flow *flow, struct file_run run)
{
	struct flow_more *more = flow->more;
	char line[CHUNKED_SIZE_ROOM];
	more->run = run;
	more->has_put = true;
	flow->keeps_open = true;
	if (flow->out != FLOW_CHUNKED)
		return FLOW_WAIT;
	bool is_put = buf_append(&flow->stash, line, chunked_write_size(line, run.left));
	return is_put ? FLOW_WAIT : FLOW_NO_MEMORY;
}

static enum flow_result end_run(struct flow *flow)
{
	flow->keeps_open = flow->more->filter != NULL || !is_exhausted(flow);
	if (flow->out == FLOW_CHUNKED && !buf_append(&flow->stash, "\r\n", 2))
		return FLOW_NO_MEMORY;
	return FLOW_WAIT;
}

/* By hand, for files that sendfile cannot read. */
static enum flow_result copy_run(struct flow *flow, size_t n)
{
	struct file_run *run = &flow->more->run;
	ssize_t got = temp_file_read(run->fd, run->at, flow_piece, min_size(n, FLOW_PIECE));
	if (got <= 0)
		return lose(flow, got == 0 ? FLOW_CUT : FLOW_FROM_ERROR);
	if (!buf_append(&flow->stash, flow_piece, (size_t)got))
		return FLOW_NO_MEMORY;
	run_consume(flow, (uint64_t)got);
	return run->left == 0 ? end_run(flow) : FLOW_WAIT;
}

static enum flow_result send_run(struct flow *flow, size_t most)
{
	struct file_run *run = &flow->more->run;
	size_t n = (size_t)min_u64(min_u64(run->left, most), FLOW_QUOTA);
	if (flow->more->copies_runs)
		return copy_run(flow, n);
	off_t at = (off_t)run->at;
	ssize_t put = sendfile(flow->to->fd, run->fd, &at, n);
	if (put > 0) {
		flow->sent += (uint64_t)put;
		run_consume(flow, (uint64_t)put);
		return run->left == 0 ? end_run(flow) : FLOW_WAIT;
	}
	if (put == 0)
		return lose(flow, FLOW_CUT);
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		flow->to->can_write = false;
	else if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
		flow->more->copies_runs = true;
	else if (errno == EIO)
		return lose(flow, FLOW_FROM_ERROR);
	else if (errno != EINTR)
		return FLOW_TO_ERROR;
	return FLOW_WAIT;
}

static size_t piece_most(const struct flow *flow, size_t most)
{
	const struct flow_filter *filter = flow->more->filter;
	most = min_size(most, FLOW_PIECE);
	return filter == NULL ? most : min_size(most, filter->take_most);
}

static enum flow_result send_spilled(struct flow *flow, size_t most)
{
	struct spill *spill = &flow->more->spill;
	struct slice memory = spill_in_memory(spill);
	uint64_t left = spill_in_file(spill);
	size_t n = piece_most(flow, most);
	if (memory.n != 0) {
		n = min_size(n, memory.n);
		memcpy(flow_piece, memory.p, n);
	} else if (left > FLOW_PIECE && may_run(flow)) {
		return begin_run(flow, (struct file_run){.fd = spill->fd,
					       .at = spill->read_at,
					       .left = min_u64(left, FLOW_QUOTA),
					       .is_spill = true});
	} else {
		ssize_t got = temp_file_read(
			spill->fd, spill->read_at, flow_piece, (size_t)min_u64(n, left));
		if (got <= 0)
			return lose(flow, got == 0 ? FLOW_CUT : FLOW_FROM_ERROR);
		n = (size_t)got;
	}
	spill_consume(spill, n);
	return pass(flow, flow_piece, n);
}

static enum flow_result send_part(struct flow *flow, size_t most)
{
	struct flow_more *more = flow->more;
	const struct file_part *part = &more->body.parts[more->part];
	uint64_t left = part->n - more->part_done;
	size_t n = (size_t)min_u64(piece_most(flow, most), left);
	if (part->fd < 0) {
		const char *p = part->p + more->part_done;
		part_consume(flow, n);
		return pass(flow, p, n);
	}
	uint64_t at = part->at + more->part_done;
	/* The head goes with the first piece, if there is room for it at all. */
	if (left > FLOW_PIECE && may_run(flow) && buf_waiting(&flow->stash) == 0)
		return begin_run(flow, (struct file_run){.fd = part->fd, .at = at, .left = left});
	ssize_t got = temp_file_read(part->fd, at, flow_piece, n);
	if (got <= 0)
		return lose(flow, got == 0 ? FLOW_CUT : FLOW_FROM_ERROR);
	part_consume(flow, (uint64_t)got);
	return pass(flow, flow_piece, (size_t)got);
}

/* Straight from the socket, with a filter or a rate in between. */
static enum flow_result send_taken(struct flow *flow, size_t most, bool *ret_more)
{
	char *p = NULL;
	size_t n;
	most = min_size(most, paced(&flow->more->in, flow->payload));
	*ret_more = most != 0;
	if (most == 0)
		return FLOW_WAIT;
	enum flow_result result = flow_take(flow, piece_most(flow, most), &p, &n);
	if (result != FLOW_WAIT)
		return result;
	return n != 0 ? pass(flow, p, n) : FLOW_WAIT;
}

/* All that came has been passed on. */
static enum flow_result send_end(struct flow *flow)
{
	struct flow_more *more = flow->more;
	if (more->filter != NULL && !more->is_filter_done) {
		more->is_filter_done = flow->failed != FLOW_WAIT;
		return put_filtered(
			flow, NULL, 0, flow->failed != FLOW_WAIT ? FILTER_FLUSH : FILTER_FINISH);
	}
	if (flow->failed != FLOW_WAIT)
		return flow->failed;
	flow->keeps_open = false;
	if (flow->out == FLOW_CHUNKED && !flow->is_closed_off)
		return flow_put(flow, NULL, 0);
	return FLOW_END;
}

static bool is_plain(const struct flow_more *more)
{
	return more->filter == NULL && more->out.rate.octets_s == 0 && more->in.rate.octets_s == 0;
}

/* From where the next payload comes, `to` being ready. */
static enum flow_result send_next(struct flow *flow, size_t most, bool *ret_more)
{
	struct flow_more *more = flow->more;
	if (more->run.left != 0)
		return send_run(flow, most);
	if (!spill_is_empty(&more->spill))
		return send_spilled(flow, most);
	if (has_parts(more) && flow->failed == FLOW_WAIT)
		return send_part(flow, most);
	if (flow->is_taken || flow->failed != FLOW_WAIT)
		return send_end(flow);
	if (flow_has_piece(flow))
		return send_taken(flow, most, ret_more);
	if (more->owes_flush)
		return put_filtered(flow, NULL, 0, FILTER_FLUSH);
	*ret_more = false;
	return FLOW_WAIT;
}

/* See flow.c, may_wait_for_piece. */
static bool head_may_wait(const struct flow *flow)
{
	const struct flow_more *more = flow->more;
	return !more->has_put && flow->sent == 0 && flow->to->can_write &&
	       (is_behind(more) || flow_has_piece(flow));
}

static enum flow_result send_some(struct flow *flow, bool *ret_more)
{
	struct flow_more *more = flow->more;
	*ret_more = true;
	if (is_plain(more) && !is_behind(more) && flow->from != NULL &&
		buf_waiting(&flow->stash) == 0) {
		*ret_more = false;
		flow->keeps_open = false;
		return flow_pump_direct(flow);
	}
	if (flow->in_pipe != 0)
		return flow_drain_pipe(flow, ret_more);
	*ret_more = flow->to->can_write;
	if (!*ret_more)
		return FLOW_WAIT;
	if (buf_waiting(&flow->stash) != 0 && !head_may_wait(flow))
		return flow_put(flow, NULL, 0);
	size_t most = paced(&more->out, flow->sent + buf_waiting(&flow->stash));
	/* What is left to be said when all has gone is not held up. */
	if (most == 0 && !is_exhausted(flow)) {
		*ret_more = false;
		return FLOW_WAIT;
	}
	return send_next(flow, most, ret_more);
}

/* -- reading ahead -- */

bool flow_may_spill(const struct flow *flow)
{
	return flow_waits_for_peer(flow) && flow_has_piece(flow);
}

bool flow_begin_spill(struct flow *flow)
{
	return more_of(flow) != NULL;
}

static void tell_error(struct flow_more *more)
{
	const struct spill *spill = &more->spill;
	if (spill->error == 0 || more->has_told_error)
		return;
	more->has_told_error = true;
	log_warn("spill_failed",
		"folder=%s error=%s what=\"an answer is not buffered any further\"",
		LOG_QUOTE(spill->limits->folder.path), LOG_QUOTE(strerrordesc_np(-spill->error)));
}

/* A receiver that only takes a moment is served faster without a spill, and by splice. */
static bool is_patient(struct flow *flow)
{
	struct flow_more *more = flow->more;
	uint64_t most_ms = flow->spill->patience_ms;
	if (most_ms == 0 || more->out.rate.octets_s != 0 || !spill_is_empty(&more->spill))
		return false;
	if (more->blocked_us == 0) {
		more->blocked_us = clock_now_us;
		deadline_set(&more->patience, most_ms);
	}
	return clock_now_us < more->blocked_us + most_ms * 1000;
}

static bool may_read_ahead(struct flow *flow)
{
	struct flow_more *more = flow->more;
	if (flow->spill == NULL || !flow_has_piece(flow))
		return false;
	bool is_late = flow_waits_for_peer(flow) || is_behind(more) || more->out.until_us != 0;
	return is_late && !is_patient(flow);
}

static enum flow_result read_ahead(struct flow *flow, bool *ret_more)
{
	struct flow_more *more = flow->more;
	char *p = NULL;
	size_t n;
	*ret_more = false;
	if (!may_read_ahead(flow))
		return FLOW_WAIT;
	more->spill.limits = flow->spill;
	size_t room = min_size(spill_room(&more->spill), paced(&more->in, flow->payload));
	if (room == 0)
		return FLOW_WAIT;
	enum flow_result result = flow_take(flow, min_size(room, FLOW_PIECE), &p, &n);
	if (result != FLOW_WAIT)
		return result;
	if (n != 0 && !spill_put(&more->spill, p, n))
		return FLOW_NO_MEMORY;
	more->moved += n;
	flow->keeps_open = true;
	tell_error(more);
	*ret_more = true;
	return FLOW_WAIT;
}

enum flow_result flow_pump_more(struct flow *flow)
{
	struct flow_more *more = flow->more;
	uint64_t stop_at = more->moved + FLOW_QUOTA;
	uint64_t sent = flow->sent;
	enum flow_result result;
	bool goes_on;
	do {
		result = send_some(flow, &goes_on);
		if (flow->sent != sent && more->blocked_us != 0) {
			more->blocked_us = 0;
			deadline_clear(&more->patience);
		}
		if (result == FLOW_WAIT && !goes_on)
			result = read_ahead(flow, &goes_on);
		if (result == FLOW_WAIT && goes_on && more->moved >= stop_at)
			result = FLOW_AGAIN;
	} while (result == FLOW_WAIT && goes_on);
	flow->is_behind = is_behind(more);
	bool is_paused_in = more->in.until_us != 0 && !flow_waits_for_peer(flow);
	flow->is_delayed = result == FLOW_WAIT && (more->out.until_us != 0 || is_paused_in);
	return result;
}
