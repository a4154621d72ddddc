/*
 * conf/check.c - what can only be seen when the whole tree is there.
 */
#include "conf/build.h"
#include "conf/names.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct checking {
	const struct conf *conf;
	struct conf_problems *problems;
	struct arena arena; /* for tables and keys */
};

/* An address as somebody wants it. */
struct listen_use {
	const struct conf_listen *listen;
	const struct conf_server *server;
};

void conf_check_file(
	struct conf_problems *problems, struct conf_place place, const char *key, const char *path)
{
	struct stat about;
	const char *wrong = NULL;
	if (stat(path, &about) != 0 || faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
		wrong = strerrordesc_np(errno);
	else if (!S_ISREG(about.st_mode))
		wrong = "it is not a file";
	if (wrong != NULL)
		conf_problem_add(problems, place.file, place.line,
			"\"%s\": cannot read \"%.400s\": %s", key, path, wrong);
}

/* Two fleets that wrote into one file would lose each other's jobs. */
static bool check_files(struct checking *c)
{
	struct conf_names paths;
	if (!conf_names_init(&paths, &c->arena, 2 * c->conf->pool_count))
		return false;
	for (uint32_t i = 0; i < c->conf->pool_count; i++) {
		const struct conf_pool *pool = &c->conf->pools[i];
		const char *const texts[] = {pool->fleet.journal.path, pool->fleet.spool_dir};
		for (size_t k = 0; k < COUNT_OF(texts); k++) {
			const struct conf_pool *other = NULL;
			if (texts[k][0] != '\0')
				other = conf_names_put(&paths, slice_of(texts[k]), pool);
			if (other != NULL)
				conf_problem_add(c->problems, pool->place.file, pool->place.line,
					"\"%.400s\" is the pool \"%s\"'s already: see line %u",
					texts[k], other->name, other->place.line);
		}
	}
	return true;
}

static bool check_pools(struct checking *c)
{
	const struct conf *conf = c->conf;
	struct conf_names pools, ids;
	if (!conf_names_init(&pools, &c->arena, conf->pool_count))
		return false;
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		const struct conf_pool *pool = &conf->pools[i], *other;
		if (pool->name[0] != '\0' &&
			(other = conf_names_put(&pools, slice_of(pool->name), pool)) != NULL)
			conf_problem_add(c->problems, pool->place.file, pool->place.line,
				"there are two pools named \"%s\": the other is in line %u",
				pool->name, other->place.line);
		if (!conf_names_init(&ids, &c->arena, pool->node_count))
			return false;
		for (uint32_t j = 0; j < pool->node_count; j++) {
			const struct conf_node *node = &pool->nodes[j], *twin;
			if (node->node_id[0] == '\0')
				continue;
			twin = conf_names_put(&ids, slice_of(node->node_id), node);
			if (twin != NULL)
				conf_problem_add(c->problems, node->place.file, node->place.line,
					"node_id \"%s\" is there twice: the other is in line %u",
					node->node_id, twin->place.line);
		}
	}
	return true;
}

static void check_use(
	struct checking *c, const struct listen_use *use, const struct listen_use *first)
{
	struct conf_place place = use->listen->place;
	const char *text = use->listen->text;
	unsigned other = first->listen->place.line;
	if (use->server == first->server)
		conf_problem_add(
			c->problems, place.file, place.line, "\"%s\" is listed twice", text);
	else if ((use->server->tls == NULL) != (first->server->tls == NULL))
		conf_problem_add(c->problems, place.file, place.line,
			"\"%s\" is plain for one server and TLS for another: the other is in line "
			"%u",
			text, other);
	else if (!conf_same_proxies(use->server, first->server))
		conf_problem_add(c->problems, place.file, place.line,
			"\"%s\" has another \"proxy_protocol\" for another server: the other is in "
			"line %u",
			text, other);
	else if (strcmp(text, first->listen->text) != 0)
		conf_problem_add(c->problems, place.file, place.line,
			"\"%s\" is the same address as \"%s\" in line %u: write it the same way",
			text, first->listen->text, other);
}

