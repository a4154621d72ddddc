/* test/unit/test_conf_nginx_upstream.c: conf/nginx/set_upstream*.c, set_balancing.c, set_sticky.c,
 * url.c, conf/spread.c. */
#include "test/unit/conf_help.h"

#include "conf/resolver.h"
#include "conf/value.h"

#include <netdb.h>

/* "two.test" has two IPv4 addresses and an IPv6 one between them; nobody else is known. */
int __wrap_getaddrinfo(
	const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **ret);
void __wrap_freeaddrinfo(struct addrinfo *list);

static struct addr found[3];
static struct addrinfo list[3];

int __wrap_getaddrinfo(
	const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **ret)
{
	static const char *const ips[] = {"10.1.0.1", "fd00::1", "10.1.0.2"};
	(void)port;
	(void)hints;
	if (strcmp(name, "two.test") != 0)
		return EAI_NONAME;
	for (size_t i = 0; i < COUNT_OF(ips); i++) {
		assert_int_equal(addr_from_ip(&found[i], ips[i], 0), 0);
		list[i] = (struct addrinfo){.ai_family = found[i].u.any.sa_family,
			.ai_addr = &found[i].u.any,
			.ai_addrlen = found[i].len,
			.ai_next = i + 1 < COUNT_OF(ips) ? &list[i + 1] : NULL};
	}
	*ret = list;
	return 0;
}

void __wrap_freeaddrinfo(struct addrinfo *all)
{
	assert_ptr_equal(all, list);
}

static struct conf *conf;

static int begin(void **state)
{
	(void)state;
	conf = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	conf_destroy(conf);
	return 0;
}

static bool is_strategy(const char *name)
{
	return strcmp(name, "least_loaded") == 0;
}

static const struct conf_rules rules = {.is_strategy = is_strategy, .strategies = "least_loaded"};

/* upstream u { BODY } on line 3, REST on line 4. */
static struct conf *read_body(const char *body, const char *rest, struct conf_problems *problems)
{
	static char text[8192];
	(void)snprintf(
		text, sizeof(text), "events { }\nhttp {\nupstream u { %s }\n%s\n}\n", body, rest);
	struct conf_help help;
	conf_problems_init(problems);
	conf_help_open(&help);
	const char *path = conf_help_file(&help, "n.conf", text, strlen(text));
	struct conf *read = conf_read(path, &rules, problems);
	conf_help_sweep(&help);
	return read;
}

static void read_good(const char *body, const char *rest)
{
	struct conf_problems problems;
	conf = read_body(body, rest, &problems);
	assert_string_equal(conf_help_list(&problems, false), "");
	conf_problems_finish(&problems);
	assert_non_null(conf);
}

