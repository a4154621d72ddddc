/* test/unit/test_comfy_owner_pages.c - what the pages of an owner hear, when they are there and
 * when they come back. */
#include "test/unit/owner_help.h"

static struct job job_a, job_b;

static bool say(struct owner *owner, const struct job *job, enum event_kind kind, bool has_node,
	const char *text)
{
	struct comfy_event event = {.kind = kind, .has_node = has_node};
	bool is_binary = kind == EVENT_PREVIEW || kind == EVENT_IMAGE || kind == EVENT_TEXT;
	return owner_deliver(owner, job, &event, is_binary ? WS_BINARY : WS_TEXT, slice_of(text));
}

static void the_first_status_tells_a_page_its_id(void **state)
{
	(void)state;
	remaining = 7;
	struct test_page *page = open_page(0, get("tab \"1\""));
	assert_string_equal(heard(page),
		"k {\"type\": \"status\", \"data\": {\"status\": {\"exec_info\": "
		"{\"queue_remaining\": 7}}, \"sid\": \"tab \\\"1\\\"\"}}\n");
	owner_remove_page(page->page.owner, &page->page);
	assert_null(page->page.owner);
}

static void every_page_of_an_owner_hears_and_no_other(void **state)
{
	(void)state;
	struct owner *a = get("a");
	struct owner *b = get("b");
	struct test_page *one = open_page(0, a);
	struct test_page *two = open_page(1, a);
	struct test_page *other = open_page(2, b);
	(void)heard(one);
	(void)heard(two);
	(void)heard(other);
	assert_true(say(a, &job_a, EVENT_EXECUTION_START, false, "start"));
	assert_true(say(a, &job_a, EVENT_PREVIEW, false, "jpeg"));
	assert_true(say(a, NULL, EVENT_LOGS, false, "logs"));
	assert_string_equal(heard(one), "k start\nv jpeg\nk logs\n");
	assert_string_equal(heard(two), "k start\nv jpeg\nk logs\n");
	assert_string_equal(heard(other), "");
	/* One that closes never disturbs the other. */
	owner_remove_page(a, &one->page);
	assert_true(say(a, &job_a, EVENT_SUCCESS, false, "success"));
	assert_string_equal(heard(one), "");
	assert_string_equal(heard(two), "k success\n");
	owner_remove_page(a, &two->page);
	owner_remove_page(b, &other->page);
}

static void the_last_page_lets_go_of_the_workers_log(void **state)
{
	(void)state;
	struct link link;
	struct owner *a = get("a");
	struct test_page *one = open_page(0, a);
	struct test_page *two = open_page(1, a);
	a->logs = &link;
	owner_remove_page(a, &one->page);
	assert_ptr_equal(a->logs, &link);
	owner_remove_page(a, &two->page);
	assert_null(a->logs);
	assert_ptr_equal(released, &link);
}

static void what_may_be_replaced_is_told_apart(void **state)
{
	(void)state;
	struct owner *a = get("a");
	struct test_page *page = open_page(0, a);
	(void)heard(page);
	(void)say(a, &job_a, EVENT_PROGRESS, true, "1");
	(void)say(a, &job_a, EVENT_PROGRESS_STATE, false, "2");
	(void)say(a, &job_a, EVENT_PREVIEW, false, "3");
	(void)say(a, &job_a, EVENT_IMAGE, false, "4");
	(void)say(a, &job_a, EVENT_TEXT, false, "5");
	(void)say(a, &job_a, EVENT_EXECUTING, true, "6");
	(void)say(a, &job_a, EVENT_OTHER, false, "7");
	assert_string_equal(heard(page), "p 1\ng 2\nv 3\nk 4\nk 5\nk 6\nk 7\n");
	owner_remove_page(a, &page->page);
}

#define FIRST_STATUS                                                                               \
	"k {\"type\": \"status\", \"data\": {\"status\": {\"exec_info\": "                         \
	"{\"queue_remaining\": 0}}, \"sid\": \"a\"}}\n"

