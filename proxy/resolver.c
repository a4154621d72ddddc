#include "proxy/resolver.h"

#include "base/clock.h"
#include "base/hash.h"
#include "proxy/dns_server.h"

#include <errno.h>
#include <stdlib.h>

#define ALIASES_MOST 50 /* nginx */

struct resolver {
	const struct conf_resolver *conf; /* borrowed */
	struct dns_server **servers;      /* owned, [conf->count] */
	uint32_t next_server;
	struct list names; /* used last comes first */
	uint32_t count;
	bool is_ending;
};

/* One A, AAAA or SRV on its way. */
struct question {
	struct resolver_name *name; /* borrowed: has us inside */
	enum dns_type type;
	uint32_t server;
	uint32_t asked_in_row; /* servers that had nothing to say */
	struct deadline again;
};

struct resolver_name {
	struct list node; /* in resolver->names */
	struct list waits;
	struct resolver *resolver; /* borrowed: it owns us */
	enum resolver_kind kind;
	uint64_t hash;
	uint64_t good_until_us; /* 0: not known */
	uint32_t pending;       /* questions on their way */
	uint32_t ttl_s;         /* of what came: the least */
	int code;               /* of what came: an error in one answer is one of all (nginx) */
	void *found;            /* owned, [count]: struct addr, or struct dns_service */
	uint32_t count;
	struct question questions[2];
	char asked[DNS_NAME_ROOM]; /* what they ask for: the name, or its alias */
	char alias[DNS_NAME_ROOM]; /* what the answers say; "": none does */
	uint32_t aliases;          /* followed so far */
	size_t n;
	char text[]; /* lower case, terminated */
};

const char *resolver_text(int code)
{
	static const char *const texts[] = {"Success", "Format error", "Server failure",
		"Host not found", "Unimplemented", "Operation refused"};
	if (code == ETIMEDOUT)
		return "Operation timed out";
	return code >= 0 && (size_t)code < COUNT_OF(texts) ? texts[code] : "Unknown error";
}

static size_t bytes_of(enum resolver_kind kind)
{
	return kind == RESOLVER_ADDRS ? sizeof(struct addr) : sizeof(struct dns_service);
}

/* -- those who wait -- */

static void on_wait_turn(struct next_turn *turn)
{
	struct resolver_wait *wait = CONTAINER_OF(turn, struct resolver_wait, turn);
	wait->done(wait);
}

/* False: no memory. */
static bool fill(struct resolver_wait *wait, const struct resolver_name *name)
{
	size_t n = name->count * bytes_of(name->kind);
	wait->code = name->code;
	wait->count = 0;
	wait->good_us = name->good_until_us > clock_now_us ? name->good_until_us - clock_now_us : 0;
	if (name->count == 0)
		return true;
	void *copy = malloc(n);
	if (copy == NULL)
		return false;
	memcpy(copy, name->found, n);
	if (name->kind == RESOLVER_ADDRS)
		wait->addrs = copy;
	else
		wait->services = copy;
	wait->count = name->count;
	return true;
}

static void wake_all(struct resolver_name *name)
{
	while (!list_is_empty(&name->waits)) {
		struct resolver_wait *wait = list_first(&name->waits, struct resolver_wait, node);
		list_remove(&wait->node);
		wait->name = NULL;
		if (!fill(wait, name))
			wait->code = DNS_SERVER_FAILURE;
		next_turn_add(&wait->turn);
	}
}

void resolver_leave(struct resolver_wait *wait)
{
	if (wait->turn.run == NULL)
		return;
	list_remove(&wait->node);
	next_turn_cancel(&wait->turn);
	wait->name = NULL;
	free(wait->addrs);
	free(wait->services);
	wait->addrs = NULL;
	wait->services = NULL;
	wait->count = 0;
}

/* -- answers -- */

static void on_reply(void *arg, const struct dns_reply *reply);
static void ask_all(struct resolver_name *name);

/* All answers are there. An alias is asked for only when nobody gave more than that, and then for
 * everything, whoever gave it (nginx). */
static void end_round(struct resolver_name *name)
{
	const struct conf_resolver *conf = name->resolver->conf;
	uint64_t good_s = conf->valid_s != 0 ? conf->valid_s : name->ttl_s;
	if (name->code == DNS_OK && name->count == 0 && name->alias[0] != '\0' &&
		name->aliases < ALIASES_MOST) {
		name->aliases++;
		memcpy(name->asked, name->alias, sizeof(name->asked));
		ask_all(name);
		return;
	}
	if (name->code != DNS_OK)
		name->count = 0;
	else if (name->count == 0)
		name->code = DNS_NO_SUCH_NAME;
	name->good_until_us = name->code == DNS_OK ? clock_now_us + good_s * 1000000 : 0;
	wake_all(name);
}

