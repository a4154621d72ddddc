/*
 * conf/build.c - the whole tree: the file's top level, servers and locations.
 *
 * The short form is turned into the long one here:
 *
 *   listen, tls, proxy_protocol  ->  one server more, the first, whose "/" goes to `nodes`
 *   nodes                        ->  one pool more, the first, named "nodes"
 */
#include "conf/build.h"

#include "base/cidr.h"
#include "conf/nearest.h"
#include "conf/schema.h"

#include <stdlib.h>

static const char short_pool[] = "nodes";

/* The members of a list of groups, [*ret_count]. `raw` NULL: none. */
static const struct conf_raw *groups_of(
	struct conf_builder *b, const struct conf_raw *raw, const char *name, uint32_t *ret_count)
{
	*ret_count = 0;
	if (raw == NULL)
		return NULL;
	if (raw->kind != CONF_RAW_LIST) {
		conf_keys_wrong(b, raw->place, "\"%s\" must be a list of groups, not %s", name,
			conf_raw_kind_name(raw->kind));
		return NULL;
	}
	*ret_count = raw->count;
	return raw->u.members;
}

static void build_pools(
	struct conf_builder *b, const struct conf_raw *const *holes, struct conf *conf)
{
	uint32_t n;
	const struct conf_raw *nodes = holes[CONF_HOLE_NODES];
	const struct conf_raw *list = groups_of(b, holes[CONF_HOLE_POOLS], "pools", &n);
	uint32_t first = nodes != NULL;
	conf->pools = conf_keys_take(b, (n + first) * sizeof(*conf->pools));
	if (conf->pools == NULL)
		return;
	conf->pool_count = n + first;
	if (nodes != NULL)
		conf_build_pool(b, nodes, short_pool, &conf->pools[0]);
	for (uint32_t i = 0; i < n; i++)
		conf_build_pool(b, &list[i], NULL, &conf->pools[first + i]);
}

/* UINT32_MAX when there is none. */
static uint32_t find_pool(const struct conf *conf, const char *name)
{
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		if (strcmp(conf->pools[i].name, name) == 0)
			return i;
	}
	return UINT32_MAX;
}

static void set_pool(struct conf_builder *b, const struct conf *conf, const struct conf_raw *raw,
	struct conf_location *location)
{
	if (raw->kind != CONF_RAW_TEXT) {
		conf_keys_wrong(b, raw->place, "\"pool\" must be a string, not %s",
			conf_raw_kind_name(raw->kind));
		return;
	}
	uint32_t found = find_pool(conf, raw->u.text);
	if (found != UINT32_MAX) {
		location->pool = found;
		return;
	}
	const char *nearest = NULL;
	unsigned distance = UINT32_MAX;
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		unsigned d = conf_word_distance(
			slice_of(raw->u.text), slice_of(conf->pools[i].name));
		if (d < distance && conf->pools[i].name[0] != '\0') {
			distance = d;
			nearest = conf->pools[i].name;
		}
	}
	if (nearest == NULL)
		conf_keys_wrong(
			b, raw->place, "unknown pool \"%.130s\": there are no pools", raw->u.text);
	else
		conf_keys_wrong(b, raw->place, "unknown pool \"%.130s\", did you mean \"%s\"?",
			raw->u.text, nearest);
}

static void set_respond(
	struct conf_builder *b, const struct conf_raw *raw, struct conf_location *location)
{
	struct conf_respond *respond = &location->respond;
	location->handler = CONF_HANDLE_RESPOND;
	conf_keys_preset(&conf_group_respond, respond);
	if (raw->kind != CONF_RAW_GROUP) {
		conf_keys_wrong(b, raw->place, "\"respond\" must be a group, not %s",
			conf_raw_kind_name(raw->kind));
		return;
	}
	conf_keys_read(b, &conf_group_respond, raw, respond, NULL);
	respond->body_bytes = (uint32_t)strlen(respond->body);
	/* RFC 9110 sections 15.3.5, 15.3.6, 15.4.5. */
	bool is_bodyless = respond->status == 204 || respond->status == 205 ||
			   respond->status == 304;
	if (is_bodyless && respond->body_bytes != 0)
		conf_keys_wrong(
			b, raw->place, "an answer with status %u has no \"body\"", respond->status);
}

