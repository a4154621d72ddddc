/*
 * What comes out of files that are right: the two of the project's README, defaults, inheritance.
 */
#include "test/unit/conf_help.h"

static const char short_form[] =
	"# The shortest useful file.\n"
	"listen = [\"0.0.0.0:8080\"];\n"
	"nodes = { static_nodes = ( { node_id = \"comfyui-worker-1\"; host = \"192.168.1.101\"; "
	"port = 8188; } ); };\n";

static const char long_form[] =
	"daemon = false;  pid_file = \"/run/comfymux.pid\";  user = \"comfymux\";\n"
	"error_log  = { file = \"stderr\"; level = \"info\"; };       // error warn info debug\n"
	"access_log = { file = \"/var/log/comfymux/access.log\"; format = \"combined\"; };\n"
	"admin    = { listen = \"127.0.0.1:9188\"; };\n"
	"timeouts = { header = 30; body = 60; send = 60; keepalive = 75; connect = 5; read = 600; "
	"tunnel = 3600; drain = 300; };\n"
	"limits   = { max_connections = 10000; header_bytes = \"64k\"; header_fields = 100; "
	"body_bytes = \"2G\"; buffer_body = \"1M\"; };\n"
	"pools = (\n"
	"  { name = \"gpu\";  keepalive = 64;\n"
	"    static_nodes = (\n"
	"      { node_id = \"comfyui-worker-1\"; host = \"192.168.1.101\"; port = 8188; "
	"max_concurrent = 4; weight = 1; backup = false; drain = false;\n"
	"        capabilities = [\"text_to_image\", \"image_to_video\"];\n"
	"        metadata = { location = \"rack 1\"; gpu_model = \"RTX 4090\"; priority = 1; "
	"description = \"main worker\"; }; } );\n"
	"    load_balancing = { strategy = \"least_loaded\"; enable_failover = true; max_retries = "
	"3;\n"
	"                       sticky = { keys = [\"cookie\", \"client_id\", \"prompt_id\", "
	"\"ip\"]; cookie = \"comfymux\"; ttl = 3600; max_entries = 100000; }; };\n"
	"    health_check = { interval = 30; timeout = 5; heartbeat_timeout = 60; path = "
	"\"/system_stats\"; rise = 2; fall = 3; }; } );\n"
	"servers = (\n"
	"  { listen = [\"0.0.0.0:443\", \"[::]:443\"];  names = [\"comfy.example.com\"];\n"
	"    tls = { certificate = \"cert.pem\"; key = \"key.pem\"; min_version = \"1.2\"; ciphers "
	"= \"\"; };\n"
	"    locations = ( { path = \"/\"; pool = \"gpu\"; timeouts = { read = 3600; }; },\n"
	"                  { path = \"/robots.txt\"; respond = { status = 200; type = "
	"\"text/plain\"; body = \"User-agent: *\\nDisallow: /\\n\"; }; } ); } );\n";

static void check_usual_timeouts(const struct conf_timeouts *timeouts, uint64_t read_ms)
{
	assert_int_equal(timeouts->header_ms, 30000);
	assert_int_equal(timeouts->body_ms, 60000);
	assert_int_equal(timeouts->send_ms, 60000);
	assert_int_equal(timeouts->keepalive_ms, 75000);
	assert_int_equal(timeouts->connect_ms, 5000);
	assert_int_equal(timeouts->read_ms, read_ms);
	assert_int_equal(timeouts->tunnel_ms, 3600000);
	assert_int_equal(timeouts->drain_ms, 300000);
}

static void check_usual_limits(const struct conf_limits *limits)
{
	assert_int_equal(limits->max_connections, 10000);
	assert_int_equal(limits->header_bytes, 65536);
	assert_int_equal(limits->header_fields, 100);
	assert_int_equal(limits->target_bytes, 8192);
	assert_int_equal(limits->body_bytes, UINT64_C(2) << 30);
	assert_int_equal(limits->buffer_body, 1 << 20);
}

