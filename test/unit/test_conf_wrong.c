/*
 * What is said about a file that is wrong: each kind of mistake with its line and words.
 */
#include "test/unit/conf_help.h"

struct row {
	const char *text, *expected;
};

/* Each text stands below a file that is right. */
static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[2000];
		(void)snprintf(text, sizeof(text), "%s%s%s", CONF_LISTEN, CONF_NODES, rows[i].text);
		assert_string_equal(conf_help_wrong(text), rows[i].expected);
	}
}

#define CHECK_ROWS(rows) check_rows(rows, COUNT_OF(rows))

static void syntax_errors_have_a_line(void **state)
{
	static const struct row rows[] = {
		{"\ndaemon = ;", "4: syntax error\n"},
		{"daemon = maybe;", "3: syntax error\n"},
		{"daemon = true;\n\ndaemon = false;", "5: duplicate setting name\n"},
		{"user = [1, \"a\"];", "3: mismatched element type in array\n"},
		{"user = \"a", "3: this string has no end: a \" is missing\n"},
		{"a = 99999999999999999999;", "3: this number is too large\n"},
		{"admin = {", "3: syntax error\n"},
	};
	(void)state;
	CHECK_ROWS(rows);
}

static void unknown_keys_name_the_nearest(void **state)
{
	static const struct row rows[] = {
		{"demon = true;", "3: unknown key \"demon\", did you mean \"daemon\"?\n"},
		{"Daemon = true;", "3: unknown key \"Daemon\", did you mean \"daemon\"?\n"},
		{"timeouts = {\n raed = 5; };",
			"4: unknown key \"raed\", did you mean \"read\"?\n"},
		{"worker_processes = 4;",
			"3: unknown key \"worker_processes\" in the file, known are daemon, "
			"pid_file, "
			"user, error_log, access_log, admin, timeouts, limits, listen, tls, "
			"proxy_protocol, nodes, pools, servers\n"},
		{"pools = ( { name = \"x\"; static_nodes = (\n { node_id = \"a\"; host = \"h\";\n"
		 " prot = 1; } ); } );",
			"5: unknown key \"prot\", did you mean \"port\"?\n"},
		{"admin = { lisen = \"127.0.0.1:1\"; };",
			"3: unknown key \"lisen\", did you mean \"listen\"?\n"},
	};
	(void)state;
	CHECK_ROWS(rows);
}

static void wrong_kinds_are_named(void **state)
{
	static const struct row rows[] = {
		{"daemon = 1;", "3: \"daemon\" must be true or false, not a whole number\n"},
		{"daemon = \"true\";", "3: \"daemon\" must be true or false, not a string\n"},
		{"user = 0;", "3: \"user\" must be a string, not a whole number\n"},
		{"user = [];", "3: \"user\" must be a string, not a list\n"},
		{"timeouts = 5;", "3: \"timeouts\" must be a group, not a whole number\n"},
		{"timeouts = ( );", "3: \"timeouts\" must be a group, not a list\n"},
		{"timeouts = { read = \"5\"; };",
			"3: \"read\" must be a number of seconds, not a string\n"},
		{"limits = { max_connections = 1.0; };",
			"3: \"max_connections\" must be a whole number, not a fraction\n"},
		{"limits = { max_connections = \"1\"; };",
			"3: \"max_connections\" must be a whole number, not a string\n"},
		{"limits = { body_bytes = 1.5; };",
			"3: \"body_bytes\" must be a size: a number or a string, not a "
			"fraction\n"},
		{"error_log = { level = 3; };",
			"3: \"level\" must be a string, not a whole number\n"},
		{"pools = { };", "3: \"pools\" must be a list of groups, not a group\n"},
		{"pools = ( 1 );", "3: \"pools\" must be a list of groups, not a whole number\n"},
		{"servers = true;", "3: \"servers\" must be a list of groups, not true or false\n"},
		{"servers = ( \"a\" );",
			"3: \"servers\" must be a list of groups, not of a string\n"},
		{"pools = ( { name = \"x\"; static_nodes = { }; } );",
			"3: \"static_nodes\" must be a list of groups, not a group\n"},
		{"pools = ( { name = \"x\"; static_nodes = [ 1 ]; } );",
			"3: \"static_nodes\" must be a list of groups, not of a whole number\n"},
		{"servers = ( { listen = 80; locations = 5; } );",
			"3: \"listen\" must be a list of strings, not a whole number\n"
			"3: \"locations\" must be a list of groups, not a whole number\n"},
		{"servers = ( { listen = [ 80 ]; locations = ( 5 ); tls = 1; } );",
			"3: \"listen\" must be a list of strings, not a whole number\n"
			"3: \"tls\" must be a group, not a whole number\n"
			"3: \"locations\" must be a list of groups, not of a whole number\n"},
		{"servers = ( { listen = [\"127.0.0.2:0\"]; locations = (\n"
		 " { path = 1; pool = 2; }, { path = \"/b\"; respond = 3; } ); } );",
			"4: \"path\" must be a string, not a whole number\n"
			"4: \"pool\" must be a string, not a whole number\n"
			"4: \"respond\" must be a group, not a whole number\n"},
	};
	(void)state;
	CHECK_ROWS(rows);
	assert_string_equal(conf_help_wrong(CONF_LISTEN "nodes = 5;\n"),
		"2: \"nodes\" must be a group, not a whole number\n");
	assert_string_equal(conf_help_wrong("listen = true;\n" CONF_NODES),
		"1: \"listen\" must be a list of strings, not true or false\n");
}