static void preset_location(const struct conf *conf, struct conf_location *location)
{
	conf_keys_preset(&conf_group_location, location);
	location->timeouts = conf->timeouts;
	location->limits = conf->limits;
}

static void build_location(struct conf_builder *b, const struct conf *conf,
	const struct conf_raw *raw, struct conf_location *ret_location)
{
	const struct conf_raw *holes[CONF_HOLE_COUNT] = {NULL};
	preset_location(conf, ret_location);
	ret_location->place = raw->place;
	if (raw->kind != CONF_RAW_GROUP) {
		conf_keys_wrong(b, raw->place, "\"locations\" must be a list of groups, not of %s",
			conf_raw_kind_name(raw->kind));
		return;
	}
	b->is_in_location = true;
	conf_keys_read(b, &conf_group_location, raw, ret_location, holes);
	b->is_in_location = false;
	ret_location->path_bytes = (uint32_t)strlen(ret_location->path);
	if ((holes[CONF_HOLE_POOL] == NULL) == (holes[CONF_HOLE_RESPOND] == NULL))
		conf_keys_wrong(b, raw->place, "a location has either \"pool\" or \"respond\"");
	if (holes[CONF_HOLE_POOL] != NULL)
		set_pool(b, conf, holes[CONF_HOLE_POOL], ret_location);
	if (holes[CONF_HOLE_RESPOND] != NULL)
		set_respond(b, holes[CONF_HOLE_RESPOND], ret_location);
}

static int longest_first(const void *a, const void *b)
{
	const struct conf_location *one = a, *other = b;
	if (one->path_bytes != other->path_bytes)
		return one->path_bytes < other->path_bytes ? 1 : -1;
	return strcmp(one->path, other->path);
}

static void build_locations(struct conf_builder *b, const struct conf *conf,
	const struct conf_raw *raw, struct conf_server *server)
{
	uint32_t n;
	const struct conf_raw *list = groups_of(b, raw, "locations", &n);
	if (list == NULL)
		return;
	if (n == 0)
		conf_keys_wrong(b, raw->place, "\"locations\" must not be empty");
	server->locations = conf_keys_take(b, n * sizeof(*server->locations));
	if (server->locations == NULL)
		return;
	server->location_count = n;
	for (uint32_t i = 0; i < n; i++)
		build_location(b, conf, &list[i], &server->locations[i]);
	qsort(server->locations, n, sizeof(*server->locations), longest_first);
}

static void build_listens(
	struct conf_builder *b, const struct conf_raw *raw, struct conf_server *server)
{
	static const struct conf_key key = {.name = "listen", .kind = CONF_TEXTS};
	uint32_t n;
	const struct conf_raw *list = conf_keys_strings(b, &key, raw, &n);
	if (list == NULL)
		return;
	if (n == 0)
		conf_keys_wrong(b, raw->place, "\"listen\" must not be empty");
	server->listens = conf_keys_take(b, n * sizeof(*server->listens));
	if (server->listens == NULL)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct conf_listen *listen = &server->listens[server->listen_count];
		listen->place = list[i].place;
		listen->text = conf_keys_copy(b, list[i].u.text);
		if (listen->text != NULL &&
			conf_build_addr(b, list[i].u.text, listen->place, &listen->addr))
			server->listen_count++;
	}
}

