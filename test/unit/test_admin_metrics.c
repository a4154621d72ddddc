#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admin/metrics.h"
#include "admin_help.h"
#include "proxy/close_reason.h"

#include <stdio.h>

/* The whole page, terminated. */
static char *page_of(const struct generation *generation)
{
	static const struct reload_status status = {.started_wall_us = 1500000,
		.ok_count = 3,
		.failed_count = 2,
		.last_ok_wall_us = 2250000,
		.generations_alive = 1};
	struct text text;
	text_init(&text, 0);
	metrics_page(&text, &status, generation);
	text_put(&text, "", 1);
	assert_false(text.is_short);
	return text.p;
}

/* The line is there, as a whole. */
static void has(const char *page, const char *line)
{
	char wanted[256];
	(void)snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (strstr(page, wanted) == NULL)
		fail_msg("no line %s", line);
}

static void a_row_is_a_family_with_its_objects(void **state)
{
	static const struct metric table[] = {
		{"x_total", "What.", METRIC_COUNTER_U64, 0, "kind=\"a\""},
		{"x_total", "", METRIC_COUNTER_U64, sizeof(uint64_t), "kind=\"b\""},
		{"y_seconds", "Time.", METRIC_GAUGE_US, 0, NULL},
	};
	static const uint64_t one[] = {1, 2};
	static const uint64_t two[] = {30, 40};
	const struct metric_object objects[] = {
		{one, SLICE("w=\"1\"")},
		{two, {"", 0}},
	};
	struct text text;
	(void)state;
	text_init(&text, 0);
	metrics_table(&text, table, COUNT_OF(table), objects, COUNT_OF(objects));
	text_put(&text, "", 1);
	assert_string_equal(text.p, "# HELP x_total What.\n# TYPE x_total counter\n"
				    "x_total{w=\"1\",kind=\"a\"} 1\nx_total{kind=\"a\"} 30\n"
				    "x_total{w=\"1\",kind=\"b\"} 2\nx_total{kind=\"b\"} 40\n"
				    "# HELP y_seconds Time.\n# TYPE y_seconds gauge\n"
				    "y_seconds{w=\"1\"} 0.000001\ny_seconds 0.00003\n");
	text_finish(&text);
}

static void a_histogram_counts_up_to_its_end(void **state)
{
	static const struct metric table[] = {{"h", "Times.", METRIC_HISTOGRAM, 0, NULL}};
	struct histogram histogram = {.count = 0};
	struct text text;
	(void)state;
	histogram_add(&histogram, 400);
	histogram_add(&histogram, 900);
	histogram_add(&histogram, 1000);
	histogram_add(&histogram, UINT64_C(3600000000));
	text_init(&text, 0);
	metrics_table(&text, table, 1, &(struct metric_object){&histogram, SLICE("w=\"1\"")}, 1);
	text_put(&text, "", 1);
	has(text.p, "h_bucket{w=\"1\",le=\"0.0005\"} 1");
	has(text.p, "h_bucket{w=\"1\",le=\"0.001\"} 3");
	has(text.p, "h_bucket{w=\"1\",le=\"600\"} 3");
	has(text.p, "h_bucket{w=\"1\",le=\"+Inf\"} 4");
	has(text.p, "h_sum{w=\"1\"} 3600.0023");
	has(text.p, "h_count{w=\"1\"} 4");
	text_finish(&text);
}

static void a_worker_is_told_with_its_pool(void **state)
{
	struct admin_help *h = *state;
	struct backend *backend = admin_help_backend(h, 0, 1);
	backend->stats.picks = 17;
	backend->stats.responses[5] = 4;
	backend->is_draining = true;
	histogram_add(&backend->stats.first_byte, 700);
	char *page = page_of(&h->generation);
	has(page, "comfymux_worker_picks_total{pool=\"gpu\",worker=\"w2\"} 17");
	has(page, "comfymux_worker_picks_total{pool=\"gpu\",worker=\"w1\"} 0");
	has(page, "comfymux_worker_responses_total{pool=\"gpu\",worker=\"w2\",class=\"5xx\"} 4");
	has(page, "comfymux_worker_draining{pool=\"gpu\",worker=\"w2\"} 1");
	has(page, "comfymux_worker_first_byte_seconds_count{pool=\"gpu\",worker=\"w2\"} 1");
	has(page, "comfymux_worker_max_concurrent{pool=\"other\",worker=\"w1\"} 4");
	has(page, "comfymux_worker_weight{pool=\"other\",worker=\"w1\"} 2");
	free(page);
}