static void check_usual_pool(const struct conf_pool *pool, enum conf_mode mode)
{
	static const enum conf_sticky_key keys[] = {
		CONF_KEY_COOKIE, CONF_KEY_CLIENT_ID, CONF_KEY_PROMPT_ID, CONF_KEY_IP};
	const struct conf_sticky *sticky = &pool->balancing.sticky;
	assert_int_equal(pool->keepalive, 64);
	assert_int_equal(pool->mode, mode);
	assert_string_equal(
		pool->balancing.strategy, mode == CONF_MODE_FLEET ? "score" : "least_loaded");
	assert_true(pool->balancing.enable_failover);
	assert_int_equal(pool->balancing.max_retries, 3);
	assert_int_equal(pool->balancing.load_interval_ms, 2000);
	assert_int_equal(sticky->key_count, 4);
	assert_memory_equal(sticky->keys, keys, sizeof(keys));
	assert_string_equal(sticky->cookie, "comfymux");
	assert_int_equal(sticky->ttl_ms, 3600000);
	assert_int_equal(sticky->max_entries, 100000);
	assert_int_equal(pool->health.interval_ms, 30000);
	assert_int_equal(pool->health.timeout_ms, 5000);
	assert_int_equal(pool->health.heartbeat_timeout_ms, 60000);
	assert_string_equal(pool->health.path, "/system_stats");
	assert_int_equal(pool->health.rise, 2);
	assert_int_equal(pool->health.fall, 3);
}

static void check_addr(const struct addr *addr, const char *expected)
{
	char text[ADDR_TEXT];
	addr_format(addr, text);
	assert_string_equal(text, expected);
}

static void the_short_form_is_one_of_each(void **state)
{
	(void)state;
	struct conf *conf = conf_help_read(short_form);
	assert_false(conf->daemon);
	assert_string_equal(conf->pid_file, "");
	assert_string_equal(conf->user, "");
	assert_string_equal(conf->error_log, "stderr");
	assert_int_equal(conf->error_level, LOG_INFO);
	assert_string_equal(conf->access_log, "");
	assert_int_equal(conf->access_format, CONF_LOG_OFF);
	assert_string_equal(conf->admin_listen, "");
	assert_int_equal(conf->admin_addr.len, 0);
	check_usual_timeouts(&conf->timeouts, 600000);
	check_usual_limits(&conf->limits);

	assert_int_equal(conf->pool_count, 1);
	assert_string_equal(conf->pools[0].name, "nodes");
	check_usual_pool(&conf->pools[0], CONF_MODE_FLEET);
	assert_int_equal(conf->pools[0].node_count, 1);
	const struct conf_node *node = &conf->pools[0].nodes[0];
	assert_string_equal(node->node_id, "comfyui-worker-1");
	assert_int_equal(node->place.line, 3);
	check_addr(&node->addr, "192.168.1.101:8188");
	assert_int_equal(node->max_concurrent, 1);
	assert_int_equal(node->weight, 1);
	assert_false(node->backup || node->drain);
	assert_int_equal(node->capability_count, 0);
	assert_string_equal(node->metadata.location, "");
	assert_string_equal(node->metadata.gpu_model, "");
	assert_string_equal(node->metadata.description, "");
	assert_int_equal(node->metadata.priority, 0);

	assert_int_equal(conf->server_count, 1);
	const struct conf_server *server = &conf->servers[0];
	assert_int_equal(server->listen_count, 1);
	assert_string_equal(server->listens[0].text, "0.0.0.0:8080");
	check_addr(&server->listens[0].addr, "0.0.0.0:8080");
	assert_int_equal(server->listens[0].place.line, 2);
	assert_int_equal(server->name_count, 0);
	assert_null(server->tls);
	assert_int_equal(server->location_count, 1);
	assert_string_equal(server->locations[0].path, "/");
	assert_int_equal(server->locations[0].path_bytes, 1);
	assert_int_equal(server->locations[0].handler, CONF_HANDLE_PROXY);
	assert_int_equal(server->locations[0].pool, 0);
	check_usual_timeouts(&server->locations[0].timeouts, 600000);
	check_usual_limits(&server->locations[0].limits);
	conf_destroy(conf);
}

