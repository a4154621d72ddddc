#include "comfy/journal_wire.h"

#define TEXTS 9

struct fixed {
	uint64_t seq, created_wall_ms;
	int32_t priority;
	uint8_t crashes, had_secrets, is_placed, is_running;
	uint64_t lengths[TEXTS];
};

static void texts_of(const struct journal_job *job, struct slice texts[TEXTS])
{
	const struct slice all[TEXTS] = {job->id, job->client_id, job->cookie, job->ip, job->number,
		job->capability, job->worker_node, job->worker_id, job->body};
	memcpy(texts, all, sizeof(all));
}

size_t journal_put_bytes(const struct journal_job *job)
{
	struct slice texts[TEXTS];
	size_t n = sizeof(struct journal_head) + sizeof(struct fixed);
	texts_of(job, texts);
	for (size_t i = 0; i < TEXTS; i++)
		n += texts[i].n;
	return n;
}

void journal_write_put(struct text *text, const struct journal_job *job, bool is_full)
{
	struct slice texts[TEXTS];
	struct journal_head head = {.type = JOURNAL_PUT,
		.is_full = is_full,
		.n = journal_put_bytes(job) - sizeof(head)};
	struct fixed fixed = {
		.seq = job->seq,
		.created_wall_ms = job->created_wall_ms,
		.priority = job->priority,
		.crashes = job->crashes,
		.had_secrets = job->had_secrets,
		.is_placed = job->is_placed,
		.is_running = job->is_running,
	};
	texts_of(job, texts);
	for (size_t i = 0; i < TEXTS; i++)
		fixed.lengths[i] = texts[i].n;
	text_put(text, (const char *)&head, sizeof(head));
	text_put(text, (const char *)&fixed, sizeof(fixed));
	for (size_t i = 0; i < TEXTS; i++)
		text_put(text, texts[i].p, texts[i].n);
}

void journal_write_forget(struct text *text, struct slice id, bool is_full)
{
	struct journal_head head = {.type = JOURNAL_FORGET, .is_full = is_full, .n = id.n};
	text_put(text, (const char *)&head, sizeof(head));
	text_put(text, id.p, id.n);
}

void journal_write_mark(struct text *text, uint64_t mark)
{
	struct journal_head head = {.type = JOURNAL_MARK, .mark = mark};
	text_put(text, (const char *)&head, sizeof(head));
}

size_t journal_read_frame(struct slice text, struct journal_head *ret_head, struct slice *ret_rest)
{
	if (text.n < sizeof(*ret_head))
		return 0;
	memcpy(ret_head, text.p, sizeof(*ret_head));
	if (text.n - sizeof(*ret_head) < ret_head->n)
		return 0;
	*ret_rest = (struct slice){text.p + sizeof(*ret_head), (size_t)ret_head->n};
	return sizeof(*ret_head) + (size_t)ret_head->n;
}

bool journal_read_put(struct slice rest, struct journal_job *ret_job)
{
	struct slice texts[TEXTS];
	struct fixed fixed;
	if (rest.n < sizeof(fixed))
		return false;
	memcpy(&fixed, rest.p, sizeof(fixed));
	rest.p += sizeof(fixed);
	rest.n -= sizeof(fixed);
	for (size_t i = 0; i < TEXTS; i++) {
		if (fixed.lengths[i] > rest.n)
			return false;
		texts[i] = (struct slice){rest.p, (size_t)fixed.lengths[i]};
		rest.p += texts[i].n;
		rest.n -= texts[i].n;
	}
	*ret_job = (struct journal_job){
		.id = texts[0],
		.client_id = texts[1],
		.cookie = texts[2],
		.ip = texts[3],
		.number = texts[4],
		.capability = texts[5],
		.worker_node = texts[6],
		.worker_id = texts[7],
		.body = texts[8],
		.seq = fixed.seq,
		.created_wall_ms = fixed.created_wall_ms,
		.priority = fixed.priority,
		.crashes = fixed.crashes,
		.had_secrets = fixed.had_secrets != 0,
		.is_placed = fixed.is_placed != 0,
		.is_running = fixed.is_running != 0,
	};
	return rest.n == 0;
}
