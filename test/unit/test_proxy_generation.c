/* test/unit/test_proxy_generation.c - from an address and a Host to a server and a location; and
 * what is left of a generation that could not be made. */
#include "test/unit/conf_help.h"
#include "test/unit/tls_peer.h"

#include "proxy/generation.h"

#define NODES                                                                                      \
	"pools = ( { name = \"one\"; static_nodes = ( { node_id = \"a\"; host = \"10.0.0.1\"; } "  \
	"); },\n"                                                                                  \
	"  { name = \"two\"; static_nodes = ( { node_id = \"b\"; host = \"10.0.0.2\"; } ); } );\n"
#define LOCATION "locations = ( { path = \"/\"; pool = \"one\"; } );"
#define SERVER(listen, names) "{ listen = [" listen "]; names = [" names "]; " LOCATION " }"
#define A "\"127.0.0.1:1\""
#define B "\"127.0.0.1:2\""

static struct generation *made;

static int teardown(void **state)
{
	(void)state;
	generation_unref(made);
	made = NULL;
	assert_true(list_is_empty(lb_backends()));
	return 0;
}

/* Names that are patterns come from another reader than libconfig's: "wild.example" stands for
 * "*.example" here. */
static struct conf *read_wild(const char *text)
{
	struct conf *conf = conf_help_read(text);
	for (uint32_t i = 0; i < conf->server_count; i++) {
		struct conf_server *server = &conf->servers[i];
		for (uint32_t k = 0; k < server->name_count; k++) {
			char *name = (char *)(uintptr_t)server->names[k];
			if (strncmp(name, "wild.", 5) != 0)
				continue;
			name[3] = '*';
			server->names[k] = name + 3;
		}
	}
	return conf;
}

static void make(const char *text)
{
	struct conf_problems problems;
	conf_problems_init(&problems);
	assert_int_equal(generation_create(&made, read_wild(text), 7, &problems), 0);
	assert_int_equal(problems.count, 0);
	conf_problems_finish(&problems);
}

/* The index of the server that a Host leads to; -1 - index when it is not by name. */
static int server_at(const char *listen, const char *name)
{
	bool is_named;
	struct site *site = generation_site(made, listen);
	assert_non_null(site);
	const struct conf_server *server = site_server(site, slice_of(name), &is_named);
	int index = (int)(server - made->conf->servers);
	return is_named ? index : -1 - index;
}

#define DEFAULT(index) (-1 - (index))

static void it_has_what_the_tree_says(void **state)
{
	(void)state;
	make(NODES "servers = ( " SERVER(A, "") ");");
	assert_int_equal(made->number, 7);
	assert_int_equal(made->refs, 1);
	assert_string_equal(made->pools[0]->conf->name, "one");
	assert_string_equal(made->pools[1]->conf->name, "two");
	assert_int_equal(made->site_count, 1);
	assert_null(made->tls[0]);
	assert_null(made->sites[0].tls);
}

static void a_host_picks_the_server_by_its_name(void **state)
{
	(void)state;
	make(NODES "servers = ( " SERVER(A, "\"a.example\", \"b.example\"") "," SERVER(
		A, "\"c.example\"") ");");
	assert_int_equal(server_at("127.0.0.1:1", "a.example"), 0);
	assert_int_equal(server_at("127.0.0.1:1", "b.example"), 0);
	assert_int_equal(server_at("127.0.0.1:1", "c.example"), 1);
	assert_int_equal(server_at("127.0.0.1:1", "C.EXAMPLE"), 1);
}

static void who_is_nobody_gets_the_first_server(void **state)
{
	(void)state;
	static const char *const nobodies[] = {"", "example", "d.example", "a.exampl", "a.example.",
		"a.examplee", "xa.example", ".example", ".", "127.0.0.1"};
	make(NODES "servers = ( " SERVER(A, "\"c.example\"") "," SERVER(A, "\"a.example\"") ");");
	for (size_t i = 0; i < COUNT_OF(nobodies); i++)
		assert_int_equal(server_at("127.0.0.1:1", nobodies[i]), DEFAULT(0));
}