/* What nginx 1.22.1 says to the same; those with sticky, least_time, route: as nginx 1.31 does. */
static const struct {
	const char *body, *rest, *want;
} wrong[] = {
	{"", "", "3: no servers are inside upstream\n"},
	{"server;", "", "3: invalid number of arguments in \"server\" directive\n"},
	{"server a b c;", "", "3: invalid parameter \"b\"\n"},
	{"server 127.0.0.1 weight=0;", "", "3: invalid parameter \"weight=0\"\n"},
	{"server 127.0.0.1 weight=x;", "", "3: invalid parameter \"weight=x\"\n"},
	{"server 127.0.0.1 max_fails=;", "", "3: invalid parameter \"max_fails=\"\n"},
	{"server 127.0.0.1 max_conns=-1;", "", "3: invalid parameter \"max_conns=-1\"\n"},
	{"server 127.0.0.1 fail_timeout=1x;", "", "3: invalid parameter \"fail_timeout=1x\"\n"},
	{"server 127.0.0.1 fail_timeout=1ms;", "", "3: invalid parameter \"fail_timeout=1ms\"\n"},
	{"server 127.0.0.1 slow_start=3s;", "", "3: invalid parameter \"slow_start=3s\"\n"},
	{"server 127.0.0.1 backup=1;", "", "3: invalid parameter \"backup=1\"\n"},
	{"server 127.0.0.1 Backup;", "", "3: invalid parameter \"Backup\"\n"},
	{"ip_hash; server 127.0.0.1 backup;", "",
		"3: balancing method does not support parameter \"backup\"\n"},
	{"hash x; server 127.0.0.1 backup;", "",
		"3: balancing method does not support parameter \"backup\"\n"},
	{"random; server 127.0.0.1 backup;", "",
		"3: balancing method does not support parameter \"backup\"\n"},
	{"server 127.0.0.1 backup; ip_hash;", "", "3: no servers in upstream \"u\"\n"},
	{"keepalive 3; keepalive 3; server 127.0.0.1;", "",
		"3: \"keepalive\" directive is duplicate\n"},
	{"keepalive 0; server 127.0.0.1;", "",
		"3: invalid value \"0\" in \"keepalive\" directive\n"},
	{"keepalive x; server 127.0.0.1;", "",
		"3: invalid value \"x\" in \"keepalive\" directive\n"},
	{"keepalive_requests x; server 127.0.0.1;", "",
		"3: \"keepalive_requests\" directive invalid number\n"},
	{"keepalive_requests 3; keepalive_requests 3; server 127.0.0.1;", "",
		"3: \"keepalive_requests\" directive is duplicate\n"},
	{"keepalive_time x; server 127.0.0.1;", "",
		"3: \"keepalive_time\" directive invalid value\n"},
	{"keepalive_timeout 3s; keepalive_timeout 4s; server 127.0.0.1;", "",
		"3: \"keepalive_timeout\" directive is duplicate\n"},
	{"hash a foo; server 127.0.0.1;", "", "3: invalid parameter \"foo\"\n"},
	{"hash $nosuch; server 127.0.0.1;", "", "0: unknown \"nosuch\" variable\n"},
	{"random three; server 127.0.0.1;", "", "3: invalid parameter \"three\"\n"},
	{"random two foo; server 127.0.0.1;", "", "3: invalid parameter \"foo\"\n"},
	{"random two least_conn x; server 127.0.0.1;", "",
		"3: invalid number of arguments in \"random\" directive\n"},
	{"least_time; server 127.0.0.1;", "",
		"3: invalid number of arguments in \"least_time\" directive\n"},
	{"least_time foo; server 127.0.0.1;", "", "3: invalid value \"foo\"\n"},
	{"least_time header foo; server 127.0.0.1;", "", "3: invalid parameter \"foo\"\n"},
	{"zone a; server 127.0.0.1;", "", "0: zero size shared memory zone \"a\"\n"},
	{"zone a 3; server 127.0.0.1;", "", "3: zone \"a\" is too small\n"},
	{"zone a x; server 127.0.0.1;", "", "3: invalid zone size \"x\"\n"},
	{"zone '' 64k; server 127.0.0.1;", "", "3: invalid zone name \"\"\n"},
	{"server 127.0.0.1:0;", "", "3: invalid port in upstream \"127.0.0.1:0\"\n"},
	{"server 127.0.0.1:x;", "", "3: invalid port in upstream \"127.0.0.1:x\"\n"},
	{"server 127.0.0.1:80:80;", "", "3: invalid port in upstream \"127.0.0.1:80:80\"\n"},
	{"server :80;", "", "3: no host in upstream \":80\"\n"},
	{"server http://a/;", "", "3: invalid host in upstream \"http://a/\"\n"},
	{"server [::1;", "", "3: invalid host in upstream \"[::1\"\n"},
	{"server [::1]x;", "", "3: invalid host in upstream \"[::1]x\"\n"},
	{"server [::z]:1;", "", "3: invalid IPv6 address in upstream \"[::z]:1\"\n"},
	{"server []:80;", "", "3: no host in upstream \"[]:80\"\n"},
	{"server unix:;", "", "3: no path in the unix domain socket in upstream \"unix:\"\n"},
	{"foo; server 127.0.0.1;", "", "3: unknown directive \"foo\"\n"},
	{"listen 80; server 127.0.0.1;", "", "3: \"listen\" directive is not allowed here\n"},
	{"server 127.0.0.1;", "upstream U { server 127.0.0.1; }", "4: duplicate upstream \"U\"\n"},
	{"server 127.0.0.1;", "server { upstream x { } }",
		"4: \"upstream\" directive is not allowed here\n"},
	{"server 127.0.0.1;", "upstream x;", "4: directive \"upstream\" has no opening \"{\"\n"},
	{"server a.test resolve;", "",
		"0: resolving names at run time requires upstream \"u\" in FILE:3 to be in shared "
		"memory\n"},
	{"zone z 1m; server a.test resolve;", "",
		"0: no resolver defined to resolve names at run time in upstream \"u\" in "
		"FILE:3\n"},
	{"zone z 1m; server a.test resolve; resolver off;", "resolver 127.0.0.1;",
		"0: no resolver defined to resolve names at run time in upstream \"u\" in "
		"FILE:3\n"},
	{"resolver 127.0.0.1; resolver off;", "", "3: \"resolver\" directive is duplicate\n"},
	{"resolver 127.0.0.1 ttl=3;", "", "3: host not found in resolver \"ttl=3\"\n"},
	{"resolver_timeout 1x;", "", "3: \"resolver_timeout\" directive invalid value\n"},
	{"resolver_timeout 1s; resolver_timeout 1s;", "",
		"3: \"resolver_timeout\" directive is duplicate\n"},
	{"server a.test service=http;", "",
		"3: service upstream server \"a.test\" requires \"resolve\" parameter\n"},
	{"server a.test:80 service=http resolve;", "",
		"3: service upstream server \"a.test:80\" may not have port\n"},
	{"server 127.0.0.1 service=http resolve;", "",
		"3: service upstream server \"127.0.0.1\" requires domain name\n"},
	{"server a.test service= resolve;", "", "3: service is empty\n"},
	{"sticky cookie; server 127.0.0.1;", "",
		"3: invalid number of arguments in \"sticky\" directive\n"},
	{"sticky foo bar; server 127.0.0.1;", "", "3: unknown parameter \"foo\"\n"},
	{"sticky cookie a; sticky cookie b; server 127.0.0.1;", "",
		"3: \"sticky\" directive is duplicate\n"},
	{"sticky cookie a foo; server 127.0.0.1;", "", "3: unknown parameter \"foo\"\n"},
	{"sticky cookie a path=/ path=/; server 127.0.0.1;", "",
		"3: \"sticky\" directive parameter \"path\" is duplicate\n"},
	{"sticky cookie a expires=x; server 127.0.0.1;", "",
		"3: \"sticky\" directive invalid \"expires\" parameter value\n"},
	{"sticky cookie a samesite=some; server 127.0.0.1;", "",
		"3: \"sticky\" directive invalid \"samesite\" parameter value\n"},
	{"sticky route foo; server 127.0.0.1;", "", "3: invalid variable name \"foo\"\n"},
	{"sticky learn create=$arg_a; server 127.0.0.1;", "",
		"3: \"sticky\" directive \"lookup\" parameter is not specified\n"},
	{"sticky learn lookup=$arg_a zone=a:1m; server 127.0.0.1;", "",
		"3: \"sticky\" directive \"create\" parameter is not specified\n"},
	{"sticky learn create=$arg_a lookup=$arg_a; server 127.0.0.1;", "",
		"3: \"sticky\" directive \"zone\" parameter is not specified\n"},
	{"sticky learn create=$arg_a lookup=$arg_a zone=a:1k; server 127.0.0.1;", "",
		"3: \"sticky\" directive zone is too small\n"},
	{"sticky learn create=a lookup=$arg_a zone=a:1m; server 127.0.0.1;", "",
		"3: \"sticky\" directive missing variable in the \"create\" parameter\n"},
	{"sticky learn create=$arg_a lookup=$arg_a zone=a:1m; server 127.0.0.1;",
		"upstream v { sticky learn create=$arg_a lookup=$arg_a zone=a:1m; server "
		"127.0.0.1; }",
		"4: sticky zone \"a\" is already used in upstream \"u\"\n"},
	{"server 127.0.0.1; comfymux { foo; }", "", "3: unknown directive \"foo\"\n"},
	{"server 127.0.0.1; comfymux { strategy best; }", "",
		"3: unknown strategy \"best\", known are least_loaded\n"},
	{"server 127.0.0.1; comfymux { health_check uri=x; }", "",
		"3: invalid parameter \"uri=x\"\n"},
	{"server 127.0.0.1; comfymux { sticky ip ip; }", "", "3: invalid parameter \"ip\"\n"},
};