static void end_question(struct question *question, int code)
{
	struct resolver_name *name = question->name;
	deadline_clear(&question->again);
	if (code != DNS_OK)
		name->code = code;
	ensure(name->pending != 0);
	if (--name->pending == 0)
		end_round(name);
}

static void send_question(struct question *question)
{
	const struct resolver_name *name = question->name;
	dns_server_ask(name->resolver->servers[question->server], name->asked, question->type,
		on_reply, question);
}

static void ask_next_server(struct question *question)
{
	const struct resolver_name *name = question->name;
	if (list_is_empty(&name->waits)) {
		end_question(question, ETIMEDOUT);
		return;
	}
	question->server = (question->server + 1) % name->resolver->conf->count;
	send_question(question);
}

static void on_again(struct deadline *deadline)
{
	struct question *question = CONTAINER_OF(deadline, struct question, again);
	question->asked_in_row = 0;
	ask_next_server(question);
}

/* That server is of no use now. The others are asked at once; after the last, all have a pause. */
static void pass_over(struct question *question)
{
	if (++question->asked_in_row < question->name->resolver->conf->count)
		ask_next_server(question);
	else
		deadline_set(&question->again, DNS_TRY_MS);
}

/* False: no memory. */
static bool take_found(struct resolver_name *name, const struct dns_answer *answer)
{
	size_t each = bytes_of(name->kind);
	const void *found = name->kind == RESOLVER_ADDRS ? (const void *)answer->addrs
							 : (const void *)answer->services;
	char *all = realloc(name->found, (name->count + answer->count) * each);
	if (all == NULL)
		return false;
	memcpy(all + name->count * each, found, answer->count * each);
	name->found = all;
	name->count += answer->count;
	return true;
}

static void take_answer(struct question *question, const struct dns_answer *answer)
{
	struct resolver_name *name = question->name;
	if (answer->ttl_s < name->ttl_s)
		name->ttl_s = answer->ttl_s;
	int code = answer->code;
	if (code == DNS_OK && answer->count != 0 && !take_found(name, answer))
		code = DNS_SERVER_FAILURE;
	/* Where the two differ, that of the IPv6 addresses counts (nginx). */
	if (answer->alias[0] != '\0' && (name->alias[0] == '\0' || question->type == DNS_AAAA))
		memcpy(name->alias, answer->alias, sizeof(name->alias));
	end_question(question, code);
}

static void on_reply(void *arg, const struct dns_reply *reply)
{
	static struct dns_answer answer; /* too large for the stack */
	struct question *question = arg;
	if (question->name->resolver->is_ending)
		return;
	switch (reply->outcome) {
	case DNS_ANSWERED:
		if (dns_answer_read(&answer, question->type, reply->octets, reply->n) &&
			answer.code != DNS_FORMAT_ERROR)
			take_answer(question, &answer);
		else
			pass_over(question);
		break;
	case DNS_TIMED_OUT:
		ask_next_server(question);
		break;
	case DNS_NO_NAME:
		end_question(question, DNS_NO_SUCH_NAME);
		break;
	default:
		pass_over(question);
	}
}

/* -- questions -- */

static void begin_question(struct resolver_name *name, enum dns_type type, uint32_t server)
{
	struct question *question = &name->questions[type == DNS_AAAA];
	question->name = name;
	question->type = type;
	question->server = server;
	question->asked_in_row = 0;
	deadline_init(&question->again, on_again);
}

static void ask_all(struct resolver_name *name)
{
	struct resolver *resolver = name->resolver;
	const struct conf_resolver *conf = resolver->conf;
	uint32_t server = resolver->next_server;
	bool is_ipv4 = name->kind == RESOLVER_ADDRS && conf->ipv4;
	bool is_ipv6 = name->kind == RESOLVER_ADDRS && conf->ipv6;
	resolver->next_server = (server + 1) % conf->count;
	name->alias[0] = '\0';
	begin_question(name, name->kind == RESOLVER_SERVICES ? DNS_SRV : DNS_A, server);
	begin_question(name, DNS_AAAA, server);
	/* All are counted before one is sent: its reply may come at once. */
	name->pending = is_ipv4 && is_ipv6 ? 2 : 1;
	if (is_ipv4 || name->kind == RESOLVER_SERVICES)
		send_question(&name->questions[0]);
	if (is_ipv6)
		send_question(&name->questions[1]);
}

