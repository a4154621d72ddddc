/*
 * proxy/resolver.c - the one file that knows evdns (libevent_extra).
 *
 * A question is one A or AAAA query. evdns has it until it calls back, so it outlives the name that
 * it was asked for; a resolver that goes leaves its questions behind as orphans, which
 * resolver_trim() frees (evdns may already have one of them in this turn's queue).
 */
#include "proxy/resolver.h"

#include "base/clock.h"
#include "base/hash.h"

#include <errno.h>
#include <event2/dns.h>
#include <netinet/in.h>
#include <stdlib.h>

/* 5 s a try, as nginx; resolver_timeout is what counts. */
#define TRY_SECONDS "5"
#define TRIES "12"
#define NAME_BYTES_MOST 255 /* RFC 1035 section 2.3.4 */

struct resolver {
	const struct conf_resolver *conf; /* borrowed */
	struct evdns_base *dns;           /* owned */
	struct list names;                /* used last comes first */
	uint32_t count;
};

struct resolver_name {
	struct list node; /* in resolver->names */
	struct list waits;
	struct resolver *resolver; /* borrowed: it owns us */
	uint64_t hash;
	uint64_t good_until_us; /* 0: not known */
	uint32_t pending;       /* questions on their way */
	uint32_t ttl_s;         /* of what came: the least */
	int code;               /* of what came: 0 as soon as one address did */
	struct addr addrs[RESOLVER_ADDRS_MOST];
	uint32_t count;
	size_t n;
	char text[]; /* lower case, terminated */
};

struct question {
	struct list node;           /* in all_questions */
	struct resolver_name *name; /* NULL: an orphan */
};

static struct list all_questions = {&all_questions, &all_questions};

const char *resolver_text(int code)
{
	static const char *const texts[] = {"Success", "Format error", "Server failure",
		"Host not found", "Unimplemented", "Operation refused"};
	if (code == ETIMEDOUT)
		return "Operation timed out";
	return code >= 0 && (size_t)code < COUNT_OF(texts) ? texts[code] : "Unknown error";
}

/* -- answers -- */

static void on_wait_turn(struct next_turn *turn)
{
	struct resolver_wait *wait = CONTAINER_OF(turn, struct resolver_wait, turn);
	wait->done(wait);
}

static void fill(struct resolver_wait *wait, const struct resolver_name *name)
{
	wait->code = name->code;
	wait->count = name->count;
	memcpy(wait->addrs, name->addrs, name->count * sizeof(*name->addrs));
}

static void wake_all(struct resolver_name *name)
{
	while (!list_is_empty(&name->waits)) {
		struct resolver_wait *wait = list_first(&name->waits, struct resolver_wait, node);
		list_remove(&wait->node);
		wait->name = NULL;
		fill(wait, name);
		next_turn_add(&wait->turn);
	}
}

static int code_of(int result)
{
	switch (result) {
	case DNS_ERR_NODATA: /* the name is there, and has no address */
		return DNS_ERR_NOTEXIST;
	case DNS_ERR_TIMEOUT:
	case DNS_ERR_SHUTDOWN:
	case DNS_ERR_CANCEL:
		return ETIMEDOUT;
	default:
		return result <= DNS_ERR_REFUSED ? result : DNS_ERR_SERVERFAILED;
	}
}

static void add_addr(struct resolver_name *name, const struct addr *addr)
{
	if (name->count < RESOLVER_ADDRS_MOST)
		name->addrs[name->count++] = *addr;
}

static void add_addrs(struct resolver_name *name, char type, int count, const void *octets)
{
	for (int i = 0; i < count; i++) {
		struct addr addr = {.len = 0};
		if (type == DNS_IPv4_A) {
			addr.len = sizeof(addr.u.v4);
			addr.u.v4.sin_family = AF_INET;
			memcpy(&addr.u.v4.sin_addr, (const char *)octets + (size_t)i * 4, 4);
		} else {
			addr.len = sizeof(addr.u.v6);
			addr.u.v6.sin6_family = AF_INET6;
			memcpy(&addr.u.v6.sin6_addr, (const char *)octets + (size_t)i * 16, 16);
		}
		add_addr(name, &addr);
	}
}

static void finish_name(struct resolver_name *name)
{
	const struct conf_resolver *conf = name->resolver->conf;
	uint64_t good_s = conf->valid_s != 0 ? conf->valid_s : name->ttl_s;
	if (name->count != 0)
		name->code = 0;
	name->good_until_us = name->code == 0 ? clock_now_us + good_s * 1000000 : 0;
	wake_all(name);
}

static void on_answer(int result, char type, int count, int ttl, void *octets, void *arg)
{
	struct question *question = arg;
	struct resolver_name *name = question->name;
	list_remove(&question->node);
	free(question);
	if (name == NULL)
		return;
	if (result == DNS_ERR_NONE && count > 0 && (type == DNS_IPv4_A || type == DNS_IPv6_AAAA)) {
		add_addrs(name, type, count, octets);
		if (ttl >= 0 && (uint32_t)ttl < name->ttl_s)
			name->ttl_s = (uint32_t)ttl;
	} else {
		name->code = code_of(result == DNS_ERR_NONE ? DNS_ERR_NODATA : result);
	}
	if (--name->pending == 0)
		finish_name(name);
}

/* -- questions -- */

