#include "test/unit/file_help.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>

static void open_log(enum log_level level)
{
	struct err err = {""};
	if (log_open(path, level, &err) != 0)
		fail_msg("%s", err.text);
}

/* Behind "time=2026-11-21T20:07:14.123Z ", which must stand there. */
static const char *behind_time(const char *line)
{
	static const char shape[] = "time=0000-00-00T00:00:00.000Z ";
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		bool is_digit = line[i] >= '0' && line[i] <= '9';
		if (shape[i] == '0' ? !is_digit : line[i] != shape[i])
			fail_msg("%s", line);
	}
	return line + sizeof(shape) - 1;
}

static void a_line_is_time_level_event_and_pairs(void **state)
{
	(void)state;
	open_log(LOG_INFO);
	log_info("listening", "address=%s configured=%d", "127.0.0.1:1", 0);
	assert_string_equal(behind_time(content_of(path)),
		"level=info event=listening address=127.0.0.1:1 configured=0\n");
	log_close();
}

static void an_event_may_have_no_pairs(void **state)
{
	(void)state;
	open_log(LOG_INFO);
	log_error("started", "%s", "");
	log_close();
	const char *text = behind_time(content_of(path));
	assert_int_equal(strncmp(text, "level=error event=started", 25), 0);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void lower_levels_are_left_out(void **state)
{
	(void)state;
	open_log(LOG_WARN);
	log_debug("d", "n=%d", 1);
	log_info("i", "n=%d", 1);
	log_warn("w", "n=%d", 1);
	log_error("e", "n=%d", 1);
	log_close();
	const char *text = content_of(path);
	assert_null(strstr(text, "level=info"));
	assert_null(strstr(text, "level=debug"));
	assert_non_null(strstr(text, "level=warn event=w n=1\n"));
	assert_non_null(strstr(text, "level=error event=e n=1\n"));
}

static void levels_have_names(void **state)
{
	static const char *const names[] = {
		"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};
	enum log_level level = LOG_DEBUG;
	(void)state;
	assert_false(log_level_find("verbose", &level));
	assert_false(log_level_find("", &level));
	assert_int_equal(level, LOG_DEBUG);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_true(log_level_find(names[i], &level));
		assert_int_equal(level, i);
		assert_string_equal(log_level_name(level), names[i]);
	}
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;
	for (; (text = strstr(text, what)) != NULL; text++)
		count++;
	return count;
}

static void a_call_site_that_repeats_itself_is_muted(void **state)
{
	(void)state;
	open_log(LOG_INFO);
	uint64_t muted = log_lines_muted();
	uint64_t first = clock_wall_us() / 1000000;
	for (int i = 0; i < 500; i++)
		log_info("again", "n=%d", i);
	uint64_t seconds = clock_wall_us() / 1000000 - first + 1;
	log_info("other", "n=%d", 1);
	log_close();
	const char *text = content_of(path);
	size_t written = count_of(text, "event=again");
	assert_in_range(written, LOG_SITE_BURST, LOG_SITE_BURST * seconds);
	assert_int_equal(log_lines_muted() - muted, 500 - written);
	assert_int_equal(count_of(text, "event=other"), 1);
}

static void a_muted_site_says_what_it_kept_back(void **state)
{
	struct log_site site = {.second = 1, .count = LOG_SITE_BURST + 5, .dropped = 5};
	(void)state;
	open_log(LOG_INFO);
	log_write(&site, LOG_INFO, "again", "n=%d", 1);
	log_write(&site, LOG_INFO, "again", "n=%d", 2);
	log_close();
	const char *text = content_of(path);
	assert_non_null(strstr(text, "event=again kept_back=5 n=1\n"));
	assert_non_null(strstr(text, "event=again n=2\n"));
}

static void a_line_has_an_end(void **state)
{
	static char long_text[5000];
	(void)state;
	/* Around the limit, where the newline could pass it. */
	for (size_t n = 1900; n < 2100; n++) {
		struct log_site site = {0};
		memset(long_text, 'x', n);
		long_text[n] = '\0';
		open_log(LOG_INFO);
		log_write(&site, LOG_INFO, "long", "text=%s", long_text);
		log_close();
		const char *text = content_of(path);
		assert_in_range(strlen(text), 1900, 2048);
		assert_int_equal(text[strlen(text) - 1], '\n');
		assert_int_equal(count_of(text, "\n"), 1);
		assert_int_equal(unlink(path), 0);
	}
}

static void what_others_wrote_is_quoted(void **state)
{
	static const struct {
		struct slice text;
		const char *want;
	} rows[] = {
		{{"plain-text/1.0", 14}, "plain-text/1.0"},
		{{"", 0}, "\"\""},
		{{"two words", 9}, "\"two words\""},
		{{"a=b", 3}, "\"a=b\""},
		{{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
		{{"a\nlevel=error", 13}, "\"a\\nlevel=error\""},
		{{"\0\r\x1b[2J\x7f", 7}, "\"\\x00\\x0d\\x1b[2J\\x7f\""},
		{{"\xc3\xa4", 2}, "\"\xc3\xa4\""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(LOG_QUOTE_SLICE(rows[i].text), rows[i].want);
	assert_string_equal(LOG_QUOTE("two words"), "\"two words\"");
}

static void what_is_too_long_to_quote_is_cut(void **state)
{
	char text[2 * LOG_QUOTED];
	char out[LOG_QUOTED];
	(void)state;
	static const char fill[] = {'x', '\n', '\x01', '"'};
	for (size_t i = 0; i < COUNT_OF(fill); i++) {
		memset(text, fill[i], sizeof(text));
		/* Around the limit, where the escape or the ellipsis could pass the end. */
		for (size_t n = 100; n < sizeof(text); n++) {
			memset(out, '?', sizeof(out));
			log_quote(out, (struct slice){text, n});
			size_t length = strnlen(out, sizeof(out));
			assert_in_range(length, 100, sizeof(out) - 1);
			if (out[0] == '"')
				assert_int_equal(out[length - 1], '"');
		}
	}
	assert_non_null(strstr(out, "...\""));
}

static void a_log_that_cannot_be_opened_leaves_the_old_one(void **state)
{
	struct err err = {""};
	char bad[160];
	(void)state;
	open_log(LOG_INFO);
	(void)snprintf(bad, sizeof(bad), "%s/no/log", folder);
	assert_int_equal(log_open(bad, LOG_ERROR, &err), -ENOENT);
	assert_non_null(strstr(err.text, bad));
	log_info("still", "n=%d", 1);
	assert_non_null(strstr(content_of(path), "event=still"));
	assert_int_equal(rename(path, other_path), 0);
	assert_int_equal(log_reopen(&err), 0);
	log_info("reopened", "n=%d", 1);
	log_close();
	assert_non_null(strstr(content_of(path), "event=reopened"));
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_line_is_time_level_event_and_pairs),
		IN_FOLDER(an_event_may_have_no_pairs),
		IN_FOLDER(lower_levels_are_left_out),
		cmocka_unit_test(levels_have_names),
		IN_FOLDER(a_call_site_that_repeats_itself_is_muted),
		IN_FOLDER(a_muted_site_says_what_it_kept_back),
		IN_FOLDER(a_line_has_an_end),
		cmocka_unit_test(what_others_wrote_is_quoted),
		cmocka_unit_test(what_is_too_long_to_quote_is_cut),
		IN_FOLDER(a_log_that_cannot_be_opened_leaves_the_old_one),
	};
	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