static void ranges_are_told(void **state)
{
	static const struct row rows[] = {
		{"limits = { max_connections = 0; };",
			"3: \"max_connections\" must be 1 to 1000000, not 0\n"},
		{"limits = { max_connections = 4294967297; };",
			"3: \"max_connections\" must be 1 to 1000000, not 4294967297\n"},
		{"limits = { header_fields = 257; };",
			"3: \"header_fields\" must be 1 to 256, not 257\n"},
		{"limits = { header_bytes = \"2M\"; };",
			"3: \"header_bytes\" must be \"1k\" to \"1M\", not \"2M\"\n"},
		{"limits = { header_bytes = 0; };",
			"3: \"header_bytes\" must be \"1k\" to \"1M\", not 0\n"},
		{"limits = { target_bytes = 5; };",
			"3: \"target_bytes\" must be 64 to \"1M\", not 5\n"},
		{"limits = { body_bytes = -1; };", "3: \"body_bytes\" must not be negative\n"},
		{"limits = { body_bytes = \"1.5G\"; };",
			"3: \"body_bytes\" must be a size such as 65536, \"64k\", \"1M\" or "
			"\"2G\": \"1.5G\"\n"},
		{"timeouts = { read = -1; };", "3: \"read\" must not be negative\n"},
		{"timeouts = { read = -0.5; };", "3: \"read\" must not be negative\n"},
		{"timeouts = { read = 315360001; };", "3: \"read\" is longer than ten years\n"},
		{"timeouts = { read = 1e300; };", "3: \"read\" is longer than ten years\n"},
		{"timeouts = { read = 1e999; };", "3: \"read\" is longer than ten years\n"},
		{"pools = ( { name = \"x\"; keepalive = -1; static_nodes = ();\n"
		 " health_check = { timeout = 0; rise = 0; fall = 101; };\n"
		 " load_balancing = { max_retries = 1001; load_interval = 0; sticky = {\n"
		 "  max_entries = 0; }; }; } );",
			"3: \"keepalive\" must be 0 to 10000, not -1\n"
			"4: \"timeout\" must be 0.001 to 315360000 seconds, not 0\n"
			"4: \"rise\" must be 1 to 100, not 0\n"
			"4: \"fall\" must be 1 to 100, not 101\n"
			"5: \"max_retries\" must be 0 to 1000, not 1001\n"
			"5: \"load_interval\" must be 0.01 to 315360000 seconds, not 0\n"
			"6: \"max_entries\" must be 1 to 10000000, not 0\n"},
		{"pools = ( { name = \"x\"; static_nodes = ( { node_id = \"a\"; host = \"h\";\n"
		 " port = 0; weight = 1001; max_concurrent = 0; } ); } );",
			"4: \"port\" must be 1 to 65535, not 0\n"
			"4: \"weight\" must be 1 to 1000, not 1001\n"
			"4: \"max_concurrent\" must be 1 to 10000, not 0\n"},
		{"error_log = { level = \"loud\"; };",
			"3: \"level\" must be \"emerg\", \"alert\", \"crit\", \"error\", "
			"\"warn\", \"notice\", \"info\" or \"debug\", not \"loud\"\n"},
		{"access_log = { file = \"/x\"; format = \"xml\"; };",
			"3: \"format\" must be \"combined\", \"json\" or \"off\", not \"xml\"\n"},
	};
	(void)state;
	CHECK_ROWS(rows);
}

