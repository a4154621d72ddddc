#include "test/unit/conf_help.h"

#define LOCATION(path, more) "{ path = \"" path "\"; pool = \"nodes\"; " more " }"
#define SERVER(listen, more, locations)                                                            \
	"{ listen = [" listen "]; " more " locations = (" locations "); }"
#define SERVERS(list) CONF_NODES "servers = (" list ");"
#define NODES(list) CONF_LISTEN "nodes = { static_nodes = (" list "); };"

static char told[8192];

static void tell(enum conf_change change, const char *what, void *arg)
{
	static const char *const names[] = {"new", "dropped", "changed", "restart"};
	size_t n = strlen(told);
	assert_ptr_equal(arg, told);
	(void)snprintf(told + n, sizeof(told) - n, "[%s] %s\n", names[change], what);
}

static void check(const char *old_text, const char *new_text, const char *expected)
{
	struct conf *old = conf_help_read(old_text), *now = conf_help_read(new_text);
	told[0] = '\0';
	conf_diff(old, now, tell, told);
	assert_string_equal(told, expected);
	told[0] = '\0';
	conf_diff(now, now, tell, told);
	assert_string_equal(told, "");
	conf_destroy(old);
	conf_destroy(now);
}

static void the_same_is_no_difference(void **state)
{
	(void)state;
	/* Another order, other lines and written defaults change nothing. */
	check(CONF_LISTEN CONF_NODES,
		"\n\n" CONF_NODES CONF_LISTEN "timeouts = { read = 600; }; daemon = false;", "");
}

static void the_top_level_is_compared(void **state)
{
	(void)state;
	check(CONF_LISTEN CONF_NODES,
		CONF_LISTEN CONF_NODES
		"daemon = true; pid_file = \"/p\"; user = \"u\"; admin = { listen = "
		"\"127.0.0.1:0\"; };\n"
		"error_log = { level = \"debug\"; }; access_log = { file = \"/a\"; };\n"
		"timeouts = { read = 1; send = 1; }; limits = { buffer_body = 0; };",
		"[restart] daemon: needs a restart\n"
		"[restart] pid_file: needs a restart\n"
		"[restart] user: needs a restart\n"
		"[changed] error_log: changed (level)\n"
		"[changed] access_log: changed (file, format)\n"
		"[restart] admin.listen: needs a restart\n"
		"[changed] timeouts: changed (send, read)\n"
		"[changed] limits: changed (buffer_body)\n");
}

static void workers_come_go_and_change(void **state)
{
	(void)state;
	check(NODES("{ node_id = \"a\"; host = \"h\"; }, { node_id = \"b\"; host = \"h\"; },"
		    "{ node_id = \"c\"; host = \"h\"; capabilities = [\"x\", \"y\"]; }"),
		NODES("{ node_id = \"d\"; host = \"h\"; }, { node_id = \"a\"; host = \"h\"; },"
		      "{ node_id = \"c\"; host = \"i\"; weight = 2; capabilities = [\"x\", "
		      "\"z\"]; metadata = { priority = -1; }; }"),
		"[new] pool nodes: worker d: new\n"
		"[changed] pool nodes: worker c: changed (host, weight, capabilities, "
		"metadata.priority)\n"
		"[dropped] pool nodes: worker b: dropped\n");
}

static void another_address_is_a_change(void **state)
{
	(void)state;
	struct conf *old = conf_help_read(NODES("{ node_id = \"a\"; host = \"h\"; }"));
	struct conf *now = conf_help_read(NODES("{ node_id = \"a\"; host = \"h\"; }"));
	assert_int_equal(addr_from_ip(&old->pools[0].nodes[0].addr, "10.0.0.1", 1), 0);
	assert_int_equal(addr_from_ip(&now->pools[0].nodes[0].addr, "10.0.0.2", 1), 0);
	told[0] = '\0';
	conf_diff(old, now, tell, told);
	assert_string_equal(told, "[changed] pool nodes: worker a: changed (address)\n");
	conf_destroy(old);
	conf_destroy(now);
}

static void pools_come_go_and_change(void **state)
{
	(void)state;
	check(CONF_LISTEN CONF_NODES "pools = ( { name = \"old\"; static_nodes = (); },"
				     "{ name = \"kept\"; static_nodes = (); } );",
		CONF_LISTEN CONF_NODES
		"pools = ( { name = \"kept\"; keepalive = 1; static_nodes = ();"
		"load_balancing = { strategy = \"x\"; sticky = { keys = [\"ip\"]; }; };"
		"health_check = { rise = 1; }; }, { name = \"new\"; static_nodes = (); } );",
		"[changed] pool kept: changed (keepalive, load_balancing.strategy, sticky.keys, "
		"health_check.rise)\n"
		"[new] pool new: new\n"
		"[dropped] pool old: dropped\n");
}