static void names_are_no_nodes(void **state)
{
	(void)state;
	read_good(
		"zone z 1m; server a.test:81 resolve weight=3; server 127.0.0.1:82 resolve;"
		"server a.test resolve service=http backup; server a.test service=x._udp resolve;",
		"resolver 127.0.0.1:53; resolver_timeout 7s;");
	const struct conf_pool *pool = &conf->pools[0];
	const struct conf_upstream *upstream = pool->upstream;
	assert_int_equal(pool->node_count, 1);
	assert_string_equal(pool->nodes[0].node_id, "127.0.0.1:82");
	assert_int_equal(upstream->name_count, 3);
	assert_string_equal(upstream->names[0].host, "a.test");
	assert_int_equal(upstream->names[0].port, 81);
	assert_int_equal(upstream->names[0].weight, 3);
	assert_null(upstream->names[0].peer.service);
	assert_string_equal(upstream->names[1].peer.service, "_http._tcp.a.test");
	assert_true(upstream->names[1].backup);
	assert_string_equal(upstream->names[2].peer.service, "x._udp.a.test");
	assert_int_equal(upstream->resolver->count, 1);
	assert_int_equal(upstream->resolver_timeout_ms, 7000);
	conf_destroy(conf);
	read_good("zone z 1m; server a.test resolve; resolver 127.0.0.2 valid=3s; resolver_timeout "
		  "2s;",
		"resolver 127.0.0.1; resolver_timeout 7s;");
	upstream = conf->pools[0].upstream;
	assert_int_equal(conf->pools[0].node_count, 0);
	assert_int_equal(upstream->resolver->valid_s, 3);
	assert_int_equal(upstream->resolver_timeout_ms, 2000);
}

