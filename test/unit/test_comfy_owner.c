/* test/unit/test_comfy_owner.c - whose is what: the table of owners. */
#include "test/unit/owner_help.h"

static void an_id_is_one_owner(void **state)
{
	(void)state;
	struct owner *a = get("a");
	assert_ptr_equal(get("a"), a);
	assert_ptr_equal(owners_find(fleet.owners, SLICE("a")), a);
	assert_ptr_not_equal(get("b"), a);
	assert_null(owners_find(fleet.owners, SLICE("c")));
	assert_int_equal(owners_count(fleet.owners), 2);
	assert_int_equal(sched_clients, 2);
}

static void ids_are_octets(void **state)
{
	(void)state;
	char longest[OWNER_ID_MOST + 1];
	memset(longest, 'x', sizeof(longest));
	struct slice nul = {"a\0b", 3};
	struct slice most = {longest, OWNER_ID_MOST};
	struct slice more = {longest, OWNER_ID_MOST + 1};
	struct owner *a = owners_get(fleet.owners, nul, SLICE(""), "10.0.0.1");
	assert_ptr_not_equal(a, get("a"));
	assert_ptr_equal(owners_find(fleet.owners, nul), a);
	assert_false(owners_get(fleet.owners, most, SLICE(""), "10.0.0.1")->is_anonymous);
	assert_true(owners_get(fleet.owners, more, SLICE(""), "10.0.0.1")->is_anonymous);
}

static void without_an_id_the_cookie_tells_and_else_the_address(void **state)
{
	(void)state;
	char longest[66];
	memset(longest, 'c', sizeof(longest) - 1);
	longest[65] = '\0';
	struct owner *cookie = get_nameless("abc", "10.0.0.1");
	struct owner *ip = get_nameless("", "10.0.0.1");
	assert_true(cookie->is_anonymous && ip->is_anonymous);
	assert_ptr_not_equal(cookie, ip);
	assert_ptr_equal(get_nameless("abc", "10.0.0.2"), cookie);
	assert_string_equal(cookie->ip, "10.0.0.2");
	assert_ptr_not_equal(get_nameless("", "10.0.0.2"), ip);
	/* Too long to be one of ours. */
	assert_ptr_equal(get_nameless(longest, "10.0.0.1"), ip);
}

/* Who writes them chooses them. */
static void no_id_and_no_cookie_leads_to_a_nameless_owner_of_another(void **state)
{
	(void)state;
	struct owner *ip = get_nameless("", "10.0.0.1");
	struct owner *cookie = get_nameless("abc", "10.0.0.1");
	assert_ptr_not_equal(get_nameless("10.0.0.1", "10.0.0.9"), ip);
	assert_ptr_not_equal(get_nameless("i10.0.0.1", "10.0.0.9"), ip);
	assert_ptr_not_equal(get("i10.0.0.1"), ip);
	assert_ptr_not_equal(get("10.0.0.1"), ip);
	assert_ptr_not_equal(get("cabc"), cookie);
	assert_null(owners_find(fleet.owners, SLICE("c10.0.0.1")));
}

static void who_has_nothing_left_is_forgotten_after_a_while(void **state)
{
	(void)state;
	struct owner *a = get("a");
	fire(&a->idle);
	assert_null(owners_find(fleet.owners, SLICE("a")));
	assert_int_equal(sched_clients, 0);
	/* Its memory is there until the turn ends. */
	assert_int_equal(a->id_n, 1);
}

static void a_page_a_job_or_a_link_keeps_an_owner(void **state)
{
	(void)state;
	struct list link;
	struct job job;
	struct owner *a = get("a");
	list_push_back(&a->jobs, &job.in_owner);
	fire(&a->idle);
	list_remove(&job.in_owner);
	list_push_back(&a->links, &link);
	owner_rest(a);
	assert_false(deadline_is_set(&a->idle));
	struct test_page *page = open_page(0, a);
	list_remove(&link);
	owner_rest(a);
	assert_false(deadline_is_set(&a->idle));
	assert_ptr_equal(get("a"), a);
	owner_remove_page(a, &page->page);
	fire(&a->idle);
	assert_null(owners_find(fleet.owners, SLICE("a")));
}

static void of_too_many_owners_the_idlest_goes(void **state)
{
	(void)state;
	struct job job;
	char id[16];
	struct owner *busy = get("0");
	for (int i = 1; i < 100000; i++) {
		(void)snprintf(id, sizeof(id), "%d", i);
		(void)get(id);
	}
	list_push_back(&busy->jobs, &job.in_owner);
	(void)get("1");
	(void)get("100000");
	assert_int_equal(owners_count(fleet.owners), 100000);
	assert_ptr_equal(owners_find(fleet.owners, SLICE("0")), busy);
	assert_non_null(owners_find(fleet.owners, SLICE("1")));
	assert_null(owners_find(fleet.owners, SLICE("2")));
	(void)get("100001");
	assert_null(owners_find(fleet.owners, SLICE("3")));
	list_remove(&job.in_owner);
}

static void destroyed_with_all_that_hangs_on_it(void **state)
{
	(void)state;
	struct list link;
	struct job job = {0};
	other_fleet = (struct fleet){0};
	other_fleet.owners = owners_create(&other_fleet);
	assert_non_null(other_fleet.owners);
	struct owner *a = owners_get(
		other_fleet.owners, SLICE("a"), (struct slice){NULL, 0}, "10.0.0.1");
	assert_non_null(a);
	struct test_page *page = open_page(0, a);
	job.owner = a;
	list_push_back(&a->jobs, &job.in_owner);
	list_push_back(&a->links, &link);
	owners_status_changed(other_fleet.owners);
	owners_destroy(other_fleet.owners);
	assert_null(page->page.owner);
	assert_null(job.owner);
	assert_true(list_is_empty(&job.in_owner));
	assert_int_equal(links_closed, 1);
	assert_int_equal(unscheduled, 1);
	assert_int_equal(sched_clients, 0);
	owners_destroy(NULL);
}

static void made_ids_are_hexadecimal_and_new(void **state)
{
	(void)state;
	char a[OWNER_MADE_ID + 1];
	char b[OWNER_MADE_ID + 1];
	assert_true(owner_make_id(a) && owner_make_id(b));
	assert_int_equal(strspn(a, "0123456789abcdef"), OWNER_MADE_ID);
	assert_int_equal(strlen(a), OWNER_MADE_ID);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_id_is_one_owner),
		TEST(ids_are_octets),
		TEST(without_an_id_the_cookie_tells_and_else_the_address),
		TEST(no_id_and_no_cookie_leads_to_a_nameless_owner_of_another),
		TEST(who_has_nothing_left_is_forgotten_after_a_while),
		TEST(a_page_a_job_or_a_link_keeps_an_owner),
		TEST(of_too_many_owners_the_idlest_goes),
		TEST(destroyed_with_all_that_hangs_on_it),
		TEST(made_ids_are_hexadecimal_and_new),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
