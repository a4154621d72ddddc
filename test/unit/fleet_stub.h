/*
 * test/unit/fleet_stub.h - a fleet that is nothing but its owners, for tests of what hangs on them.
 */
#ifndef TEST_UNIT_FLEET_STUB_H
#define TEST_UNIT_FLEET_STUB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "comfy/fleet.h"
#include "test/unit/loop_help.h"

#include <event2/event.h>

static struct fleet fleet;
static struct fleet other_fleet; /* for tests that destroy it */
static uint32_t remaining;
static int sched_clients;
static int unscheduled;

struct sched_client {
	int unused;
};

struct sched_client *sched_client_create(struct schedule *schedule)
{
	(void)schedule;
	struct sched_client *client = calloc(1, sizeof(*client));
	sched_clients += client != NULL;
	return client;
}

void sched_client_destroy(struct sched_client *client)
{
	if (client != NULL)
		sched_clients--;
	free(client);
}

void schedule_remove(struct sched_job *job)
{
	(void)job;
	unscheduled++;
}

uint32_t fleet_queue_remaining(const struct fleet *self)
{
	assert_true(self == &fleet || self == &other_fleet);
	return remaining;
}

static inline int fleet_setup(void **state)
{
	(void)state;
	remaining = 0;
	sched_clients = unscheduled = 0;
	fleet = (struct fleet){0};
	if (loop_start() != 0 || hash_start() != 0)
		return -1;
	fleet.owners = owners_create(&fleet);
	return fleet.owners == NULL ? -1 : 0;
}

static inline int fleet_teardown(void **state)
{
	(void)state;
	owners_destroy(fleet.owners);
	loop_finish();
	return sched_clients == 0 && owner_stats.pages == 0 ? 0 : -1;
}

static inline struct owner *get(const char *id)
{
	struct owner *owner = owners_get(
		fleet.owners, slice_of(id), (struct slice){NULL, 0}, "10.0.0.1");
	assert_non_null(owner);
	return owner;
}

static inline struct owner *get_nameless(const char *cookie, const char *ip)
{
	struct owner *owner = owners_get(
		fleet.owners, (struct slice){NULL, 0}, slice_of(cookie), ip);
	assert_non_null(owner);
	return owner;
}

/* Whatever time has to pass for it. */
static inline void fire(struct deadline *deadline)
{
	assert_true(deadline_is_set(deadline));
	deadline_clear(deadline);
	deadline->on_due(deadline);
}

#endif
