/* test/unit/test_comfy_estimate.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "comfy/estimate.h"

struct fixture {
	struct estimate *estimate;
	struct estimate_place place;
};

static int setup(void **state)
{
	static struct fixture f;
	f.estimate = estimate_create();
	estimate_place_init(&f.place);
	*state = &f;
	return f.estimate == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	estimate_destroy(f->estimate);
	return 0;
}

static void expect(double seen, double wanted)
{
	if (fabs(seen - wanted) > 1e-6 * fmax(1, fabs(wanted)))
		fail_msg("%g and not %g", seen, wanted);
}

static struct graph_facts facts(uint64_t models, uint32_t size_class)
{
	return (struct graph_facts){.models = models, .size_class = size_class};
}

static double run_of(struct fixture *f, uint64_t models, uint32_t size_class)
{
	struct graph_facts one = facts(models, size_class);
	return estimate_run(f->estimate, &one);
}

/* A job that takes so long, loading included. */
static void job_on(struct fixture *f, struct estimate_place *place, uint64_t models, double run_s)
{
	struct graph_facts one = facts(models, 0);
	uint32_t depth = estimate_depth(place, models);
	estimate_use(place, models);
	estimate_learn(f->estimate, place, &one, depth, run_s);
}

static void job(struct fixture *f, uint64_t models, double run_s)
{
	job_on(f, &f->place, models, run_s);
}

static void something_is_expected_before_anything_was_seen(void **state)
{
	struct fixture *f = *state;
	assert_true(run_of(f, 7, 3) > 0);
	assert_true(estimate_load(f->estimate, 7) > 0);
	expect(estimate_load(f->estimate, 0), 0);
	expect(f->place.speed, 1);
	assert_int_equal(estimate_depth(&f->place, 7), ESTIMATE_COLD);
}

static void run_times_and_speeds_are_averages_of_logarithms(void **state)
{
	struct fixture *f = *state;
	const double took[] = {2, 4, 8, 2, 16, 1, 3};
	double run = 0, speed = 0;
	for (size_t i = 0; i < COUNT_OF(took); i++) {
		job(f, 0, took[i]);
		if (i != 0)
			speed += 0.05 * (run - log(took[i]) - speed);
		run += fmax(0.2, 1.0 / (double)(i + 1)) * (log(took[i]) + speed - run);
	}
	expect(run_of(f, 0, 0), exp(run));
	expect(f->place.speed, exp(speed));
}

static void a_slow_worker_is_found_out(void **state)
{
	struct fixture *f = *state;
	struct estimate_place slow;
	estimate_place_init(&slow);
	for (int i = 0; i < 300; i++) {
		job(f, 0, 3);
		job(f, 0, 3);
		job_on(f, &slow, 0, 6);
	}
	assert_true(fabs(f->place.speed / slow.speed - 2) < 0.1);
	assert_true(fabs(run_of(f, 0, 0) / f->place.speed - 3) < 0.1);
}

static void the_first_job_tells_run_and_load_once_the_second_has_told_the_run(void **state)
{
	struct fixture *f = *state;
	job(f, 7, 14);
	assert_true(run_of(f, 7, 0) < 14); /* a part of it was loading */
	job(f, 7, 4);
	expect(run_of(f, 7, 0), 4);
	expect(estimate_load(f->estimate, 7), 10);
	expect(estimate_load_there(f->estimate, &f->place, 7), 0);
}

static void load_times_come_from_the_first_job_after_a_change_of_model(void **state)
{
	struct fixture *f = *state;
	struct estimate_place other;
	estimate_place_init(&other);
	job(f, 7, 4 + 10);
	job(f, 7, 4);
	job_on(f, &other, 7, 4 + 20);
	expect(estimate_load(f->estimate, 7), sqrt(10 * 20));
	expect(run_of(f, 7, 0), 4);
	expect(other.speed, 1); /* says nothing of speeds */
}

static void other_sizes_of_known_models_are_expected_in_proportion(void **state)
{
	struct fixture *f = *state;
	struct graph_facts one = facts(0, 6);
	estimate_learn(f->estimate, &f->place, &one, 0, 8);
	expect(run_of(f, 0, 6), 8);
	expect(run_of(f, 0, 8), 16); /* two half steps */
	expect(run_of(f, 0, 5), 8 / sqrt(2));
}

static void unknown_models_are_expected_to_be_like_the_others(void **state)
{
	struct fixture *f = *state;
	job(f, 7, 0.4 + 0.1);
	job(f, 7, 0.1);
	expect(run_of(f, 8, 0), 0.1);
	expect(estimate_load(f->estimate, 8), 0.4);
}