static void a_page_that_comes_back_hears_where_things_are(void **state)
{
	(void)state;
	struct owner *a = get("a");
	struct test_page *page = open_page(0, a);
	(void)say(a, &job_a, EVENT_EXECUTING, true, "a.node1");
	(void)say(a, &job_a, EVENT_PROGRESS, true, "a.1");
	(void)say(a, &job_b, EVENT_EXECUTING, true, "b.node1");
	(void)say(a, &job_b, EVENT_EXECUTED, true, "b.executed");
	owner_remove_page(a, &page->page);
	(void)say(a, &job_a, EVENT_PROGRESS, true, "a.2");
	(void)say(a, &job_b, EVENT_EXECUTED, true, "b.executed2");
	(void)say(a, &job_b, EVENT_SUCCESS, false, "b.success");
	(void)say(a, &job_b, EVENT_EXECUTING, false, "b.end");
	(void)say(a, &job_a, EVENT_PREVIEW, false, "a.jpeg");
	(void)say(a, &job_a, EVENT_PROGRESS_STATE, false, "a.state");
	page = open_page(0, a);
	assert_string_equal(heard(page),
		FIRST_STATUS "k a.node1\np a.2\nk b.executed2\nk b.success\nk b.end\ng a.state\n");
	/* A second one beside it: nothing was missed now. */
	struct test_page *second = open_page(1, a);
	assert_string_equal(heard(second), FIRST_STATUS "k a.node1\np a.2\ng a.state\n");
	owner_remove_page(a, &page->page);
	owner_remove_page(a, &second->page);
	/* It runs anew elsewhere. */
	owner_forget_run(a, &job_a);
	page = open_page(0, a);
	assert_string_equal(heard(page), FIRST_STATUS);
	owner_remove_page(a, &page->page);
}

static void an_end_that_was_heard_leaves_nothing_of_its_job(void **state)
{
	(void)state;
	struct owner *a = get("a");
	struct test_page *page = open_page(0, a);
	(void)say(a, &job_a, EVENT_EXECUTING, true, "a.node1");
	(void)say(a, &job_a, EVENT_ERROR, false, "a.error");
	struct test_page *second = open_page(1, a);
	assert_string_equal(heard(second), FIRST_STATUS);
	owner_remove_page(a, &page->page);
	owner_remove_page(a, &second->page);
}

static void what_was_missed_is_forgotten_after_a_while_without_a_page(void **state)
{
	(void)state;
	struct owner *a = get("a");
	list_push_back(&a->jobs, &job_a.in_owner);
	(void)say(a, &job_a, EVENT_EXECUTING, true, "a.node1");
	(void)say(a, &job_b, EVENT_SUCCESS, false, "b.success");
	fire(&a->forget);
	struct test_page *page = open_page(0, a);
	assert_string_equal(heard(page), FIRST_STATUS "k a.node1\n");
	/* With a page there is nothing to forget. */
	(void)say(a, &job_b, EVENT_SUCCESS, false, "b.success");
	assert_false(deadline_is_set(&a->forget));
	owner_remove_page(a, &page->page);
	(void)say(a, &job_b, EVENT_SUCCESS, false, "b.success");
	assert_true(deadline_is_set(&a->forget));
	page = open_page(0, a);
	assert_false(deadline_is_set(&a->forget));
	owner_remove_page(a, &page->page);
	list_remove(&job_a.in_owner);
}

static void a_frame_that_a_page_could_not_send_goes_to_the_next(void **state)
{
	(void)state;
	struct owner *a = get("a");
	struct test_page *page = open_page(0, a);
	struct blob *frames[] = {
		ws_frame_blob(WS_TEXT, SLICE("{\"type\": \"execution_success\", \"data\": {}}")),
		ws_frame_blob(WS_TEXT, SLICE("{\"type\": \"progress\", \"data\": {}}")),
		ws_frame_blob(WS_BINARY, SLICE("{\"type\": \"execution_success\", \"data\": {}}")),
		ws_frame_blob(WS_TEXT, SLICE("no JSON")),
		ws_frame_blob(WS_TEXT, SLICE("")),
	};
	owner_remove_page(a, &page->page);
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		assert_non_null(frames[i]);
		owner_give_back(a, frames[i]);
	}
	page = open_page(0, a);
	assert_string_equal(
		heard(page), FIRST_STATUS "k {\"type\": \"execution_success\", \"data\": {}}\n");
	/* Another page is there, and had it. */
	owner_give_back(a, frames[0]);
	assert_true(replay_is_empty(a->replay));
	for (size_t i = 0; i < COUNT_OF(frames); i++)
		blob_unref(frames[i]);
	owner_remove_page(a, &page->page);
}

