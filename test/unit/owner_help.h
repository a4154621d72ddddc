/*
 * test/unit/owner_help.h - a fleet that is nothing but its owners, for tests of comfy/owner.h:
 * pages only write down what they are sent.
 */
#ifndef TEST_UNIT_OWNER_HELP_H
#define TEST_UNIT_OWNER_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "comfy/fleet.h"
#include "comfy/page.h"
#include "proxy/ws.h"
#include "test/unit/loop_help.h"

#include <event2/event.h>

static struct fleet fleet;
static struct fleet other_fleet;
static uint32_t remaining;
static int sched_clients;
static int links_closed;
static int unscheduled;

struct sched_client {
	int unused;
};

struct sched_client *sched_client_create(struct schedule *schedule)
{
	(void)schedule;
	sched_clients++;
	return calloc(1, sizeof(struct sched_client));
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

void links_close_owner(struct owner *owner)
{
	list_each_safe (node, &owner->links) {
		list_remove(node);
		links_closed++;
	}
}

/* A page that writes down what it is sent. */
struct test_page {
	struct page page;
	char log[4096]; /* of each frame: its kind's letter, its payload, a newline */
	bool is_full;
	uint16_t left;
};

static const char kind_letters[OUTBOX_KINDS] = "kpgvs";

bool page_send(struct page *page, enum outbox_kind kind, uint64_t job, struct blob *frame)
{
	struct test_page *test = CONTAINER_OF(page, struct test_page, page);
	size_t n = strlen(test->log);
	(void)job;
	if (page->is_leaving || test->is_full)
		return false;
	ensure(frame->n >= 2 && (uint8_t)frame->p[1] <= 126);
	size_t head = (uint8_t)frame->p[1] == 126 ? 4 : 2;
	(void)snprintf(test->log + n, sizeof(test->log) - n, "%c %s\n", kind_letters[kind],
		frame->p + head);
	return true;
}

void page_leave(struct page *page, uint16_t code)
{
	page->is_leaving = true;
	CONTAINER_OF(page, struct test_page, page)->left = code;
}

static struct test_page pages[600];

static inline struct test_page *make_page(size_t i)
{
	pages[i] = (struct test_page){0};
	list_init(&pages[i].page.in_owner);
	list_init(&pages[i].page.in_fleet);
	return &pages[i];
}

static inline struct test_page *open_page(size_t i, struct owner *owner)
{
	struct test_page *test = make_page(i);
	assert_true(owner_add_page(owner, &test->page));
	return test;
}

static inline const char *heard(struct test_page *test)
{
	static char copy[sizeof(test->log)];
	memcpy(copy, test->log, sizeof(copy));
	test->log[0] = '\0';
	return copy;
}

static int setup(void **state)
{
	(void)state;
	remaining = 0;
	sched_clients = links_closed = unscheduled = 0;
	fleet = (struct fleet){0};
	if (loop_start() != 0 || hash_start() != 0)
		return -1;
	fleet.owners = owners_create(&fleet);
	return fleet.owners == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	owners_destroy(fleet.owners);
	loop_finish();
	return sched_clients == 0 && owner_stats.pages == 0 ? 0 : -1;
}

static struct owner *get(const char *id)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
