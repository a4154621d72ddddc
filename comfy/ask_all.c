#include "comfy/ask_all.h"

#include "base/log.h"
#include "comfy/route.h"

#include <errno.h>
#include <stdlib.h>

#define BODY_MOST ((uint64_t)16 << 20)
/* Of all bodies together, equal ones counted once; what comes then is missing. */
#define BODIES_MOST ((size_t)64 << 20)
/* Questions at a time; each costs a connection per worker. */
#define QUESTIONS_MOST 32
#define TURN_OCTETS ((size_t)64 * 1024)

struct one {
	struct question *question; /* borrowed: has us inside */
	struct fetch *fetch;       /* owned, NULL when it has ended */
	struct blob *body;         /* owned, NULL without */
	int error;
	uint16_t status;
	char node_id[sizeof(((struct fleet_worker *)NULL)->node_id)];
};

/* In the exchange's arena. */
struct waiter {
	struct route_state state; /* first */
	struct list node;
	struct question *question;
	struct exchange *x;
};

struct question {
	struct list node; /* in questions, while it may be joined */
	struct fleet *fleet;
	const struct ask_kind *kind;
	char *path; /* owned */
	struct list waiters;
	bool is_ending;
	struct deadline grace;
	struct next_turn merging;
	struct blob *same; /* borrowed: a body that others may have, too */
	size_t octets;     /* of distinct bodies */
	void *self;        /* owned */
	size_t count, pending, merged;
	struct one ones[];
};

static struct list questions = {&questions, &questions};
static uint32_t question_count;

uint32_t ask_all_count(void)
{
	return question_count;
}

static void stop_asking(struct question *question)
{
	for (size_t i = 0; i < question->count; i++) {
		struct one *one = &question->ones[i];
		if (one->fetch == NULL)
			continue;
		fetch_cancel(one->fetch);
		one->fetch = NULL;
		one->error = -ETIMEDOUT;
	}
	question->pending = 0;
	deadline_clear(&question->grace);
}

static void destroy(struct question *question)
{
	stop_asking(question);
	next_turn_cancel(&question->merging);
	list_remove(&question->node);
	question_count--;
	for (size_t i = 0; i < question->count; i++)
		blob_unref(question->ones[i].body);
	if (question->self != NULL)
		question->kind->destroy(question->self);
	free(question->self);
	free(question->path);
	free(question);
}

/* -- clients -- */

static void on_gone(struct exchange *x, struct route_state *state, enum close_reason reason)
{
	struct waiter *waiter = CONTAINER_OF(state, struct waiter, state);
	struct question *question = waiter->question;
	(void)x;
	(void)reason;
	list_remove(&waiter->node);
	if (list_is_empty(&question->waiters) && !question->is_ending)
		destroy(question);
}

static bool add_waiter(struct question *question, struct exchange *x)
{
	struct handler_request request;
	handler_request(x, &request);
	struct waiter *waiter = arena_zero(request.arena, sizeof(*waiter));
	if (waiter == NULL)
		return false;
	waiter->state.on_gone = on_gone;
	waiter->question = question;
	waiter->x = x;
	list_push_back(&question->waiters, &waiter->node);
	handler_set_state(x, &waiter->state);
	return true;
}

static void answer(struct exchange *x, int status, struct blob *json)
{
	handler_set_state(x, NULL);
	if (status < 400 || status == 404)
		handler_answer(
			x, status, json == NULL ? "" : "application/json; charset=utf-8", "", json);
	else if (status == 503)
		handler_refuse(x, status, "out of memory");
	else
		handler_refuse(x, status, "no worker gave an answer");
}

/* Answering one may bring others here, or make them leave. */
static void end(struct question *question)
{
	struct blob *json = NULL;
	int status = question->kind->end(question->self, &json);
	question->is_ending = true;
	list_remove(&question->node);
	while (!list_is_empty(&question->waiters)) {
		struct waiter *waiter = list_first(&question->waiters, struct waiter, node);
		list_remove(&waiter->node);
		answer(waiter->x, status, json);
	}
	blob_unref(json);
	destroy(question);
}

/* -- answers -- */

static void on_merging(struct next_turn *turn)
{
	struct question *question = CONTAINER_OF(turn, struct question, merging);
	size_t octets = 0;
	while (question->merged < question->count && octets < TURN_OCTETS) {
		struct one *one = &question->ones[question->merged++];
		struct ask_answer answer = {
			.node_id = one->node_id, .error = one->error, .status = one->status};
		if (one->body != NULL)
			answer.body = blob_slice(one->body);
		question->kind->add(question->self, &answer);
		octets += answer.body.n;
	}
	if (question->merged < question->count)
		next_turn_add(turn);
	else
		end(question);
}

