/*
 * test/unit/test_comfy_link.c - our WebSockets to workers: whom they are for, when they go, and who
 * is told. The dial is the test's; what comes of it is a real connection.
 */
#include "test/unit/fleet_stub.h"

#include "comfy/page.h"
#include "proxy/ws_dial.h"
#include "test/unit/ws_peer.h"

/* -- the dial -- */

struct ws_dial {
	struct ws_dial_ask ask;
	char target[64];
	bool is_used;
};

static struct ws_dial dials[8]; /* in order */
static unsigned dial_count;
static unsigned dials_cancelled;
static bool has_no_descriptor;

struct ws_dial *ws_dial_start(const struct ws_dial_ask *ask)
{
	struct ws_dial *dial = &dials[dial_count];
	if (has_no_descriptor)
		return NULL;
	ensure(dial_count < COUNT_OF(dials));
	dial_count++;
	dial->ask = *ask;
	dial->is_used = false;
	(void)snprintf(dial->target, sizeof(dial->target), "%s", ask->target);
	return dial;
}

void ws_dial_cancel(struct ws_dial *dial)
{
	if (dial == NULL)
		return;
	assert_false(dial->is_used);
	dial->is_used = true;
	dials_cancelled++;
}

/* -- what the fleet hears -- */

static char heard[256];
static struct link *lost;
static unsigned lost_count;
static struct link *closes_worker_of; /* at its next message */

void fleet_on_message(struct link *link, enum ws_opcode opcode, char *message, size_t n)
{
	size_t at = strlen(heard);
	(void)snprintf(heard + at, sizeof(heard) - at, "%c:%.*s ", opcode == WS_TEXT ? 't' : 'b',
		(int)n, message);
	message[0] = '!'; /* it may be changed */
	if (closes_worker_of == link)
		links_close_worker(link->worker);
}

void fleet_link_lost(struct link *link, const char *why)
{
	assert_non_null(why);
	assert_int_equal(link->state, LINK_OVER);
	assert_true(link->jobs != 0);
	lost = link;
	lost_count++;
}

/* No owner has a page here. */
bool page_send(struct page *page, enum outbox_kind kind, uint64_t job, struct blob *frame)
{
	(void)page;
	(void)kind;
	(void)job;
	(void)frame;
	abort();
}

void page_leave(struct page *page, uint16_t code)
{
	(void)page;
	(void)code;
	abort();
}

/* -- helpers -- */

static struct backend backend;
static struct fleet_worker worker;
static struct ws_peer far; /* the worker's end */
static bool has_far;
static int known_error;
static unsigned known_count;

static void on_known(struct link_wait *wait, int error)
{
	(void)wait;
	known_error = error;
	known_count++;
}

static int setup(void **state)
{
	(void)signal(SIGPIPE, SIG_IGN);
	memset(&backend, 0, sizeof(backend));
	worker = (struct fleet_worker){
		.fleet = &fleet, .backend = &backend, .host = "worker:8188", .queue_len = -1};
	list_init(&worker.links);
	dial_count = dials_cancelled = lost_count = known_count = 0;
	has_no_descriptor = has_far = false;
	heard[0] = '\0';
	lost = closes_worker_of = NULL;
	return fleet_setup(state);
}

static int teardown(void **state)
{
	if (has_far)
		ws_peer_stop(&far);
	links_close_worker(&worker);
	int rc = fleet_teardown(state);
	return rc == 0 && owner_stats.links == 0 ? 0 : -1;
}

static struct link *get_link(struct owner *owner)
{
	struct link *link = link_get(owner, &worker);
	assert_non_null(link);
	return link;
}

/* The newest dial succeeds. */
static void answer_dial(const char *early_octets)
{
	struct ws_dial *dial = &dials[dial_count - 1];
	struct buf early = {0};
	int ours, theirs;
	tcp_pair(&ours, &theirs);
	if (has_far)
		ws_peer_stop(&far);
	ws_peer_start(&far, theirs, false);
	has_far = true;
	if (early_octets != NULL)
		assert_true(buf_append(&early, early_octets, strlen(early_octets)));
	dial->is_used = true;
	dial->ask.on_open(ours, &early, dial->ask.arg);
}

static void fail_dial(int error)
{
	struct ws_dial *dial = &dials[dial_count - 1];
	dial->is_used = true;
	dial->ask.on_failed(error, 0, dial->ask.arg);
}

/* An open link of owner "a". */
static struct link *open_link(void)
{
	struct link *link = get_link(get("a"));
	answer_dial(NULL);
	assert_int_equal(link->state, LINK_OPEN);
	return link;
}

static void worker_says(const char *text)
{
	assert_true(ws_send(&far.ws, WS_TEXT, slice_of(text)));
}

/* -- tests -- */

