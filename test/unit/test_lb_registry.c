/* test/unit/test_lb_registry.c */
#include "test/unit/lb_fixture.h"

static void knows_every_name_it_tells(void **state)
{
	(void)state;
	char names[256];
	int count = 0;
	(void)snprintf(names, sizeof(names), "%s", lb_strategy_names());
	for (char *save, *name = strtok_r(names, ", ", &save); name != NULL;
		name = strtok_r(NULL, ", ", &save)) {
		const struct lb_strategy *strategy = lb_strategy_find(name);
		assert_non_null(strategy);
		assert_string_equal(strategy->name, name);
		assert_non_null(strategy->pick);
		assert_true(lb_is_strategy(name));
		count++;
	}
	assert_int_equal(count, 10);
	assert_ptr_equal(lb_strategy_names(), lb_strategy_names());
}

static void does_not_know_others(void **state)
{
	(void)state;
	assert_null(lb_strategy_find("least"));
	assert_null(lb_strategy_find(""));
	assert_false(lb_is_strategy("Round_Robin"));
}

static void drive(const char *name, uint32_t count)
{
	static struct view_fixture f;
	view_make(&f, name, count);
	view_start(&f);
	for (int k = 0; k < 500; k++) {
		unsigned char octets[4];
		uint64_t word = test_random();
		memcpy(octets, &word, sizeof(octets));
		struct lb_request req = {.client_ip = {(const char *)octets, 4},
			.key_hash = word,
			.has_key = k % 3 != 0};
		view_allow(&f, test_below(count), test_below(2) == 0);
		uint32_t i = view_pick_for(&f, &req);
		assert_int_equal(i == LB_NONE, f.view.allowed_count == 0);
		if (i == LB_NONE)
			continue;
		assert_true(i < count && lb_is_allowed(&f.view, i));
		f.load[i].in_flight++;
		f.load[i].jobs++;
		view_changed(&f, i);
	}
	view_end(&f);
}

/* Whatever the set is, and however it changes: allowed or none. */
static void every_strategy_picks_only_who_is_allowed(void **state)
{
	(void)state;
	static const uint32_t counts[] = {1, 2, 63, 64, 65, 130};
	char names[256];
	(void)snprintf(names, sizeof(names), "%s", lb_strategy_names());
	for (char *save, *name = strtok_r(names, ", ", &save); name != NULL;
		name = strtok_r(NULL, ", ", &save)) {
		for (size_t c = 0; c < COUNT_OF(counts); c++)
			drive(name, counts[c]);
	}
}

static void destroy_takes_null(void **state)
{
	(void)state;
	char names[256];
	(void)snprintf(names, sizeof(names), "%s", lb_strategy_names());
	for (char *save, *name = strtok_r(names, ", ", &save); name != NULL;
		name = strtok_r(NULL, ", ", &save)) {
		const struct lb_strategy *strategy = lb_strategy_find(name);
		if (strategy->destroy != NULL)
			strategy->destroy(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_every_name_it_tells),
		cmocka_unit_test(does_not_know_others),
		cmocka_unit_test(every_strategy_picks_only_who_is_allowed),
		cmocka_unit_test(destroy_takes_null),
	};
	return cmocka_run_group_tests_name("lb/registry", tests, NULL, NULL);
}