static void the_state_is_one_of_three(void **state)
{
	struct admin_help *h = *state;
	lb_backend_set_state(admin_help_backend(h, 0, 0), BACKEND_DOWN, "test");
	lb_backend_set_state(admin_help_backend(h, 0, 1), BACKEND_BUSY, "test");
	char *page = page_of(&h->generation);
	has(page, "comfymux_worker_state{pool=\"gpu\",worker=\"w1\",state=\"up\"} 0");
	has(page, "comfymux_worker_state{pool=\"gpu\",worker=\"w1\",state=\"down\"} 1");
	has(page, "comfymux_worker_state{pool=\"gpu\",worker=\"w2\",state=\"busy\"} 1");
	has(page, "comfymux_worker_state{pool=\"other\",worker=\"w1\",state=\"up\"} 1");
	has(page, "comfymux_pool_eligible{pool=\"gpu\"} 1");
	has(page, "comfymux_pool_workers{pool=\"gpu\"} 2");
	free(page);
}

static void stickiness_is_told_where_there_is_any(void **state)
{
	struct admin_help *h = *state;
	char *page = page_of(&h->generation);
	has(page, "comfymux_pool_sticky_entries{pool=\"gpu\"} 0");
	assert_null(strstr(page, "comfymux_pool_sticky_entries{pool=\"other\"}"));
	has(page, "comfymux_pool_info{pool=\"other\",strategy=\"round_robin\"} 1");
	free(page);
}

static void reloads_and_the_process_are_told(void **state)
{
	struct admin_help *h = *state;
	char *page = page_of(&h->generation);
	has(page, "comfymux_reloads_total{result=\"ok\"} 3");
	has(page, "comfymux_reloads_total{result=\"failed\"} 2");
	has(page, "comfymux_reload_timestamp_seconds{result=\"ok\"} 2.25");
	has(page, "comfymux_reload_timestamp_seconds{result=\"failed\"} 0");
	has(page, "comfymux_build_info{version=\"" COMFYMUX_VERSION "\"} 1");
	has(page, "process_start_time_seconds 1.5");
	assert_null(strstr(page, "process_resident_memory_bytes 0\n"));
	assert_null(strstr(page, "process_open_fds 0\n"));
	free(page);
}

static void every_reason_of_an_end_is_there(void **state)
{
	(void)state;
	char *page = page_of(NULL);
	for (int i = 0; i < CLOSE_REASONS; i++) {
		char line[96];
		(void)snprintf(line, sizeof(line), "comfymux_closed_total{reason=\"%s\"} 0",
			close_reason_name((enum close_reason)i));
		has(page, line);
	}
	assert_null(strstr(page, "comfymux_worker_"));
	free(page);
}

/* HELP and TYPE once, and all samples behind them. */
static void each_family_is_in_one_piece(void **state)
{
	struct admin_help *h = *state;
	char *page = page_of(&h->generation);
	char *rest = NULL;
	char family[128] = "";
	int families = 0;
	char *whole = strdup(page);
	assert_non_null(whole);
	for (char *line = strtok_r(page, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		char needle[160];
		if (strncmp(line, "# HELP ", 7) == 0) {
			(void)snprintf(family, sizeof(family), "%.*s", (int)strcspn(line + 7, " "),
				line + 7);
			(void)snprintf(needle, sizeof(needle), "# TYPE %s ", family);
			const char *type = strstr(whole, needle);
			assert_non_null(type);
			assert_null(strstr(type + 1, needle));
			families++;
		} else if (line[0] != '#') {
			assert_int_equal(strncmp(line, family, strlen(family)), 0);
		}
	}
	assert_true(families > 70);
	free(whole);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_a_family_with_its_objects),
		cmocka_unit_test(a_histogram_counts_up_to_its_end),
		cmocka_unit_test_setup_teardown(
			a_worker_is_told_with_its_pool, admin_help_setup, admin_help_teardown),
		cmocka_unit_test_setup_teardown(
			the_state_is_one_of_three, admin_help_setup, admin_help_teardown),
		cmocka_unit_test_setup_teardown(stickiness_is_told_where_there_is_any,
			admin_help_setup, admin_help_teardown),
		cmocka_unit_test_setup_teardown(
			reloads_and_the_process_are_told, admin_help_setup, admin_help_teardown),
		cmocka_unit_test(every_reason_of_an_end_is_there),
		cmocka_unit_test_setup_teardown(
			each_family_is_in_one_piece, admin_help_setup, admin_help_teardown),
	};
	return cmocka_run_group_tests_name("admin/metrics", tests, NULL, NULL);
}