static void says_what_is_wrong_as_nginx_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct conf_problems problems;
		char want[256];
		assert_null(read_body(wrong[i].body, wrong[i].rest, &problems));
		const char *got = conf_help_list(&problems, false);
		const char *file = strstr(wrong[i].want, "FILE:3");
		(void)snprintf(want, sizeof(want), "%s", wrong[i].want);
		/* Up to the file's name, which is another one each time. */
		if (file != NULL)
			want[file - wrong[i].want] = '\0';
		if (strncmp(got, want, strlen(want)) != 0 ||
			(file == NULL && strcmp(got, want) != 0))
			fail_msg("%s %s: %s", wrong[i].body, wrong[i].rest, got);
		conf_problems_finish(&problems);
	}
}

static void check_addr(const struct conf_node *node, const char *want)
{
	char text[ADDR_TEXT];
	addr_format(&node->addr, text);
	assert_string_equal(text, want);
}

static void reads_servers(void **state)
{
	(void)state;
	read_good("server 127.0.0.1:81 weight=3 max_fails=2 fail_timeout=1m max_conns=4; server "
		  "127.0.0.1:81 "
		  "down; server [::1] backup route=a; server unix:/tmp/x drain;",
		"");
	assert_int_equal(conf->pool_count, 1);
	const struct conf_pool *pool = &conf->pools[0];
	const struct conf_node *nodes = pool->nodes;
	assert_string_equal(pool->name, "u");
	assert_int_equal(pool->place.line, 3);
	assert_non_null(pool->upstream);
	assert_int_equal(pool->upstream->method, CONF_METHOD_ROUND_ROBIN);
	assert_int_equal(pool->upstream->keepalive, 0);
	assert_int_equal(pool->health.interval_ms, 0);
	assert_int_equal(pool->balancing.sticky.key_count, 0);
	assert_int_equal(pool->node_count, 4);
	check_addr(&nodes[0], "127.0.0.1:81");
	assert_int_equal(nodes[0].weight, 3);
	assert_int_equal(nodes[0].peer.max_fails, 2);
	assert_int_equal(nodes[0].peer.fail_timeout_s, 60);
	assert_int_equal(nodes[0].peer.max_conns, 4);
	assert_string_equal(nodes[0].peer.server, "127.0.0.1:81");
	assert_string_equal(nodes[0].node_id, "127.0.0.1:81");
	assert_string_equal(nodes[1].node_id, "127.0.0.1:81#2");
	assert_true(nodes[1].peer.is_down);
	assert_int_equal(nodes[1].weight, 1);
	assert_int_equal(nodes[1].peer.max_fails, 1);
	assert_int_equal(nodes[1].peer.fail_timeout_s, 10);
	check_addr(&nodes[2], "[::1]:80");
	assert_true(nodes[2].backup);
	assert_string_equal(nodes[2].peer.route, "a");
	check_addr(&nodes[3], "unix:/tmp/x");
	assert_true(nodes[3].drain);
}

