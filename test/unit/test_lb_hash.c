/* test/unit/test_lb_hash.c: lb/hash_ring.c */
#include "test/unit/lb_fixture.h"

static struct view_fixture f;

static int teardown(void **state)
{
	(void)state;
	view_end(&f);
	return 0;
}

static struct lb_request with_key(uint64_t key_hash)
{
	return (struct lb_request){.key_hash = key_hash, .has_key = true};
}

struct literal_point {
	uint32_t hash, member, number;
};

static int compare(const void *a, const void *b)
{
	const struct literal_point *left = a, *right = b;
	if (left->hash != right->hash)
		return left->hash < right->hash ? -1 : 1;
	return left->number < right->number ? -1 : 1;
}

/* The ring as the rule says, sorted by qsort: crc32(host \0 port previous). */
static struct literal_point ring[MEMBERS * 160 * 3];
static uint32_t ring_count;

static void make_literal_ring(void)
{
	uint32_t n = 0;
	ring_count = 0;
	for (uint32_t i = 0; i < f.view.count; i++) {
		const struct conf_node *node = &f.conf.nodes[i];
		char name[128];
		size_t length = (size_t)snprintf(
			name, sizeof(name), "%s%c%u", node->host, '\0', node->port);
		unsigned char previous[4] = {0};
		if (strncmp(node->host, "unix:", 5) == 0)
			length = (size_t)snprintf(name, sizeof(name), "%s", node->host + 5) + 1;
		for (uint32_t k = 0; k < 160 * f.load[i].weight; k++) {
			uint32_t crc = hash_crc32(0, name, length);
			crc = hash_crc32(crc, previous, 4);
			ring[n] = (struct literal_point){crc, i, n};
			n++;
			for (int octet = 0; octet < 4; octet++)
				previous[octet] = (unsigned char)(crc >> (8 * octet));
		}
	}
	qsort(ring, n, sizeof(ring[0]), compare);
	for (uint32_t k = 0; k < n; k++) {
		if (k == 0 || ring[k].hash != ring[k - 1].hash)
			ring[ring_count++] = ring[k];
	}
}

static uint32_t literal_pick(uint32_t hash)
{
	uint32_t at = 0;
	if (ring_count == 0)
		return LB_NONE;
	while (at < ring_count && ring[at].hash < hash)
		at++;
	for (int tries = 0; tries <= 20; tries++, at++) {
		if (lb_is_allowed(&f.view, ring[at % ring_count].member))
			return ring[at % ring_count].member;
	}
	return LB_NONE;
}

static void check_keys(int keys)
{
	for (int k = 0; k < keys; k++) {
		struct lb_request req = with_key(test_random());
		uint32_t want = literal_pick((uint32_t)req.key_hash);
		uint32_t got = view_pick_for(&f, &req);
		if (want != LB_NONE)
			assert_int_equal(got, want);
		assert_true(lb_is_allowed(&f.view, got));
	}
}

static void equals_the_literal_ring(void **state)
{
	(void)state;
	static const uint32_t counts[] = {1, 2, 7, 64, 300};
	for (size_t c = 0; c < COUNT_OF(counts); c++) {
		view_make(&f, "hash", counts[c]);
		for (uint32_t i = 0; i < counts[c]; i++)
			f.load[i].weight = 1 + test_below(3);
		f.conf.nodes[0].host = "unix:/run/worker.sock";
		view_start(&f);
		make_literal_ring();
		check_keys(100);
		/* Keys that fall on a point, and both ends of the circle. */
		for (int k = 0; k < 50; k++) {
			uint32_t at = ring[test_below(ring_count)].hash;
			struct lb_request req = with_key(at);
			assert_int_equal(view_pick_for(&f, &req), literal_pick(at));
		}
		struct lb_request low = with_key(0), high = with_key(UINT32_MAX);
		assert_int_equal(view_pick_for(&f, &low), literal_pick(0));
		assert_int_equal(view_pick_for(&f, &high), literal_pick(UINT32_MAX));
		for (uint32_t i = 1; i < counts[c]; i++)
			view_allow(&f, i, test_below(3) != 0);
		check_keys(200);
		view_end(&f);
	}
	view_make(&f, "hash", 1);
	view_start(&f);
}