static void a_wildcard_takes_what_ends_like_it_the_longest_one_first(void **state)
{
	(void)state;
	make(NODES "servers = ( " SERVER(A, "\"wild.example\"") "," SERVER(
		A, "\"wild.b.example\", \"x.example\"") "," SERVER(A, "\"b.example\"") ");");
	assert_int_equal(server_at("127.0.0.1:1", "a.example"), 0);
	assert_int_equal(server_at("127.0.0.1:1", "A.EXAMPLE"), 0);
	assert_int_equal(server_at("127.0.0.1:1", "x.y.example"), 0);
	assert_int_equal(server_at("127.0.0.1:1", "a.b.example"), 1);
	assert_int_equal(server_at("127.0.0.1:1", "a.a.b.example"), 1);
	assert_int_equal(server_at("127.0.0.1:1", "x.example"), 1);
	assert_int_equal(server_at("127.0.0.1:1", "b.example"), 2);
	assert_int_equal(server_at("127.0.0.1:1", "ab.example"), 0);
	/* It needs something in the place of the star. */
	assert_int_equal(server_at("127.0.0.1:1", "example"), DEFAULT(0));
	assert_int_equal(server_at("127.0.0.1:1", ".example"), DEFAULT(0));
	assert_int_equal(server_at("127.0.0.1:1", "*.example"), 0);
}

static void a_name_too_long_for_any_is_nobodys(void **state)
{
	(void)state;
	char name[400];
	memset(name, 'a', sizeof(name));
	memcpy(name + sizeof(name) - 9, ".example", 9);
	make(NODES "servers = ( " SERVER(A, "\"x\"") "," SERVER(A, "\"wild.example\"") ");");
	assert_int_equal(server_at("127.0.0.1:1", name), DEFAULT(0));
	assert_int_equal(server_at("127.0.0.1:1", name + 200), 1);
}

static void each_address_has_its_own_servers(void **state)
{
	(void)state;
	make(NODES "servers = ( " SERVER(A, "\"a\"") "," SERVER(B, "\"a\", \"b\"") "," SERVER(
		A ", " B, "\"c\"") ");");
	assert_int_equal(made->site_count, 2);
	assert_int_equal(server_at("127.0.0.1:1", "a"), 0);
	assert_int_equal(server_at("127.0.0.1:2", "a"), 1);
	assert_int_equal(server_at("127.0.0.1:1", "b"), DEFAULT(0));
	assert_int_equal(server_at("127.0.0.1:2", "b"), 1);
	assert_int_equal(server_at("127.0.0.1:1", "c"), 2);
	assert_int_equal(server_at("127.0.0.1:2", "c"), 2);
	assert_int_equal(server_at("127.0.0.1:2", "d"), DEFAULT(1));
	assert_null(generation_site(made, "127.0.0.1:3"));
	assert_null(generation_site(made, "127.0.0.1"));
}

static void many_names_are_all_found(void **state)
{
	(void)state;
	static char text[65536];
	char name[32];
	size_t n = (size_t)snprintf(text, sizeof(text), NODES "servers = (\n");
	for (int i = 0; i < 300; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"%s{ listen = [" A "]; names = [\"n%d.example\", \"wild.w%d\"]; " LOCATION
			" }\n",
			i == 0 ? "" : ",", i, i);
	(void)snprintf(text + n, sizeof(text) - n, ");");
	make(text);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		assert_int_equal(server_at("127.0.0.1:1", name), i);
		(void)snprintf(name, sizeof(name), "x.w%d", i);
		assert_int_equal(server_at("127.0.0.1:1", name), i);
	}
	assert_int_equal(server_at("127.0.0.1:1", "n300.example"), DEFAULT(0));
}

static void the_longest_path_that_fits_is_taken(void **state)
{
	(void)state;
	static const struct {
		const char *path, *location;
	} cases[] = {
		{"/", "/"},
		{"/view", "/"},
		{"/api", "/"},
		{"/api/", "/api/"},
		{"/api/x", "/api/"},
		{"/api/view", "/api/view"},
		{"/api/viewer", "/api/view"},
		{"/API/view", "/"},
		{"*", NULL},
		{"", NULL},
	};
	make(NODES "servers = ( { listen = [" A "]; locations = ( { path = \"/api/\"; pool = "
		   "\"one\"; }, { path = \"/\"; pool = \"two\"; }, { path = \"/api/view\"; pool = "
		   "\"one\"; } ); } );");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct conf_location *location = server_location(
			&made->conf->servers[0], slice_of(cases[i].path));
		if (cases[i].location == NULL)
			assert_null(location);
		else
			assert_string_equal(location->path, cases[i].location);
	}
}