static void reads_methods(void **state)
{
	static const struct {
		const char *body;
		enum conf_method method;
	} methods[] = {
		{"ip_hash;", CONF_METHOD_IP_HASH},
		{"least_conn;", CONF_METHOD_LEAST_CONN},
		{"hash $arg_a;", CONF_METHOD_HASH},
		{"hash a$arg_a consistent;", CONF_METHOD_HASH_CONSISTENT},
		{"random;", CONF_METHOD_RANDOM},
		{"random two;", CONF_METHOD_RANDOM_TWO},
		{"random two least_conn;", CONF_METHOD_RANDOM_TWO},
		{"random two least_time=last_byte;", CONF_METHOD_RANDOM_TIME},
		{"least_time header;", CONF_METHOD_LEAST_TIME},
		{"least_time last_byte inflight;", CONF_METHOD_LEAST_TIME},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		char body[128];
		(void)snprintf(body, sizeof(body), "%s server 127.0.0.1;", methods[i].body);
		read_good(body, "");
		const struct conf_upstream *upstream = conf->pools[0].upstream;
		assert_int_equal(upstream->method, methods[i].method);
		assert_true((upstream->key != NULL) == (methods[i].body[0] == 'h'));
		assert_true(upstream->counts_inflight == (strstr(body, "inflight") != NULL));
		assert_int_equal(upstream->time,
			strstr(body, "last_byte") != NULL ? CONF_TIME_LAST_BYTE : CONF_TIME_HEADER);
		assert_null(conf->notes);
		conf_destroy(conf);
		conf = NULL;
	}
}

static void warns_of_a_second_method(void **state)
{
	(void)state;
	read_good("keepalive 3; ip_hash; server 127.0.0.1;", "");
	assert_non_null(conf->notes);
	assert_string_equal(conf->notes->text, "load balancing method redefined");
	assert_int_equal(conf->notes->place.line, 3);
	assert_null(conf->notes->next);
	assert_int_equal(conf->pools[0].upstream->keepalive, 0);
}

static void reads_kept_connections(void **state)
{
	(void)state;
	read_good("ip_hash; server 127.0.0.1; keepalive 7 local; keepalive_requests 8; "
		  "keepalive_time 9m; "
		  "keepalive_timeout 10ms; zone z 64k;",
		"upstream v { zone z; server 127.0.0.1; }");
	const struct conf_upstream *upstream = conf->pools[0].upstream;
	assert_null(conf->notes);
	assert_int_equal(upstream->keepalive, 7);
	assert_int_equal(upstream->keepalive_requests, 8);
	assert_int_equal(upstream->keepalive_time_ms, 540000);
	assert_int_equal(upstream->keepalive_timeout_ms, 10);
	assert_true(upstream->has_zone);
	upstream = conf->pools[1].upstream;
	assert_int_equal(upstream->keepalive_requests, 1000);
	assert_int_equal(upstream->keepalive_time_ms, 3600000);
	assert_int_equal(upstream->keepalive_timeout_ms, 60000);
}

static bool is_variable(const struct conf_value *value, const char *name)
{
	return value->count == 1 && value->parts[0].kind == CONF_PART_VAR &&
	       slice_is(value->parts[0].text, slice_of(name));
}

static void reads_sticky(void **state)
{
	(void)state;
	read_good("server 127.0.0.1; sticky cookie srv expires=1h domain=.a$arg_b httponly secure "
		  "samesite=Lax path=/p;",
		"upstream v { server 127.0.0.1; sticky route $cookie_a $arg_b; }\n"
		"upstream w { server 127.0.0.1; sticky learn create=$upstream_cookie_a "
		"lookup=$cookie_a "
		"zone=s:1m timeout=5s header; }\n"
		"upstream x { server 127.0.0.1; sticky cookie a expires=max; }");
	const struct conf_affinity *sticky = &conf->pools[0].upstream->sticky;
	assert_int_equal(sticky->kind, CONF_AFFINITY_COOKIE);
	assert_true(slice_is(sticky->cookie, SLICE("srv")));
	assert_int_equal(sticky->expires_s, 3600);
	assert_int_equal(sticky->domain->count, 2);
	assert_true(slice_is(conf_value_literal(sticky->samesite), SLICE("Lax")));
	assert_true(slice_is(sticky->path, SLICE("/p")));
	assert_true(sticky->is_httponly && sticky->is_secure);
	assert_int_equal(sticky->lookup_count, 1);
	assert_true(is_variable(sticky->lookup, "srv"));
	sticky = &conf->pools[1].upstream->sticky;
	assert_int_equal(sticky->kind, CONF_AFFINITY_ROUTE);
	assert_int_equal(sticky->lookup_count, 2);
	assert_true(is_variable(&sticky->lookup[1], "b"));
	sticky = &conf->pools[2].upstream->sticky;
	assert_int_equal(sticky->kind, CONF_AFFINITY_LEARN);
	assert_int_equal(sticky->create_count, 1);
	assert_int_equal(sticky->timeout_ms, 5000);
	assert_true(sticky->learns_at_header);
	assert_string_equal(sticky->zone, "s");
	assert_int_equal(conf->pools[2].balancing.sticky.ttl_ms, 5000);
	assert_int_equal(conf->pools[2].balancing.sticky.max_entries, 8192);
	assert_int_equal(conf->pools[3].upstream->sticky.expires_s, CONF_EXPIRES_MAX_S);
	assert_null(conf->pools[3].upstream->sticky.samesite);
}

