#include "proxy/roster_name.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/generation.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#define LEAST_US UINT64_C(1000000) /* between two questions (nginx) */
#define LONGEST_US UINT64_C(86400000000)
#define MARGIN_US 1000 /* so that what was good until now is so no more */
#define UNKNOWN_US                                                                                 \
	UINT64_C(10000000) /* until one that does not exist is asked for again (nginx)             \
			    */
#define FOUND_MOST 1024    /* members that one name may stand for */

struct roster_target {
	struct roster_name *name; /* borrowed: it owns us */
	struct resolver_wait wait;
	struct dns_service service;
	bool is_backup;
};

static void set_timer(struct roster_name *name, uint64_t us)
{
	us = min_u64(us, LONGEST_US);
	struct timeval tv = {(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
	(void)event_add(name->timer, &tv);
}

static void forget_targets(struct roster_name *name)
{
	for (uint32_t i = 0; i < name->target_count; i++)
		resolver_leave(&name->targets[i].wait);
	free(name->targets);
	name->targets = NULL;
	name->target_count = name->pending = 0;
}

/* All that was asked is forgotten; it is asked for again after `us`. */
static void rest(struct roster_name *name, uint64_t us)
{
	name->is_asking = false;
	resolver_leave(&name->wait);
	forget_targets(name);
	set_timer(name, us < LEAST_US ? LEAST_US : us + MARGIN_US);
}

static void fail(struct roster_name *name, int code)
{
	log_nginx(LOG_ERROR, "%s could not be resolved (%d: %s)", name->conf->host, code,
		resolver_text(code));
}

/* -- what was found -- */

struct gathered {
	struct roster_found *items; /* owned, room for FOUND_MOST */
	uint32_t count;
};

static bool is_alike(const struct roster_found *a, const struct roster_found *b)
{
	return addr_is_same(&a->addr, &b->addr) && a->is_backup == b->is_backup;
}

static void add(struct gathered *gathered, const struct resolver_wait *wait, uint16_t port,
	uint32_t weight, bool is_backup)
{
	for (uint32_t i = 0; i < wait->count && gathered->count < FOUND_MOST; i++) {
		struct roster_found *found = &gathered->items[gathered->count++];
		*found = (struct roster_found){wait->addrs[i], weight, is_backup};
		addr_set_port(&found->addr, port);
	}
}

/* Those that were there already come first, in their old order. */
static void keep_order(const struct roster_name *name, struct gathered *gathered)
{
	uint32_t at = 0;
	for (uint32_t i = 0; i < name->found_count; i++) {
		for (uint32_t k = at; k < gathered->count; k++) {
			if (!is_alike(&gathered->items[k], &name->found[i]))
				continue;
			struct roster_found kept = gathered->items[k];
			memmove(&gathered->items[at + 1], &gathered->items[at],
				(k - at) * sizeof(kept));
			gathered->items[at++] = kept;
			break;
		}
	}
}

/* Takes gathered->items over. */
static void take(struct roster_name *name, struct gathered *gathered, uint64_t good_us)
{
	keep_order(name, gathered);
	struct roster_found *fit = realloc(
		gathered->items, (gathered->count + 1) * sizeof(*gathered->items));
	free(name->found);
	name->found = fit != NULL ? fit : gathered->items;
	name->found_count = gathered->count;
	rest(name, name->on_found(name) ? good_us : 0);
}

/* All answers are there. */
static void finish(struct roster_name *name)
{
	struct gathered gathered = {.count = 0};
	if (name->code == DNS_OK || name->code == DNS_NO_SUCH_NAME || name->targets != NULL)
		gathered.items = calloc(FOUND_MOST, sizeof(*gathered.items));
	if (gathered.items == NULL) {
		fail(name, name->code == DNS_OK ? DNS_SERVER_FAILURE : name->code);
		rest(name, name->upstream->resolver_timeout_ms * 1000);
		return;
	}
	if (name->targets == NULL)
		add(&gathered, &name->wait, name->conf->port, 1, name->conf->backup);
	for (uint32_t i = 0; name->targets != NULL && i < name->target_count; i++) {
		const struct roster_target *target = &name->targets[i];
		add(&gathered, &target->wait, target->service.port,
			target->service.weight == 0 ? 1 : target->service.weight,
			target->is_backup);
	}
	if (gathered.count != 0) {
		take(name, &gathered, name->good_us);
		return;
	}
	fail(name, name->code == DNS_OK ? DNS_NO_SUCH_NAME : name->code);
	if (name->code == DNS_OK || name->code == DNS_NO_SUCH_NAME) {
		uint64_t valid_s = name->upstream->resolver->valid_s;
		take(name, &gathered, valid_s != 0 ? valid_s * 1000000 : UNKNOWN_US);
		return;
	}
	free(gathered.items);
	rest(name, name->upstream->resolver_timeout_ms * 1000);
}

/* -- asking -- */

static void note(struct roster_name *name, const struct resolver_wait *wait)
{
	if (wait->code == DNS_OK)
		name->good_us = min_u64(name->good_us, wait->good_us);
	/* That one does not exist is the last thing to be said. */
	else if (name->code == DNS_OK || name->code == DNS_NO_SUCH_NAME)
		name->code = wait->code;
}

static void one_less(struct roster_name *name)
{
	if (--name->pending == 0)
		finish(name);
}

/* False: it failed, or all is known already. */
static bool ask(struct roster_name *name, enum resolver_kind kind, struct slice text,
	struct resolver_wait *wait)
{
	struct resolver *resolver = generation_resolver(name->generation, name->upstream->resolver);
	int rc = resolver == NULL ? -ENOMEM : resolver_ask(resolver, kind, text, wait);
	if (rc == -EINPROGRESS)
		return true;
	if (rc != 0)
		wait->code = ETIMEDOUT;
	return false;
}

static void on_target(struct resolver_wait *wait)
{
	struct roster_name *name = CONTAINER_OF(wait, struct roster_target, wait)->name;
	note(name, wait);
	one_less(name);
}

static int by_priority(const void *a, const void *b)
{
	const struct roster_target *x = a, *y = b;
	return (x->service.priority > y->service.priority) -
	       (x->service.priority < y->service.priority);
}

/* A server that is a backup itself has those of the best priority only (nginx). */
static void sort_targets(struct roster_name *name)
{
	uint32_t kept = 0;
	qsort(name->targets, name->target_count, sizeof(*name->targets), by_priority);
	for (uint32_t i = 0; i < name->target_count; i++) {
		struct roster_target *target = &name->targets[i];
		bool is_best = target->service.priority == name->targets[0].service.priority;
		if (!is_best && name->conf->backup)
			break;
		target->is_backup = name->conf->backup || !is_best;
		kept++;
	}
	name->target_count = kept;
}

static void ask_targets(struct roster_name *name)
{
	const struct resolver_wait *wait = &name->wait;
	name->targets = calloc(wait->count, sizeof(*name->targets));
	if (name->targets == NULL) {
		name->code = DNS_SERVER_FAILURE;
		finish(name);
		return;
	}
	name->target_count = wait->count;
	for (uint32_t i = 0; i < wait->count; i++)
		name->targets[i].service = wait->services[i];
	sort_targets(name);
	/* One more, so that the last answer is not there before all are asked for. */
	name->pending = name->target_count + 1;
	for (uint32_t i = 0; i < name->target_count; i++) {
		struct roster_target *target = &name->targets[i];
		target->name = name;
		target->wait.done = on_target;
		if (ask(name, RESOLVER_ADDRS, slice_of(target->service.name), &target->wait))
			continue;
		note(name, &target->wait);
		name->pending--;
	}
	one_less(name);
}

static void on_first(struct resolver_wait *wait)
{
	struct roster_name *name = CONTAINER_OF(wait, struct roster_name, wait);
	note(name, wait);
	if (wait->code == DNS_OK && name->conf->peer.service != NULL && wait->count != 0)
		ask_targets(name);
	else
		finish(name);
}

static void begin(struct roster_name *name)
{
	const char *service = name->conf->peer.service;
	name->is_asking = true;
	name->code = DNS_OK;
	name->good_us = UINT64_MAX;
	name->wait.done = on_first;
	if (!ask(name, service != NULL ? RESOLVER_SERVICES : RESOLVER_ADDRS,
		    slice_of(service != NULL ? service : name->conf->host), &name->wait)) {
		on_first(&name->wait);
		return;
	}
	if (name->upstream->resolver_timeout_ms != 0)
		set_timer(name, name->upstream->resolver_timeout_ms * 1000);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct roster_name *name = arg;
	(void)fd;
	(void)what;
	clock_tick();
	if (!name->is_asking) {
		begin(name);
		return;
	}
	fail(name, ETIMEDOUT);
	rest(name, name->upstream->resolver_timeout_ms * 1000);
}

/* -- life -- */

bool roster_name_start(struct roster_name *name, const struct conf_upstream *upstream,
	const struct conf_node *conf, bool (*on_found)(struct roster_name *name),
	struct roster_pool *owner)
{
	name->conf = conf;
	name->upstream = upstream;
	name->on_found = on_found;
	name->owner = owner;
	name->timer = evtimer_new(loop_base(), on_timer, name);
	if (name->timer == NULL)
		return false;
	set_timer(name, 0);
	return true;
}

void roster_name_stop(struct roster_name *name)
{
	resolver_leave(&name->wait);
	forget_targets(name);
	event_free(name->timer);
	free(name->found);
}

bool roster_name_is(const struct roster_name *name, const struct conf_node *conf)
{
	const char *mine = name->conf->peer.service, *other = conf->peer.service;
	return strcasecmp(name->conf->host, conf->host) == 0 &&
	       strcasecmp(mine == NULL ? "" : mine, other == NULL ? "" : other) == 0;
}

void roster_name_take(struct roster_name *name, const struct roster_name *from)
{
	if (from == NULL || from->found_count == 0)
		return;
	name->found = calloc(from->found_count, sizeof(*name->found));
	if (name->found == NULL)
		return;
	for (uint32_t i = 0; i < from->found_count; i++) {
		name->found[i] = from->found[i];
		if (name->conf->peer.service != NULL)
			continue;
		addr_set_port(&name->found[i].addr, name->conf->port);
		name->found[i].is_backup = name->conf->backup;
	}
	name->found_count = from->found_count;
}