static void texts_must_be_fit(void **state)
{
	static const struct row rows[] = {
		{"pools = ( { name = \"\"; static_nodes = (\n"
		 " { node_id = \"a\\nb\"; host = \"gpu9:80\"; },\n"
		 " { node_id = \"b\"; host = \"\"; capabilities = [\"\"]; } ); } );",
			"3: \"name\" must not be empty\n"
			"4: \"node_id\" has control characters in it: \"a?b\"\n"
			"4: \"host\" must be an address or a host name: the port has its own key: "
			"\"gpu9:80\"\n"
			"5: \"host\" must be a host name: letters, digits, \"-\", \".\" and "
			"\"_\"\n"
			"5: \"capabilities\" must not be empty\n"},
		{"pools = ( { name = \"x\"; static_nodes = ();\n load_balancing = { sticky = {\n"
		 "  cookie = \"a b\"; keys = [\"cookie\", \"ip\", \"ip\", \"user\"]; }; };\n"
		 " health_check = { path = \"stats\"; }; } );",
			"5: \"cookie\" must be 1 to 64 letters, digits or characters of "
			"!#$%&'*+-.^_`|~: \"a b\"\n"
			"5: \"keys\" has \"ip\" twice\n"
			"5: \"keys\" must be \"cookie\", \"client_id\", \"prompt_id\" or \"ip\", "
			"not \"user\"\n"
			"6: \"path\" must begin with \"/\": \"stats\"\n"},
		{"servers = ( { listen = [\"127.0.0.2:0\"]; names = [\"*.a\", \"b:80\"];\n"
		 " locations = ( { path = \"a\"; respond = { status = 199; type = \"\"; }; },\n"
		 "  { path = \"/?a\"; respond = { status = 204; body = \"x\"; }; } ); } );",
			"3: \"names\" must be a whole host name: there are no wildcards here: "
			"\"*.a\"\n"
			"3: \"names\" must be a host name without a port: \"b:80\"\n"
			"4: \"path\" must begin with \"/\": \"a\"\n"
			"4: \"status\" must be 200 to 599, not 199\n"
			"4: \"type\" must be 1 to 255 octets\n"
			"5: \"path\" has a \"?\": only the path is compared, not the query: "
			"\"/?a\"\n"
			"5: an answer with status 204 has no \"body\"\n"},
		{"error_log = { file = \"\"; };", "3: \"file\" must not be empty\n"},
	};
	(void)state;
	CHECK_ROWS(rows);
}

static void networks_are_networks(void **state)
{
	static const struct row rows[] = {
		{"proxy_protocol = [\"10.0.0.0/8\", \"::1\", \"unix:\", \"all\"];", NULL},
		{"proxy_protocol = [];", NULL},
		{"proxy_protocol = true;",
			"3: \"proxy_protocol\" must be a list of strings, not true or false\n"},
		{"proxy_protocol = [\"10.0.0.1\",\n \"balancer\", \"10.0.0.1/33\"];",
			"4: \"balancer\" is no network: an address, ADDRESS/BITS, \"unix:\" or "
			"\"all\"\n"
			"4: \"10.0.0.1/33\" is no network: an address, ADDRESS/BITS, \"unix:\" or "
			"\"all\"\n"},
		{"proxy_protocol = [\"10.0.0.1/8\"];",
			"3: low address bits of 10.0.0.1/8 are meaningless\n"},
	};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char text[1000];
		(void)snprintf(text, sizeof(text), "%s%s%s", CONF_LISTEN, CONF_NODES, rows[i].text);
		struct conf *conf = conf_help_read(text);
		assert_int_equal(conf->servers[0].listens[0].is_proxy_protocol, i == 0);
		conf_destroy(conf);
	}
	check_rows(rows + 2, COUNT_OF(rows) - 2);
}

