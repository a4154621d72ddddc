/*
 * test/unit/test_comfy_schedule_sim.c: whole days of work in simulated time, beside what other
 * proxies would do with them. Fleets of 4, 8 and 32 workers, one in four at half speed with room
 * for one model only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test/unit/fleet_sim.h"

static struct sim_job jobs[SIM_JOBS_MOST];
static struct sim sim;

struct outcome {
	double makespan_s, mean_s, p95_s, jain;
};

static double divide_by = 1;

static void run(uint64_t seed, uint32_t quads, enum sim_policy policy, struct outcome *ret)
{
	sim = (struct sim){.worker_count = 4 * quads,
		.load_s = {10, 15, 25},
		.overhead_s = 0.2,
		.policy = policy,
		.settings = {.alpha = 2, .bulk_weight = 1, .bulk_jobs = 10}};
	for (uint32_t i = 0; i < sim.worker_count; i++) {
		sim.workers[i].speed = i % 4 == 3 ? 0.5 : 1;
		sim.workers[i].room = i % 4 == 3 ? 1 : 2;
	}
	sim_trace(&sim, jobs, seed, quads);
	sim_divide(&sim, divide_by);
	sim_run(&sim);
	for (uint32_t i = 0; i < sim.count; i++)
		assert_true(sim.jobs[i].end_s > sim.jobs[i].submit_s);
	*ret = (struct outcome){sim.makespan_s * divide_by, sim.mean_s * divide_by,
		sim.p95_s * divide_by, sim.jain};
}

/* Geometric means over some traces. */
static void run_some(uint32_t quads, enum sim_policy policy, struct outcome *ret)
{
	const uint32_t seeds = 6;
	double makespan = 0, mean = 0, p95 = 0, jain = 0;
	for (uint32_t seed = 1; seed <= seeds; seed++) {
		struct outcome one;
		run(seed, quads, policy, &one);
		makespan += log(one.makespan_s) / seeds;
		mean += log(one.mean_s) / seeds;
		p95 += log(one.p95_s) / seeds;
		jain += one.jain / seeds;
	}
	*ret = (struct outcome){exp(makespan), exp(mean), exp(p95), jain};
}

static void compare(uint32_t quads, double of_queues, double of_connections, double of_address)
{
	struct outcome ours, queues, connections, address;
	run_some(quads, SIM_SCHEDULE, &ours);
	run_some(quads, SIM_QUEUES, &queues);
	run_some(quads, SIM_CONNECTIONS, &connections);
	run_some(quads, SIM_ONE_WORKER, &address);
	print_message(
		"%u workers: makespan %.0f, mean %.1f, p95 %.1f s, fairness %.2f; p95 is %.2f of "
		"shortest queue's, %.2f of least_conn's, %.3f of ip_hash's\n",
		4 * quads, ours.makespan_s, ours.mean_s, ours.p95_s, ours.jain,
		ours.p95_s / queues.p95_s, ours.p95_s / connections.p95_s,
		ours.p95_s / address.p95_s);
	assert_true(ours.p95_s <= of_queues * queues.p95_s);
	assert_true(ours.p95_s <= of_connections * connections.p95_s);
	assert_true(ours.p95_s <= of_address * address.p95_s);
	assert_true(ours.mean_s <= queues.mean_s);
	assert_true(ours.makespan_s <= 0.8 * connections.makespan_s);
	assert_true(ours.makespan_s <= 0.45 * address.makespan_s);
}

static void four_workers(void **state)
{
	(void)state;
	compare(1, 0.6, 0.40, 0.15);
}

static void eight_workers(void **state)
{
	(void)state;
	compare(2, 0.5, 0.22, 0.08);
}

static void thirty_two_workers(void **state)
{
	(void)state;
	compare(8, 0.3, 0.15, 0.02);
}

/* What is expected before anything was seen is then wrong by as much. */
static void jobs_of_a_second_are_shared_as_well_as_jobs_of_a_minute(void **state)
{
	(void)state;
	struct outcome usual, quick;
	run_some(1, SIM_SCHEDULE, &usual);
	divide_by = 50;
	run_some(1, SIM_SCHEDULE, &quick);
	divide_by = 1;
	print_message("p95 %.1f s, a fiftieth of all times: %.1f\n", usual.p95_s, quick.p95_s);
	assert_true(quick.p95_s < 1.15 * usual.p95_s);
	assert_true(quick.mean_s < 1.15 * usual.mean_s);
}

/* One person's forty jobs on idle workers, one of which has the model. */
static void a_batch_alone_uses_all_workers(void **state)
{
	(void)state;
	sim = (struct sim){.jobs = jobs,
		.worker_count = 4,
		.clients = 1,
		.load_s = {15},
		.settings = {.alpha = 2, .bulk_weight = 1, .bulk_jobs = 10}};
	for (uint32_t i = 0; i < 4; i++)
		sim.workers[i] = (struct sim_worker){.speed = 1, .room = 2};
	for (uint32_t i = 0; i < 42; i++)
		jobs[sim.count++] = (struct sim_job){
			.submit_s = i < 2 ? i * 100 : 200 + i * 0.05, .run_s = 10};
	sim_run(&sim);
	assert_true(sim.makespan_s - 200 < 130);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_workers),
		cmocka_unit_test(eight_workers),
		cmocka_unit_test(thirty_two_workers),
		cmocka_unit_test(jobs_of_a_second_are_shared_as_well_as_jobs_of_a_minute),
		cmocka_unit_test(a_batch_alone_uses_all_workers),
	};
	return cmocka_run_group_tests_name("comfy/schedule, simulated", tests, NULL, NULL);
}