static void one_link_for_an_owner_and_a_worker(void **state)
{
	(void)state;
	struct owner *a = get("a");
	struct owner *b = get("b");
	struct link *link = get_link(a);
	assert_int_equal(link->state, LINK_DIALLING);
	assert_ptr_equal(get_link(a), link);
	assert_int_equal(link->jobs, 2);
	struct link *other = get_link(b);
	assert_ptr_not_equal(other, link);
	assert_string_not_equal(other->sid, link->sid);
	assert_int_equal(dial_count, 2);
	assert_int_equal(owner_stats.links, 2);
	char target[64];
	(void)snprintf(target, sizeof(target), "/ws?clientId=%s", link->sid);
	assert_string_equal(dials[0].target, target);
	assert_string_equal(dials[0].ask.host, "worker:8188");
	assert_ptr_equal(dials[0].ask.addr, &backend.addr);
	link_release(link);
	link_release(link);
	link_release(other);
	link_release(NULL);
}

static void without_a_descriptor_there_is_none(void **state)
{
	(void)state;
	has_no_descriptor = true;
	assert_null(link_get(get("a"), &worker));
	assert_true(list_is_empty(&get("a")->links));
	assert_int_equal(owner_stats.links, 0);
}

static void who_waits_is_told_from_the_loop_when_it_is_open(void **state)
{
	(void)state;
	struct link_wait early, late;
	struct link *link = get_link(get("a"));
	link_wait_init(&early, on_known);
	link_wait_init(&late, on_known);
	link_wait_cancel(&early);
	link_wait(link, &early);
	turn_once();
	assert_int_equal(known_count, 0);
	answer_dial(NULL);
	assert_int_equal(known_count, 0);
	TURN_UNTIL(known_count == 1);
	assert_int_equal(known_error, 0);
	link_wait(link, &late);
	assert_int_equal(known_count, 1);
	TURN_UNTIL(known_count == 2);
	link_wait(link, &late);
	link_wait_cancel(&late);
	turn_once();
	assert_int_equal(known_count, 2);
	link_release(link);
}

static void a_dial_that_fails_is_told_and_the_next_is_a_new_one(void **state)
{
	(void)state;
	struct link_wait wait;
	struct link *link = get_link(get("a"));
	link_wait_init(&wait, on_known);
	link_wait(link, &wait);
	fail_dial(-ECONNREFUSED);
	assert_int_equal(link->state, LINK_OVER);
	TURN_UNTIL(known_count == 1);
	assert_int_equal(known_error, -ECONNREFUSED);
	/* Late questions, too. */
	link_wait(link, &wait);
	TURN_UNTIL(known_count == 2);
	assert_int_equal(known_error, -ECONNREFUSED);
	struct link *next = get_link(get("a"));
	assert_ptr_not_equal(next, link);
	assert_string_not_equal(next->sid, link->sid);
	assert_int_equal(lost_count, 0);
	link_release(link);
	link_release(next);
}

static void the_flags_go_out_first(void **state)
{
	(void)state;
	struct owner *a = get("a");
	const char *flags = "{\"type\": \"feature_flags\", \"data\": {\"x\": true}}";
	a->flags = blob_copy(flags, strlen(flags));
	assert_non_null(a->flags);
	struct link *link = get_link(a);
	answer_dial(NULL);
	TURN_UNTIL(far.messages == 1);
	assert_memory_equal(far.last.p + far.last.start, flags, strlen(flags));
	link_release(link);
}

static void without_flags_nothing_goes_out(void **state)
{
	(void)state;
	struct link *link = open_link();
	worker_says("x");
	TURN_UNTIL(heard[0] != '\0');
	assert_int_equal(far.messages, 0);
	link_release(link);
}

static void messages_come_as_they_are(void **state)
{
	(void)state;
	uint64_t before = owner_stats.frames_from_workers;
	struct link *link = open_link();
	worker_says("{\"type\": \"progress\"}");
	assert_true(ws_send(&far.ws, WS_BINARY, SLICE("jpeg")));
	TURN_UNTIL(strstr(heard, "jpeg") != NULL);
	assert_string_equal(heard, "t:{\"type\": \"progress\"} b:jpeg ");
	assert_int_equal(owner_stats.frames_from_workers, before + 2);
	assert_true(backend.last_heard_us != 0);
	link_release(link);
}

static void what_lies_behind_the_101_is_read(void **state)
{
	(void)state;
	struct link *link = get_link(get("a"));
	answer_dial("\x81\x02hi");
	TURN_UNTIL(heard[0] != '\0');
	assert_string_equal(heard, "t:hi ");
	link_release(link);
}

static void a_workers_status_is_its_queue_and_goes_no_further(void **state)
{
	(void)state;
	struct link *link = open_link();
	worker_says("{\"type\": \"status\", \"data\": {\"status\": {\"exec_info\": "
		    "{\"queue_remaining\": 3}}, \"sid\": \"x\"}}");
	worker_says("{\"type\": \"custom\", \"data\": \"status\"}");
	TURN_UNTIL(heard[0] != '\0');
	assert_int_equal(worker.queue_len, 3);
	assert_string_equal(heard, "t:{\"type\": \"custom\", \"data\": \"status\"} ");
	link_release(link);
}