static void check_long_servers(const struct conf *conf, const struct conf_help *help)
{
	char path[200];
	assert_int_equal(conf->server_count, 1);
	const struct conf_server *server = &conf->servers[0];
	assert_int_equal(server->listen_count, 2);
	check_addr(&server->listens[0].addr, "0.0.0.0:443");
	check_addr(&server->listens[1].addr, "[::]:443");
	assert_int_equal(server->name_count, 1);
	assert_string_equal(server->names[0], "comfy.example.com");
	/* Relative to the file that names them. */
	(void)snprintf(path, sizeof(path), "%s/cert.pem", help->folder);
	assert_string_equal(server->tls->certificate, path);
	(void)snprintf(path, sizeof(path), "%s/key.pem", help->folder);
	assert_string_equal(server->tls->key, path);
	assert_int_equal(server->tls->min_version, 0x0303);
	assert_string_equal(server->tls->ciphers, "");
	assert_int_equal(server->location_count, 2);
	const struct conf_location *robots = &server->locations[0], *root = &server->locations[1];
	assert_string_equal(robots->path, "/robots.txt");
	assert_int_equal(robots->handler, CONF_HANDLE_RESPOND);
	assert_int_equal(robots->respond.status, 200);
	assert_string_equal(robots->respond.type, "text/plain");
	assert_string_equal(robots->respond.body, "User-agent: *\nDisallow: /\n");
	assert_int_equal(robots->respond.body_bytes, 26);
	check_usual_timeouts(&robots->timeouts, 600000);
	assert_string_equal(root->path, "/");
	assert_int_equal(root->handler, CONF_HANDLE_PROXY);
	check_usual_timeouts(&root->timeouts, 3600000);
	check_usual_limits(&root->limits);
}

static void the_long_form_says_everything(void **state)
{
	struct conf_help help;
	struct conf_problems problems;
	(void)state;
	conf_help_open(&help);
	(void)conf_help_file(&help, "cert.pem", "", 0);
	(void)conf_help_file(&help, "key.pem", "", 0);
	const char *path = conf_help_file(&help, "long.conf", long_form, strlen(long_form));
	conf_problems_init(&problems);
	struct conf *conf = conf_read(path, NULL, &problems);
	assert_string_equal(conf_help_list(&problems, true), "");
	assert_non_null(conf);
	assert_string_equal(conf->file, path);
	assert_string_equal(conf->pid_file, "/run/comfymux.pid");
	assert_string_equal(conf->user, "comfymux");
	assert_string_equal(conf->access_log, "/var/log/comfymux/access.log");
	assert_int_equal(conf->access_format, CONF_LOG_COMBINED);
	assert_string_equal(conf->admin_listen, "127.0.0.1:9188");
	check_addr(&conf->admin_addr, "127.0.0.1:9188");
	check_usual_timeouts(&conf->timeouts, 600000);
	check_usual_limits(&conf->limits);
	assert_int_equal(conf->pool_count, 1);
	assert_string_equal(conf->pools[0].name, "gpu");
	check_usual_pool(&conf->pools[0], CONF_MODE_STICKY);
	const struct conf_node *node = &conf->pools[0].nodes[0];
	assert_int_equal(node->max_concurrent, 4);
	assert_int_equal(node->capability_count, 2);
	assert_string_equal(node->capabilities[1], "image_to_video");
	assert_string_equal(node->metadata.location, "rack 1");
	assert_string_equal(node->metadata.gpu_model, "RTX 4090");
	assert_string_equal(node->metadata.description, "main worker");
	assert_int_equal(node->metadata.priority, 1);
	check_long_servers(conf, &help);
	conf_destroy(conf);
	conf_problems_finish(&problems);
	conf_help_sweep(&help);
}

