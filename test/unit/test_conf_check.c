/*
 * What only the whole tree shows: names that are there twice, addresses that clash, missing files.
 */
#include "test/unit/conf_help.h"

#define SERVER(listen, more)                                                                       \
	"{ listen = [\"" listen "\"]; " more                                                       \
	"\n locations = ( { path = \"/\"; pool = \"nodes\"; } ); }"

static void two_pools_have_two_names(void **state)
{
	(void)state;
	assert_string_equal(conf_help_wrong(CONF_LISTEN CONF_NODES
				    "pools = ( { name = \"x\"; static_nodes = (); },\n"
				    "  { name = \"nodes\"; static_nodes = (); },\n"
				    "  { name = \"x\"; static_nodes = (); } );\n"),
		"4: there are two pools named \"nodes\": the other is in line 2\n"
		"5: there are two pools named \"x\": the other is in line 3\n");
}

static void an_id_is_once_in_its_pool(void **state)
{
	(void)state;
	conf_destroy(conf_help_read(CONF_LISTEN CONF_NODES
		"pools = ( { name = \"x\"; static_nodes = ( { node_id = \"a\"; host = \"h\"; } ); "
		"} );"));
	assert_string_equal(conf_help_wrong(CONF_LISTEN CONF_NODES
				    "pools = ( { name = \"x\"; static_nodes = (\n"
				    "  { node_id = \"a\"; host = \"h\"; },\n"
				    "  { node_id = \"b\"; host = \"h\"; },\n"
				    "  { node_id = \"a\"; host = \"i\"; },\n"
				    "  { node_id = \"a\"; host = \"j\"; } ); } );"),
		"6: node_id \"a\" is there twice: the other is in line 4\n"
		"7: node_id \"a\" is there twice: the other is in line 4\n");
}

static void unknown_pools_name_the_nearest(void **state)
{
	(void)state;
	assert_string_equal(
		conf_help_wrong("pools = ( { name = \"gpu-large\"; static_nodes = (); },\n"
				"  { name = \"gpu-small\"; static_nodes = (); } );\n"
				"servers = ( { listen = [\"127.0.0.1:0\"]; locations = (\n"
				"  { path = \"/\"; pool = \"gpu-smal\"; } ); } );\n"),
		"4: unknown pool \"gpu-smal\", did you mean \"gpu-small\"?\n");
	assert_string_equal(
		conf_help_wrong("servers = ( { listen = [\"127.0.0.1:0\"]; locations = (\n"
				"  { path = \"/\"; pool = \"gpu\"; } ); } );\n"),
		"2: unknown pool \"gpu\": there are no pools\n");
}

static void listen_needs_to_know_its_pool(void **state)
{
	(void)state;
	assert_string_equal(
		conf_help_wrong("\n" CONF_LISTEN "pools = ( { name = \"x\"; static_nodes = (); },\n"
				"  { name = \"y\"; static_nodes = (); } );\n"),
		"2: \"listen\" goes to \"nodes\", which is missing; with several pools, write "
		"\"servers\"\n");
	assert_string_equal(
		conf_help_wrong("tls = { certificate = \"/x\"; key = \"/x\"; };\n" CONF_NODES
				"servers = ( " SERVER("127.0.0.1:0", "") " );\n"),
		"1: \"tls\" here belongs to \"listen\" here, which is missing\n");
}

static void an_address_has_one_proxy_protocol(void **state)
{
	(void)state;
	assert_string_equal(conf_help_wrong(CONF_NODES "servers = (\n" SERVER(
				    "127.0.0.1:80", "") ",\n" SERVER("127.0.0.1:80",
				    "names = [\"b\"]; proxy_protocol = [\"10.0.0.1\"];") " );\n"),
		"5: \"127.0.0.1:80\" has another \"proxy_protocol\" for another server: the other "
		"is in line 3\n");
	assert_string_equal(conf_help_wrong("proxy_protocol = [\"10.0.0.1\"];\n" CONF_NODES
					    "servers = ( " SERVER("127.0.0.1:0", "") " );\n"),
		"1: \"proxy_protocol\" here belongs to \"listen\" here, which is missing\n");
}

static void an_address_is_plain_or_tls(void **state)
{
	struct conf_help help;
	char text[1000];
	(void)state;
	conf_help_open(&help);
	const char *pem = conf_help_file(&help, "a.pem", "", 0);
	(void)snprintf(text, sizeof(text),
		CONF_NODES "servers = (\n" SERVER("[::1]:443", "") ",\n" SERVER("[0:0::1]:443",
			"names = [\"b\"]; tls = { certificate = \"%s\"; key = \"%s\"; };") " );\n",
		pem, pem);
	assert_string_equal(conf_help_wrong(text),
		"5: \"[0:0::1]:443\" is plain for one server and TLS for another: the other is in "
		"line 3\n");
	conf_help_sweep(&help);
}