static void one_that_is_lost_while_held_is_told(void **state)
{
	(void)state;
	struct link *link = open_link();
	link_hold(link);
	ws_peer_stop(&far);
	TURN_UNTIL(lost_count == 1);
	assert_ptr_equal(lost, link);
	assert_ptr_equal(link->worker, &worker);
	/* It is there until its last holder lets go, and nobody finds it. */
	struct link *next = get_link(get("a"));
	assert_ptr_not_equal(next, link);
	link_release(link);
	assert_false(list_is_empty(&link->in_owner));
	link_release(link);
	assert_true(list_is_empty(&link->in_owner));
	link_release(next);
}

static void an_idle_one_is_closed_in_order(void **state)
{
	(void)state;
	struct owner *a = get("a");
	struct link *link = open_link();
	assert_false(deadline_is_set(&link->idle));
	link_release(link);
	assert_ptr_equal(get_link(a), link);
	assert_false(deadline_is_set(&link->idle));
	link_release(link);
	fire(&link->idle);
	/* What comes now is nobody's, and a new job has a new one. */
	worker_says("late");
	struct link *next = get_link(a);
	assert_ptr_not_equal(next, link);
	TURN_UNTIL(far.closes == 1 && owner_stats.links == 1);
	assert_non_null(strstr(far.told, "closed 1000"));
	assert_string_equal(heard, "");
	assert_int_equal(lost_count, 0);
	link_release(next);
	fire(&next->idle);
	assert_int_equal(dials_cancelled, 1);
	assert_true(list_is_empty(&a->links));
	assert_true(deadline_is_set(&a->idle));
}

static void an_idle_one_that_breaks_goes_quietly(void **state)
{
	(void)state;
	struct link *link = open_link();
	link_release(link);
	ws_peer_stop(&far);
	TURN_UNTIL(owner_stats.links == 0);
	assert_int_equal(lost_count, 0);
}

static void an_idle_one_is_found_again_before_it_is_open(void **state)
{
	(void)state;
	struct link *link = get_link(get("a"));
	link_release(link);
	answer_dial(NULL);
	assert_true(deadline_is_set(&link->idle));
	assert_ptr_equal(get_link(get("a")), link);
	link_release(link);
}

static void a_worker_that_goes_takes_its_links_along(void **state)
{
	(void)state;
	struct link_wait wait;
	struct link *open = open_link();
	struct link *dialling = get_link(get("b"));
	link_wait_init(&wait, on_known);
	link_wait(dialling, &wait);
	links_close_worker(&worker);
	assert_true(list_is_empty(&worker.links));
	assert_null(open->worker);
	assert_int_equal(open->state, LINK_OVER);
	assert_int_equal(known_count, 0);
	TURN_UNTIL(known_count == 1);
	assert_int_equal(known_error, -ECONNABORTED);
	assert_int_equal(dials_cancelled, 1);
	assert_int_equal(lost_count, 0);
	link_release(open);
	link_release(dialling);
}

static void a_worker_may_go_while_its_message_is_read(void **state)
{
	(void)state;
	struct link *link = open_link();
	closes_worker_of = link;
	worker_says("one");
	worker_says("two");
	TURN_UNTIL(heard[0] != '\0');
	assert_string_equal(heard, "t:one ");
	TURN_UNTIL(far.closes == 1);
	assert_string_equal(heard, "t:one ");
	link_release(link);
}

static void an_owner_that_goes_leaves_its_links_to_their_holders(void **state)
{
	(void)state;
	other_fleet = (struct fleet){.owners = owners_create(&other_fleet)};
	assert_non_null(other_fleet.owners);
	struct owner *a = owners_get(
		other_fleet.owners, SLICE("a"), (struct slice){NULL, 0}, "10.0.0.1");
	assert_non_null(a);
	struct link *link = get_link(a);
	owners_destroy(other_fleet.owners);
	assert_null(link->owner);
	assert_int_equal(link->state, LINK_OVER);
	turn_once();
	link_release(link);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_link_for_an_owner_and_a_worker),
		TEST(without_a_descriptor_there_is_none),
		TEST(who_waits_is_told_from_the_loop_when_it_is_open),
		TEST(a_dial_that_fails_is_told_and_the_next_is_a_new_one),
		TEST(the_flags_go_out_first),
		TEST(without_flags_nothing_goes_out),
		TEST(messages_come_as_they_are),
		TEST(what_lies_behind_the_101_is_read),
		TEST(a_workers_status_is_its_queue_and_goes_no_further),
		TEST(one_that_is_lost_while_held_is_told),
		TEST(an_idle_one_is_closed_in_order),
		TEST(an_idle_one_that_breaks_goes_quietly),
		TEST(an_idle_one_is_found_again_before_it_is_open),
		TEST(a_worker_that_goes_takes_its_links_along),
		TEST(a_worker_may_go_while_its_message_is_read),
		TEST(an_owner_that_goes_leaves_its_links_to_their_holders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