static void spreads_by_weight(void **state)
{
	(void)state;
	uint32_t got[3] = {0};
	view_make(&f, "hash", 3);
	f.load[2].weight = 2;
	view_start(&f);
	for (int k = 0; k < 20000; k++) {
		struct lb_request req = with_key(test_random());
		got[view_pick_for(&f, &req)]++;
	}
	assert_in_range(got[0], 3500, 6500);
	assert_in_range(got[1], 3500, 6500);
	assert_in_range(got[2], 8000, 12000);
}

static void few_keys_move_when_one_goes(void **state)
{
	(void)state;
	static uint32_t before[5000];
	view_make(&f, "hash", 10);
	view_start(&f);
	for (uint32_t k = 0; k < COUNT_OF(before); k++) {
		struct lb_request req = with_key(k * UINT64_C(0x9e3779b97f4a7c15));
		before[k] = view_pick_for(&f, &req);
	}
	view_allow(&f, 3, false);
	uint32_t taken_over[10] = {0};
	for (uint32_t k = 0; k < COUNT_OF(before); k++) {
		struct lb_request req = with_key(k * UINT64_C(0x9e3779b97f4a7c15));
		uint32_t now = view_pick_for(&f, &req);
		if (before[k] != 3)
			assert_int_equal(now, before[k]);
		else
			taken_over[now]++;
	}
	/* Its keys do not all fall on one neighbour. */
	int heirs = 0;
	for (int i = 0; i < 10; i++)
		heirs += taken_over[i] != 0;
	assert_true(heirs >= 6);
}

static void without_a_key_it_is_round_robin(void **state)
{
	(void)state;
	view_make(&f, "hash", 3);
	view_start(&f);
	for (uint32_t k = 0; k < 9; k++)
		assert_int_equal(view_pick(&f), k % 3);
}

static void two_at_one_address_both_get_keys(void **state)
{
	(void)state;
	uint32_t got[3] = {0};
	view_make(&f, "hash", 3);
	f.conf.nodes[1].port = f.conf.nodes[0].port;
	f.conf.nodes[2].port = f.conf.nodes[0].port;
	view_start(&f);
	for (int k = 0; k < 3000; k++) {
		struct lb_request req = with_key(test_random());
		got[view_pick_for(&f, &req)]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(got[i], 500, 1500);
}

/* 160 points for a weight of 100,000 would be millions: the ring is bounded, the shares stay. */
static void huge_weights_keep_their_shares(void **state)
{
	(void)state;
	uint32_t got[3] = {0};
	view_make(&f, "hash", 3);
	f.load[0].weight = 100000;
	f.load[1].weight = 100000;
	f.load[2].weight = 200000;
	view_start(&f);
	for (int k = 0; k < 20000; k++) {
		struct lb_request req = with_key(test_random());
		got[view_pick_for(&f, &req)]++;
	}
	assert_in_range(got[0], 4500, 5500);
	assert_in_range(got[2], 9000, 11000);
}

static void falls_back_when_20_points_are_down(void **state)
{
	(void)state;
	uint32_t got[2] = {0};
	view_make(&f, "hash", 1000);
	view_start(&f);
	for (uint32_t i = 2; i < 1000; i++)
		view_allow(&f, i, false);
	for (int k = 0; k < 1000; k++) {
		struct lb_request req = with_key(test_random());
		uint32_t i = view_pick_for(&f, &req);
		assert_true(i < 2);
		got[i]++;
	}
	assert_in_range(got[0], 400, 600);
	view_allow(&f, 0, false);
	view_allow(&f, 1, false);
	assert_int_equal(view_pick(&f), LB_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(equals_the_literal_ring, teardown),
		cmocka_unit_test_teardown(spreads_by_weight, teardown),
		cmocka_unit_test_teardown(few_keys_move_when_one_goes, teardown),
		cmocka_unit_test_teardown(without_a_key_it_is_round_robin, teardown),
		cmocka_unit_test_teardown(two_at_one_address_both_get_keys, teardown),
		cmocka_unit_test_teardown(huge_weights_keep_their_shares, teardown),
		cmocka_unit_test_teardown(falls_back_when_20_points_are_down, teardown),
	};
	return cmocka_run_group_tests_name("lb/hash_ring", tests, NULL, NULL);
}