static void build_tls(
	struct conf_builder *b, const struct conf_raw *raw, struct conf_server *server)
{
	if (raw == NULL)
		return;
	server->tls = conf_keys_take(b, sizeof(*server->tls));
	if (server->tls == NULL)
		return;
	conf_keys_preset(&conf_group_tls, server->tls);
	server->tls->place = raw->place;
	for (uint32_t i = 0; i < server->listen_count; i++)
		server->listens[i].is_tls = true;
	if (raw->kind != CONF_RAW_GROUP) {
		conf_keys_wrong(b, raw->place, "\"tls\" must be a group, not %s",
			conf_raw_kind_name(raw->kind));
		return;
	}
	conf_keys_read(b, &conf_group_tls, raw, server->tls, NULL);
	if (server->tls->certificate[0] != '\0')
		conf_check_file(b->problems, conf_raw_member(raw, "certificate")->place,
			"certificate", server->tls->certificate);
	if (server->tls->key[0] != '\0')
		conf_check_file(
			b->problems, conf_raw_member(raw, "key")->place, "key", server->tls->key);
}

/* Networks whose word counts; any of them, and the addresses of the server ask for the header. */
static void build_proxies(
	struct conf_builder *b, const struct conf_raw *raw, struct conf_server *server)
{
	static const struct conf_key key = {.name = "proxy_protocol", .kind = CONF_TEXTS};
	uint32_t n;
	const struct conf_raw *list = raw == NULL ? NULL : conf_keys_strings(b, &key, raw, &n);
	if (list == NULL || n == 0)
		return;
	struct cidr *nets = conf_keys_take(b, n * sizeof(*nets));
	server->proxies = conf_keys_take(b, n * sizeof(*server->proxies));
	if (nets == NULL || server->proxies == NULL)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct err err = {""};
		const char *text = list[i].u.text;
		int rc = cidr_parse(&nets[i], slice_of(text), &err);
		server->proxies[i] = conf_keys_copy(b, text);
		if (rc < 0)
			conf_keys_wrong(b, list[i].place,
				"\"%.130s\" is no network: an address, ADDRESS/BITS, \"unix:\" or "
				"\"all\"",
				text);
		else if (rc > 0)
			conf_keys_wrong(b, list[i].place, "%s", err.text);
	}
	server->proxy_count = n;
	for (uint32_t i = 0; i < server->listen_count; i++) {
		server->listens[i].is_proxy_protocol = true;
		server->listens[i].proxies = nets;
		server->listens[i].proxy_count = n;
	}
}

bool conf_same_proxies(const struct conf_server *one, const struct conf_server *other)
{
	if (one->proxy_count != other->proxy_count)
		return false;
	for (uint32_t i = 0; i < one->proxy_count; i++) {
		if (strcmp(one->proxies[i], other->proxies[i]) != 0)
			return false;
	}
	return true;
}

/* As clients' Host is compared: in lower case, without the root's dot. */
static bool canonize_names(struct conf_builder *b, struct conf_server *server)
{
	for (uint32_t i = 0; i < server->name_count; i++) {
		size_t n = strlen(server->names[i]);
		char *name = arena_copy(b->arena, server->names[i], n);
		if (name == NULL)
			return false;
		for (char *p = name; *p != '\0'; p++) {
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p + 'a' - 'A');
		}
		if (n > 1 && name[n - 1] == '.')
			name[n - 1] = '\0';
		server->names[i] = name;
	}
	return true;
}

static void build_server(struct conf_builder *b, const struct conf *conf,
	const struct conf_raw *raw, struct conf_server *ret_server)
{
	const struct conf_raw *holes[CONF_HOLE_COUNT] = {NULL};
	conf_keys_preset(&conf_group_server, ret_server);
	ret_server->place = raw->place;
	if (raw->kind != CONF_RAW_GROUP) {
		conf_keys_wrong(b, raw->place, "\"servers\" must be a list of groups, not of %s",
			conf_raw_kind_name(raw->kind));
		return;
	}
	conf_keys_read(b, &conf_group_server, raw, ret_server, holes);
	if (!canonize_names(b, ret_server))
		b->is_out_of_memory = true;
	if (holes[CONF_HOLE_LISTEN] != NULL)
		build_listens(b, holes[CONF_HOLE_LISTEN], ret_server);
	build_tls(b, holes[CONF_HOLE_TLS], ret_server);
	build_proxies(b, holes[CONF_HOLE_PROXIES], ret_server);
	build_locations(b, conf, holes[CONF_HOLE_LOCATIONS], ret_server);
}