static void a_path_that_nothing_covers_has_no_location(void **state)
{
	(void)state;
	make(NODES "servers = ( { listen = [" A "]; locations = ( { path = \"/api/\"; pool = "
		   "\"one\"; } ); } );");
	assert_null(server_location(&made->conf->servers[0], SLICE("/")));
	assert_null(server_location(&made->conf->servers[0], SLICE("/api")));
	assert_non_null(server_location(&made->conf->servers[0], SLICE("/api/")));
}

static void it_lives_as_long_as_somebody_holds_it(void **state)
{
	(void)state;
	make(NODES "servers = ( " SERVER(A, "") ");");
	assert_ptr_equal(generation_ref(made), made);
	generation_unref(made);
	assert_string_equal(made->conf->servers[0].listens[0].text, "127.0.0.1:1");
	generation_unref(NULL);
}

/* -- failures -- */

static const char *problems_of(const char *text)
{
	static char list[4096];
	struct generation *g = NULL;
	struct conf_problems problems;
	conf_problems_init(&problems);
	assert_int_not_equal(generation_create(&g, read_wild(text), 1, &problems), 0);
	assert_null(g);
	(void)snprintf(list, sizeof(list), "%s", conf_help_list(&problems, false));
	conf_problems_finish(&problems);
	assert_true(list_is_empty(lb_backends()));
	return list;
}

static const char *tls_text(const char *first, const char *second)
{
	static char text[2048];
	(void)snprintf(text, sizeof(text),
		NODES "servers = (\n"
		      "{ listen = [" A "]; names = [\"one.example\"]; " LOCATION
		      " tls = { certificate = \"%s.pem\"; key = \"%s.key\"; }; },\n"
		      "{ listen = [" A "]; names = [\"wild.two.example\"]; " LOCATION
		      " tls = { certificate = \"%s.pem\"; key = \"%s.key\"; }; } );",
		in_folder("one"), in_folder(first), in_folder("two"), in_folder(second));
	return text;
}

static void certificates_are_read_and_found_by_name(void **state)
{
	(void)state;
	make(tls_text("one", "two"));
	const struct tls_site *site = made->sites[0].tls;
	assert_non_null(site);
	assert_ptr_equal(tls_site_default(site), made->tls[0]);
	assert_ptr_equal(tls_site_find(site, SLICE("one.example")), made->tls[0]);
	assert_ptr_equal(tls_site_find(site, SLICE("x.two.example")), made->tls[1]);
	assert_null(tls_site_find(site, SLICE("two.example")));
}

static void every_certificate_that_is_wrong_is_told_and_nothing_stays(void **state)
{
	(void)state;
	const char *list = problems_of(tls_text("two", "one"));
	assert_non_null(strstr(list, "4: key "));
	assert_non_null(strstr(list, "5: key "));
}

static void a_pool_and_a_certificate_are_told_at_once(void **state)
{
	(void)state;
	static char text[4096];
	const char *tls = tls_text("two", "two");
	(void)snprintf(text, sizeof(text), "%s", tls);
	/* The reader was given no list of strategies, so only the pool notices. */
	char *at = strstr(text, "{ name = \"two\";");
	assert_non_null(at);
	static const char more[] = " load_balancing = { strategy = \"none\"; };";
	at += strlen("{ name = \"two\";");
	memmove(at + sizeof(more) - 1, at, strlen(at) + 1);
	memcpy(at, more, sizeof(more) - 1);
	const char *list = problems_of(text);
	assert_non_null(strstr(list, "none"));
	assert_non_null(strstr(list, "does not belong to"));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_has_what_the_tree_says),
		TEST(a_host_picks_the_server_by_its_name),
		TEST(who_is_nobody_gets_the_first_server),
		TEST(a_wildcard_takes_what_ends_like_it_the_longest_one_first),
		TEST(a_name_too_long_for_any_is_nobodys),
		TEST(each_address_has_its_own_servers),
		TEST(many_names_are_all_found),
		TEST(the_longest_path_that_fits_is_taken),
		TEST(a_path_that_nothing_covers_has_no_location),
		TEST(it_lives_as_long_as_somebody_holds_it),
		TEST(certificates_are_read_and_found_by_name),
		TEST(every_certificate_that_is_wrong_is_told_and_nothing_stays),
		TEST(a_pool_and_a_certificate_are_told_at_once),
	};
	return cmocka_run_group_tests_name(
		"proxy/generation", tests, folder_setup, folder_teardown);
}