static void reads_what_nginx_has_not(void **state)
{
	(void)state;
	read_good(
		"server 127.0.0.1; comfymux { health_check interval=2s fails=4 uri=/x; max_jobs 3; "
		"strategy "
		"least_loaded; sticky client_id cookie name=c ttl=1m; }",
		"upstream v { server 127.0.0.1; comfymux { mode fleet; } }");
	const struct conf_pool *pool = &conf->pools[0];
	assert_int_equal(pool->health.interval_ms, 2000);
	assert_int_equal(pool->health.fall, 4);
	assert_string_equal(pool->health.path, "/x");
	assert_int_equal(pool->nodes[0].max_concurrent, 3);
	assert_int_equal(pool->upstream->method, CONF_METHOD_STRATEGY);
	assert_string_equal(pool->balancing.strategy, "least_loaded");
	assert_int_equal(pool->balancing.sticky.key_count, 2);
	assert_int_equal(pool->balancing.sticky.keys[0], CONF_KEY_CLIENT_ID);
	assert_string_equal(pool->balancing.sticky.cookie, "c");
	assert_int_equal(pool->balancing.sticky.ttl_ms, 60000);
	assert_int_equal(conf->pools[1].mode, CONF_MODE_FLEET);
	assert_string_equal(conf->pools[1].balancing.strategy, "score");
}

static void makes_each_address_a_peer(void **state)
{
	struct conf_problems problems;
	(void)state;
	read_good("server 127.0.0.1:7; server two.test:8 weight=2; server two.test:8 backup;", "");
	conf_problems_init(&problems);
	assert_int_equal(conf->pools[0].node_count, 3);
	assert_true(conf_resolve(conf, &problems));
	const struct conf_pool *pool = &conf->pools[0];
	assert_int_equal(pool->node_count, 7);
	check_addr(&pool->nodes[1], "10.1.0.1:8");
	check_addr(&pool->nodes[2], "10.1.0.2:8");
	check_addr(&pool->nodes[3], "[fd00::1]:8");
	assert_int_equal(pool->nodes[2].weight, 2);
	assert_string_equal(pool->nodes[2].node_id, "10.1.0.2:8");
	assert_string_equal(pool->nodes[2].peer.server, "two.test:8");
	assert_false(pool->nodes[3].backup);
	assert_true(pool->nodes[4].backup);
	assert_string_equal(pool->nodes[4].node_id, "10.1.0.1:8#2");
	conf_problems_finish(&problems);
}

static void says_who_is_not_found(void **state)
{
	struct conf_problems problems;
	(void)state;
	read_good("server two.test:1; server none.test:81;", "");
	conf_problems_init(&problems);
	assert_false(conf_resolve(conf, &problems));
	assert_string_equal(conf_help_list(&problems, false),
		"3: host not found in upstream \"none.test:81\"\n");
	conf_problems_finish(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_is_wrong_as_nginx_does, begin, end),
		cmocka_unit_test_setup_teardown(reads_servers, begin, end),
		cmocka_unit_test_setup_teardown(names_are_no_nodes, begin, end),
		cmocka_unit_test_setup_teardown(reads_methods, begin, end),
		cmocka_unit_test_setup_teardown(warns_of_a_second_method, begin, end),
		cmocka_unit_test_setup_teardown(reads_kept_connections, begin, end),
		cmocka_unit_test_setup_teardown(reads_sticky, begin, end),
		cmocka_unit_test_setup_teardown(reads_what_nginx_has_not, begin, end),
		cmocka_unit_test_setup_teardown(makes_each_address_a_peer, begin, end),
		cmocka_unit_test_setup_teardown(says_who_is_not_found, begin, end),
	};
	return cmocka_run_group_tests_name("conf/nginx/upstream", tests, NULL, NULL);
}