static void locations_inherit_the_rest(void **state)
{
	(void)state;
	struct conf *conf = conf_help_read(
		"timeouts = { read = 1.5; send = 7; }; limits = { body_bytes = 5000000000; };\n"
		"servers = ( { listen = [\"127.0.0.1:0\"]; locations = (\n"
		"  { path = \"/\"; pool = \"nodes\"; },\n"
		"  { path = \"/upload/\"; pool = \"nodes\"; timeouts = { send = 0; };\n"
		"    limits = { body_bytes = 0; buffer_body = \"2k\"; }; } ); } );\n" CONF_NODES);
	const struct conf_location *upload = &conf->servers[0].locations[0];
	const struct conf_location *root = &conf->servers[0].locations[1];
	assert_string_equal(upload->path, "/upload/");
	assert_int_equal(upload->timeouts.read_ms, 1500);
	assert_int_equal(upload->timeouts.send_ms, 0);
	assert_int_equal(upload->timeouts.body_ms, 60000);
	assert_int_equal(upload->limits.body_bytes, 0);
	assert_int_equal(upload->limits.buffer_body, 2048);
	assert_int_equal(root->timeouts.read_ms, 1500);
	assert_int_equal(root->timeouts.send_ms, 7000);
	assert_true(root->limits.body_bytes == 5000000000);
	assert_int_equal(root->limits.buffer_body, 1 << 20);
	conf_destroy(conf);
}

static void both_forms_stand_side_by_side(void **state)
{
	(void)state;
	struct conf *conf = conf_help_read(
		"pools = ( { name = \"gpu\"; static_nodes = (); } );\n"
		"servers = ( { listen = [\"127.0.0.2:80\"]; names = [\"B.example.\"];\n"
		"  locations = ( { path = \"/\"; pool = \"gpu\"; },\n"
		"                { path = \"/n\"; pool = \"nodes\"; } ); } );\n"
		"listen = (\"127.0.0.1:80\", \"unix:/run/c.sock\");\n" CONF_NODES);
	assert_int_equal(conf->pool_count, 2);
	assert_string_equal(conf->pools[0].name, "nodes");
	assert_string_equal(conf->pools[1].name, "gpu");
	assert_int_equal(conf->pools[1].node_count, 0);
	assert_int_equal(conf->server_count, 2);
	assert_int_equal(conf->servers[0].listen_count, 2);
	check_addr(&conf->servers[0].listens[1].addr, "unix:/run/c.sock");
	assert_int_equal(conf->servers[0].locations[0].pool, 0);
	assert_string_equal(conf->servers[1].names[0], "b.example");
	assert_int_equal(conf->servers[1].locations[0].pool, 0);
	assert_int_equal(conf->servers[1].locations[1].pool, 1);
	conf_destroy(conf);

	/* Without `nodes`, the only pool is meant. */
	conf = conf_help_read(CONF_LISTEN "pools = ( { name = \"gpu\"; static_nodes = (); } );\n");
	assert_int_equal(conf->servers[0].locations[0].pool, 0);
	conf_destroy(conf);
}

