/* test/unit/test_proxy_gzip.c - what is packed can be unpacked, by us and by zlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/flow.h"
#include "proxy/gzip.h"

#include <stdlib.h>

#define ALL ((size_t)700000)

static char all[ALL];

static const struct gzip_settings plain = {.level = 1, .window = 15, .hash = 8, .length = -1};

/* Half of it repeats itself. */
static void fill(void)
{
	for (size_t i = 0; i < ALL; i++)
		all[i] = (char)(i % 2000 < 1000 ? i / 2000 : (i * 2654435761u) >> 13);
}

/* Through a filter in pieces of `step` octets. */
static enum filter_result run(struct flow_filter *filter, const char *p, size_t n, size_t step,
	enum filter_flush flush, struct buf *out)
{
	step = step < filter->take_most ? step : filter->take_most;
	while (n > step) {
		enum filter_result result = filter->take(filter, p, step, FILTER_GOES_ON, out);
		if (result != FILTER_OK)
			return result;
		p += step;
		n -= step;
	}
	return filter->take(filter, p, n, flush, out);
}

static void pack(const struct gzip_settings *settings, size_t n, size_t step, struct buf *out)
{
	struct flow_filter *filter = gzip_filter_create(settings);
	assert_non_null(filter);
	assert_int_equal(run(filter, all, n, step, FILTER_FINISH, out), FILTER_OK);
	filter->destroy(filter);
}

static void expect_unpacks(const struct buf *packed, size_t step, size_t n)
{
	struct buf out = {0};
	struct flow_filter *filter = gunzip_filter_create();
	assert_non_null(filter);
	assert_int_equal(run(filter, packed->p + packed->start, buf_waiting(packed), step,
				 FILTER_FINISH, &out),
		FILTER_OK);
	assert_int_equal(buf_waiting(&out), n);
	assert_memory_equal(out.p + out.start, all, n);
	filter->destroy(filter);
	buf_release(&out);
}

static void what_is_packed_unpacks(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 100, 4096, 70000, ALL};
	fill();
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		for (size_t step = 1; step < 100000; step *= 40) {
			struct buf out = {0};
			size_t n = lengths[i] > step * 4000 ? step * 4000 : lengths[i];
			pack(&plain, n, step, &out);
			expect_unpacks(&out, step, n);
			expect_unpacks(&out, SIZE_MAX, n);
			buf_release(&out);
		}
	}
}

static void it_becomes_smaller(void **state)
{
	(void)state;
	struct buf out = {0};
	fill();
	pack(&plain, ALL, SIZE_MAX, &out);
	assert_in_range(buf_waiting(&out), 1000, ALL * 6 / 10);
	buf_release(&out);
}

static void every_window_and_level_works(void **state)
{
	(void)state;
	fill();
	for (unsigned i = 0; i < 9; i++) {
		struct gzip_settings settings = {.level = 1 + i,
			.window = 9 + i % 7,
			.hash = 1 + i,
			.length = i % 2 == 0 ? 3000 : -1};
		struct buf out = {0};
		pack(&settings, 3000, SIZE_MAX, &out);
		expect_unpacks(&out, SIZE_MAX, 3000);
		buf_release(&out);
	}
}

static void a_flush_brings_out_all_that_came(void **state)
{
	(void)state;
	struct buf packed = {0}, out = {0};
	struct flow_filter *filter = gzip_filter_create(&plain);
	struct flow_filter *back = gunzip_filter_create();
	assert_non_null(filter);
	assert_non_null(back);
	fill();
	assert_int_equal(filter->take(filter, all, 5000, FILTER_FLUSH, &packed), FILTER_OK);
	assert_int_equal(run(back, packed.p, buf_waiting(&packed), SIZE_MAX, FILTER_GOES_ON, &out),
		FILTER_OK);
	assert_int_equal(buf_waiting(&out), 5000);
	assert_memory_equal(out.p, all, 5000);
	uint64_t in, came;
	gzip_figures(filter, &in, &came);
	assert_int_equal(in, 5000);
	assert_int_equal(came, buf_waiting(&packed));
	filter->destroy(filter);
	back->destroy(back);
	buf_release(&packed);
	buf_release(&out);
}

static void members_in_a_row_are_one(void **state)
{
	(void)state;
	struct buf packed = {0}, out = {0};
	fill();
	pack(&plain, 1000, SIZE_MAX, &packed);
	pack(&plain, 500, SIZE_MAX, &packed);
	struct flow_filter *back = gunzip_filter_create();
	assert_int_equal(
		run(back, packed.p, buf_waiting(&packed), 7, FILTER_FINISH, &out), FILTER_OK);
	assert_int_equal(buf_waiting(&out), 1500);
	assert_memory_equal(out.p + 1000, all, 500);
	back->destroy(back);
	buf_release(&packed);
	buf_release(&out);
}

static void what_is_cut_or_is_none_is_bad(void **state)
{
	(void)state;
	struct buf packed = {0}, out = {0};
	fill();
	pack(&plain, 1000, SIZE_MAX, &packed);
	for (int i = 0; i < 3; i++) {
		struct flow_filter *back = gunzip_filter_create();
		const char *p = i == 1 ? "this is plain text" : packed.p;
		size_t n = i == 1 ? 18 : buf_waiting(&packed) - 1;
		if (i == 2)
			packed.p[n - 3] = (char)(packed.p[n - 3] + 1);
		n += i == 2;
		assert_int_equal(run(back, p, n, SIZE_MAX, FILTER_FINISH, &out), FILTER_BAD_INPUT);
		back->destroy(back);
	}
	buf_release(&packed);
	buf_release(&out);
}

static void a_piece_that_explodes_is_taken_in_small_steps(void **state)
{
	(void)state;
	struct flow_filter *back = gunzip_filter_create();
	assert_non_null(back);
	/* zlib packs no better than 1032 to 1. */
	assert_in_range(back->take_most * 1032, 1, (size_t)8 << 20);
	back->destroy(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_unpacks),
		cmocka_unit_test(it_becomes_smaller),
		cmocka_unit_test(every_window_and_level_works),
		cmocka_unit_test(a_flush_brings_out_all_that_came),
		cmocka_unit_test(members_in_a_row_are_one),
		cmocka_unit_test(what_is_cut_or_is_none_is_bad),
		cmocka_unit_test(a_piece_that_explodes_is_taken_in_small_steps),
	};
	int rc = cmocka_run_group_tests_name("proxy/gzip", tests, NULL, NULL);
	buf_pool_trim();
	return rc;
}
