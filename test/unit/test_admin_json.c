#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admin/json_pages.h"
#include "admin_help.h"

#include <jansson.h>

static json_t *parsed(struct text *text)
{
	json_error_t error;
	assert_false(text->is_short);
	json_t *json = json_loadb(text->p, text->n, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s at %d: %.*s", error.text, error.position, (int)text->n, text->p);
	text_finish(text);
	return json;
}

static json_t *nodes_of(const struct generation *generation, bool has_counters)
{
	struct text text;
	text_init(&text, 0);
	nodes_json(&text, generation, has_counters);
	return parsed(&text);
}

/* The health page, and what it says of itself. */
static json_t *health_of(const struct generation *generation, bool *ret_is_good)
{
	static const struct reload_status status = {.started_wall_us = 1,
		.ok_count = 4,
		.failed_count = 1,
		.last_ok_wall_us = 1795291634123000,
		.last_error = "x.conf:3: a \"bad\" line"};
	struct text text;
	text_init(&text, 0);
	*ret_is_good = health_json(&text, generation, &status);
	return parsed(&text);
}

static const char *string_at(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));
	if (value == NULL)
		fail_msg("no string %s", key);
	return value;
}

static json_int_t int_at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_integer(value))
		fail_msg("no number %s", key);
	return json_integer_value(value);
}

static void a_worker_has_configuration_and_state(void **state)
{
	struct admin_help *h = *state;
	struct backend *backend = admin_help_backend(h, 0, 0);
	lb_backend_set_state(backend, BACKEND_DOWN, "probe: \"500\"");
	backend->in_flight = 3;
	backend->tunnels = 2;
	backend->report = (struct backend_report){
		.vram_total = 24 << 20, .vram_free = 1 << 20, .version = "0.3.75"};
	json_t *json = nodes_of(&h->generation, false);
	const json_t *list = json_object_get(json, "nodes");
	assert_int_equal(json_array_size(list), 3);
	const json_t *row = json_array_get(list, 0);
	assert_string_equal(string_at(row, "pool"), "gpu");
	assert_string_equal(string_at(row, "node_id"), "w1");
	assert_string_equal(string_at(row, "host"), "127.0.0.1");
	assert_int_equal(int_at(row, "port"), 8188);
	assert_int_equal(int_at(row, "max_concurrent"), 4);
	assert_int_equal(json_array_size(json_object_get(row, "capabilities")), 2);
	const json_t *metadata = json_object_get(row, "metadata");
	assert_string_equal(string_at(metadata, "description"), "the \"big\" one");
	assert_int_equal(int_at(metadata, "priority"), 3);
	assert_string_equal(string_at(row, "state"), "down");
	assert_string_equal(string_at(row, "why"), "probe: \"500\"");
	assert_int_equal(strlen(string_at(row, "since")), 24);
	assert_int_equal(int_at(row, "in_flight"), 3);
	assert_int_equal(int_at(row, "tunnels"), 2);
	assert_int_equal(int_at(row, "vram_free"), 1 << 20);
	assert_string_equal(string_at(row, "version"), "0.3.75");
	assert_true(json_is_null(json_object_get(row, "last_probe")));
	assert_null(json_object_get(row, "counters"));
	json_decref(json);
	backend->in_flight = backend->tunnels = 0;
}

static void what_nobody_knows_is_null(void **state)
{
	struct admin_help *h = *state;
	json_t *json = nodes_of(&h->generation, false);
	const json_t *row = json_array_get(json_object_get(json, "nodes"), 0);
	assert_true(json_is_null(json_object_get(row, "vram_total")));
	assert_true(json_is_null(json_object_get(row, "vram_free")));
	assert_true(json_is_null(json_object_get(row, "queue")));
	json_decref(json);
}

static void the_second_version_has_counters(void **state)
{
	struct admin_help *h = *state;
	struct backend *backend = admin_help_backend(h, 1, 0);
	backend->stats.picks = 12;
	backend->stats.responses[2] = 9;
	backend->probe = (struct backend_probe){
		.at_wall_us = 1795291634123000, .took_us = 1500, .was_ok = true, .text = "200"};
	json_t *json = nodes_of(&h->generation, true);
	const json_t *row = json_array_get(json_object_get(json, "nodes"), 2);
	assert_string_equal(string_at(row, "pool"), "other");
	const json_t *counters = json_object_get(row, "counters");
	assert_int_equal(int_at(counters, "picks"), 12);
	assert_int_equal(int_at(json_object_get(counters, "responses"), "2xx"), 9);
	const json_t *probe = json_object_get(row, "last_probe");
	assert_string_equal(string_at(probe, "at"), "2026-11-21T20:07:14.123Z");
	assert_string_equal(string_at(probe, "result"), "200");
	assert_true(json_is_true(json_object_get(probe, "ok")));
	json_decref(json);
}

