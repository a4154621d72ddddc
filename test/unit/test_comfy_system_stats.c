/* test/unit/test_comfy_system_stats.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comfy/comfy.h"

#include <stdio.h>

static const char two_gpus[] =
	"{\"system\":{\"os\":\"posix\",\"ram_total\":67360059392,\"ram_free\":60000000000,"
	"\"comfyui_version\":\"0.33.0\",\"argv\":[\"main.py\"]},"
	"\"devices\":[{\"name\":\"cuda:0 NVIDIA RTX 4090\",\"type\":\"cuda\",\"index\":0,"
	"\"vram_total\":25282281472,\"vram_free\":24000000000},"
	"{\"name\":\"cuda:1 NVIDIA RTX 3090\",\"vram_total\":100,\"vram_free\":50}]}";

static void sums_over_devices(void **state)
{
	struct backend_report report = {.vram_total = 1, .version = "old", .device = "old"};
	(void)state;
	assert_true(comfy_read_system_stats(slice_of(two_gpus), &report));
	assert_int_equal(report.ram_total, 67360059392);
	assert_int_equal(report.ram_free, 60000000000);
	assert_int_equal(report.vram_total, 25282281572);
	assert_int_equal(report.vram_free, 24000000050);
	assert_string_equal(report.version, "0.33.0");
	assert_string_equal(report.device, "cuda:0 NVIDIA RTX 4090");
}

static void what_is_missing_is_unknown(void **state)
{
	static const char *const cases[] = {"{\"system\":{}}", "{\"devices\":[]}",
		"{\"system\":{\"comfyui_version\":7,\"ram_total\":\"many\"},\"devices\":{}}",
		"{\"system\":null,\"devices\":[null,5,\"x\",{\"name\":null,\"vram_total\":-4}]}"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct backend_report report = {.vram_total = 1, .version = "old"};
		assert_true(comfy_read_system_stats(slice_of(cases[i]), &report));
		assert_int_equal(report.vram_total + report.ram_total, 0);
		assert_string_equal(report.version, "");
		assert_string_equal(report.device, "");
	}
}

static void reals_are_numbers(void **state)
{
	struct backend_report report = {0};
	(void)state;
	assert_true(comfy_read_system_stats(
		SLICE("{\"system\":{\"ram_total\":1e9,\"ram_free\":1e300}}"), &report));
	assert_int_equal(report.ram_total, 1000000000);
	assert_int_equal(report.ram_free, 0);
}

static void another_body_changes_nothing(void **state)
{
	static const char *const cases[] = {"", "ok", "[]", "{}", "{\"status\":\"ok\"}",
		"{\"system\":{}", "<html></html>", "{\"system\":\"linux\"}"};
	struct backend_report report = {.vram_total = 1, .version = "old"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_false(comfy_read_system_stats(slice_of(cases[i]), &report));
	assert_false(comfy_read_system_stats((struct slice){NULL, 0}, &report));
	assert_int_equal(report.vram_total, 1);
	assert_string_equal(report.version, "old");
}

static void cuts_between_characters(void **state)
{
	struct backend_report report = {0};
	char body[512];
	(void)state;
	/* 46 octets, then one character of two: it would be cut in the middle. */
	(void)snprintf(
		body, sizeof(body), "{\"system\":{\"comfyui_version\":\"%046d\xc3\xa9rest\"}}", 1);
	assert_true(comfy_read_system_stats(slice_of(body), &report));
	assert_int_equal(strlen(report.version), 46);
	(void)snprintf(
		body, sizeof(body), "{\"system\":{\"comfyui_version\":\"%045d\xc3\xa9rest\"}}", 1);
	assert_true(comfy_read_system_stats(slice_of(body), &report));
	assert_int_equal(strlen(report.version), 47);
}

static void control_characters_end_a_text(void **state)
{
	struct backend_report report = {0};
	(void)state;
	assert_true(comfy_read_system_stats(
		SLICE("{\"system\":{\"comfyui_version\":\"1.0\\nlevel=error\"}}"), &report));
	assert_string_equal(report.version, "1.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_over_devices),
		cmocka_unit_test(what_is_missing_is_unknown),
		cmocka_unit_test(reals_are_numbers),
		cmocka_unit_test(another_body_changes_nothing),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(control_characters_end_a_text),
	};
	return cmocka_run_group_tests_name("comfy/system_stats", tests, NULL, NULL);
}