static void ask_for(struct resolver_name *name, bool is_ipv6)
{
	struct evdns_base *dns = name->resolver->dns;
	struct question *question = malloc(sizeof(*question));
	if (question == NULL)
		return;
	question->name = name;
	list_push_back(&all_questions, &question->node);
	name->pending++;
	const struct evdns_request *asked = is_ipv6 ? evdns_base_resolve_ipv6(dns, name->text,
							      DNS_QUERY_NO_SEARCH, on_answer,
							      question)
						    : evdns_base_resolve_ipv4(dns, name->text,
							      DNS_QUERY_NO_SEARCH, on_answer,
							      question);
	if (asked != NULL)
		return;
	/* A name that no packet can hold, or no memory. */
	list_remove(&question->node);
	free(question);
	name->pending--;
	name->code = DNS_ERR_NOTEXIST;
}

static void ask_again(struct resolver_name *name)
{
	const struct conf_resolver *conf = name->resolver->conf;
	name->count = 0;
	name->code = DNS_ERR_SERVERFAILED;
	name->ttl_s = UINT32_MAX;
	name->good_until_us = 0;
	if (conf->ipv4)
		ask_for(name, false);
	if (conf->ipv6)
		ask_for(name, true);
}

static void drop_name(struct resolver_name *name)
{
	list_each (node, &all_questions) {
		struct question *question = CONTAINER_OF(node, struct question, node);
		if (question->name == name)
			question->name = NULL;
	}
	while (!list_is_empty(&name->waits))
		resolver_leave(list_first(&name->waits, struct resolver_wait, node));
	list_remove(&name->node);
	name->resolver->count--;
	free(name);
}

/* The name that nobody wants and nobody wanted for longest. False: all are being asked for. */
static bool make_room(struct resolver *resolver)
{
	for (struct list *node = resolver->names.prev; node != &resolver->names;
		node = node->prev) {
		struct resolver_name *name = CONTAINER_OF(node, struct resolver_name, node);
		if (name->pending != 0)
			continue;
		drop_name(name);
		return true;
	}
	return false;
}

static struct resolver_name *find_name(struct resolver *resolver, const char *text, size_t n)
{
	uint64_t hash = hash_keyed(text, n);
	list_each (node, &resolver->names) {
		struct resolver_name *name = CONTAINER_OF(node, struct resolver_name, node);
		if (name->hash == hash && name->n == n && memcmp(name->text, text, n) == 0)
			return name;
	}
	return NULL;
}

static struct resolver_name *add_name(struct resolver *resolver, const char *text, size_t n)
{
	struct resolver_name *name = calloc(1, sizeof(*name) + n + 1);
	if (name == NULL)
		return NULL;
	name->resolver = resolver;
	name->hash = hash_keyed(text, n);
	name->n = n;
	memcpy(name->text, text, n);
	list_init(&name->waits);
	list_push_front(&resolver->names, &name->node);
	resolver->count++;
	return name;
}

int resolver_ask(struct resolver *resolver, struct slice text, struct resolver_wait *wait)
{
	char lower[NAME_BYTES_MOST];
	list_init(&wait->node);
	next_turn_init(&wait->turn, on_wait_turn);
	wait->name = NULL;
	wait->count = 0;
	wait->code = DNS_ERR_NOTEXIST;
	if (text.n == 0 || text.n > sizeof(lower) || memchr(text.p, '\0', text.n) != NULL)
		return 0;
	for (size_t i = 0; i < text.n; i++)
		lower[i] = ascii_lower(text.p[i]);
	struct resolver_name *name = find_name(resolver, lower, text.n);
	if (name == NULL) {
		if (resolver->count >= RESOLVER_NAMES_MOST && !make_room(resolver))
			return -EBUSY;
		name = add_name(resolver, lower, text.n);
		if (name == NULL)
			return -ENOMEM;
	}
	list_remove(&name->node);
	list_push_front(&resolver->names, &name->node);
	if (name->pending == 0 && clock_now_us > name->good_until_us)
		ask_again(name);
	if (name->pending == 0) {
		fill(wait, name);
		return 0;
	}
	wait->name = name;
	list_push_back(&name->waits, &wait->node);
	return -EINPROGRESS;
}

void resolver_leave(struct resolver_wait *wait)
{
	if (wait->turn.run == NULL)
		return;
	list_remove(&wait->node);
	next_turn_cancel(&wait->turn);
	wait->name = NULL;
}

/* -- life -- */

static bool set_up(struct evdns_base *dns, const struct conf_resolver *conf)
{
	static const char *const options[][2] = {{"timeout:", TRY_SECONDS}, {"attempts:", TRIES},
		{"max-timeouts:", "255"}, {"randomize-case:", "0"}, {"max-inflight:", "1024"}};
	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (evdns_base_set_option(dns, options[i][0], options[i][1]) != 0)
			return false;
	for (uint32_t i = 0; i < conf->count; i++)
		if (evdns_base_nameserver_sockaddr_add(
			    dns, &conf->servers[i].u.any, conf->servers[i].len, 0) != 0)
			return false;
	return true;
}

/* What goes wrong is told by who asked. */
static void say_nothing(int is_warning, const char *text)
{
	(void)is_warning;
	(void)text;
}

struct resolver *resolver_create(const struct conf_resolver *conf)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	if (resolver == NULL)
		return NULL;
	evdns_set_log_fn(say_nothing);
	resolver->conf = conf;
	list_init(&resolver->names);
	resolver->dns = evdns_base_new(loop_base(), 0);
	if (resolver->dns != NULL && set_up(resolver->dns, conf))
		return resolver;
	resolver_destroy(resolver);
	return NULL;
}

void resolver_destroy(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	list_each_safe (node, &resolver->names)
		drop_name(CONTAINER_OF(node, struct resolver_name, node));
	if (resolver->dns != NULL)
		evdns_base_free(resolver->dns, 0);
	free(resolver);
}

void resolver_trim(void)
{
	list_each_safe (node, &all_questions) {
		struct question *question = CONTAINER_OF(node, struct question, node);
		list_remove(&question->node);
		free(question);
	}
}