static void who_left_is_told_apart(void **state)
{
	struct admin_help *h = *state;
	struct conf_node node = h->nodes[0];
	node.node_id = "gone";
	struct backend *gone = lb_backend_get("gpu", &node);
	assert_non_null(gone);
	json_t *json = nodes_of(&h->generation, false);
	assert_int_equal(json_array_size(json_object_get(json, "leaving")), 0);
	json_decref(json);
	lb_backend_set_draining(gone, true);
	json = nodes_of(&h->generation, false);
	const json_t *leaving = json_object_get(json, "leaving");
	assert_int_equal(json_array_size(json_object_get(json, "nodes")), 3);
	assert_int_equal(json_array_size(leaving), 1);
	assert_string_equal(string_at(json_array_get(leaving, 0), "node_id"), "gone");
	json_decref(json);
	lb_backend_unref(gone);
}

static void health_goes_from_ok_to_down(void **state)
{
	struct admin_help *h = *state;
	bool is_good;
	json_t *json = health_of(&h->generation, &is_good);
	assert_true(is_good);
	assert_string_equal(string_at(json, "status"), "ok");
	assert_int_equal(int_at(json, "generation"), 5);
	json_decref(json);

	lb_backend_set_state(admin_help_backend(h, 0, 0), BACKEND_DOWN, "test");
	json = health_of(&h->generation, &is_good);
	assert_true(is_good);
	assert_string_equal(string_at(json, "status"), "degraded");
	const json_t *pool = json_array_get(json_object_get(json, "pools"), 0);
	assert_string_equal(string_at(pool, "name"), "gpu");
	assert_int_equal(int_at(pool, "eligible"), 1);
	assert_int_equal(int_at(pool, "total"), 2);
	json_decref(json);

	lb_backend_set_state(admin_help_backend(h, 1, 0), BACKEND_DOWN, "test");
	json = health_of(&h->generation, &is_good);
	assert_false(is_good);
	assert_string_equal(string_at(json, "status"), "down");
	json_decref(json);
}

static void health_tells_of_reloads(void **state)
{
	struct admin_help *h = *state;
	bool is_good;
	json_t *json = health_of(&h->generation, &is_good);
	const json_t *reload = json_object_get(json, "reload");
	assert_string_equal(string_at(reload, "last_ok"), "2026-11-21T20:07:14.123Z");
	assert_true(json_is_null(json_object_get(reload, "last_failed")));
	assert_string_equal(string_at(reload, "last_error"), "x.conf:3: a \"bad\" line");
	assert_int_equal(int_at(reload, "ok_count"), 4);
	assert_int_equal(int_at(reload, "failed_count"), 1);
	assert_true(json_is_number(json_object_get(json, "uptime")));
	json_decref(json);
}

static void without_a_generation_it_is_down(void **state)
{
	(void)state;
	bool is_good;
	json_t *json = health_of(NULL, &is_good);
	assert_false(is_good);
	assert_int_equal(json_array_size(json_object_get(json, "pools")), 0);
	json_decref(json);
	json = nodes_of(NULL, true);
	assert_int_equal(json_array_size(json_object_get(json, "nodes")), 0);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_worker_has_configuration_and_state,
			admin_help_setup, admin_help_teardown),
		cmocka_unit_test_setup_teardown(
			what_nobody_knows_is_null, admin_help_setup, admin_help_teardown),
		cmocka_unit_test_setup_teardown(
			the_second_version_has_counters, admin_help_setup, admin_help_teardown),
		cmocka_unit_test_setup_teardown(
			who_left_is_told_apart, admin_help_setup, admin_help_teardown),
		cmocka_unit_test_setup_teardown(
			health_goes_from_ok_to_down, admin_help_setup, admin_help_teardown),
		cmocka_unit_test_setup_teardown(
			health_tells_of_reloads, admin_help_setup, admin_help_teardown),
		cmocka_unit_test(without_a_generation_it_is_down),
	};
	return cmocka_run_group_tests_name("admin/json", tests, NULL, NULL);
}