static void a_model_used_before_the_last_one_may_still_be_there(void **state)
{
	struct fixture *f = *state;
	for (uint64_t models = 1; models <= 2; models++) {
		job(f, models, 4 + 10);
		job(f, models, 4);
	}
	assert_int_equal(estimate_depth(&f->place, 2), 0);
	assert_int_equal(estimate_depth(&f->place, 1), 1);
	double before = estimate_load_there(f->estimate, &f->place, 1);
	assert_true(before > 0 && before < estimate_load(f->estimate, 1));

	struct fixture small = {.estimate = f->estimate, .place = f->place};
	for (uint64_t i = 0; i < 20; i++) {
		job(f, 1 + i % 2, 4);           /* keeps two */
		job(&small, 1 + i % 2, 4 + 10); /* keeps one */
	}
	assert_true(estimate_load_there(f->estimate, &f->place, 1) < 0.1);
	assert_true(estimate_load_there(f->estimate, &small.place, 1) > 9);
	/* What was not seen lies deeper. */
	job(f, 3, 14);
	assert_true(estimate_load_there(f->estimate, &f->place, 1) > 1);
}

static void after_a_restart_nothing_is_loaded_and_the_speed_is_known(void **state)
{
	struct fixture *f = *state;
	struct estimate_place slow;
	estimate_place_init(&slow);
	job(f, 7, 14);
	job(f, 7, 4);
	job_on(f, &slow, 7, 18);
	for (int i = 0; i < 40; i++) {
		job(f, 7, 4);
		job_on(f, &slow, 7, 8);
	}
	double speed = slow.speed;
	assert_true(speed < 0.9);
	expect(estimate_load_there(f->estimate, &slow, 7), 0);
	estimate_forget_models(&slow);
	assert_int_equal(estimate_depth(&slow, 7), ESTIMATE_COLD);
	expect(estimate_load_there(f->estimate, &slow, 7), estimate_load(f->estimate, 7));
	expect(slow.speed, speed);
}

static void a_worker_remembers_the_last_few_models(void **state)
{
	struct fixture *f = *state;
	for (uint64_t models = 1; models <= ESTIMATE_KEPT_MOST + 1; models++)
		estimate_use(&f->place, models);
	estimate_use(&f->place, 0);
	assert_int_equal(estimate_depth(&f->place, 1), ESTIMATE_COLD);
	assert_int_equal(estimate_depth(&f->place, 2), ESTIMATE_KEPT_MOST - 1);
	estimate_use(&f->place, 2);
	assert_int_equal(estimate_depth(&f->place, 2), 0);
	assert_int_equal(estimate_depth(&f->place, 3), ESTIMATE_KEPT_MOST - 1);
}

static void what_was_not_used_for_longest_is_forgotten(void **state)
{
	struct fixture *f = *state;
	for (uint64_t models = 1; models <= 2; models++) {
		job(f, models, 500 + 1000);
		job(f, models, 500);
	}
	for (uint64_t models = 10; models < 10 + ESTIMATE_RUNS_MOST; models++) {
		job(f, models, 3);
		job(f, models, 3);
		if (models % 100 == 0)
			job(f, 1, 500);
	}
	expect(run_of(f, 1, 0), 500);
	assert_true(run_of(f, 2, 0) < 100);
}

static void nonsense_is_not_learned(void **state)
{
	struct fixture *f = *state;
	job(f, 0, 5);
	job(f, 0, 0);
	job(f, 0, -3);
	job(f, 0, NAN);
	expect(run_of(f, 0, 0), 5);
	for (int i = 0; i < 100; i++)
		job(f, 0, INFINITY);
	assert_true(isfinite(run_of(f, 0, 0)) && f->place.speed > 0.01);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(something_is_expected_before_anything_was_seen),
		TEST(run_times_and_speeds_are_averages_of_logarithms),
		TEST(a_slow_worker_is_found_out),
		TEST(the_first_job_tells_run_and_load_once_the_second_has_told_the_run),
		TEST(load_times_come_from_the_first_job_after_a_change_of_model),
		TEST(other_sizes_of_known_models_are_expected_in_proportion),
		TEST(unknown_models_are_expected_to_be_like_the_others),
		TEST(a_model_used_before_the_last_one_may_still_be_there),
		TEST(after_a_restart_nothing_is_loaded_and_the_speed_is_known),
		TEST(a_worker_remembers_the_last_few_models),
		TEST(what_was_not_used_for_longest_is_forgotten),
		TEST(nonsense_is_not_learned),
	};
	return cmocka_run_group_tests_name("comfy/estimate", tests, NULL, NULL);
}