static void values_have_several_spellings(void **state)
{
	(void)state;
	struct conf *conf = conf_help_read(
		CONF_LISTEN "user = \"a\" \"b\"; access_log = { file = \"a.log\"; };\n"
			    "pid_file = \"run/p\"; error_log = { file = \"e.log\"; level = "
			    "\"debug\"; };\n"
			    "admin = { listen = \"unix:adm.sock\"; };\n"
			    "limits = { header_bytes = 0x1000; body_bytes = \"0\"; };\n"
			    "nodes = { static_nodes = (\n"
			    " { node_id = \"a\"; host = \"::1\"; capabilities = [\"x\"];\n"
			    "   metadata = { priority = -7; }; },\n"
			    " { node_id = \"b\"; host = \"unix:w.sock\"; },\n"
			    " { node_id = \"c\"; host = \"gpu9\"; port = 1; } );\n"
			    " load_balancing = { sticky = { keys = []; }; };\n"
			    " health_check = { interval = 0; timeout = 0.0001; }; };\n");
	assert_string_equal(conf->user, "ab");
	assert_string_equal(conf->access_log, "/tmp/a.log");
	assert_int_equal(conf->access_format, CONF_LOG_COMBINED);
	assert_string_equal(conf->pid_file, "/tmp/run/p");
	assert_string_equal(conf->error_log, "/tmp/e.log");
	assert_int_equal(conf->error_level, LOG_DEBUG);
	assert_string_equal(conf->admin_listen, "unix:adm.sock");
	check_addr(&conf->admin_addr, "unix:/tmp/adm.sock");
	assert_int_equal(conf->limits.header_bytes, 4096);
	assert_int_equal(conf->limits.body_bytes, 0);
	const struct conf_pool *pool = &conf->pools[0];
	check_addr(&pool->nodes[0].addr, "[::1]:8188");
	assert_int_equal(pool->nodes[0].capability_count, 1);
	assert_int_equal(pool->nodes[0].metadata.priority, -7);
	check_addr(&pool->nodes[1].addr, "unix:/tmp/w.sock");
	assert_string_equal(pool->nodes[1].host, "unix:w.sock");
	assert_int_equal(pool->nodes[2].addr.len, 0);
	assert_int_equal(pool->balancing.sticky.key_count, 0);
	assert_int_equal(pool->health.interval_ms, 0);
	assert_int_equal(pool->health.timeout_ms, 1);
	conf_destroy(conf);
}

static void paths_start_at_the_prefix(void **state)
{
	static const char text[] = CONF_LISTEN CONF_NODES "pid_file = \"p\";";
	static const struct conf_rules rules = {.prefix = "/etc/comfymux"};
	static const struct conf_rules here = {.prefix = "."};
	char cwd[256], expected[300];
	struct conf_problems problems;
	(void)state;
	conf_problems_init(&problems);
	struct conf *conf = conf_read_text(text, strlen(text), "x.conf", &rules, &problems);
	assert_non_null(conf);
	assert_string_equal(conf->pid_file, "/etc/comfymux/p");
	conf_destroy(conf);

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(expected, sizeof(expected), "%s/p", cwd);
	conf = conf_read_text(text, strlen(text), "x.conf", &here, &problems);
	assert_non_null(conf);
	assert_string_equal(conf->pid_file, expected);
	conf_destroy(conf);
	/* The file's own folder, which is the working directory for a bare name. */
	conf = conf_read_text(text, strlen(text), "x.conf", NULL, &problems);
	assert_non_null(conf);
	assert_string_equal(conf->pid_file, expected);
	conf_destroy(conf);
	conf_problems_finish(&problems);
}

static void ten_thousand_nodes_are_read(void **state)
{
	static const char node[] = "{ node_id = \"worker-%u\"; host = \"10.0.%u.%u\"; },\n";
	const size_t count = 10000;
	char *text = malloc(count * 80);
	(void)state;
	assert_non_null(text);
	size_t n = (size_t)sprintf(text, CONF_LISTEN "nodes = { static_nodes = (\n");
	for (unsigned i = 0; i < count; i++)
		n += (size_t)sprintf(text + n, node, i, i / 256, i % 256);
	(void)sprintf(text + n - 2, "); };\n");
	struct conf *conf = conf_help_read(text);
	free(text);
	assert_int_equal(conf->pools[0].node_count, count);
	for (unsigned i = 0; i < count; i += 999) {
		char id[32];
		(void)snprintf(id, sizeof(id), "worker-%u", i);
		assert_string_equal(conf->pools[0].nodes[i].node_id, id);
		assert_int_equal(conf->pools[0].nodes[i].place.line, i + 3);
	}
	conf_destroy(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_short_form_is_one_of_each),
		cmocka_unit_test(the_long_form_says_everything),
		cmocka_unit_test(locations_inherit_the_rest),
		cmocka_unit_test(both_forms_stand_side_by_side),
		cmocka_unit_test(values_have_several_spellings),
		cmocka_unit_test(paths_start_at_the_prefix),
		cmocka_unit_test(ten_thousand_nodes_are_read),
	};
	return cmocka_run_group_tests_name("conf/conf", tests, NULL, NULL);
}