/* Each name once per address; a server without names counts as one without a name. */
static bool check_name(struct checking *c, struct conf_names *taken, const char *addr,
	const struct listen_use *use, const char *name)
{
	size_t addr_n = strlen(addr), name_n = strlen(name);
	char *key = arena_take(&c->arena, addr_n + name_n + 2);
	if (key == NULL)
		return false;
	memcpy(key, addr, addr_n + 1);
	memcpy(key + addr_n + 1, name, name_n + 1);
	const struct conf_server *other = conf_names_put(
		taken, (struct slice){key, addr_n + 1 + name_n}, use->server);
	if (other == NULL)
		return true;
	struct conf_place place = use->server->place;
	if (other == use->server && use->listen == use->server->listens)
		conf_problem_add(c->problems, place.file, place.line,
			"the name \"%s\" is listed twice", name);
	else if (other != use->server && name[0] == '\0')
		conf_problem_add(c->problems, place.file, place.line,
			"two servers without \"names\" on %s: nobody would reach this one, the "
			"other is in line %u",
			use->listen->text, other->place.line);
	else if (other != use->server)
		conf_problem_add(c->problems, place.file, place.line,
			"two servers are named \"%s\" on %s: the other is in line %u", name,
			use->listen->text, other->place.line);
	return true;
}

static bool check_listens(struct checking *c)
{
	const struct conf *conf = c->conf;
	struct conf_names addrs, taken;
	uint32_t listens = 0, names = 0;
	for (uint32_t i = 0; i < conf->server_count; i++) {
		const struct conf_server *server = &conf->servers[i];
		listens += server->listen_count;
		names += server->listen_count * (server->name_count + 1);
	}
	if (!conf_names_init(&addrs, &c->arena, listens) ||
		!conf_names_init(&taken, &c->arena, names))
		return false;
	for (uint32_t i = 0; i < conf->server_count; i++) {
		const struct conf_server *server = &conf->servers[i];
		for (uint32_t j = 0; j < server->listen_count; j++) {
			struct listen_use *use = arena_take(&c->arena, sizeof(*use));
			char *addr = arena_take(&c->arena, ADDR_TEXT);
			if (use == NULL || addr == NULL)
				return false;
			*use = (struct listen_use){&server->listens[j], server};
			addr_format(&use->listen->addr, addr);
			const struct listen_use *first = conf_names_put(
				&addrs, slice_of(addr), use);
			if (first != NULL)
				check_use(c, use, first);
			if (first != NULL && first->server == server)
				continue;
			if (server->name_count == 0 && !check_name(c, &taken, addr, use, ""))
				return false;
			for (uint32_t k = 0; k < server->name_count; k++) {
				if (!check_name(c, &taken, addr, use, server->names[k]))
					return false;
			}
		}
	}
	if (conf->admin_addr.len == 0)
		return true;
	char admin[ADDR_TEXT];
	addr_format(&conf->admin_addr, admin);
	const struct listen_use *user = conf_names_find(&addrs, slice_of(admin));
	bool is_kernels_choice = conf->admin_addr.u.any.sa_family != AF_UNIX &&
				 addr_port(&conf->admin_addr) == 0;
	if (user != NULL && !is_kernels_choice)
		conf_problem_add(c->problems, conf->admin_place.file, conf->admin_place.line,
			"the admin's \"%s\" is a server's, too: see line %u", conf->admin_listen,
			user->listen->place.line);
	return true;
}

static void check_locations(struct checking *c)
{
	for (uint32_t i = 0; i < c->conf->server_count; i++) {
		const struct conf_server *server = &c->conf->servers[i];
		/* Sorted: equal ones are neighbours. */
		for (uint32_t j = 1; j < server->location_count; j++) {
			const struct conf_location *one = &server->locations[j - 1],
						   *other = &server->locations[j];
			if (other->path_bytes == 0 || strcmp(one->path, other->path) != 0)
				continue;
			/* Their order in the file is lost: the later line is the one to blame. */
			const struct conf_location *late = one->place.line > other->place.line
								   ? one
								   : other;
			conf_problem_add(c->problems, late->place.file, late->place.line,
				"the location \"%s\" is there twice: the other is in line %u",
				late->path, (late == one ? other : one)->place.line);
		}
	}
}

bool conf_check(const struct conf *conf, struct conf_problems *problems)
{
	struct checking c = {.conf = conf, .problems = problems};
	arena_init(&c.arena, 16384);
	if (conf->server_count == 0)
		conf_problem_add(problems, conf->file, 0,
			"there is neither \"listen\" nor a server in \"servers\"");
	if (conf->admin_addr.len != 0 && !addr_is_loopback(&conf->admin_addr))
		conf_problem_add(problems, conf->admin_place.file, conf->admin_place.line,
			"the admin's \"listen\" must be a loopback address or unix:PATH, not "
			"\"%s\"",
			conf->admin_listen);
	check_locations(&c);
	bool is_done = check_pools(&c) && check_files(&c) && check_listens(&c);
	arena_finish(&c.arena);
	return is_done;
}