/* It is in its owner's list until the end of the turn. */
static void a_page_that_leaves_is_none(void **state)
{
	(void)state;
	struct owner *a = get("a");
	struct test_page *page = open_page(0, a);
	page_leave(&page->page, WS_CODE_TRY_LATER);
	assert_false(say(a, &job_a, EVENT_SUCCESS, false, "a.success"));
	owner_remove_page(a, &page->page);
	page = open_page(0, a);
	assert_string_equal(heard(page), FIRST_STATUS "k a.success\n");
	owner_remove_page(a, &page->page);
}

static void a_page_that_cannot_be_told_its_status_is_not_added(void **state)
{
	(void)state;
	struct owner *a = get("a");
	struct test_page *test = make_page(0);
	test->is_full = true;
	assert_false(owner_add_page(a, &test->page));
	assert_null(test->page.owner);
	assert_true(list_is_empty(&a->pages));
}

static void nobody_comes_back_without_a_name(void **state)
{
	(void)state;
	struct owner *nobody = get_nameless("abc", "10.0.0.1");
	assert_true(say(nobody, &job_a, EVENT_EXECUTING, true, "a.node1"));
	assert_true(say(nobody, &job_a, EVENT_SUCCESS, false, "a.success"));
	assert_null(nobody->replay);
}

static void a_status_comes_once_a_turn_to_everybody(void **state)
{
	(void)state;
	struct test_page *one = open_page(0, get("a"));
	struct test_page *two = open_page(1, get("b"));
	(void)heard(one);
	(void)heard(two);
	for (remaining = 1; remaining < 5; remaining++)
		owners_status_changed(fleet.owners);
	assert_string_equal(heard(one), "");
	turn_once();
	const char *status = "s {\"type\": \"status\", \"data\": {\"status\": {\"exec_info\": "
			     "{\"queue_remaining\": 5}}}}\n";
	assert_string_equal(heard(one), status);
	assert_string_equal(heard(two), status);
	turn_once();
	assert_string_equal(heard(one), "");
	owner_remove_page(one->page.owner, &one->page);
	owner_remove_page(two->page.owner, &two->page);
	owners_status_changed(fleet.owners);
	turn_once();
}

static size_t count_heard(size_t count)
{
	size_t heard_count = 0;
	for (size_t i = 0; i < count; i++)
		heard_count += heard(&pages[i])[0] != '\0';
	return heard_count;
}

static void many_pages_hear_a_status_over_several_turns(void **state)
{
	(void)state;
	struct owner *a = get("a");
	size_t count = COUNT_OF(pages);
	for (size_t i = 0; i < count; i++)
		(void)heard(open_page(i, a));
	owners_status_changed(fleet.owners);
	turn_once();
	size_t first = count_heard(count);
	assert_in_range(first, 1, count - 1);
	/* A newer one meanwhile: those who have not heard any come first. */
	remaining = 1;
	owners_status_changed(fleet.owners);
	owner_remove_page(a, &pages[count - 1].page);
	turn_once();
	assert_string_equal(heard(&pages[0]), "");
	assert_string_not_equal(heard(&pages[first]), "");
	for (int i = 0; i < 8; i++)
		turn_once();
	assert_string_not_equal(heard(&pages[0]), "");
	(void)count_heard(count);
	turn_once();
	assert_int_equal(count_heard(count), 0);
	for (size_t i = 0; i < count - 1; i++)
		owner_remove_page(a, &pages[i].page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_status_tells_a_page_its_id),
		TEST(every_page_of_an_owner_hears_and_no_other),
		TEST(the_last_page_lets_go_of_the_workers_log),
		TEST(what_may_be_replaced_is_told_apart),
		TEST(a_page_that_comes_back_hears_where_things_are),
		TEST(an_end_that_was_heard_leaves_nothing_of_its_job),
		TEST(what_was_missed_is_forgotten_after_a_while_without_a_page),
		TEST(a_frame_that_a_page_could_not_send_goes_to_the_next),
		TEST(a_page_that_leaves_is_none),
		TEST(a_page_that_cannot_be_told_its_status_is_not_added),
		TEST(nobody_comes_back_without_a_name),
		TEST(a_status_comes_once_a_turn_to_everybody),
		TEST(many_pages_hear_a_status_over_several_turns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
