/*
 * test/unit/owner_help.h - pages that only write down what they are sent, and links that are none.
 */
#ifndef TEST_UNIT_OWNER_HELP_H
#define TEST_UNIT_OWNER_HELP_H

#include "test/unit/fleet_stub.h"

#include "comfy/page.h"
#include "proxy/ws.h"

static int links_closed;
static const struct link *released;

void link_release(struct link *link)
{
	released = link;
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
	links_closed = 0;
	return fleet_setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fleet_teardown)

#endif