/* The server of the short form. */
static void build_short_server(struct conf_builder *b, const struct conf *conf,
	const struct conf_raw *const *holes, struct conf_server *ret_server)
{
	conf_keys_preset(&conf_group_server, ret_server);
	ret_server->place = holes[CONF_HOLE_LISTEN]->place;
	build_listens(b, holes[CONF_HOLE_LISTEN], ret_server);
	build_tls(b, holes[CONF_HOLE_TLS], ret_server);
	build_proxies(b, holes[CONF_HOLE_PROXIES], ret_server);
	struct conf_location *location = conf_keys_take(b, sizeof(*location));
	if (location == NULL)
		return;
	preset_location(conf, location);
	location->place = ret_server->place;
	location->path = "/";
	location->path_bytes = 1;
	ret_server->locations = location;
	ret_server->location_count = 1;
	/* `nodes` is the first pool, so index 0 is right in both cases that are allowed. */
	if (holes[CONF_HOLE_NODES] == NULL && conf->pool_count != 1)
		conf_keys_wrong(b, ret_server->place,
			conf->pool_count == 0
				? "\"listen\" needs workers behind it: \"nodes\" is missing"
				: "\"listen\" goes to \"nodes\", which is missing; with several "
				  "pools, write \"servers\"");
}

static void build_servers(
	struct conf_builder *b, const struct conf_raw *const *holes, struct conf *conf)
{
	uint32_t n;
	const struct conf_raw *listen = holes[CONF_HOLE_LISTEN];
	const struct conf_raw *list = groups_of(b, holes[CONF_HOLE_SERVERS], "servers", &n);
	uint32_t first = listen != NULL;
	if (listen == NULL && holes[CONF_HOLE_TLS] != NULL)
		conf_keys_wrong(b, holes[CONF_HOLE_TLS]->place,
			"\"tls\" here belongs to \"listen\" here, which is missing");
	if (listen == NULL && holes[CONF_HOLE_PROXIES] != NULL)
		conf_keys_wrong(b, holes[CONF_HOLE_PROXIES]->place,
			"\"proxy_protocol\" here belongs to \"listen\" here, which is missing");
	conf->servers = conf_keys_take(b, (n + first) * sizeof(*conf->servers));
	if (conf->servers == NULL)
		return;
	conf->server_count = n + first;
	if (listen != NULL)
		build_short_server(b, conf, holes, &conf->servers[0]);
	for (uint32_t i = 0; i < n; i++)
		build_server(b, conf, &list[i], &conf->servers[first + i]);
}

struct conf *conf_build(struct conf_builder *b, const struct conf_raw *root, const char *file)
{
	const struct conf_raw *holes[CONF_HOLE_COUNT] = {NULL};
	struct conf *conf = conf_keys_take(b, sizeof(*conf));
	if (conf == NULL)
		return NULL;
	conf->file = file;
	conf_keys_preset(&conf_group_root, conf);
	/* Who has an access log wants lines in it. */
	const struct conf_raw *access_log = conf_raw_member(root, "access_log");
	if (access_log != NULL && conf_raw_member(access_log, "file") != NULL)
		conf->access_format = CONF_LOG_COMBINED;
	conf_keys_read(b, &conf_group_root, root, conf, holes);
	if (conf->access_format == CONF_LOG_OFF)
		conf->access_log = "";
	else if (conf->access_log[0] == '\0' && access_log != NULL)
		conf_keys_wrong(b, access_log->place, "\"file\" is missing in access_log");
	const struct conf_raw *admin = conf_raw_member(conf_raw_member(root, "admin"), "listen");
	if (conf->admin_listen[0] != '\0') {
		conf->admin_place = admin->place;
		conf_build_addr(b, conf->admin_listen, admin->place, &conf->admin_addr);
	}
	build_pools(b, holes, conf);
	build_servers(b, holes, conf);
	return conf;
}