static void listeners_come_and_go(void **state)
{
	(void)state;
	check(SERVERS(SERVER("\"127.0.0.1:1\", \"127.0.0.1:2\"", "names = [\"a\"];",
		      LOCATION("/", "")) "," SERVER("\"127.0.0.1:2\"", "", LOCATION("/", ""))),
		SERVERS(SERVER("\"127.0.0.1:1\", \"127.0.0.1:3\"", "names = [\"a\"];",
			LOCATION("/", "")) "," SERVER("\"127.0.0.1:3\"", "", LOCATION("/", ""))),
		"[new] listen 127.0.0.1:3: new\n"
		"[dropped] listen 127.0.0.1:2: dropped\n"
		"[changed] server a on 127.0.0.1:1: changed (listen)\n"
		"[new] server on 127.0.0.1:3: new\n"
		"[dropped] server on 127.0.0.1:2: dropped\n");
}

static void servers_and_locations_change(void **state)
{
	(void)state;
	check(SERVERS(SERVER("\"127.0.0.1:1\"", "names = [\"a\", \"b\"];",
		      LOCATION("/", "") "," LOCATION("/old", "") "," LOCATION("/r", ""))),
		"timeouts = { read = 1; };" SERVERS(
			SERVER("\"127.0.0.1:1\"", "names = [\"a\", \"c\"];",
				LOCATION("/", "timeouts = { send = 1; };"
					      "limits = { body_bytes = 1; };") "," LOCATION("/new",
					"") ", { path = \"/r\"; respond = { }; }")),
		"[changed] timeouts: changed (read)\n"
		"[changed] server a on 127.0.0.1:1: changed (names)\n"
		"[new] server a on 127.0.0.1:1: location /new: new\n"
		"[changed] server a on 127.0.0.1:1: location /r: changed (handler)\n"
		"[changed] server a on 127.0.0.1:1: location /: changed (timeouts.send, "
		"limits.body_bytes)\n"
		"[dropped] server a on 127.0.0.1:1: location /old: dropped\n");
	check(SERVERS(SERVER("\"127.0.0.1:1\"", "", "{ path = \"/\"; respond = { }; }")),
		SERVERS(SERVER("\"127.0.0.1:1\"", "",
			"{ path = \"/\"; respond = { status = 404; body = \"x\"; }; }")),
		"[changed] server on 127.0.0.1:1: location /: changed (respond.status, "
		"respond.body)\n");
	check("pools = ( { name = \"x\"; static_nodes = (); }, { name = \"nodes\"; static_nodes = "
	      "(); } ); servers = (" SERVER("\"127.0.0.1:1\"", "", LOCATION("/", "")) ");",
		"pools = ( { name = \"nodes\"; static_nodes = (); }, { name = \"x\"; static_nodes "
		"= (); } ); servers = ( { listen = [\"127.0.0.1:1\"]; locations = ( { path = "
		"\"/\"; "
		"pool = \"x\"; } ); } );",
		"[changed] server on 127.0.0.1:1: location /: changed (pool)\n");
}

static void the_proxy_protocol_comes_and_changes(void **state)
{
	(void)state;
	check(CONF_LISTEN CONF_NODES "proxy_protocol = [\"10.0.0.1\"];",
		CONF_LISTEN CONF_NODES "proxy_protocol = [\"10.0.0.2\"];",
		"[changed] listen 127.0.0.1:0: changed (proxy_protocol)\n"
		"[changed] server on 127.0.0.1:0: changed (proxy_protocol)\n");
	check(CONF_LISTEN CONF_NODES, CONF_LISTEN CONF_NODES "proxy_protocol = [\"10.0.0.1\"];",
		"[changed] listen 127.0.0.1:0: changed (proxy_protocol)\n"
		"[changed] server on 127.0.0.1:0: changed (proxy_protocol)\n");
}

static void tls_changes_are_told(void **state)
{
	struct conf_help help;
	char one[1000], other[1000];
	(void)state;
	conf_help_open(&help);
	const char *pem = conf_help_file(&help, "a.pem", "", 0);
	const char *pem2 = conf_help_file(&help, "b.pem", "", 0);
	(void)snprintf(one, sizeof(one),
		CONF_LISTEN CONF_NODES "tls = { certificate = \"%s\"; key = \"%s\"; };", pem, pem);
	(void)snprintf(other, sizeof(other),
		CONF_LISTEN CONF_NODES
		"tls = { certificate = \"%s\"; key = \"%s\"; min_version = \"1.3\"; };",
		pem2, pem);
	check(one, other,
		"[changed] server on 127.0.0.1:0: changed (tls.certificate, tls.min_version)\n");
	check(CONF_LISTEN CONF_NODES, one,
		"[changed] listen 127.0.0.1:0: changed (tls)\n"
		"[changed] server on 127.0.0.1:0: changed (tls)\n");
	conf_help_sweep(&help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_no_difference),
		cmocka_unit_test(the_top_level_is_compared),
		cmocka_unit_test(workers_come_go_and_change),
		cmocka_unit_test(another_address_is_a_change),
		cmocka_unit_test(pools_come_go_and_change),
		cmocka_unit_test(listeners_come_and_go),
		cmocka_unit_test(servers_and_locations_change),
		cmocka_unit_test(the_proxy_protocol_comes_and_changes),
		cmocka_unit_test(tls_changes_are_told),
	};
	return cmocka_run_group_tests_name("conf/diff", tests, NULL, NULL);
}