static void what_is_missing_is_named(void **state)
{
	static const struct row rows[] = {
		{"pools = ( { } );", "3: \"name\" is missing in pools\n"
				     "3: \"static_nodes\" is missing in pools\n"},
		{"pools = ( { name = \"x\"; static_nodes = ( { } ); } );",
			"3: \"node_id\" is missing in static_nodes\n"
			"3: \"host\" is missing in static_nodes\n"},
		{"servers = ( { } );", "3: \"listen\" is missing in servers\n"
				       "3: \"locations\" is missing in servers\n"},
		{"servers = ( { listen = []; locations = (); } );",
			"3: \"listen\" must not be empty\n"
			"3: \"locations\" must not be empty\n"},
		{"servers = ( { listen = [\"127.0.0.2:0\"]; locations = ( { } ); } );",
			"3: \"path\" is missing in locations\n"
			"3: a location has either \"pool\" or \"respond\"\n"},
		{"servers = ( { listen = [\"127.0.0.2:0\"]; locations = ( { path = \"/\";\n"
		 " pool = \"nodes\"; respond = { }; } ); } );",
			"3: a location has either \"pool\" or \"respond\"\n"},
		{"access_log = { format = \"json\"; };", "3: \"file\" is missing in access_log\n"},
	};
	(void)state;
	CHECK_ROWS(rows);
	assert_string_equal(conf_help_wrong(""),
		"0: there is neither \"listen\" nor a server in \"servers\"\n");
	assert_string_equal(conf_help_wrong(CONF_NODES),
		"0: there is neither \"listen\" nor a server in \"servers\"\n");
	assert_string_equal(conf_help_wrong(CONF_LISTEN),
		"1: \"listen\" needs workers behind it: \"nodes\" is missing\n");
	assert_string_equal(conf_help_wrong("nodes = { };\n" CONF_LISTEN),
		"1: \"static_nodes\" is missing in nodes\n");
}

static void locations_set_only_their_own(void **state)
{
	static const struct row rows[] = {
		{"servers = ( { listen = [\"127.0.0.2:0\"]; locations = ( { path = \"/\";\n"
		 " pool = \"nodes\"; timeouts = { header = 1; drain = 1; };\n"
		 " limits = { max_connections = 1; header_bytes = 2048; header_fields = 1;\n"
		 "  target_bytes = 100; }; } ); } );",
			"4: \"header\" holds before a location is chosen: it cannot be set in "
			"one\n"
			"4: \"drain\" holds before a location is chosen: it cannot be set in one\n"
			"5: \"max_connections\" holds before a location is chosen: it cannot be "
			"set in one\n"
			"5: \"header_bytes\" holds before a location is chosen: it cannot be set "
			"in one\n"
			"5: \"header_fields\" holds before a location is chosen: it cannot be set "
			"in one\n"
			"6: \"target_bytes\" holds before a location is chosen: it cannot be set "
			"in one\n"},
	};
	(void)state;
	CHECK_ROWS(rows);
}

static void everything_is_said_in_one_go(void **state)
{
	(void)state;
	assert_string_equal(conf_help_wrong("daemon = 1;\n"
					    "listen = [\"here\"];\n"
					    "nodes = { static_nodes = (\n"
					    "  { node_id = \"a\"; hots = \"h\"; },\n"
					    "  { node_id = \"a\"; host = \"h\"; } ); };\n"
					    "admin = { listen = \"0.0.0.0:1\"; };\n"),
		"1: \"daemon\" must be true or false, not a whole number\n"
		"2: \"here\" is not an address: ADDRESS:PORT, [IPV6]:PORT or unix:PATH\n"
		"4: unknown key \"hots\", did you mean \"host\"?\n"
		"4: \"host\" is missing in static_nodes\n"
		"5: node_id \"a\" is there twice: the other is in line 4\n"
		"6: the admin's \"listen\" must be a loopback address or unix:PATH, not "
		"\"0.0.0.0:1\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syntax_errors_have_a_line),
		cmocka_unit_test(unknown_keys_name_the_nearest),
		cmocka_unit_test(wrong_kinds_are_named),
		cmocka_unit_test(ranges_are_told),
		cmocka_unit_test(texts_must_be_fit),
		cmocka_unit_test(networks_are_networks),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(locations_set_only_their_own),
		cmocka_unit_test(everything_is_said_in_one_go),
	};
	return cmocka_run_group_tests_name("conf/keys", tests, NULL, NULL);
}