static void merge(struct question *question)
{
	stop_asking(question);
	next_turn_add(&question->merging);
}

static void on_grace(struct deadline *deadline)
{
	merge(CONTAINER_OF(deadline, struct question, grace));
}

/* Most workers of a fleet say the same. */
static struct blob *keep_body(struct question *question, struct slice body)
{
	if (question->same != NULL && slice_is(blob_slice(question->same), body))
		return blob_ref(question->same);
	if (question->octets + body.n > BODIES_MOST)
		return NULL;
	struct blob *blob = blob_copy(body.p, body.n);
	if (blob == NULL)
		return NULL;
	question->octets += body.n;
	question->same = blob;
	return blob;
}

static void on_done(const struct fetch_result *result, void *arg)
{
	struct one *one = arg;
	struct question *question = one->question;
	one->fetch = NULL;
	one->error = result->error;
	one->status = result->status;
	if (result->error == 0) {
		one->body = keep_body(question, result->body);
		if (one->body == NULL)
			one->error = -ENOMEM;
	}
	if (--question->pending == 0)
		merge(question);
	else if (question->kind->grace_ms != 0 && one->error == 0 && one->status == 200 &&
		 !deadline_is_set(&question->grace))
		deadline_set(&question->grace, question->kind->grace_ms);
}

/* -- questions -- */

static struct question *find(
	const struct fleet *fleet, const struct ask_kind *kind, const char *path)
{
	list_each (node, &questions) {
		struct question *question = CONTAINER_OF(node, struct question, node);
		if (question->fleet == fleet && question->kind == kind &&
			strcmp(question->path, path) == 0)
			return question;
	}
	return NULL;
}

static bool is_asked(const struct fleet_worker *worker)
{
	return fleet_worker_is_up(worker) && !worker->is_leaving;
}

static size_t count_asked(const struct fleet *fleet)
{
	size_t count = 0;
	list_each (node, &fleet->workers)
		count += is_asked(CONTAINER_OF(node, struct fleet_worker, node));
	return count;
}

static struct question *create(
	struct fleet *fleet, const struct ask_kind *kind, const char *path, size_t count)
{
	struct question *question = calloc(
		1, sizeof(*question) + count * sizeof(question->ones[0]));
	if (question == NULL)
		return NULL;
	question->fleet = fleet;
	question->kind = kind;
	list_init(&question->node);
	list_init(&question->waiters);
	deadline_init(&question->grace, on_grace);
	next_turn_init(&question->merging, on_merging);
	question_count++;
	question->path = strdup(path);
	question->self = calloc(1, kind->self_bytes);
	if (question->path == NULL || question->self == NULL) {
		free(question->self);
		question->self = NULL;
		destroy(question);
		return NULL;
	}
	kind->init(question->self);
	return question;
}

static void ask_them(struct question *question, const struct fetch_ask *ask)
{
	list_each (node, &question->fleet->workers) {
		struct fleet_worker *worker = CONTAINER_OF(node, struct fleet_worker, node);
		if (!is_asked(worker))
			continue;
		struct one *one = &question->ones[question->count++];
		struct fetch_ask mine = *ask;
		mine.arg = one;
		one->question = question;
		memcpy(one->node_id, worker->node_id, sizeof(one->node_id));
		one->fetch = fleet_ask(worker, &mine);
		one->error = one->fetch == NULL ? -ENOMEM : 0;
		question->pending += one->fetch != NULL;
	}
	if (question->pending == 0)
		merge(question);
}

void ask_all(struct fleet *fleet, struct exchange *x, const struct ask_kind *kind, const char *path,
	const char *method, const char *fields, struct slice body)
{
	struct question *question = kind->is_shared ? find(fleet, kind, path) : NULL;
	if (question != NULL) {
		if (!add_waiter(question, x))
			handler_refuse(x, 503, "out of memory");
		return;
	}
	size_t count = count_asked(fleet);
	if (count == 0 || question_count >= QUESTIONS_MOST) {
		handler_refuse(x, 503, count == 0 ? "no worker is up" : "too many questions");
		return;
	}
	question = create(fleet, kind, path, count);
	if (question == NULL || !add_waiter(question, x)) {
		if (question != NULL)
			destroy(question);
		handler_refuse(x, 503, "out of memory");
		return;
	}
	if (kind->is_shared)
		list_push_back(&questions, &question->node);
	ask_them(question, &(struct fetch_ask){
				   .path = path,
				   .method = method,
				   .fields = fields,
				   .head = body,
				   .timeout_ms = ASK_ALL_TIMEOUT_MS,
				   .body_most = BODY_MOST,
				   .on_done = on_done,
			   });
}