static void an_address_has_one_spelling(void **state)
{
	(void)state;
	assert_string_equal(
		conf_help_wrong(CONF_NODES "servers = (\n" SERVER("[::1]:80",
			"names = [\"a\"];") ",\n" SERVER("[0::1]:080", "names = [\"b\"];") " );\n"),
		"5: \"[0::1]:080\" is the same address as \"[::1]:80\" in line 3: write it the "
		"same way\n");
}

static void a_name_is_once_per_address(void **state)
{
	(void)state;
	/* The same name elsewhere, and one server without names, are fine. */
	conf_destroy(conf_help_read(CONF_NODES "servers = (\n" SERVER(
		"127.0.0.1:80", "names = [\"a\", \"b\"];") ",\n" SERVER("127.0.0.1:80",
		"") ",\n" SERVER("127.0.0.2:80", "names = [\"a\"];") " );\n"));
	assert_string_equal(conf_help_wrong(CONF_NODES "servers = (\n" SERVER("127.0.0.1:80",
				    "names = [\"a\", \"b\", \"a\"];") ",\n" SERVER("127.0.0.1:80",
				    "names = [\"c\", \"B.\"];") " );\n"),
		"3: the name \"a\" is listed twice\n"
		"5: two servers are named \"b\" on 127.0.0.1:80: the other is in line 3\n");
	assert_string_equal(
		conf_help_wrong(CONF_NODES "listen = [\"127.0.0.1:80\"];\nservers = (\n" SERVER(
			"127.0.0.1:80", "") " );\n"),
		"4: two servers without \"names\" on 127.0.0.1:80: nobody would reach this one, "
		"the other is in line 2\n");
	assert_string_equal(
		conf_help_wrong(CONF_NODES "listen = [\"127.0.0.1:80\", \"127.0.0.1:80\"];\n"),
		"2: \"127.0.0.1:80\" is listed twice\n");
}

static void a_path_is_once_per_server(void **state)
{
	(void)state;
	assert_string_equal(conf_help_wrong(CONF_NODES
				    "servers = ( { listen = [\"127.0.0.1:0\"]; locations = (\n"
				    "  { path = \"/\"; pool = \"nodes\"; },\n"
				    "  { path = \"/a\"; pool = \"nodes\"; },\n"
				    "  { path = \"/\"; respond = { }; } ); } );\n"),
		"5: the location \"/\" is there twice: the other is in line 3\n");
}

static void the_admin_stays_at_home(void **state)
{
	(void)state;
	conf_destroy(conf_help_read(
		CONF_LISTEN CONF_NODES "admin = { listen = \"unix:/run/c.sock\"; };"));
	conf_destroy(conf_help_read(CONF_LISTEN CONF_NODES "admin = { listen = \"[::1]:0\"; };"));
	/* Two ports that the kernel picks are two ports. */
	conf_destroy(
		conf_help_read(CONF_LISTEN CONF_NODES "admin = { listen = \"127.0.0.1:0\"; };"));
	assert_string_equal(conf_help_wrong(CONF_LISTEN CONF_NODES
				    "admin = {\n listen = \"192.168.1.1:9188\"; };"),
		"4: the admin's \"listen\" must be a loopback address or unix:PATH, not "
		"\"192.168.1.1:9188\"\n");
	assert_string_equal(conf_help_wrong("listen = [\"127.0.0.1:80\"];\n" CONF_NODES
					    "admin = { listen = \"127.0.0.1:80\"; };"),
		"3: the admin's \"127.0.0.1:80\" is a server's, too: see line 1\n");
	assert_string_equal(conf_help_wrong("listen = [\"unix:/run/a\"];\n" CONF_NODES
					    "admin = { listen = \"unix:/run/a\"; };"),
		"3: the admin's \"unix:/run/a\" is a server's, too: see line 1\n");
	assert_string_equal(
		conf_help_wrong(CONF_LISTEN CONF_NODES "admin = { listen = \"localhost:1\"; };"),
		"3: \"localhost:1\" is not an address: ADDRESS:PORT, [IPV6]:PORT or unix:PATH\n");
}

static void certificates_must_be_there(void **state)
{
	struct conf_help help;
	char text[1000], expected[1000];
	(void)state;
	conf_help_open(&help);
	const char *pem = conf_help_file(&help, "a.pem", "", 0);
	(void)snprintf(text, sizeof(text),
		CONF_LISTEN CONF_NODES "tls = {\n certificate = \"%s/none\";\n key = \"%s\"; };\n",
		help.folder, help.folder);
	(void)snprintf(expected, sizeof(expected),
		"4: \"certificate\": cannot read \"%s/none\": No such file or directory\n"
		"5: \"key\": cannot read \"%s\": it is not a file\n",
		help.folder, help.folder);
	assert_string_equal(conf_help_wrong(text), expected);
	(void)snprintf(text, sizeof(text),
		CONF_LISTEN CONF_NODES "tls = { certificate = \"%s\"; min_version = \"1.1\"; };\n",
		pem);
	assert_string_equal(conf_help_wrong(text),
		"3: \"min_version\" must be \"1.2\" or \"1.3\", not \"1.1\"\n"
		"3: \"key\" is missing in tls\n");
	(void)snprintf(text, sizeof(text),
		CONF_LISTEN CONF_NODES
		"tls = { certificate = \"%s\"; key = \"%s\"; min_version = \"1.3\"; };\n",
		pem, pem);
	struct conf *conf = conf_help_read(text);
	assert_int_equal(conf->servers[0].tls->min_version, 0x0304);
	conf_destroy(conf);
	conf_help_sweep(&help);
}