static void ask_again(struct resolver_name *name)
{
	name->count = name->aliases = 0;
	name->code = DNS_OK;
	name->ttl_s = UINT32_MAX;
	name->good_until_us = 0;
	memcpy(name->asked, name->text, name->n + 1);
	ask_all(name);
}

static void drop_name(struct resolver_name *name)
{
	while (!list_is_empty(&name->waits))
		resolver_leave(list_first(&name->waits, struct resolver_wait, node));
	for (size_t i = 0; i < COUNT_OF(name->questions); i++)
		deadline_clear(&name->questions[i].again);
	list_remove(&name->node);
	name->resolver->count--;
	free(name->found);
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

static struct resolver_name *find_name(
	struct resolver *resolver, enum resolver_kind kind, const char *text, size_t n)
{
	uint64_t hash = hash_keyed(text, n);
	list_each (node, &resolver->names) {
		struct resolver_name *name = CONTAINER_OF(node, struct resolver_name, node);
		if (name->hash == hash && name->kind == kind && name->n == n &&
			memcmp(name->text, text, n) == 0)
			return name;
	}
	return NULL;
}

static struct resolver_name *add_name(
	struct resolver *resolver, enum resolver_kind kind, const char *text, size_t n)
{
	struct resolver_name *name = calloc(1, sizeof(*name) + n + 1);
	if (name == NULL)
		return NULL;
	name->resolver = resolver;
	name->kind = kind;
	name->hash = hash_keyed(text, n);
	name->n = n;
	memcpy(name->text, text, n);
	list_init(&name->waits);
	for (size_t i = 0; i < COUNT_OF(name->questions); i++)
		deadline_init(&name->questions[i].again, on_again);
	list_push_front(&resolver->names, &name->node);
	resolver->count++;
	return name;
}

/* NULL: *ret_rc. */
static struct resolver_name *name_for(
	struct resolver *resolver, enum resolver_kind kind, struct slice text, int *ret_rc)
{
	char lower[DNS_NAME_ROOM];
	for (size_t i = 0; i < text.n; i++)
		lower[i] = ascii_lower(text.p[i]);
	struct resolver_name *name = find_name(resolver, kind, lower, text.n);
	if (name == NULL) {
		*ret_rc = -EBUSY;
		if (resolver->count >= RESOLVER_NAMES_MOST && !make_room(resolver))
			return NULL;
		*ret_rc = -ENOMEM;
		name = add_name(resolver, kind, lower, text.n);
		if (name == NULL)
			return NULL;
	}
	list_remove(&name->node);
	list_push_front(&resolver->names, &name->node);
	return name;
}

int resolver_ask(struct resolver *resolver, enum resolver_kind kind, struct slice text,
	struct resolver_wait *wait)
{
	int rc = 0;
	resolver_leave(wait);
	list_init(&wait->node);
	next_turn_init(&wait->turn, on_wait_turn);
	wait->name = NULL;
	wait->count = 0;
	wait->good_us = 0;
	wait->code = DNS_NO_SUCH_NAME;
	if (text.n == 0 || text.n >= DNS_NAME_ROOM || memchr(text.p, '\0', text.n) != NULL)
		return 0;
	struct resolver_name *name = name_for(resolver, kind, text, &rc);
	if (name == NULL)
		return rc;
	/* In line before it is asked for: a question that nobody waits for is given up. */
	wait->name = name;
	list_push_back(&name->waits, &wait->node);
	if (name->pending == 0 && clock_now_us > name->good_until_us)
		ask_again(name);
	if (wait->name == NULL || name->pending != 0)
		return -EINPROGRESS;
	list_remove(&wait->node);
	wait->name = NULL;
	return fill(wait, name) ? 0 : -ENOMEM;
}

/* -- life -- */

struct resolver *resolver_create(const struct conf_resolver *conf)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	if (resolver == NULL)
		return NULL;
	resolver->conf = conf;
	list_init(&resolver->names);
	resolver->servers = calloc(conf->count + 1, sizeof(struct dns_server *));
	bool is_ok = resolver->servers != NULL;
	for (uint32_t i = 0; i < conf->count && is_ok; i++) {
		resolver->servers[i] = dns_server_create(&conf->servers[i]);
		is_ok = resolver->servers[i] != NULL;
	}
	if (is_ok)
		return resolver;
	resolver_destroy(resolver);
	return NULL;
}

void resolver_destroy(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	resolver->is_ending = true;
	for (uint32_t i = 0; resolver->servers != NULL && i < resolver->conf->count; i++)
		dns_server_destroy(resolver->servers[i]);
	list_each_safe (node, &resolver->names)
		drop_name(CONTAINER_OF(node, struct resolver_name, node));
	free(resolver->servers);
	free(resolver);
}
