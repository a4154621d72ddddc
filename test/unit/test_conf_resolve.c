#include "test/unit/conf_help.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/wait.h>

/* A label of 64 octets (RFC 1035 section 2.3.4): no name server is asked for it. "localhost" is in
 * every hosts file. */
#define UNKNOWN_HOST "gpu9-0123456789-0123456789-0123456789-0123456789-0123456789-012345"
#define NAMES                                                                                      \
	CONF_LISTEN "nodes = { static_nodes = (\n"                                                 \
		    " { node_id = \"a\"; host = \"localhost\"; port = 81; },\n"                    \
		    " { node_id = \"b\"; host = \"10.0.0.1\"; },\n"                                \
		    " { node_id = \"c\"; host = \"localhost\"; port = 82; } ); };\n"
#define UNKNOWN                                                                                    \
	CONF_LISTEN "nodes = { static_nodes = (\n"                                                 \
		    " { node_id = \"a\"; host = \"" UNKNOWN_HOST "\"; },\n"                        \
		    " { node_id = \"b\"; host = \"localhost\"; },\n"                               \
		    " { node_id = \"c\"; host = \"" UNKNOWN_HOST "\"; } ); };\n"

struct fixture {
	struct event_base *base;
	struct conf *conf;
	struct conf_problems problems;
	struct conf_resolving *resolving;
	int done;
	bool is_ok;
};

static void begin(struct fixture *f, const char *text)
{
	*f = (struct fixture){.base = event_base_new(), .conf = conf_help_read(text)};
	assert_non_null(f->base);
	conf_problems_init(&f->problems);
}

static void end(struct fixture *f)
{
	conf_problems_finish(&f->problems);
	conf_destroy(f->conf);
	event_base_free(f->base);
	/* No child is left, not even a dead one. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void on_done(bool is_ok, void *arg)
{
	struct fixture *f = arg;
	f->done++;
	f->is_ok = is_ok;
	f->resolving = NULL;
}

static void run(struct fixture *f)
{
	f->resolving = conf_resolve_start(f->conf, &f->problems, f->base, on_done, f);
	assert_non_null(f->resolving);
	assert_int_equal(f->done, 0); /* never from inside the call */
	/* Returns when no event is left. */
	assert_true(event_base_dispatch(f->base) >= 0);
	assert_int_equal(f->done, 1);
}

static void check_addr(const struct addr *addr, const char *expected)
{
	char text[ADDR_TEXT];
	addr_format(addr, text);
	assert_string_equal(text, expected);
}

static void check_names(const struct conf *conf)
{
	check_addr(&conf->pools[0].nodes[0].addr, "127.0.0.1:81");
	check_addr(&conf->pools[0].nodes[1].addr, "10.0.0.1:8188");
	check_addr(&conf->pools[0].nodes[2].addr, "127.0.0.1:82");
}

static void check_unknown(const struct conf_problems *problems)
{
	static const char text[] = "host \"" UNKNOWN_HOST
				   "\" cannot be resolved: Name or service not known";
	static const unsigned lines[] = {3, 5};
	const struct conf_problem *one = problems->first;
	assert_int_equal(problems->count, COUNT_OF(lines));
	for (unsigned i = 0; i < COUNT_OF(lines); i++, one = one->next) {
		assert_int_equal(one->line, lines[i]);
		assert_string_equal(one->file, "/tmp/test.conf");
		assert_string_equal(one->text, text);
	}
}

static void looks_names_up_at_once(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, NAMES);
	assert_true(conf_resolve(f.conf, &f.problems));
	check_names(f.conf);
	assert_int_equal(f.problems.count, 0);
	end(&f);
}

static void says_at_once_who_is_unknown(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, UNKNOWN);
	assert_false(conf_resolve(f.conf, &f.problems));
	check_unknown(&f.problems);
	end(&f);
}

static void looks_names_up_beside_the_loop(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, NAMES);
	run(&f);
	assert_true(f.is_ok);
	check_names(f.conf);
	end(&f);
}

static void says_later_who_is_unknown(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, UNKNOWN);
	run(&f);
	assert_false(f.is_ok);
	check_unknown(&f.problems);
	check_addr(&f.conf->pools[0].nodes[1].addr, "127.0.0.1:8188");
	end(&f);
}

static void no_names_are_done_next_turn(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, CONF_LISTEN CONF_NODES);
	run(&f);
	assert_true(f.is_ok);
	end(&f);
}

static void many_answers_fit_the_pipe(void **state)
{
	enum { COUNT = 2000 };
	char *text = malloc((size_t)COUNT * 80);
	struct fixture f;
	(void)state;
	assert_non_null(text);
	size_t n = (size_t)sprintf(text, CONF_LISTEN "nodes = { static_nodes = (\n");
	/* Spellings of 127.0.0.1 that only getaddrinfo understands: it answers without asking. */
	for (unsigned i = 0; i < COUNT; i++)
		n += (size_t)sprintf(text + n,
			"{ node_id = \"%u\"; host = \"0x7f000001\"; port = %u; },\n", i, i + 1);
	(void)sprintf(text + n - 2, "); };\n");
	for (unsigned i = 0; i < COUNT; i++) {
		/* 0x7f000000 + i: each another name. */
		char *at = strstr(text, "0x7f000001");
		char hex[16];
		assert_non_null(at);
		(void)snprintf(hex, sizeof(hex), "0X7f%06x", i + 1);
		memcpy(at, hex, 10);
	}
	begin(&f, text);
	free(text);
	run(&f);
	assert_true(f.is_ok);
	check_addr(&f.conf->pools[0].nodes[0].addr, "127.0.0.1:1");
	check_addr(&f.conf->pools[0].nodes[COUNT - 1].addr, "127.0.7.208:2000");
	end(&f);
}

static void cancelling_leaves_nothing(void **state)
{
	static const char *const texts[] = {UNKNOWN, CONF_LISTEN CONF_NODES};
	struct fixture f;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		begin(&f, texts[i]);
		f.resolving = conf_resolve_start(f.conf, &f.problems, f.base, on_done, &f);
		assert_non_null(f.resolving);
		conf_resolve_cancel(f.resolving);
		assert_true(event_base_dispatch(f.base) >= 0);
		assert_int_equal(f.done, 0);
		end(&f);
	}
	conf_resolve_cancel(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_names_up_at_once),
		cmocka_unit_test(says_at_once_who_is_unknown),
		cmocka_unit_test(looks_names_up_beside_the_loop),
		cmocka_unit_test(says_later_who_is_unknown),
		cmocka_unit_test(no_names_are_done_next_turn),
		cmocka_unit_test(many_answers_fit_the_pipe),
		cmocka_unit_test(cancelling_leaves_nothing),
	};
	return cmocka_run_group_tests_name("conf/resolve", tests, NULL, NULL);
}