static bool is_best(const char *name)
{
	return strcmp(name, "best") == 0;
}

static void strategies_are_the_callers(void **state)
{
	static const struct conf_rules rules = {.is_strategy = is_best, .strategies = "best"};
	static const char good[] = CONF_LISTEN
		"nodes = { static_nodes = (); load_balancing = { strategy = \"best\"; }; };";
	static const char bad[] = CONF_LISTEN
		"nodes = { static_nodes = ();\n load_balancing = {\n  strategy = \"bset\"; }; };";
	struct conf_problems problems;
	(void)state;
	conf_problems_init(&problems);
	conf_destroy(conf_read_text(good, strlen(good), "x", &rules, &problems));
	assert_int_equal(problems.count, 0);
	assert_null(conf_read_text(bad, strlen(bad), "x", &rules, &problems));
	assert_string_equal(conf_help_list(&problems, true),
		"x:4: unknown strategy \"bset\", known are best\n");
	conf_problems_finish(&problems);
	conf_destroy(conf_help_read(bad)); /* without rules any name will do */
}

static void long_unix_paths_are_told(void **state)
{
	char text[1000], path[200] = {0};
	(void)state;
	memset(path, 'a', 120);
	(void)snprintf(text, sizeof(text), "listen = [\"unix:/%s\", \"unix:%s\"];\n" CONF_NODES,
		path, path);
	char expected[1000];
	(void)snprintf(expected, sizeof(expected),
		"1: a unix socket's path has 1 to 107 octets\n"
		"1: \"unix:/tmp/%s\" is too long for a unix socket's path\n",
		path);
	assert_string_equal(conf_help_wrong(text), expected);
}

static void unreadable_files_are_told(void **state)
{
	struct conf_problems problems;
	(void)state;
	conf_problems_init(&problems);
	assert_null(conf_read("/nonexistent/x.conf", NULL, &problems));
	assert_null(conf_read("/", NULL, &problems));
	assert_string_equal(conf_help_list(&problems, true),
		"/:0: cannot be read: it is a folder, not a file\n"
		"/nonexistent/x.conf:0: cannot be read: No such file or directory\n");
	conf_problems_finish(&problems);
}

static void includes_are_named_in_problems(void **state)
{
	struct conf_help help;
	struct conf_problems problems;
	char expected[1000];
	(void)state;
	conf_help_open(&help);
	static const char text[] = CONF_LISTEN "@include \"nodes.conf\"\nuser = 1;\n";
	static const char more[] = "nodes = { static_nodes = (\n  { node_id = \"a\"; } ); };\n";
	const char *path = conf_help_file(&help, "main.conf", text, strlen(text));
	const char *inner = conf_help_file(&help, "nodes.conf", more, strlen(more));
	conf_problems_init(&problems);
	assert_null(conf_read(path, NULL, &problems));
	(void)snprintf(expected, sizeof(expected),
		"%s:3: \"user\" must be a string, not a whole number\n"
		"%s:2: \"host\" is missing in static_nodes\n",
		path, inner);
	assert_string_equal(conf_help_list(&problems, true), expected);
	conf_problems_finish(&problems);
	conf_help_sweep(&help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_pools_have_two_names),
		cmocka_unit_test(an_id_is_once_in_its_pool),
		cmocka_unit_test(unknown_pools_name_the_nearest),
		cmocka_unit_test(listen_needs_to_know_its_pool),
		cmocka_unit_test(an_address_has_one_proxy_protocol),
		cmocka_unit_test(an_address_is_plain_or_tls),
		cmocka_unit_test(an_address_has_one_spelling),
		cmocka_unit_test(a_name_is_once_per_address),
		cmocka_unit_test(a_path_is_once_per_server),
		cmocka_unit_test(the_admin_stays_at_home),
		cmocka_unit_test(certificates_must_be_there),
		cmocka_unit_test(strategies_are_the_callers),
		cmocka_unit_test(long_unix_paths_are_told),
		cmocka_unit_test(unreadable_files_are_told),
		cmocka_unit_test(includes_are_named_in_problems),
	};
	return cmocka_run_group_tests_name("conf/check", tests, NULL, NULL);
}
