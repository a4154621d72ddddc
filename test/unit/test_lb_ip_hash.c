/* test/unit/test_lb_ip_hash.c */
#include "test/unit/lb_fixture.h"

static struct view_fixture f;

static int teardown(void **state)
{
	(void)state;
	view_end(&f);
	return 0;
}

static void start(uint32_t count, uint32_t weight_most)
{
	view_make(&f, "ip_hash", count);
	for (uint32_t i = 0; i < count; i++)
		f.load[i].weight = 1 + test_below(weight_most);
	view_start(&f);
}

static struct lb_request from(const unsigned char *octets, size_t n)
{
	return (struct lb_request){.client_ip = {(const char *)octets, n}};
}

/* The rule word for word: hash the octets, walk the members in order, hash again where that one may
 * not be used. LB_NONE after 20 tries that failed and one: the turn of round robin. */
static uint32_t literal_pick(const unsigned char *octets, size_t n)
{
	uint32_t total = 0, hash = 89;
	for (uint32_t i = 0; i < f.view.count; i++)
		total += f.load[i].weight;
	if (total == 0)
		return LB_NONE;
	for (int tries = 0;;) {
		for (size_t k = 0; k < n; k++)
			hash = (hash * 113 + octets[k]) % 6271;
		uint32_t w = hash % total, i = 0;
		while (w >= f.load[i].weight)
			w -= f.load[i++].weight;
		if (lb_is_allowed(&f.view, i))
			return i;
		if (++tries > 20)
			return LB_NONE;
	}
}

static void check_addresses(int rounds, uint64_t *fallbacks)
{
	for (int k = 0; k < rounds; k++) {
		unsigned char octets[16];
		for (size_t i = 0; i < sizeof(octets); i++)
			octets[i] = (unsigned char)test_below(256);
		bool is_v6 = k % 2 != 0;
		struct lb_request req = from(octets, is_v6 ? 16 : 4);
		uint32_t want = literal_pick(octets, is_v6 ? 16 : 3), got = view_pick_for(&f, &req);
		if (want != LB_NONE)
			assert_int_equal(got, want);
		else
			++*fallbacks;
		assert_true(got < f.view.count && lb_is_allowed(&f.view, got));
	}
}

static void equals_a_literal_walk(void **state)
{
	(void)state;
	static const uint32_t counts[] = {1, 2, 3, 5, 8, 63, 64, 65, 300, 1000};
	uint64_t fallbacks = 0;
	for (size_t c = 0; c < COUNT_OF(counts); c++) {
		for (int round = 0; round < 10; round++) {
			start(counts[c], round % 2 == 0 ? 1 : 20);
			check_addresses(200, &fallbacks);
			for (uint32_t i = 1; i < counts[c]; i++)
				view_allow(&f, i, test_below(3) != 0);
			check_addresses(300, &fallbacks);
			view_end(&f);
		}
	}
	/* With a third of them down 21 misses in a row are one in ten thousand millions, for few
	 * members more because h repeats itself. */
	assert_true(fallbacks < 3000);
	start(1, 1);
}

/* 8 members of weight 1,000: w is below 6271, so the last of them get nobody, as in nginx. */
static void weights_beyond_the_modulus_are_walked_too(void **state)
{
	(void)state;
	uint64_t fallbacks = 0;
	view_make(&f, "ip_hash", 8);
	for (uint32_t i = 0; i < 8; i++)
		f.load[i].weight = 1000;
	view_start(&f);
	check_addresses(5000, &fallbacks);
	assert_int_equal(fallbacks, 0);
	unsigned char octets[4] = {0};
	for (int k = 0; k < 256 * 256; k++) {
		octets[1] = (unsigned char)(k / 256);
		octets[2] = (unsigned char)(k % 256);
		assert_true(view_pick_for(&f, &(struct lb_request){
						      .client_ip = {(const char *)octets, 4}}) < 7);
	}
}

/* facts of the formula: the last octet of IPv4 does not count, and 192.168.1.0/24 falls on the
 * first of two. */
static void one_network_is_one_client(void **state)
{
	(void)state;
	start(2, 1);
	for (int last = 0; last < 256; last++) {
		const unsigned char octets[] = {192, 168, 1, (unsigned char)last};
		struct lb_request req = from(octets, 4);
		assert_int_equal(view_pick_for(&f, &req), 0);
	}
}

static void a_unix_peer_is_three_zeros(void **state)
{
	(void)state;
	const unsigned char zeros[3] = {0};
	start(7, 5);
	uint32_t want = literal_pick(zeros, 3);
	assert_int_equal(view_pick(&f), want);
}

static void those_not_concerned_stay_when_one_goes(void **state)
{
	(void)state;
	uint32_t before[2000];
	start(10, 3);
	for (uint32_t k = 0; k < COUNT_OF(before); k++) {
		const unsigned char octets[] = {10, (unsigned char)(k / 256), (unsigned char)k, 1};
		struct lb_request req = from(octets, 4);
		before[k] = view_pick_for(&f, &req);
	}
	view_allow(&f, 4, false);
	for (uint32_t k = 0; k < COUNT_OF(before); k++) {
		const unsigned char octets[] = {10, (unsigned char)(k / 256), (unsigned char)k, 1};
		struct lb_request req = from(octets, 4);
		uint32_t now = view_pick_for(&f, &req);
		if (before[k] == 4)
			assert_int_not_equal(now, 4);
		else
			assert_int_equal(now, before[k]);
	}
}

/* One of 1,000 is left: hardly any address finds it in 21 tries. */
static void falls_back_to_round_robin(void **state)
{
	(void)state;
	uint32_t got[3] = {0};
	start(1000, 1);
	for (uint32_t i = 3; i < 1000; i++)
		view_allow(&f, i, false);
	for (int k = 0; k < 3000; k++) {
		const unsigned char octets[] = {(unsigned char)(k / 256), (unsigned char)k, 77, 1};
		struct lb_request req = from(octets, 4);
		uint32_t i = view_pick_for(&f, &req);
		assert_true(i < 3);
		got[i]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(got[i], 900, 1100);
	for (uint32_t i = 0; i < 3; i++)
		view_allow(&f, i, false);
	assert_int_equal(view_pick(&f), LB_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(equals_a_literal_walk, teardown),
		cmocka_unit_test_teardown(weights_beyond_the_modulus_are_walked_too, teardown),
		cmocka_unit_test_teardown(one_network_is_one_client, teardown),
		cmocka_unit_test_teardown(a_unix_peer_is_three_zeros, teardown),
		cmocka_unit_test_teardown(those_not_concerned_stay_when_one_goes, teardown),
		cmocka_unit_test_teardown(falls_back_to_round_robin, teardown),
	};
	return cmocka_run_group_tests_name("lb/ip_hash", tests, NULL, NULL);
}
